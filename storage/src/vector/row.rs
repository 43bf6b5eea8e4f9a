//! A vector of unit length as bytes with one scale.
//!
//! A byte holds a number from -127 to 127, moved up by 128: widening bytes without a sign takes one
//! instruction at the x86-64 baseline, with a sign two. `lane` is written so that the compiler makes
//! `pmaddwd` of it (18 GB/s against 6 for the plain loop): measure before changing it.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "rounding to what fits is what this file is for; the bounds are in its comments"
)]

/// Rows are filled up to a multiple of this with zeros.
const LANE: usize = 32;
/// The byte that means 0.
const ZERO: u8 = 128;
/// The greatest number of a query's element: more precise than a row's at no cost.
const FINEST: usize = 4095;

/// A vector as it is compared.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub bytes: Vec<u8>,
    /// What a step of a byte is worth.
    pub scale: f32,
}

/// A query: wider numbers than a row's.
pub(super) struct Probe {
    wide: Vec<i16>,
    /// What moving all bytes of a row up has added to the product.
    moved: i32,
    scale: f32,
}

/// Bytes of a row of so many dimensions.
pub(super) fn width(dim: usize) -> usize {
    dim.next_multiple_of(LANE).max(LANE)
}

/// The factor that makes the greatest element `finest`, and what one step is then worth in the
/// vector of unit length. None when the vector has no direction, or not the right dimension.
fn steps(vector: &[f32], dim: usize, finest: f64) -> Option<(f64, f32)> {
    if vector.len() != dim || vector.iter().any(|element| !element.is_finite()) {
        return None;
    }
    let squares: f64 = vector.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    let greatest = vector.iter().fold(0.0, |most: f32, x| most.max(x.abs()));
    let factor = finest / f64::from(greatest);
    let step = f64::from(greatest) / (finest * squares.sqrt());
    (factor.is_finite() && step.is_normal()).then_some((factor, step as f32))
}

impl Row {
    pub(super) fn new(vector: &[f32], dim: usize) -> Option<Self> {
        let (factor, scale) = steps(vector, dim, 127.0)?;
        let mut bytes = vec![ZERO; width(dim)];
        for (byte, &element) in bytes.iter_mut().zip(vector) {
            *byte = (f64::from(ZERO) + (f64::from(element) * factor).round()) as u8;
        }
        Some(Self { bytes, scale })
    }
}

impl Probe {
    pub(super) fn new(vector: &[f32], dim: usize) -> Option<Self> {
        // The sum over a row must stay within an i32.
        let finest = (i32::MAX as usize / (255 * width(dim))).min(FINEST);
        let (factor, scale) = steps(vector, dim, finest as f64)?;
        let mut wide = vec![0_i16; width(dim)];
        for (number, &element) in wide.iter_mut().zip(vector) {
            *number = (f64::from(element) * factor).round() as i16;
        }
        let sum: i32 = wide.iter().map(|&number| i32::from(number)).sum();
        Some(Self {
            wide,
            moved: i32::from(ZERO) * sum,
            scale,
        })
    }

    /// The cosine to a row of the same width.
    #[inline]
    pub(super) fn cosine(&self, bytes: &[u8], scale: f32) -> f32 {
        let (wide, _) = self.wide.as_chunks::<LANE>();
        let (bytes, _) = bytes.as_chunks::<LANE>();
        let sum: i32 = wide.iter().zip(bytes).map(|(w, b)| lane(w, b)).sum();
        (sum - self.moved) as f32 * (self.scale * scale)
    }
}

#[inline]
fn lane(wide: &[i16; LANE], bytes: &[u8; LANE]) -> i32 {
    let mut sum = 0;
    for place in 0..LANE {
        sum += i32::from(wide[place]) * i32::from(i16::from(bytes[place]));
    }
    sum
}

/// The sum of the products of two rows of the same width, as numbers and not as bytes; `sums` are those
/// of their bytes. Multiplying the bytes as they are and making it good in the end is two to seven times
/// as fast as moving each down first. What passes the bounds on the way comes back in the end.
#[inline]
pub(super) fn product(one: &[u8], other: &[u8], sums: [i32; 2]) -> i32 {
    let moved = i32::from(ZERO).wrapping_mul(sums[0].wrapping_add(sums[1]));
    let twice = (i32::from(ZERO) * i32::from(ZERO)).wrapping_mul(one.len() as i32);
    let (one, _) = one.as_chunks::<LANE>();
    let (other, _) = other.as_chunks::<LANE>();
    let mut all = twice.wrapping_sub(moved);
    for (one, other) in one.iter().zip(other) {
        let mut sum = 0;
        for place in 0..LANE {
            sum += i32::from(i16::from(one[place])) * i32::from(i16::from(other[place]));
        }
        all = all.wrapping_add(sum);
    }
    all
}

/// The cosine of two vectors as they are; 0 when one has no direction or they do not fit together.
pub(super) fn cosine(one: &[f32], other: &[f32]) -> f32 {
    if one.len() != other.len() {
        return 0.0;
    }
    let mut sums = [0.0_f64; 3];
    for (&a, &b) in one.iter().zip(other) {
        let (a, b) = (f64::from(a), f64::from(b));
        sums[0] += a * b;
        sums[1] += a * a;
        sums[2] += b * b;
    }
    let cosine = sums[0] / (sums[1] * sums[2]).sqrt();
    if cosine.is_finite() {
        cosine as f32
    } else {
        0.0
    }
}
