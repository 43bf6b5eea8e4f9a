//! The stores that are compared, behind one trait: one row a commit, durable when `put` returns.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use novacore_storage::{Error, Options, Read, Record, Span, Store, Table, TableInfo};
use redb::{Database, ReadableDatabase, TableDefinition};
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Bytes of a value.
pub const VALUE: usize = 400;
/// Rows of a range read.
pub const RANGE: usize = 50;

/// A store under measurement.
pub trait Engine: Sync {
    fn name(&self) -> &'static str;
    /// Writes rows in one durable commit.
    fn put(&self, keys: std::ops::Range<u64>) -> Outcome;
    /// Reads the row of a key that is there.
    fn get(&self, key: u64) -> Outcome<usize>;
    /// Reads the rows from a key on; how many there were.
    fn range(&self, key: u64) -> Outcome<usize>;
}

fn value(key: u64) -> Vec<u8> {
    let mut seed = key;
    (0..VALUE)
        .map(|_| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            b' ' + u8::try_from((seed >> 33) % 95).unwrap_or_default()
        })
        .collect()
}

// ---- ours ----------------------------------------------------------------------------------------

/// A row of `VALUE` bytes.
#[derive(Serialize, Deserialize)]
pub struct Row {
    text: String,
}

impl Record for Row {}

const ROWS: Table<u64, Row> = Table::new("bench.rows");
const CATALOGUE: &[TableInfo] = &[ROWS.info("bench", "number", "a text")];

pub struct Ours(pub Store);

impl Ours {
    pub fn options(dir: &Path) -> Options {
        Options::new(dir.to_owned(), CATALOGUE, &[])
    }

    pub fn open(dir: &Path) -> Outcome<Self> {
        Ok(Self(Store::open(Self::options(dir))?))
    }
}

impl Engine for Ours {
    fn name(&self) -> &'static str {
        "NovaCore"
    }

    fn put(&self, keys: std::ops::Range<u64>) -> Outcome {
        let write = self.0.write(move |tx| {
            for key in keys {
                let text = String::from_utf8(value(key)).unwrap_or_default();
                tx.put(&ROWS, &key, &Row { text })?;
            }
            Ok::<_, Error>(())
        });
        Ok(write.wait()?)
    }

    fn get(&self, key: u64) -> Outcome<usize> {
        let row: Result<_, Error> = self.0.read(|tx| tx.get(&ROWS, &key));
        Ok(row?.map_or(0, |row| row.text.len()))
    }

    fn range(&self, key: u64) -> Outcome<usize> {
        let span = Span::all().from(&key);
        let rows: Result<_, Error> = self.0.read(|tx| tx.scan(&ROWS, span, RANGE));
        Ok(rows?.len())
    }
}

// ---- redb ----------------------------------------------------------------------------------------

const PLAIN: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("rows");

/// redb as it comes: every caller makes its own durable transaction.
pub struct Redb(pub Database);

fn write_redb(database: &Database, keys: impl Iterator<Item = u64>) -> Outcome {
    let transaction = database.begin_write()?;
    {
        let mut table = transaction.open_table(PLAIN)?;
        for key in keys {
            table.insert(key, value(key).as_slice())?;
        }
    }
    Ok(transaction.commit()?)
}

impl Engine for Redb {
    fn name(&self) -> &'static str {
        "redb"
    }

    fn put(&self, keys: std::ops::Range<u64>) -> Outcome {
        write_redb(&self.0, keys)
    }

    fn get(&self, key: u64) -> Outcome<usize> {
        let table = self.0.begin_read()?.open_table(PLAIN)?;
        Ok(table.get(key)?.map_or(0, |row| row.value().to_vec().len()))
    }

    fn range(&self, key: u64) -> Outcome<usize> {
        let table = self.0.begin_read()?.open_table(PLAIN)?;
        let mut rows = Vec::with_capacity(RANGE);
        for row in table.range(key..)?.take(RANGE) {
            rows.push(row?.1.value().to_vec());
        }
        Ok(rows.len())
    }
}

