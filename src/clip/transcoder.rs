//! The program that encodes video and sound: where it is, what it can do, how long it may take.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::child::{self, Bounds, Fault, Ran};
use crate::units::DAY;

/// The `ffmpeg` that brings video and sound to a type and a length that the rules allow.
///
/// It runs as a child process: on files of its own folder, without a network protocol, under limits of time, memory
/// and bytes. Without one, video and sound that would have to be encoded are refused, and the finding says so.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mmsfit::{Preparer, Provider, Transcoder};
///
/// let transcoder = Transcoder::find().deadline(Duration::from_secs(60));
/// let preparer = Preparer::new(Provider::Sinch).transcoder(transcoder);
/// # let _ = preparer;
/// ```
#[derive(Clone)]
pub struct Transcoder {
    program: Option<PathBuf>,
    deadline: Duration,
    /// When the work that has begun has to be done.
    until: Option<Instant>,
    memory_bytes: u64,
    folder: Option<PathBuf>,
    for_old_phones: bool,
    progress: Option<Arc<dyn Fn(Progress) + Send + Sync>>,
    known: Arc<OnceLock<Result<Encoders, String>>>,
}

/// How far the encoding of one attachment has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Runs begun for this attachment, from 1.
    pub run: u32,
    /// What this run has encoded.
    pub done_ms: u64,
    /// The attachment's duration, where its container tells it.
    pub total_ms: Option<u64>,
}

impl Transcoder {
    /// The one that the environment variable `MMSFIT_FFMPEG` names, else the first `ffmpeg` of the `PATH`. It is looked
    /// for once in a process.
    #[must_use]
    pub fn find() -> Self {
        static FOUND: OnceLock<Transcoder> = OnceLock::new();
        FOUND
            .get_or_init(|| match std::env::var_os(VARIABLE) {
                Some(path) if !path.is_empty() => Self::at(PathBuf::from(path)),
                _ => Self::of(child::on_path("ffmpeg")),
            })
            .clone()
    }

    /// The program at this path.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self::of(Some(path.into()))
    }

    /// None: video and sound pass as they are, are written anew without an encoder, or are refused.
    #[must_use]
    pub fn none() -> Self {
        Self::of(None)
    }

    fn of(program: Option<PathBuf>) -> Self {
        Self {
            program,
            deadline: Duration::from_secs(300),
            until: None,
            memory_bytes: 4 << 30,
            folder: None,
            for_old_phones: false,
            progress: None,
            known: Arc::default(),
        }
    }

    /// How long the work on one attachment may take in all, a day at most. Default: 300 s.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline.min(DAY);
        self
    }

    /// The most address space of a run, in bytes; held by Linux alone. Default: 4 GiB.
    #[must_use]
    pub fn memory_bytes(mut self, bytes: u64) -> Self {
        self.memory_bytes = bytes;
        self
    }

    /// Where a run's own folder is made, and removed again. Default: the folder of the system for temporary files.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Makes what has to be encoded 3GP with H.263 and AMR, and sound AMR, where the rules take those: for phones that
    /// know nothing else. With [`Preparer::common_codecs`](crate::Preparer::common_codecs) all other clips are encoded,
    /// too. Needs an `ffmpeg` that can encode AMR if there is sound. Default: no.
    #[must_use]
    pub fn for_old_phones(mut self, wanted: bool) -> Self {
        self.for_old_phones = wanted;
        self
    }

    /// Has a function called as the work goes on, several times a second at most, on the thread that does it.
    #[must_use]
    pub fn on_progress(mut self, call: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(call));
        self
    }

    /// The program, where there is one.
    #[must_use]
    pub fn program(&self) -> Option<&Path> {
        self.program.as_deref()
    }

    pub(crate) fn wants_old_phones(&self) -> bool {
        self.for_old_phones
    }

    /// What it can encode; asked once.
    pub(crate) fn encoders(&self) -> Result<&Encoders, Lack> {
        let Some(program) = &self.program else {
            return Err(Lack::Program);
        };
        self.known
            .get_or_init(|| ask(program))
            .as_ref()
            .map_err(|why| Lack::Broken {
                program: program.clone(),
                why: why.clone(),
            })
    }

    /// The same program, the time of one attachment running from now on, however many works it takes, and no longer than
    /// its message has.
    pub(crate) fn started(&self, until: Option<Instant>) -> Self {
        let own = Instant::now() + self.deadline;
        Self {
            until: Some(until.map_or(own, |until| until.min(own))),
            ..self.clone()
        }
    }

    /// A folder and a deadline for a work on one attachment.
    pub(super) fn begin(&self, total_ms: Option<u64>) -> Result<Work<'_>, Fault> {
        let parent = self.folder.clone().unwrap_or_else(std::env::temp_dir);
        sweep(&parent);
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX);
        let folder = match &self.folder {
            Some(folder) => builder.tempdir_in(folder),
            None => builder.tempdir(),
        };
        Ok(Work {
            transcoder: self,
            folder: folder.map_err(Fault::Start)?,
            deadline: self.until.unwrap_or_else(|| Instant::now() + self.deadline),
            total_ms,
            runs: 0,
        })
    }
}

impl Default for Transcoder {
    fn default() -> Self {
        Self::find()
    }
}

