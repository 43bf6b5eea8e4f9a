//! Random histories of turns that end in every way there is, on programs that crash: afterwards the ledger
//! says what happened, to the token.

use std::time::Duration;

use futures_util::future::join_all;
use novacore::billing::{self, Amounts};
use novacore::config::Distil;
use novacore::error::Error;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use uuid::Uuid;

use super::turns::{How, Turn, script, turns};
use super::{count, id};
use crate::support::app::TestApp;
use crate::support::http::{Events, Person};
use crate::support::people::id_of;
use crate::support::records::change;
use crate::support::script::Gate;
use crate::support::usage::plan;

/// So many programs, each with so many turns of two people.
const HISTORIES: usize = 4;
const TURNS: usize = 300;
/// What the second person may use a day.
const TOKENS: i64 = 900;
const MESSAGES: i64 = 25;

/// A turn whose answer is being written.
struct Running {
    turn: Turn,
    gate: Gate,
    start: Value,
    events: Option<Events>,
}

struct History {
    app: TestApp,
    /// With their last conversation.
    people: [(Person, Uuid, Option<Value>); 2],
    lingering: Vec<Running>,
    asked: usize,
    checked: usize,
    /// What all turns that were looked at cost, of each person.
    sums: [Amounts; 2],
}

/// Every turn that ended costs what the model server reported, our count standing only where it reported
/// nothing or 0; every turn that was cut costs our count of what is stored; what failed before a word costs
/// nothing; nobody is admitted who has nothing left; totals equal rows, and nothing stays reserved.
#[tokio::test]
async fn the_ledger_says_what_happened() {
    let mut runner = TestRunner::deterministic();
    let histories = (0..HISTORIES).map(|_| {
        let turns = prop::collection::vec(turns(), TURNS).new_tree(&mut runner);
        turns.unwrap().current()
    });
    let histories: Vec<_> = histories.collect();
    let checked = join_all(histories.into_iter().map(History::live)).await;
    let checked: usize = checked.into_iter().sum();
    assert!(checked >= 1000, "only {checked} turns");
}

impl History {
    /// Lives through it; how many turns were looked at.
    async fn live(turns: Vec<Turn>) -> usize {
        let app = TestApp::with(|config| {
            plan(config, 0, 0);
            let low = config.plans.named.get_mut("basic").unwrap();
            low.tokens_per_day = u64::try_from(TOKENS).unwrap();
            low.messages_per_day = u64::try_from(MESSAGES).unwrap();
            low.requests_per_minute = 0;
            // What is asked of the model by night would take the answers that are made ready here.
            config.memory.distil = Distil::Off;
        })
        .await;
        let (ada, bob) = (app.user("ada").await, app.user("bob").await);
        change(&app, &bob, |user| user.plan = Some("basic".into())).await;
        let (first, second) = (id_of(&ada).await, id_of(&bob).await);
        let mut history = Self {
            app,
            people: [(ada, first, None), (bob, second, None)],
            lingering: vec![],
            asked: 0,
            checked: 0,
            sums: [Amounts::default(); 2],
        };
        for turn in turns {
            history.step(turn).await;
        }
        history.end().await
    }

    async fn step(&mut self, turn: Turn) {
        if turn.midnight {
            self.let_end().await;
            self.app.advance(Duration::from_hours(24));
            for (at, name) in ["ada", "bob"].into_iter().enumerate() {
                self.people[at].0 = self.app.user(name).await;
            }
        }
        if self.lingering.len() > 3 {
            self.let_end().await;
        }
        let Some(mut running) = self.begin(turn).await else {
            return;
        };
        let how = running.turn.how;
        // One answer at a time in a conversation.
        self.people[usize::from(running.turn.limited)].2 = None;
        match how {
            How::Whole | How::Length | How::Status | How::ErrorLine | How::Cut | How::Broken => {
                running.gate.open();
            }
            How::Stopped(after) | How::Deleted(after) | How::HungUp(after) => {
                self.hear(&mut running, after).await;
            }
            How::Crashed(after) | How::Lingering(after) => {
                self.hear(&mut running, after).await;
                self.lingering.push(running);
                if matches!(how, How::Crashed(_)) {
                    self.crash().await;
                }
                return;
            }
        }
        let person = self.people[usize::from(running.turn.limited)].0.clone();
        let text = |name: &str| running.start[name].as_str().unwrap().to_owned();
        match how {
            How::Stopped(_) => {
                let path = format!("/api/chat/turns/{}/stop", text("turn_id"));
                assert_eq!(person.post(&path, &json!({})).await.status, 204);
            }
            How::Deleted(_) => {
                let path = format!("/api/chat/sessions/{}", text("session_id"));
                assert_eq!(person.delete(&path).await.status, 204);
            }
            How::HungUp(_) => {
                running.events = None;
                running.gate.open();
                let path = format!("/api/chat/turns/{}/events", text("turn_id"));
                running.events = Some(Events::open(person.request("GET", &path)).await);
            }
            _ => {}
        }
        running.events.take().unwrap().rest().await;
        self.check(&running, how).await;
    }

