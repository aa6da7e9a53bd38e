//! Where events are kept: a file, standard output, or a file from which they are posted on.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use tokio::sync::{oneshot, watch};
use url::Url;

use super::event::Event;
use super::forward::{self, ForwardReport, Forwarder};
use super::journal::{Journal, JournalFault, Memory, Store};
use crate::outgoing::Http;

/// The most callbacks that wait for the disk; further ones are told to come again.
const WAITING: usize = 1_024;
/// The most callbacks whose events go to the disk together.
const TOGETHER: usize = 256;

/// Keeps events: when [`EventSink::keep`] has returned, they last.
///
/// An event that was kept before is not kept again: the same provider, id, status in the provider's word, and recipients.
/// An event that comes after one that has moved its message further is kept, marked `superseded`.
#[derive(Clone)]
pub struct EventSink {
    jobs: mpsc::SyncSender<Job>,
}

/// What became of the events of one callback.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Kept {
    /// Events written.
    pub new: usize,
    /// Events that were written before.
    pub known: usize,
}

/// Why events are not kept: the provider has to send them again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkFault {
    /// They could not be written: a full disk, a closed pipe.
    #[error("the events could not be written")]
    Write {
        /// Why not.
        source: io::Error,
    },
    /// Too many are waiting to be written.
    #[error("too many events wait to be written")]
    Busy,
    /// The writer has ended.
    #[error("the writer of events has ended")]
    Ended,
}

impl EventSink {
    /// Appends to a file, which is made if it is missing. Each event is on the disk when it is kept.
    ///
    /// # Errors
    ///
    /// The file cannot be used, another process uses it, or something other than events is in it.
    pub fn file(path: &Path) -> Result<Self, JournalFault> {
        let (journal, memory) = Journal::open(path)?;
        spawn(journal, memory).map_err(|source| JournalFault::Io {
            path: path.to_owned(),
            source,
        })
    }

    /// Writes to a stream, such as standard output, and flushes after every callback. Repetitions are told within one run.
    ///
    /// # Errors
    ///
    /// No thread can be started.
    pub fn stream(out: impl Write + Send + 'static) -> io::Result<Self> {
        spawn(Stream(out), Memory::default())
    }

    /// Appends to a file and posts each event on to a URL, in order, until the answer is a 2xx, with its `event_id` as
    /// `Idempotency-Key`: at least once, so the receiver has to drop what it knows. Has to be called inside a runtime.
    ///
    /// # Errors
    ///
    /// As [`EventSink::file`].
    pub fn forward(
        spool: &Path,
        to: Url,
        client: Arc<dyn Http>,
        report: impl Fn(ForwardReport) + Send + Sync + 'static,
    ) -> Result<Self, JournalFault> {
        let (journal, memory) = Journal::open(spool)?;
        let (written, behind) = watch::channel(journal.length());
        let forwarder = Forwarder::new(spool, to, client, Box::new(report), behind);
        let sink =
            spawn(Announced { journal, written }, memory).map_err(|source| JournalFault::Io {
                path: spool.to_owned(),
                source,
            })?;
        tokio::spawn(forward::run(forwarder));
        Ok(sink)
    }

    /// Keeps the events of one callback: all of them or none.
    ///
    /// # Errors
    ///
    /// They are not kept.
    pub async fn keep(&self, events: Vec<Event>) -> Result<Kept, SinkFault> {
        let (answer, answered) = oneshot::channel();
        self.ask(Job::Keep(events, answer))?;
        answered.await.unwrap_or(Err(SinkFault::Ended))
    }

    /// Whether events could be kept now.
    ///
    /// # Errors
    ///
    /// They could not.
    pub async fn ready(&self) -> Result<(), SinkFault> {
        let (answer, answered) = oneshot::channel();
        self.ask(Job::Probe(answer))?;
        answered.await.unwrap_or(Err(SinkFault::Ended))
    }

    fn ask(&self, job: Job) -> Result<(), SinkFault> {
        self.jobs.try_send(job).map_err(|fault| match fault {
            mpsc::TrySendError::Full(_) => SinkFault::Busy,
            mpsc::TrySendError::Disconnected(_) => SinkFault::Ended,
        })
    }
}

impl fmt::Debug for EventSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventSink")
    }
}

type KeepAnswer = oneshot::Sender<Result<Kept, SinkFault>>;

enum Job {
    Keep(Vec<Event>, KeepAnswer),
    Probe(oneshot::Sender<Result<(), SinkFault>>),
}

/// The disk is waited for on a thread of its own.
fn spawn(store: impl Store + 'static, memory: Memory) -> io::Result<EventSink> {
    let (jobs, waiting) = mpsc::sync_channel(WAITING);
    let writer = Writer { store, memory };
    thread::Builder::new()
        .name("events".to_owned())
        .spawn(move || writer.run(&waiting))?;
    Ok(EventSink { jobs })
}

struct Writer<S> {
    store: S,
    memory: Memory,
}

impl<S: Store> Writer<S> {
    fn run(mut self, waiting: &mpsc::Receiver<Job>) {
        while let Ok(first) = waiting.recv() {
            // Callbacks that came while the disk was busy share its next write.
            let more = waiting.try_iter().take(TOGETHER - 1);
            let mut keep = Vec::new();
            let mut probes = Vec::new();
            for job in std::iter::once(first).chain(more) {
                match job {
                    Job::Keep(events, answer) => keep.push((events, answer)),
                    Job::Probe(answer) => probes.push(answer),
                }
            }
            self.keep(keep);
            for answer in probes {
                let found = self.store.probe();
                // Whoever asked may have gone.
                let _ = answer.send(found.map_err(|source| SinkFault::Write { source }));
            }
        }
    }

