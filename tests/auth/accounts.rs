//! Making accounts and signing in to them.

use std::time::Duration;

use novacore::auth;
use novacore::config::Registration;
use uuid::Uuid;

use super::{login, register};
use crate::support::app::{PASSWORD, TestApp};

/// A new account is signed in at once, and `/me` says the same of it.
#[tokio::test]
async fn registering_signs_in() {
    let app = TestApp::new().await;
    let made = register(&app, "Ada@Example.org", PASSWORD).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.body["token_type"], "Bearer");
    assert_eq!(made.body["expires_in"], 900);
    let user = &made.body["user"];
    assert_eq!(user["email"], "Ada@Example.org");
    assert_eq!(user["role"], "user");
    assert_eq!(user["email_verified"], false);
    assert_eq!(user["email_verified_at"], serde_json::Value::Null);
    assert_eq!(user["created_at"], "2026-01-01T00:00:00Z");
    let id: Uuid = user["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(id.get_version_num(), 7);
    let me = app.signed_in(&made).get("/api/auth/me").await;
    assert_eq!((me.status, &me.body), (200, user));
    assert!(!made.text.contains("argon2"), "{}", made.text);
    app.finish().await;
}

/// An address belongs to one account, however it is written.
#[tokio::test]
async fn an_address_is_taken_in_every_spelling() {
    let app = TestApp::new().await;
    let first = register(&app, "Ada@Example.org", PASSWORD).await;
    for spelling in ["Ada@Example.org", "ada@example.org", " ADA@EXAMPLE.ORG "] {
        let again = register(&app, spelling, "another calm river").await;
        assert_eq!(
            (again.status, again.code()),
            (409, "email_taken"),
            "{spelling}"
        );
        let signed_in = login(&app, spelling, PASSWORD).await;
        assert_eq!(signed_in.status, 200, "{spelling}");
        assert_eq!(signed_in.body["user"], first.body["user"]);
        let other = login(&app, spelling, "another calm river").await;
        assert_eq!(other.code(), "credentials_invalid", "{spelling}");
    }
    app.finish().await;
}

/// What cannot be an address makes no account, and the answer says which field is wrong.
#[tokio::test]
async fn an_address_must_be_one() {
    let app = TestApp::new().await;
    for bad in [
        "",
        "ada",
        "ada@",
        "@example.org",
        "a b@example.org",
        "a@b@c",
        "a@b\n.c",
    ] {
        let refused = register(&app, bad, PASSWORD).await;
        assert_eq!(
            (refused.status, refused.code()),
            (422, "email_invalid"),
            "{bad}"
        );
        assert!(refused.body["fields"]["email"].is_string(), "{refused:?}");
    }
    let long = format!("{}@example.org", "a".repeat(300));
    assert_eq!(register(&app, &long, PASSWORD).await.status, 422);
    app.finish().await;
}

/// Ten characters at least, 256 at most, counted as people count, and none that everybody tries.
#[tokio::test]
async fn passwords_have_rules() {
    let app = TestApp::new().await;
    let (longest, too_long) = ("x".repeat(256), "x".repeat(257));
    let cases = [
        ("", "password_too_short"),
        ("nine char", "password_too_short"),
        ("ten chars!", ""),
        ("тихая рек", "password_too_short"),
        ("тихая река", ""),
        ("🌊🌊🌊🌊🌊🌊🌊🌊🌊🌊", ""),
        (&longest, ""),
        (&too_long, "password_too_long"),
        ("1234567890", "password_common"),
        ("QWERTYUIOP", "password_common"),
    ];
    for (number, (password, code)) in cases.into_iter().enumerate() {
        let email = format!("person{number}@example.org");
        let made = register(&app, &email, password).await;
        assert_eq!(made.code(), code, "{password}");
        app.advance(Duration::from_mins(15));
        let later = login(&app, &email, password).await;
        if code.is_empty() {
            assert_eq!((made.status, later.status), (201, 200), "{password}");
        } else {
            assert_eq!((made.status, later.status), (422, 401), "{password}");
            assert!(made.body["fields"]["password"].is_string(), "{made:?}");
        }
    }
    app.finish().await;
}

