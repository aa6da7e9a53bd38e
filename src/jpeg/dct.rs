//! Forward DCT (T.81 A.3.3) into 16-bit fixed point.

use fearless_simd::{Bytes, Simd, SimdCvtFloat, SimdFrom, f32x8, i32x8, u64x2};

use super::ZIGZAG;

/// Coefficients of one block in zigzag order, in units of 1/[`COEFFICIENT_UNIT`].
pub(crate) type Block = [i16; 64];

/// Fixed-point steps in one unit of a coefficient: eleven bits of coefficient leave four.
pub(crate) const COEFFICIENT_UNIT: f32 = 16.0;

/// Transforms eight rows of eight samples.
///
/// The lanes are written out: of a plain loop over eight samples the compiler makes no vectors, but three times the
/// instructions. No result depends on how wide `simd` is.
#[inline(always)]
pub(crate) fn forward<S: Simd>(simd: S, samples: [&[u8; 8]; 8]) -> Block {
    let mut work = levels(simd, samples);
    butterflies(&mut work);
    transpose(simd, &mut work);
    butterflies(&mut work);
    // After one transposition rows are horizontal frequencies; SCALES is symmetric, SOURCES reads across.
    let mut natural = [0i16; 64];
    let pairs = work
        .as_chunks::<2>()
        .0
        .iter()
        .zip(SCALES.as_chunks::<2>().0);
    for (target, (rows, scales)) in natural.as_chunks_mut::<16>().0.iter_mut().zip(pairs) {
        let one = round(simd, rows[0], &scales[0]);
        let two = round(simd, rows[1], &scales[1]);
        *target = simd.narrow_i32x8(one, two).into();
    }
    zigzag(&natural)
}

/// Samples about zero, two rows at a time.
#[inline(always)]
fn levels<S: Simd>(simd: S, samples: [&[u8; 8]; 8]) -> [f32x8<S>; 8] {
    let mut work = [f32x8::simd_from(simd, 0.0); 8];
    for (target, [one, two]) in work
        .as_chunks_mut::<2>()
        .0
        .iter_mut()
        .zip(samples.as_chunks().0)
    {
        let words = [u64::from_le_bytes(**one), u64::from_le_bytes(**two)];
        let (low, high) = simd.widen_u8x16(u64x2::simd_from(simd, words).to_bytes());
        let (one, two) = simd.widen_u16x16(simd.combine_u16x8(low, high));
        for (target, row) in target.iter_mut().zip([one, two]) {
            *target = f32x8::float_from(i32x8::from_bytes(row.to_bytes())) - 128.0;
        }
    }
    work
}

/// Scales and rounds values known to be within 16 bits: adding 1.5 × 2^23 leaves the integer in the low mantissa bits.
#[inline(always)]
fn round<S: Simd>(simd: S, row: f32x8<S>, scales: &[f32; 8]) -> i32x8<S> {
    let scaled = row * f32x8::simd_from(simd, *scales) + 12_582_912.0;
    i32x8::from_bytes(scaled.to_bytes())
}

/// Interleaving row n with row n + 4 three times leaves columns where rows were.
#[inline(always)]
fn transpose<S: Simd>(simd: S, work: &mut [f32x8<S>; 8]) {
    for _ in 0..3 {
        let [a, b, c, d, e, f, g, h] = *work;
        let (a, b, c, d) = (
            simd.interleave_f32x8(a, e),
            simd.interleave_f32x8(b, f),
            simd.interleave_f32x8(c, g),
            simd.interleave_f32x8(d, h),
        );
        *work = [a.0, a.1, b.0, b.1, c.0, c.1, d.0, d.1];
    }
}

