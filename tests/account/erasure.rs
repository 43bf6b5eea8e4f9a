//! Deleting an account: at once nobody is signed in to it, and soon nothing is left of it.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use storage::Writing;

use super::everything::{ADDRESS, Bob, RARE, forms};
use crate::support::app::{PASSWORD, TestApp};
use crate::support::clock::soon;
use crate::support::http::{Answer, Person};
use crate::support::people::{events, files_with, holds, id_of};
use crate::support::script::{Gate, Script};
use crate::support::smtp::Plan;

async fn delete_own(person: &Person, password: &str) -> Answer {
    let body = json!({"password": password});
    person.post("/api/account/delete", &body).await
}

fn newest_snapshot(app: &TestApp) -> PathBuf {
    let dir = app.config.data.dir.join("snapshots");
    let names = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    names.max().unwrap()
}

async fn users(admin: &Person) -> Vec<Value> {
    let list = admin.get("/api/admin/users").await;
    list.body["items"].as_array().unwrap().clone()
}

fn live(app: &TestApp) -> PathBuf {
    app.config.data.dir.join("live")
}

/// What somebody else sees of their own.
async fn belongings(person: &Person) -> Vec<String> {
    let mut all = Vec::new();
    for path in [
        "/api/auth/me",
        "/api/chat/sessions",
        "/api/memory?limit=1000",
        "/api/account/feedback",
    ] {
        all.push(person.get(path).await.text);
    }
    all
}

/// After the erasure the person's id, address and words are in no row, no live file, no new snapshot and
/// not in the search index; a day later they are in no file of the data at all. What others have is
/// untouched, and the address can be registered again.
#[tokio::test]
async fn nothing_is_left_of_an_erased_account() {
    let (app, provider) = TestApp::with_provider(|_| {}).await;
    let admin = app.admin().await;
    let ada = app.user("ada").await;
    ada.say("My sister lives in Lisbon.").await;
    ada.post("/api/account/feedback", &json!({"text": "All well."}))
        .await;
    let bob = Bob::new(&app, &provider).await;
    let id = bob.id;
    let hers = belongings(&ada).await;
    let store = app.app.store.clone();
    tokio::task::spawn_blocking(move || store.snapshot(&mut |_| ()).unwrap())
        .await
        .unwrap();
    let cache = app.config.data.cache_path();
    for (what, form) in forms(id) {
        let there = files_with(&app.config.data.dir, &form);
        // Of the one at the other service a hash is kept.
        let expected = !["id in hex", "other service"].contains(&what);
        assert_eq!(!there.is_empty(), expected, "{what} before: {there:?}");
    }
    app.advance(Duration::from_secs(2));
    soon("the index", async {
        while app.app.text.pending() {
            admin.get("/health").await;
        }
    })
    .await;
    let indexed = || app.app.text.documents().unwrap();
    assert!(indexed().iter().any(|(owner, _)| *owner == id));

    bob.leave().await;
    app.run_jobs().await;

    let kept = files_with(&live(&app), b"ada@example.org");
    assert!(!kept.is_empty(), "the live file is where it is looked for");
    for (what, form) in forms(id) {
        assert_eq!(files_with(&live(&app), &form), [""; 0], "{what}");
        let snapshot = std::fs::read(newest_snapshot(&app)).unwrap();
        assert!(!holds(&snapshot, &form), "{what} in the snapshot");
        assert_eq!(files_with(&cache, &form), [""; 0], "{what} in the index");
    }
    assert!(indexed().iter().all(|(owner, _)| *owner != id));
    assert_eq!(belongings(&ada).await, hers);
    let told = events(&admin, "event=account_deleted").await;
    assert_eq!(told, [("account_deleted".to_owned(), None)]);

    app.advance(Duration::from_hours(25));
    let store = app.app.store.clone();
    tokio::task::spawn_blocking(move || store.maintain().unwrap())
        .await
        .unwrap();
    for (what, form) in forms(id) {
        let left = files_with(&app.config.data.dir, &form);
        assert_eq!(left, [""; 0], "{what} a day later");
    }
    let again = json!({"email": ADDRESS, "password": PASSWORD});
    let again = app.nobody().post("/api/auth/register", &again).await;
    let again = app.signed_in(&again);
    assert_eq!(again.get("/api/memory").await.body["total"], 0);
    app.finish().await;
}

