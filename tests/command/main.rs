//! The command as a user runs it: whole outputs, exit codes, files left behind.
#![cfg(feature = "cli")]

mod arguments;
#[cfg(feature = "net")]
#[path = "../common/authority.rs"]
#[expect(dead_code, reason = "the tests of the library use the rest")]
mod authority;
mod bad_input;
mod batch;
#[cfg(feature = "net")]
#[path = "../common/mod.rs"]
mod common;
mod desk;
mod formats;
mod json;
mod outputs;
#[cfg(feature = "pdf")]
mod pages;
mod places;
mod reasons;
#[cfg(feature = "net")]
#[path = "../common/server.rs"]
#[expect(dead_code, reason = "the tests of the library use the rest")]
mod server;
mod verdict;
#[cfg(feature = "net")]
mod verify_url;

use std::io;
use std::process::Stdio;

use desk::{Desk, Said, said};
use sha2::{Digest, Sha256};

const CARD: &[u8] =
    b"BEGIN:VCARD\r\nVERSION:3.0\r\nN:Lovelace;Ada\r\nFN:Ada Lovelace\r\nEND:VCARD\r\n";

fn told(code: i32, out: &str, err: &str) -> Said {
    Said {
        code: Some(code),
        out: out.to_owned(),
        err: err.to_owned(),
    }
}

#[test]
fn preflight_tells_each_file_in_one_line_and_counts_them() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.copy("photos/small.jpg", "up/a.jpg")?;
    desk.write("up/b.vcf", CARD)?;
    desk.copy("orientation/orientation_6.jpg", "up/c.jpg")?;
    desk.write("up/d/empty.txt", b"")?;
    desk.write("up/.hidden", b"x")?;
    let line = |words: &[&str]| desk.run(words);
    assert_eq!(
        line(&["preflight", "--provider", "ringcentral", "up"])?,
        told(
            1,
            "\
= passed     up/a.jpg  image/jpeg 800 x 600, 156,665 bytes
= passed     up/b.vcf  text/vcard, 70 bytes
~ fixable    up/c.jpg  image/jpeg 64 x 96, 925 bytes  [MMS401 orientation applied and removed]
x refused    up/d/empty.txt: MMS001 0 bytes: there is nothing to send (check the upload: providers refuse empty attachments)
4 files for ringcentral: 2 passed, 1 fixable, 1 refused
",
            ""
        )
    );
    let quiet = line(&[
        "preflight",
        "--quiet",
        "--allow-fixable",
        "-p",
        "ringcentral",
        "up",
    ])?;
    assert_eq!(
        quiet,
        told(
            1,
            "x refused    up/d/empty.txt: MMS001 0 bytes: there is nothing to send (check the upload: providers refuse empty attachments)\n",
            ""
        )
    );
    Ok(())
}

#[test]
fn every_exit_code_means_what_the_help_says() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.write("good/card.vcf", CARD)?;
    desk.copy("orientation/orientation_6.jpg", "turned/photo.jpg")?;
    desk.write("bad/bytes.bin", &[0, 1, 2, 3, 250, 251])?;
    std::fs::create_dir(desk.at("empty"))?;
    for (expected, line) in [
        (0, "preflight -p sinch good"),
        (0, "preflight -p sinch --fix --out ready turned"),
        (0, "preflight -p sinch --allow-fixable turned"),
        (0, "prepare -p sinch turned/photo.jpg"),
        (0, "sniff good"),
        (0, "rules sinch"),
        (0, "explain 205"),
        (0, "completions zsh"),
        (0, "man prepare"),
        (0, "--help"),
        (0, "--version"),
        (1, "preflight -p sinch bad"),
        (1, "preflight -p sinch turned"),
        (
            1,
            "preflight -p sinch --fix --out denied --deny-fixes turned",
        ),
        (1, "prepare -p sinch bad/bytes.bin"),
        (1, "prepare -p sinch --deny-fixes turned/photo.jpg"),
        (1, "sniff bad"),
        (1, "fit bad/bytes.bin --max-bytes 1KB -o out.jpg"),
        (1, "preflight -p sinch bad missing"),
        (2, "preflight -p sinch missing"),
        (2, "sniff missing"),
        (2, "prepare -p sinch missing"),
        (2, "preflight -p pigeon good"),
        (2, "preflight good"),
        (2, "preflight -p sinch --fix good"),
        (2, "preflight -p sinch --max-bytes 0 good"),
        (2, "preflight -p sinch --max-bytes 9MB good"),
        (2, "preflight -p sinch --jobs 0 good"),
        (2, "fit turned/photo.jpg --max-bytes 0 -o out.jpg"),
        (2, "fit turned/photo.jpg --max-bytes tiny -o out.jpg"),
        (
            2,
            "fit turned/photo.jpg --max-bytes 9KB -o no/such/folder.jpg",
        ),
        (2, "fit turned/photo.jpg --max-bytes 9KB -o good"),
        (2, "explain MMS999"),
        (2, "man pigeon"),
        (2, "frobnicate"),
        (2, ""),
        (3, "preflight -p sinch empty"),
        (3, "sniff empty"),
    ] {
        let words: Vec<&str> = line.split_whitespace().collect();
        let Said { code, out, err } = desk.run(&words)?;
        assert_eq!(code, Some(expected), "mmsfit {line}\n{out}{err}");
        // Facts go to standard output and faults to standard error, never neither.
        let silent = matches!(expected, 0 | 1 | 3);
        assert_eq!(
            err.is_empty(),
            silent || err.is_empty(),
            "mmsfit {line}: {err}"
        );
        assert!(
            !out.is_empty() || !err.is_empty(),
            "mmsfit {line} said nothing"
        );
    }
    Ok(())
}

