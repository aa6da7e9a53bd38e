//! Input that is broken, hostile or simply not there: it gets its code, and the rest goes on.

use std::io;
#[cfg(unix)]
use std::os::unix::ffi::OsStrExt;
#[cfg(unix)]
use std::os::unix::fs::{PermissionsExt, symlink};
#[cfg(unix)]
use std::process::Command;
use std::process::Stdio;

use crate::CARD;
use crate::desk::Desk;
#[cfg(unix)]
use crate::{desk::said, told};

#[cfg(unix)]
#[test]
fn as_many_records_as_inputs_whatever_they_are() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.write("up/a.vcf", CARD)?;
    symlink("loop_2", desk.at("up/loop_1"))?;
    symlink("loop_1", desk.at("up/loop_2"))?;
    symlink("nothing", desk.at("up/dangling"))?;
    symlink("a.vcf", desk.at("up/neighbour.vcf"))?;
    symlink("..", desk.at("up/out_dir"))?;
    symlink("/etc/hostname", desk.at("up/out_file"))?;
    symlink(".", desk.at("up/self"))?;
    assert!(
        Command::new("mkfifo")
            .arg(desk.at("up/pipe"))
            .status()?
            .success()
    );
    let run = desk.run(&["preflight", "-p", "sinch", "up", "missing.jpg"])?;
    assert_eq!(
        run,
        told(
            2,
            "\
= passed     up/a.vcf  text/vcard, 70 bytes
? unchecked  up/dangling: MMS002 cannot be read: No such file or directory (os error 2) (check the path: nothing is there)
? unchecked  up/loop_1: MMS002 cannot be read: Too many levels of symbolic links (os error 40) (the link leads round in a circle: remove it or point it at a file)
? unchecked  up/loop_2: MMS002 cannot be read: Too many levels of symbolic links (os error 40) (the link leads round in a circle: remove it or point it at a file)
= passed     up/neighbour.vcf  text/vcard, 70 bytes
? unchecked  up/out_dir: MMS005 a link that leaves the folder is not followed (name the link itself among the paths if it is meant)
? unchecked  up/out_file: MMS005 a link that leaves the folder is not followed (name the link itself among the paths if it is meant)
? unchecked  up/pipe: MMS005 this is a pipe, socket or device, not a regular file (name files; `mmsfit preflight` takes directories)
? unchecked  missing.jpg: MMS002 cannot be read: No such file or directory (os error 2) (check the path: nothing is there)
9 files for sinch: 2 passed, 7 unchecked
",
            ""
        )
    );
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_folder_or_file_without_permission_is_unchecked_and_the_rest_goes_on() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.write("up/closed/a.vcf", CARD)?;
    desk.write("up/open.vcf", CARD)?;
    desk.write("up/secret.vcf", CARD)?;
    let forbid =
        |name: &str, mode| std::fs::set_permissions(desk.at(name), PermissionsExt::from_mode(mode));
    forbid("up/closed", 0o000)?;
    forbid("up/secret.vcf", 0o000)?;
    std::fs::set_permissions(desk.path(), PermissionsExt::from_mode(0o755))?;
    let mut command = unprivileged(&desk)?;
    let run = said(&command.args(["preflight", "-p", "sinch", "up"]).output()?);
    forbid("up/closed", 0o755)?;
    assert_eq!(
        run,
        told(
            2,
            "\
? unchecked  up/closed: MMS002 the folder cannot be read: Permission denied (os error 13) (grant permission to list the folder, then check it again)
= passed     up/open.vcf  text/vcard, 70 bytes
? unchecked  up/secret.vcf: MMS002 cannot be read: Permission denied (os error 13) (grant read permission on the file and its folders)
3 files for sinch: 1 passed, 2 unchecked
",
            ""
        )
    );
    Ok(())
}

/// Whether this process may become another user.
#[cfg(unix)]
pub(crate) fn is_root() -> io::Result<bool> {
    Ok(Command::new("id").arg("-u").output()?.stdout == b"0\n")
}

/// The command in a place that other users can reach: where the build lies may be closed to them.
#[cfg(unix)]
pub(crate) fn copied_command(desk: &Desk) -> io::Result<std::path::PathBuf> {
    let copy = desk.at("mmsfit");
    // Copied by another process: a file that this one holds open for writing while a test beside this one starts a
    // command cannot be run ("text file busy").
    let copied = Command::new("cp")
        .arg(env!("CARGO_BIN_EXE_mmsfit"))
        .arg(&copy)
        .status()?;
    assert!(copied.success(), "the command is copied");
    Ok(copy)
}

