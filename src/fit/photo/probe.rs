//! A sample of the picture at every candidate size: tiles spread over it, the same ones on every run.

use crate::fit::photo::Chroma;
use crate::fit::photo::load::Loaded;
use crate::fit::photo::model::{self, Weights};
use crate::fit::photo::planes;
use crate::jpeg::{Block, Coefficients, Inverse, Quantiser, Statistics, inverse};

/// Sampled blocks of one candidate size.
#[derive(Debug)]
pub(super) struct Probe {
    pub(super) eighths: usize,
    pub(super) luma: Vec<Block>,
    /// Both chroma components, one after the other, at each resolution that the source offers.
    pub(super) chroma: Vec<(Chroma, Vec<Block>)>,
    /// Whole picture over sample.
    pub(super) ratio: f64,
    /// Weighted error of what this size cannot show, a luma pixel.
    pub(super) lost: f64,
    /// The same of both chroma components at each resolution of `chroma`.
    pub(super) lost_chroma: Vec<f64>,
    pub(super) weights: Weights,
}

/// What one class of components costs and loses at one table factor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    /// Bits of the sample.
    pub(super) bits: f64,
    /// Weighted error a block.
    pub(super) error: f64,
}

/// Counts and judges `blocks` under `quantiser`.
pub(super) fn try_blocks(blocks: &[Block], quantiser: &Quantiser, weights: &[f32; 64]) -> Outcome {
    let mut statistics = Statistics::default();
    let mut predictor = 0;
    let mut error = 0f64;
    for block in blocks {
        let quantised = quantiser.quantise(block);
        statistics.count_block(&quantised, &mut predictor);
        error += f64::from(model::block_error(block, &quantised, quantiser, weights));
    }
    Outcome {
        bits: statistics.bits() as f64,
        error: error / blocks.len().max(1) as f64,
    }
}

/// The sample at `eighths`.
pub(super) fn probe(loaded: &Loaded, eighths: usize, view_side: u32, force_444: bool) -> Probe {
    let source = &loaded.coefficients;
    let side = f64::from(source.frame.width.max(source.frame.height));
    // View pixels for one of the source.
    let view = (f64::from(view_side) / side).min(1.0);
    let weights = Weights::new(eighths as f64 / 8.0 / view);
    let tiles = tiles(source);
    let chromas = offered(source, eighths, force_444);
    let colour = source.planes.len() == 3;
    let (mut luma, mut chroma) = (Vec::new(), Vec::new());
    let ratio;
    if tiles.is_empty() {
        luma = whole(source, 0, eighths, Chroma::Full);
        for &choice in chromas.iter().filter(|_| colour) {
            let mut blocks = whole(source, 1, eighths, choice);
            blocks.extend(whole(source, 2, eighths, choice));
            chroma.push((choice, blocks));
        }
        ratio = 1.0;
    } else {
        for &tile in &tiles {
            sample(source, 0, tile, eighths, 1, &mut luma);
        }
        for &choice in chromas.iter().filter(|_| colour) {
            let mut blocks = Vec::new();
            for index in 1..3 {
                for &tile in &tiles {
                    sample(source, index, tile, eighths, choice.step(), &mut blocks);
                }
            }
            chroma.push((choice, blocks));
        }
        let whole = f64::from(source.frame.width) * f64::from(source.frame.height);
        ratio = whole / (tiles.len() * TILE * TILE) as f64;
    }
    let frame = &source.frame;
    let lost = lost(source, 0, &tiles, eighths, view)
        + stretch(frame.width, frame.height, eighths, view) * model::PARAMETERS.stretch;
    let lost_chroma = chroma.iter().map(|(choice, _)| {
        let part = &frame.components[1];
        let kept = (eighths * frame.h_max)
            .div_ceil(part.h * choice.step())
            .min(8);
        self::lost(source, 1, &tiles, kept, view) + self::lost(source, 2, &tiles, kept, view)
    });
    let lost_chroma = lost_chroma.collect();
    Probe {
        eighths,
        luma,
        chroma,
        ratio,
        lost,
        lost_chroma,
        weights,
    }
}

