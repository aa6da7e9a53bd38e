//! Sound under a number of bytes.

use super::facts::{Facts, Sound};
use super::plan::usual_rate;
use super::transcoder::Work;
use super::video::{input, no_progress, output, words};
use super::{Made, Miss, rewrite};
use crate::content_type::ContentType;
use crate::report::Outcome;
use crate::sniff;

/// Encodes the first track of sound as `target`, of at most `limit` bytes.
pub(super) fn encode(
    facts: &Facts,
    target: ContentType,
    limit: u64,
    work: &mut Work<'_>,
) -> Result<Made, Miss> {
    let sound = facts
        .sound
        .ok_or_else(|| Miss::Damaged("it has no sound that can be read".to_owned()))?;
    let duration_ms = measure(facts, work)?;
    let seconds = (duration_ms as f64 / 1_000.0).max(0.02);
    let mut bits = ceiling(target, &sound).min(limit as f64 * 8.0 * FIRST_AIM / seconds);
    let mut best: Option<Vec<u8>> = None;
    let mut nearest = u64::MAX;
    for _ in 0..MOST_ENCODES {
        let shape = shape(target, &sound, bits);
        let bytes = one(facts, target, limit, shape, work)?;
        check(&bytes, target, duration_ms)?;
        let len = bytes.len() as u64;
        let asked = shape.bit_rate as f64;
        if len <= limit {
            if best.as_ref().is_none_or(|best| bytes.len() > best.len()) {
                best = Some(bytes);
            }
            let most = ceiling(target, &sound);
            if len as f64 >= limit as f64 * GOOD_FILL || asked >= most {
                break;
            }
            bits = (asked * limit as f64 * NEXT_AIM / len as f64).min(most);
        } else {
            nearest = nearest.min(len);
            bits = asked * limit as f64 * NEXT_AIM / len as f64;
        }
        // Steps of a codec that has few: the same again would be the same bytes.
        if self::shape(target, &sound, bits) == shape {
            break;
        }
    }
    let bytes = best.ok_or(Miss::Over {
        bytes: nearest,
        width_px: 0,
        height_px: 0,
    })?;
    Ok(Made {
        content_type: target,
        bytes,
        width_px: None,
        height_px: None,
    })
}

/// What one encode is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape {
    bit_rate: u64,
    rate_hz: u32,
    channels: u16,
}

/// The most bits a second that are worth it, and never more than the source has.
fn ceiling(target: ContentType, sound: &Sound) -> f64 {
    let most = match (target, sound.channels) {
        (ContentType::Amr, _) => 12_200.0,
        (_, 0 | 1) => 96_000.0,
        _ => 192_000.0,
    };
    sound
        .bit_rate
        .map_or(most, |own| most.min((own as f64).max(LEAST_BITS)))
}

fn shape(target: ContentType, sound: &Sound, bits: f64) -> Shape {
    if target == ContentType::Amr {
        return Shape {
            bit_rate: amr_rate(bits),
            rate_hz: 8_000,
            channels: 1,
        };
    }
    let bits = bits.max(LEAST_BITS);
    // Fewer samples and one channel below the rates at which more of them sound worse.
    let (most_hz, channels) = match bits as u64 {
        96_000.. => (48_000, 2),
        56_000..96_000 => (44_100, 2),
        40_000..56_000 => (44_100, 1),
        28_000..40_000 => (32_000, 1),
        20_000..28_000 => (22_050, 1),
        14_000..20_000 => (16_000, 1),
        _ => (11_025, 1),
    };
    Shape {
        bit_rate: bits as u64,
        rate_hz: usual_rate(sound.rate_hz).min(most_hz),
        channels: channels.min(sound.channels.max(1)),
    }
}

/// The highest of AMR's eight rates (3GPP TS 26.071) that is within `bits` a second; the lowest where none is.
pub(super) fn amr_rate(bits: f64) -> u64 {
    let within = AMR_RATES.iter().copied().rfind(|&rate| rate as f64 <= bits);
    within.unwrap_or(AMR_RATES[0])
}

