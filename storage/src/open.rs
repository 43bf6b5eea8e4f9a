//! A directory before it is served.
//!
//! Opening means: take the lock, look whether it was closed well, else recover; refuse what a newer
//! release wrote; take a snapshot before a migration, and migrate in one batch. What must stay true: a
//! directory that cannot be opened keeps everything that was in it.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use uuid::Uuid;

use crate::home::{Home, LOCK_FILE, new_database, read_meta};
use crate::journal::{Chain, Journal, Part};
use crate::live::{Live, META, META_KEY, Meta, lock as lock_of};
use crate::recover::{Bounds, Recovered, recover};
use crate::remake::replace_live;
use crate::report::{Opened, Start};
use crate::table::Catalogue;
use crate::writer::attempt;
use crate::{Error, Migration, Options, WriteTx, backend::Backend, place, snapshot};

/// Format of a store without migrations.
const FIRST_FORMAT: u32 = 1;
/// Added to the name of a file that holds what cannot be reached.
pub(crate) const ASIDE: &str = ".unreachable";

/// A directory that is held, before anything in it was opened.
pub(crate) struct Held {
    pub(crate) home: Home,
    pub(crate) lock: Box<dyn Send + Sync>,
}

/// Opens or creates the store of a directory.
pub(crate) fn open(options: &Options) -> Result<Live, Error> {
    let supported = supported_format(options.migrations)?;
    let Held { home, lock } = hold(options)?;
    let is_home = place::is_home(&home)?;
    let was_placed = home.len_of(&home.dir.join(place::PLACE))? > 0;
    refuse_newer(&home, supported)?;
    let clean = place::clean_close(&home)?;
    place::unsay_clean(&home)?;
    tidy(&home)?;
    let had_history = !snapshot::list(&home)?.is_empty()
        || !Chain::list(&home.files, &home.journal_dir())?.is_empty();
    let since_snapshot = clean.as_ref().map(|clean| clean.since_snapshot);
    let recovered = match clean.map(|clean| reopen_clean(&home, &clean)) {
        Some(Ok(recovered)) => Some(recovered),
        Some(Err(_)) | None => recover(
            &home,
            &home,
            Bounds {
                copy: was_placed && !is_home,
                ..Bounds::ALL
            },
        )?,
    };
    let recovered = match recovered {
        Some(recovered) => recovered,
        None if was_placed => {
            return Err(Error::Incomplete {
                reachable: 0,
                known: 0,
                reason: "there was data here, and neither snapshot nor journal is left".to_owned(),
            });
        }
        None => create(&home, supported)?,
    };
    check_format(&recovered.meta, supported)?;
    let fresh =
        recovered.start == Start::New || !was_placed && (!had_history || recovered.meta.seq == 0);
    let mut live = serve(home, lock, recovered, since_snapshot, fresh || is_home)?;
    let format = live.format();
    migrate(&live, options.migrations)?;
    live.opened.migrated_from = (live.format() > format).then_some(format);
    if fresh {
        live.settle()?;
    }
    Ok(live)
}

/// Takes the lock and makes the folders.
pub(crate) fn hold(options: &Options) -> Result<Held, Error> {
    let home = options.home()?;
    home.make_dirs()?;
    let lock = home
        .files
        .lock(&home.dir.join(LOCK_FILE))?
        .ok_or(Error::InUse)?;
    Ok(Held { home, lock })
}

/// From recovered rows to something that can be written to.
fn serve(
    home: Home,
    lock: Box<dyn Send + Sync>,
    recovered: Recovered,
    since_snapshot: Option<u64>,
    is_home: bool,
) -> Result<Live, Error> {
    let seq = recovered.meta.seq;
    let all = Chain::list(&home.files, &home.journal_dir())?;
    set_aside(&home, &beyond(&home, &all, seq)?)?;
    let chain = Chain::list(&home.files, &home.journal_dir())?;
    let believed = is_home || recovered.start == Start::Clean;
    let old = if believed {
        Vec::new()
    } else {
        disconnected(&home, &chain, seq)?
    };
    // What is taken out of the history is not gone on from either.
    let torn = recovered
        .reach
        .unsealed
        .filter(|id| old.is_empty() && chain.ids().contains(id));
    let newest = snapshot::list(&home)?.last().copied().unwrap_or(0);
    let journal = Journal::new(
        &home.files,
        &home.journal_dir(),
        recovered.meta.lineage,
        since_snapshot.map_or_else(|| chain.bytes_after(newest), Ok)?,
        torn.map(|id| chain.path(id)),
    );
    let opened = opened(&home, &recovered, is_home)?;
    let must_snapshot = recovered.must_snapshot || !old.is_empty();
    let live = Live::new(Held { home, lock }, journal, recovered, opened, !is_home);
    if must_snapshot {
        match live.pay_snapshot() {
            // Reading goes on.
            Err(Error::Full | Error::Io { .. }) if is_home => {}
            outcome => outcome?,
        }
        set_aside(&live.home, &old)?;
    }
    // Only when there is such a snapshot, because it keeps of a damaged file less than there was. A full
    // disk puts both off until the next batch.
    if !live.owes_snapshot.load(Ordering::Acquire) {
        let _ = lock_of(&live.journal).renew_torn();
    }
    Ok(live)
}

