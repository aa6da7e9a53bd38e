//! Every clip and sound of the fixtures, held against what ffprobe said of it.

use std::fs;

use mmsfit::sniff::sniff;
use mmsfit::{Track, TrackKind};

use crate::fixtures;

#[test]
fn finds_in_every_clip_and_sound_what_ffprobe_finds() -> std::io::Result<()> {
    let table = fs::read_to_string(fixtures().join("media.tsv"))?;
    let mut differing = Vec::new();
    let mut held = 0;
    for line in table.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [path, duration_ms, rotation, tracks] = fields[..] else {
            panic!("four fields are wanted: {line}");
        };
        let found = sniff(&fs::read(fixtures().join(path))?);
        let told: i64 = duration_ms.parse().expect("a number");
        let seen = found.duration_ms.map_or(-1, |ms| ms as i64);
        // Containers round to a frame, and ffprobe guesses the length of raw frames from their rate.
        if (told - seen).abs() > 70 {
            differing.push(format!("{path}: {seen} ms, told {told}"));
        }
        if found.rotation_degrees.to_string() != rotation {
            differing.push(format!("{path}: turned by {}", found.rotation_degrees));
        }
        let media: Vec<&Track> = found
            .tracks
            .iter()
            .filter(|track| track.kind != TrackKind::Other)
            .collect();
        let mut told: Vec<&str> = tracks.split(';').collect();
        assert_eq!(media.len(), told.len(), "{path}: {media:?}");
        // Some containers list the sound first, and ffprobe orders program streams by what comes first.
        let kind = |track: &str| track.split('/').next().map(str::to_owned);
        if kind(told[0]).as_deref() != Some(word(media[0].kind)) {
            told.reverse();
        }
        for (track, told) in media.iter().zip(told) {
            held += 1;
            differing.extend(differences(path, track, told));
        }
    }
    assert!(held > 50, "only {held} tracks were held against the table");
    assert_eq!(differing, Vec::<String>::new());
    Ok(())
}

fn word(kind: TrackKind) -> &'static str {
    match kind {
        TrackKind::Video => "video",
        TrackKind::Audio => "audio",
        _ => "other",
    }
}

fn differences(path: &str, track: &Track, told: &str) -> Vec<String> {
    let fields: Vec<&str> = told.split('/').collect();
    let [
        _,
        codec,
        profile,
        level,
        width,
        height,
        frames,
        bits,
        rate,
        channels,
    ] = fields[..]
    else {
        panic!("{path}: ten fields are wanted: {told}");
    };
    let mut differing = Vec::new();
    let mut same = |name: &str, seen: Option<String>, told: &str| {
        if told != "-" && seen.as_deref() != Some(told) {
            differing.push(format!("{path}: {name} {seen:?}, told {told}"));
        }
    };
    same("codec", Some(usual_name(&track.codec).to_owned()), codec);
    // Read from the container's configuration record; a program inside the samples is not parsed.
    if matches!(codec, "h264" | "hevc" | "aac") {
        same("profile", track.profile.map(str::to_owned), profile);
        same("level", track.level.map(|level| level.to_string()), level);
    }
    same("width", track.width_px.map(|side| side.to_string()), width);
    same(
        "height",
        track.height_px.map(|side| side.to_string()),
        height,
    );
    same(
        "sample rate",
        track.sample_rate_hz.map(|rate| rate.to_string()),
        rate,
    );
    same(
        "channels",
        track.channels.map(|count| count.to_string()),
        channels,
    );
    let mut near = |name: &str, seen: Option<f64>, told: &str, share: f64| {
        let Ok(told) = told.parse::<f64>() else {
            return;
        };
        if !seen.is_some_and(|seen| (seen - told).abs() <= told * share) {
            differing.push(format!("{path}: {name} {seen:?}, told {told}"));
        }
    };
    // ASF and fragments state no frame rate; ffprobe counts time stamps.
    if !path.ends_with(".wmv") && !path.contains("fragmented") {
        near("frame rate", track.frame_rate, frames, 0.02);
    }
    // AVI and fragments list no sizes; ffprobe adds up packets.
    if !path.ends_with(".avi") && !path.contains("fragmented") {
        near(
            "bit rate",
            track.bit_rate.map(|rate| rate as f64),
            bits,
            0.05,
        );
    }
    differing
}

/// The name that ffprobe has for a codec.
fn usual_name(codec: &str) -> &str {
    match codec {
        "avc1" | "V_MPEG4/ISO/AVC" => "h264",
        "hvc1" => "hevc",
        "A_AAC" => "aac",
        "A_VORBIS" => "vorbis",
        "A_OPUS" => "opus",
        "V_VP8" => "vp8",
        "V_VP9" => "vp9",
        "s263" => "h263",
        "samr" => "amr_nb",
        "sawb" => "amr_wb",
        "mp4v.20" | "FMP4" => "mpeg4",
        "WMV2" => "wmv2",
        "wma" => "wmav2",
        "pcm" => "pcm_s16le",
        "sowt" | "twos" => "pcm_s16be",
        "jpeg" => "mjpeg",
        _ if codec.starts_with("mp4a.40") => "aac",
        _ => codec,
    }
}
