//! One thing of each kind that an id can name, all bob's or about him; and a body for each route.

use std::sync::atomic::{AtomicUsize, Ordering};

use novacore::auth::{Mail, MailPurpose};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use storage::{Record, Table, WriteTx};
use uuid::Uuid;

use super::table::Names;
use crate::support::app::{PASSWORD, TestApp};
use crate::support::authenticator;
use crate::support::http::{Answer, Person};
use crate::support::people::id_of;
use crate::support::programs::api_token;
use crate::support::stripe::{SECRET, post_event, signed};
use crate::support::surfer::Surfer;

pub struct Belongings {
    ids: Vec<(Names, String)>,
}

/// The id of something that the payment service told; with billing off nobody listens.
async fn paid(app: &TestApp) -> String {
    let id = format!("evt_{}", app.app.ids.next().simple());
    let now = app.clock.clock().now().as_second();
    let event = json!({"id": id, "type": "customer.created", "created": now, "livemode": false,
        "data": {"object": {"id": "cus_1", "object": "customer"}}});
    let body = event.to_string();
    let header = signed(&body, SECRET, now);
    let answer = post_event(app, &body, Some(&header)).await;
    assert!([200, 404].contains(&answer.status), "{answer:?}");
    id
}

/// A row of the list of a person's jobs.
#[derive(Serialize, Deserialize)]
struct Begun {
    kind: String,
    session: Uuid,
}

impl Record for Begun {}

/// A job of the person's that is given up: nobody does its kind.
async fn memory_job(app: &TestApp, person: &Person) -> String {
    const JOBS: Table<(Uuid, Uuid), Begun> = Table::new("memory_jobs");
    let (jobs, user) = (app.app.jobs.clone(), id_of(person).await);
    let add = move |tx: &mut WriteTx<'_>| {
        let job = jobs.add(tx, "memory.none", &json!({"user": user}))?;
        let begun = Begun {
            kind: "memory.none".into(),
            session: Uuid::nil(),
        };
        tx.put(&JOBS, &(user, job), &begun)?;
        Ok::<_, novacore::error::Error>(job)
    };
    let job = app.app.store.write(add).await.unwrap();
    app.run_jobs().await;
    job.to_string()
}

fn id(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

impl Belongings {
    /// What is bob's own.
    pub async fn of(app: &TestApp, bob: &Person) -> Self {
        let said = bob.say("My sister lives in Lisbon.").await;
        let conversation = said.str("session_id");
        let history = format!("/api/chat/history/{conversation}");
        let history = bob.get(&history).await.body;
        let question = id(&history["items"][1]["id"]);
        let sign_ins = bob.get("/api/auth/sessions").await.body;
        let end = Surfer::new(app).signed_in(bob).travel(true).await;
        assert_eq!(end, "/account#linked");
        let identities = bob.get("/api/auth/identities").await.body;
        let (token, _) = api_token(bob, &["usage:read"]).await;
        Self {
            ids: vec![
                (Names::SignIn, id(&sign_ins["items"][0]["id"])),
                (Names::Conversation, conversation),
                (Names::Answer, said.str("message_id")),
                (Names::Question, question.clone()),
                (Names::Turn, said.str("turn_id")),
                (Names::Memory, question),
                (Names::MemoryJob, memory_job(app, bob).await),
                (Names::Passkey, authenticator::passkey(bob).await),
                (Names::Identity, id(&identities["items"][0]["id"])),
                (Names::Token, token),
            ],
        }
    }

    /// What administrators see: bob's account and what is about him, and programs.
    pub async fn about(app: &TestApp, admin: &Person, bob: &Person) -> Self {
        let account = bob.get("/api/auth/me").await.str("id");
        let text = json!({"text": "Good"});
        let feedback = bob.post("/api/account/feedback", &text).await;
        let invitation = admin.post("/api/admin/invitations", &json!({})).await;
        let program = json!({"name": format!("a-{}", app.app.ids.next()),
            "audiences": ["novacore"], "scopes": ["usage:read"]});
        let service = admin.post("/api/admin/services", &program).await;
        let receiver = admin.post("/api/admin/receivers", &program).await;
        let mail = Mail::to(account.parse().unwrap(), MailPurpose::PasswordChanged);
        let inside = app.app.clone();
        let mail = app.app.store.write(move |tx| mail.send(&inside, tx)).await;
        app.run_jobs().await;
        Self {
            ids: vec![
                (Names::Account, account),
                (Names::Feedback, feedback.str("id")),
                (Names::Invitation, invitation.str("id")),
                (Names::Program, service.str("id")),
                (Names::Receiver, receiver.str("id")),
                (Names::Mail, mail.unwrap().to_string()),
                (Names::PaymentEvent, paid(app).await),
            ],
        }
    }

    pub fn named(&self, names: Names) -> &str {
        if names == Names::Nothing {
            return "";
        }
        let found = self.ids.iter().find(|(kind, _)| *kind == names);
        &found.unwrap_or_else(|| panic!("no {names:?}")).1
    }
}

/// An id that nobody has.
pub const NOBODYS: &str = "019b76da-a800-7000-8000-000000000000";

/// A request with a body that every route can read.
pub fn request(person: &Person, method: &str, path: &str, id: &str) -> reqwest::RequestBuilder {
    static NAMES: AtomicUsize = AtomicUsize::new(0);
    let name = format!("mine-{}", NAMES.fetch_add(1, Ordering::Relaxed));
    let request = person.request(method, &path.replace("{id}", id));
    let mut body = json!({
        "provider": "off",
        "message": "Hello", "title": "Mine", "query": "anything", "text": "Good", "answer": "Thanks",
        "name": name, "scopes": ["usage:read"],
        "audiences": ["novacore"], "audience": "novacore", "service": "mine",
        "to": "grace@example.org", "totp": "000000", "code": "000000", "token": "none",
        "password": PASSWORD, "current_password": PASSWORD, "new_password": PASSWORD,
        "ceremony": NOBODYS, "credential": {}, "plan": "basic", "period": "monthly",
        "resource": "messages", "amount": 1, "note": "Counted twice",
    });
    if path.starts_with("/api/memory") {
        // Of a time, not of a letter.
        body["to"] = Value::Null;
    }
    if method == "GET" {
        request
    } else {
        request.json(&body)
    }
}

pub async fn ask(person: &Person, method: &str, path: &str, id: &str) -> Answer {
    Person::send(request(person, method, path, id)).await
}
