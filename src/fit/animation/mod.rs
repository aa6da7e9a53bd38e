//! Animations stay animations: under the cap by coarser matching, fewer colours, smaller and fewer frames, in that order.

use std::ops::ControlFlow;

use libm::log;

use crate::code::Code;
use crate::content_type::ContentType;
use crate::fit::{FitError, FitOptions, FittedImage, Source};
use crate::raster::{Animation, Layout, Limits, Plays, Raster, resize};
use crate::report::Finding;
use crate::units::ByteCount;

mod encode;
mod ladder;
mod lzw;
mod palette;

use encode::{Indexed, Writer};
use ladder::{Plan, SEVEREST, step};
use palette::Palette;

/// Whole encodes that one fit may make.
const MAX_ENCODES: u32 = 8;

/// A result that uses this share of its cap is not made better.
const FILLED: f64 = 0.93;

/// Pixels of the frames that a sample keeps: bounds its memory.
const SAMPLE_PIXELS: u64 = 24_000_000;

/// Frames in a row that a sample keeps, so that dropping frames can be tried on them.
const RUN: u32 = 5;

/// The largest canvas that is worked on: what is larger is read at this size.
const WORK_PIXELS: f64 = 4_000_000.0;

/// Fits an animation as a GIF: timing and loop count are kept, and it never becomes a still.
///
/// # Errors
///
/// [`FitError::Refused`] for a damaged or oversized animation, [`FitError::CannotFit`] where the smallest version worth
/// sending is over the limit.
pub(crate) fn fit_animation(
    source: Source<'_>,
    limit: u64,
    options: &FitOptions,
) -> Result<FittedImage, FitError> {
    if !options.accept.contains(&ContentType::Gif) {
        let finding = Finding::refused(
            Code::AnimationNotAccepted,
            "an animation, and no accepted type here is one that carries it",
        )
        .help("allow a still of its first frame");
        return Err(refused(finding));
    }
    let animation =
        Animation::open(source.bytes, source.sniffed, &Limits::default()).map_err(refused)?;
    let job = Job::new(&animation, options);
    let sample = job.sample().map_err(refused)?;
    search(&job, &sample, limit)
}

/// The largest file that fits: the ladder is climbed by predictions, and whole encodes decide.
fn search(job: &Job<'_>, sample: &Sample, limit: u64) -> Result<FittedImage, FitError> {
    let mut state = Search {
        probes: 0,
        encodes: 0,
    };
    let mut rung = state.predicted_rung(job, sample, limit)?;
    // Kept for all tries but the last: lengths would jump with it.
    let mut step = job.step(sample, rung);
    // The rung and length of the nearest tries on either side of the limit.
    let mut over: Option<(f64, u64)> = None;
    let mut under: Option<(f64, Made)> = None;
    let mut last = None;
    while state.encodes < MAX_ENCODES {
        let made = state.whole(job, sample, Plan::at(rung, job.least_scale, step))?;
        let bytes = made.bytes.len() as u64;
        last = Some((bytes, made.width, made.height));
        if bytes <= limit {
            let filled = rung <= 0.0 || bytes as f64 >= limit as f64 * FILLED;
            under = Some((rung, made));
            if filled {
                break;
            }
        } else {
            over = Some((rung, bytes));
            let most = job.step(sample, SEVEREST);
            if rung >= SEVEREST && step == most {
                break;
            }
            if rung >= SEVEREST {
                // The whole ladder did not do with this step: the next tries start over with the last one.
                (step, rung, over) = (most, SEVEREST, None);
                continue;
            }
        }
        let Some(next) = next_rung(
            over,
            under
                .as_ref()
                .map(|(rung, made)| (*rung, made.bytes.len() as u64)),
            limit,
        ) else {
            break;
        };
        // The last try must fit: it is not spent on hope.
        let hopeless = under.is_none() && state.encodes + 1 == MAX_ENCODES;
        (rung, step) = if hopeless {
            (SEVEREST, job.step(sample, SEVEREST))
        } else {
            (next, step)
        };
    }
    match under {
        Some((_, made)) => Ok(job.image(made, &state)),
        None => {
            let (nearest, width_px, height_px) =
                last.unwrap_or((0, job.animation.width, job.animation.height));
            Err(FitError::CannotFit {
                limit: ByteCount::new(limit),
                nearest: ByteCount::new(nearest),
                width_px,
                height_px,
            })
        }
    }
}

