//! What a provider said about a message that it was given.

use serde::Serialize;

/// A receipt: the provider has the message, and this far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// The provider's name for the message.
    pub id: String,
    /// `queued`, `sent`, `delivered`, `failed`, `expired`, `received` or `unknown`.
    pub status: &'static str,
    /// The provider's own word for that, as it came.
    pub provider_status: Option<String>,
    /// Why it failed, in the provider's own code.
    pub failure: Option<String>,
    /// The caller's reference, or the random one that was made.
    pub client_reference: Option<String>,
    /// The number that it went out from.
    pub from: Option<String>,
    /// Each recipient, where the provider tells them apart.
    pub recipients: Vec<Recipient>,
    /// The provider's name for the exchange, for its support.
    pub request_id: Option<String>,
    /// Whether the message was sent before, and not again.
    pub from_ledger: bool,
}

/// One recipient of a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Recipient {
    /// The number, as the provider writes it.
    pub to: String,
    /// The provider's name for this recipient's copy.
    pub id: Option<String>,
    /// As of the receipt.
    pub status: &'static str,
    /// The provider's own word for that.
    pub provider_status: Option<String>,
}
