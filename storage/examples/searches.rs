//! How long the text index takes, beside a plain tantivy index of the same texts asked for its best 200 by
//! BM25: `cargo run --release -p novacore-storage --example searches [DOCUMENTS]...`
//!
//! One owner with 1,000, 100,000 and 1,000,000 texts of 30 words, beside 100 owners who have as many
//! together. The nth of 50,000 words is as likely as 1/n, as in real text, but without stop words left
//! out: the first three words are in 94, 73 and 58 % of the texts, which real content words are not.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a benchmark reads the real clock"
)]

use std::error::Error;
use std::io::{Write, stdout};
use std::path::Path;
use std::time::{Duration, Instant};

use novacore_storage::{TextIndex, TextOp, analyse};
use tantivy::collector::TopDocs;
use tantivy::indexer::IndexWriterOptions;
use tantivy::query::{BooleanQuery, ConstScoreQuery, Occur, Query, TermQuery};
use tantivy::schema::{
    BytesOptions, Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::{Index, IndexReader, IndexWriter, TantivyDocument, Term};
use uuid::Uuid;

const VOCABULARY: usize = 50_000;
const BATCH: u64 = 10_000;
const OWNER: Uuid = Uuid::nil();

const RARE: [usize; 3] = [5_000, 10_000, 20_000];
const COMMON: [usize; 3] = [0, 1, 2];

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Texts that are the same in every run.
struct Texts {
    state: u64,
    /// How likely a word or one before it is.
    likely: Vec<f64>,
}

impl Texts {
    fn new() -> Self {
        let mut sum = 0.0;
        let ranks = 1..=u32::try_from(VOCABULARY).unwrap_or(u32::MAX);
        let likely = ranks.map(|rank| {
            sum += 1.0 / f64::from(rank);
            sum
        });
        Self {
            state: 1,
            likely: likely.collect(),
        }
    }

    /// splitmix64 (Steele 2014).
    fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn text(&mut self) -> String {
        let total = self.likely.last().copied().unwrap_or_default();
        let mut text = String::new();
        for _ in 0..30 {
            let share = f64::from(u32::try_from(self.number() >> 32).unwrap_or(u32::MAX));
            let at = share / f64::from(u32::MAX) * total;
            text += &word(self.likely.partition_point(|&likely| likely < at));
            text.push(' ');
        }
        text
    }

    /// The nth text: every other is the owner's, in three conversations at a time, 20 turns each.
    fn put(&mut self, n: u64) -> TextOp {
        let (owner, turn) = match n % 2 {
            0 => (OWNER, n / 2),
            _ => (Uuid::from_u64_pair(1, n / 2 % 100), n / 200),
        };
        TextOp::Put {
            owner,
            id: Uuid::from_u64_pair(n, self.number()),
            place: (turn / 60 * 3 + turn % 3) << 32 | (turn % 60 / 3),
            text: self.text(),
        }
    }
}

fn word(rank: usize) -> String {
    format!("word{rank}")
}

/// An index with one term for a stem of everybody, from which tantivy takes the best 200 itself.
struct Plain {
    index: Index,
    reader: IndexReader,
    key: Field,
    owner: Field,
    text: Field,
}

impl Plain {
    fn new(dir: &Path) -> Outcome<Self> {
        let mut schema = Schema::builder();
        let words = TextFieldIndexing::default()
            .set_tokenizer("whitespace")
            .set_index_option(IndexRecordOption::WithFreqs);
        let key = schema.add_bytes_field("key", BytesOptions::default().set_indexed().set_fast());
        let owner = schema.add_bytes_field("owner", BytesOptions::default().set_indexed());
        let text =
            schema.add_text_field("text", TextOptions::default().set_indexing_options(words));
        let index = Index::create_in_dir(dir, schema.build())?;
        Ok(Self {
            reader: index.reader()?,
            index,
            key,
            owner,
            text,
        })
    }

    fn commit(&self, ops: Vec<TextOp>) -> Outcome {
        let options = IndexWriterOptions::builder()
            .memory_budget_per_thread(15_000_000)
            .num_worker_threads(1)
            .num_merge_threads(1)
            .build();
        let mut writer: IndexWriter = self.index.writer_with_options(options)?;
        for op in ops {
            if let TextOp::Put {
                owner, id, text, ..
            } = op
            {
                let mut document = TantivyDocument::default();
                let key = [*owner.as_bytes(), *id.as_bytes()].concat();
                writer.delete_term(Term::from_field_bytes(self.key, &key));
                document.add_bytes(self.key, &key);
                document.add_bytes(self.owner, owner.as_bytes());
                document.add_text(self.text, analyse(&text).join(" "));
                writer.add_document(document)?;
            }
        }
        writer.commit()?;
        writer.wait_merging_threads()?;
        self.reader.reload()?;
        Ok(())
    }

    fn best(&self, words: &[String]) -> Outcome<usize> {
        let term = |term, record| -> Box<dyn Query> { Box::new(TermQuery::new(term, record)) };
        let owner = Term::from_field_bytes(self.owner, OWNER.as_bytes());
        let owner = ConstScoreQuery::new(term(owner, IndexRecordOption::Basic), 0.0);
        let words = words.iter().map(|word| {
            let word = Term::from_field_text(self.text, word);
            term(word, IndexRecordOption::WithFreqs)
        });
        let query = BooleanQuery::new(vec![
            (Occur::Must, Box::new(owner) as Box<dyn Query>),
            (Occur::Must, Box::new(BooleanQuery::union(words.collect()))),
        ]);
        let best = TopDocs::with_limit(200).order_by_score();
        Ok(self.reader.searcher().search(&query, &best)?.len())
    }
}

fn main() -> Outcome {
    let sizes: Vec<u64> = std::env::args()
        .skip(1)
        .map(|size| size.parse())
        .collect::<Result<_, _>>()?;
    let sizes = match sizes.as_slice() {
        [] => &[1_000, 100_000, 1_000_000],
        given => given,
    };
    for &documents in sizes {
        measure(documents)?;
    }
    Ok(())
}

fn measure(documents: u64) -> Outcome {
    say(&format!(
        "{documents} texts of the owner, and as many of 100 others"
    ));
    let (dir, plain_dir) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let index = TextIndex::open(dir.path(), Uuid::nil(), u64::MAX)?;
    let plain = Plain::new(plain_dir.path())?;
    let mut texts = Texts::new();
    let (mut ours, mut theirs) = (Duration::ZERO, Duration::ZERO);
    let all = documents * 2;
    for begin in (0..all).step_by(usize::try_from(BATCH)?) {
        let ops: Vec<TextOp> = (begin..all.min(begin + BATCH))
            .map(|n| texts.put(n))
            .collect();
        let copy = ops.clone();
        let begun = Instant::now();
        index.apply(ops)?;
        index.commit(begin)?;
        ours += begun.elapsed();
        let begun = Instant::now();
        plain.commit(copy)?;
        theirs += begun.elapsed();
    }
    say(&format!(
        "  built in {ours:.1?}, {} KB; plain in {theirs:.1?}, {} KB",
        size(dir.path())? / 1000,
        size(plain_dir.path())? / 1000
    ));
    for (what, ranks) in [("3 rare words", RARE), ("3 very common words", COMMON)] {
        let stems = ranks.map(word);
        let lists = index.postings_of(OWNER, &stems)?;
        let found: Vec<usize> = lists.iter().map(Vec::len).collect();
        say(&format!("  {what}, in {found:?} texts"));
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..100 {
            ours.push(time(|| Ok(index.postings_of(OWNER, &stems)?.len()))?);
            theirs.push(time(|| plain.best(&stems))?);
        }
        report("postings", ours);
        report("plain tantivy, best 200", theirs);
    }
    waiting(&index, &mut texts, all)
}

/// What it costs when texts of the owner wait for a commit, and what a commit costs.
fn waiting(index: &TextIndex, texts: &mut Texts, mut n: u64) -> Outcome {
    for (count, rounds) in [(1, 10), (1_000, 1), (10_000, 1)] {
        let mut commits = Vec::new();
        for _ in 0..rounds {
            index.apply((0..count).map(|i| texts.put(n + i * 2)).collect())?;
            n += count * 2;
            for (what, ranks) in [("rare", RARE), ("very common", COMMON)] {
                let stems = ranks.map(word);
                if rounds == 1 {
                    let times =
                        (0..30).map(|_| time(|| Ok(index.postings_of(OWNER, &stems)?.len())));
                    let times = times.collect::<Outcome<_>>()?;
                    report(&format!("3 {what}, {count} uncommitted"), times);
                }
            }
            commits.push(time(|| Ok(index.commit(n)?))?);
        }
        report(&format!("commit of {count}"), commits);
    }
    Ok(())
}

fn time<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<Duration> {
    let begun = Instant::now();
    std::hint::black_box(work()?);
    Ok(begun.elapsed())
}

fn size(dir: &Path) -> Outcome<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |percent: usize| {
        times
            .get(times.len() * percent / 100)
            .copied()
            .unwrap_or_default()
    };
    say(&format!(
        "{what:>32}  p50 {:>8.1?}  p95 {:>8.1?}",
        at(50),
        at(95)
    ));
}

fn say(line: &str) {
    let _ = writeln!(stdout(), "{line}");
}
