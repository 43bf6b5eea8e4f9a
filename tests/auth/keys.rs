//! Signing keys: rotation, its overlap, and its end.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use novacore::app::{Generation, mac};
use novacore::auth::{self, Actor, What};
use novacore::{lifecycle, schedule};
use serde_json::json;
use storage::{Read as _, Span, Table};
use uuid::Uuid;

use super::{ada_signs_in, login, refresh, refusal};
use crate::support::app::{PASSWORD, TestApp};
use crate::support::clock::soon;
use crate::support::process::Place;
use crate::support::programs::{as_service, events, part, service};
use crate::support::script::{Gate, Script};

const DAY: Duration = Duration::from_hours(24);

async fn rotate(app: &TestApp, at_once: bool) -> u32 {
    auth::rotate_keys(&app.app, at_once).await.unwrap().number
}

/// A refresh token like `token`, signed with the key from before any rotation.
fn with_first_key(app: &TestApp, token: &str) -> String {
    let mut parts = token.split('.');
    let (session, turn) = (parts.next().unwrap(), parts.next().unwrap());
    let id: Uuid = session.parse().unwrap();
    let number: u64 = turn.parse().unwrap();
    let key = app.app.keys.derive("refresh token");
    let proof = mac(&key, &[id.as_bytes(), &number.to_be_bytes()]);
    format!("{session}.{turn}.{}", URL_SAFE_NO_PAD.encode(proof))
}

/// After a rotation nobody has to sign in again: what was given out lives out its time, and a refresh
/// brings tokens of the new generation.
#[tokio::test]
async fn a_rotation_goes_unnoticed() {
    let app = TestApp::new().await;
    let (access, token) = ada_signs_in(&app).await;
    assert_eq!(part(&access, 0)["kid"], "0");
    assert_eq!(with_first_key(&app, &token), token, "this forger knows how");
    app.advance(Duration::from_mins(5));
    assert_eq!(rotate(&app, false).await, 1);
    app.advance(Duration::from_secs(10 * 60 - 1));
    assert_eq!(refusal(&app, &access).await, "");
    app.advance(Duration::from_secs(1));
    assert_eq!(refusal(&app, &access).await, "token_expired");
    app.advance(Duration::from_hours(1));
    assert_eq!(
        refusal(&app, &access).await,
        "token_expired",
        "not a stranger's"
    );
    let refreshed = refresh(&app, &token).await;
    assert_eq!(refreshed.status, 200);
    let (access, token) = (
        refreshed.str("access_token"),
        refreshed.str("refresh_token"),
    );
    assert_eq!(part(&access, 0)["kid"], "1");
    assert_ne!(with_first_key(&app, &token), token);
    assert_eq!(refusal(&app, &access).await, "");
    assert_eq!(refresh(&app, &token).await.status, 200);
    let told = events(&app, What::KeysRotated);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].actor, Actor::Operator);
    app.finish().await;
}

/// A refresh token of an older key is accepted for as long as one lives without use, and then no more,
/// whatever sign-in it speaks of; the same sign-in goes on with the new key.
#[tokio::test]
async fn the_overlap_ends() {
    let app = TestApp::new().await;
    let (_, first) = ada_signs_in(&app).await;
    rotate(&app, false).await;
    app.advance((DAY * 7).saturating_sub(Duration::from_secs(1)));
    let second = refresh(&app, &first).await.str("refresh_token");
    let third = refresh(&app, &with_first_key(&app, &second)).await;
    assert_eq!(third.status, 200, "within the overlap: {third:?}");
    let third = third.str("refresh_token");
    app.advance(Duration::from_secs(1));
    let late = refresh(&app, &with_first_key(&app, &third)).await;
    assert_eq!((late.status, late.code()), (401, "token_invalid"));
    assert_eq!(refresh(&app, &third).await.status, 200);
    app.finish().await;
}

/// What an older key could have signed has run out an access token's life after the rotation: whoever
/// got hold of that key cannot make tokens with a later end.
#[tokio::test]
async fn an_old_key_makes_no_new_tokens() {
    let app = TestApp::new().await;
    let (access, _) = ada_signs_in(&app).await;
    rotate(&app, false).await;
    let mut claims = part(&access, 1);
    claims["exp"] = json!(4_000_000_000_u64);
    let sign = |kid: Option<&str>| {
        let header = Header {
            typ: Some("at+jwt".into()),
            kid: kid.map(str::to_owned),
            ..Header::new(Algorithm::HS256)
        };
        let key = app.app.keys.derive("access token");
        encode(&header, &claims, &EncodingKey::from_secret(&key)).unwrap()
    };
    assert_eq!(refusal(&app, &sign(Some("0"))).await, "", "for now");
    assert_eq!(
        refusal(&app, &sign(None)).await,
        "",
        "as before there were numbers"
    );
    for wrong in ["1", "2", "-1", "", "0 "] {
        assert_eq!(
            refusal(&app, &sign(Some(wrong))).await,
            "token_invalid",
            "{wrong}"
        );
    }
    app.advance(Duration::from_mins(15));
    let ada = login(&app, "ada@example.org", PASSWORD).await;
    assert_eq!(refusal(&app, &ada.str("access_token")).await, "");
    assert_eq!(refusal(&app, &sign(Some("0"))).await, "token_expired");
    assert_eq!(refusal(&app, &sign(None)).await, "token_expired");
    app.finish().await;
}

