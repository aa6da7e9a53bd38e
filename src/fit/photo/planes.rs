//! Component planes: out of coefficients at any scale, and resized.

use crate::fit::photo::Chroma;
use crate::jpeg::{
    BlockRow, CoefficientPlane, Coefficients, Frame, Inverse, inverse, on_this_processor,
};

/// Samples of one component, in strips of eight lines: each takes the memory that rows of coefficients have left, and a
/// row of blocks lies in one.
#[derive(Clone, Debug)]
pub(super) struct Plane {
    pub(super) width: usize,
    pub(super) height: usize,
    strips: Vec<Vec<u8>>,
}

/// Lines of a strip.
const STRIP: usize = 8;

impl Plane {
    /// A plane without lines yet.
    pub(super) fn with_width(width: usize) -> Self {
        Self {
            width,
            height: 0,
            strips: Vec::new(),
        }
    }

    /// Appends a line, of which the plane's width is taken.
    pub(super) fn push(&mut self, line: &[u8]) {
        if self.height.is_multiple_of(STRIP) {
            self.strips.push(Vec::with_capacity(self.width * STRIP));
        }
        if let Some(strip) = self.strips.last_mut() {
            strip.extend_from_slice(&line[..self.width]);
        }
        self.height += 1;
    }

    /// One line.
    pub(super) fn line(&self, y: usize) -> &[u8] {
        &self.strips[y / STRIP][y % STRIP * self.width..][..self.width]
    }

    /// The lines from top to bottom.
    pub(super) fn lines_mut(&mut self) -> impl Iterator<Item = &mut [u8]> {
        let width = self.width;
        let strips = self.strips.iter_mut();
        strips.flat_map(move |strip| strip.chunks_exact_mut(width))
    }

    /// The eight lines of row `row` of blocks, from `left` on: where the plane has eight.
    #[inline(always)]
    pub(super) fn block(&self, left: usize, row: usize) -> Option<[&[u8; 8]; 8]> {
        let strip = self.strips.get(row)?.get(left..)?;
        if left + 8 > self.width || strip.len() < 7 * self.width + 8 {
            return None;
        }
        Some(std::array::from_fn(|y| {
            let line = strip.get(y * self.width..).unwrap_or_default();
            line.first_chunk::<8>().unwrap_or(&[0; 8])
        }))
    }
}

/// Component `index` at `eighths` of the frame's size, chroma reduced as `chroma` says.
pub(super) fn component(
    source: &Coefficients,
    index: usize,
    eighths: usize,
    chroma: Chroma,
) -> Plane {
    let plane = &source.planes[index];
    let mut scaler = Scaler::new(&source.frame, index, eighths, chroma);
    for row in 0..plane.rows.len() {
        scaler.add(plane, row);
    }
    scaler.finish()
}

/// The same of all components; their coefficients go as they are used.
pub(super) fn all(source: Coefficients, eighths: usize, chroma: Chroma) -> Vec<Plane> {
    let Coefficients { frame, planes, .. } = source;
    let scaled = planes.into_iter().enumerate().map(|(index, mut plane)| {
        let mut scaler = Scaler::new(&frame, index, eighths, chroma);
        for row in 0..plane.rows.len() {
            scaler.add(&plane, row);
            plane.rows[row] = BlockRow::default();
        }
        scaler.finish()
    });
    scaled.collect()
}

/// Scales one component row by row.
struct Scaler {
    size: Inverse,
    blocks_w: usize,
    band: Vec<u8>,
    stride: usize,
    /// What is kept of the blocks' samples.
    kept: Plane,
    /// Its lines in the end.
    keep_h: usize,
    /// What it is resized to, by how many of its samples for one.
    width: usize,
    height: usize,
    ratio_w: f64,
    ratio_h: f64,
}

