//! How often somebody may do what costs.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use crate::support::app::{PASSWORD, TestApp};
use crate::support::programs::api_token;
use crate::support::rates::{costly, free, passing, told, wait};

/// Each plan has exactly its calls at once and its calls a minute, `Retry-After` is the first second at
/// which one passes, and the minute after a minute is no fuller.
#[tokio::test]
async fn every_plan_has_its_calls() {
    let app = TestApp::with(free).await;
    for (plan, at_once, a_minute, first) in [
        ("free", 20, 10, 6),
        ("basic", 100, 50, 2),
        ("pro", 200, 100, 1),
    ] {
        let person = app.user(plan).await;
        app.give_plan(&person, plan).await;
        let (passed, refused) = passing(&person).await;
        assert_eq!((passed, wait(&refused)), (at_once, first), "{plan}");
        app.advance(Duration::from_secs(first - 1));
        assert_eq!(passing(&person).await.0, 0, "{plan}");
        app.advance(Duration::from_secs(1));
        assert_eq!(costly(&person).await.status, 404, "{plan}");
        // The rest of the minute, less the call that passed.
        app.advance(Duration::from_secs(60 - first));
        assert_eq!(passing(&person).await.0, a_minute - 1, "{plan}");
        for _ in 0..2 {
            app.advance(Duration::from_mins(1));
            assert_eq!(passing(&person).await.0, a_minute, "{plan}");
        }
    }
    app.finish().await;
}

/// Calls that come at the same moment are counted one by one, and each person has calls of their own.
#[tokio::test]
async fn calls_at_once_are_counted_one_by_one() {
    let app = TestApp::with(free).await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let answers = join_all((0..50).map(|_| costly(&ada))).await;
    let passed = answers.iter().filter(|answer| answer.status == 404).count();
    assert_eq!(passed, 20);
    assert_eq!(passing(&bob).await.0, 20);
    app.finish().await;
}

/// Every call of the chat that has a model answer is costly, by a program of the person's, too; a refusal
/// says what the plan allows, and nothing is stored.
#[tokio::test]
async fn talking_is_costly() {
    let app = TestApp::with(|config| {
        free(config);
        let plan = config.plans.named.get_mut("free").unwrap();
        (plan.requests_per_minute, plan.burst) = (10, 4);
    })
    .await;
    let ada = app.user("ada").await;
    let (_, token) = api_token(&ada, &["chat:write"]).await;
    let said = ada.say("Hello").await;
    assert_eq!((said.status, told(&said)), (200, [10, 3, 6]), "{said:?}");
    let id = said.str("message_id");
    let again = format!("/api/chat/messages/{id}/regenerate");
    assert_eq!(told(&ada.post(&again, &json!({})).await), [10, 2, 12]);
    let program = ada.with_token(&token);
    let hi = json!({"message": "Hi"});
    let streamed = program.post("/api/chat/stream", &hi).await;
    assert_eq!(told(&streamed), [10, 1, 18]);
    let edit = format!("/api/chat/messages/{id}/edit");
    let edited = ada.post(&edit, &json!({"message": "Hello!"})).await;
    assert_eq!(told(&edited), [10, 0, 24]);
    app.settle().await;

    let before = app.app.store.seq();
    for refused in [
        ada.say("One more").await,
        program.post("/api/chat/stream", &hi).await,
        ada.post(&again, &json!({})).await,
        ada.post(&edit, &json!({"message": "Hello!"})).await,
    ] {
        assert_eq!((refused.code(), wait(&refused)), ("rate_limited", 6));
        assert_eq!(told(&refused), [10, 0, 24]);
        assert_eq!(
            refused.str("error"),
            "Your plan allows 10 messages a minute, 4 at once. Wait 6 seconds and try again."
        );
    }
    assert_eq!(app.app.store.seq(), before);
    app.finish().await;
}

/// What costs takes nothing from other requests, and they take nothing from it.
#[tokio::test]
async fn costly_calls_and_others_are_counted_apart() {
    let app = TestApp::with(|config| {
        free(config);
        config.limits.reads_per_minute = 60;
        config.limits.reads_burst = 5;
    })
    .await;
    let ada = app.user("ada").await;
    assert_eq!(passing(&ada).await.0, 20);
    for left in (0..5).rev() {
        let read = ada.get("/api/chat/sessions").await;
        assert_eq!((read.status, told(&read)), (200, [60, left, 5 - left]));
    }
    let refused = ada.get("/api/chat/sessions").await;
    assert_eq!((wait(&refused), told(&refused)), (1, [60, 0, 5]));
    app.advance(Duration::from_mins(2));
    for _ in 0..5 {
        assert_eq!(ada.get("/api/chat/sessions").await.status, 200);
    }
    assert_eq!(passing(&ada).await.0, 20);
    app.finish().await;
}