    fn keep(&mut self, callbacks: Vec<(Vec<Event>, KeepAnswer)>) {
        let mut lines = Vec::new();
        let mut fresh: Vec<&Event> = Vec::new();
        // What this batch tells: it may tell of one message twice, and the memory takes it only once it is written.
        let mut batch = Memory::default();
        let mut counts = Vec::with_capacity(callbacks.len());
        for (events, _) in &callbacks {
            let mut kept = Kept::default();
            // A repetition of what is written in this very batch is only as safe as the batch.
            let mut at_stake = false;
            for event in events {
                if self.memory.knows(event) {
                    kept.known += 1;
                } else if batch.knows(event) {
                    kept.known += 1;
                    at_stake = true;
                } else {
                    kept.new += 1;
                    at_stake = true;
                    let superseded = self.memory.supersedes(event) || batch.supersedes(event);
                    lines.extend_from_slice(event.line(superseded).as_bytes());
                    batch.add(event);
                    fresh.push(event);
                }
            }
            counts.push((kept, at_stake));
        }
        let written = if lines.is_empty() {
            Ok(())
        } else {
            self.store.append(&lines)
        };
        if written.is_ok() {
            for event in &fresh {
                self.memory.add(event);
            }
        }
        for ((_, answer), (kept, at_stake)) in callbacks.into_iter().zip(counts) {
            let told = match &written {
                Err(fault) if at_stake => Err(SinkFault::Write {
                    source: io::Error::new(fault.kind(), fault.to_string()),
                }),
                _ => Ok(kept),
            };
            // Whoever asked may have gone; the events are kept all the same.
            let _ = answer.send(told);
        }
    }
}

struct Stream<W>(W);

impl<W: Write + Send> Store for Stream<W> {
    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        self.0.write_all(lines)?;
        self.0.flush()
    }

    fn probe(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A file whose reader is told of every append.
struct Announced {
    journal: Journal,
    written: watch::Sender<u64>,
}

impl Store for Announced {
    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        self.journal.append(lines)?;
        self.written.send_replace(self.journal.length());
        Ok(())
    }

    fn probe(&mut self) -> io::Result<()> {
        self.journal.probe()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use super::super::{Callback, Received, receive};
    use super::*;
    use crate::provider::Provider;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    /// Keeps what is written, for the test to read.
    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Store for Paper {
        fn append(&mut self, lines: &[u8]) -> io::Result<()> {
            let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            held.extend_from_slice(lines);
            Ok(())
        }

        fn probe(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Paper {
        fn text(&self) -> String {
            let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            String::from_utf8_lossy(&held).into_owned()
        }
    }

    /// The events of a message, in these words of CarrierX.
    fn events(id: &str, words: &[&str]) -> Result<Vec<Event>, Box<dyn std::error::Error>> {
        let objects: Vec<_> = words
            .iter()
            .map(|word| serde_json::json!({"message_sid": id, "status": word, "to": "15551230001"}))
            .collect();
        let headers = http::HeaderMap::new();
        let callback = Callback {
            headers: &headers,
            query: None,
            body: &serde_json::to_vec(&objects)?,
        };
        match receive(Provider::CarrierX, &callback)? {
            Received::Events(events) => Ok(events),
            Received::Handshake { .. } => Err("a handshake".into()),
        }
    }

    fn job(events: Vec<Event>) -> (Vec<Event>, KeepAnswer) {
        (events, oneshot::channel().0)
    }

    #[test]
    fn an_event_behind_one_of_the_same_write_is_marked_superseded() -> Outcome {
        let paper = Paper::default();
        let mut writer = Writer {
            store: paper.clone(),
            memory: Memory::default(),
        };
        // Two callbacks that share a write, and within the second the same once more.
        let (first, second) = (
            events("1", &["delivered"])?,
            events("1", &["sent", "queued"])?,
        );
        let other = events("2", &["sent", "delivered"])?;
        let expected: String = [
            (&first, [false].as_slice()),
            (&second, &[true, true]),
            (&other, &[false, false]),
        ]
        .into_iter()
        .flat_map(|(events, marks)| events.iter().zip(marks))
        .map(|(event, &superseded)| event.line(superseded))
        .collect();
        writer.keep(vec![job(first), job(second), job(other)]);
        assert_eq!(paper.text(), expected);
        Ok(())
    }

    /// Nanoseconds of the processor that this thread has had.
    #[cfg(target_os = "linux")]
    fn cpu_ns() -> Result<u64, Box<dyn std::error::Error>> {
        let counted = std::fs::read_to_string("/proc/thread-self/schedstat")?;
        Ok(counted.split(' ').next().ok_or("no figure")?.parse()?)
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_time_a_write_takes_grows_with_its_events_and_not_with_their_square() -> Outcome {
        let mut writer = Writer {
            store: Paper::default(),
            memory: Memory::default(),
        };
        let template = events("1", &["sent"])?.pop().ok_or("no event")?;
        // Compared with one another they were 1,800,000,000 comparisons of text.
        let many: Vec<Event> = (0..60_000_u32)
            .map(|number| {
                let mut event = template.clone();
                event.event_id = format!("{number:032x}");
                event
            })
            .collect();
        let (length, batch) = (many.len(), job(many.clone()));
        let begun = cpu_ns()?;
        // What has to be done for each: its line, and the name of its message.
        let written: usize = many
            .iter()
            .map(|event| event.line(false).len() + event.message_key().len())
            .sum();
        let between = cpu_ns()?;
        writer.keep(vec![batch]);
        let (each, all) = (between - begun, cpu_ns()? - between);
        assert_eq!(writer.store.text().len(), written - 16 * length);
        assert!(all < each * 8, "{each} ns for the lines, {all} ns for all");
        Ok(())
    }
}
