//! The commands about accounts.

use std::io::{BufRead as _, IsTerminal as _};

use clap::Subcommand;
use jiff::Timestamp;

use super::{Where, configuration, data, runtime};
use crate::error::{Error, Result};
use crate::ops::{Command, Reply, UserState};

#[derive(Subcommand)]
pub enum UserAction {
    /// Make an account; works while the server runs
    Create {
        email: String,
        /// Make it an administrator
        #[arg(long)]
        admin: bool,
        /// Name of the plan that is given to it; otherwise it has the plan of everybody
        #[arg(long)]
        plan: Option<String>,
        /// Read the password from the first line of standard input instead of asking
        #[arg(long)]
        password_stdin: bool,
        #[command(flatten)]
        place: Where,
    },
    /// List all accounts
    List {
        #[command(flatten)]
        place: Where,
    },
    /// Close an account: its sign-ins, streams and answers end at once; its data stays
    Disable {
        email: String,
        #[command(flatten)]
        place: Where,
    },
    /// Open a disabled account again
    Enable {
        email: String,
        #[command(flatten)]
        place: Where,
    },
    /// Vouch for an account's address, as if it had been verified by mail
    Verify {
        email: String,
        #[command(flatten)]
        place: Where,
    },
    /// Give an account a plan, or take the given one back
    Set {
        email: String,
        /// Name of the plan; none takes the given one back
        #[arg(long)]
        plan: String,
        /// The last day (UTC) of the plan, for example 2026-12-31; otherwise it stays
        #[arg(long, value_name = "DATE", value_parser = data::last_moment)]
        until: Option<Timestamp>,
        #[command(flatten)]
        place: Where,
    },
    /// Turn off the second factor of somebody who lost it; ends their sign-ins, leaves their passkeys
    ResetSecondFactor {
        email: String,
        #[command(flatten)]
        place: Where,
    },
}

/// Does what was asked for.
pub fn carry_out(action: UserAction) -> Result<Reply> {
    let (place, email, to) = match action {
        UserAction::Create {
            email,
            admin,
            plan,
            password_stdin,
            place,
        } => {
            let loaded = configuration(&place, None)?;
            let password = read_password(password_stdin)?;
            let command = Command::CreateUser {
                email,
                password,
                admin,
                plan,
            };
            return runtime()?.block_on(data::carry_out(loaded.config, command));
        }
        UserAction::ResetSecondFactor { email, place } => {
            return data::ask(&place, Command::ResetSecondFactor { email });
        }
        UserAction::Set {
            email,
            plan,
            until,
            place,
        } => {
            let plan = if plan == "none" { String::new() } else { plan };
            return data::ask(&place, Command::SetPlan { email, plan, until });
        }
        UserAction::List { place } => return data::ask(&place, Command::ListUsers),
        UserAction::Disable { email, place } => (place, email, UserState::Disabled),
        UserAction::Enable { email, place } => (place, email, UserState::Enabled),
        UserAction::Verify { email, place } => (place, email, UserState::Verified),
    };
    data::ask(&place, Command::SetUser { email, to })
}

fn read_password(from_stdin: bool) -> Result<String> {
    let failed = |e| Error::internal("reading the password", e);
    let input = std::io::stdin();
    if !from_stdin && input.is_terminal() {
        return rpassword::prompt_password("Password: ").map_err(failed);
    }
    if !from_stdin {
        return Err(Error::field(
            "password_missing",
            "password",
            "No terminal to ask on: use --password-stdin.",
        ));
    }
    let mut line = String::new();
    input.lock().read_line(&mut line).map_err(failed)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
