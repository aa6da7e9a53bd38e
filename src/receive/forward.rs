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
use crate::durable::folder_of;
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
    spool: Spool,
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
        Self {
            spool: Spool::of(spool),
            to,
            client,
            report,
            written,
        }
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
                    // Asking for no wait at all is no leave to knock without end.
                    let again_in = asked_for(&answer).map_or(wait, |asked| asked.max(wait));
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
    let spool = forwarder.spool.clone();
    let length = *forwarder.written.borrow();
    // Where even this cannot be asked, the runtime is ending, and nothing will be posted.
    let found = spool.on_disk(move |files| Ok(files.posted(length))).await;
    let mut posted = found.unwrap_or(0);
    loop {
        let length = *forwarder.written.borrow_and_update();
        while posted < length {
            let line = match spool.on_disk(move |files| files.line_at(posted)).await {
                Ok(line) => line,
                Err(source) => {
                    (forwarder.report)(ForwardReport::Spool { source });
                    tokio::time::sleep(LONGEST_PAUSE).await;
                    continue;
                }
            };
            forwarder.post(&line).await;
            posted += line.len() as u64;
            if let Err(source) = spool.on_disk(move |files| files.note(posted)).await {
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

/// The file of events, and beside it how far it was posted.
#[derive(Clone)]
struct Spool {
    file: PathBuf,
    /// Holds how many bytes of the file were taken.
    mark: PathBuf,
}

impl Spool {
    fn of(file: &Path) -> Self {
        let mut mark = file.as_os_str().to_owned();
        mark.push(".posted");
        Self {
            file: file.to_owned(),
            mark: mark.into(),
        }
    }

    /// Does something with the files where waiting for a disk holds up nobody else.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let files = self.clone();
        tokio::task::spawn_blocking(move || work(&files))
            .await
            .unwrap_or_else(|ended| Err(io::Error::other(ended)))
    }

    /// How many bytes were taken in earlier runs. A mark that cannot be is no mark: events are posted again, not lost.
    fn posted(&self, length: u64) -> u64 {
        let posted = fs::read_to_string(&self.mark)
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or(0);
        let starts_a_line = || {
            let mut file = File::open(&self.file)?;
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
        let mut file = tempfile::Builder::new()
            .prefix(".posted-")
            .tempfile_in(folder_of(&self.mark))?;
        writeln!(file, "{posted}")?;
        file.persist(&self.mark).map_err(|fault| fault.error)?;
        Ok(())
    }

    /// One line, its line feed included.
    fn line_at(&self, at: u64) -> io::Result<Vec<u8>> {
        let mut file = File::open(&self.file)?;
        file.seek(SeekFrom::Start(at))?;
        let mut line = Vec::new();
        let read = BufReader::new(file.take(MAX_LINE)).read_until(b'\n', &mut line)?;
        if read == 0 || line.last() != Some(&b'\n') {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line)
    }
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

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};

    use super::*;
    use crate::outgoing::Exchanged;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    /// A receiver that refuses with these words in `Retry-After`, one after the other, and then takes everything.
    struct Receiver(Mutex<VecDeque<&'static str>>);

    impl Http for Receiver {
        fn exchange(&self, _: http::Request<Bytes>) -> Exchanged<'_> {
            let asked = held(&self.0).pop_front();
            let status = if asked.is_some() { 503 } else { 200 };
            let answer = http::Response::builder().status(status);
            let answer = match asked {
                Some(words) => answer.header(RETRY_AFTER, words),
                None => answer,
            };
            Box::pin(async move { answer.body(Bytes::new()).map_err(|_| HttpFault::Url) })
        }
    }

    fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forwarder(
        folder: &Path,
        refusals: &[&'static str],
        report: impl Fn(ForwardReport) + Send + Sync + 'static,
    ) -> Result<(Forwarder, watch::Sender<u64>), Box<dyn std::error::Error>> {
        let spool = folder.join("events.jsonl");
        fs::write(&spool, "{\"event_id\":\"1\"}\n")?;
        let (written, behind) = watch::channel(fs::metadata(&spool)?.len());
        let client = Arc::new(Receiver(Mutex::new(refusals.iter().copied().collect())));
        let to = "http://127.0.0.1:1/".parse()?;
        let forwarder = Forwarder::new(&spool, to, client, Box::new(report), behind);
        Ok((forwarder, written))
    }

    #[tokio::test]
    async fn a_receiver_that_asks_for_a_short_wait_or_none_is_still_given_ours() -> Outcome {
        let folder = tempfile::tempdir()?;
        let pauses = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&pauses);
        let (forwarder, written) = forwarder(folder.path(), &["0", "1"], move |report| {
            if let ForwardReport::Refused { again_in, .. } = report {
                held(&told).push(again_in);
            }
        })?;
        drop(written);
        run(forwarder).await;
        let pauses = held(&pauses).clone();
        let [first, second] = pauses.as_slice() else {
            return Err(format!("{pauses:?}").into());
        };
        assert!((FIRST_PAUSE / 2..=FIRST_PAUSE).contains(first), "{first:?}");
        assert_eq!(*second, Duration::from_secs(1));
        Ok(())
    }

    #[test]
    fn files_are_read_and_written_where_waiting_for_a_disk_holds_up_nobody() -> Outcome {
        let folder = tempfile::tempdir()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(1)
            .build()?;
        // The one thread that may wait is kept busy, as a slow disk would.
        let (free, busy) = mpsc::channel::<()>();
        runtime.spawn_blocking(move || busy.recv());
        let taken = Arc::new(Mutex::new(0));
        let told = Arc::clone(&taken);
        let (forwarder, written) = forwarder(folder.path(), &[], move |report| {
            if matches!(report, ForwardReport::Drained) {
                *held(&told) += 1;
            }
        })?;
        drop(written);
        runtime.block_on(async {
            let posting = tokio::spawn(run(forwarder));
            tokio::time::sleep(Duration::from_millis(200)).await;
            assert_eq!(*held(&taken), 0, "posted on a thread that serves others");
            drop(free);
            posting.await?;
            assert_eq!(*held(&taken), 1);
            Ok(())
        })
    }
}
