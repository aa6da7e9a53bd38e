//! Clips and sounds that have to be encoded: what comes out is what was promised, the same each time.

use std::fs;
use std::process::Command;
use std::sync::{Arc, Mutex};

use mmsfit::provider::Limit;
use mmsfit::{
    Attachment, ByteCount, Code, ContentType, Outcome, Prepared, Preparer, Provider, Rules,
    Transcoder, Verdict,
};

use crate::fixtures;
use crate::judge::Held;

fn under(cap: u64) -> Rules {
    let mut rules = Provider::TsgGlobal.rules().clone();
    let limit = Limit::Assumed {
        value: ByteCount::new(cap),
        why: "the cap of this test",
    };
    rules.message_bytes = limit;
    rules.target_bytes = limit;
    for rule in rules.types.to_mut() {
        rule.max_bytes = limit;
    }
    rules
}

fn preparer(rules: Rules) -> Preparer {
    Preparer::new(Provider::TsgGlobal)
        .with_rules(rules)
        .expect("rules that can be met")
}

fn prepared(preparer: &Preparer, path: &str) -> Prepared {
    preparer
        .prepare_blocking([Attachment::from_path(fixtures().join(path))])
        .expect("nothing is wrong with the call")
}

#[test]
fn every_container_of_the_fixtures_becomes_an_mp4_that_plays() {
    for name in [
        "clip.mkv",
        "clip.webm",
        "clip.avi",
        "clip.mpg",
        "clip.wmv",
        "clip.flv",
        "clip.ts",
        "theora.ogv",
        "vp9_opus.webm",
        "mjpeg_pcm.mov",
    ] {
        let path = format!("video/{name}");
        let prepared = prepared(&preparer(under(1_000_000)), &path);
        let report = prepared.report().clone();
        assert_eq!(report.verdict, Verdict::Fixed, "{name}: {report}");
        let bundle = prepared.into_bundle().expect("a bundle of what was fixed");
        let part = &bundle.parts()[0];
        assert_eq!(part.facts().content_type, ContentType::Mp4, "{name}");
        let source = fs::read(fixtures().join(&path)).expect("a fixture");
        let (before, after) = (
            Held::new(&source, "before"),
            Held::new(part.bytes(), "after.mp4"),
        );
        assert_eq!(after.complaints(), "", "{name}");
        // However much room the limit leaves, no bits are spent that the source had not.
        assert!(
            part.bytes().len() <= source.len() + source.len() / 8,
            "{name}: {} bytes of {}",
            part.bytes().len(),
            source.len()
        );
        // What was H.264 before is copied, in the profile that it has.
        let profile = match name {
            "clip.mkv" | "clip.ts" => "Constrained Baseline",
            _ => "Main",
        };
        assert_eq!(
            after.probe("v:0", "stream=codec_name,profile,pix_fmt"),
            format!("h264\n{profile}\nyuv420p")
        );
        assert_eq!(after.probe("a:0", "stream=codec_name"), "aac");
        assert!(
            after.duration_ms().abs_diff(before.duration_ms()) <= 100,
            "{name}: {} of {} ms",
            after.duration_ms(),
            before.duration_ms()
        );
    }
}

#[test]
fn a_clip_is_held_to_the_limit_of_the_type_that_it_becomes() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let noisy = folder.path().join("noisy.mkv");
    let made = Command::new("ffmpeg")
        .args(
            "-nostdin -v error -f lavfi -i testsrc2=s=640x360:r=25:d=4,noise=alls=60:allf=t"
                .split(' '),
        )
        .args("-c:v mpeg4 -q:v 2".split(' '))
        .arg(&noisy)
        .status()
        .expect("ffmpeg is needed by this test");
    assert!(made.success());
    let rules = Rules::by_name("sinch-transcoding").expect("known rules");
    // A picture may have a megabyte there, a film fifty.
    let target = ByteCount::new(2_000_000);
    let prepared = Preparer::new(Provider::Sinch)
        .with_rules(rules.clone())
        .and_then(|preparer| preparer.target(target))
        .expect("a target under the cap")
        .prepare_blocking([Attachment::from_path(&noisy)])
        .expect("nothing is wrong with the call");
    let report = prepared.report();
    assert_eq!(report.verdict, Verdict::Fixed, "{report}");
    assert!(
        (1_700_000..=2_000_000).contains(&report.total_bytes),
        "{report}"
    );
}

#[test]
fn a_sound_over_its_cap_becomes_a_shorter_mp3_of_the_same_length_in_time() {
    for name in ["tone.wav", "tone.flac", "tone.opus", "tone.m4a"] {
        for cap in [6_000, 12_000] {
            let path = format!("audio/{name}");
            let prepared = prepared(&preparer(under(cap)), &path);
            let bundle = prepared
                .into_bundle()
                .unwrap_or_else(|report| panic!("{name} into {cap}: {report}"));
            let part = &bundle.parts()[0];
            assert_eq!(part.facts().content_type, ContentType::Mp3, "{name}");
            let fill = part.bytes().len() as f64 / cap as f64;
            assert!(fill <= 1.0, "{name} into {cap}: {fill:.3}");
            let after = Held::new(part.bytes(), "after.mp3");
            assert_eq!(after.complaints(), "", "{name}");
            assert!(after.duration_ms().abs_diff(2_000) < 250, "{name}");
        }
    }
}

