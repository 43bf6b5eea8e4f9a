//! What must hold whatever the bytes are. The tests call these functions with bytes of their own, the
//! targets beside this file with those that a fuzzer comes up with. A broken promise is a panic.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use novacore_storage::fuzzing::{self, Batch};
use novacore_storage::{Desc, Error, Key, Options, Read, Record, Span, Store, Table, TableInfo};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    text: String,
    number: i64,
    more: Option<Vec<u8>>,
}

impl Record for Row {}

const ROWS: Table<Vec8, Row> = Table::new("fuzz.rows");
const CATALOGUE: &[TableInfo] = &[ROWS.info("fuzz", "a number", "a row")];
type Vec8 = [u8; 8];
type Rows = BTreeMap<Vec8, Row>;

/// Bytes of a file's head, and of a record's.
const HEAD: usize = 36;
const RECORD_HEAD: usize = 24;

fn taken<'b>(bytes: &mut &'b [u8], count: usize) -> &'b [u8] {
    let (front, rest) = bytes.split_at(count.min(bytes.len()));
    *bytes = rest;
    front
}

fn number(bytes: &mut &[u8]) -> u64 {
    let mut number = [0; 8];
    let front = taken(bytes, 4);
    number[..front.len()].copy_from_slice(front);
    u64::from_le_bytes(number)
}

/// Promise: bytes that can be read as a key are the bytes that this key is written as.
pub fn key(bytes: &[u8]) {
    fn one<K: Key>(bytes: &[u8]) {
        let mut rest = bytes;
        if let Ok(key) = K::decode(&mut rest) {
            let mut again = Vec::new();
            key.encode(&mut again);
            assert_eq!(again, bytes[..bytes.len() - rest.len()]);
        }
    }
    one::<u8>(bytes);
    one::<u32>(bytes);
    one::<i64>(bytes);
    one::<Desc<i64>>(bytes);
    one::<Uuid>(bytes);
    one::<[u8; 32]>(bytes);
    one::<String>(bytes);
    one::<(String, String)>(bytes);
    one::<(Uuid, Desc<u64>, String, u8)>(bytes);
}

/// Promise: a value is read only when its checksum over key and value is right; what was written is
/// read, and not under another key.
pub fn value(bytes: &[u8]) {
    let mut rest = bytes;
    let key_length = usize::from(taken(&mut rest, 1).first().copied().unwrap_or(0));
    let key = taken(&mut rest, key_length % 24);
    let read: Result<Row, Error> = fuzzing::decode_value(key, rest);
    if read.is_ok() {
        let (payload, crc) = rest.split_at(rest.len() - 4);
        let right = crc32c::crc32c(&[key, payload].concat());
        assert_eq!(crc, right.to_le_bytes());
    }
    let row = row_from(&mut rest);
    let mut written = fuzzing::encode_value(key, &row).unwrap();
    let read: Row = fuzzing::decode_value(key, &written).unwrap();
    assert_eq!(read, row);
    let moved: Result<Row, Error> = fuzzing::decode_value(&[key, &[1]].concat(), &written);
    moved.unwrap_err();
    let bit = key_length * 37 % (written.len() * 8);
    written[bit / 8] ^= 1 << (bit % 8);
    let flipped: Result<Row, Error> = fuzzing::decode_value(key, &written);
    flipped.unwrap_err();
}

fn row_from(bytes: &mut &[u8]) -> Row {
    let number = number(bytes).cast_signed() - (1 << 31);
    let length = usize::from(taken(bytes, 1).first().copied().unwrap_or(0));
    let text = String::from_utf8_lossy(taken(bytes, length)).into_owned();
    let more = (number % 2 == 0).then(|| taken(bytes, length / 2).to_vec());
    Row { text, number, more }
}

