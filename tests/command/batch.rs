//! Many files: the same bytes on any number of threads, in memory that does not grow; and outputs that stay.

use std::io;
use std::process::Stdio;

use crate::CARD;
use crate::desk::{Desk, fixtures, said};

#[test]
fn ten_thousand_files_give_the_same_bytes_on_one_thread_and_on_two() -> io::Result<()> {
    let desk = Desk::new()?;
    for n in 0..10_000 {
        let name = format!("up/{:02}/{n:05}.vcf", n % 50);
        desk.write(
            &name,
            format!("BEGIN:VCARD\r\nVERSION:4.0\r\nFN:{n}\r\nEND:VCARD\r\n").as_bytes(),
        )?;
    }
    let run = |jobs: &str, out: &str| {
        let line = [
            "preflight",
            "-p",
            "sinch",
            "--fix",
            "--format",
            "jsonl",
            "--jobs",
            jobs,
            "--out",
            out,
            "up",
        ];
        desk.run(&line)
    };
    let (one, two) = (run("1", "ready_1")?, run("2", "ready_2")?);
    assert_eq!((one.code, one.err.as_str()), (Some(0), ""));
    assert_eq!(one.out.lines().count(), 10_001);
    assert!(
        one.out.replace("ready_1", "ready_2") == two.out,
        "the reports differ"
    );
    assert!(
        desk.tree("ready_1")? == desk.tree("up")?,
        "what complies passes byte for byte"
    );
    assert!(
        desk.tree("ready_2")? == desk.tree("up")?,
        "what complies passes byte for byte"
    );
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_number_of_files() -> io::Result<()> {
    let desk = Desk::new()?;
    for n in 0..10_000 {
        let folder = if n < 1_000 { "few" } else { "many" };
        desk.write(&format!("up/{folder}/{n:05}.vcf"), CARD)?;
    }
    let few = peak_kib(&desk, "up/few")?;
    let all = peak_kib(&desk, "up")?;
    assert!(
        all < few + 16 * 1024,
        "{few} KiB for 1,000 files, {all} KiB for 10,000"
    );
    Ok(())
}

/// Small files of which most have to be made anew: turned and located photographs, drawings, icons, cards; no two alike.
#[cfg(target_os = "linux")]
fn write_mixed(desk: &Desk, folder: &str, count: usize) -> io::Result<()> {
    let kinds = [
        ("orientation/orientation_6.jpg", "jpg"),
        ("photos/gps_in_png.png", "png"),
        ("graphics/icon_png.ico", "ico"),
        ("orientation/orientation_3.webp", "webp"),
        ("photos/odd_size_17x33_420.jpg", "jpg"),
        ("animations/one_frame.gif", "gif"),
        ("traps/truncated.png", "png"),
    ];
    let mut sources = Vec::new();
    for (name, extension) in kinds {
        sources.push((std::fs::read(fixtures().join(name))?, extension));
    }
    for n in 0..count {
        let (below, kind) = (format!("{folder}/{:02}", n % 20), n % (sources.len() + 1));
        match sources.get(kind) {
            Some((bytes, extension)) => {
                // The number behind the end makes each a file of its own; decoders pass over it.
                let unlike = [&bytes[..], format!("\0{n:06}").as_bytes()].concat();
                desk.write(&format!("{below}/{n:05}.{extension}"), &unlike)?;
            }
            None => {
                let card = format!("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{n}\r\nEND:VCARD\r\n");
                desk.write(&format!("{below}/{n:05}.vcf"), card.as_bytes())?;
            }
        }
    }
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn two_thousand_files_that_are_fixed_give_the_same_bytes_on_two_threads_in_memory_that_is_flat()
-> io::Result<()> {
    let desk = Desk::new()?;
    write_mixed(&desk, "few", 200)?;
    write_mixed(&desk, "many", 2_000)?;
    let peak = |jobs: &str, from: &str, out: &str| {
        peak_kib_of(&desk, &["--fix", "--jobs", jobs, "--out", out, from])
    };
    let few = peak("2", "few", "ready_few")?;
    let many = peak("2", "many", "ready_2")?;
    let alone = peak("1", "many", "ready_1")?;
    let (one, two) = (desk.tree("ready_1")?, desk.tree("ready_2")?);
    assert!(one.len() > 1_700, "only {} outputs", one.len());
    assert!(one == two, "the outputs differ");
    // Ten times the files: what is left over is the allocator's, and the hashes of the names given away.
    assert!(
        many < few + 8 * 1024,
        "{few} KiB for 200 files, {many} KiB for 2,000"
    );
    assert!(
        alone < many + 8 * 1024,
        "{alone} KiB on one thread, {many} KiB on two"
    );
    Ok(())
}

#[cfg(target_os = "linux")]
fn peak_kib(desk: &Desk, folder: &str) -> io::Result<u64> {
    peak_kib_of(desk, &["--jobs", "2", folder])
}

/// The most memory that was resident, as the kernel counts it, seen as long as the command runs.
#[cfg(target_os = "linux")]
fn peak_kib_of(desk: &Desk, words: &[&str]) -> io::Result<u64> {
    let mut child = desk
        .command()
        .args(["preflight", "-p", "sinch", "--format", "jsonl"])
        .args(words)
        .stdout(Stdio::null())
        .spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let ended = loop {
        // Gone once the command has ended.
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().split(' ').next()?.parse().ok());
        peak = peak.max(kib.unwrap_or(0));
        if let Some(ended) = child.try_wait()? {
            break ended;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    };
    // Refused files are among them: what counts is that the run came to its end.
    assert!(matches!(ended.code(), Some(0 | 1)) && peak > 0);
    Ok(peak)
}

#[test]
fn a_second_run_over_the_outputs_changes_nothing() -> io::Result<()> {
    let desk = Desk::new()?;
    let fixtures = fixtures().display().to_string();
    for provider in ["ringcentral", "sinch", "carrierx", "tsg-global"] {
        let (first, second) = (format!("{provider}/first"), format!("{provider}/second"));
        let fix = |out: &str, from: &str| {
            desk.run(&["preflight", "-p", provider, "--fix", "--out", out, from])
        };
        fix(&first, &fixtures)?;
        let again = fix(&second, &first)?;
        assert_eq!(again.code, Some(0), "{}", again.out);
        let outputs = desk.tree(&first)?;
        assert!(
            outputs.len() > 50,
            "{} outputs for {provider}",
            outputs.len()
        );
        assert!(
            outputs == desk.tree(&second)?,
            "{provider}: an output changed"
        );
        let passed = format!("{0} files for {provider}: {0} passed", outputs.len());
        assert_eq!(again.out.lines().last(), Some(passed.as_str()));
        // The cap holds for what lies on the disk.
        let cap = mmsfit::Rules::by_name(provider)
            .expect("known")
            .message_bytes
            .value()
            .get();
        assert_eq!(
            outputs
                .iter()
                .find(|(_, bytes)| bytes.len() as u64 > cap)
                .map(|(name, _)| name),
            None
        );
    }
    Ok(())
}

#[test]
fn inputs_of_one_name_get_outputs_of_their_own() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.copy("graphics/small.bmp", "up/a.bmp")?;
    desk.copy("graphics/palette.png", "up/a.png")?;
    desk.write("left/same.vcf", CARD)?;
    desk.write("right/same.vcf", CARD)?;
    let run = desk
        .command()
        .args([
            "preflight",
            "-p",
            "tsg-global",
            "--fix",
            "--out",
            "ready",
            "up",
            "left",
            "right",
        ])
        .output()?;
    assert_eq!(said(&run).code, Some(0), "{:?}", said(&run));
    let names: Vec<String> = desk
        .tree("ready")?
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(
        names.contains(&"left/same.vcf".to_owned()) && names.contains(&"right/same.vcf".to_owned()),
        "{names:?}"
    );
    assert!(
        names.contains(&"up/a.png".to_owned()),
        "a file that keeps its type keeps its name: {names:?}"
    );
    Ok(())
}
