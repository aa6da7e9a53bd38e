//! Video and sound brought to a type and a length that the rules allow: written anew sample by sample where only the
//! container is wrong, else encoded by `ffmpeg` as a child process.

mod boxes;
mod copy;
mod entry;
mod facts;
mod plan;
mod remux;
mod sound;
mod still;
mod transcoder;
mod video;

use std::fs;

use crate::child;
use crate::code::Code;
use crate::content_type::{ContentType, Family};
use crate::provider::Rules;
use crate::report::{Finding, Outcome};
use crate::sniff::{self, Sniffed, TrackKind};
use crate::units::{ByteCount, Pixels};

pub(crate) use transcoder::Lack;
use transcoder::Work;
pub use transcoder::{Progress, Transcoder};

/// A finished clip.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) content_type: ContentType,
    pub(crate) bytes: Vec<u8>,
    pub(crate) width_px: Option<u32>,
    pub(crate) height_px: Option<u32>,
}

/// Whether a type is one of video or sound.
pub(crate) fn is_clip(content_type: ContentType) -> bool {
    matches!(content_type.family(), Family::Video | Family::Audio)
}

/// The type that a clip is encoded to under these rules, if one of them is accepted and the program can make it.
pub(crate) fn encodes_to(
    sniffed: &Sniffed,
    rules: &Rules,
    transcoder: &Transcoder,
) -> Result<Option<Target>, Lack> {
    let Some(facts) = facts::Facts::of(sniffed) else {
        return Ok(None);
    };
    let takes = |kind: &ContentType| rules.accepts(*kind).is_some();
    let has_sound = facts.sound.is_some();
    let family = sniffed.content_type.map(ContentType::family);
    let candidates: Vec<Target> = if family == Some(Family::Video) {
        if facts.picture.is_none() {
            return Ok(None);
        }
        targets_of_video(
            sniffed,
            takes(&ContentType::ThreeGp) && transcoder.wants_old_phones(),
        )
    } else {
        targets_of_sound(
            sniffed,
            takes(&ContentType::Amr) && transcoder.wants_old_phones(),
        )
    };
    let mut lack = None;
    for target in candidates {
        if !takes(&target.content_type) {
            continue;
        }
        match transcoder
            .encoders()
            .and_then(|encoders| encoders.need(target.encoders(has_sound)))
        {
            Ok(()) => return Ok(Some(target)),
            Err(found) => lack = lack.or(Some(found)),
        }
    }
    lack.map_or(Ok(None), Err)
}

/// A type that can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) content_type: ContentType,
    for_old_phones: bool,
}

impl Target {
    const fn of(content_type: ContentType) -> Self {
        Self {
            content_type,
            for_old_phones: false,
        }
    }

    fn encoders(self, has_sound: bool) -> &'static [&'static str] {
        match (self.content_type, self.for_old_phones) {
            (_, true) if has_sound => &["h263", "libopencore_amrnb"],
            (_, true) => &["h263"],
            (ContentType::Mp4 | ContentType::ThreeGp, _) if has_sound => &["libx264", "aac"],
            (ContentType::Mp4 | ContentType::ThreeGp, _) => &["libx264"],
            (ContentType::Mp3, _) => &["libmp3lame"],
            (ContentType::Amr, _) => &["libopencore_amrnb"],
            _ => &["aac"],
        }
    }
}

fn targets_of_video(sniffed: &Sniffed, for_old_phones: bool) -> Vec<Target> {
    let mut targets = Vec::new();
    if for_old_phones {
        targets.push(Target {
            content_type: ContentType::ThreeGp,
            for_old_phones,
        });
        return targets;
    }
    // What it is stays what it is, where that can be made.
    if sniffed.content_type == Some(ContentType::ThreeGp) {
        targets.push(Target::of(ContentType::ThreeGp));
    }
    targets.push(Target::of(ContentType::Mp4));
    targets.push(Target::of(ContentType::ThreeGp));
    targets
}

fn targets_of_sound(sniffed: &Sniffed, for_old_phones: bool) -> Vec<Target> {
    if for_old_phones {
        return vec![Target::of(ContentType::Amr)];
    }
    const MADE: [ContentType; 4] = [
        ContentType::Mp3,
        ContentType::Mp4Audio,
        ContentType::Aac,
        ContentType::Amr,
    ];
    let own = sniffed
        .content_type
        .filter(|kind| MADE.contains(kind))
        .into_iter();
    own.chain(MADE).map(Target::of).collect()
}

