//! `novacore ledger verify`: whether what everybody used adds up.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use storage::Read;
use tokio::task::spawn_blocking;

use super::command::{Exit, Reply};
use crate::app::App;
use crate::auth;
use crate::billing::{self, Mismatch, Verified};
use crate::error::{Error, Result};
use crate::memory;

/// Reads the whole ledger and every memory, in one snapshot.
pub async fn verify(app: &App) -> Reply {
    let store = app.store.clone();
    let read = spawn_blocking(move || store.read(verified)).await;
    match read.map_err(|e| Error::internal("reading the ledger", e)) {
        Ok(Ok(verified)) => reply(&verified),
        Ok(Err(error)) | Err(error) => Err(error).into(),
    }
}

/// The ledger against itself, and what it says of memories against the memories.
fn verified(tx: &impl Read) -> Result<Verified> {
    let mut verified = billing::verify_ledger(tx)?;
    let remembered = memory::remembered(tx)?;
    let mut people: BTreeSet<_> = remembered.keys().copied().collect();
    people.extend(
        auth::users(tx, None, usize::MAX)?
            .iter()
            .map(|user| user.id),
    );
    for user in people {
        if auth::erasing(tx, user)?.is_some() {
            continue;
        }
        let told = billing::all_amounts(tx, user)?.amounts.memory_bytes;
        let there = remembered.get(&user).map_or(0, |held| held.bytes);
        if told != there {
            let what = format!("memory_bytes says {told}, the memories have {there} bytes");
            verified.mismatches.push(Mismatch { user, what });
        }
    }
    Ok(verified)
}

fn reply(verified: &Verified) -> Reply {
    let count = |n: u64, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let people = count(verified.people, "person", "people");
    let mut said = format!("{people}, {}: ", count(verified.rows, "row", "rows"));
    if verified.mismatches.is_empty() {
        return Reply::Done(said + "every total equals its rows.");
    }
    let wrong = verified.mismatches.len() as u64;
    said += &count(wrong, "thing does not add up.", "things do not add up.");
    for Mismatch { user, what } in &verified.mismatches {
        let _ = write!(said, "\n{user}: {what}");
    }
    Reply::Failed {
        exit: Exit::Found,
        said,
    }
}
