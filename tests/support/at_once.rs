//! Requests that really meet: all of them have read what is stored before any of them writes.

use std::sync::mpsc;

use futures_util::future::{join, join_all};
use novacore::error::Error;

use super::app::TestApp;

/// Runs requests while nothing can be written, for as long as a hundred others take, and then lets
/// them write. However they meet, the outcome must be the same; this has them meet.
pub async fn at_once<T>(
    app: &TestApp,
    requests: impl Iterator<Item = impl Future<Output = T>>,
) -> Vec<T> {
    while_held(app, async |release| {
        let meanwhile = async {
            some_time(app).await;
            release();
        };
        join(join_all(requests), meanwhile).await.0
    })
    .await
}

/// The same for requests that have read what is stored before `first` writes, and write after it.
pub async fn behind<T>(
    app: &TestApp,
    first: impl Future<Output = ()>,
    requests: impl Iterator<Item = impl Future<Output = T>>,
) -> Vec<T> {
    while_held(app, async |release| {
        let after = async {
            some_time(app).await;
            let meanwhile = async {
                some_time(app).await;
                release();
            };
            join(join_all(requests), meanwhile).await.0
        };
        join(first, after).await.1
    })
    .await
}

/// As long as a hundred requests take.
async fn some_time(app: &TestApp) {
    let nobody = app.nobody();
    for _ in 0..100 {
        nobody.get("/health").await;
    }
}

/// Holds the one who writes, until `work` releases them.
async fn while_held<T>(app: &TestApp, work: impl AsyncFnOnce(Box<dyn Fn()>) -> T) -> T {
    let (release, held) = mpsc::channel::<()>();
    let holding = app.app.store.write(move |_tx| {
        let _ = held.recv();
        Ok::<_, Error>(())
    });
    let done = work(Box::new(move || release.send(()).unwrap())).await;
    holding.await.unwrap();
    done
}
