//! The search: samples choose size and chroma, exact counts choose the tables, one encode ends it.

use libm::{exp, log, pow};

use crate::fit::photo::blocks::{Blocks, Sampled};
use crate::fit::photo::choose::{Choice, Chooser, STUFFING};
use crate::fit::photo::load::{self, Loaded};
use crate::fit::photo::planes::{self, Plane};
use crate::fit::photo::tables::{Fineness, LEAST_FACTOR, MOST_FACTOR, quantisers, tables};
use crate::fit::photo::{Chroma, FittedPhoto, PhotoError, PhotoOptions};
use crate::jpeg::{
    QuantTable, Shape, Statistics, Tables, Tokens, encode, factor_of, header_len, quality_of,
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

/// The whole, counted.
struct Counted {
    fineness: Fineness,
    /// Bits that the sample has so.
    sampled: u64,
    tokens: Tokens,
    /// Bytes of the file, before stuffing or, once it is written, as if there were as much as usual.
    length: f64,
}

impl Counted {
    fn of(blocks: &Blocks, fineness: Fineness, sampled: u64) -> Self {
        let tokens = blocks.tokens(&quantisers(fineness, blocks.floor()));
        let bits: u64 = tokens.statistics().iter().map(Statistics::bits).sum();
        Self {
            fineness,
            sampled,
            length: bits as f64 / 8.0 + header(blocks),
            tokens,
        }
    }

    /// Whether the whole need not be counted at `fineness`, where the sample has `sampled` bits: what comes back has no
    /// neighbour that is nearer to the limit, and hardly any more under it is not worth a count.
    fn answers(&self, fineness: Fineness, sampled: u64, limit: f64) -> bool {
        let is_same = sampled.abs_diff(self.sampled) as f64 <= self.sampled as f64 * HARDLY;
        self.fineness == fineness || self.length * STUFFING <= limit && is_same
    }
}

/// Bytes of all that does not depend on the tables.
fn header(blocks: &Blocks) -> f64 {
    header_len(if blocks.shape().colour { 3 } else { 1 }) as f64
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
        let mut guide = Guide::new(blocks, slope);
        let mut from = Fineness::of(start.clamp(LEAST_FACTOR, MOST_FACTOR));
        let mut best: Option<Found> = None;
        let mut before: Option<Counted> = None;
        for _ in 0..MOST_ENCODES {
            let (fineness, sampled) = guide.find(from, limit);
            self.probes += std::mem::take(&mut guide.counts);
            let (mut counted, is_last) = match before.take() {
                Some(known) if known.answers(fineness, sampled, limit) => (known, true),
                other => {
                    drop(other);
                    self.probes += 1;
                    (Counted::of(blocks, fineness, sampled), false)
                }
            };
            from = counted.fineness;
            let is_finest = from.factor <= LEAST_FACTOR * 1.0005;
            let is_coarsest = from.factor >= MOST_FACTOR * 0.9995;
            let fill = counted.length * STUFFING / limit;
            // Stuffing is known once it is written; without any, this much is certain.
            let may_fit = counted.length <= limit;
            if may_fit && (fill >= LEAST_FILL || is_finest || is_last) || is_coarsest {
                let found = self.written(blocks, &counted.tokens, from, counted.length);
                let length = found.file.len() as f64;
                counted.length = length / STUFFING;
                if length <= limit {
                    let is_full = length >= limit * FILL || is_finest || is_last;
                    let least = best.as_ref().map_or(0, |best| best.file.len());
                    if found.file.len() > least {
                        best = Some(found);
                    }
                    if is_full {
                        return best;
                    }
                } else if is_coarsest {
                    self.note_nearest(&found);
                    return None;
                }
            }
            guide.correct(&counted);
            if is_last || best.is_some() && self.encodes > 2 {
                break;
            }
            before = Some(counted);
        }
        best.or_else(|| self.coarser(blocks, from))
    }

    /// Writes what has been counted, about `length` bytes.
    fn written(
        &mut self,
        blocks: &Blocks,
        tokens: &Tokens,
        fineness: Fineness,
        length: f64,
    ) -> Found {
        self.encodes += 1;
        let steps = tables(fineness, blocks.floor());
        let codes = Tables::optimal(tokens.statistics());
        Found {
            file: encode(tokens, &steps, &codes, length as usize + 4096),
            factor: factor_of(&steps[0]),
            shape: blocks.shape(),
        }
    }

    /// Where the sample leads nowhere, steps down until something fits.
    fn coarser(&mut self, blocks: &Blocks, from: Fineness) -> Option<Found> {
        let mut factor = from.factor;
        loop {
            factor = (factor * 1.1).min(MOST_FACTOR);
            let fineness = Fineness::of(factor);
            let tokens = blocks.tokens(&quantisers(fineness, blocks.floor()));
            let limit = self.options.limit_bytes;
            let found = self.written(blocks, &tokens, fineness, limit as f64);
            if found.file.len() as u64 <= limit {
                return Some(found);
            }
            if factor >= MOST_FACTOR {
                self.note_nearest(&found);
                return None;
            }
        }
    }

    fn note_nearest(&mut self, found: &Found) {
        let length = found.file.len() as u64;
        if self.nearest.is_none_or(|nearest| length < nearest.0) {
            self.nearest = Some((length, found.shape.width, found.shape.height));
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

/// What a sample of rows says about the whole, corrected by what the whole has said.
struct Guide {
    sample: Sampled,
    floor: Option<[QuantTable; 2]>,
    /// Bytes of the whole for one bit of the sample.
    scale: f64,
    /// It comes from a count of the whole.
    is_corrected: bool,
    header: f64,
    /// Factors tried, with the bits of the sample.
    tried: Vec<(f64, u64)>,
    /// Counts of the sample that nobody has been told of.
    counts: u32,
    /// d ln(bytes) / d ln(factor).
    slope: f64,
}

impl Guide {
    fn new(blocks: &Blocks, slope: f64) -> Self {
        let rows = blocks.shape().mcus().1;
        let sample = blocks.sample((rows / SAMPLED_ROWS).clamp(1, MOST_STEP));
        Self {
            scale: STUFFING / 8.0 / sample.share,
            is_corrected: false,
            sample,
            floor: blocks.floor().copied(),
            header: header(blocks),
            tried: Vec::new(),
            counts: 0,
            slope,
        }
    }

    /// The finest quantisation under the aim, near to `start`, and the bits of the sample at it.
    fn find(&mut self, start: Fineness, limit: f64) -> (Fineness, u64) {
        let share = if self.is_corrected {
            AIM_CORRECTED
        } else {
            AIM
        };
        let aim = (limit * share - self.header).max(1.0) / self.scale;
        // What was tried before stays true: only the scale has changed.
        let mut low: Option<(f64, u64)> = None;
        let mut high: Option<(f64, u64)> = None;
        for &(factor, bits) in &self.tried {
            if bits as f64 > aim && low.is_none_or(|low| factor > low.0) {
                low = Some((factor, bits));
            }
        }
        for &(factor, bits) in &self.tried {
            let is_above = low.is_none_or(|low| factor > low.0);
            if bits as f64 <= aim && is_above && high.is_none_or(|high| factor < high.0) {
                high = Some((factor, bits));
            }
        }
        let mut next = if self.tried.is_empty() {
            Some(start.factor)
        } else {
            self.next(low, high, aim)
        };
        for _ in 0..MOST_SAMPLES {
            let Some(factor) = next else { break };
            let bits = self.bits(Fineness::of(factor));
            self.tried.push((factor, bits));
            let reached = bits as f64 / aim;
            if (self.close()..=1.0).contains(&reached) {
                return (Fineness::of(factor), bits);
            }
            if reached > 1.0 {
                low = Some((factor, bits));
            } else {
                high = Some((factor, bits));
            }
            if (reached > 1.0 && factor >= MOST_FACTOR)
                || (reached <= 1.0 && factor <= LEAST_FACTOR)
            {
                return (Fineness::of(factor), bits);
            }
            next = self.next(low, high, aim);
            if let ([.., (_, before), (_, after)], Some(factor)) = (self.tried.as_slice(), next)
                && (low.is_none() || high.is_none())
                && before.abs_diff(*after) * 1_000 < aim as u64
            {
                // The tables changed where the picture has nothing: a longer stride.
                let stride = factor / self.tried[0].0;
                next = Some((factor * stride).clamp(LEAST_FACTOR, MOST_FACTOR));
            }
        }
        match (low, high) {
            (Some(low), Some(high)) => self.between(low, high, aim),
            (_, Some((factor, bits))) | (Some((factor, bits)), None) => {
                (Fineness::of(factor), bits)
            }
            (None, None) => (start, self.bits(start)),
        }
    }

    /// The next factor to try, whose tables have not been tried; none where the tables between are few.
    fn next(&self, low: Option<(f64, u64)>, high: Option<(f64, u64)>, aim: f64) -> Option<f64> {
        let middle = aim * f64::midpoint(self.close(), 1.0);
        let tables = |factor: f64| tables(Fineness::of(factor), self.floor.as_ref());
        match (low, high) {
            // Where the line through both meets the middle of what is close, or not far from there.
            (Some(low), Some(high)) => {
                if low.1 as f64 <= aim * BRIDGED && self.floor.is_none() {
                    return None;
                }
                let (more, less) = (log(low.1 as f64), log(high.1 as f64));
                let share = ((more - log(middle)) / (more - less)).clamp(0.1, 0.9);
                let known = [tables(low.0), tables(high.0)];
                [share, share / 2.0, f64::midpoint(share, 1.0)]
                    .into_iter()
                    .map(|share| low.0 * pow(high.0 / low.0, share))
                    .find(|&factor| high.0 / low.0 > NARROW && !known.contains(&tables(factor)))
            }
            (Some((factor, bits)), None) | (None, Some((factor, bits))) => {
                let outermost = if low.is_some() {
                    MOST_FACTOR
                } else {
                    LEAST_FACTOR
                };
                let ratio = middle / (bits as f64).max(1.0);
                let step = log(ratio) / self.slope.clamp(-1.5, -0.3);
                let known = tables(factor);
                (1..=MOST_STEPS)
                    .map(|times| exp(log(factor) + step * f64::from(times)))
                    .map(|factor| factor.clamp(LEAST_FACTOR, MOST_FACTOR))
                    .find(|&factor| tables(factor) != known)
                    .or(Some(outermost))
                    .filter(|&next| next != factor)
            }
            (None, None) => None,
        }
    }

    /// The tables' whole steps leave a gap: a wider dead zone at the finer ones closes it, or, where the source's steps
    /// make that of no effect, the coarser steps for a part of the frequencies.
    fn between(&mut self, low: (f64, u64), high: (f64, u64), aim: f64) -> (Fineness, u64) {
        let mut found = (Fineness::of(high.0), high.1);
        let steps = |factor: f64| tables(Fineness::of(factor), self.floor.as_ref());
        let (finer, coarser) = (steps(low.0), steps(high.0));
        // Of the source's own blocks, the frequencies whose steps differ, the highest first.
        let apart: Option<Vec<usize>> = self.floor.map(|_| {
            let differs = |at: &usize| (0..2).any(|table| finer[table][*at] != coarser[table][*at]);
            (0..64).rev().filter(differs).collect()
        });
        let most = apart.as_ref().map_or(WIDEST, |apart| apart.len() as f64);
        let (mut less, mut more) = ((0.0, low.1), apart.is_some().then_some((most, high.1)));
        let middle = aim * f64::midpoint(self.close(), 1.0);
        for _ in 0..MOST_BETWEEN {
            let at = match more {
                Some((at, bits)) => {
                    let (from, to) = (less.1 as f64, bits as f64);
                    less.0 + (at - less.0) * ((from - middle) / (from - to)).clamp(0.1, 0.9)
                }
                None if less.0 > 0.0 => {
                    let gain = low.1.saturating_sub(less.1) as f64 / less.0;
                    let next = less.0 + (less.1 as f64 - middle) / gain.max(1.0);
                    next.clamp(less.0 * 1.5, less.0 * 4.0).min(most)
                }
                None => ((low.1 as f64 - middle) / (low.1 as f64 * DEAD_GAIN)).min(most),
            };
            let (at, fineness) = match &apart {
                Some(apart) => {
                    let count = at.round() as usize;
                    if count as f64 <= less.0 || more.is_some_and(|more| count as f64 >= more.0) {
                        break;
                    }
                    let mixed = (64 - apart[count - 1], high.0);
                    let fineness = Fineness {
                        mixed,
                        ..Fineness::of(low.0)
                    };
                    (count as f64, fineness)
                }
                None => {
                    let fineness = Fineness {
                        dead: at,
                        ..Fineness::of(low.0)
                    };
                    (at, fineness)
                }
            };
            let bits = self.bits(fineness);
            if bits as f64 > aim {
                less = (at, bits);
                if at >= most {
                    break;
                }
                continue;
            }
            more = Some((at, bits));
            if bits > found.1 {
                found = (fineness, bits);
            }
            if bits as f64 >= aim * self.close() {
                break;
            }
        }
        found
    }

    /// How near to the aim is near enough.
    fn close(&self) -> f64 {
        if self.floor.is_some() {
            CLOSE_KEPT
        } else {
            CLOSE
        }
    }

    fn bits(&mut self, fineness: Fineness) -> u64 {
        self.counts += 1;
        self.sample.bits(&quantisers(fineness, self.floor.as_ref()))
    }

    /// What the whole has said.
    fn correct(&mut self, counted: &Counted) {
        if counted.sampled > 0 {
            let bytes = (counted.length - self.header) * STUFFING;
            self.scale = bytes / counted.sampled as f64;
            self.is_corrected = true;
        }
    }
}

/// Fill at which the search ends.
const FILL: f64 = 0.98;
/// Fill, before stuffing is known, at which it is worth writing.
const LEAST_FILL: f64 = 0.979;
/// Share of the limit that the sample is brought under: what the whole can differ by is left.
const AIM: f64 = 0.9945;
/// The same once the whole has been counted: then a sample is wrong only in what has changed since.
const AIM_CORRECTED: f64 = 0.9975;
/// Share of the bits by which a sample must differ for the whole to be counted again.
const HARDLY: f64 = 0.002;
/// How near to the aim it is brought.
const CLOSE: f64 = 0.992;
/// The same of the source's own blocks, whose length leaps.
const CLOSE_KEPT: f64 = 0.985;
/// Rows of MCUs that make a sample, at least, and one in how many is taken, at most.
const SAMPLED_ROWS: usize = 12;
const MOST_STEP: usize = 8;
/// Tries on the sample.
const MOST_SAMPLES: u32 = 8;
/// Factors so close that the tables between them are few.
const NARROW: f64 = 1.004;
/// Steps out of tables that have been tried, before the outermost ones are.
const MOST_STEPS: u32 = 16;
/// The widest that the dead zone is made, in steps on either side.
const WIDEST: f64 = 0.3;
/// Share of the bits that a whole step of dead zone takes off, as photographs have it.
const DEAD_GAIN: f64 = 0.6;
/// Bits over the aim that a wider dead zone takes off without harm.
const BRIDGED: f64 = 1.03;
/// Tries to close the gap between two tables.
const MOST_BETWEEN: u32 = 3;
/// Exact counts of the whole.
const MOST_ENCODES: u32 = 6;
