//! Forward DCT (T.81 A.3.3) into 16-bit fixed point.

use super::ZIGZAG;

/// Coefficients of one block in zigzag order, in units of 1/[`COEFFICIENT_UNIT`].
pub(crate) type Block = [i16; 64];

/// Fixed-point steps in one unit of a coefficient: eleven bits of coefficient leave four.
pub(crate) const COEFFICIENT_UNIT: f32 = 16.0;

/// Transforms eight rows of eight samples.
#[inline(always)]
pub(crate) fn forward(samples: &[[u8; 8]; 8]) -> Block {
    let mut work = [[0f32; 8]; 8];
    for (row, samples) in work.iter_mut().zip(samples) {
        for (value, &sample) in row.iter_mut().zip(samples) {
            *value = f32::from(sample) - 128.0;
        }
    }
    butterflies(&mut work);
    let mut work = transpose(&work);
    butterflies(&mut work);
    // After one transposition rows are horizontal frequencies; SCALES is symmetric, SOURCES reads across.
    let mut natural = [0i16; 64];
    for (row, (target, scales)) in work
        .iter()
        .zip(natural.as_chunks_mut::<8>().0.iter_mut().zip(&SCALES))
    {
        for ((value, target), scale) in row.iter().zip(target).zip(scales) {
            *target = round(value * scale);
        }
    }
    let mut block = [0i16; 64];
    for (value, &source) in block.iter_mut().zip(&SOURCES) {
        *value = natural[usize::from(source & 63)];
    }
    block
}

/// Rounds values known to be within 16 bits: adding 1.5 × 2^23 leaves the integer in the low mantissa bits.
#[inline(always)]
fn round(value: f32) -> i16 {
    (value + 12_582_912.0).to_bits() as u16 as i16
}

#[inline(always)]
fn transpose(work: &[[f32; 8]; 8]) -> [[f32; 8]; 8] {
    let mut turned = [[0f32; 8]; 8];
    for y in 0..8 {
        for x in 0..8 {
            turned[x][y] = work[y][x];
        }
    }
    turned
}

/// Eight one-dimensional transforms side by side: the factorisation of Arai, Agui and Nakajima (Trans. IEICE E71, 1988),
/// whose results are scaled by `AAN`.
#[inline(always)]
#[expect(
    clippy::needless_range_loop,
    reason = "lanes run across all eight rows; this shape vectorises"
)]
fn butterflies(work: &mut [[f32; 8]; 8]) {
    for lane in 0..8 {
        let d: [f32; 8] = std::array::from_fn(|row| work[row][lane]);
        let (s0, s1, s2, s3) = (d[0] + d[7], d[1] + d[6], d[2] + d[5], d[3] + d[4]);
        let (t0, t1, t2, t3) = (d[0] - d[7], d[1] - d[6], d[2] - d[5], d[3] - d[4]);
        let (e0, e1, e2, e3) = (s0 + s3, s1 + s2, s1 - s2, s0 - s3);
        let turn = (e2 + e3) * std::f32::consts::FRAC_1_SQRT_2;
        let (o0, o1, o2) = (t3 + t2, t2 + t1, t1 + t0);
        let skew = (o0 - o2) * 0.382_683_43;
        let (left, right) = (0.541_196_1 * o0 + skew, 1.306_563 * o2 + skew);
        let middle = o1 * std::f32::consts::FRAC_1_SQRT_2;
        let (high, low) = (t0 + middle, t0 - middle);
        work[0][lane] = e0 + e1;
        work[4][lane] = e0 - e1;
        work[2][lane] = e3 + turn;
        work[6][lane] = e3 - turn;
        work[5][lane] = low + left;
        work[3][lane] = low - left;
        work[1][lane] = high + right;
        work[7][lane] = high - right;
    }
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
const SOURCES: [u8; 64] = {
    let mut sources = [0u8; 64];
    let mut position = 0;
    while position < 64 {
        let natural = ZIGZAG[position];
        sources[position] = (natural % 8) * 8 + natural / 8;
        position += 1;
    }
    sources
};

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    #[test]
    fn forward_transform_equals_the_definition_of_t81_to_half_a_step() {
        let samples: [[u8; 8]; 8] = std::array::from_fn(|y| {
            std::array::from_fn(|x| ((x * 37 + y * 91 + x * y * 13) % 256) as u8)
        });
        let block = forward(&samples);
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
