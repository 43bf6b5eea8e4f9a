//! Administering people: who they are, what they may do, and that it takes effect at once.

use futures_util::future::join_all;
use novacore::ops::{Command, Reply, Steps, UserState};
use serde_json::{Value, json};

use super::login;
use crate::support::app::{PASSWORD, TestApp};
use crate::support::http::{Answer, Person};
use crate::support::people::{events, id_of};
use crate::support::routes;
use crate::support::script::{Gate, Script};

async fn path_of(person: &Person) -> String {
    format!("/api/admin/users/{}", id_of(person).await)
}

fn emails(list: &Answer) -> Vec<&str> {
    let items = list.body["items"].as_array().unwrap().iter();
    items.map(|item| item["email"].as_str().unwrap()).collect()
}

/// The list is searched, filtered and paged, newest first, and says how many there are.
#[tokio::test]
async fn people_are_listed() {
    let app = TestApp::with(|config| config.limits.registrations_per_hour = 100).await;
    let admin = app.admin().await;
    app.user("ada").await;
    let adam = app.unverified("adam").await;
    app.user("bob").await;
    app.unverified("carol").await;
    let path = path_of(&adam).await;
    admin.patch(&path, &json!({"disabled": true})).await;
    let list = admin.get("/api/admin/users?q=ADA").await;
    assert_eq!(emails(&list), ["adam@example.org", "ada@example.org"]);
    assert_eq!(list.body["total"], 2);
    let list = admin.get("/api/admin/users?filter=administrators").await;
    assert_eq!(emails(&list), ["admin@example.org"]);
    let list = admin.get("/api/admin/users?filter=disabled").await;
    assert_eq!(emails(&list), ["adam@example.org"]);
    let list = admin.get("/api/admin/users?filter=unverified").await;
    assert_eq!(emails(&list), ["carol@example.org", "adam@example.org"]);
    assert_eq!(list.body["total"], 2);
    let mut before = String::new();
    let mut seen = Vec::new();
    loop {
        let page = admin
            .get(&format!("/api/admin/users?limit=2{before}"))
            .await;
        assert_eq!(page.body["total"], 5);
        seen.extend(emails(&page).into_iter().map(str::to_owned));
        match page.body["next_before"].as_str() {
            Some(id) => before = format!("&before={id}"),
            None => break,
        }
    }
    let all = ["carol", "bob", "adam", "ada", "admin"].map(|n| format!("{n}@example.org"));
    assert_eq!(seen, all);
    app.finish().await;
}

/// One account is told with its sign-ins, counted and listed, and nothing that opens it.
#[tokio::test]
async fn one_account_is_told() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let ada = app.user("ada").await;
    app.user("ada").await;
    let told = admin.get(&path_of(&ada).await).await;
    assert_eq!(told.body["sign_ins"], 2);
    assert_eq!(told.body["sessions"].as_array().unwrap().len(), 2);
    assert_eq!(told.body["sessions"][0]["method"], "password");
    let expected = json!({"plan": "pro", "role": "user", "disabled": false, "erasing": false,
        "second_factor": false, "passkeys": 0, "tokens": 0, "invitation": null});
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&told.body[key], value, "{key}");
    }
    assert!(!told.text.contains("argon2"), "{}", told.text);
    let nobody = "/api/admin/users/019b76da-a800-7000-8000-000000000000";
    assert_eq!(admin.get(nobody).await.status, 404);
    app.finish().await;
}

