//! Reading everything, to know that it can be read.
//!
//! What must stay true: a row counts as sound only when it is found both by walking its table and by
//! its key, because a damaged inner page can hide a row from either; findings name places, never texts.

use redb::{ReadTransaction, ReadableTable, TableHandle};

use crate::error::guarded;
use crate::home::{Home, read_meta};
use crate::journal::frame::decode_ops;
use crate::journal::{Chain, Part};
use crate::live::{META, Meta};
use crate::read::definition;
use crate::report::{CheckReport, Finding, Inspected, OnProgress, Progress};
use crate::table::TableInfo;
use crate::{Error, Store, place, record, snapshot, swap};

/// More findings than these are counted as one: the first ones tell enough.
const MOST_FINDINGS: usize = 100;
/// Progress is told after so many rows.
const ROWS_A_STEP: u64 = 10_000;

/// Checks an open store; nobody else may keep it meanwhile.
pub(crate) fn check(
    store: &Store,
    deep: bool,
    progress: OnProgress<'_>,
) -> Result<CheckReport, Error> {
    let home = &store.live().home;
    let mut report = CheckReport::default();
    let rows = store.live().begin_read()?;
    let seq = store.live().seq();
    for (done, table) in home.catalogue.tables().iter().enumerate() {
        let step = Progress {
            step: "checking rows",
            done: done as u64,
            total: home.catalogue.tables().len() as u64,
        };
        progress(step);
        if let Err(error) = check_table(rows.raw(), table, &mut report, &mut *progress) {
            report.found(table.name, error.to_string());
        }
    }
    drop(rows);
    check_journal(home, seq, &mut report, progress)?;
    check_snapshots(home, &mut report, progress)?;
    if deep {
        compare_with_rebuilt(store, &mut report, progress)?;
    }
    Ok(report)
}

fn check_table(
    from: &ReadTransaction,
    info: &TableInfo,
    report: &mut CheckReport,
    progress: OnProgress<'_>,
) -> Result<(), Error> {
    guarded(|| {
        let table = from.open_table(definition(info.name))?;
        let mut last: Option<Vec<u8>> = None;
        for row in table.iter()? {
            let (key, value) = row?;
            let (key, value) = (key.value(), value.value());
            let by_key = table.get(key)?.is_some_and(|found| found.value() == value);
            let in_order = last.as_deref().is_none_or(|last| last < key);
            if let Err(error) = (info.decode)(info.name, key, value) {
                report.found(info.name, error.to_string());
            } else if !by_key || !in_order {
                report.found(info.name, "a row cannot be found by its key");
            }
            last = Some(key.to_vec());
            report.rows += 1;
            report.bytes += (key.len() + value.len()) as u64;
            if report.rows.is_multiple_of(ROWS_A_STEP) {
                progress(Progress {
                    step: info.name,
                    done: report.rows,
                    total: 0,
                });
                std::thread::yield_now();
            }
        }
        Ok(())
    })
}

/// Every batch that is there, and that the oldest snapshot and the journal lead to `seq`.
fn check_journal(
    home: &Home,
    seq: u64,
    report: &mut CheckReport,
    progress: OnProgress<'_>,
) -> Result<(), Error> {
    progress(Progress {
        step: "checking the journal",
        done: 0,
        total: 0,
    });
    let chain = Chain::list(&home.files, &home.journal_dir())?;
    let oldest = snapshot::list(home)?.first().copied().unwrap_or(0);
    let first = chain.ids().first().map_or(oldest + 1, |id| id.first);
    let part = Part {
        up_to: seq,
        ..Part::after(oldest.min(first - 1))
    };
    let mut batches = 0;
    let reach = chain.replay(part, &mut |record| {
        batches += 1;
        decode_ops(record.body).map(|_| ())
    });
    report.batches = batches;
    match reach {
        Err(error @ Error::Corrupt { .. }) => report.found("journal", error.to_string()),
        Err(error) => return Err(error),
        Ok(reach) => {
            report.bytes += reach.bytes;
            for wrong in reach.gaps.into_iter().chain(reach.damage) {
                report.found("journal", wrong);
            }
            if reach.seq < seq {
                let (from, to) = (reach.seq + 1, seq);
                let reason = format!("batches {from} to {to} are in no file of the journal");
                report.found("journal", reason);
            }
        }
    }
    Ok(())
}

