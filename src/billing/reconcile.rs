//! Once a day Stripe is asked about everybody whose subscription may still change, should an event have
//! been lost; and the end of an account ends what is paid for it.
//!
//! Must stay true: a copy asks nothing; nobody who is gone goes on paying, and the job that sees to that
//! names the customer alone, nobody here.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use storage::WriteTx;
use uuid::Uuid;

use super::customers::{self, Customer};
use super::sync;
use crate::app::App;
use crate::error::{Error, Result};
use crate::jobs::{Job, Outcome};
use crate::outside::{Stripe, StripeError};

/// The kind of job that ends what a deleted account paid for.
pub const END: &str = "billing.end";

const TEST_KEY: &str = "it is about real money, and stripe.secret_key is a key of test mode";

const EVERY: SignedDuration = SignedDuration::from_hours(24);
/// One that was missed is made this long after the start.
const AFTER_START: SignedDuration = SignedDuration::from_mins(10);
/// And one that Stripe did not take part in is tried again.
const AGAIN: Duration = Duration::from_hours(1);
/// A machine may sleep, and its clock be set: so the time is looked at this often.
const LOOK_EVERY: Duration = Duration::from_mins(10);

/// Reconciles whenever it is due, until the program stops. Returns at once where billing is off.
pub async fn keep(app: App) {
    if app.stripe.is_none() {
        return;
    }
    loop {
        let wait = match due_in(&app) {
            Some(left) if left.is_zero() && !app.held() => {
                let done = tokio::select! {
                    () = app.tasks.stop.cancelled() => return,
                    done = run(&app) => done,
                };
                match done {
                    Ok(()) => LOOK_EVERY,
                    Err(error) => {
                        tracing::warn!(%error, "not everything could be reconciled; trying again in an hour");
                        AGAIN
                    }
                }
            }
            left => left
                .unwrap_or(LOOK_EVERY)
                .clamp(Duration::from_secs(1), LOOK_EVERY),
        };
        tokio::select! {
            () = app.tasks.drain.cancelled() => return,
            () = app.clock.sleep(wait) => {}
        }
    }
}

/// How long until it is due.
fn due_in(app: &App) -> Option<Duration> {
    let last = app.store.read(customers::last_reconcile_at).ok()?;
    let later = |at: Timestamp, by| at.checked_add(by).unwrap_or(Timestamp::MAX);
    let due =
        later(app.started_at, AFTER_START).max(last.map_or(Timestamp::MIN, |at| later(at, EVERY)));
    let left = due.duration_since(app.clock.now());
    Some(Duration::try_from(left).unwrap_or_default())
}

/// Asks Stripe about everybody whose subscription may still change.
///
/// # Errors
/// `billing_unavailable` as soon as Stripe does not answer.
pub async fn run(app: &App) -> Result<()> {
    let stripe = customers::stripe(app)?;
    let livemode = stripe.livemode();
    let all = app.store.read(customers::all_subscriptions)?.into_iter();
    let open = all.filter(|(_, row)| !row.subscription.status.is_over());
    let ours = open.filter(|(_, row)| row.subscription.livemode == livemode);
    let mut people: BTreeSet<Uuid> = ours.map(|(user, _)| user).collect();
    let (known, now) = (app.store.read(customers::customers)?, app.clock.now());
    let may_have = |row: &Customer| row.livemode == livemode && row.may_have_bought(now);
    let buyers = known.into_iter().filter(|(_, row)| may_have(row));
    people.extend(buyers.map(|(user, _)| user));
    let count = people.len();
    for user in people {
        match sync::now(app, user).await {
            // Gone meanwhile.
            Err(Error::Conflict { .. }) => {}
            Err(error)
                if stripe
                    .last_call()
                    .is_some_and(|call| call.trouble.is_none()) =>
            {
                // Refused about this one: the others are asked for all the same.
                tracing::warn!(user_id = %user, %error, "a subscription could not be reconciled");
            }
            told => told?,
        }
    }
    let now = app.clock.now();
    app.store
        .write(move |tx| customers::put_last_reconcile_at(tx, now))
        .await?;
    tracing::info!(
        customers = count,
        "subscriptions were reconciled with Stripe"
    );
    Ok(())
}