    /// Asks, where there is something left; the refusal is exact.
    async fn begin(&mut self, turn: Turn) -> Option<Running> {
        let (person, user, session) = self.people[usize::from(turn.limited)].clone();
        let mut body = json!({"message": turn.question});
        if let Some(session) = session.filter(|_| turn.goes_on) {
            body["session_id"] = session;
        }
        let today = self.app.today_of(user);
        let left = TOKENS - today.tokens() - count(&turn.question);
        if turn.limited && (left < 1 || today.messages >= MESSAGES) {
            let before = self.totals(user);
            let refused = person.post("/api/chat/stream", &body).await;
            assert_eq!(
                (refused.status, refused.code()),
                (429, "quota_exceeded"),
                "{turn:?}"
            );
            assert_eq!(self.totals(user), before);
            return None;
        }
        let gate = Gate::new();
        self.app.model.answer(script(&turn, &gate));
        let mut events = person.stream(&body).await;
        let start = events.next().await.unwrap().data;
        self.asked += 1;
        self.app.model.received(self.asked).await;
        Some(Running {
            turn,
            gate,
            start,
            events: Some(events),
        })
    }

    /// Lets so many pieces of text through, as far as there are, and the thoughts before them.
    async fn hear(&self, running: &mut Running, pieces: usize) {
        let events = running.events.as_mut().unwrap();
        for _ in 0..running.turn.thoughts.len() + pieces.min(running.turn.pieces.len()) {
            running.gate.release(1);
            // It may have been cut by then.
            let Some(event) = events.next().await else {
                return;
            };
            assert!(
                !["error", "start"].contains(&event.name.as_str()),
                "{event:?}"
            );
            if event.name == "done" || event.name == "quota" {
                return;
            }
        }
    }

    /// All that lingers goes on to its end.
    async fn let_end(&mut self) {
        for mut running in std::mem::take(&mut self.lingering) {
            running.gate.open();
            running.events.take().unwrap().rest().await;
            self.check(&running, How::Whole).await;
        }
    }

    /// The program ends in the middle of all that is being written. What was kept before is known to be
    /// stored: half a second had passed, and one more piece came after it was handed on.
    async fn crash(&mut self) {
        let mut kept = Vec::new();
        self.app.advance(Duration::from_millis(600));
        for running in &mut self.lingering {
            let events = running.events.as_mut().unwrap();
            for _ in 0..2 {
                running.gate.release(1);
                let _ = events.next().await;
            }
        }
        let barrier = self.app.app.store.write(|_| Ok::<_, Error>(()));
        barrier.await.unwrap();
        for running in &self.lingering {
            let session = running.start["session_id"].clone();
            let person = &self.people[usize::from(running.turn.limited)].0;
            kept.push(message(person, &session, &running.start).await.unwrap());
        }
        self.app.crash_and_reopen().await;
        for person in &mut self.people {
            person.0 = person.0.at(&self.app.url);
        }
        for (running, kept) in std::mem::take(&mut self.lingering).into_iter().zip(kept) {
            let before = kept["content"].as_str().unwrap();
            let person = &self.people[usize::from(running.turn.limited)].0;
            let after = message(person, &running.start["session_id"], &running.start).await;
            let after = after.unwrap();
            let stored = after["content"].as_str().unwrap();
            assert!(stored.starts_with(before), "{stored} after {before}");
            let whole = running.turn.pieces.concat();
            assert!(whole.starts_with(stored), "{stored} of {whole}");
            self.check(&running, running.turn.how).await;
        }
    }