/// Chroma resolutions that come out of the source's blocks without being made up.
fn offered(source: &Coefficients, eighths: usize, force_444: bool) -> Vec<Chroma> {
    let frame = &source.frame;
    let Some(chroma) = frame.components.get(1) else {
        return vec![Chroma::Full];
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
/// Tiles wanted.
const WANTED_TILES: usize = 56;

/// Left and top of the sampled tiles in tiles; none where the picture is so small that the whole is the sample.
fn tiles(source: &Coefficients) -> Vec<(usize, usize)> {
    let frame = &source.frame;
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

/// The blocks of one tile of one component.
fn sample(
    source: &Coefficients,
    index: usize,
    (x, y): (usize, usize),
    eighths: usize,
    step: usize,
    blocks: &mut Vec<Block>,
) {
    let frame = &source.frame;
    let part = &frame.components[index];
    let (source_w, source_h) = (
        TILE / 8 * part.h / frame.h_max,
        TILE / 8 * part.v / frame.v_max,
    );
    let side = TILE / 8 * eighths / step;
    // What each block gives; at odd eighths and half chroma twice as much, then averaged.
    let (across, halve_w) = whole_samples(side, source_w);
    let (down, halve_h) = whole_samples(side, source_h);
    let size = Inverse {
        width: across,
        height: down,
    };
    let stride = across * source_w;
    let mut samples = vec![0u8; stride * down * source_h];
    for row in 0..source_h {
        let target = &mut samples[row * down * stride..][..down * stride];
        inverse(
            &source.planes[index],
            size,
            y * source_h + row,
            x * source_w,
            source_w,
            target,
            stride,
        );
    }
    let mut plane = planes::Plane {
        width: stride,
        height: down * source_h,
        samples,
    };
    if halve_w || halve_h || plane.width != side || plane.height != side {
        plane = planes::resize(&plane, side, side);
    }
    let mut layout = planes::layout(std::slice::from_ref(&plane), Chroma::Full, 1);
    blocks.append(&mut layout.components[0]);
}

fn whole_samples(side: usize, blocks: usize) -> (usize, bool) {
    (
        side.div_ceil(blocks).clamp(1, 8),
        !side.is_multiple_of(blocks),
    )
}

fn whole(source: &Coefficients, index: usize, eighths: usize, chroma: Chroma) -> Vec<Block> {
    let plane = planes::component(source, index, eighths, chroma);
    let mut layout = planes::layout(std::slice::from_ref(&plane), Chroma::Full, 1);
    layout.components.swap_remove(0)
}

/// Weighted error of the frequencies of component `index` that `kept` of eight per block drop, a block.
fn lost(
    source: &Coefficients,
    index: usize,
    tiles: &[(usize, usize)],
    kept: usize,
    view: f64,
) -> f64 {
    let plane = &source.planes[index];
    let part = &source.frame.components[index];
    let density = part.h as f64 / source.frame.h_max as f64 / view;
    let weights = Weights::new(density);
    let weights = if index == 0 {
        &weights.luma
    } else {
        &weights.chroma
    };
    let corner = plane.corner;
    let (mut sum, mut count) = (0f64, 0u64);
    let mut add = |row: usize, first: usize, blocks: usize| {
        let length = corner * corner;
        for block in plane.rows[row][first * length..(first + blocks) * length].chunks_exact(length)
        {
            sum += f64::from(model::lost_error(
                block,
                corner,
                &plane.quant,
                kept,
                weights,
            ));
            count += 1;
        }
    };
    if tiles.is_empty() {
        for row in 0..plane.rows.len() {
            add(row, 0, part.blocks_w);
        }
    }
    let (across, down) = (
        TILE / 8 * part.h / source.frame.h_max,
        TILE / 8 * part.v / source.frame.v_max,
    );
    for (x, y) in tiles {
        for row in 0..down {
            add(y * down + row, x * across, across);
        }
    }
    sum / count.max(1) as f64
}

/// How far the nearest whole size stretches the picture, in view pixels at its far edges, squared.
fn stretch(width: u32, height: u32, eighths: usize, view: f64) -> f64 {
    let miss = |length: u32| {
        let exact = f64::from(length) * eighths as f64 / 8.0;
        (planes::scaled(length as usize, eighths) as f64 - exact) / exact * f64::from(length) * view
    };
    miss(width).powi(2) + miss(height).powi(2)
}