/// Without an overlap everybody signs in again: every sign-in ends, streams and service tokens too, and
/// nothing that an older key signed counts.
#[tokio::test]
async fn at_once_ends_everything() {
    let app = TestApp::new().await;
    let monitor = service(&app, "monitor", &["usage:read"]).await;
    let (access, token) = ada_signs_in(&app).await;
    let svc = monitor.token(&app, &["usage:read"]).await;
    let gate = Gate::new();
    app.model
        .answer(Script::says(["One ", "two."]).gated(&gate));
    let ada = app.nobody().with_token(&access);
    let mut stream = ada.stream(&json!({"message": "Count"})).await;
    stream.until("start").await;
    let rotated = auth::rotate_keys(&app.app, true).await.unwrap();
    assert!(rotated.ended >= 2, "{rotated:?}");
    let rest = soon("the end of the stream", stream.rest()).await;
    assert!(rest.iter().all(|event| event.name != "done"), "{rest:?}");
    gate.open();
    assert_eq!(refusal(&app, &access).await, "token_invalid");
    let refused = refresh(&app, &token).await;
    assert_eq!((refused.status, refused.code()), (401, "token_invalid"));
    let refused = as_service(&app, "GET", "/api/internal/usage", &svc).await;
    assert_eq!(
        (refused.status, refused.code()),
        (403, "service_token_invalid")
    );
    let svc = monitor.token(&app, &["usage:read"]).await;
    assert_eq!(
        as_service(&app, "GET", "/api/internal/usage", &svc)
            .await
            .status,
        200
    );
    let (access, token) = ada_signs_in(&app).await;
    assert_eq!(part(&access, 0)["kid"], "1");
    let ada = app.nobody().with_token(&access);
    let sign_ins = ada.get("/api/auth/sessions").await.body["items"].clone();
    assert_eq!(sign_ins.as_array().unwrap().len(), 2, "those from just now");
    let old = refresh(&app, &with_first_key(&app, &token)).await;
    assert_eq!(old.code(), "token_invalid");
    app.finish().await;
}

/// A restart loses no generation, before and after the old one is given up, and no number comes twice.
#[tokio::test]
async fn generations_survive_a_restart() {
    let mut app = TestApp::new().await;
    let (before, token) = ada_signs_in(&app).await;
    rotate(&app, false).await;
    let (after, _) = ada_signs_in(&app).await;
    app.crash_and_reopen().await;
    for access in [&before, &after] {
        assert_eq!(refusal(&app, access).await, "");
    }
    assert_eq!(refresh(&app, &token).await.status, 200);
    assert_eq!(rotate(&app, false).await, 2);
    app.advance(DAY * 7);
    schedule::sweep(&app.app).await.unwrap();
    let table: Table<u32, Generation> = Table::new("auth_signing_keys");
    let rows = app.app.store.read(|tx| tx.scan(&table, Span::all(), 9));
    let rows: Result<_, storage::Error> = rows;
    let numbers: Vec<_> = rows
        .unwrap()
        .into_iter()
        .map(|(number, _)| number)
        .collect();
    assert_eq!(numbers, [2], "the sweep removes what is accepted no longer");
    lifecycle::close(&app.app).await.unwrap();
    app.crash_and_reopen().await;
    let (access, _) = ada_signs_in(&app).await;
    assert_eq!(part(&access, 0)["kid"], "2");
    assert_eq!(rotate(&app, true).await, 3);
    app.finish().await;
}

/// The command reaches the running server, and works without one.
#[tokio::test]
async fn the_command_rotates() {
    let place = Place::new();
    let words = [
        "user",
        "create",
        "ada@example.org",
        "--admin",
        "--password-stdin",
    ];
    let made = place.run(&words, &format!("{PASSWORD}\n")).await;
    assert!(made.status.success(), "{made:?}");
    let mut program = place.serve().await;
    let ada = program.sign_in("ada@example.org").await;
    let said = async |words: &[&str]| {
        let done = place.run(words, "").await;
        assert!(done.status.success(), "{done:?}");
        String::from_utf8(done.stdout).unwrap()
    };
    let first = said(&["keys", "rotate"]).await;
    assert!(first.contains("generation 1 now. Nobody"), "{first}");
    assert_eq!(ada.get("/api/auth/me").await.status, 200);
    let second = said(&["keys", "rotate", "--now"]).await;
    assert!(second.contains("(1 sign-ins ended)"), "{second}");
    assert_eq!(ada.get("/api/auth/me").await.code(), "token_invalid");
    program.sign_in("ada@example.org").await;
    program.terminate();
    program.ended().await;
    let third = said(&["keys", "rotate"]).await;
    assert!(third.contains("generation 3"), "{third}");
    let program = place.serve().await;
    let ada = program.sign_in("ada@example.org").await;
    assert_eq!(part(ada.token.as_deref().unwrap(), 0)["kid"], "3");
}
