//! Which size and chroma: samples of a few sizes tell their visible error at the limit.

use libm::{log, pow};

use crate::fit::photo::load::{Candidate, Loaded};
use crate::fit::photo::planes;
use crate::fit::photo::probe::{Outcome, Probe, Sampler};
use crate::fit::photo::tables::{GRID, LEAST_FACTOR, MOST_FACTOR, grid};
use crate::fit::photo::{Chroma, PhotoOptions};
use crate::jpeg::header_len;

/// Share of the entropy-coded bytes that stuffing adds (T.81 F.1.2.3), as photographs have it.
pub(super) const STUFFING: f64 = 1.0025;

/// A size with its tables, as the sample sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice {
    pub(super) eighths: usize,
    pub(super) chroma: Chroma,
    pub(super) factor: f64,
    /// Bytes of the whole picture at that factor.
    pub(super) bytes: f64,
    /// d ln(bytes) / d ln(factor).
    pub(super) slope: f64,
    pub(super) error: f64,
    /// What of the error comes of a size that is no whole number of samples.
    stretch: f64,
}

/// Samples of the candidates, made as they are asked for.
pub(super) struct Chooser<'l, 'o> {
    loaded: &'l Loaded,
    options: &'l PhotoOptions<'o>,
    sampler: Sampler,
    candidates: Vec<Candidate>,
    samples: Vec<Option<Probe>>,
    /// Where the last solution was on the grid.
    step: usize,
    pub(super) probes: u32,
}

impl<'l, 'o> Chooser<'l, 'o> {
    pub(super) fn new(loaded: &'l Loaded, options: &'l PhotoOptions<'o>) -> Self {
        let candidates = loaded.candidates(options);
        Self {
            sampler: Sampler::new(&loaded.coefficients, options.view_side_px),
            samples: candidates.iter().map(|_| None).collect(),
            loaded,
            options,
            candidates,
            step: GRID / 2,
            probes: 0,
        }
    }

    /// The candidate with the least visible error at `limit` bytes.
    ///
    /// The source's own blocks come first: where nothing is seen of what they lose, there is nothing to search. Else it
    /// goes uphill from the size whose bits a pixel are usual, as the error has one valley. Of sizes at which nothing is
    /// seen the largest is taken; of sizes that look nearly the same the one that is less work.
    pub(super) fn best(&mut self, limit: f64) -> Choice {
        let last = self.candidates.len() - 1;
        let mut whole = None;
        if self.candidates[last] == Candidate::Kept && self.may_keep(limit) {
            let kept = self.solve(last, limit);
            if kept.error <= UNSEEN_KEPT {
                return kept;
            }
            whole = Some(kept);
        }
        let start = self
            .usual(limit)
            .min(last.saturating_sub(usize::from(whole.is_some())));
        let mut best = self.solve(start, limit);
        // Sizes that are no whole number of samples are blurred a little: they are no reason to turn round.
        let mut valley = best.error - best.stretch;
        for at in start + 1..=last {
            let next = self.solve(at, limit);
            let is_dense = self.bits_a_pixel(at, limit) >= LEAST_BITS;
            let share = if is_dense { NEARLY } else { BY_FAR };
            if next.error <= UNSEEN || next.error < best.error * share {
                best = next;
            }
            let floor = next.error - next.stretch;
            if next.error > UNSEEN && floor >= valley * share {
                break;
            }
            valley = floor;
        }
        // One valley: what went up need not look down.
        if best.error > UNSEEN && best.eighths == self.candidates[start].eighths() {
            for at in (0..start).rev() {
                let next = self.solve(at, limit);
                if next.error * NEARLY > best.error {
                    break;
                }
                best = next;
            }
        }
        match whole {
            // Nothing else can be had.
            Some(whole) if best.bytes > limit * OVER && whole.bytes <= limit * OVER => whole,
            _ => best,
        }
    }

    /// Whether the limit is not so far below what the source takes that its own size were out of reach.
    fn may_keep(&self, limit: f64) -> bool {
        self.loaded
            .source_bytes
            .is_none_or(|bytes| limit * KEEPING >= bytes as f64)
    }

    /// The largest candidate that gets the usual bits for each pixel, else the smallest.
    fn usual(&self, limit: f64) -> usize {
        (0..self.candidates.len())
            .rev()
            .find(|&at| self.bits_a_pixel(at, limit) >= USUAL_BITS)
            .unwrap_or(0)
    }

    fn bits_a_pixel(&self, at: usize, limit: f64) -> f64 {
        let frame = &self.loaded.coefficients.frame;
        let side = |length: u32| planes::scaled(length as usize, self.candidates[at].eighths());
        limit * 8.0 / (side(frame.width) as f64 * side(frame.height) as f64)
    }

