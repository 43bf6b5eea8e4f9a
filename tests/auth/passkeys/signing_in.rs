//! Signing in with passkeys, and failing to with what is not quite one.

use std::time::Duration;

use futures_util::future::join_all;
use novacore::config::Verification;
use serde_json::{Value, json};

use super::{
    ORIGIN, PASSKEYS, add, at_home, begin, challenge, enrol, finish, home, is, list, sign_in,
};
use crate::support::app::TestApp;
use crate::support::at_once::at_once;
use crate::support::authenticator::Authenticator;
use crate::support::http::Person;
use crate::support::records::{change, events, told, words};

/// A passkey signs in by itself, as strongly as two factors do, and both are told: the list says when
/// it was used, a mail says that it was added.
#[tokio::test]
async fn a_passkey_signs_in() {
    let app = home().await;
    let ada = app.user("ada").await;
    let mut key = enrol(&ada, 1).await;
    assert_eq!(told(&app, "passkey_added"), 1);
    app.advance(Duration::from_mins(1));
    let signed_in = sign_in(&app, &mut key).await;
    is(&signed_in, 200, "");
    assert_eq!(signed_in.body["user"]["email"], "ada@example.org");
    let again = app.signed_in(&signed_in);
    let sign_in_row = again.get("/api/auth/sessions").await.body["items"][0].clone();
    assert_eq!(sign_in_row["method"], "passkey");
    assert_eq!(sign_in_row["second_factor"], true);
    let there = list(&ada).await;
    let id = there[0]["id"].as_str().unwrap();
    let expected = json!({"id": id, "name": "My phone",
        "created_at": "2026-01-01T00:00:00Z", "last_used_at": "2026-01-01T00:01:00Z"});
    assert_eq!(there, [expected]);
    assert_eq!(again.delete(&format!("{PASSKEYS}/{id}")).await.status, 204);
    assert_eq!(
        words(&app, &ada).await,
        ["signed_in", "passkey_added", "signed_in", "passkey_removed"]
    );
    app.finish().await;
}

/// Where the server wants a second factor of administrators, one who signed in with a passkey has shown
/// enough, and is not told to set up codes; the same person with a password alone is.
#[tokio::test]
async fn a_passkey_is_enough_to_administer() {
    let app = TestApp::with(|config| {
        at_home(config);
        config.auth.second_factor_for_administrators = true;
    })
    .await;
    let admin = app.admin().await;
    let mut key = enrol(&admin, 1).await;
    let signed_in = sign_in(&app, &mut key).await;
    assert_eq!(signed_in.body["user"]["second_factor_required"], false);
    let by_passkey = app.signed_in(&signed_in);
    for (person, wanting, code) in [
        (admin, true, "second_factor_required"),
        (by_passkey, false, ""),
    ] {
        let me = person.get("/api/auth/me").await.body;
        assert_eq!(me["second_factor_required"], wanting);
        assert_eq!(person.get("/api/admin/users").await.code(), code);
    }
    app.finish().await;
}

