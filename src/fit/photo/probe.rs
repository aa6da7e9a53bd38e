//! A sample of the picture at a candidate size: tiles spread over it, the same ones on every run.

use fearless_simd::Simd;

use crate::fit::photo::Chroma;
use crate::fit::photo::blocks::{transformed, unquantised};
use crate::fit::photo::model::{self, Weights};
use crate::fit::photo::planes::{self, Plane};
use crate::fit::photo::tables::{Fineness, GRID, grid, quantisers};
use crate::jpeg::{
    Block, COEFFICIENT_UNIT, Coefficients, Frame, Inverse, QuantTable, Quantiser, Statistics,
    inverse, on_this_processor,
};

/// Sampled blocks of one candidate size.
#[derive(Debug)]
pub(super) struct Probe {
    luma: Class,
    /// Both chroma components, one after the other, at each resolution that the source offers.
    chroma: Vec<(Chroma, Class)>,
    /// Whole picture over sample.
    pub(super) ratio: f64,
    /// What of the error comes of a size that is no whole number of samples.
    pub(super) stretch: f64,
    weights: Weights,
    pub(super) floor: Option<[QuantTable; 2]>,
}

/// The blocks that share tables, and what is known of them.
#[derive(Debug)]
struct Class {
    blocks: Vec<Block>,
    /// Of each block, how busy it is.
    grounds: Vec<f32>,
    known: [Option<Outcome>; GRID],
    /// Weighted error of what the size cannot show, a block.
    lost: f64,
}

/// What one class of components costs and loses at one table factor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    /// Bits of the sample.
    pub(super) bits: f64,
    /// Weighted error a block.
    pub(super) error: f64,
}

impl Class {
    fn new(blocks: Vec<Block>, lost: f64) -> Self {
        Self {
            blocks,
            grounds: Vec::new(),
            known: [None; GRID],
            lost,
        }
    }

    fn at(&mut self, step: usize, quantiser: &Quantiser, weights: &[f32; 64]) -> Outcome {
        if self.grounds.is_empty() {
            let blocks = &self.blocks;
            self.grounds = on_this_processor!(simd => grounds(simd, blocks, weights));
        }
        let (blocks, grounds) = (&self.blocks, &self.grounds);
        *self.known[step].get_or_insert_with(
            || on_this_processor!(simd => try_blocks(simd, blocks, grounds, quantiser, weights)),
        )
    }
}

impl Probe {
    /// The chroma resolutions to choose from; none where there is no chroma.
    pub(super) fn chromas(&self) -> impl Iterator<Item = Chroma> + '_ {
        self.chroma.iter().map(|(choice, _)| *choice)
    }

    /// Bits and error at a step of the grid of factors, with the chroma of that index.
    pub(super) fn outcome(&mut self, step: usize, chroma: Option<usize>) -> Outcome {
        let [for_luma, for_chroma] = quantisers(Fineness::of(grid(step)), self.floor.as_ref());
        let luma = self.luma.at(step, &for_luma, &self.weights.luma);
        let mut bits = luma.bits;
        let mut error = luma.error + self.luma.lost;
        if let Some((_, class)) = chroma.and_then(|index| self.chroma.get_mut(index)) {
            let chroma = class.at(step, &for_chroma, &self.weights.chroma);
            bits += chroma.bits;
            error += (chroma.error * 2.0 + class.lost) * model::PARAMETERS.chroma;
        }
        Outcome { bits, error }
    }
}

#[inline(always)]
fn grounds<S: Simd>(simd: S, blocks: &[Block], weights: &[f32; 64]) -> Vec<f32> {
    let mut grounds = Vec::with_capacity(blocks.len());
    for block in blocks {
        grounds.push(model::block_ground(simd, block, weights));
    }
    grounds
}

/// Counts and judges `blocks` under `quantiser`.
#[inline(always)]
fn try_blocks<S: Simd>(
    simd: S,
    blocks: &[Block],
    grounds: &[f32],
    quantiser: &Quantiser,
    weights: &[f32; 64],
) -> Outcome {
    let mut statistics = Statistics::default();
    let steps = quantiser
        .table
        .map(|step| i16::from(step) * COEFFICIENT_UNIT as i16);
    let mut predictor = 0;
    let mut error = 0f64;
    for (block, &ground) in blocks.iter().zip(grounds) {
        let quantised = quantiser.quantise(block);
        statistics.count_block(&quantised, &mut predictor);
        let seen = model::block_error(simd, block, &quantised, &steps, weights, ground);
        error += f64::from(seen);
    }
    Outcome {
        bits: statistics.bits() as f64,
        error: error / blocks.len().max(1) as f64,
    }
}

/// What the samples of all sizes have in common.
#[derive(Debug)]
pub(super) struct Sampler {
    tiles: Vec<(usize, usize)>,
    /// View pixels for one of the source.
    view: f64,
    /// Of each component, the weighted error of keeping fewer frequencies, by their number.
    lost: Vec<[f64; 9]>,
}

