//! What the shell can ask of the data, in the running server or in the command's own process.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::progress::{Step, Steps};
use super::text::bytes;
use super::{accounts, admin, backup, check, data, ledger, scrub, upkeep};
use crate::app::App;
use crate::auth::{self, NewAccount, Password, Role};
use crate::care::LastBackup;
use crate::error::{Error, Result};
use crate::{billing, memory};

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "command")]
pub enum Command {
    CreateUser {
        email: String,
        password: String,
        admin: bool,
        #[serde(default)]
        plan: Option<String>,
    },
    ListUsers,
    /// Changes the account with this address.
    SetUser {
        email: String,
        to: UserState,
    },
    /// Gives the account with this address a plan; empty takes the given one back.
    SetPlan {
        email: String,
        plan: String,
        until: Option<Timestamp>,
    },
    ResetSecondFactor {
        email: String,
    },
    /// Into a folder named from the root.
    Backup {
        dir: PathBuf,
    },
    Check {
        deep: bool,
        repair: bool,
    },
    Reindex,
    Compact,
    Stats {
        json: bool,
    },
    Scrub,
    Adopt,
    MailList,
    MailShow {
        id: Uuid,
    },
    /// Really sends one.
    MailTest {
        to: String,
    },
    /// Asks Stripe how the account with this address stands.
    ResyncBilling {
        email: String,
    },
    /// A new generation of signing keys; `now`: without an overlap.
    RotateKeys {
        now: bool,
    },
    VerifyLedger,
}

/// What an account can be made by the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserState {
    Disabled,
    Enabled,
    Verified,
}

/// One line from whoever carries out a command; any number of `Progress`, then one of the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    Progress(Step),
    /// It was done; this is to be printed.
    Done(String),
    Failed {
        exit: Exit,
        said: String,
    },
}

/// What it means that a command did not end well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// It was not done.
    Failed,
    /// It was done, and what it said is what is wrong.
    Found,
}

impl From<Result<String>> for Reply {
    fn from(outcome: Result<String>) -> Self {
        match outcome {
            Ok(said) => Self::Done(said),
            Err(error) => Self::Failed {
                exit: Exit::Failed,
                said: error.to_string(),
            },
        }
    }
}

impl Command {
    /// Whether it is about data that must be there already.
    pub fn needs_data(&self) -> bool {
        !matches!(self, Self::CreateUser { .. })
    }

    /// Whether the text index must follow while it is carried out.
    pub fn needs_index(&self) -> bool {
        matches!(self, Self::Check { .. } | Self::Reindex)
    }

    /// Carries the command out, in the server or, when none runs, in the command's own process.
    pub async fn run(self, app: &App, steps: &Steps) -> Reply {
        match self {
            Self::CreateUser {
                email,
                password,
                admin,
                plan,
            } => create_user(app, (email, password), admin, plan)
                .await
                .into(),
            Self::ListUsers => accounts::list(app).into(),
            Self::SetUser { email, to } => accounts::set(app, &email, to).await.into(),
            Self::SetPlan { email, plan, until } => {
                accounts::set_plan(app, &email, plan, until).await.into()
            }
            Self::ResetSecondFactor { email } => reset_second_factor(app, &email).await.into(),
            Self::Backup { dir } => make_backup(app, dir, steps).await.into(),
            Self::Check { deep, repair } => check_data(app, deep, repair, steps).await,
            Self::Reindex => reindex(app, steps).await.into(),
            Self::Compact => compact(app, steps).await.into(),
            Self::Stats { json } => data::stats(app, json, steps).await.into(),
            Self::Scrub => scrub(app, steps).await.into(),
            Self::Adopt => adopt(app).await.into(),
            Self::MailList => auth::mails_in_words(app).into(),
            Self::MailShow { id } => auth::mail_in_words(app, id).await.into(),
            Self::MailTest { to } => auth::test_mail_in_words(app, &to).await.into(),
            Self::ResyncBilling { email } => billing::resync_in_words(app, &email).await.into(),
            Self::RotateKeys { now } => rotate_keys(app, now).await.into(),
            Self::VerifyLedger => ledger::verify(app).await,
        }
    }
}

