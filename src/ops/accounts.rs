//! Accounts from the shell.

use std::fmt::Write as _;

use super::command::UserState;
use jiff::Timestamp;

use crate::app::App;
use crate::auth::{self, Account, Change, Source};
use crate::error::{Error, Result};

/// All accounts, newest first, as a table to read.
pub fn list(app: &App) -> Result<String> {
    let accounts = auth::accounts(app)?;
    let broken = |e| Error::internal("writing the list", e);
    let lengths = accounts.iter().map(|account| account.email.chars().count());
    let width = lengths.max().unwrap_or(0).max("address".len());
    let mut text = String::new();
    let plans = accounts.iter().map(plan).collect::<Vec<_>>();
    let lengths = plans.iter().map(|plan| plan.chars().count());
    let broad = lengths.max().unwrap_or(0).max("plan".len());
    writeln!(
        text,
        "{:width$}  {:13}  {:broad$}  {:10}  {:10}  state",
        "address", "role", "plan", "made", "last seen"
    )
    .map_err(broken)?;
    for (account, plan) in accounts.iter().zip(plans) {
        let role = if account.administrator {
            "administrator"
        } else {
            "user"
        };
        writeln!(
            text,
            "{:width$}  {role:13}  {plan:broad$}  {:10}  {:10}  {}",
            account.email,
            day(account.created_at),
            account.last_seen_at.map(day).unwrap_or_default(),
            account.state,
        )
        .map_err(broken)?;
    }
    Ok(text.trim_end().to_owned())
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// The plan that counts, and where it comes from.
fn plan(account: &Account) -> String {
    let standing = &account.standing;
    let source = match standing.source {
        Source::Default => "default",
        Source::Trial => "trial",
        Source::Paid => "paid",
        Source::Given => "given",
    };
    let until = standing.until.map(|at| format!(" until {}", day(at)));
    format!("{} ({source}{})", standing.plan, until.unwrap_or_default())
}

/// Gives an account a plan, or takes the given one back.
pub async fn set_plan(
    app: &App,
    email: &str,
    plan: String,
    until: Option<Timestamp>,
) -> Result<String> {
    let done = match (plan.as_str(), until) {
        ("", _) => format!("The plan that was given to {email} is taken back."),
        (plan, None) => format!("{email} has the plan {plan} now."),
        (plan, Some(at)) => format!("{email} has the plan {plan} now, until {at}."),
    };
    let change = Change {
        plan: Some(plan),
        plan_until: until,
        ..Change::default()
    };
    auth::set_account(app, email, change).await?;
    Ok(done)
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
