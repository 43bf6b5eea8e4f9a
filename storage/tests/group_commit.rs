//! One batch, many closures: each is all or nothing, for itself.

use std::panic;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use novacore_storage::{Error, Pending, Read, Record, Span, Store, Table};

use crate::support::{BY_OWNER, NOTES, id, new_store, note, open};

/// Holds the writer thread until the answer is dropped, so that what is queued meanwhile is one batch.
fn hold(store: &Store) -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel::<()>();
    let (entered, holding) = mpsc::channel();
    drop(store.write(move |_| {
        entered.send(()).unwrap();
        let _ = released.recv();
        Ok::<_, Error>(())
    }));
    holding.recv().unwrap();
    release
}

fn texts(store: &Store) -> Vec<(u64, String)> {
    let rows = store
        .read(|tx| tx.scan(&NOTES, Span::all(), 1000))
        .map_err(|e: Error| e);
    rows.unwrap()
        .into_iter()
        .map(|(key, note)| (key, note.text))
        .collect()
}

/// Promise: closures that are waiting share one batch, and see each other's writes in order.
#[test]
fn waiting_writes_share_a_batch() {
    let (_dir, store) = new_store();
    let release = hold(&store);
    let pending: Vec<Pending<(u64, u64), Error>> = (0..100)
        .map(|n| {
            store.write(move |tx| {
                tx.put(&NOTES, &n, &note("x"))?;
                Ok((tx.seq(), tx.count(&NOTES, Span::all())?))
            })
        })
        .collect();
    drop(release);
    for (n, pending) in (1..).zip(pending) {
        assert_eq!(pending.wait(), Ok((1, n)));
    }
    assert_eq!(store.seq(), 1);
}

/// Promise: a closure that fails or panics leaves no trace, and its neighbours are kept.
#[test]
fn a_failed_closure_leaves_no_trace() {
    let (dir, store) = new_store();
    store
        .write(|tx| tx.put(&NOTES, &1, &note("old")))
        .wait()
        .unwrap();
    let release = hold(&store);
    let before = store.write(|tx| tx.put(&NOTES, &2, &note("before")));
    let failing = store.write(|tx| {
        tx.put(&NOTES, &1, &note("overwritten"))?;
        tx.put(&NOTES, &1, &note("twice"))?;
        tx.put(&NOTES, &3, &note("new"))?;
        tx.put(&BY_OWNER, &(id(1), 3), &())?;
        tx.delete(&NOTES, &2)?;
        tx.delete_span(&NOTES, Span::all())?;
        tx.put(&NOTES, &2, &note("again"))?;
        tx.record_change("notes", b"3")?;
        tx.trim_changes(u64::MAX);
        Err::<(), _>(Error::Full)
    });
    let panicking = store.write(|tx| {
        tx.delete(&NOTES, &1)?;
        tx.put(&NOTES, &2, &note("overwritten"))?;
        tx.record_change("notes", b"2")?;
        panic::resume_unwind(Box::new("on purpose"));
        #[expect(unreachable_code, reason = "gives the closure its type")]
        Ok::<(), Error>(())
    });
    let after = store.write(|tx| {
        tx.record_change("notes", b"4")?;
        tx.put(&NOTES, &4, &note("after"))
    });
    drop(release);
    assert_eq!(before.wait(), Ok(()));
    assert_eq!(failing.wait(), Err(Error::Full));
    let message = "on purpose".to_owned();
    assert_eq!(panicking.wait(), Err(Error::Panicked { message }));
    assert_eq!(after.wait(), Ok(()));
    store.close().unwrap();

    let store = open(dir.path()).unwrap();
    let kept = [(1, "old"), (2, "before"), (4, "after")];
    assert_eq!(
        texts(&store),
        kept.map(|(key, text)| (key, text.to_owned()))
    );
    let by_owner: Result<u64, Error> = store.read(|tx| tx.count(&BY_OWNER, Span::all()));
    assert_eq!(by_owner, Ok(0));
    let changes: Result<Vec<_>, Error> = store.read(|tx| tx.changes_after(0, 10));
    assert_eq!(
        changes
            .unwrap()
            .into_iter()
            .map(|c| c.key)
            .collect::<Vec<_>>(),
        [b"4"]
    );
}

