//! Scaled inverse DCT: an N × M block of samples from the low frequencies of an 8 × 8 block.

use std::f64::consts::PI;
use std::sync::OnceLock;

use super::decode::CoefficientPlane;

/// What a block becomes: `width` × `height` samples, each 1 to 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Inverse {
    pub(crate) width: usize,
    pub(crate) height: usize,
}

/// Transforms `blocks` blocks of row `row`, starting at block `first`, into `target`, whose lines are `stride` apart.
///
/// Coefficients that the plane does not keep count as zero.
pub(crate) fn inverse(
    plane: &CoefficientPlane,
    size: Inverse,
    row: usize,
    first: usize,
    blocks: usize,
    target: &mut [u8],
    stride: usize,
) {
    let bases = bases();
    let (across, down) = (&bases[size.width & 15], &bases[size.height & 15]);
    let corner = plane.corner;
    let mut quant = [[0f32; 8]; 8];
    for (y, line) in quant.iter_mut().enumerate() {
        for (x, value) in line.iter_mut().enumerate() {
            *value = plane.quant[y * 8 + x].into();
        }
    }
    let used_w = corner.min(size.width);
    let used_h = corner.min(size.height);
    let length = corner * corner;
    let source = &plane.rows[row][first * length..(first + blocks) * length];
    for (index, block) in source.chunks_exact(length).enumerate() {
        let left = index * size.width;
        // The DC alone: a flat block, the usual one of chroma.
        let mut lines = [[0f32; 8]; 8];
        let mut last_line = 0;
        for v in 0..used_h {
            let values = &block[v * corner..v * corner + used_w];
            if v > 0 && values.iter().fold(0, |any, value| any | value) == 0 {
                continue;
            }
            last_line = v;
            let line = &mut lines[v];
            for (u, &value) in values.iter().enumerate() {
                let value = f32::from(value) * quant[v][u & 7];
                for (sum, base) in line.iter_mut().zip(&across[u & 7]) {
                    *sum += value * base;
                }
            }
        }
        for y in 0..size.height.div_ceil(2) {
            // Even frequencies are the same above and below the middle, odd ones change sign.
            let (mut even, mut odd) = ([128f32; 8], [0f32; 8]);
            for v in (0..=last_line).step_by(2) {
                let base = down[v & 7][y & 7];
                for (sum, value) in even.iter_mut().zip(&lines[v & 7]) {
                    *sum += base * value;
                }
            }
            for v in (1..=last_line).step_by(2) {
                let base = down[v & 7][y & 7];
                for (sum, value) in odd.iter_mut().zip(&lines[v & 7]) {
                    *sum += base * value;
                }
            }
            let above: [f32; 8] = std::array::from_fn(|x| even[x] + odd[x]);
            let below: [f32; 8] = std::array::from_fn(|x| even[x] - odd[x]);
            write_line(target, y * stride + left, &above, size.width);
            write_line(
                target,
                (size.height - 1 - y) * stride + left,
                &below,
                size.width,
            );
        }
    }
}

#[inline(always)]
fn write_line(target: &mut [u8], at: usize, values: &[f32; 8], width: usize) {
    let bytes: [u8; 8] = std::array::from_fn(|x| {
        // Within 0..=255, adding 2^23 leaves the rounded integer in the low mantissa bits.
        (values[x].clamp(0.0, 255.0) + 8_388_608.0).to_bits() as u8
    });
    if let Some(line) = target.get_mut(at..at + width) {
        line.copy_from_slice(&bytes[..width]);
    }
}

type Basis = [[f32; 8]; 8];

/// For each size N, the basis functions: `[N][frequency][sample]`, scaled so that N × M transforms keep the mean.
fn bases() -> &'static [Basis; 16] {
    static BASES: OnceLock<[Basis; 16]> = OnceLock::new();
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
                    (norm * ((2.0 * x as f64 + 1.0) * u as f64 * PI / (2.0 * n)).cos()) as f32
                })
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(block: [i16; 64]) -> CoefficientPlane {
        CoefficientPlane {
            corner: 8,
            quant: [1; 64],
            rows: vec![block.to_vec()],
        }
    }

    #[test]
    fn flat_blocks_keep_their_level_at_every_size() {
        let mut block = [0; 64];
        block[0] = 8 * 40;
        for width in 1..=8 {
            for height in 1..=8 {
                let mut target = vec![0; 64];
                inverse(
                    &plane(block),
                    Inverse { width, height },
                    0,
                    0,
                    1,
                    &mut target,
                    8,
                );
                for line in target.chunks(8).take(height) {
                    assert_eq!(line[..width], vec![168; width]);
                }
            }
        }
    }

    #[test]
    fn samples_past_black_and_white_are_held() {
        for (dc, level) in [(-1100, 0), (1100, 255), (-1024, 0), (1016, 255)] {
            let mut block = [0; 64];
            block[0] = dc;
            let mut target = vec![7; 64];
            inverse(
                &plane(block),
                Inverse {
                    width: 8,
                    height: 8,
                },
                0,
                0,
                1,
                &mut target,
                8,
            );
            assert_eq!(target, vec![level; 64]);
        }
    }

    #[test]
    fn inverse_of_forward_is_the_identity_to_one_level() {
        let samples: [[u8; 8]; 8] = std::array::from_fn(|y| {
            std::array::from_fn(|x| (60 + (x * 17 + y * 11 + x * y) % 120) as u8)
        });
        let zigzag = crate::jpeg::forward(&samples);
        let mut block = [0i16; 64];
        for (position, &natural) in crate::jpeg::ZIGZAG.iter().enumerate() {
            block[usize::from(natural)] =
                (f32::from(zigzag[position]) / crate::jpeg::COEFFICIENT_UNIT).round() as i16;
        }
        let mut target = vec![0; 64];
        inverse(
            &plane(block),
            Inverse {
                width: 8,
                height: 8,
            },
            0,
            0,
            1,
            &mut target,
            8,
        );
        for (line, row) in target.chunks(8).zip(&samples) {
            for (a, b) in line.iter().zip(row) {
                assert!(a.abs_diff(*b) <= 1);
            }
        }
    }
}
