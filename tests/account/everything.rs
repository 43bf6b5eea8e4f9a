//! Somebody with something in every table that holds people's rows, and that an erasure takes all of it.

use std::collections::BTreeSet;

use novacore::billing::Resource;
use novacore::config::Config;
use novacore::schema::TABLES;
use serde::{Deserialize, Serialize};
use serde_json::json;
use storage::{Error, Key, Read as _, Record, Span, Table, WriteTx};
use totp_rs::Totp;
use uuid::Uuid;

use crate::support::app::{PASSWORD, TestApp};
use crate::support::authenticator::passkey;
use crate::support::http::{Answer, Person};
use crate::support::people::{holds, id_of};
use crate::support::programs::api_token;
use crate::support::provider::Provider;
use crate::support::script::{Gate, Script};
use crate::support::stripe::{FakeStripe, PRO};
use crate::support::surfer::Surfer;

pub const RARE: &str = "quokkasanctuary";
const TITLE: &str = "zanzibartitle";
pub const ADDRESS: &str = "bobolink@example.org";
/// Who he is at the other service, and his address there.
const THERE: &str = "kookaburra-there";
const OTHER_ADDRESS: &str = "kookaburra@elsewhere.example";

/// Tables in which no row is anybody's: of the installation, of other programs, and what leads from a hash
/// or a time to what is nobody's either.
const NOBODYS: [&str; 15] = [
    "auth_invitation_hashes",
    "auth_receivers",
    "auth_services",
    "auth_setup",
    "auth_signing_keys",
    "billing_calibration",
    "billing_event_times",
    "billing_events_open",
    "billing_state",
    "jobs_due",
    "memory_counting",
    "memory_distil_outcomes",
    "memory_distil_spent",
    "memory_embedding",
    "ops_backups",
];

pub struct Bob {
    pub person: Person,
    pub id: Uuid,
    /// Of the second factor.
    recovery_code: String,
}

fn done(answer: Answer) -> Answer {
    assert!((200..300).contains(&answer.status), "{answer:?}");
    answer
}

impl Bob {
    pub async fn new(app: &TestApp, provider: &Provider) -> Self {
        let admin = app.admin().await;
        let person = Self::guest(app, &admin).await;
        let id = id_of(&person).await;
        Self::speak(app, &person).await;
        Self::collect(&person).await;
        let path = format!("/api/admin/users/{id}");
        done(admin.patch(&path, &json!({"email_verified": true})).await);
        // A link and mails that wait.
        done(admin.post(&format!("{path}/start-reset"), &json!({})).await);
        let feedback = json!({"text": format!("The {RARE} is not found."), "rating": 2});
        let given = done(person.post("/api/account/feedback", &feedback).await);
        let path = format!("/api/admin/feedback/{}/answer", given.str("id"));
        done(admin.post(&path, &json!({"answer": "Look again."})).await);
        let recovery_code = Self::ways_in(app, &person, provider).await;
        novacore::billing::store_rates(&app.app).await.unwrap();
        Self::tries(app, id).await;
        app.settle().await;
        Self {
            person,
            id,
            recovery_code,
        }
    }

    /// Comes by an invitation to anybody, while another one names his address.
    async fn guest(app: &TestApp, admin: &Person) -> Person {
        let path = "/api/admin/invitations";
        let named = json!({"email": ADDRESS, "note": "the birdwatcher"});
        done(admin.post(path, &named).await);
        let invited = done(admin.post(path, &json!({})).await);
        let link = invited.str("link");
        let token = link.split_once("#invitation=").unwrap().1;
        let body = json!({"email": ADDRESS, "password": PASSWORD, "invitation": token});
        let made = app.nobody().post("/api/auth/register", &body).await;
        app.signed_in(&made)
    }

