//! The commands of the shell. Everything they print goes through here.
//!
//! Exit codes: 0 done, 1 failed or something was found, 2 called wrongly (clap's own).

mod data;
mod progress;
mod user;

use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use uuid::Uuid;

use self::data::{DataAction, LedgerAction, RestoreWords};
use self::user::UserAction;
use crate::config::{Loaded, Overrides, load};
use crate::error::{Error, Result};
use crate::ops::{self, Command, Exit, Reply};
use crate::{lifecycle, log};

#[derive(Parser)]
#[command(
    name = "novacore",
    version,
    about = "An AI companion that remembers you, on a machine you own."
)]
struct Cli {
    #[command(subcommand)]
    command: Action,
}

#[derive(Args, Clone, Debug, Default)]
struct Where {
    /// Configuration file; otherwise ./config.toml, then /etc/novacore/config.toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data directory
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Action {
    /// Run the server
    Serve {
        #[command(flatten)]
        place: Where,
        /// Address and port to listen on
        #[arg(long, value_name = "ADDRESS:PORT")]
        listen: Option<String>,
    },
    /// Accounts
    #[command(subcommand)]
    User(UserAction),
    /// Keys that tokens are signed with
    #[command(subcommand)]
    Keys(KeysAction),
    /// Settings
    #[command(subcommand)]
    Config(ConfigAction),
    /// Make a backup: a whole data directory, read back and compared; works while the server runs
    Backup {
        /// A folder that does not exist or is empty
        dir: PathBuf,
        #[command(flatten)]
        place: Where,
    },
    /// Restore a backup or a copy; what is at the target is moved aside
    Restore(RestoreWords),
    /// Check everything stored: every checksum, every row, the text index against the rows
    Check {
        /// Also build the rows again from the oldest snapshot and the journal, and compare
        #[arg(long)]
        deep: bool,
        /// Make the live file anew from snapshots and journal when rows in it are damaged
        #[arg(long, conflicts_with = "dir")]
        repair: bool,
        /// Another directory than the configured one: a copy, or a backup
        dir: Option<PathBuf>,
        #[command(flatten)]
        place: Where,
    },
    /// Make the text index anew; search keeps answering
    Reindex {
        #[command(flatten)]
        place: Where,
    },
    /// Give unused space of the live file back to the disk
    Compact {
        #[command(flatten)]
        place: Where,
    },
    /// Mail to people: what there is, the text of one, and a test
    #[command(subcommand)]
    Mail(MailAction),
    /// Plans that people pay for
    #[command(subcommand)]
    Billing(BillingAction),
    /// Sizes, and removing what was deleted for good
    #[command(subcommand)]
    Data(DataAction),
    /// What everybody used
    #[command(subcommand)]
    Ledger(LedgerAction),
    /// Say that this copy, or restored data, is the real one now: nothing is held back any more
    Adopt {
        #[command(flatten)]
        place: Where,
    },
    /// Tell what this program would change in the data at its start; changes nothing
    UpgradeCheck {
        #[command(flatten)]
        place: Where,
    },
    /// Print the OpenAPI document
    Openapi,
    /// Print the version
    Version,
}

#[derive(Subcommand)]
enum MailAction {
    /// List what was sent and what waits
    List {
        #[command(flatten)]
        place: Where,
    },
    /// Show the text and link of a mail that does not arrive; the person is told
    Show {
        /// As `novacore mail list` shows it
        id: Uuid,
        #[command(flatten)]
        place: Where,
    },
    /// Send a test now and tell what the mail server said
    Test {
        address: String,
        #[command(flatten)]
        place: Where,
    },
}

#[derive(Subcommand)]
enum BillingAction {
    /// Ask Stripe how somebody's subscription stands, and have that count
    Resync {
        email: String,
        #[command(flatten)]
        place: Where,
    },
}

#[derive(Subcommand)]
enum KeysAction {
    /// Sign tokens with new keys from now on; works while the server runs
    Rotate {
        /// Accept nothing that older keys signed: everybody signs in again
        #[arg(long)]
        now: bool,
        #[command(flatten)]
        place: Where,
    },
}

#[derive(Subcommand)]
enum ConfigAction {
    /// Show every setting, its value and where it came from; secrets stay hidden
    Show {
        #[command(flatten)]
        place: Where,
    },
}

/// Reads the command line and does what it says.
pub fn run() -> ExitCode {
    let outcome = carry_out(Cli::parse().command);
    match outcome {
        Ok(code) => code,
        Err(error) => complain(&error.to_string()),
    }
}

fn complain(said: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "novacore: {said}");
    ExitCode::FAILURE
}

