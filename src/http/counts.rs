//! Counts by key, in bounded memory: what rate limits and throttles remember.
//!
//! Must stay true: a key that is known is found in constant time, and only every so many new keys all
//! are looked at, so that a flood of keys slows nobody down; when there are too many of a kind, those
//! that say least are forgotten, so that a flood does not buy anybody a new beginning.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Keys of one kind: the tables have room for 57,344, of 49 bytes (a bucket) to 73 (a window) in each of
/// 65,536 places, and a text of up to 64 bytes lies on the heap: 6 MB for buckets, 8 MB for failures, up
/// to 14 MB for windows. Whoever has 50,000 networks can fill ten kinds, some 90 MB, and no more.
pub const MOST_KEYS: usize = 50_000;
/// Parts of `Sharded`.
const SHARDS: usize = 16;

/// What is counted under a key.
pub trait Count: Default {
    /// How much would be lost with it: the least is forgotten first.
    type Weight: Copy + Ord;

    /// Whether it says no more than no count at all.
    fn is_over(&self, now: Duration) -> bool;

    fn weight(&self) -> Self::Weight;
}

/// The counts, by kind of key and key.
#[derive(Debug)]
pub struct Counts<C> {
    kinds: HashMap<&'static str, HashMap<String, C>>,
    /// Keys of one kind that are kept.
    most: usize,
}

impl<C> Default for Counts<C> {
    fn default() -> Self {
        Self::at_most(MOST_KEYS)
    }
}

impl<C> Counts<C> {
    fn at_most(most: usize) -> Self {
        let kinds = HashMap::new();
        Self { kinds, most }
    }
}

impl<C: Count> Counts<C> {
    pub fn get_mut(&mut self, kind: &'static str, key: &str) -> Option<&mut C> {
        self.kinds.get_mut(kind)?.get_mut(key)
    }

    /// All of them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&'static str, &String, &mut C)> {
        let kinds = self.kinds.iter_mut();
        kinds.flat_map(|(kind, counts)| counts.iter_mut().map(|(key, count)| (*kind, key, count)))
    }

    /// The count of a key, new if there is none.
    pub fn of(&mut self, kind: &'static str, key: String, now: Duration) -> &mut C {
        let counts = self.kinds.entry(kind).or_default();
        if counts.len() >= self.most && !counts.contains_key(&key) {
            thin_out(counts, now, self.most / 4 * 3);
        }
        counts.entry(key).or_default()
    }

    pub fn remove(&mut self, kind: &'static str, key: &str) {
        if let Some(counts) = self.kinds.get_mut(kind) {
            counts.remove(key);
        }
    }

    /// Forgets the counts that are over.
    pub fn sweep(&mut self, now: Duration) {
        for counts in self.kinds.values_mut() {
            counts.retain(|_, count| !count.is_over(now));
        }
    }

    #[cfg(test)]
    pub fn size(&self) -> usize {
        self.kinds.values().map(HashMap::len).sum()
    }
}

/// Counts in parts with a lock each, by key, so that those who count different keys seldom wait for one
/// another.
#[derive(Debug)]
pub struct Sharded<C> {
    shards: [Mutex<Counts<C>>; SHARDS],
    /// Of this process alone: nobody can choose keys that fall into one part.
    hasher: RandomState,
}

impl<C> Default for Sharded<C> {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::new(Counts::at_most(MOST_KEYS / SHARDS))),
            hasher: RandomState::new(),
        }
    }
}

fn lock<C>(shard: &Mutex<Counts<C>>) -> MutexGuard<'_, Counts<C>> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<C: Count> Sharded<C> {
    /// The part in which the key's counts are.
    pub fn of(&self, key: &str) -> MutexGuard<'_, Counts<C>> {
        let shards = SHARDS as u64;
        let at = usize::try_from(self.hasher.hash_one(key) % shards).unwrap_or(0);
        lock(&self.shards[at])
    }

    /// Every part, one after the other.
    pub fn all(&self) -> impl Iterator<Item = MutexGuard<'_, Counts<C>>> {
        self.shards.iter().map(lock)
    }

    /// Forgets the counts that are over.
    pub fn sweep(&self, now: Duration) {
        self.all().for_each(|mut counts| counts.sweep(now));
    }
}

/// Leaves at most `kept`, three quarters: a quarter of the keys goes at least, so that it is not soon done
/// again, and each new key pays for looking at four others.
fn thin_out<C: Count>(counts: &mut HashMap<String, C>, now: Duration, kept: usize) {
    counts.retain(|_, count| !count.is_over(now));
    let surplus = counts.len().saturating_sub(kept);
    if surplus == 0 {
        return;
    }
    let mut weights: Vec<_> = counts.values().map(C::weight).collect();
    let (lighter, bar, _) = weights.select_nth_unstable(surplus);
    let bar = *bar;
    let mut as_heavy = lighter.iter().filter(|weight| **weight == bar).count();
    counts.retain(|_, count| {
        let weight = count.weight();
        let forgotten = weight < bar || (weight == bar && as_heavy > 0);
        if weight == bar {
            as_heavy = as_heavy.saturating_sub(1);
        }
        !forgotten
    });
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        static LOOKS: Cell<usize> = const { Cell::new(0) };
    }

    #[derive(Default)]
    struct Failures(u32);

    impl Count for Failures {
        type Weight = u32;

        fn is_over(&self, _now: Duration) -> bool {
            LOOKS.set(LOOKS.get() + 1);
            self.0 == 0
        }

        fn weight(&self) -> u32 {
            self.0
        }
    }

    /// Of 200,000 keys the telling ones stay, memory is bounded, and the work is a few looks a key.
    #[test]
    fn a_flood_of_keys_is_cheap_and_displaces_nothing_telling() {
        let mut counts = Counts::<Failures>::default();
        let now = Duration::ZERO;
        let telling = 0..1_000;
        for n in telling.clone() {
            counts.of("account", n.to_string(), now).0 = 2;
        }
        for n in 1_000..200_000 {
            counts.of("account", n.to_string(), now).0 = 1;
            let _ = counts.of("network", "one".into(), now);
            assert!(counts.size() <= MOST_KEYS + 1);
        }
        for n in telling {
            assert!(counts.get_mut("account", &n.to_string()).is_some(), "{n}");
        }
        assert!(LOOKS.get() < 5 * 200_000, "{}", LOOKS.get());
        counts.of("account", "199999".into(), now).0 = 0;
        counts.sweep(now);
        assert!(counts.get_mut("account", "199999").is_none());
        assert!(counts.get_mut("network", "one").is_none());
    }

    /// When all say as much, as many go as must.
    #[test]
    fn of_equals_just_enough_are_forgotten() {
        let mut counts = Counts::<Failures>::default();
        for n in 0..=MOST_KEYS {
            counts.of("account", n.to_string(), Duration::ZERO).0 = 1;
        }
        assert_eq!(counts.size(), MOST_KEYS / 4 * 3 + 1);
    }
}
