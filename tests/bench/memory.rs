//! How long recall takes, over HTTP, beside a plain tantivy index of the same texts asked for its best 200
//! in the same run. `MEMORIES=1000,1000000` sets the sizes; `CROWD=1000` puts so many people with 1,000
//! memories each beside one such person.
//!
//! Words are as likely as those of real texts without stop words: the most frequent one is in every
//! eighth text. A question is four words of some memory.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::{Index, IndexReader, IndexWriter, TantivyDocument, Term};
use tempfile::TempDir;

use crate::http::Person;
use crate::program::Program;
use crate::row;

const VOCABULARY: u32 = 50_000;
/// Zipf's law as Mandelbrot corrected it; the words before are those that nobody searches for.
const STOP_WORDS: u32 = 30;
const WORDS: usize = 30;
/// Lines of one request: 32 MiB at most.
const CHUNK: usize = 20_000;
const SESSION: usize = 20;
const QUESTIONS: usize = 300;
/// Above so many vectors of a person a graph is made.
const GRAPH_ABOVE: usize = 50_000;
const GRAPH_WAITED_FOR: usize = 100_000;
const GRAPH_TAKES: Duration = Duration::from_mins(30);
const NOBODY: &str = "http://127.0.0.1:9";

pub async fn measure() {
    let number = |name: &str| std::env::var(name).ok();
    let sizes = number("MEMORIES").unwrap_or_else(|| "1000,100000".to_owned());
    for size in sizes.split(',') {
        let size: usize = size.parse().unwrap();
        for provider in ["off", "builtin"] {
            alone(size, provider).await;
        }
    }
    if let Some(people) = number("CROWD") {
        crowd(people.parse().unwrap()).await;
    }
}

async fn start(provider: &str) -> Program {
    let settings = [
        ("NOVACORE_AUTH__HASH_MEMORY_KIB", "64"),
        ("NOVACORE_AUTH__ACCESS_MINUTES", "1440"),
        ("NOVACORE_EMBEDDING__PROVIDER", provider),
    ];
    Program::start_with(NOBODY, &settings).await
}

async fn alone(size: usize, provider: &str) {
    let program = start(provider).await;
    let person = program.person("ada").await;
    let (mut texts, plain) = (Texts::new(1), Plain::new());
    let (begun, mut asked) = (Instant::now(), Vec::new());
    let mut last = String::new();
    let mut building = Duration::ZERO;
    for begin in (0..size).step_by(CHUNK) {
        let some: Vec<String> = (begin..size.min(begin + CHUNK))
            .map(|_| texts.text())
            .collect();
        asked.extend(
            some.iter()
                .step_by((size / QUESTIONS).max(1))
                .map(|text| question(text)),
        );
        import(&person, begin, &some).await;
        last = some.last().cloned().unwrap();
        let indexing = Instant::now();
        plain.add(&some);
        building += indexing.elapsed();
    }
    ready(&person, size, &last).await;
    // The graph of a million takes longer than anybody waits for a benchmark.
    if provider != "off" && (GRAPH_ABOVE + 1..=GRAPH_WAITED_FOR).contains(&size) {
        graph(&program, &person, &last).await;
    }
    let told = begun.elapsed().saturating_sub(building).as_secs_f64();
    asked.truncate(QUESTIONS);
    let ours = recalls(&person, &asked).await;
    let theirs: Vec<Duration> = asked.iter().map(|words| plain.best(words)).collect();
    let what = match provider {
        "off" => "words alone",
        _ => "words and meaning",
    };
    row(
        &format!("recall of {size} memories, {what}: p50, p95"),
        &both(ours),
        &promise(size),
    );
    row(
        "  plain tantivy, best 200, the same questions",
        &both(theirs),
        "",
    );
    #[expect(clippy::cast_precision_loss, reason = "shown in whole numbers")]
    let rate = size as f64 / told;
    row(
        "  stored, indexed and embedded in a second",
        &format!("{rate:.0}"),
        &format!(
            "all in {told:.0} s, then {} MB resident",
            program.resident() / 1_000_000
        ),
    );
}

fn promise(size: usize) -> String {
    let most = match size {
        0..=1_000 => 2,
        1_001..=100_000 => 10,
        _ => 60,
    };
    format!("promise: p95 under {most} ms")
}

/// A person with 1,000 memories, alone and then among others with as many.
async fn crowd(others: usize) {
    const EACH: usize = 1_000;
    let program = start("off").await;
    let mut texts = Texts::new(2);
    let mut people = Vec::new();
    let (mut alone, mut last) = (Vec::new(), None);
    for n in 0..others {
        let person = program.person(&format!("person{n}")).await;
        let some: Vec<String> = (0..EACH).map(|_| texts.text()).collect();
        import(&person, 0, &some).await;
        let asked: Vec<String> = some
            .iter()
            .step_by(EACH / 20)
            .map(|t| question(t))
            .collect();
        if n == 0 {
            ready(&person, EACH, &some[EACH - 1]).await;
            for _ in 0..QUESTIONS / asked.len() {
                alone.extend(recalls(&person, &asked).await);
            }
        }
        last = Some((person.clone(), some[EACH - 1].clone()));
        if n % (others / 20).max(1) == 0 {
            people.push((person, asked));
        }
    }
    let (person, text) = last.unwrap();
    ready(&person, EACH, &text).await;
    let mut among = Vec::new();
    for (person, asked) in &people {
        among.extend(recalls(person, asked).await);
    }
    row(
        "recall of 1000 memories of one person alone: p50, p95",
        &both(alone),
        "",
    );
    row(
        &format!("  the same among {others} people with as many"),
        &both(among),
        "promise: p95 at most 1.2 times that, and 3 ms",
    );
}

