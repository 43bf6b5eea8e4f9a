//! Whether the rate limiter counts right while many ask at once, and what a question costs.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use novacore::clock::Clock;
use novacore::http::rate::{Limit, Rates};

use crate::row;

const THREADS: usize = 64;
const FOR: Duration = Duration::from_secs(10);
/// A thousand a second, and as many at once: the machine may well leave all threads alone for some tenths of
/// a second, which is not what is measured.
const A_MINUTE: u32 = 60_000;
const AT_ONCE: u32 = 1_000;

pub fn measure() {
    admitted(1);
    admitted(64);
    for (threads, keys) in [(1, 1), (THREADS, 1), (THREADS, THREADS)] {
        cost(threads, keys);
    }
}

/// What each of so many threads did, told by its number, all of them having begun at once.
fn at_once<T: Send>(threads: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let (barrier, work) = (Barrier::new(threads), &work);
    std::thread::scope(|scope| {
        let start = |thread| {
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                work(thread)
            })
        };
        let begun: Vec<_> = (0..threads).map(start).collect();
        let ended = begun.into_iter().map(|thread| thread.join().unwrap());
        ended.collect()
    })
}

/// How many of all that 64 threads ask for pass, beside the configured count.
#[expect(clippy::cast_precision_loss, reason = "some thousand calls")]
fn admitted(keys: u64) {
    let clock = Clock::system();
    let rates = Rates::new(clock.clone(), true);
    let limit = Limit::per_minute(A_MINUTE).burst(AT_ONCE);
    let began = clock.monotonic();
    let counts = at_once(THREADS, |_| {
        let (mut passed, mut asked, mut last) = (0_u64, 0_u64, Duration::ZERO);
        while last < FOR {
            // Every thread asks for all keys, so that none is left alone while its thread must wait.
            let key = asked % keys;
            asked += 1;
            passed += u64::from(rates.take("bench", &key, limit).is_ok());
            last = clock.monotonic().saturating_sub(began);
        }
        (passed, asked, last)
    });
    let took = counts.iter().map(|(.., last)| *last).max().unwrap();
    let passed: u64 = counts.iter().map(|(passed, ..)| passed).sum();
    let asked: u64 = counts.iter().map(|(_, asked, _)| asked).sum();
    let a_key = f64::from(AT_ONCE) + f64::from(A_MINUTE) / 60.0 * took.as_secs_f64();
    let expected = a_key * keys as f64;
    let off = (passed as f64 / expected - 1.0) * 100.0;
    row(
        &format!(
            "rate limiter, 64 threads 10 s, {keys} keys: {passed} of {asked} pass, {expected:.0} configured"
        ),
        &format!("{off:+.2} %"),
        "promise: within 1 %",
    );
    assert!(off.abs() < 1.0, "{off} % off");
}

/// Time of one question, over all threads: what a lock that costs would make worse with threads.
fn cost(threads: usize, keys: usize) {
    const CALLS: usize = 1_000_000;
    let rates = Rates::new(Clock::system(), true);
    let limit = Limit::per_minute(A_MINUTE).burst(AT_ONCE).kept();
    let began = Instant::now();
    at_once(threads, |thread| {
        for _ in 0..CALLS / threads {
            let _ = rates.take("bench", &(thread % keys), limit);
        }
    });
    let each = began.elapsed() / u32::try_from(CALLS).unwrap();
    row(
        &format!("one question to the rate limiter, {threads} threads, {keys} keys"),
        &format!("{} ns", each.as_nanos()),
        "promise: under 2000 ns",
    );
}
