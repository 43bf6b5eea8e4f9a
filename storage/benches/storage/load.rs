//! Clients that write or read for a while, and how long each call took.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::engines::{Engine, Outcome};

/// Calls of one measurement.
#[derive(Debug, Default)]
pub struct Times {
    /// Sorted.
    pub each: Vec<Duration>,
    pub elapsed: Duration,
}

impl Times {
    pub fn percentile(&self, of_hundred: usize) -> Duration {
        let at = self.each.len() * of_hundred / 100;
        self.each.get(at).copied().unwrap_or_default()
    }

    pub fn per_second(&self) -> f64 {
        let calls = u32::try_from(self.each.len()).unwrap_or(u32::MAX);
        f64::from(calls) / self.elapsed.as_secs_f64()
    }
}

/// Has clients commit one row each, again and again, for a while; keys begin with `first`.
pub fn commits(engine: &dyn Engine, clients: u64, first: u64, time: Duration) -> Outcome<Times> {
    let start = Instant::now();
    let client = |client: u64| -> Outcome<Vec<Duration>> {
        let mut times = Vec::new();
        for number in 0.. {
            if start.elapsed() >= time {
                break;
            }
            // Clients write beside each other, not all at the end.
            let key = first + number * clients + client;
            let begun = Instant::now();
            engine.put(key..key + 1)?;
            times.push(begun.elapsed());
        }
        Ok(times)
    };
    let outcomes: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> = (0..clients)
            .map(|n| scope.spawn(move || client(n)))
            .collect();
        running
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .collect()
    });
    let mut times = Times {
        elapsed: start.elapsed(),
        ..Times::default()
    };
    for outcome in outcomes {
        times
            .each
            .extend(outcome.map_err(|_| "a client panicked")??);
    }
    times.each.sort();
    Ok(times)
}

/// What the disk alone takes: as many bytes as a small commit, appended and synced.
pub fn bare_appends(file: &Path, time: Duration) -> Outcome<Times> {
    let mut file = File::create(file)?;
    let start = Instant::now();
    let mut each = Vec::new();
    while start.elapsed() < time {
        let begun = Instant::now();
        file.write_all(&[7; 512])?;
        file.sync_data()?;
        each.push(begun.elapsed());
    }
    each.sort();
    Ok(Times {
        each,
        elapsed: start.elapsed(),
    })
}

/// Calls `read` with keys all over the place.
pub fn reads(calls: u64, rows: u64, read: impl Fn(u64) -> Outcome<usize>) -> Outcome<Times> {
    let start = Instant::now();
    let mut each = Vec::new();
    for call in 0..calls {
        let key = call.wrapping_mul(0x9E37_79B9_7F4A_7C15) % rows;
        let begun = Instant::now();
        if read(key)? == 0 {
            return Err(format!("the row {key} is not there").into());
        }
        each.push(begun.elapsed());
    }
    each.sort();
    Ok(Times {
        each,
        elapsed: start.elapsed(),
    })
}

/// Runs `work` while one client commits; what `work` returned, and the commits.
pub fn beside_commits<T>(
    engine: &dyn Engine,
    first: u64,
    work: impl FnOnce() -> Outcome<T>,
) -> Outcome<(T, Times)> {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let start = Instant::now();
            let mut times = Times::default();
            for key in first.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let begun = Instant::now();
                engine.put(key..key + 1)?;
                times.each.push(begun.elapsed());
            }
            times.each.sort();
            times.elapsed = start.elapsed();
            Ok(times)
        });
        let worked = work();
        stop.store(true, Ordering::Relaxed);
        let times: Outcome<Times> = writer.join().map_err(|_| "the writer panicked")?;
        Ok((worked?, times?))
    })
}
