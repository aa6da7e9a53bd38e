//! Programs that are not what they should be: each ends as a finding on its item, in time, with nothing left behind.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mmsfit::provider::Limit;
use mmsfit::{Attachment, ByteCount, Code, Finding, Outcome, Preparer, Provider, Transcoder};
use tempfile::TempDir;

use crate::fixtures;

/// Answers the question for encoders as ffmpeg does, then does something else.
fn script(folder: &Path, act: &str) -> PathBuf {
    let path = folder.join("program");
    let text = format!(
        "#!/bin/sh\ncase \"$*\" in *-encoders*)\n\
         for name in libx264 aac libmp3lame libopencore_amrnb h263 png; do echo \" V..... $name x\"; done; exit 0;;\n\
         esac\n{act}\n"
    );
    fs::write(&path, text).expect("room for a script");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("our own file");
    path
}

struct Ended {
    finding: Finding,
    took: Duration,
    /// Names in the folder for temporary files afterwards.
    left: Vec<String>,
    home: TempDir,
}

/// Has a clip that is over its cap encoded by a script, with three seconds to do it in.
fn ended(act: impl Fn(&Path) -> String) -> Ended {
    let home = tempfile::tempdir().expect("a folder for temporary files");
    let work = home.path().join("work");
    fs::create_dir(&work).expect("room for a folder");
    let program = script(home.path(), &act(home.path()));
    let preparer = preparer(Transcoder::at(program).deadline(DEADLINE).folder(&work));
    let clip = Attachment::from_path(fixtures().join("video/clip.avi"));
    let start = Instant::now();
    let report = preparer
        .prepare_blocking([clip])
        .expect("nothing is wrong with the call")
        .report()
        .clone();
    let took = start.elapsed();
    let mut refused: Vec<Finding> = report.parts[0]
        .findings
        .iter()
        .filter(|finding| finding.outcome == Outcome::Refused)
        .cloned()
        .collect();
    assert_eq!(refused.len(), 1, "{report}");
    // The batch goes on with the same preparer.
    let picture = Attachment::from_path(fixtures().join("photos/small.jpg"));
    let next = preparer
        .prepare_blocking([picture])
        .expect("nothing is wrong with the call");
    assert!(next.bundle().is_some(), "{}", next.report());
    let left = fs::read_dir(&work)
        .expect("our own folder")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    Ended {
        finding: refused.remove(0),
        took,
        left,
        home,
    }
}

fn preparer(transcoder: Transcoder) -> Preparer {
    let mut rules = Provider::TsgGlobal.rules().clone();
    let limit = Limit::Assumed {
        value: ByteCount::new(100_000),
        why: "the cap of this test",
    };
    rules.message_bytes = limit;
    rules.target_bytes = limit;
    Preparer::new(Provider::TsgGlobal)
        .with_rules(rules)
        .expect("rules that can be met")
        .transcoder(transcoder)
}

/// Whether a process of this number, named in a file, is still there.
fn runs(file: &Path) -> bool {
    let number = fs::read_to_string(file).expect("the script wrote it");
    // A zombie has no memory map any more; what is gone has no folder.
    fs::read_to_string(format!("/proc/{}/cmdline", number.trim()))
        .is_ok_and(|words| !words.is_empty())
}

#[test]
fn a_program_that_hangs_is_ended_at_the_deadline_with_all_that_it_started() {
    let ended = ended(|home| {
        format!(
            "sleep 1000 & echo $! > {0}/second\necho $$ > {0}/first\nsleep 1000",
            home.display()
        )
    });
    assert_eq!(ended.finding.code, Code::EncoderFailed);
    assert!(
        ended.finding.message.contains("time was over"),
        "{}",
        ended.finding
    );
    assert!(
        ended.took >= DEADLINE && ended.took < DEADLINE + SLACK,
        "{:?}",
        ended.took
    );
    assert_eq!(ended.left, Vec::<String>::new());
    assert!(!runs(&ended.home.path().join("first")));
    assert!(!runs(&ended.home.path().join("second")));
}

