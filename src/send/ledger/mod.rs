//! What was sent, durably: intent → written → accepted, rejected or unknown.
//!
//! The intent is on the disk before a connection is opened, "written" before the first byte of the request goes out. After
//! a crash every message therefore has one state, and one that may have been taken is never taken for one that was not.

mod record;
mod store;

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::Request;
use super::error::{Answer, Doubt};
use super::receipt::Receipt;
use crate::message::Message;
use crate::provider::Provider;
use record::Record;
use store::Store;

pub use record::Entry;

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum State {
    /// To be sent; nothing of it was written. It may be sent.
    Intent,
    /// The request is being written, or its answer awaited, right now.
    Written,
    /// The provider has taken it.
    Accepted,
    /// The provider has declined it.
    Rejected,
    /// It may have been taken: it is not sent again until somebody settles it.
    Unknown,
}

impl State {
    /// The word of the listing.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Written => "written",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
        }
    }
}

/// The send ledger: one file, one process at a time.
#[derive(Clone)]
pub struct Ledger {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    store: Store,
    /// What this process is sending right now.
    busy: Mutex<HashSet<(Provider, String)>>,
}

/// Why the ledger cannot be used. Nothing is sent without it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// Another process, or another part of this one, has it open.
    #[error("{} is in use by another process", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// It does not hold what was written: nothing is guessed from it.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// It is no ledger, or one of another version.
    #[error("{} is no ledger of this version", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The runtime stopped, or the work on it panicked, before it was done.
    #[error("the runtime shut down before the ledger was written")]
    Stopped,
    /// It cannot be read or written: the disk is full, the folder is missing, the file is read-only.
    #[error("cannot use {}: {}", path.display(), source.kind())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

impl LedgerError {
    /// What to do.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::InUse { .. } => {
                "wait for the other process, or give this one a ledger of its own"
            }
            Self::Damaged { .. } => {
                "nothing was sent: restore the ledger from a copy, or compare with the provider's log, then begin a new one"
            }
            Self::Foreign { .. } => {
                "give the path of a ledger, or of a file that does not exist yet"
            }
            Self::Stopped => "look at the ledger: what was being sent is unknown there",
            Self::Io { .. } => {
                "nothing was sent: make room or give the file's permissions, then send again"
            }
        }
    }
}

