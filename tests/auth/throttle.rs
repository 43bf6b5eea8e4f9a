//! Guessing is slow for strangers, and never for the owner: the numbers are those of docs/security.md.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use super::{credentials, login, register};
use crate::support::app::{PASSWORD, TestApp};
use crate::support::http::{Answer, Person};
use crate::support::records::words;

const ADA: &str = "ada@example.org";

/// A sign-in try from a network of its own.
async fn try_from(app: &TestApp, network: usize, email: &str, password: &str) -> Answer {
    let body = credentials(email, password);
    let request = app.nobody().request("POST", "/api/auth/login").json(&body);
    let (high, low) = (network / 250, network % 250);
    Person::send(request.header("x-forwarded-for", format!("203.0.{high}.{low}"))).await
}

/// A sign-in try by a browser, with the cookies it has.
pub async fn in_browser(app: &TestApp, cookies: &str, password: &str) -> Answer {
    let body = credentials(ADA, password);
    let request = app.nobody().request("POST", "/api/auth/login").json(&body);
    let request = request.header("sec-fetch-site", "same-origin");
    Person::send(request.header("cookie", cookies)).await
}

/// The cookie by which the browser of this answer is known.
pub fn device_cookie(answer: &Answer) -> String {
    let all = answer.headers.get_all("set-cookie").iter();
    let mut all = all.map(|value| value.to_str().unwrap());
    let cookie = all.find(|cookie| cookie.starts_with("novacore-device-"));
    let cookie = cookie.unwrap_or_else(|| panic!("{answer:?}"));
    assert!(cookie.contains("HttpOnly; SameSite=Strict"), "{cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

fn wait(answer: &Answer) -> u64 {
    assert_eq!((answer.status, answer.code()), (429, "login_throttled"));
    answer.header("retry-after").parse().unwrap()
}

/// Five failures are free, from wherever they come; then each try must wait 15 seconds, doubling up to
/// 15 minutes, and not even the right password passes before that.
#[tokio::test]
async fn failures_at_one_account_slow_down_the_next() {
    let app = TestApp::new().await;
    register(&app, ADA, PASSWORD).await;
    for network in 0..5 {
        let refused = try_from(&app, network, ADA, "a guess at random").await;
        assert_eq!(refused.code(), "credentials_invalid");
    }
    let mut network = 5;
    for seconds in [15, 30, 60, 120, 240, 480, 900, 900] {
        network += 1;
        let throttled = try_from(&app, network, ADA, PASSWORD).await;
        assert_eq!(wait(&throttled), seconds);
        app.advance(Duration::from_secs(seconds));
        let refused = try_from(&app, network, ADA, "a guess at random").await;
        assert_eq!(refused.code(), "credentials_invalid", "after {seconds} s");
    }
    app.advance(Duration::from_mins(15));
    assert_eq!(try_from(&app, network, ADA, PASSWORD).await.status, 200);
    let refused = try_from(&app, network, ADA, "a guess at random").await;
    assert_eq!(
        refused.code(),
        "credentials_invalid",
        "a success begins anew"
    );
    app.finish().await;
}

/// An address without an account is slowed down in the same way, so that the wait tells nothing.
#[tokio::test]
async fn an_unknown_address_is_throttled_alike() {
    let app = TestApp::new().await;
    register(&app, ADA, PASSWORD).await;
    for email in [ADA, "nobody@example.org", " Nobody@Example.ORG"] {
        let mut seen = Vec::new();
        for network in 0..7 {
            seen.push(
                try_from(&app, network, email, "a guess at random")
                    .await
                    .status,
            );
        }
        // The third is the second in other letters, and counts on.
        let free = if email.starts_with(' ') { 0 } else { 5 };
        let expected: Vec<_> = (0..7).map(|n| if n < free { 401 } else { 429 }).collect();
        assert_eq!(seen, expected, "{email}");
        app.advance(Duration::from_secs(1));
    }
    app.finish().await;
}

/// One machine that tries many accounts is slowed down as well, an IPv6 network of 2^64 addresses
/// counting as one; its neighbours are not.
#[tokio::test]
async fn failures_from_one_network_slow_down_the_next() {
    let app = TestApp::new().await;
    let from = async |address: String, n: usize| {
        let body = credentials(&format!("person{n}@example.org"), "a guess at random");
        let request = app.nobody().request("POST", "/api/auth/login").json(&body);
        Person::send(request.header("x-forwarded-for", address)).await
    };
    for n in 0..5 {
        let refused = from(format!("2001:db8:1:2::{n}"), n).await;
        assert_eq!(refused.code(), "credentials_invalid");
    }
    assert_eq!(wait(&from("2001:db8:1:2:ffff::1".into(), 6).await), 15);
    let neighbour = from("2001:db8:1:3::1".into(), 7).await;
    assert_eq!(neighbour.code(), "credentials_invalid");
    app.finish().await;
}

/// A success with one account gives no free tries at others.
#[tokio::test]
async fn an_account_of_ones_own_buys_no_guesses() {
    let app = TestApp::new().await;
    register(&app, ADA, PASSWORD).await;
    let mut refused = 0;
    for n in 0..12 {
        let other = format!("person{n}@example.org");
        let guess = try_from(&app, 1, &other, "a guess at random").await;
        refused += usize::from(guess.code() == "credentials_invalid");
        let _ = try_from(&app, 1, ADA, PASSWORD).await;
    }
    assert_eq!(refused, 5);
    app.finish().await;
}

/// Tries sent at the same moment are counted one by one: fifty at once admit exactly five.
#[tokio::test]
async fn fifty_at_once_admit_five() {
    let app = TestApp::with(|config| config.limits.sign_ins_per_minute = 0).await;
    register(&app, ADA, PASSWORD).await;
    let tries = (0..50).map(|n| try_from(&app, n, ADA, "a guess at random"));
    let answers = join_all(tries).await;
    let count = |status| answers.iter().filter(|a| a.status == status).count();
    assert_eq!((count(401), count(429)), (5, 45));
    app.finish().await;
}

/// A stranger who guesses all day keeps nobody out: the browser that signed in before, and every
/// sign-in there is, go on. The cookie opens nothing by itself, and is no free pass for guesses.
#[tokio::test]
async fn the_owner_is_not_locked_out() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let cookie = device_cookie(&in_browser(&app, "", PASSWORD).await);
    for network in 0..6 {
        try_from(&app, network, ADA, "a guess at random").await;
    }
    assert_eq!(
        wait(&in_browser(&app, "", PASSWORD).await),
        15,
        "a stranger's browser"
    );
    assert_eq!(in_browser(&app, &cookie, PASSWORD).await.status, 200);
    assert_eq!(ada.get("/api/auth/me").await.status, 200);
    let me = app.nobody().request("GET", "/api/auth/me");
    let me = Person::send(me.header("cookie", &cookie)).await;
    assert_eq!(me.code(), "token_missing");

    for _ in 0..5 {
        let refused = in_browser(&app, &cookie, "a guess at random").await;
        assert_eq!(refused.code(), "credentials_invalid");
    }
    assert_eq!(wait(&in_browser(&app, &cookie, PASSWORD).await), 15);
    let forged = cookie.replace(&cookie[cookie.len() - 8..], "AAAAAAAA");
    assert_eq!(
        wait(&in_browser(&app, &forged, PASSWORD).await),
        15,
        "counted as a stranger"
    );
    app.finish().await;
}

/// Asking for the password again, within a sign-in, cannot be used to guess it either, and its count
/// is that sign-in's alone.
#[tokio::test]
async fn a_found_browser_is_no_place_to_guess() {
    let app = TestApp::new().await;
    let (found, own) = (app.user("ada").await, app.user("ada").await);
    let change = |password: &str| json!({"current_password": password, "new_password": "another calm river"});
    for _ in 0..5 {
        let refused = found
            .post("/api/auth/change-password", &change("a guess"))
            .await;
        assert_eq!((refused.status, refused.code()), (403, "password_wrong"));
    }
    let throttled = found
        .post("/api/auth/change-password", &change(PASSWORD))
        .await;
    assert_eq!(wait(&throttled), 15);
    let done = own
        .post("/api/auth/change-password", &change(PASSWORD))
        .await;
    assert_eq!(done.status, 204, "{done:?}");
    app.finish().await;
}

/// A flood of tries does not bury what else happened to the account: of each wait the first try that
/// was refused is told of, and every guess that was compared.
#[tokio::test]
async fn a_flood_leaves_one_event_a_wait() {
    let app = TestApp::with(|config| config.limits.sign_ins_per_minute = 0).await;
    let ada = app.user("ada").await;
    let before = words(&app, &ada).await.len();
    for network in 0..50 {
        try_from(&app, network, ADA, "a guess at random").await;
    }
    let waited = |events: &[String]| {
        let waits = events.iter().filter(|word| *word == "sign_in_throttled");
        (events.len() - before, waits.count())
    };
    assert_eq!(waited(&words(&app, &ada).await), (6, 1));
    app.advance(Duration::from_secs(15));
    for network in 50..60 {
        try_from(&app, network, ADA, "a guess at random").await;
    }
    assert_eq!(waited(&words(&app, &ada).await), (8, 2));
    let ready = login(&app, "admin@example.org", PASSWORD).await;
    assert_eq!(ready.status, 200, "nobody else waits");
    app.finish().await;
}
