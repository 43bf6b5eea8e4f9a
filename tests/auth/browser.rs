//! Browsers get the refresh token as a cookie that no script can read; programs get it in the body.

use reqwest::RequestBuilder;
use serde_json::json;

use super::credentials;
use crate::support::app::{PASSWORD, TestApp};
use crate::support::http::{Answer, Person};
use crate::support::routes;

fn sign_in(app: &TestApp) -> RequestBuilder {
    let body = credentials("admin@example.org", PASSWORD);
    app.nobody().request("POST", "/api/auth/login").json(&body)
}

/// `novacore=TOKEN; Path=/; ...` -> TOKEN and the rest.
fn cookie(answer: &Answer, name: &str) -> (String, String) {
    let set = answer.header("set-cookie");
    let (cookie, rules) = set.split_once("; ").unwrap_or_else(|| panic!("{answer:?}"));
    let (found, token) = cookie.split_once('=').unwrap();
    assert_eq!(found, name);
    (token.to_owned(), rules.to_owned())
}

/// A page of ours gets a cookie and never sees the token; everybody else gets the token and no cookie.
#[tokio::test]
async fn browsers_get_a_cookie_and_programs_the_token() {
    let app = TestApp::new().await;
    let by_metadata = sign_in(&app).header("sec-fetch-site", "same-origin");
    let by_origin = sign_in(&app).header("origin", &app.url);
    for browser in [by_metadata, by_origin] {
        let answer = Person::send(browser).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body.get("refresh_token"), None);
        let (token, rules) = cookie(&answer, "novacore");
        assert_eq!(rules, "Path=/; HttpOnly; SameSite=Strict; Max-Age=604800");
        assert!(!answer.text.contains(&token));
    }
    let typed = sign_in(&app).header("sec-fetch-site", "none");
    for program in [sign_in(&app), typed] {
        let answer = Person::send(program).await;
        assert!(answer.body["refresh_token"].is_string(), "{answer:?}");
        assert_eq!(answer.header("set-cookie"), "");
    }
    app.finish().await;
}

/// Over HTTPS the cookie is bound to this host and to HTTPS by its name; only a trusted proxy can
/// say that it is HTTPS.
#[tokio::test]
async fn over_https_the_cookie_is_bound_to_the_host() {
    let app = TestApp::new().await;
    let over_https = |app: &TestApp| {
        sign_in(app)
            .header("sec-fetch-site", "same-origin")
            .header("x-forwarded-proto", "https")
    };
    let answer = Person::send(over_https(&app)).await;
    let (token, rules) = cookie(&answer, "__Host-novacore");
    assert_eq!(
        rules,
        "Path=/; HttpOnly; SameSite=Strict; Max-Age=604800; Secure"
    );

    let refresh = |name: &str| {
        let refresh = app.nobody().request("POST", "/api/auth/refresh");
        refresh
            .header("sec-fetch-site", "same-origin")
            .header("x-forwarded-proto", "https")
            .header("cookie", format!("{name}={token}"))
    };
    let plain = Person::send(refresh("novacore")).await;
    assert_eq!(
        plain.code(),
        "token_missing",
        "a cookie that anybody could set counts"
    );
    assert_eq!(Person::send(refresh("__Host-novacore")).await.status, 200);
    app.finish().await;

    let direct = TestApp::with(|config| config.server.trusted_proxies = vec![]).await;
    let answer = Person::send(over_https(&direct)).await;
    cookie(&answer, "novacore");
    direct.finish().await;
}

/// The cookie alone keeps a browser signed in, is renewed with every refresh, and goes at log-out.
#[tokio::test]
async fn the_cookie_is_renewed_and_taken_away() {
    let app = TestApp::new().await;
    let send = async |path: &str, cookie: &str| {
        let request = app.nobody().request("POST", path);
        let request = request.header("sec-fetch-site", "same-origin");
        Person::send(request.header("cookie", format!("theme=dark; novacore={cookie}"))).await
    };
    let answer = Person::send(sign_in(&app).header("sec-fetch-site", "same-origin")).await;
    let (first, _) = cookie(&answer, "novacore");
    let refreshed = send("/api/auth/refresh", &first).await;
    assert_eq!(
        (refreshed.status, refreshed.body.get("refresh_token")),
        (200, None)
    );
    let (second, _) = cookie(&refreshed, "novacore");
    assert_ne!(first, second);

    let out = send("/api/auth/logout", &second).await;
    assert_eq!(out.status, 204);
    let (gone, rules) = cookie(&out, "novacore");
    assert_eq!(gone, "");
    assert!(
        rules.contains("Max-Age=0") && rules.contains("HttpOnly"),
        "{rules}"
    );
    assert_eq!(
        send("/api/auth/refresh", &second).await.code(),
        "session_revoked"
    );
    app.finish().await;
}

/// No other site's page can act in a person's name, on any route that changes something.
#[tokio::test]
async fn other_sites_cannot_act() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let session = ada.say("Keep this").await.str("session_id");
    let foreign = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "http://evil.example"),
        ("origin", "null"),
    ];
    let routes = routes::unsafe_ones(&session);
    assert!(routes.len() > 10, "{routes:?}");
    for (method, path) in routes {
        for (name, value) in foreign {
            let request = ada.request(&method, &path).header(name, value);
            let refused =
                Person::send(request.json(&json!({"message": "Hello", "title": "x"}))).await;
            assert_eq!(
                (refused.status, refused.code()),
                (403, "cross_site"),
                "{method} {path} with {name}: {value}"
            );
        }
    }
    let evil = "http://evil.example";
    for (site, origin, refused) in [
        ("cross-site", app.url.as_str(), true),
        ("same-origin", evil, true),
        ("none", evil, true),
        ("cross-site", "null", true),
        ("same-origin", &app.url, false),
        // What a form of our own page sends.
        ("same-origin", "null", false),
    ] {
        let mixed = ada
            .request("PATCH", &format!("/api/chat/sessions/{session}"))
            .header("origin", origin)
            .header("sec-fetch-site", site)
            .json(&json!({"title": "Keep this"}));
        let answer = Person::send(mixed).await;
        let expected = if refused { 403 } else { 200 };
        assert_eq!(answer.status, expected, "{site} {origin}: {answer:?}");
    }
    assert_eq!(
        ada.get("/api/chat/sessions").await.body["items"][0]["title"],
        "Keep this"
    );

    let read = ada
        .request("GET", "/api/auth/me")
        .header("sec-fetch-site", "cross-site");
    assert_eq!(Person::send(read).await.status, 200, "reading is no act");
    app.settle().await;
    app.finish().await;
}
