//! The search: samples choose size and chroma, exact counts choose the tables, one encode ends it.

use crate::fit::photo::load::Loaded;
use crate::fit::photo::model::PARAMETERS;
use crate::fit::photo::planes::{self, Plane};
use crate::fit::photo::probe::{Probe, probe, try_blocks};
use crate::fit::photo::{Chroma, FittedPhoto, PhotoError, PhotoOptions};
use crate::jpeg::{
    Coefficients, Layout, Quantiser, Statistics, Tables, chroma_table, encode, header_len,
    luma_table, quality_of,
};

/// Finest tables: all steps one or two.
const LEAST_FACTOR: f64 = 0.02;
/// Coarsest tables: about quality 8, under which a smaller size always looks better.
const MOST_FACTOR: f64 = 6.0;
/// Share of the entropy-coded bytes that stuffing adds (T.81 F.1.2.3), as photographs have it.
const STUFFING: f64 = 1.0025;

/// A size with its tables, as the sample sees it.
#[derive(Clone, Copy, Debug)]
struct Choice {
    eighths: usize,
    chroma: Chroma,
    factor: f64,
    /// Bytes of the whole picture at that factor.
    bytes: f64,
    /// d ln(bytes) / d ln(factor).
    slope: f64,
    error: f64,
}

pub(super) fn fit(loaded: Loaded, options: &PhotoOptions<'_>) -> Result<FittedPhoto, PhotoError> {
    let mut probes = 0;
    let limit = options.limit_bytes as f64;
    let best = best_choice(&loaded, options, limit, &mut probes);
    let Loaded {
        coefficients,
        original_side,
        ..
    } = loaded;
    let notes = coefficients.notes;
    let planes = planes_at(coefficients, best.eighths, best.chroma);
    let mut attempt = Attempt {
        options,
        probes,
        encodes: 0,
        nearest: None,
    };
    let layout = planes::layout(&planes, best.chroma, options.orientation);
    let mut found = attempt.tables(layout, best.factor, best.slope);
    let mut chroma = best.chroma;
    if found.is_none() {
        // Nothing of the block grid is small enough: the samples themselves are averaged down.
        chroma = if options.force_444 || planes.len() == 1 {
            Chroma::Full
        } else {
            Chroma::Quarter
        };
        found = attempt.shrink(&planes, chroma);
    }
    let Some((bytes, factor, width_px, height_px)) = found else {
        let (nearest_bytes, at_width_px, at_height_px) = attempt.nearest.unwrap_or_default();
        return Err(PhotoError::CannotFit {
            nearest_bytes,
            at_width_px,
            at_height_px,
        });
    };
    Ok(FittedPhoto {
        bytes,
        width_px,
        height_px,
        quality: quality_of(factor),
        scale: (f64::from(width_px.max(height_px)) / f64::from(original_side)).min(1.0),
        chroma,
        probes: attempt.probes,
        encodes: attempt.encodes,
        notes,
    })
}

/// Visible error at each of `points`, where the picture can be brought under it by the sizes at hand.
pub(super) fn curve(
    loaded: &Loaded,
    options: &PhotoOptions<'_>,
    points: &[u64],
) -> Vec<(u64, f64)> {
    let probes: Vec<Probe> = samples(loaded, options);
    let mut counted = 0;
    let mut curve: Vec<(u64, f64)> = points
        .iter()
        .filter_map(|&bytes| {
            let best = choose(
                &probes,
                loaded.coefficients.planes.len(),
                bytes as f64,
                &mut counted,
            )?;
            (best.bytes <= bytes as f64 * 1.02).then_some((bytes, best.error))
        })
        .collect();
    curve.sort_by_key(|point| point.0);
    curve
}

fn samples(loaded: &Loaded, options: &PhotoOptions<'_>) -> Vec<Probe> {
    let one = |&eighths: &usize| probe(loaded, eighths, options.view_side_px, options.force_444);
    loaded.candidates.iter().map(one).collect()
}