/// The command as somebody whom permissions bind: root reads everything.
#[cfg(unix)]
fn unprivileged(desk: &Desk) -> io::Result<Command> {
    if !is_root()? {
        return Ok(desk.command());
    }
    let copy = copied_command(desk)?;
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
        .arg(copy)
        .current_dir(desk.path())
        .stdin(Stdio::null());
    Ok(command)
}

#[cfg(unix)]
#[test]
fn a_name_cannot_write_on_the_terminal_and_is_whole_in_json() -> io::Result<()> {
    let desk = Desk::new()?;
    let hostile = std::ffi::OsStr::from_bytes(b"up/\x1b[2Jgpj\xe2\x80\xae\r\n caf\xe9.vcf");
    std::fs::create_dir(desk.at("up"))?;
    std::fs::write(desk.path().join(hostile), CARD)?;
    let human = desk.run(&["preflight", "-p", "sinch", "up"])?;
    assert_eq!(
        human,
        told(
            0,
            "= passed     up/\\u{1b}[2Jgpj\\u{202e}\\u{d}\\u{a} caf\\xe9.vcf  text/vcard, 70 bytes\n1 file for sinch: 1 passed\n",
            ""
        )
    );
    let lines = desk.run(&["preflight", "-p", "sinch", "--format", "jsonl", "up"])?;
    let record: serde_json::Value =
        serde_json::from_str(lines.out.lines().next().unwrap_or_default())?;
    let hex: String = hostile
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(record["input_hex"], hex);
    assert_eq!(
        record["input"],
        "up/\u{1b}[2Jgpj\u{202e}\r\n caf\u{fffd}.vcf"
    );
    Ok(())
}

#[cfg(unix)]
#[test]
fn an_output_folder_that_cannot_be_one_is_named_before_any_work() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.write("up/a.vcf", CARD)?;
    desk.write("taken", b"a file")?;
    let onto = |out: &str| desk.run(&["preflight", "-p", "sinch", "--fix", "--out", out, "up"]);
    assert_eq!(
        onto("taken")?,
        told(
            2,
            "",
            "error: cannot make the folder taken: File exists (os error 17)\n  help: a file has this name: give --out another one\n"
        )
    );
    assert_eq!(
        onto(".")?,
        told(
            2,
            "",
            "error: the input up lies in the output folder .\n  help: give --out a folder of its own\n"
        )
    );
    assert_eq!(desk.tree("up")?, [("a.vcf".to_owned(), CARD.to_vec())]);
    // Inside the input it is left out of the walk, however often it is run.
    for _ in 0..2 {
        let run = onto("up/ready")?;
        assert_eq!(
            run.out.lines().last(),
            Some("1 file for sinch: 1 passed"),
            "{}",
            run.err
        );
    }
    assert_eq!(
        desk.tree("up/ready")?,
        [("a.vcf".to_owned(), CARD.to_vec())]
    );
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_full_disk_leaves_nothing_half_written_and_the_rest_goes_on() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.copy("photos/small.jpg", "up/a.jpg")?;
    desk.write("up/b.vcf", CARD)?;
    // A limit on the size of a file fails a write half-way, as a full disk does.
    let limited = |line: &str| {
        Command::new("sh")
            .args([
                "-c",
                &format!("trap '' XFSZ; ulimit -f 40; exec \"$0\" {line}"),
                env!("CARGO_BIN_EXE_mmsfit"),
            ])
            .current_dir(desk.path())
            .output()
    };
    let batch = said(&limited("preflight -p sinch --fix --out ready up")?);
    assert_eq!(
        batch,
        told(
            2,
            "\
? unchecked  up/a.jpg  image/jpeg 800 x 600, 156,665 bytes: MMS006 cannot write ready/a.jpg: File too large (os error 27) (free space or grant permission, then run it again)
= passed     up/b.vcf  text/vcard, 70 bytes  ready/b.vcf
2 files for sinch: 1 passed, 1 unchecked
",
            ""
        )
    );
    assert_eq!(desk.tree("ready")?, [("b.vcf".to_owned(), CARD.to_vec())]);

    let one = said(&limited("fit up/a.jpg --max-bytes 100KB -o small.jpg")?);
    assert_eq!((one.code, one.out.as_str()), (Some(2), ""));
    assert!(
        one.err
            .starts_with("error: cannot write small.jpg: File too large"),
        "{}",
        one.err
    );
    let left: Vec<_> = std::fs::read_dir(desk.path())?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<Result<_, _>>()?;
    assert_eq!(left.len(), 2, "{left:?}");
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_output_is_a_fault_and_no_panic() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.write("a.vcf", CARD)?;
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full")?;
    let run = desk
        .command()
        .args(["preflight", "-p", "sinch", "a.vcf"])
        .stdout(full)
        .output()?;
    assert_eq!(
        said(&run),
        told(
            2,
            "",
            "error: cannot write the results: No space left on device (os error 28)\n  help: check where standard output goes: a full disk?\n"
        )
    );
    Ok(())
}

