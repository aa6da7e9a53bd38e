//! One verdict: the exit code, JUnit's counts, and GitHub's and SARIF's levels say the same, whoever reads them.

use std::io;

use serde_json::Value;

use crate::CARD;
use crate::bad_input::{copied_command, is_root};
use crate::desk::{Desk, Said, said};

/// The command with a standard output that nobody reads from the start.
fn unread(desk: &Desk, line: &str) -> io::Result<Said> {
    let (reader, writer) = io::pipe()?;
    drop(reader);
    let mut command = desk.command();
    command.args(line.split_whitespace()).stdout(writer);
    Ok(said(&command.output()?))
}

#[test]
fn a_closed_pipe_changes_nothing_about_the_exit_code() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.write("bad/zero.jpg", b"")?;
    desk.write("good/card.vcf", CARD)?;
    desk.copy("photos/small.jpg", "good/photo.jpg")?;
    for (code, line) in [
        (1, "prepare -p sinch bad/zero.jpg"),
        (1, "sniff bad/zero.jpg"),
        (1, "preflight -p sinch bad"),
        (1, "preflight -p sinch --fix --out ready bad good"),
        (1, "fit bad/zero.jpg --max-bytes 9KB -o out.jpg"),
        (1, "fit good/photo.jpg --max-bytes 9KB --deny-fixes -o -"),
        (2, "sniff missing"),
        (2, "prepare -p sinch missing"),
        (0, "sniff good"),
        (0, "prepare -p sinch good/card.vcf"),
        (0, "fit good/photo.jpg --max-bytes 9KB -o -"),
        (0, "rules"),
    ] {
        for format in ["", "--json", "--format jsonl", "--format junit"] {
            if !format.is_empty() && (line.ends_with("-o -") || line == "rules") {
                continue;
            }
            let run = unread(&desk, &format!("{line} {format}"))?;
            assert_eq!(run.code, Some(code), "{line} {format}: {}", run.err);
            assert_eq!(run.out, "");
        }
    }
    assert_eq!(desk.tree("ready")?.len(), 2, "files were asked for as well");
    Ok(())
}

#[test]
fn every_format_judges_as_the_exit_code_does() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.copy("orientation/orientation_6.jpg", "up/turned.jpg")?;
    for (code, line) in [
        (1, "preflight -p sinch up"),
        (0, "preflight -p sinch --allow-fixable up"),
        (0, "preflight -p sinch --fix --out a up"),
        (1, "preflight -p sinch --fix --out b --deny-fixes up"),
        (0, "prepare -p sinch up/turned.jpg"),
        (1, "prepare -p sinch --deny-fixes up/turned.jpg"),
        (0, "fit up/turned.jpg --max-bytes 9KB -o c.jpg"),
        (1, "fit up/turned.jpg --max-bytes 9KB --deny-fixes -o d.jpg"),
    ] {
        let run = |format: &str| {
            let mut words: Vec<&str> = line.split_whitespace().collect();
            words.extend(["--format", format]);
            let said = desk.run(&words)?;
            assert_eq!((said.code, said.err.as_str()), (Some(code), ""), "{line}");
            io::Result::Ok(said.out)
        };
        let junit = run("junit")?;
        let document = roxmltree::Document::parse(&junit).map_err(io::Error::other)?;
        let failures = document
            .descendants()
            .filter(|node| node.has_tag_name("failure"));
        let cases = document
            .descendants()
            .filter(|node| node.has_tag_name("testcase"));
        let expected = if code == 1 { cases.count() } else { 0 };
        assert_eq!(failures.count(), expected, "{line}: {junit}");

        let github = run("github")?;
        assert_eq!(github.contains("::error "), code == 1, "{line}: {github}");

        let sarif: Value = serde_json::from_str(&run("sarif")?)?;
        let results = sarif["runs"][0]["results"].as_array();
        let errors = results
            .into_iter()
            .flatten()
            .filter(|result| result["level"] == "error");
        assert_eq!(errors.count() > 0, code == 1, "{line}: {sarif:#}");
    }
    Ok(())
}

#[test]
fn a_quiet_run_prints_no_summary_among_its_annotations() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.write("card.vcf", CARD)?;
    let quiet = desk.run(&[
        "preflight",
        "-p",
        "sinch",
        "--quiet",
        "--format",
        "github",
        "card.vcf",
    ])?;
    assert_eq!(quiet, crate::told(0, "", ""));
    Ok(())
}

/// Threads are counted by user: only who may become another one, whom no other test is, can take them all away.
#[cfg(target_os = "linux")]
#[test]
fn a_system_without_threads_is_a_fault_or_slower_and_never_a_panic() -> io::Result<()> {
    if !is_root()? {
        return Ok(());
    }
    let desk = Desk::new()?;
    desk.copy("photos/small.jpg", "photo.jpg")?;
    let program = copied_command(&desk)?;
    let alone = |line: &str| {
        let mut command = std::process::Command::new("setpriv");
        command
            .args(["--reuid", "65533", "--clear-groups", "prlimit", "--nproc=1"])
            .arg(&program)
            .args(line.split_whitespace())
            .current_dir(desk.path());
        io::Result::Ok(said(&command.output()?))
    };
    {
        use std::os::unix::fs::PermissionsExt;
        let open = |path: &std::path::Path| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
        };
        open(desk.path())?;
        open(&program)?;
    }
    assert_eq!(
        alone("--version")?.code,
        Some(0),
        "setpriv and prlimit work"
    );
    let refused = "error: cannot start the worker threads: Resource temporarily unavailable (os error 11)\n  help: give a smaller --jobs\n";
    for (line, code, err) in [
        ("sniff photo.jpg", 0, ""),
        ("sniff --jobs 4 photo.jpg", 0, ""),
        ("preflight -p sinch photo.jpg", 0, ""),
        ("prepare -p sinch photo.jpg", 2, refused),
        ("prepare -p sinch --jobs 2 photo.jpg", 2, refused),
        ("fit photo.jpg --max-bytes 20KB -o -", 2, refused),
        ("preflight -p sinch --fix --out ready photo.jpg", 2, refused),
    ] {
        let run = alone(line)?;
        assert_eq!((run.code, run.err.as_str()), (Some(code), err), "{line}");
        assert_eq!(run.out.is_empty(), code == 2, "{line}: {}", run.out);
    }
    Ok(())
}
