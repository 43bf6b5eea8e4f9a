//! The commands about the data: by the running server where there is one, otherwise by opening the
//! directory here.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use storage::{Disk, Files};

use super::progress::Shown;
use super::{Where, configuration, runtime};
use crate::clock::{Clock, Random};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::ops::{self, Command, Reply, Restoring, Steps};
use crate::{lifecycle, schedule};

#[derive(Subcommand)]
pub enum DataAction {
    /// Sizes by table and by user
    Stats {
        /// As JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Where,
    },
    /// Leave nothing of what was deleted: older snapshots and journal go within 24 hours
    Scrub {
        #[command(flatten)]
        place: Where,
    },
}

#[derive(Subcommand)]
pub enum LedgerAction {
    /// Prove that every total equals its rows, and what is said of memories equals them
    Verify {
        #[command(flatten)]
        place: Where,
    },
}

#[derive(Args)]
pub struct RestoreWords {
    /// A backup, a plain copy, or a data directory
    from: PathBuf,
    /// Go back to this moment: RFC 3339, or "2026-11-21 18:00" (UTC)
    #[arg(long, value_name = "TIME", value_parser = moment)]
    at: Option<Timestamp>,
    /// Where to; otherwise the configured data directory. What is there is moved aside
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
    /// Restore what can be reached when some of the journal is damaged
    #[arg(long)]
    partial: bool,
    #[command(flatten)]
    place: Where,
}

/// Carries out a command about the configured data.
pub fn ask(place: &Where, command: Command) -> Result<Reply> {
    let loaded = configuration(place, None)?;
    runtime()?.block_on(carry_out(loaded.config, command))
}

/// By the running server if there is one, otherwise by opening the data directory.
pub async fn carry_out(config: Config, command: Command) -> Result<Reply> {
    let clock = Clock::system();
    let mut shown = Shown::new(&clock);
    let socket = config.data.socket_path();
    let asked = ops::ask(&socket, &command, &clock, |step| shown.show(step)).await;
    shown.end();
    if let Some(reply) = asked? {
        return Ok(reply);
    }
    if command.needs_data() {
        ops::must_have_data(&config.data.dir)?;
    }
    let app = lifecycle::open(config, clock, Random::system()).await?;
    if command.needs_index() {
        schedule::follow(&app);
    }
    let steps = Steps::default();
    let reply = shown.watch(&steps, command.run(&app, &steps)).await;
    lifecycle::close(&app).await?;
    Ok(reply)
}

pub fn backup(place: &Where, dir: &Path) -> Result<Reply> {
    let dir = absolute(dir)?;
    ask(place, Command::Backup { dir })
}

/// Checks the configured data, or another directory that no server has open.
pub fn check(place: &Where, deep: bool, repair: bool, dir: Option<PathBuf>) -> Result<Reply> {
    let loaded = configuration(place, None)?;
    let mut config = loaded.config;
    let other = dir.filter(|dir| !same(dir, &config.data.dir));
    let Some(other) = other else {
        return runtime()?.block_on(carry_out(config, Command::Check { deep, repair }));
    };
    config.data.dir = absolute(&other)?;
    let (clock, steps) = (Clock::system(), Steps::default());
    let options = lifecycle::storage_options(&config, &clock, &disk());
    let work = ops::check_directory(options, deep, clock.now(), &steps);
    runtime()?.block_on(Shown::new(&clock).watch(&steps, work))
}

pub fn restore(words: &RestoreWords) -> Result<Reply> {
    let loaded = configuration(&words.place, None)?;
    let config = loaded.config;
    let (clock, steps) = (Clock::system(), Steps::default());
    let job = Restoring {
        from: absolute(&words.from)?,
        into: absolute(words.into.as_deref().unwrap_or(&config.data.dir))?,
        at: words.at,
        partial: words.partial,
        options: lifecycle::storage_options(&config, &clock, &disk()),
        now: clock.now(),
    };
    let work = ops::restore(job, &steps);
    let done = runtime()?.block_on(Shown::new(&clock).watch(&steps, work));
    Ok(Reply::from(done))
}

/// What an upgrade to this program would do to the data; looks only.
pub fn upgrade_check(place: &Where) -> Result<Reply> {
    let loaded = configuration(place, None)?;
    let options = lifecycle::storage_options(&loaded.config, &Clock::system(), &disk());
    let dir = loaded.config.data.dir.display();
    let found = storage::upgrade_check(&options)
        .map_err(|e| Error::conflict("upgrade_check", format!("{dir}: {e}")))?;
    let Some(format) = found.found else {
        return Err(Error::internal(
            "no data",
            format!("there is no data in {dir}"),
        ));
    };
    let mut said = format!(
        "The data in {dir} has format {format}; this program (version {}) writes format {}.",
        env!("CARGO_PKG_VERSION"),
        found.supported
    );
    if format > found.supported {
        let more = " A newer program wrote it: use that one, or restore an older backup.";
        return Err(Error::conflict("newer_format", said + more));
    }
    if found.pending.is_empty() {
        said += " Nothing would change.";
    } else {
        said += "\nAt the start a snapshot is taken, and then, all or nothing:";
        for name in found.pending {
            said += "\n- ";
            said += name;
        }
    }
    Ok(Reply::Done(said))
}

fn disk() -> Arc<dyn Files> {
    Arc::new(Disk)
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|e| Error::internal("the current folder", e))
}

fn same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    real(one).is_some_and(|one| Some(one) == real(other))
}

/// A moment as people write it; without a time zone it is UTC.
fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    let local: Result<DateTime, _> = text.parse();
    let moment = local.and_then(|local| local.to_zoned(TimeZone::UTC));
    moment
        .map(|moment| moment.timestamp())
        .map_err(|_| "write for example 2026-11-21T18:00:00Z, or \"2026-11-21 18:00\" (UTC)".into())
}

/// The last second of a UTC day.
pub fn last_moment(text: &str) -> Result<Timestamp, String> {
    let day: Result<Date, _> = text.parse();
    let end = day.and_then(|day| day.at(23, 59, 59, 0).to_zoned(TimeZone::UTC));
    end.map(|end| end.timestamp())
        .map_err(|_| "write a day, for example 2026-12-31".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A plan that is given until a day holds on that day; what is no day is refused.
    #[test]
    fn days_are_read_to_their_end() {
        let end = last_moment("2026-12-31").expect("a day");
        assert_eq!(end.to_string(), "2026-12-31T23:59:59Z");
        for text in ["tomorrow", "31.12.2026", "2026-02-30", ""] {
            assert!(last_moment(text).is_err(), "{text}");
        }
    }

    /// A moment can be written as programs and as people write it; a slip is refused, not guessed.
    #[test]
    fn moments_are_read() {
        for text in [
            "2026-11-21T18:00:00Z",
            "2026-11-21T19:00:00+01:00",
            "2026-11-21 18:00",
            "2026-11-21 18:00:00",
        ] {
            assert_eq!(
                moment(text).expect(text).to_string(),
                "2026-11-21T18:00:00Z"
            );
        }
        for text in ["yesterday", "18:00", "2026-13-01 00:00", ""] {
            assert!(moment(text).is_err(), "{text}");
        }
    }
}
