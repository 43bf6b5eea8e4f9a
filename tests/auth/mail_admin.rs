//! What administrators and the shell see of mail, and that nobody's mail is looked at unseen.

use std::time::Duration;

use novacore::auth::{Actor, Event, LinkPurpose, Mail, MailPurpose, What};
use novacore::clock::Clock;
use serde_json::{Value, json};
use storage::{Read as _, Table};
use uuid::Uuid;

use super::mail::{ada, id_of, queue, queue_link};
use crate::support::app::TestApp;
use crate::support::process::Place;
use crate::support::smtp::{Plan, Smtp};

/// The events of a kind, as they are stored.
fn events(app: &TestApp, what: What) -> Vec<Event> {
    const EVENTS: Table<Uuid, Event> = Table::new("auth_events");
    let all = |tx: &storage::ReadTx| tx.scan(&EVENTS, storage::Span::all(), usize::MAX);
    let all = app.app.store.read(all).unwrap();
    let all = all.into_iter().map(|(_, event)| event);
    all.filter(|event| event.what == what).collect()
}

async fn mails(app: &TestApp) -> Value {
    app.admin().await.get("/api/admin/mails").await.body
}

/// Without a mail server an administrator finds the mail and its link; that they looked is stored.
#[tokio::test]
async fn a_kept_mail_can_be_shown() {
    let app = TestApp::new().await;
    let ada = ada(&app).await;
    let id = queue_link(&app, LinkPurpose::ResetPassword).await;
    app.run_jobs().await;
    let list = mails(&app).await;
    assert_eq!(
        (&list["configured"], &list["held"], &list["from"]),
        (&json!(false), &json!(false), &Value::Null)
    );
    let item = &list["items"][0];
    assert_eq!(
        item,
        &json!({
            "id": id, "purpose": "reset_password", "to": "ada@example.org", "user_id": ada,
            "state": "kept", "attempts": 0,
            "last_error": "no mail server is configured (mail.smtp_url)",
            "created_at": "2026-01-01T00:00:00Z", "next_try_at": null, "sent_at": null,
        })
    );
    let admin = app.admin().await;
    let path = format!("/api/admin/mails/{id}/show");
    let shown = admin.post(&path, &json!({})).await;
    assert_eq!(shown.status, 200, "{shown:?}");
    assert_eq!(shown.str("to"), "ada@example.org");
    assert_eq!(shown.str("subject"), "Set a new password");
    let link = shown.str("link");
    assert!(link.contains("/reset-password#token="), "{link}");
    assert!(shown.str("text").contains(&link));
    let looked = events(&app, What::MailShown);
    assert_eq!(looked.len(), 1);
    assert_eq!(looked[0].user, Some(ada));
    assert_eq!(looked[0].actor, Actor::Administrator(id_of(&admin).await));
    assert_eq!(looked[0].detail.as_deref(), Some("reset_password"));
    assert!(looked[0].address.is_some());
    // There is nothing to tell her with.
    assert_eq!(
        mails(&app).await["items"].as_array().unwrap().len(),
        list["items"].as_array().unwrap().len()
    );
    app.advance(Duration::from_hours(1));
    let over = app.admin().await.post(&path, &json!({})).await;
    assert_eq!((over.status, over.code()), (409, "mail_expired"));
    assert_eq!(events(&app, What::MailShown).len(), 1);
    app.finish().await;
}

/// Whose mail is looked at is told so, by mail; looking at that mail is stored, but tells no more.
#[tokio::test]
async fn the_person_is_told() {
    let app = TestApp::with_mail(|_| {}).await;
    ada(&app).await;
    let id = queue_link(&app, LinkPurpose::VerifyEmail).await;
    app.run_jobs().await;
    app.smtp().clear();
    let admin = app.admin().await;
    let show = async |id: &str| {
        let path = format!("/api/admin/mails/{id}/show");
        assert_eq!(admin.post(&path, &json!({})).await.status, 200);
        app.run_jobs().await;
    };
    show(&id.to_string()).await;
    let told = app.smtp().last();
    assert_eq!(told.to, ["ada@example.org"]);
    assert!(
        told.text.contains("the link that verifies your address"),
        "{}",
        told.text
    );
    assert!(!told.text.contains("token="));
    let newest = mails(&app).await["items"][0].clone();
    assert_eq!(
        (&newest["purpose"], &newest["state"]),
        (&json!("mail_shown"), &json!("sent"))
    );
    assert_eq!(newest["sent_at"], newest["created_at"]);
    show(newest["id"].as_str().unwrap()).await;
    assert_eq!(app.smtp().letters().len(), 1);
    assert_eq!(events(&app, What::MailShown).len(), 2);
    app.finish().await;
}

