//! A connection whose other side has to take something now and then.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// The least that a reader takes in one window.
const LEAST_BYTES: usize = 1_000;

/// Fails a write when the other side has taken too little for too long.
pub(super) struct Stalling<S> {
    stream: S,
    window: Duration,
    /// Set while something is written that is not yet handed over whole.
    writing: Arc<AtomicBool>,
    taken: usize,
    ends: Option<Pin<Box<Sleep>>>,
}

impl<S> Stalling<S> {
    pub(super) fn new(stream: S, window: Duration, writing: Arc<AtomicBool>) -> Self {
        Self {
            stream,
            window,
            writing,
            taken: 0,
            ends: None,
        }
    }

    /// Watches the clock while the other side takes nothing.
    fn waits(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        loop {
            let window = self.window;
            let ends = self.ends.get_or_insert_with(|| Box::pin(sleep(window)));
            if ends.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            if self.taken < LEAST_BYTES {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.ends = None;
            self.taken = 0;
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stalling<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Stalling<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writing.store(true, Ordering::SeqCst);
        match Pin::new(&mut self.stream).poll_write(context, bytes) {
            Poll::Ready(written) => {
                self.taken += written.as_ref().map_or(0, |&written| written);
                Poll::Ready(written)
            }
            Poll::Pending => self.waits(context),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.writing.store(true, Ordering::SeqCst);
        match Pin::new(&mut self.stream).poll_write_vectored(context, bytes) {
            Poll::Ready(written) => {
                self.taken += written.as_ref().map_or(0, |&written| written);
                Poll::Ready(written)
            }
            Poll::Pending => self.waits(context),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        if flushed.is_ready() {
            // All that was written so far has been taken: the next wait begins anew.
            self.writing.store(false, Ordering::SeqCst);
            self.ends = None;
            self.taken = 0;
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
