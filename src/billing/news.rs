//! What people are told when what they pay for changes.

use jiff::Timestamp;
use storage::WriteTx;
use uuid::Uuid;

use crate::app::App;
use crate::auth::{Actor, Event, Mail, MailFacts, MailPurpose, What};
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

/// Tells of a change in the transaction that makes it: the security events, and the person by mail.
pub fn tell(app: &App, tx: &mut WriteTx<'_>, user: Uuid, change: &Change) -> Result<()> {
    let words = match change {
        Change::Started { plan } => Some(format!("{plan} began")),
        Change::Moved { from, to } => Some(format!("{from} became {to}")),
        Change::Ended { plan } => Some(format!("{plan} ended")),
        Change::PaymentFailed { .. } => None,
    };
    if let Some(words) = words {
        let event = Event::new(app, What::SubscriptionChanged, Actor::Nobody);
        event.about(user).detail(words).record(tx)?;
    }
    let (purpose, plan, until) = match change {
        Change::Started { plan } => (MailPurpose::SubscriptionStarted, plan, None),
        Change::PaymentFailed { plan, until } => (MailPurpose::PaymentFailed, plan, Some(*until)),
        Change::Ended { plan } => (MailPurpose::SubscriptionEnded, plan, None),
        // They did it themselves, on a page that showed what it costs.
        Change::Moved { .. } => return Ok(()),
    };
    let plan = plan.clone();
    let mail = Mail::to(user, purpose).telling(MailFacts::Plan { plan, until });
    mail.send(app, tx)?;
    Ok(())
}
