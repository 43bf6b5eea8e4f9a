//! Whether the data is whole: every checksum, every row, and the text index against the rows.
//!
//! Must stay true: a finding names a place and what is wrong, never what anybody wrote.

use std::path::Path;

use jiff::Timestamp;
use storage::{CheckReport, Options, Restore, Store};
use tokio::task::spawn_blocking;

use super::backup::{self, beside};
use super::command::{Exit, Reply};
use super::progress::Steps;
use super::text::{bytes, many};
use crate::app::{App, Checked};
use crate::error::{Error, Result};
use crate::memory;

/// What a check read, and what is not as it must be.
#[derive(Debug)]
pub struct Report {
    pub findings: Vec<String>,
    /// What was read, in a sentence.
    pub read: String,
}

/// Reads everything; `deep` also builds the rows again from the oldest snapshot and the journal.
pub async fn run(app: &App, deep: bool, steps: &Steps) -> Result<Report> {
    let (store, told) = (app.store.clone(), steps.clone());
    let checked = spawn_blocking(move || store.check(deep, &mut |progress| told.show(progress)));
    let rows = checked
        .await
        .map_err(|e| Error::internal("checking the data", e))??;
    steps.tell("comparing the text index", 0, 0);
    let index = memory::disagreements(app).await?;
    let mut report = Report::from(rows);
    report.findings.extend(index.findings);
    let memories = many(index.memories, "memory", "memories");
    report.read = format!("{} Compared {memories} with the text index.", report.read);
    Ok(report)
}

impl From<CheckReport> for Report {
    fn from(rows: CheckReport) -> Self {
        let findings = rows.findings.into_iter();
        Self {
            findings: findings
                .map(|f| format!("{}: {}", f.place, f.reason))
                .collect(),
            read: format!(
                "Read {}, {} of the journal and {}: {}.",
                many(rows.rows, "row", "rows"),
                many(rows.batches, "batch", "batches"),
                many(rows.snapshots, "snapshot", "snapshots"),
                bytes(rows.bytes),
            ),
        }
    }
}

/// The check that runs by itself: what it came to is kept and logged.
pub async fn in_background(app: &App) {
    let outcome = run(app, false, &Steps::default()).await;
    let (findings, reason) = match outcome {
        Ok(report) => {
            for finding in &report.findings {
                tracing::error!(finding, "the data is not as it must be");
            }
            if report.findings.is_empty() {
                tracing::info!(read = report.read, "the data was checked and is whole");
            }
            (report.findings.len(), report.findings.into_iter().next())
        }
        Err(error) => {
            tracing::error!(%error, "the data could not be checked");
            (0, Some(error.to_string()))
        }
    };
    app.upkeep.check.send_replace(Some(Checked {
        at: app.clock.now(),
        findings,
        reason,
    }));
}

/// What is wrong by the last check, if anything is.
pub fn fault(app: &App) -> Option<String> {
    let checked = app.upkeep.check.borrow();
    let checked = checked.as_ref()?;
    let reason = checked.reason.as_ref()?;
    Some(match checked.findings {
        0 => format!("The data could not be checked: {reason}"),
        1 => format!("The check found damage: {reason}"),
        more => format!("The check found damage in {more} places, first: {reason}"),
    })
}

/// What to print, and how the command ends.
pub fn reply(report: Report, held: bool) -> Reply {
    let mut lines = report.findings.clone();
    lines.push(report.read);
    if held {
        lines.push(HELD.into());
    }
    match report.findings.len() {
        0 => {
            lines.push("Everything is as it must be.".into());
            Reply::Done(lines.join("\n"))
        }
        found => {
            let found = u64::try_from(found).unwrap_or(u64::MAX);
            lines.push(format!(
                "{} found.",
                many(found, "fault was", "faults were")
            ));
            Reply::Failed {
                exit: Exit::Found,
                said: lines.join("\n"),
            }
        }
    }
}

const HELD: &str = "It is a copy, or was restored: a server on it sends nothing to anybody until `novacore adopt`.";

/// Checks another directory than the configured one: a copy, or a backup.
pub async fn directory(
    options: Options,
    deep: bool,
    now: Timestamp,
    steps: &Steps,
) -> Result<Reply> {
    let steps = steps.clone();
    spawn_blocking(move || look(options, deep, now, &steps))
        .await
        .map_err(|e| Error::internal("checking a directory", e))?
}

fn look(mut options: Options, deep: bool, now: Timestamp, steps: &Steps) -> Result<Reply> {
    let dir = options.dir.clone();
    if !has_data(&dir) {
        let message = format!("There is no data in {}.", dir.display());
        return Err(Error::field("no_data", "dir", message));
    }
    // Opening would make the files of a running store in it; a backup stays as it is.
    let backup = backup::describe(&dir).is_some() && !dir.join("live").exists();
    if backup {
        let staging = beside(&dir, "checking", now);
        let order = Restore {
            from: dir,
            into: staging.clone(),
            at_ms: None,
            partial: false,
            options: options.clone(),
        };
        options.dir.clone_from(&staging);
        let restored = storage::restore(order, &mut |p| steps.show(p));
        let reply = restored
            .map_err(Error::from)
            .and_then(|_| opened(options, deep, steps));
        let _ = std::fs::remove_dir_all(staging);
        return reply;
    }
    opened(options, deep, steps)
}

fn opened(options: Options, deep: bool, steps: &Steps) -> Result<Reply> {
    let store = match Store::open(options) {
        Ok(store) => store,
        Err(error @ (storage::Error::InUse | storage::Error::NewerFormat { .. })) => {
            return Err(Error::conflict("cannot_check", error.to_string()));
        }
        Err(error) => {
            let said = format!("It cannot be opened: {error}");
            return Ok(Reply::Failed {
                exit: Exit::Found,
                said,
            });
        }
    };
    let checked = store.check(deep, &mut |progress| steps.show(progress));
    let (held, damage) = (store.held(), store.opened().damage.clone());
    store.close()?;
    let checked = checked?;
    let mut report = Report::from(checked);
    report.findings.splice(0..0, damage);
    Ok(reply(report, held))
}

/// Whether a folder holds data of ours.
pub fn has_data(dir: &Path) -> bool {
    ["live", "snapshots", "journal"]
        .iter()
        .any(|name| dir.join(name).is_dir())
}
