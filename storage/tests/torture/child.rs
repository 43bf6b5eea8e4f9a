//! A process that writes as fast as it can, and says what was acknowledged.

use std::env;
use std::io::{BufRead, BufReader, Read as _, Write, stdin, stdout};
use std::path::Path;
use std::process::{Child, Command, Stdio, exit};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use novacore_storage::{Error, Store};

use super::history::{self, Lasts};
use super::options;

/// Tells the process where to work, and what to do beside writing.
const DIR: &str = "NOVACORE_TORTURE_DIR";
const WORK: &str = "NOVACORE_TORTURE_WORK";
/// Writes of the first thread between two pieces of other work.
const PACE: u64 = 25;

/// What is done while the threads write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// What a server does: `maintain` often; now and then a snapshot, a compaction, a scrub.
    Everything,
    Snapshot,
    Compact,
    Scrub,
}

impl Work {
    const ALL: [Self; 4] = [Self::Everything, Self::Snapshot, Self::Compact, Self::Scrub];

    fn run(self, store: &Store, turn: u64) -> Result<(), Error> {
        match self {
            Self::Everything if turn % 200 == 150 => Self::Scrub.run(store, turn),
            Self::Everything if turn % 100 == 50 => Self::Compact.run(store, turn),
            Self::Everything if turn % 20 == 10 => Self::Snapshot.run(store, turn),
            Self::Everything => store.maintain().map(drop),
            Self::Snapshot => store.snapshot(&mut |_| {}).map(drop),
            Self::Compact => store.compact(&mut |_| {}).map(drop),
            Self::Scrub => store.scrub(&mut |_| {}).map(drop),
        }
    }
}

/// What the process has said so far.
#[derive(Debug, Clone, Default)]
pub struct Said {
    pub acked: Lasts,
    /// It has begun to open the directory.
    pub opening: bool,
    /// It has opened it; the second is whether it found it held.
    pub opened: Option<bool>,
    /// Pieces of other work that it has begun.
    pub begun: u64,
    ended: bool,
}

impl Said {
    pub fn total(&self) -> u64 {
        self.acked.iter().sum()
    }

    fn hear(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["opening"] => self.opening = true,
            ["opened", held] => self.opened = Some(*held == "true"),
            ["began"] => self.begun += 1,
            ["acked", thread, number] => {
                if let (Ok(thread), Ok(number)) = (thread.parse::<usize>(), number.parse::<u64>()) {
                    // The last line may have been cut off by the end of the process.
                    let last = &mut self.acked[thread];
                    *last = number.max(*last);
                }
            }
            _ => {}
        }
    }
}

/// The process, seen from outside.
pub struct Writer {
    process: Child,
    said: Arc<(Mutex<Said>, Condvar)>,
    listener: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts one; `acked` is what its predecessors in this directory had acknowledged.
    pub fn start(dir: &Path, work: Work, acked: Lasts) -> Self {
        let work = Work::ALL.iter().position(|one| *one == work).unwrap();
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--exact", "torture::child::write_at_full_speed"])
            .args(["--ignored", "--nocapture"])
            .env(DIR, dir)
            .env(WORK, work.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let said = Said {
            acked,
            ..Said::default()
        };
        let said = Arc::new((Mutex::new(said), Condvar::new()));
        let ours = Arc::clone(&said);
        let listener = thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                ours.0.lock().unwrap().hear(&line);
                ours.1.notify_all();
            }
            ours.0.lock().unwrap().ended = true;
            ours.1.notify_all();
        });
        Self {
            process,
            said,
            listener: Some(listener),
        }
    }

    pub fn said(&self) -> Said {
        self.said.0.lock().unwrap().clone()
    }

    /// Waits until it has said enough.
    pub fn wait(&self, enough: impl Fn(&Said) -> bool) {
        let said = self.said.0.lock().unwrap();
        let waiting = |said: &mut Said| !enough(said) && !said.ended;
        let said = self.said.1.wait_while(said, waiting).unwrap();
        assert!(enough(&said), "it ended by itself: {said:?}");
    }

    /// Lets a moment pass, or less when it says enough before.
    pub fn wait_at_most(&self, moment: Duration, enough: impl Fn(&Said) -> bool) {
        let said = self.said.0.lock().unwrap();
        let waiting = |said: &mut Said| !enough(said) && !said.ended;
        drop(self.said.1.wait_timeout_while(said, moment, waiting));
    }

    /// Kills it; everything that it has ever acknowledged.
    pub fn kill(mut self) -> Lasts {
        assert!(
            self.process.try_wait().unwrap().is_none(),
            "it ended by itself"
        );
        self.end();
        self.said().acked
    }

    fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.end();
    }
}

fn say(text: &str) {
    let mut out = stdout().lock();
    writeln!(out, "{text}").unwrap();
    out.flush().unwrap();
}

/// Ends this process with the test that started it, whatever becomes of that.
fn end_with_parent() {
    thread::spawn(|| {
        let _ = stdin().read(&mut [0]);
        exit(1);
    });
}

/// Writes until it is killed.
#[test]
#[ignore = "a part of the torture tests"]
fn write_at_full_speed() {
    let (Some(dir), Some(work)) = (env::var_os(DIR), env::var_os(WORK)) else {
        return;
    };
    let work = Work::ALL[work.into_string().unwrap().parse::<usize>().unwrap()];
    end_with_parent();
    say("\nopening");
    let store = Store::open(options(Path::new(&dir))).unwrap();
    say(&format!("opened {}", store.held()));
    let begun = history::lasts(&store).unwrap();
    let (tick, ticks) = sync_channel(1);
    thread::scope(|scope| {
        for (thread, last) in begun.into_iter().enumerate() {
            let (store, tick) = (&store, tick.clone());
            scope.spawn(move || write_for_ever(store, thread, last, &tick));
        }
        work_for_ever(&store, work, &ticks);
    });
}

fn write_for_ever(store: &Store, thread: usize, last: u64, tick: &SyncSender<()>) {
    for number in last + 1.. {
        let write = store.write(move |tx| history::write(tx, thread as u64, number));
        let answer: Result<(), Error> = write.wait();
        must(answer);
        say(&format!("acked {thread} {number}"));
        if thread == 0 && number.is_multiple_of(PACE) {
            // Full when the work is still at it.
            let _ = tick.try_send(());
        }
    }
}

fn work_for_ever(store: &Store, work: Work, ticks: &Receiver<()>) {
    for (turn, ()) in (1..).zip(ticks) {
        say("began");
        must(work.run(store, turn));
    }
}

/// Ends the whole process when something fails that must not.
fn must(outcome: Result<(), Error>) {
    if let Err(error) = outcome {
        say(&format!("failed: {error:?}"));
        exit(2);
    }
}
