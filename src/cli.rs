//! The commands of the shell. Everything they print goes through here.
//!
//! Exit codes: 0 done, 1 failed, 2 called wrongly (clap's own).

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::clock::{Clock, Random};
use crate::config::{Config, Loaded, Overrides, load};
use crate::error::{Error, Result};
use crate::ops::{self, Command, Reply};
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
    /// Settings
    #[command(subcommand)]
    Config(ConfigAction),
    /// Print the OpenAPI document
    Openapi,
    /// Print the version
    Version,
}

#[derive(Subcommand)]
enum UserAction {
    /// Make an account; works while the server runs
    Create {
        email: String,
        /// Make it an administrator
        #[arg(long)]
        admin: bool,
        /// Read the password from the first line of standard input instead of asking
        #[arg(long)]
        password_stdin: bool,
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
    let outcome = match Cli::parse().command {
        Action::Serve { place, listen } => serve(&place, listen),
        Action::User(UserAction::Create {
            email,
            admin,
            password_stdin,
            place,
        }) => create_user(&place, email, admin, password_stdin),
        Action::Config(ConfigAction::Show { place }) => {
            configuration(&place, None).and_then(|loaded| say(&loaded.to_string()))
        }
        Action::Openapi => ops::document()
            .to_pretty_json()
            .map_err(|e| Error::internal("writing the OpenAPI document", e))
            .and_then(|text| say(&(text + "\n"))),
        Action::Version => say(concat!("novacore ", env!("CARGO_PKG_VERSION"), "\n")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "novacore: {error}");
            ExitCode::FAILURE
        }
    }
}

fn say(text: &str) -> Result<()> {
    let mut out = std::io::stdout();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|e| Error::internal("printing", e))
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

fn create_user(place: &Where, email: String, admin: bool, from_stdin: bool) -> Result<()> {
    let loaded = configuration(place, None)?;
    let password = read_password(from_stdin)?;
    let done = runtime()?.block_on(carry_out(
        loaded.config,
        Command::CreateUser {
            email,
            password,
            admin,
        },
    ))?;
    say(&(done + "\n"))
}

/// By the running server if there is one, otherwise by opening the data directory.
async fn carry_out(config: Config, command: Command) -> Result<String> {
    let clock = Clock::system();
    match ops::ask(&config.data.socket_path(), &command, &clock).await? {
        Some(Reply::Done(said)) => Ok(said),
        Some(Reply::Failed(said)) => Err(Error::conflict("refused", said)),
        None => {
            let app = lifecycle::open(config, clock, Random::system()).await?;
            let done = command.run(&app).await;
            lifecycle::close(&app).await?;
            done
        }
    }
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
