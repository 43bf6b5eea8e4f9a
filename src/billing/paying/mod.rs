//! What people do about paying: buy a plan, manage it at Stripe, see how it stands and what was paid.
//!
//! Must stay true: nothing is granted here. A page of Stripe's is where money is given, and what comes of
//! it is heard from Stripe (`sync`) alone; that somebody came back from there means nothing.

mod checkout;
mod invoices;
mod portal;
mod refresh;
mod subscription;

use std::time::Duration;

use axum::http::HeaderMap;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

pub use checkout::{__path_checkout, checkout};
pub use invoices::{__path_invoices, invoices};
pub use portal::{__path_portal, portal};
pub use refresh::{__path_refresh, refresh};
pub use subscription::{__path_subscription, BillingStanding, subscription, view};

use crate::app::App;
use crate::error::{Error, Result};

const HOUR: Duration = Duration::from_hours(1);

/// A page of the payment service's.
#[derive(Serialize, ToSchema)]
pub struct PaymentPage {
    /// Good for this person alone, and for a short while.
    pub url: String,
}

/// What makes a call one act however often it is tried: of the key that the client chose, which is this
/// person's for this thing alone, or a new one.
fn idempotency(app: &App, headers: &HeaderMap, user: Uuid, asks: &str) -> Result<String> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(app.ids.next().to_string());
    };
    if !(1..=255).contains(&value.len()) || value.to_str().is_err() {
        let message = "Idempotency-Key must have 1 to 255 visible characters.";
        return Err(Error::Malformed(message.into()));
    }
    let digest = Sha256::new()
        .chain_update(asks)
        .chain_update([0])
        .chain_update(value)
        .finalize();
    let digest = digest.iter().take(16).map(|byte| format!("{byte:02x}"));
    Ok(format!("{user}-{}", digest.collect::<String>()))
}