impl Sampler {
    pub(super) fn new(source: &Coefficients, view_side: u32) -> Self {
        let side = f64::from(source.frame.width.max(source.frame.height));
        let view = (f64::from(view_side) / side).min(1.0);
        let tiles = tiles(&source.frame);
        let lost = (0..source.planes.len())
            .map(|index| on_this_processor!(lost(source, index, &tiles, view)))
            .collect();
        Self { tiles, view, lost }
    }

    /// The sample at `eighths`.
    pub(super) fn scaled(&self, source: &Coefficients, eighths: usize, force_444: bool) -> Probe {
        let frame = &source.frame;
        let stretch =
            stretch(frame.width, frame.height, eighths, self.view) * model::PARAMETERS.stretch;
        let luma = Class::new(
            self.blocks(source, 0, eighths, Chroma::Full),
            self.lost[0][eighths] + stretch,
        );
        let chroma = offered(frame, eighths, force_444)
            .into_iter()
            .map(|choice| {
                let part = &frame.components[1];
                let kept = (eighths * frame.h_max).div_ceil(part.h * choice.step());
                let kept = kept.clamp(1, 8);
                let mut blocks = self.blocks(source, 1, eighths, choice);
                blocks.extend(self.blocks(source, 2, eighths, choice));
                let lost = self.lost[1][kept] + self.lost[2][kept];
                (choice, Class::new(blocks, lost))
            });
        Probe {
            chroma: chroma.collect(),
            luma,
            stretch,
            ratio: self.ratio(frame),
            weights: Weights::new(eighths as f64 / 8.0 / self.view),
            floor: None,
        }
    }

    /// The sample of the source's own blocks.
    pub(super) fn kept(&self, source: &Coefficients, floor: [QuantTable; 2]) -> Probe {
        let mut classes = [Vec::new(), Vec::new()];
        let frame = &source.frame;
        // A quarter of each tile says as much as the whole of it, nearly.
        let side = if self.tiles.is_empty() {
            TILE
        } else {
            KEPT_TILE
        };
        for (index, plane) in source.planes.iter().enumerate() {
            let part = &frame.components[index];
            let blocks = &mut classes[index.min(1)];
            if self.tiles.is_empty() {
                for row in &plane.rows {
                    blocks
                        .extend((0..row.len()).map(|at| unquantised(&row.block(at), &plane.quant)));
                }
            }
            let (across, down) = (
                side / 8 * part.h / frame.h_max,
                side / 8 * part.v / frame.v_max,
            );
            let (tile_w, tile_h) = (
                TILE / 8 * part.h / frame.h_max,
                TILE / 8 * part.v / frame.v_max,
            );
            for (x, y) in &self.tiles {
                for row in &plane.rows[y * tile_h..y * tile_h + down] {
                    let places = x * tile_w..x * tile_w + across;
                    blocks.extend(places.map(|at| unquantised(&row.block(at), &plane.quant)));
                }
            }
        }
        let [luma, chroma] = classes;
        let ratio = self.ratio(frame) * ((TILE * TILE) as f64 / (side * side) as f64);
        Probe {
            luma: Class::new(luma, 0.0),
            stretch: 0.0,
            chroma: if chroma.is_empty() {
                Vec::new()
            } else {
                vec![(Chroma::Kept, Class::new(chroma, 0.0))]
            },
            ratio: if self.tiles.is_empty() { 1.0 } else { ratio },
            weights: Weights::new(1.0 / self.view),
            floor: Some(floor),
        }
    }

    fn ratio(&self, frame: &Frame) -> f64 {
        if self.tiles.is_empty() {
            return 1.0;
        }
        let whole = f64::from(frame.width) * f64::from(frame.height);
        whole / (self.tiles.len() * TILE * TILE) as f64
    }

    fn blocks(
        &self,
        source: &Coefficients,
        index: usize,
        eighths: usize,
        chroma: Chroma,
    ) -> Vec<Block> {
        let step = if index == 0 { 1 } else { chroma.step() };
        let across = (TILE / 8 * eighths / step).div_ceil(8);
        let mut blocks = Vec::with_capacity(self.tiles.len() * across * across);
        if self.tiles.is_empty() {
            let plane = planes::component(source, index, eighths, chroma);
            on_this_processor!(simd => transform(simd, &plane, &mut blocks));
        }
        for &tile in &self.tiles {
            let plane = sample(source, index, tile, eighths, step);
            on_this_processor!(simd => transform(simd, &plane, &mut blocks));
        }
        blocks
    }
}

#[inline(always)]
fn transform<S: Simd>(simd: S, plane: &Plane, blocks: &mut Vec<Block>) {
    for top in (0..plane.height).step_by(8) {
        for left in (0..plane.width).step_by(8) {
            blocks.push(transformed(simd, plane, left, top, 1));
        }
    }
}