fn carry_out(action: Action) -> Result<ExitCode> {
    let reply = match action {
        Action::Serve { place, listen } => {
            serve(&place, listen)?;
            return Ok(ExitCode::SUCCESS);
        }
        Action::Keys(KeysAction::Rotate { now, place }) => {
            data::ask(&place, Command::RotateKeys { now })?
        }
        Action::User(action) => user::carry_out(action)?,
        Action::Backup { dir, place } => data::backup(&place, &dir)?,
        Action::Restore(words) => data::restore(&words)?,
        Action::Check {
            deep,
            repair,
            dir,
            place,
        } => data::check(&place, deep, repair, dir)?,
        Action::Reindex { place } => data::ask(&place, Command::Reindex)?,
        Action::Compact { place } => data::ask(&place, Command::Compact)?,
        Action::Data(DataAction::Stats { json, place }) => {
            data::ask(&place, Command::Stats { json })?
        }
        Action::Data(DataAction::Scrub { place }) => data::ask(&place, Command::Scrub)?,
        Action::Ledger(LedgerAction::Verify { place }) => data::ask(&place, Command::VerifyLedger)?,
        Action::Adopt { place } => data::ask(&place, Command::Adopt)?,
        Action::Mail(MailAction::List { place }) => data::ask(&place, Command::MailList)?,
        Action::Mail(MailAction::Show { id, place }) => {
            data::ask(&place, Command::MailShow { id })?
        }
        Action::Mail(MailAction::Test { address, place }) => {
            data::ask(&place, Command::MailTest { to: address })?
        }
        Action::Billing(BillingAction::Resync { email, place }) => {
            data::ask(&place, Command::ResyncBilling { email })?
        }
        Action::UpgradeCheck { place } => data::upgrade_check(&place)?,
        Action::Config(ConfigAction::Show { place }) => {
            let loaded = configuration(&place, None)?;
            Reply::Done(loaded.to_string().trim_end().to_owned())
        }
        Action::Openapi => ops::document()
            .to_pretty_json()
            .map(Reply::Done)
            .map_err(|e| Error::internal("writing the OpenAPI document", e))?,
        Action::Version => Reply::Done(concat!("novacore ", env!("CARGO_PKG_VERSION")).into()),
    };
    match reply {
        Reply::Failed {
            exit: Exit::Failed,
            said,
        } => Ok(complain(&said)),
        Reply::Failed {
            exit: Exit::Found,
            said,
        } => {
            say(&(said + "\n"))?;
            Ok(ExitCode::FAILURE)
        }
        Reply::Done(said) => {
            say(&(said + "\n"))?;
            Ok(ExitCode::SUCCESS)
        }
        // Told on its way, and never the last word.
        Reply::Progress(_) => Ok(ExitCode::SUCCESS),
    }
}

fn say(text: &str) -> Result<()> {
    let mut out = std::io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever reads has read enough, as with `| head`.
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => printed.map_err(|e| Error::internal("printing", e)),
    }
}

fn configuration(place: &Where, listen: Option<String>) -> Result<Loaded> {
    let mut flags = Vec::new();
    if let Some(dir) = &place.data_dir {
        flags.push(("data.dir", dir.display().to_string()));
    }
    flags.extend(listen.map(|address| ("server.listen", address)));
    let overrides = Overrides {
        file: place.config.clone(),
        flags,
        environment: Vec::new(),
    }
    .with_process_environment();
    load(&overrides).map_err(|e| Error::internal("configuration", e))
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Error::internal("starting the runtime", e))
}

fn serve(place: &Where, listen: Option<String>) -> Result<()> {
    let loaded = configuration(place, listen)?;
    let _files = log::start(&loaded.config.log)?;
    if let Some(file) = &loaded.file {
        tracing::info!(file = %file.display(), "configuration read");
    }
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    runtime()?.block_on(lifecycle::serve(loaded.config))
}
