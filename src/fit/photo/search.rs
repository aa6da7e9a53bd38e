//! The search: samples choose size and chroma, exact counts choose the tables, one encode ends it.

use crate::fit::photo::blocks::Blocks;
use crate::fit::photo::choose::{Choice, Chooser, STUFFING};
use crate::fit::photo::guide::Guide;
use crate::fit::photo::load::{self, Loaded};
use crate::fit::photo::planes::{self, Plane};
use crate::fit::photo::tables::{Fineness, LEAST_FACTOR, MOST_FACTOR, quantisers, tables};
use crate::fit::photo::{Chroma, FittedPhoto, PhotoError, PhotoOptions};
use crate::jpeg::{Shape, Statistics, Tables, Tokens, encode, factor_of, quality_of};

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
            length: bits as f64 / 8.0 + blocks.header_len(),
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

    /// Finds tables that fill the limit and encodes: a sample finds them, an exact count of the whole corrects
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
            guide.correct(counted.sampled, counted.length);
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

/// Fill at which the search ends.
const FILL: f64 = 0.98;
/// Fill, before stuffing is known, at which it is worth writing.
const LEAST_FILL: f64 = 0.979;
/// Share of the bits by which a sample must differ for the whole to be counted again.
const HARDLY: f64 = 0.002;
/// Exact counts of the whole.
const MOST_ENCODES: u32 = 6;
