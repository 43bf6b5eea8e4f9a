//! Who may reach what, for every route there is: one table, held against the program's own description,
//! so that a new route without a row fails, and asked by every kind of caller.

mod belongings;
mod callers;
mod late;
mod still;
mod table;

use std::time::Duration;

use novacore::config::Config;
use serde_json::json;

use super::support::app::TestApp;
use super::support::http::{Answer, Person};
use super::support::programs::{api_token, as_service, service};
use super::support::routes;
use super::support::stripe::{KEY, SECRET};
use belongings::{Belongings, NOBODYS, ask, request};
use callers::{Callers, of_bobs};
use table::{Names, ROUTES, Who};

/// An error of the agreed form: these keys, and the id of the header.
fn is_error(answer: &Answer, status: u16, code: &str, what: &str) {
    let found = (answer.status, answer.code());
    assert_eq!(found, (status, code), "{what}: {}", answer.text);
    let keys: Vec<_> = answer.body.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["code", "correlation_id", "error"], "{what}");
    let id = answer.header("x-correlation-id");
    assert_eq!(answer.str("correlation_id"), id, "{what}");
    assert!(answer.str("error").ends_with('.'), "{what}");
}

/// Passed the door, whatever the route itself had to say.
fn is_admitted(answer: &Answer, what: &str) {
    let doors = ["forbidden", "scope_missing", "email_unverified"];
    let stopped = answer.status == 401 && answer.code() != "totp_required";
    assert!(
        !stopped && !doors.contains(&answer.code()),
        "{what}: {answer:?}"
    );
    assert!(answer.status < 500, "{what}: {answer:?}");
}

/// With everything that can be switched on, and no limits in the way.
fn all_on(config: &mut Config) {
    config.limits.enabled = false;
    config.billing.enabled = true;
    config.stripe.secret_key = KEY.into();
    config.stripe.webhook_secrets = vec![SECRET.into()];
}

fn new_name(app: &TestApp) -> String {
    format!("person{}", app.app.ids.next().simple())
}

/// The routes that only somebody may use who says who they are.
fn guarded() -> impl Iterator<Item = (&'static str, &'static str, Who)> {
    ROUTES
        .into_iter()
        .filter(|(.., who)| !matches!(who, Who::Anyone | Who::AnySignIn | Who::Service(_)))
}

/// No route can be added without saying here who may use it.
#[test]
fn the_table_has_every_route() {
    let rows = ROUTES
        .iter()
        .map(|(method, path, _)| ((*method).into(), (*path).into()));
    assert_eq!(
        rows.collect::<std::collections::BTreeSet<_>>(),
        routes::described()
    );
    for (method, path, who) in ROUTES {
        let has_id = who.names() != Names::Nothing;
        assert_eq!(path.contains("{id}"), has_id, "{method} {path}");
    }
}

/// Whoever does not say who they are, or says it with something that is no good, or no longer, learns
/// nothing but that: expired, ended, removed, disabled, signed by another key, or by none at all.
#[tokio::test]
async fn what_is_no_good_opens_nothing() {
    let (app, _provider) = TestApp::with_provider(|config| config.limits.enabled = false).await;
    let callers = Callers::new(&app).await;
    for (code, person) in &callers.no_good {
        let secret = person
            .token
            .as_ref()
            .is_some_and(|t| t.starts_with("novas_"));
        for (method, path, _) in guarded() {
            let answer = ask(person, method, path, NOBODYS).await;
            // The one place where a service's secret is of use, to that service.
            let (status, code) = match path {
                "/api/auth/service/token" if secret => (403, "service_unknown"),
                _ => (401, *code),
            };
            is_error(&answer, status, code, &format!("{method} {path}"));
        }
    }
    app.finish().await;
}

/// What is for anyone asks nobody who they are.
#[tokio::test]
async fn what_is_for_anyone() {
    let app = TestApp::new().await;
    for (method, path, who) in ROUTES {
        if who == Who::Anyone && path != "/metrics" {
            let answer = ask(&app.nobody(), method, path, "").await;
            assert_ne!(answer.code(), "token_missing", "{method} {path}");
        }
    }
    app.finish().await;
}

