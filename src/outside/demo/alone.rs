//! Keeps candle to one core, so that an answer does not starve the server.
//!
//! candle takes as many threads as there are cores, and only the environment, which a running
//! program may not change safely, says otherwise. But what its own worker does, it does alone:
//! so the whole answer is one piece of work for one worker, and the rest of its pool sleeps.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, OnceLock, PoisonError};

use candle_core::utils::barrier_pool;

/// Runs `work` on one thread, waiting without computing. One work at a time; others wait.
/// `None` is never returned unless candle's pool has changed its ways. Panics go on to the caller.
pub(super) fn alone<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    let work = Mutex::new(Some(work));
    let result: Mutex<Option<Result<T, Box<dyn Any + Send>>>> = Mutex::new(None);
    let done = OnceLock::new();
    let pool = barrier_pool();
    pool.execute(|worker| {
        if worker == 0 {
            let work = work.lock().unwrap_or_else(PoisonError::into_inner).take();
            // A panic must not get into the pool, which would then be of no use to anybody.
            let ended = work.map(|work| panic::catch_unwind(AssertUnwindSafe(|| one_thread(work))));
            *result.lock().unwrap_or_else(PoisonError::into_inner) = ended;
            let _ = done.set(());
        } else if worker == pool.n_workers() {
            // The caller itself, which would otherwise spin until the worker is done.
            done.wait();
        }
    });
    let result = result.into_inner().unwrap_or_else(PoisonError::into_inner);
    result.map(|ended| ended.unwrap_or_else(|cause| panic::resume_unwind(cause)))
}

/// Matrix products ask rayon for threads: in a pool that is this thread there are no others.
fn one_thread<T>(work: impl FnOnce() -> T) -> T {
    // An error says that the thread has such a pool already, from an earlier answer.
    let _pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .use_current_thread()
        .build();
    work()
}
