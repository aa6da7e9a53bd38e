//! Moving pictures under a number of bytes: two passes, and the second again until it is under, and full.

use std::fs;

use super::facts::{Facts, Picture};
use super::plan::{self, Frames, Voice};
use super::sound::amr_rate;
use super::transcoder::Work;
use super::{Made, Miss, rewrite};
use crate::child::Fault;
use crate::content_type::ContentType;
use crate::sniff;

/// What is made of a clip.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job<'a> {
    pub(super) facts: &'a Facts,
    pub(super) target: ContentType,
    /// H.263 and AMR.
    pub(super) for_old_phones: bool,
    /// The ceiling.
    pub(super) limit: u64,
    pub(super) longest_px: u32,
}

/// Encodes the first video track, and the first of sound, as MP4 or 3GP of at most `limit` bytes.
pub(super) fn encode(job: Job<'_>, work: &mut Work<'_>) -> Result<Made, Miss> {
    let picture = job
        .facts
        .picture
        .ok_or_else(|| Miss::Damaged("it has no picture that can be read".to_owned()))?;
    let duration_ms = match job.facts.duration_ms {
        // Without an analysis before it, an encode of H.263 has nothing else to be held against.
        Some(ms) if !job.for_old_phones => ms,
        _ => measure(job, work)?,
    };
    // Whatever the limit, sound is not made of more than the whole clip came with.
    let total = job.limit.min(job.facts.bytes) as f64 * 8.0 / seconds(duration_ms);
    let voice = job.facts.sound.map(|sound| plan::voice(&sound, total));
    let sound = match voice {
        Some(voice) => encode_sound(job, voice, total, work)?,
        None => Track::default(),
    };
    let ladder = if job.for_old_phones {
        H263_SIZES.to_vec()
    } else {
        plan::ladder(&picture, job.longest_px)
    };
    let mut search = Search {
        job,
        picture,
        duration_ms,
        has_sound: voice.is_some(),
        sound,
        ladder: &ladder,
    };
    search.run(work)
}

/// An encoded track by itself.
#[derive(Clone, Copy, Debug, Default)]
struct Track {
    bytes: u64,
    time_ms: u64,
}

fn seconds(duration_ms: u64) -> f64 {
    (duration_ms as f64 / 1_000.0).max(0.04)
}

struct Search<'a> {
    job: Job<'a>,
    picture: Picture,
    /// As the container tells it, until the whole of it has been decoded once.
    duration_ms: u64,
    has_sound: bool,
    sound: Track,
    ladder: &'a [Frames],
}

/// One finished encode.
struct Take {
    bytes: Vec<u8>,
    frames: Frames,
}

