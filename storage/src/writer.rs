//! The writer thread: takes closures from the queue, runs as many as are waiting against one
//! transaction, commits once, answers all of them.
//!
//! There is no delay to wait for company: an idle store commits a single write at once, and while one
//! commit is under way the next batch gathers by itself. What must stay true: an answer is sent only
//! after the commit, and a failed commit is the answer to every closure of the batch.

use std::sync::mpsc::Receiver;

use crate::error::caught;
use crate::live::Live;
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

/// The writer thread's life: until every sender of the queue is gone and the queue is empty.
pub(crate) fn run(live: &Live, queue: &Receiver<Box<dyn Job>>) -> Result<(), Error> {
    while let Ok(first) = queue.recv() {
        batch(live, first, queue);
    }
    live.close()
}

/// Runs `first` and whatever is waiting behind it, commits, answers.
fn batch(live: &Live, first: Box<dyn Job>, queue: &Receiver<Box<dyn Job>>) {
    let transaction = match live.begin_write() {
        Ok(transaction) => transaction,
        Err(error) => return first.refuse(error),
    };
    let mut tx = WriteTx::new(&transaction, &live.catalogue, live.seq() + 1);
    let mut answers = Vec::new();
    let mut next = Some(first);
    while let Some(job) = next.take() {
        answers.push(job.run(&mut tx));
        if answers.len() < BATCH_CLOSURES && tx.bytes() < BATCH_BYTES {
            next = queue.try_recv().ok();
        }
    }
    let commit = live
        .seal(tx)
        .and_then(|batch| live.commit(transaction, &batch));
    if commit.is_err() {
        // What the answer says is the failure itself; whether reopening helped, the next write tells.
        let _ = live.reopen();
    }
    for answer in answers {
        answer.send(&commit);
    }
}
