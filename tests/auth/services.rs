//! Services and receivers: who gets a token, what it opens, and what ends it.

use std::time::Duration;

use novacore::auth::{Actor, What};
use serde_json::json;

use super::refusal;
use crate::support::app::TestApp;
use crate::support::http::{Answer, Person};
use crate::support::programs::{Service, as_service, events, part, service, stands_in_a_file};

pub const USAGE: &str = "/api/internal/usage";

pub fn told(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.code())
}

pub async fn usage(app: &TestApp, token: &str) -> Answer {
    as_service(app, "GET", USAGE, token).await
}

/// A service's secret brings a token of fifteen minutes that opens what its scopes say, and nothing of
/// any person's.
#[tokio::test]
async fn a_secret_brings_a_token() {
    let app = TestApp::new().await;
    let monitor = service(&app, "The monitor", &["usage:read", "metrics:read"]).await;
    assert_eq!(monitor.secret.strip_prefix("novas_").unwrap().len(), 43);
    let answer = monitor.ask(&app, "novacore", &["usage:read"]).await;
    assert_eq!(
        (answer.status, &answer.body["expires_in"]),
        (200, &json!(900))
    );
    let token = answer.str("token");
    let (header, claims) = (part(&token, 0), part(&token, 1));
    assert_eq!(
        header,
        json!({"typ": "svc+jwt", "alg": "HS256", "kid": "0"})
    );
    assert_eq!(claims["sub"], monitor.id);
    assert_eq!(claims["aud"], "novacore");
    assert_eq!(claims["iss"], app.app.store.lineage().to_string());
    assert_eq!(claims["scope"], "usage:read");
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        900
    );
    assert!(claims["jti"].is_string());
    assert_eq!(usage(&app, &token).await.status, 200);
    let refused = as_service(&app, "POST", "/api/internal/jobs/run", &token).await;
    assert_eq!(told(&refused), (403, "scope_missing"));
    assert_eq!(refusal(&app, &token).await, "token_invalid", "no sign-in");
    assert_eq!(refusal(&app, &monitor.secret).await, "token_invalid");
    app.advance(Duration::from_secs(899));
    assert_eq!(usage(&app, &token).await.status, 200);
    app.advance(Duration::from_secs(1));
    assert_eq!(
        told(&usage(&app, &token).await),
        (403, "service_token_expired")
    );
    let by_id = Service {
        name: monitor.id.clone(),
        ..monitor
    };
    by_id.token(&app, &["metrics:read"]).await;
    let body = json!({"service": "THE monitor", "secret": by_id.secret, "audience": "novacore", "scopes": ["usage:read"]});
    let in_body = app.nobody().post("/api/auth/service/token", &body).await;
    assert_eq!(in_body.status, 200, "{in_body:?}");
    let admin = app.admin().await;
    let actor = async || {
        let list = admin
            .get("/api/admin/audit?event=service_token_issued")
            .await;
        list.body["items"][0]["actor"].clone()
    };
    let id = by_id.name;
    let named = json!({"kind": "service", "id": id, "name": "The monitor"});
    assert_eq!(actor().await, named);
    let gone = admin.delete(&format!("/api/admin/services/{id}")).await;
    assert_eq!(gone.status, 204);
    let unnamed = json!({"kind": "service", "id": id, "name": null});
    assert_eq!(actor().await, unnamed);
    app.finish().await;
}