async fn import(person: &Person, first: usize, texts: &[String]) {
    let mut lines = String::new();
    for (n, text) in (first..).zip(texts) {
        let at = jiff::Timestamp::from_second(1_600_000_000 + i64::try_from(n).unwrap() * 60);
        let line = json!({"text": text, "session_key": format!("talk {}", n / SESSION),
            "speaker": if n % 2 == 0 { "user" } else { "assistant" },
            "created_at": at.unwrap().to_string()});
        lines += &line.to_string();
        lines.push('\n');
    }
    let request = person.request("POST", "/api/memory/import");
    let request = request.header("content-type", "application/x-ndjson");
    // Longer than a test waits for an answer.
    let answer = request.body(lines).send().await.unwrap();
    let told: Value = answer.json().await.unwrap();
    assert_eq!(told["imported"], texts.len(), "{told}");
}

/// Waits until the last of it can be found, by its meaning too where that is on, and the index's commit,
/// once a second, is done.
async fn ready(person: &Person, size: usize, last: &str) {
    loop {
        let stats = person.get("/api/memory/stats").await.body;
        assert_eq!(stats["total"], size);
        let embedding = &stats["embedding"];
        let embedded = embedding["waiting"] == 0 || embedding["provider"] == "off";
        let query = json!({"query": last});
        let found = person.post("/api/memory/search", &query).await;
        if embedded && found.body["results"][0]["text"] == last {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
}

/// Waits until the graph of so many vectors is made; it is begun a minute after the first search at most.
async fn graph(program: &Program, person: &Person, last: &str) {
    let begun = Instant::now();
    let before = recalls(person, &vec![question(last); 100]).await;
    while !program.metrics().await.contains("memory_vector_graphs 1") {
        assert!(begun.elapsed() < GRAPH_TAKES, "no graph");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    row(
        "  looked at one by one, until there is a graph: p50, p95",
        &both(before),
        &format!("the graph came after {} s", begun.elapsed().as_secs()),
    );
}

/// How long each of these takes, after a few to warm up.
async fn recalls(person: &Person, asked: &[String]) -> Vec<Duration> {
    let mut times = Vec::new();
    for words in asked.iter().take(10).chain(asked) {
        let body = json!({"query": words, "limit": 10});
        let begun = Instant::now();
        let found = person.post("/api/memory/search", &body).await;
        times.push(begun.elapsed());
        assert!(found.body["total"].as_u64().unwrap() > 0, "{found:?}");
    }
    times.split_off(10.min(asked.len()))
}

fn both(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |percent: usize| times[times.len() * percent / 100].as_secs_f64() * 1e3;
    format!("{:.1}, {:.1} ms", at(50), at(95))
}

/// Four words from the middle of a text.
fn question(text: &str) -> String {
    text.split(' ')
        .skip(10)
        .step_by(2)
        .take(4)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Texts that are the same in every run.
struct Texts {
    state: u64,
    /// How likely a word or one before it is.
    likely: Vec<f64>,
}

impl Texts {
    fn new(seed: u64) -> Self {
        let mut sum = 0.0;
        let ranks = STOP_WORDS + 1..=STOP_WORDS + VOCABULARY;
        let likely = ranks.map(|rank| {
            sum += 1.0 / f64::from(rank);
            sum
        });
        Self {
            state: seed,
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
        let total = self.likely.last().copied().unwrap();
        let words = (0..WORDS).map(|_| {
            let share = f64::from(u32::try_from(self.number() >> 32).unwrap());
            let at = share / f64::from(u32::MAX) * total;
            word(self.likely.partition_point(|&likely| likely < at))
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

/// A word that is its own stem.
fn word(mut rank: usize) -> String {
    let mut word = "k".to_owned();
    for _ in 0..4 {
        word.push(char::from(b"bdfgjkmpvz"[rank % 10]));
        word.push(char::from(b"aou"[rank % 3]));
        rank /= 10;
    }
    word.push(char::from(b"bdfgk"[rank % 5]));
    word
}

/// A plain index of one person's texts.
struct Plain {
    index: Index,
    reader: IndexReader,
    text: Field,
    _folder: TempDir,
}

impl Plain {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut schema = Schema::builder();
        let words = TextFieldIndexing::default()
            .set_tokenizer("whitespace")
            .set_index_option(IndexRecordOption::WithFreqs);
        let text =
            schema.add_text_field("text", TextOptions::default().set_indexing_options(words));
        let index = Index::create_in_dir(folder.path(), schema.build()).unwrap();
        Self {
            reader: index.reader().unwrap(),
            index,
            text,
            _folder: folder,
        }
    }

    fn add(&self, texts: &[String]) {
        let mut writer: IndexWriter = self.index.writer_with_num_threads(1, 15_000_000).unwrap();
        for text in texts {
            let mut document = TantivyDocument::default();
            document.add_text(self.text, text);
            writer.add_document(document).unwrap();
        }
        writer.commit().unwrap();
        writer.wait_merging_threads().unwrap();
        self.reader.reload().unwrap();
    }

    fn best(&self, words: &str) -> Duration {
        let begun = Instant::now();
        let terms = words.split(' ').map(|word| -> Box<dyn Query> {
            let term = Term::from_field_text(self.text, word);
            Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs))
        });
        let query = BooleanQuery::union(terms.collect());
        let best = TopDocs::with_limit(200).order_by_score();
        let found = self.reader.searcher().search(&query, &best).unwrap();
        assert!(!found.is_empty());
        begun.elapsed()
    }
}