fn best_choice(
    loaded: &Loaded,
    options: &PhotoOptions<'_>,
    limit: f64,
    probes: &mut u32,
) -> Choice {
    let mut samples = samples(loaded, options);
    if let Some((_, chroma)) = options.forced {
        for sample in &mut samples {
            sample.chroma.retain(|(offered, _)| *offered == chroma);
        }
    }
    let fallback = Choice {
        eighths: loaded.candidates.first().copied().unwrap_or(1),
        chroma: if options.force_444 {
            Chroma::Full
        } else {
            Chroma::Quarter
        },
        factor: MOST_FACTOR,
        bytes: f64::INFINITY,
        slope: -0.7,
        error: f64::INFINITY,
    };
    choose(&samples, loaded.coefficients.planes.len(), limit, probes).unwrap_or(fallback)
}

/// The candidate with the least visible error at `limit` bytes.
fn choose(samples: &[Probe], components: usize, limit: f64, probes: &mut u32) -> Option<Choice> {
    let mut best: Option<Choice> = None;
    let mut factor = None;
    for sample in samples {
        let chromas: Vec<Option<usize>> = if sample.chroma.is_empty() {
            vec![None]
        } else {
            (0..sample.chroma.len()).map(Some).collect()
        };
        for chroma in chromas {
            let choice = solve(sample, chroma, components, limit, factor, probes);
            factor = Some(choice.factor);
            if best.is_none_or(|best| choice.error < best.error) {
                best = Some(choice);
            }
        }
    }
    best
}

/// The factor at which the sample says that the whole has `limit` bytes.
fn solve(
    sample: &Probe,
    chroma: Option<usize>,
    components: usize,
    limit: f64,
    start: Option<f64>,
    probes: &mut u32,
) -> Choice {
    let lost_chroma = chroma
        .and_then(|index| sample.lost_chroma.get(index))
        .copied()
        .unwrap_or(0.0);
    let (choice, blocks) = match chroma.and_then(|index| sample.chroma.get(index)) {
        Some((choice, blocks)) => (*choice, blocks.as_slice()),
        None => (Chroma::Full, [].as_slice()),
    };
    let mut evaluate = |factor: f64| {
        *probes += 1;
        let [luma_quantiser, chroma_quantiser] = quantisers(factor, 0.0);
        let luma = try_blocks(&sample.luma, &luma_quantiser, &sample.weights.luma);
        let mut bits = luma.bits;
        let mut error = luma.error + sample.lost;
        if !blocks.is_empty() {
            let chroma = try_blocks(blocks, &chroma_quantiser, &sample.weights.chroma);
            bits += chroma.bits;
            error += (chroma.error * 2.0 + lost_chroma) * PARAMETERS.chroma;
        }
        (
            bits * sample.ratio / 8.0 * STUFFING + header_len(components) as f64,
            error,
        )
    };
    let mut factor = start.unwrap_or(0.6).clamp(LEAST_FACTOR, MOST_FACTOR);
    let (mut bytes, mut error) = evaluate(factor);
    let mut slope = -0.7f64;
    for _ in 0..5 {
        let miss = (limit / bytes).ln();
        if miss.abs() < 0.01 {
            break;
        }
        let next = (factor.ln() + miss / slope)
            .exp()
            .clamp(LEAST_FACTOR, MOST_FACTOR);
        if (next / factor).ln().abs() < 0.002 {
            break;
        }
        let (next_bytes, next_error) = evaluate(next);
        let measured = (next_bytes / bytes).ln() / (next / factor).ln();
        if measured.is_finite() && measured < 0.0 {
            slope = measured.clamp(-1.6, -0.25);
        }
        (factor, bytes, error) = (next, next_bytes, next_error);
    }
    if bytes > limit * 1.02 {
        // Not reachable at this size: the more it overshoots, the worse.
        error += 10.0 * (bytes / limit);
    }
    Choice {
        eighths: sample.eighths,
        chroma: choice,
        factor,
        bytes,
        slope,
        error,
    }
}

