//! What is said twice.

use serde_json::{Value, json};

use super::{note, one, stored};
use crate::support::app::TestApp;

/// The same words again are stored, and know the first; when that is forgotten or corrected the next one
/// takes its place, also after a restart.
#[tokio::test]
async fn what_is_said_again_knows_the_first() {
    let mut app = TestApp::new().await;
    let ada = app.user("ada").await;
    let first = note(&ada, "My sister Clara lives in Lisbon.").await;
    let second = note(&ada, "In Lisbon lives Clara, my sister!").await;
    let third = note(&ada, "my sister clara LIVES in lisbon").await;
    let of = async |app: &TestApp, id: &str| {
        one(&app.user("ada").await, id).await.body["duplicate_of"].clone()
    };
    assert_eq!(of(&app, &first).await, Value::Null);
    assert_eq!(of(&app, &second).await, json!(first));
    assert_eq!(of(&app, &third).await, json!(first));
    assert_eq!(
        ada.delete(&format!("/api/memory/{first}")).await.status,
        204
    );
    assert_eq!(of(&app, &second).await, Value::Null);
    assert_eq!(of(&app, &third).await, json!(second));
    app.crash_and_reopen().await;
    app.advance(std::time::Duration::from_secs(1));
    let ada = app.user("ada").await;
    let fourth = note(&ada, "Clara, my sister, lives in Lisbon").await;
    assert_eq!(of(&app, &fourth).await, json!(second));
    let changed = json!({"text": "My sister Clara lives in Porto."});
    ada.patch(&format!("/api/memory/{second}"), &changed).await;
    assert_eq!(of(&app, &second).await, Value::Null);
    assert_eq!(of(&app, &third).await, Value::Null);
    assert_eq!(of(&app, &fourth).await, json!(third));
    app.finish().await;
}

/// Two or three words in common are chance; a question says something else than its answer, and somebody
/// else's words are theirs.
#[tokio::test]
async fn not_everything_alike_is_the_same() {
    let app = super::unlimited().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let said = "Clara plays the violin beautifully.";
    note(&ada, said).await;
    note(&ada, "Good morning").await;
    for memory in [
        json!({"text": "Good morning"}),
        json!({"text": "Clara plays the violin beautifully?"}),
        json!({"text": "Clara plays the violin."}),
        json!({"text": said, "speaker": "assistant"}),
    ] {
        let id = stored(&ada, &memory).await;
        assert_eq!(
            one(&ada, &id).await.body["duplicate_of"],
            Value::Null,
            "{memory}"
        );
    }
    let his = note(&bob, said).await;
    assert_eq!(one(&bob, &his).await.body["duplicate_of"], Value::Null);
    app.finish().await;
}
