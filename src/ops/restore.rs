//! From a backup or a copy to a data directory.
//!
//! Must stay true: nothing at the target is touched before what replaces it is complete; what was there
//! is moved aside, never removed; and nobody who was signed in then is signed in now.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use storage::{Options, Restore, Restored, Store};
use tokio::task::spawn_blocking;

use super::admin::time;
use super::backup::{SECRET, beside, refuse_in_use};
use super::folder::{must_be_target, must_have_data};
use super::progress::Steps;
use super::text::many;
use crate::app::write_private;
use crate::auth;
use crate::error::{Error, Result};

pub struct Restoring {
    /// A backup, a plain copy, or a data directory.
    pub from: PathBuf,
    pub into: PathBuf,
    /// The moment to go back to; the newest state without one.
    pub at: Option<Timestamp>,
    /// Whether less than everything is better than nothing.
    pub partial: bool,
    /// How storage is opened; the directory in it is the configured one, which alone can be its own source.
    pub options: Options,
    pub now: Timestamp,
}

/// Restores; returns what to print.
pub async fn restore(job: Restoring, steps: &Steps) -> Result<String> {
    let steps = steps.clone();
    spawn_blocking(move || job.run(&steps))
        .await
        .map_err(|e| Error::internal("restoring", e))?
}

impl Restoring {
    fn run(self, steps: &Steps) -> Result<String> {
        must_have_data(&self.from)?;
        must_be_target(&self.into, &self.from, &self.options.dir)?;
        if let Some(at) = self.at.filter(|at| *at > self.now) {
            let message = format!("{at} lies in the future. Nothing was changed.");
            return Err(Error::field("in_the_future", "at", message));
        }
        refuse_in_use(&self.options, &self.into)?;
        let staging = beside(&self.into, "restoring", self.now);
        let built = self.build(&staging, steps);
        let moved = built.and_then(|(restored, ended)| {
            let aside = self.put_in_place(&staging)?;
            Ok(self.tell(&restored, ended, aside.as_deref()))
        });
        if moved.is_err() {
            // Made by this command alone, so that nothing of anybody's is lost with it.
            let _ = fs::remove_dir_all(&staging);
        }
        moved
    }

    /// Makes the new directory beside the target; returns how many sign-ins were ended.
    fn build(&self, staging: &Path, steps: &Steps) -> Result<(Restored, u64)> {
        let at_ms = self
            .at
            .map(|at| u64::try_from(at.as_millisecond()).unwrap_or(0));
        let order = Restore {
            from: self.from.clone(),
            into: staging.to_owned(),
            at_ms,
            partial: self.partial,
            options: self.options.clone(),
        };
        let restored = storage::restore(&order, &mut |progress| steps.show(progress))
            .map_err(|e| self.refused(e))?;
        let options = Options {
            dir: staging.to_owned(),
            ..self.options.clone()
        };
        steps.tell("ending sign-ins", 0, 0);
        let store = Store::open(options)?;
        let ended = auth::end_everything(&store, self.now);
        store.close()?;
        let ended = ended?;
        match fs::read(self.from.join(SECRET)) {
            Ok(secret) => {
                let path = staging.join(SECRET);
                write_private(&path, &secret).map_err(|e| cannot("writing", &path, &e))?;
            }
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(cannot("reading", &self.from.join(SECRET), &e)),
        }
        Ok((restored, ended))
    }

    /// Moves what is at the target aside and the new directory there; returns where the old one is.
    fn put_in_place(&self, staging: &Path) -> Result<Option<PathBuf>> {
        let target = &self.into;
        let mut aside = None;
        if target.exists() {
            // An empty folder is not worth keeping, and a file is not ours to move.
            if fs::remove_dir(target).is_err() {
                let place = beside(target, "before", self.now);
                fs::rename(target, &place).map_err(|e| {
                    let message = format!(
                        "{} cannot be moved aside ({e}); it may be a mount. Restore with --into another folder and move the content yourself.",
                        target.display()
                    );
                    Error::conflict("cannot_move", message)
                })?;
                aside = Some(place);
            }
        }
        if let Err(error) = fs::rename(staging, target) {
            if let Some(place) = &aside {
                let _ = fs::rename(place, target);
            }
            return Err(cannot("moving the restored data to", target, &error));
        }
        if let Some(above) = target.parent() {
            let synced = fs::File::open(above).and_then(|folder| folder.sync_all());
            synced.map_err(|e| cannot("syncing", above, &e))?;
        }
        Ok(aside)
    }

    fn tell(&self, restored: &Restored, ended: u64, aside: Option<&Path>) -> String {
        let mut lines = vec![format!(
            "Restored {} to {} (batch {}).",
            self.into.display(),
            time(restored.ms),
            restored.seq
        )];
        let origin = restored.snapshot.map_or_else(
            || {
                let began = restored.seq.saturating_sub(restored.replayed);
                format!("It began with the live file as of batch {began}")
            },
            |seq| format!("It began with the snapshot of batch {seq}"),
        );
        let replayed = many(restored.replayed, "batch", "batches");
        lines.push(format!("{origin}; {replayed} came from the journal."));
        for damage in &restored.damage {
            lines.push(format!("Passed over: {damage}"));
        }
        if let Some(aside) = aside {
            lines.push(format!("What was there before is now {}.", aside.display()));
        }
        lines.push(format!(
            "All sign-ins were ended ({ended}), and open links are void."
        ));
        lines.push(
            "It starts held: nothing is sent to anybody until you say `novacore adopt`.".into(),
        );
        lines.join("\n")
    }

    fn refused(&self, cause: storage::Error) -> Error {
        let from = self.from.display();
        let said = match cause {
            storage::Error::TooLongAgo => format!("{from} does not reach back so far."),
            storage::Error::Incomplete { .. } if !self.partial => {
                format!("{from}: {cause}. With --partial it is restored as far as it can be.")
            }
            storage::Error::InUse => format!(
                "A server runs on {from}. Stop it, or copy the directory (`cp -a`) and restore from the copy."
            ),
            storage::Error::Full => "The disk is full where the data was to be restored.".into(),
            cause => format!("{from} cannot be restored: {cause}."),
        };
        Error::conflict("not_restored", said)
    }
}

fn cannot(doing: &str, path: &Path, cause: &std::io::Error) -> Error {
    Error::conflict(
        "not_restored",
        format!("{doing} {}: {cause}", path.display()),
    )
}
