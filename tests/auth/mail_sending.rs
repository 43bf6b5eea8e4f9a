//! That mail arrives, over servers that are slow, busy, strict or gone, and what is kept of the way.

use std::fs;
use std::path::Path;
use std::time::Duration;

use novacore::auth::{LinkPurpose, Mail, MailPurpose};
use novacore::clock::Clock;
use novacore::jobs::State;
use serde_json::json;

use super::mail::{ada, id_of, job, queue, queue_link};
use crate::support::app::TestApp;
use crate::support::clock::soon;
use crate::support::process::Place;
use crate::support::smtp::{Plan, Setup, Smtp};

const USER: &str = "nova";
const RIGHT: &str = "hunter2-swordfish";

async fn news(app: &TestApp) -> uuid::Uuid {
    let admin = id_of(&app.admin().await).await;
    queue(app, Mail::to(admin, MailPurpose::PasswordChanged)).await
}

/// A server with this set-up, and a program that names it by this URL.
async fn with(setup: Setup, scheme: &str, login: &str, host: &str) -> TestApp {
    let smtp = Smtp::with(setup).await;
    let url = smtp.url_as(scheme, login, host);
    TestApp::with_smtp(smtp, |config| config.mail.smtp_url = url).await
}

/// A server that is busy is tried again with growing pauses, and given up after sixteen tries; an
/// administrator can have it tried once more.
#[tokio::test]
async fn tries_grow_rarer_and_end() {
    let app = TestApp::with_mail(|_| {}).await;
    app.run_jobs().await;
    app.smtp().clear();
    app.smtp().plan(vec![Plan::Greylist; 16]);
    let id = news(&app).await;
    let mut pauses = vec![];
    loop {
        app.run_jobs().await;
        let Some(due) = job(&app, id).due_at else {
            break;
        };
        let pause = due.duration_since(app.app.clock.now());
        pauses.push(pause.as_secs());
        app.advance(pause.unsigned_abs());
    }
    assert_eq!(pauses[..5], [30, 60, 120, 240, 480]);
    assert_eq!((pauses.len(), pauses[14]), (15, 21_600));
    let given_up = job(&app, id);
    assert_eq!((given_up.state, given_up.attempts), (State::Failed, 16));
    let reason = given_up.last_error.unwrap();
    assert_eq!(reason, "naming the recipient: 450 4.7.1 come back later");
    assert_eq!(app.smtp().letters().len(), 0);
    let retry = format!("/api/admin/mails/{id}/retry");
    let again = app.admin().await.post(&retry, &json!({})).await;
    assert_eq!(again.status, 202);
    app.run_jobs().await;
    assert_eq!(app.smtp().letters().len(), 1);
    app.finish().await;
}

/// An address that the server knows not to exist is not tried again; the reason names no address, no
/// link and nothing of our login, whatever the server repeats.
#[tokio::test]
async fn refusals_are_final_and_keep_nothing() {
    let setup = Setup {
        login: Some((USER, RIGHT)),
        ..Setup::default()
    };
    let app = with(setup, "smtp", &format!("{USER}:{RIGHT}"), "127.0.0.1").await;
    ada(&app).await;
    app.smtp().plan([
        Plan::AtRecipient("550 5.1.1 <{to}> unknown; bm92YQ== hunter2-swordfish said so"),
        Plan::ToTheMail("554 5.7.1 spam: {link} found"),
    ]);
    for expected in [
        "naming the recipient: 550 5.1.1 … unknown; … … said so",
        "handing the mail over: 554 5.7.1 spam: … found",
    ] {
        let id = queue_link(&app, LinkPurpose::ResetPassword).await;
        app.run_jobs().await;
        let refused = job(&app, id);
        assert_eq!((refused.state, refused.attempts), (State::Failed, 1));
        assert_eq!(refused.last_error.unwrap(), expected);
    }
    app.finish().await;
}

/// Both ways to log in work; a wrong password is told as what it is, without it, and once it is set
/// right the mail goes.
#[tokio::test]
async fn logging_in() {
    for old_login in [false, true] {
        let setup = Setup {
            login: Some((USER, RIGHT)),
            old_login,
            ..Setup::default()
        };
        let mut app = with(setup, "smtp", "nova:sesame%2Fopen", "127.0.0.1").await;
        let id = news(&app).await;
        app.run_jobs().await;
        let waiting = job(&app, id);
        assert_eq!(waiting.state, State::Waiting);
        assert_eq!(
            waiting.last_error.unwrap(),
            "the mail server refused user name and password (535)"
        );
        app.end();
        let login = format!("{USER}:{RIGHT}");
        app.config.mail.smtp_url = app.smtp().url_as("smtp", &login, "127.0.0.1");
        app.reopen().await;
        app.advance(Duration::from_mins(1));
        app.run_jobs().await;
        assert!(app.smtp().last().logged_in);
        app.finish().await;
    }
}