/// Where to try next: between the nearest tries on the scale of lengths' logarithms, a little on the safe side.
fn next_rung(over: Option<(f64, u64)>, under: Option<(f64, u64)>, limit: u64) -> Option<f64> {
    let aim = log(limit as f64 * 0.97);
    match (over, under) {
        (Some((low, many)), Some((high, few))) => {
            if high - low < 0.01 {
                return None;
            }
            let (many, few) = (log(many as f64), log(few as f64));
            let share = ((many - aim) / (many - few)).clamp(0.1, 0.9);
            Some(low + (high - low) * share)
        }
        // A rung is about a quarter of the bytes; overshoot, so that the answer is soon enclosed.
        (Some((low, many)), None) => {
            let steps = ((log(many as f64) - aim) / 0.28).max(0.05);
            Some((low + steps * 1.15).min(SEVEREST))
        }
        (None, Some((high, few))) => {
            if high <= 0.0 {
                return None;
            }
            let steps = ((aim - log(few as f64)) / 0.28).max(0.02);
            Some((high - steps).max(0.0))
        }
        (None, None) => None,
    }
}

struct Search {
    probes: u32,
    encodes: u32,
}

impl Search {
    /// The rung where the predicted length meets the limit.
    fn predicted_rung(
        &mut self,
        job: &Job<'_>,
        sample: &Sample,
        limit: u64,
    ) -> Result<f64, FitError> {
        let aim = log(limit as f64 * 0.97);
        let at = |rung: f64, probes: &mut u32| {
            *probes += 1;
            let plan = Plan::at(rung, job.least_scale, job.step(sample, rung));
            job.predict(sample, plan).map(|bytes| log(bytes.max(1.0)))
        };
        let probes = &mut self.probes;
        let lightest = at(0.0, probes)?;
        if lightest <= aim {
            return Ok(0.0);
        }
        let (mut low, mut high) = ((0.0, lightest), (SEVEREST, at(SEVEREST, probes)?));
        if high.1 >= aim {
            return Ok(SEVEREST);
        }
        for _ in 0..3 {
            let share = ((low.1 - aim) / (low.1 - high.1)).clamp(0.15, 0.85);
            let rung = low.0 + (high.0 - low.0) * share;
            let bytes = at(rung, probes)?;
            if bytes > aim {
                low = (rung, bytes);
            } else {
                high = (rung, bytes);
            }
        }
        let share = ((low.1 - aim) / (low.1 - high.1).max(1e-9)).clamp(0.0, 1.0);
        Ok(low.0 + (high.0 - low.0) * share)
    }

    fn whole(&mut self, job: &Job<'_>, sample: &Sample, plan: Plan) -> Result<Made, FitError> {
        self.encodes += 1;
        job.encode(sample, plan)
    }
}

/// One animation and what it is to become.
struct Job<'a> {
    animation: &'a Animation<'a>,
    /// The scale that frames are read at: the canvas within what is worked on and what was asked for.
    read_scale: f64,
    /// The smallest scale on top of it that is worth sending.
    least_scale: f64,
}

struct Sample {
    /// Runs of consecutive frames, each with the frame that it starts at.
    runs: Vec<Vec<(Raster, u32)>>,
    colours: Vec<[u8; 3]>,
    plays: Plays,
    mean_delay_ms: f64,
}

struct Made {
    bytes: Vec<u8>,
    frames: u32,
    width: u32,
    height: u32,
    plan: Plan,
}

impl<'a> Job<'a> {
    fn new(animation: &'a Animation<'a>, options: &FitOptions) -> Self {
        let (width, height) = (f64::from(animation.width), f64::from(animation.height));
        let long = width.max(height);
        let within_work = (WORK_PIXELS / (width * height)).sqrt();
        let within_side = options
            .max_side
            .map_or(1.0, |side| f64::from(side.get()) / long);
        let read_scale = within_work.min(within_side).min(1.0);
        Self {
            animation,
            read_scale,
            least_scale: (f64::from(options.min_side.get()) / (long * read_scale)).min(1.0),
        }
    }

    fn size(&self, scale: f64) -> (u32, u32) {
        let side =
            |length: u32| ((f64::from(length) * self.read_scale * scale).round() as u32).max(1);
        (side(self.animation.width), side(self.animation.height))
    }

