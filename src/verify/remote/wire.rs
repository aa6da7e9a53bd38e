//! Bytes of one connection, under deadlines: read as they come, counted, never more than asked for.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::connect::describe;
use crate::dial::{Duplex, tls_reason};

/// Why no further bytes come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The server closed the connection.
    End,
    /// The connection ended without TLS having been closed: who cut it is unknown (RFC 9112, clause 9.8).
    Cut,
    /// The connection broke.
    Broken(String),
    /// TLS failed.
    Tls(String),
    /// A deadline passed.
    Late,
}

/// One connection.
pub(super) struct Wire {
    stream: Box<dyn Duplex>,
    chunk: Vec<u8>,
    from: usize,
    to: usize,
}

/// Bytes taken from the system at once.
const CHUNK_BYTES: usize = 16 * 1_024;

impl Wire {
    pub(super) fn new(stream: Box<dyn Duplex>) -> Self {
        Self {
            stream,
            chunk: vec![0; CHUNK_BYTES],
            from: 0,
            to: 0,
        }
    }

    /// Sends the whole request.
    pub(super) async fn send(&mut self, request: &str, until: Instant) -> Result<(), Stop> {
        let sent = async {
            self.stream.write_all(request.as_bytes()).await?;
            self.stream.flush().await
        };
        match timeout_at(until, sent).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(fault)) => Err(stopped(&fault)),
            Err(_) => Err(Stop::Late),
        }
    }

    /// The bytes that have come and were not taken yet; waits for some where there are none.
    pub(super) async fn some(&mut self, until: Instant) -> Result<&[u8], Stop> {
        if self.from == self.to {
            // A server that always has a byte ready must not outrun the clock.
            if Instant::now() >= until {
                return Err(Stop::Late);
            }
            let read = timeout_at(until, self.stream.read(&mut self.chunk)).await;
            let count = read
                .map_err(|_| Stop::Late)?
                .map_err(|fault| stopped(&fault))?;
            if count == 0 {
                return Err(Stop::End);
            }
            (self.from, self.to) = (0, count);
        }
        Ok(self.chunk.get(self.from..self.to).unwrap_or_default())
    }

    /// Takes bytes off the front of what has come.
    pub(super) fn take(&mut self, count: usize) {
        self.from = self.from.saturating_add(count).min(self.to);
    }

    /// Whether the server sends anything more within a short time, and before the end of all.
    pub(super) async fn goes_on(&mut self, grace: Duration, whole: Instant) -> bool {
        self.some(whole.min(Instant::now() + grace)).await.is_ok()
    }
}

/// The slowest rate that is waited for: bytes in a window, again and again.
pub(super) struct Pace {
    window: Duration,
    bytes: u64,
    ends: Instant,
    seen: u64,
}

impl Pace {
    pub(super) fn new(window: Duration, bytes: u64) -> Self {
        Self {
            window,
            bytes,
            ends: Instant::now() + window,
            seen: 0,
        }
    }

    pub(super) fn note(&mut self, count: usize) {
        self.seen = self.seen.saturating_add(count as u64);
    }

    /// When the next look at the rate is due.
    pub(super) fn ends(&self) -> Instant {
        self.ends
    }

    /// Whether the rate holds. Begins a new window where one has ended.
    pub(super) fn holds(&mut self) -> bool {
        if Instant::now() < self.ends {
            return true;
        }
        let enough = self.seen >= self.bytes;
        self.ends = Instant::now() + self.window;
        self.seen = 0;
        enough
    }
}

fn stopped(fault: &io::Error) -> Stop {
    match tls_reason(fault) {
        Some(_) => Stop::Tls(describe(fault)),
        // TLS that ends without close_notify arrives so.
        None if fault.kind() == io::ErrorKind::UnexpectedEof => Stop::Cut,
        None => Stop::Broken(describe(fault)),
    }
}