/// What waits for a shared commit.
struct Waiting {
    keys: std::ops::Range<u64>,
    done: Sender<bool>,
}

/// redb behind one thread, which commits together whatever waits.
pub struct GroupedRedb {
    queue: Mutex<Option<Sender<Waiting>>>,
    writer: Option<JoinHandle<()>>,
}

impl GroupedRedb {
    pub fn new(database: Database) -> Self {
        let (queue, waiting) = channel();
        Self {
            queue: Mutex::new(Some(queue)),
            writer: Some(thread::spawn(move || group_commits(&database, &waiting))),
        }
    }
}

fn group_commits(database: &Database, waiting: &Receiver<Waiting>) {
    while let Ok(first) = waiting.recv() {
        let group: Vec<Waiting> = [first].into_iter().chain(waiting.try_iter()).collect();
        let keys = group.iter().flat_map(|one| one.keys.clone());
        let done = write_redb(database, keys).is_ok();
        for one in group {
            // Whoever asked may be gone.
            let _ = one.done.send(done);
        }
    }
}

impl Engine for GroupedRedb {
    fn name(&self) -> &'static str {
        "redb, grouped"
    }

    fn put(&self, keys: std::ops::Range<u64>) -> Outcome {
        let (done, answer) = channel();
        if let Some(queue) = &*self.queue.lock().unwrap_or_else(PoisonError::into_inner) {
            queue.send(Waiting { keys, done })?;
        }
        answer.recv()?.then_some(()).ok_or("not committed".into())
    }

    fn get(&self, _: u64) -> Outcome<usize> {
        Err("reads are redb's own".into())
    }

    fn range(&self, _: u64) -> Outcome<usize> {
        Err("reads are redb's own".into())
    }
}

impl Drop for GroupedRedb {
    fn drop(&mut self) {
        drop(
            self.queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        if let Some(writer) = self.writer.take() {
            // It only ends; there is nothing to learn from it.
            let _ = writer.join();
        }
    }
}

// ---- SQLite --------------------------------------------------------------------------------------

/// `SQLite` in WAL mode with `synchronous = FULL`: one connection that writes, one that reads.
pub struct Sqlite {
    writer: Mutex<Connection>,
    reader: Mutex<Connection>,
}

impl Sqlite {
    pub fn open(path: &Path) -> Outcome<Self> {
        let connect = || {
            let connection = Connection::open(path)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.execute(
                "CREATE TABLE IF NOT EXISTS rows (key INTEGER PRIMARY KEY, value BLOB)",
                [],
            )?;
            Ok::<_, rusqlite::Error>(Mutex::new(connection))
        };
        Ok(Self {
            writer: connect()?,
            reader: connect()?,
        })
    }
}

impl Engine for Sqlite {
    fn name(&self) -> &'static str {
        "SQLite"
    }

    fn put(&self, keys: std::ops::Range<u64>) -> Outcome {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = writer.transaction()?;
        for key in keys {
            let sql = "INSERT OR REPLACE INTO rows VALUES (?1, ?2)";
            let key_in_sql = key.cast_signed();
            transaction
                .prepare_cached(sql)?
                .execute(params![key_in_sql, value(key)])?;
        }
        Ok(transaction.commit()?)
    }

    fn get(&self, key: u64) -> Outcome<usize> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statement = reader.prepare_cached("SELECT value FROM rows WHERE key = ?1")?;
        let row: Vec<u8> = statement.query_row([key.cast_signed()], |row| row.get(0))?;
        Ok(row.len())
    }

    fn range(&self, key: u64) -> Outcome<usize> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let sql = "SELECT value FROM rows WHERE key >= ?1 ORDER BY key LIMIT 50";
        let mut statement = reader.prepare_cached(sql)?;
        let rows = statement.query_map([key.cast_signed()], |row| row.get::<_, Vec<u8>>(0))?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?.len())
    }
}
