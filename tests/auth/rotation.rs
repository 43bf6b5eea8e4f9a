//! Refresh tokens: each is good once, and one that comes back ends the sign-in.

use std::time::Duration;

use futures_util::future::join_all;

use super::{ada_signs_in, refresh, refusal};
use crate::support::app::TestApp;

const DAY: Duration = Duration::from_hours(24);

/// A refresh brings a new pair, and both of it are good.
#[tokio::test]
async fn a_refresh_brings_a_new_pair() {
    let app = TestApp::new().await;
    let (access, first) = ada_signs_in(&app).await;
    let refreshed = refresh(&app, &first).await;
    assert_eq!(refreshed.status, 200);
    assert_eq!(refreshed.body["user"]["email"], "ada@example.org");
    let second = refreshed.str("refresh_token");
    assert_ne!(first, second);
    assert_eq!(refusal(&app, &refreshed.str("access_token")).await, "");
    assert_eq!(
        refusal(&app, &access).await,
        "",
        "the old one lives out its time"
    );
    assert_eq!(refresh(&app, &second).await.status, 200);
    app.finish().await;
}

/// Tabs that refresh at the same moment all stay signed in, with the same successor.
#[tokio::test]
async fn tabs_that_refresh_together_stay_signed_in() {
    let app = TestApp::new().await;
    let (_, token) = ada_signs_in(&app).await;
    let answers = join_all((0..8).map(|_| refresh(&app, &token))).await;
    let successors: Vec<_> = answers.iter().map(|a| a.str("refresh_token")).collect();
    assert!(
        successors
            .iter()
            .all(|successor| *successor == successors[0])
    );
    app.advance(Duration::from_secs(10));
    let late = refresh(&app, &token).await;
    assert_eq!(late.str("refresh_token"), successors[0], "a slow tab");
    assert_eq!(refresh(&app, &successors[0]).await.status, 200);
    app.finish().await;
}

/// A replaced token that comes back later was copied: the sign-in ends, its access tokens included.
#[tokio::test]
async fn a_token_that_comes_back_ends_the_sign_in() {
    let app = TestApp::new().await;
    let (access, old) = ada_signs_in(&app).await;
    let (_, other) = ada_signs_in(&app).await;
    let newest = refresh(&app, &old).await;
    app.advance(Duration::from_millis(10_001));
    let stolen = refresh(&app, &old).await;
    assert_eq!((stolen.status, stolen.code()), (401, "session_revoked"));
    let after = refresh(&app, &newest.str("refresh_token")).await;
    assert_eq!((after.status, after.code()), (401, "session_revoked"));
    for token in [access, newest.str("access_token")] {
        assert_eq!(refusal(&app, &token).await, "session_revoked");
    }
    assert_eq!(
        refresh(&app, &other).await.status,
        200,
        "other sign-ins go on"
    );
    app.finish().await;
}

/// The ten seconds are for the token just replaced, not for those before it.
#[tokio::test]
async fn an_older_token_ends_the_sign_in_at_once() {
    let app = TestApp::new().await;
    let (_, first) = ada_signs_in(&app).await;
    let second = refresh(&app, &first).await.str("refresh_token");
    let third = refresh(&app, &second).await.str("refresh_token");
    assert_eq!(refresh(&app, &first).await.code(), "session_revoked");
    assert_eq!(refresh(&app, &third).await.code(), "session_revoked");
    app.finish().await;
}

/// A token that we did not make says nothing about any sign-in, and ends none.
#[tokio::test]
async fn a_changed_token_is_refused_and_does_no_harm() {
    let app = TestApp::new().await;
    let (_, token) = ada_signs_in(&app).await;
    let (_, other) = ada_signs_in(&app).await;
    let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (mine, others) = (parts(&token), parts(&other));
    let flipped = if mine[2].starts_with('A') { "B" } else { "A" };
    let changed = [
        format!("{}.{}.{flipped}{}", mine[0], mine[1], &mine[2][1..]),
        format!("{}.{}.{}", others[0], mine[1], mine[2]),
        format!("{}.1.{}", mine[0], mine[2]),
        format!("{}.{}.", mine[0], mine[1]),
        format!("{}.{}", mine[0], mine[1]),
        format!("{token}A"),
        format!("{}.-1.{}", mine[0], mine[2]),
        String::new(),
        "nonsense".into(),
    ];
    for changed in changed {
        let refused = refresh(&app, &changed).await;
        assert_eq!(
            (refused.status, refused.code()),
            (401, "token_invalid"),
            "{changed}"
        );
    }
    assert_eq!(refresh(&app, &token).await.status, 200);
    app.finish().await;
}

/// Whoever comes back within a week stays signed in; whoever does not, signs in again.
#[tokio::test]
async fn a_sign_in_ends_after_a_week_without_use() {
    let app = TestApp::new().await;
    let (_, token) = ada_signs_in(&app).await;
    app.advance((DAY * 7).saturating_sub(Duration::from_secs(1)));
    let token = refresh(&app, &token).await.str("refresh_token");
    app.advance(DAY * 7);
    let late = refresh(&app, &token).await;
    assert_eq!((late.status, late.code()), (401, "session_revoked"));
    app.finish().await;
}

/// After thirty days a sign-in ends however often it was used.
#[tokio::test]
async fn a_sign_in_ends_after_thirty_days() {
    let app = TestApp::new().await;
    let (_, mut token) = ada_signs_in(&app).await;
    for _ in 0..5 {
        app.advance((DAY * 6).saturating_sub(Duration::from_secs(1)));
        token = refresh(&app, &token).await.str("refresh_token");
    }
    let person = app.signed_in(&refresh(&app, &token).await);
    let listed = person.get("/api/auth/sessions").await.body;
    assert_eq!(listed["items"][0]["expires_at"], "2026-01-31T00:00:00Z");
    app.advance(Duration::from_secs(5));
    assert_eq!(person.get("/api/auth/me").await.code(), "session_revoked");
    let late = refresh(&app, &token).await;
    assert_eq!((late.status, late.code()), (401, "session_revoked"));
    app.finish().await;
}
