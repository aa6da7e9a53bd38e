//! `mmsfit send` and `mmsfit status` as built, against the scripted provider.

mod chain;
mod doubts;
mod kills;
mod refusals;

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use mmsfit::Provider;

use crate::provider::ScriptedProvider;

/// Every key that a run may hold; none of them may ever be seen.
const KEYS: [(&str, &str); 7] = [
    ("MMSFIT_RINGCENTRAL_CLIENT_ID", "client-id"),
    ("MMSFIT_RINGCENTRAL_CLIENT_SECRET", "client-secret"),
    ("MMSFIT_RINGCENTRAL_JWT", "the-jwt"),
    ("MMSFIT_SINCH_API_KEY", "sinch-key"),
    ("MMSFIT_SINCH_SERVICE_ID", "campaign-1"),
    ("MMSFIT_CARRIERX_TOKEN", "carrierx-token"),
    ("MMSFIT_TSG_GLOBAL_API_KEY", "tsg-key"),
];
const SECRETS: [&str; 5] = [
    "client-secret",
    "the-jwt",
    "sinch-key",
    "carrierx-token",
    "tsg-key",
];

/// A folder that is gone afterwards, and the command run in it with keys of its own.
struct Desk {
    folder: tempfile::TempDir,
}

/// What one run said.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Desk {
    fn new() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("pixel.gif"), crate::GIF)?;
        Ok(Self { folder })
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The command with nothing of our environment but keys and a home, in this folder.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mmsfit"));
        command
            .args(words)
            .env_clear()
            .envs(KEYS)
            .env("HOME", self.folder.path())
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs it while the provider of this runtime answers. No secret may be seen in what it says.
    async fn run(&self, words: &[&str]) -> io::Result<Said> {
        said(self.command(words)).await
    }

    /// `send` with what every message has: a recipient, a text that is its reference, no fallback.
    async fn send(
        &self,
        provider: Provider,
        endpoint: &str,
        text: &str,
        more: &[&str],
    ) -> io::Result<Said> {
        let mut words = vec![
            "send",
            "-p",
            provider.name(),
            "--to",
            "+15162065574",
            "--text",
            text,
            "--client-reference",
            text,
            "--no-fallback",
            "--endpoint",
            endpoint,
        ];
        if provider != Provider::RingCentral {
            words.extend(["--from", "+15162065575"]);
        }
        words.extend(more);
        self.run(&words).await
    }
}

async fn said(mut command: Command) -> io::Result<Said> {
    let Output {
        status,
        stdout,
        stderr,
    } = tokio::task::spawn_blocking(move || command.output()).await??;
    let said = Said {
        code: status.code(),
        out: String::from_utf8_lossy(&stdout).into_owned(),
        err: String::from_utf8_lossy(&stderr).into_owned(),
    };
    for secret in SECRETS {
        assert!(
            !said.out.contains(secret) && !said.err.contains(secret),
            "{secret}: {said:?}"
        );
    }
    Ok(said)
}

/// A provider on loopback whose account has a number for MMS.
async fn provider() -> io::Result<ScriptedProvider> {
    let scripted = ScriptedProvider::start().await?;
    scripted.numbers(&[("+15162065575", &["SmsSender", "MmsSender"])]);
    Ok(scripted)
}

/// The requests that bring a message; those for tokens and numbers are apart.
fn messages(scripted: &ScriptedProvider) -> usize {
    let is_message = |request: &&crate::provider::Received| {
        request.method == "POST"
            && !request.path.contains("oauth")
            && !request.path.contains("storage")
    };
    scripted.requests().iter().filter(is_message).count()
}

fn photo(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/photos")
        .join(name)
        .display()
        .to_string()
}

fn schema() -> jsonschema::Validator {
    let schema = include_str!("../../schema/mms-report-1.schema.json");
    let schema = serde_json::from_str(schema).expect("the schema is JSON");
    jsonschema::validator_for(&schema).expect("the schema is a schema")
}

/// The record that a run printed as JSON, held against the schema.
fn record(said: &Said) -> serde_json::Value {
    let record =
        serde_json::from_str(&said.out).unwrap_or_else(|fault| panic!("{fault}: {said:?}"));
    let faults: Vec<String> = schema()
        .iter_errors(&record)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{faults:?}\n{record:#}");
    record
}
