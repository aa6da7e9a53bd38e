//! Whom to speak to: the keys of a provider's account, the ledger of what was sent, and where both are found.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mmsfit::Provider;
use mmsfit::send::{AccountError, Ledger, LedgerError, Multipart, Sender, key_names, sender_from};
use tokio::time::{Instant, sleep};

use super::args::Account;
use super::fault::Fault;
use super::text;

/// How long a message may take unless it is said.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);

/// Keys by their names: the environment's, then those of the file that the configuration names.
pub(super) struct Keys(HashMap<String, String>);

impl Keys {
    /// Reads the file, where there is one.
    pub(super) fn of(account: &Account) -> Result<Self, Fault> {
        let Some(path) = &account.secrets_file else {
            return Ok(Self(HashMap::new()));
        };
        let help = "secrets-file of the configuration names a file of lines such as MMSFIT_CARRIERX_TOKEN=...";
        let read = fs::read_to_string(path).map_err(|fault| {
            let what = format!("cannot read the keys in {}", text::path(path));
            Fault::of(what, &fault, help)
        })?;
        let mut keys = HashMap::new();
        for (at, line) in read.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            // What stands in the line may be a key: it is not shown.
            let Some((name, value)) = line.split_once('=') else {
                let what = format!("{}, line {}: no NAME=value", text::path(path), at + 1);
                return Err(Fault::new(what, help));
            };
            let value = value.trim();
            let bare = ['"', '\'']
                .iter()
                .find_map(|&mark| value.strip_prefix(mark)?.strip_suffix(mark))
                .unwrap_or(value);
            keys.insert(name.trim().to_owned(), bare.to_owned());
        }
        Ok(Self(keys))
    }

    /// The value of a name, where it is set to something.
    pub(super) fn look_up(&self, name: &str) -> Option<String> {
        std::env::var(name)
            .ok()
            .filter(|value| !value.trim().is_empty())
            .or_else(|| self.0.get(name).cloned())
    }
}

/// The sender of a provider's account.
pub(super) fn sender(
    provider: Provider,
    account: &Account,
    multipart: Multipart,
    keys: &Keys,
) -> Result<Arc<dyn Sender>, Fault> {
    let look_up = |name: &str| keys.look_up(name);
    sender_from(provider, account.endpoint.clone(), multipart, look_up)
        .map_err(|fault| no_account(provider, &fault))
}

/// A sender for requests that are only shown: keys that are missing are named in their place.
pub(super) fn sender_to_show(
    provider: Provider,
    account: &Account,
    multipart: Multipart,
    keys: &Keys,
) -> Result<Arc<dyn Sender>, Fault> {
    let look_up = |name: &str| {
        keys.look_up(name)
            .or_else(|| key_names(provider).contains(&name).then(|| name.to_owned()))
    };
    sender_from(provider, account.endpoint.clone(), multipart, look_up)
        .map_err(|fault| no_account(provider, &fault))
}

fn no_account(provider: Provider, fault: &AccountError) -> Fault {
    let names = key_names(provider).join(", ");
    let help = match fault {
        AccountError::Missing { .. } => format!(
            "{provider} needs {names}: set them in the environment, or in the file that `secrets-file` of --config names"
        ),
        _ => "write it as https://host or http://host:port".to_owned(),
    };
    Fault::of("no account to send from", fault, help)
}

/// The ledger of the flags, or the one in the state folder; while another process has it open, it is waited for.
pub(super) async fn ledger(account: &Account) -> Result<Ledger, Fault> {
    let path = match &account.ledger {
        Some(path) => path.clone(),
        None => state_folder()?.join("sent.redb"),
    };
    let deadline = Instant::now() + account.timeout.unwrap_or(TIMEOUT);
    loop {
        match Ledger::open(&path) {
            Ok(ledger) => return Ok(ledger),
            Err(LedgerError::InUse { .. }) if Instant::now() < deadline => {
                sleep(Duration::from_millis(20)).await;
            }
            Err(fault) => {
                let help = fault.help();
                return Err(Fault::of("nothing was sent", &fault, help));
            }
        }
    }
}

/// Where the command keeps what must outlive a run: made where it is missing, readable by its owner alone.
pub(super) fn state_folder() -> Result<PathBuf, Fault> {
    let set = |name: &str| std::env::var_os(name).filter(|value| Path::new(value).is_absolute());
    let folder = match (set("XDG_STATE_HOME"), set("HOME")) {
        (Some(state), _) => PathBuf::from(state),
        (None, Some(home)) => PathBuf::from(home).join(".local/state"),
        (None, None) => {
            return Err(Fault::new(
                "no place for the ledger: neither XDG_STATE_HOME nor HOME is set",
                "give --ledger FILE",
            ));
        }
    };
    let folder = folder.join("mmsfit");
    make_private(&folder).map_err(|fault| {
        let what = format!("cannot make {}", text::path(&folder));
        Fault::of(
            what,
            &fault,
            "give --ledger FILE, in a folder that can be written",
        )
    })?;
    Ok(folder)
}

fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
