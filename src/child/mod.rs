//! One run of another program: bounded in time, memory and bytes, watched, and gone when it is over, with all that it
//! started.

mod find;
mod pipe;

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) use self::find::on_path;
use self::pipe::Pipe;

/// What one run may use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// When it has to be over.
    pub(crate) deadline: Instant,
    /// Its processor time; `None` for four times what is left until the deadline.
    pub(crate) cpu_seconds: Option<u64>,
    /// Its address space.
    pub(crate) memory_bytes: u64,
    /// What of that it may write to: without the program and its libraries themselves. `None` for all of it.
    pub(crate) data_bytes: Option<u64>,
    /// The longest file that it may write, and all its files together.
    pub(crate) written_bytes: u64,
}

/// A run that ended well.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The start of what it wrote on standard output.
    pub(crate) output: Vec<u8>,
    /// The last time stamp that it reported, where it reported any.
    pub(crate) time_ms: Option<u64>,
}

/// A run that did not.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It could not be started.
    Start(io::Error),
    /// The deadline passed.
    TooSlow,
    /// It wrote more than it may.
    TooMuch(&'static str),
    /// It gave up by itself (SIGABRT), as programs do that get no memory.
    Aborted,
    /// It ended with a failure, and said this.
    Failed { status: String, said: String },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(fault) => write!(f, "it cannot be started: {fault}"),
            Self::TooSlow => write!(f, "it was not done when its time was over, and was ended"),
            Self::TooMuch(what) => write!(f, "it wrote more {what} than it may, and was ended"),
            Self::Aborted => write!(f, "it gave up: it needs more memory than it may use"),
            Self::Failed { status, said } if said.is_empty() => write!(f, "it ended with {status}"),
            Self::Failed { status, said } => write!(f, "it ended with {status}: {said}"),
        }
    }
}

