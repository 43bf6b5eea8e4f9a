//! What is in a journal file, byte by byte. All numbers are little endian.
//!
//! ```text
//! file   = head record* seal?
//! head   = "NOVAWAL1" | lineage (16) | first seq u64 | crc32c u32 of all before it
//! record = length of body u32 | crc32c u32 | seq u64 | milliseconds since 1970 u64 | body
//! seal   = a record whose body is empty: nothing follows in this file; its seq is the last record's
//! body   = count u32 | op*
//! op     = 0 | table | key          (deleted)
//!        | 1 | table | key | value  (the value from now on)
//! table  = length u8 | name         key, value = length u32 | bytes
//! ```
//!
//! The crc32c of a record covers the lineage, the length, seq, time and body: no text that somebody has
//! stored can pass for a record. What must stay true: zeros are no
//! record, so that a file to which the power loss left a length without bytes just ends; nothing here trusts a length before it
//! was compared with what is there.

use uuid::Uuid;

use crate::Error;

const MAGIC: [u8; 8] = *b"NOVAWAL1";
/// Bytes of the head.
pub(crate) const HEAD: usize = 36;
/// Bytes of a record before its body.
pub(crate) const RECORD_HEAD: usize = 24;

const DELETE: u8 = 0;
const PUT: u8 = 1;

/// What a file says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// Whose history this is.
    pub(crate) lineage: Uuid,
    /// The seq of its first record.
    pub(crate) first_seq: u64,
}

impl Head {
    pub(crate) fn encode(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(self.lineage.as_bytes());
        bytes.extend_from_slice(&self.first_seq.to_le_bytes());
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        bytes
    }

    /// None when the bytes are no head.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.get(..HEAD)?;
        let crc = crc32c::crc32c(&rest[..HEAD - 4]);
        if take::<8>(&mut rest)? != MAGIC {
            return None;
        }
        let lineage = Uuid::from_bytes(take(&mut rest)?);
        let first_seq = u64::from_le_bytes(take(&mut rest)?);
        let stored = u32::from_le_bytes(take(&mut rest)?);
        (stored == crc).then_some(Self { lineage, first_seq })
    }
}

/// One batch as it stands in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record<'b> {
    pub(crate) seq: u64,
    /// Milliseconds since 1970; never less than the record's before.
    pub(crate) ms: u64,
    /// Empty for a seal.
    pub(crate) body: &'b [u8],
}

impl<'b> Record<'b> {
    /// Bytes of the whole record.
    pub(crate) fn size(&self) -> usize {
        RECORD_HEAD + self.body.len()
    }

    pub(crate) fn is_seal(&self) -> bool {
        self.body.is_empty()
    }

    /// Appends the record to `bytes`.
    ///
    /// # Errors
    /// `Unstorable` when the body is longer than a length can say.
    pub(crate) fn encode(&self, lineage: Uuid, bytes: &mut Vec<u8>) -> Result<(), Error> {
        let len = u32::try_from(self.body.len()).map_err(|_| too_long("a batch"))?;
        bytes.extend_from_slice(&len.to_le_bytes());
        bytes.extend_from_slice(&self.crc(lineage, len).to_le_bytes());
        bytes.extend_from_slice(&self.seq.to_le_bytes());
        bytes.extend_from_slice(&self.ms.to_le_bytes());
        bytes.extend_from_slice(self.body);
        Ok(())
    }

    /// The record at the beginning of `bytes`; none when there is no whole and sound one.
    pub(crate) fn decode(lineage: Uuid, bytes: &'b [u8]) -> Option<Self> {
        let mut rest = bytes;
        let len = u32::from_le_bytes(take(&mut rest)?);
        let crc = u32::from_le_bytes(take(&mut rest)?);
        let seq = u64::from_le_bytes(take(&mut rest)?);
        let ms = u64::from_le_bytes(take(&mut rest)?);
        let body = rest.get(..usize::try_from(len).ok()?)?;
        let record = Self { seq, ms, body };
        (record.crc(lineage, len) == crc && seq > 0).then_some(record)
    }

    fn crc(&self, lineage: Uuid, len: u32) -> u32 {
        let crc = crc32c::crc32c(lineage.as_bytes());
        let crc = crc32c::crc32c_append(crc, &len.to_le_bytes());
        let crc = crc32c::crc32c_append(crc, &self.seq.to_le_bytes());
        let crc = crc32c::crc32c_append(crc, &self.ms.to_le_bytes());
        crc32c::crc32c_append(crc, self.body)
    }
}

/// One change of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Op<'b> {
    pub(crate) table: &'b str,
    pub(crate) key: &'b [u8],
    /// None means deleted.
    pub(crate) value: Option<&'b [u8]>,
}

/// The body of a record.
///
/// # Errors
/// `Unstorable` when something is longer than its length can say.
pub(crate) fn encode_ops<'b>(ops: impl ExactSizeIterator<Item = Op<'b>>) -> Result<Vec<u8>, Error> {
    let mut body = Vec::with_capacity(512);
    let count = u32::try_from(ops.len()).map_err(|_| too_long("a batch"))?;
    body.extend_from_slice(&count.to_le_bytes());
    for Op { table, key, value } in ops {
        body.push(if value.is_some() { PUT } else { DELETE });
        body.push(u8::try_from(table.len()).map_err(|_| too_long("a table's name"))?);
        body.extend_from_slice(table.as_bytes());
        push_sized(&mut body, key)?;
        if let Some(value) = value {
            push_sized(&mut body, value)?;
        }
    }
    Ok(body)
}

/// The changes in the body of a record, in their order.
///
/// # Errors
/// `Corrupt`: the body is not what `encode_ops` writes.
pub(crate) fn decode_ops(body: &[u8]) -> Result<Vec<Op<'_>>, Error> {
    read_ops(body).ok_or_else(|| Error::corrupt("journal", "a batch cannot be read"))
}

fn read_ops(body: &[u8]) -> Option<Vec<Op<'_>>> {
    let mut rest = body;
    let count = u32::from_le_bytes(take(&mut rest)?);
    let mut ops = Vec::new();
    for _ in 0..count {
        let [kind, name_len] = take(&mut rest)?;
        let table = std::str::from_utf8(slice(&mut rest, usize::from(name_len))?).ok()?;
        let key = sized(&mut rest)?;
        let value = match kind {
            DELETE => None,
            PUT => Some(sized(&mut rest)?),
            _ => return None,
        };
        ops.push(Op { table, key, value });
    }
    rest.is_empty().then_some(ops)
}

fn push_sized(bytes: &mut Vec<u8>, part: &[u8]) -> Result<(), Error> {
    let len = u32::try_from(part.len()).map_err(|_| too_long("a row"))?;
    bytes.extend_from_slice(&len.to_le_bytes());
    bytes.extend_from_slice(part);
    Ok(())
}

fn sized<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let len = u32::from_le_bytes(take(rest)?);
    slice(rest, usize::try_from(len).ok()?)
}

fn slice<'b>(rest: &mut &'b [u8], len: usize) -> Option<&'b [u8]> {
    let (found, after) = rest.split_at_checked(len)?;
    *rest = after;
    Some(found)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (found, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*found)
}

fn too_long(what: &str) -> Error {
    Error::Unstorable {
        reason: format!("{what} is too long"),
    }
}
