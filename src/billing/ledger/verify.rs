//! Proves that the totals are the sums of the rows, and that no row is missing.

use std::collections::BTreeMap;

use storage::Read;
use uuid::Uuid;

use super::store::{self, Total};
use super::{Amounts, Row};
use crate::auth;
use crate::billing::Day;
use crate::error::Result;

/// Rows read at a time.
const PAGE: usize = 1000;

/// Something that does not add up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    pub user: Uuid,
    pub what: String,
}

/// What was read, and what does not add up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    pub people: u64,
    pub rows: u64,
    pub mismatches: Vec<Mismatch>,
}

/// Reads every row of everybody. Of an account that is being deleted some are gone already, and nothing is
/// said.
pub fn verify(tx: &impl Read) -> Result<Verified> {
    let mut verified = Verified::default();
    for user in store::people(tx)? {
        match auth::user(tx, user)? {
            Some(person) if person.erasing => continue,
            Some(_) => {}
            None => verified.mismatches.push(Mismatch {
                user,
                what: "there is no such account".into(),
            }),
        }
        verified.people += 1;
        one(tx, user, &mut verified)?;
    }
    Ok(verified)
}

fn one(tx: &impl Read, user: Uuid, verified: &mut Verified) -> Result<()> {
    let mut wrong = |what: String| verified.mismatches.push(Mismatch { user, what });
    let mut sums = Total::default();
    let mut days: BTreeMap<Day, Amounts> = BTreeMap::new();
    let mut before = None;
    loop {
        let page = store::rows(tx, user, before, PAGE)?;
        let Some((last, _)) = page.last() else { break };
        if before.is_some_and(|before| before != page[0].0 + 1) {
            wrong(format!("rows after {} are missing", page[0].0));
        }
        for pair in page.windows(2).filter(|pair| pair[0].0 != pair[1].0 + 1) {
            wrong(format!("rows after {} are missing", pair[1].0));
        }
        before = Some(*last);
        for (_, row) in &page {
            count(row, &mut sums, days.entry(row.day).or_default());
        }
    }
    if sums.rows > 0 && before != Some(1) {
        wrong("the first rows are missing".into());
    }
    let told = store::total(tx, user)?;
    if (told.rows, told.amounts) != (sums.rows, sums.amounts) {
        wrong(format!("the total says {told:?}, the rows say {sums:?}"));
    }
    for (day, amounts) in store::days(tx, user, Day(0), Day(u32::MAX - 1))? {
        let rows = days.remove(&day).unwrap_or_default();
        if rows != amounts {
            wrong(format!("{day} says {amounts:?}, its rows say {rows:?}"));
        }
    }
    for (day, rows) in days {
        wrong(format!("{day} has no total; its rows say {rows:?}"));
    }
    verified.rows += sums.rows;
    Ok(())
}

fn count(row: &Row, sums: &mut Total, day: &mut Amounts) {
    sums.rows += 1;
    sums.amounts.add(row.resource, row.amount);
    day.add(row.resource, row.amount);
}
