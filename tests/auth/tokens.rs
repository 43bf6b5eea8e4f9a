//! Access tokens: what a forger could try.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::{ada_signs_in, refusal};
use crate::support::app::TestApp;
use crate::support::http::Person;

/// An access token is good for fifteen minutes, and says when it is no longer.
#[tokio::test]
async fn an_access_token_expires() {
    let app = TestApp::new().await;
    let (access, _) = ada_signs_in(&app).await;
    app.advance(Duration::from_secs(15 * 60 - 1));
    assert_eq!(refusal(&app, &access).await, "");
    app.advance(Duration::from_secs(1));
    assert_eq!(refusal(&app, &access).await, "token_expired");
    app.finish().await;
}

/// The claims of a token that was made by the program.
fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

fn header(algorithm: Algorithm, kind: &str) -> Header {
    Header {
        typ: Some(kind.into()),
        ..Header::new(algorithm)
    }
}

/// Only what this installation signed for itself, as an access token, counts; whatever else is in a
/// token does not help.
#[tokio::test]
async fn forged_tokens_are_refused() {
    let app = TestApp::new().await;
    let (access, _) = ada_signs_in(&app).await;
    let good = claims(&access);
    let key = app.app.keys.derive("access token");
    let signed = |algorithm, kind: &str, claims: &Value, key: &[u8]| {
        encode(
            &header(algorithm, kind),
            claims,
            &EncodingKey::from_secret(key),
        )
        .unwrap()
    };
    let usual = |claims: &Value| signed(Algorithm::HS256, "at+jwt", claims, &key);
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        usual(&claims)
    };
    let without = |name: &str| {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(name);
        usual(&claims)
    };
    assert_eq!(
        refusal(&app, &usual(&good)).await,
        "",
        "this forger knows how"
    );

    let none = URL_SAFE_NO_PAD.encode(json!({"alg": "none", "typ": "at+jwt"}).to_string());
    let payload = access.split('.').nth(1).unwrap();
    let signature = access.split('.').nth(2).unwrap();
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let forged = [
        ("no algorithm", format!("{none}.{payload}.")),
        (
            "no algorithm, old signature",
            format!("{none}.{payload}.{signature}"),
        ),
        (
            "another algorithm",
            signed(Algorithm::HS384, "at+jwt", &good, &key),
        ),
        (
            "another key",
            signed(Algorithm::HS256, "at+jwt", &good, &[7; 32]),
        ),
        (
            "an empty key",
            signed(Algorithm::HS256, "at+jwt", &good, &[]),
        ),
        (
            "the key of refresh tokens",
            signed(
                Algorithm::HS256,
                "at+jwt",
                &good,
                &app.app.keys.derive("refresh token"),
            ),
        ),
        (
            "a service token",
            signed(Algorithm::HS256, "svc+jwt", &good, &key),
        ),
        ("just a token", signed(Algorithm::HS256, "JWT", &good, &key)),
        ("another receiver", with("aud", json!("elsewhere"))),
        (
            "another installation",
            with("iss", json!("019b76da-a800-7000-8000-000000000000")),
        ),
        ("no receiver", without("aud")),
        ("no issuer", without("iss")),
        ("no end", without("exp")),
        ("no person", without("sub")),
        ("no sign-in", without("sid")),
        (
            "a changed signature",
            format!(
                "{}{flipped}{}",
                &access[..access.len() - signature.len()],
                &signature[1..]
            ),
        ),
        ("half a token", access[..access.len() / 2].to_owned()),
        ("words", "let me in".into()),
        ("dots", "..".into()),
    ];
    for (what, token) in forged {
        assert_eq!(refusal(&app, &token).await, "token_invalid", "{what}");
    }
    app.finish().await;
}

/// What a token says of its bearer's role is for display: storage decides.
#[tokio::test]
async fn the_role_in_a_token_is_not_believed() {
    let app = TestApp::new().await;
    let (access, _) = ada_signs_in(&app).await;
    let mut claims = claims(&access);
    claims["role"] = json!("admin");
    let key = app.app.keys.derive("access token");
    let header = header(Algorithm::HS256, "at+jwt");
    let token = encode(&header, &claims, &EncodingKey::from_secret(&key)).unwrap();
    let me = app.nobody().with_token(&token).get("/api/auth/me").await;
    assert_eq!((me.status, &me.body["role"]), (200, &json!("user")));

    claims["sub"] = json!(app.admin().await.get("/api/auth/me").await.body["id"]);
    let token = encode(&header, &claims, &EncodingKey::from_secret(&key)).unwrap();
    assert_eq!(
        refusal(&app, &token).await,
        "session_revoked",
        "a sign-in of somebody else"
    );
    app.finish().await;
}

/// A header that carries no bearer token counts as none.
#[tokio::test]
async fn only_a_bearer_token_is_one() {
    let app = TestApp::new().await;
    let (access, _) = ada_signs_in(&app).await;
    let me = async |value: &str| {
        let request = app.nobody().request("GET", "/api/auth/me");
        Person::send(request.header("authorization", value)).await
    };
    for value in ["", "Bearer", &format!("Basic {access}"), &access] {
        let refused = me(value).await;
        assert_eq!(
            (refused.status, refused.code()),
            (401, "token_missing"),
            "{value}"
        );
    }
    assert_eq!(me(&format!("bearer {access}")).await.status, 200);
    assert_eq!(me("Bearer ").await.status, 401);
    let query = app
        .nobody()
        .get(&format!("/api/auth/me?access_token={access}"))
        .await;
    assert_eq!(query.code(), "token_missing", "addresses end up in logs");
    app.finish().await;
}