fn planes_at(coefficients: Coefficients, eighths: usize, chroma: Chroma) -> Vec<Plane> {
    (0..coefficients.planes.len())
        .map(|index| planes::component(&coefficients, index, eighths, chroma))
        .collect()
}

/// Tables at `factor`; `dead` widens the dead zone of all but DC, in steps.
fn quantisers(factor: f64, dead: f64) -> [Quantiser; 2] {
    let rounding = std::array::from_fn(|position| {
        if position == 0 {
            ROUNDING[0]
        } else {
            ROUNDING[position] - dead as f32
        }
    });
    [
        Quantiser::new(luma_table(factor), &rounding),
        Quantiser::new(chroma_table(factor), &rounding),
    ]
}

/// Rounding at each zigzag position: to nearest for DC, with a dead zone for the rest.
const ROUNDING: [f32; 64] = {
    let mut rounding = [0.44f32; 64];
    rounding[0] = 0.5;
    rounding
};

/// A file, its table factor and its dimensions.
type Found = (Vec<u8>, f64, u32, u32);

struct Attempt<'o, 'c> {
    options: &'o PhotoOptions<'c>,
    probes: u32,
    encodes: u32,
    /// Least length reached over the limit, and its dimensions.
    nearest: Option<(u64, u32, u32)>,
}

impl Attempt<'_, '_> {
    /// Finds tables that fill the limit, by exact counts, and encodes.
    fn tables(&mut self, layout: Layout, start: f64, slope: f64) -> Option<Found> {
        let limit = self.options.limit_bytes as f64;
        let mut stuffing = STUFFING;
        let (mut low, mut high) = (LEAST_FACTOR, MOST_FACTOR);
        let mut factor = start.clamp(low, high);
        let mut slope = slope;
        let mut previous: Option<(f64, f64)> = None;
        for _ in 0..8 {
            if high / low < CLOSE {
                break;
            }
            let quantisers = quantisers(factor, 0.0);
            let statistics = self.count(&layout, &quantisers);
            let bits: u64 = statistics.iter().map(Statistics::bits).sum();
            let bytes = bits as f64 / 8.0 * stuffing + header_len(layout.components.len()) as f64;
            if let Some((other, other_bytes)) = previous {
                let measured = (bytes / other_bytes).ln() / (factor / other).ln();
                if measured.is_finite() && measured < 0.0 {
                    slope = measured.clamp(-1.8, -0.2);
                }
            }
            previous = Some((factor, bytes));
            let fill = bytes / limit;
            let is_last = fill <= 1.0 && factor <= LEAST_FACTOR * 1.0005;
            if (FILL..=1.0).contains(&fill) || is_last {
                let tables = Tables::optimal(&statistics);
                self.encodes += 1;
                let file = encode(
                    &layout,
                    &quantisers,
                    &tables,
                    self.options.limit_bytes as usize,
                );
                stuffing *= file.len() as f64 / bytes;
                if file.len() as u64 <= self.options.limit_bytes {
                    return Some((file, factor, layout.width, layout.height));
                }
            }
            if fill > 1.0 || (FILL..=1.0).contains(&fill) {
                low = factor;
            } else {
                high = factor;
            }
            if fill > 1.0 && factor >= MOST_FACTOR {
                self.note_nearest(bytes.ceil() as u64, &layout);
                return None;
            }
            let aim = limit * AIM;
            let next = (factor.ln() + (aim / (bytes * stuffing / STUFFING)).ln() / slope).exp();
            // A step that leaves the bracket is replaced by its middle.
            factor = if next > low && next < high {
                next
            } else {
                (low * high).sqrt()
            };
            if fill > 1.0 && high >= MOST_FACTOR && next >= MOST_FACTOR {
                factor = MOST_FACTOR;
            }
            if fill <= 1.0 && low <= LEAST_FACTOR && next <= LEAST_FACTOR {
                factor = LEAST_FACTOR;
            }
        }
        self.between(&layout, low, high, stuffing)
    }

