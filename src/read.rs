//! An attachment's bytes: opened once, read once, bounded; what was checked is what is used.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use crate::attachment::{Attachment, Origin};
use crate::code::Code;
use crate::report::Finding;
use crate::units::ByteCount;

impl Attachment {
    /// The attachment's bytes, at most `limit` of them: what every other call reads too.
    ///
    /// # Errors
    ///
    /// A finding: empty, unreadable, over the limit, changed while it was read, or no regular file.
    pub fn read(&self, limit: ByteCount) -> Result<Arc<[u8]>, Finding> {
        read(self, limit)
    }
}

/// Reads the whole attachment into memory, at most `limit` bytes of it.
///
/// A file is opened without blocking (a FIFO has no end and may have no writer) and judged by its handle, not by its
/// name, so that nothing can be swapped in between.
///
/// # Errors
///
/// A finding: MMS001 empty, MMS002 unreadable, MMS003 over the limit, MMS004 changed while it was read, MMS005 not a
/// regular file.
pub(crate) fn read(attachment: &Attachment, limit: ByteCount) -> Result<Arc<[u8]>, Finding> {
    let bytes = match &attachment.origin {
        Origin::Bytes(bytes) => {
            if ByteCount::of(bytes) > limit {
                return Err(over_limit(ByteCount::of(bytes), limit));
            }
            Arc::clone(bytes)
        }
        Origin::Path(path) => read_path(path, limit)?,
        #[cfg(feature = "net")]
        Origin::Fetched(fetched) => {
            let bytes = fetched.bytes.as_ref().ok_or_else(|| {
                Finding::refused(Code::Unreachable, "what the URL serves could not be had")
            })?;
            if ByteCount::of(bytes) > limit {
                return Err(over_limit(ByteCount::of(bytes), limit));
            }
            Arc::clone(bytes)
        }
        Origin::Url(_) => {
            return Err(
                Finding::refused(Code::Unreachable, "a URL attachment was not fetched")
                    .help("prepare URLs with the asynchronous `prepare` (feature `net`)"),
            );
        }
    };
    if bytes.is_empty() {
        return Err(
            Finding::refused(Code::EmptyAttachment, "0 bytes: there is nothing to send")
                .observed("bytes", 0_u64)
                .help("check the upload: providers refuse empty attachments"),
        );
    }
    Ok(bytes)
}

fn read_path(path: &Path, limit: ByteCount) -> Result<Arc<[u8]>, Finding> {
    let mut file = open(path).map_err(|fault| unreadable(&fault))?;
    let before = file.metadata().map_err(|fault| unreadable(&fault))?;
    if !before.is_file() {
        let kind = if before.is_dir() {
            "a directory"
        } else {
            "a pipe, socket or device"
        };
        return Err(Finding::refused(
            Code::NotARegularFile,
            format!("this is {kind}, not a regular file"),
        )
        .help("name files; `mmsfit preflight` takes directories"));
    }
    if before.len() > limit.get() {
        return Err(over_limit(ByteCount::new(before.len()), limit));
    }
    let mut bytes = Vec::new();
    let expected = usize::try_from(before.len()).unwrap_or(usize::MAX);
    bytes
        .try_reserve_exact(expected)
        .map_err(|_| over_limit(ByteCount::new(before.len()), limit))?;
    // One byte more than expected shows growth without reading all that was added.
    let mut bounded = Read::by_ref(&mut file).take(before.len().saturating_add(1));
    bounded
        .read_to_end(&mut bytes)
        .map_err(|fault| unreadable(&fault))?;
    let after = file.metadata().map_err(|fault| unreadable(&fault))?;
    if bytes.len() != expected || changed(&before, &after) {
        return Err(
            Finding::refused(Code::ChangedWhileRead, "the file changed while it was read")
                .observed("bytes", bytes.len())
                .allowed("bytes", before.len())
                .help("wait until the upload is complete, then prepare it again"),
        );
    }
    Ok(bytes.into())
}

fn changed(before: &Metadata, after: &Metadata) -> bool {
    let modified = |metadata: &Metadata| metadata.modified().ok();
    before.len() != after.len() || modified(before) != modified(after)
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

fn over_limit(bytes: ByteCount, limit: ByteCount) -> Finding {
    Finding::refused(
        Code::OverInputLimit,
        format!("{bytes} to read, {limit} allowed for one attachment; it was not read"),
    )
    .observed("bytes", bytes.get())
    .allowed("bytes", limit.get())
    .help("send a smaller file; a program may raise `Preparer::input_limit`")
}

#[cfg(unix)]
fn is_loop(fault: &io::Error) -> bool {
    fault.raw_os_error() == Some(libc::ELOOP)
}

#[cfg(not(unix))]
fn is_loop(_: &io::Error) -> bool {
    false
}

fn unreadable(fault: &io::Error) -> Finding {
    let help = match fault.kind() {
        io::ErrorKind::NotFound => "check the path: nothing is there",
        io::ErrorKind::PermissionDenied => "grant read permission on the file and its folders",
        _ if is_loop(fault) => "the link leads round in a circle: remove it or point it at a file",
        _ => "check the file and the disk, then prepare it again",
    };
    Finding::refused(
        Code::UnreadableAttachment,
        format!("cannot be read: {fault}"),
    )
    .help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: ByteCount = ByteCount::new(10);

    fn code_of(attachment: &Attachment) -> Result<usize, Code> {
        read(attachment, LIMIT)
            .map(|bytes| bytes.len())
            .map_err(|finding| finding.code)
    }

    #[test]
    fn reads_up_to_the_limit_and_not_a_byte_more() {
        for (length, expected) in [
            (0, Err(Code::EmptyAttachment)),
            (9, Ok(9)),
            (10, Ok(10)),
            (11, Err(Code::OverInputLimit)),
        ] {
            assert_eq!(
                code_of(&Attachment::from_bytes(vec![7; length])),
                expected,
                "{length}"
            );
        }
    }

    #[test]
    fn names_each_way_in_which_a_path_is_no_file() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let at = |name: &str| Attachment::from_path(folder.path().join(name));
        std::fs::write(folder.path().join("full"), [1; 11])?;
        std::fs::write(folder.path().join("right"), [1; 10])?;
        assert_eq!(code_of(&at("missing")), Err(Code::UnreadableAttachment));
        assert_eq!(code_of(&at("")), Err(Code::NotARegularFile));
        assert_eq!(code_of(&at("full")), Err(Code::OverInputLimit));
        assert_eq!(code_of(&at("right")), Ok(10));
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn neither_blocks_on_a_fifo_nor_follows_a_loop() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let fifo = folder.path().join("fifo");
        assert!(
            std::process::Command::new("mkfifo")
                .arg(&fifo)
                .status()?
                .success()
        );
        std::os::unix::fs::symlink(folder.path().join("b"), folder.path().join("a"))?;
        std::os::unix::fs::symlink(folder.path().join("a"), folder.path().join("b"))?;
        assert_eq!(
            code_of(&Attachment::from_path(fifo)),
            Err(Code::NotARegularFile)
        );
        assert_eq!(
            code_of(&Attachment::from_path(folder.path().join("a"))),
            Err(Code::UnreadableAttachment)
        );
        assert_eq!(
            code_of(&Attachment::from_path("/dev/zero")),
            Err(Code::NotARegularFile)
        );
        Ok(())
    }
}
