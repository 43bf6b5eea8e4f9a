//! Asking Stripe how somebody stands, and making that count here.
//!
//! Must stay true: what Stripe answers is laid over what we knew, whatever event led to the question, so
//! that events may come twice and in any order; an answer counts only when it was asked for after the last
//! one that counted; an event's own words count only while Stripe cannot be asked, and only when nothing
//! newer is known; no network inside a transaction.

mod access;
mod apply;

use serde::{Deserialize, Serialize};
use storage::WriteTx;
use uuid::Uuid;

pub use access::ends as subscription_ends;

use super::customers::{self, Customer, Invoice, Subscription};
use super::webhook::{self, EventState};
use crate::app::App;
use crate::error::{Error, Result};
use crate::jobs::{Job, MOST_TRIES, Outcome};
use crate::metrics;
use crate::outside::StripeError;

/// The kind of job.
pub const KIND: &str = "billing.sync";

pub const HELD: &str = "this data is a copy that nobody has adopted (novacore adopt)";
pub const OFF: &str = "billing is off (billing.enabled)";

#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    user: Uuid,
    event: Option<String>,
}

/// A question to Stripe that is under way.
#[derive(Debug)]
struct Question {
    user: Uuid,
    customer: String,
    number: u64,
    asked_at: jiff::Timestamp,
}

/// All that Stripe knows of a customer.
struct Answer {
    subscriptions: Vec<Subscription>,
    invoices: Vec<Invoice>,
}

/// Queues the question how somebody stands, because of an event or without one.
pub fn queue(app: &App, tx: &mut WriteTx<'_>, user: Uuid, event: Option<String>) -> Result<Uuid> {
    app.jobs.add(tx, KIND, &Payload { user, event })
}

/// Asks Stripe now how somebody stands.
///
/// # Errors
/// `no_customer`, `billing_unavailable`.
pub async fn now(app: &App, user: Uuid) -> Result<()> {
    customers::stripe(app)?;
    let Some(question) = begin(app, user, None).await? else {
        return Err(Error::conflict(
            "no_customer",
            "Nothing was ever bought for this account.",
        ));
    };
    let answer = match ask(app, &question.customer).await {
        Err(error) if error.is_missing() => {
            tracing::warn!(user_id = %user, customer = question.customer, "Stripe knows no such customer");
            let message = "The payment service no longer knows a customer for this account.";
            return Err(Error::conflict("no_customer", message));
        }
        told => told.map_err(|error| customers::failed(&error))?,
    };
    finish(app, question, answer, None).await
}

/// Works off a job of the queue.
pub async fn job(app: App, job: Job) -> Outcome {
    let Ok(payload) = serde_json::from_str::<Payload>(&job.payload) else {
        return Outcome::Fail("it does not say whose".into());
    };
    if app.stripe.is_none() {
        return Outcome::Hold(OFF.into());
    }
    if app.held() {
        return Outcome::Hold(HELD.into());
    }
    match run(&app, &job, payload).await {
        Ok(outcome) => outcome,
        Err(error) => Outcome::Retry(error.to_string()),
    }
}

async fn run(app: &App, job: &Job, payload: Payload) -> Result<Outcome> {
    let Payload { user, event } = payload;
    let Some(question) = begin(app, user, event.clone()).await? else {
        return Ok(Outcome::Done);
    };
    let error = match ask(app, &question.customer).await {
        Ok(answer) => {
            finish(app, question, answer, event).await?;
            return Ok(Outcome::Done);
        }
        Err(error) => error,
    };
    let reason = error.to_string();
    let failed = !error.may_pass() || job.attempts + 1 >= MOST_TRIES;
    let first = job.attempts == 0;
    let (inside, told) = (app.clone(), reason.clone());
    let note = move |tx: &mut WriteTx<'_>| {
        let Some(mut row) = event.map(|id| webhook::get(tx, &id)).transpose()?.flatten() else {
            return Ok(());
        };
        let ended = row.seen.as_ref().is_some_and(|seen| seen.status.is_over());
        let gone = error.is_missing() && ended;
        if first && (error.may_pass() || gone) {
            apply::payload(&inside, tx, user, &row)?;
        }
        if gone {
            // With the customer ended what it paid for: there is nothing more to ask.
            return self::ended(tx, row);
        }
        row.tries += 1;
        row.error = Some(told);
        if failed {
            row.state = EventState::Failed;
            metrics::stripe_event(webhook::label(&row.kind), "failed");
        }
        webhook::put(tx, &row)
    };
    app.store.write(note).await?;
    Ok(if failed {
        Outcome::Fail(reason)
    } else {
        Outcome::Retry(reason)
    })
}

