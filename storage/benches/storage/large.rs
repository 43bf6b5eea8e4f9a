//! What size costs: opening, snapshots and the disk, at 100 MB of values.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use novacore_storage::Start;
use redb::Database;

use crate::engines::{Engine, Ours, Outcome, Redb, Sqlite, VALUE};
use crate::load::beside_commits;
use crate::table::{heading, median, micros, millis, row, times};

const ROWS: u64 = 250_000;
/// Rows of one commit while filling.
const AT_ONCE: u64 = 500;
const ROUNDS: usize = 3;
/// Writes land behind all rows.
const BEHIND: u64 = 1 << 40;

fn fill(engine: &dyn Engine) -> Outcome {
    for first in (0..ROWS).step_by(usize::try_from(AT_ONCE)?) {
        engine.put(first..first + AT_ONCE)?;
    }
    Ok(())
}

/// Bytes that a file or folder takes on the disk; holes take none.
fn on_disk(path: &Path) -> Outcome<u64> {
    let about = fs::metadata(path)?;
    if !about.is_dir() {
        return Ok(about.blocks() * 512);
    }
    fs::read_dir(path)?.try_fold(0, |sum, entry| Ok(sum + on_disk(&entry?.path())?))
}

fn copy(from: &Path, to: &Path) -> Outcome {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let (from, to) = {
            let entry = entry?;
            (entry.path(), to.join(entry.file_name()))
        };
        if from.is_dir() {
            copy(&from, &to)?;
        } else {
            fs::copy(&from, &to)?;
        }
    }
    Ok(())
}

/// Seconds of processor time that this process has used.
fn cpu() -> Outcome<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, after) = stat.rsplit_once(')').ok_or("no stat")?;
    let ticks: Vec<&str> = after.split(' ').collect();
    let sum = ticks.get(12).ok_or("no stat")?.parse::<u32>()?
        + ticks.get(13).ok_or("no stat")?.parse::<u32>()?;
    Ok(f64::from(sum) / 100.0)
}

pub fn measure(dir: &Path) -> Outcome {
    let data = dir.join("ours");
    let ours = Ours::open(&data)?;
    fill(&ours)?;
    // As many as are kept at least.
    ours.0.snapshot(&mut |_| {})?;
    ours.put(ROWS..ROWS + 1)?;
    ours.0.snapshot(&mut |_| {})?;
    ours.0.close()?;
    disk(&data, dir)?;
    opening(&data, dir)?;
    snapshots(&Ours::open(&data)?)
}

fn snapshots(ours: &Ours) -> Outcome {
    heading(&["snapshot of 100 MB", "", "promise"])?;
    let (mut seconds, mut work) = (Vec::new(), Vec::new());
    let (mut quiet, mut beside) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS as u64 {
        let (begun, used) = (Instant::now(), cpu()?);
        ours.0.snapshot(&mut |_| {})?;
        seconds.push(begun.elapsed());
        work.push(cpu()? - used);
        let first = BEHIND + (round << 32);
        let while_idle = || {
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_millis(700) {
                std::thread::yield_now();
            }
            Ok(())
        };
        quiet.push(beside_commits(ours, first, while_idle)?.1);
        let snapshot = || Ok(ours.0.snapshot(&mut |_| {})?);
        beside.push(beside_commits(ours, first + (1 << 31), snapshot)?.1);
    }
    row(&["takes", &millis(median(seconds)), ""])?;
    row(&["processor time", &format!("{:.2} s", median(work)), ""])?;
    for percent in [50, 95] {
        let alone = median(quiet.iter().map(|times| times.percentile(percent)));
        let during = median(beside.iter().map(|times| times.percentile(percent)));
        let what = format!("commit p{percent}: without, during");
        row(&[&what, &format!("{}, {}", micros(alone), micros(during)), ""])?;
    }
    Ok(())
}

/// How long opening took, and what it did.
fn opened(data: &Path) -> Outcome<(Duration, Start)> {
    let begun = Instant::now();
    let ours = Ours::open(data)?;
    let took = begun.elapsed();
    let start = ours.0.opened().start;
    ours.0.close()?;
    Ok((took, start))
}

fn opening(data: &Path, dir: &Path) -> Outcome {
    heading(&["opening 100 MB", "median", "promise"])?;
    let (mut clean, mut copied, mut torn) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        clean.push(opened(data)?);
        let whole = dir.join(format!("copied-{round}"));
        copy(data, &whole)?;
        copied.push(opened(&whole)?);
        fs::remove_dir_all(&whole)?;
        let half = dir.join(format!("torn-{round}"));
        copy(data, &half)?;
        let live = fs::OpenOptions::new()
            .write(true)
            .open(half.join("live/main.redb"))?;
        live.set_len(live.metadata()?.len() / 2)?;
        torn.push(opened(&half)?);
        fs::remove_dir_all(&half)?;
    }
    let all = [
        ("closed well", Start::Clean, clean, "under 100 ms"),
        (
            "a copy whose live file is whole",
            Start::Checked,
            copied,
            "",
        ),
        (
            "a copy whose live file is torn",
            Start::Rebuilt,
            torn,
            "under 2 s",
        ),
    ];
    for (what, start, figures, promise) in all {
        let took = median(figures.iter().map(|(took, _)| *took));
        let odd = figures.iter().find(|(_, found)| *found != start);
        let remark = odd.map_or(String::new(), |(_, found)| format!(" (it was {found:?})"));
        row(&[what, &format!("{}{remark}", millis(took)), promise])?;
    }
    Ok(())
}

/// Before anything is old enough to be retired.
fn disk(data: &Path, dir: &Path) -> Outcome {
    heading(&["100 MB of values on disk", "MB", "factor"])?;
    let redb = dir.join("plain.redb");
    let plain = Redb(Database::create(&redb)?);
    fill(&plain)?;
    drop(plain);
    let sqlite = dir.join("sqlite");
    fs::create_dir(&sqlite)?;
    let other = Sqlite::open(&sqlite.join("rows.db"))?;
    fill(&other)?;
    drop(other);
    let snapshots = format!(
        "NovaCore: {} snapshots",
        fs::read_dir(data.join("snapshots"))?.count()
    );
    let all = [
        ("NovaCore: all", data.to_owned()),
        ("NovaCore: live file", data.join("live")),
        (&snapshots, data.join("snapshots")),
        ("NovaCore: journal", data.join("journal")),
        ("redb", redb),
        ("SQLite", sqlite),
    ];
    let raw = u32::try_from(ROWS * (VALUE as u64 + 8) / 1000)?;
    for (what, path) in all {
        let kilobytes = f64::from(u32::try_from(on_disk(&path)? / 1000)?);
        let megabytes = format!("{:.0}", kilobytes / 1000.0);
        row(&[what, &megabytes, &times(kilobytes / f64::from(raw))])?;
    }
    Ok(())
}