    async fn speak(app: &TestApp, person: &Person) {
        app.model.answer(Script::says(["Ah."]));
        let said = person.say(&format!("I run the {RARE} on the hill.")).await;
        let session = format!("/api/chat/sessions/{}", said.str("session_id"));
        done(person.patch(&session, &json!({"title": TITLE})).await);
        app.settle().await;
        // What was said is promoted and distilled.
        done(person.post(&format!("{session}/end"), &json!({})).await);
        app.run_jobs().await;
        let fact = json!({"text": format!("You run the {RARE} on the hill."), "turns": [1]});
        let facts = json!({"facts": [fact]}).to_string();
        app.model.answer(Script::says([facts]));
        done(person.post("/api/memory/distil", &json!({})).await);
        app.run_jobs().await;
        // It is recalled, in a conversation that waits to be distilled.
        let said = person.say(&format!("Who runs the {RARE}?")).await;
        let session = format!("/api/chat/sessions/{}", said.str("session_id"));
        done(person.post(&format!("{session}/end"), &json!({})).await);
        app.run_jobs().await;
        let keyed = person
            .request("POST", "/api/chat/message")
            .header("idempotency-key", "a key of bob's own")
            .json(&json!({"message": format!("Where is the {RARE}?")}));
        done(Person::send(keyed).await);
    }

    /// Has stored what a model made of it, and what is so instead.
    async fn collect(person: &Person) {
        let [turn, old, new, unwanted] = [1_u128, 2, 3, 4].map(Uuid::from_u128);
        let lines = [
            json!({"id": turn, "text": format!("The {RARE} has three gates."), "session_key": RARE, "speaker": "Zed"}),
            json!({"id": old, "kind": "fact", "text": "It has two gates.", "evidence": [turn],
                "ended_at": "2026-01-01T00:00:00Z", "superseded_by": new}),
            json!({"id": new, "kind": "fact", "text": "It has three gates.", "evidence": [turn]}),
            json!({"id": unwanted, "kind": "fact", "text": "It has no roof.", "evidence": [turn]}),
        ];
        let lines = lines.map(|line| line.to_string()).join("\n");
        let file = person
            .request("POST", "/api/memory/import")
            .header("content-type", "application/x-ndjson")
            .body(lines);
        assert_eq!(done(Person::send(file).await).body["imported"], 4);
        // What he forgets of it is not to come back.
        let facts = person.get("/api/memory?kind=fact&limit=100").await.body;
        let mut facts = facts["items"].as_array().unwrap().iter();
        let fact = facts
            .find(|fact| fact["text"] == "It has no roof.")
            .unwrap();
        let path = format!("/api/memory/{}", fact["id"].as_str().unwrap());
        done(person.delete(&path).await);
    }

    /// Was told that his trial ends. Trials take a long way to reach, and what stands in the row is not
    /// read here.
    async fn tries(app: &TestApp, id: Uuid) {
        const TOLD: Table<Uuid, RawValue> = Table::new("billing_trials_told");
        // A group that he stored by hand, and that has not ended.
        const OPEN: Table<(Uuid, Uuid), RawValue> = Table::new("memory_open");
        // Nothing is embedded in tests that do not say so.
        const VECTORS: Table<(Uuid, u64, u8), RawValue> = Table::new("memory_vectors");
        const REFUSED: Table<(Uuid, u64), RawValue> = Table::new("memory_refused");
        let told = move |tx: &mut WriteTx<'_>| {
            tx.put(&REFUSED, &(id, 0), &RawValue(Vec::new()))?;
            tx.put(&VECTORS, &(id, 0, 0), &RawValue(Vec::new()))?;
            tx.put(&OPEN, &(id, id), &RawValue(Vec::new()))?;
            tx.put(&TOLD, &id, &RawValue(Vec::new()))
        };
        app.app.store.write(told).await.unwrap();
    }

    /// Everything by which one can sign in; a recovery code.
    async fn ways_in(app: &TestApp, person: &Person, provider: &Provider) -> String {
        passkey(person).await;
        api_token(person, &["chat:read"]).await;
        provider.who(THERE, OTHER_ADDRESS);
        let page = Surfer::new(app).signed_in(person);
        assert_eq!(page.travel(true).await, "/account#linked");
        let path = "/api/auth/second-factor";
        let body = json!({"password": PASSWORD});
        let begun = done(person.post(&format!("{path}/begin"), &body).await);
        let totp = Totp::from_url(begun.str("otpauth_url")).unwrap();
        let now = app.clock.clock().now().as_second();
        let code = totp.generate(u64::try_from(now).unwrap()).to_string();
        let body = json!({"code": code});
        let enabled = done(person.post(&format!("{path}/enable"), &body).await);
        let codes = &enabled.body["recovery_codes"];
        codes[0].as_str().unwrap().to_owned()
    }

    /// Deletes his account.
    pub async fn leave(&self) {
        let body = json!({"password": PASSWORD, "totp": self.recovery_code});
        let gone = self.person.post("/api/account/delete", &body).await;
        assert_eq!((gone.status, gone.str("status")), (202, "erasing".into()));
    }
}

