//! Scaled inverse DCT: an N × M block of samples from the low frequencies of an 8 × 8 block, eight blocks side by side.

use std::f64::consts::PI;
use std::sync::OnceLock;

use libm::cos;

use super::ZIGZAG;
use super::decode::CoefficientPlane;
use super::processor::on_this_processor;
use super::rows::{LANES, Lanes};

/// What a block becomes: `width` × `height` samples, each 1 to 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Inverse {
    pub(crate) width: usize,
    pub(crate) height: usize,
}

/// Transforms `blocks` blocks of row `row`, starting at block `first`, into `target`, whose lines are `stride` apart.
pub(crate) fn inverse(
    plane: &CoefficientPlane,
    size: Inverse,
    row: usize,
    first: usize,
    blocks: usize,
    target: &mut [u8],
    stride: usize,
) {
    on_this_processor!(transform(plane, size, row, first, blocks, target, stride));
}

#[inline(always)]
fn transform(
    plane: &CoefficientPlane,
    size: Inverse,
    row: usize,
    first: usize,
    blocks: usize,
    target: &mut [u8],
    stride: usize,
) {
    let bases = bases();
    let (width, height) = (size.width.clamp(1, 8), size.height.clamp(1, 8));
    let (across, down) = (&bases[width], &bases[height]);
    let quant: [f32; 64] = std::array::from_fn(|position| f32::from(plane.quant[position]));
    let last = usize::from(LAST[width.max(height) & 15]);
    let mut work = [[0f32; LANES]; 64];
    let mut columns = [[[0f32; LANES]; 8]; 8];
    let mut bytes = [0u8; 8 * LANES + 8];
    for group in (0..blocks).step_by(LANES) {
        let count = (blocks - group).min(LANES);
        let highest = plane.rows[row].load(first + group, count, &quant, last, &mut work);
        let (reach_x, reach_y) = REACH[highest & 63];
        let (used_w, used_h) = (
            usize::from(reach_x).min(width),
            usize::from(reach_y).min(height),
        );
        // Columns first: `columns[u][y]`.
        for u in 0..used_w {
            let source: [Lanes; 8] = std::array::from_fn(|v| work[v * 8 + u]);
            pass(&source, used_h, down, height, &mut columns[u & 7]);
        }
        for y in 0..height {
            let source: [Lanes; 8] = std::array::from_fn(|u| columns[u][y & 7]);
            let mut line = [[0f32; LANES]; 8];
            pass(&source, used_w, across, width, &mut line);
            write(&line, width, &mut bytes);
            let (at, length) = (y * stride + group * width, count * width);
            if let (Some(target), Some(bytes)) =
                (target.get_mut(at..at + length), bytes.get(..length))
            {
                target.copy_from_slice(bytes);
            }
        }
    }
}

/// One dimension: `size` samples out of the lowest `used` frequencies.
#[inline(always)]
fn pass(source: &[Lanes; 8], used: usize, basis: &Basis, size: usize, target: &mut [Lanes; 8]) {
    match size {
        1 => target[0] = std::array::from_fn(|lane| source[0][lane] * basis[0][0]),
        2 => sized::<2>(source, used, basis, target),
        3 => sized::<3>(source, used, basis, target),
        4 => sized::<4>(source, used, basis, target),
        5 => sized::<5>(source, used, basis, target),
        6 => sized::<6>(source, used, basis, target),
        7 => sized::<7>(source, used, basis, target),
        _ => sized::<8>(source, used, basis, target),
    }
}

