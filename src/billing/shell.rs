//! What the shell may ask for.

use super::{customers, sync};
use crate::app::App;
use crate::auth;
use crate::error::{Error, Result};

/// Asks Stripe how the account with this address stands, and says it.
pub async fn resync(app: &App, email: &str) -> Result<String> {
    if app.stripe.is_none() {
        return Err(Error::conflict(
            "billing_off",
            "Billing is off (billing.enabled), so there is nothing to ask Stripe about.",
        ));
    }
    let found = app.store.read(|tx| auth::user_by_email(tx, email))?;
    let user = found.ok_or(Error::NotFound { what: "account" })?;
    sync::now(app, user.id).await?;
    let (user, counting) = app.store.read(|tx| {
        let there = auth::user(tx, user.id)?.unwrap_or(user);
        let counting = customers::counting(tx, there.id)?;
        Ok::<_, Error>((there, counting))
    })?;
    let standing = match &user.paid {
        Some(paid) => {
            let until = paid
                .until
                .map_or_else(String::new, |at| format!(" until {at}"));
            format!("pays for {}{until}", paid.plan)
        }
        None => "pays for no plan".into(),
    };
    let at_stripe = counting.map_or_else(
        || "no subscription".into(),
        |(_, row)| {
            let status = row.subscription.status.word().replace('_', " ");
            format!("subscription {} is {status}", row.subscription.id)
        },
    );
    Ok(format!(
        "{} {standing}; at Stripe: {at_stripe}.",
        user.email
    ))
}