/// The type of the same codecs that a clip can be written anew as, without an encoder: an MP4 for a MOV of H.264 and AAC.
///
/// What is in the file is looked at by the rewrite itself; this is what its tracks promise.
pub(crate) fn rewraps_to(sniffed: &Sniffed, rules: &Rules) -> Option<ContentType> {
    let content_type = sniffed.content_type?;
    let of_family = |track: &crate::sniff::Track| match track.kind {
        TrackKind::Video => matches!(track.codec.as_str(), "avc1" | "avc3"),
        TrackKind::Audio => track.codec == "mp4a.40.2",
        TrackKind::Other => true,
    };
    let has = |kind| sniffed.tracks.iter().any(|track| track.kind == kind);
    if !sniffed.tracks.iter().all(of_family) {
        return None;
    }
    let candidates: &[ContentType] = match content_type {
        ContentType::QuickTime | ContentType::ThreeG2 | ContentType::ThreeGp | ContentType::Mp4
            if has(TrackKind::Video) =>
        {
            &[ContentType::Mp4, ContentType::ThreeGp]
        }
        ContentType::QuickTime | ContentType::ThreeG2Audio | ContentType::ThreeGpAudio
            if has(TrackKind::Audio) =>
        {
            &[ContentType::Mp4Audio]
        }
        _ => return None,
    };
    candidates
        .iter()
        .copied()
        .find(|&target| target != content_type && rules.accepts(target).is_some())
}

/// A file of ISO media written anew as `target`, and looked at: of that type, whole, without a place.
///
/// `None` where that cannot be done exactly.
pub(crate) fn rewrite(bytes: &[u8], target: ContentType) -> Option<Vec<u8>> {
    let made = remux::remux(bytes, target)?;
    let found = sniff::sniff(&made);
    let holds = found.content_type == Some(target)
        && !found.has_location
        && !found
            .findings
            .iter()
            .any(|finding| matches!(finding.outcome, Outcome::Refused | Outcome::Fixable));
    holds.then_some(made)
}

/// Whether a type's metadata can be left behind by writing the file anew.
pub(crate) fn is_rewritable(content_type: ContentType) -> bool {
    matches!(
        content_type,
        ContentType::Mp4
            | ContentType::QuickTime
            | ContentType::ThreeGp
            | ContentType::ThreeG2
            | ContentType::Mp4Audio
            | ContentType::ThreeGpAudio
            | ContentType::ThreeG2Audio
    )
}

/// The samples of a clip in a container that the rules take, as they are: H.264 and AAC out of MKV, TS, FLV, AVI or MPEG.
///
/// `None` where it is no such clip, its picture is over `longest`, it would not come under `limit`, or the program fails:
/// it is encoded then, and what is wrong is said by that.
pub(crate) fn copied(
    bytes: &[u8],
    sniffed: &Sniffed,
    rules: &Rules,
    limit: ByteCount,
    longest: Pixels,
    transcoder: &Transcoder,
) -> Option<Made> {
    let target = [
        ContentType::Mp4,
        ContentType::ThreeGp,
        ContentType::Mp4Audio,
    ]
    .into_iter()
    .find(|&target| rules.accepts(target).is_some() && copy::is_copied(sniffed, target))?;
    let facts = facts::Facts::of(sniffed)?;
    let side = sniffed.width_px.max(sniffed.height_px).unwrap_or(0);
    if transcoder.wants_old_phones() || side > longest.get() {
        return None;
    }
    let mut work = begun(bytes, &facts, transcoder).ok()?;
    copy::copy(sniffed, &facts, target, limit.get(), &mut work)
        .ok()
        .flatten()
}

/// A folder for the work on a clip, with the clip in it.
fn begun<'a>(
    bytes: &[u8],
    facts: &facts::Facts,
    transcoder: &'a Transcoder,
) -> Result<Work<'a>, Miss> {
    let work = transcoder.begin(facts.duration_ms)?;
    fs::write(work.path("in"), bytes).map_err(child::Fault::Start)?;
    Ok(work)
}

/// Encodes a clip as `target`, of at most `limit` bytes: never over, never cut short.
///
/// # Errors
///
/// A finding: the nearest length that was reached; that the clip is damaged; or what became of the program.
pub(crate) fn encode(
    bytes: &[u8],
    sniffed: &Sniffed,
    target: Target,
    limit: ByteCount,
    longest: Pixels,
    transcoder: &Transcoder,
) -> Result<Made, Finding> {
    let facts = facts::Facts::of(sniffed)
        .ok_or_else(|| Miss::Damaged("it is of a kind that is not encoded here".to_owned()))
        .map_err(|miss| miss.into_finding(limit, transcoder))?;
    let made = || -> Result<Made, Miss> {
        let mut work = begun(bytes, &facts, transcoder)?;
        if target.content_type.family() == Family::Video {
            let job = video::Job {
                facts: &facts,
                target: target.content_type,
                for_old_phones: target.for_old_phones,
                limit: limit.get(),
                longest_px: longest.get(),
            };
            video::encode(job, &mut work)
        } else {
            sound::encode(&facts, target.content_type, limit.get(), &mut work)
        }
    };
    made().map_err(|miss| miss.into_finding(limit, transcoder))
}

