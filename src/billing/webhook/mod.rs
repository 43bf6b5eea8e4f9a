//! What Stripe tells us by itself: signed events, each of which may come twice, late, and in any order.
//!
//! Must stay true: nothing of a body is believed before its signature holds; an event and its effect are
//! stored in one transaction, and only then Stripe is told that it arrived; what an event says is not
//! carried out but makes us ask Stripe how things are (`sync`), so that order and repetition don't matter.

mod event;
mod receive;
mod signature;
mod store;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::WriteTx;
use utoipa::ToSchema;
use uuid::Uuid;

pub use event::label;
pub use receive::{__path_receive, receive};
pub use store::{CATALOGUE, count, get, last_at, list, open, put, sweep as sweep_some, unname};

use super::customers::{self, Subscription};
use super::sync;
use crate::app::App;
use crate::error::{Error, Result};

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventState {
    Waiting,
    Done,
    /// It was tried for days, or there was no sense in trying again.
    Failed,
    /// Of no account here.
    Ignored,
}

/// An event of Stripe's. One that is about nobody here names nobody, neither here nor at Stripe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRow {
    pub id: String,
    pub kind: String,
    pub created: Timestamp,
    pub received_at: Timestamp,
    pub customer: Option<String>,
    pub user: Option<Uuid>,
    pub state: EventState,
    pub tries: u32,
    pub error: Option<String>,
    /// What it said of a subscription, for when Stripe cannot be asked.
    pub seen: Option<Subscription>,
    /// How often Stripe had been asked about the customer when it came.
    pub asked: u64,
}

impl EventRow {
    fn unnamed(self) -> Self {
        let over = matches!(self.state, EventState::Waiting | EventState::Failed);
        Self {
            customer: None,
            user: None,
            seen: None,
            state: if over {
                EventState::Ignored
            } else {
                self.state
            },
            ..self
        }
    }
}

/// Has an event worked off again. False when there is none.
pub fn retry(app: &App, tx: &mut WriteTx<'_>, id: &str) -> Result<bool> {
    let Some(row) = get(tx, id)? else {
        return Ok(false);
    };
    let Some(user) = row.user else {
        return Ok(true);
    };
    let customer = customers::customer(tx, user)?;
    let again = EventRow {
        state: EventState::Waiting,
        error: None,
        // Whatever was asked so far does not do.
        asked: customer.map_or(0, |customer| customer.asked),
        ..row
    };
    put(tx, &again)?;
    sync::queue(app, tx, user, Some(again.id))?;
    Ok(true)
}

/// Forgets events of long ago, in small steps.
pub async fn sweep(app: &App) -> Result<()> {
    const STEP: usize = 1_000;
    let now = app.clock.now();
    loop {
        let removed = app.store.write(move |tx| sweep_some(tx, now, STEP));
        if removed.await? < STEP {
            return Ok::<_, Error>(());
        }
    }
}
