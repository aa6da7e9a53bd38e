//! The blocks of a finished picture, row of MCUs by row: transformed out of planes, or the source's own.

use std::ops::Range;

use fearless_simd::Simd;

use crate::fit::photo::Chroma;
use crate::fit::photo::planes::Plane;
use crate::jpeg::{
    Block, BlockRow, COEFFICIENT_UNIT, Coefficients, QuantTable, Quantiser, Shape, Statistics,
    Tokens, forward, header_len, on_this_processor,
};

/// Where the blocks come from.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
pub(super) enum Blocks {
    /// Planes, turned as `orientation` says (1 to 8, as in EXIF).
    Planes {
        planes: Vec<Plane>,
        orientation: u8,
        shape: Shape,
    },
    /// The source's coefficients: nothing is lost where its steps stay.
    Kept {
        source: Coefficients,
        /// Its steps, of luma and chroma: finer ones would only cost bytes.
        floor: [QuantTable; 2],
        shape: Shape,
    },
}

impl Blocks {
    pub(super) fn of_planes(planes: Vec<Plane>, chroma: Chroma, orientation: u8) -> Self {
        let turned = orientation >= 5;
        let (width, height) = planes
            .first()
            .map_or((0, 0), |plane| (plane.width, plane.height));
        let (width, height) = if turned {
            (height, width)
        } else {
            (width, height)
        };
        let colour = planes.len() == 3;
        let step = if colour { chroma.step() } else { 1 };
        let shape = Shape {
            width: width as u32,
            height: height as u32,
            luma: (step, step),
            colour,
        };
        Self::Planes {
            planes,
            orientation,
            shape,
        }
    }

    pub(super) fn shape(&self) -> Shape {
        match self {
            Self::Planes { shape, .. } | Self::Kept { shape, .. } => *shape,
        }
    }

    /// Bytes of the file that do not depend on the tables.
    pub(super) fn header_len(&self) -> f64 {
        header_len(if self.shape().colour { 3 } else { 1 }) as f64
    }

    /// Steps that the tables must not go below.
    pub(super) fn floor(&self) -> Option<&[QuantTable; 2]> {
        match self {
            Self::Planes { .. } => None,
            Self::Kept { floor, .. } => Some(floor),
        }
    }

    /// Quantises everything.
    pub(super) fn tokens(&self, quantisers: &[Quantiser; 2]) -> Tokens {
        let mut tokens = Tokens::new(self.shape());
        on_this_processor!(simd => self.tokens_into(simd, quantisers, &mut tokens));
        tokens
    }

    #[inline(always)]
    fn tokens_into<S: Simd>(&self, simd: S, quantisers: &[Quantiser; 2], tokens: &mut Tokens) {
        let (across, rows) = self.shape().mcus();
        match self {
            Self::Planes {
                planes,
                orientation,
                shape,
            } => {
                for row in 0..rows {
                    each_block(
                        simd,
                        planes,
                        *orientation,
                        *shape,
                        row,
                        0..across,
                        #[inline(always)]
                        |index, block: &Block| {
                            tokens.push(index, &quantisers[index.min(1)].quantise(block));
                        },
                    );
                }
            }
            Self::Kept { source, shape, .. } => {
                for row in 0..rows {
                    each_kept(
                        source,
                        *shape,
                        row,
                        0..across,
                        #[inline(always)]
                        |index: usize, row: &BlockRow, at: usize| {
                            let (from, to) =
                                (&source.planes[index].quant, &quantisers[index.min(1)]);
                            tokens.push_kept(index, row, at, from, to);
                        },
                    );
                }
            }
        }
    }

    /// One in `step` of the picture's MCUs, spread over all of it, to be quantised again and again; with the share of the
    /// whole that they are.
    pub(super) fn sample(&self, step: usize) -> Sampled {
        let (across, rows) = self.shape().mcus();
        let (h, v) = self.shape().sampling();
        let mut sampled = Sampled::default();
        let parts = if self.shape().colour { 3 } else { 1 };
        let most = rows * across.div_ceil(step);
        for (part, each) in sampled.components.iter_mut().zip([h * v, 1, 1]).take(parts) {
            part.each = each;
            part.blocks.reserve_exact(most * each);
        }
        let mut taken = 0;
        for row in 0..rows {
            for mcu in (offset(row, step)..across).step_by(step) {
                taken += 1;
                on_this_processor!(simd => self.sample_one(simd, row, mcu, &mut sampled));
            }
        }
        sampled.share = taken as f64 / (across * rows) as f64;
        sampled
    }