    /// Runs of frames from all over the animation, in one pass.
    fn sample(&self) -> Result<Sample, Finding> {
        let frames = self.animation.frames;
        let (width, height) = self.size(1.0);
        let affordable = SAMPLE_PIXELS / (u64::from(width) * u64::from(height)).max(1);
        let runs = u32::try_from(affordable).unwrap_or(u32::MAX) / RUN;
        let runs = runs.clamp(1, 5).min((frames / (2 * RUN)).max(1));
        let starts: Vec<u32> = (0..runs)
            .map(|run| frames.saturating_sub(RUN) * run / (runs - 1).max(1))
            .collect();
        let mut kept: Vec<Vec<(Raster, u32)>> = starts.iter().map(|_| Vec::new()).collect();
        let (mut index, mut total_ms) = (0_u32, 0_u64);
        let plays = self.animation.play(&mut |frame, delay_ms| {
            for (start, run) in starts.iter().zip(&mut kept) {
                if (*start..start.saturating_add(RUN)).contains(&index) {
                    run.push((resize(frame, width, height), delay_ms));
                }
            }
            index += 1;
            total_ms += u64::from(delay_ms);
            ControlFlow::Continue(())
        })?;
        if index < 2 {
            return Err(Finding::refused(
                Code::Corrupt,
                "an animation of which one frame is left",
            ));
        }
        let colours = colours(&kept);
        Ok(Sample {
            runs: kept,
            colours,
            plays,
            mean_delay_ms: total_ms as f64 / f64::from(index),
        })
    }

    fn step(&self, sample: &Sample, rung: f64) -> u32 {
        step(rung, sample.mean_delay_ms, self.animation.frames)
    }

    /// The length that the whole would have, from the runs of the sample.
    fn predict(&self, sample: &Sample, plan: Plan) -> Result<f64, FitError> {
        let mut palette = Palette::of(&sample.colours, plan.colours);
        let (width, height) = self.size(plan.scale);
        let (mut first, mut later, mut counted) = (0.0, 0.0, 0.0_f64);
        for (number, run) in sample.runs.iter().enumerate() {
            let mut frames = Vec::new();
            for (raster, _) in run.iter().step_by(plan.step as usize) {
                frames.push(Indexed {
                    pixels: index(raster, width, height, &mut palette),
                    delay_cs: 1,
                });
            }
            let mut frames = frames.into_iter();
            let mut writer = self.writer(&palette, &plan, sample.plays)?;
            let Some(start) = frames.next() else { continue };
            if number == 0 {
                let mut only = self.writer(&palette, &plan, sample.plays)?;
                only.push(Indexed {
                    pixels: start.pixels.clone(),
                    delay_cs: 1,
                })
                .map_err(fault)?;
                first = only.finish().map_err(fault)?.0.len() as f64;
            }
            writer.assume(&start);
            let empty = writer.len() as f64;
            let count = frames.len();
            for frame in frames {
                writer.push(frame).map_err(fault)?;
            }
            later += writer.finish().map_err(fault)?.0.len() as f64 - empty;
            counted += count as f64;
        }
        let rest = f64::from(self.animation.frames.div_ceil(plan.step).saturating_sub(1));
        Ok(first + later / counted.max(1.0) * rest)
    }

    fn encode(&self, sample: &Sample, plan: Plan) -> Result<Made, FitError> {
        let palette = Palette::of(&sample.colours, plan.colours);
        let (width, height) = self.size(plan.scale);
        // The writer reads the palette while the nearest colours are still being found.
        let mut lookup = palette.clone();
        let mut writer = self.writer(&palette, &plan, sample.plays)?;
        let mut trouble = None;
        let mut clock = Clock::default();
        let mut pending: Option<Indexed> = None;
        let mut number = 0_u32;
        let played = self.animation.play(&mut |frame, delay_ms| {
            let delay_cs = clock.tick(delay_ms, plan.step > 1);
            let dropped = !number.is_multiple_of(plan.step);
            number += 1;
            if dropped {
                if let Some(pending) = &mut pending {
                    pending.delay_cs += delay_cs;
                }
                return ControlFlow::Continue(());
            }
            let next = Indexed {
                pixels: index(frame, width, height, &mut lookup),
                delay_cs,
            };
            match pending
                .replace(next)
                .map_or(Ok(()), |ready| writer.push(ready))
            {
                Ok(()) => ControlFlow::Continue(()),
                Err(refusal) => {
                    trouble = Some(refusal);
                    ControlFlow::Break(())
                }
            }
        });
        played.map_err(refused)?;
        if let Some(refusal) = trouble {
            return Err(fault(refusal));
        }
        if let Some(ready) = pending {
            writer.push(ready).map_err(fault)?;
        }
        let (bytes, frames) = writer.finish().map_err(fault)?;
        Ok(Made {
            bytes,
            frames,
            width,
            height,
            plan,
        })
    }