    /// Between tables that are too fine and ones that fit, the dead zone of the finer ones takes up the rest.
    fn between(&mut self, layout: &Layout, low: f64, high: f64, stuffing: f64) -> Option<Found> {
        let limit = self.options.limit_bytes as f64;
        let mut ends = (0.0, WIDEST);
        let mut tries = vec![(high, 0.0)];
        for _ in 0..5 {
            let dead = f64::midpoint(ends.0, ends.1);
            let statistics = self.count(layout, &quantisers(low, dead));
            let bits: u64 = statistics.iter().map(Statistics::bits).sum();
            let fill =
                (bits as f64 / 8.0 * stuffing + header_len(layout.components.len()) as f64) / limit;
            if fill > AIM {
                ends.0 = dead;
                continue;
            }
            ends.1 = dead;
            tries.push((low, dead));
            if fill >= FILL {
                break;
            }
        }
        while let Some((factor, dead)) = tries.pop() {
            let quantisers = quantisers(factor, dead);
            let tables = Tables::optimal(&self.count(layout, &quantisers));
            self.encodes += 1;
            let file = encode(
                layout,
                &quantisers,
                &tables,
                self.options.limit_bytes as usize,
            );
            if file.len() as u64 <= self.options.limit_bytes {
                return Some((file, factor, layout.width, layout.height));
            }
            self.note_nearest(file.len() as u64, layout);
        }
        None
    }

    fn note_nearest(&mut self, length: u64, layout: &Layout) {
        if self.nearest.is_none_or(|nearest| length < nearest.0) {
            self.nearest = Some((length, layout.width, layout.height));
        }
    }

    /// Averages the planes down until the coarsest tables fit, or the picture is not worth sending.
    fn shrink(&mut self, planes: &[Plane], chroma: Chroma) -> Option<Found> {
        let (width, height) = planes.first().map(|plane| (plane.width, plane.height))?;
        let mut side = width.max(height);
        let least = (self.options.min_side_px as usize).min(side);
        while side > least {
            side = (side * 4 / 5).max(least);
            let scale = side as f64 / width.max(height) as f64;
            let target = |length: usize| ((length as f64 * scale).round() as usize).max(1);
            let (target_w, target_h) = (target(width), target(height));
            let smaller: Vec<Plane> = planes
                .iter()
                .enumerate()
                .map(|(index, plane)| {
                    let step = if index == 0 { 1 } else { chroma.step() };
                    planes::resize(plane, target_w.div_ceil(step), target_h.div_ceil(step))
                })
                .collect();
            let layout = planes::layout(&smaller, chroma, self.options.orientation);
            if let Some(found) = self.tables(layout, MOST_FACTOR, -0.7) {
                return Some(found);
            }
        }
        None
    }

    fn count(&mut self, layout: &Layout, quantisers: &[Quantiser; 2]) -> Vec<Statistics> {
        self.probes += 1;
        let mut statistics =
            vec![Statistics::default(); if layout.components.len() == 3 { 2 } else { 1 }];
        for (index, blocks) in layout.components.iter().enumerate() {
            statistics[index.min(1)].count(blocks, &quantisers[index.min(1)]);
        }
        statistics
    }
}

/// Fill at which the search ends.
const FILL: f64 = 0.992;
/// Share of the limit that is aimed at: what stuffing can vary by is left.
const AIM: f64 = 0.9975;
/// Factors so close that the steps between them are few.
const CLOSE: f64 = 1.015;
/// The widest that the dead zone is made, in steps on either side.
const WIDEST: f64 = 0.3;
