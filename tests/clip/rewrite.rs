//! Files written anew sample by sample: what decodes from them is what decoded before, and nothing else is in them.

use std::fs;
use std::process::Command;

use mmsfit::{
    Attachment, Code, ContentType, Outcome, Preparer, Provider, Rules, Transcoder, Verdict,
};

use crate::fixtures;
use crate::judge::Held;

fn read(path: &str) -> Vec<u8> {
    fs::read(fixtures().join(path)).expect("a fixture")
}

/// A preparer that has no encoder to turn to.
fn without_encoder(rules: &Rules) -> Preparer {
    Preparer::new(Provider::TsgGlobal)
        .with_rules(rules.clone())
        .expect("rules of a provider")
        .transcoder(Transcoder::none())
}

fn prepared(bytes: &[u8]) -> (Vec<u8>, ContentType, mmsfit::Report) {
    let prepared = without_encoder(Provider::TsgGlobal.rules())
        .prepare_blocking([Attachment::from_bytes(bytes.to_vec())])
        .expect("nothing is wrong with the call");
    let report = prepared.report().clone();
    let bundle = prepared
        .into_bundle()
        .unwrap_or_else(|report| panic!("{report}"));
    let part = &bundle.parts()[0];
    (part.bytes().to_vec(), part.facts().content_type, report)
}

#[test]
fn a_mov_of_h264_and_aac_becomes_an_mp4_of_the_same_frames() {
    for name in ["video/phone.mov", "video/clip.mov"] {
        let source = read(name);
        let (made, content_type, report) = prepared(&source);
        assert_eq!(content_type, ContentType::Mp4, "{name}");
        assert_eq!(report.parts[0].verdict, Verdict::Fixed);
        let action = report.parts[0]
            .findings
            .iter()
            .find(|finding| finding.code == Code::TypeNotAccepted)
            .and_then(|finding| finding.action.as_ref())
            .expect("what was done");
        assert_eq!(action.kind, "remuxed", "{name}");

        let (before, after) = (
            Held::new(&source, "before.mov"),
            Held::new(&made, "after.mp4"),
        );
        assert_eq!(after.complaints(), "", "{name}");
        // Frames, their times, sounds: equal line by line.
        assert_eq!(before.frame_sums(), after.frame_sums(), "{name}");
        assert!(before.frame_sums().lines().count() > 60, "{name}");
        assert_eq!(before.duration_ms(), after.duration_ms(), "{name}");
        for entry in ["stream_side_data=rotation", "stream=r_frame_rate"] {
            assert_eq!(before.probe("v:0", entry), after.probe("v:0", entry));
        }
        assert_eq!(after.probe("", "stream=codec_type"), "video\naudio");
        // The index stands before the samples.
        let at = |name: &[u8]| made.windows(4).position(|window| window == name);
        assert!(at(b"moov") < at(b"mdat"), "{name}");
    }
}

#[test]
fn h264_and_aac_of_other_containers_are_copied_frame_by_frame() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let flv = folder.path().join("made.flv");
    let made = Command::new("ffmpeg")
        .args(
            "-nostdin -v error -f lavfi -i testsrc=s=320x240:r=30:d=3 -f lavfi -i sine=d=3"
                .split(' '),
        )
        .args("-c:v libx264 -bf 2 -pix_fmt yuv420p -c:a aac -metadata title=Fair".split(' '))
        .arg(&flv)
        .status()
        .expect("ffmpeg is needed by this test");
    assert!(made.success());
    for (name, source) in [
        ("clip.mkv", read("video/clip.mkv")),
        ("clip.ts", read("video/clip.ts")),
        ("made.flv", fs::read(flv).expect("what was made")),
    ] {
        let prepared = Preparer::new(Provider::TsgGlobal)
            .prepare_blocking([Attachment::from_bytes(source.clone())])
            .expect("nothing is wrong with the call");
        let report = prepared.report().clone();
        let action = report.parts[0]
            .findings
            .iter()
            .find(|finding| finding.code == Code::TypeNotAccepted)
            .and_then(|finding| finding.action.as_ref())
            .unwrap_or_else(|| panic!("{name}: {report}"));
        assert_eq!(action.kind, "remuxed", "{name}");
        let bundle = prepared.into_bundle().expect("what was fixed");
        let part = &bundle.parts()[0];
        assert_eq!(part.facts().content_type, ContentType::Mp4, "{name}");
        let (before, after) = (
            Held::new(&source, name),
            Held::new(part.bytes(), "after.mp4"),
        );
        assert_eq!(after.complaints(), "", "{name}");
        assert_eq!(frames(&before), frames(&after), "{name}");
        assert!(frames(&before).len() > 100, "{name}");
        assert!(
            before.duration_ms().abs_diff(after.duration_ms()) <= 100,
            "{name}"
        );
        assert!(!after.tags().contains("Fair"), "{name}");
    }
}

