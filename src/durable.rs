//! Names that last: a file is safe from a power cut once its folder is.

use std::io;
use std::path::Path;

/// The folder that a file lies in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Makes the names in a folder last through a power cut.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    // A folder can be opened for this on Unix alone; elsewhere the rename is as durable as it gets.
    if cfg!(unix) {
        std::fs::File::open(folder)?.sync_all()
    } else {
        std::fs::metadata(folder).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_lies_in_a_folder_that_can_be_synced() -> io::Result<()> {
        assert_eq!(folder_of(Path::new("/a/b")), Path::new("/a"));
        for bare in ["b", ".", "/", ""] {
            sync_folder(folder_of(Path::new(bare)))?;
        }
        assert!(sync_folder(Path::new("/no such folder")).is_err());
        Ok(())
    }
}
