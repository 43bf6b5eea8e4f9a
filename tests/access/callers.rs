//! Every kind of caller there is: those whose token is no good, and those who are known.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::table::{Names, ROUTES, Who};
use crate::support::app::{PASSWORD, TestApp};
use crate::support::http::Person;
use crate::support::people::id_of;
use crate::support::programs::{api_token, part, service};

const SCOPES: [&str; 7] = [
    "chat:read",
    "chat:write",
    "memory:read",
    "memory:write",
    "usage:read",
    "openai",
    "mcp",
];

/// The routes whose id names something of a person's own.
pub fn of_bobs() -> impl Iterator<Item = (&'static str, &'static str, Names)> {
    let rows = ROUTES.into_iter();
    rows.filter_map(|(method, path, who)| match who {
        Who::Scoped(_, names) | Who::SignedIn(names) if names != Names::Nothing => {
            Some((method, path, names))
        }
        _ => None,
    })
}

pub struct Callers {
    /// The code of the refusal, and who gets it on every guarded route.
    pub no_good: Vec<(&'static str, Person)>,
    pub without_scopes: Person,
    pub with_scopes: Person,
}

/// The claims of a token, signed by a key that anybody could have made.
fn forged(token: &str) -> String {
    let header = Header {
        typ: part(token, 0)["typ"].as_str().map(str::to_owned),
        kid: part(token, 0)["kid"].as_str().map(str::to_owned),
        ..Header::new(Algorithm::HS256)
    };
    encode(
        &header,
        &part(token, 1),
        &EncodingKey::from_secret(&[1; 32]),
    )
    .unwrap()
}

/// The claims of a token, signed by nobody.
fn unsigned(token: &str) -> String {
    let mut header = part(token, 0);
    header["alg"] = json!("none");
    let text = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", text(&header), text(&part(token, 1)))
}

impl Callers {
    pub async fn new(app: &TestApp) -> Self {
        let nobody = app.nobody();
        let expired = app.user("early").await;
        let brief = json!({"name": "brief", "scopes": SCOPES, "password": PASSWORD, "expires_at": "2026-01-01T00:10:00Z"});
        let brief = expired.post("/api/auth/tokens", &brief).await.str("token");
        app.advance(Duration::from_mins(16));

        let admin = app.admin().await;
        let ended = app.user("ended").await;
        ended.post("/api/auth/logout", &json!({})).await;
        let disabled = app.user("disabled").await;
        let (_, disabled_program) = api_token(&disabled, &SCOPES).await;
        let path = format!("/api/admin/users/{}", id_of(&disabled).await);
        let closed = admin.patch(&path, &json!({"disabled": true})).await;
        assert_eq!(closed.status, 200, "{closed:?}");

        let ada = app.user("ada").await;
        let token = ada.token.clone().unwrap();
        let (removed, removed_program) = api_token(&ada, &SCOPES).await;
        ada.delete(&format!("/api/auth/tokens/{removed}")).await;
        let credentials = json!({"email": "ada@example.org", "password": PASSWORD});
        let refresh = nobody.post("/api/auth/login", &credentials).await;
        let refresh = refresh.str("refresh_token");
        let program = service(app, "program", &["usage:read"]).await;
        let service_token = program.token(app, &["usage:read"]).await;
        let (_, with_scopes) = api_token(&ada, &SCOPES).await;
        // Some scope must be there; no route asks for this one.
        let (_, without_scopes) = api_token(&ada, &["mcp"]).await;
        let as_ = |text: &str| nobody.with_token(text);
        Self {
            no_good: vec![
                ("token_missing", nobody.clone()),
                ("token_invalid", as_("nonsense")),
                ("token_invalid", as_(&forged(&token))),
                ("token_invalid", as_(&unsigned(&token))),
                ("token_invalid", as_(&refresh)),
                ("token_invalid", as_(&service_token)),
                ("token_invalid", as_(&program.secret)),
                ("token_invalid", as_("nova_guess")),
                ("token_invalid", as_(&removed_program)),
                ("token_invalid", as_(&disabled_program)),
                ("token_expired", as_(&brief)),
                ("token_expired", expired),
                ("session_revoked", ended),
                ("session_revoked", disabled),
            ],
            without_scopes: as_(&without_scopes),
            with_scopes: as_(&with_scopes),
        }
    }

    /// A program with every scope but one.
    pub async fn all_but(&self, app: &TestApp, scope: &str) -> Person {
        let others: Vec<_> = SCOPES.into_iter().filter(|other| *other != scope).collect();
        let (_, token) = api_token(&app.user("ada").await, &others).await;
        app.nobody().with_token(&token)
    }
}

/// What is no service token, or no good one, and what is said of it.
pub async fn no_good_for_services(
    app: &TestApp,
    admin: &Person,
    aged: &str,
) -> Vec<(&'static str, String)> {
    let body = json!({"name": "policy", "audiences": ["novacore"], "scopes": ["usage:read"]});
    let receiver = admin.post("/api/admin/receivers", &body).await;
    assert_eq!(receiver.status, 201, "{receiver:?}");
    let scopes = ["metrics:read", "backup:run", "usage:read", "jobs:run"];
    let program =
        crate::support::programs::Service::new(app, "elsewhere", &["policy", "novacore"], &scopes)
            .await;
    let elsewhere = program.ask(app, "policy", &scopes).await.str("token");
    let good = program.token(app, &scopes).await;
    vec![
        ("service_token_invalid", "nonsense".into()),
        ("service_token_invalid", forged(&good)),
        ("service_token_invalid", unsigned(&good)),
        ("service_token_invalid", admin.token.clone().unwrap()),
        ("service_token_invalid", program.secret),
        ("service_token_expired", aged.into()),
        ("service_token_audience", elsewhere),
    ]
}