#[test]
fn a_damaged_film_is_not_copied_as_if_it_were_whole() {
    let mut source = read("video/clip.mkv");
    let middle = source.len() / 2;
    for byte in &mut source[middle..middle + 2_000] {
        *byte ^= 0x5A;
    }
    let prepared = Preparer::new(Provider::TsgGlobal)
        .prepare_blocking([Attachment::from_bytes(source)])
        .expect("nothing is wrong with the call");
    let report = prepared.report();
    let copied = report.parts[0]
        .findings
        .iter()
        .filter_map(|finding| finding.action.as_ref())
        .any(|action| action.kind == "remuxed");
    assert!(!copied, "{report}");
}

/// The checksum of every frame and sound, by track, in the order of their times; containers count times differently.
fn frames(held: &Held) -> Vec<(String, String)> {
    let mut frames: Vec<(String, String)> = held
        .frame_sums()
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let fields: Vec<&str> = line.split(',').map(str::trim).collect();
            (fields[0].to_owned(), fields[5].to_owned())
        })
        .collect();
    // Tracks are interleaved as their times are; within one the order stays.
    frames.sort_by(|a, b| a.0.cmp(&b.0));
    frames
}

#[test]
fn a_place_is_left_behind_by_every_container_and_nothing_else_changes() {
    for (name, held) in [
        ("video/phone.mov", "a.mov"),
        ("video/located.mp4", "a.mp4"),
        ("video/with_location.mp4", "a.mp4"),
        ("video/located.3gp", "a.3gp"),
        ("audio/located.m4a", "a.m4a"),
    ] {
        let source = read(name);
        let before = Held::new(&source, held);
        assert!(
            before.tags().contains("GPS"),
            "{name}: the fixture has a place"
        );
        let rules = Rules::by_name(if name.ends_with(".mov") {
            "sinch"
        } else {
            "ringcentral-2026"
        })
        .expect("known rules");
        let prepared = without_encoder(rules)
            .prepare_blocking([Attachment::from_bytes(source.clone())])
            .expect("nothing is wrong with the call");
        let bundle = prepared
            .into_bundle()
            .unwrap_or_else(|report| panic!("{name}: {report}"));
        let made = bundle.parts()[0].bytes();
        let after = Held::new(made, held);
        let tags = after.tags();
        for word in ["GPS", "Location", "52.5", "13.4", "Title", "Fair"] {
            assert!(!tags.contains(word), "{name} still has {word}:\n{tags}");
        }
        assert_eq!(before.frame_sums(), after.frame_sums(), "{name}");
        assert_eq!(after.complaints(), "", "{name}");
        assert!(made.len() <= source.len(), "{name} grew");
        // Its own output passes untouched.
        let again = without_encoder(rules)
            .prepare_blocking([Attachment::from_bytes(made.to_vec())])
            .expect("nothing is wrong with the call");
        assert_eq!(again.report().verdict, Verdict::Passed, "{name}");
    }
}

#[test]
fn what_no_mp4_carries_is_refused_with_what_to_install() {
    for name in ["video/mjpeg_pcm.mov", "video/clip.mkv", "audio/tone.wav"] {
        let report =
            without_encoder(Provider::TsgGlobal.rules()).check(&Attachment::from_bytes(read(name)));
        assert_eq!(report.verdict, Verdict::Refused, "{name}");
        let help = report
            .findings
            .iter()
            .find(|finding| finding.outcome == Outcome::Refused)
            .and_then(|finding| finding.help.clone())
            .expect("help");
        assert!(help.contains("apt-get install ffmpeg"), "{name}: {help}");
        assert!(help.contains("MMSFIT_FFMPEG"), "{name}: {help}");
    }
}

/// Every byte of the index is bent in turn: whatever comes out is refused or verified, and nothing panics.
#[test]
fn a_bent_index_never_panics_and_never_grows() {
    let source = read("video/phone.mov");
    let start = source
        .windows(4)
        .position(|window| window == b"moov")
        .expect("an index");
    let preparer = without_encoder(Provider::TsgGlobal.rules());
    let mut made = 0;
    for at in (start..source.len()).step_by(7) {
        for value in [0x00, 0xFF, source[at].wrapping_add(1)] {
            let mut bent = source.clone();
            bent[at] = value;
            let prepared = preparer
                .prepare_blocking([Attachment::from_bytes(bent)])
                .expect("nothing is wrong with the call");
            let is_ours = |finding: &mmsfit::Finding| finding.code == Code::InternalFault;
            let report = prepared.report();
            assert!(
                !report.parts[0].findings.iter().any(is_ours),
                "byte {at} as {value}: {report}"
            );
            if let Ok(bundle) = prepared.into_bundle() {
                made += 1;
                assert!(bundle.parts()[0].bytes().len() <= source.len() + 64);
            }
        }
    }
    assert!(made > 100, "only {made} were written");
}