    /// Compares what is booked of a turn with what became of it.
    async fn check(&mut self, running: &Running, how: How) {
        let (turn, start) = (&running.turn, &running.start);
        let at = usize::from(turn.limited);
        let (person, user) = (self.people[at].0.clone(), self.people[at].1);
        let message = message(&person, &start["session_id"], start).await;
        let (sums, rows) = self.app.booked(user, id(&start["turn_id"]));
        let sums = Amounts {
            memory_bytes: 0,
            ..sums
        };
        let said = || format!("{turn:?}\n{message:?}\n{sums:?}");
        self.checked += 1;
        self.sums[at] = self.sums[at].plus(sums);
        self.people[at].2 = message.is_some().then(|| start["session_id"].clone());
        let Some(message) = &message else {
            let How::Deleted(after) = how else {
                panic!("{}", said())
            };
            // Nothing of it is stored; what was let through is what was written, unless it was cut before.
            let written = turn.pieces[..after.min(turn.pieces.len())].concat();
            let written = count(&written) + count(&turn.thoughts.concat());
            let cut = turn.limited && sums.llm_tokens_output < written;
            assert!(cut || sums.llm_tokens_output == written, "{}", said());
            return;
        };
        let (content, thinking) = (text(message, "content"), text(message, "thinking"));
        let stored = count(&content) + count(&thinking);
        let own = count(&turn.question);
        let prompt = start["context"]["used"].as_i64().unwrap();
        let ours = amounts(own, stored, prompt - own);
        let reported = by_report(turn, ours);
        let expected = match (
            text(message, "status").as_str(),
            text(message, "finish_reason").as_str(),
        ) {
            ("complete", "stop" | "length") => vec![reported],
            // By the server, or by us in the middle or at the very last piece.
            ("complete", "quota") if content == turn.pieces.concat() => vec![reported, ours],
            ("complete", "quota") | ("stopped", _) => vec![ours],
            ("interrupted" | "failed", _) if stored > 0 => vec![ours],
            ("interrupted" | "failed", _) => vec![Amounts::default()],
            _ => panic!("{}", said()),
        };
        assert!(expected.contains(&sums), "{}\n{expected:?}", said());
        assert!(rows <= 4, "{}", said());
        let told = message["tokens_used"].as_i64();
        assert_eq!(
            told,
            (sums != Amounts::default()).then(|| sums.tokens()),
            "{}",
            said()
        );
        if let How::Stopped(after) = how {
            let let_through = turn.pieces[..after.min(turn.pieces.len())].concat();
            assert!(
                content == let_through || text(message, "finish_reason") == "quota",
                "{}",
                said()
            );
        }
    }

    fn totals(&self, user: Uuid) -> billing::Total {
        let totals = self.app.app.store.read(|tx| billing::all_amounts(tx, user));
        totals.unwrap()
    }

    async fn end(mut self) -> usize {
        self.let_end().await;
        self.app.settle().await;
        let held = self.app.app.store.read(novacore::memory::remembered);
        let held = held.unwrap();
        for at in 0..2 {
            let user = self.people[at].1;
            let there = held.get(&user).map_or(0, |held| held.bytes);
            let expected = Amounts {
                memory_bytes: there,
                ..self.sums[at]
            };
            assert_eq!(
                self.totals(user).amounts,
                expected,
                "nothing twice, nothing else"
            );
        }
        self.app.finish().await;
        self.checked
    }
}

fn amounts(input: i64, output: i64, context: i64) -> Amounts {
    Amounts {
        llm_tokens_input: input,
        llm_tokens_output: output,
        llm_tokens_context: context,
        messages: 1,
        ..Amounts::default()
    }
}

/// What a report says, and our count where it says nothing.
fn by_report(turn: &Turn, ours: Amounts) -> Amounts {
    let (prompt, output) = turn.counts.unwrap_or_default();
    let (prompt, output) = (i64::from(prompt), i64::from(output));
    let mut sums = ours;
    if prompt > 0 {
        sums.llm_tokens_input = ours.llm_tokens_input.min(prompt);
        sums.llm_tokens_context = prompt - sums.llm_tokens_input;
    }
    if output > 0 {
        sums.llm_tokens_output = output;
    }
    sums
}

fn text(message: &Value, name: &str) -> String {
    message[name].as_str().unwrap_or_default().to_owned()
}

/// The answer of a turn, unless its conversation was deleted.
async fn message(person: &Person, session: &Value, start: &Value) -> Option<Value> {
    let path = format!("/api/chat/history/{}", session.as_str().unwrap());
    let history = person.get(&path).await.body;
    let items = history["items"].as_array()?;
    items
        .iter()
        .find(|item| item["id"] == start["message_id"])
        .cloned()
}
