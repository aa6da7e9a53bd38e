//! Events in a file, one a line: what is appended is on the disk before anybody is told.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::event::{Event, Told};
use crate::durable::{folder_of, sync_folder};
use crate::provider::Provider;
use crate::send::DeliveryStatus;

/// How many events are remembered to tell repetitions by: days of repetitions at any rate a provider sends them.
const REMEMBERED: usize = 200_000;
/// The longest line: a callback's body, and its fields once more each.
pub(super) const MAX_LINE: u64 = 16 << 20;
/// How every line begins.
const OPENING: &[u8] = b"{\"schema\":\"mms-event/1\"";

/// Why a file cannot take events.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalFault {
    /// It cannot be opened, read or written.
    #[error("cannot use the events file {path}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another process writes it.
    #[error("the events file {path} is in use by another process", path = path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// Something else is in it: nothing is appended, nothing cut off.
    #[error("line {line} of {path} is no event", path = path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
}

/// Where lines go.
pub(super) trait Store: Send {
    /// Writes lines, whole or not at all, so that they last.
    fn append(&mut self, lines: &[u8]) -> io::Result<()>;

    /// Whether lines could be written now.
    fn probe(&mut self) -> io::Result<()>;
}

/// A file, locked for as long as it is open.
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    length: u64,
    /// Set while bytes of a failed write may lie behind `length`.
    torn: bool,
}

impl Journal {
    /// Opens or makes the file, cuts off a line that was never finished, and reads what it remembers.
    pub(super) fn open(path: &Path) -> Result<(Self, Memory), JournalFault> {
        let fault = |source| JournalFault::Io {
            path: path.to_owned(),
            source,
        };
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)
            .map_err(fault)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(JournalFault::InUse {
                    path: path.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(fault(source)),
        }
        let (length, memory) = remember(path, &file)?;
        let mut journal = Self {
            path: path.to_owned(),
            file,
            length,
            torn: true,
        };
        journal.mend().map_err(fault)?;
        sync_folder(folder_of(path)).map_err(fault)?;
        Ok((journal, memory))
    }

    /// The bytes that are on the disk.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Cuts off whatever lies behind the last whole line.
    fn mend(&mut self) -> io::Result<()> {
        if self.torn {
            self.file.set_len(self.length)?;
            self.file.sync_all()?;
            self.torn = false;
        }
        Ok(())
    }
}

impl Store for Journal {
    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        self.mend()?;
        self.file.seek(SeekFrom::Start(self.length))?;
        self.torn = true;
        let written = self
            .file
            .write_all(lines)
            .and_then(|()| self.file.sync_data());
        if let Err(fault) = written {
            // A full disk may have taken a part of it. If it cannot be cut off now, the next append tries again.
            let _ = self.mend();
            return Err(fault);
        }
        self.torn = false;
        self.length += lines.len() as u64;
        Ok(())
    }

    fn probe(&mut self) -> io::Result<()> {
        self.mend()?;
        let probe = tempfile::Builder::new()
            .prefix(".probe-")
            .tempfile_in(folder_of(&self.path));
        match probe {
            Ok(mut file) => {
                // A page: less may fit into a file system that is full.
                file.write_all(&[b'\n'; 4_096])?;
                file.as_file().sync_all()
            }
            // Only the file itself may be ours to write.
            Err(fault) if fault.kind() == io::ErrorKind::PermissionDenied => Ok(()),
            Err(fault) => Err(fault),
        }
    }
}

/// What has been told already: the latest events, and how far their messages have come.
#[derive(Default)]
pub(super) struct Memory {
    order: VecDeque<([u8; 16], [u8; 16])>,
    events: HashSet<[u8; 16]>,
    /// For each message its furthest state, and how many of the remembered events are about it.
    messages: HashMap<[u8; 16], (u8, u32)>,
}

impl Memory {
    pub(super) fn knows(&self, event: &Event) -> bool {
        self.events.contains(&id_of(event))
    }

    /// Whether an event already told has moved the message further than this one does.
    pub(super) fn supersedes(&self, event: &Event) -> bool {
        let (Some(rank), Some((furthest, _))) =
            (rank(event.status), self.messages.get(&event.message_key()))
        else {
            return false;
        };
        rank < *furthest
    }

    pub(super) fn add(&mut self, event: &Event) {
        let (id, message) = (id_of(event), event.message_key());
        if !self.events.insert(id) {
            return;
        }
        self.order.push_back((id, message));
        let entry = self.messages.entry(message).or_default();
        entry.0 = entry.0.max(rank(event.status).unwrap_or_default());
        entry.1 += 1;
        if self.order.len() > REMEMBERED {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((id, message)) = self.order.pop_front() else {
            return;
        };
        self.events.remove(&id);
        if let Some(entry) = self.messages.get_mut(&message) {
            entry.1 -= 1;
            if entry.1 == 0 {
                self.messages.remove(&message);
            }
        }
    }
}

/// How far a status has brought a message; states only move forward.
fn rank(status: DeliveryStatus) -> Option<u8> {
    match status {
        DeliveryStatus::Queued => Some(1),
        DeliveryStatus::Sent => Some(2),
        DeliveryStatus::Unknown => None,
        _ => Some(3),
    }
}

fn id_of(event: &Event) -> [u8; 16] {
    u128::from_str_radix(&event.event_id, 16)
        .unwrap_or_default()
        .to_be_bytes()
}

/// What a line has to have in it so that its event is known again.
#[derive(Deserialize)]
struct Line {
    provider: String,
    id: String,
    status: DeliveryStatus,
    provider_status: String,
    to: Vec<String>,
}

/// Reads a file's events; its length is where the last whole line ends.
fn remember(path: &Path, file: &File) -> Result<(u64, Memory), JournalFault> {
    let fault = |source| JournalFault::Io {
        path: path.to_owned(),
        source,
    };
    if !fs::metadata(path).map_err(fault)?.is_file() {
        return Err(fault(io::Error::from(io::ErrorKind::InvalidInput)));
    }
    let mut memory = Memory::default();
    let mut reader = BufReader::new(file);
    let (mut length, mut number) = (0, 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        number += 1;
        let read = (&mut reader)
            .take(MAX_LINE)
            .read_until(b'\n', &mut line)
            .map_err(fault)?;
        if read == 0 {
            return Ok((length, memory));
        }
        let foreign = || JournalFault::Foreign {
            path: path.to_owned(),
            line: number,
        };
        if line.last() != Some(&b'\n') {
            // Never answered with a 2xx, so that it will come again; but only what looks like ours is cut off.
            let common = line.len().min(OPENING.len());
            let too_long = read as u64 == MAX_LINE;
            if too_long || line.get(..common) != OPENING.get(..common) {
                return Err(foreign());
            }
            return Ok((length, memory));
        }
        memory.add(&event_of(&line).ok_or_else(foreign)?);
        length += read as u64;
    }
}

fn event_of(line: &[u8]) -> Option<Event> {
    if !line.starts_with(OPENING) {
        return None;
    }
    let line: Line = serde_json::from_slice(line).ok()?;
    Some(Event::from(Told {
        provider: line.provider.parse::<Provider>().ok()?,
        id: line.id,
        status: line.status,
        provider_status: line.provider_status,
        to: line.to,
        from: None,
        at: None,
        client_reference: None,
        raw: serde_json::Value::Null,
    }))
}
