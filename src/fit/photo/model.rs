//! How visible an error is: weighed by frequency on the screen, less where the picture is busy.
//!
//! The constants come from a random search that compared this model's choices with the SSIMULACRA2 scores of every
//! candidate at 300 KB, 500 KB and 1 MB on four photographs: a bird (12 MP, baseline 4:2:0), mountains (8 MP, progressive
//! 4:2:0), a dragonfly (13 MP, progressive 4:2:2) and elephants (12 MP, progressive 4:2:0). Three others were held out:
//! `clock`, `officer_portrait` and `cat_fur`.

use fearless_simd::{Simd, SimdCvtFloat, SimdFrom, f32x8, i16x16};

use crate::jpeg::{Block, BlockRow, COEFFICIENT_UNIT, ZIGZAG};

/// Parameters of the model; the defaults are the calibrated ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameters {
    /// Frequency in cycles a view pixel at which an error counts half.
    pub(crate) half: f64,
    /// Mean square of the error that is visible on a flat ground, in levels².
    pub(crate) ground: f64,
    /// Weight of a chroma error against luma's.
    pub(crate) chroma: f64,
    /// Weight of lost detail against noise.
    pub(crate) lost: f64,
    /// Weight of moving samples by up to one view pixel, as a size does that is no whole number of them.
    pub(crate) stretch: f64,
}

/// The calibrated parameters.
pub(crate) const PARAMETERS: Parameters = Parameters {
    half: 0.15,
    ground: 92.0,
    chroma: 0.25,
    lost: 4.1,
    stretch: 0.08,
};

/// Weight of each zigzag position.
#[derive(Clone, Debug)]
pub(crate) struct Weights {
    pub(crate) luma: [f32; 64],
    pub(crate) chroma: [f32; 64],
}

impl Weights {
    /// For blocks with `density` samples to one view pixel.
    pub(crate) fn new(density: f64) -> Self {
        let at = |half: f64| {
            std::array::from_fn(|position| {
                let (u, v) = (
                    f64::from(ZIGZAG[position] % 8),
                    f64::from(ZIGZAG[position] / 8),
                );
                // Not `hypot`, which every library rounds as it likes.
                let frequency = (u * u + v * v).sqrt() / 16.0 * density;
                let weight = 1.0 / (1.0 + frequency / half);
                // What the screen cannot show is not seen.
                let shown = ((0.6 - frequency) / 0.2).clamp(0.0, 1.0);
                (weight * shown) as f32
            })
        };
        Self {
            luma: at(PARAMETERS.half),
            chroma: at(PARAMETERS.half * 0.5),
        }
    }
}

/// How busy a block is, as far as the screen shows it: what an error in it is divided by.
#[inline(always)]
pub(crate) fn block_ground<S: Simd>(simd: S, block: &Block, weights: &[f32; 64]) -> f32 {
    // The mean level is no activity.
    let mut weights = *weights;
    weights[0] = 0.0;
    let part = |values: &[i16; 16]| i16x16::simd_from(simd, *values);
    let activity = weighed(simd, block.as_chunks().0.iter().map(part), &weights);
    activity * SCALE + PARAMETERS.ground as f32
}

/// The visible error of one quantised block on its ground.
#[inline(always)]
pub(crate) fn block_error<S: Simd>(
    simd: S,
    block: &Block,
    quantised: &Block,
    steps: &[i16; 64],
    weights: &[f32; 64],
    ground: f32,
) -> f32 {
    let quantised = quantised.as_chunks().0.iter().zip(steps.as_chunks().0);
    let errors = block.as_chunks::<16>().0.iter().zip(quantised);
    let errors = errors.map(|(exact, (level, step))| {
        let [exact, level, step] = [exact, level, step].map(|list| i16x16::simd_from(simd, *list));
        // Within a step of each other, so that what wraps wraps back.
        exact - level * step
    });
    weighed(simd, errors, weights) * SCALE / ground
}

/// The sum of weighted squares.
#[inline(always)]
fn weighed<S: Simd>(simd: S, values: impl Iterator<Item = i16x16<S>>, weights: &[f32; 64]) -> f32 {
    let mut sums = f32x8::simd_from(simd, 0.0);
    for (values, weights) in values.zip(weights.as_chunks::<16>().0) {
        let (low, high) = simd.widen_i16x16(values);
        for (values, weights) in [low, high].into_iter().zip(weights.as_chunks::<8>().0) {
            let values = f32x8::float_from(values);
            sums += values * values * f32x8::simd_from(simd, *weights);
        }
    }
    <[f32; 8]>::from(sums).iter().sum()
}

/// Fixed-point squares to levels² a sample.
const SCALE: f32 = 1.0 / (64.0 * COEFFICIENT_UNIT * COEFFICIENT_UNIT);

/// Adds to `sums`, for each number of frequencies kept (1 to 8), the visible error of dropping the others of a block.
#[inline(always)]
pub(crate) fn add_lost(
    row: &BlockRow,
    index: usize,
    quant: &[u16; 64],
    weights: &[f32; 64],
    sums: &mut [f64; 9],
) {
    // The energy of each ring of frequencies, whose larger index is the ring's.
    let mut rings = [0f32; 8];
    row.each_ac(index, |position, value| {
        let value = f32::from(value) * f32::from(quant[position & 63]);
        rings[usize::from(RING[position & 63])] += value * value * weights[position & 63];
    });
    let activity: f32 = rings.iter().sum();
    let scale = PARAMETERS.lost as f32 / 64.0 / (activity / 64.0 + PARAMETERS.ground as f32);
    let mut lost = 0.0;
    for kept in (1..8).rev() {
        lost += rings[kept];
        sums[kept] += f64::from(lost * scale);
    }
}

/// The larger of the two frequencies of each zigzag position.
const RING: [u8; 64] = {
    let mut rings = [0u8; 64];
    let mut position = 0;
    while position < 64 {
        let (u, v) = (ZIGZAG[position] % 8, ZIGZAG[position] / 8);
        rings[position] = if u > v { u } else { v };
        position += 1;
    }
    rings
};
