//! One thing that happened to one message, whichever provider tells it.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::provider::Provider;
use crate::send::DeliveryStatus;

/// One thing that happened to one message. As JSON it is one line of schema `mms-event/1`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// The same for every repetition of the same event, different for any other: of provider, id, status and recipients.
    pub event_id: String,
    /// Who told it.
    pub provider: Provider,
    /// The provider's name of the message.
    pub id: String,
    /// What happened.
    pub status: DeliveryStatus,
    /// What happened, in the provider's own word.
    pub provider_status: String,
    /// The recipients: `+` and digits where it is a number, as it came where it is not.
    pub to: Vec<String>,
    /// The sender, written in the same way.
    pub from: Option<String>,
    /// When it happened, as the provider wrote it.
    pub at: Option<String>,
    /// The reference that the sender of the message gave it, where the provider echoes one.
    pub client_reference: Option<String>,
    /// The callback's own object, whole.
    pub raw: Value,
}

impl Event {
    /// The event as one line of JSON, its line feed included. `superseded`: an event already told has moved the message
    /// further than this one does.
    #[must_use]
    pub fn line(&self, superseded: bool) -> String {
        let line = Line {
            schema: SCHEMA,
            event_id: &self.event_id,
            provider: self.provider.name(),
            id: &self.id,
            status: self.status.name(),
            provider_status: &self.provider_status,
            to: &self.to,
            from: self.from.as_deref(),
            at: self.at.as_deref(),
            client_reference: self.client_reference.as_deref(),
            superseded,
            raw: &self.raw,
        };
        // Strings and parsed JSON: there is nothing in it that could not be written.
        let mut text = serde_json::to_string(&line).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The message that the event is about: its provider, id and recipients.
    pub(super) fn message_key(&self) -> [u8; 16] {
        let mut hash = Sha256::new();
        self.feed(&mut hash);
        first_half(&hash.finalize())
    }

    fn feed(&self, hash: &mut Sha256) {
        let to = self.to.iter().map(String::as_str);
        for field in [self.provider.name(), &self.id].into_iter().chain(to) {
            hash.update((field.len() as u64).to_be_bytes());
            hash.update(field.as_bytes());
        }
    }
}

/// What an event is made of by the readers; the rest follows from it.
pub(super) struct Told {
    pub(super) provider: Provider,
    pub(super) id: String,
    pub(super) status: DeliveryStatus,
    pub(super) provider_status: String,
    pub(super) to: Vec<String>,
    pub(super) from: Option<String>,
    pub(super) at: Option<String>,
    pub(super) client_reference: Option<String>,
    pub(super) raw: Value,
}

impl From<Told> for Event {
    fn from(told: Told) -> Self {
        let mut event = Self {
            event_id: String::new(),
            provider: told.provider,
            id: told.id,
            status: told.status,
            provider_status: told.provider_status,
            to: told.to,
            from: told.from,
            at: told.at,
            client_reference: told.client_reference,
            raw: told.raw,
        };
        let mut hash = Sha256::new();
        event.feed(&mut hash);
        hash.update(event.status.name());
        hash.update(&event.provider_status);
        for byte in first_half(&hash.finalize()) {
            // Writing to a String cannot fail.
            let _ = write!(event.event_id, "{byte:02x}");
        }
        event
    }
}

const SCHEMA: &str = "mms-event/1";

#[derive(Serialize)]
struct Line<'a> {
    schema: &'static str,
    event_id: &'a str,
    provider: &'static str,
    id: &'a str,
    status: &'static str,
    provider_status: &'a str,
    to: &'a [String],
    from: Option<&'a str>,
    at: Option<&'a str>,
    client_reference: Option<&'a str>,
    superseded: bool,
    raw: &'a Value,
}

fn first_half(hash: &[u8]) -> [u8; 16] {
    let mut half = [0; 16];
    for (to, from) in half.iter_mut().zip(hash) {
        *to = *from;
    }
    half
}