/// What is to be told of an opening. While a copy is held it is told each time what is missing in it.
fn opened(home: &Home, recovered: &Recovered, is_home: bool) -> Result<Opened, Error> {
    let mut damage = recovered.reach.damage.clone();
    let mut names = home.files.names(&home.journal_dir())?;
    names.extend(home.files.names(&home.snapshot_dir())?);
    let aside = names.iter().filter(|name| name.ends_with(ASIDE)).count();
    if !is_home && aside > 0 {
        damage.push(format!(
            "{aside} files of this copy cannot be reached and were set aside"
        ));
    }
    Ok(Opened {
        start: recovered.start,
        replayed: recovered.reach.batches,
        torn_bytes: recovered.reach.torn_bytes,
        damage,
        migrated_from: None,
    })
}

/// Opens the live file without a check: it was closed well, and nobody touched it since.
fn reopen_clean(home: &Home, clean: &place::Clean) -> Result<Recovered, Error> {
    let open = home.open_database(&home.live_file(), false)?;
    let meta = read_meta(&open.database)?;
    if meta.seq != clean.seq || meta.lineage != clean.lineage {
        return Err(Error::corrupt_file("it is not as it was closed"));
    }
    home.create_tables(&open.database)?;
    Ok(Recovered::as_it_is(open, meta, Start::Clean))
}

/// A new store: an empty database with the row that says what it is.
fn create(home: &Home, format: u32) -> Result<Recovered, Error> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a lineage is made once and must be unique; no test depends on it"
    )]
    let lineage = Uuid::new_v4();
    let meta = Meta {
        format,
        seq: 0,
        lineage,
        ms: home.now(),
    };
    replace_live(home, |file| {
        let database = new_database(&Backend::new(file))?;
        let transaction = database.begin_write()?;
        let mut tx = WriteTx::new(&transaction, &home.catalogue, 0);
        tx.put(&META, &META_KEY, &meta)?;
        tx.finish(meta.ms)?;
        transaction.commit()?;
        Ok(database.close()?)
    })?;
    let open = home.open_database(&home.live_file(), false)?;
    home.create_tables(&open.database)?;
    let mut recovered = Recovered::as_it_is(open, meta, Start::New);
    recovered.must_snapshot = true;
    Ok(recovered)
}

/// The format that the migrations lead to; they must be in order.
pub(crate) fn supported_format(migrations: &[Migration]) -> Result<u32, Error> {
    let mut format = FIRST_FORMAT;
    for migration in migrations {
        if migration.to <= format {
            let reason = format!("the migration {} is out of order", migration.name);
            return Err(Error::Misdeclared { reason });
        }
        format = migration.to;
    }
    Ok(format)
}

pub(crate) fn check_format(meta: &Meta, supported: u32) -> Result<(), Error> {
    if meta.format > supported {
        let found = meta.format;
        return Err(Error::NewerFormat { found, supported });
    }
    Ok(())
}

/// The live file and the newest snapshot.
fn newest_files(home: &Home) -> Result<Vec<PathBuf>, Error> {
    let newest = snapshot::list(home)?.last().copied();
    let mut files = vec![home.live_file()];
    files.extend(newest.map(|seq| snapshot::path(home, seq)));
    Ok(files)
}

/// Opening for writing writes, even when nothing is changed: look before. A file that needs a repair
/// cannot be looked at, and is asked again once it is repaired.
fn refuse_newer(home: &Home, supported: u32) -> Result<(), Error> {
    for path in newest_files(home)? {
        if let Ok(meta) = home.look_at(&path).and_then(|file| read_meta(&file)) {
            check_format(&meta, supported)?;
        }
    }
    Ok(())
}