/// Encryption is used where it is offered, also with the certificate that nobody signed which mail
/// servers on one's own machine have.
#[tokio::test]
async fn encrypted_where_offered() {
    let starttls = Setup {
        starttls: true,
        ..Setup::default()
    };
    let at_once = Setup {
        tls_from_the_start: true,
        ..Setup::default()
    };
    for (setup, scheme) in [(starttls, "smtp"), (at_once, "smtps")] {
        let app = with(setup, scheme, "", "127.0.0.1").await;
        news(&app).await;
        app.run_jobs().await;
        assert!(app.smtp().last().encrypted, "{scheme}");
        app.finish().await;
    }
}

/// To a server that is not on this machine nothing is said in the clear, and nothing to one that
/// cannot prove who it is: no password, no address.
#[tokio::test]
async fn nothing_goes_in_the_clear() {
    for (starttls, says) in [(false, "offers no STARTTLS"), (true, "STARTTLS: ")] {
        let setup = Setup {
            starttls,
            login: Some((USER, RIGHT)),
            ..Setup::default()
        };
        // An address that leads here and is none of this machine's own.
        let app = with(setup, "smtp", &format!("{USER}:{RIGHT}"), "0.0.0.0").await;
        let id = news(&app).await;
        app.run_jobs().await;
        let waiting = job(&app, id);
        let reason = waiting.last_error.unwrap();
        assert!(reason.contains(says), "{reason}");
        assert_eq!(waiting.state, State::Waiting);
        let heard = app.smtp().heard();
        assert!(heard.contains("EHLO"), "{heard}");
        assert!(
            !heard.contains("AUTH") && !heard.contains("MAIL"),
            "{heard}"
        );
        let program = app.app.clone();
        let remove = move |tx: &mut storage::WriteTx<'_>| {
            let job = program.jobs.get(tx, id)?.unwrap();
            program.jobs.remove(tx, &job)
        };
        app.app.store.write(remove).await.unwrap();
        app.finish().await;
    }
}

/// A connection that breaks in the middle of a mail costs nothing: it goes whole with the next one.
#[tokio::test]
async fn a_broken_connection() {
    let app = TestApp::with_mail(|_| {}).await;
    app.run_jobs().await;
    app.smtp().clear();
    app.smtp().plan([Plan::Drop]);
    let id = news(&app).await;
    app.run_jobs().await;
    assert_eq!(job(&app, id).state, State::Waiting);
    app.advance(Duration::from_secs(30));
    app.run_jobs().await;
    assert_eq!(app.smtp().letters().len(), 1);
    assert_eq!(job(&app, id).state, State::Done);
    app.finish().await;
}

/// A server that accepts connections and says nothing takes two places and thirty seconds; other work
/// and all requests go on, and when it is well again every mail goes.
#[tokio::test]
async fn a_hanging_server_stops_nothing_else() {
    let app = TestApp::with_mail(|_| {}).await;
    app.run_jobs().await;
    app.smtp().clear();
    let before = app.smtp().connected();
    app.smtp().plan(vec![Plan::Hang; 2]);
    for _ in 0..5 {
        news(&app).await;
    }
    app.smtp().connections(before + 2).await;
    let program = app.app.clone();
    let other = move |tx: &mut storage::WriteTx<'_>| program.jobs.add(tx, "test.other", &());
    let other = app.app.store.write(other).await.unwrap();
    // Nobody knows how to do it, so it ends as soon as it is begun.
    while job(&app, other).state == State::Waiting {
        tokio::task::yield_now().await;
    }
    assert_eq!(app.smtp().connected(), before + 2);
    assert_eq!(app.admin().await.get("/api/auth/me").await.status, 200);
    app.advance(Duration::from_secs(30));
    app.run_jobs().await;
    assert_eq!(app.smtp().letters().len(), 3);
    app.advance(Duration::from_secs(31));
    app.run_jobs().await;
    assert_eq!(app.smtp().letters().len(), 5);
    app.finish().await;
}

/// A server that hangs does not keep the program from ending.
#[tokio::test]
async fn a_hanging_server_does_not_hold_up_the_end() {
    let app = TestApp::with_mail(|_| {}).await;
    app.run_jobs().await;
    let before = app.smtp().connected();
    app.smtp().plan([Plan::Hang]);
    news(&app).await;
    app.smtp().connections(before + 1).await;
    let closed = novacore::lifecycle::close(&app.app);
    soon("the end of the program", closed).await.unwrap();
}

/// What was queued is sent although the program died in between; what was taken when it died may come
/// twice, and is then the same mail by its Message-ID.
#[tokio::test]
async fn mail_survives_a_crash() {
    let mut app = TestApp::with_mail(|_| {}).await;
    app.run_jobs().await;
    app.smtp().clear();
    let before = app.smtp().connected();
    app.smtp().plan([Plan::Hang]);
    let first = news(&app).await;
    app.smtp().connections(before + 1).await;
    app.crash_and_reopen().await;
    app.run_jobs().await;
    assert_eq!(app.smtp().letters().len(), 1);
    assert_eq!(job(&app, first).state, State::Done);

    let sent = app.smtp().connected() - before;
    app.smtp().plan([Plan::TakeAndHang]);
    let second = news(&app).await;
    app.smtp().connections(before + sent + 1).await;
    while app.smtp().letters().len() < 2 {
        tokio::task::yield_now().await;
    }
    app.crash_and_reopen().await;
    app.run_jobs().await;
    let letters = app.smtp().letters();
    let names = letters.iter().map(|letter| letter.header("Message-ID"));
    let expected = [first, second, second].map(|id| format!("<{id}@example.org>"));
    assert_eq!(names.collect::<Vec<_>>(), expected);
    app.finish().await;
}