/// Numbers a question. None when there is nobody to ask about, or when Stripe was asked after the event
/// came, and the answer counts already.
async fn begin(app: &App, user: Uuid, event: Option<String>) -> Result<Option<Question>> {
    let inside = app.clone();
    let begin = move |tx: &mut WriteTx<'_>| {
        let row = event.map(|id| webhook::get(tx, &id)).transpose()?.flatten();
        let Some(mut customer) = customers::known(&inside, tx, user)? else {
            if let Some(row) = row {
                ended(tx, row)?;
            }
            return Ok(None);
        };
        if let Some(row) = row
            && (row.state != EventState::Waiting || customer.applied > row.asked)
        {
            ended(tx, row)?;
            return Ok(None);
        }
        customer.asked += 1;
        customers::put_customer(tx, user, &customer)?;
        Ok::<_, Error>(Some(Question {
            user,
            customer: customer.customer,
            number: customer.asked,
            asked_at: inside.clock.now(),
        }))
    };
    app.store.write(begin).await
}

/// An event that needs nothing more.
fn ended(tx: &mut WriteTx<'_>, mut row: webhook::EventRow) -> Result<()> {
    if row.state != EventState::Waiting {
        return Ok(());
    }
    metrics::stripe_event(webhook::label(&row.kind), "done");
    row.state = EventState::Done;
    row.error = None;
    row.tries += 1;
    webhook::put(tx, &row)
}

async fn ask(app: &App, customer: &str) -> Result<Answer, StripeError> {
    let Some(stripe) = &app.stripe else {
        return Err(StripeError::Away("is not configured"));
    };
    let subscriptions = stripe.subscriptions_of(customer).await?;
    let invoices = match stripe.invoices_of(customer).await {
        // A restricted key may not read them: what is paid for counts all the same.
        Err(error @ StripeError::Refused { .. }) => {
            tracing::warn!(%error, "the invoices of a customer cannot be read; may stripe.secret_key read them?");
            Vec::new()
        }
        told => told?,
    };
    Ok(Answer {
        subscriptions,
        invoices,
    })
}

/// Has an answer count, and with it the event that led to the question.
async fn finish(
    app: &App,
    question: Question,
    answer: Answer,
    event: Option<String>,
) -> Result<()> {
    let inside = app.clone();
    let finish = move |tx: &mut WriteTx<'_>| {
        apply::answer(&inside, tx, &question, answer)?;
        settle(tx, &question)?;
        match event.map(|id| webhook::get(tx, &id)).transpose()?.flatten() {
            Some(row) => ended(tx, row),
            None => Ok(()),
        }
    };
    app.store.write(finish).await
}

/// Events that had failed before this was asked are settled by its answer; so are those of a customer that
/// was deleted at Stripe since.
fn settle(tx: &mut WriteTx<'_>, question: &Question) -> Result<()> {
    for mut row in webhook::open(tx)? {
        let theirs = row.user == Some(question.user);
        let former = row.customer.as_ref() != Some(&question.customer);
        let before = former || row.asked < question.number;
        if theirs && before && row.state == EventState::Failed {
            metrics::stripe_event(webhook::label(&row.kind), "done");
            row.state = EventState::Done;
            row.error = None;
            webhook::put(tx, &row)?;
        }
    }
    Ok(())
}

/// The customer of a question, unless a newer answer counts already.
fn still_asked(question: &Question, customer: Option<Customer>) -> Option<Customer> {
    customer.filter(|customer| {
        customer.customer == question.customer && customer.applied < question.number
    })
}