#[test]
fn each_subcommand_shows_how_it_is_used() -> io::Result<()> {
    let desk = Desk::new()?;
    for name in [
        "prepare",
        "preflight",
        "fit",
        "sniff",
        #[cfg(feature = "net")]
        "verify-url",
        "rules",
        "explain",
        "completions",
        "man",
    ] {
        let help = desk.run(&[name, "--help"])?;
        assert_eq!((help.code, help.err.as_str()), (Some(0), ""), "{name}");
        assert!(
            help.out.contains(&format!("Examples:\n  mmsfit {name}"))
                || help.out.contains(&format!("mmsfit {name}")),
            "{name}"
        );
        assert!(help.out.contains("Examples:"), "{name}");
    }
    Ok(())
}

#[test]
fn prepare_writes_the_parts_and_a_manifest_that_names_them() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.copy("photos/gps.jpg", "Größe (1).jpg")?;
    desk.write("card.vcf", CARD)?;
    let run = desk.run(&[
        "prepare",
        "-p",
        "tsg-global",
        "--out",
        "message",
        "--text",
        "See you",
        "Größe (1).jpg",
        "card.vcf",
    ])?;
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
    assert!(
        run.out.ends_with(&format!(
            "message for tsg-global: fixed, 2 parts, {} bytes\n",
            "91,205"
        )),
        "{}",
        run.out
    );

    let files = desk.tree("message")?;
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["1.jpg", "bundle.json", "card.vcf"]);
    let sha256 = |bytes: &[u8]| {
        Sha256::digest(bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let manifest: serde_json::Value = serde_json::from_slice(&files[1].1)?;
    assert_eq!(
        manifest,
        serde_json::json!({
            "schema": "mms-bundle/1", "provider": "tsg-global", "rules": "tsg-global",
            "parts": [
                {"path": "1.jpg", "content_type": "image/jpeg", "bytes": files[0].1.len(), "sha256": sha256(&files[0].1), "name": "1.jpg", "url": null},
                {"path": "card.vcf", "content_type": "text/vcard", "bytes": CARD.len(), "sha256": sha256(CARD), "name": "card.vcf", "url": null},
            ],
            "total_bytes": files[0].1.len() + CARD.len(), "text": "See you",
        })
    );
    assert_eq!(files[2].1, CARD);
    Ok(())
}

#[test]
fn prepare_refuses_a_text_over_the_limit_and_writes_nothing() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.write("card.vcf", CARD)?;
    let text = "x".repeat(100_000);
    let run = desk.run(&[
        "prepare",
        "-p",
        "ringcentral",
        "--out",
        "message",
        "--text",
        &text,
        "card.vcf",
    ])?;
    assert_eq!(run.code, Some(1));
    assert!(
        run.out
            .contains("MMS604 the text has 100000 UTF-16 code units (an emoji is two or more), "),
        "{}",
        run.out
    );
    assert_eq!(desk.tree("message")?, []);
    Ok(())
}

#[test]
fn fit_keeps_under_the_cap_on_disk_and_through_a_pipe() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.copy("photos/small.jpg", "photo.jpg")?;
    let to_file = desk.run(&[
        "fit",
        "photo.jpg",
        "--max-bytes",
        "20KB",
        "--max-side",
        "300",
        "-o",
        "small.jpg",
    ])?;
    assert_eq!((to_file.code, to_file.err.as_str()), (Some(0), ""));
    let small = std::fs::read(desk.at("small.jpg"))?;
    assert!(small.len() <= 20_000, "{}", small.len());

    let photo = std::fs::File::open(desk.at("photo.jpg"))?;
    let piped = desk
        .command()
        .args([
            "fit",
            "-",
            "--max-bytes",
            "20000",
            "--max-side",
            "300",
            "-o",
            "-",
        ])
        .stdin(photo)
        .output()?;
    assert_eq!(piped.status.code(), Some(0));
    assert_eq!(piped.stdout, small, "the same bytes whichever way");
    assert!(
        said(&piped)
            .err
            .starts_with("+ fixed      -  image/jpeg 800 x 600 -> "),
        "{:?}",
        said(&piped).err
    );

    let sniffed = desk.run(&["sniff", "small.jpg"])?;
    assert!(
        sniffed.out.starts_with("small.jpg: image/jpeg, "),
        "{}",
        sniffed.out
    );
    Ok(())
}

