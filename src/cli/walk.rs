//! From the paths given to the files to look at: in the order of their names, each exactly once, none left out unsaid.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::{DirEntry, Walk, WalkBuilder};
use mmsfit::report_v1::Finding;
use mmsfit::{Attachment, ByteCount, Code};

use super::fault::Fault;
use super::text;

/// The most bytes of one file that are read: the library's own default.
pub(crate) const INPUT_LIMIT: ByteCount = ByteCount::new(100_000_000);

/// One file of a batch.
#[derive(Debug)]
pub(crate) struct Input {
    /// The path as the user would write it; `-` for standard input.
    pub(crate) path: PathBuf,
    /// Where it belongs in a mirror of the inputs.
    pub(crate) relative: PathBuf,
    /// What to read, or why it is not to be read.
    pub(crate) attachment: Result<Attachment, Box<Finding>>,
}

/// All files under the paths, one after the other.
pub(crate) struct Inputs {
    roots: VecDeque<Root>,
    walking: Option<(Walk, Root)>,
    skipped: Option<PathBuf>,
}

#[derive(Clone)]
struct Root {
    path: PathBuf,
    /// In front of the mirrored paths, where several folders are given.
    prefix: PathBuf,
    /// The folder with all links resolved.
    real: PathBuf,
    standard_input: Option<Arc<[u8]>>,
}

impl Inputs {
    /// The files under these paths, apart from those in `skipped`, a folder with all its links resolved.
    ///
    /// # Errors
    ///
    /// Standard input cannot be read, or is named twice.
    pub(crate) fn new(paths: &[PathBuf], skipped: Option<&Path>) -> Result<Self, Fault> {
        once(paths.iter().map(|path| path.as_os_str()))?;
        let mut roots = VecDeque::new();
        for path in paths {
            let real = path.canonicalize().unwrap_or_else(|_| path.clone());
            let prefix = match real.file_name() {
                Some(name) if paths.len() > 1 => PathBuf::from(name),
                _ => PathBuf::new(),
            };
            let standard_input = if path.as_os_str() == "-" {
                Some(standard_input()?)
            } else {
                None
            };
            roots.push_back(Root {
                path: path.clone(),
                prefix,
                real,
                standard_input,
            });
        }
        Ok(Self {
            roots,
            walking: None,
            skipped: skipped.map(Path::to_owned),
        })
    }

    /// How many files there are.
    pub(crate) fn count(paths: &[PathBuf], skipped: Option<&Path>) -> Result<u64, Fault> {
        let named: Vec<PathBuf> = paths
            .iter()
            .filter(|path| path.as_os_str() != "-")
            .cloned()
            .collect();
        let standard = paths.len() - named.len();
        Ok(Self::new(&named, skipped)?.count() as u64 + standard as u64)
    }

    /// Begins with the next path: a folder is walked, anything else is an input itself.
    fn begin(&mut self) -> Option<Input> {
        let root = self.roots.pop_front()?;
        if let Some(bytes) = root.standard_input {
            let attachment = Ok(Attachment::from_bytes(bytes).named("stdin"));
            return Some(Input {
                path: root.path,
                relative: "stdin".into(),
                attachment,
            });
        }
        if root.path.is_dir() {
            let skipped = self.skipped.clone();
            let walk = WalkBuilder::new(&root.path)
                .standard_filters(false)
                .hidden(true)
                .follow_links(false)
                .sort_by_file_name(Ord::cmp)
                .filter_entry(move |entry| !is_folder(entry, skipped.as_deref()))
                .build();
            self.walking = Some((walk, root));
            return self.next();
        }
        let name = root
            .path
            .file_name()
            .map_or_else(|| OsString::from("attachment"), OsString::from);
        let url = root.path.to_str().is_some_and(text::is_url);
        let attachment = if url && root.path.symlink_metadata().is_err() {
            Err(Box::new(Finding::refused(
                Code::UnreadableAttachment,
                "this is a URL: only files are read here",
                "probe it with `mmsfit verify-url`, or download and prepare it with `mmsfit prepare`",
            )))
        } else {
            Ok(Attachment::from_path(&root.path))
        };
        Some(Input {
            path: root.path,
            relative: name.into(),
            attachment,
        })
    }
}