#[test]
fn a_child_of_the_child_does_not_outlive_a_run_that_ended_well() {
    let ended = ended(|home| {
        format!(
            "sleep 1000 > /dev/null 2>&1 & echo $! > {}/second\necho out_time_us=2000000\nexit 0",
            home.display()
        )
    });
    assert_eq!(ended.finding.code, Code::EncoderFailed);
    assert!(!runs(&ended.home.path().join("second")));
    assert!(ended.took < DEADLINE);
}

#[test]
fn a_program_that_crashes_is_named_with_its_last_words() {
    let ended = ended(|_| "echo 'no such luck' >&2; kill -SEGV $$".to_owned());
    assert_eq!(ended.finding.code, Code::EncoderFailed);
    assert!(
        ended.finding.message.contains("signal: 11"),
        "{}",
        ended.finding
    );
    assert!(
        ended.finding.message.contains("no such luck"),
        "{}",
        ended.finding
    );
    assert_eq!(ended.left, Vec::<String>::new());
    assert!(ended.took < DEADLINE);
}

#[test]
fn a_program_that_prints_without_end_is_ended_before_the_deadline() {
    for act in ["yes rubbish", "yes rubbish >&2", "cat /dev/urandom"] {
        let ended = ended(|_| act.to_owned());
        assert_eq!(ended.finding.code, Code::EncoderFailed, "{act}");
        assert!(
            ended.finding.message.contains("more messages"),
            "{}",
            ended.finding
        );
        assert!(ended.took < DEADLINE, "{act}: {:?}", ended.took);
        assert_eq!(ended.left, Vec::<String>::new());
    }
}

#[test]
fn last_words_are_short_and_hold_no_controls() {
    let ended = ended(|_| {
        "i=0; while [ $i -lt 400 ]; do printf 'x\\033[31m' >&2; i=$((i+1)); done; exit 3".to_owned()
    });
    assert!(ended.finding.message.len() < 500, "{}", ended.finding);
    assert!(
        !ended.finding.message.contains('\u{1b}'),
        "{:?}",
        ended.finding.message
    );
}

#[test]
fn a_program_that_fills_the_disk_is_stopped_by_the_kernel_or_by_us() {
    for act in [
        "cat /dev/zero > out",
        "i=0; while :; do head -c 9000000 /dev/zero > f$i; i=$((i+1)); done",
        "i=0; while :; do : > f$i; i=$((i+1)); done",
        "mkdir -p a; sleep 1000",
    ] {
        let ended = ended(|_| act.to_owned());
        assert_eq!(
            ended.finding.code,
            Code::EncoderFailed,
            "{act}: {}",
            ended.finding
        );
        assert!(ended.took < DEADLINE + SLACK, "{act}: {:?}", ended.took);
        assert_eq!(ended.left, Vec::<String>::new(), "{act}");
    }
}