/// Eight one-dimensional transforms side by side: the factorisation of Arai, Agui and Nakajima (Trans. IEICE E71, 1988),
/// whose results are scaled by `AAN`.
#[inline(always)]
fn butterflies<S: Simd>(work: &mut [f32x8<S>; 8]) {
    let d = *work;
    let (s0, s1, s2, s3) = (d[0] + d[7], d[1] + d[6], d[2] + d[5], d[3] + d[4]);
    let (t0, t1, t2, t3) = (d[0] - d[7], d[1] - d[6], d[2] - d[5], d[3] - d[4]);
    let (e0, e1, e2, e3) = (s0 + s3, s1 + s2, s1 - s2, s0 - s3);
    let turn = (e2 + e3) * std::f32::consts::FRAC_1_SQRT_2;
    let (o0, o1, o2) = (t3 + t2, t2 + t1, t1 + t0);
    let skew = (o0 - o2) * 0.382_683_43;
    let (left, right) = (o0 * 0.541_196_1 + skew, o2 * 1.306_563 + skew);
    let middle = o1 * std::f32::consts::FRAC_1_SQRT_2;
    let (high, low) = (t0 + middle, t0 - middle);
    *work = [
        e0 + e1,
        high + right,
        e3 + turn,
        low - left,
        e0 - e1,
        low + left,
        e3 - turn,
        high - right,
    ];
}

/// The places are constants of the code, not read from a table, where each eight is a function of its own.
#[inline(always)]
fn zigzag(natural: &[i16; 64]) -> Block {
    #[inline(always)]
    fn eight<const FROM: usize>(natural: &[i16; 64], block: &mut Block) {
        for position in FROM..FROM + 8 {
            block[position] = natural[SOURCES[position]];
        }
    }
    let mut block = [0i16; 64];
    eight::<0>(natural, &mut block);
    eight::<8>(natural, &mut block);
    eight::<16>(natural, &mut block);
    eight::<24>(natural, &mut block);
    eight::<32>(natural, &mut block);
    eight::<40>(natural, &mut block);
    eight::<48>(natural, &mut block);
    eight::<56>(natural, &mut block);
    block
}

/// Scale of the one-dimensional results: cos(kπ/16)·√2, one for k = 0.
const AAN: [f64; 8] = [
    1.0,
    1.387_039_845_322_147_6,
    1.306_562_964_876_376_6,
    1.175_875_602_419_359,
    1.0,
    0.785_694_958_387_102_2,
    0.541_196_100_146_197,
    0.275_899_379_282_943,
];

const SCALES: [[f32; 8]; 8] = {
    let mut scales = [[0f32; 8]; 8];
    let mut y = 0;
    while y < 8 {
        let mut x = 0;
        while x < 8 {
            scales[y][x] = (COEFFICIENT_UNIT as f64 / (8.0 * AAN[x] * AAN[y])) as f32;
            x += 1;
        }
        y += 1;
    }
    scales
};

/// For each zigzag position, where the transposed block has it.
const SOURCES: [usize; 64] = {
    let mut sources = [0; 64];
    let mut position = 0;
    while position < 64 {
        let natural = ZIGZAG[position] as usize;
        sources[position] = (natural % 8) * 8 + natural / 8;
        position += 1;
    }
    sources
};

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;
    use crate::jpeg::on_this_processor;

    #[test]
    fn forward_transform_equals_the_definition_of_t81_to_half_a_step() {
        let samples: [[u8; 8]; 8] = std::array::from_fn(|y| {
            std::array::from_fn(|x| ((x * 37 + y * 91 + x * y * 13) % 256) as u8)
        });
        let block = on_this_processor!(simd => forward(simd, samples.each_ref()));
        for (position, &natural) in ZIGZAG.iter().enumerate() {
            let (u, v) = (f64::from(natural % 8), f64::from(natural / 8));
            let scale = |k: f64| if k == 0.0 { 0.5f64.sqrt() } else { 1.0 };
            let mut sum = 0.0;
            for (y, row) in samples.iter().enumerate() {
                for (x, &sample) in row.iter().enumerate() {
                    sum += (f64::from(sample) - 128.0)
                        * ((2.0 * x as f64 + 1.0) * u * PI / 16.0).cos()
                        * ((2.0 * y as f64 + 1.0) * v * PI / 16.0).cos();
                }
            }
            let exact = sum * scale(u) * scale(v) / 4.0 * f64::from(COEFFICIENT_UNIT);
            assert!(
                (exact - f64::from(block[position])).abs() < 0.51,
                "{position}: {exact} {}",
                block[position]
            );
        }
    }
}
