//! What people are told when what they pay for changes.

use jiff::Timestamp;
use storage::WriteTx;
use uuid::Uuid;

use crate::app::App;
use crate::auth::{Actor, Event, What};
use crate::error::Result;

/// What changed, as far as the plan that somebody pays for goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Started {
        plan: String,
    },
    /// To a larger or a smaller plan.
    Moved {
        from: String,
        to: String,
    },
    /// A payment failed; the plan holds until then.
    PaymentFailed {
        plan: String,
        until: Timestamp,
    },
    Ended {
        plan: String,
    },
}

/// Tells of a change in the transaction that makes it.
pub fn tell(app: &App, tx: &mut WriteTx<'_>, user: Uuid, change: &Change) -> Result<()> {
    let words = match change {
        Change::Started { plan } => format!("{plan} began"),
        Change::Moved { from, to } => format!("{from} became {to}"),
        Change::Ended { plan } => format!("{plan} ended"),
        Change::PaymentFailed { .. } => return Ok(()),
    };
    Event::new(app, What::SubscriptionChanged, Actor::Nobody)
        .about(user)
        .detail(words)
        .record(tx)
}