/// Even frequencies are the same on both sides of the middle, odd ones change sign.
#[inline(always)]
fn sized<const SIZE: usize>(
    source: &[Lanes; 8],
    used: usize,
    basis: &Basis,
    target: &mut [Lanes; 8],
) {
    let half = SIZE.div_ceil(2);
    let base: Lanes = std::array::from_fn(|lane| source[0][lane] * basis[0][0]);
    let mut even = [base; 4];
    let mut odd = [[0f32; LANES]; 4];
    let mut u = 1;
    while u < used.min(SIZE) {
        let (frequency, values) = (&basis[u & 7], &source[u & 7]);
        for x in 0..half {
            for lane in 0..LANES {
                odd[x][lane] += frequency[x] * values[lane];
            }
        }
        if u + 1 < used.min(SIZE) {
            let (frequency, values) = (&basis[(u + 1) & 7], &source[(u + 1) & 7]);
            for x in 0..half {
                for lane in 0..LANES {
                    even[x][lane] += frequency[x] * values[lane];
                }
            }
        }
        u += 2;
    }
    for x in 0..half {
        for lane in 0..LANES {
            target[x][lane] = even[x][lane] + odd[x][lane];
        }
        // The middle of an odd size is its own mirror, where odd frequencies vanish.
        if SIZE - 1 - x != x {
            for lane in 0..LANES {
                target[SIZE - 1 - x][lane] = even[x][lane] - odd[x][lane];
            }
        }
    }
}

/// Rounds, holds within black and white, and puts block beside block.
#[inline(always)]
fn write(line: &[Lanes; 8], width: usize, bytes: &mut [u8; 8 * LANES + 8]) {
    let mut halves = [[0u32; LANES]; 2];
    for (x, values) in line.iter().enumerate().take(width) {
        for lane in 0..LANES {
            // Within 0..=255, adding 2^23 leaves the rounded integer in the low mantissa bits.
            let bits = ((values[lane] + 128.0).clamp(0.0, 255.0) + 8_388_608.0).to_bits();
            halves[x >> 2 & 1][lane] |= (bits & 0xFF) << (8 * (x & 3));
        }
    }
    // Each store is eight bytes, of which the next block overwrites what is past its own.
    for (lane, (low, high)) in halves[0].iter().zip(&halves[1]).enumerate() {
        let eight = u64::from(*low) | u64::from(*high) << 32;
        let from = (lane * width) & 63;
        if let Some(place) = bytes
            .get_mut(from..)
            .and_then(|rest| rest.first_chunk_mut::<8>())
        {
            *place = eight.to_le_bytes();
        }
    }
}

type Basis = [[f32; 8]; 8];

/// For each size N, the basis functions: `[N][frequency][sample]`, scaled so that N × M transforms keep the mean.
fn bases() -> &'static [Basis; 9] {
    static BASES: OnceLock<[Basis; 9]> = OnceLock::new();
    BASES.get_or_init(|| {
        std::array::from_fn(|size| {
            let n = size as f64;
            std::array::from_fn(|u| {
                std::array::from_fn(|x| {
                    if u >= size || x >= size {
                        return 0.0;
                    }
                    // An orthonormal transform of N samples, times √(N/8) for the change of size (T.81 A.3.3 at N = 8).
                    let norm = if u == 0 { 0.5f64.sqrt() } else { 1.0 } / 2.0;
                    (norm * cos((2.0 * x as f64 + 1.0) * u as f64 * PI / (2.0 * n))) as f32
                })
            })
        })
    })
}

/// Of each size, the last zigzag position that it uses.
const LAST: [u8; 16] = {
    let mut last = [63u8; 16];
    let mut size = 1;
    while size < 8 {
        let mut position = 63;
        loop {
            let natural = ZIGZAG[position] as usize;
            if natural % 8 < size && natural / 8 < size {
                break;
            }
            position -= 1;
        }
        last[size] = position as u8;
        size += 1;
    }
    last
};