/// Who asks wrongly is told what is wrong, once it is clear who asks: an unknown service and a wrong
/// secret are the same.
#[tokio::test]
async fn not_every_wish_is_granted() {
    let app = TestApp::new().await;
    let monitor = service(&app, "monitor", &["usage:read"]).await;
    let refused = monitor.ask(&app, "elsewhere", &["usage:read"]).await;
    assert_eq!(told(&refused), (403, "service_audience"));
    let refused = monitor
        .ask(&app, "novacore", &["usage:read", "backup:run"])
        .await;
    assert_eq!(told(&refused), (403, "service_scope"));
    assert_eq!(monitor.ask(&app, "novacore", &[]).await.status, 422);
    let stranger = Service {
        id: String::new(),
        name: "nobody".into(),
        secret: monitor.secret.clone(),
    };
    let guess = Service {
        id: String::new(),
        name: "monitor".into(),
        secret: "novas_guess".into(),
    };
    let unknown = stranger.ask(&app, "novacore", &["usage:read"]).await;
    let wrong = guess.ask(&app, "novacore", &["usage:read"]).await;
    assert_eq!(told(&unknown), (403, "service_unknown"));
    let words = |answer: &Answer| answer.text.replace(&answer.str("correlation_id"), "");
    assert_eq!(words(&unknown), words(&wrong));
    let body = json!({"service": "monitor", "audience": "novacore", "scopes": ["usage:read"]});
    let nobody = app.nobody().post("/api/auth/service/token", &body).await;
    assert_eq!(told(&nobody), (401, "token_missing"));
    let ada = app
        .user("ada")
        .await
        .post("/api/auth/service/token", &body)
        .await;
    assert_eq!(told(&ada), (403, "forbidden"));
    let admin = app.admin().await;
    let token = admin
        .post("/api/auth/service/token", &body)
        .await
        .str("token");
    assert_eq!(
        usage(&app, &token).await.status,
        200,
        "an administrator may"
    );
    let issued = events(&app, What::ServiceTokenIssued);
    assert!(matches!(issued[0].actor, Actor::Administrator(_)));
    let refusals = events(&app, What::ServiceTokenRefused);
    assert_eq!(refusals.len(), 4);
    assert!(refusals.iter().all(|event| event.refused));
    let details: Vec<_> = refusals
        .iter()
        .map(|event| event.detail.as_deref())
        .collect();
    let own = Some("monitor");
    assert_eq!(
        details,
        [own, own, None, own],
        "no name that was only claimed"
    );
    app.finish().await;
}

/// Guessing a secret is slowed down like guessing a password, by network; the service itself is not
/// slowed down, wherever it is, so that nobody can lock it out.
#[tokio::test]
async fn guessing_is_slow() {
    let app = TestApp::new().await;
    let monitor = service(&app, "monitor", &["usage:read"]).await;
    let guess = Service {
        id: String::new(),
        name: monitor.id.clone(),
        secret: "novas_guess".into(),
    };
    for _ in 0..5 {
        let wrong = guess.ask(&app, "novacore", &["usage:read"]).await;
        assert_eq!(told(&wrong), (403, "service_unknown"));
    }
    let slowed = guess.ask(&app, "novacore", &["usage:read"]).await;
    assert_eq!(told(&slowed), (429, "login_throttled"));
    assert_eq!(slowed.header("retry-after"), "15");
    monitor.token(&app, &["usage:read"]).await;
    let slowed = guess.ask(&app, "novacore", &["usage:read"]).await;
    assert_eq!(slowed.header("retry-after"), "15");
    let body = json!({"service": monitor.id, "secret": "novas_guess", "audience": "novacore", "scopes": ["usage:read"]});
    let elsewhere = app
        .nobody()
        .request("POST", "/api/auth/service/token")
        .json(&body);
    let elsewhere = Person::send(elsewhere.header("x-forwarded-for", "203.0.113.9")).await;
    assert_eq!(told(&elsewhere), (403, "service_unknown"));
    app.advance(Duration::from_secs(15));
    let wrong = guess.ask(&app, "novacore", &["usage:read"]).await;
    assert_eq!(told(&wrong), (403, "service_unknown"));
    app.finish().await;
}

/// A new secret, and the end of a service, count at once: for its secret and for its running tokens.
#[tokio::test]
async fn what_ends_a_service() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let monitor = service(&app, "monitor", &["usage:read"]).await;
    let other = service(&app, "other", &["usage:read"]).await;
    let token = monitor.token(&app, &["usage:read"]).await;
    let path = format!("/api/admin/services/{}", monitor.id);
    let secret = admin
        .post(&format!("{path}/secret"), &json!({}))
        .await
        .str("secret");
    assert_eq!(
        told(&usage(&app, &token).await),
        (403, "service_token_invalid")
    );
    let old = monitor.ask(&app, "novacore", &["usage:read"]).await;
    assert_eq!(told(&old), (403, "service_unknown"));
    let monitor = Service { secret, ..monitor };
    let token = monitor.token(&app, &["usage:read"]).await;
    assert_eq!(usage(&app, &token).await.status, 200);
    assert_eq!(admin.delete(&path).await.status, 204);
    assert_eq!(
        told(&usage(&app, &token).await),
        (403, "service_token_invalid")
    );
    let gone = monitor.ask(&app, "novacore", &["usage:read"]).await;
    assert_eq!(told(&gone), (403, "service_unknown"));
    assert_eq!(admin.delete(&path).await.status, 404);
    let token = other.token(&app, &["usage:read"]).await;
    assert_eq!(usage(&app, &token).await.status, 200);
    for what in [
        What::ServiceMade,
        What::ServiceSecretMade,
        What::ServiceRemoved,
    ] {
        let event = events(&app, what)[0].clone();
        assert_eq!(event.detail.as_deref(), Some("monitor"));
        assert!(matches!(event.actor, Actor::Administrator(_)));
    }
    app.finish().await;
}