/// Wherever the erasure is cut off, the next start goes on with it to its end.
#[tokio::test]
async fn a_crash_in_the_middle_is_no_end() {
    let (mut before, mut after) = (0, 0);
    for writes in 1..=10 {
        let (mut app, provider) = TestApp::with_provider(|_| {}).await;
        let admin = app.admin().await;
        let id = Bob::new(&app, &provider).await.id;
        app.disk.full_after(writes);
        let path = format!("/api/admin/users/{id}");
        let begun = admin.delete(&path).await.status;
        assert!([202, 503].contains(&begun), "{begun}");
        if begun == 503 {
            continue;
        }
        soon("the disk's refusal, or the end", async {
            let jobs = &app.app.jobs;
            while app.app.store.writing() == Writing::Possible && jobs.open().unwrap() > 0 {
                admin.get("/health").await;
            }
        })
        .await;
        let items = users(&admin).await;
        match items.iter().find(|user| user["email"] == ADDRESS) {
            Some(left) => {
                assert_eq!(left["erasing"], true);
                before += 1;
            }
            None => after += 1,
        }
        app.disk.set_full(false);
        app.crash_and_reopen().await;
        // Where the refusal was stored as a try that failed, the next one comes later.
        app.advance(Duration::from_mins(1));
        app.run_jobs().await;
        for (what, form) in forms(id) {
            let there = files_with(&live(&app), &form);
            assert_eq!(there, [""; 0], "{what} after {writes} writes");
        }
        assert_eq!(users(&app.admin().await).await.len(), 1);
        app.finish().await;
    }
    assert!(before > 0 && after > 0, "{before} before, {after} after");
}

/// From the answer on nobody is signed in, whatever is streaming ends, and the address opens nothing.
#[tokio::test]
async fn a_deleted_account_is_closed_at_once() {
    let app = TestApp::new().await;
    let bob = app.user("bob").await;
    let elsewhere = app.user("bob").await;
    let gate = Gate::new();
    app.model.answer(Script::says(["One ", "two"]).gated(&gate));
    let mut stream = elsewhere.stream(&json!({"message": "Count"})).await;
    gate.release(1);
    stream.until("delta").await;
    let wrong = delete_own(&bob, "not the password").await;
    assert_eq!((wrong.status, wrong.code()), (403, "password_wrong"));
    let none = bob.post("/api/account/delete", &json!({})).await;
    assert_eq!((none.status, none.code()), (422, "password_missing"));
    assert_eq!(delete_own(&bob, PASSWORD).await.status, 202);
    let rest = stream.rest().await;
    assert!(rest.iter().all(|event| event.name != "done"), "{rest:?}");
    for person in [&bob, &elsewhere] {
        assert_eq!(person.get("/api/auth/me").await.code(), "session_revoked");
    }
    let credentials = json!({"email": "bob@example.org", "password": PASSWORD});
    let refused = app.nobody().post("/api/auth/login", &credentials).await;
    assert_eq!(refused.status, 401, "{refused:?}");
    app.settle().await;
    app.run_jobs().await;
    assert_eq!(users(&app.admin().await).await.len(), 1);
    app.finish().await;
}

/// A server always has somebody who can administer: the last one cannot delete themselves, and of two
/// who do so at once one stays.
#[tokio::test]
async fn the_last_administrator_stays() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let refused = delete_own(&admin, PASSWORD).await;
    assert_eq!(
        (refused.status, refused.code()),
        (409, "last_administrator")
    );
    let ada = app.second_admin(&admin, "ada").await;
    let (one, other) = tokio::join!(delete_own(&admin, PASSWORD), delete_own(&ada, PASSWORD));
    let mut both = [one.status, other.status];
    both.sort_unstable();
    assert_eq!(both, [202, 409], "{one:?} {other:?}");
    app.run_jobs().await;
    app.finish().await;
}