/// Disabling ends everything at once: sign-ins, an open stream, the answer that is being written; the
/// right password opens nothing. Enabling lets the person back to what was theirs.
#[tokio::test]
async fn a_disabled_account_is_closed_at_once() {
    let app = TestApp::new().await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    let path = path_of(&ada).await;
    let gate = Gate::new();
    app.model.answer(Script::says(["One ", "two"]).gated(&gate));
    let mut stream = ada.stream(&json!({"message": "Count"})).await;
    gate.release(1);
    stream.until("delta").await;
    let changed = admin.patch(&path, &json!({"disabled": true})).await;
    assert_eq!(
        (changed.status, &changed.body["disabled"]),
        (200, &json!(true))
    );
    assert_eq!(changed.body["sign_ins"], 0);
    let rest = stream.rest().await;
    assert!(rest.iter().all(|event| event.name != "delta"), "{rest:?}");
    app.settle().await;
    assert_eq!(app.app.streams.running(), 0, "the answer was stopped");
    assert_eq!(ada.get("/api/auth/me").await.code(), "session_revoked");
    let refused = login(&app, "ada@example.org", PASSWORD).await;
    assert_eq!(refused.status, 401, "{refused:?}");
    let told = events(&admin, "event=account_disabled").await;
    assert_eq!(told[0].1.as_deref(), Some("ada@example.org"));

    admin.patch(&path, &json!({"disabled": false})).await;
    let ada = app.user("ada").await;
    let kept = ada.get("/api/chat/sessions").await.body;
    assert_eq!(kept["items"].as_array().unwrap().len(), 1);
    assert_eq!(events(&admin, "event=account_enabled").await.len(), 1);
    app.finish().await;
}

/// Ending somebody's sign-ins ends the streams they read; they can sign in again.
#[tokio::test]
async fn ended_sign_ins_end_their_streams() {
    let app = TestApp::new().await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    let gate = Gate::new();
    app.model.answer(Script::says(["One ", "two"]).gated(&gate));
    let mut stream = ada.stream(&json!({"message": "Count"})).await;
    gate.release(1);
    stream.until("delta").await;
    let end = format!("{}/end-sessions", path_of(&ada).await);
    assert_eq!(admin.post(&end, &json!({})).await.status, 204);
    assert_eq!(stream.rest().await, []);
    assert_eq!(ada.get("/api/auth/me").await.code(), "session_revoked");
    gate.open();
    app.settle().await;
    app.user("ada").await;
    let told = admin
        .get("/api/admin/audit?event=sessions_ended")
        .await
        .body;
    assert_eq!(told["items"][0]["email"], "ada@example.org");
    assert_eq!(told["items"][0]["actor"]["name"], "admin@example.org");
    app.finish().await;
}

/// Role, plan and verification change from the next request on, each with its event; what is not known is
/// refused, and nothing of it done.
#[tokio::test]
async fn role_plan_and_verification_change() {
    let app = TestApp::new().await;
    let (admin, ada) = (app.admin().await, app.unverified("ada").await);
    let path = path_of(&ada).await;
    let all = json!({"role": "admin", "plan": "basic", "email_verified": true});
    let changed = admin.patch(&path, &all).await.body;
    let told = ["role", "plan", "email_verified"].map(|key| &changed[key]);
    assert_eq!(told, [&json!("admin"), &json!("basic"), &json!(true)]);
    assert_eq!(ada.get("/api/admin/users").await.status, 200);
    admin.patch(&path, &all).await;
    let about = events(&admin, "user=ada@example.org").await;
    let mut about: Vec<_> = about.into_iter().map(|(event, _)| event).collect();
    about.truncate(3);
    assert_eq!(
        about,
        ["verified_by_administrator", "plan_changed", "role_changed"]
    );
    for body in [
        json!({"plan": "gold", "role": "user"}),
        json!({"email_verified": false, "role": "user"}),
    ] {
        assert_eq!(admin.patch(&path, &body).await.status, 422);
    }
    assert_eq!(
        admin.patch(&path, &json!({"role": "king"})).await.status,
        400
    );
    assert_eq!(ada.get("/api/auth/me").await.body["role"], "admin");
    admin.patch(&path, &json!({"role": "user"})).await;
    assert_eq!(ada.get("/api/admin/users").await.code(), "forbidden");
    app.finish().await;
}