impl Search<'_> {
    fn run(&mut self, work: &mut Work<'_>) -> Result<Made, Miss> {
        let limit = self.job.limit;
        let (mut step, mut bits) = self.start();
        let mut analysed = None;
        if !self.job.for_old_phones {
            let told = self.duration_ms;
            self.duration_ms = self.analyse(self.ladder[step], bits, work)?;
            analysed = Some(step);
            if told.abs_diff(self.duration_ms) > told / 20 {
                (step, bits) = self.start();
            }
        }
        let mut best: Option<Take> = None;
        let mut nearest: Option<(u64, Frames)> = None;
        // What was asked for at this step, and what came of it.
        let mut tries: Vec<(f64, f64)> = Vec::new();
        for encode in 1..=MOST_ENCODES {
            let frames = self.ladder[step];
            if analysed != Some(step) && !self.job.for_old_phones {
                self.analyse(frames, bits, work)?;
                analysed = Some(step);
            }
            let take = self.encode(frames, bits, work)?;
            let len = take.bytes.len() as u64;
            let fill = len as f64 / limit as f64;
            let stuck = tries.last().is_some_and(|&(asked, got)| {
                // Asked for something else and given the same: the encoder is at an end of its scale.
                (bits / asked - 1.0).abs() > 0.05 && (len as f64 / got - 1.0).abs() < 0.01
            });
            tries.push((bits, len as f64));
            if len <= limit {
                if best
                    .as_ref()
                    .is_none_or(|best| take.bytes.len() > best.bytes.len())
                {
                    best = Some(take);
                }
                let at_source_rate = bits >= self.own_bits();
                if fill >= GOOD_FILL || stuck || at_source_rate || encode == MOST_ENCODES {
                    break;
                }
            } else if nearest.is_none_or(|(nearest, _)| len < nearest) {
                nearest = Some((len, frames));
            }
            // What is not picture stays: the bits of the picture bear the whole difference.
            let rest = self.fixed_bytes(frames) as f64;
            let is_last = encode + 1 == MOST_ENCODES;
            let is_desperate = is_last && best.is_none();
            let aim = if is_desperate { LAST_AIM } else { NEXT_AIM };
            let wanted = (limit as f64 * aim - rest).max(1.0);
            let had = (len as f64 - rest).max(1.0);
            let ratio = wanted / had;
            if len > limit && (ratio < 0.4 || stuck || (is_desperate && ratio < 0.75)) {
                // Over by more than a rate can mend: fewer pixels, by as much as is missing.
                let pixels = |step: &Frames| {
                    f64::from(step.width_px) * f64::from(step.height_px) * step.per_second()
                };
                let aim = pixels(&frames) * ratio * if is_last { 0.5 } else { 0.85 };
                let next = (step + 1..self.ladder.len())
                    .find(|&at| pixels(&self.ladder[at]) <= aim)
                    .unwrap_or(self.ladder.len() - 1);
                if next == step && stuck {
                    break;
                }
                step = next;
                let aim = if is_last { LAST_AIM } else { FIRST_AIM };
                bits = self.bits(self.ladder[step], aim);
                tries.clear();
            } else {
                let change = ratio.powf(1.0 / response(&tries, rest));
                bits = self.at_most(bits * change.clamp(0.3, 2.5));
            }
        }
        let Some(best) = best else {
            let (bytes, frames) = nearest.unwrap_or((limit + 1, self.ladder[step]));
            return Err(Miss::Over {
                bytes,
                width_px: frames.width_px,
                height_px: frames.height_px,
            });
        };
        Ok(Made {
            content_type: self.job.target,
            bytes: best.bytes,
            width_px: Some(best.frames.width_px),
            height_px: Some(best.frames.height_px),
        })
    }

    /// The first step that the limit affords, and the bits a second that it then has.
    fn start(&self) -> (usize, f64) {
        let step = plan::affordable(self.ladder, self.bits(self.ladder[0], FIRST_AIM));
        // The index of more frames is longer: the rate depends on the step, and the step on the rate.
        let step = plan::affordable(self.ladder, self.bits(self.ladder[step], FIRST_AIM));
        (step, self.bits(self.ladder[step], FIRST_AIM))
    }

    /// Bits a second that the pictures may have so that the whole comes to `aim` of the limit.
    fn bits(&self, frames: Frames, aim: f64) -> f64 {
        let bytes = self.job.limit as f64 * aim - self.fixed_bytes(frames) as f64;
        self.at_most((bytes * 8.0 / seconds(self.duration_ms)).max(LEAST_BITS))
    }

    /// Never above what the source has.
    fn at_most(&self, bits: f64) -> f64 {
        bits.min(self.own_bits())
    }

    /// The source's bits a second: those of its picture, or, where its container does not tell them apart, all but what
    /// its sound was made of.
    fn own_bits(&self) -> f64 {
        let rest = self.job.facts.bytes.saturating_sub(self.sound.bytes);
        let whole = rest as f64 * 8.0 / seconds(self.duration_ms);
        let own = self.picture.bit_rate.map_or(whole, |own| own as f64);
        own.max(LEAST_BITS)
    }

    /// Sound, boxes, and the entries of the index (ISO/IEC 14496-12 8.7): a frame has its size and its order.
    fn fixed_bytes(&self, frames: Frames) -> u64 {
        let entries = seconds(self.duration_ms) * frames.per_second() * 9.0;
        1_200 + self.sound.bytes + entries as u64
    }

    /// The first pass: nothing is written but how hard each frame is. The whole clip is decoded, and how long it really
    /// is comes back.
    fn analyse(&self, frames: Frames, bits: f64, work: &mut Work<'_>) -> Result<u64, Miss> {
        let mut arguments = input(self.job.facts, "in");
        arguments.extend(self.picture_arguments(frames, bits));
        arguments.extend(words("-pass 1 -passlogfile stats -an -f null -"));
        let ran = work.run(&arguments, WRITTEN_BYTES + self.job.facts.bytes)?;
        ran.time_ms.ok_or_else(no_progress)?;
        // The time that is reported is that of the last frame written, which need not be the last one shown: the
        // analysis has a line for every frame.
        let analysis = output(work, "stats-0.log")?;
        let analysed = analysis
            .split(|&byte| byte == b'\n')
            .filter(|line| line.starts_with(b"in:"))
            .count();
        let shown = analysed as f64 * 1_000.0 / frames.per_second();
        let decoded = (shown.round() as u64).max(self.sound.time_ms);
        let told = self.job.facts.duration_ms.unwrap_or(decoded);
        if decoded + 500 < told * 9 / 10 {
            return Err(Miss::Damaged(format!(
                "only {decoded} ms of {told} ms can be decoded"
            )));
        }
        Ok(decoded)
    }

    fn encode(&self, frames: Frames, bits: f64, work: &mut Work<'_>) -> Result<Take, Miss> {
        let mut arguments = input(self.job.facts, "in");
        if self.has_sound {
            arguments.extend(words(
                "-protocol_whitelist file,pipe -f mov -i file:sound.mp4",
            ));
        }
        arguments.extend(self.picture_arguments(frames, bits));
        if !self.job.for_old_phones {
            arguments.extend(words("-pass 2 -passlogfile stats"));
        }
        if self.has_sound {
            arguments.extend(words("-map 1:a:0 -c:a copy"));
        } else {
            arguments.push("-an".to_owned());
        }
        let format = if self.job.target == ContentType::ThreeGp {
            "3gp"
        } else {
            "mp4"
        };
        arguments.extend(words("-fflags +bitexact -f"));
        arguments.push(format.to_owned());
        arguments.push("file:out".to_owned());
        let most = WRITTEN_BYTES + self.job.limit * 4 + self.job.facts.bytes;
        work.run(&arguments, most)?;
        let bytes = output(work, "out")?;
        let bytes = finish(&bytes, self.job.target)?;
        self.check(&bytes, frames)?;
        Ok(Take { bytes, frames })
    }

    /// A program may say that all went well and have written something else.
    fn check(&self, bytes: &[u8], frames: Frames) -> Result<(), Miss> {
        let found = sniff::sniff(bytes);
        let broken = |what: String| Err(Miss::Child(format!("its output {what}")));
        if found.content_type != Some(self.job.target) {
            return broken(format!("is not {}", self.job.target));
        }
        if let Some(finding) = found
            .findings
            .iter()
            .find(|finding| finding.outcome == crate::report::Outcome::Refused)
        {
            return broken(format!("is damaged: {}", finding.message));
        }
        let sounds = found
            .tracks
            .iter()
            .any(|track| track.kind == sniff::TrackKind::Audio);
        if sounds != self.has_sound {
            return broken("has other tracks than were asked for".to_owned());
        }
        let frame_ms = (1_000.0 / frames.per_second()).ceil() as u64;
        let told = found.duration_ms.unwrap_or(0);
        if told.abs_diff(self.duration_ms) > frame_ms.max(SOUND_FRAME_MS) + 20 {
            return broken(format!(
                "runs {told} ms where its source runs {} ms",
                self.duration_ms
            ));
        }
        Ok(())
    }

    fn picture_arguments(&self, frames: Frames, bits: f64) -> Vec<String> {
        let (width, height) = (frames.width_px, frames.height_px);
        let (count, seconds) = frames.rate;
        let mut arguments = words("-map 0:V:0 -sn -dn -map_metadata -1 -map_chapters -1 -vf");
        // From time zero on, so that both passes have the same frames: a late start repeats the first.
        // The range of broadcasts: ffmpeg from version 8 on leaves that of Motion JPEG as it is, which phones show too dark.
        // Pixels that are not square become square; the picture is turned before, as its matrix says.
        arguments.push(if self.job.for_old_phones {
            format!(
                "fps=fps={count}/{seconds}:start_time=0,scale=iw*sar:ih,scale={width}:{height}:force_original_aspect_ratio=decrease:flags=bicubic+accurate_rnd+bitexact:out_range=tv,pad={width}:{height}:-1:-1,setsar=1,format=yuv420p"
            )
        } else {
            format!(
                "fps=fps={count}/{seconds}:start_time=0,scale=iw*sar:ih,scale={width}:{height}:flags=bicubic+accurate_rnd+full_chroma_int+bitexact:out_range=tv,setsar=1,format=yuv420p"
            )
        });
        if self.job.for_old_phones {
            arguments.extend(words("-c:v h263"));
        } else {
            let profile = if self.job.target == ContentType::ThreeGp {
                "baseline"
            } else {
                "main"
            };
            arguments.extend(words("-c:v libx264 -preset medium -profile:v"));
            arguments.push(profile.to_owned());
        }
        // One thread: with more, the bytes would depend on the machine.
        arguments.extend(words("-threads:v 1 -flags:v +bitexact -b:v"));
        arguments.push((bits.round() as u64).to_string());
        arguments
    }
}

