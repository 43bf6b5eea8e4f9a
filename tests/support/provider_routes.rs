//! What the stand-in provider answers: its description, its keys, the page to agree on, tokens, userinfo.

use std::collections::HashMap;

use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::provider::{CLIENT, Grant, Inner, Key, SECRET, Script, Shared, Signed};

pub(super) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(description))
        .route("/keys", get(keys))
        .route("/authorize", get(authorize))
        .route("/token", post(token))
        .route("/userinfo", get(userinfo))
        .layer(from_fn_with_state(shared.clone(), note))
        .with_state(shared)
}

async fn note(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let line = format!("{} {}", parts.uri.path(), parts.uri.query().unwrap_or(""));
    let rest = format!("{:?} {}", parts.headers, String::from_utf8_lossy(&body));
    let broken = {
        let mut inner = shared.lock().unwrap();
        inner.asked.push((line, rest));
        inner
            .script
            .broken
            .filter(|_| parts.uri.path() != "/authorize")
    };
    match broken {
        Some(status) => StatusCode::from_u16(status).unwrap().into_response(),
        None => next.run(Request::from_parts(parts, body.into())).await,
    }
}

fn laid_over(mut value: Value, over: &Value) -> Value {
    for (key, new) in over.as_object().unwrap() {
        if new.is_null() {
            value.as_object_mut().unwrap().remove(key);
        } else {
            value[key] = new.clone();
        }
    }
    value
}

async fn description(State(shared): State<Shared>) -> Json<Value> {
    let inner = shared.lock().unwrap();
    let at = |path: &str| format!("{}{path}", inner.url);
    let plain = json!({
        "issuer": inner.url,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "userinfo_endpoint": at("/userinfo"),
        "jwks_uri": at("/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256"],
        "code_challenge_methods_supported": ["S256"],
    });
    Json(laid_over(plain, &inner.script.description))
}

async fn keys(State(shared): State<Shared>) -> Json<Value> {
    let inner = shared.lock().unwrap();
    let keys: Vec<_> = inner.script.keys.iter().map(Key::public).collect();
    Json(json!({"keys": keys}))
}

/// The person agrees at once.
async fn authorize(
    State(shared): State<Shared>,
    Query(asked): Query<HashMap<String, String>>,
) -> Response {
    let mut inner = shared.lock().unwrap();
    let word = |key: &str| asked.get(key).map_or("", String::as_str);
    let fits = word("client_id") == CLIENT
        && word("response_type") == "code"
        && word("scope").split(' ').any(|scope| scope == "openid")
        && word("code_challenge_method") == "S256"
        && word("code_challenge").len() == 43
        && word("redirect_uri").ends_with("/api/auth/oidc/callback");
    if !fits {
        return (StatusCode::BAD_REQUEST, format!("{asked:?}")).into_response();
    }
    let mut back = reqwest::Url::parse(word("redirect_uri")).unwrap();
    if let Some(error) = inner.script.error {
        back.query_pairs_mut()
            .append_pair("error", error)
            .append_pair("error_description", "marigold <b>said</b> the provider");
    } else {
        inner.given += 1;
        let code = format!("code-{}-{}", inner.given, "magnolia");
        back.query_pairs_mut().append_pair("code", &code);
        inner.secrets.push(code.clone());
        let who = inner.script.who.clone();
        let asked = asked.clone();
        inner.grants.insert(code, Grant { asked, who });
    }
    let state = word("state");
    back.query_pairs_mut().append_pair("state", state);
    (StatusCode::FOUND, [(header::LOCATION, back.to_string())]).into_response()
}

fn refuse(status: StatusCode, error: &str) -> Response {
    let body = json!({"error": error, "error_description": "marigold"});
    (status, Json(body)).into_response()
}

/// `client_secret_basic` (RFC 6749, 2.3.1).
fn known_client(headers: &HeaderMap) -> bool {
    let header = headers.get(header::AUTHORIZATION);
    let header = header.map_or("", |value| value.to_str().unwrap());
    let given = header.strip_prefix("Basic ").unwrap_or_default();
    let given = String::from_utf8(STANDARD.decode(given).unwrap()).unwrap();
    let (id, secret) = given.split_once(':').unwrap_or_default();
    let form = reqwest::Url::parse(&format!("http://x/?{id}={secret}")).unwrap();
    let pair = form.query_pairs().next().unwrap();
    (pair.0.as_ref(), pair.1.as_ref()) == (CLIENT, SECRET)
}

async fn token(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let mut inner = shared.lock().unwrap();
    let word = |key: &str| form.get(key).map_or("", String::as_str);
    if !known_client(&headers) {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    // Each code is good once.
    let Some(grant) = inner.grants.remove(word("code")) else {
        return refuse(StatusCode::BAD_REQUEST, "invalid_grant");
    };
    let digest = Sha256::digest(word("code_verifier"));
    let proved = URL_SAFE_NO_PAD.encode(digest) == grant.asked["code_challenge"]
        && word("redirect_uri") == grant.asked["redirect_uri"]
        && word("grant_type") == "authorization_code";
    if !proved {
        return refuse(StatusCode::BAD_REQUEST, "invalid_grant");
    }
    inner.given += 1;
    let access = format!("access-{}-{}", inner.given, "camellia");
    let id_token = id_token(&inner, &grant, &access);
    inner.tokens.insert(access.clone(), grant.who);
    inner.secrets.extend([access.clone(), id_token.clone()]);
    let body = json!({"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": id_token});
    Json(body).into_response()
}

fn id_token(inner: &Inner, grant: &Grant, access: &str) -> String {
    let now = inner.clock.now().as_second();
    let hash = URL_SAFE_NO_PAD.encode(&Sha256::digest(access)[..16]);
    let mut claims = json!({
        "iss": inner.url, "sub": grant.who.sub, "aud": CLIENT, "iat": now, "exp": now + 300,
        "nonce": grant.asked["nonce"], "at_hash": hash,
    });
    if !grant.who.by_userinfo {
        claims = grant.who.address(claims);
    }
    let claims = laid_over(claims, &inner.script.claims);
    sign(&inner.script, &claims)
}

fn sign(script: &Script, claims: &Value) -> String {
    let key = script.keys.last().unwrap();
    let with = |algorithm: Algorithm, signs: &EncodingKey| {
        let header = Header {
            kid: Some(key.kid.clone()),
            ..Header::new(algorithm)
        };
        encode(&header, claims, signs).unwrap()
    };
    match script.signed {
        Signed::Well => with(key.algorithm, &key.signs),
        Signed::ByAnother => with(Algorithm::ES256, &Key::es256(1, "other").signs),
        Signed::WithTheSecret => with(
            Algorithm::HS256,
            &EncodingKey::from_secret(SECRET.as_bytes()),
        ),
        Signed::WithThePublicKey => {
            let public = key.public()["x"].as_str().unwrap().to_owned();
            let public = URL_SAFE_NO_PAD.decode(public).unwrap();
            with(Algorithm::HS256, &EncodingKey::from_secret(&public))
        }
        Signed::Not => {
            let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
            format!("{}.{}.", part(&json!({"alg": "none"})), part(claims))
        }
    }
}

async fn userinfo(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let inner = shared.lock().unwrap();
    let header = headers.get(header::AUTHORIZATION);
    let token = header.and_then(|value| value.to_str().unwrap().strip_prefix("Bearer "));
    let Some(who) = token.and_then(|token| inner.tokens.get(token)) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let claims = who.address(json!({"sub": who.sub}));
    Json(laid_over(claims, &inner.script.userinfo)).into_response()
}
