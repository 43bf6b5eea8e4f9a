//! How long searching takes: `cargo run --release -p novacore-storage --example searches`.
//!
//! One owner with 100,000 texts of 30 words beside 100 owners with 1,000 each; words are common or rare as
//! in real text (the nth word is as likely as 1/n).

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a benchmark reads the real clock"
)]

use std::io::{Write, stdout};
use std::time::{Duration, Instant};

use novacore_storage::{TextIndex, TextOp};
use uuid::Uuid;

const WORDS: u64 = 20_000;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// A stream of numbers that is the same in every run (splitmix64, Steele 2014).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A word; the lower its number the more common.
    fn word(&mut self) -> String {
        let limit = 1 + self.next() % WORDS;
        let limit = 1 + self.next() % limit;
        format!("word{}", self.next() % limit)
    }
}

fn main() -> Outcome {
    let dir = tempfile::tempdir()?;
    let index = TextIndex::open(dir.path(), Uuid::nil(), u64::MAX)?;
    let mut numbers = Numbers(1);
    let mut put = |owner: u64| TextOp::Put {
        owner: Uuid::from_u64_pair(0, owner),
        id: Uuid::from_u64_pair(1, numbers.next()),
        text: (0..30)
            .map(|_| numbers.word())
            .collect::<Vec<_>>()
            .join(" "),
    };
    let start = Instant::now();
    for batch in 0..20_u64 {
        let owners = (0..10_000_u64).map(|n| if n % 2 == 0 { 0 } else { 1 + n / 2 % 100 });
        index.apply(owners.map(&mut put).collect())?;
        index.commit(batch)?;
    }
    writeln!(stdout(), "built 200,000 texts in {:.1?}", start.elapsed())?;
    let few = "word19000 word15000 word12000";
    let many: Vec<String> = (0..60).map(|n| format!("word{}", n * n)).collect();
    for (owner, whose) in [(0, "100,000 texts"), (1, "1,000 texts")] {
        let owner = Uuid::from_u64_pair(0, owner);
        search(&index, owner, &format!("{whose}, 3 rare words"), few)?;
        search(
            &index,
            owner,
            &format!("{whose}, 3 common words"),
            "word0 word1 word2",
        )?;
        search(
            &index,
            owner,
            &format!("{whose}, 60 words"),
            &many.join(" "),
        )?;
    }
    let mut times = Vec::new();
    for seq in 100..120 {
        index.apply(vec![put(3)])?;
        let begun = Instant::now();
        index.commit(seq)?;
        times.push(begun.elapsed());
    }
    report("commit of one text", times)
}

fn search(index: &TextIndex, owner: Uuid, what: &str, query: &str) -> Outcome {
    let mut times = Vec::new();
    for _ in 0..50 {
        let begun = Instant::now();
        index.search(owner, query, 50)?;
        times.push(begun.elapsed());
    }
    report(what, times)
}

fn report(what: &str, mut times: Vec<Duration>) -> Outcome {
    times.sort();
    let p50 = times.get(times.len() / 2).ok_or("nothing measured")?;
    writeln!(stdout(), "{what:>32}  p50 {p50:.1?}")?;
    Ok(())
}