/// A record whose upgrade is broken.
#[derive(serde::Serialize, serde::Deserialize)]
struct Broken;

impl Record for Broken {
    const VERSION: u8 = 9;
    fn upgrade(_: u8, _: &[u8]) -> Result<Self, Error> {
        panic::resume_unwind(Box::new("a bad upgrade"))
    }
}

/// Promise: a panic while a row is read costs only the closure that reads it.
#[test]
fn a_broken_upgrade_harms_no_neighbour() {
    const BROKEN: Table<u64, Broken> = Table::new(NOTES.name());
    let (_dir, store) = new_store();
    store
        .write(|tx| tx.put(&NOTES, &1, &note("old")))
        .wait()
        .map_err(|e: Error| e)
        .unwrap();
    let release = hold(&store);
    let broken = store.write(|tx| tx.scan(&BROKEN, Span::all(), 9).map(drop));
    let neighbour = store.write(|tx| tx.put(&NOTES, &2, &note("kept")));
    drop(release);
    let message = "a bad upgrade".to_owned();
    assert_eq!(broken.wait(), Err(Error::Panicked { message }));
    assert_eq!(neighbour.wait(), Ok(()));
}

/// Promise: a batch in which nothing was written takes no seq.
#[test]
fn nothing_written_is_no_batch() {
    let (_dir, store) = new_store();
    store
        .write(|tx| tx.get(&NOTES, &1))
        .wait()
        .map_err(|e: Error| e)
        .unwrap();
    store
        .write(|tx| tx.delete(&NOTES, &1))
        .wait()
        .map_err(|e: Error| e)
        .unwrap();
    assert_eq!(store.seq(), 0);
}

/// Promise: reads see the last durable batch, not what a closure is doing, and do not wait for it.
#[test]
fn a_snapshot_does_not_move() {
    let (_dir, store) = new_store();
    store
        .write(|tx| tx.put(&NOTES, &1, &note("one")))
        .wait()
        .unwrap();
    let writer = store.clone();
    let seen: Result<_, Error> = store.read(|tx| {
        let before = tx.get(&NOTES, &1)?;
        let write = move || writer.write(|tx| tx.put(&NOTES, &1, &note("two"))).wait();
        thread::scope(|scope| scope.spawn(write).join()).unwrap()?;
        Ok((before, tx.get(&NOTES, &1)?))
    });
    assert_eq!(seen, Ok((Some(note("one")), Some(note("one")))));
    assert_eq!(texts(&store), [(1, "two".to_owned())]);
}

/// Promise: a table outside of the catalogue is refused by name, to the one who asked only.
#[test]
fn unknown_tables_are_refused() {
    const ELSEWHERE: Table<u64, ()> = Table::new("no.such");
    let (_dir, store) = new_store();
    let table = ELSEWHERE.name().to_owned();
    let refused = Err(Error::UnknownTable { table });
    assert_eq!(store.read(|tx| tx.get(&ELSEWHERE, &1).map(drop)), refused);
    let release = hold(&store);
    let unknown = store.write(|tx| tx.put(&ELSEWHERE, &1, &()));
    let known = store.write(|tx| tx.put(&NOTES, &1, &note("kept")));
    drop(release);
    assert_eq!(unknown.wait(), refused);
    assert_eq!(known.wait(), Ok(()));
}

