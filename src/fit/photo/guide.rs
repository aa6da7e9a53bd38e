//! The tables for a length, as a sample of the picture tells them.

use libm::{exp, log, pow};

use crate::fit::photo::blocks::{Blocks, Sampled};
use crate::fit::photo::choose::STUFFING;
use crate::fit::photo::tables::{Fineness, LEAST_FACTOR, MOST_FACTOR, quantisers, tables};
use crate::jpeg::QuantTable;

/// What a sample says about the whole, corrected by what the whole has said.
pub(super) struct Guide {
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
    pub(super) counts: u32,
    /// d ln(bytes) / d ln(factor).
    slope: f64,
}

impl Guide {
    pub(super) fn new(blocks: &Blocks, slope: f64) -> Self {
        let (across, down) = blocks.shape().mcus();
        let sample = blocks.sample((across * down / SAMPLED).clamp(1, MOST_STEP));
        Self {
            scale: STUFFING / 8.0 / sample.share,
            is_corrected: false,
            sample,
            floor: blocks.floor().copied(),
            header: blocks.header_len(),
            tried: Vec::new(),
            counts: 0,
            slope,
        }
    }

    /// The finest quantisation under the aim, near to `start`, and the bits of the sample at it.
    pub(super) fn find(&mut self, start: Fineness, limit: f64) -> (Fineness, u64) {
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

    /// The whole has `length` bytes, stuffing apart, where the sample has `bits`.
    pub(super) fn correct(&mut self, bits: u64, length: f64) {
        if bits > 0 {
            self.scale = (length - self.header) * STUFFING / bits as f64;
            self.is_corrected = true;
        }
    }
}

/// Share of the limit that the sample is brought under: what the whole can differ by is left.
const AIM: f64 = 0.9945;
/// The same once the whole has been counted: then a sample is wrong only in what has changed since.
const AIM_CORRECTED: f64 = 0.9975;
/// How near to the aim it is brought.
const CLOSE: f64 = 0.992;
/// The same of the source's own blocks, whose length leaps.
const CLOSE_KEPT: f64 = 0.985;
/// MCUs that make a sample, at least, and one in how many is taken, at most.
const SAMPLED: usize = 1_800;
const MOST_STEP: usize = 12;
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
