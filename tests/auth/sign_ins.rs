//! How many sign-ins a person can have at once.

use crate::support::app::TestApp;
use crate::support::http::Person;

async fn count(person: &Person) -> usize {
    let list = person.get("/api/auth/sessions").await;
    list.body["items"].as_array().unwrap().len()
}

/// Whoever knows a password cannot fill the disk with sign-ins: of more than a hundred the oldest ends,
/// what is served through it as well, and nobody else's.
#[tokio::test]
async fn the_oldest_of_too_many_ends() {
    let app = TestApp::with(|config| config.limits.enabled = false).await;
    let bob = app.user("bob").await;
    let (first, second) = (app.user("ada").await, app.user("ada").await);
    let id = first.get("/api/auth/sessions").await.body["items"][1]["id"].clone();
    let door = app.app.presence.door(id.as_str().unwrap().parse().unwrap());
    let mut newest = second.clone();
    for _ in 2..100 {
        newest = app.user("ada").await;
    }
    assert_eq!((count(&newest).await, count(&first).await), (100, 100));
    assert!(!door.is_closed());
    let newest = app.user("ada").await;
    assert_eq!(count(&newest).await, 100);
    assert_eq!(first.get("/api/auth/me").await.code(), "session_revoked");
    assert!(door.is_closed());
    assert_eq!(second.get("/api/auth/me").await.status, 200);
    assert_eq!(bob.get("/api/auth/me").await.status, 200);
    app.finish().await;
}
