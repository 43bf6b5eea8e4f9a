//! Keys: typed values to bytes whose order is the order of the values.
//!
//! What must stay true: `a < b` exactly when `encode(a) < encode(b)`, and no encoding is the beginning
//! of another one of its type. The second makes tuples sort right and a leading part of a tuple a range.

use std::cmp::Ordering;

use uuid::Uuid;

use crate::Error;

/// A value that can be (a part of) a key.
pub trait Key: Sized {
    /// Appends the order-preserving encoding of this value.
    fn encode(&self, out: &mut Vec<u8>);

    /// Reads a value back from the front of `bytes` and moves `bytes` past it.
    ///
    /// # Errors
    /// `Error::Corrupt` when the bytes do not begin with such a value.
    fn decode(bytes: &mut &[u8]) -> Result<Self, Error>;
}

/// The encoding of `key` in a buffer of its own.
pub(crate) fn encoded(key: &impl Key) -> Vec<u8> {
    let mut out = Vec::with_capacity(40);
    key.encode(&mut out);
    out
}

/// Decodes a whole stored key; bytes left over are damage too.
pub(crate) fn decode_whole<K: Key>(table: &str, mut bytes: &[u8]) -> Result<K, Error> {
    match K::decode(&mut bytes) {
        Ok(key) if bytes.is_empty() => Ok(key),
        _ => Err(Error::corrupt(table, "a key cannot be read")),
    }
}

fn truncated() -> Error {
    Error::corrupt("key", "the key ends too early")
}

/// Splits `N` bytes off the front.
fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], Error> {
    let (head, tail) = bytes.split_first_chunk::<N>().ok_or_else(truncated)?;
    *bytes = tail;
    Ok(*head)
}

macro_rules! unsigned_key {
    ($($int:ty),*) => {$(
        impl Key for $int {
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_be_bytes());
            }
            fn decode(bytes: &mut &[u8]) -> Result<Self, Error> {
                Ok(Self::from_be_bytes(take(bytes)?))
            }
        }
    )*};
}
unsigned_key!(u8, u32, u64);

impl Key for i64 {
    // The sign bit is flipped so that negative numbers sort before positive ones.
    fn encode(&self, out: &mut Vec<u8>) {
        (self.cast_unsigned() ^ (1 << 63)).encode(out);
    }
    fn decode(bytes: &mut &[u8]) -> Result<Self, Error> {
        Ok((u64::decode(bytes)? ^ (1 << 63)).cast_signed())
    }
}

impl Key for Uuid {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }
    fn decode(bytes: &mut &[u8]) -> Result<Self, Error> {
        Ok(Self::from_bytes(take(bytes)?))
    }
}

/// Fixed-length bytes, for hashes.
impl<const N: usize> Key for [u8; N] {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
    fn decode(bytes: &mut &[u8]) -> Result<Self, Error> {
        take(bytes)
    }
}

/// Text sorts by its UTF-8 bytes. A zero byte is written as `00 FF` and the end as `00 00`, so that a
/// text sorts before any longer one that begins with it, whatever follows in the tuple.
impl Key for String {
    fn encode(&self, out: &mut Vec<u8>) {
        for &byte in self.as_bytes() {
            out.push(byte);
            if byte == 0 {
                out.push(0xFF);
            }
        }
        out.extend_from_slice(&[0, 0]);
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, Error> {
        let mut text = Vec::new();
        loop {
            match take::<1>(bytes)? {
                [0] => match take::<1>(bytes)? {
                    [0] => break,
                    [0xFF] => text.push(0),
                    _ => return Err(Error::corrupt("key", "a text has a wrong escape")),
                },
                [byte] => text.push(byte),
            }
        }
        Self::from_utf8(text).map_err(|_| Error::corrupt("key", "a text is not UTF-8"))
    }
}

/// A number that sorts from the greatest to the smallest: newest first, when it counts time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Desc<N>(pub N);

impl<N: Ord> Ord for Desc<N> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.cmp(&self.0)
    }
}

impl<N: Ord> PartialOrd for Desc<N> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

macro_rules! descending_key {
    ($($int:ty),*) => {$(
        impl Key for Desc<$int> {
            // For whole numbers, in two's complement too, inverting every bit reverses the order.
            fn encode(&self, out: &mut Vec<u8>) {
                (!self.0).encode(out);
            }
            fn decode(bytes: &mut &[u8]) -> Result<Self, Error> {
                Ok(Self(!<$int>::decode(bytes)?))
            }
        }
    )*};
}
descending_key!(u32, u64, i64);

macro_rules! tuple_key {
    ($($part:ident . $at:tt),+) => {
        impl<$($part: Key),+> Key for ($($part,)+) {
            fn encode(&self, out: &mut Vec<u8>) {
                $(self.$at.encode(out);)+
            }
            fn decode(bytes: &mut &[u8]) -> Result<Self, Error> {
                Ok(($($part::decode(bytes)?,)+))
            }
        }
    };
}
tuple_key!(A.0, B.1);
tuple_key!(A.0, B.1, C.2);
tuple_key!(A.0, B.1, C.2, D.3);