/// What the ledger knows of a message that is about to be sent.
pub(super) enum Begin {
    /// Nothing that stands in the way; the intent is recorded. While the ticket lives, nobody else may send it.
    Go(Ticket),
    /// It was sent before.
    Known(Box<Entry>, Option<Receipt>, Option<Answer>),
    /// Another message has this reference, or this one is being sent.
    Taken(&'static str),
}

/// The right to send one message. Dropped without an outcome after "written", the message stays unknown.
pub(super) struct Ticket {
    ledger: Ledger,
    record: Record,
}

impl Ledger {
    /// Opens the ledger, or begins one where there is no such file. Every byte of it is checked; what an earlier process
    /// left written and unanswered is unknown from now on.
    ///
    /// # Errors
    ///
    /// [`LedgerError::InUse`], [`LedgerError::Damaged`], [`LedgerError::Foreign`] or [`LedgerError::Io`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, LedgerError> {
        let path = path.as_ref().to_owned();
        let store = Store::open(&path)?;
        // Every row is read once: what does not hold is found before anything is sent.
        for mut record in store.records(|record| record.state == State::Written)? {
            record.state = State::Unknown;
            record.doubt = Some(Doubt::Interrupted.to_string());
            store.put(&record)?;
        }
        Ok(Self {
            inner: Arc::new(Inner {
                path,
                store,
                busy: Mutex::default(),
            }),
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Every message, in the order of provider and reference.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where it cannot be read whole.
    pub fn entries(&self) -> Result<Vec<Entry>, LedgerError> {
        let records = self.inner.store.records(|_| true)?;
        Ok(records.iter().map(|record| self.entry(record)).collect())
    }

    /// Every message that may have been taken.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where it cannot be read whole.
    pub fn unknowns(&self) -> Result<Vec<Entry>, LedgerError> {
        let in_doubt = |record: &Record| matches!(record.state, State::Unknown | State::Written);
        let records = self.inner.store.records(in_doubt)?;
        let entries = records.iter().map(|record| self.entry(record));
        Ok(entries
            .filter(|entry| entry.state == State::Unknown)
            .collect())
    }

    /// One message.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where it cannot be read.
    pub fn find(&self, provider: Provider, reference: &str) -> Result<Option<Entry>, LedgerError> {
        let record = self.inner.store.get(provider, reference)?;
        Ok(record.map(|record| self.entry(&record)))
    }

    /// Settles a message that may have been taken, on the word of the provider's log or callback: with its id where it
    /// was taken, without where it was not; then the reference may be sent again. Says whether there was such a message.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where it cannot be written.
    pub fn settle(
        &self,
        provider: Provider,
        reference: &str,
        id: Option<&str>,
    ) -> Result<bool, LedgerError> {
        let Some(mut record) = self.inner.store.get(provider, reference)? else {
            return Ok(false);
        };
        if self.entry(&record).state != State::Unknown {
            return Ok(false);
        }
        match id {
            Some(id) => {
                let status = super::DeliveryStatus::Unknown;
                record.accept(&Receipt::new(provider, id, status));
            }
            None => record.state = State::Intent,
        }
        record.doubt = None;
        self.inner.store.put(&record)?;
        Ok(true)
    }

    /// Forgets what was accepted, declined or never written before a time, and says how many that were. Their references
    /// may then be used again. What may have been taken stays until it is settled.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] where it cannot be read or written.
    pub fn forget_before(&self, time: SystemTime) -> Result<usize, LedgerError> {
        let before = time
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let is_old = |record: &Record| {
            record.at < before
                && matches!(
                    record.state,
                    State::Intent | State::Accepted | State::Rejected
                )
        };
        // What is being sent right now is not old, whatever its last change says.
        let unwanted = |record: &Record| is_old(record) && !self.is_busy(record);
        self.inner.store.remove_all(unwanted)
    }

    /// Keeps in mind that the provider asked for quiet.
    pub(super) fn quiet_for(&self, provider: Provider, wait: Duration) -> Result<(), LedgerError> {
        self.inner
            .store
            .put_quiet(provider, SystemTime::now() + wait)
    }

    /// How long the provider still wants quiet; an hour at most, whatever the clock did in between.
    pub(super) fn quiet(&self, provider: Provider) -> Result<Duration, LedgerError> {
        let until = self.inner.store.quiet(provider)?;
        Ok(until
            .and_then(|until| until.duration_since(SystemTime::now()).ok())
            .unwrap_or_default()
            .min(Duration::from_secs(3_600)))
    }

    /// Records the intent to send a message, by a request of another kind where one is given, unless something stands in
    /// the way.
    pub(super) fn begin(
        &self,
        message: &Message,
        by: Option<&Request>,
    ) -> Result<Begin, LedgerError> {
        self.begin_with(message.provider(), Record::intent(message, by))
    }

    fn begin_with(&self, provider: Provider, record: Record) -> Result<Begin, LedgerError> {
        let reference = record.reference.clone();
        if !self.busy().insert((provider, reference.clone())) {
            return Ok(Begin::Taken("is being sent right now"));
        }
        // From here on the ticket gives the reference free again, however this ends.
        let ticket = Ticket {
            ledger: self.clone(),
            record,
        };
        let known = self.inner.store.get(provider, &reference)?;
        if let Some(known) = known {
            if !known.is_about_the_same(&ticket.record) {
                return Ok(Begin::Taken("belongs to another message"));
            }
            if known.state != State::Intent {
                let mut entry = known.entry();
                // Nobody is sending it, so nobody will record its outcome.
                if entry.state == State::Written {
                    entry.state = State::Unknown;
                }
                let receipt = known.receipt(provider);
                let answer = known.answer(provider);
                return Ok(Begin::Known(Box::new(entry), receipt, answer));
            }
        }
        self.inner.store.put(&ticket.record)?;
        Ok(Begin::Go(ticket))
    }

    fn entry(&self, record: &Record) -> Entry {
        let mut entry = record.entry();
        if entry.state == State::Written && !self.is_busy(record) {
            entry.state = State::Unknown;
        }
        entry
    }

    fn is_busy(&self, record: &Record) -> bool {
        self.busy().iter().any(|(provider, reference)| {
            provider.name() == record.provider && *reference == record.reference
        })
    }

    fn busy(&self) -> MutexGuard<'_, HashSet<(Provider, String)>> {
        self.inner
            .busy
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    /// The first byte is about to go out.
    pub(super) fn written(&mut self) -> Result<(), LedgerError> {
        self.put(State::Written)
    }

    /// Whether the first byte may have gone out.
    pub(super) fn is_written(&self) -> bool {
        self.record.state == State::Written
    }

    /// Nothing was taken: it may be sent again.
    pub(super) fn released(&mut self) -> Result<(), LedgerError> {
        self.put(State::Intent)
    }

    /// The provider has taken it.
    pub(super) fn accepted(&mut self, receipt: &Receipt) -> Result<(), LedgerError> {
        self.record.accept(receipt);
        self.put(State::Accepted)
    }

    /// The provider has declined it.
    pub(super) fn rejected(&mut self, answer: &Answer) -> Result<(), LedgerError> {
        self.record.reject(answer);
        self.put(State::Rejected)
    }

    /// It may have been taken.
    pub(super) fn unknown(&mut self, doubt: &Doubt) -> Result<(), LedgerError> {
        self.record.doubt = Some(doubt.to_string());
        self.put(State::Unknown)
    }

    fn put(&mut self, state: State) -> Result<(), LedgerError> {
        self.record.state = state;
        self.record.touch();
        self.ledger.inner.store.put(&self.record)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let provider = Provider::ALL
            .iter()
            .copied()
            .find(|provider| provider.name() == self.record.provider);
        if let Some(provider) = provider {
            let key = (provider, self.record.reference.clone());
            self.ledger.busy().remove(&key);
        }
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("path", &self.inner.path)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    const PROVIDER: Provider = Provider::RingCentral;

    fn ticket(ledger: &Ledger, record: Record) -> Result<Ticket, String> {
        match ledger.begin_with(PROVIDER, record) {
            Ok(Begin::Go(ticket)) => Ok(ticket),
            Ok(Begin::Known(entry, ..)) => Err(format!("{entry:?}")),
            Ok(Begin::Taken(why)) => Err(why.to_owned()),
            Err(fault) => Err(fault.to_string()),
        }
    }

    #[test]
    fn what_is_sent_again_while_it_is_being_forgotten_is_not_forgotten() -> Outcome {
        let folder = tempfile::tempdir()?;
        let ledger = Ledger::open(folder.path().join("ledger"))?;
        let record = Record::of(PROVIDER, "order-17");
        ticket(&ledger, record.clone())?.released()?;
        let (begun, beginning) = mpsc::channel();
        let (sending, again) = (ledger.clone(), record);
        let mut sender = None;
        let forgotten = ledger.inner.store.remove_all(|old| {
            assert_eq!(old.state, State::Intent);
            let (sending, again, begun) = (sending.clone(), again.clone(), begun.clone());
            // It was nobody's when it was looked at; from here on somebody is at it.
            sender = Some(thread::spawn(move || {
                let mut ticket = ticket(&sending, again)?;
                ticket.written().map_err(|fault| fault.to_string())?;
                begun.send(()).map_err(|fault| fault.to_string())?;
                Ok::<_, String>(ticket)
            }));
            // As long as it can take where nothing holds it up.
            let _ = beginning.recv_timeout(Duration::from_millis(500));
            true
        })?;
        assert_eq!(forgotten, 1);
        let sent = sender.ok_or("nothing was old")?.join();
        let sent = sent.map_err(|_| "the sender panicked")??;
        let found = ledger.find(PROVIDER, "order-17")?;
        assert_eq!(found.map(|entry| entry.state), Some(State::Written));
        drop(sent);
        Ok(())
    }

    #[test]
    fn what_is_being_sent_is_not_old_however_long_it_takes() -> Outcome {
        let folder = tempfile::tempdir()?;
        let ledger = Ledger::open(folder.path().join("ledger"))?;
        let held = ticket(&ledger, Record::of(PROVIDER, "held"))?;
        drop(ticket(&ledger, Record::of(PROVIDER, "left"))?);
        let later = SystemTime::now() + Duration::from_secs(3_600);
        assert_eq!(ledger.forget_before(later)?, 1);
        let left: Vec<String> = ledger
            .entries()?
            .into_iter()
            .map(|entry| entry.client_reference)
            .collect();
        assert_eq!(left, ["held"]);
        drop(held);
        assert_eq!(ledger.forget_before(later)?, 1);
        Ok(())
    }

    #[test]
    fn a_record_of_an_earlier_version_answers_for_what_it_answered_for() -> Outcome {
        let folder = tempfile::tempdir()?;
        let ledger = Ledger::open(folder.path().join("ledger"))?;
        let mut earlier = Record::of(PROVIDER, "order-17");
        earlier.beside = None;
        assert!(!serde_json::to_string(&earlier)?.contains("beside"));
        let status = super::super::DeliveryStatus::Queued;
        let mut ticket = ticket(&ledger, earlier.clone())?;
        ticket.accepted(&Receipt::new(PROVIDER, "17", status))?;
        drop(ticket);
        let mut by_template = earlier.clone();
        by_template.beside = Some("template B".to_owned());
        let begun = ledger.begin_with(PROVIDER, by_template)?;
        assert!(matches!(&begun, Begin::Known(_, Some(receipt), _) if receipt.id == "17"));
        let mut other = earlier;
        other.fingerprint = "another message".to_owned();
        assert!(matches!(
            ledger.begin_with(PROVIDER, other)?,
            Begin::Taken(_)
        ));
        Ok(())
    }
}
