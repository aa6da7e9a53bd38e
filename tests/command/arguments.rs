//! What the command is told: flags and the configuration that mirrors them, and what is refused before any work.

use std::io;

use crate::CARD;
use crate::desk::{Desk, Said};
use crate::told;

fn run(desk: &Desk, line: &str) -> io::Result<Said> {
    desk.run(&line.split_whitespace().collect::<Vec<_>>())
}

#[test]
fn what_cannot_be_meant_is_refused_with_the_way_out() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.write("card.vcf", CARD)?;
    desk.copy("photos/small.jpg", "photo.jpg")?;
    let once = "error: standard input can be read only once\n  help: name `-` once\n";
    let listing = "error: a listing finds nothing: junit, sarif and github are formats of findings\n  help: give --format json, or none\n";
    for (line, err) in [
        (
            "sniff card.vcf --jobs 18446744073709551615",
            "error: --jobs 18446744073709551615: at most 1024 threads\n  help: leave it out for one thread a core\n",
        ),
        ("preflight -p sinch - -", once),
        ("sniff - card.vcf -", once),
        ("prepare -p sinch - -", once),
        ("rules --format junit", listing),
        ("explain MMS205 --format sarif", listing),
        ("explain --format github", listing),
        (
            "preflight -p sinch --fix card.vcf",
            "error: --fix has nowhere to write\n  help: give --out DIR\n",
        ),
        (
            "preflight -p sinch --out ready card.vcf",
            "error: --out without --fix: nothing would be written\n  help: give --fix as well, or leave --out away\n",
        ),
        (
            "fit photo.jpg --max-bytes 9KB",
            "error: no place for the picture is given\n  help: give -o FILE, or -o - for standard output\n",
        ),
        (
            "prepare -p sinch --ffmpeg ./nosuch card.vcf",
            "error: --ffmpeg ./nosuch cannot be started: No such file or directory (os error 2)\n  help: give --ffmpeg the path of an ffmpeg, or leave it away\n",
        ),
        (
            "preflight -p sinch --ffmpeg ./card.vcf card.vcf",
            "error: --ffmpeg ./card.vcf cannot be started: Permission denied (os error 13)\n  help: give --ffmpeg the path of an ffmpeg, or leave it away\n",
        ),
        (
            "fit photo.jpg --max-bytes 9KB -o no/such/folder.jpg",
            "error: cannot write no/such/folder.jpg: No such file or directory (os error 2)\n  help: its folder does not exist: make it first\n",
        ),
    ] {
        assert_eq!(run(&desk, line)?, told(2, "", err), "mmsfit {line}");
    }
    assert!(!desk.at("ready").exists());
    Ok(())
}

#[test]
fn a_configuration_and_the_command_line_complete_each_other() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.write("up/card.vcf", CARD)?;
    desk.copy("photos/small.jpg", "photo.jpg")?;
    for (config, line) in [
        ("fix = true", "--out one up"),
        ("out = \"two\"", "--fix up"),
        ("fix = true\nout = \"three\"", "up"),
    ] {
        desk.write("c.toml", config.as_bytes())?;
        let run = run(&desk, &format!("preflight -p sinch --config c.toml {line}"))?;
        assert_eq!(run.code, Some(0), "{config}, {line}: {}", run.err);
    }
    for out in ["one", "two", "three"] {
        assert_eq!(desk.tree(out)?, [("card.vcf".to_owned(), CARD.to_vec())]);
    }
    desk.write("c.toml", b"out = \"four\"")?;
    let checked = run(&desk, "preflight -p sinch --config c.toml up")?;
    assert_eq!(
        checked.code,
        Some(0),
        "only --fix looks at it: {}",
        checked.err
    );
    assert!(!desk.at("four").exists());

    desk.write(
        "c.toml",
        b"output = \"small.jpg\"\nmax-bytes = \"20KB\"\nmax-side = 300",
    )?;
    assert_eq!(run(&desk, "fit --config c.toml photo.jpg")?.code, Some(0));
    assert!(desk.at("small.jpg").exists());
    Ok(())
}

#[test]
fn a_configuration_takes_what_the_flag_takes_and_refuses_what_it_refuses() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.copy("photos/small.jpg", "photo.jpg")?;
    for (config, code, err) in [
        ("max-side = 0", 2, "expected a nonzero u32"),
        ("view-side = 0", 2, "expected a nonzero u32"),
        ("max-side = 300", 0, ""),
        #[cfg(feature = "net")]
        ("timeout = 30\nexpiry = \"36h\"", 0, ""),
        #[cfg(feature = "net")]
        ("timeout = 0", 2, "write it as 30s"),
        (
            "to = \"+15551230001,+15551230002\"\ntext = \"Hi\"\ngroup = true\ndry-run = true",
            0,
            "",
        ),
        (
            "client-reference = \"order-1\"",
            2,
            "error: c.toml, line 1: this is about one message, and a configuration is about all: give it on the command line",
        ),
    ] {
        desk.write("c.toml", config.as_bytes())?;
        let run = run(
            &desk,
            "fit photo.jpg --max-bytes 20KB -o small.jpg --config c.toml",
        )?;
        assert_eq!(run.code, Some(code), "{config}: {}", run.err);
        assert!(run.err.contains(err), "{config}: {}", run.err);
    }
    Ok(())
}

