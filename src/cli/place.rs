//! Outputs onto the disk: whole or not at all, each under a name of its own.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use mmsfit::ContentType;

use super::fault::Fault;
use super::text;

/// A folder that outputs go to.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    real: PathBuf,
    /// Hashes of the names given away, so that a million of them stay small. Two names that share a hash cost the second a
    /// number behind its name, no more.
    taken: HashSet<u64>,
}

impl Folder {
    /// The folder, made where it is missing.
    ///
    /// # Errors
    ///
    /// It is no folder, or cannot be made.
    pub(crate) fn open(path: &Path) -> Result<Self, Fault> {
        let made = fs::create_dir_all(path).and_then(|()| path.canonicalize());
        let real = made.map_err(|fault| {
            let help = if path.is_file() {
                "a file has this name: give --out another one"
            } else {
                "give --out a folder that can be written"
            };
            Fault::of(
                format!("cannot make the folder {}", text::path(path)),
                &fault,
                help,
            )
        })?;
        Ok(Self {
            path: path.to_owned(),
            real,
            taken: HashSet::new(),
        })
    }

    /// The folder as it was given.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The folder with all links resolved.
    pub(crate) fn real(&self) -> &Path {
        &self.real
    }

    /// Where an output of this type goes: the input's own place where its extension fits, else with the type's usual
    /// extension, numbered where another input has that name.
    ///
    /// `source` is the input's path, whose neighbours keep their own names.
    pub(crate) fn place(&mut self, below: &Path, kind: ContentType, source: &Path) -> PathBuf {
        let wanted = with_extension(below, kind);
        let neighbour = |name: &Path| {
            name.file_name() != below.file_name()
                && name
                    .file_name()
                    .is_some_and(|name| source.with_file_name(name).symlink_metadata().is_ok())
        };
        let mut name = wanted.clone();
        let mut number = 2_u32;
        while neighbour(&name) || !self.taken.insert(hash(&name)) {
            name = numbered(&wanted, number);
            number += 1;
        }
        self.path.join(name)
    }
}

/// Writes a file whole or not at all: to a name of its own in the same folder, then renamed.
///
/// A file that holds these bytes already is left alone. The folder must be there.
///
/// # Errors
///
/// Nothing can be written there, or something other than a file has that name.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "something other than a file has this name",
            ));
        }
        Ok(found) if found.len() == bytes.len() as u64 && holds(path, bytes) => return Ok(()),
        _ => {}
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut options = fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // What the umask leaves of it, as for any file that a command makes.
        options.mode(0o666);
    }
    // Opened here, as the wrapper's own errors name the temporary path, which nobody asked for. Dropped on any fault
    // below, which removes it.
    let mut file = tempfile::Builder::new()
        .prefix(".mmsfit-")
        .make_in(folder, |path| options.open(path))?;
    // The file itself, for the same reason.
    file.as_file_mut().write_all(bytes)?;
    file.as_file_mut().flush()?;
    file.persist(path).map_err(|fault| fault.error)?;
    Ok(())
}

/// Why a file could not be written, and `otherwise` where it is neither its folder nor the disk.
pub(crate) fn unwritten(path: &Path, fault: &io::Error, otherwise: &str) -> Fault {
    let help = match fault.kind() {
        io::ErrorKind::NotFound => "its folder does not exist: make it first",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free space",
        _ => otherwise,
    };
    Fault::of(format!("cannot write {}", text::path(path)), fault, help)
}

fn holds(path: &Path, bytes: &[u8]) -> bool {
    let mut found = Vec::new();
    let read = fs::File::open(path)
        .and_then(|file| file.take(bytes.len() as u64 + 1).read_to_end(&mut found));
    read.is_ok() && found == bytes
}

/// The path with an extension that fits the type.
fn with_extension(path: &Path, kind: ContentType) -> PathBuf {
    let given = path
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default();
    if kind
        .extensions()
        .iter()
        .any(|known| known.eq_ignore_ascii_case(given))
    {
        return path.to_owned();
    }
    // What is no type's extension belongs to the name: `v1.2`, `photo.2024`.
    if ContentType::from_extension(given).next().is_some() {
        return path.with_extension(kind.extension());
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(kind.extension());
    name.into()
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.file_stem().map_or_else(OsString::new, OsString::from);
    name.push(format!("-{number}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

/// The same for names that some file systems hold for one, which differ only in case.
fn hash(path: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.as_os_str()
        .to_string_lossy()
        .to_lowercase()
        .hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_changes_only_where_it_would_lie() {
        for (given, kind, expected) in [
            ("a/photo.JPG", ContentType::Jpeg, "a/photo.JPG"),
            ("photo.heic", ContentType::Jpeg, "photo.jpg"),
            ("photo.2024", ContentType::Jpeg, "photo.2024.jpg"),
            ("photo", ContentType::Png, "photo.png"),
        ] {
            assert_eq!(with_extension(Path::new(given), kind), Path::new(expected));
        }
    }

    #[test]
    fn two_inputs_never_share_an_output() -> io::Result<()> {
        let source = tempfile::tempdir()?;
        for name in ["a.heic", "a.jpg", "a.webp"] {
            fs::write(source.path().join(name), name)?;
        }
        let mut folder = Folder::open(&source.path().join("out")).expect("the folder is made");
        let mut placed = Vec::new();
        for name in ["a.heic", "a.jpg", "a.webp"] {
            let path = folder.place(
                Path::new(name),
                ContentType::Jpeg,
                &source.path().join(name),
            );
            placed.push(path.file_name().map(OsString::from));
        }
        assert_eq!(
            placed,
            [
                Some("a-2.jpg".into()),
                Some("a.jpg".into()),
                Some("a-3.jpg".into())
            ]
        );
        Ok(())
    }

    #[test]
    fn writes_whole_or_not_at_all() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        fs::create_dir_all(folder.path().join("deep/er"))?;
        let path = folder.path().join("deep/er/file");
        write(&path, b"one")?;
        let first = fs::metadata(&path)?.modified()?;
        write(&path, b"one")?;
        assert_eq!(
            fs::metadata(&path)?.modified()?,
            first,
            "the same bytes are left alone"
        );
        write(&path, b"two")?;
        assert_eq!(fs::read(&path)?, b"two");
        fs::create_dir(folder.path().join("taken"))?;
        let refused = write(&folder.path().join("taken"), b"three").map_err(|fault| fault.kind());
        assert_eq!(refused, Err(io::ErrorKind::AlreadyExists));
        let left: Vec<_> =
            fs::read_dir(folder.path().join("deep/er"))?.collect::<io::Result<_>>()?;
        assert_eq!(left.len(), 1, "no temporary file stays");
        Ok(())
    }
}
