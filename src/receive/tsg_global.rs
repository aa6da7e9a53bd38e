//! TSG Global webhooks: delivery reports and messages that came in, both lists under `data`.

use serde_json::Value;

use super::ReceiveError;
use super::event::{Event, Told};
use super::fields::{Fields, each};
use crate::provider::Provider;
use crate::send::DeliveryStatus;

/// The type of a delivery report, pushed to us although it is named a response.
const REPORT: &str = "mms-delivery-report-res";

pub(super) fn receive(body: &Value) -> Result<Vec<Event>, ReceiveError> {
    let data = Fields::of(body, "object with data")?
        .get(&["data"])
        .ok_or(ReceiveError::Missing("data"))?;
    each(data).iter().map(event).collect()
}

fn event(raw: &Value) -> Result<Event, ReceiveError> {
    let item = Fields::of(raw, "data object")?;
    let kind = item
        .text(&["type"])
        .ok_or(ReceiveError::Missing("data type"))?;
    let attributes = item
        .get(&["attributes"])
        .ok_or(ReceiveError::Missing("data attributes"))?;
    let attributes = Fields::of(attributes, "data attributes")?;
    let word = attributes.text(&["mm_status_code"]);
    let (status, provider_status) = match word {
        Some(word) => (status(&word), word),
        None if kind == REPORT => return Err(ReceiveError::Missing("mm_status_code")),
        None => (DeliveryStatus::Received, kind),
    };
    let id = attributes
        .text(&["message_id", "id"])
        .or_else(|| item.text(&["id"]))
        .or_else(|| attributes.text(&["transaction_id"]))
        .ok_or(ReceiveError::Missing("message_id"))?;
    Ok(Event::from(Told {
        provider: Provider::TsgGlobal,
        id,
        status,
        provider_status,
        to: attributes.numbers(&["to"]),
        from: attributes.number(&["from"]),
        at: attributes.text(&["date", "inserted_at", "timestamp"]),
        client_reference: attributes.text(&["transaction_id"]),
        raw: raw.clone(),
    }))
}

fn status(word: &str) -> DeliveryStatus {
    match word.to_ascii_lowercase().as_str() {
        // The recipient has put off fetching it.
        "deferred" => DeliveryStatus::Queued,
        "forwarded" => DeliveryStatus::Sent,
        "retrieved" => DeliveryStatus::Delivered,
        "expired" => DeliveryStatus::Expired,
        "rejected" | "unrecognised" | "unrecognized" => DeliveryStatus::Failed,
        // "Indeterminate" says itself that nothing is known.
        _ => DeliveryStatus::Unknown,
    }
}
