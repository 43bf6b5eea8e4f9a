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

/// A forger who knows the form of a token, and one way or another the key.
struct Forger {
    claims: Value,
    key: [u8; 32],
}

impl Forger {
    fn sign(&self, algorithm: Algorithm, kind: &str, key: &[u8]) -> String {
        let header = header(algorithm, kind);
        encode(&header, &self.claims, &EncodingKey::from_secret(key)).unwrap()
    }

    fn usual(&self, claims: Value) -> String {
        let forger = Self {
            claims,
            key: self.key,
        };
        forger.sign(Algorithm::HS256, "at+jwt", &self.key)
    }

    fn with(&self, name: &str, value: Value) -> String {
        let mut claims = self.claims.clone();
        claims[name] = value;
        self.usual(claims)
    }

    fn without(&self, name: &str) -> String {
        let mut claims = self.claims.clone();
        claims.as_object_mut().unwrap().remove(name);
        self.usual(claims)
    }
}

/// Only what this installation signed for itself, as an access token, counts.
#[tokio::test]
async fn tokens_for_other_uses_are_refused() {
    let app = TestApp::new().await;
    let (access, _) = ada_signs_in(&app).await;
    let key = app.app.keys.derive("access token");
    let forger = Forger {
        claims: claims(&access),
        key,
    };
    let usual = forger.usual(forger.claims.clone());
    assert_eq!(refusal(&app, &usual).await, "", "this forger knows how");
    let elsewhere = json!("019b76da-a800-7000-8000-000000000000");
    let refresh_key = app.app.keys.derive("refresh token");
    let misused = [
        (
            "another algorithm",
            forger.sign(Algorithm::HS384, "at+jwt", &key),
        ),
        (
            "another key",
            forger.sign(Algorithm::HS256, "at+jwt", &[7; 32]),
        ),
        ("an empty key", forger.sign(Algorithm::HS256, "at+jwt", &[])),
        (
            "the key of refresh tokens",
            forger.sign(Algorithm::HS256, "at+jwt", &refresh_key),
        ),
        (
            "a service token",
            forger.sign(Algorithm::HS256, "svc+jwt", &key),
        ),
        ("just a token", forger.sign(Algorithm::HS256, "JWT", &key)),
        ("another receiver", forger.with("aud", json!("elsewhere"))),
        ("another installation", forger.with("iss", elsewhere)),
        ("no receiver", forger.without("aud")),
        ("no issuer", forger.without("iss")),
        ("no end", forger.without("exp")),
        ("no person", forger.without("sub")),
        ("no sign-in", forger.without("sid")),
    ];
    for (what, token) in misused {
        assert_eq!(refusal(&app, &token).await, "token_invalid", "{what}");
    }
    app.finish().await;
}

/// A token that was changed in any part is none.
#[tokio::test]
async fn changed_tokens_are_refused() {
    let app = TestApp::new().await;
    let (access, _) = ada_signs_in(&app).await;
    let none = json!({"alg": "none", "typ": "at+jwt"}).to_string();
    let none = URL_SAFE_NO_PAD.encode(none);
    let parts: Vec<_> = access.split('.').collect();
    let (head, payload, signature) = (parts[0], parts[1], parts[2]);
    let mut other = claims(&access);
    other["exp"] = json!(4_000_000_000_u64);
    let other = URL_SAFE_NO_PAD.encode(other.to_string());
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let changed = [
        ("no algorithm", format!("{none}.{payload}.")),
        (
            "no algorithm, old signature",
            format!("{none}.{payload}.{signature}"),
        ),
        ("a later end", format!("{head}.{other}.{signature}")),
        (
            "a changed signature",
            format!("{head}.{payload}.{flipped}{}", &signature[1..]),
        ),
        ("no signature", format!("{head}.{payload}.")),
        ("half a token", access[..access.len() / 2].to_owned()),
        ("words", "let me in".into()),
        ("dots", "..".into()),
    ];
    for (what, token) in changed {
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
