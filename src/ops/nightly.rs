//! Nightly backups: when they are due, and which are kept.
//!
//! Must stay true: of the folders there only those are removed that this program named and completed,
//! the oldest first, and never the newest good one. A copy, whose folder of backups may be the
//! original's, begins none by itself and removes none.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use storage::BackupInfo;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::spawn_blocking;

use super::backup::{self, describe};
use super::progress::Steps;
use super::text::bytes;
use crate::app::App;
use crate::care::{Backups, LastBackup};
use crate::error::{Error, Result};

/// A machine may sleep, and its clock be set: so the time is looked at this often.
const LOOK_EVERY: Duration = Duration::from_mins(10);
/// One that was missed is made this long after the start, and one that failed is tried again.
const AFTER_START: SignedDuration = SignedDuration::from_mins(10);
const AFTER_FAILURE: SignedDuration = SignedDuration::from_hours(1);
/// How old the last good backup may be before that is a fault.
const TOO_OLD: SignedDuration = SignedDuration::from_hours(48);

const PREFIX: &str = "novacore-";

/// Makes a backup whenever one is due, until the program stops.
pub async fn nightly(app: App) {
    if !app.config.backup.nightly {
        return;
    }
    if app.held() {
        tracing::info!("no nightly backup while this data is held; say `novacore adopt`");
    }
    while app.held() {
        tokio::select! {
            () = app.tasks.drain.cancelled() => return,
            () = app.clock.sleep(LOOK_EVERY) => {}
        }
    }
    if app.care.backups.borrow().since.is_none() {
        let now = app.clock.now();
        app.care
            .backups
            .send_modify(|backups| backups.since = Some(now));
        backup::keep_record(&app).await;
    }
    loop {
        let left = next(&app).duration_since(app.clock.now());
        let left = Duration::try_from(left).unwrap_or_default();
        if left.is_zero()
            && let Ok(turn) = backup::turn(&app)
        {
            tokio::select! {
                () = app.tasks.stop.cancelled() => return,
                () = run(&app, turn) => continue,
            }
        }
        tokio::select! {
            () = app.tasks.drain.cancelled() => return,
            () = app.clock.sleep(left.clamp(Duration::from_secs(1), LOOK_EVERY)) => {}
        }
    }
}

/// Whether they come by themselves.
pub fn on(app: &App) -> bool {
    app.config.backup.nightly && !app.held()
}

/// Begins one now.
pub fn begin(app: &App) -> Result<()> {
    let turn = backup::turn(app)?;
    let running = app.clone();
    app.tasks.work(async move {
        tokio::select! {
            () = running.tasks.stop.cancelled() => {}
            () = run(&running, turn) => {}
        }
    });
    Ok(())
}

/// When the next nightly backup is due; past when it is overdue.
pub fn next(app: &App) -> Timestamp {
    let backups = app.care.backups.borrow().clone();
    let time = app.config.backup.time().unwrap_or_default();
    let last = backups.last.as_ref();
    let base = last.map(|last| last.at).or(backups.since);
    let due = match last {
        Some(last) if last.failure.is_some() => later(last.at, AFTER_FAILURE),
        _ => first_at(time, base.unwrap_or(app.started_at)),
    };
    due.max(later(app.started_at, AFTER_START))
}

/// The first moment after `after` with this time of day, UTC.
pub fn first_at(time: jiff::civil::Time, after: Timestamp) -> Timestamp {
    let day = after.to_zoned(TimeZone::UTC).date();
    let at = |day: jiff::civil::Date| day.to_datetime(time).to_zoned(TimeZone::UTC);
    let today = at(day).map(|moment| moment.timestamp());
    match today {
        Ok(today) if today > after => today,
        _ => day
            .checked_add(1.day())
            .and_then(at)
            .map_or(Timestamp::MAX, |moment| moment.timestamp()),
    }
}

fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// What is wrong with the backups, if anything is.
pub fn fault(app: &App) -> Option<String> {
    let backups = app.care.backups.borrow().clone();
    let Backups {
        since,
        good_at,
        last,
    } = &backups;
    if let Some(failure) = last.as_ref().and_then(|last| last.failure.as_ref()) {
        return Some(format!("The last backup failed: {failure}"));
    }
    let newest = (*good_at).max(*since)?;
    let old = app.clock.now().duration_since(newest) > TOO_OLD;
    (on(app) && old).then(|| match good_at {
        Some(at) => format!("The last backup is of {at}."),
        None => "No backup has been made yet.".into(),
    })
}

