//! The samples of a container that is not of the ISO family, put into one by the program: nothing is encoded, so nothing
//! is lost.

use std::fs;

use super::facts::Facts;
use super::transcoder::Work;
use super::video::{input, output, words};
use super::{Made, Miss, rewrite};
use crate::child::Fault;
use crate::content_type::{ContentType, Family};
use crate::sniff::{self, Sniffed, Track, TrackKind};

/// Whether the tracks of a clip are what every phone decodes, so that only its container is wrong.
pub(super) fn is_copied(sniffed: &Sniffed, target: ContentType) -> bool {
    let is_foreign = sniffed.content_type.is_some_and(|kind| {
        kind.family() == target.family()
            && matches!(
                kind,
                ContentType::Matroska
                    | ContentType::MatroskaAudio
                    | ContentType::MpegTs
                    | ContentType::Flv
                    | ContentType::Avi
                    | ContentType::Mpeg
            )
    });
    let wanted = match target.family() {
        Family::Video => TrackKind::Video,
        _ => TrackKind::Audio,
    };
    // Each container has its own name for them.
    let is_taken = |track: &Track| match track.kind {
        TrackKind::Video => {
            matches!(track.codec.as_str(), "avc1" | "V_MPEG4/ISO/AVC")
                && track.profile.is_none_or(is_usual)
        }
        TrackKind::Audio => {
            matches!(track.codec.as_str(), "mp4a" | "mp4a.40.2" | "A_AAC")
                && track.profile.is_none_or(|profile| profile == "LC")
        }
        TrackKind::Other => true,
    };
    is_foreign
        && sniffed.tracks.iter().any(|track| track.kind == wanted)
        && sniffed.tracks.iter().all(is_taken)
}

/// Profiles of eight bits and 4:2:0 (H.264 A.2): the others hardly any phone shows.
fn is_usual(profile: &str) -> bool {
    matches!(
        profile,
        "Constrained Baseline" | "Baseline" | "Main" | "High"
    )
}

/// The first track of video and the first of sound as `target`, sample by sample the same.
///
/// `None` where the program cannot, or what it wrote is not the whole clip: it is encoded then.
///
/// # Errors
///
/// The time or the room that the clip may have is used up.
pub(super) fn copy(
    sniffed: &Sniffed,
    facts: &Facts,
    target: ContentType,
    limit: u64,
    work: &mut Work<'_>,
) -> Result<Option<Made>, Miss> {
    // Every container has its own overhead; none of these has a quarter.
    if facts.bytes / 4 * 3 > limit {
        return Ok(None);
    }
    let mut arguments = input(facts, "in");
    arguments.extend(words(
        "-map 0:V:0? -map 0:a:0? -sn -dn -map_metadata -1 -map_chapters -1 -c copy -fflags +bitexact -f",
    ));
    let format = match target {
        ContentType::ThreeGp => "3gp",
        _ => "mp4",
    };
    arguments.extend(words(format));
    arguments.push("file:copy.mp4".to_owned());
    if !goes_well(work, &arguments, facts.bytes)? {
        return Ok(None);
    }
    let Some(bytes) = rewrite(&output(work, "copy.mp4")?, target) else {
        return Ok(None);
    };
    let found = sniff::sniff(&bytes);
    let fits = bytes.len() as u64 <= limit && is_whole(sniffed, &found);
    Ok((fits && decodes(&bytes, facts, work)?).then_some(Made {
        content_type: target,
        bytes,
        width_px: found.width_px,
        height_px: found.height_px,
    }))
}

/// The same tracks, and as long as the source says that it is.
fn is_whole(sniffed: &Sniffed, made: &Sniffed) -> bool {
    let count = |of: &Sniffed, kind| of.tracks.iter().filter(|track| track.kind == kind).count();
    let same_tracks = [TrackKind::Video, TrackKind::Audio]
        .into_iter()
        .all(|kind| count(made, kind) == count(sniffed, kind).min(1));
    // What the source did not tell its new container does.
    let usual = made.tracks.iter().all(|track| match track.kind {
        TrackKind::Video => track.profile.is_some_and(is_usual),
        TrackKind::Audio => track.codec == "mp4a.40.2",
        TrackKind::Other => true,
    });
    let as_long = sniffed.duration_ms.is_none_or(|told| {
        made.duration_ms
            .is_some_and(|ms| ms.abs_diff(told) <= TOLERANCE_MS.max(told / 100))
    });
    same_tracks && usual && as_long
}

/// Whether the program decodes all of it without a word.
fn decodes(bytes: &[u8], facts: &Facts, work: &mut Work<'_>) -> Result<bool, Miss> {
    fs::write(work.path("whole.mp4"), bytes).map_err(Fault::Start)?;
    let arguments = words(
        "-xerror -err_detect explode -protocol_whitelist file,pipe -threads 1 -f mov -i file:whole.mp4 -f null -",
    );
    goes_well(work, &arguments, facts.bytes)
}

/// One run; no where the program has failed by itself.
fn goes_well(work: &mut Work<'_>, arguments: &[String], source_bytes: u64) -> Result<bool, Miss> {
    // The source, the copy, and the copy in a file of ours.
    match work.run(arguments, source_bytes * 4 + SPARE_BYTES) {
        Ok(_) => Ok(true),
        Err(Fault::Failed { .. } | Fault::TooMuch(_)) => Ok(false),
        Err(fault) => Err(fault.into()),
    }
}

/// What the files of a run may have beyond the clip's own length.
const SPARE_BYTES: u64 = 1 << 20;
/// Containers round their times, and count the last frame or leave it out.
const TOLERANCE_MS: u64 = 150;
