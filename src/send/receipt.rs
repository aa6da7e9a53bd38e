//! What a provider answers to a message that it took, or to a question after one.

use serde::{Deserialize, Serialize};

use crate::provider::Provider;
use crate::report::{Finding, v1};

/// How far a message has come, in the words of all providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum DeliveryStatus {
    /// Taken, and not sent yet.
    Queued,
    /// Handed to the network.
    Sent,
    /// On the phone.
    Delivered,
    /// Not delivered, and it will not be.
    Failed,
    /// Not delivered in time.
    Expired,
    /// An inbound message.
    Received,
    /// A word that we do not know: see the provider's own.
    Unknown,
}

impl DeliveryStatus {
    /// The word of the report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Received => "received",
            Self::Unknown => "unknown",
        }
    }

    /// Whether nothing more is to come.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Delivered | Self::Failed | Self::Expired | Self::Received
        )
    }
}

/// The provider has taken the message. Nothing is said yet about its delivery.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Receipt {
    /// The provider.
    #[serde(serialize_with = "by_name")]
    pub provider: Provider,
    /// The provider's name for the message: what `status` asks for and callbacks tell.
    pub id: String,
    /// How far it has come.
    pub status: DeliveryStatus,
    /// The provider's own word for that, as it came.
    pub provider_status: Option<String>,
    /// Why it failed, in the provider's own code, such as `SMS-CAR-434`.
    pub failure: Option<String>,
    /// The caller's reference.
    pub client_reference: Option<String>,
    /// The number that it went out from.
    pub from: Option<String>,
    /// Each recipient, where the provider tells them apart.
    pub recipients: Vec<RecipientReceipt>,
    /// The provider's name for the exchange, for its support.
    pub request_id: Option<String>,
    /// Whether this comes from the ledger: the message was sent before, and not again.
    pub from_ledger: bool,
    /// What is worth knowing, such as parts that the provider left out.
    #[serde(skip)]
    pub findings: Vec<Finding>,
}

/// One recipient of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RecipientReceipt {
    /// The number, as the provider writes it.
    pub to: String,
    /// The provider's name for this recipient's copy.
    pub id: Option<String>,
    /// How far it has come.
    pub status: DeliveryStatus,
    /// The provider's own word for that.
    pub provider_status: Option<String>,
}

impl Receipt {
    /// A receipt that says this and nothing else; a sender fills in what it was told.
    #[must_use]
    pub fn new(provider: Provider, id: impl Into<String>, status: DeliveryStatus) -> Self {
        Self {
            provider,
            id: id.into(),
            status,
            provider_status: None,
            failure: None,
            client_reference: None,
            from: None,
            recipients: Vec::new(),
            request_id: None,
            from_ledger: false,
            findings: Vec::new(),
        }
    }
}

impl RecipientReceipt {
    /// A recipient of whom this is known and nothing else.
    #[must_use]
    pub fn new(to: impl Into<String>, status: DeliveryStatus) -> Self {
        Self {
            to: to.into(),
            id: None,
            status,
            provider_status: None,
        }
    }
}

impl From<&Receipt> for v1::Receipt {
    fn from(receipt: &Receipt) -> Self {
        let recipient = |recipient: &RecipientReceipt| v1::Recipient {
            to: recipient.to.clone(),
            id: recipient.id.clone(),
            status: recipient.status.name(),
            provider_status: recipient.provider_status.clone(),
        };
        Self {
            id: receipt.id.clone(),
            status: receipt.status.name(),
            provider_status: receipt.provider_status.clone(),
            failure: receipt.failure.clone(),
            client_reference: receipt.client_reference.clone(),
            from: receipt.from.clone(),
            recipients: receipt.recipients.iter().map(recipient).collect(),
            request_id: receipt.request_id.clone(),
            from_ledger: receipt.from_ledger,
        }
    }
}

fn by_name<S: serde::Serializer>(provider: &Provider, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(provider.name())
}