/// The same for signing in, and whatever is wrong, the answer is one and the same.
#[tokio::test]
async fn an_answer_must_fit_its_challenge() {
    let app = home().await;
    let ada = app.user("ada").await;
    let key = enrol(&ada, 1).await;
    let changed = |change: fn(&mut Authenticator)| {
        let mut key = key.clone();
        change(&mut key);
        key
    };
    let others = [
        changed(|key| key.origin = "https://nova.example.com".into()),
        changed(|key| key.origin = "http://nova.example.org".into()),
        changed(|key| key.verifies = false),
        changed(|key| key.user = vec![0; 16]),
        changed(|key| key.user = vec![]),
        changed(|key| key.id = vec![7; 32]),
        // Another key under the same id.
        Authenticator {
            id: key.id.clone(),
            user: key.user.clone(),
            ..Authenticator::new(9, ORIGIN)
        },
    ];
    let mut said = Vec::new();
    for mut other in others {
        said.push(sign_in(&app, &mut other).await);
    }
    let (first, second) = (challenge(&app).await, challenge(&app).await);
    let answer = changed(|_| ()).get(&first["options"]);
    said.push(finish(&app, &second["ceremony"], &answer).await);
    said.push(finish(&app, &second["ceremony"], &answer).await);
    said.push(
        finish(
            &app,
            &json!("019b76da-a800-4000-8000-000000000000"),
            &answer,
        )
        .await,
    );
    app.advance(Duration::from_mins(5));
    said.push(finish(&app, &first["ceremony"], &answer).await);
    let begun = challenge(&app).await;
    said.push(finish(&app, &begun["ceremony"], &json!("nonsense")).await);
    for answer in said {
        is(&answer, 401, "passkey_invalid");
    }

    let begun = challenge(&app).await;
    let answer = changed(|_| ()).get(&begun["options"]);
    is(&finish(&app, &begun["ceremony"], &answer).await, 200, "");
    is(
        &finish(&app, &begun["ceremony"], &answer).await,
        401,
        "passkey_invalid",
    );
    app.finish().await;
}

/// Nobody gets into another's account with a passkey of their own, nor with one that was removed.
#[tokio::test]
async fn a_passkey_opens_its_owners_account_alone() {
    let app = home().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let (adas, mut bobs) = (enrol(&ada, 1).await, enrol(&bob, 2).await);
    bobs.user.clone_from(&adas.user);
    is(&sign_in(&app, &mut bobs).await, 401, "passkey_invalid");

    // bob adds one with the id of ada's, which he has seen: it opens his account, not hers.
    let mut copied = Authenticator {
        id: adas.id.clone(),
        ..Authenticator::new(3, ORIGIN)
    };
    let begun = begin(&bob).await;
    let credential = copied.create(&begun["options"]);
    is(
        &add(&bob, &begun["ceremony"], "Copied", &credential).await,
        201,
        "",
    );
    let his = sign_in(&app, &mut copied).await;
    assert_eq!(his.body["user"]["email"], "bob@example.org");
    copied.user.clone_from(&adas.user);
    is(&sign_in(&app, &mut copied).await, 401, "passkey_invalid");

    let id = list(&ada).await[0]["id"].as_str().unwrap().to_owned();
    let path = format!("{PASSKEYS}/{id}");
    is(&bob.delete(&path).await, 404, "not_found");
    assert_eq!(ada.delete(&path).await.status, 204);
    is(&ada.delete(&path).await, 404, "not_found");
    is(
        &sign_in(&app, &mut adas.clone()).await,
        401,
        "passkey_invalid",
    );
    app.finish().await;
}

/// A counter that goes back is a copy at work: it signs nobody in, and the owner can see it. Keys that
/// are shared between devices do not count, and work.
#[tokio::test]
async fn a_copy_is_noticed() {
    let app = home().await;
    let ada = app.user("ada").await;
    let mut key = enrol(&ada, 1).await;
    let mut copy = key.clone();
    is(&sign_in(&app, &mut key).await, 200, "");
    is(&sign_in(&app, &mut key).await, 200, "");
    is(&sign_in(&app, &mut copy).await, 401, "passkey_invalid");
    let (what, refused, detail) = events(&app, &ada).await.pop().unwrap();
    assert_eq!((what.as_str(), refused), ("sign_in_refused", true));
    assert!(detail.contains("counter went back"), "{detail}");
    is(&sign_in(&app, &mut key).await, 200, "");

    let mut shared = Authenticator {
        counts: false,
        ..Authenticator::new(2, ORIGIN)
    };
    let begun = begin(&ada).await;
    let credential = shared.create(&begun["options"]);
    is(
        &add(&ada, &begun["ceremony"], "Shared", &credential).await,
        201,
        "",
    );
    for _ in 0..2 {
        is(&sign_in(&app, &mut shared.clone()).await, 200, "");
    }
    app.finish().await;
}

