//! One message as the ledger keeps it. Numbers and texts are kept as a hash only, the receipt as it came.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::State;
use crate::bundle::sha256_hex;
use crate::message::{Fallback, Message};
use crate::provider::Provider;
use crate::send::Request;
use crate::send::codes;
use crate::send::error::Answer;
use crate::send::receipt::{DeliveryStatus, Receipt, RecipientReceipt};

/// One message of the ledger, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Entry {
    /// The provider's name.
    pub provider: String,
    /// The caller's reference.
    pub client_reference: String,
    /// How far it has come.
    pub state: State,
    /// When it got there, in seconds since 1970.
    pub at_unix_s: u64,
    /// The provider's id, where it was taken.
    pub id: Option<String>,
    /// Why its outcome is unknown, or the code that it was declined with.
    pub why: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) provider: String,
    pub(super) reference: String,
    #[serde(with = "state_name")]
    pub(super) state: State,
    /// What the message is: the same reference with another fingerprint is another message.
    pub(super) fingerprint: String,
    /// What else the recipients see of it; records of earlier versions lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) beside: Option<String>,
    pub(super) at: u64,
    pub(super) doubt: Option<String>,
    receipt: Option<Kept>,
    answer: Option<KeptAnswer>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    id: String,
    status: DeliveryStatus,
    provider_status: Option<String>,
    from: Option<String>,
    recipients: Vec<RecipientReceipt>,
    request_id: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct KeptAnswer {
    status: u16,
    codes: Vec<String>,
    message: Option<String>,
}

impl Record {
    /// `by`: the request that sends it, where that is another than the sender makes of the message.
    pub(super) fn intent(message: &Message, by: Option<&Request>) -> Self {
        Self {
            provider: message.provider().name().to_owned(),
            reference: message.client_reference().to_owned(),
            state: State::Intent,
            fingerprint: fingerprint(message),
            beside: Some(beside(message, by)),
            at: now(),
            doubt: None,
            receipt: None,
            answer: None,
        }
    }

    /// An intent to send some message.
    #[cfg(test)]
    pub(super) fn of(provider: Provider, reference: &str) -> Self {
        Self {
            provider: provider.name().to_owned(),
            reference: reference.to_owned(),
            state: State::Intent,
            fingerprint: "a message".to_owned(),
            beside: Some("and nothing else".to_owned()),
            at: now(),
            doubt: None,
            receipt: None,
            answer: None,
        }
    }

    /// Whether both are about the same message. A record of an earlier version is compared as it was when it was written,
    /// by its fingerprint alone: nothing that it answered for becomes another message, and nothing of it is sent twice.
    pub(super) fn is_about_the_same(&self, other: &Self) -> bool {
        let beside = match (&self.beside, &other.beside) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        beside && self.fingerprint == other.fingerprint
    }

    pub(super) fn touch(&mut self) {
        self.at = now();
    }

    pub(super) fn accept(&mut self, receipt: &Receipt) {
        self.state = State::Accepted;
        self.answer = None;
        self.receipt = Some(Kept {
            id: receipt.id.clone(),
            status: receipt.status,
            provider_status: receipt.provider_status.clone(),
            from: receipt.from.clone(),
            recipients: receipt.recipients.clone(),
            request_id: receipt.request_id.clone(),
        });
    }

    pub(super) fn reject(&mut self, answer: &Answer) {
        self.answer = Some(KeptAnswer {
            status: answer.status,
            codes: answer.codes.clone(),
            message: answer.message.clone(),
        });
    }

    pub(super) fn entry(&self) -> Entry {
        let declined = self.answer.as_ref().map(|answer| {
            answer
                .codes
                .first()
                .cloned()
                .unwrap_or_else(|| format!("HTTP {}", answer.status))
        });
        Entry {
            provider: self.provider.clone(),
            client_reference: self.reference.clone(),
            state: self.state,
            at_unix_s: self.at,
            id: self.receipt.as_ref().map(|kept| kept.id.clone()),
            why: self.doubt.clone().or(declined),
        }
    }

    /// The receipt of the first time.
    pub(super) fn receipt(&self, provider: Provider) -> Option<Receipt> {
        let kept = self.receipt.as_ref()?;
        let mut receipt = Receipt::new(provider, kept.id.clone(), kept.status);
        receipt.provider_status.clone_from(&kept.provider_status);
        receipt.from.clone_from(&kept.from);
        receipt.recipients.clone_from(&kept.recipients);
        receipt.request_id.clone_from(&kept.request_id);
        receipt.client_reference = Some(self.reference.clone());
        receipt.from_ledger = true;
        Some(receipt)
    }

    /// The answer of the first time.
    pub(super) fn answer(&self, provider: Provider) -> Option<Answer> {
        let kept = self.answer.as_ref()?;
        let row = codes::by_code(provider, &kept.codes)
            .or_else(|| codes::by_status(provider, kept.status).1);
        Some(Answer {
            provider,
            status: kept.status,
            codes: kept.codes.clone(),
            message: kept.message.clone(),
            meaning: row.map(|row| row.meaning),
            help: row.and_then(|row| row.help),
        })
    }
}

/// What the recipients will see and who they are; not where the parts are hosted, which changes from run to run.
fn fingerprint(message: &Message) -> String {
    let mut hash = Sha256::new();
    let mut field = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    };
    field(message.provider().name());
    for to in message.to() {
        field(to.digits());
    }
    field("text");
    field(message.text().unwrap_or_default());
    field(message.subject().unwrap_or_default());
    for part in message.bundle().parts() {
        field(part.content_type());
        field(&part.facts().sha256);
    }
    sha256_hex(&hash.finalize())
}

/// What the fingerprint leaves out: whether the recipients see each other, what they get instead, what they see
/// together, and whatever a request of another kind says, such as which template goes out.
fn beside(message: &Message, by: Option<&Request>) -> String {
    let mut hash = Sha256::new();
    let mut field = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    field(&[u8::from(message.is_group())]);
    match message.fallback() {
        Fallback::Unsaid => field(b"unsaid"),
        Fallback::None => field(b"none"),
        Fallback::Text(text) => {
            field(b"text");
            field(text.as_bytes());
        }
    }
    for slide in message.slides() {
        field(b"slide");
        for (slot, part) in &slide.parts {
            field(slot.name().as_bytes());
            field(part.to_string().as_bytes());
        }
        field(slide.text.as_deref().unwrap_or_default().as_bytes());
    }
    if let Some(request) = by {
        field(b"request");
        field(request.method().as_str().as_bytes());
        // Where the provider is reached is no part of what is asked of it.
        let path = request.uri().path_and_query();
        field(path.map_or("", |path| path.as_str()).as_bytes());
        field(request.body());
    }
    sha256_hex(&hash.finalize())
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_secs()
}

mod state_name {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::State;

    const ALL: [State; 5] = [
        State::Intent,
        State::Written,
        State::Accepted,
        State::Rejected,
        State::Unknown,
    ];

    pub(super) fn serialize<S: Serializer>(state: &State, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(state.name())
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<State, D::Error> {
        let name = String::deserialize(from)?;
        ALL.into_iter()
            .find(|state| state.name() == name)
            .ok_or_else(|| serde::de::Error::custom("no such state"))
    }
}
