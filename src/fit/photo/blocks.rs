//! The blocks of a finished picture, row of MCUs by row: transformed out of planes, or the source's own.

use fearless_simd::Simd;

use crate::fit::photo::Chroma;
use crate::fit::photo::planes::Plane;
use crate::jpeg::{
    Block, BlockRow, Coefficients, QuantTable, Quantiser, Shape, Statistics, Tokens, forward,
    on_this_processor,
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
        let rows = self.shape().mcus().1;
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

    /// Every `step`-th row of MCUs, to be quantised again and again; with the share of the whole that they are.
    pub(super) fn sample(&self, step: usize) -> Sampled {
        let mut sampled = Sampled::default();
        let (across, rows) = self.shape().mcus();
        let mut taken = 0;
        let (h, v) = self.shape().sampling();
        let most = rows.div_ceil(step) * across;
        let each = [most * h * v, most, most];
        let parts = if self.shape().colour { 3 } else { 1 };
        for (list, most) in sampled.components.iter_mut().zip(each).take(parts) {
            list.reserve_exact(most);
        }
        // The middle row of each run of `step`, the last run being shorter.
        for row in (step / 2..rows.max(step / 2 + 1)).step_by(step) {
            let row = row.min(rows - 1);
            taken += 1;
            on_this_processor!(simd => self.sample_row(simd, row, &mut sampled));
        }
        sampled.share = (taken * across) as f64 / (rows * across) as f64;
        sampled
    }

    #[inline(always)]
    fn sample_row<S: Simd>(&self, simd: S, row: usize, sampled: &mut Sampled) {
        match self {
            Self::Planes {
                planes,
                orientation,
                shape,
            } => each_block(
                simd,
                planes,
                *orientation,
                *shape,
                row,
                #[inline(always)]
                |index: usize, block: &Block| {
                    sampled.components[index.min(2)].push(*block);
                },
            ),
            Self::Kept { source, shape, .. } => {
                each_kept(
                    source,
                    *shape,
                    row,
                    #[inline(always)]
                    |index: usize, row: &BlockRow, at: usize| {
                        let block = unquantised(&row.block(at), &source.planes[index].quant);
                        sampled.components[index.min(2)].push(block);
                    },
                );
            }
        }
    }
}

/// Blocks of a sample of rows, by component.
#[derive(Debug, Default)]
pub(super) struct Sampled {
    components: [Vec<Block>; 3],
    pub(super) share: f64,
}

impl Sampled {
    /// Bits of the sample under the best Huffman tables for it.
    pub(super) fn bits(&self, quantisers: &[Quantiser; 2]) -> u64 {
        on_this_processor!(self.count(quantisers))
    }

    #[inline(always)]
    fn count(&self, quantisers: &[Quantiser; 2]) -> u64 {
        let mut statistics = [Statistics::default(), Statistics::default()];
        for (index, blocks) in self.components.iter().enumerate() {
            let quantiser = &quantisers[index.min(1)];
            let mut predictor = 0;
            for block in blocks {
                statistics[index.min(1)].count_block(&quantiser.quantise(block), &mut predictor);
            }
        }
        let chroma = !self.components[1].is_empty();
        statistics[0].bits() + if chroma { statistics[1].bits() } else { 0 }
    }
}

/// A source block in the units of transformed ones.
#[inline(always)]
pub(super) fn unquantised(block: &[i16; 64], quant: &[u16; 64]) -> Block {
    std::array::from_fn(|position| {
        let value = i32::from(block[position]) * i32::from(quant[position]).min(2047) * 16;
        value.clamp(-32_767, 32_767) as i16
    })
}

/// The blocks of one row of MCUs in the order of the scan, with the component of each.
#[inline(always)]
fn each_block<S: Simd>(
    simd: S,
    planes: &[Plane],
    orientation: u8,
    shape: Shape,
    row: usize,
    mut each: impl FnMut(usize, &Block),
) {
    let (h, v) = shape.sampling();
    for mcu in 0..shape.mcus().0 {
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
    mut each: impl FnMut(usize, &BlockRow, usize),
) {
    let (h, v) = shape.sampling();
    for mcu in 0..shape.mcus().0 {
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
