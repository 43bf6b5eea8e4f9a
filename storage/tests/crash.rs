//! What survives when the process dies or the disk refuses: real processes, killed for real.

use std::env;
use std::io::{BufRead, BufReader, Write, stdout};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use novacore_storage::{Error, Pending, Read, Span, Store, Writing};

use crate::support::{BY_OWNER, NOTES, id, note, open};

/// Tells the child where to work.
const DIR: &str = "NOVACORE_STORAGE_TEST_DIR";

/// Runs one of the ignored tests below in a process of its own.
fn child(test: &str, dir: &Path, limit: &str) -> Child {
    let exe = env::current_exe().unwrap();
    Command::new("sh")
        .arg("-c")
        .arg(format!(
            "{limit} exec \"$0\" --exact crash::{test} --ignored --nocapture"
        ))
        .arg(exe)
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn say(text: &str) {
    let mut out = stdout().lock();
    writeln!(out, "{text}").unwrap();
    out.flush().unwrap();
}

/// Writes until it is killed, four at a time, and says each acknowledged number.
#[test]
#[ignore = "a part of acknowledged_writes_survive_kill"]
fn write_until_killed() {
    let Some(dir) = env::var_os(DIR) else { return };
    let store = open(Path::new(&dir)).unwrap();
    for round in 0_u64.. {
        let pending: Vec<(u64, Pending<(), Error>)> = (round * 4..round * 4 + 4)
            .map(|n| {
                (
                    n,
                    store.write(move |tx| {
                        tx.put(&NOTES, &n, &note(&n.to_string()))?;
                        tx.put(&BY_OWNER, &(id(u128::from(n % 3)), n), &())
                    }),
                )
            })
            .collect();
        for (n, pending) in pending {
            pending.wait().unwrap();
            say(&format!("acked {n}"));
        }
    }
}

/// Promise: what was acknowledged is there after kill -9, and every write is whole.
#[test]
fn acknowledged_writes_survive_kill() {
    for round in 0..5_usize {
        let dir = tempfile::tempdir().unwrap();
        let mut child = child("write_until_killed", dir.path(), "");
        let out = BufReader::new(child.stdout.take().unwrap());
        let acked = out.lines().map_while(Result::ok).filter_map(|line| {
            line.strip_prefix("acked ")
                .and_then(|n| n.parse::<u64>().ok())
        });
        let acked: Vec<u64> = acked.take(1 + round * 37).collect();
        child.kill().unwrap();
        child.wait().unwrap();

        let store = open(dir.path()).unwrap();
        let last = acked.last().copied().unwrap();
        let found: Result<_, Error> = store.read(|tx| {
            for n in acked {
                assert_eq!(tx.get(&NOTES, &n)?, Some(note(&n.to_string())));
            }
            Ok((
                tx.count(&NOTES, Span::all())?,
                tx.count(&BY_OWNER, Span::all())?,
            ))
        });
        let (notes, by_owner) = found.unwrap();
        assert!(notes > last);
        assert_eq!(notes, by_owner);
    }
}

/// The number of notes, each checked.
fn notes(store: &Store) -> u64 {
    let rows: Result<u64, Error> = store.read(|tx| tx.count(&NOTES, Span::all()));
    rows.unwrap()
}

/// Writes until the file may not grow, has the limit lifted, goes on.
#[test]
#[ignore = "a part of a_full_disk_loses_nothing"]
fn write_until_full() {
    let Some(dir) = env::var_os(DIR) else { return };
    let store = open(Path::new(&dir)).unwrap();
    let put = |n: u64| {
        store
            .write(move |tx| tx.put(&NOTES, &n, &note(&"x".repeat(50_000))))
            .wait()
    };
    let refused = (0..).find_map(|n| put(n).err().map(|error| (n, error)));
    let (acked, error) = refused.unwrap();
    say(&format!("refused {error:?}"));
    assert!(matches!(error, Error::Io { .. } | Error::Full), "{error:?}");
    assert_eq!(notes(&store), acked, "still readable");
    assert!(put(acked).is_err(), "still full");
    let lifted = Command::new("prlimit")
        .arg(format!("--pid={}", std::process::id()))
        .arg("--fsize=unlimited")
        .status()
        .unwrap();
    assert!(lifted.success());
    for n in acked..acked + 50 {
        let answer: Result<(), Error> = put(n);
        answer.unwrap();
    }
    assert_eq!(notes(&store), acked + 50);
    store.close().unwrap();
    assert_eq!(notes(&open(Path::new(&dir)).unwrap()), acked + 50);
    say("recovered");
}

fn limit_files(bytes: &str) {
    let limited = Command::new("prlimit")
        .arg(format!("--pid={}", std::process::id()))
        .arg(format!("--fsize={bytes}:"))
        .status()
        .unwrap();
    assert!(limited.success());
}

/// Works on a disk that takes nothing at all for a while.
#[test]
#[ignore = "a part of reading_goes_on_without_a_disk"]
fn read_on_a_dead_disk() {
    let Some(dir) = env::var_os(DIR) else { return };
    let store = open(Path::new(&dir)).unwrap();
    let put = |n: u64| {
        store
            .write(move |tx| tx.put(&NOTES, &n, &note("kept")))
            .wait()
    };
    put(1).unwrap();
    assert_eq!(store.writing(), Writing::Possible);
    limit_files("0");
    for _ in 0..3 {
        let refused: Result<(), Error> = put(2);
        refused.unwrap_err();
        assert_eq!(notes(&store), 1);
        assert!(matches!(store.writing(), Writing::Refused { .. }));
    }
    assert!(store.probe().wait().is_err());
    limit_files("unlimited");
    store.probe().wait().unwrap();
    assert_eq!(store.writing(), Writing::Possible, "without a write");
    put(2).unwrap();
    store.close().unwrap();
    let closed: Result<u64, Error> = store.read(|tx| tx.count(&NOTES, Span::all()));
    assert_eq!(closed, Err(Error::Closed), "closed is closed for good");
    assert_eq!(notes(&open(Path::new(&dir)).unwrap()), 2);
    say("recovered");
}

/// Promise: while the disk takes nothing, reading goes on and writing is refused; when it does again,
/// writing is possible again, though nobody wrote.
#[test]
fn reading_goes_on_without_a_disk() {
    let dir = tempfile::tempdir().unwrap();
    let child = child("read_on_a_dead_disk", dir.path(), "trap '' XFSZ;");
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("recovered"),
        "{said}"
    );
}

/// Promise: when the disk is full, writes are refused and acknowledged ones stay readable; when there
/// is room again, writing goes on. A limit on file size stands in for the full disk.
#[test]
fn a_full_disk_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let limit = "trap '' XFSZ; ulimit -S -f 4000;";
    let child = child("write_until_full", dir.path(), limit);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("recovered"),
        "{said}"
    );
}