impl fmt::Debug for Transcoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transcoder")
            .field("program", &self.program)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// Why nothing can be encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lack {
    /// There is no program.
    Program,
    /// It does not answer as ffmpeg does.
    Broken { program: PathBuf, why: String },
    /// It lacks an encoder.
    Encoder(&'static str),
}

impl Lack {
    /// What the reader can do.
    pub(crate) fn help(&self) -> String {
        match self {
            Self::Program => format!(
                "install ffmpeg (Debian: apt-get install ffmpeg), or name it in {VARIABLE}: mmsfit then encodes it to fit"
            ),
            Self::Broken { program, why } => format!(
                "{} does not work as ffmpeg ({why}): install ffmpeg (Debian: apt-get install ffmpeg), or name another",
                program.display()
            ),
            Self::Encoder(name) => format!(
                "this ffmpeg has no encoder {name}: install one that has it, or name another"
            ),
        }
    }
}

/// The encoders of a program that are of use here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Encoders(Vec<&'static str>);

impl Encoders {
    /// Whether all of them are there; else the first that is not.
    pub(crate) fn need(&self, names: &[&'static str]) -> Result<(), Lack> {
        names
            .iter()
            .find(|name| !self.0.contains(name))
            .map_or(Ok(()), |name| Err(Lack::Encoder(name)))
    }
}

/// The work on one attachment: a folder that is removed with it, and the time that is left.
pub(super) struct Work<'a> {
    transcoder: &'a Transcoder,
    folder: tempfile::TempDir,
    deadline: Instant,
    total_ms: Option<u64>,
    runs: u32,
}

impl Work<'_> {
    /// Where its files are.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// One run, with `arguments` behind those that every run has.
    pub(super) fn run(&mut self, arguments: &[String], written_bytes: u64) -> Result<Ran, Fault> {
        let Some(program) = &self.transcoder.program else {
            return Err(Fault::Start(std::io::ErrorKind::NotFound.into()));
        };
        self.runs += 1;
        let bounds = Bounds {
            deadline: self.deadline,
            cpu_seconds: None,
            memory_bytes: self.transcoder.memory_bytes,
            data_bytes: None,
            written_bytes,
        };
        let all: Vec<OsString> = COMMON
            .iter()
            .map(OsString::from)
            .chain(arguments.iter().map(OsString::from))
            .collect();
        let (run, total_ms) = (self.runs, self.total_ms);
        let tell = |done_ms| {
            if let Some(call) = &self.transcoder.progress {
                call(Progress {
                    run,
                    done_ms,
                    total_ms,
                });
            }
        };
        let ran = child::run(program, &all, self.folder.path(), &bounds, &mut |ms| {
            tell(ms);
        })?;
        if let Some(ms) = ran.time_ms {
            tell(ms);
        }
        Ok(ran)
    }
}

/// Removes the folders that killed runs have left behind: those older than any deadline. Once a process is enough.
fn sweep(parent: &Path) {
    static SWEPT: OnceLock<()> = OnceLock::new();
    let is_left = |entry: &std::fs::DirEntry| {
        let named = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let made = || entry.metadata().and_then(|facts| facts.modified());
        let age = || made().ok().and_then(|made| made.elapsed().ok());
        named && age().is_some_and(|age| age > DAY)
    };
    SWEPT.get_or_init(|| {
        for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
            if is_left(&entry) {
                // Another user's stays, and is no business of this run.
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    });
}

/// Asks for the list of encoders: lines of flags, name and description.
fn ask(program: &Path) -> Result<Encoders, String> {
    let folder = tempfile::tempdir().map_err(|fault| fault.to_string())?;
    let bounds = Bounds {
        deadline: Instant::now() + ASKING,
        cpu_seconds: None,
        memory_bytes: 4 << 30,
        data_bytes: None,
        written_bytes: 1 << 20,
    };
    let arguments = ["-hide_banner", "-encoders"].map(OsString::from);
    let ran = child::run(program, &arguments, folder.path(), &bounds, &mut |_| {})
        .map_err(|fault| fault.to_string())?;
    let list = String::from_utf8_lossy(&ran.output);
    let found: Vec<&'static str> = USED
        .iter()
        .copied()
        .filter(|name| {
            list.lines()
                .any(|line| line.split_whitespace().nth(1) == Some(name))
        })
        .collect();
    if found.is_empty() {
        return Err("it lists no encoder of use".to_owned());
    }
    Ok(Encoders(found))
}

/// Names the program.
const VARIABLE: &str = "MMSFIT_FFMPEG";
/// How the folders of runs are named.
const PREFIX: &str = "mmsfit-clip-";
/// How long a program may take to list its encoders.
const ASKING: Duration = Duration::from_secs(10);
/// The encoders of use, by ffmpeg's names for them.
const USED: &[&str] = &[
    "libx264",
    "aac",
    "libmp3lame",
    "libopencore_amrnb",
    "h263",
    "pcm_s16le",
    "png",
];
/// What every run is told: to ask nothing, to open nothing but files, to report its progress.
const COMMON: &[&str] = &[
    "-nostdin",
    "-hide_banner",
    "-nostats",
    "-loglevel",
    "error",
    "-progress",
    "pipe:1",
    "-stats_period",
    "0.2",
    "-y",
];
