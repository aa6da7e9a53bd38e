//! Component planes: out of coefficients at any scale, and resized.

use crate::fit::photo::Chroma;
use crate::jpeg::{
    BlockRow, CoefficientPlane, Coefficients, Frame, Inverse, inverse, on_this_processor,
};

/// Samples of one component.
#[derive(Clone, Debug)]
pub(super) struct Plane {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) samples: Vec<u8>,
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
            plane.rows[row] = BlockRow::empty();
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
    /// What it is resized to.
    width: usize,
    height: usize,
}

impl Scaler {
    fn new(frame: &Frame, index: usize, eighths: usize, chroma: Chroma) -> Self {
        let part = &frame.components[index];
        let step = if index == 0 { 1 } else { chroma.step() };
        let width = scaled(frame.width as usize, eighths).div_ceil(step);
        let height = scaled(frame.height as usize, eighths).div_ceil(step);
        // Samples that each block has to give, in units of 1/(factor × step).
        let (across, exact_w) = block_samples(eighths * frame.h_max, part.h * step);
        let (down, exact_h) = block_samples(eighths * frame.v_max, part.v * step);
        let (keep_w, keep_h) = if exact_w && exact_h {
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
            kept: Plane {
                width: keep_w,
                height: keep_h,
                samples: Vec::with_capacity(keep_w * keep_h),
            },
            width,
            height,
        }
    }

    fn add(&mut self, plane: &CoefficientPlane, row: usize) {
        let kept = &mut self.kept;
        if kept.samples.len() >= kept.width * kept.height {
            return;
        }
        let (band, stride) = (&mut self.band, self.stride);
        inverse(plane, self.size, row, 0, self.blocks_w, band, stride);
        for line in band.chunks_exact(stride) {
            if kept.samples.len() < kept.width * kept.height {
                kept.samples.extend_from_slice(&line[..kept.width]);
            }
        }
    }

    fn finish(self) -> Plane {
        if (self.kept.width, self.kept.height) == (self.width, self.height) {
            self.kept
        } else {
            resize(&self.kept, self.width, self.height)
        }
    }
}

/// `length` at `eighths`, to the nearest sample so that the picture is not stretched, at least one.
pub(super) fn scaled(length: usize, eighths: usize) -> usize {
    ((length * eighths + 4) / 8).max(1)
}

/// How many samples a block gives for a ratio of `numerator / denominator`, and whether that is the ratio itself.
fn block_samples(numerator: usize, denominator: usize) -> (usize, bool) {
    let exact = numerator.is_multiple_of(denominator) && numerator / denominator <= 8;
    (numerator.div_ceil(denominator).clamp(1, 8), exact)
}

/// Area-averages or interpolates a plane to another size.
pub(super) fn resize(plane: &Plane, width: usize, height: usize) -> Plane {
    on_this_processor!(resized(plane, width, height))
}

#[inline(always)]
fn resized(plane: &Plane, width: usize, height: usize) -> Plane {
    let down = taps(plane.height, height);
    let across = taps(plane.width, width);
    let mut samples = vec![0u8; width * height];
    let mut line = vec![0f32; plane.width];
    for ((first, weights), target) in down.iter().zip(samples.chunks_exact_mut(width)) {
        line.fill(0.5);
        for (offset, weight) in weights.iter().enumerate() {
            let row = &plane.samples[(first + offset) * plane.width..][..plane.width];
            for (sum, &sample) in line.iter_mut().zip(row) {
                *sum += weight * f32::from(sample);
            }
        }
        for (sample, (first, weights)) in target.iter_mut().zip(&across) {
            let sum: f32 = weights
                .iter()
                .zip(&line[*first..])
                .map(|(weight, value)| weight * value)
                .sum();
            *sample = sum as u8;
        }
    }
    Plane {
        width,
        height,
        samples,
    }
}

/// For each target sample, the first source sample and the weights: a triangle as wide as the coarser of the two grids.
fn taps(source: usize, target: usize) -> Vec<(usize, Vec<f32>)> {
    let ratio = source as f64 / target as f64;
    let reach = ratio.max(1.0);
    (0..target)
        .map(|index| {
            let centre = (index as f64 + 0.5) * ratio;
            let first = (centre - reach).floor().max(0.0) as usize;
            let last = ((centre + reach).ceil() as usize).clamp(first + 1, source);
            let mut weights: Vec<f32> = (first..last)
                .map(|at| (1.0 - (at as f64 + 0.5 - centre).abs() / reach).max(0.0) as f32)
                .collect();
            let sum: f32 = weights.iter().sum();
            for weight in &mut weights {
                *weight /= sum;
            }
            (first, weights)
        })
        .collect()
}
