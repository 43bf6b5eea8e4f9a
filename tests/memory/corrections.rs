//! Two hundred corrections and forgettings, with a crash in the middle.

use serde_json::json;

use super::{export, found, one, stored, unlimited};
use crate::support::app::TestApp;

/// A word of its own for each number, alike in no stem.
fn word(prefix: &str, number: usize) -> String {
    let letters = "bcdfghjklmnpqrstvwxz".as_bytes();
    let digit = |n: usize| char::from(letters[n % letters.len()]);
    format!(
        "{prefix}{}a{}o",
        digit(number / letters.len()),
        digit(number)
    )
}

fn old(n: usize) -> String {
    format!("My friend {} lives in {}.", word("kim", n), word("old", n))
}

fn new(n: usize) -> String {
    format!("My friend {} lives in {}.", word("kim", n), word("neu", n))
}

/// Corrects two of three and forgets the third, of those from `from` on.
async fn correct(app: &TestApp, ids: &[String], range: std::ops::Range<usize>) {
    let ada = app.user("ada").await;
    for n in range {
        let path = format!("/api/memory/{}", ids[n]);
        if n % 3 == 2 {
            assert_eq!(ada.delete(&path).await.status, 204);
            assert_eq!(found(&ada, &word("old", n)).await, [] as [&str; 0]);
        } else {
            let changed = ada.patch(&path, &json!({"text": new(n)})).await;
            assert_eq!(changed.status, 200, "{changed:?}");
            assert_eq!(found(&ada, &word("neu", n)).await, [new(n)]);
            assert_eq!(found(&ada, &word("old", n)).await, [] as [&str; 0]);
        }
    }
}

/// Each is found by its new words at once and by its old ones no longer; forgotten ones by none; nobody else
/// is touched, and all of it is so after a crash in the middle and at the end.
#[tokio::test]
async fn two_hundred_corrections() {
    const COUNT: usize = 200;
    let mut app = unlimited().await;
    let ada = app.user("ada").await;
    let mut ids = Vec::new();
    for n in 0..COUNT {
        ids.push(
            stored(
                &ada,
                &json!({"text": old(n), "session_key": format!("talk {}", n % 9)}),
            )
            .await,
        );
    }
    correct(&app, &ids, 0..COUNT / 2).await;
    app.crash_and_reopen().await;
    correct(&app, &ids, COUNT / 2..COUNT).await;
    app.crash_and_reopen().await;
    app.settle().await;
    let ada = app.user("ada").await;
    for (n, id) in ids.iter().enumerate() {
        assert_eq!(found(&ada, &word("old", n)).await, [] as [&str; 0], "{n}");
        let gone = n % 3 == 2;
        let expected: Vec<_> = (!gone).then(|| new(n)).into_iter().collect();
        assert_eq!(found(&ada, &word("kim", n)).await, expected, "{n}");
        assert_eq!(one(&ada, id).await.status, if gone { 404 } else { 200 });
    }
    let left = export(&ada).await;
    assert_eq!(left.len(), (0..COUNT).filter(|n| n % 3 != 2).count());
    assert!(left.iter().all(|line| line["edited_at"].is_string()));
    let agreed = novacore::memory::disagreements(&app.app).await.unwrap();
    assert_eq!(agreed.findings, [] as [&str; 0]);
    app.finish().await;
}
