//! The search: samples choose size and chroma, exact counts choose the tables, one encode ends it.

use crate::fit::photo::blocks::{Blocks, Sampled};
use crate::fit::photo::choose::{Choice, Chooser, STUFFING};
use crate::fit::photo::load::{self, Loaded};
use crate::fit::photo::planes::{self, Plane};
use crate::fit::photo::tables::{LEAST_FACTOR, MOST_FACTOR, quantisers};
use crate::fit::photo::{Chroma, FittedPhoto, PhotoError, PhotoOptions};
use crate::jpeg::{
    QuantTable, Shape, Statistics, Tables, encode, factor_of, header_len, quality_of,
};

pub(super) fn fit(loaded: Loaded, options: &PhotoOptions<'_>) -> Result<FittedPhoto, PhotoError> {
    let limit = options.limit_bytes as f64;
    let mut chooser = Chooser::new(&loaded, options);
    let best = chooser.best(limit);
    let mut attempt = Attempt {
        options,
        probes: chooser.probes,
        encodes: 0,
        nearest: None,
    };
    let notes = loaded.coefficients.notes;
    let original_side = loaded.original_side;
    let least = loaded.least_eighths(options);
    let (found, chroma) = attempt.at(loaded, best, least);
    let Some(found) = found else {
        let (nearest_bytes, at_width_px, at_height_px) = attempt.nearest.unwrap_or_default();
        return Err(PhotoError::CannotFit {
            nearest_bytes,
            at_width_px,
            at_height_px,
        });
    };
    let Shape { width, height, .. } = found.shape;
    Ok(FittedPhoto {
        bytes: found.file,
        width_px: width,
        height_px: height,
        quality: quality_of(found.factor),
        scale: (f64::from(width.max(height)) / f64::from(original_side)).min(1.0),
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
    let mut chooser = Chooser::new(loaded, options);
    let mut curve: Vec<(u64, f64)> = points
        .iter()
        .filter_map(|&bytes| {
            let best = chooser.best(bytes as f64);
            (best.bytes <= bytes as f64 * 1.02).then_some((bytes, best.error))
        })
        .collect();
    curve.sort_by_key(|point| point.0);
    curve
}

/// A file with what it was made with.
struct Found {
    file: Vec<u8>,
    factor: f64,
    shape: Shape,
}

struct Attempt<'o, 'c> {
    options: &'o PhotoOptions<'c>,
    probes: u32,
    encodes: u32,
    /// Least length reached over the limit, and its dimensions.
    nearest: Option<(u64, u32, u32)>,
}

impl Attempt<'_, '_> {
    /// The picture as chosen; if that is not under the limit, smaller and smaller ones.
    fn at(&mut self, loaded: Loaded, best: Choice, least: usize) -> (Option<Found>, Chroma) {
        let orientation = self.options.orientation;
        if best.chroma == Chroma::Kept {
            let blocks = loaded.into_blocks();
            let chroma = match blocks.shape() {
                Shape { colour: false, .. } | Shape { luma: (1, 1), .. } => Chroma::Full,
                Shape { luma: (2, 2), .. } => Chroma::Quarter,
                _ => Chroma::Kept,
            };
            if let Some(found) = self.tables(&blocks, best.factor, best.slope) {
                return (Some(found), chroma);
            }
            let Blocks::Kept { source, .. } = blocks else {
                return (None, chroma);
            };
            let chroma = self.coarse_chroma(source.planes.len());
            let planes = planes::all(source, least, chroma);
            return (self.shrink(planes, Chroma::Kept, chroma), chroma);
        }
        let planes = load::finished(loaded, best.eighths, best.chroma, self.options);
        let blocks = Blocks::of_planes(planes, best.chroma, orientation);
        if let Some(found) = self.tables(&blocks, best.factor, best.slope) {
            return (Some(found), best.chroma);
        }
        let Blocks::Planes { planes, .. } = blocks else {
            return (None, best.chroma);
        };
        let chroma = self.coarse_chroma(planes.len());
        (self.shrink(planes, best.chroma, chroma), chroma)
    }

    fn coarse_chroma(&self, components: usize) -> Chroma {
        if self.options.force_444 || components == 1 {
            Chroma::Full
        } else {
            Chroma::Quarter
        }
    }

    /// Finds tables that fill the limit and encodes: a sample of rows finds them, an exact count of the whole corrects
    /// what the sample says, until both agree.
    fn tables(&mut self, blocks: &Blocks, start: f64, slope: f64) -> Option<Found> {
        let limit = self.options.limit_bytes as f64;
        let shape = blocks.shape();
        let header = header_len(if shape.colour { 3 } else { 1 }) as f64;
        let rows = shape.mcus().1;
        let sample = blocks.sample((rows / SAMPLED_ROWS).clamp(1, MOST_STEP));
        let mut guide = Guide {
            sample,
            floor: blocks.floor().copied(),
            scale: 0.0,
            header,
            tried: Vec::new(),
            slope,
        };
        guide.scale = STUFFING / 8.0 / guide.sample.share;
        let mut from = Fineness {
            factor: start.clamp(LEAST_FACTOR, MOST_FACTOR),
            dead: 0.0,
        };
        let mut best: Option<Found> = None;
        for _ in 0..MOST_ENCODES {
            let (fineness, sampled) = guide.find(from, limit);
            let quantisers = quantisers(fineness.factor, fineness.dead, blocks.floor());
            let tokens = blocks.tokens(&quantisers);
            self.probes += 1;
            let bits: u64 = tokens.statistics().iter().map(Statistics::bits).sum();
            let mut length = bits as f64 / 8.0 + header;
            let is_finest = fineness.factor <= LEAST_FACTOR * 1.0005;
            let is_coarsest = fineness.factor >= MOST_FACTOR * 0.9995;
            let fill = length * STUFFING / limit;
            // Stuffing is known once it is written; without any, this much is certain.
            if length <= limit && (fill >= LEAST_FILL || is_finest) || is_coarsest {
                self.encodes += 1;
                let steps = quantisers.each_ref().map(|quantiser| quantiser.table);
                let tables = Tables::optimal(tokens.statistics());
                let file = encode(&tokens, &steps, &tables, length as usize + 4096);
                length = file.len() as f64 / STUFFING;
                if file.len() as u64 <= self.options.limit_bytes {
                    let factor = match blocks.floor() {
                        Some(_) => factor_of(&steps[0]),
                        None => fineness.factor,
                    };
                    let is_full = file.len() as f64 >= limit * FILL || is_finest;
                    if best
                        .as_ref()
                        .is_none_or(|best| best.file.len() < file.len())
                    {
                        best = Some(Found {
                            file,
                            factor,
                            shape,
                        });
                    }
                    if is_full {
                        return best;
                    }
                } else if is_coarsest {
                    self.note_nearest(file.len() as u64, shape);
                    return None;
                }
            }
            self.probes += guide.tried.len() as u32;
            guide.correct(sampled, (length - header) * STUFFING);
            from = fineness;
            if best.is_some() && self.encodes > 2 {
                return best;
            }
        }
        best.or_else(|| self.coarser(blocks, from))
    }

    /// Where the sample leads nowhere, steps down until something fits.
    fn coarser(&mut self, blocks: &Blocks, from: Fineness) -> Option<Found> {
        let shape = blocks.shape();
        let mut factor = from.factor;
        loop {
            factor = (factor * 1.1).min(MOST_FACTOR);
            let quantisers = quantisers(factor, 0.0, blocks.floor());
            let tokens = blocks.tokens(&quantisers);
            self.encodes += 1;
            let steps = quantisers.each_ref().map(|quantiser| quantiser.table);
            let tables = Tables::optimal(tokens.statistics());
            let file = encode(&tokens, &steps, &tables, self.options.limit_bytes as usize);
            if file.len() as u64 <= self.options.limit_bytes {
                return Some(Found {
                    file,
                    factor: factor_of(&steps[0]),
                    shape,
                });
            }
            if factor >= MOST_FACTOR {
                self.note_nearest(file.len() as u64, shape);
                return None;
            }
        }
    }

    fn note_nearest(&mut self, length: u64, shape: Shape) {
        if self.nearest.is_none_or(|nearest| length < nearest.0) {
            self.nearest = Some((length, shape.width, shape.height));
        }
    }

    /// Averages the planes down until the coarsest tables fit, or the picture is not worth sending.
    fn shrink(&mut self, planes: Vec<Plane>, tried: Chroma, chroma: Chroma) -> Option<Found> {
        let (width, height) = planes.first().map(|plane| (plane.width, plane.height))?;
        let mut side = width.max(height);
        let least = (self.options.min_side_px as usize).min(side);
        // With less chroma the same size may do.
        let mut is_new = tried != chroma;
        while side > least || is_new {
            if !is_new {
                side = (side * 4 / 5).max(least);
            }
            is_new = false;
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
            let blocks = Blocks::of_planes(smaller, chroma, self.options.orientation);
            if let Some(found) = self.tables(&blocks, MOST_FACTOR, -0.7) {
                return Some(found);
            }
        }
        None
    }
}

/// How finely a picture is quantised.
#[derive(Clone, Copy, Debug)]
struct Fineness {
    factor: f64,
    /// By how much the dead zone of all but DC is widened, in steps.
    dead: f64,
}

/// What a sample of rows says about the whole, corrected by what the whole has said.
struct Guide {
    sample: Sampled,
    floor: Option<[QuantTable; 2]>,
    /// Bytes of the whole for one bit of the sample.
    scale: f64,
    header: f64,
    /// Factors tried, with the bits of the sample.
    tried: Vec<(f64, u64)>,
    /// d ln(bytes) / d ln(factor).
    slope: f64,
}

impl Guide {
    /// The finest quantisation under the aim, near to `start`, and the bits of the sample at it.
    fn find(&mut self, start: Fineness, limit: f64) -> (Fineness, u64) {
        let aim = (limit * AIM - self.header).max(1.0) / self.scale;
        let mut low = (LEAST_FACTOR, None);
        let mut high = (MOST_FACTOR, None);
        // What was tried before stays true: only the scale has changed.
        for &(factor, bits) in &self.tried {
            if bits as f64 > aim && factor > low.0 {
                low = (factor, Some(bits));
            }
        }
        for &(factor, bits) in &self.tried {
            if bits as f64 <= aim && factor < high.0 && factor > low.0 {
                high = (factor, Some(bits));
            }
        }
        let mut factor = start.factor;
        let known = self.tried.iter().find(|tried| tried.0 == factor);
        if let Some(&(_, bits)) = known {
            factor = self.step(factor, bits, aim).clamp(low.0, high.0);
        }
        for _ in 0..MOST_SAMPLES {
            let quantisers = quantisers(factor, 0.0, self.floor.as_ref());
            let bits = self.sample.bits(&quantisers);
            self.tried.push((factor, bits));
            let reached = bits as f64 / aim;
            if (CLOSE..=1.0).contains(&reached) {
                return (Fineness { factor, dead: 0.0 }, bits);
            }
            if reached > 1.0 {
                low = (factor, Some(bits));
            } else {
                high = (factor, Some(bits));
            }
            if (reached > 1.0 && factor >= MOST_FACTOR)
                || (reached <= 1.0 && factor <= LEAST_FACTOR)
            {
                return (Fineness { factor, dead: 0.0 }, bits);
            }
            factor = match (low.1, high.1) {
                // Between two that are known: where the line through them meets the middle of what is close.
                (Some(more), Some(less)) if high.0 / low.0 > NARROW => {
                    let (more, less) = ((more as f64).ln(), (less as f64).ln());
                    let share = (more - (aim * f64::midpoint(CLOSE, 1.0)).ln()) / (more - less);
                    let share = share.clamp(0.1, 0.9);
                    low.0 * (high.0 / low.0).powf(share)
                }
                (Some(_), Some(_)) => break,
                _ => self.step(factor, bits, aim).clamp(low.0, high.0),
            };
        }
        // The tables' whole steps leave a gap: the dead zone of the finer ones closes it.
        let mut found = (
            Fineness {
                factor: high.0,
                dead: 0.0,
            },
            high.1,
        );
        let (mut least, mut most) = (0.0, WIDEST);
        for _ in 0..MOST_DEAD {
            let dead = f64::midpoint(least, most);
            let quantisers = quantisers(low.0, dead, self.floor.as_ref());
            let bits = self.sample.bits(&quantisers);
            if bits as f64 > aim {
                least = dead;
                continue;
            }
            most = dead;
            if found.1.is_none_or(|other| bits > other) {
                found = (
                    Fineness {
                        factor: low.0,
                        dead,
                    },
                    Some(bits),
                );
            }
            if bits as f64 >= aim * CLOSE {
                break;
            }
        }
        match found {
            (fineness, Some(bits)) => (fineness, bits),
            (fineness, None) => {
                let quantisers = quantisers(fineness.factor, 0.0, self.floor.as_ref());
                (fineness, self.sample.bits(&quantisers))
            }
        }
    }

    /// From a factor with its bits to one that should have those of the aim.
    fn step(&self, factor: f64, bits: u64, aim: f64) -> f64 {
        let ratio = aim * f64::midpoint(CLOSE, 1.0) / (bits as f64).max(1.0);
        (factor.ln() + ratio.ln() / self.slope.clamp(-1.5, -0.3)).exp()
    }

    /// The whole has `bytes` where the sample has `bits`.
    fn correct(&mut self, bits: u64, bytes: f64) {
        if bits > 0 {
            self.scale = bytes / bits as f64;
        }
    }
}

/// Fill at which the search ends.
const FILL: f64 = 0.985;
/// Fill, before stuffing is known, at which it is worth writing.
const LEAST_FILL: f64 = 0.983;
/// Share of the limit that the sample is brought under: what the whole can differ by is left.
const AIM: f64 = 0.9965;
/// How near to the aim it is brought.
const CLOSE: f64 = 0.992;
/// Rows of MCUs that make a sample, at least, and one in how many is taken, at most.
const SAMPLED_ROWS: usize = 12;
const MOST_STEP: usize = 8;
/// Tries on the sample.
const MOST_SAMPLES: u32 = 8;
/// Factors so close that the tables between them are few.
const NARROW: f64 = 1.004;
/// The widest that the dead zone is made, in steps on either side, and tries to find how wide.
const WIDEST: f64 = 0.3;
const MOST_DEAD: u32 = 6;
/// Exact counts of the whole.
const MOST_ENCODES: u32 = 6;