/// An administrator deletes somebody else's account, not their own, and no account twice over; what they
/// did to others stays on record when they are gone, without their name.
#[tokio::test]
async fn administrators_delete_others_and_leave_their_deeds_unnamed() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let carol = app.second_admin(&admin, "carol").await;
    let carols = id_of(&carol).await;
    let bob = app.unverified("bob").await;
    let bobs = format!("/api/admin/users/{}", id_of(&bob).await);
    let vouched = carol.patch(&bobs, &json!({"email_verified": true})).await;
    assert_eq!(vouched.status, 200, "{vouched:?}");
    let made = carol
        .post("/api/admin/invitations", &json!({"uses": 3}))
        .await;
    assert_eq!(made.str("created_by"), "carol@example.org");
    let own = format!("/api/admin/users/{carols}");
    let refused = carol.delete(&own).await;
    assert_eq!((refused.status, refused.code()), (409, "yourself"));
    assert_eq!(bob.delete(&own).await.code(), "forbidden");
    assert_eq!(admin.delete(&own).await.status, 202);
    app.run_jobs().await;
    assert_eq!(admin.delete(&own).await.status, 404);
    let list = admin
        .get("/api/admin/audit?event=verified_by_administrator")
        .await;
    let event = &list.body["items"][0];
    assert_eq!(event["email"], "bob@example.org");
    assert_eq!(
        event["actor"],
        json!({"kind": "administrator", "id": null, "name": null})
    );
    let activity = bob.get("/api/auth/activity").await.body;
    assert_eq!(activity["items"][0]["by"], "administrator");
    let invitations = admin.get("/api/admin/invitations").await.body;
    assert_eq!(invitations["items"][0]["created_by"], Value::Null);
    assert_eq!(
        files_with(&live(&app), carols.as_bytes()),
        [""; 0],
        "and her id is nowhere"
    );
    app.finish().await;
}

/// An answer that is being written when the account goes leaves nothing behind, whenever it ends.
#[tokio::test]
async fn a_running_answer_leaves_nothing() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let bob = app.user("bob").await;
    let id = id_of(&bob).await;
    let gate = Gate::new();
    app.model
        .answer(Script::says([RARE, " is far"]).gated(&gate));
    let mut stream = bob.stream(&json!({"message": RARE})).await;
    gate.release(1);
    stream.until("delta").await;
    assert_eq!(delete_own(&bob, PASSWORD).await.status, 202);
    gate.open();
    app.settle().await;
    app.run_jobs().await;
    for needle in [id.as_bytes().as_slice(), RARE.as_bytes()] {
        assert_eq!(files_with(&live(&app), needle), [""; 0]);
    }
    assert_eq!(users(&admin).await.len(), 1);
    app.finish().await;
}

/// Whoever is deleted is told by a last mail, which goes before their address does.
#[tokio::test]
async fn the_last_mail() {
    let app = TestApp::with_mail(|_| {}).await;
    let admin = app.admin().await;
    let bob = app.user("bob").await;
    assert_eq!(delete_own(&bob, PASSWORD).await.status, 202);
    let subjects = async |email| {
        let letters = app.letters_to(email).await.into_iter();
        letters.map(|letter| letter.subject).collect::<Vec<_>>()
    };
    let last = "Your account is being deleted";
    assert_eq!(subjects("bob@example.org").await, [last]);
    let path = format!("/api/admin/users/{}", id_of(&app.user("carol").await).await);
    assert_eq!(admin.delete(&path).await.status, 202);
    assert_eq!(subjects("carol@example.org").await, [last]);
    assert_eq!(users(&admin).await.len(), 1);
    app.finish().await;
}

/// A mail server that refuses, or says nothing, keeps nobody's data: the account goes after one try.
#[tokio::test]
async fn no_mail_server_holds_an_erasure_up() {
    let app = TestApp::with_mail(|_| {}).await;
    let admin = app.admin().await;
    for plan in [Plan::AtRecipient("550 no such"), Plan::Greylist, Plan::Hang] {
        let hangs = matches!(plan, Plan::Hang);
        app.smtp().plan([plan]);
        let bob = app.user("bob").await;
        let before = app.smtp().connected();
        assert_eq!(delete_own(&bob, PASSWORD).await.status, 202);
        app.smtp().connections(before + 1).await;
        if hangs {
            app.advance(Duration::from_secs(30));
        }
        app.run_jobs().await;
        assert_eq!(users(&admin).await.len(), 1);
        assert_eq!(app.smtp().connected(), before + 1, "one try");
    }
    assert_eq!(app.smtp().letters().len(), 0);
    app.finish().await;
}
