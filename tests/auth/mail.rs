//! What mail to people says, to whom, and when it is not sent at all.

use std::time::Duration;

use novacore::auth::{
    Actor, Event, LinkPurpose, Mail, MailPurpose, What, issue_link, prepare_link,
};
use novacore::jobs::{Job, State};
use serde_json::json;
use uuid::Uuid;

use super::credentials;
use crate::support::app::{PASSWORD, TestApp};
use crate::support::http::Person;
use crate::support::smtp::{Plan, Smtp};

/// Whose id it is, from their sign-in.
pub async fn id_of(person: &Person) -> Uuid {
    let me = person.get("/api/auth/me").await;
    me.str("id").parse().unwrap()
}

/// Ada's id, after all that her account brings by itself was sent.
pub async fn ada(app: &TestApp) -> Uuid {
    let ada = id_of(&app.user("ada").await).await;
    app.run_jobs().await;
    ada
}

/// Queues a mail as a slice does; returns its id.
pub async fn queue(app: &TestApp, mail: Mail) -> Uuid {
    let program = app.app.clone();
    let queued = move |tx: &mut storage::WriteTx<'_>| mail.send(&program, tx);
    app.app.store.write(queued).await.unwrap()
}

/// Queues a mail with a link for ada; returns the mail's id.
pub async fn queue_link(app: &TestApp, purpose: LinkPurpose) -> Uuid {
    let ada = ada(app).await;
    let link = prepare_link(&app.app, purpose, ada, "ada@example.org");
    let mail = match purpose {
        LinkPurpose::VerifyEmail => MailPurpose::VerifyEmail,
        LinkPurpose::ResetPassword => MailPurpose::ResetPassword,
    };
    let mail = Mail::to(ada, mail).about(link.id);
    let program = app.app.clone();
    let queued = move |tx: &mut storage::WriteTx<'_>| {
        issue_link(tx, &link)?;
        mail.send(&program, tx)
    };
    app.app.store.write(queued).await.unwrap()
}

/// Stores an event and queues the mail that tells of it.
pub async fn queue_event(app: &TestApp, event: Event, purpose: MailPurpose) -> Uuid {
    let mail = Mail::to(event.user.unwrap(), purpose).about(event.id);
    let stored = move |tx: &mut storage::WriteTx<'_>| event.record(tx);
    app.app.store.write(stored).await.unwrap();
    queue(app, mail).await
}

/// A job as it is stored.
pub fn job(app: &TestApp, id: Uuid) -> Job {
    let read = app.app.store.read(|tx| app.app.jobs.get(tx, id));
    read.unwrap().unwrap()
}

/// A mail has a plain and an HTML part, is marked as automatic, comes from the configured sender, is
/// dated by the program's clock, and asks nobody else for anything.
#[tokio::test]
async fn the_form_of_a_mail() {
    let app = TestApp::with_mail(|_| {}).await;
    let id = queue_link(&app, LinkPurpose::ResetPassword).await;
    app.run_jobs().await;
    let letter = app.smtp().last();
    assert_eq!(letter.from, "nova@example.org");
    assert_eq!(letter.to, ["ada@example.org"]);
    for (name, value) in [
        ("From", "Nova <nova@example.org>"),
        ("To", "ada@example.org"),
        ("Date", "Thu, 01 Jan 2026 00:00:00 +0000"),
        ("Auto-Submitted", "auto-generated"),
        ("Message-ID", &format!("<{id}@example.org>")),
        ("MIME-Version", "1.0"),
    ] {
        assert_eq!(letter.header(name), value, "{}", letter.raw);
    }
    let kind = letter.header("Content-Type");
    assert!(kind.starts_with("multipart/alternative"), "{kind}");
    let link = letter.link();
    assert_eq!(letter.html.matches(&format!("href=\"{link}\"")).count(), 2);
    assert!(letter.html.contains(&format!(">{link}</a>")), "as text too");
    assert!(letter.html.contains("prefers-color-scheme: dark"));
    for foreign in ["<img", "<script", "<link", "src=", "url(", "@import"] {
        assert!(!letter.html.contains(foreign), "{foreign}");
    }
    let elsewhere = letter.html.matches("http").count();
    assert_eq!(elsewhere, letter.html.matches(&app.app.base()).count());
    app.finish().await;
}

/// What others typed, such as the name that a browser gives itself, stays text in every part.
#[tokio::test]
async fn what_people_typed_stays_text() {
    let app = TestApp::with_mail(|_| {}).await;
    let ada = ada(&app).await;
    let typed = "\"><script>alert(1)</script><a href='https://evil.example'>";
    let event = Event {
        device: Some(format!("{typed}\r\nBcc: x@evil.example")),
        ..Event::new(&app.app, What::SignedIn, Actor::User(ada))
    };
    queue_event(&app, event, MailPurpose::NewSignIn).await;
    app.run_jobs().await;
    let letter = app.smtp().last();
    assert!(letter.text.contains(typed), "{}", letter.text);
    assert!(!letter.html.contains("<script") && !letter.html.contains("<a href='"));
    assert!(letter.html.contains("&#60;script&#62;"), "{}", letter.html);
    assert!(!letter.text.contains("\nBcc"), "{}", letter.text);
    assert_eq!(letter.to, ["ada@example.org"]);
    app.finish().await;
}