/// The sound records that follow each other from the front, read in the plainest way: seq, time, and
/// where each ends.
fn records(first: u64, bytes: &[u8]) -> Vec<(u64, u64, usize)> {
    let mut found = Vec::new();
    let (mut at, mut seq) = (HEAD, first);
    while let Some(head) = bytes.get(at..at + RECORD_HEAD) {
        let field = |from: usize| u64::from_le_bytes(head[from..from + 8].try_into().unwrap());
        let length = (field(0) & 0xFFFF_FFFF) as usize;
        let stored = (field(0) >> 32) as u32;
        let end = at.saturating_add(RECORD_HEAD).saturating_add(length);
        let Some(body) = bytes.get(at + RECORD_HEAD..end) else {
            break;
        };
        let lineage = &bytes[8..24];
        let covered = [lineage, &head[..4], &head[8..], body].concat();
        if length == 0 || crc32c::crc32c(&covered) != stored || field(8) != seq {
            break;
        }
        found.push((seq, field(16), end));
        (at, seq) = (end, seq.saturating_add(1));
    }
    found
}

/// The head of a journal file.
fn head(lineage: Uuid, first: u64) -> Vec<u8> {
    let said = [&b"NOVAWAL1"[..], lineage.as_bytes(), &first.to_le_bytes()].concat();
    let crc = crc32c::crc32c(&said).to_le_bytes();
    [said.as_slice(), &crc].concat()
}

/// Promise: no bytes make the reader of the journal panic, and no record with a wrong checksum is ever
/// taken for one.
pub fn journal(bytes: &[u8]) {
    let _ = fuzzing::read_journal(bytes);
    let mut rest = bytes;
    let first = match number(&mut rest) {
        small @ 0..0x8000_0000 => small % 8 + 1,
        large => u64::MAX - large % 4,
    };
    let file = [head(Uuid::nil(), first).as_slice(), rest].concat();
    let (batches, read) = fuzzing::read_journal(&file);
    let sound = records(first, &file);
    assert!(batches.len() <= sound.len());
    for (batch, (seq, ms, _)) in batches.iter().zip(&sound) {
        assert_eq!((batch.seq, batch.ms), (*seq, *ms));
    }
    if let Some(last) = batches.len().checked_sub(1) {
        assert_eq!(read, sound[last].2);
    }
}

/// A few bits to flip, batches that follow `after`, and what is in the table after each of them.
struct Made {
    flips: Vec<u64>,
    cut: usize,
    batches: Vec<Batch>,
    rows: Vec<Rows>,
}

fn made(mut bytes: &[u8], after: u64, begin: &Rows) -> Made {
    let kind = taken(&mut bytes, 1).first().copied().unwrap_or(0);
    let flips = (0..kind % 4).map(|_| number(&mut bytes)).collect();
    let cut = if kind & 0x80 == 0 {
        0
    } else {
        number(&mut bytes)
    };
    let mut rows = vec![begin.clone()];
    let mut batches = Vec::new();
    while let [count, rest @ ..] = bytes {
        bytes = rest;
        let mut now = rows.last().cloned().unwrap_or_default();
        let mut ops = Vec::new();
        for _ in 0..=count % 3 {
            let key = (number(&mut bytes) % 8).to_be_bytes();
            let row = (count % 5 > 0).then(|| row_from(&mut bytes));
            let value = row
                .as_ref()
                .map(|row| fuzzing::encode_value(&key, row).unwrap());
            ops.push((ROWS.name().to_owned(), key.to_vec(), value));
            match row {
                Some(row) => drop(now.insert(key, row)),
                None => drop(now.remove(&key)),
            }
        }
        let seq = after + 1 + batches.len() as u64;
        let ms = 1_790_000_000_000 + seq;
        batches.push(Batch { seq, ms, ops });
        rows.push(now);
    }
    Made {
        flips,
        cut: usize::try_from(cut).unwrap(),
        batches,
        rows,
    }
}

impl Made {
    /// A journal file with these batches, damaged as asked for.
    fn file(&self, lineage: Uuid) -> Vec<u8> {
        let mut file = fuzzing::journal_file(lineage, &self.batches).unwrap();
        assert_eq!(file[..HEAD], head(lineage, self.batches[0].seq));
        for flip in &self.flips {
            let bit = usize::try_from(*flip).unwrap() % (file.len() * 8);
            file[bit / 8] ^= 1 << (bit % 8);
        }
        file.truncate(file.len() - self.cut % file.len());
        file
    }

