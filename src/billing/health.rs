//! How paying does: from what the last call of Stripe came to, and from events that wait or failed.
//! Asks nothing of Stripe.

use jiff::SignedDuration;

use super::webhook::{self, EventState};
use crate::app::App;
use crate::error::Result;

/// An event that waits longer than a few tries take is a sign of trouble.
const LONG: SignedDuration = SignedDuration::from_mins(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    Off,
    Fine,
    /// Stripe did not answer, or refused our key; or events wait or failed.
    Troubled,
}

pub fn health(app: &App) -> Result<How> {
    let Some(stripe) = &app.stripe else {
        return Ok(How::Off);
    };
    let called = stripe
        .last_call()
        .is_some_and(|call| call.trouble.is_some());
    let now = app.clock.now();
    let open = app.store.read(webhook::open)?;
    let stuck = open
        .iter()
        .any(|row| row.state == EventState::Failed || now.duration_since(row.received_at) > LONG);
    Ok(if called || stuck {
        How::Troubled
    } else {
        How::Fine
    })
}
