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
    let (release, held) = mpsc::channel::<()>();
    let holding = app.app.store.write(move |_tx| {
        let _ = held.recv();
        Ok::<_, Error>(())
    });
    let nobody = app.nobody();
    let meanwhile = async {
        for _ in 0..100 {
            nobody.get("/health").await;
        }
        release.send(()).unwrap();
    };
    let (answers, ()) = join(join_all(requests), meanwhile).await;
    holding.await.unwrap();
    answers
}
