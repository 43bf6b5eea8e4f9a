//! What was used, as people and administrators see it.
//!
//! Must stay true: everything here is read from the ledger's rows and totals, and nothing is added to them
//! but a correction, which names its reason and is told to both sides; days are UTC days.

pub(super) mod admin;
pub(super) mod correct;
pub(super) mod export;
pub(super) mod list;
pub(super) mod own;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::Read;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Amounts, Day, amounts_of_days};
use crate::error::{Error, Result};

/// The longest stretch that is told at once.
const MOST_DAYS: u32 = 366;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DaysQuery {
    /// So many days, today the last of them; 1 to 366.
    days: Option<u32>,
}

/// Days in a row, both ends included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub days: u32,
    pub from: Day,
    pub to: Day,
}

impl Stretch {
    /// The days up to today.
    ///
    /// # Errors
    /// `days_invalid`.
    pub fn until(now: Timestamp, days: Option<u32>, otherwise: u32) -> Result<Self> {
        let days = days.unwrap_or(otherwise);
        if !(1..=MOST_DAYS).contains(&days) {
            let message = format!("Between 1 and {MOST_DAYS}.");
            return Err(Error::field("days_invalid", "days", message));
        }
        let to = Day::of(now);
        let from = to.back(days - 1);
        Ok(Self { days, from, to })
    }
}

/// What was used in some time, all of it together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct UsageTotals {
    #[serde(flatten)]
    pub amounts: Amounts,
    /// Input and output: what is charged.
    pub tokens: i64,
}

impl From<Amounts> for UsageTotals {
    fn from(amounts: Amounts) -> Self {
        Self {
            amounts,
            tokens: amounts.tokens(),
        }
    }
}

/// What was used on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct UsageDay {
    /// A UTC day.
    #[schema(format = "date", example = "2026-01-31")]
    pub date: String,
    #[serde(flatten)]
    pub used: UsageTotals,
}

/// Every day of the stretch, also those on which nothing was used; oldest first.
pub(super) fn every_day(
    tx: &impl Read,
    user: Uuid,
    stretch: Stretch,
) -> Result<Vec<(Day, Amounts)>> {
    let mut booked = amounts_of_days(tx, user, stretch.from, stretch.to)?
        .into_iter()
        .peekable();
    let days = (stretch.from.0..=stretch.to.0).map(|day| {
        let used = booked.next_if(|(booked, _)| booked.0 == day);
        used.unwrap_or((Day(day), Amounts::default()))
    });
    Ok(days.collect())
}

pub(super) fn shown(days: Vec<(Day, Amounts)>) -> Vec<UsageDay> {
    let one = |(day, amounts): (Day, Amounts)| UsageDay {
        date: day.to_string(),
        used: amounts.into(),
    };
    days.into_iter().map(one).collect()
}

/// The sum of these days.
pub(super) fn sum(days: &[(Day, Amounts)]) -> Amounts {
    let amounts = days.iter().map(|(_, amounts)| *amounts);
    amounts.fold(Amounts::default(), Amounts::plus)
}