/// A password is taken to the letter: nothing is trimmed, folded or cut.
#[tokio::test]
async fn passwords_are_compared_to_the_letter() {
    let app = TestApp::new().await;
    let password = " Ein stiller Fluß ".to_owned() + &"x".repeat(100);
    assert_eq!(
        register(&app, "ada@example.org", &password).await.status,
        201
    );
    let wrong = [
        password.trim().to_owned(),
        password.to_lowercase(),
        password.replace('ß', "ss"),
        password[..password.len() - 1].to_owned(),
        password.clone() + "x",
        String::new(),
    ];
    for wrong in wrong {
        app.advance(Duration::from_mins(15));
        let refused = login(&app, "ada@example.org", &wrong).await;
        assert_eq!(
            (refused.status, refused.code()),
            (401, "credentials_invalid"),
            "{wrong}"
        );
    }
    app.advance(Duration::from_mins(15));
    assert_eq!(login(&app, "ada@example.org", &password).await.status, 200);
    app.finish().await;
}

/// Nobody learns from a refused sign-in whether the address has an account.
#[tokio::test]
async fn unknown_address_and_wrong_password_look_the_same() {
    let app = TestApp::new().await;
    app.user("ada").await;
    let wrong = login(&app, "ada@example.org", "not her password").await;
    let unknown = login(&app, "bob@example.org", "not her password").await;
    assert_eq!((wrong.status, wrong.code()), (401, "credentials_invalid"));
    assert_eq!(unknown.status, 401);
    let id = |answer: &crate::support::http::Answer| answer.str("correlation_id");
    assert_eq!(
        wrong.text.replace(&id(&wrong), ""),
        unknown.text.replace(&id(&unknown), "")
    );
    let names = |answer: &crate::support::http::Answer| {
        answer
            .headers
            .keys()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&wrong), names(&unknown));
    app.finish().await;
}

/// Until the first administrator exists nobody can register, and the page is told so.
#[tokio::test]
async fn registration_is_closed_before_the_administrator() {
    let app = TestApp::fresh(|_| {}).await;
    let refused = register(&app, "ada@example.org", PASSWORD).await;
    assert_eq!(
        (refused.status, refused.code()),
        (403, "registration_closed")
    );
    let status = app.nobody().get("/api/status").await.body;
    assert_eq!(status["setup_required"], true);
    assert_eq!(status["registration"], "closed");

    app.admin().await;
    let status = app.nobody().get("/api/status").await.body;
    assert_eq!(status["setup_required"], false);
    assert_eq!(status["registration"], "open");
    assert_eq!(
        status["password"],
        serde_json::json!({"min": 10, "max": 256})
    );
    assert_eq!(
        register(&app, "ada@example.org", PASSWORD).await.status,
        201
    );
    app.finish().await;
}

/// An operator who closes registration keeps it closed; accounts that exist go on.
#[tokio::test]
async fn registration_can_be_closed() {
    let app = TestApp::with(|config| config.auth.registration = Registration::Closed).await;
    let refused = register(&app, "ada@example.org", PASSWORD).await;
    assert_eq!(
        (refused.status, refused.code()),
        (403, "registration_closed")
    );
    assert_eq!(
        app.nobody().get("/api/status").await.body["registration"],
        "closed"
    );
    assert_eq!(login(&app, "admin@example.org", PASSWORD).await.status, 200);
    app.finish().await;
}

/// When the cost of a hash is raised, each password gets its better hash at the next sign-in.
#[tokio::test]
async fn weak_hashes_are_renewed_at_sign_in() {
    let mut app = TestApp::with(|config| config.auth.hash_iterations = 1).await;
    app.user("ada").await;
    app.config.auth.hash_iterations = 3;
    app.crash_and_reopen().await;

    let signed_in = login(&app, "ada@example.org", PASSWORD).await;
    let id: Uuid = signed_in.body["user"]["id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let hash = |app: &TestApp| {
        let user = app.app.store.read(|tx| auth::user(tx, id)).unwrap();
        user.unwrap().password_hash
    };
    let renewed = hash(&app);
    assert!(renewed.contains("t=3"), "{renewed}");
    assert_eq!(login(&app, "ada@example.org", PASSWORD).await.status, 200);
    assert_eq!(hash(&app), renewed, "a good hash is left as it is");
    app.finish().await;
}
