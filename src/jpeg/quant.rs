//! Quantisation tables in fine steps, and quantisation (T.81 A.3.4).

use super::ZIGZAG;
use super::dct::{Block, COEFFICIENT_UNIT};

/// A table in zigzag order, each step 1 to 255 as baseline demands.
pub(crate) type QuantTable = [u8; 64];

/// Steps for luma at `factor` times the table below.
pub(crate) fn luma_table(factor: f64) -> QuantTable {
    scaled(bases()[0], factor)
}

/// Steps for chroma at `factor` times the table below.
pub(crate) fn chroma_table(factor: f64) -> QuantTable {
    scaled(bases()[1], factor)
}

/// The steps of luma and chroma at factor 1.
fn bases() -> [&'static [f64; 64]; 2] {
    #[cfg(feature = "bench-internals")]
    if let Some([luma, chroma]) = OTHERS.get() {
        return [luma, chroma];
    }
    [&LUMA, &CHROMA]
}

/// Tables in place of the chosen ones, for the search that chooses them.
#[cfg(feature = "bench-internals")]
static OTHERS: std::sync::OnceLock<[[f64; 64]; 2]> = std::sync::OnceLock::new();

/// Puts others of the family in place for the rest of the process: for luma and chroma a, b and c of
/// a e^(b (u^c + v^c)). Once.
#[cfg(feature = "bench-internals")]
pub(crate) fn use_others(families: [[f64; 3]; 2]) {
    let table = |[first, spread, power]: [f64; 3]| {
        std::array::from_fn(|natural| {
            let reach = |frequency: usize| libm::pow(frequency as f64, power);
            first * libm::exp(spread * (reach(natural % 8) + reach(natural / 8)))
        })
    };
    OTHERS.get_or_init(|| families.map(table));
}

/// How many times the table of T.81 K.1 the steps of a luma table are, by their sums.
pub(crate) fn factor_of(table: &QuantTable) -> f64 {
    let sum = |list: &[u8; 64]| list.iter().map(|&step| f64::from(step)).sum::<f64>();
    sum(table) / sum(&USUAL_LUMA)
}

/// The usual quality number, 1 to 100, whose luma table is nearest to `factor` times that of T.81 K.1.
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

    /// Quantises the first coefficient of a block.
    pub(crate) fn quantise_dc(&self, value: i16) -> i16 {
        let mut block: Block = [0; 64];
        block[0] = value;
        self.quantise(&block)[0]
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

fn scaled(base: &[f64; 64], factor: f64) -> QuantTable {
    std::array::from_fn(|position| {
        let step = base[usize::from(ZIGZAG[position])] * factor;
        step.round().clamp(1.0, 255.0) as u8
    })
}

/// Steps of luma at factor 1, natural order: 16 e^(0.12 (u^1.3 + v^1.3)) for the frequencies u and v.
///
/// The pictures made here are about as large as the screen that shows them, where the highest frequencies are hardly
/// seen and colours are: the tables of T.81 K.1 and K.2, made for a screen farther away, spend on the wrong ones. Of
/// this family the parameters were searched (`benches/compare/run --tables`) on six photographs at 300 and 500 KB: SSIMULACRA2 was 84.8 on average,
/// where the tables of K.1 and K.2 gave 83.2 and N. Robidoux's 84.4. On seven others at 200 and 400 KB it was 86.8
/// after 85.8, and no case was worse.
#[rustfmt::skip]
const LUMA: [f64; 64] = [
    16.0, 18.0, 21.5, 26.4, 33.1, 42.3, 54.9, 72.1,
    18.0, 20.3, 24.2, 29.8, 37.3, 47.7, 61.9, 81.3,
    21.5, 24.2, 28.9, 35.5, 44.5, 56.9, 73.7, 96.9,
    26.4, 29.8, 35.5, 43.5, 54.6, 69.8, 90.5, 119.0,
    33.1, 37.3, 44.5, 54.6, 68.6, 87.6, 113.6, 149.3,
    42.3, 47.7, 56.9, 69.8, 87.6, 111.9, 145.1, 190.7,
    54.9, 61.9, 73.7, 90.5, 113.6, 145.1, 188.2, 247.4,
    72.1, 81.3, 96.9, 119.0, 149.3, 190.7, 247.4, 325.2,
];

/// Steps of chroma at factor 1, natural order: 9.6 e^(0.2 (u^1.1 + v^1.1)), found in the same search.
#[rustfmt::skip]
const CHROMA: [f64; 64] = [
    9.6, 11.7, 14.7, 18.8, 24.1, 31.1, 40.3, 52.6,
    11.7, 14.3, 18.0, 22.9, 29.4, 38.0, 49.3, 64.2,
    14.7, 18.0, 22.6, 28.8, 36.9, 47.7, 61.9, 80.7,
    18.8, 22.9, 28.8, 36.6, 47.0, 60.7, 78.8, 102.7,
    24.1, 29.4, 36.9, 47.0, 60.3, 77.9, 101.1, 131.8,
    31.1, 38.0, 47.7, 60.7, 77.9, 100.6, 130.6, 170.2,
    40.3, 49.3, 61.9, 78.8, 101.1, 130.6, 169.5, 221.0,
    52.6, 64.2, 80.7, 102.7, 131.8, 170.2, 221.0, 288.1,
];

/// T.81 table K.1, natural order: what quality numbers are counted by.
const USUAL_LUMA: [u8; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113,
    92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];
