//! What is kept in memory between two requests that belong together: the challenge of a passkey, the
//! way to another sign-in service and back.
//!
//! Must stay true: an entry is taken once, lives for minutes, and there are never more than a few
//! thousand of a kind; a restart loses them, and then the person begins again. What somebody may get
//! wrong and try again is looked at, and taken when it is done. A flood pushes out its own oldest
//! entries and never refuses anybody: what strangers keep is counted apart from what people who have
//! proved themselves keep, and each kind of value apart from the others.

use std::any::{Any, TypeId};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use uuid::Uuid;

use crate::clock::{Clock, Random};

/// Of one kind, of strangers or of people; the largest is about 2 KB.
const MOST: usize = 5_000;
/// Of one kind and one owner. A network may be an office full of people.
const MOST_OF_ONE: usize = 20;

/// Whom an entry is counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// Somebody who has proved nothing yet, by network.
    Stranger(IpAddr),
    /// An account that somebody has proved to be theirs.
    Person(Uuid),
}

/// What pushes one another out: entries of one kind, of strangers or of people.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Place {
    kind: TypeId,
    strangers: bool,
}

struct Entry {
    until: Duration,
    /// Entries count up, so that the oldest is known.
    number: u64,
    place: Place,
    owner: Owner,
    value: Box<dyn Any + Send>,
}

/// The entries, and their ids by age: in each place, and of each owner in it.
#[derive(Default)]
struct Entries {
    all: HashMap<Uuid, Entry>,
    by_age: HashMap<Place, BTreeMap<u64, Uuid>>,
    by_owner: BTreeMap<(Place, Owner, u64), Uuid>,
    last_number: u64,
}

impl Entries {
    fn add(&mut self, id: Uuid, mut entry: Entry) {
        self.remove(id);
        self.last_number += 1;
        entry.number = self.last_number;
        let (place, owner) = (entry.place, entry.owner);
        self.by_age
            .entry(place)
            .or_default()
            .insert(entry.number, id);
        self.by_owner.insert((place, owner, entry.number), id);
        self.all.insert(id, entry);
        self.drop_oldest(place, owner);
    }

    /// Keeps the bounds after one more.
    fn drop_oldest(&mut self, place: Place, owner: Owner) {
        let theirs = (place, owner, 0)..=(place, owner, u64::MAX);
        let mut of_one = self.by_owner.range(theirs);
        let first = of_one.next().map(|(_, id)| *id);
        if let Some(id) = first.filter(|_| of_one.count() >= MOST_OF_ONE) {
            self.remove(id);
        }
        let all = self.by_age.get(&place).filter(|ids| ids.len() > MOST);
        if let Some(id) = all.and_then(|ids| ids.values().next().copied()) {
            self.remove(id);
        }
    }

    fn remove(&mut self, id: Uuid) -> Option<Entry> {
        let entry = self.all.remove(&id)?;
        self.by_owner
            .remove(&(entry.place, entry.owner, entry.number));
        if let Some(ids) = self.by_age.get_mut(&entry.place) {
            ids.remove(&entry.number);
        }
        Some(entry)
    }
}

/// Values under random ids that only whoever was given one can know.
pub struct Briefly {
    clock: Clock,
    random: Random,
    entries: Mutex<Entries>,
}