/// Of a key and its copy at the same moment at most one gets in.
#[tokio::test]
async fn of_copies_at_once_one_gets_in() {
    let app = TestApp::with(|config| {
        at_home(config);
        config.limits.enabled = false;
    })
    .await;
    let ada = app.user("ada").await;
    let key = enrol(&ada, 1).await;
    let mut answers = Vec::new();
    for _ in 0..20 {
        let begun = challenge(&app).await;
        let answer = key.clone().get(&begun["options"]);
        answers.push((begun["ceremony"].clone(), answer));
    }
    let requests = answers
        .iter()
        .map(|(ceremony, answer)| finish(&app, ceremony, answer));
    let answers = at_once(&app, requests).await;
    let mut said: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    said.sort_unstable();
    assert_eq!((said[0], said[1], said[19]), (200, 401, 401));
    app.finish().await;
}

/// Tries are counted by where they come from.
#[tokio::test]
async fn tries_are_limited() {
    let app = TestApp::with(|config| {
        at_home(config);
        config.limits.sign_ins_per_minute = 3;
    })
    .await;
    app.advance(Duration::from_mins(1));
    let nonsense = json!({"ceremony": "019b76da-a800-4000-8000-000000000000", "credential": {}});
    let nobody = app.nobody();
    for path in ["/api/auth/passkey/begin", "/api/auth/passkey/finish"] {
        let answers = join_all((0..5).map(|_| nobody.post(path, &nonsense))).await;
        let limited = answers
            .iter()
            .filter(|a| a.code() == "rate_limited")
            .count();
        assert_eq!(limited, 2, "{path}");
    }
    app.finish().await;
}

/// Where an address must be verified before signing in, a passkey is no way around it; nor does one
/// open an account that was disabled. It outlives a restart.
#[tokio::test]
async fn a_passkey_is_no_way_around() {
    let mut app = home().await;
    let ada = app.user("ada").await;
    let mut key = enrol(&ada, 1).await;
    app.config.auth.verification = Verification::Login;
    app.crash_and_reopen().await;
    let ada = ada.at(&app.url);
    is(&sign_in(&app, &mut key).await, 200, "");
    change(&app, &ada, |user| user.email_verified_at = None).await;
    is(&sign_in(&app, &mut key).await, 403, "email_unverified");
    change(&app, &ada, |user| user.disabled = true).await;
    is(&sign_in(&app, &mut key).await, 401, "passkey_invalid");
    app.finish().await;
}

/// Whoever asks for very many challenges pushes out their own: the newest twenty of a network are good,
/// somebody elsewhere keeps theirs, and so does whoever is signed in.
#[tokio::test]
async fn challenges_of_one_network_push_out_one_another() {
    let app = TestApp::with(|config| {
        at_home(config);
        config.limits.sign_ins_per_minute = 0;
    })
    .await;
    let ada = app.user("ada").await;
    let mut key = enrol(&ada, 1).await;
    let enrolment = begin(&ada).await;
    let from = async |address: &str| {
        let request = app.nobody().request("POST", "/api/auth/passkey/begin");
        let begun = Person::send(request.header("x-forwarded-for", address)).await;
        is(&begun, 200, "");
        begun.body
    };
    let elsewhere = from("203.0.113.9").await;
    let first = from("2001:db8::1").await;
    let mut last = first.clone();
    for n in 2..=21 {
        last = from(&format!("2001:db8::{n:x}")).await;
    }
    let mut answer = async |begun: &Value| {
        let credential = key.get(&begun["options"]);
        finish(&app, &begun["ceremony"], &credential).await
    };
    is(&answer(&first).await, 401, "passkey_invalid");
    is(&answer(&last).await, 200, "");
    is(&answer(&elsewhere).await, 200, "");
    let credential = Authenticator::new(2, ORIGIN).create(&enrolment["options"]);
    let added = add(&ada, &enrolment["ceremony"], "Another", &credential).await;
    is(&added, 201, "");
    app.finish().await;
}