/// Nobody takes the administration from themselves, and two who take it from each other at the same
/// moment leave one.
#[tokio::test]
async fn one_administrator_always_stays() {
    for change in [json!({"disabled": true}), json!({"role": "user"})] {
        let app = TestApp::new().await;
        let admin = app.admin().await;
        let own = path_of(&admin).await;
        let refused = admin.patch(&own, &change).await;
        assert_eq!((refused.status, refused.code()), (409, "yourself"));
        let allowed = json!({"disabled": false, "role": "admin", "plan": "free"});
        assert_eq!(admin.patch(&own, &allowed).await.status, 200);
        let ada = app.second_admin(&admin, "ada").await;
        let (hers, his) = (path_of(&ada).await, own);
        let (one, other) = tokio::join!(admin.patch(&hers, &change), ada.patch(&his, &change));
        let done = [&one, &other].iter().filter(|a| a.status == 200).count();
        assert_eq!(done, 1, "{one:?} {other:?}");
        let left = if one.status == 200 { admin } else { ada };
        let list = left.get("/api/admin/users?filter=administrators").await;
        let open = list.body["items"].as_array().unwrap().iter();
        let open = open.filter(|user| user["disabled"] == false).count();
        assert_eq!(open, 1, "{list:?}");
        app.finish().await;
    }
}

/// A reset is begun, not done: a mail is queued, the password still opens the account; not for a disabled
/// one.
#[tokio::test]
async fn a_reset_is_only_begun() {
    let app = TestApp::new().await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    let path = path_of(&ada).await;
    let begun = admin.post(&format!("{path}/start-reset"), &json!({})).await;
    assert_eq!(begun.status, 202, "{begun:?}");
    let mail = begun.str("mail_id").parse().unwrap();
    let mail = app.app.store.read(|tx| app.app.jobs.get(tx, mail)).unwrap();
    assert!(mail.unwrap().payload.contains("reset_password"));
    assert_eq!(login(&app, "ada@example.org", PASSWORD).await.status, 200);
    let told = ada.get("/api/auth/activity").await.body;
    let asked = told["items"].as_array().unwrap().iter();
    let asked = asked
        .clone()
        .find(|item| item["event"] == "reset_requested");
    assert_eq!(asked.unwrap()["by"], "administrator");
    assert_eq!(asked.unwrap()["address"], Value::Null);
    admin.patch(&path, &json!({"disabled": true})).await;
    let refused = admin.post(&format!("{path}/start-reset"), &json!({})).await;
    assert_eq!((refused.status, refused.code()), (409, "account_disabled"));
    app.finish().await;
}

/// What happened is told page by page, to people about their own account alone, to administrators about
/// everybody's; filters leave only what they name.
#[tokio::test]
async fn what_happened_is_told() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let ada = app.user("ada").await;
    app.user("bob").await;
    // With the one above, five.
    for _ in 0..4 {
        assert_eq!(login(&app, "ada@example.org", PASSWORD).await.status, 200);
    }
    let mut before = String::new();
    let mut told = Vec::new();
    loop {
        let page = ada
            .get(&format!("/api/auth/activity?limit=2{before}"))
            .await
            .body;
        told.extend(page["items"].as_array().unwrap().clone());
        match page["next_before"].as_str() {
            Some(id) => before = format!("&before={id}"),
            None => break,
        }
    }
    let signed_in = told.iter().filter(|item| item["event"] == "signed_in");
    assert_eq!(signed_in.clone().count(), 5, "{told:?}");
    for item in signed_in {
        assert_eq!(
            (&item["by"], &item["result"]),
            (&json!("you"), &json!("ok"))
        );
        assert_eq!(item["address"], "127.0.0.1");
    }
    let hers = events(&admin, &format!("user={}", id_of(&ada).await)).await;
    assert_eq!(hers.len(), told.len());
    assert_eq!(
        events(&admin, "user=ada@example.org&event=signed_in")
            .await
            .len(),
        5
    );
    assert_eq!(events(&admin, "user=nobody@example.org").await, []);
    let odd = admin.get("/api/admin/audit?event=nonsense").await;
    assert_eq!(odd.status, 400);
    app.finish().await;
}