    fn is_whole(&self) -> bool {
        self.flips.is_empty() && self.cut == 0
    }
}

/// Promise: what was written to the journal is read; after flipped bits and a cut, a beginning of it.
pub fn journal_written(bytes: &[u8]) {
    let made = made(bytes, 0, &Rows::new());
    if made.batches.is_empty() {
        return;
    }
    let (read, _) = fuzzing::read_journal(&made.file(Uuid::nil()));
    assert_eq!(read, made.batches[..read.len()]);
    if made.is_whole() {
        assert_eq!(read.len(), made.batches.len());
    }
}

/// A directory whose process was killed: a snapshot, a journal, a live file.
struct Template {
    dir: TempDir,
    lineage: Uuid,
    seq: u64,
    rows: Rows,
}

static TEMPLATE: LazyLock<Template> = LazyLock::new(|| {
    let dir = TempDir::new().unwrap();
    let store = Store::open(options(dir.path())).unwrap();
    let made = made(
        &[0x40, 1, 0, 0, 0, 9, 2, 3, 4, 5, 6, 7, 8, 9, 1, 3],
        0,
        &Rows::new(),
    );
    for (batch, rows) in made.batches.iter().zip(&made.rows[1..]) {
        let rows = rows.clone();
        let write = store.write(move |tx| {
            tx.delete_span(&ROWS, Span::all())?;
            rows.iter()
                .try_for_each(|(key, row)| tx.put(&ROWS, key, row))
        });
        let answer: Result<(), Error> = write.wait();
        answer.unwrap();
        if batch.seq == 1 {
            store.snapshot(&mut |_| {}).unwrap();
        }
    }
    store.close().unwrap();
    Template {
        dir,
        lineage: store.lineage(),
        seq: store.seq(),
        rows: made.rows.last().cloned().unwrap(),
    }
});

fn options(dir: &Path) -> Options {
    let mut options = Options::new(dir.to_owned(), CATALOGUE, &[]);
    options.cache_bytes = 1 << 20;
    options
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let from = entry.unwrap().path();
        let to = to.join(from.file_name().unwrap());
        if from.is_dir() {
            fs::create_dir_all(&to).unwrap();
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

/// Promise: whatever is in the journal's last file, opening does not panic, and either refuses or
/// serves what was there and a beginning of what that file adds; nothing else.
pub fn directory(bytes: &[u8]) {
    let mut rest = bytes;
    let kind = taken(&mut rest, 1).first().copied().unwrap_or(0);
    let template = &*TEMPLATE;
    let made = made(rest, template.seq, &template.rows);
    let raw = kind % 2 == 0 || made.batches.is_empty();
    let dir = TempDir::new().unwrap();
    copy(template.dir.path(), dir.path());
    if kind & 2 != 0 {
        // All is made anew from the snapshot and the journal.
        fs::remove_file(dir.path().join("live/main.redb")).unwrap();
    }
    let first = match kind >> 2 {
        63 => u64::MAX,
        turn => template.seq + 1 + u64::from(turn % 3 == 2),
    };
    let file = if raw {
        rest.to_vec()
    } else {
        made.file(template.lineage)
    };
    fs::write(dir.path().join(format!("journal/{first:020}.wal")), file).unwrap();
    let Ok(store) = Store::open(options(dir.path())) else {
        return;
    };
    let found: Result<Vec<(Vec8, Row)>, Error> =
        store.read(|tx| tx.scan(&ROWS, Span::all(), usize::MAX));
    let found: Rows = found.unwrap().into_iter().collect();
    if raw {
        assert_eq!(found, template.rows);
    } else {
        assert!(made.rows.contains(&found), "{found:?}");
    }
    if !raw && made.is_whole() && first == template.seq + 1 {
        assert_eq!(Some(&found), made.rows.last());
    }
}
