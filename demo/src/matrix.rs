//! Quantised matrices times quantised vectors: nearly all the work there is.
//!
//! Weights stay as they are in the file, in blocks of 32; a vector is brought to signed bytes with
//! one scale a block, so that the inner loop adds small whole numbers. For a block of `Q4_1`,
//! w = d q + m, hence sum(w x) = d dx sum(q xq) + m sum(x).

use crate::LoadError;
#[cfg(target_arch = "x86_64")]
use crate::avx2;
use crate::gguf::{Kind, Tensor, half};

pub(crate) const BLOCK: usize = 32;

/// Weights of a linear layer.
pub(crate) struct Matrix {
    pub rows: usize,
    pub columns: usize,
    pub weights: Weights,
}

pub(crate) enum Weights {
    /// Low halves of the 16 bytes are the first 16 weights of a block, high halves the others.
    Q4 {
        nibbles: Vec<[u8; 16]>,
        scales: Vec<(f32, f32)>,
    },
    Q8 {
        quants: Vec<[i8; BLOCK]>,
        scales: Vec<f32>,
    },
}

/// Vectors of one length, one per token, as signed bytes.
#[derive(Default)]
pub(crate) struct Quantised {
    blocks: Vec<[i8; BLOCK]>,
    /// Scale of each block, and the sum of its numbers.
    scales: Vec<(f32, f32)>,
    per_vector: usize,
}

impl Quantised {
    /// Takes `values` as vectors of `length` each.
    pub fn set(&mut self, values: &[f32], length: usize) {
        self.blocks.clear();
        self.scales.clear();
        self.per_vector = length / BLOCK;
        for block in values.as_chunks::<BLOCK>().0 {
            let largest = block.iter().fold(0f32, |most, x| most.max(x.abs()));
            let scale = largest / 127.0;
            let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
            let mut quants = [0i8; BLOCK];
            let mut sum = 0i32;
            for (quant, x) in quants.iter_mut().zip(block) {
                #[expect(clippy::cast_possible_truncation, reason = "within 127 by its scale")]
                let rounded = (x * inverse).round_ties_even() as i8;
                *quant = rounded;
                sum += i32::from(rounded);
            }
            self.blocks.push(quants);
            #[expect(clippy::cast_precision_loss, reason = "at most 32 * 127")]
            self.scales.push((scale, scale * sum as f32));
        }
    }

    #[inline]
    fn vectors(&self) -> impl Iterator<Item = (&[[i8; BLOCK]], &[(f32, f32)])> {
        let blocks = self.blocks.chunks_exact(self.per_vector);
        blocks.zip(self.scales.chunks_exact(self.per_vector))
    }
}

impl Matrix {
    pub fn of(tensor: &Tensor) -> Result<Self, LoadError> {
        let weights = match tensor.kind {
            Kind::Q4One => {
                let blocks = tensor.bytes.as_chunks::<20>().0;
                let scale = |at: usize, b: &[u8; 20]| half([b[at], b[at + 1]]);
                Weights::Q4 {
                    nibbles: blocks
                        .iter()
                        .map(|b| std::array::from_fn(|i| b[4 + i]))
                        .collect(),
                    scales: blocks.iter().map(|b| (scale(0, b), scale(2, b))).collect(),
                }
            }
            Kind::Q8Zero => {
                let blocks = tensor.bytes.as_chunks::<34>().0;
                Weights::Q8 {
                    quants: blocks
                        .iter()
                        .map(|b| std::array::from_fn(|i| b[2 + i].cast_signed()))
                        .collect(),
                    scales: blocks.iter().map(|b| half([b[0], b[1]])).collect(),
                }
            }
            Kind::F32 => return Err(LoadError::Form("a layer that is not quantised")),
        };
        Ok(Self {
            rows: tensor.rows,
            columns: tensor.columns,
            weights,
        })
    }

    /// `out[t][row]` = the row times vector `t`.
    pub fn times(&self, vectors: &Quantised, out: &mut [f32]) {
        #[cfg(target_arch = "x86_64")]
        if avx2::times(self, vectors, out) {
            return;
        }
        self.times_portably(vectors, out);
    }

    fn times_portably(&self, vectors: &Quantised, out: &mut [f32]) {
        match &self.weights {
            Weights::Q4 { nibbles, scales } => {
                self.each((nibbles, scales), vectors, out, dot_q4);
            }
            Weights::Q8 { quants, scales } => {
                self.each((quants, scales), vectors, out, dot_q8);
            }
        }
    }

