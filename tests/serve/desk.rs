//! The built command, serving in a folder that is gone afterwards.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

type Lines = Arc<Mutex<Vec<String>>>;

/// `mmsfit serve`, running.
pub(crate) struct Serving {
    child: Child,
    pub(crate) address: SocketAddr,
    out: Lines,
    err: Lines,
    readers: Vec<JoinHandle<()>>,
}

/// The command in a folder, with nothing of our environment but the path.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mmsfit"));
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

impl Serving {
    /// Starts it on a free port, with `--media-dir` and `--public-url` given.
    pub(crate) fn start(folder: &Path, arguments: &[impl AsRef<OsStr>]) -> io::Result<Self> {
        let mut command = command(folder);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--media-dir"])
            .arg("media-dir")
            .args(["--public-url", "http://127.0.0.1:1"])
            .args(arguments);
        Self::of(command)
    }

    /// Starts a command that ends up serving, and waits for its first line.
    pub(crate) fn of(mut command: Command) -> io::Result<Self> {
        let mut child = command.spawn()?;
        let (out, err) = (Lines::default(), Lines::default());
        let mut readers = Vec::new();
        if let Some(stream) = child.stdout.take() {
            readers.push(collect(stream, Arc::clone(&out)));
        }
        if let Some(stream) = child.stderr.take() {
            readers.push(collect(stream, Arc::clone(&err)));
        }
        let first = wait_for(&err, |lines| lines.first().cloned())?;
        let address = first
            .strip_prefix("listening on http://")
            .and_then(|rest| rest.split(';').next()?.parse().ok())
            .ok_or_else(|| io::Error::other(format!("it said: {first}")))?;
        Ok(Self {
            child,
            address,
            out,
            err,
            readers,
        })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What standard output has said so far, once it has said this many lines.
    pub(crate) fn out(&self, lines: usize) -> io::Result<Vec<String>> {
        wait_for(&self.out, |said| {
            (said.len() >= lines).then(|| said.to_vec())
        })
    }

    /// The line of standard error that holds these words, once it is there.
    pub(crate) fn err(&self, words: &str) -> io::Result<String> {
        wait_for(&self.err, |said| {
            said.iter().find(|line| line.contains(words)).cloned()
        })
    }

    pub(crate) fn all_err(&self) -> Vec<String> {
        self.err
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn signal(&self, name: &str) -> io::Result<()> {
        let id = self.id().to_string();
        let done = Command::new("kill").args(["-s", name, &id]).status()?;
        assert!(done.success(), "kill -s {name} {id}");
        Ok(())
    }

    /// Waits for its end, and for the last line that it said.
    pub(crate) fn ended(mut self) -> io::Result<(ExitStatus, Vec<String>, Vec<String>)> {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            if begun.elapsed() > Duration::from_secs(90) {
                return Err(io::Error::other("it does not end"));
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        for reader in self.readers.drain(..) {
            reader
                .join()
                .map_err(|_| io::Error::other("a reader panicked"))?;
        }
        let lines = |lines: &Lines| lines.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok((status, lines(&self.out), lines(&self.err)))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The media folder that [`Serving::start`] names.
pub(crate) fn media_dir(folder: &Path) -> PathBuf {
    folder.join("media-dir")
}

fn collect(stream: impl io::Read + Send + 'static, lines: Lines) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            lines
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(line);
        }
    })
}

fn wait_for<T>(lines: &Lines, found: impl Fn(&[String]) -> Option<T>) -> io::Result<T> {
    let begun = Instant::now();
    loop {
        let said = lines.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(found) = found(&said) {
            return Ok(found);
        }
        if begun.elapsed() > Duration::from_secs(30) {
            return Err(io::Error::other(format!("only this was said: {said:#?}")));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