/// How the length answers to the rate: by which power of it, of the last two tries. Short clips answer more than they
/// are asked for.
fn response(tries: &[(f64, f64)], rest: f64) -> f64 {
    let &[.., (asked, got), (asked_last, got_last)] = tries else {
        return 1.0;
    };
    let (rate, length) = (
        (asked_last / asked).ln(),
        ((got_last - rest).max(1.0) / (got - rest).max(1.0)).ln(),
    );
    if rate.abs() < 0.001 {
        return 1.0;
    }
    (length / rate).clamp(0.5, 4.0)
}

/// The samples of the output in a file of ours: the index first, no metadata, no trace of the program.
fn finish(bytes: &[u8], target: ContentType) -> Result<Vec<u8>, Miss> {
    rewrite(bytes, target).ok_or_else(|| Miss::Child(format!("its output is not a whole {target}")))
}

/// Runs the whole of it through the decoder, for a container that does not tell its duration.
fn measure(job: Job<'_>, work: &mut Work<'_>) -> Result<u64, Miss> {
    let mut arguments = input(job.facts, "in");
    arguments.extend(words("-map 0:V:0? -map 0:a:0? -sn -dn -f null -"));
    let ran = work.run(&arguments, WRITTEN_BYTES + job.facts.bytes)?;
    ran.time_ms.filter(|&ms| ms > 0).ok_or_else(no_progress)
}