/// Of each zigzag position, the columns and rows that it and those before it reach.
const REACH: [(u8, u8); 64] = {
    let mut reach = [(1u8, 1u8); 64];
    let (mut x, mut y) = (0, 0);
    let mut position = 0;
    while position < 64 {
        let natural = ZIGZAG[position];
        if natural % 8 > x {
            x = natural % 8;
        }
        if natural / 8 > y {
            y = natural / 8;
        }
        reach[position] = (x + 1, y + 1);
        position += 1;
    }
    reach
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::rows::{RowBuilder, sparse};

    fn plane(block: [i16; 64]) -> CoefficientPlane {
        let zigzag = std::array::from_fn(|position| block[usize::from(ZIGZAG[position])]);
        CoefficientPlane {
            quant: [1; 64],
            rows: vec![sparse(&mut RowBuilder::default(), &[zigzag; 11])],
        }
    }

    #[test]
    fn flat_blocks_keep_their_level_at_every_size() {
        let mut block = [0; 64];
        block[0] = 8 * 40;
        for width in 1..=8 {
            for height in 1..=8 {
                let mut target = vec![0; 88 * 8];
                let size = Inverse { width, height };
                inverse(&plane(block), size, 0, 0, 11, &mut target, 88);
                for line in target.chunks(88).take(height) {
                    assert_eq!(line[..width * 11], vec![168; width * 11]);
                }
                assert!(target[height * 88..].iter().all(|&sample| sample == 0));
            }
        }
    }

    #[test]
    fn samples_past_black_and_white_are_held() {
        for (dc, level) in [(-1100, 0), (1100, 255), (-1024, 0), (1016, 255)] {
            let mut block = [0; 64];
            block[0] = dc;
            let mut target = vec![7; 64];
            let size = Inverse {
                width: 8,
                height: 8,
            };
            inverse(&plane(block), size, 0, 0, 1, &mut target, 8);
            assert_eq!(target, vec![level; 64]);
        }
    }

    #[test]
    fn every_size_is_the_transform_of_its_lowest_frequencies_as_t81_defines_it() {
        let mut state = 7u32;
        let block: [i16; 64] = std::array::from_fn(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 26) as i16 - 32
        });
        for width in 1..=8 {
            for height in 1..=8 {
                let mut target = vec![0; 88 * 8];
                let size = Inverse { width, height };
                inverse(&plane(block), size, 0, 2, 9, &mut target, 88);
                for (y, line) in target.chunks(88).take(height).enumerate() {
                    for (x, &sample) in line[..width * 9].iter().enumerate() {
                        let mut sum = 128.0;
                        for (v, row) in block.chunks(8).enumerate().take(height) {
                            for (u, &value) in row.iter().enumerate().take(width) {
                                let base = |k: usize, at: usize, n: usize| {
                                    let norm = if k == 0 { 0.5f64.sqrt() } else { 1.0 } / 2.0;
                                    norm * ((2 * at + 1) as f64 * k as f64 * PI / (2 * n) as f64)
                                        .cos()
                                };
                                sum += f64::from(value)
                                    * base(u, x % width, width)
                                    * base(v, y, height);
                            }
                        }
                        let expected = sum.clamp(0.0, 255.0);
                        assert!(
                            (expected - f64::from(sample)).abs() < 0.51,
                            "{width}x{height} at {x},{y}: {expected} {sample}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn inverse_of_forward_is_the_identity_to_one_level() {
        let samples: [[u8; 8]; 8] = std::array::from_fn(|y| {
            std::array::from_fn(|x| (60 + (x * 17 + y * 11 + x * y) % 120) as u8)
        });
        let zigzag = on_this_processor!(simd => crate::jpeg::forward(simd, samples.each_ref()));
        let mut block = [0i16; 64];
        for (position, &natural) in ZIGZAG.iter().enumerate() {
            block[usize::from(natural)] =
                (f32::from(zigzag[position]) / crate::jpeg::COEFFICIENT_UNIT).round() as i16;
        }
        let mut target = vec![0; 64];
        let size = Inverse {
            width: 8,
            height: 8,
        };
        inverse(&plane(block), size, 0, 0, 1, &mut target, 8);
        for (line, row) in target.chunks(8).zip(&samples) {
            for (a, b) in line.iter().zip(row) {
                assert!(a.abs_diff(*b) <= 1);
            }
        }
    }
}