impl Iterator for Inputs {
    type Item = Input;

    fn next(&mut self) -> Option<Input> {
        while let Some((walk, root)) = &mut self.walking {
            let Some(entry) = walk.next() else {
                self.walking = None;
                break;
            };
            let input = match entry {
                Ok(entry) => of_entry(entry, root),
                Err(fault) => Some(of_fault(&fault, root)),
            };
            if input.is_some() {
                return input;
            }
        }
        self.begin()
    }
}

/// What an entry of a folder is: a file, something that has to be said, or a folder, which speaks through its files.
fn of_entry(entry: DirEntry, root: &Root) -> Option<Input> {
    let kind = entry.file_type()?;
    let path = entry.into_path();
    if kind.is_dir() {
        return None;
    }
    if !kind.is_symlink() {
        return Some(input(path.clone(), root, Ok(Attachment::from_path(&path))));
    }
    let attachment = match path.canonicalize() {
        // Reading it will say why: a loop, or a link to nothing.
        Err(_) => Ok(Attachment::from_path(&path)),
        Ok(target) if !target.starts_with(&root.real) => Err(Box::new(Finding::refused(
            Code::NotARegularFile,
            "a link that leaves the folder is not followed",
            "name the link itself among the paths if it is meant",
        ))),
        // Its files are found where they are.
        Ok(target) if target.is_dir() => return None,
        Ok(target) => {
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            Ok(Attachment::from_path(target).named(name.unwrap_or_default()))
        }
    };
    Some(input(path, root, attachment))
}

/// A folder that cannot be read: nothing is known about what it holds.
fn of_fault(fault: &ignore::Error, root: &Root) -> Input {
    let path = path_of(fault).map_or_else(|| root.path.clone(), Path::to_owned);
    let why = innermost(fault).to_string();
    let finding = Finding::refused(
        Code::UnreadableAttachment,
        format!("the folder cannot be read: {why}"),
        "grant permission to list the folder, then check it again",
    );
    input(path, root, Err(Box::new(finding)))
}

/// The cause at the end of the chain: those before it repeat the path.
fn innermost(fault: &ignore::Error) -> &dyn std::error::Error {
    let Some(fault) = fault.io_error() else {
        return fault;
    };
    let mut cause: &dyn std::error::Error = fault;
    if let Some(inner) = fault.get_ref() {
        cause = inner;
    }
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause
}

fn path_of(fault: &ignore::Error) -> Option<&Path> {
    match fault {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            path_of(err)
        }
        ignore::Error::Loop { child, .. } => Some(child),
        ignore::Error::Partial(faults) => faults.iter().find_map(path_of),
        _ => None,
    }
}

fn input(path: PathBuf, root: &Root, attachment: Result<Attachment, Box<Finding>>) -> Input {
    let below = path.strip_prefix(&root.path).unwrap_or(&path);
    let relative = root.prefix.join(below);
    Input {
        path,
        relative,
        attachment,
    }
}

fn is_folder(entry: &DirEntry, skipped: Option<&Path>) -> bool {
    let is_dir = entry.file_type().is_some_and(|kind| kind.is_dir());
    is_dir
        && skipped.is_some_and(|skipped| {
            entry
                .path()
                .canonicalize()
                .is_ok_and(|real| real == skipped)
        })
}

/// Refuses `-` a second time: what it stands for is read only once.
pub(crate) fn once<'a>(given: impl Iterator<Item = &'a OsStr>) -> Result<(), Fault> {
    if given.filter(|name| *name == "-").count() > 1 {
        return Err(Fault::new(
            "standard input can be read only once",
            "name `-` once",
        ));
    }
    Ok(())
}

/// Standard input, one byte past the limit at most: the library refuses what is over it.
pub(crate) fn standard_input() -> Result<Arc<[u8]>, Fault> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(INPUT_LIMIT.get() + 1)
        .read_to_end(&mut bytes)
        .map_err(|fault| {
            Fault::of(
                "cannot read standard input",
                &fault,
                "check what is piped into it",
            )
        })?;
    Ok(bytes.into())
}
