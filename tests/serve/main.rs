//! Hosting and callbacks: the library's server, the hosts, and `mmsfit serve` as a user runs it.
#![cfg(all(feature = "net", feature = "cli", unix))]

mod command;
#[path = "../common/mod.rs"]
mod common;
mod crashes;
mod delivery;
mod desk;
mod hosts;
mod http;
mod media;
mod nginx;
mod receive;
#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "../common/server.rs"]
mod server;

use std::path::Path;

use mmsfit::{Attachment, Bundle, FetchPolicy, Provider, prepare};
use serde_json::Value;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// A picture of one pixel.
const GIF: &[u8] =
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\
                     \x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

const CARD: &[u8] =
    b"BEGIN:VCARD\r\nVERSION:3.0\r\nN:Lovelace;Ada\r\nFN:Ada Lovelace\r\nEND:VCARD\r\n";

/// A recorded callback: its provider, its file, its bytes.
type Recorded = (Provider, String, Vec<u8>);

/// Every recorded callback.
fn callbacks() -> Result<Vec<Recorded>, Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/serve/callbacks");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_stem()
            .ok_or("no name")?
            .to_string_lossy()
            .into_owned();
        let provider = Provider::ALL
            .iter()
            .find(|provider| name.starts_with(provider.name()))
            .ok_or("no provider")?;
        found.push((*provider, name, std::fs::read(&path)?));
    }
    found.sort_by(|a, b| a.1.cmp(&b.1));
    assert_eq!(found.len(), 12);
    Ok(found)
}

fn event_schema() -> Result<jsonschema::Validator, Box<dyn std::error::Error>> {
    let schema: Value = serde_json::from_str(include_str!("../schema/mms-event-1.schema.json"))?;
    Ok(jsonschema::validator_for(&schema)?)
}

fn schema_faults(schema: &jsonschema::Validator, event: &Value) -> Vec<String> {
    schema
        .iter_errors(event)
        .map(|fault| format!("{}: {fault}\n{event}", fault.instance_path()))
        .collect()
}

/// A policy that reaches this machine.
fn policy() -> FetchPolicy {
    FetchPolicy::new().allow_net("127.0.0.0/8".parse().expect("a range"))
}

/// A bundle of these fixtures.
async fn bundle(
    provider: Provider,
    fixtures: &[&str],
) -> Result<Bundle, Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let attachments = fixtures
        .iter()
        .map(|name| Attachment::from_path(folder.join(name)));
    let prepared = prepare(attachments, provider).await?;
    prepared
        .into_bundle()
        .map_err(|report| report.to_string().into())
}
