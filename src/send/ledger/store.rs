//! The file of the ledger: redb underneath, every row with a checksum of its own, every commit synced.

use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use redb::{Database, ReadableDatabase as _, ReadableTable as _, TableDefinition};
use sha2::{Digest as _, Sha256};

use super::LedgerError;
use super::record::Record;
use crate::durable::{folder_of, sync_folder};
use crate::provider::Provider;

const MESSAGES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("messages");
const QUIET: TableDefinition<'_, &str, u64> = TableDefinition::new("quiet");
const ABOUT: TableDefinition<'_, &str, &str> = TableDefinition::new("about");

const SCHEMA: &str = "mmsfit-ledger/1";
/// A ledger is read in pages of 4 KiB: a megabyte of them is plenty.
const CACHE_BYTES: usize = 1 << 20;
/// Bytes of SHA-256 in front of each row.
const SUM_BYTES: usize = 32;

pub(super) struct Store {
    path: PathBuf,
    database: Database,
}

impl Store {
    /// Opens the file and checks all of it; begins one where there is none.
    pub(super) fn open(path: &Path) -> Result<Self, LedgerError> {
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_dir() => {
                return Err(LedgerError::Foreign {
                    path: path.to_owned(),
                });
            }
            // A file of no length is no file that we left: creating puts whole files in place.
            Ok(found) if found.is_file() && found.len() == 0 => {
                return Err(damaged(path, "the file is empty"));
            }
            Ok(_) => {}
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => create(path)?,
            Err(source) => return Err(io_fault(path, source)),
        }
        let database = guarded(path, || {
            let mut database = redb::Builder::new()
                .set_cache_size(CACHE_BYTES)
                .open(path)?;
            if !database.check_integrity()? {
                return Err(redb::Error::Corrupted(
                    "a checksum does not hold".to_owned(),
                ));
            }
            Ok(database)
        })?;
        let store = Self {
            path: path.to_owned(),
            database,
        };
        let schema = store.guarded(|| {
            let read = store.database.begin_read()?;
            let table = match read.open_table(ABOUT) {
                Ok(table) => table,
                Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
                Err(fault) => return Err(fault.into()),
            };
            Ok(table.get("schema")?.map(|schema| schema.value().to_owned()))
        })?;
        if schema.as_deref() != Some(SCHEMA) {
            return Err(LedgerError::Foreign {
                path: path.to_owned(),
            });
        }
        Ok(store)
    }

    /// Every record that is wanted, in the order of the keys. All of them are read and checked, one at a time.
    pub(super) fn records(
        &self,
        mut wanted: impl FnMut(&Record) -> bool,
    ) -> Result<Vec<Record>, LedgerError> {
        self.guarded(|| {
            let read = self.database.begin_read()?;
            let table = read.open_table(MESSAGES)?;
            let mut records = Vec::new();
            for row in table.iter()? {
                let (key, value) = row?;
                match self.read(key.value(), value.value()) {
                    Ok(record) if wanted(&record) => records.push(record),
                    Ok(_) => {}
                    Err(fault) => return Ok(Err(fault)),
                }
            }
            Ok(Ok(records))
        })?
    }

    pub(super) fn get(
        &self,
        provider: Provider,
        reference: &str,
    ) -> Result<Option<Record>, LedgerError> {
        let key = key(provider.name(), reference);
        let value = self.guarded(|| {
            let read = self.database.begin_read()?;
            let table = read.open_table(MESSAGES)?;
            Ok(table
                .get(key.as_str())?
                .map(|value| value.value().to_owned()))
        })?;
        value.map(|value| self.read(&key, &value)).transpose()
    }

    /// Durable when it returns.
    pub(super) fn put(&self, record: &Record) -> Result<(), LedgerError> {
        let key = key(&record.provider, &record.reference);
        let row =
            serde_json::to_vec(record).map_err(|fault| damaged(&self.path, &fault.to_string()))?;
        let mut value = sum(&key, &row);
        value.extend_from_slice(&row);
        self.guarded(|| {
            let write = self.database.begin_write()?;
            write
                .open_table(MESSAGES)?
                .insert(key.as_str(), value.as_slice())?;
            write.commit()?;
            Ok(())
        })
    }

    /// Removes every record that is unwanted, and says how many. None can change between the question and its end: they
    /// are read in the transaction that removes them.
    pub(super) fn remove_all(
        &self,
        mut unwanted: impl FnMut(&Record) -> bool,
    ) -> Result<usize, LedgerError> {
        self.guarded(|| {
            let write = self.database.begin_write()?;
            let mut keys = Vec::new();
            {
                let mut table = write.open_table(MESSAGES)?;
                for row in table.iter()? {
                    let (key, value) = row?;
                    match self.read(key.value(), value.value()) {
                        Ok(record) if unwanted(&record) => keys.push(key.value().to_owned()),
                        Ok(_) => {}
                        // Not committed: nothing is removed.
                        Err(fault) => return Ok(Err(fault)),
                    }
                }
                for key in &keys {
                    table.remove(key.as_str())?;
                }
            }
            if !keys.is_empty() {
                write.commit()?;
            }
            Ok(Ok(keys.len()))
        })?
    }

    pub(super) fn put_quiet(
        &self,
        provider: Provider,
        until: SystemTime,
    ) -> Result<(), LedgerError> {
        let millis = until.duration_since(UNIX_EPOCH).map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        });
        self.guarded(|| {
            let write = self.database.begin_write()?;
            write.open_table(QUIET)?.insert(provider.name(), millis)?;
            write.commit()?;
            Ok(())
        })
    }

    pub(super) fn quiet(&self, provider: Provider) -> Result<Option<SystemTime>, LedgerError> {
        self.guarded(|| {
            let read = self.database.begin_read()?;
            let table = read.open_table(QUIET)?;
            let millis = table.get(provider.name())?.map(|millis| millis.value());
            Ok(millis.and_then(|millis| UNIX_EPOCH.checked_add(Duration::from_millis(millis))))
        })
    }

    fn read(&self, row_key: &str, value: &[u8]) -> Result<Record, LedgerError> {
        let fault = |what: &str| damaged(&self.path, what);
        let (kept, row) = value
            .split_at_checked(SUM_BYTES)
            .ok_or_else(|| fault("a row is cut"))?;
        if kept != sum(row_key, row) {
            return Err(fault("a row's checksum does not hold"));
        }
        let record: Record =
            serde_json::from_slice(row).map_err(|_| fault("a row cannot be read"))?;
        if key(&record.provider, &record.reference) != row_key {
            return Err(fault("a row stands under another's name"));
        }
        Ok(record)
    }

    fn guarded<T>(&self, work: impl FnOnce() -> Result<T, redb::Error>) -> Result<T, LedgerError> {
        guarded(&self.path, work)
    }
}

