//! Service tokens: good by a receiver outside, and what a forger could try.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde_json::{Value, json};

use super::ada_signs_in;
use super::services::{USAGE, told, usage};
use crate::support::app::TestApp;
use crate::support::http::Person;
use crate::support::programs::{Service, part, service};

/// A receiver outside proves a token with the secret that it was shown, byte for byte; that secret
/// opens nothing here, and a new one is another one.
#[tokio::test]
async fn a_receiver_outside_proves_a_token() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let made = admin
        .post("/api/admin/receivers", &json!({"name": "printer"}))
        .await;
    let (id, first) = (made.str("id"), made.str("secret"));
    assert_eq!(first.len(), 43);
    let office = Service::new(
        &app,
        "office",
        &["printer", "novacore"],
        &["print", "usage:read"],
    )
    .await;
    let proves = |token: &str, secret: &str| {
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_audience(&["printer"]);
        rules.validate_exp = false;
        decode::<Value>(token, &DecodingKey::from_secret(secret.as_bytes()), &rules).ok()
    };
    let token = office.ask(&app, "printer", &["print"]).await.str("token");
    let read = proves(&token, &first).unwrap();
    assert_eq!(read.header.typ.as_deref(), Some("svc+jwt"));
    assert_eq!(read.claims["scope"], "print");
    assert_eq!(
        told(&usage(&app, &token).await),
        (403, "service_token_audience")
    );
    let mut claims = read.claims;
    claims["aud"] = json!("novacore");
    claims["scope"] = json!("usage:read");
    let header = Header {
        typ: Some("svc+jwt".into()),
        ..Header::new(Algorithm::HS256)
    };
    let forged = encode(
        &header,
        &claims,
        &EncodingKey::from_secret(first.as_bytes()),
    )
    .unwrap();
    assert_eq!(
        told(&usage(&app, &forged).await),
        (403, "service_token_invalid")
    );

    let path = format!("/api/admin/receivers/{id}");
    let second = admin
        .post(&format!("{path}/secret"), &json!({}))
        .await
        .str("secret");
    let token = office.ask(&app, "printer", &["print"]).await.str("token");
    assert!(proves(&token, &first).is_none() && proves(&token, &second).is_some());
    assert_eq!(part(&token, 0)["kid"], "2");
    novacore::auth::rotate_keys(&app.app, true).await.unwrap();
    let token = office.ask(&app, "printer", &["print"]).await.str("token");
    assert!(
        proves(&token, &second).is_some(),
        "receivers need not be told of a rotation"
    );
    let admin = app.admin().await;
    assert_eq!(admin.delete(&path).await.status, 204);
    let refused = office.ask(&app, "printer", &["print"]).await;
    assert_eq!(told(&refused), (403, "service_audience"));
    app.finish().await;
}

fn sign(claims: &Value, algorithm: Algorithm, kind: &str, key: &[u8]) -> String {
    let header = Header {
        typ: Some(kind.into()),
        ..Header::new(algorithm)
    };
    encode(&header, claims, &EncodingKey::from_secret(key)).unwrap()
}

/// Only what this installation signed for itself, as a service token, counts as one.
#[tokio::test]
async fn other_tokens_are_no_service_tokens() {
    let app = TestApp::new().await;
    let monitor = service(&app, "monitor", &["usage:read"]).await;
    let token = monitor.token(&app, &["usage:read"]).await;
    let key = app.app.keys.derive("service token");
    let claims = part(&token, 1);
    let usual = |claims: &Value| sign(claims, Algorithm::HS256, "svc+jwt", &key);
    assert_eq!(
        usage(&app, &usual(&claims)).await.status,
        200,
        "this forger knows how"
    );
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        usual(&claims)
    };
    let without = |name: &str| {
        let mut claims = claims.clone();
        claims.as_object_mut().unwrap().remove(name);
        usual(&claims)
    };
    let (access, _) = ada_signs_in(&app).await;
    let access_key = app.app.keys.derive("access token");
    let none = URL_SAFE_NO_PAD.encode(json!({"alg": "none", "typ": "svc+jwt"}).to_string());
    let payload = token.split('.').nth(1).unwrap();
    let nobody = json!("019b76da-a800-7000-8000-000000000000");
    let misused = [
        (
            "another algorithm",
            sign(&claims, Algorithm::HS512, "svc+jwt", &key),
        ),
        ("no algorithm", format!("{none}.{payload}.")),
        (
            "another key",
            sign(&claims, Algorithm::HS256, "svc+jwt", &[7; 32]),
        ),
        (
            "the key of access tokens",
            sign(&claims, Algorithm::HS256, "svc+jwt", &access_key),
        ),
        (
            "an access token's type",
            sign(&claims, Algorithm::HS256, "at+jwt", &key),
        ),
        ("an access token", access.clone()),
        ("the service's secret", monitor.secret.clone()),
        ("another installation", with("iss", nobody.clone())),
        ("another service", with("sub", nobody)),
        ("another secret", with("secret_number", json!(2))),
        ("no end", without("exp")),
        ("no receiver", without("aud")),
        ("no scope", without("scope")),
        ("words", "let me in".into()),
        ("nothing", String::new()),
    ];
    for (what, token) in misused {
        assert_eq!(
            told(&usage(&app, &token).await),
            (403, "service_token_invalid"),
            "{what}"
        );
    }
    app.finish().await;
}

/// A good signature does not make a token for somebody else one for us.
#[tokio::test]
async fn a_token_for_somebody_else_is_told_apart() {
    let app = TestApp::new().await;
    let monitor = service(&app, "monitor", &["usage:read"]).await;
    let token = monitor.token(&app, &["usage:read"]).await;
    let mut claims = part(&token, 1);
    claims["aud"] = json!("elsewhere");
    let header = Header {
        typ: Some("svc+jwt".into()),
        ..Header::new(Algorithm::HS256)
    };
    let key = app.app.keys.derive("service token");
    let elsewhere = encode(&header, &claims, &EncodingKey::from_secret(&key)).unwrap();
    assert_eq!(
        told(&usage(&app, &elsewhere).await),
        (403, "service_token_audience")
    );
    app.finish().await;
}

/// A service token counts in its own header and nowhere else.
#[tokio::test]
async fn a_service_token_has_its_own_header() {
    let app = TestApp::new().await;
    let monitor = service(&app, "monitor", &["usage:read"]).await;
    let token = monitor.token(&app, &["usage:read"]).await;
    let missing = app.nobody().get(USAGE).await;
    assert_eq!(told(&missing), (403, "service_token_missing"));
    let as_person = Person::send(app.nobody().request("GET", USAGE).bearer_auth(&token)).await;
    assert_eq!(told(&as_person), (403, "service_token_missing"));
    app.finish().await;
}