/// The forms in which the person would stand in a file.
pub fn forms(id: Uuid) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("id", id.as_bytes().to_vec()),
        ("id in words", id.to_string().into_bytes()),
        ("id in hex", id.simple().to_string().into_bytes()),
        ("address", ADDRESS.as_bytes().to_vec()),
        ("other service", THERE.as_bytes().to_vec()),
        ("address there", OTHER_ADDRESS.as_bytes().to_vec()),
        ("words", RARE.as_bytes().to_vec()),
        ("title", TITLE.as_bytes().to_vec()),
    ]
}

/// A key as it is stored.
struct RawKey(Vec<u8>);

impl Key for RawKey {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(&self.0);
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, Error> {
        Ok(Self(std::mem::take(bytes).to_vec()))
    }
}

/// A value as it is stored: of a version of its own, so that every one is handed to `upgrade`.
#[derive(Serialize, Deserialize)]
struct RawValue(Vec<u8>);

impl Record for RawValue {
    const VERSION: u8 = u8::MAX;

    fn upgrade(_: u8, body: &[u8]) -> Result<Self, Error> {
        Ok(Self(body.to_vec()))
    }
}

/// The tables in which the person stands, in a key or a value.
fn tables_with(app: &TestApp, id: Uuid) -> BTreeSet<&'static str> {
    let forms = forms(id);
    let named = |bytes: &[u8]| forms.iter().any(|(_, form)| holds(bytes, form));
    let named_in = |name: &&'static str| {
        let table: Table<RawKey, RawValue> = Table::new(name);
        let rows = app
            .app
            .store
            .read(|tx| tx.scan(&table, Span::all(), usize::MAX));
        let rows: Result<_, Error> = rows;
        let mut rows = rows.unwrap().into_iter();
        rows.any(|(RawKey(key), RawValue(value))| named(&key) || named(&value))
    };
    TABLES
        .iter()
        .map(|table| table.name)
        .filter(named_in)
        .collect()
}

/// No table keeps anything of an erased account. Whoever adds a table gives bob a row in it and has it
/// erased, or says above that it is nobody's.
#[tokio::test]
async fn no_table_keeps_an_erased_account() {
    let stripe = FakeStripe::start();
    let configure = |config: &mut Config| {
        stripe.configure(config);
        config.plans.named.get_mut("pro").unwrap().messages_per_day = 10;
    };
    let (app, provider) = TestApp::with_provider(configure).await;
    stripe.tell_time(&app);
    let bob = Bob::new(&app, &provider).await;
    stripe.sells(&app, &bob.person, PRO).await;
    // He was told that most of what he may say today is said.
    app.use_up(&bob.person, Resource::Messages, 4).await;
    assert_eq!(bob.person.say("One more").await.status, 200);
    let gate = Gate::new();
    app.model.answer(Script::says(["One ", "two"]).gated(&gate));
    let mut stream = bob.person.stream(&json!({"message": "Count"})).await;
    gate.release(1);
    stream.until("delta").await;
    let all = TABLES.iter().map(|table| table.name);
    let peoples: BTreeSet<_> = all.filter(|name| !NOBODYS.contains(name)).collect();
    assert_eq!(tables_with(&app, bob.id), peoples);

    bob.leave().await;
    gate.open();
    app.settle().await;
    app.run_jobs().await;
    assert_eq!(tables_with(&app, bob.id), BTreeSet::new());
    app.finish().await;
}