#[derive(Debug, Serialize, Deserialize)]
struct End {
    customer: String,
    /// In which mode of Stripe's.
    #[serde(default)]
    livemode: Option<bool>,
}

/// For an account that is being deleted: forgets who it is at Stripe, and queues the end of what it pays
/// for. Safe to run twice.
pub async fn leave(app: &App, user: Uuid) -> Result<()> {
    let inside = app.clone();
    let leave = move |tx: &mut WriteTx<'_>| {
        let Some(customer) = customers::customer(tx, user)? else {
            return Ok(());
        };
        let rows = customers::subscriptions(tx, user)?;
        let open = rows.iter().any(|row| !row.subscription.status.is_over());
        let mode = inside.stripe.as_ref().map(Stripe::livemode);
        // Something may have been bought that we have not heard of yet; with real money, whatever key is
        // used now.
        let unheard = mode.is_some_and(|live| customer.livemode || customer.livemode == live);
        if open || unheard {
            let end = End {
                customer: customer.customer,
                livemode: Some(customer.livemode),
            };
            inside.jobs.add(tx, END, &end)?;
        }
        customers::erase(tx, user, usize::MAX)?;
        Ok::<_, Error>(())
    };
    app.store.write(leave).await
}

/// Whose payments a job is to end.
pub fn customer_of(job: &Job) -> Option<String> {
    let end: Option<End> = serde_json::from_str(&job.payload).ok();
    end.map(|end| end.customer)
}

/// Ends everything that a customer pays for.
pub async fn end_job(app: App, job: Job) -> Outcome {
    let Ok(End { customer, livemode }) = serde_json::from_str(&job.payload) else {
        return Outcome::Fail("it does not say which customer".into());
    };
    let Some(stripe) = &app.stripe else {
        return Outcome::Hold(sync::OFF.into());
    };
    if app.held() {
        return Outcome::Hold(sync::HELD.into());
    }
    match livemode {
        // Real money: under a key of test mode nothing is known of it, which means nothing.
        Some(true) if !stripe.livemode() => return Outcome::Hold(TEST_KEY.into()),
        Some(false) if stripe.livemode() => return Outcome::Done,
        _ => {}
    }
    match end(stripe, &customer).await {
        Ok(()) => Outcome::Done,
        Err(error) if error.is_missing() => Outcome::Done,
        Err(error) => {
            tracing::warn!(customer, %error, "the subscription of a deleted account could not be ended; if this goes on, cancel it in Stripe's dashboard");
            if error.may_pass() {
                Outcome::Retry(error.to_string())
            } else {
                Outcome::Fail(error.to_string())
            }
        }
    }
}

async fn end(stripe: &Stripe, customer: &str) -> Result<(), StripeError> {
    close_pages(stripe, customer).await?;
    for subscription in stripe.subscriptions_of(customer).await? {
        if subscription.status.is_over() {
            continue;
        }
        match stripe.cancel_subscription(&subscription.id).await {
            // It ended by itself meanwhile.
            Err(error) if error.is_missing() => {}
            told => told?,
        }
    }
    Ok(())
}

/// Closes the pages on which a customer could still pay, before what was paid is looked at.
async fn close_pages(stripe: &Stripe, customer: &str) -> Result<(), StripeError> {
    let pages = match stripe.open_checkouts(customer).await {
        // What was paid is ended all the same.
        Err(error @ StripeError::Refused { .. }) => {
            tracing::warn!(%error, "open checkouts of a deleted account cannot be read; they run out within a day");
            return Ok(());
        }
        told => told?,
    };
    for page in pages {
        match stripe.expire_checkout(&page).await {
            // It was paid or ran out meanwhile.
            Err(StripeError::Refused { .. }) => {}
            told => told?,
        }
    }
    Ok(())
}