/// A copy of the data sends nothing to anybody, not even a test, until it is adopted; then it sends
/// what it kept.
#[tokio::test]
async fn a_copy_sends_nothing() {
    let mut app = TestApp::with_mail(|_| {}).await;
    app.run_jobs().await;
    app.smtp().plan([Plan::Greylist]);
    let id = news(&app).await;
    app.run_jobs().await;
    app.end();
    let copied = std::process::Command::new("cp")
        .args(["-a", "data", "copy"])
        .current_dir(app.folder())
        .status();
    assert!(copied.unwrap().success());
    app.config.data.dir = app.folder().join("copy");
    app.reopen().await;
    app.smtp().clear();
    let before = app.smtp().connected();
    app.advance(Duration::from_hours(1));
    app.run_jobs().await;
    let admin = app.admin().await;
    let list = admin.get("/api/admin/mails").await.body;
    assert_eq!(
        (&list["configured"], &list["held"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(list["items"][0]["state"], "kept");
    assert_eq!(job(&app, id).state, State::Held);
    let test = json!({"to": "grace@example.org"});
    let refused = admin.post("/api/admin/mails/test", &test).await;
    assert_eq!((refused.status, refused.code()), (503, "mail_unavailable"));
    assert_eq!(app.smtp().connected(), before);

    let adopted = admin.post("/api/admin/storage/adopt", &json!({})).await;
    assert_eq!(adopted.status, 204);
    app.run_jobs().await;
    assert_eq!(app.smtp().letters().len(), 1);
    app.finish().await;
}

/// Mail that was kept while there was no mail server goes as soon as one is configured.
#[tokio::test]
async fn kept_mail_goes_when_there_is_a_server() {
    let smtp = Smtp::start().await;
    let url = smtp.url();
    let mut app = TestApp::with_smtp(smtp, |_| {}).await;
    let id = news(&app).await;
    app.run_jobs().await;
    assert_eq!(job(&app, id).state, State::Held);
    app.end();
    app.config.mail.smtp_url = url;
    app.reopen().await;
    app.run_jobs().await;
    assert_eq!(app.smtp().letters().len(), 1);
    app.finish().await;
}

/// Whether a file below the folder holds these bytes.
fn holds(folder: &Path, wanted: &str) -> bool {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries.into_iter().any(|path| {
        if path.is_dir() {
            return holds(&path, wanted);
        }
        let bytes = fs::read(&path).unwrap_or_default();
        bytes
            .windows(wanted.len())
            .any(|part| part == wanted.as_bytes())
    })
}

/// Neither a link nor its token, nor the mail server's password, is ever stored or logged, however
/// talkative the log; addresses stand in no line of it and in no job.
#[tokio::test]
async fn tokens_are_neither_stored_nor_logged() {
    let setup = Setup {
        login: Some((USER, RIGHT)),
        ..Setup::default()
    };
    let smtp = Smtp::with(setup).await;
    let url = smtp.url_as("smtp", &format!("{USER}:{RIGHT}"), "127.0.0.1");
    let mut app = TestApp::with_smtp(smtp, |_| {}).await;
    // The program below has the machine's clock.
    let now = Clock::system().now();
    app.advance(now.duration_since(app.app.clock.now()).unsigned_abs());
    queue_link(&app, LinkPurpose::VerifyEmail).await;
    queue_link(&app, LinkPurpose::ResetPassword).await;
    app.run_jobs().await;
    app.end();
    let mut place = Place::new();
    place.set("MAIL__SMTP_URL", &url);
    place.set("MAIL__FROM", "Nova <nova@example.org>");
    place.set("LOG__LEVEL", "trace");
    place.set("DATA__DIR", app.config.data.dir.to_str().unwrap());
    app.smtp()
        .plan([Plan::ToTheMail("451 4.7.1 {link} looks odd")]);
    let mut program = place.serve().await;
    app.smtp().taken(1).await;
    program.logged("a job did not succeed").await;
    program.terminate();
    program.ended().await;
    let log = program.log();
    let letters = app.smtp().letters();
    // The one that was sent away is made from the same rows.
    let tokens = letters.iter().map(|letter| {
        let link = letter.link();
        link.split_once("token=").unwrap().1.to_owned()
    });
    assert!(log.contains("looks odd") && holds(app.folder(), "looks odd"));
    assert!(
        holds(app.folder(), "ada@example.org"),
        "the scan finds what is there"
    );
    for secret in tokens.chain([RIGHT.to_owned()]) {
        assert!(!log.contains(&secret), "{secret} in\n{log}");
        assert!(!holds(app.folder(), &secret), "{secret} is stored");
    }
    assert!(
        !log.contains("ada@example.org") && !log.contains("token="),
        "{log}"
    );
}
