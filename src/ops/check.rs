//! Whether the data is whole: every checksum, every row, and the text index against the rows.
//!
//! Must stay true: a finding names a place and what is wrong, never what anybody wrote.

use std::path::Path;

use jiff::Timestamp;
use storage::{CheckReport, Finding, Options, Restore, Store};
use tokio::task::spawn_blocking;

use super::admin::time;
use super::backup::{beside, refuse_in_use};
use super::command::{Exit, Reply};
use super::folder::must_have_data;
use super::progress::Steps;
use super::text::{bytes, many};
use super::upkeep;
use crate::app::App;
use crate::care::Checked;
use crate::error::{Error, Result};
use crate::memory;

/// What a check read, and what is not as it must be.
#[derive(Debug)]
pub struct Report {
    pub findings: Vec<String>,
    /// What was read, in a sentence.
    pub read: String,
    /// Whether rows of the live file are damaged, which snapshot and journal can make anew.
    pub repairable: bool,
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
        let of_rows =
            |f: &Finding| !f.place.starts_with("journal") && !f.place.starts_with("snapshots");
        Self {
            repairable: rows.findings.iter().any(of_rows),
            findings: findings(rows.findings),
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

/// The same, and what can be made anew is: the live file, from snapshots and journal.
pub async fn run_and_repair(app: &App, deep: bool, steps: &Steps) -> Result<Report> {
    let report = run(app, deep, steps).await?;
    if !report.repairable {
        return Ok(report);
    }
    for finding in &report.findings {
        tracing::error!(finding, "the data is not as it must be");
    }
    let told = steps.clone();
    upkeep::blocking(app, move |store| store.rebuild(&mut |p| told.show(p))).await?;
    tracing::warn!("the live file was damaged and was made anew from snapshots and journal");
    let mut report = run(app, deep, steps).await?;
    report.read = format!(
        "The live file was damaged and was made anew. {}",
        report.read
    );
    Ok(report)
}

/// The check that runs by itself: what it came to is kept and logged.
pub async fn in_background(app: &App) {
    let outcome = run_and_repair(app, false, &Steps::default()).await;
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
    app.care.check.send_replace(Some(Checked {
        at: app.clock.now(),
        findings,
        reason,
    }));
}

/// What is wrong by the last check, if anything is.
pub fn fault(app: &App) -> Option<String> {
    let checked = app.care.check.borrow();
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
    spawn_blocking(move || look(&options, deep, now, &steps))
        .await
        .map_err(|e| Error::internal("checking a directory", e))?
}

fn look(options: &Options, deep: bool, now: Timestamp, steps: &Steps) -> Result<Reply> {
    let dir = &options.dir;
    must_have_data(dir)?;
    refuse_in_use(options, dir)?;
    let looked = match storage::inspect(options, &mut |p| steps.show(p)) {
        Ok(looked) => looked,
        Err(storage::Error::Corrupt { table, reason }) => {
            let said = format!("{table}: {reason}");
            let exit = Exit::Found;
            return Ok(Reply::Failed { exit, said });
        }
        Err(error) => return Err(Error::conflict("cannot_check", error.to_string())),
    };
    let mut report = Report {
        findings: findings(looked.findings),
        repairable: false,
        read: format!(
            "Read {} and {} of the journal; they lead to {} (batch {}).",
            many(looked.snapshots, "snapshot", "snapshots"),
            many(looked.batches, "batch", "batches"),
            time(looked.ms),
            looked.seq
        ),
    };
    if deep {
        let staging = beside(dir, "checking", now);
        let tried = try_it(options, &staging, steps);
        // Made by this check alone.
        let _ = std::fs::remove_dir_all(staging);
        match tried {
            Ok(rows) => {
                report.findings.extend(findings(rows.findings));
                let rows = many(rows.rows, "row", "rows");
                report.read = format!("{} Restored on trial: {rows}.", report.read);
            }
            Err(error) => report
                .findings
                .push(format!("it cannot be restored: {error}")),
        }
    }
    Ok(reply(report, looked.held))
}

/// Restores a directory beside it, and reads every row of that.
fn try_it(options: &Options, staging: &Path, steps: &Steps) -> Result<CheckReport, storage::Error> {
    let order = Restore {
        from: options.dir.clone(),
        into: staging.to_owned(),
        at_ms: None,
        partial: false,
        options: options.clone(),
    };
    storage::restore(&order, &mut |p| steps.show(p))?;
    let store = Store::open(Options {
        dir: staging.to_owned(),
        ..options.clone()
    })?;
    let checked = store.check(false, &mut |progress| steps.show(progress));
    store.close()?;
    checked
}

fn findings(found: Vec<Finding>) -> Vec<String> {
    let lines = found.into_iter();
    lines
        .map(|f| format!("{}: {}", f.place, f.reason))
        .collect()
}