/// Promise: dropping the answer does not take the write back, and any executor can wait for it.
#[test]
fn pending_is_a_plain_future() {
    let (_dir, store) = new_store();
    drop(store.write(|tx| tx.put(&NOTES, &1, &note("dropped"))));
    let mut pending = pin!(store.write(|tx| tx.put(&NOTES, &2, &note("awaited"))));
    let mut context = Context::from_waker(Waker::noop());
    let answer = loop {
        match pending.as_mut().poll(&mut context) {
            Poll::Ready(answer) => break answer,
            Poll::Pending => thread::yield_now(),
        }
    };
    assert_eq!(answer, Ok::<_, Error>(()));
    assert_eq!(texts(&store).len(), 2);
}

/// Promise: close answers what was queued, then refuses, and the directory is free.
#[test]
fn close_drains_the_queue() {
    let (dir, store) = new_store();
    let release = hold(&store);
    let pending: Vec<Pending<(), Error>> = (0..2000)
        .map(|n| store.write(move |tx| tx.put(&NOTES, &n, &note(""))))
        .collect();
    let closing = {
        let store = store.clone();
        thread::spawn(move || store.close())
    };
    drop(release);
    closing.join().unwrap().unwrap();
    for pending in pending {
        assert_eq!(pending.wait(), Ok(()));
    }
    let late: Pending<(), Error> = store.write(|tx| tx.put(&NOTES, &1, &note("late")));
    assert_eq!(late.wait(), Err(Error::Closed));
    assert_eq!(
        store.read(|tx| tx.get(&NOTES, &1).map(drop)),
        Err(Error::Closed)
    );
    assert_eq!(store.close(), Ok(()));
    let reopened = open(dir.path()).unwrap();
    assert_eq!(texts(&reopened).len(), 1000);
    assert_eq!(reopened.lineage(), store.lineage());
}

/// Promise: what looks after the data is refused by a closed store, and does not wait for ever.
#[test]
fn a_closed_store_is_not_looked_after() {
    let (_dir, store) = new_store();
    assert_eq!(store.close(), Ok(()));
    let (tell, told) = mpsc::channel();
    thread::spawn(move || tell.send(store.snapshot(&mut |_| ()).map(drop)));
    let answer = told.recv_timeout(Duration::from_mins(1));
    assert_eq!(answer, Ok(Err(Error::Closed)));
}

/// Promise: a store whose last clone is dropped closes itself, even from within a closure.
#[test]
fn dropping_the_last_clone_closes() {
    let (dir, store) = new_store();
    let release = hold(&store);
    let inside = store.clone();
    let pending = store.write(move |tx| {
        tx.put(&NOTES, &1, &note("last"))?;
        drop(inside);
        Ok::<_, Error>(())
    });
    let dropping = thread::spawn(move || drop(store));
    drop(release);
    dropping.join().unwrap();
    pending.wait().unwrap();
    // The writer thread may still be closing the file: the lock says when it is done.
    let reopened = loop {
        match open(dir.path()) {
            Err(Error::InUse) => thread::yield_now(),
            other => break other.unwrap(),
        }
    };
    assert_eq!(texts(&reopened).len(), 1);
}

/// Promise: listeners hear of durable batches with changes, before the answer, and may panic.
#[test]
fn listeners_hear_before_the_answer() {
    let (_dir, store) = new_store();
    let heard = Arc::new(AtomicU64::new(0));
    let all = Arc::new(Mutex::new(Vec::new()));
    store.on_commit(|_| panic::resume_unwind(Box::new("a bad listener")));
    store.on_commit({
        let (heard, all) = (Arc::clone(&heard), Arc::clone(&all));
        move |seq| {
            heard.store(seq, Ordering::SeqCst);
            all.lock().unwrap().push(seq);
        }
    });
    for n in 1..=4_u64 {
        let even = n % 2 == 0;
        store
            .write(move |tx| {
                tx.put(&NOTES, &n, &note(""))?;
                if even {
                    tx.record_change("notes", &n.to_be_bytes())
                } else {
                    Ok(())
                }
            })
            .wait()
            .map_err(|e: Error| e)
            .unwrap();
        assert_eq!(heard.load(Ordering::SeqCst), n / 2 * 2);
    }
    assert_eq!(*all.lock().unwrap(), [2, 4]);
}
