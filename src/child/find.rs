//! Where programs are, and how one is started so that it does not outlive us.

#[cfg(target_os = "linux")]
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The first executable of this name in a folder that the `PATH` names in full: one of the working folder is not meant.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&std::env::var_os("PATH")?)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(&name))
        .find(|path| is_program(path))
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

/// The program that is meant, in full: by its path, or by its name on the `PATH`.
pub(super) fn program(named: &Path) -> Option<PathBuf> {
    if named.components().count() == 1 && !named.is_absolute() {
        return on_path(named.to_str()?);
    }
    std::path::absolute(named)
        .ok()
        .filter(|path| is_program(path))
}

/// A command for the program that ends with the thread that starts it, where the system can see to that.
///
/// The kernel's own call for it (`PR_SET_PDEATHSIG`) has to be made between fork and exec, where safe Rust runs nothing;
/// util-linux' `setpriv` makes it and then becomes the program, under the same number.
#[cfg(target_os = "linux")]
pub(super) fn leashed(program: &Path) -> Command {
    use std::sync::OnceLock;
    static LEASH: OnceLock<Option<PathBuf>> = OnceLock::new();
    let leash = LEASH.get_or_init(|| on_path("setpriv").filter(|path| knows_death(path)));
    let Some(leash) = leash else {
        return Command::new(program);
    };
    let mut command = Command::new(leash);
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

#[cfg(not(target_os = "linux"))]
pub(super) fn leashed(program: &Path) -> Command {
    Command::new(program)
}

/// Whether this `setpriv` has the option: that of small systems has not.
#[cfg(target_os = "linux")]
fn knows_death(path: &Path) -> bool {
    let asked = Command::new(path)
        .arg("--help")
        .stdin(std::process::Stdio::null())
        .output();
    asked.is_ok_and(|said| {
        let known: &OsStr = "--pdeathsig".as_ref();
        said.stdout
            .windows(known.len())
            .any(|window| window == known.as_encoded_bytes())
    })
}
