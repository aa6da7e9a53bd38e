//! Events posted on to a URL, in their order, each until it is taken.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use ring::rand::{SecureRandom, SystemRandom};
use serde::Deserialize;
use tokio::sync::watch;
use url::Url;

use super::journal::MAX_LINE;
use crate::outgoing::{Http, HttpFault};

/// The first pause after a refusal; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// The longest pause that a receiver can ask for by `Retry-After`.
const LONGEST_ASKED: Duration = Duration::from_secs(3_600);

/// What posting on has to tell.
#[derive(Debug)]
#[non_exhaustive]
pub enum ForwardReport {
    /// The receiver did not take an event; it is offered again after a pause.
    Refused {
        /// The event.
        event_id: String,
        /// The status of its answer.
        status: u16,
        /// The pause.
        again_in: Duration,
    },
    /// The receiver was not reached, or did not answer.
    Unreachable {
        /// The event.
        event_id: String,
        /// Why not.
        source: HttpFault,
        /// The pause.
        again_in: Duration,
    },
    /// The file of events could not be read, or how far it was posted not be noted.
    Spool {
        /// Why not.
        source: io::Error,
    },
    /// Every event so far has been taken.
    Drained,
}

/// Posts the lines of a file.
pub(super) struct Forwarder {
    spool: PathBuf,
    /// Holds how many bytes of the file were taken.
    mark: PathBuf,
    to: Url,
    client: Arc<dyn Http>,
    report: Box<dyn Fn(ForwardReport) + Send + Sync>,
    written: watch::Receiver<u64>,
}

impl Forwarder {
    pub(super) fn new(
        spool: &Path,
        to: Url,
        client: Arc<dyn Http>,
        report: Box<dyn Fn(ForwardReport) + Send + Sync>,
        written: watch::Receiver<u64>,
    ) -> Self {
        let mut mark = spool.as_os_str().to_owned();
        mark.push(".posted");
        Self {
            spool: spool.to_owned(),
            mark: mark.into(),
            to,
            client,
            report,
            written,
        }
    }

    /// How many bytes were taken in earlier runs. A mark that cannot be is no mark: events are posted again, not lost.
    fn posted(&self) -> u64 {
        let posted = fs::read_to_string(&self.mark)
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or(0);
        let length = *self.written.borrow();
        let starts_a_line = || {
            let mut file = File::open(&self.spool)?;
            file.seek(SeekFrom::Start(posted - 1))?;
            let mut byte = [0];
            file.read_exact(&mut byte)?;
            Ok::<_, io::Error>(byte == *b"\n")
        };
        match posted {
            0 => 0,
            _ if posted > length || !starts_a_line().unwrap_or(false) => 0,
            posted => posted,
        }
    }

    fn note(&self, posted: u64) -> io::Result<()> {
        let folder = self
            .mark
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let mut file = tempfile::Builder::new()
            .prefix(".posted-")
            .tempfile_in(folder.unwrap_or(Path::new(".")))?;
        writeln!(file, "{posted}")?;
        file.persist(&self.mark).map_err(|fault| fault.error)?;
        Ok(())
    }

    /// Offers one line until it is taken.
    async fn post(&self, line: &[u8]) {
        let event_id = serde_json::from_slice::<Id>(line)
            .map(|id| id.event_id)
            .unwrap_or_default();
        let mut pause = FIRST_PAUSE;
        loop {
            let request = http::Request::post(self.to.as_str())
                .header(CONTENT_TYPE, "application/json")
                .header("Idempotency-Key", &event_id)
                .body(Bytes::copy_from_slice(line));
            let answer = match request {
                Ok(request) => self.client.exchange(request).await,
                Err(_) => Err(HttpFault::Url),
            };
            let wait = jittered(pause);
            match answer {
                Ok(answer) if answer.status().is_success() => return,
                Ok(answer) => {
                    let again_in = asked_for(&answer).unwrap_or(wait);
                    (self.report)(ForwardReport::Refused {
                        event_id: event_id.clone(),
                        status: answer.status().as_u16(),
                        again_in,
                    });
                    tokio::time::sleep(again_in).await;
                }
                Err(source) => {
                    (self.report)(ForwardReport::Unreachable {
                        event_id: event_id.clone(),
                        source,
                        again_in: wait,
                    });
                    tokio::time::sleep(wait).await;
                }
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// Posts for ever; ends when nobody writes any more and all is posted.
pub(super) async fn run(mut forwarder: Forwarder) {
    let mut posted = forwarder.posted();
    loop {
        let length = *forwarder.written.borrow_and_update();
        while posted < length {
            let line = match line_at(&forwarder.spool, posted) {
                Ok(line) => line,
                Err(source) => {
                    (forwarder.report)(ForwardReport::Spool { source });
                    tokio::time::sleep(LONGEST_PAUSE).await;
                    continue;
                }
            };
            forwarder.post(&line).await;
            posted += line.len() as u64;
            if let Err(source) = forwarder.note(posted) {
                (forwarder.report)(ForwardReport::Spool { source });
            }
            if posted == length {
                (forwarder.report)(ForwardReport::Drained);
            }
        }
        if forwarder.written.changed().await.is_err() {
            return;
        }
    }
}

#[derive(Deserialize)]
struct Id {
    event_id: String,
}

/// One line, its line feed included.
fn line_at(path: &Path, at: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(at))?;
    let mut line = Vec::new();
    let read = BufReader::new(file.take(MAX_LINE)).read_until(b'\n', &mut line)?;
    if read == 0 || line.last() != Some(&b'\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line)
}

/// Between half of a pause and the whole of it, so that many do not come back together.
fn jittered(pause: Duration) -> Duration {
    let mut byte = [0];
    // Without random numbers all come back together, later: no harm.
    let _ = SystemRandom::new().fill(&mut byte);
    pause.mul_f64(0.5 + f64::from(byte[0]) / 510.0)
}

/// Seconds of `Retry-After` (RFC 9110, clause 10.2.3); dates are too coarse to matter here.
fn asked_for(answer: &http::Response<Bytes>) -> Option<Duration> {
    let seconds = answer
        .headers()
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_ASKED))
}