#[test]
fn fit_that_cannot_names_the_nearest_size_and_writes_nothing() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.copy("photos/small.jpg", "photo.jpg")?;
    let run = desk.run(&["fit", "photo.jpg", "--max-bytes", "100", "-o", "small.jpg"])?;
    assert_eq!((run.code, run.err.as_str()), (Some(1), ""));
    assert!(
        run.out
            .contains(": MMS205 not under 100 bytes: the nearest is "),
        "{}",
        run.out
    );
    assert!(!desk.at("small.jpg").exists());
    Ok(())
}

#[test]
fn fit_never_mixes_the_picture_with_the_report() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.copy("photos/small.jpg", "photo.jpg")?;
    assert_eq!(
        desk.run(&[
            "fit",
            "photo.jpg",
            "--json",
            "--max-bytes",
            "20KB",
            "-o",
            "-"
        ])?,
        told(
            2,
            "",
            "error: the picture and the report cannot both go to standard output\n  help: give -o a file, or leave --format out\n"
        )
    );
    Ok(())
}

#[test]
fn a_configuration_mirrors_the_flags_and_a_flag_wins() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.write("card.vcf", CARD)?;
    desk.write(
        "mmsfit.toml",
        b"provider = \"sinch,carrierx\"\nformat = \"jsonl\"\njobs = 1\nmax-bytes = \"500KB\"\n",
    )?;
    let both = desk.run(&["preflight", "--config", "mmsfit.toml", "card.vcf"])?;
    assert_eq!(both.out.lines().count(), 4, "{}{}", both.out, both.err);
    let one = desk.run(&[
        "preflight",
        "--config",
        "mmsfit.toml",
        "-p",
        "tsg-global",
        "--format",
        "human",
        "card.vcf",
    ])?;
    assert_eq!(
        one,
        told(
            0,
            "= passed     card.vcf  text/vcard, 70 bytes\n1 file for tsg-global: 1 passed\n",
            ""
        )
    );
    desk.write("wrong.toml", b"jobs = 1\nprovder = \"sinch\"\n")?;
    let wrong = desk.run(&["preflight", "--config", "wrong.toml", "card.vcf"])?;
    assert_eq!((wrong.code, wrong.out.as_str()), (Some(2), ""));
    assert!(
        wrong
            .err
            .starts_with("error: wrong.toml, line 2: unknown field `provder`"),
        "{}",
        wrong.err
    );
    let missing = desk.run(&["preflight", "--config", "none.toml", "card.vcf"])?;
    assert_eq!(
        missing,
        told(
            2,
            "",
            "error: cannot read the configuration none.toml: No such file or directory (os error 2)\n  help: check the path given to --config\n"
        )
    );
    Ok(())
}

#[test]
fn colour_is_for_those_who_ask_for_it() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.write("card.vcf", CARD)?;
    let line = |when: &str| desk.run(&["preflight", "-p", "sinch", "--color", when, "card.vcf"]);
    assert!(
        line("always")?
            .out
            .starts_with("\u{1b}[32m= passed   \u{1b}[0m  card.vcf")
    );
    assert!(!line("never")?.out.contains('\u{1b}'));
    assert_eq!(line("auto")?, line("never")?, "a pipe is no terminal");
    Ok(())
}

#[test]
fn a_reader_who_has_seen_enough_is_no_error() -> io::Result<()> {
    let desk = Desk::new()?;
    for n in 0..3_000 {
        desk.write(&format!("up/{n:04}.vcf"), CARD)?;
    }
    for line in [
        &["preflight", "-p", "sinch", "up"][..],
        &["preflight", "-p", "sinch", "--json", "up"],
        &["sniff", "up"],
        &["rules"],
        &["completions", "bash"],
        &["preflight", "-p", "sinch", "--fix", "--out", "ready", "up"],
    ] {
        let mut child = desk
            .command()
            .args(line)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut first = String::new();
        {
            use std::io::BufRead;
            let out = child.stdout.take().expect("standard output is piped");
            io::BufReader::with_capacity(64, out).read_line(&mut first)?;
        }
        let ended = child.wait_with_output()?;
        assert!(!first.is_empty(), "{line:?}");
        assert_eq!(
            (ended.status.code(), said(&ended).err.as_str()),
            (Some(0), ""),
            "{line:?}"
        );
    }
    // Files were asked for, and a reader of the report was not: all are written.
    assert_eq!(desk.tree("ready")?.len(), 3_000);
    Ok(())
}
