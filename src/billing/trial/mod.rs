//! The end of a trial, of which people are told once, a while before.
//!
//! Must stay true: the mark that somebody was told is stored with the mail, so that neither a restart nor
//! a second sweep tells them again; who pays, or was given a plan, is not told.

mod store;

use jiff::{SignedDuration, Timestamp};
use storage::WriteTx;
use uuid::Uuid;

pub use store::{CATALOGUE, erase};

use crate::app::App;
use crate::auth::{self, Mail, MailFacts, MailPurpose, Source, User};
use crate::error::Result;

/// How long before the end; of a trial shorter than four days, when half of it is over.
const BEFORE: SignedDuration = SignedDuration::from_hours(48);
/// Accounts read at a time.
const PAGE: usize = 500;

/// Tells everybody whose trial ends soon and who was not told yet.
pub async fn remind(app: &App) -> Result<()> {
    let due = app.store.read(|tx| {
        let (mut due, mut before) = (Vec::new(), None);
        loop {
            let page = auth::users(tx, before, PAGE)?;
            for user in &page {
                if ends_soon(app, user).is_some() && !store::told(tx, user.id)? {
                    due.push(user.id);
                }
            }
            before = page.last().map(|user| user.id);
            // Newest first: once nobody's trial can still run, nobody's further back does.
            if !page.iter().any(|user| may_try(app, user)) {
                return Ok::<_, crate::error::Error>(due);
            }
        }
    })?;
    for user in due {
        let inside = app.clone();
        let tell = move |tx: &mut WriteTx<'_>| tell(&inside, tx, user);
        app.store.write(tell).await?;
    }
    Ok(())
}

fn may_try(app: &App, user: &User) -> bool {
    let days = i64::from(app.config.billing.trial_days);
    let on = app.config.billing.enabled;
    let age = app.clock.now().duration_since(user.created_at);
    on && age < SignedDuration::from_hours(24 * days)
}

/// The plan and its end, when somebody is to be told of it now. Whose address was never verified may be
/// somebody else, and is not written to unasked.
fn ends_soon(app: &App, user: &User) -> Option<(String, Timestamp)> {
    let now = app.clock.now();
    let standing = auth::standing(&app.config, user, now);
    let trying = standing.source == Source::Trial && user.trusted();
    let until = standing.until.filter(|_| trying)?;
    if user.disabled || user.erasing {
        return None;
    }
    let whole = until.duration_since(user.created_at);
    let soon = until.duration_since(now) <= BEFORE.min(whole / 2);
    soon.then_some((standing.plan, until))
}

fn tell(app: &App, tx: &mut WriteTx<'_>, id: Uuid) -> Result<()> {
    let Some(user) = auth::user(tx, id)?.filter(|user| !user.erasing) else {
        return Ok(());
    };
    let Some((plan, until)) = ends_soon(app, &user) else {
        return Ok(());
    };
    if store::told(tx, id)? {
        return Ok(());
    }
    store::mark(tx, id, app.clock.now())?;
    let facts = MailFacts::Plan {
        plan,
        until: Some(until),
    };
    let mail = Mail::to(id, MailPurpose::TrialEnding).telling(facts);
    mail.send(app, tx)?;
    Ok(())
}