impl Scaler {
    fn new(frame: &Frame, index: usize, eighths: usize, chroma: Chroma) -> Self {
        let part = &frame.components[index];
        let step = if index == 0 { 1 } else { chroma.step() };
        let luma_w = scaled(frame.width as usize, eighths);
        let luma_h = scaled(frame.height as usize, eighths);
        let (width, height) = (luma_w.div_ceil(step), luma_h.div_ceil(step));
        // Samples that each block has to give, in units of 1/(factor × step).
        let across = block_samples(eighths * frame.h_max, part.h * step);
        let down = block_samples(eighths * frame.v_max, part.v * step);
        // A length that is no whole number of samples is still shown whole: the sizes differ by as much.
        let ratio_w = ratio(part.width * across, luma_w, step);
        let ratio_h = ratio(part.height * down, luma_h, step);
        let (keep_w, keep_h) = if ratio_w == 1.0 && ratio_h == 1.0 {
            (width, height)
        } else {
            (
                (part.width * across).div_ceil(8),
                (part.height * down).div_ceil(8),
            )
        };
        let stride = part.blocks_w * across;
        Self {
            size: Inverse {
                width: across,
                height: down,
            },
            blocks_w: part.blocks_w,
            band: vec![0; stride * down],
            stride,
            kept: Plane::with_width(keep_w),
            keep_h,
            width,
            height,
            ratio_w,
            ratio_h,
        }
    }

    fn add(&mut self, plane: &CoefficientPlane, row: usize) {
        if self.kept.height >= self.keep_h {
            return;
        }
        let (band, stride) = (&mut self.band, self.stride);
        inverse(plane, self.size, row, 0, self.blocks_w, band, stride);
        let missing = self.keep_h - self.kept.height;
        for line in band.chunks_exact(stride).take(missing) {
            self.kept.push(line);
        }
    }

    fn finish(self) -> Plane {
        if self.ratio_w == 1.0 && self.ratio_h == 1.0 {
            return self.kept;
        }
        let across = Taps::new(self.kept.width, self.ratio_w, self.width);
        let down = Taps::new(self.kept.height, self.ratio_h, self.height);
        on_this_processor!(resized(&self.kept, &across, &down))
    }
}

/// `length` at `eighths`, to the nearest sample so that the picture is not stretched, at least one.
pub(super) fn scaled(length: usize, eighths: usize) -> usize {
    ((length * eighths + 4) / 8).max(1)
}

/// How many samples a block gives for a ratio of `numerator / denominator`: that or the next above.
fn block_samples(numerator: usize, denominator: usize) -> usize {
    numerator.div_ceil(denominator).clamp(1, 8)
}

/// Samples made, in eighths of one, for each that a plane `step` times smaller than luma's `length` has; 1 where they
/// miss each other by less than is ever seen.
fn ratio(made: usize, length: usize, step: usize) -> f64 {
    let (made, wanted) = (made as f64 / 8.0, length as f64 / step as f64);
    if (made - wanted).abs() < UNSEEN {
        1.0
    } else {
        made / wanted
    }
}

/// Samples at the far edge by which a picture may be stretched.
const UNSEEN: f64 = 0.04;

/// Area-averages or interpolates a plane to another size.
pub(super) fn resize(plane: &Plane, width: usize, height: usize) -> Plane {
    let ratio = |source: usize, target: usize| source as f64 / target as f64;
    let across = Taps::new(plane.width, ratio(plane.width, width), width);
    let down = Taps::new(plane.height, ratio(plane.height, height), height);
    on_this_processor!(resized(plane, &across, &down))
}

#[inline(always)]
fn resized(plane: &Plane, across: &Taps, down: &Taps) -> Plane {
    let width = across.first.len();
    let mut result = Plane::with_width(width);
    let mut line = vec![0f32; plane.width];
    let mut target = vec![0u8; width];
    for index in 0..down.first.len() {
        let (first, weights) = down.of(index);
        line.fill(0.5);
        for (offset, weight) in weights.iter().enumerate() {
            for (sum, &sample) in line.iter_mut().zip(plane.line(first + offset)) {
                *sum += weight * f32::from(sample);
            }
        }
        match across.count {
            1 if across.is_still => {
                for (sample, &value) in target.iter_mut().zip(&line) {
                    *sample = value as u8;
                }
            }
            2 => narrow::<2>(&line, across, &mut target),
            3 => narrow::<3>(&line, across, &mut target),
            4 => narrow::<4>(&line, across, &mut target),
            5 => narrow::<5>(&line, across, &mut target),
            _ => {
                for (index, sample) in target.iter_mut().enumerate() {
                    let (first, weights) = across.of(index);
                    let products = weights.iter().zip(&line[first..]);
                    let sum: f32 = products.map(|(weight, value)| weight * value).sum();
                    *sample = sum as u8;
                }
            }
        }
        result.push(&target);
    }
    result
}

