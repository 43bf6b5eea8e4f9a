//! Whose memory it is.

use futures_util::future::join_all;
use serde_json::json;

use super::{all, found, instructions, tell};
use crate::support::app::TestApp;

/// People who say the same words find their own and never each other's, however they ask.
#[tokio::test]
async fn the_same_words_of_two_people_stay_apart() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    tell(&app, &ada, "My sister lives in Lisbon, says Ada.").await;
    tell(&app, &bob, "My sister lives in Lisbon, says Bob.").await;
    for (person, mine, other) in [(&ada, "Ada", "Bob"), (&bob, "Bob", "Ada")] {
        let own = [format!("My sister lives in Lisbon, says {mine}.")];
        assert_eq!(found(person, "sister Lisbon").await, own);
        assert_eq!(found(person, other).await, [] as [&str; 0]);
        assert_eq!(all(person).await[1..], own);
        let answer = person.say("Where does my sister live?").await;
        assert_eq!(super::texts(&answer.body["memories"]), own);
        let told = instructions(&app);
        assert!(told.contains(mine) && !told.contains(other), "{told}");
        app.settle().await;
    }
    app.finish().await;
}

/// The same when all speak at once, and after a restart.
#[tokio::test]
async fn a_crowd_speaking_at_once_stays_apart() {
    let mut app = TestApp::new().await;
    let names = ["ada", "bob", "cyd", "dan", "eve"];
    let people = join_all(names.map(|name| app.user(name))).await;
    let said = people.iter().zip(names).map(async |(person, name)| {
        for number in 0..4 {
            let body = json!({"message": format!("The secret of {name} is number {number}")});
            assert_eq!(person.post("/api/chat/message", &body).await.status, 200);
        }
    });
    join_all(said).await;
    app.settle().await;
    for crashed in [false, true] {
        for name in names {
            let person = app.user(name).await;
            let secrets = found(&person, "secret number").await;
            assert_eq!(secrets.len(), 8, "{name}, crashed: {crashed}");
            assert!(
                secrets.iter().all(|secret| secret.contains(name)),
                "{secrets:?}"
            );
        }
        if !crashed {
            app.crash_and_reopen().await;
            app.settle().await;
        }
    }
    app.finish().await;
}
