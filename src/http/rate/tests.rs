//! Tests of the rate bucket: counts, changes of limit, what is told, and many threads.

use super::*;
use crate::http::counts::MOST_KEYS;

const MINUTE: u64 = 60 * NANOS;

/// Neither a flood of networks, nor time shorter than the period, gives anybody more than the
/// limit; memory is bounded.
#[test]
fn a_flood_of_networks_buys_nothing() {
    let rates = Rates::new(Clock::system(), true);
    let limit = Limit::per_hour(5);
    let window = |key: &str| rates.window("mails", &key, 3, Duration::from_hours(1));
    for n in 0..5 {
        assert!(rates.take("sign-ins", &"eve", limit).is_ok());
        assert_eq!(window("eve").is_ok(), n < 3);
    }
    let mut most = 0;
    for n in 0..200_000 {
        assert!(rates.take("sign-ins", &n, limit).is_ok());
        assert!(window(&n.to_string()).is_ok());
        if n % 100 == 0 {
            let sizes = |c: usize, size: usize| c + size;
            most = most.max(rates.windows.all().map(|c| c.size()).fold(0, sizes));
            most = most.max(rates.buckets.all().map(|c| c.size()).fold(0, sizes));
        }
    }
    assert!((MOST_KEYS / 4 * 3..=MOST_KEYS).contains(&most), "{most}");
    assert!(rates.take("sign-ins", &"eve", limit).is_err());
    assert!(window("eve").is_err());
}

/// A window whose period is over is not kept any longer.
#[test]
fn a_window_that_is_over_is_forgotten() {
    let rates = Rates::new(Clock::system(), true);
    let (tick, hour) = (Duration::from_nanos(1), Duration::from_hours(1));
    assert!(rates.window("mails", &"ada", 1, tick).is_ok());
    assert!(rates.window("mails", &"bob", 1, hour).is_ok());
    while rates.clock.monotonic() < tick * 2 {}
    rates.sweep();
    let left: usize = rates.windows.all().map(|counts| counts.size()).sum();
    assert_eq!(left, 1);
}

/// So many calls as pass at this moment.
fn passing(bucket: &mut Bucket, now: u64, limit: Limit) -> u32 {
    let mut passed = 0;
    while bucket.put(now, limit).1.is_ok() {
        passed += 1;
    }
    passed
}

/// A plan that allows more lets calls through at once; going back brings no new beginning.
#[test]
fn calls_stay_when_the_limit_changes() {
    let small = Limit::per_minute(10).burst(20);
    let large = Limit::per_minute(100).burst(200);
    let mut bucket = Bucket::default();
    assert_eq!(passing(&mut bucket, 0, small), 20);
    assert_eq!(passing(&mut bucket, 0, large), 180);
    assert_eq!(passing(&mut bucket, 0, small), 0);
    // One call's time, and not one more.
    assert_eq!(passing(&mut bucket, 6 * NANOS, small), 1);

    let mut bucket = Bucket::default();
    for _ in 0..5 {
        assert!(bucket.put(0, large).1.is_ok());
    }
    assert_eq!(passing(&mut bucket, 0, small), 15);
}

/// A bucket whose moment lies far away, as after the machine's clock was set back, is a full one.
#[test]
fn nobody_waits_longer_than_for_a_full_bucket() {
    let limit = Limit::per_minute(10).burst(20);
    let mut bucket = Bucket {
        empty_at: 900 * MINUTE,
        each: MINUTE / 10,
        changed: false,
    };
    let (tally, put) = bucket.put(0, limit);
    assert_eq!((tally.reset, put), (120, Err(6 * NANOS)));
    assert_eq!(passing(&mut bucket, 2 * MINUTE, limit), 20);
}

/// What is told is what passes: so many calls now, and a full bucket after so many seconds.
#[test]
fn what_is_told_is_so() {
    let limit = Limit::per_minute(7).burst(3);
    let mut bucket = Bucket::default();
    let told = |tally: Tally| (tally.limit, tally.remaining, tally.reset);
    assert_eq!(told(bucket.put(0, limit).0), (7, 2, 9));
    assert_eq!(told(bucket.put(0, limit).0), (7, 1, 18));
    assert_eq!(told(bucket.put(0, limit).0), (7, 0, 26));
    assert_eq!(told(bucket.put(0, limit).0), (7, 0, 26));
    assert_eq!(passing(&mut bucket, 26 * NANOS, limit), 3);

    let mut window = Window::default();
    let hour = Duration::from_hours(1);
    assert_eq!(told(window.put(Duration::ZERO, 2, hour).0), (2, 1, 3600));
    assert_eq!(told(window.put(hour / 2, 2, hour).0), (2, 0, 3600));
    let (tally, put) = window.put(hour / 4 * 3, 2, hour);
    assert_eq!((told(tally), put), ((2, 0, 2700), Err(900 * NANOS)));
}

/// However many ask at the same moment, no more pass than are configured.
#[test]
fn threads_get_no_more_than_one() {
    let clock = Clock::system();
    let rates = Rates::new(clock.clone(), true);
    let limit = Limit::per_minute(600_000).burst(10);
    let began = clock.monotonic();
    let passed: u64 = std::thread::scope(|scope| {
        let ask = || {
            let asked = (0..50_000).filter(|_| rates.take("x", &"eve", limit).is_ok());
            asked.map(|_| 1).sum::<u64>()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        let ended = threads.into_iter().map(|t| t.join().expect("a thread"));
        ended.sum()
    });
    let took = nanos(clock.monotonic().saturating_sub(began));
    assert!(
        passed <= 10 + took.div_ceil(100_000),
        "{passed} in {took} ns"
    );
}