/// Runs a program in a folder of its own, to its end or to its bounds.
///
/// It gets no input, no environment but a few harmless names, and a process group that is ended as a whole, whatever
/// the outcome. Where the system has a program that asks the kernel for it (Linux: `setpriv`), it is ended as well when
/// this process is killed; elsewhere its own limits end it.
pub(crate) fn run(
    program: &Path,
    arguments: &[OsString],
    folder: &Path,
    bounds: &Bounds,
    progress: &mut dyn FnMut(u64),
) -> Result<Ran, Fault> {
    let program = find::program(program).ok_or(Fault::Start(io::ErrorKind::NotFound.into()))?;
    let mut command = find::leashed(&program);
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("LC_ALL", "C")
        .env("HOME", folder)
        .env("TMPDIR", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for name in ["PATH", "LD_LIBRARY_PATH", "SystemRoot"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = Ended(command.spawn().map_err(Fault::Start)?);
    bound(&child.0, bounds);
    let output = Pipe::drain(child.0.stdout.take(), OUTPUT_BYTES, CHATTER_BYTES);
    let said = Pipe::drain(child.0.stderr.take(), 0, CHATTER_BYTES);

    let mut reported = None;
    let mut turns = 0_u32;
    let ended = loop {
        if is_over(&mut child.0) {
            break Ok(());
        }
        if Instant::now() >= bounds.deadline {
            break Err(Fault::TooSlow);
        }
        if output.total() + said.total() > CHATTER_BYTES {
            break Err(Fault::TooMuch("messages"));
        }
        // Every fifth turn: a tenth of a second.
        if turns.is_multiple_of(5) {
            if written(folder) > bounds.written_bytes {
                break Err(Fault::TooMuch("files"));
            }
            let time = output.time_ms();
            if let Some(ms) = time.filter(|_| time != reported) {
                progress(ms);
                reported = time;
            }
        }
        turns = turns.wrapping_add(1);
        thread::sleep(TURN);
    };
    let status = child.end().map_err(Fault::Start)?;
    ended?;
    // The readers end with the last writer; one that escaped its group is not waited for.
    let patience = Instant::now() + Duration::from_millis(500);
    while !(output.is_done() && said.is_done()) && Instant::now() < patience {
        thread::sleep(Duration::from_millis(2));
    }
    if written(folder) > bounds.written_bytes {
        return Err(Fault::TooMuch("files"));
    }
    if output.total() + said.total() > CHATTER_BYTES {
        return Err(Fault::TooMuch("messages"));
    }
    #[cfg(unix)]
    {
        use rustix::process::Signal;
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        if signal == Some(Signal::XCPU.as_raw()) {
            return Err(Fault::TooSlow);
        }
        if signal == Some(Signal::ABORT.as_raw()) && bounds.data_bytes.is_some() {
            return Err(Fault::Aborted);
        }
    }
    if !status.success() {
        return Err(Fault::Failed {
            status: status.to_string(),
            said: said.last_line(),
        });
    }
    Ok(Ran {
        time_ms: output.time_ms(),
        output: output.head(),
    })
}

/// A child that cannot outlive this value.
struct Ended(Child);

impl Ended {
    /// Ends the whole group, then the child itself is waited for: until then its number belongs to nobody else.
    fn end(&mut self) -> io::Result<ExitStatus> {
        #[cfg(unix)]
        {
            // There is nobody left to be ended, most of the time.
            let _ = rustix::process::kill_process_group(
                rustix::process::Pid::from_child(&self.0),
                rustix::process::Signal::KILL,
            );
        }
        #[cfg(not(unix))]
        let _ = self.0.kill();
        self.0.wait()
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        if !matches!(self.0.try_wait(), Ok(Some(_))) {
            let _ = self.end();
        }
    }
}

/// Whether it has ended; it is not waited for yet, so that its group can still be named.
#[cfg(unix)]
fn is_over(child: &mut Child) -> bool {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    !matches!(
        waitid(WaitId::Pid(Pid::from_child(child)), options),
        Ok(None)
    )
}

#[cfg(not(unix))]
fn is_over(child: &mut Child) -> bool {
    !matches!(child.try_wait(), Ok(None))
}

/// The kernel's own limits, on top of what is watched here: a child that has just been started has used nothing yet.
#[cfg(target_os = "linux")]
fn bound(child: &Child, bounds: &Bounds) {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    let left = bounds.deadline.saturating_duration_since(Instant::now());
    let limits = [
        (Resource::Core, 0),
        (
            Resource::Cpu,
            bounds.cpu_seconds.unwrap_or(left.as_secs() * 4 + 1),
        ),
        (Resource::As, bounds.memory_bytes),
        (
            Resource::Data,
            bounds.data_bytes.unwrap_or(bounds.memory_bytes),
        ),
        (Resource::Fsize, bounds.written_bytes),
        (Resource::Nofile, 64),
    ];
    for (resource, most) in limits {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        // One that has ended already needs no limit.
        let _ = prlimit(Some(Pid::from_child(child)), resource, limit);
    }
}

#[cfg(not(target_os = "linux"))]
fn bound(_: &Child, _: &Bounds) {}

/// Bytes of all files in a folder; folders in it were not asked for and count as too much.
fn written(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .take(MAX_FILES + 1)
        .enumerate()
        .map(|(index, entry)| match entry.metadata() {
            Ok(_) if index == MAX_FILES => u64::MAX / 2,
            Ok(file) if file.is_dir() => u64::MAX / 4,
            Ok(file) => file.len().min(u64::MAX / 1_024),
            Err(_) => 0,
        })
        .fold(0, u64::saturating_add)
}

/// How often a child is looked at.
const TURN: Duration = Duration::from_millis(20);
/// Files that a run may leave in its folder.
const MAX_FILES: usize = 100;
/// Standard output and standard error together; a run of an hour reports less.
const CHATTER_BYTES: u64 = 4 << 20;
/// Standard output that is kept from its start: ffmpeg's list of encoders is a quarter of that.
const OUTPUT_BYTES: usize = 64 << 10;
