//! What a child says, read to its end so that it never waits, and kept within bounds.

use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// What is kept of a pipe that is read to its end: its start, its end, its length.
#[derive(Clone)]
pub(super) struct Pipe(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    head: Vec<u8>,
    tail: Vec<u8>,
    total: u64,
    is_done: bool,
}

impl Pipe {
    /// Reads on a thread of its own, so that the child never waits for us; no longer than twice `most`.
    pub(super) fn drain(
        from: Option<impl Read + Send + 'static>,
        head_bytes: usize,
        most: u64,
    ) -> Self {
        let pipe = Self(Arc::default());
        let Some(mut from) = from else {
            pipe.with(|kept| kept.is_done = true);
            return pipe;
        };
        let reader = pipe.clone();
        thread::spawn(move || {
            let mut buffer = [0; 8_192];
            while let Ok(len @ 1..) = from.read(&mut buffer) {
                let read = &buffer[..len];
                reader.with(|kept| {
                    kept.total += len as u64;
                    let room = head_bytes.saturating_sub(kept.head.len()).min(len);
                    kept.head.extend_from_slice(&read[..room]);
                    kept.tail.extend_from_slice(read);
                    let excess = kept.tail.len().saturating_sub(TAIL_BYTES);
                    kept.tail.drain(..excess);
                });
                // Nothing more is worth reading: the supervisor ends the child, and the pipe may fill.
                if reader.total() > 2 * most {
                    break;
                }
            }
            reader.with(|kept| kept.is_done = true);
        });
        pipe
    }

    fn with<T>(&self, act: impl FnOnce(&mut Kept) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn total(&self) -> u64 {
        self.with(|kept| kept.total)
    }

    pub(super) fn is_done(&self) -> bool {
        self.with(|kept| kept.is_done)
    }

    pub(super) fn head(&self) -> Vec<u8> {
        self.with(|kept| std::mem::take(&mut kept.head))
    }

    /// The last `out_time_us=` of ffmpeg's `-progress`, in milliseconds.
    pub(super) fn time_ms(&self) -> Option<u64> {
        self.with(|kept| {
            let tail = String::from_utf8_lossy(&kept.tail);
            tail.lines()
                .rev()
                .find_map(|line| {
                    line.strip_prefix("out_time_us=")?
                        .trim()
                        .parse::<u64>()
                        .ok()
                })
                .map(|micros| micros / 1_000)
        })
    }

    /// The last line that says something, printable and short.
    pub(super) fn last_line(&self) -> String {
        self.with(|kept| {
            let tail = String::from_utf8_lossy(&kept.tail);
            let line = tail.lines().map(str::trim).rfind(|line| !line.is_empty());
            line.unwrap_or_default()
                .chars()
                .map(|c| if c.is_control() { '?' } else { c })
                .take(SAID_CHARS)
                .collect()
        })
    }
}

/// What is kept of the end of a pipe: more than one report of progress.
const TAIL_BYTES: usize = 4 << 10;
/// Characters of a message that enters a finding.
const SAID_CHARS: usize = 200;