async fn run(app: &App, turn: OwnedSemaphorePermit) {
    let home = app.config.backup.path(&app.config.data);
    let path = home.join(name(app.clock.now()));
    let made = make(app, &home, &path, turn).await;
    let (failure, size) = match made {
        Ok(info) => {
            tracing::info!(path = %path.display(), bytes = info.bytes, rows = info.rows, "a backup was made and read back");
            (None, info.bytes)
        }
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "no backup was made");
            (Some(error.to_string()), 0)
        }
    };
    let good = failure.is_none();
    let last = LastBackup {
        at: app.clock.now(),
        failure,
        bytes: size,
        path,
    };
    backup::record(app, last).await;
    if good && !app.held() {
        let keep = app.config.backup.keep;
        let retired = spawn_blocking(move || retire(&home, keep)).await;
        if let Ok(Err(error)) = retired {
            tracing::warn!(%error, "an old backup could not be removed");
        }
    }
}

async fn make(
    app: &App,
    home: &Path,
    path: &Path,
    turn: OwnedSemaphorePermit,
) -> Result<BackupInfo> {
    let (store, files, home) = (app.store.clone(), app.files.clone(), home.to_owned());
    let room = spawn_blocking(move || {
        files.make_dir(&home)?;
        Ok::<_, storage::Error>((files.free_bytes(&home)?, store.disk_use()?.live * 2))
    });
    let (free, needed) = room
        .await
        .map_err(|e| Error::internal("the backup", e))?
        .map_err(|e| Error::conflict("backup_failed", e.to_string()))?;
    if free < needed {
        let (free, needed) = (bytes(free), bytes(needed));
        let message = format!(
            "{free} are free where backups go, and twice the live file, {needed}, are needed."
        );
        return Err(Error::conflict("backup_no_room", message));
    }
    backup::make(app, path, turn, &Steps::default()).await
}

/// `novacore-20261121T030000Z`: sorts by time.
fn name(now: Timestamp) -> String {
    format!("{PREFIX}{}", now.strftime("%Y%m%dT%H%M%SZ"))
}

fn is_ours(name: &str) -> bool {
    let time = name.strip_prefix(PREFIX).map(str::as_bytes);
    time.is_some_and(|time| {
        let form = b"00000000T000000Z";
        time.len() == form.len()
            && time.iter().zip(form).all(|(is, form)| match form {
                b'0' => is.is_ascii_digit(),
                sign => is == sign,
            })
    })
}

/// Removes our oldest backups but `keep`.
fn retire(home: &Path, keep: usize) -> std::io::Result<()> {
    let mut ours: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(home)? {
        let entry = entry?;
        let path = entry.path();
        let named = entry.file_name().to_str().is_some_and(is_ours);
        // One that somebody served from here has a life of its own since.
        let untouched = describe(&path).is_some() && !path.join("live").exists();
        if named && entry.file_type()?.is_dir() && untouched {
            ours.push(path);
        }
    }
    ours.sort();
    // The newest is the one that was just made and read back.
    let many = ours.len().saturating_sub(keep.max(1));
    for old in ours.into_iter().take(many) {
        fs::remove_dir_all(&old)?;
        tracing::info!(path = %old.display(), "an old backup was removed");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    /// The backup comes once a day, at its time, whatever the time was before.
    #[test]
    fn due_once_a_day() {
        let three = jiff::civil::time(3, 0, 0, 0);
        for (after, due) in [
            ("2026-11-21T02:59:59Z", "2026-11-21T03:00:00Z"),
            ("2026-11-21T03:00:00Z", "2026-11-22T03:00:00Z"),
            ("2026-12-31T12:00:00Z", "2027-01-01T03:00:00Z"),
        ] {
            assert_eq!(first_at(three, at(after)), at(due), "{after}");
        }
    }

    /// Only folders with a name of our making are ever looked at.
    #[test]
    fn only_our_names() {
        assert!(is_ours(&name(at("2026-11-21T03:00:00Z"))));
        for other in [
            "novacore-old",
            "novacore-",
            "novacore-20261121T030000Z.bak",
            "20261121T030000Z",
        ] {
            assert!(!is_ours(other), "{other}");
        }
    }
}
