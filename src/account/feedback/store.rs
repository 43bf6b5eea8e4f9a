//! The tables of feedback.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Read, Record, Span, Table, TableInfo, WriteTx};
use uuid::Uuid;

use crate::error::Result;

const FEEDBACK: Table<(Uuid, Uuid), Feedback> = Table::new("account_feedback");
const OWNERS: Table<Uuid, Place> = Table::new("account_feedback_owners");

#[rustfmt::skip]
pub const CATALOGUE: [TableInfo; 2] = [
    FEEDBACK.info("account", "user, feedback", "text, rating, answer, times").by_user(),
    OWNERS.info("account", "feedback", "user"),
];

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Place(Uuid);

impl Record for Place {}

/// What somebody wrote to whoever runs this server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Feedback {
    pub id: Uuid,
    pub user: Uuid,
    pub text: String,
    /// 1 to 5.
    pub rating: Option<u8>,
    /// Of the request that it is about.
    pub correlation_id: Option<String>,
    pub created_at: Timestamp,
    pub answer: Option<String>,
    pub answered_at: Option<Timestamp>,
}

impl Record for Feedback {}

pub fn put(tx: &mut WriteTx<'_>, feedback: &Feedback) -> Result<()> {
    tx.put(&OWNERS, &feedback.id, &Place(feedback.user))?;
    Ok(tx.put(&FEEDBACK, &(feedback.user, feedback.id), feedback)?)
}

/// A person's, newest first.
pub fn of_user(tx: &impl Read, user: Uuid, limit: usize) -> Result<Vec<Feedback>> {
    let rows = tx.scan(&FEEDBACK, Span::prefix(&user).rev(), limit)?;
    Ok(rows.into_iter().map(|(_, feedback)| feedback).collect())
}

/// Whosever it is.
pub fn get(tx: &impl Read, id: Uuid) -> Result<Option<Feedback>> {
    match tx.get(&OWNERS, &id)? {
        Some(Place(user)) => Ok(tx.get(&FEEDBACK, &(user, id))?),
        None => Ok(None),
    }
}

/// Everybody's, newest first, older than `before`; only what waits for an answer, or all.
pub fn page(
    tx: &impl Read,
    unanswered: bool,
    before: Option<Uuid>,
    limit: usize,
) -> Result<Vec<Feedback>> {
    const STEP: usize = 500;
    let mut found = Vec::new();
    let mut last = before;
    loop {
        let span = Span::all().rev();
        let span = match &last {
            Some(id) => span.before(id),
            None => span,
        };
        let ids = tx.scan(&OWNERS, span, STEP)?;
        let full = ids.len() == STEP;
        last = ids.last().map(|(id, _)| *id);
        for (id, Place(user)) in ids {
            let feedback = tx.get(&FEEDBACK, &(user, id))?;
            found.extend(feedback.filter(|f| !unanswered || f.answer.is_none()));
            if found.len() >= limit {
                return Ok(found);
            }
        }
        if !full {
            return Ok(found);
        }
    }
}

/// Removes up to `limit` of a person's; returns how many.
pub fn erase(tx: &mut WriteTx<'_>, user: Uuid, limit: usize) -> Result<usize> {
    let some = of_user(tx, user, limit)?;
    for feedback in &some {
        tx.delete(&OWNERS, &feedback.id)?;
        tx.delete(&FEEDBACK, &(user, feedback.id))?;
    }
    Ok(some.len())
}
