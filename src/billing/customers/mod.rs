//! Who is which customer of Stripe's, and the mirror: what Stripe knows of their subscriptions and
//! invoices, as far as it was told last.
//!
//! Must stay true: an account has at most one customer, and a customer at most one account; neither is
//! changed once it is known, except that a customer of test mode gives way to one of live mode, or the
//! other way round, and one that was deleted at Stripe to a new one; the mirror is only ever written by what was heard from Stripe.

mod store;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use storage::{Read, WriteTx};
use uuid::Uuid;

pub use store::{
    CATALOGUE, all_subscriptions, customer, customers, erase, invoices, last_reconcile_at,
    paid_since, put_customer, put_invoices, put_last_reconcile_at, put_subscriptions,
    subscriptions, user_of,
};

pub use crate::outside::{Invoice, Subscription};

use crate::app::App;
use crate::auth;
use crate::error::{Error, Result};
use crate::outside::{Stripe, StripeError};

/// Somebody's customer at Stripe. The numbers count what was asked of Stripe about it: an answer counts
/// when it was asked for after the last one that counted, whatever clocks say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    pub customer: String,
    pub livemode: bool,
    pub since: Timestamp,
    /// How many times Stripe was asked about it.
    pub asked: u64,
    /// The number of the newest question whose answer is in the mirror; 0 for none.
    pub applied: u64,
    /// When the mirror was last written.
    pub updated_at: Option<Timestamp>,
    /// Up to which moment of Stripe's the mirror tells: what an event says that is older is known.
    pub newest: Option<Timestamp>,
    /// The subscription that counts.
    pub counts: Option<String>,
    /// How long the plan holds although a payment failed.
    pub grace_until: Option<Timestamp>,
    /// When they were last led to a page on which something is bought.
    #[serde(default)]
    pub checkout_at: Option<Timestamp>,
}

/// A subscription as Stripe last told it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mirrored {
    pub subscription: Subscription,
    /// When it was first seen with a payment that failed; none while all is well.
    pub past_due_since: Option<Timestamp>,
}

impl Customer {
    pub fn new(customer: String, livemode: bool, since: Timestamp) -> Self {
        Self {
            customer,
            livemode,
            since,
            asked: 0,
            applied: 0,
            updated_at: None,
            newest: None,
            counts: None,
            grace_until: None,
            checkout_at: None,
        }
    }

    /// Whether something may have been bought that no event told of: the page was good for a day.
    pub fn may_have_bought(&self, now: Timestamp) -> bool {
        let later = |at: Timestamp, days: i64| {
            let days = SignedDuration::from_hours(days * 24);
            at.checked_add(days).unwrap_or(Timestamp::MAX)
        };
        self.checkout_at.is_some_and(|at| {
            now < later(at, 30) && self.updated_at.is_none_or(|asked| asked < later(at, 2))
        })
    }
}

/// Passes when there is billing.
///
/// # Errors
/// Not found.
pub fn on(app: &App) -> Result<&Stripe> {
    app.stripe
        .as_ref()
        .ok_or(Error::NotFound { what: "address" })
}

/// Stripe, for something that is to be done now.
///
/// # Errors
/// Not found while billing is off; `data_held`.
pub fn stripe(app: &App) -> Result<&Stripe> {
    let stripe = on(app)?;
    if app.held() {
        return Err(Error::Unavailable {
            code: "data_held",
            message: "This data is a copy, or was restored, so nothing is bought or paid with it until an administrator adopts it (novacore adopt).".into(),
        });
    }
    Ok(stripe)
}

/// What a person is told when Stripe did not do what it was asked.
pub fn failed(error: &StripeError) -> Error {
    tracing::warn!(%error, "a call of Stripe came to nothing");
    Error::Unavailable {
        code: "billing_unavailable",
        message: "The payment service cannot be used just now. Please try again in a few minutes."
            .into(),
    }
}

