//! How visible an error is: weighed by frequency on the screen, less where the picture is busy.
//!
//! The constants come from a random search that compared this model's choices with the SSIMULACRA2 scores of every
//! candidate on five photographs at 300 KB, 500 KB and 1 MB.

use crate::jpeg::{Block, COEFFICIENT_UNIT, Quantiser, ZIGZAG};

/// Parameters of the model; the defaults are the calibrated ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameters {
    /// Frequency in cycles a view pixel at which an error counts half.
    pub(crate) half: f64,
    /// How steeply the weight falls past it.
    pub(crate) fall: f64,
    /// Mean square of the error that is visible on a flat ground, in levels².
    pub(crate) ground: f64,
    /// Weight of a chroma error against luma's.
    pub(crate) chroma: f64,
    /// Weight of lost detail against noise.
    pub(crate) lost: f64,
    /// Weight of a stretch by one view pixel over the picture.
    pub(crate) stretch: f64,
}

/// The calibrated parameters.
pub(crate) const PARAMETERS: Parameters = Parameters {
    half: 0.15,
    fall: 1.0,
    ground: 92.0,
    chroma: 0.25,
    lost: 4.1,
    stretch: 0.34,
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
                let frequency = u.hypot(v) / 16.0 * density;
                let weight = 1.0 / (1.0 + (frequency / half).powf(PARAMETERS.fall));
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

/// The visible error of one quantised block.
#[inline(always)]
pub(crate) fn block_error(
    block: &Block,
    quantised: &Block,
    quantiser: &Quantiser,
    weights: &[f32; 64],
) -> f32 {
    let unit = COEFFICIENT_UNIT as i32;
    let (mut errors, mut activity) = ([0f32; 8], [0f32; 8]);
    for i in 0..64 {
        let step = i32::from(quantiser.table[i]) * unit;
        let error = (i32::from(block[i]) - i32::from(quantised[i]) * step) as f32;
        errors[i & 7] += error * error * weights[i];
        if i > 0 {
            let value = f32::from(block[i]);
            activity[i & 7] += value * value * weights[i];
        }
    }
    let scale = 1.0 / (64.0 * COEFFICIENT_UNIT * COEFFICIENT_UNIT);
    let (error, activity) = (
        errors.iter().sum::<f32>() * scale,
        activity.iter().sum::<f32>() * scale,
    );
    error / (activity + PARAMETERS.ground as f32)
}

/// The visible error of dropping what lies outside the lowest `kept` × `kept` frequencies of a source block.
pub(crate) fn lost_error(
    block: &[i16],
    corner: usize,
    quant: &[u16; 64],
    kept: usize,
    weights: &[f32; 64],
) -> f32 {
    let (mut lost, mut activity) = (0f32, 0f32);
    for v in 0..corner {
        for u in 0..corner {
            if u + v == 0 {
                continue;
            }
            let value = f32::from(block[v * corner + u]) * f32::from(quant[v * 8 + u]);
            let energy = value * value * weights[usize::from(POSITION[v * 8 + u])];
            activity += energy;
            if u >= kept || v >= kept {
                lost += energy;
            }
        }
    }
    lost / 64.0 / (activity / 64.0 + PARAMETERS.ground as f32) * PARAMETERS.lost as f32
}

/// Zigzag position of each natural index.
const POSITION: [u8; 64] = {
    let mut positions = [0u8; 64];
    let mut position = 0;
    while position < 64 {
        positions[ZIGZAG[position] as usize] = position as u8;
        position += 1;
    }
    positions
};