/// One line resized, where every sample is made of `COUNT` others.
#[inline(always)]
fn narrow<const COUNT: usize>(line: &[f32], across: &Taps, target: &mut [u8]) {
    let weights = across.weights.as_chunks::<COUNT>().0;
    for ((sample, &first), weights) in target.iter_mut().zip(&across.first).zip(weights) {
        let values = line.get(first as usize..).unwrap_or_default();
        if let Some(values) = values.first_chunk::<COUNT>() {
            let products = weights.iter().zip(values);
            let sum: f32 = products.map(|(weight, value)| weight * value).sum();
            *sample = sum as u8;
        }
    }
}

/// For each target sample, the first source sample and as many weights as the most have. One each where nothing moves;
/// a cubic (R. Keys, IEEE Trans. ASSP 29, 1981) where little does, as a triangle would blur; else a triangle as wide as
/// the coarser of the two grids.
struct Taps {
    /// Each target sample is the source's at the same place.
    is_still: bool,
    count: usize,
    first: Vec<u32>,
    weights: Vec<f32>,
}

impl Taps {
    /// `source` samples, of which `ratio` go to one of `target`.
    fn new(source: usize, ratio: f64, target: usize) -> Self {
        if ratio == 1.0 {
            return Self {
                is_still: true,
                count: 1,
                first: (0..target as u32).collect(),
                weights: vec![1.0; target],
            };
        }
        let is_near = (ratio - 1.0).abs() < NEAR && source >= 4;
        let reach = if is_near { 2.0 } else { ratio.max(1.0) };
        let span = |index: usize| {
            let centre = (index as f64 + 0.5) * ratio;
            let first = (centre - reach).floor().max(0.0) as usize;
            let last = ((centre + reach).ceil() as usize).clamp(first + 1, source);
            (centre, first, last)
        };
        let lengths = (0..target).map(span).map(|(_, first, last)| last - first);
        let count = lengths.max().unwrap_or(1);
        let (mut firsts, mut weights) = (Vec::with_capacity(target), Vec::new());
        for index in 0..target {
            let (centre, first, last) = span(index);
            // The same number for all: at the edges some of them weigh nothing.
            let from = first.min(source - count);
            let weight = |at: usize| {
                let distance = (at as f64 + 0.5 - centre).abs();
                match first <= at && at < last {
                    true if is_near => keys(distance) as f32,
                    true => (1.0 - distance / reach).max(0.0) as f32,
                    false => 0.0,
                }
            };
            let start = weights.len();
            weights.extend((from..from + count).map(weight));
            let own = &mut weights[start..];
            let sum: f32 = own.iter().sum();
            for weight in own {
                *weight /= sum;
            }
            firsts.push(from as u32);
        }
        Self {
            is_still: false,
            count,
            first: firsts,
            weights,
        }
    }

    fn of(&self, index: usize) -> (usize, &[f32]) {
        let weights = &self.weights[index * self.count..][..self.count];
        (self.first[index] as usize, weights)
    }
}

/// Ratios that differ from 1 by less move samples by parts of one, over the whole picture.
const NEAR: f64 = 0.02;

/// Keys' cubic, with a = -1/2.
fn keys(distance: f64) -> f64 {
    let d = distance;
    if d < 1.0 {
        (1.5 * d - 2.5) * d * d + 1.0
    } else if d < 2.0 {
        ((-0.5 * d + 2.5) * d - 4.0) * d + 2.0
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_one_sample_wide_is_that_sample_everywhere_once_it_is_wider() {
        let mut plane = Plane::with_width(1);
        plane.push(&[200]);
        plane.push(&[90]);
        let wide = resize(&plane, 3, 2);
        assert_eq!([wide.line(0), wide.line(1)], [[200; 3], [90; 3]]);
    }
}