/// The list goes on where the page before ended, and a mail that is sent is not sent again.
#[tokio::test]
async fn pages_and_states() {
    let app = TestApp::with_mail(|_| {}).await;
    let ada = ada(&app).await;
    app.smtp()
        .plan([Plan::AtRecipient("550 no such"), Plan::Greylist]);
    let mut ids = vec![];
    for _ in 0..3 {
        ids.push(queue(&app, Mail::to(ada, MailPurpose::PasswordChanged)).await);
        app.run_jobs().await;
    }
    let admin = app.admin().await;
    let first = admin.get("/api/admin/mails?limit=2").await.body;
    assert_eq!(first["from"], "Nova <nova@example.org>");
    let next = first["next_before"].as_str().unwrap();
    let path = format!("/api/admin/mails?limit=2&before={next}");
    let second = admin.get(&path).await.body;
    let pages = [&first["items"][0], &first["items"][1], &second["items"][0]];
    let expected = ["sent", "waiting", "failed"];
    for ((item, id), state) in pages.iter().zip(ids.iter().rev()).zip(expected) {
        assert_eq!((&item["id"], &item["state"]), (&json!(id), &json!(state)));
    }
    assert_eq!(pages[1]["next_try_at"], "2026-01-01T00:00:30Z");
    assert_eq!(pages[1]["attempts"], 1);
    let again = format!("/api/admin/mails/{}/retry", ids[2]);
    let refused = admin.post(&again, &json!({})).await;
    assert_eq!((refused.status, refused.code()), (409, "mail_sent"));
    let jobs = admin.get("/api/admin/jobs?limit=2").await.body;
    let states = [&jobs["items"][0]["state"], &jobs["items"][1]["state"]];
    assert_eq!(states, ["done", "waiting"]);
    assert_eq!(jobs["items"][1]["kind"], "auth.mail");
    assert_eq!(jobs["items"][1]["due_at"], "2026-01-01T00:00:30Z");
    let retry = format!("/api/admin/jobs/{}/retry", ids[1]);
    assert_eq!(admin.post(&retry, &json!({})).await.status, 202);
    app.run_jobs().await;
    let refused = admin.post(&retry, &json!({})).await;
    assert_eq!((refused.status, refused.code()), (409, "job_done"));
    let metrics = app.nobody().get("/metrics").await.text;
    for line in [r#"auth_mails_total{result="sent"}"#, "jobs_waiting "] {
        assert!(metrics.contains(line), "{metrics}");
    }
    app.finish().await;
}

/// A test is sent at once, and what is wrong is told with what the server said.
#[tokio::test]
async fn testing_the_server() {
    let app = TestApp::with_mail(|_| {}).await;
    app.run_jobs().await;
    let admin = app.admin().await;
    let test = async |to: &str| {
        admin
            .post("/api/admin/mails/test", &json!({"to": to}))
            .await
    };
    assert_eq!(test("grace@example.org").await.status, 204);
    assert_eq!(app.smtp().last().to, ["grace@example.org"]);
    assert_eq!(test("grace").await.code(), "email_invalid");
    app.smtp()
        .plan([Plan::AtRecipient("550 5.1.1 nobody of that name")]);
    let refused = test("grace@example.org").await;
    assert_eq!((refused.status, refused.code()), (503, "mail_unavailable"));
    assert!(
        refused.str("error").contains("nobody of that name"),
        "{refused:?}"
    );
    for _ in 0..17 {
        test("grace@example.org").await;
    }
    assert_eq!(test("grace@example.org").await.code(), "rate_limited");
    app.finish().await;
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let test = json!({"to": "grace@example.org"});
    let refused = admin.post("/api/admin/mails/test", &test).await;
    assert_eq!(refused.code(), "mail_unavailable");
    assert!(
        refused.str("error").contains("mail.smtp_url"),
        "{refused:?}"
    );
    app.finish().await;
}

/// Whoever has a shell on the server can do the same, with a server running and without one, and is
/// seen doing it.
#[tokio::test]
async fn the_shell_can_do_the_same() {
    let smtp = Smtp::start().await;
    let url = smtp.url();
    let mut app = TestApp::with_smtp(smtp, |_| {}).await;
    let now = Clock::system().now();
    app.advance(now.duration_since(app.app.clock.now()).unsigned_abs());
    let ada = ada(&app).await;
    let id = queue_link(&app, LinkPurpose::VerifyEmail).await.to_string();
    app.run_jobs().await;
    app.end();
    let mut place = Place::new();
    place.set("DATA__DIR", app.config.data.dir.to_str().unwrap());
    let run = async |place: &Place, words: &[&str]| {
        let output = place.run(words, "").await;
        let both = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(both).unwrap())
    };
    let (code, listed) = run(&place, &["mail", "list"]).await;
    assert_eq!(code, Some(0), "{listed}");
    for part in [
        &id,
        "kept",
        "verify_email",
        "ada@example.org",
        "Nothing is sent now",
    ] {
        assert!(listed.contains(part), "no {part} in {listed}");
    }
    let (code, shown) = run(&place, &["mail", "show", &id]).await;
    assert_eq!(code, Some(0), "{shown}");
    assert!(
        shown.contains("To: ada@example.org") && shown.contains("token="),
        "{shown}"
    );
    let (code, refused) = run(&place, &["mail", "test", "grace@example.org"]).await;
    assert_eq!(code, Some(1), "{refused}");
    assert!(refused.contains("mail.smtp_url"), "{refused}");
    let (code, _) = run(&place, &["mail", "show", "not-an-id"]).await;
    assert_eq!(code, Some(2));
    let mut alone = place.serve().await;
    alone.terminate();
    alone.ended().await;
    assert!(alone.log().contains("no mail server is configured"));

    place.set("MAIL__SMTP_URL", &url);
    place.set("MAIL__FROM", "nova@example.org");
    let mut program = place.serve().await;
    app.smtp().taken(1).await;
    let (code, said) = run(&place, &["mail", "test", "grace@example.org"]).await;
    assert_eq!(
        (code, said.contains("queued as 4711")),
        (Some(0), true),
        "{said}"
    );
    let (code, _) = run(&place, &["mail", "show", &id]).await;
    assert_eq!(code, Some(0));
    // The link, the test, and the word that it was shown.
    app.smtp().taken(3).await;
    program.terminate();
    program.ended().await;
    assert!(!program.log().contains("no mail server"));
    app.reopen().await;
    let looked = events(&app, What::MailShown);
    assert_eq!(looked.len(), 2);
    assert!(looked.iter().all(|event| event.actor == Actor::Operator));
    assert!(looked.iter().all(|event| event.user == Some(ada)));
    app.finish().await;
}
