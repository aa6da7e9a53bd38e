//! What phones play: codecs that many lack are named and encoded anew where that is asked for; 3GP and AMR for old ones.
//!
//! AMR needs an ffmpeg with an encoder for it, which distributions leave out. Tests of it are ignored unless asked for;
//! the environment variable `MMSFIT_AMR_FFMPEG` then names such a program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use mmsfit::{
    Attachment, Code, ContentType, Outcome, Prepared, Preparer, Provider, Transcoder, Verdict,
};

use crate::fixtures;
use crate::judge::Held;

fn prepared(preparer: &Preparer, path: &Path) -> Prepared {
    preparer
        .prepare_blocking([Attachment::from_path(path)])
        .expect("nothing is wrong with the call")
}

fn codes(prepared: &Prepared) -> Vec<(Code, Outcome)> {
    let findings = &prepared.report().parts[0].findings;
    findings
        .iter()
        .map(|finding| (finding.code, finding.outcome))
        .collect()
}

#[test]
fn a_codec_that_many_phones_lack_is_named_and_passes() {
    let preparer = Preparer::new(Provider::Sinch);
    for (name, what) in [("hevc.mp4", "HEVC"), ("mjpeg_pcm.mov", "Motion JPEG")] {
        let prepared = prepared(&preparer, &fixtures().join("video").join(name));
        assert_eq!(prepared.report().verdict, Verdict::Passed, "{name}");
        let findings = &prepared.report().parts[0].findings;
        let [finding] = &findings[..] else {
            panic!("{name}: {findings:?}");
        };
        assert_eq!(
            (finding.code, finding.outcome),
            (Code::CodecNotAccepted, Outcome::Noted)
        );
        assert!(finding.message.contains(what), "{finding}");
        assert!(
            finding
                .help
                .as_ref()
                .is_some_and(|help| help.contains("--common-codecs"))
        );
    }
    for name in ["clip.mp4", "clip.mov", "mpeg4_amr.3gp", "h264_aac.3gp"] {
        let prepared = prepared(&preparer, &fixtures().join("video").join(name));
        let named = codes(&prepared);
        assert!(
            named
                .iter()
                .all(|(code, _)| *code != Code::CodecNotAccepted),
            "{name}: {named:?}"
        );
    }
}

#[test]
fn a_codec_that_many_phones_lack_is_encoded_anew_where_that_is_asked_for() {
    for provider in [Provider::RingCentral, Provider::Sinch] {
        let preparer = Preparer::new(provider).common_codecs(true);
        let prepared = prepared(&preparer, &fixtures().join("video/hevc.mp4"));
        assert_eq!(
            codes(&prepared)[0],
            (Code::CodecNotAccepted, Outcome::Fixed)
        );
        let bundle = prepared
            .into_bundle()
            .unwrap_or_else(|report| panic!("{report}"));
        let part = &bundle.parts()[0];
        assert_eq!(part.facts().content_type, ContentType::Mp4);
        let after = Held::new(part.bytes(), "after.mp4");
        assert_eq!(after.complaints(), "");
        assert_eq!(after.probe("v:0", "stream=codec_name"), "h264");
        assert!(after.duration_ms().abs_diff(2_000) <= 100);
    }
    // What phones play is not touched.
    let path = fixtures().join("video/clip.mp4");
    let bundle = prepared(&Preparer::new(Provider::Sinch).common_codecs(true), &path)
        .into_bundle()
        .unwrap_or_else(|report| panic!("{report}"));
    assert!(bundle.parts()[0].bytes() == fs::read(path).expect("a fixture"));
    // Without a program it is refused: what was asked for cannot be had.
    let none = Preparer::new(Provider::Sinch)
        .common_codecs(true)
        .transcoder(Transcoder::none());
    let refused = prepared(&none, &fixtures().join("video/hevc.mp4"));
    assert_eq!(
        codes(&refused)[0],
        (Code::CodecNotAccepted, Outcome::Refused)
    );
}

#[test]
fn for_old_phones_a_silent_film_becomes_3gp_with_h263() {
    let preparer = Preparer::new(Provider::Sinch)
        .common_codecs(true)
        .transcoder(Transcoder::find().for_old_phones(true));
    let bundle = prepared(&preparer, &fixtures().join("video/silent.mp4"))
        .into_bundle()
        .unwrap_or_else(|report| panic!("{report}"));
    let part = &bundle.parts()[0];
    assert_eq!(part.facts().content_type, ContentType::ThreeGp);
    let after = Held::new(part.bytes(), "after.3gp");
    assert_eq!(after.complaints(), "");
    assert_eq!(after.probe("v:0", "stream=codec_name"), "h263");
}

