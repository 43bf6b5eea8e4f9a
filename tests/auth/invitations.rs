//! Invitations: who may make an account by one, how often, and who sees what became of it.

use std::time::Duration;

use futures_util::future::join_all;
use novacore::config::Registration;
use serde_json::{Value, json};

use super::login;
use crate::support::app::{PASSWORD, TestApp};
use crate::support::http::{Answer, Person};
use crate::support::people::events;

async fn app_with(registration: Registration) -> TestApp {
    TestApp::with(|config| {
        config.auth.registration = registration;
        config.limits.registrations_per_hour = 100;
        config.limits.sign_ins_per_minute = 100;
    })
    .await
}

async fn administrator(app: &TestApp) -> Person {
    app.signed_in(&login(app, "admin@example.org", PASSWORD).await)
}

async fn invite(admin: &Person, body: &Value) -> Answer {
    let made = admin.post("/api/admin/invitations", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    made
}

fn token(made: &Answer) -> String {
    let link = made.str("link");
    link.split_once("/register#invitation=").unwrap().1.into()
}

async fn come(app: &TestApp, name: &str, token: &str) -> Answer {
    let email = format!("{name}@example.org");
    let body = json!({"email": email, "password": PASSWORD, "invitation": token});
    app.nobody().post("/api/auth/register", &body).await
}

async fn look(app: &TestApp, token: &str) -> Answer {
    let body = json!({"token": token});
    app.nobody().post("/api/auth/invitation", &body).await
}

async fn newest(admin: &Person) -> Value {
    let list = admin.get("/api/admin/invitations").await.body;
    list["items"][0].clone()
}

/// Where accounts are by invitation, the link makes one account, with the plan it names; without it, or a
/// second time, nobody comes in.
#[tokio::test]
async fn an_invitation_lets_one_in() {
    let app = app_with(Registration::Invitation).await;
    let admin = administrator(&app).await;
    let made = invite(&admin, &json!({"note": "for the choir", "plan": "basic"})).await;
    let token = token(&made);
    assert_eq!(made.body["state"], "open");
    assert_eq!(made.body["expires_at"], "2026-01-15T00:00:00Z");
    let plain = json!({"email": "eve@example.org", "password": PASSWORD});
    let refused = app.nobody().post("/api/auth/register", &plain).await;
    assert_eq!(
        (refused.status, refused.code()),
        (403, "invitation_required")
    );
    let shown = look(&app, &token).await.body;
    assert_eq!(
        (&shown["email"], &shown["plan"]),
        (&Value::Null, &json!("basic"))
    );

    let ada = come(&app, "ada", &token).await;
    assert_eq!(ada.status, 201, "{ada:?}");
    assert_eq!(ada.body["user"]["plan"], "basic");
    assert_eq!(ada.body["user"]["email_verified"], false);
    let refused = come(&app, "eve", &token).await;
    assert_eq!(
        (refused.status, refused.code()),
        (403, "invitation_invalid")
    );
    assert_eq!(look(&app, &token).await.code(), "invitation_invalid");

    let item = newest(&admin).await;
    assert_eq!(
        (&item["state"], &item["used"]),
        (&json!("used_up"), &json!(1))
    );
    assert_eq!(item["created_by"], "admin@example.org");
    assert_eq!(item["accounts"][0]["email"], "ada@example.org");
    let list = admin.get("/api/admin/users?q=ada").await.body;
    assert_eq!(list["items"][0]["invitation"]["note"], "for the choir");
    let told = events(&admin, "event=invitation_used").await;
    assert_eq!(told[0].1.as_deref(), Some("ada@example.org"));
    app.finish().await;
}

/// The last use is given once: of twenty who come at the same moment with an invitation for three, three
/// get an account and nobody else's is half made.
#[tokio::test]
async fn twenty_at_once_share_three_uses() {
    let app = app_with(Registration::Invitation).await;
    let admin = administrator(&app).await;
    let token = token(&invite(&admin, &json!({"uses": 3})).await);
    let names: Vec<_> = (0..20).map(|n| format!("guest{n}")).collect();
    let all = join_all(names.iter().map(|name| come(&app, name, &token))).await;
    let in_now = all.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(in_now, 3);
    let refused = all.iter().filter(|a| a.code() == "invitation_invalid");
    assert_eq!(refused.count(), 17);
    let list = admin.get("/api/admin/users?q=guest").await.body;
    assert_eq!(list["total"], 3);
    assert_eq!(
        newest(&admin).await["accounts"].as_array().unwrap().len(),
        3
    );
    app.finish().await;
}

/// One that names an address is for that address, however it is written, and verifies it, since the link
/// was mailed there.
#[tokio::test]
async fn one_for_an_address_is_for_that_address() {
    let app = app_with(Registration::Invitation).await;
    let admin = administrator(&app).await;
    let made = invite(&admin, &json!({"email": "Ada@Example.org"})).await;
    let token = token(&made);
    let mails = app
        .app
        .store
        .read(|tx| app.app.jobs.list(tx, Some("auth.mail"), None, 10));
    let payload = mails.unwrap()[0].payload.clone();
    assert!(payload.contains("\"invitation\"") && payload.contains(&made.str("id")));
    assert!(!payload.contains(&token));
    assert_eq!(look(&app, &token).await.body["email"], "Ada@Example.org");
    let refused = come(&app, "eve", &token).await;
    assert_eq!(
        (refused.status, refused.code()),
        (403, "invitation_invalid")
    );
    let ada = come(&app, "ada", &token).await;
    assert_eq!(ada.status, 201, "{ada:?}");
    assert_eq!(ada.body["user"]["email_verified"], true);
    let again = json!({"email": "ADA@example.org"});
    let again = admin.post("/api/admin/invitations", &again).await;
    assert_eq!((again.status, again.code()), (409, "email_taken"));
    app.finish().await;
}

/// It ends with its time, or when it is taken back, and then its link is shown no more.
#[tokio::test]
async fn it_ends_with_time_and_by_hand() {
    let app = app_with(Registration::Invitation).await;
    let admin = administrator(&app).await;
    let short = invite(&admin, &json!({"days": 1})).await;
    let taken_back = invite(&admin, &json!({"days": 90})).await;
    let path = format!("/api/admin/invitations/{}", taken_back.str("id"));
    let again = admin.post(&format!("{path}/link"), &json!({})).await;
    assert_eq!(again.str("link"), taken_back.str("link"));
    let shown = "event=invitation_link_shown";
    assert_eq!(events(&admin, shown).await.len(), 1);
    assert_eq!(admin.delete(&path).await.status, 204);
    assert_eq!(admin.delete(&path).await.status, 204, "twice is as good");
    assert_eq!(events(&admin, "event=invitation_revoked").await.len(), 1);
    let over = admin.post(&format!("{path}/link"), &json!({})).await;
    assert_eq!((over.status, over.code()), (409, "invitation_over"));
    assert_eq!(events(&admin, shown).await.len(), 1, "nothing was shown");
    app.advance(Duration::from_hours(24));
    for made in [&short, &taken_back] {
        let refused = come(&app, "eve", &token(made)).await;
        assert_eq!(refused.code(), "invitation_invalid");
    }
    let admin = administrator(&app).await;
    let list = admin.get("/api/admin/invitations").await.body;
    assert_eq!(list["items"][0]["state"], "revoked");
    assert_eq!(list["items"][1]["state"], "expired");
    app.finish().await;
}

/// Closed is closed, also with an invitation; where everybody may come, one is welcome and need not be.
#[tokio::test]
async fn closed_is_closed_and_open_is_open() {
    let app = app_with(Registration::Closed).await;
    let token_of_closed = token(&invite(&administrator(&app).await, &json!({})).await);
    let refused = come(&app, "ada", &token_of_closed).await;
    assert_eq!(
        (refused.status, refused.code()),
        (403, "registration_closed")
    );
    app.finish().await;

    let app = app_with(Registration::Open).await;
    let good = token(&invite(&administrator(&app).await, &json!({"plan": "free"})).await);
    assert_eq!(come(&app, "ada", &good).await.body["user"]["plan"], "free");
    assert_eq!(come(&app, "bob", &good).await.code(), "invitation_invalid");
    let plain = json!({"email": "bob@example.org", "password": PASSWORD});
    let made = app.nobody().post("/api/auth/register", &plain).await;
    assert_eq!(made.status, 201);
    app.finish().await;
}

/// Guessed, cut or foreign tokens lead nowhere, and what is asked for without sense is refused.
#[tokio::test]
async fn nonsense_leads_nowhere() {
    let app = app_with(Registration::Invitation).await;
    let admin = administrator(&app).await;
    let good = token(&invite(&admin, &json!({})).await);
    for bad in ["", "x", &good[1..], &good.to_lowercase()] {
        assert_eq!(look(&app, bad).await.code(), "invitation_invalid", "{bad}");
    }
    for (field, body) in [
        ("uses", json!({"uses": 0})),
        ("uses", json!({"uses": 1001})),
        ("uses", json!({"uses": 2, "email": "a@example.org"})),
        ("days", json!({"days": 91})),
        ("plan", json!({"plan": "gold"})),
        ("email", json!({"email": "nobody"})),
        ("note", json!({"note": "n".repeat(201)})),
    ] {
        let refused = admin.post("/api/admin/invitations", &body).await;
        assert_eq!(refused.status, 422, "{refused:?}");
        assert!(refused.body["fields"][field].is_string(), "{refused:?}");
    }
    app.finish().await;
}

/// Where its token stands: in the link alone, never in a row.
#[tokio::test]
async fn its_token_is_not_stored() {
    let app = app_with(Registration::Invitation).await;
    let token = token(
        &invite(
            &administrator(&app).await,
            &json!({"email": "a@example.org"}),
        )
        .await,
    );
    let found = crate::support::people::files_with(&app.config.data.dir, token.as_bytes());
    assert_eq!(found, [""; 0]);
    app.finish().await;
}

/// What was restored lets nobody in by a link of before: invitations that could still be used are revoked
/// when sign-ins are ended.
#[tokio::test]
async fn a_restore_voids_invitations() {
    let app = app_with(Registration::Invitation).await;
    let admin = administrator(&app).await;
    let open = token(&invite(&admin, &json!({"uses": 5})).await);
    let (store, now) = (app.app.store.clone(), app.app.clock.now());
    let ended = move || novacore::auth::end_everything(&store, now).unwrap();
    tokio::task::spawn_blocking(ended).await.unwrap();
    assert_eq!(come(&app, "ada", &open).await.code(), "invitation_invalid");
    assert_eq!(newest(&administrator(&app).await).await["state"], "revoked");
    app.finish().await;
}