/// Removes what was retired, and what a crash left unfinished.
fn tidy(home: &Home) -> Result<(), Error> {
    for dir in [home.live_dir(), home.journal_dir(), home.snapshot_dir()] {
        for name in home.files.names(&dir)? {
            let path = dir.join(&name);
            let unfinished = [".tmp", ".new"].iter().any(|end| name.ends_with(end));
            let retired = dir != home.live_dir() && home.len_of(&path)? == 0;
            if unfinished || retired {
                home.files.remove(&path)?;
            }
        }
    }
    Ok(())
}

/// Files beyond `seq` are no part of the history: the next batch has a seq that is in them, too.
fn beyond(home: &Home, chain: &Chain, seq: u64) -> Result<Vec<PathBuf>, Error> {
    let segments = chain.ids().iter().filter(|id| id.first > seq + 1);
    let mut paths: Vec<_> = segments.map(|id| chain.path(*id)).collect();
    let snapshots = snapshot::list(home)?.into_iter().filter(|it| *it > seq);
    paths.extend(snapshots.map(|seq| snapshot::path(home, seq)));
    Ok(paths)
}

/// All snapshots and journal files up to `seq`, if the oldest of them do not lead there: normal in a
/// copy, where some were copied before, and some after, what connects them was written.
fn disconnected(home: &Home, chain: &Chain, seq: u64) -> Result<Vec<PathBuf>, Error> {
    let snapshots = snapshot::list(home)?;
    let from_the_start = chain.is_whole();
    let oldest = snapshots.first().filter(|_| !from_the_start);
    let after = Part::after(oldest.copied().unwrap_or(0));
    if chain.replay(after, &mut |_| Ok(()))?.seq >= seq {
        return Ok(Vec::new());
    }
    let mut paths: Vec<_> = chain.ids().iter().map(|id| chain.path(*id)).collect();
    let older = snapshots.into_iter().filter(|it| *it < seq);
    paths.extend(older.map(|seq| snapshot::path(home, seq)));
    Ok(paths)
}

/// Takes files out of the history, and keeps them.
fn set_aside(home: &Home, paths: &[PathBuf]) -> Result<(), Error> {
    for path in paths {
        let mut aside = path.clone().into_os_string();
        aside.push(ASIDE);
        // What was set aside before is kept, too.
        while home.files.stamp(aside.as_ref())?.is_some() {
            aside.push(ASIDE);
        }
        home.files.rename(path, aside.as_ref())?;
    }
    if !paths.is_empty() {
        home.files.sync_dir(&home.journal_dir())?;
        home.files.sync_dir(&home.snapshot_dir())?;
    }
    Ok(())
}

/// Runs the migrations that have not run, all in one batch, after a snapshot of how it was.
///
/// A new store has the newest format from the start and runs none.
fn migrate(live: &Live, migrations: &[Migration]) -> Result<(), Error> {
    let format = live.format();
    let pending: Vec<&Migration> = migrations.iter().filter(|it| it.to > format).collect();
    let Some(newest) = pending.last() else {
        return Ok(());
    };
    live.snapshot(&mut |_| ())?;
    live.in_one_batch(newest.to, |tx| {
        for migration in pending {
            let run = migration.run;
            attempt(tx, run).map_err(|cause| Error::Migration {
                to: migration.to,
                name: migration.name,
                cause: Box::new(cause),
            })?;
        }
        Ok(())
    })
}

impl Options {
    /// The directory that these options speak of.
    pub(crate) fn home(&self) -> Result<Home, Error> {
        let catalogue = Catalogue::new(self.catalogue)?;
        Ok(Home {
            files: self.files.clone(),
            dir: self.dir.clone(),
            catalogue: std::sync::Arc::new(catalogue),
            clock: self.clock.clone(),
            machine: self.machine.clone(),
            cache_bytes: self.cache_bytes,
            keep_days: self.keep_days,
            snapshot_bytes: self.snapshot_bytes,
        })
    }
}

/// What an upgrade to this program would do to a directory; it is only looked at.
pub(crate) fn upgrade_check(options: &Options) -> Result<crate::UpgradeCheck, Error> {
    let supported = supported_format(options.migrations)?;
    let home = options.home()?;
    let mut found = None;
    for path in newest_files(&home)? {
        if found.is_none() && home.len_of(&path)? > 0 {
            found = home
                .verify_database(&path)
                .and_then(|database| read_meta(&database))
                .ok()
                .map(|meta| meta.format);
        }
    }
    let pending = options
        .migrations
        .iter()
        .filter(|it| found.is_some_and(|found| it.to > found));
    Ok(crate::UpgradeCheck {
        found,
        supported,
        pending: pending.map(|it| it.name).collect(),
    })
}
