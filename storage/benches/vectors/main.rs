//! What looking for vectors costs: `cargo bench -p novacore-storage --bench vectors`, with `large` behind
//! `--` also a million, with `graph` a graph of 100,000 (some minutes).
//!
//! The vectors lie in clusters, as those of texts do, but are made up. Figures are medians of searches
//! for other vectors than the last, so that nothing is in the processor's cache but what fits; beside
//! them the fastest, which is that of a machine that nobody else uses. Loading and building are given in
//! time that this thread had the processor.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::cast_precision_loss,
    reason = "a benchmark reads the real clock, and rounds"
)]

use std::env;
use std::error::Error;
use std::io::{Write, stdout};
use std::time::{Duration, Instant};

use novacore_storage::{Block, Graph, Label, Near};

type Outcome = Result<(), Box<dyn Error>>;

/// How many are asked for.
const FOUND: usize = 200;
const GRAPH: usize = 100_000;

fn main() -> Outcome {
    let asked = |what: &str| env::args().any(|argument| argument == what);
    say("| exact, 200 nearest of | dimensions | median | fastest | load | bytes |")?;
    say("|---|---|---|---|---|---|")?;
    for dim in [256, 384] {
        let sizes: &[usize] = if asked("large") {
            &[1000, 10_000, 50_000, 100_000, 1_000_000]
        } else {
            &[1000, 10_000, 50_000, 100_000]
        };
        for &size in sizes {
            exact(size, dim)?;
        }
    }
    if asked("graph") {
        graph(256)?;
    }
    Ok(())
}

fn say(line: &str) -> Outcome {
    Ok(writeln!(stdout(), "{line}")?)
}

fn exact(size: usize, dim: usize) -> Outcome {
    let mut vectors = Clusters::new(dim, size / 50);
    let chunk: Vec<_> = (0..1000).map(|_| vectors.next()).collect();
    let mut block = Block::new(dim);
    let mut load = Duration::ZERO;
    for first in (0..size).step_by(chunk.len()) {
        let chunk: Vec<_> = (0..1000.min(size)).map(|_| vectors.next()).collect();
        let start = running();
        for (at, vector) in chunk.iter().enumerate() {
            block.put(label(first + at), vector);
        }
        load += running().saturating_sub(start);
    }
    let searches = if size > 100_000 { 30 } else { 200 };
    let (median, fastest) = searched(&chunk[..searches], |query| block.nearest(query, FOUND));
    say(&format!(
        "| {size} | {dim} | {median:.3} ms | {fastest:.3} ms | {:.0} ms | {} |",
        load.as_secs_f64() * 1e3,
        block.bytes()
    ))
}

fn graph(dim: usize) -> Outcome {
    let mut vectors = Clusters::new(dim, GRAPH / 50);
    let all: Vec<_> = (0..GRAPH).map(|_| vectors.next()).collect();
    let queries: Vec<_> = (0..200).map(|_| vectors.next()).collect();
    let mut block = Block::new(dim);
    for (at, vector) in all.iter().enumerate() {
        block.put(label(at), vector);
    }
    let before = memory();
    let start = running();
    let mut graph = Graph::build(&block)?;
    let took = running().saturating_sub(start);
    say(&format!("graph of {GRAPH} x {dim}: {took:?}"))?;
    let taken = memory().saturating_sub(before);
    say(&format!("memory: {taken} bytes; said: {}", graph.bytes()))?;
    measure_graph(&graph, &block, &queries)?;
    let dir = tempfile::tempdir()?;
    let dir = dir.path().join("graph");
    let start = Instant::now();
    graph.dump(&dir, b"")?;
    say(&format!("dump: {:?}", start.elapsed()))?;
    let start = Instant::now();
    let loaded = Graph::load(&dir, b"", &block)?.ok_or("refused")?;
    say(&format!(
        "load, with checksums and labels: {:?}",
        start.elapsed()
    ))?;
    let start = Instant::now();
    drop(loaded);
    say(&format!("letting go of it: {:?}", start.elapsed()))?;
    for at in (0..GRAPH).step_by(10) {
        graph.remove(label(at));
        block.remove(label(at));
    }
    say("every tenth removed:")?;
    measure_graph(&graph, &block, &queries)
}

fn measure_graph(graph: &Graph, block: &Block, queries: &[Vec<f32>]) -> Outcome {
    for (k, candidates) in [(10, 64), (40, 80), (200, 200), (200, 400)] {
        let (median, fastest) = searched(queries, |query| graph.nearest(query, k, candidates));
        let mut same = 0;
        for query in queries {
            let exact = block.nearest(query, k);
            let found = graph.nearest(query, k, candidates);
            same += exact
                .iter()
                .filter(|near| labels(&found).any(|l| l == near.label))
                .count();
        }
        say(&format!(
            "graph, {k} of {candidates} candidates: {median:.3} ms, fastest {fastest:.3} ms, recall {:.4}",
            same as f64 / (queries.len() * k) as f64
        ))?;
    }
    Ok(())
}

fn labels(found: &[Near]) -> impl Iterator<Item = Label> {
    found.iter().map(|near| near.label)
}

fn label(at: usize) -> Label {
    (at as u64, 0)
}

/// Median and fastest in milliseconds.
fn searched(queries: &[Vec<f32>], search: impl Fn(&[f32]) -> Vec<Near>) -> (f64, f64) {
    let mut times: Vec<_> = queries
        .iter()
        .map(|query| {
            let start = Instant::now();
            assert!(!search(query).is_empty());
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], times[0])
}

/// How long this thread has had the processor.
fn running() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = told.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

/// Resident bytes of this process.
fn memory() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let resident = pages
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<usize>().ok());
    resident.unwrap_or(0) * 4096
}

/// Vectors around so many centres.
struct Clusters {
    dim: usize,
    state: u64,
    centres: Vec<Vec<f32>>,
}

impl Clusters {
    fn new(dim: usize, centres: usize) -> Self {
        let mut this = Self {
            dim,
            state: 7,
            centres: Vec::new(),
        };
        this.centres = (0..centres.max(1)).map(|_| this.noise()).collect();
        this
    }

    fn number(&mut self) -> f32 {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005);
        self.state = self.state.wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }

    fn noise(&mut self) -> Vec<f32> {
        (0..self.dim)
            .map(|_| self.number() + self.number())
            .collect()
    }

    fn next(&mut self) -> Vec<f32> {
        let noise = self.noise();
        let which = (self.state >> 33) as usize % self.centres.len();
        let centre = &self.centres[which];
        centre.iter().zip(noise).map(|(c, n)| c + 0.8 * n).collect()
    }
}
