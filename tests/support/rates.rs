//! Calls until a limit is met, and what the answers tell of it.

use novacore::config::Config;
use serde_json::json;
use uuid::Uuid;

use super::app::TestApp;
use super::http::{Answer, Person};
use super::people::id_of;

/// With the small plan for everybody.
pub fn free(config: &mut Config) {
    config.plans.default = "free".into();
}

/// A call that costs, as cheap as can be: it is counted before it is found that there is no such message.
pub async fn costly(person: &Person) -> Answer {
    let path = format!("/api/chat/messages/{}/regenerate", Uuid::max());
    let answer = person.post(&path, &json!({})).await;
    let passed = (answer.status, answer.code()) == (404, "not_found");
    let refused = (answer.status, answer.code()) == (429, "rate_limited");
    assert!(passed || refused, "{answer:?}");
    answer
}

/// How many costly calls pass at this moment, and the refusal of the next.
pub async fn passing(person: &Person) -> (usize, Answer) {
    let mut passed = 0;
    loop {
        let answer = costly(person).await;
        if answer.status == 429 {
            return (passed, answer);
        }
        passed += 1;
    }
}

/// What an answer tells of the bucket that counted: calls in its period, calls left, seconds until full.
pub fn told(answer: &Answer) -> [u64; 3] {
    ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"].map(|name| {
        let value = answer.header(name).parse();
        value.unwrap_or_else(|_| panic!("no {name}: {answer:?}"))
    })
}

/// Seconds after which to come back.
pub fn wait(refused: &Answer) -> u64 {
    assert_eq!(refused.status, 429, "{refused:?}");
    refused.header("retry-after").parse().unwrap()
}

impl TestApp {
    /// Gives somebody a plan, as an administrator does.
    pub async fn give_plan(&self, person: &Person, plan: &str) {
        let path = format!("/api/admin/users/{}", id_of(person).await);
        let given = self.admin().await;
        let given = given.patch(&path, &json!({"plan": plan})).await;
        assert_eq!(given.status, 200, "{given:?}");
    }
}
