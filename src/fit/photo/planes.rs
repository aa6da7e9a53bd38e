//! Component planes: out of coefficients at any scale, turned upright, into blocks.

use crate::fit::photo::Chroma;
use crate::jpeg::{Coefficients, Inverse, Layout, forward, inverse};

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
    let frame = &source.frame;
    let part = &frame.components[index];
    let step = if index == 0 { 1 } else { chroma.step() };
    let width = scaled(frame.width as usize, eighths).div_ceil(step);
    let height = scaled(frame.height as usize, eighths).div_ceil(step);
    // Samples that each block has to give, in units of 1/(factor × step).
    let (across, exact_w) = block_samples(eighths * frame.h_max, part.h * step);
    let (down, exact_h) = block_samples(eighths * frame.v_max, part.v * step);
    let size = Inverse {
        width: across,
        height: down,
    };
    let (full_w, full_h) = (
        (part.width * across).div_ceil(8),
        (part.height * down).div_ceil(8),
    );
    let stride = part.blocks_w * across;
    let mut band = vec![0; stride * down];
    let (keep_w, keep_h) = if exact_w && exact_h {
        (width, height)
    } else {
        (full_w, full_h)
    };
    let mut samples = Vec::with_capacity(keep_w * keep_h);
    let blocks_h = source.planes[index].rows.len();
    for row in 0..blocks_h {
        inverse(
            &source.planes[index],
            size,
            row,
            0,
            part.blocks_w,
            &mut band,
            stride,
        );
        for line in band.chunks_exact(stride) {
            if samples.len() < keep_w * keep_h {
                samples.extend_from_slice(&line[..keep_w.min(stride)]);
            }
        }
    }
    let plane = Plane {
        width: keep_w,
        height: keep_h,
        samples,
    };
    if exact_w && exact_h {
        plane
    } else {
        resize(&plane, width, height)
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

/// Transforms planes into blocks in scan order, turned as `orientation` says (1 to 8, as in EXIF).
pub(super) fn layout(planes: &[Plane], chroma: Chroma, orientation: u8) -> Layout {
    let turned = orientation >= 5;
    let size = |plane: &Plane| {
        if turned {
            (plane.height, plane.width)
        } else {
            (plane.width, plane.height)
        }
    };
    let (width, height) = planes.first().map_or((0, 0), size);
    let step = if planes.len() == 1 { 1 } else { chroma.step() };
    let (mcus_w, mcus_h) = (width.div_ceil(8 * step), height.div_ceil(8 * step));
    let components = planes
        .iter()
        .enumerate()
        .map(|(index, plane)| {
            let factor = if index == 0 { step } else { 1 };
            let mut blocks = Vec::with_capacity(mcus_w * mcus_h * factor * factor);
            for mcu_y in 0..mcus_h {
                for mcu_x in 0..mcus_w {
                    for y in 0..factor {
                        for x in 0..factor {
                            let (left, top) = ((mcu_x * factor + x) * 8, (mcu_y * factor + y) * 8);
                            blocks.push(forward(&gather(plane, left, top, orientation)));
                        }
                    }
                }
            }
            blocks
        })
        .collect();
    Layout {
        width: width as u32,
        height: height as u32,
        luma: (step, step),
        components,
    }
}

/// The 8 × 8 samples at (left, top) of the upright plane; past the edges the last ones repeat.
#[inline(always)]
fn gather(plane: &Plane, left: usize, top: usize, orientation: u8) -> [[u8; 8]; 8] {
    if orientation == 1 && left + 8 <= plane.width && top + 8 <= plane.height {
        return std::array::from_fn(|y| {
            let at = (top + y) * plane.width + left;
            plane
                .samples
                .get(at..)
                .and_then(|rest| rest.first_chunk::<8>())
                .copied()
                .unwrap_or_default()
        });
    }
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
            plane.samples[y * plane.width + x]
        })
    })
}