/// The program of these tests.
fn with_amr() -> PathBuf {
    let named = std::env::var_os("MMSFIT_AMR_FFMPEG");
    named
        .expect("MMSFIT_AMR_FFMPEG names an ffmpeg that encodes AMR")
        .into()
}

/// Made by the judge's ffmpeg: twenty seconds of something like a voice, and a film of twelve with it.
fn made(folder: &Path, name: &str, arguments: &[&str]) -> PathBuf {
    let path = folder.join(name);
    let done = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-f", "lavfi", "-i"])
        .arg("aevalsrc=0.4*sin(2*PI*(140+30*sin(5*t))*t)*(0.5+0.5*sin(11*t))|0.3*sin(2*PI*310*t)*(0.5+0.5*cos(7*t)):s=44100:d=20")
        .args(arguments)
        .arg(&path)
        .status()
        .expect("ffmpeg is needed by this test");
    assert!(done.success());
    path
}

#[test]
#[ignore = "needs an ffmpeg with AMR, named by MMSFIT_AMR_FFMPEG"]
fn for_old_phones_speech_becomes_amr_under_its_cap() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let wav = made(folder.path(), "voice.wav", &[]);
    // Of the eight rates the one that fits: 12.2 kbit/s are 32 bytes every 20 ms, 4.75 kbit/s are 13.
    for (cap, bytes) in [(300_000, 32_038), (25_000, 21_027), (14_000, 13_019)] {
        let preparer = capped(cap).transcoder(Transcoder::at(with_amr()).for_old_phones(true));
        let prepared = prepared(&preparer, &wav);
        let bundle = prepared
            .into_bundle()
            .unwrap_or_else(|report| panic!("{cap}: {report}"));
        let part = &bundle.parts()[0];
        assert_eq!(part.facts().content_type, ContentType::Amr);
        assert_eq!(part.bytes().len(), bytes, "{cap}");
        let after = Held::new(part.bytes(), "after.amr");
        assert_eq!(after.complaints(), "");
        // Every frame is one of 20 ms.
        let sums = after.frame_sums();
        let frames = sums.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(frames, 1_001, "{cap}");
    }
    // Below the lowest rate there is no AMR, and none is cut short.
    let preparer = capped(12_000).transcoder(Transcoder::at(with_amr()).for_old_phones(true));
    assert_eq!(prepared(&preparer, &wav).report().verdict, Verdict::Refused);
}

#[test]
#[ignore = "needs an ffmpeg with AMR, named by MMSFIT_AMR_FFMPEG"]
fn for_old_phones_a_film_becomes_3gp_with_h263_and_amr_under_its_cap() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let film = made(
        folder.path(),
        "film.mov",
        &[
            "-f",
            "lavfi",
            "-i",
            "testsrc2=s=640x360:r=25:d=12",
            "-t",
            "12",
            "-c:v",
            "libx264",
            "-crf",
            "20",
            "-c:a",
            "aac",
        ],
    );
    for cap in [300_000, 150_000, 80_000] {
        let preparer = capped(cap)
            .common_codecs(true)
            .transcoder(Transcoder::at(with_amr()).for_old_phones(true));
        let bundle = prepared(&preparer, &film)
            .into_bundle()
            .unwrap_or_else(|report| panic!("{cap}: {report}"));
        let part = &bundle.parts()[0];
        assert_eq!(part.facts().content_type, ContentType::ThreeGp);
        let fill = part.bytes().len() as f64 / cap as f64;
        assert!(fill <= 1.0 && fill > 0.6, "{cap}: {fill:.3}");
        let after = Held::new(part.bytes(), "after.3gp");
        assert_eq!(after.complaints(), "");
        assert_eq!(after.probe("v:0", "stream=codec_name"), "h263");
        assert_eq!(after.probe("a:0", "stream=codec_name"), "amr_nb");
        assert!(after.duration_ms().abs_diff(12_000) <= 200, "{cap}");
    }
}

/// Sinch, which takes 3GP and AMR, with less room.
fn capped(cap: u64) -> Preparer {
    let mut rules = Provider::Sinch.rules().clone();
    let limit = mmsfit::provider::Limit::Assumed {
        value: mmsfit::ByteCount::new(cap),
        why: "the cap of this test",
    };
    rules.message_bytes = limit;
    rules.target_bytes = limit;
    for rule in rules.types.to_mut() {
        rule.max_bytes = limit;
    }
    Preparer::new(Provider::Sinch)
        .with_rules(rules)
        .expect("rules that can be met")
}
