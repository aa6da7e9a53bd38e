//! Twenty clips into three caps: never over, full at the median, as long as they were, and whole.
//!
//! The full table takes many minutes and is run by hand; a sample of it always runs. Both write what they found to the
//! test's own folder under `target`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mmsfit::provider::Limit;
use mmsfit::{Attachment, ByteCount, Preparer, Provider, Rules, Transcoder, Verdict};

use crate::judge::Held;

/// Name with its container's extension, picture source, sound source, what the source's encoder is told, seconds.
struct Clip(&'static str, &'static str, &'static str, &'static str, u32);

const H264: &str = "-c:v libx264 -preset ultrafast -qp 12 -pix_fmt yuv420p -c:a aac -b:a 128k";
const ROUGH: &str = "-c:v libx264 -preset ultrafast -qp 20 -pix_fmt yuv420p -c:a aac -b:a 128k";
const SINE: &str = "sine=frequency=440:sample_rate=48000";
const HISS: &str = "anoisesrc=color=pink:amplitude=0.4:sample_rate=44100:seed=1";

const CLIPS: &[Clip] = &[
    Clip(
        "bars_10s.mp4",
        "testsrc2=s=640x360:r=30,noise=alls=8:allf=t:all_seed=1",
        SINE,
        H264,
        10,
    ),
    Clip(
        "bars_hd_silent_5s.mp4",
        "testsrc2=s=1280x720:r=30,noise=alls=6:allf=t:all_seed=2",
        "",
        H264,
        5,
    ),
    Clip(
        "bars_60s.mp4",
        "testsrc2=s=320x240:r=15,noise=alls=6:allf=t:all_seed=3",
        SINE,
        H264,
        60,
    ),
    Clip(
        "bars_hiss_30s.mp4",
        "testsrc2=s=640x480:r=25,noise=alls=4:allf=t:all_seed=4",
        HISS,
        ROUGH,
        30,
    ),
    Clip(
        "zoom_silent_4s.mp4",
        "mandelbrot=s=640x480:r=25:start_scale=1",
        "",
        H264,
        4,
    ),
    Clip(
        "zoom_hd_2s.mp4",
        "mandelbrot=s=1280x720:r=30:start_scale=0.5",
        SINE,
        H264,
        2,
    ),
    Clip(
        "zoom_20s.mkv",
        "mandelbrot=s=480x360:r=24:start_scale=2",
        HISS,
        H264,
        20,
    ),
    Clip(
        "life_8s.mp4",
        "life=s=320x240:mold=10:r=25:ratio=0.3:seed=7:death_color=#C83232:life_color=#00ff00",
        SINE,
        H264,
        8,
    ),
    Clip(
        "noise_6s.mp4",
        "color=gray:s=320x240:r=30,noise=alls=60:allf=t:all_seed=5",
        "",
        ROUGH,
        6,
    ),
    Clip(
        "noise_hiss_2s.mov",
        "color=gray:s=640x360:r=30,noise=alls=60:allf=t:all_seed=6",
        HISS,
        ROUGH,
        2,
    ),
    Clip(
        "still_bars_15s.mp4",
        "smptehdbars=s=1280x720:r=30,noise=alls=5:allf=t:all_seed=7",
        SINE,
        ROUGH,
        15,
    ),
    Clip(
        "gradients_12s.mp4",
        "gradients=s=640x360:r=30:n=4:seed=3:speed=0.02,noise=alls=5:allf=t:all_seed=8",
        SINE,
        ROUGH,
        12,
    ),
    Clip(
        "turned_90_15s.mp4",
        "testsrc2=s=640x480:r=30,noise=alls=6:allf=t:all_seed=9",
        SINE,
        "TURN90",
        15,
    ),
    Clip(
        "turned_270_3s.mov",
        "mandelbrot=s=640x480:r=30:start_scale=1",
        "",
        "TURN270",
        3,
    ),
    Clip(
        "variable_rate_20s.mp4",
        "testsrc2=s=480x360:r=30,noise=alls=6:allf=t:all_seed=10,select='not(mod(n,3))+lt(mod(n,50),20)'",
        SINE,
        "VFR",
        20,
    ),
    Clip(
        "variable_rate_12s.mkv",
        "testsrc2=s=640x360:r=30,noise=alls=6:allf=t:all_seed=11,select='not(mod(n,4))+lt(mod(n,90),15)'",
        "",
        "VFR",
        12,
    ),
    Clip(
        "short_1s.mp4",
        "testsrc2=s=1280x720:r=30,noise=alls=30:allf=t:all_seed=12",
        SINE,
        H264,
        1,
    ),
    Clip(
        "fast_60fps_8s.mp4",
        "testsrc2=s=640x360:r=60,noise=alls=6:allf=t:all_seed=13",
        SINE,
        H264,
        8,
    ),
    Clip(
        "tv_6s.mpg",
        "testsrc2=s=720x576:r=25,noise=alls=6:allf=t:all_seed=14",
        SINE,
        "-c:v mpeg2video -q:v 3 -c:a mp2 -b:a 192k",
        6,
    ),
    Clip(
        "camera_25s.avi",
        "testsrc2=s=480x270:r=20,noise=alls=8:allf=t:all_seed=15",
        HISS,
        "-c:v mpeg4 -q:v 3 -c:a libmp3lame -b:a 128k",
        25,
    ),
];

