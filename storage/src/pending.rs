//! A write that is on its way: a future for async callers, `wait` for plain threads.

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use crate::Error;

/// The answer to a write, once it is durable. Dropping it does not take the write back.
#[must_use = "the write happens anyway, but only this tells whether it succeeded"]
pub struct Pending<T, E> {
    answer: oneshot::AsyncReceiver<Result<T, E>>,
}

impl<T, E> fmt::Debug for Pending<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pending")
    }
}

impl<T, E: From<Error>> Pending<T, E> {
    pub(crate) fn new(answer: oneshot::AsyncReceiver<Result<T, E>>) -> Self {
        Self { answer }
    }

    /// Blocks this thread until the write is durable or refused.
    ///
    /// Never call it on an async runtime's worker, nor inside a write closure or an `on_commit`
    /// callback: those run on the writer thread, which would wait for itself.
    ///
    /// # Errors
    /// The closure's own error, or why storage could not keep what it wrote.
    pub fn wait(self) -> Result<T, E> {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        let mut pending = pin!(self);
        loop {
            match pending.as_mut().poll(&mut context) {
                Poll::Ready(answer) => return answer,
                Poll::Pending => thread::park(),
            }
        }
    }
}

impl<T, E: From<Error>> Future for Pending<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // The writer answers every write it takes; one that it no longer takes is dropped unanswered.
        Pin::new(&mut self.answer)
            .poll(context)
            .map(|answer| answer.unwrap_or_else(|_| Err(E::from(Error::Closed))))
    }
}

/// Wakes a blocked thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