/// Each kind of caller that is known passes exactly the doors that the table opens for it.
#[tokio::test]
async fn every_kind_of_caller_meets_its_door() {
    let (app, _provider) = TestApp::with_provider(|config| config.limits.enabled = false).await;
    let callers = Callers::new(&app).await;
    for (method, path, who) in guarded() {
        let what = |caller: &str| format!("{caller}: {method} {path}");
        // New people each time: some routes end them.
        let (fresh, trusted) = (new_name(&app), new_name(&app));
        let unverified = ask(&app.unverified(&fresh).await, method, path, NOBODYS).await;
        let user = ask(&app.user(&trusted).await, method, path, NOBODYS).await;
        let bare = ask(&callers.without_scopes, method, path, NOBODYS).await;
        let full = ask(&callers.with_scopes, method, path, NOBODYS).await;
        match who {
            Who::Administrator(_) => {
                for person in [unverified, user] {
                    is_error(&person, 403, "forbidden", &what("a person"));
                }
            }
            Who::Verified(_) | Who::VerifiedScoped(_) => {
                is_error(&unverified, 403, "email_unverified", &what("unverified"));
                is_admitted(&user, &what("a person"));
            }
            _ => {
                is_admitted(&unverified, &what("unverified"));
                is_admitted(&user, &what("a person"));
            }
        }
        match who {
            Who::Known => {
                is_admitted(&bare, &what("a token without scopes"));
                is_admitted(&full, &what("a token"));
            }
            Who::Scoped(scope, _) | Who::VerifiedScoped(scope) => {
                is_error(&bare, 403, "scope_missing", &what("a token without scopes"));
                is_admitted(&full, &what("a token with all scopes"));
                let others = callers.all_but(&app, scope).await;
                let others = ask(&others, method, path, NOBODYS).await;
                is_error(&others, 403, "scope_missing", &what("all scopes but this"));
            }
            _ => {
                is_error(&bare, 403, "scope_missing", &what("a token"));
                is_error(
                    &full,
                    403,
                    "scope_missing",
                    &what("a token with all scopes"),
                );
            }
        }
    }
    app.finish().await;
}

/// What is somebody else's is not there: on no route does an id lead to it, for a stranger or for an
/// administrator, and the answer is the same as for an id that nobody has.
#[tokio::test]
async fn what_is_not_mine_is_not_there() {
    let (app, _provider) = TestApp::with_provider(|config| config.limits.enabled = false).await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let admin = app.admin().await;
    let bobs = Belongings::of(&app, &bob).await;
    let owned = async |person: &Person| {
        let history = format!("/api/chat/history/{}", bobs.named(Names::Conversation));
        let mut seen = vec![person.get(&history).await.body["items"].clone()];
        for path in [
            "/api/memory",
            "/api/auth/tokens",
            "/api/auth/passkeys",
            "/api/auth/identities",
        ] {
            seen.push(person.get(path).await.body["items"].clone());
        }
        seen
    };
    let before = owned(&bob).await;
    let without_id = |answer: &Answer| answer.text.replace(&answer.str("correlation_id"), "");
    for (method, path, names) in of_bobs() {
        for stranger in [&ada, &admin] {
            let theirs = ask(stranger, method, path, bobs.named(names)).await;
            is_error(&theirs, 404, "not_found", path);
            let nobodys = ask(stranger, method, path, NOBODYS).await;
            assert_eq!(without_id(&theirs), without_id(&nobodys), "{method} {path}");
            let no_id = ask(stranger, method, path, "1%20or%201=1").await;
            is_error(&no_id, 404, "not_found", path);
        }
    }
    let in_his = json!({"message": "Hello", "session_id": bobs.named(Names::Conversation)});
    for path in ["/api/chat/message", "/api/chat/stream"] {
        is_error(&ada.post(path, &in_his).await, 404, "not_found", path);
    }
    let search = json!({"query": "sister Lisbon"});
    let found = admin.post("/api/memory/search", &search).await;
    assert_eq!(found.body["results"], json!([]));
    app.settle().await;
    assert_eq!(owned(&bob).await, before, "nothing of his has changed");
    assert_eq!(
        app.model.requests().len(),
        1,
        "no model was asked in his name"
    );
    assert_eq!(ada.get("/api/chat/sessions").await.body["items"], json!([]));
    app.finish().await;
}