/// No administrator's page shows what somebody said or is remembered to have said.
#[tokio::test]
async fn no_administrators_page_shows_words() {
    // With billing on, there are more pages.
    let (app, _stripe) = TestApp::with_stripe(|_| {}).await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    let said = ada.say("The quokkasanctuary is on the hill.").await;
    let session = format!("/api/chat/sessions/{}", said.str("session_id"));
    ada.patch(&session, &json!({"title": "zanzibartitle"}))
        .await;
    app.settle().await;
    let id = id_of(&ada).await.to_string();
    let pages = routes::described().into_iter();
    let pages: Vec<_> = pages
        .filter(|(method, path)| method == "GET" && path.starts_with("/api/admin/"))
        .map(|(_, path)| path.replace("{id}", &id))
        .collect();
    assert!(pages.len() >= 7, "{pages:?}");
    for answer in join_all(pages.iter().map(|path| admin.get(path))).await {
        assert_eq!(answer.status, 200, "{answer:?}");
        for word in ["quokka", "zanzibar", "hill"] {
            assert!(!answer.text.contains(word), "{}", answer.text);
        }
    }
    app.finish().await;
}

/// Somebody who lost the right to administer a moment ago changes nothing any more, and accounts that
/// are being deleted take no change.
#[tokio::test]
async fn changes_need_the_right_and_an_account() {
    let app = TestApp::new().await;
    let (admin, bob) = (app.admin().await, app.user("bob").await);
    let ada = app.second_admin(&admin, "ada").await;
    admin
        .patch(&path_of(&ada).await, &json!({"role": "user"}))
        .await;
    let bobs = path_of(&bob).await;
    let refused = ada.patch(&bobs, &json!({"plan": "free"})).await;
    assert_eq!((refused.status, refused.code()), (403, "forbidden"));
    assert_eq!(admin.delete(&bobs).await.status, 202);
    app.run_jobs().await;
    let gone = admin.patch(&bobs, &json!({"disabled": false})).await;
    assert_eq!(gone.status, 404);
    app.finish().await;
}

/// The shell lists accounts and closes, opens and verifies them, on record as its doing.
#[tokio::test]
async fn the_shell_does_the_same() {
    let app = TestApp::new().await;
    let (admin, ada) = (app.admin().await, app.unverified("ada").await);
    let run = async |command: Command| command.run(&app.app, &Steps::default()).await;
    let set = |to| Command::SetUser {
        email: "ADA@example.org".into(),
        to,
    };
    let Reply::Done(list) = run(Command::ListUsers).await else {
        panic!("no list");
    };
    let hers = list.lines().find(|line| line.starts_with("ada@")).unwrap();
    assert!(hers.ends_with("unverified"), "{list}");
    for (state, code, filter) in [
        (UserState::Verified, "", "unverified"),
        (UserState::Disabled, "session_revoked", "all"),
        (UserState::Enabled, "session_revoked", "disabled"),
    ] {
        let done = run(set(state)).await;
        assert!(matches!(done, Reply::Done(_)), "{done:?}");
        assert_eq!(ada.get("/api/auth/me").await.code(), code);
        let path = format!("/api/admin/users?filter={filter}&q=ada");
        let found = usize::from(filter == "all");
        assert_eq!(admin.get(&path).await.body["total"], found, "{state:?}");
    }
    let only_one = Command::SetUser {
        email: "admin@example.org".into(),
        to: UserState::Disabled,
    };
    let refused = run(only_one).await;
    assert!(matches!(refused, Reply::Failed { .. }), "{refused:?}");
    let told = admin
        .get("/api/admin/audit?user=ada@example.org")
        .await
        .body;
    assert_eq!(told["items"][0]["actor"]["kind"], "operator");
    app.finish().await;
}