/// A change of plan counts with the next call: a larger plan lets calls through at once, those that were
/// made count in it, and going back brings no new beginning.
#[tokio::test]
async fn a_change_of_plan_counts_with_the_next_call() {
    let app = TestApp::with(free).await;
    let ada = app.user("ada").await;
    assert_eq!(passing(&ada).await.0, 20);
    app.give_plan(&ada, "pro").await;
    assert_eq!(told(&costly(&ada).await), [100, 179, 13]);
    app.give_plan(&ada, "free").await;
    let (passed, refused) = passing(&ada).await;
    assert_eq!((passed, wait(&refused)), (0, 6));
    assert_eq!(told(&refused), [10, 0, 120]);
    app.give_plan(&ada, "pro").await;
    assert_eq!(passing(&ada).await.0, 180);
    app.give_plan(&ada, "free").await;
    assert_eq!(passing(&ada).await.0, 0);
    app.advance(Duration::from_mins(2));
    assert_eq!(passing(&ada).await.0, 20);
    app.finish().await;
}

/// No plan limits administrators; their calls count as any other request's. Nobody is limited when limits
/// are switched off, and then no answer speaks of any.
#[tokio::test]
async fn whom_no_plan_limits() {
    let app = TestApp::with(free).await;
    let admin = app.admin().await;
    for left in (60..100).rev() {
        assert_eq!(told(&costly(&admin).await)[..2], [600, left]);
    }
    app.finish().await;

    let app = TestApp::with(|config| {
        free(config);
        config.limits.enabled = false;
        config.limits.searches_per_minute = 1;
        config.limits.exports_per_hour = 1;
    })
    .await;
    let (ada, admin) = (app.user("ada").await, app.admin().await);
    for _ in 0..25 {
        let passed = costly(&ada).await;
        assert_eq!((passed.status, passed.header("ratelimit-limit")), (404, ""));
    }
    for _ in 0..3 {
        assert_eq!(ada.get("/api/memory?q=sea").await.status, 200);
        assert_eq!(admin.get("/api/admin/feedback/export").await.status, 200);
    }
    app.finish().await;
}

/// Searches have a limit of their own, in either way of asking for them; listing is not searching.
#[tokio::test]
async fn searches_are_limited() {
    let app = TestApp::with(|config| config.limits.searches_per_minute = 2).await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let listed = ada.get("/api/memory").await;
    assert_eq!(told(&listed), [600, 99, 1]);
    let search = json!({"query": "sea"});
    let found = ada.post("/api/memory/search", &search).await;
    assert_eq!((found.status, told(&found)), (200, [2, 1, 30]));
    assert_eq!(told(&ada.get("/api/memory?q=sea").await), [2, 0, 60]);
    for refused in [
        ada.get("/api/memory/list?limit=1&q=%73ea").await,
        ada.post("/api/memory/search", &search).await,
    ] {
        assert_eq!((refused.code(), wait(&refused)), ("rate_limited", 30));
        assert_eq!(told(&refused), [2, 0, 60]);
    }
    assert_eq!(told(&ada.get("/api/memory?q=%20").await), [600, 98, 1]);
    assert_eq!(bob.get("/api/memory?q=sea").await.status, 200);
    app.advance(Duration::from_secs(30));
    assert_eq!(ada.get("/api/memory?q=sea").await.status, 200);
    app.finish().await;
}

/// Exports are few, beside what else a person may ask for.
#[tokio::test]
async fn exports_are_limited() {
    let app = TestApp::with(|config| config.limits.exports_per_hour = 2).await;
    let admin = app.admin().await;
    let path = "/api/admin/feedback/export";
    assert_eq!(told(&admin.get(path).await), [2, 1, 1800]);
    assert_eq!(told(&admin.get(path).await), [2, 0, 3600]);
    let refused = admin.get(path).await;
    assert_eq!((wait(&refused), told(&refused)), (1800, [2, 0, 3600]));
    app.advance(Duration::from_secs(1799));
    let admin = app.admin().await;
    assert_eq!(wait(&admin.get(path).await), 1);
    app.advance(Duration::from_secs(1));
    assert_eq!(admin.get(path).await.status, 200);
    app.finish().await;
}

/// The right password costs as much hashing as a wrong one, so asking for it again is limited by person.
#[tokio::test]
async fn confirming_the_password_is_limited() {
    let app = TestApp::with(|config| config.limits.sign_ins_per_minute = 10).await;
    let ada = app.user("ada").await;
    let body = json!({"password": PASSWORD});
    let begin = async || ada.post("/api/auth/second-factor/begin", &body).await;
    for left in (0..10).rev() {
        let passed = begin().await;
        assert_eq!((passed.status, told(&passed)[1]), (200, left));
    }
    let refused = begin().await;
    assert_eq!((refused.code(), wait(&refused)), ("rate_limited", 6));
    app.advance(Duration::from_secs(6));
    assert_eq!(begin().await.status, 200);
    app.finish().await;
}
