//! Quantisation tables in fine steps, and quantisation (T.81 A.3.4).

use super::ZIGZAG;
use super::dct::{Block, COEFFICIENT_UNIT};

/// A table in zigzag order, each step 1 to 255 as baseline demands.
pub(crate) type QuantTable = [u8; 64];

/// Steps for luma at `factor` times the table of T.81 K.1 (1.0 is the usual quality 50).
pub(crate) fn luma_table(factor: f64) -> QuantTable {
    scaled(&LUMA, factor)
}

/// Steps for chroma at `factor` times the table of T.81 K.2.
pub(crate) fn chroma_table(factor: f64) -> QuantTable {
    scaled(&CHROMA, factor)
}

/// How many times the table of T.81 K.1 the steps of a luma table are, by their sums.
pub(crate) fn factor_of(table: &QuantTable) -> f64 {
    let sum = |list: &[u8; 64]| list.iter().map(|&step| f64::from(step)).sum::<f64>();
    sum(table) / sum(&LUMA)
}

/// The usual quality number, 1 to 100, whose tables are nearest to `factor`.
pub(crate) fn quality_of(factor: f64) -> u8 {
    let quality = if factor <= 1.0 {
        100.0 - 50.0 * factor
    } else {
        50.0 / factor
    };
    quality.round().clamp(1.0, 100.0) as u8
}

/// A table ready for quantising blocks of fixed-point coefficients.
#[derive(Clone, Debug)]
pub(crate) struct Quantiser {
    pub(crate) table: QuantTable,
    /// 2^16 / (step × unit), rounded.
    reciprocal: [u16; 64],
    /// What is added before the division: half a step less the dead zone.
    bias: [u16; 64],
}

impl Quantiser {
    /// `rounding` is what is added before truncation at each zigzag position, in steps: 0.5 rounds to nearest, less
    /// widens the dead zone.
    pub(crate) fn new(table: QuantTable, rounding: &[f32; 64]) -> Self {
        let unit = COEFFICIENT_UNIT;
        Self {
            table,
            reciprocal: std::array::from_fn(|i| {
                (65_536.0 / (f32::from(table[i]) * unit)).round() as u16
            }),
            bias: std::array::from_fn(|i| {
                (f32::from(table[i]) * unit * rounding[i]).round() as u16
            }),
        }
    }

    /// Quantises a coefficient of `steps` steps of `step` each at a zigzag position.
    #[inline(always)]
    pub(crate) fn quantise_one(&self, position: usize, steps: i16, step: u16) -> i16 {
        let at = position & 63;
        if u16::from(self.table[at]) == step {
            return steps.clamp(-MOST_LEVEL, MOST_LEVEL);
        }
        let size = u32::from(steps.unsigned_abs()).saturating_mul(u32::from(step) * UNIT);
        let size = size.min(u32::from(u16::MAX - self.bias[at]));
        let level = ((size + u32::from(self.bias[at])) * u32::from(self.reciprocal[at])) >> 16;
        let level = (level as i16).min(MOST_LEVEL);
        if steps < 0 { -level } else { level }
    }

    /// Quantises one block.
    #[inline(always)]
    pub(crate) fn quantise(&self, block: &Block) -> Block {
        let mut quantised = [0i16; 64];
        for i in 0..64 {
            let value = block[i];
            let sign = value >> 15;
            let size = (value ^ sign).wrapping_sub(sign) as u16;
            let level = ((u32::from(size.wrapping_add(self.bias[i]))
                * u32::from(self.reciprocal[i]))
                >> 16) as u16;
            quantised[i] = (level as i16 ^ sign).wrapping_sub(sign);
        }
        quantised
    }
}

/// [`COEFFICIENT_UNIT`] as an integer.
const UNIT: u32 = COEFFICIENT_UNIT as u32;

/// The largest level of 8-bit baseline coding (T.81 F.1.2.2.1: ten bits of AC magnitude).
const MOST_LEVEL: i16 = 1023;

fn scaled(base: &[u8; 64], factor: f64) -> QuantTable {
    std::array::from_fn(|position| {
        let step = f64::from(base[usize::from(ZIGZAG[position])]) * factor;
        step.round().clamp(1.0, 255.0) as u8
    })
}

/// T.81 table K.1, natural order.
const LUMA: [u8; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113,
    92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];

/// T.81 table K.2, natural order.
const CHROMA: [u8; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
];
