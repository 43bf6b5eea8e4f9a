//! Telling somebody that most, or all, of what they may use is used.
//!
//! Must stay true: a mail of each kind goes at most once a day; what is booked for another day than today
//! warns nobody.

use jiff::Timestamp;
use serde::Serialize;
use storage::WriteTx;
use utoipa::ToSchema;

use super::store::{self, Told};
use super::view::percentage;
use crate::auth::{Limited, Mail, MailFacts, MailPurpose, User};
use crate::billing::Moment;
use crate::error::Result;

/// Percent of a limit at which somebody is told, the higher ones first.
const LEVELS: [u8; 2] = [100, 80];

/// Event `quota`: a turn crossed a level of a limit. Level 100 of memory: the turn is not remembered.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct QuotaWarning {
    pub resource: Limited,
    /// 80 or 100.
    pub level: u8,
    pub used: u64,
    pub limit: u64,
    /// With one decimal.
    pub percentage: f64,
    /// Null where nothing starts again by itself.
    pub resets_at: Option<Timestamp>,
}

impl QuotaWarning {
    pub fn new(
        resource: Limited,
        level: u8,
        (used, limit): (u64, u64),
        moment: Moment<'_>,
    ) -> Self {
        Self {
            resource,
            level,
            used,
            limit,
            percentage: percentage(used, limit),
            resets_at: (resource != Limited::Memory).then(|| moment.day().end()),
        }
    }
}

/// The highest level that lies between what was used before and what is used now.
pub fn crossed(before: u64, now: u64, limit: u64) -> Option<u8> {
    let at = |used: u64, level: u8| u128::from(used) * 100 >= u128::from(limit) * u128::from(level);
    let mut levels = LEVELS.into_iter();
    levels.find(|level| !at(before, *level) && at(now, *level))
}

/// Tells by mail, unless this was told today.
pub fn warn(
    tx: &mut WriteTx<'_>,
    moment: Moment<'_>,
    person: &User,
    warning: &QuotaWarning,
) -> Result<()> {
    if person.erasing {
        return Ok(());
    }
    let today = moment.day();
    let mut told = store::told(tx, person.id)?
        .filter(|told| told.day == today)
        .unwrap_or_else(|| Told::none(today));
    let what = (warning.resource, warning.level);
    if told.what.contains(&what) {
        return Ok(());
    }
    // Who was told that all is used needs not hear any more that most is.
    for level in LEVELS.into_iter().filter(|level| *level <= warning.level) {
        told.what.push((warning.resource, level));
    }
    store::put_told(tx, person.id, &told)?;
    let facts = MailFacts::Used {
        what: warning.resource,
        level: warning.level,
        resets_at: warning.resets_at,
    };
    let mail = Mail::to(person.id, MailPurpose::QuotaWarning).telling(facts);
    mail.send(moment.app, tx).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each level is told of when it is crossed, not before and not again; of two at once the higher.
    #[test]
    fn levels_are_crossed_once() {
        assert_eq!(crossed(0, 79, 100), None);
        assert_eq!(crossed(79, 80, 100), Some(80));
        assert_eq!(crossed(80, 99, 100), None);
        assert_eq!(crossed(99, 100, 100), Some(100));
        assert_eq!(crossed(10, 120, 100), Some(100));
        assert_eq!(crossed(100, 120, 100), None);
        assert_eq!(crossed(0, 1, 1), Some(100));
    }
}