/// Reads the snapshots and the journal of a directory that nobody has open, without changing it.
pub(crate) fn inspect(home: &Home, progress: OnProgress<'_>) -> Result<Inspected, Error> {
    let mut report = CheckReport::default();
    check_snapshots(home, &mut report, progress)?;
    let held = !place::is_home(home)?;
    let chain = Chain::list(&home.files, &home.journal_dir())?;
    let first = chain
        .ids()
        .first()
        .map_or(0, |id| id.first.saturating_sub(1));
    let all = chain.replay(Part::after(first), &mut |record| {
        decode_ops(record.body).map(|_| ())
    })?;
    // In a copy a gap is normal, and what matters is what comes after the newest snapshot.
    for wrong in all.gaps.iter().filter(|_| !held).chain(&all.damage) {
        report.found("journal", wrong.clone());
    }
    let newest = snapshot::list(home)?.last().copied();
    let mut meta = newest.and_then(|seq| snapshot::meta(home, seq).ok());
    chain.replay(Part::after(newest.unwrap_or(0)), &mut |record| {
        for op in decode_ops(record.body)? {
            if let (true, Some(value)) = (op.table == META.name(), op.value) {
                meta = Some(record::decode::<Meta>(op.table, op.key, value)?);
            }
        }
        Ok(())
    })?;
    // A live file that is torn says nothing: that is normal in a copy.
    let live = home
        .verify_database(&home.live_file())
        .and_then(|live| read_meta(&live));
    let reached = meta.as_ref().map_or(0, |meta| meta.seq);
    if let Ok(live) = &live
        && live.seq > reached
        && meta.is_some()
    {
        let reason = format!(
            "snapshots and journal lead to batch {reached}, and the live file has {}: a journal file is missing or damaged",
            live.seq
        );
        report.found("journal", reason);
    }
    let meta = match (meta, live) {
        (Some(meta), Ok(live)) if live.seq > meta.seq => live,
        (Some(meta), _) => meta,
        (None, live) => live?,
    };
    Ok(Inspected {
        lineage: meta.lineage,
        format: meta.format,
        seq: meta.seq,
        ms: meta.ms,
        held,
        snapshots: report.snapshots,
        batches: all.batches,
        findings: report.findings,
    })
}

fn check_snapshots(
    home: &Home,
    report: &mut CheckReport,
    progress: OnProgress<'_>,
) -> Result<(), Error> {
    let all = snapshot::list(home)?;
    for (done, seq) in all.iter().enumerate() {
        progress(Progress {
            step: "checking snapshots",
            done: done as u64,
            total: all.len() as u64,
        });
        match verify_snapshot(home, &snapshot::path(home, *seq)) {
            Ok((_, bytes)) => report.bytes += bytes,
            Err(error) => report.found(&format!("snapshots/{seq:020}.redb"), error.to_string()),
        }
        report.snapshots += 1;
    }
    Ok(())
}

/// Every page and every row of a snapshot; how many rows, and how many bytes they have.
pub(crate) fn verify_snapshot(home: &Home, path: &std::path::Path) -> Result<(u64, u64), Error> {
    let database = home.verify_database(path)?;
    guarded(|| {
        let transaction = redb::ReadableDatabase::begin_read(&database)?;
        let (mut rows, mut bytes) = (0, 0);
        for handle in transaction.list_tables()? {
            let table = transaction.open_table(definition(handle.name()))?;
            for row in table.iter()? {
                let (key, value) = row?;
                record::verify(handle.name(), key.value(), value.value())?;
                rows += 1;
                bytes += (key.value().len() + value.value().len()) as u64;
            }
        }
        Ok((rows, bytes))
    })
}

/// Makes everything anew from the oldest snapshot and the journal, and compares it with the live rows.
fn compare_with_rebuilt(
    store: &Store,
    report: &mut CheckReport,
    progress: OnProgress<'_>,
) -> Result<(), Error> {
    let home = &store.live().home;
    // Both as of one moment: nothing may be written between the two readings.
    let (rows, seq) = store.act(|live| Ok((live.begin_read()?, live.seq())))?;
    let chain = Chain::list(&home.files, &home.journal_dir())?;
    if seq == 0 || chain.is_empty() && snapshot::list(home)?.is_empty() {
        return Ok(()); // Nothing was written yet.
    }
    let outcome = swap::oldest_up_to(home, seq, progress)
        .and_then(|rebuilt| compare(home, rows.raw(), &rebuilt.begin_read()?, report, progress));
    match outcome {
        Err(error @ (Error::Full | Error::Io { .. } | Error::Closed)) => Err(error),
        Err(error) => {
            report.found("snapshots and journal", error.to_string());
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

fn compare(
    home: &Home,
    live: &ReadTransaction,
    rebuilt: &ReadTransaction,
    report: &mut CheckReport,
    progress: OnProgress<'_>,
) -> Result<(), Error> {
    let tables = home.catalogue.tables();
    for (done, table) in tables.iter().enumerate() {
        progress(Progress {
            step: "comparing with snapshot and journal",
            done: done as u64,
            total: tables.len() as u64,
        });
        if !same_rows(live, rebuilt, table.name)? {
            report.found(table.name, "its rows are not those of snapshot and journal");
        }
    }
    Ok(())
}

fn same_rows(one: &ReadTransaction, two: &ReadTransaction, name: &str) -> Result<bool, Error> {
    guarded(|| {
        let (one, two) = (
            one.open_table(definition(name))?,
            two.open_table(definition(name))?,
        );
        let (mut one, mut two) = (one.iter()?, two.iter()?);
        loop {
            match (one.next(), two.next()) {
                (None, None) => return Ok(true),
                (Some(one), Some(two)) => {
                    let (one, two) = (one?, two?);
                    if one.0.value() != two.0.value() || one.1.value() != two.1.value() {
                        return Ok(false);
                    }
                }
                _ => return Ok(false),
            }
        }
    })
}

impl CheckReport {
    fn found(&mut self, place: &str, reason: impl Into<String>) {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(Finding {
                place: place.to_owned(),
                reason: reason.into(),
            });
        }
    }
}
