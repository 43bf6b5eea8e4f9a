//! The change feed.

use novacore_storage::{Change, Error, Read, Store};

use crate::support::{NOTES, new_store, note};

fn record(store: &Store, keys: &'static [&'static str]) -> u64 {
    let write = store.write(move |tx| {
        tx.put(&NOTES, &1, &note(""))?;
        keys.iter()
            .try_for_each(|key| tx.record_change("notes", key.as_bytes()))?;
        Ok::<_, Error>(tx.seq())
    });
    write.wait().unwrap()
}

fn after(store: &Store, seq: u64, limit: usize) -> Vec<(u64, String)> {
    let changes: Result<Vec<Change>, Error> = store.read(|tx| tx.changes_after(seq, limit));
    let text = |change: Change| (change.seq, String::from_utf8(change.key).unwrap());
    changes.unwrap().into_iter().map(text).collect()
}

/// Promise: changes come in the order in which they were made, whole batches at a time.
#[test]
fn changes_come_in_order_and_whole_batches() {
    let (_dir, store) = new_store();
    assert_eq!(record(&store, &["a", "b", "c"]), 1);
    assert_eq!(record(&store, &[]), 2);
    assert_eq!(record(&store, &["d"]), 3);
    assert_eq!(record(&store, &["e", "f"]), 4);
    let row = |seq, key: &str| (seq, key.to_owned());
    let first = [row(1, "a"), row(1, "b"), row(1, "c")];
    assert_eq!(after(&store, 0, 1), first);
    assert_eq!(after(&store, 0, 3), first);
    assert_eq!(after(&store, 1, 2), [row(3, "d"), row(4, "e"), row(4, "f")]);
    assert_eq!(after(&store, 3, 100), [row(4, "e"), row(4, "f")]);
    assert_eq!(after(&store, 4, 100), []);
    assert_eq!(after(&store, u64::MAX, 100), []);
}

/// Promise: trimming forgets whole batches up to the given one, a bounded number of rows at a time.
#[test]
fn trimming_forgets_what_everybody_has() {
    let (_dir, store) = new_store();
    record(&store, &["a", "b"]);
    record(&store, &["c"]);
    record(&store, &["d"]);
    let trim = |seq| {
        store
            .write(move |tx| {
                tx.trim_changes(seq);
                Ok::<_, Error>(())
            })
            .wait()
    };
    trim(2).unwrap();
    assert_eq!(after(&store, 0, 100), [(3, "d".to_owned())]);
    let many = store.write(|tx| {
        (0..5000_u32).try_for_each(|n| tx.record_change("notes", n.to_string().as_bytes()))
    });
    many.wait().map_err(|e: Error| e).unwrap();
    trim(u64::MAX).unwrap();
    assert_eq!(after(&store, 0, 100_000).len(), 5001 - 4096);
    trim(u64::MAX).unwrap();
    assert_eq!(after(&store, 0, 100_000), []);
}

/// Promise: whoever reads after having asked for the seq sees that batch: an index that takes the seq as
/// its watermark misses nothing.
#[test]
fn the_seq_that_is_told_can_be_read() {
    let (_dir, store) = new_store();
    let writer = {
        let store = store.clone();
        std::thread::spawn(move || {
            for n in 1..=2000 {
                let put: Result<(), Error> = store
                    .write(move |tx| {
                        assert_eq!(tx.seq(), n);
                        tx.put(&NOTES, &n, &note("there"))
                    })
                    .wait();
                put.unwrap();
            }
        })
    };
    let mut told = 0;
    while told < 2000 {
        told = store.seq();
        let found: Result<bool, Error> =
            store.read(|tx| Ok(told == 0 || tx.contains(&NOTES, &told)?));
        assert_eq!(found, Ok(true), "batch {told}");
    }
    writer.join().unwrap();
}
