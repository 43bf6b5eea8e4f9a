//! What somebody may use, how often and how much, what they used, and what they pay.

mod admin;
mod corrections;
mod ending;
mod everybody;
mod histories;
mod invoices;
mod journey;
mod kept_rates;
mod ledger;
mod mails;
mod memory;
mod networks;
mod paying;
mod plans;
mod quota;
mod rates;
mod reconciling;
mod running;
mod shell;
mod signatures;
mod strays;
mod stripe_client;
mod sync;
mod trial;
mod turns;
mod usage;
mod webhook;

use novacore::billing::Amounts;
use novacore::chat::estimate_tokens;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::app::TestApp;
use crate::support::http::{Event, Events, Person};
use crate::support::people::id_of;
use crate::support::script::Gate;

/// Our count of a text.
fn count(text: &str) -> i64 {
    i64::try_from(estimate_tokens(text)).unwrap()
}

fn id(value: &Value) -> Uuid {
    value.as_str().unwrap().parse().unwrap()
}

/// Asks and follows: the first event, and the rest as it comes.
async fn ask(person: &Person, message: &str) -> (Value, Events) {
    let mut events = person.stream(&json!({"message": message})).await;
    let start = events.next().await.unwrap();
    assert_eq!(start.name, "start");
    (start.data, events)
}

/// The data of the events of this name.
fn named<'a>(events: &'a [Event], name: &str) -> Vec<&'a Value> {
    let named = events.iter().filter(|event| event.name == name);
    named.map(|event| &event.data).collect()
}

async fn newest(person: &Person, session: &Value) -> Value {
    let path = format!("/api/chat/history/{}", session.as_str().unwrap());
    person.get(&path).await.body["items"][0].clone()
}

/// What is booked of the turn that began so.
async fn booked(app: &TestApp, person: &Person, start: &Value) -> Amounts {
    let user = id_of(person).await;
    app.booked(user, id(&start["turn_id"])).0
}

/// Reads so many pieces of text.
async fn hear(gate: &Gate, events: &mut Events, pieces: usize) {
    for _ in 0..pieces {
        gate.release(1);
        events.until("delta").await;
    }
}
