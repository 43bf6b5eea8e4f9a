//! Vectors of one owner, looked at one by one.

use std::collections::BTreeMap;

use novacore_storage::{Block, Label, Near};
use proptest::prelude::*;

use crate::support::rng::Rng;

/// Between -1 and 1.
fn number(rng: &mut Rng) -> f32 {
    f32::from(u16::try_from(rng.below(1 << 16)).unwrap()) / 32_768.0 - 1.0
}

pub fn noise(rng: &mut Rng, dim: usize) -> Vec<f32> {
    (0..dim).map(|_| number(rng) + number(rng)).collect()
}

/// Vectors that lie together in groups of some fifty, as those of texts do.
pub fn clustered(seed: u64, count: u64, dim: usize) -> Vec<(Label, Vec<f32>)> {
    let mut rng = Rng::new(seed);
    let centres: Vec<_> = (0..=count / 50).map(|_| noise(&mut rng, dim)).collect();
    let vector = |rng: &mut Rng| {
        let which = usize::try_from(rng.below(centres.len() as u64)).unwrap();
        let noise = noise(rng, dim);
        let pairs = centres[which].iter().zip(noise);
        pairs.map(|(centre, noise)| centre + 0.8 * noise).collect()
    };
    (0..count)
        .map(|place| ((place, 0), vector(&mut rng)))
        .collect()
}

pub fn block(dim: usize, rows: &[(Label, Vec<f32>)]) -> Block {
    let mut block = Block::new(dim);
    for (label, vector) in rows {
        assert!(block.put(*label, vector));
    }
    block
}

pub fn cosine(one: &[f32], other: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(one, other) / (dot(one, one) * dot(other, other)).sqrt()
}

/// The nearest by the vectors as they are.
pub fn brute(rows: &[(Label, Vec<f32>)], query: &[f32], k: usize) -> Vec<Label> {
    let mut all: Vec<_> = rows.iter().map(|(l, v)| (cosine(query, v), *l)).collect();
    all.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
    all.into_iter().take(k).map(|(_, label)| label).collect()
}

pub fn labels(found: &[Near]) -> Vec<Label> {
    found.iter().map(|near| near.label).collect()
}

/// How many of those expected were found, over several queries.
#[derive(Default)]
pub struct Recall {
    expected: usize,
    found: usize,
}

impl Recall {
    pub fn count(&mut self, expected: &[Label], found: &[Label]) {
        self.expected += expected.len();
        self.found += expected.iter().filter(|l| found.contains(l)).count();
    }

    pub fn at_least(&self, percent: usize) {
        let (found, expected) = (self.found, self.expected);
        assert!(
            expected > 0 && 100 * found >= percent * expected,
            "{found} of {expected}"
        );
    }
}

/// Promise: a cosine of bytes is that of the vectors, up to rounding, whatever the dimension, the
/// length and the extremes of the vectors.
#[test]
fn cosines_are_those_of_the_vectors() {
    let mut rng = Rng::new(1);
    for dim in [1, 2, 31, 32, 33, 100, 256, 768, 4097] {
        let mut vectors: Vec<_> = (0..20).map(|_| noise(&mut rng, dim)).collect();
        vectors.push(vec![1e30; dim]);
        vectors.push(vec![-1e-30; dim]);
        vectors.push(
            (0..dim)
                .map(|at| if at == dim / 2 { 5.0 } else { 0.0 })
                .collect(),
        );
        let mut block = Block::new(dim);
        for (place, vector) in (0..).zip(&vectors) {
            assert!(block.put((place, 0), vector));
        }
        let unit = |vector: &[f32]| -> Vec<f32> {
            let most = vector.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
            vector.iter().map(|x| x / most).collect()
        };
        for query in &vectors {
            for near in block.nearest(query, vectors.len()) {
                let at = usize::try_from(near.label.0).unwrap();
                let exact = cosine(&unit(query), &unit(&vectors[at]));
                assert!(
                    (near.cosine - exact).abs() < 0.011,
                    "{dim}: {} {exact}",
                    near.cosine
                );
            }
        }
    }
}