impl Briefly {
    pub fn new(clock: Clock, random: Random) -> Self {
        Self {
            clock,
            random,
            entries: Mutex::default(),
        }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps `value` for as long as `lifetime`; 122 random bits lead to it.
    pub fn keep<T: Any + Send>(&self, owner: Owner, value: T, lifetime: Duration) -> Uuid {
        let id = uuid::Builder::from_random_bytes(self.random.bytes()).into_uuid();
        self.keep_under(id, owner, value, lifetime);
        id
    }

    /// Keeps `value` under an id that its owner has already, such as a sign-in's, in place of what
    /// was there.
    pub fn keep_under<T: Any + Send>(&self, id: Uuid, owner: Owner, value: T, lifetime: Duration) {
        let place = Place {
            kind: TypeId::of::<T>(),
            strangers: matches!(owner, Owner::Stranger(_)),
        };
        let entry = Entry {
            until: self.clock.monotonic() + lifetime,
            number: 0,
            place,
            owner,
            value: Box::new(value),
        };
        self.entries().add(id, entry);
    }

    /// A copy of the value, which stays; nothing when it ran out, was taken, or is of another kind.
    pub fn look<T: Any + Clone>(&self, id: Uuid) -> Option<T> {
        let now = self.clock.monotonic();
        let entries = self.entries();
        let entry = entries.all.get(&id).filter(|entry| entry.until > now)?;
        entry.value.downcast_ref().cloned()
    }

    /// Takes the value out; nothing when it ran out, was taken, or is of another kind.
    pub fn take<T: Any>(&self, id: Uuid) -> Option<T> {
        let mut entries = self.entries();
        if !entries.all.get(&id)?.value.is::<T>() {
            return None;
        }
        let entry = entries.remove(id)?;
        if entry.until <= self.clock.monotonic() {
            return None;
        }
        entry.value.downcast().ok().map(|value| *value)
    }

    /// Drops what ran out.
    pub fn sweep(&self) {
        let now = self.clock.monotonic();
        let mut entries = self.entries();
        let over = entries.all.iter().filter(|(_, entry)| entry.until <= now);
        let over: Vec<Uuid> = over.map(|(id, _)| *id).collect();
        for id in over {
            entries.remove(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Challenge(#[expect(dead_code, reason = "only whether it is there counts")] u32);
    struct Way;

    const LIFETIME: Duration = Duration::from_mins(5);

    fn briefly() -> Briefly {
        Briefly::new(Clock::system(), Random::seeded(1))
    }

    fn network(number: u32) -> Owner {
        Owner::Stranger(IpAddr::from(number.to_be_bytes()))
    }

    fn places(briefly: &Briefly) -> (usize, usize, usize) {
        let entries = briefly.entries();
        let by_age = entries.by_age.values().map(BTreeMap::len).sum();
        (entries.all.len(), by_age, entries.by_owner.len())
    }

    /// A flood from very many networks pushes out its own oldest entries: nobody is refused, what
    /// people keep and what strangers keep of another kind stays, and memory is bounded.
    #[test]
    fn a_flood_pushes_out_its_own_oldest() {
        let briefly = briefly();
        let person = briefly.keep(Owner::Person(Uuid::max()), Challenge(0), LIFETIME);
        let way = briefly.keep(network(0), Way, LIFETIME);
        let first = briefly.keep(network(0), Challenge(0), LIFETIME);
        for n in 1..20_000 {
            let _ = briefly.keep(network(n), Challenge(n), LIFETIME);
        }
        let last = briefly.keep(network(0), Challenge(0), LIFETIME);
        assert_eq!(places(&briefly), (5_002, 5_002, 5_002));
        assert!(briefly.take::<Challenge>(first).is_none());
        assert!(briefly.take::<Challenge>(last).is_some());
        assert!(briefly.take::<Challenge>(person).is_some());
        assert!(briefly.take::<Way>(way).is_some());
        assert_eq!(places(&briefly), (4_999, 4_999, 4_999));
    }

    /// One network, or one person, has twenty open at most: the oldest gives way.
    #[test]
    fn one_owner_pushes_out_nobody_else() {
        let briefly = briefly();
        for owner in [network(1), Owner::Person(Uuid::max())] {
            let other = briefly.keep(network(2), Challenge(0), LIFETIME);
            let ids: Vec<_> = (0..30)
                .map(|n| briefly.keep(owner, Challenge(n), LIFETIME))
                .collect();
            let kept = ids
                .iter()
                .map(|id| briefly.take::<Challenge>(*id).is_some());
            let kept: Vec<_> = kept.collect();
            assert_eq!(kept, [vec![false; 10], vec![true; 20]].concat());
            assert!(briefly.take::<Challenge>(other).is_some());
        }
        assert_eq!(places(&briefly), (0, 0, 0));
    }
}