/// Puts a whole, empty ledger in place: under another name first, so that no half of one is ever found.
fn create(path: &Path) -> Result<(), LedgerError> {
    let fault = |source| io_fault(path, source);
    let folder = folder_of(path);
    let draft = tempfile::Builder::new()
        .prefix(".mmsfit-ledger-")
        .tempfile_in(folder)
        .map_err(fault)?;
    guarded(path, || {
        let file = draft.reopen()?;
        let database = redb::Builder::new()
            .set_cache_size(CACHE_BYTES)
            .create_with_backend(redb::backends::FileBackend::new(file)?)?;
        let write = database.begin_write()?;
        write.open_table(MESSAGES)?;
        write.open_table(QUIET)?;
        write.open_table(ABOUT)?.insert("schema", SCHEMA)?;
        write.commit()?;
        Ok(())
    })?;
    draft.as_file().sync_all().map_err(fault)?;
    match draft.persist_noclobber(path) {
        Ok(_) => {}
        // Somebody else was quicker: theirs is as empty as ours.
        Err(lost) if lost.error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(lost) => return Err(fault(lost.error)),
    }
    sync_folder(folder).map_err(fault)
}

/// Runs something on the file; what the file's damage makes of it ends here, a panic as well.
fn guarded<T>(
    path: &Path,
    work: impl FnOnce() -> Result<T, redb::Error>,
) -> Result<T, LedgerError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(fault)) => Err(named(path, fault)),
        Err(_) => Err(damaged(path, "its structure does not hold")),
    }
}

fn named(path: &Path, fault: redb::Error) -> LedgerError {
    let path = path.to_owned();
    match fault {
        redb::Error::DatabaseAlreadyOpen => LedgerError::InUse { path },
        redb::Error::UpgradeRequired(_) | redb::Error::TableDoesNotExist(_) => {
            LedgerError::Foreign { path }
        }
        redb::Error::Io(source)
            if matches!(
                source.kind(),
                io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
            ) =>
        {
            LedgerError::Damaged {
                path,
                what: source.to_string(),
            }
        }
        redb::Error::Io(source) => LedgerError::Io { path, source },
        redb::Error::PreviousIo => LedgerError::Io {
            path,
            source: io::Error::other("an earlier write failed"),
        },
        other => LedgerError::Damaged {
            path,
            what: other.to_string(),
        },
    }
}

fn key(provider: &str, reference: &str) -> String {
    format!("{provider}\n{reference}")
}

fn sum(key: &str, row: &[u8]) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update((key.len() as u64).to_be_bytes());
    hash.update(key.as_bytes());
    hash.update(row);
    hash.finalize().to_vec()
}

fn damaged(path: &Path, what: &str) -> LedgerError {
    LedgerError::Damaged {
        path: path.to_owned(),
        what: what.to_owned(),
    }
}

fn io_fault(path: &Path, source: io::Error) -> LedgerError {
    LedgerError::Io {
        path: path.to_owned(),
        source,
    }
}
