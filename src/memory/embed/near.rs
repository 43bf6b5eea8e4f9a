//! What is near to a question.
//!
//! Must stay true: only the asker's own vectors are looked at, of one model; of several pieces of a memory
//! the nearest counts.

use std::collections::HashMap;

use storage::{Block, Loaded, Query, Read};
use uuid::Uuid;

use super::query::QueryVector;
use super::store;
use crate::app::App;
use crate::error::{Error, Result};

/// Vectors read at a time.
const STEP: usize = 4096;

/// Places near to a question, the nearest first, at most `k`. With `only`, those of that group, all of them.
pub fn near(
    app: &App,
    tx: &impl Read,
    user: Uuid,
    query: &QueryVector,
    (only, k): (Option<u32>, usize),
) -> Result<Vec<(u64, f32)>> {
    let mut best: HashMap<u64, f32> = HashMap::new();
    let mut found = |place: u64, cosine: f32| {
        let known = best.entry(place).or_insert(cosine);
        *known = known.max(cosine);
    };
    if let Some(group) = only {
        let first = u64::from(group) << 32;
        let last = first | u64::from(u32::MAX);
        let mut after = None;
        loop {
            let some = store::of_group(tx, user, (first, last), (after, STEP))?;
            let Some((_, (label, _))) = some.last() else {
                break;
            };
            after = Some(*label);
            for (_, ((place, _), vector)) in some.iter().filter(|(tag, _)| *tag == query.tag) {
                found(*place, cosine(&query.numbers, vector));
            }
        }
    } else {
        let asked = Query {
            model: &query.model,
            vector: &query.numbers,
            k,
        };
        let exact = |(place, piece)| store::vector(tx, (user, place, piece), query.tag);
        // A snapshot of its own, begun after the changes that nobody will tell of any more.
        let load = || load(app, user, query);
        for near in app.vectors.nearest(user, asked, load, exact)? {
            found(near.label.0, near.cosine);
        }
    }
    let mut best: Vec<(u64, f32)> = best.into_iter().collect();
    best.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0)));
    if only.is_none() {
        best.truncate(k);
    }
    Ok(best)
}

fn load(app: &App, user: Uuid, query: &QueryVector) -> Result<Loaded, Error> {
    app.store.read(|tx| {
        let mut rows = Block::new(query.numbers.len());
        let mut after = None;
        loop {
            let some = store::some_after(tx, user, after, STEP)?;
            let Some((_, (last, _))) = some.last() else {
                return Ok(Loaded {
                    model: query.model.clone(),
                    rows,
                });
            };
            after = Some(*last);
            for (_, (label, vector)) in some.iter().filter(|(tag, _)| *tag == query.tag) {
                rows.put(*label, vector);
            }
        }
    })
}

/// How near these places are, as far as they have vectors; `known` tells of some already.
pub fn cosines<'p>(
    app: &App,
    tx: &impl Read,
    user: Uuid,
    query: &QueryVector,
    (known, places): (&[(u64, f32)], impl Iterator<Item = &'p u64>),
) -> Result<HashMap<u64, f32>> {
    let known: HashMap<u64, f32> = known.iter().copied().collect();
    let (mut all, mut missing) = (HashMap::new(), Vec::new());
    for place in places {
        match known.get(place) {
            Some(cosine) => drop(all.insert(*place, *cosine)),
            None => missing.push(*place),
        }
    }
    let asked = Query {
        model: &query.model,
        vector: &query.numbers,
        k: 0,
    };
    if let Some(found) = app.vectors.cosines(user, asked, &missing) {
        all.extend(found);
        return Ok(all);
    }
    for place in missing {
        let pieces = store::of_place(tx, user, place, query.tag)?;
        let own = pieces
            .iter()
            .map(|(_, vector)| cosine(&query.numbers, vector));
        all.extend(own.reduce(f32::max).map(|best| (place, best)));
    }
    Ok(all)
}

/// Of two vectors of length 1.
fn cosine(one: &[f32], other: &[f32]) -> f32 {
    let product = |(a, b): (&f32, &f32)| f64::from(*a) * f64::from(*b);
    let sum: f64 = one.iter().zip(other).map(product).sum();
    #[expect(clippy::cast_possible_truncation, reason = "between -1 and 1")]
    let sum = sum as f32;
    sum
}
