//! Accounts from the shell.

use std::fmt::Write as _;

use super::command::UserState;
use crate::app::App;
use crate::auth::{self, Change};
use crate::error::{Error, Result};

/// All accounts, newest first, as a table to read.
pub fn list(app: &App) -> Result<String> {
    let accounts = auth::accounts(app)?;
    let broken = |e| Error::internal("writing the list", e);
    let lengths = accounts.iter().map(|account| account.email.chars().count());
    let width = lengths.max().unwrap_or(0).max("address".len());
    let mut text = String::new();
    writeln!(
        text,
        "{:width$}  {:13}  {:5}  {:10}  {:10}  state",
        "address", "role", "plan", "made", "last seen"
    )
    .map_err(broken)?;
    for account in accounts {
        let role = if account.administrator {
            "administrator"
        } else {
            "user"
        };
        let day = |at: jiff::Timestamp| at.strftime("%Y-%m-%d").to_string();
        writeln!(
            text,
            "{:width$}  {role:13}  {:5}  {:10}  {:10}  {}",
            account.email,
            account.plan,
            day(account.created_at),
            account.last_seen_at.map(day).unwrap_or_default(),
            account.state,
        )
        .map_err(broken)?;
    }
    Ok(text.trim_end().to_owned())
}

/// Disables, enables or verifies an account.
pub async fn set(app: &App, email: &str, to: UserState) -> Result<String> {
    let (change, done) = match to {
        UserState::Disabled => (disabled(true), "is disabled and signed out everywhere"),
        UserState::Enabled => (disabled(false), "is enabled"),
        UserState::Verified => (
            Change {
                email_verified: Some(true),
                ..Change::default()
            },
            "counts as verified",
        ),
    };
    auth::set_account(app, email, change).await?;
    Ok(format!("{email} {done}."))
}

fn disabled(disabled: bool) -> Change {
    Change {
        disabled: Some(disabled),
        ..Change::default()
    }
}
