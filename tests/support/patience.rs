//! Waiting for what must come. A test waits for events, never for time; this only turns waiting for
//! ever into a failure that says for what.

use std::time::Duration;

use novacore::clock::Clock;

pub async fn soon<T>(what: &str, coming: impl Future<Output = T>) -> T {
    let came = Clock::system()
        .timeout(Duration::from_mins(1), coming)
        .await;
    came.unwrap_or_else(|_| panic!("{what} did not come"))
}