    #[inline(always)]
    fn sample_one<S: Simd>(&self, simd: S, row: usize, mcu: usize, sampled: &mut Sampled) {
        let (across, _) = self.shape().mcus();
        let before = (row * across + mcu).checked_sub(1);
        let parts = sampled.components.iter_mut().enumerate();
        for (index, part) in parts.filter(|(_, part)| part.each > 0) {
            let dc = before.map_or(0, |mcu| self.last_dc(index, mcu / across, mcu % across));
            part.before.push(dc);
        }
        let mut add =
            |index: usize, block: &Block| sampled.components[index.min(2)].blocks.push(*block);
        match self {
            Self::Planes {
                planes,
                orientation,
                shape,
            } => each_block(simd, planes, *orientation, *shape, row, mcu..mcu + 1, add),
            Self::Kept { source, shape, .. } => each_kept(
                source,
                *shape,
                row,
                mcu..mcu + 1,
                #[inline(always)]
                |index: usize, row: &BlockRow, at: usize| {
                    let quant = &source.planes[index].quant;
                    add(index, &unquantised(&row.block(at), quant));
                },
            ),
        }
    }

    /// The DC coefficient of the last block that component `index` has in an MCU.
    fn last_dc(&self, index: usize, row: usize, mcu: usize) -> i16 {
        let (h, v) = match index {
            0 => self.shape().sampling(),
            _ => (1, 1),
        };
        let (across, down) = (mcu * h + h - 1, row * v + v - 1);
        match self {
            Self::Planes {
                planes,
                orientation,
                ..
            } => planes
                .get(index)
                .map_or(0, |plane| mean(plane, across * 8, down * 8, *orientation)),
            Self::Kept { source, .. } => source.planes.get(index).map_or(0, |plane| {
                whole(plane.rows[down].dc(across), plane.quant[0])
            }),
        }
    }
}

/// The first MCU that the sample takes of a row: multiples of the golden section meet every part of `step` evenly, in any
/// run of rows.
fn offset(row: usize, step: usize) -> usize {
    let part = (row as u32).wrapping_mul(0x9E37_79B9);
    ((u64::from(part) * step as u64) >> 32) as usize
}

/// Blocks of a sample of MCUs, by component.
#[derive(Debug, Default)]
pub(super) struct Sampled {
    components: [Part; 3],
    pub(super) share: f64,
}

/// What one component has in the sampled MCUs.
#[derive(Debug, Default)]
struct Part {
    blocks: Vec<Block>,
    /// How many of them an MCU has.
    each: usize,
    /// Of each MCU, the DC coefficient that its first block is told from.
    before: Vec<i16>,
}

impl Sampled {
    /// Bits of the sample under the best Huffman tables for it; of the tables' own, which do not grow with the picture, its
    /// share.
    pub(super) fn bits(&self, quantisers: &[Quantiser; 2]) -> u64 {
        on_this_processor!(self.count(quantisers))
    }

    #[inline(always)]
    fn count(&self, quantisers: &[Quantiser; 2]) -> u64 {
        let mut statistics = [Statistics::default(), Statistics::default()];
        let parts = self.components.iter().enumerate();
        for (index, part) in parts.filter(|(_, part)| part.each > 0) {
            let quantiser = &quantisers[index.min(1)];
            for (mcu, &before) in part.blocks.chunks_exact(part.each).zip(&part.before) {
                let mut predictor = quantiser.quantise_dc(before);
                for block in mcu {
                    statistics[index.min(1)]
                        .count_block(&quantiser.quantise(block), &mut predictor);
                }
            }
        }
        let chroma = !self.components[1].blocks.is_empty();
        let used = &statistics[..if chroma { 2 } else { 1 }];
        let mut sum = 0.0;
        for part in used {
            let [coded, tables] = part.parts();
            sum += coded as f64 + tables as f64 * self.share;
        }
        sum as u64
    }
}

/// A source block in the units of transformed ones.
#[inline(always)]
pub(super) fn unquantised(block: &[i16; 64], quant: &[u16; 64]) -> Block {
    std::array::from_fn(|position| whole(block[position], quant[position]))
}

/// One of its coefficients.
#[inline(always)]
fn whole(level: i16, step: u16) -> i16 {
    let value = i32::from(level) * i32::from(step).min(2047) * COEFFICIENT_UNIT as i32;
    value.clamp(-32_767, 32_767) as i16
}

/// The blocks of one row of MCUs in the order of the scan, with the component of each.
#[inline(always)]
fn each_block<S: Simd>(
    simd: S,
    planes: &[Plane],
    orientation: u8,
    shape: Shape,
    row: usize,
    mcus: Range<usize>,
    mut each: impl FnMut(usize, &Block),
) {
    let (h, v) = shape.sampling();
    for mcu in mcus {
        for (index, plane) in planes.iter().enumerate() {
            let (h, v) = if index == 0 { (h, v) } else { (1, 1) };
            for y in 0..v {
                for x in 0..h {
                    let (left, top) = ((mcu * h + x) * 8, (row * v + y) * 8);
                    each(index, &transformed(simd, plane, left, top, orientation));
                }
            }
        }
    }
}

