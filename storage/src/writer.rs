//! The writer thread: takes closures from the queue, runs as many as are waiting against one
//! transaction, commits once, answers all of them.
//!
//! There is no delay to wait for company: an idle store commits a single write at once, and while one
//! commit is under way the next batch gathers by itself. What must stay true: an answer is sent only
//! after the commit, and a failed commit is the answer to every closure of the batch.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError};

use crate::error::caught;
use crate::keep::Begun;
use crate::live::{Live, Lost};
use crate::{Error, WriteTx};

/// Closures in one batch at most.
const BATCH_CLOSURES: usize = 512;

/// A batch takes no further closure once it has written this much.
const BATCH_BYTES: usize = 8 << 20;

/// A queued write.
pub(crate) trait Job: Send {
    /// Runs the closure; a failed one has left no trace in `tx` when this returns.
    fn run(self: Box<Self>, tx: &mut WriteTx<'_>) -> Box<dyn Answer>;
    /// Answers without having run.
    fn refuse(self: Box<Self>, error: Error);
}

/// A write that ran and waits for its commit.
pub(crate) trait Answer {
    fn send(self: Box<Self>, commit: &Result<(), Error>);
}

/// A closure with the way back to its caller.
pub(crate) struct Write<F, T, E> {
    pub(crate) closure: F,
    pub(crate) caller: oneshot::Sender<Result<T, E>>,
}

struct Ran<T, E> {
    result: Result<T, E>,
    caller: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Job for Write<F, T, E>
where
    F: FnOnce(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    fn run(self: Box<Self>, tx: &mut WriteTx<'_>) -> Box<dyn Answer> {
        let Self { closure, caller } = *self;
        let result = attempt(tx, closure);
        Box::new(Ran { result, caller })
    }

    fn refuse(self: Box<Self>, error: Error) {
        // A caller that dropped its `Pending` wants no answer.
        let _ = self.caller.send(Err(E::from(error)));
    }
}

impl<T, E: From<Error>> Answer for Ran<T, E> {
    fn send(self: Box<Self>, commit: &Result<(), Error>) {
        let answer = match commit {
            Ok(()) => self.result,
            Err(error) => Err(E::from(error.clone())),
        };
        let _ = self.caller.send(answer);
    }
}

/// Runs a closure so that it leaves everything it wrote, or nothing.
pub(crate) fn attempt<T, E: From<Error>>(
    tx: &mut WriteTx<'_>,
    closure: impl FnOnce(&mut WriteTx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let mark = tx.mark();
    let result = caught(|| closure(tx));
    if result.is_ok() {
        tx.keep(mark);
    } else {
        tx.undo(mark);
    }
    result
}

/// What the queue holds.
pub(crate) enum Item {
    /// A write, to be done together with its neighbours.
    Write(Box<dyn Job>),
    /// Something to be done between two batches.
    Act(Box<dyn FnOnce(&Live) + Send>),
}

/// The writer thread's life: until every sender of the queue is gone and the queue is empty.
/// Snapshots that it begins go to `keeper`, which finishes them.
pub(crate) fn run(
    live: &Live,
    queue: &Receiver<Item>,
    keeper: &SyncSender<Begun>,
) -> Result<(), Error> {
    let mut next = None;
    loop {
        let item = match next.take() {
            Some(item) => item,
            None => match queue.recv() {
                Ok(item) => item,
                Err(_) => return live.close(),
            },
        };
        match item {
            Item::Act(act) => act(live),
            Item::Write(first) => {
                next = batch(live, first, queue);
                live.checkpoint_if_due();
                begin_snapshot_if_due(live, keeper);
            }
        }
    }
}

fn begin_snapshot_if_due(live: &Live, keeper: &SyncSender<Begun>) {
    if !live.may_begin_snapshot() {
        return;
    }
    match live.begin_snapshot() {
        // The keeper has room for one; when it is still at work the next batch asks again.
        Ok(begun) => {
            if let Err(TrySendError::Full(begun) | TrySendError::Disconnected(begun)) =
                keeper.try_send(begun)
            {
                live.give_up_snapshot(&begun);
            }
        }
        Err(_) => live.put_snapshot_off(),
    }
}

/// Runs `first` and the writes waiting behind it, commits, answers. What was taken from the queue
/// and is no part of the batch is returned.
fn batch(live: &Live, first: Box<dyn Job>, queue: &Receiver<Item>) -> Option<Item> {
    let transaction = match live.begin_write() {
        Ok(transaction) => transaction,
        Err(error) => {
            first.refuse(error);
            return None;
        }
    };
    let mut tx = WriteTx::new(&transaction, &live.home.catalogue, live.seq() + 1);
    let mut answers = vec![first.run(&mut tx)];
    let mut left = None;
    while answers.len() < BATCH_CLOSURES && tx.bytes() < BATCH_BYTES {
        match queue.try_recv() {
            Ok(Item::Write(job)) => answers.push(job.run(&mut tx)),
            Ok(act) => {
                left = Some(act);
                break;
            }
            Err(_) => break,
        }
    }
    let commit = match live.seal(tx) {
        Ok(batch) => live.commit(transaction, &batch),
        Err(error) => {
            // The database must not be opened anew while a transaction of it is alive.
            drop(transaction);
            Err(Lost::File(error))
        }
    };
    if matches!(commit, Err(Lost::File(_))) {
        // What the answer says is the failure itself; whether reopening helped, the next write tells.
        let _ = live.reopen();
    }
    let commit = commit.map_err(Lost::error);
    for answer in answers {
        answer.send(&commit);
    }
    left
}
