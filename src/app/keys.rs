//! The keys of this installation, all derived from one secret, and the generations of those that sign
//! what people and programs show us again.
//!
//! Must stay true: keys that do not sign tokens (of device cookies, mail links, receivers) have no
//! generation and never change; generation 0 is the key of the purpose alone, as it was before there
//! were generations. Nothing here reads storage: who changes the generations hands them in.

use std::fs;
use std::io::ErrorKind;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{mac, write_private};
use crate::clock::Random;
use crate::config::Config;
use crate::error::{Error, Result};

/// One generation of the signing keys, from 1 on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generation {
    pub number: u32,
    /// Worthless without the secret, which is in no row.
    pub salt: [u8; 32],
    pub made_at: Timestamp,
    /// Until then what older generations signed is accepted.
    pub older_until: Timestamp,
}

/// The keys of this installation.
pub struct Keys {
    secret: Vec<u8>,
    /// Oldest first; none means generation 0 alone.
    generations: RwLock<Vec<Generation>>,
}

impl Keys {
    /// The configured secret, or the one kept in the data directory, made at the first start.
    pub fn load(config: &Config, random: &Random) -> Result<Self> {
        if !config.auth.secret.is_empty() {
            return Ok(Self::of(config.auth.secret.clone().into_bytes()));
        }
        let path = config.data.dir.join("secret.key");
        let cannot = |e| Error::internal("reading or making the secret key file", e);
        match fs::read(&path) {
            Ok(secret) if secret.len() >= 32 => Ok(Self::of(secret)),
            Ok(_) => Err(Error::internal(
                "secret.key",
                "the file is damaged: it must hold at least 32 bytes",
            )),
            Err(e) if e.kind() == ErrorKind::NotFound => {
                let secret = random.bytes::<32>().to_vec();
                write_private(&path, &secret).map_err(cannot)?;
                Ok(Self::of(secret))
            }
            Err(e) => Err(cannot(e)),
        }
    }

    fn of(secret: Vec<u8>) -> Self {
        Self {
            secret,
            generations: RwLock::default(),
        }
    }

    /// The key for one purpose: HMAC-SHA256(secret, purpose).
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        mac(&self.secret, &[purpose.as_bytes()])
    }

    /// Takes up the generations that `read` finds. It reads while nobody else does, so that of two
    /// changes the later one counts.
    pub fn renew(&self, read: impl FnOnce() -> Result<Vec<Generation>>) -> Result<()> {
        let locked = self.generations.write();
        let mut generations = locked.unwrap_or_else(PoisonError::into_inner);
        *generations = read()?;
        Ok(())
    }

    fn generations(&self) -> RwLockReadGuard<'_, Vec<Generation>> {
        let locked = self.generations.read();
        locked.unwrap_or_else(PoisonError::into_inner)
    }

    /// What new tokens are signed with, and its number.
    pub fn newest(&self, purpose: &str) -> (u32, [u8; 32]) {
        let generations = self.generations();
        let number = generations.last().map_or(0, |newest| newest.number);
        let key = self.key(&generations, purpose, number);
        (number, key.unwrap_or_else(|| self.derive(purpose)))
    }

    /// The key of generation `number` while it is accepted, and whether all tokens that it can have
    /// signed, which live so long, have run out.
    pub fn signing(
        &self,
        purpose: &str,
        number: u32,
        now: Timestamp,
        lifetime: SignedDuration,
    ) -> Option<([u8; 32], bool)> {
        let generations = self.generations();
        if !accepted(&generations, number, now) {
            return None;
        }
        let next = generations.iter().find(|next| next.number > number);
        let last = next.and_then(|next| next.made_at.checked_add(lifetime).ok());
        let key = self.key(&generations, purpose, number)?;
        Some((key, last.is_some_and(|last| now >= last)))
    }

    /// The keys of all generations that are still accepted, newest first: for what does not name its
    /// generation.
    pub fn accepted(&self, purpose: &str, now: Timestamp) -> Vec<[u8; 32]> {
        let generations = self.generations();
        let numbers = generations.iter().rev().map(|one| one.number).chain([0]);
        numbers
            .filter(|number| accepted(&generations, *number, now))
            .filter_map(|number| self.key(&generations, purpose, number))
            .collect()
    }

    fn key(&self, generations: &[Generation], purpose: &str, number: u32) -> Option<[u8; 32]> {
        if number == 0 {
            return Some(self.derive(purpose));
        }
        let found = generations.iter().find(|one| one.number == number)?;
        Some(mac(&self.secret, &[purpose.as_bytes(), &found.salt]))
    }
}

/// Whether no later generation has put an end to this one.
pub fn accepted(generations: &[Generation], number: u32, now: Timestamp) -> bool {
    let mut later = generations.iter().filter(|later| later.number > number);
    later.all(|later| now < later.older_until)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap_or(Timestamp::MIN)
    }

    fn keys(generations: &[(u32, i64, i64)]) -> Keys {
        let keys = Keys::of(vec![1; 32]);
        let all = generations.iter().map(|(number, made, until)| Generation {
            number: *number,
            salt: [u8::try_from(*number).unwrap_or(0); 32],
            made_at: at(*made),
            older_until: at(*until),
        });
        let all = all.collect();
        assert!(keys.renew(|| Ok(all)).is_ok());
        keys
    }

    /// Before the first rotation the key is the purpose's own, so that what was signed before there
    /// were generations stays good.
    #[test]
    fn generation_0_is_the_key_of_the_purpose() {
        let keys = keys(&[]);
        assert_eq!(keys.newest("p"), (0, keys.derive("p")));
        assert_eq!(keys.accepted("p", at(5)), [keys.derive("p")]);
        assert_eq!(
            keys.signing("p", 1, at(5), SignedDuration::from_mins(1)),
            None
        );
    }

    /// An older key is good for as long as a token of its can live, and for refresh tokens until the
    /// overlap is over; a later rotation without overlap ends all older ones.
    #[test]
    fn older_generations_are_accepted_for_a_while() {
        let minute = SignedDuration::from_secs(60);
        let two = keys(&[(1, 1_000, 9_000)]);
        assert_eq!(two.newest("p").0, 1);
        assert_ne!(two.newest("p").1, two.newest("q").1);
        let over = |now| two.signing("p", 0, at(now), minute).map(|(_, over)| over);
        assert_eq!(over(1_059), Some(false));
        assert_eq!(over(1_060), Some(true));
        assert_eq!(over(9_000), None);
        assert_eq!(two.accepted("p", at(8_999)).len(), 2);
        assert_eq!(two.accepted("p", at(9_000)), [two.newest("p").1]);
        let three = keys(&[(1, 1_000, 9_000), (2, 1_010, 1_010)]);
        assert!(three.signing("p", 0, at(1_011), minute).is_none());
        assert!(three.signing("p", 1, at(1_011), minute).is_none());
        assert_eq!(three.accepted("p", at(1_011)), [three.newest("p").1]);
    }
}
