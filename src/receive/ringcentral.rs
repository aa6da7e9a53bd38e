//! RingCentral webhooks: the handshake, messages whole, and notices that something in the message store has changed.

use serde_json::Value;

use super::event::{Event, Told};
use super::fields::Fields;
use super::{Callback, ReceiveError, Received, json};
use crate::provider::Provider;
use crate::send::DeliveryStatus;

/// The field that has to be echoed when a subscription is made or renewed. A subscription made with a token of its own
/// has every notification carry it too, so that the field alone makes no handshake.
const VALIDATION: &str = "Validation-Token";
/// The whole answer to a handshake may have 1,024 bytes, its head included.
const MAX_TOKEN: usize = 512;

pub(super) fn receive(callback: &Callback<'_>) -> Result<Received, ReceiveError> {
    if let Some(token) = callback.headers.get(VALIDATION)
        && !is_notification(callback.body)
    {
        let token = token.to_str().map_err(|_| ReceiveError::Token)?;
        if token.is_empty() || token.len() > MAX_TOKEN {
            return Err(ReceiveError::Token);
        }
        return Ok(Received::Handshake {
            token: token.to_owned(),
        });
    }
    event(&json(callback.body)?).map(|event| Received::Events(vec![event]))
}

/// Whether there is anything in a body that could be lost if it were taken for a handshake.
fn is_notification(body: &[u8]) -> bool {
    match json(body) {
        Ok(Value::Object(fields)) => fields.contains_key("event") || fields.contains_key("body"),
        Ok(_) => true,
        Err(_) => !body.trim_ascii().is_empty(),
    }
}

fn event(raw: &Value) -> Result<Event, ReceiveError> {
    let notice = Fields::of(raw, "notification object")?;
    let body = notice
        .get(&["body"])
        .ok_or(ReceiveError::Missing("notification body"))?;
    let message = Fields::of(body, "notification body")?;
    let at = || notice.text(&["timestamp"]);
    if message.get(&["changes"]).is_some() {
        // Something has changed, it does not say what: the message store has to be asked.
        return Ok(Event::from(Told {
            provider: Provider::RingCentral,
            id: notice
                .text(&["uuid"])
                .ok_or(ReceiveError::Missing("uuid"))?,
            status: DeliveryStatus::Unknown,
            provider_status: "changes".to_owned(),
            to: Vec::new(),
            from: None,
            at: message.text(&["lastUpdated"]).or_else(at),
            client_reference: None,
            raw: raw.clone(),
        }));
    }
    let id = message
        .text(&["id"])
        .ok_or(ReceiveError::Missing("message id"))?;
    let inbound = message.text(&["direction"]).as_deref() == Some("Inbound");
    let word = message
        .text(&["messageStatus"])
        .or_else(|| inbound.then(|| "Inbound".to_owned()))
        .ok_or(ReceiveError::Missing("messageStatus"))?;
    Ok(Event::from(Told {
        provider: Provider::RingCentral,
        id,
        status: status(&word, inbound),
        provider_status: word,
        to: message.numbers(&["to"]),
        from: message.number(&["from"]),
        at: message
            .text(&["lastModifiedTime", "creationTime"])
            .or_else(at),
        client_reference: None,
        raw: raw.clone(),
    }))
}

fn status(word: &str, inbound: bool) -> DeliveryStatus {
    match word {
        "DeliveryFailed" | "SendingFailed" => DeliveryStatus::Failed,
        _ if inbound => DeliveryStatus::Received,
        "Queued" => DeliveryStatus::Queued,
        "Sent" => DeliveryStatus::Sent,
        "Delivered" => DeliveryStatus::Delivered,
        "Received" => DeliveryStatus::Received,
        _ => DeliveryStatus::Unknown,
    }
}
