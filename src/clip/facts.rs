//! What an encoder has to know of a clip, out of what sniffing proved.

use crate::content_type::{ContentType, Family};
use crate::sniff::{Sniffed, Track, TrackKind};

/// A clip as it comes in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Facts {
    /// ffmpeg's name for the container: it is told, never left to guess, so that no list of other files is opened.
    pub(super) demuxer: &'static str,
    pub(super) bytes: u64,
    pub(super) duration_ms: Option<u64>,
    pub(super) picture: Option<Picture>,
    pub(super) sound: Option<Sound>,
}

/// Its moving pictures, upright.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Picture {
    pub(super) width_px: u32,
    pub(super) height_px: u32,
    pub(super) frame_rate: Option<f64>,
    pub(super) bit_rate: Option<u64>,
}

/// Its sound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sound {
    pub(super) rate_hz: Option<u32>,
    pub(super) channels: u16,
    pub(super) bit_rate: Option<u64>,
}

impl Facts {
    /// `None` where the container is none that is encoded here.
    pub(super) fn of(sniffed: &Sniffed) -> Option<Self> {
        let content_type = sniffed.content_type?;
        let first = |kind| sniffed.tracks.iter().find(|track| track.kind == kind);
        let video = first(TrackKind::Video).filter(|_| content_type.family() == Family::Video);
        let is_turned = matches!(sniffed.rotation_degrees, 90 | 270);
        let picture = video.and_then(|track| {
            let sides = (
                track.width_px.or(sniffed.width_px),
                track.height_px.or(sniffed.height_px),
            );
            let (width_px, height_px) = match sides {
                (Some(width), Some(height)) if is_turned => (height, width),
                (Some(width), Some(height)) => (width, height),
                // A transport stream does not say: the encoder's own filter keeps the shape.
                _ if track.width_px.is_none() => (1_280, 720),
                _ => return None,
            };
            Some(Picture {
                width_px,
                height_px,
                frame_rate: track
                    .frame_rate
                    .filter(|rate| (1.0..1_000.0).contains(rate)),
                bit_rate: track.bit_rate,
            })
        });
        let sound = first(TrackKind::Audio).map(|track: &Track| Sound {
            rate_hz: track.sample_rate_hz,
            channels: track.channels.unwrap_or(2),
            bit_rate: track.bit_rate,
        });
        Some(Self {
            demuxer: demuxer(content_type, sniffed)?,
            bytes: sniffed.bytes,
            duration_ms: sniffed.duration_ms.filter(|&ms| ms > 0),
            picture,
            sound,
        })
    }
}

fn demuxer(content_type: ContentType, sniffed: &Sniffed) -> Option<&'static str> {
    Some(match content_type {
        ContentType::Mp4
        | ContentType::QuickTime
        | ContentType::ThreeGp
        | ContentType::ThreeG2
        | ContentType::Mp4Audio
        | ContentType::ThreeGpAudio
        | ContentType::ThreeG2Audio => "mov",
        ContentType::Matroska
        | ContentType::WebM
        | ContentType::MatroskaAudio
        | ContentType::WebMAudio => "matroska",
        ContentType::Avi => "avi",
        ContentType::Mpeg if sniffed.variant.as_deref() == Some("elementary") => "mpegvideo",
        ContentType::Mpeg => "mpeg",
        ContentType::MpegTs => "mpegts",
        ContentType::Wmv | ContentType::Wma => "asf",
        ContentType::Flv => "flv",
        ContentType::OggVideo | ContentType::OggAudio => "ogg",
        ContentType::Mp3 => "mp3",
        ContentType::Aac => "aac",
        ContentType::Amr | ContentType::AmrWb => "amr",
        ContentType::Wav => "wav",
        ContentType::Flac => "flac",
        ContentType::Aiff => "aiff",
        _ => return None,
    })
}