/// Chroma resolutions that come out of the source's blocks without being made up.
fn offered(frame: &Frame, eighths: usize, force_444: bool) -> Vec<Chroma> {
    let Some(chroma) = frame.components.get(1) else {
        return Vec::new();
    };
    let full = eighths * frame.h_max <= 8 * chroma.h && eighths * frame.v_max <= 8 * chroma.v;
    match (force_444, full) {
        (true, _) => vec![Chroma::Full],
        (false, true) => vec![Chroma::Full, Chroma::Quarter],
        (false, false) => vec![Chroma::Quarter],
    }
}

/// Side of a tile in source pixels: at every size a whole number of luma blocks, and of chroma blocks at half of it.
const TILE: usize = 128;
/// Side of what is taken of a tile where the blocks stay as they are.
const KEPT_TILE: usize = 64;
/// Tiles wanted.
const WANTED_TILES: usize = 30;

/// Left and top of the sampled tiles in tiles; none where the picture is so small that the whole is the sample.
fn tiles(frame: &Frame) -> Vec<(usize, usize)> {
    let (across, down) = (frame.width as usize / TILE, frame.height as usize / TILE);
    let plain = frame.components.iter().all(|c| {
        [frame.h_max / c.h * c.h, c.h] == [frame.h_max, 1.max(c.h)]
            && frame.v_max / c.v * c.v == frame.v_max
            && 16 % frame.h_max == 0
            && 16 % frame.v_max == 0
    });
    let count = across * down;
    if !plain || count <= WANTED_TILES {
        return Vec::new();
    }
    // The golden ratio spreads the choice evenly over rows and columns, whatever their number.
    let stride = ((count as f64 * 0.618_034) as usize).max(1);
    let stride = (stride..)
        .find(|&stride| gcd(stride, count) == 1)
        .unwrap_or(1);
    let mut chosen: Vec<usize> = (0..WANTED_TILES)
        .map(|index| index * stride % count)
        .collect();
    chosen.sort_unstable();
    chosen
        .into_iter()
        .map(|index| (index % across, index / across))
        .collect()
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// One tile of one component.
fn sample(
    source: &Coefficients,
    index: usize,
    (x, y): (usize, usize),
    eighths: usize,
    step: usize,
) -> Plane {
    let frame = &source.frame;
    let part = &frame.components[index];
    let (source_w, source_h) = (
        TILE / 8 * part.h / frame.h_max,
        TILE / 8 * part.v / frame.v_max,
    );
    let side = TILE / 8 * eighths / step;
    // What each block gives; at odd eighths and half chroma twice as much, then averaged.
    let whole_samples = |blocks: usize| side.div_ceil(blocks).clamp(1, 8);
    let size = Inverse {
        width: whole_samples(source_w),
        height: whole_samples(source_h),
    };
    let stride = size.width * source_w;
    let mut band = vec![0u8; stride * size.height];
    let mut plane = Plane::with_width(stride);
    for row in 0..source_h {
        let coefficients = &source.planes[index];
        let (row, first) = (y * source_h + row, x * source_w);
        inverse(coefficients, size, row, first, source_w, &mut band, stride);
        for line in band.chunks_exact(stride) {
            plane.push(line);
        }
    }
    if (plane.width, plane.height) == (side, side) {
        plane
    } else {
        planes::resize(&plane, side, side)
    }
}

/// Weighted error, a block, of dropping all but the lowest frequencies of component `index`, by the number kept.
#[inline(always)]
fn lost(source: &Coefficients, index: usize, tiles: &[(usize, usize)], view: f64) -> [f64; 9] {
    let plane = &source.planes[index];
    let frame = &source.frame;
    let part = &frame.components[index];
    let weights = Weights::new(part.h as f64 / frame.h_max as f64 / view);
    let weights = if index == 0 {
        &weights.luma
    } else {
        &weights.chroma
    };
    let (mut sums, mut count) = ([0f64; 9], 0u64);
    if tiles.is_empty() {
        for row in &plane.rows {
            for at in 0..row.len() {
                model::add_lost(row, at, &plane.quant, weights, &mut sums);
                count += 1;
            }
        }
    }
    let (across, down) = (
        TILE / 8 * part.h / frame.h_max,
        TILE / 8 * part.v / frame.v_max,
    );
    for (x, y) in tiles {
        for row in &plane.rows[y * down..(y + 1) * down] {
            for at in x * across..(x + 1) * across {
                model::add_lost(row, at, &plane.quant, weights, &mut sums);
                count += 1;
            }
        }
    }
    sums.map(|sum| sum / count.max(1) as f64)
}

/// How far samples move to make the nearest whole size, in view pixels at the far edges, squared: between two of them a
/// cubic blurs.
fn stretch(width: u32, height: u32, eighths: usize, view: f64) -> f64 {
    let miss = |length: u32| {
        let exact = f64::from(length) * eighths as f64 / 8.0;
        (planes::scaled(length as usize, eighths) as f64 - exact) / exact * f64::from(length) * view
    };
    miss(width).powi(2) + miss(height).powi(2)
}
