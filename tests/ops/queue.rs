//! What stays of jobs that ended.

use std::time::Duration;

use novacore::jobs::{Job, State};
use storage::{Read as _, Table};
use uuid::Uuid;

use crate::support::app::TestApp;

const JOBS: Table<Uuid, Job> = Table::new("jobs_queue");
const DAY: Duration = Duration::from_hours(24);

fn job(app: &TestApp, state: State) -> Job {
    let now = app.clock.clock().now();
    Job {
        id: app.app.ids.next(),
        kind: "none".into(),
        payload: "{}".into(),
        state,
        attempts: 1,
        created_at: now,
        due_at: None,
        ended_at: Some(now),
        last_error: None,
    }
}

/// What ended long ago is forgotten, however many older jobs are kept: what was done after a week, what
/// was given up after a month.
#[tokio::test]
async fn jobs_are_forgotten_behind_those_that_stay() {
    let app = TestApp::new().await;
    let mut jobs: Vec<_> = (0..6_000).map(|_| job(&app, State::Failed)).collect();
    jobs.push(job(&app, State::Done));
    let (given_up, done) = (jobs[0].id, jobs[6_000].id);
    let stored = app.app.store.write(move |tx| {
        let mut jobs = jobs.iter();
        jobs.try_for_each(|job| tx.put(&JOBS, &job.id, job))
    });
    stored.await.unwrap();
    let is_there = |id| app.app.store.read(|tx| tx.contains(&JOBS, &id)).unwrap();
    app.advance(6 * DAY);
    app.app.jobs.sweep().await.unwrap();
    assert!(is_there(done));
    app.advance(2 * DAY);
    app.app.jobs.sweep().await.unwrap();
    assert!(is_there(given_up) && !is_there(done));
    app.advance(23 * DAY);
    app.app.jobs.sweep().await.unwrap();
    assert!(!is_there(given_up));
    app.finish().await;
}