#[cfg(unix)]
#[test]
fn something_that_is_no_file_is_never_replaced() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.write("up/a.vcf", CARD)?;
    desk.write("precious", b"precious")?;
    std::fs::create_dir(desk.at("ready"))?;
    symlink("../precious", desk.at("ready/a.vcf"))?;
    let run = desk.run(&["preflight", "-p", "sinch", "--fix", "--out", "ready", "up"])?;
    assert_eq!(run.code, Some(2));
    assert!(
        run.out
            .contains("MMS006 cannot write ready/a.vcf: something other than a file has this name"),
        "{}",
        run.out
    );
    assert_eq!(std::fs::read(desk.at("precious"))?, b"precious");
    Ok(())
}

#[test]
fn a_file_that_grows_while_it_is_read_never_passes_torn() -> io::Result<()> {
    use std::io::Write;
    let desk = Desk::new()?;
    desk.write("up/log.txt", &vec![b'a'; 4_000_000])?;
    let mut growing = std::fs::OpenOptions::new()
        .append(true)
        .open(desk.at("up/log.txt"))?;
    let mut child = desk
        .command()
        .args(["sniff", "--format", "jsonl", "up"])
        .stdout(Stdio::piped())
        .spawn()?;
    while child.try_wait()?.is_none() {
        growing.write_all(b"a")?;
    }
    let out = child.wait_with_output()?.stdout;
    let record: serde_json::Value =
        serde_json::from_slice(out.split(|&byte| byte == b'\n').next().unwrap_or_default())?;
    // It was read before or after a write, or the change was seen: in every case the record is true.
    match record["result"].as_str() {
        Some("unchecked") => assert_eq!(record["findings"][0]["code"], "MMS004"),
        Some("passed") => assert!(record["sniffed"]["bytes"].as_u64() >= Some(4_000_000)),
        other => panic!("{other:?}"),
    }
    Ok(())
}

#[test]
fn a_refused_message_leaves_no_manifest_that_looks_current() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.write("card.vcf", CARD)?;
    desk.write("junk.bin", &[0, 1, 2, 255])?;
    let prepare = |files: &[&str]| {
        let line = ["prepare", "-p", "ringcentral", "--quiet", "--out", "ready"];
        desk.run(&[&line, files].concat())
    };
    let names = || -> io::Result<Vec<String>> {
        Ok(desk
            .tree("ready")?
            .into_iter()
            .map(|(name, _)| name)
            .collect())
    };
    assert_eq!(prepare(&["card.vcf"])?.code, Some(0));
    assert_eq!(names()?, ["bundle.json", "card.vcf"]);
    let refused = prepare(&["card.vcf", "junk.bin"])?;
    assert_eq!((refused.code, refused.err.as_str()), (Some(1), ""));
    assert_eq!(names()?, ["card.vcf"]);

    // What is not ours to take away stays, also when it has our manifest's name.
    for foreign in [&b"{\"schema\": \"another/1\"}"[..], b"no JSON", b""] {
        desk.write("ready/bundle.json", foreign)?;
        assert_eq!(prepare(&["junk.bin"])?.code, Some(1));
        assert_eq!(std::fs::read(desk.at("ready/bundle.json"))?, foreign);
    }
    Ok(())
}

#[test]
fn parts_that_cannot_be_written_leave_no_manifest_of_an_earlier_message() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.write("a.vcf", CARD)?;
    desk.write("b.vcf", CARD)?;
    let prepare = |file: &str| {
        desk.run(&[
            "prepare",
            "-p",
            "ringcentral",
            "--quiet",
            "--out",
            "ready",
            file,
        ])
    };
    assert_eq!(prepare("a.vcf")?.code, Some(0));
    std::fs::create_dir(desk.at("ready/b.vcf"))?;
    let failed = prepare("b.vcf")?;
    assert_eq!(failed.code, Some(2), "{}", failed.err);
    assert!(!desk.at("ready/bundle.json").exists());
    Ok(())
}