    /// The chroma and the factor with which a candidate is best at `limit` bytes.
    fn solve(&mut self, at: usize, limit: f64) -> Choice {
        let candidate = self.candidates[at];
        let source = &self.loaded.coefficients;
        let (sampler, options, loaded) = (&self.sampler, self.options, self.loaded);
        let probe = self.samples[at].get_or_insert_with(|| match (candidate, loaded.floor) {
            (Candidate::Kept, Some(floor)) => sampler.kept(source, floor),
            _ => sampler.scaled(source, candidate.eighths(), options.force_444),
        });
        let chromas: Vec<Chroma> = probe.chromas().collect();
        let none = if candidate == Candidate::Kept {
            Chroma::Kept
        } else {
            Chroma::Full
        };
        let indices = (0..chromas.len())
            .map(|index| (Some(index), chromas[index]))
            .chain(chromas.is_empty().then_some((None, none)))
            .filter(|(_, chroma)| {
                options
                    .forced
                    .is_none_or(|forced| forced.1 == *chroma || chromas.is_empty())
            });
        let mut best: Option<Choice> = None;
        for (index, chroma) in indices {
            let header = header_len(source.planes.len()) as f64;
            let (step, found) = bracket(probe, index, self.step, limit, header, &mut self.probes);
            self.step = step;
            // Half the chroma is half the work.
            let is_better = |best: Choice| match chroma {
                Chroma::Quarter => found.error * NEARLY < best.error,
                _ => found.error < best.error,
            };
            if best.is_none_or(is_better) {
                best = Some(Choice {
                    eighths: candidate.eighths(),
                    chroma,
                    ..found
                });
            }
        }
        best.unwrap_or(Choice {
            eighths: candidate.eighths(),
            chroma: none,
            factor: MOST_FACTOR,
            bytes: f64::INFINITY,
            slope: -0.7,
            error: f64::INFINITY,
            stretch: 0.0,
        })
    }
}

/// The factor at which the sample says that the whole has `limit` bytes, between two steps of the grid.
fn bracket(
    probe: &mut Probe,
    chroma: Option<usize>,
    start: usize,
    limit: f64,
    header: f64,
    probes: &mut u32,
) -> (usize, Choice) {
    let mut at = |step: usize| {
        *probes += 1;
        let Outcome { bits, error } = probe.outcome(step, chroma);
        (bits * probe.ratio / 8.0 * STUFFING + header, error)
    };
    let mut step = start.clamp(1, GRID - 1);
    let mut coarse = at(step);
    while coarse.0 > limit && step + 1 < GRID {
        step += 1;
        coarse = at(step);
    }
    let mut fine = at(step - 1);
    while fine.0 <= limit && step > 1 {
        step -= 1;
        (coarse, fine) = (fine, at(step - 1));
    }
    let (low, high) = (grid(step - 1), grid(step));
    let slope = (log(coarse.0 / fine.0) / log(high / low)).clamp(-1.6, -0.05);
    // Between the steps both follow a power of the factor, nearly.
    let share = (log(limit / fine.0) / log(coarse.0 / fine.0)).clamp(0.0, 1.0);
    let share = if share.is_nan() { 0.0 } else { share };
    let between = |a: f64, b: f64| {
        if a > 0.0 && b > 0.0 {
            a * pow(b / a, share)
        } else {
            a + (b - a) * share
        }
    };
    // The source's own steps make leaps: what is sure is the error at the next coarser step.
    let is_even = probe.floor.is_none();
    let (factor, bytes, mut error) = if fine.0 <= limit {
        (LEAST_FACTOR, fine.0, fine.1)
    } else {
        (
            between(low, high),
            between(fine.0, coarse.0),
            if is_even {
                between(fine.1, coarse.1)
            } else {
                coarse.1
            },
        )
    };
    if bytes > limit * OVER {
        // Not reachable at this size: the more it overshoots, the worse.
        error += 10.0 * (bytes / limit);
    }
    let choice = Choice {
        eighths: 0,
        chroma: Chroma::Full,
        factor,
        bytes,
        slope,
        error,
        stretch: probe.stretch,
    };
    (step, choice)
}

/// Bits for a pixel of the luma plane at which the search starts: below what photographs are best at, as a smaller size is less work.
const USUAL_BITS: f64 = 2.0;
/// Bits for a pixel under which a larger size is worth it only where nothing is seen (calibration).
const LEAST_BITS: f64 = 0.8;
/// Share of an error below which a larger size is worth it all the same.
const BY_FAR: f64 = 0.5;
/// How many times the limit a source may be whose own blocks are looked at.
const KEEPING: f64 = 4.0;
/// Error that is hardly seen: SSIMULACRA2 was at 92 or above there, on the photographs that it was chosen with.
const UNSEEN: f64 = 0.0004;
/// The same of the source's own blocks, whose samples are the most.
const UNSEEN_KEPT: f64 = 0.0006;
/// Bytes over the limit that the search of the tables can still take off.
const OVER: f64 = 1.02;
/// Share of an error that is as good as the whole: a quarter of a point of SSIMULACRA2.
const NEARLY: f64 = 0.9;