#[test]
fn a_provider_named_twice_is_asked_once() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.write("card.vcf", CARD)?;
    assert_eq!(
        run(&desk, "preflight -p sinch,carrierx,sinch card.vcf")?
            .out
            .lines()
            .count(),
        4,
        "two records and two summaries"
    );
    assert_eq!(
        run(&desk, "preflight -p sinch,sinch card.vcf")?,
        run(&desk, "preflight -p sinch card.vcf")?
    );
    Ok(())
}

#[test]
fn a_url_among_files_is_told_from_a_missing_file() -> io::Result<()> {
    let desk = Desk::new()?;
    assert_eq!(
        run(&desk, "preflight -p sinch https://media.example/a.jpg")?,
        told(
            2,
            "? unchecked  https://media.example/a.jpg: MMS002 this is a URL: only files are read here (probe it with `mmsfit verify-url`, or download and prepare it with `mmsfit prepare`)\n1 file for sinch: 1 unchecked\n",
            ""
        )
    );
    Ok(())
}

#[cfg(feature = "net")]
#[test]
fn no_urls_at_all_are_counted_as_urls() -> io::Result<()> {
    let desk = Desk::new()?;
    assert_eq!(
        run(&desk, "verify-url -p sinch -")?,
        told(3, "0 URLs for sinch: nothing to check\n", "")
    );
    desk.write("state/.hidden", b"")?;
    assert_eq!(
        run(&desk, "status --unknown --ledger state/sent.redb")?,
        told(0, "0 messages: none in doubt\n", "")
    );
    Ok(())
}

#[test]
fn what_is_no_subcommand_is_neither_completed_nor_described() -> io::Result<()> {
    let desk = Desk::new()?;
    for line in [
        "completions bash",
        "completions zsh",
        "completions fish",
        "man",
        "--help",
    ] {
        let said = run(&desk, line)?;
        assert_eq!(said.code, Some(0), "{line}");
        assert!(!said.out.contains("draw-page"), "{line}");
        assert!(!said.out.contains("draw_page"), "{line}");
        assert!(!said.out.contains("draw\\-page"), "{line}");
    }
    Ok(())
}

#[cfg(feature = "net")]
#[test]
fn what_is_given_stands_under_arguments_in_every_help() -> io::Result<()> {
    let desk = Desk::new()?;
    for (name, argument) in [
        ("send", "<PATH_OR_URL>..."),
        ("status", "[ID]"),
        ("prepare", "<PATH_OR_URL>..."),
    ] {
        let help = run(&desk, &format!("{name} -h"))?.out;
        let heading = help
            .lines()
            .take_while(|line| !line.starts_with(&format!("  {argument}")))
            .filter(|line| !line.starts_with(' ') && line.ends_with(':'))
            .last();
        assert_eq!(heading, Some("Arguments:"), "{help}");
    }
    Ok(())
}

#[cfg(feature = "net")]
#[test]
fn a_dry_run_shows_where_the_sender_will_stand() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.write("card.vcf", CARD)?;
    let shown = run(
        &desk,
        "send -p ringcentral --to +12025550100 --text Hi --dry-run card.vcf",
    )?;
    assert_eq!(
        (shown.code, shown.err.as_str()),
        (Some(0), ""),
        "{}",
        shown.out
    );
    assert!(
        shown.out.contains(
            "{\"from\":{\"phoneNumber\":\"<looked up when sent>\"},\"to\":[{\"phoneNumber\":\"+12025550100\"}],\"text\":\"Hi\"}"
        ),
        "{}",
        shown.out
    );
    let given = run(
        &desk,
        "send -p ringcentral --from +12025550123 --to +12025550100 --dry-run card.vcf",
    )?;
    assert!(
        given
            .out
            .contains("{\"from\":{\"phoneNumber\":\"+12025550123\"}"),
        "{}",
        given.out
    );
    assert_eq!(
        run(&desk, "send -p ringcentral --dry-run card.vcf")?,
        told(
            2,
            "",
            "error: no recipient is given\n  help: give --to +15551230001, several with commas between them\n"
        )
    );
    Ok(())
}