/// Links lead to the address that was configured, whatever a request calls this server.
#[tokio::test]
async fn links_never_come_from_a_request() {
    let app = TestApp::with_mail(|config| {
        config.server.public_url = "https://nova.example.org/".into();
    })
    .await;
    app.user("ada").await;
    let body = credentials("ada@example.org", PASSWORD);
    for _ in 0..2 {
        let request = app.nobody().request("POST", "/api/auth/login").json(&body);
        let request = request
            .header("host", "evil.example")
            .header("x-forwarded-host", "evil.example")
            .header("sec-fetch-site", "same-origin");
        assert_eq!(Person::send(request).await.status, 200);
    }
    app.run_jobs().await;
    let letters = app.smtp().letters();
    let news = letters.iter().find(|l| l.subject.contains("new sign-in"));
    let news = news.expect("a mail about the new sign-in");
    assert_eq!(news.link(), "https://nova.example.org/account");
    queue_link(&app, LinkPurpose::VerifyEmail).await;
    app.run_jobs().await;
    let link = app.smtp().last().link();
    let start = "https://nova.example.org/verify-email?token=";
    assert!(link.starts_with(start), "{link}");
    for letter in app.smtp().letters() {
        assert!(!letter.raw.contains("evil"), "{}", letter.raw);
    }
    app.finish().await;
}

/// A mail that waited is not sent when its link was replaced or ran out, its news are old, or there is
/// nobody any more; the administrator sees that it ran out, and not that it failed.
#[tokio::test]
async fn what_nobody_needs_is_not_sent() {
    let smtp = Smtp::start().await;
    let url = smtp.url();
    let mut app = TestApp::with_smtp(smtp, |_| {}).await;
    let gone = queue(&app, Mail::to(Uuid::nil(), MailPurpose::PasswordChanged)).await;
    let replaced = queue_link(&app, LinkPurpose::ResetPassword).await;
    let late = queue_link(&app, LinkPurpose::ResetPassword).await;
    let verify = queue_link(&app, LinkPurpose::VerifyEmail).await;
    let news = queue(&app, Mail::to(ada(&app).await, MailPurpose::PasskeyAdded)).await;
    app.run_jobs().await;
    // What is kept is looked at every ten minutes.
    app.advance(Duration::from_mins(10));
    app.run_jobs().await;
    let over = |app: &TestApp, id| {
        let job = job(app, id);
        (job.state == State::Failed).then(|| job.last_error.unwrap())
    };
    assert_eq!(
        over(&app, gone).unwrap(),
        "not sent: the account is no more"
    );
    assert!(over(&app, replaced).unwrap().contains("newer link"));
    assert_eq!(over(&app, late), None);

    for (id, after) in [
        (late, Duration::from_hours(1)),
        (verify, Duration::from_hours(23)),
        (news, Duration::from_hours(6 * 24)),
    ] {
        assert_eq!(over(&app, id), None);
        app.advance(after);
        app.run_jobs().await;
        assert!(over(&app, id).is_some(), "{after:?}");
    }
    assert_eq!(over(&app, late).unwrap(), "not sent: its link ran out");
    let list = app.admin().await.get("/api/admin/mails").await.body;
    for item in list["items"].as_array().unwrap() {
        assert_eq!(item["state"], "expired", "{item}");
    }
    app.end();
    app.config.mail.smtp_url = url;
    app.reopen().await;
    app.run_jobs().await;
    assert_eq!(app.smtp().connected(), 0);
    app.finish().await;
}

/// A mail that waits because the server sent it away is looked at again before each try.
#[tokio::test]
async fn a_mail_that_waits_is_looked_at_again() {
    let app = TestApp::with_mail(|_| {}).await;
    ada(&app).await;
    app.smtp().clear();
    app.smtp().plan([Plan::Greylist]);
    let first = queue_link(&app, LinkPurpose::ResetPassword).await;
    app.run_jobs().await;
    assert_eq!(job(&app, first).state, State::Waiting);
    let second = queue_link(&app, LinkPurpose::ResetPassword).await;
    app.run_jobs().await;
    app.advance(Duration::from_mins(1));
    app.run_jobs().await;
    assert_eq!(job(&app, first).state, State::Failed);
    assert_eq!(job(&app, second).state, State::Done);
    assert_eq!(app.smtp().letters().len(), 1);
    let list = app.admin().await.get("/api/admin/mails").await.body;
    assert_eq!(list["items"][0]["state"], json!("sent"));
    app.finish().await;
}