fn measure(facts: &Facts, work: &mut Work<'_>) -> Result<u64, Miss> {
    let mut arguments = input(facts, "in");
    arguments.extend(words("-map 0:a:0 -vn -sn -dn -f null -"));
    let ran = work.run(&arguments, WRITTEN_BYTES + facts.bytes)?;
    let decoded = ran.time_ms.filter(|&ms| ms > 0).ok_or_else(no_progress)?;
    let told = facts.duration_ms.unwrap_or(decoded);
    if decoded + 500 < told * 9 / 10 {
        return Err(Miss::Damaged(format!(
            "only {decoded} ms of {told} ms can be decoded"
        )));
    }
    Ok(decoded)
}

fn one(
    facts: &Facts,
    target: ContentType,
    limit: u64,
    shape: Shape,
    work: &mut Work<'_>,
) -> Result<Vec<u8>, Miss> {
    let (codec, format) = match target {
        ContentType::Mp3 => (
            "-c:a libmp3lame -abr 1 -write_xing 1 -id3v2_version 0",
            "mp3",
        ),
        ContentType::Aac => ("-c:a aac", "adts"),
        ContentType::Amr => ("-c:a libopencore_amrnb", "amr"),
        _ => ("-c:a aac", "mp4"),
    };
    let mut arguments = input(facts, "in");
    arguments.extend(words(
        "-map 0:a:0 -vn -sn -dn -map_metadata -1 -map_chapters -1",
    ));
    arguments.extend(words(codec));
    arguments.extend(words("-flags:a +bitexact -fflags +bitexact -b:a"));
    arguments.push(shape.bit_rate.to_string());
    arguments.extend(words("-ar"));
    arguments.push(shape.rate_hz.to_string());
    arguments.extend(words("-ac"));
    arguments.push(shape.channels.to_string());
    arguments.extend(words("-f"));
    arguments.push(format.to_owned());
    arguments.push("file:out".to_owned());
    work.run(&arguments, WRITTEN_BYTES + facts.bytes + limit * 4)?;
    let bytes = output(work, "out")?;
    if target == ContentType::Mp4Audio {
        return rewrite(&bytes, target)
            .ok_or_else(|| Miss::Child(format!("its output is not a whole {target}")));
    }
    Ok(bytes)
}

/// A program may say that all went well and have written something else.
fn check(bytes: &[u8], target: ContentType, duration_ms: u64) -> Result<(), Miss> {
    let found = sniff::sniff(bytes);
    let broken = |what: String| Err(Miss::Child(format!("its output {what}")));
    if found.content_type != Some(target) {
        return broken(format!("is not {target}"));
    }
    let refused = |finding: &&crate::report::Finding| finding.outcome == Outcome::Refused;
    if let Some(finding) = found.findings.iter().find(refused) {
        return broken(format!("is damaged: {}", finding.message));
    }
    let told = found.duration_ms.unwrap_or(0);
    if told.abs_diff(duration_ms) > ENCODER_MS {
        return broken(format!(
            "runs {told} ms where its source runs {duration_ms} ms"
        ));
    }
    Ok(())
}

/// Bits a second.
const AMR_RATES: [u64; 8] = [4_750, 5_150, 5_900, 6_700, 7_400, 7_950, 10_200, 12_200];
/// Below, MP3 and AAC have nothing to say.
const LEAST_BITS: f64 = 8_000.0;
const MOST_ENCODES: u32 = 4;
const FIRST_AIM: f64 = 0.975;
const NEXT_AIM: f64 = 0.985;
const GOOD_FILL: f64 = 0.95;
/// What encoders put before and behind the sound: two frames of MP3 at 11,025 Hz and the delay of a decoder.
const ENCODER_MS: u64 = 250;
/// What a run may write besides its output.
const WRITTEN_BYTES: u64 = 16 << 20;
