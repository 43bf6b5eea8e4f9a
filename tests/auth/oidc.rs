//! Signing in with another service, at a stand-in provider that checks what a real one checks.

mod accounts;
mod factor;
mod identities;
mod secrets;
mod start;
mod tokens;
mod way;

use novacore::auth::{self, NewAccount, Password, Role, User};
use serde::{Deserialize, Serialize};
use storage::{Read as _, Table};

use crate::support::app::{PASSWORD, TestApp};

/// An account whose address somebody vouched for, or not.
async fn account(app: &TestApp, email: &str, vouched: bool) -> User {
    let account = NewAccount {
        email: email.into(),
        password: Password::from(PASSWORD.to_owned()),
        role: Role::User,
        plan: None,
        vouched,
        invitation: None,
    };
    auth::create_account(&app.app, account).await.unwrap()
}

/// What a row holds does not matter here.
#[derive(Serialize, Deserialize)]
struct Row;

impl storage::Record for Row {}

const EMAILS: Table<String, Row> = Table::new("auth_emails");

/// Whether there is an account with this address.
fn exists(app: &TestApp, email: &str) -> bool {
    let key = email.to_owned();
    app.app.store.read(|tx| tx.contains(&EMAILS, &key)).unwrap()
}