/// The list tells when a service was last at work; no secret is in it or in any file.
#[tokio::test]
async fn secrets_are_shown_once() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let monitor = service(&app, "wisteria", &["usage:read"]).await;
    let made = admin
        .post("/api/admin/receivers", &json!({"name": "rhubarb"}))
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    app.advance(Duration::from_mins(1));
    monitor.token(&app, &["usage:read"]).await;
    app.settle().await;
    let services = admin.get("/api/admin/services").await;
    assert_eq!(
        services.body["items"],
        json!([{
            "id": monitor.id, "name": "wisteria", "audiences": ["novacore"], "scopes": ["usage:read"],
            "created_at": "2026-01-01T00:00:00Z", "last_used_at": "2026-01-01T00:01:00Z",
        }])
    );
    let receivers = admin.get("/api/admin/receivers").await;
    assert_eq!(
        receivers.body["items"],
        json!([{
            "id": made.str("id"), "name": "rhubarb",
            "created_at": "2026-01-01T00:00:00Z", "secret_made_at": "2026-01-01T00:00:00Z",
        }])
    );
    for words in ["wisteria", "rhubarb"] {
        assert!(
            stands_in_a_file(app.folder(), words),
            "files can be searched"
        );
    }
    let secrets = [
        monitor.secret.strip_prefix("novas_").unwrap().to_owned(),
        made.str("secret"),
    ];
    for secret in secrets {
        assert!(!stands_in_a_file(app.folder(), &secret));
        assert!(!(services.text.clone() + &receivers.text).contains(&secret));
    }
    app.finish().await;
}

/// Two names are two things, and what a service may get must exist.
#[tokio::test]
async fn services_and_receivers_make_sense() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let make = async |name: &str, audiences: &[&str], scopes: &[&str]| {
        let body = json!({"name": name, "audiences": audiences, "scopes": scopes});
        let answer = admin.post("/api/admin/services", &body).await;
        (answer.status, answer.code().to_owned())
    };
    let is = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(make("a", &["novacore"], &["jobs:run"]).await, is(201, ""));
    assert_eq!(
        make(" A ", &["novacore"], &["jobs:run"]).await,
        is(409, "name_taken")
    );
    assert_eq!(
        make("", &["novacore"], &["x"]).await,
        is(422, "name_invalid")
    );
    let id = app.app.ids.next().to_string();
    assert_eq!(
        make(&id, &["novacore"], &["x"]).await,
        is(422, "name_invalid")
    );
    assert_eq!(make("b", &[], &["x"]).await, is(422, "audiences_missing"));
    assert_eq!(
        make("b", &["printer"], &["x"]).await,
        is(422, "audience_unknown")
    );
    assert_eq!(
        make("b", &["novacore"], &[]).await,
        is(422, "scope_invalid")
    );
    assert_eq!(
        make("b", &["novacore"], &["two words"]).await,
        is(422, "scope_invalid")
    );
    for name in ["", "Two Words", "novacore", "model"] {
        let refused = admin
            .post("/api/admin/receivers", &json!({"name": name}))
            .await;
        assert_eq!(told(&refused), (422, "name_invalid"), "{name}");
    }
    let body = json!({"name": "printer"});
    assert_eq!(admin.post("/api/admin/receivers", &body).await.status, 201);
    let again = admin.post("/api/admin/receivers", &body).await;
    assert_eq!(told(&again), (409, "name_taken"));
    assert_eq!(make("b", &["printer"], &["print"]).await, is(201, ""));
    app.finish().await;
}
