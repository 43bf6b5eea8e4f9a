//! Records: what a value looks like on disk.
//!
//! ```text
//! version (1 byte) | MessagePack, named fields | crc32c of key, version and body (4 bytes, little endian)
//! ```
//!
//! Named fields let a newer program add an optional field without a new version. The checksum covers the
//! key, so that a value that ends up under another key is noticed too. What must stay true: bytes that
//! were ever written stay readable; a change that is not an added optional field takes a new version
//! and an `upgrade` from the old one.

use rmp_serde::config::BytesMode;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Error;

/// Bytes of the checksum at the end of a value.
const CHECKSUM: usize = size_of::<u32>();

/// A value that can be stored.
pub trait Record: Serialize + DeserializeOwned {
    /// Version written with every value of this type.
    const VERSION: u8 = 1;

    /// Reads a body of another version; [`unpack`] turns the body into an older struct.
    ///
    /// # Errors
    /// `Error::UnknownVersion`, unless the type knows better.
    fn upgrade(version: u8, body: &[u8]) -> Result<Self, Error> {
        let _ = body;
        Err(Error::UnknownVersion { version })
    }
}

/// For tables whose keys say it all.
impl Record for () {}

impl Record for u64 {}

/// Reads a `MessagePack` body into a type: the tool for [`Record::upgrade`].
///
/// # Errors
/// `Error::Corrupt` when the body is not such a value.
pub fn unpack<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    rmp_serde::from_slice(body).map_err(|error| Error::corrupt("record", error.to_string()))
}

/// The bytes to store under `key`.
pub(crate) fn encode<V: Record>(key: &[u8], value: &V) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::with_capacity(128);
    bytes.push(V::VERSION);
    let mut serializer = rmp_serde::Serializer::new(&mut bytes)
        .with_struct_map()
        .with_bytes(BytesMode::ForceIterables);
    value
        .serialize(&mut serializer)
        .map_err(|error| Error::Unstorable {
            reason: error.to_string(),
        })?;
    let checksum = checksum(key, &bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    Ok(bytes)
}

/// Checks the bytes found under `key` and reads them.
pub(crate) fn decode<V: Record>(table: &str, key: &[u8], bytes: &[u8]) -> Result<V, Error> {
    let (version, body) = open(table, key, bytes)?;
    if version != V::VERSION {
        return V::upgrade(version, body);
    }
    rmp_serde::from_slice(body).map_err(|error| damaged(table, key, &error.to_string()))
}

/// Checks the bytes found under `key` without reading them.
pub(crate) fn verify(table: &str, key: &[u8], bytes: &[u8]) -> Result<(), Error> {
    open(table, key, bytes).map(|_| ())
}

/// The version and body of a value whose checksum is right.
fn open<'v>(table: &str, key: &[u8], bytes: &'v [u8]) -> Result<(u8, &'v [u8]), Error> {
    let (payload, stored) = bytes
        .split_last_chunk::<CHECKSUM>()
        .ok_or_else(|| damaged(table, key, "a value is too short"))?;
    if u32::from_le_bytes(*stored) != checksum(key, payload) {
        return Err(damaged(table, key, "wrong checksum"));
    }
    match payload.split_first() {
        Some((&version, body)) => Ok((version, body)),
        None => Err(damaged(table, key, "a value is too short")),
    }
}

fn checksum(key: &[u8], payload: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(key), payload)
}

fn damaged(table: &str, key: &[u8], reason: &str) -> Error {
    Error::corrupt(table, format!("{reason}, at key {key:02x?}"))
}