const CAPS: [u64; 3] = [300_000, 600_000, 1_000_000];

#[test]
#[ignore = "encodes 30 clips: cargo test --test clip figures -- --ignored"]
fn the_first_ten_clips_are_under_every_cap_full_whole_and_as_long_as_they_were() {
    hold(&CLIPS[..10], &CAPS, "clip-figures-1.tsv");
}

#[test]
#[ignore = "encodes 30 clips: cargo test --test clip figures -- --ignored"]
fn the_last_ten_clips_are_under_every_cap_full_whole_and_as_long_as_they_were() {
    hold(&CLIPS[10..], &CAPS, "clip-figures-2.tsv");
}

#[test]
fn a_sample_of_clips_is_under_its_cap_full_whole_and_as_long_as_it_was() {
    let sample: Vec<&Clip> = CLIPS
        .iter()
        .filter(|clip| {
            matches!(
                clip.0,
                "zoom_silent_4s.mp4" | "noise_6s.mp4" | "short_1s.mp4" | "turned_270_3s.mov"
            )
        })
        .collect();
    assert_eq!(sample.len(), 4);
    let clips: Vec<Clip> = sample
        .into_iter()
        .map(|clip| Clip(clip.0, clip.1, clip.2, clip.3, clip.4))
        .collect();
    hold(&clips, &CAPS[..1], "clip-sample.tsv");
}