    /// Every row with every vector; a row stays in the processor's cache for all of them.
    #[expect(
        clippy::inline_always,
        reason = "on its own it would be compiled without the caller's vector instructions"
    )]
    #[inline(always)]
    pub fn each<Block, Scale>(
        &self,
        (weights, scales): (&[Block], &[Scale]),
        vectors: &Quantised,
        out: &mut [f32],
        dot: impl Fn(&[Block], &[Scale], &[[i8; BLOCK]], &[(f32, f32)]) -> f32,
    ) {
        let per_row = self.columns / BLOCK;
        let rows = weights
            .chunks_exact(per_row)
            .zip(scales.chunks_exact(per_row));
        for (row, (weights, scales)) in rows.enumerate() {
            let mut at = row;
            for (x, x_scales) in vectors.vectors() {
                out[at] = dot(weights, scales, x, x_scales);
                at += self.rows;
            }
        }
    }

    /// A row as it was before it was quantised, nearly.
    pub fn row(&self, row: usize, out: &mut [f32]) {
        let per_row = self.columns / BLOCK;
        let out = out.as_chunks_mut::<BLOCK>().0;
        for (at, out) in (row * per_row..).zip(out) {
            match &self.weights {
                Weights::Q4 { nibbles, scales } => {
                    let (scale, least) = scales[at];
                    for (i, byte) in nibbles[at].iter().enumerate() {
                        out[i] = f32::from(byte & 15) * scale + least;
                        out[i + 16] = f32::from(byte >> 4) * scale + least;
                    }
                }
                Weights::Q8 { quants, scales } => {
                    for (out, &quant) in out.iter_mut().zip(&quants[at]) {
                        *out = f32::from(quant) * scales[at];
                    }
                }
            }
        }
    }
}

fn dot_q4(
    nibbles: &[[u8; 16]],
    scales: &[(f32, f32)],
    x: &[[i8; BLOCK]],
    x_scales: &[(f32, f32)],
) -> f32 {
    let mut sum = 0.0;
    for (((w, &(scale, least)), x), &(x_scale, x_sum)) in
        nibbles.iter().zip(scales).zip(x).zip(x_scales)
    {
        let mut unpacked = [0i8; BLOCK];
        for i in 0..16 {
            unpacked[i] = (w[i] & 15).cast_signed();
            unpacked[i + 16] = (w[i] >> 4).cast_signed();
        }
        let products = products(&unpacked, x);
        #[expect(clippy::cast_precision_loss, reason = "at most 32 * 15 * 127")]
        {
            sum += scale * x_scale * products as f32 + least * x_sum;
        }
    }
    sum
}

fn dot_q8(
    quants: &[[i8; BLOCK]],
    scales: &[f32],
    x: &[[i8; BLOCK]],
    x_scales: &[(f32, f32)],
) -> f32 {
    let mut sum = 0.0;
    for (((w, &scale), x), &(x_scale, _)) in quants.iter().zip(scales).zip(x).zip(x_scales) {
        let products = products(w, x);
        #[expect(clippy::cast_precision_loss, reason = "at most 32 * 127 * 127")]
        {
            sum += scale * x_scale * products as f32;
        }
    }
    sum
}

/// The dot product of two vectors, in eight sums that the processor can keep side by side.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0f32; 8];
    for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        for i in 0..8 {
            sums[i] += a[i] * b[i];
        }
    }
    sums.iter().sum()
}

/// Not inlined: only with a length it does not know the compiler uses vector instructions here.
#[inline(never)]
fn products(a: &[i8], b: &[i8]) -> i32 {
    let products = a.iter().zip(b).map(|(&a, &b)| i32::from(a) * i32::from(b));
    products.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random and are the same each time.
    fn noise(count: usize) -> impl Iterator<Item = u8> {
        let numbers = (0u32..).map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()[2]);
        numbers.take(count)
    }

    fn tensor(kind: Kind, block_bytes: usize) -> Tensor {
        let (columns, rows) = (96, 5);
        let mut bytes: Vec<u8> = noise(rows * columns / BLOCK * block_bytes).collect();
        for block in bytes.chunks_exact_mut(block_bytes) {
            // Scale 0.5, and for Q4_1 the minimum -2, as half-precision numbers.
            block[..2].copy_from_slice(&[0x00, 0x38]);
            if kind == Kind::Q4One {
                block[2..4].copy_from_slice(&[0x00, 0xc0]);
            }
        }
        Tensor {
            kind,
            columns,
            rows,
            bytes,
        }
    }

    /// Both loops, portable and vectorised, compute what the weights mean.
    #[test]
    fn products_are_those_of_the_weights() {
        for (kind, block_bytes) in [(Kind::Q4One, 20), (Kind::Q8Zero, 34)] {
            let matrix = Matrix::of(&tensor(kind, block_bytes)).unwrap();
            let values: Vec<f32> = noise(2 * 96).map(|b| f32::from(b) / 50.0 - 2.0).collect();
            let mut vectors = Quantised::default();
            vectors.set(&values, 96);
            let mut out = vec![0.0; 10];
            matrix.times(&vectors, &mut out);
            let mut portable = vec![0.0; 10];
            matrix.times_portably(&vectors, &mut portable);
            let mut row = vec![0.0; 96];
            for (at, (fast, slow)) in out.iter().zip(&portable).enumerate() {
                matrix.row(at % 5, &mut row);
                let exact = dot(&row, &values[at / 5 * 96..][..96]);
                assert!(
                    (slow - exact).abs() < 0.01 * exact.abs() + 1.0,
                    "{slow} {exact}"
                );
                assert!(
                    (fast - slow).abs() < 0.001 * slow.abs() + 0.01,
                    "{fast} {slow}"
                );
            }
        }
    }
}