/// Promise: of equally near ones the smaller label comes first, whatever happened before.
#[test]
fn the_order_depends_on_nothing_but_the_vectors() {
    let rows: Vec<(Label, Vec<f32>)> = (0..60)
        .map(|n: u16| {
            (
                (u64::from(n / 3), u8::try_from(n % 3).unwrap()),
                vec![f32::from(n % 5), 1.0],
            )
        })
        .collect();
    let first = block(2, &rows);
    let mut second = Block::new(2);
    for (label, _) in &rows {
        second.put(*label, &[1.0, -1.0]);
        second.put((label.0 + 100, 0), &[1.0, 1.0]);
    }
    for (label, vector) in rows.iter().rev() {
        second.remove((label.0 + 100, 0));
        second.put(*label, vector);
    }
    for k in [0, 1, 7, 59, 60, 1000] {
        let found = first.nearest(&[2.0, 1.0], k);
        assert_eq!(found, second.nearest(&[2.0, 1.0], k));
        assert_eq!(found.len(), k.min(60));
        let ordered = |pair: &[Near]| {
            pair[0].cosine > pair[1].cosine
                || pair[0].cosine.total_cmp(&pair[1].cosine).is_eq()
                    && pair[0].label < pair[1].label
        };
        assert!(found.windows(2).all(ordered));
    }
}

/// Promise: what cannot be compared is not kept, nor is what it was to replace; and it finds nothing.
#[test]
fn what_is_no_direction_is_not_kept() {
    let bad: [&[f32]; 6] = [
        &[0.0, 0.0],
        &[f32::NAN, 1.0],
        &[1.0, f32::INFINITY],
        &[1.0],
        &[1.0, 2.0, 3.0],
        &[],
    ];
    for vector in bad {
        let mut block = block(2, &[((1, 0), vec![1.0, 0.0]), ((2, 0), vec![0.0, 1.0])]);
        assert!(!block.put((1, 0), vector));
        assert!(!block.put((3, 0), vector));
        assert_eq!(labels(&block.nearest(&[1.0, 0.5], 9)), [(2, 0)]);
        assert_eq!(block.nearest(vector, 9), []);
    }
    let mut none = Block::new(0);
    assert!(!none.put((1, 0), &[]));
    assert_eq!(none.nearest(&[], 9), []);
}

#[derive(Debug, Clone)]
enum Act {
    Put(Label, Vec<f32>),
    Remove(Label),
}

fn act() -> impl Strategy<Value = Act> {
    let label = || (0_u64..6, 0_u8..3);
    let vector = proptest::collection::vec(-1.0_f32..1.0, 5);
    prop_oneof![
        3 => (label(), vector).prop_map(|(label, vector)| Act::Put(label, vector)),
        2 => label().prop_map(Act::Remove),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Promise: a block holds what was put and not removed since, each with its last vector.
    #[test]
    fn a_block_is_a_map(acts in proptest::collection::vec(act(), 0..60), query in proptest::collection::vec(-1.0_f32..1.0, 5)) {
        let (mut block, mut model) = (Block::new(5), BTreeMap::new());
        for act in acts {
            match act {
                Act::Put(label, vector) => {
                    prop_assert!(block.put(label, &vector));
                    model.insert(label, vector);
                }
                Act::Remove(label) => {
                    prop_assert_eq!(block.remove(label), model.remove(&label).is_some());
                }
            }
            prop_assert_eq!(block.len(), model.len());
        }
        let found = block.nearest(&query, 100);
        prop_assert_eq!(found.len(), model.len());
        for near in found {
            let exact = cosine(&query, &model[&near.label]);
            prop_assert!((near.cosine - exact).abs() < 0.02);
        }
    }
}

/// Cosines of places are those that a search tells; of several pieces the nearest counts, and what has no
/// vector is left out.
#[test]
fn cosines_of_places_are_those_of_a_search() {
    let mut rows = clustered(7, 200, 48);
    rows.push(((5, 1), rows[17].1.clone()));
    let block = block(48, &rows);
    let query = rows[17].1.clone();
    let found = block.nearest(&query, rows.len());
    let best = |place: u64| found.iter().find(|near| near.label.0 == place);
    let asked = [5, 17, 199, 4000];
    let told = block.cosines(&query, &asked);
    let expected: Vec<_> = asked
        .iter()
        .filter_map(|place| Some((*place, best(*place)?.cosine)))
        .collect();
    assert_eq!(told, expected);
    assert_eq!(told.len(), 3);
    assert!(told[0].1 > 0.99, "the second piece is the query itself");
    assert!(block.cosines(&query[1..], &asked).is_empty());
}