/// The customer that somebody is, in the mode of our key.
pub fn known(app: &App, tx: &impl Read, user: Uuid) -> Result<Option<Customer>> {
    let livemode = app.stripe.as_ref().map(Stripe::livemode);
    Ok(customer(tx, user)?.filter(|customer| Some(customer.livemode) == livemode))
}

/// The subscription that counts, or the one to tell of where none does.
pub fn counting(tx: &impl Read, user: Uuid) -> Result<Option<(Customer, Mirrored)>> {
    let Some(customer) = customer(tx, user)? else {
        return Ok(None);
    };
    let all = subscriptions(tx, user)?.into_iter();
    let counts = customer.counts.clone();
    let mut all = all.filter(|row| Some(&row.subscription.id) == counts.as_ref());
    Ok(all.next().map(|row| (customer, row)))
}

/// Stores that somebody is this customer, if neither is known as something else. False when they are.
pub fn learn(
    app: &App,
    tx: &mut WriteTx<'_>,
    user: Uuid,
    customer: &str,
    livemode: bool,
) -> Result<bool> {
    if auth::user(tx, user)?.is_none_or(|user| user.erasing) {
        return Ok(false);
    }
    if let Some(owner) = user_of(tx, customer)? {
        return Ok(owner == user);
    }
    if let Some(before) = store::customer(tx, user)? {
        if before.livemode == livemode {
            return Ok(false);
        }
        store::erase(tx, user, usize::MAX)?;
    }
    let row = Customer::new(customer.to_owned(), livemode, app.clock.now());
    put_customer(tx, user, &row)?;
    Ok(true)
}

/// Notes that somebody is led to a page on which something is bought, should no event tell what comes of it.
pub fn leads_to_checkout(app: &App, tx: &mut WriteTx<'_>, user: Uuid) -> Result<()> {
    let Some(mut customer) = known(app, tx, user)? else {
        return Err(Error::session_revoked());
    };
    customer.checkout_at = Some(app.clock.now());
    put_customer(tx, user, &customer)
}

/// Forgets that somebody was a customer who is no more, with the subscriptions that ended with it.
fn forget(tx: &mut WriteTx<'_>, user: Uuid, gone: &str) -> Result<()> {
    let known = store::customer(tx, user)?;
    if known.is_some_and(|known| known.customer == gone) {
        store::erase(tx, user, usize::MAX)?;
    }
    Ok(())
}

/// The customer that somebody is; made at Stripe if need be, and stored before anything is bought.
///
/// # Errors
/// `billing_unavailable`.
pub async fn ensure(app: &App, user: &auth::User) -> Result<Customer> {
    let id = user.id;
    match app.store.read(|tx| known(app, tx, id))? {
        Some(customer) => Ok(customer),
        None => make(app, user, None).await,
    }
}

/// A new customer in the place of one that was deleted at Stripe.
///
/// # Errors
/// `billing_unavailable`.
pub async fn renew(app: &App, user: &auth::User, gone: String) -> Result<Customer> {
    tracing::warn!(user_id = %user.id, customer = gone, "a customer was deleted at Stripe; a new one is made");
    make(app, user, Some(gone)).await
}

async fn make(app: &App, user: &auth::User, gone: Option<String>) -> Result<Customer> {
    let stripe = stripe(app)?;
    let id = user.id;
    // Of the person, the address and whom it replaces: whoever tries twice gets one customer.
    let digest = Sha256::new()
        .chain_update(&user.email)
        .chain_update(gone.as_deref().unwrap_or_default())
        .finalize();
    let mark = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    let key = format!("customer-{id}-{mark:08x}");
    let made = stripe.create_customer(&user.email, id, &key).await;
    let made = made.map_err(|error| failed(&error))?;
    let (inside, livemode) = (app.clone(), stripe.livemode());
    let store = move |tx: &mut WriteTx<'_>| {
        if let Some(gone) = gone {
            forget(tx, id, &gone)?;
        }
        learn(&inside, tx, id, &made, livemode)?;
        // Another one may have been learned meanwhile; that one counts.
        known(&inside, tx, id)
    };
    let known = app.store.write(store).await?;
    known.ok_or_else(Error::session_revoked)
}