fn hold(clips: &[Clip], caps: &[u64], table_name: &str) {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let table_path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(table_name);
    let mut table = "clip\tsource bytes\tcap\tbytes\tfill\tsize\tframes a second\tms\tsource ms\truns\tverdict\n".to_owned();
    let (mut faults, mut fills) = (Vec::new(), Vec::new());
    for clip in clips {
        let source = generate(clip, folder.path());
        let name: &'static str = clip.0;
        let before = Held::new(&source, name);
        for &cap in caps {
            let runs = Arc::new(AtomicU32::new(0));
            let (prepared, fill) = (fitted(&source, cap, &runs), |len: usize| {
                len as f64 / cap as f64
            });
            let report = prepared.report().clone();
            let Ok(bundle) = prepared.into_bundle() else {
                faults.push(format!("{name} into {cap}: {report}"));
                continue;
            };
            let made = bundle.parts()[0].bytes();
            let after = Held::new(made, "made.mp4");
            let rate = frames_a_second(&after);
            let (told, had) = (after.duration_ms(), before.duration_ms());
            let size = after.probe("v:0", "stream=width,height").replace('\n', "x");
            let verdict = report.parts[0].verdict;
            let _ = writeln!(
                table,
                "{name}\t{}\t{cap}\t{}\t{:.3}\t{size}\t{rate:.2}\t{told}\t{had}\t{}\t{}",
                source.len(),
                made.len(),
                fill(made.len()),
                runs.load(Ordering::Relaxed),
                verdict.name(),
            );
            // Written as it grows: a run that is ended leaves what it found.
            fs::write(&table_path, &table).expect("the test's own folder");
            if made.len() as u64 > cap {
                faults.push(format!("{name}: {} bytes in {cap}", made.len()));
            }
            let complaints = after.complaints();
            if !complaints.is_empty() {
                faults.push(format!("{name} into {cap}: {complaints}"));
            }
            // One frame of the result, and what containers round.
            if told.abs_diff(had) as f64 > 1_000.0 / rate + 5.0 {
                faults.push(format!("{name} into {cap}: {told} ms of {had} ms"));
            }
            if verdict == Verdict::Fixed && source.len() as u64 > cap {
                fills.push(fill(made.len()));
            }
        }
    }
    fills.sort_by(f64::total_cmp);
    assert_eq!(faults, Vec::<String>::new(), "\n{table}");
    let median = fills[fills.len() / 2];
    assert!(median >= 0.93, "the median fill is {median:.3}\n{table}");
}

fn frames_a_second(held: &Held) -> f64 {
    let rate = held.probe("v:0", "stream=avg_frame_rate");
    let (frames, seconds) = rate.split_once('/').expect("a fraction");
    let [frames, seconds] =
        [frames, seconds].map(|number| number.parse::<f64>().expect("a number"));
    frames / seconds
}

fn fitted(source: &[u8], cap: u64, runs: &Arc<AtomicU32>) -> mmsfit::Prepared {
    let mut rules: Rules = Provider::TsgGlobal.rules().clone();
    let limit = |value| Limit::Assumed {
        value: ByteCount::new(value),
        why: "the cap of this test",
    };
    rules.message_bytes = limit(cap);
    rules.target_bytes = limit(cap);
    for rule in rules.types.to_mut() {
        rule.max_bytes = limit(cap);
    }
    let seen = Arc::clone(runs);
    Preparer::new(Provider::TsgGlobal)
        .with_rules(rules)
        .expect("rules that can be met")
        .transcoder(
            Transcoder::find()
                .deadline(std::time::Duration::from_secs(3_600))
                .on_progress(move |progress| {
                    seen.fetch_max(progress.run, Ordering::Relaxed);
                }),
        )
        .prepare_blocking([Attachment::from_bytes(source.to_vec())])
        .expect("nothing is wrong with the call")
}

/// The clip as a camera would have written it: far over every cap.
fn generate(clip: &Clip, folder: &Path) -> Vec<u8> {
    let &Clip(name, picture, sound, encoder, seconds) = clip;
    let path = folder.join(name);
    let mut command = Command::new("ffmpeg");
    command.args([
        "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", picture,
    ]);
    if !sound.is_empty() {
        command.args(["-f", "lavfi", "-i", sound]);
    }
    let (encoder, more) = match encoder {
        "TURN90" => (H264, "-metadata:s:v rotate=90"),
        "TURN270" => (H264, "-metadata:s:v rotate=270"),
        "VFR" => (H264, "-vsync vfr"),
        encoder => (encoder, ""),
    };
    let length = seconds.to_string();
    command
        .args(encoder.split_whitespace())
        .args(more.split_whitespace())
        .args(["-t", &length])
        .arg(&path);
    let output = command
        .output()
        .unwrap_or_else(|fault| panic!("ffmpeg is needed by this test: {fault}"));
    assert!(
        output.status.success(),
        "{name}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    fs::read(path).expect("what ffmpeg has just written")
}
