//! The embedder inside the program: a row of 256 small numbers for each of 29,523 pieces of words,
//! distilled from all-MiniLM-L6-v2. A text is the sum of its pieces' rows, of length 1.
//!
//! It knows words, neither their order nor "not", and English far better than anything else; it costs
//! a few microseconds a text, and needs neither a server nor a download. `packaging/embedder` has the
//! file, how it was made, and its licence.
//!
//! Must stay true: the same text gives the same vector everywhere; a text without a known piece gives
//! zeros, and none at all panics.

use std::sync::LazyLock;

use super::tokens::{Kind, Kinds, Vocabulary};
use super::{EmbedModel, EmbedProvider, of_length_one};

const FILE: &[u8] = include_bytes!("../../../packaging/embedder/static-minilm-256.q8");
/// The file's digest, as `sha256sum` writes it.
const SUM: &str = include_str!("../../../packaging/embedder/static-minilm-256.q8.sha256");
const NAME: &str = "static-minilm-256";
const MAGIC: &[u8] = b"NOVASTAT";
const VERSION: u32 = 1;

/// Read when the first text is embedded. The file is part of the program, and a test reads it, so
/// that the empty model, which gives zeros, is never met.
static MODEL: LazyLock<Model> = LazyLock::new(|| Model::read(FILE).unwrap_or_default());

pub(super) fn info() -> EmbedModel {
    EmbedModel {
        provider: EmbedProvider::Builtin,
        name: NAME.into(),
        digest: SUM.split(' ').next().unwrap_or_default().into(),
        dim: MODEL.numbers,
    }
}

pub(super) fn embed(text: &str) -> Vec<f32> {
    MODEL.embed(text)
}

#[derive(Default)]
struct Model {
    numbers: usize,
    vocabulary: Vocabulary,
    /// What one step of each row stands for.
    scales: Vec<f32>,
    /// Signed bytes, `numbers` a row, where they lie in the program.
    rows: &'static [u8],
}

impl Model {
    /// `packaging/embedder/model.py` tells the form.
    fn read(file: &'static [u8]) -> Option<Self> {
        let mut rest = file;
        if take(&mut rest, MAGIC.len())? != MAGIC || number(&mut rest)? != VERSION {
            return None;
        }
        let mut size = || usize::try_from(number(&mut rest)?).ok();
        let (numbers, rows, text, ranges) = (size()?, size()?, size()?, size()?);
        let words = std::str::from_utf8(take(&mut rest, text)?).ok()?;
        let kinds: Option<Kinds> = (0..ranges).map(|_| range(&mut rest)).collect();
        let scales: Option<Vec<f32>> = (0..rows)
            .map(|_| number(&mut rest).map(f32::from_bits))
            .collect();
        let whole = rest.len() == rows.checked_mul(numbers)? && words.lines().count() == rows;
        whole.then_some(Self {
            numbers,
            vocabulary: Vocabulary::new(words.lines(), kinds?),
            scales: scales?,
            rows: rest,
        })
    }

    fn embed(&self, text: &str) -> Vec<f32> {
        let mut sum = vec![0.0; self.numbers];
        for row in self.vocabulary.rows(text) {
            let Ok(row) = usize::try_from(row) else {
                continue;
            };
            let scale = self.scales[row];
            let steps = &self.rows[row * self.numbers..][..self.numbers];
            for (total, step) in sum.iter_mut().zip(steps) {
                *total += scale * f32::from(step.cast_signed());
            }
        }
        of_length_one(sum)
    }
}

fn take(rest: &mut &'static [u8], bytes: usize) -> Option<&'static [u8]> {
    let (taken, after) = rest.split_at_checked(bytes)?;
    *rest = after;
    Some(taken)
}

fn number(rest: &mut &'static [u8]) -> Option<u32> {
    let bytes = take(rest, 4)?.try_into().ok()?;
    Some(u32::from_le_bytes(bytes))
}

fn range(rest: &mut &'static [u8]) -> Option<(u32, u32, Kind)> {
    let (first, last) = (number(rest)?, number(rest)?);
    let kind = match number(rest)? {
        1 => Kind::Nothing,
        2 => Kind::Space,
        3 => Kind::Alone,
        _ => return None,
    };
    Some((first, last, kind))
}

#[cfg(test)]
mod tests;
