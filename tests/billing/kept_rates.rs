//! That limits go on counting where they were when the program ends and starts again.

use std::time::Duration;

use novacore::{billing, lifecycle};
use serde_json::json;
use storage::{Read as _, Span, Table};
use uuid::Uuid;

use crate::support::app::{PASSWORD, TestApp};
use crate::support::clock::{TestClock, soon};
use crate::support::http::Person;
use crate::support::people::id_of;
use crate::support::rates::{costly, free, passing, told, wait};

/// The people of whom buckets are stored.
fn stored(app: &TestApp) -> Vec<Uuid> {
    /// Any row.
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Row {}
    impl storage::Record for Row {}
    const RATES: Table<Uuid, Row> = Table::new("billing_rates");
    let rows = app.app.store.read(|tx| tx.scan(&RATES, Span::all(), 100));
    let rows: Result<_, storage::Error> = rows;
    rows.unwrap().into_iter().map(|(user, _)| user).collect()
}

/// Ends the program as a signal does, and starts it again.
async fn restart(app: &mut TestApp) {
    app.settle().await;
    let closed = soon("the end of the program", lifecycle::close(&app.app)).await;
    closed.unwrap();
    app.crash_and_reopen().await;
}

/// The same person at the program that was started again.
fn still(app: &TestApp, person: &Person) -> Person {
    person.at(&app.url)
}

/// A restart is no new beginning, and no punishment: what was used stays used, and the time in which the
/// program did not run counts.
#[tokio::test]
async fn a_clean_restart_changes_nothing() {
    let mut app = TestApp::with(|config| {
        free(config);
        config.limits.searches_per_minute = 4;
        config.limits.exports_per_hour = 2;
    })
    .await;
    let (ada, admin) = (app.user("ada").await, app.admin().await);
    assert_eq!(passing(&ada).await.0, 20);
    assert_eq!(told(&ada.get("/api/memory?q=sea").await), [4, 3, 15]);
    assert_eq!(
        told(&admin.get("/api/admin/feedback/export").await),
        [2, 1, 1800]
    );
    restart(&mut app).await;
    let (ada, admin) = (still(&app, &ada), still(&app, &admin));
    let (passed, refused) = passing(&ada).await;
    assert_eq!((passed, wait(&refused)), (0, 6));
    assert_eq!(told(&refused), [10, 0, 120]);
    assert_eq!(told(&ada.get("/api/memory?q=sea").await), [4, 2, 30]);
    assert_eq!(
        told(&admin.get("/api/admin/feedback/export").await),
        [2, 0, 3600]
    );

    app.settle().await;
    lifecycle::close(&app.app).await.unwrap();
    app.end();
    app.advance(Duration::from_secs(31));
    app.reopen().await;
    let ada = still(&app, &ada);
    assert_eq!(passing(&ada).await.0, 5);
    app.finish().await;
}

/// A crash forgets what came in the last five seconds, and no more.
#[tokio::test]
async fn a_crash_forgets_little() {
    let mut app = TestApp::with(free).await;
    let ada = app.user("ada").await;
    for _ in 0..10 {
        costly(&ada).await;
    }
    // Time goes on while others call, until the background has stored.
    let mut seconds = 0;
    while stored(&app).is_empty() {
        assert!(seconds < 60, "nothing was stored");
        app.advance(Duration::from_secs(1));
        seconds += 1;
        for _ in 0..20 {
            app.nobody().get("/health").await;
        }
    }
    assert!(seconds >= 5, "stored too often: after {seconds} s");
    for _ in 0..5 {
        costly(&ada).await;
    }
    app.crash_and_reopen().await;
    // Ten are known, less what a call costs every six seconds; the five after them are not.
    let (passed, _) = passing(&still(&app, &ada)).await;
    assert_eq!(passed, (60 + seconds) / 6);
    app.finish().await;
}

/// A machine whose clock was set back locks nobody out for longer than a full bucket takes to empty.
#[tokio::test]
async fn a_clock_that_was_set_back_locks_nobody_out() {
    let mut app = TestApp::with(free).await;
    app.advance(Duration::from_hours(30 * 24));
    let ada = app.user("ada").await;
    assert_eq!(passing(&ada).await.0, 20);
    billing::store_rates(&app.app).await.unwrap();
    app.end();
    app.clock = TestClock::new();
    app.reopen().await;
    let ada = app.user("ada").await;
    let (passed, refused) = passing(&ada).await;
    assert_eq!((passed, wait(&refused)), (0, 6));
    assert_eq!(told(&refused), [10, 0, 120]);
    app.advance(Duration::from_mins(2));
    assert_eq!(passing(&ada).await.0, 20);
    app.finish().await;
}

/// A plan that changed while the program did not run counts with the next call.
#[tokio::test]
async fn another_plan_after_a_restart() {
    let mut app = TestApp::with(free).await;
    let ada = app.user("ada").await;
    assert_eq!(passing(&ada).await.0, 20);
    app.config.plans.default = "pro".into();
    restart(&mut app).await;
    let ada = still(&app, &ada);
    assert_eq!(told(&costly(&ada).await), [100, 179, 13]);
    app.finish().await;
}

/// Nothing is written when nothing changed, rows that say nothing any more go, and refusals and reads
/// change nothing.
#[tokio::test]
async fn nothing_is_written_for_nothing() {
    let app = TestApp::with(free).await;
    let ada = app.user("ada").await;
    passing(&ada).await;
    billing::store_rates(&app.app).await.unwrap();
    assert_eq!(stored(&app), [id_of(&ada).await]);
    app.settle().await;
    let before = app.app.store.seq();
    assert_eq!(costly(&ada).await.status, 429);
    assert_eq!(ada.get("/api/chat/sessions").await.status, 200);
    billing::store_rates(&app.app).await.unwrap();
    billing::sweep_rates(&app.app).await.unwrap();
    assert_eq!(app.app.store.seq(), before);
    app.advance(Duration::from_mins(3));
    billing::sweep_rates(&app.app).await.unwrap();
    assert!(stored(&app).is_empty());
    app.finish().await;
}

/// With an account its buckets go, and none comes after.
#[tokio::test]
async fn an_erased_account_leaves_no_bucket() {
    let app = TestApp::with(free).await;
    let ada = app.user("ada").await;
    costly(&ada).await;
    billing::store_rates(&app.app).await.unwrap();
    assert_eq!(stored(&app).len(), 1);
    // Changed, and not stored yet.
    costly(&ada).await;
    let password = json!({"password": PASSWORD});
    let gone = ada.post("/api/account/delete", &password).await;
    assert_eq!(gone.status, 202);
    app.run_jobs().await;
    assert!(stored(&app).is_empty());
    billing::store_rates(&app.app).await.unwrap();
    assert!(stored(&app).is_empty());
    app.finish().await;
}
