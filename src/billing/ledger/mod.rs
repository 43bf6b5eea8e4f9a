//! The ledger: what everybody used, row by row, and the running totals.
//!
//! Must stay true: rows are only ever added, a mistake is made good by another row; the totals of a day
//! and of all time change in the transaction that adds the row, and equal the sums of the rows.

mod store;
mod verify;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Read, WriteTx};
use utoipa::ToSchema;
use uuid::Uuid;

pub use store::{CATALOGUE, Total, day, days, erase, rows, total};
pub use verify::{Mismatch, Verified, verify};

use super::day::Day;
use crate::auth;
use crate::error::Result;

/// What is counted. The words are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// A person's own words, by our count. Charged.
    LlmTokensInput,
    /// What the model wrote, thinking included. Charged.
    LlmTokensOutput,
    /// What we add to the person's words: instructions, memories, history. Shown, not charged.
    LlmTokensContext,
    Messages,
    /// UTF-8 bytes of what is remembered.
    MemoryBytes,
    /// Titles and the like. Shown, not charged.
    BackgroundTokens,
}

impl Resource {
    pub const ALL: [Self; 6] = [
        Self::LlmTokensInput,
        Self::LlmTokensOutput,
        Self::LlmTokensContext,
        Self::Messages,
        Self::MemoryBytes,
        Self::BackgroundTokens,
    ];
}

/// A sum of each resource: tokens, messages, bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Amounts {
    pub llm_tokens_input: i64,
    pub llm_tokens_output: i64,
    pub llm_tokens_context: i64,
    pub messages: i64,
    pub memory_bytes: i64,
    pub background_tokens: i64,
}

impl Amounts {
    pub fn of(&mut self, resource: Resource) -> &mut i64 {
        match resource {
            Resource::LlmTokensInput => &mut self.llm_tokens_input,
            Resource::LlmTokensOutput => &mut self.llm_tokens_output,
            Resource::LlmTokensContext => &mut self.llm_tokens_context,
            Resource::Messages => &mut self.messages,
            Resource::MemoryBytes => &mut self.memory_bytes,
            Resource::BackgroundTokens => &mut self.background_tokens,
        }
    }

    pub fn add(&mut self, resource: Resource, amount: i64) {
        let sum = self.of(resource);
        *sum = sum.saturating_add(amount);
    }

    /// Each sum with the other's.
    pub fn plus(mut self, mut other: Self) -> Self {
        for resource in Resource::ALL {
            self.add(resource, *other.of(resource));
        }
        self
    }

    /// Tokens that are charged.
    pub fn tokens(&self) -> i64 {
        self.llm_tokens_input.saturating_add(self.llm_tokens_output)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = LedgerKind)]
pub enum Kind {
    Use,
    /// Makes an earlier row good.
    Correction,
    /// What was there before there was a ledger.
    Opening,
}

/// One row. Its number counts from 1 for each person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    pub resource: Resource,
    pub amount: i64,
    /// The turn, the memory, or the conversation with its memories, that it comes from.
    pub source: Option<Uuid>,
    pub kind: Kind,
    /// Why it was corrected.
    pub note: Option<String>,
    /// The day it counts for.
    pub day: Day,
    pub at: Timestamp,
    /// The plan that counted then.
    pub plan: String,
}

/// What the rows of one booking have in common.
#[derive(Clone, Debug)]
pub struct Booking {
    pub user: Uuid,
    pub plan: String,
    pub source: Option<Uuid>,
    pub day: Day,
    pub at: Timestamp,
}

impl Booking {
    fn row(&self, resource: Resource, amount: i64, kind: Kind) -> Row {
        Row {
            resource,
            amount,
            source: self.source,
            kind,
            note: None,
            day: self.day,
            at: self.at,
            plan: self.plan.clone(),
        }
    }
}

/// Books what was used, or given back where an amount is negative. Nothing is booked for an account that
/// is no more, or is being deleted.
pub fn book(tx: &mut WriteTx<'_>, booking: &Booking, used: &[(Resource, i64)]) -> Result<()> {
    let rows = used.iter().filter(|(_, amount)| *amount != 0);
    let rows = rows.map(|(resource, amount)| booking.row(*resource, *amount, Kind::Use));
    add(tx, booking.user, rows.collect())
}

/// Makes an earlier booking good.
pub fn correct(
    tx: &mut WriteTx<'_>,
    booking: &Booking,
    (resource, amount): (Resource, i64),
    note: String,
) -> Result<()> {
    let row = Row {
        note: Some(note),
        ..booking.row(resource, amount, Kind::Correction)
    };
    add(tx, booking.user, vec![row])
}

/// Books what was there before there was a ledger.
pub fn open_with(
    tx: &mut WriteTx<'_>,
    booking: &Booking,
    (resource, amount): (Resource, i64),
) -> Result<()> {
    let row = booking.row(resource, amount, Kind::Opening);
    add(tx, booking.user, vec![row])
}

fn add(tx: &mut WriteTx<'_>, user: Uuid, rows: Vec<Row>) -> Result<()> {
    if rows.is_empty() || !is_there(tx, user)? {
        return Ok(());
    }
    store::add(tx, user, rows)
}

fn is_there(tx: &impl Read, user: Uuid) -> Result<bool> {
    Ok(auth::user(tx, user)?.is_some_and(|user| !user.erasing))
}