async fn create_user(
    app: &App,
    (email, password): (String, String),
    admin: bool,
    plan: Option<String>,
) -> Result<String> {
    plan.as_deref()
        .map(|plan| auth::known_plan(app, plan))
        .transpose()?;
    let account = NewAccount {
        email,
        password: Password::from(password),
        role: if admin { Role::Admin } else { Role::User },
        plan,
        vouched: true,
        invitation: None,
    };
    let made = auth::create_account(app, account).await;
    let user = made.map_err(|error| match error.code() {
        // Whoever makes accounts on the shell is not to sign in with them.
        code @ "email_taken" => {
            Error::conflict(code, "There is already an account with this address.")
        }
        _ => error,
    })?;
    let kind = if admin { "administrator" } else { "user" };
    Ok(format!("Made the {kind} {} ({}).", user.email, user.id))
}

async fn reset_second_factor(app: &App, email: &str) -> Result<String> {
    let user = auth::reset_second_factor(app, email).await?;
    Ok(format!(
        "Turned the second factor of {} off, with its recovery codes, and ended all sign-ins. Passkeys stay.",
        user.email
    ))
}

async fn make_backup(app: &App, dir: PathBuf, steps: &Steps) -> Result<String> {
    if !dir.is_absolute() {
        let message = "Name the folder of the backup from the root.";
        return Err(Error::field("path_relative", "dir", message));
    }
    let turn = backup::turn(app)?;
    let info = backup::make(app, &dir, turn, steps).await?;
    let last = LastBackup {
        at: app.clock.now(),
        failure: None,
        bytes: info.bytes,
        path: dir.clone(),
    };
    backup::record(app, last).await;
    Ok(format!(
        "Backed up to {}: {} rows up to {} (batch {}), {}, read back and compared.",
        dir.display(),
        info.rows,
        admin::time(info.ms),
        info.seq,
        bytes(info.bytes),
    ))
}

async fn check_data(app: &App, deep: bool, repair: bool, steps: &Steps) -> Reply {
    let checked = if repair {
        check::run_and_repair(app, deep, steps).await
    } else {
        check::run(app, deep, steps).await
    };
    match checked {
        Ok(report) => check::reply(report, app.held()),
        Err(error) => Err(error).into(),
    }
}

async fn reindex(app: &App, steps: &Steps) -> Result<String> {
    let told = steps.clone();
    let tell = move |done, total| told.tell("indexing memories", done, total);
    let memories = memory::reindex(app, tell).await?;
    Ok(format!(
        "The text index was made anew: {memories} memories."
    ))
}

async fn compact(app: &App, steps: &Steps) -> Result<String> {
    let told = steps.clone();
    let sizes = upkeep::blocking(app, move |store| store.compact(&mut |p| told.show(p))).await?;
    if sizes.after >= sizes.before {
        return Ok("There was nothing to give back.".into());
    }
    let (before, after) = (bytes(sizes.before), bytes(sizes.after));
    Ok(format!(
        "The live file was compacted: {before} before, {after} now."
    ))
}

async fn scrub(app: &App, steps: &Steps) -> Result<String> {
    let snapshot = scrub::scrub(app, steps).await?;
    Ok(format!(
        "Scrubbed: a fresh snapshot (batch {}, {}) is the live file now. Older snapshots and journal, and with them what was deleted, are removed in 24 hours. Backups and copies elsewhere still hold it.",
        snapshot.seq,
        bytes(snapshot.bytes),
    ))
}

async fn adopt(app: &App) -> Result<String> {
    if !app.held() {
        return Ok("This data is not held; nothing was to be done.".into());
    }
    admin::adopt(app).await?;
    Ok("Adopted: this is the real data now, and nothing is held back any more. Take care that no server runs on the original.".into())
}

async fn rotate_keys(app: &App, now: bool) -> Result<String> {
    let rotated = auth::rotate_keys(app, now).await?;
    let number = rotated.number;
    Ok(if now {
        let ended = rotated.ended;
        format!(
            "Tokens are signed with key generation {number} now, and nothing older is accepted: everybody signs in again ({ended} sign-ins ended)."
        )
    } else {
        let until = rotated.older_until;
        format!(
            "Tokens are signed with key generation {number} now. Nobody has to sign in again; what older keys signed is accepted until {until}."
        )
    })
}