#[test]
fn a_program_that_lies_is_found_out() {
    // An analysis of 31 frames, too: without one the second pass has nothing to go by.
    let says_well = "echo out_time_us=2066667; echo progress=end; \
         i=0; while [ $i -lt 31 ]; do echo in:$i >> stats-0.log; i=$((i+1)); done";
    for (act, wanted) in [
        // Nothing written.
        (says_well.to_owned(), "wrote no file"),
        // A sound that can be heard, and no picture.
        (
            format!(
                "cp {}/video/located.mp4 sound.mp4; echo out_time_us=2066667",
                fixtures().display()
            ),
            "wrote no file",
        ),
        // Somebody else's file.
        (
            format!("for f in out sound.mp4; do ln -s /etc/hostname $f; done; {says_well}"),
            "is no file",
        ),
        // Nothing said.
        ("exit 0".to_owned(), "reports no progress"),
        // Rubbish written.
        (
            format!("for f in out sound.mp4; do head -c 5000 /dev/urandom > $f; done; {says_well}"),
            "is not a whole video/mp4",
        ),
        // Another film, shorter than the source.
        (
            format!(
                "for f in out sound.mp4; do cp {}/video/located.mp4 $f; done; {says_well}",
                fixtures().display()
            ),
            "runs 1",
        ),
        // A film without the sound that was asked for.
        (
            format!(
                "for f in out sound.mp4; do cp {}/video/silent.mp4 $f; done; {says_well}",
                fixtures().display()
            ),
            "other tracks",
        ),
    ] {
        let ended = ended(|_| act.clone());
        assert_eq!(
            ended.finding.code,
            Code::EncoderFailed,
            "{act}: {}",
            ended.finding
        );
        assert!(
            ended.finding.message.contains(wanted),
            "{act}: {}",
            ended.finding
        );
        assert_eq!(ended.left, Vec::<String>::new(), "{act}");
    }
}

#[test]
fn a_program_that_is_none_or_cannot_encode_is_told_by_the_check() {
    let home = tempfile::tempdir().expect("a folder for temporary files");
    let silent = script(home.path(), "");
    fs::write(&silent, "#!/bin/sh\nexit 0\n").expect("room for a script");
    for (transcoder, wanted) in [
        (Transcoder::none(), "apt-get install ffmpeg"),
        (Transcoder::at("/nonexistent/ffmpeg"), "cannot be started"),
        (Transcoder::at(silent), "lists no encoder"),
    ] {
        let clip = Attachment::from_path(fixtures().join("video/clip.avi"));
        let report = preparer(transcoder).check(&clip);
        let help: Vec<&str> = report
            .findings
            .iter()
            .filter(|finding| finding.outcome == Outcome::Refused)
            .filter_map(|finding| finding.help.as_deref())
            .collect();
        assert!(
            help.iter().any(|help| help.contains(wanted)),
            "{wanted}: {help:?}"
        );
    }
}

#[test]
fn a_list_of_other_files_is_no_video_and_never_reaches_the_encoder() {
    // A list of other files, in the clothes of each format that ffmpeg would follow.
    for list in [
        "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1,\nhttp://192.0.2.1/a.ts\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '/etc/passwd'\n",
    ] {
        let report = preparer(Transcoder::find()).check(&Attachment::from_bytes(list.as_bytes()));
        assert!(report.output.is_none());
        let is_video = report
            .sniffed
            .and_then(|sniffed| sniffed.content_type)
            .is_some_and(|kind| kind.family() == mmsfit::Family::Video);
        assert!(!is_video, "{list}");
    }
}

#[cfg(all(target_os = "linux", feature = "cli"))]
#[test]
fn a_program_ends_when_the_command_that_started_it_is_killed() {
    let home = tempfile::tempdir().expect("a folder for temporary files");
    let number = home.path().join("number");
    let act = format!(
        "echo $$ > {0}.new; mv {0}.new {0}; exec sleep 1000",
        number.display()
    );
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_mmsfit"));
    let mut killed = command
        .args(["prepare", "-p", "tsg-global", "--max-bytes", "100KB"])
        .arg(fixtures().join("video/clip.avi"))
        .env("MMSFIT_FFMPEG", script(home.path(), &act))
        .env("TMPDIR", home.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("the command that this test was built with");
    let wait = |what: &dyn Fn() -> bool| {
        let start = Instant::now();
        while !what() {
            assert!(start.elapsed() < SLACK, "it takes too long");
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    wait(&|| number.exists());
    assert!(runs(&number));
    killed.kill().expect("it runs");
    killed.wait().expect("it was killed");
    wait(&|| !runs(&number));
}

/// What a script may take.
const DEADLINE: Duration = Duration::from_secs(8);
/// What ending it may take on a busy machine.
const SLACK: Duration = Duration::from_secs(6);
