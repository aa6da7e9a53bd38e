//! CarrierX callbacks: the message object whenever its status changes, and for messages that came in.
//!
//! The quick start "Send and Receive MMS" shows `from` and `to`, older pages `from_did` and `to_did`; its group sample has
//! blanks behind both keys.

use serde_json::Value;

use super::ReceiveError;
use super::event::{Event, Told};
use super::fields::{Fields, each};
use crate::provider::Provider;
use crate::send::DeliveryStatus;

pub(super) fn receive(body: &Value) -> Result<Vec<Event>, ReceiveError> {
    each(body).iter().map(event).collect()
}

fn event(raw: &Value) -> Result<Event, ReceiveError> {
    let fields = Fields::of(raw, "message object")?;
    let id = fields
        .text(&["message_sid"])
        .ok_or(ReceiveError::Missing("message_sid"))?;
    let word = fields
        .text(&["status"])
        .ok_or(ReceiveError::Missing("status"))?;
    let inbound = fields.text(&["direction"]).as_deref() == Some("inbound");
    let mut to = fields.numbers(&["to", "to_did"]);
    if to.is_empty() {
        to = fields.numbers(&["group_recipients"]);
    }
    Ok(Event::from(Told {
        provider: Provider::CarrierX,
        id,
        status: status(&word, inbound),
        provider_status: word,
        to,
        from: fields.number(&["from", "from_did"]),
        at: fields.text(&["date_status_changed", "date_changed", "date_created"]),
        client_reference: fields.text(&["user_data"]),
        raw: raw.clone(),
    }))
}

fn status(word: &str, inbound: bool) -> DeliveryStatus {
    match word {
        "failed" => DeliveryStatus::Failed,
        // Both directions come to one address; what came in is ours, whatever step it is at.
        _ if inbound => DeliveryStatus::Received,
        "queued" => DeliveryStatus::Queued,
        "sent" => DeliveryStatus::Sent,
        "delivered" => DeliveryStatus::Delivered,
        "received" => DeliveryStatus::Received,
        _ => DeliveryStatus::Unknown,
    }
}
