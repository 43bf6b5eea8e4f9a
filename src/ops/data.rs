//! Who and what takes how much.

use std::fmt::Write as _;

use serde::Serialize;
use storage::Stats;
use uuid::Uuid;

use super::progress::Steps;
use super::text::bytes;
use super::upkeep;
use crate::app::App;
use crate::auth;
use crate::error::{Error, Result};

#[derive(Serialize)]
struct Figures {
    tables: Vec<TableFigures>,
    users: Vec<UserFigures>,
    disk: DiskFigures,
}

#[derive(Serialize)]
struct TableFigures {
    table: String,
    rows: u64,
    bytes: u64,
}

#[derive(Serialize)]
struct UserFigures {
    user: Uuid,
    /// None when there is no such account any more.
    email: Option<String>,
    rows: u64,
    bytes: u64,
}

#[derive(Serialize)]
struct DiskFigures {
    live_bytes: u64,
    journal_bytes: u64,
    snapshot_bytes: u64,
    snapshots: u64,
}

/// Sizes by table and by user, as a table to read or as JSON.
pub async fn stats(app: &App, json: bool, steps: &Steps) -> Result<String> {
    let told = steps.clone();
    let stats = upkeep::blocking(app, move |store| store.stats(&mut |p| told.show(p))).await?;
    let figures = figures(app, stats)?;
    if json {
        return serde_json::to_string_pretty(&figures)
            .map_err(|e| Error::internal("writing the sizes", e));
    }
    Ok(figures.to_string())
}

fn figures(app: &App, stats: Stats) -> Result<Figures> {
    let users = app.store.read(|tx| {
        let rows = stats.users.iter().map(|size| {
            let email = auth::user(tx, size.user)?.map(|user| user.email);
            Ok(UserFigures {
                user: size.user,
                email,
                rows: size.rows,
                bytes: size.bytes,
            })
        });
        rows.collect::<Result<Vec<_>>>()
    })?;
    let tables = stats.tables.into_iter().map(|size| TableFigures {
        table: size.table,
        rows: size.rows,
        bytes: size.bytes,
    });
    Ok(Figures {
        tables: tables.collect(),
        users,
        disk: DiskFigures {
            live_bytes: stats.disk.live,
            journal_bytes: stats.disk.journal,
            snapshot_bytes: stats.disk.snapshots,
            snapshots: stats.disk.snapshot_count,
        },
    })
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut lines = Vec::new();
        for table in &self.tables {
            lines.push((
                table.table.clone(),
                table.rows.to_string(),
                bytes(table.bytes),
            ));
        }
        let mut users = Vec::new();
        for user in &self.users {
            let name = user.email.clone();
            let name = name.unwrap_or_else(|| format!("{} (no account)", user.user));
            users.push((name, user.rows.to_string(), bytes(user.bytes)));
        }
        let disk = &self.disk;
        let disk = [
            (
                "live file".to_owned(),
                String::new(),
                bytes(disk.live_bytes),
            ),
            (
                "journal".to_owned(),
                String::new(),
                bytes(disk.journal_bytes),
            ),
            (
                format!("snapshots ({})", disk.snapshots),
                String::new(),
                bytes(disk.snapshot_bytes),
            ),
        ];
        let mut text = String::new();
        for (head, rows) in [("table", &lines[..]), ("user", &users), ("on disk", &disk)] {
            let first = rows.iter().map(|row| row.0.chars().count()).max();
            let width = first.unwrap_or(0).max(head.len());
            let counted = if head == "on disk" { "" } else { "rows" };
            writeln!(text, "{head:width$}  {counted:>9}  {:>12}", "size")?;
            for (name, rows, size) in rows {
                writeln!(text, "{name:width$}  {rows:>9}  {size:>12}")?;
            }
            text.push('\n');
        }
        f.write_str(text.trim_end())
    }
}