pub(super) fn no_progress() -> Miss {
    Miss::Child("it reports no progress, as ffmpeg does".to_owned())
}

/// The sound by itself, once for all encodes of the picture: its bytes are then known.
fn encode_sound(
    job: Job<'_>,
    voice: Voice,
    total: f64,
    work: &mut Work<'_>,
) -> Result<Track, Miss> {
    let mut arguments = input(job.facts, "in");
    arguments.extend(words(
        "-map 0:a:0 -vn -sn -dn -map_metadata -1 -map_chapters -1",
    ));
    if job.for_old_phones {
        arguments.extend(words("-c:a libopencore_amrnb -ar 8000 -ac 1 -b:a"));
        // A quarter of it all, as far as there is such a rate.
        arguments.push(amr_rate(total / 4.0).to_string());
    } else {
        arguments.extend(words("-c:a aac -flags:a +bitexact -b:a"));
        arguments.push(voice.bit_rate.to_string());
        arguments.extend(words("-ar"));
        arguments.push(voice.rate_hz.to_string());
        arguments.extend(words("-ac"));
        arguments.push(voice.channels.to_string());
    }
    arguments.extend(words("-fflags +bitexact -f"));
    arguments.push(if job.for_old_phones { "3gp" } else { "mp4" }.to_owned());
    arguments.push("file:sound.mp4".to_owned());
    let ran = work.run(&arguments, WRITTEN_BYTES + job.limit * 4 + job.facts.bytes)?;
    let time_ms = ran.time_ms.ok_or_else(no_progress)?;
    Ok(Track {
        bytes: output(work, "sound.mp4")?.len() as u64,
        time_ms,
    })
}

/// What a run has written: a regular file of ours, and nothing that a link leads to.
pub(super) fn output(work: &Work<'_>, name: &str) -> Result<Vec<u8>, Miss> {
    let path = work.path(name);
    match fs::symlink_metadata(&path) {
        Ok(file) if file.is_file() => Ok(fs::read(path).map_err(Fault::Start)?),
        Ok(_) => Err(Miss::Child("what it wrote is no file".to_owned())),
        Err(_) => Err(Miss::Child("it wrote no file".to_owned())),
    }
}

/// The arguments that open one file, as one kind of container, by no protocol but those of files.
pub(super) fn input(facts: &Facts, name: &str) -> Vec<String> {
    let mut arguments = words("-protocol_whitelist file,pipe -threads 1 -f");
    arguments.push(facts.demuxer.to_owned());
    arguments.push("-i".to_owned());
    arguments.push(format!("file:{name}"));
    arguments
}

/// A line of arguments, none of which holds a space.
pub(super) fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

/// QCIF and below, of the sizes that H.263 has (H.263 table 1), at the rates that phones of its time play.
const H263_SIZES: [Frames; 3] = [
    Frames {
        width_px: 352,
        height_px: 288,
        rate: (15, 1),
    },
    Frames {
        width_px: 176,
        height_px: 144,
        rate: (15, 1),
    },
    Frames {
        width_px: 176,
        height_px: 144,
        rate: (8, 1),
    },
];
/// Encodes of the picture, the analysis before them not counted.
const MOST_ENCODES: u32 = 4;
/// The share of the limit that the first encode aims at: two passes come within a few percent.
const FIRST_AIM: f64 = 0.97;
/// The share that is aimed at once the clip is known.
const NEXT_AIM: f64 = 0.98;
/// The share that is aimed at where a further miss would be a refusal.
const LAST_AIM: f64 = 0.85;
/// From here on another encode buys too little.
const GOOD_FILL: f64 = 0.95;
/// Bits a second without which there is no picture.
const LEAST_BITS: f64 = 4_000.0;
/// What a run may write besides its output: the analysis of some hours.
const WRITTEN_BYTES: u64 = 64 << 20;
/// A frame of AAC at 12 kHz.
const SOUND_FRAME_MS: u64 = 86;
