//! The inner loop of `matrix` in the vector instructions that x86 processors have had since 2013,
//! chosen at run time. Three times as fast as what the compiler makes of the portable loop.

#![expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled with the processor's instructions"
)]

use std::arch::x86_64::{__m128i, __m256, __m256i};

use pulp::x86::V3;
use pulp::{NullaryFnOnce, cast};

use crate::matrix::{BLOCK, Matrix, Quantised, Weights};

/// Does what `Matrix::times` promises, or returns false when this processor cannot.
pub(crate) fn times(matrix: &Matrix, vectors: &Quantised, out: &mut [f32]) -> bool {
    let Some(simd) = V3::try_new() else {
        return false;
    };
    simd.vectorize(Times {
        simd,
        matrix,
        vectors,
        out,
    });
    true
}

struct Times<'a> {
    simd: V3,
    matrix: &'a Matrix,
    vectors: &'a Quantised,
    out: &'a mut [f32],
}

impl NullaryFnOnce for Times<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self {
            simd,
            matrix,
            vectors,
            out,
        } = self;
        match &matrix.weights {
            Weights::Q4 { nibbles, scales } => {
                matrix.each((nibbles, scales), vectors, out, |w, s, x, xs| {
                    q4(simd, w, s, x, xs)
                });
            }
            Weights::Q8 { quants, scales } => {
                matrix.each((quants, scales), vectors, out, |w, s, x, xs| {
                    q8(simd, w, s, x, xs)
                });
            }
        }
    }
}

#[inline(always)]
fn q4(
    simd: V3,
    nibbles: &[[u8; 16]],
    scales: &[(f32, f32)],
    x: &[[i8; BLOCK]],
    x_scales: &[(f32, f32)],
) -> f32 {
    let low = simd.sse2._mm_set1_epi8(15);
    let ones = simd.avx._mm256_set1_epi16(1);
    let mut sum = simd.avx._mm256_setzero_ps();
    let mut least_sum = 0.0;
    let weights = nibbles.iter().zip(scales);
    for ((bytes, &(scale, least)), (x, &(x_scale, x_sum))) in weights.zip(x.iter().zip(x_scales)) {
        let bytes: __m128i = cast(*bytes);
        let first = simd.sse2._mm_and_si128(bytes, low);
        let others = simd
            .sse2
            ._mm_and_si128(simd.sse2._mm_srli_epi16::<4>(bytes), low);
        let quants = simd.avx._mm256_set_m128i(others, first);
        // Two products of 15 * 127 fit into 16 bits.
        let pairs = simd.avx2._mm256_maddubs_epi16(quants, cast(*x));
        sum = add(
            simd,
            sum,
            simd.avx2._mm256_madd_epi16(pairs, ones),
            scale * x_scale,
        );
        least_sum += least * x_sum;
    }
    total(sum) + least_sum
}

#[inline(always)]
fn q8(
    simd: V3,
    quants: &[[i8; BLOCK]],
    scales: &[f32],
    x: &[[i8; BLOCK]],
    x_scales: &[(f32, f32)],
) -> f32 {
    let ones = simd.avx._mm256_set1_epi16(1);
    let mut sum = simd.avx._mm256_setzero_ps();
    let weights = quants.iter().zip(scales);
    for ((quants, &scale), (x, &(x_scale, _))) in weights.zip(x.iter().zip(x_scales)) {
        let quants: __m256i = cast(*quants);
        // The instruction wants one factor without a sign: it moves over to the other.
        let size = simd.avx2._mm256_sign_epi8(quants, quants);
        let signed = simd.avx2._mm256_sign_epi8(cast(*x), quants);
        // Two products of 128 * 127 fit into 16 bits.
        let pairs = simd.avx2._mm256_maddubs_epi16(size, signed);
        sum = add(
            simd,
            sum,
            simd.avx2._mm256_madd_epi16(pairs, ones),
            scale * x_scale,
        );
    }
    total(sum)
}

#[inline(always)]
fn add(simd: V3, sum: __m256, products: __m256i, scale: f32) -> __m256 {
    let products = simd.avx._mm256_cvtepi32_ps(products);
    simd.fma
        ._mm256_fmadd_ps(simd.avx._mm256_set1_ps(scale), products, sum)
}

#[inline(always)]
fn total(sum: __m256) -> f32 {
    let lanes: [f32; 8] = cast(sum);
    lanes.iter().sum()
}