#[test]
fn a_turned_clip_stands_upright_and_has_no_place_when_it_had_to_be_encoded() {
    // Under a cap that forbids to keep its samples.
    let prepared = prepared(&preparer(under(16_000)), "video/phone.mov");
    let bundle = prepared
        .into_bundle()
        .unwrap_or_else(|report| panic!("{report}"));
    let after = Held::new(bundle.parts()[0].bytes(), "after.mp4");
    assert_eq!(after.probe("v:0", "stream_side_data=rotation"), "");
    let size = after.probe("v:0", "stream=width,height");
    let (width, height) = size.split_once('\n').expect("two numbers");
    let [width, height] = [width, height].map(|side| side.parse::<u32>().expect("a number"));
    assert!(width < height, "{width} x {height}");
    for word in ["GPS", "52.5", "Fair", "Lavf", "x264"] {
        assert!(!after.tags().contains(word), "{word}: {}", after.tags());
    }
}

#[test]
fn the_same_clip_gives_the_same_bytes_and_tells_its_progress() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&seen);
    let preparer =
        preparer(under(60_000)).transcoder(Transcoder::find().on_progress(move |progress| {
            if let Ok(mut seen) = tell.lock() {
                seen.push(progress);
            }
        }));
    let [first, second] = [(), ()].map(|()| {
        let bundle = prepared(&preparer, "video/clip.avi")
            .into_bundle()
            .unwrap_or_else(|report| panic!("{report}"));
        bundle.parts()[0].bytes().to_vec()
    });
    assert!(first == second, "two runs differ");
    assert!(first.len() <= 60_000);
    let seen = seen.lock().expect("no test panicked in it");
    assert!(
        seen.iter().all(|progress| progress.total_ms == Some(2_066)),
        "{seen:?}"
    );
    assert!(
        seen.iter().all(|progress| (1..=10).contains(&progress.run)),
        "{seen:?}"
    );
}

#[test]
fn what_cannot_be_brought_under_its_cap_is_refused_with_the_nearest_length() {
    let prepared = prepared(&preparer(under(1_500)), "video/clip.avi");
    let finding = prepared.report().parts[0]
        .findings
        .iter()
        .find(|finding| finding.outcome == Outcome::Refused)
        .cloned()
        .expect("a refusal");
    assert_eq!(finding.code, Code::CannotBeFitted, "{finding}");
    assert!(finding.message.contains("the nearest is"), "{finding}");
    let reached = format!("{:?}", finding.observed.get("bytes"));
    assert!(reached.contains("Number"), "{reached}");
}

#[test]
fn a_poster_needs_no_program_where_the_first_picture_stands_by_itself() {
    let mut rules = under(200_000);
    rules
        .types
        .to_mut()
        .retain(|rule| rule.content_type.family() == mmsfit::Family::Image);
    let preparer = preparer(rules)
        .allow_poster(true)
        .transcoder(Transcoder::none());
    let mut films = vec!["video/mjpeg_pcm.mov"];
    films.extend(cfg!(feature = "heic").then_some("video/hevc.mp4"));
    for name in films {
        let bundle = prepared(&preparer, name)
            .into_bundle()
            .unwrap_or_else(|report| panic!("{name}: {report}"));
        let part = &bundle.parts()[0];
        assert_eq!(part.facts().content_type, ContentType::Jpeg, "{name}");
        // The first frame as an independent decoder shows it, in a few grey fields.
        let fields = |bytes: &[u8], file: &'static str| Held::new(bytes, file).fields();
        let film = std::fs::read(crate::fixtures().join(name)).expect("a fixture");
        let extension: &'static str = if name.ends_with("mov") {
            "in.mov"
        } else {
            "in.mp4"
        };
        let (shown, wanted) = (fields(part.bytes(), "out.jpg"), fields(&film, extension));
        assert_eq!((shown.len(), wanted.len()), (64, 64));
        for (shown, wanted) in shown.iter().zip(&wanted) {
            assert!(shown.abs_diff(*wanted) < 12, "{name}: {shown} for {wanted}");
        }
    }
    // H.264 has no such way.
    let refused = prepared(&preparer, "video/clip.mp4");
    assert_eq!(refused.report().verdict, Verdict::Refused);
}

#[test]
fn a_poster_is_sent_where_no_video_is_taken_and_only_if_allowed() {
    let mut rules = under(200_000);
    rules
        .types
        .to_mut()
        .retain(|rule| rule.content_type.family() == mmsfit::Family::Image);
    let refused = prepared(&preparer(rules.clone()), "video/rotated.mp4");
    assert_eq!(refused.report().verdict, Verdict::Refused);
    let bundle = prepared(&preparer(rules).allow_poster(true), "video/rotated.mp4")
        .into_bundle()
        .unwrap_or_else(|report| panic!("{report}"));
    let facts = bundle.parts()[0].facts();
    assert_eq!(facts.content_type, ContentType::Jpeg);
    // Stored lying, 176 x 144, and turned by a quarter.
    assert_eq!((facts.width_px, facts.height_px), (Some(144), Some(176)));
}