/// Whether a frame of this video can be had: from the program, or from the first picture as it stands.
pub(crate) fn makes_posters(bytes: &[u8], transcoder: &Transcoder) -> bool {
    draws_posters(transcoder) || still::first_picture(bytes).is_some()
}

fn draws_posters(transcoder: &Transcoder) -> bool {
    transcoder
        .encoders()
        .is_ok_and(|encoders| encoders.need(&["png"]).is_ok())
}

/// One frame of a video, as a PNG, a HEIC or a JPEG: a picture for those who take no video.
///
/// # Errors
///
/// A finding, as of [`encode`].
pub(crate) fn poster(
    bytes: &[u8],
    sniffed: &Sniffed,
    transcoder: &Transcoder,
) -> Result<Vec<u8>, Finding> {
    if !draws_posters(transcoder)
        && let Some(picture) = still::first_picture(bytes)
    {
        return Ok(picture);
    }
    let limit = ByteCount::new(MOST_POSTER_BYTES);
    let made = || -> Result<Vec<u8>, Miss> {
        let facts = facts::Facts::of(sniffed)
            .filter(|facts| facts.picture.is_some())
            .ok_or_else(|| Miss::Damaged("it has no picture that can be read".to_owned()))?;
        let mut work = begun(bytes, &facts, transcoder)?;
        // A tenth of the way: films start black.
        let at_ms = (facts.duration_ms.unwrap_or(0) / 10).min(3_000);
        let mut arguments = vec![
            "-ss".to_owned(),
            format!("{}.{:03}", at_ms / 1_000, at_ms % 1_000),
        ];
        arguments.extend(video::input(&facts, "in"));
        arguments.extend(video::words(
            "-map 0:V:0 -an -sn -dn -map_metadata -1 -vf scale=iw*sar:ih:flags=bicubic+accurate_rnd+bitexact,setsar=1 -frames:v 1 -c:v png -threads:v 1 -flags:v +bitexact -fflags +bitexact -f image2pipe file:out",
        ));
        work.run(&arguments, MOST_POSTER_BYTES + facts.bytes)?;
        video::output(&work, "out")
    };
    made().map_err(|miss| miss.into_finding(limit, transcoder))
}

/// Why there is no clip.
#[derive(Debug)]
enum Miss {
    /// The smallest that was reached.
    Over {
        bytes: u64,
        width_px: u32,
        height_px: u32,
    },
    /// The clip itself.
    Damaged(String),
    /// The program.
    Child(String),
    /// One run of it.
    Run(child::Fault),
}

impl From<child::Fault> for Miss {
    fn from(fault: child::Fault) -> Self {
        Self::Run(fault)
    }
}

impl Miss {
    fn into_finding(self, limit: ByteCount, transcoder: &Transcoder) -> Finding {
        let program = transcoder
            .program()
            .map_or_else(|| "ffmpeg".to_owned(), |path| path.display().to_string());
        match self {
            Self::Over {
                bytes,
                width_px,
                height_px,
            } => {
                let nearest = ByteCount::new(bytes);
                let at = if width_px > 0 {
                    format!(" at {width_px} x {height_px} px")
                } else {
                    String::new()
                };
                Finding::refused(
                    Code::CannotBeFitted,
                    format!("not under {limit}: the nearest is {nearest}{at}"),
                )
                .observed("bytes", bytes)
                .allowed("bytes", limit.get())
                .help(format!("cut it shorter, or allow {nearest}"))
            }
            Self::Damaged(why) => Finding::refused(Code::Corrupt, why)
                .help("play it to its end: the upload is damaged or incomplete, ask for it again"),
            Self::Child(why) => Finding::refused(
                Code::EncoderFailed,
                format!("{program} does not do as it says: {why}"),
            )
            .help("check that it is ffmpeg, or name another"),
            Self::Run(fault) => {
                let help = match fault {
                    child::Fault::TooSlow => "cut it shorter, or allow more time",
                    child::Fault::TooMuch(_) => {
                        "cut it shorter: it unpacks to more than is safe to handle"
                    }
                    child::Fault::Start(_) => {
                        "check that ffmpeg is installed and that there is room for temporary files"
                    }
                    child::Fault::Aborted | child::Fault::Failed { .. } => {
                        "play it to its end: it is damaged, or of a codec that this ffmpeg does not decode"
                    }
                };
                Finding::refused(Code::EncoderFailed, format!("{program}: {fault}")).help(help)
            }
        }
    }
}

/// A frame of 100 megapixels, hardly packed.
const MOST_POSTER_BYTES: u64 = 400_000_000;