    fn writer<'p>(
        &self,
        palette: &'p Palette,
        plan: &Plan,
        plays: Plays,
    ) -> Result<Writer<'p>, FitError> {
        let (width, height) = self.size(plan.scale);
        let side = |length: u32| u16::try_from(length).unwrap_or(u16::MAX);
        Writer::new(palette, plan.tolerance, side(width), side(height), plays).map_err(fault)
    }

    fn image(&self, made: Made, search: &Search) -> FittedImage {
        let mut findings = Vec::new();
        if made.frames < self.animation.frames {
            findings.push(
                Finding::note(
                    Code::AnimationNotAccepted,
                    format!(
                        "{} of {} frames are left; the time that the others took was added to them",
                        made.frames, self.animation.frames
                    ),
                )
                .observed("frames", self.animation.frames),
            );
        }
        if made.plan.tolerance > 0 {
            findings.push(Finding::note(
                Code::PartOverLimit,
                format!(
                    "the animation has up to {} colours now, matched coarsely",
                    made.plan.colours
                ),
            ));
        }
        FittedImage {
            bytes: made.bytes,
            content_type: ContentType::Gif,
            width_px: made.width,
            height_px: made.height,
            frames: made.frames,
            quality: None,
            scale: f64::from(made.width) / f64::from(self.animation.width.max(1)),
            probes: search.probes,
            encodes: search.encodes,
            findings,
        }
    }
}

/// Milliseconds → hundredths of a second, without losing what rounding leaves over.
#[derive(Default)]
struct Clock {
    real_ms: u64,
    told_cs: u64,
}

impl Clock {
    fn tick(&mut self, delay_ms: u32, merging: bool) -> u32 {
        // Viewers show what claims to last at most 10 ms for 100 ms: where frames are merged, so must the sum.
        let delay_ms = if merging && delay_ms <= 10 {
            100
        } else {
            delay_ms
        };
        self.real_ms += u64::from(delay_ms);
        let cs = (self.real_ms + 5) / 10 - self.told_cs;
        self.told_cs += cs;
        u32::try_from(cs).unwrap_or(u32::MAX)
    }
}

/// The frame at its new size in indices: GIF shows a pixel wholly or not at all.
fn index(frame: &Raster, width: u32, height: u32, palette: &mut Palette) -> Vec<u8> {
    let scaled;
    let frame = if (frame.width, frame.height) == (width, height) {
        frame
    } else {
        scaled = resize(frame, width, height);
        &scaled
    };
    let nothing = palette.nothing();
    match frame.layout {
        Layout::Rgb => frame
            .pixels
            .as_chunks::<3>()
            .0
            .iter()
            .map(|&rgb| palette.nearest(rgb))
            .collect(),
        Layout::Rgba => {
            let pixels = frame.pixels.as_chunks::<4>().0.iter();
            pixels
                .map(|&[r, g, b, a]| {
                    if a < 128 {
                        nothing
                    } else {
                        palette.nearest([r, g, b])
                    }
                })
                .collect()
        }
    }
}

/// The colours of a sample, thinned to what a palette needs to be chosen.
fn colours(runs: &[Vec<(Raster, u32)>]) -> Vec<[u8; 3]> {
    const ENOUGH: usize = 200_000;
    let rasters = || runs.iter().flatten().map(|(raster, _)| raster);
    let all: usize = rasters()
        .map(|raster| raster.pixels.len() / raster.channels())
        .sum();
    let thin = (all / ENOUGH).max(1);
    rasters()
        .flat_map(|raster| raster.pixels.chunks_exact(raster.channels()))
        .step_by(thin)
        .filter_map(|pixel| match *pixel {
            [r, g, b] => Some([r, g, b]),
            [r, g, b, a] if a >= 128 => Some([r, g, b]),
            _ => None,
        })
        .collect()
}

fn refused(finding: Finding) -> FitError {
    FitError::Refused {
        finding: Box::new(finding),
    }
}

fn fault(refusal: gif::EncodingError) -> FitError {
    refused(Finding::refused(
        Code::InternalFault,
        format!("a GIF could not be written: {refusal}"),
    ))
}

#[cfg(test)]
mod tests;