/// The same of coefficients as they are: the row and the place in it.
#[inline(always)]
fn each_kept(
    source: &Coefficients,
    shape: Shape,
    row: usize,
    mcus: Range<usize>,
    mut each: impl FnMut(usize, &BlockRow, usize),
) {
    let (h, v) = shape.sampling();
    for mcu in mcus {
        for (index, plane) in source.planes.iter().enumerate() {
            let (h, v) = if index == 0 { (h, v) } else { (1, 1) };
            for y in 0..v {
                for x in 0..h {
                    each(index, &plane.rows[row * v + y], mcu * h + x);
                }
            }
        }
    }
}

/// The 8 × 8 samples at (left, top) of the upright plane, transformed; past the edges the last ones repeat.
#[inline(always)]
pub(super) fn transformed<S: Simd>(
    simd: S,
    plane: &Plane,
    left: usize,
    top: usize,
    orientation: u8,
) -> Block {
    if orientation == 1
        && let Some(samples) = plane.block(left, top / 8)
    {
        return forward(simd, samples);
    }
    forward(simd, turned(plane, left, top, orientation).each_ref())
}

/// The DC coefficient of the same block, up to rounding.
fn mean(plane: &Plane, left: usize, top: usize, orientation: u8) -> i16 {
    let samples = match plane.block(left, top / 8) {
        Some(samples) if orientation == 1 => samples.map(|line| *line),
        _ => turned(plane, left, top, orientation),
    };
    let line = |samples: [u8; 8]| samples.iter().map(|&it| i32::from(it)).sum::<i32>();
    let sum: i32 = samples.into_iter().map(line).sum();
    ((sum - 64 * 128) * COEFFICIENT_UNIT as i32 / 8) as i16
}

#[inline(never)]
fn turned(plane: &Plane, left: usize, top: usize, orientation: u8) -> [[u8; 8]; 8] {
    let (last_x, last_y) = (plane.width - 1, plane.height - 1);
    std::array::from_fn(|y| {
        std::array::from_fn(|x| {
            let (x, y) = (left + x, top + y);
            let (x, y) = if orientation >= 5 {
                (x.min(last_y), y.min(last_x))
            } else {
                (x.min(last_x), y.min(last_y))
            };
            let (x, y) = match orientation {
                2 => (last_x - x, y),
                3 => (last_x - x, last_y - y),
                4 => (x, last_y - y),
                5 => (y, x),
                6 => (y, last_y - x),
                7 => (last_x - y, last_y - x),
                8 => (last_x - y, x),
                _ => (x, y),
            };
            plane.line(y)[x]
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::photo::tables::{Fineness, quantisers};

    /// A plane of slopes and grain.
    fn plane(width: usize, height: usize) -> Plane {
        let mut plane = Plane::with_width(width);
        for y in 0..height {
            let line: Vec<u8> = (0..width)
                .map(|x| (x * 3 + y * 2 + x * y * 7 % 31) as u8)
                .collect();
            plane.push(&line);
        }
        plane
    }

    #[test]
    fn a_sample_of_everything_has_the_bits_of_the_whole() {
        for (parts, chroma) in [(1, Chroma::Full), (3, Chroma::Full), (3, Chroma::Quarter)] {
            for orientation in [1, 6] {
                let step = chroma.step();
                let planes = (0..parts).map(|index| match index {
                    0 => plane(83, 45),
                    _ => plane(83usize.div_ceil(step), 45usize.div_ceil(step)),
                });
                let blocks = Blocks::of_planes(planes.collect(), chroma, orientation);
                let quantisers = quantisers(Fineness::of(0.4), None);
                let tokens = blocks.tokens(&quantisers);
                let whole: u64 = tokens.statistics().iter().map(Statistics::bits).sum();
                let sample = blocks.sample(1);
                assert_eq!(sample.share, 1.0);
                assert_eq!(
                    sample.bits(&quantisers),
                    whole,
                    "{parts} {chroma:?} {orientation}"
                );
            }
        }
    }

    #[test]
    fn a_sample_meets_all_parts_of_the_picture_alike() {
        for step in 1..=12 {
            let mut met = vec![0; step];
            for row in 0..step * 12 {
                met[offset(row, step)] += 1;
            }
            assert!(
                met.iter().all(|count| (10..=14).contains(count)),
                "{step}: {met:?}"
            );
        }
    }
}