/// The same table, asked by the owner: each route does what it is for, so the refusals above are about
/// whose things they are, and not about how they were asked for.
#[tokio::test]
async fn what_is_mine_is_there() {
    let (app, _provider) = TestApp::with_provider(all_on).await;
    let bob = app.user("bob").await;
    let mut rows: Vec<_> = guarded().collect();
    rows.retain(|(.., who)| !matches!(who, Who::Administrator(_) | Who::Verified(_)));
    // Nothing was bought; what is done then has its own tests.
    rows.retain(|(_, path, _)| *path != "/api/billing/portal");
    // What ends the sign-in, and the account, comes last.
    rows.sort_by_key(|(_, path, who)| {
        (*path == "/api/account/delete", who.names() == Names::SignIn)
    });
    for (method, path, who) in rows {
        let bob = if path == "/api/account/delete" {
            app.user("bob").await
        } else {
            bob.clone()
        };
        let bobs = Belongings::of(&app, &bob).await;
        let answer = ask(&bob, method, path, bobs.named(who.names())).await;
        let done = (200..300).contains(&answer.status);
        assert!(done, "{method} {path}: {answer:?}");
        // Nobody has as many as there are routes; after the last ones nobody is signed in.
        let token = format!("/api/auth/tokens/{}", bobs.named(Names::Token));
        bob.delete(&token).await;
    }
    assert_eq!(bob.get("/api/auth/me").await.code(), "session_revoked");
    app.run_jobs().await;
    app.finish().await;
}

/// What is an administrator's works for an administrator, and says so when there is no such thing.
#[tokio::test]
async fn what_is_the_administrators() {
    let (app, _provider) = TestApp::with_provider(all_on).await;
    let admin = app.admin().await;
    // What goes by itself: without a mail server there is nothing to test, and nothing was bought.
    let own_tests = [
        "/api/admin/mails/test",
        "/api/admin/users/{id}/resync",
        "/api/auth/service/token",
    ];
    for (method, path, who) in guarded() {
        let Who::Administrator(names) = who else {
            continue;
        };
        if names != Names::Nothing {
            let nobodys = ask(&admin, method, path, NOBODYS).await;
            is_error(&nobodys, 404, "not_found", path);
        }
        let bob = app.user(&new_name(&app)).await;
        let his = Belongings::about(&app, &admin, &bob).await;
        let answer = ask(&admin, method, path, his.named(names)).await;
        let done = (200..300).contains(&answer.status) || own_tests.contains(&path);
        assert!(done, "{method} {path}: {answer:?}");
    }
    app.run_jobs().await;
    app.finish().await;
}

/// What is for services no person can use, not even an administrator, and no service without the scope,
/// with a token of another kind, for another place, too old, or signed by somebody else.
#[tokio::test]
async fn what_is_for_services() {
    let app = TestApp::with(|config| config.limits.enabled = false).await;
    let all = ["metrics:read", "backup:run", "usage:read", "jobs:run"];
    let program = service(&app, "backups", &all).await;
    let aged = program.token(&app, &all).await;
    app.advance(Duration::from_mins(16));
    let admin = app.admin().await;
    let no_good = callers::no_good_for_services(&app, &admin, &aged).await;
    let (_, api) = api_token(&app.user("ada").await, &["chat:read"]).await;
    for (method, path, who) in ROUTES {
        let Who::Service(scope) = who else { continue };
        for person in [&app.nobody(), &admin, &app.nobody().with_token(&api)] {
            let answer = ask(person, method, path, "").await;
            is_error(&answer, 403, "service_token_missing", path);
        }
        for (code, token) in &no_good {
            let answer = as_service(&app, method, path, token).await;
            is_error(&answer, 403, code, path);
        }
        let others: Vec<_> = all.into_iter().filter(|other| *other != scope).collect();
        let without = program.token(&app, &others).await;
        let answer = as_service(&app, method, path, &without).await;
        is_error(&answer, 403, "scope_missing", path);
        let with = program.token(&app, &[scope]).await;
        let answer = as_service(&app, method, path, &with).await;
        assert!((200..300).contains(&answer.status), "{path}: {answer:?}");
        // As a person's token it is worth nothing.
        let answer = ask(&app.nobody().with_token(&with), "GET", "/api/auth/me", "").await;
        is_error(&answer, 401, "token_invalid", path);
    }
    app.settle().await;
    app.finish().await;
}

/// A request that carries what is no good beside what is good is not let in by the one for the other.
#[tokio::test]
async fn a_good_token_does_not_cover_a_bad_one() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let both = request(&ada, "GET", "/api/internal/usage", "").header("x-service-token", "no good");
    is_error(
        &Person::send(both).await,
        403,
        "service_token_invalid",
        "usage",
    );
    app.finish().await;
}
