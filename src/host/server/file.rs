//! A file as the body of an answer: exactly the bytes that the head has promised, or a broken connection.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::io::{AsyncRead, ReadBuf};

use super::answer::Head;
use super::plain;

/// How much is read at once.
const CHUNK: usize = 64 * 1024;

/// A regular file, open. That its name is deleted later does not matter.
pub(super) struct Opened {
    file: File,
    pub(super) bytes: u64,
    pub(super) modified: SystemTime,
}

/// Opens a regular file; a link is none.
pub(super) fn open(path: &Path) -> io::Result<Opened> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // Nor does a pipe of that name block us.
        options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    }
    #[cfg(not(unix))]
    if std::fs::symlink_metadata(path)?.is_symlink() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let file = options.open(path)?;
    let facts = file.metadata()?;
    if !facts.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(Opened {
        bytes: facts.len(),
        modified: facts.modified()?,
        file,
    })
}

/// The answer: the head, and behind it its bytes unless only the head was asked for.
pub(super) async fn respond(opened: Opened, head: Head, head_only: bool) -> Response {
    let left = head.bytes.end - head.bytes.start;
    let body = if head_only || left == 0 {
        Body::empty()
    } else {
        let (mut file, start) = (opened.file, head.bytes.start);
        let sought = tokio::task::spawn_blocking(move || {
            file.seek(SeekFrom::Start(start))?;
            Ok::<_, io::Error>(file)
        })
        .await;
        let Ok(Ok(file)) = sought else {
            return plain(axum::http::StatusCode::INTERNAL_SERVER_ERROR);
        };
        let mut file = tokio::fs::File::from_std(file);
        file.set_max_buf_size(CHUNK);
        Body::new(FileBody { file, left })
    };
    let mut response = Response::new(body);
    *response.status_mut() = head.status;
    *response.headers_mut() = head.headers;
    response
}

struct FileBody {
    file: tokio::fs::File,
    left: u64,
}

impl http_body::Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let size = usize::try_from(self.left).map_or(CHUNK, |left| left.min(CHUNK));
        let mut chunk = vec![0; size];
        let mut buffer = ReadBuf::new(&mut chunk);
        ready!(Pin::new(&mut self.file).poll_read(context, &mut buffer))?;
        let read = buffer.filled().len();
        if read == 0 {
            // Cut short under our hands: the client must not take it for whole.
            return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
        }
        chunk.truncate(read);
        self.left -= read as u64;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(chunk)))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
