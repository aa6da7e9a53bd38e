//! Sinch postbacks: what became of a message (`MMS_MT`), and messages that came in (`MMS_MO`).
//!
//! Codes as in the MMS API's list of postback notification codes, seen 2026-11-21. The nodes of an `MMS_MT` postback are
//! those of the XML service; no JSON example of one is published.

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
    let fields = Fields::of(raw, "postback object")?;
    let code = fields
        .text(&["code"])
        .ok_or(ReceiveError::Missing("postback code"))?;
    // A postback about a stored message has no transaction.
    let id = fields
        .text(&["tracking-id", "mms-id"])
        .ok_or(ReceiveError::Missing("tracking-id or mms-id"))?;
    let mut to = fields.numbers(&["to"]);
    to.extend(fields.numbers(&["copy-to"]));
    Ok(Event::from(Told {
        provider: Provider::Sinch,
        id,
        status: status(&code),
        provider_status: code,
        to,
        from: fields.number(&["from"]),
        at: fields.text(&["timestamp"]),
        client_reference: fields.text(&["client-reference"]),
        raw: raw.clone(),
    }))
}

fn status(code: &str) -> DeliveryStatus {
    match code {
        "N013" => DeliveryStatus::Queued,
        "N101" => DeliveryStatus::Sent,
        // N202: delivered as SMS.
        "N102" | "N202" => DeliveryStatus::Delivered,
        "N103" => DeliveryStatus::Expired,
        // E002 to E004: encoding for a stored message failed.
        "E101" | "E102" | "E202" | "E011" | "E012" | "E013" | "E999" | "E002" | "E003" | "E004" => {
            DeliveryStatus::Failed
        }
        "N401" => DeliveryStatus::Received,
        _ => DeliveryStatus::Unknown,
    }
}
