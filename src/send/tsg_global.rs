//! TSG Global: a JSON:API envelope; each part as text, by URL, embedded or as a `data:` URL.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde::Serialize;
use serde_json::{Map, Value};

use super::answer::{Asked, Said, declined};
use super::error::{Doubt, SendError};
use super::receipt::{DeliveryStatus, Receipt, RecipientReceipt};
use super::show::iso_8601;
use super::{Endpoint, Request, Response, Secret, Sender, Token, is_for, json, no_such_call};
use crate::bundle::Part;
use crate::code::Code;
use crate::message::{Message, Travel, data_url, embedded_body, plain_text};
use crate::provider::Provider;
use crate::report::Finding;

/// Sends through TSG Global.
#[derive(Clone, Debug)]
pub struct TsgGlobal {
    api_key: Secret,
    endpoint: Endpoint,
}

const PROVIDER: Provider = Provider::TsgGlobal;
const PRODUCTION: &str = "https://mmsc.tsgglobal.world";
const PATH: &str = "/mms";
const IDENTITY: &str = "identity";
const CALLBACKS: &str = "TSG Global tells the state in delivery reports: ask for them and receive them with `mmsfit serve`";

impl TsgGlobal {
    /// The messaging API key.
    #[must_use]
    pub fn new(api_key: impl Into<Secret>) -> Self {
        Self {
            api_key: api_key.into(),
            endpoint: Endpoint::known(PRODUCTION),
        }
    }

    /// Where the API lies. Default: `https://mmsc.tsgglobal.world`.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = endpoint;
        self
    }
}

#[derive(Serialize)]
struct Envelope<'a> {
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    id: &'a str,
    r#type: &'static str,
    attributes: Attributes<'a>,
}

#[derive(Serialize)]
struct Attributes<'a> {
    from: String,
    to: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    transaction_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    request_delivery_reports: bool,
    headers: BTreeMap<&'a str, Value>,
    parts: Vec<WirePart>,
}

#[derive(Default, Serialize)]
struct WirePart {
    kind: &'static str,
    content_type: Option<String>,
    content_location: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_encoding: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer_encoding: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
}

fn wire_part(part: &Part, travel: &Travel) -> WirePart {
    let named = WirePart {
        content_type: Some(part.content_type().to_owned()),
        content_location: part.name().to_owned(),
        ..WirePart::default()
    };
    match travel {
        Travel::Url(url) => WirePart {
            kind: "uri",
            uri: Some(url.to_string()),
            ..named
        },
        Travel::DataUrl => WirePart {
            kind: "data-uri",
            uri: Some(data_url(part)),
            ..named
        },
        Travel::Plain => WirePart {
            kind: "plain",
            content_encoding: Some(IDENTITY),
            transfer_encoding: Some(IDENTITY),
            body: plain_text(part).map(str::to_owned),
            ..named
        },
        Travel::Embedded { gzip } => WirePart {
            kind: "embedded",
            content_encoding: Some(if *gzip { "gzip" } else { IDENTITY }),
            transfer_encoding: Some("base64"),
            body: Some(embedded_body(part, *gzip)),
            ..named
        },
        // `Travel::Upload` is for providers that take bytes: `choose` never gives it to this one.
        Travel::Upload => named,
    }
}

/// The text as a part of its own, under a name that no other part has.
fn text_part(text: &str, parts: &[Part]) -> WirePart {
    let is_taken = |name: &str| {
        parts
            .iter()
            .any(|part| part.name().eq_ignore_ascii_case(name))
    };
    let name = std::iter::once("body.txt".to_owned())
        .chain((2_u32..).map(|number| format!("body-{number}.txt")))
        .find(|name| !is_taken(name))
        .unwrap_or_default();
    WirePart {
        kind: "plain",
        content_type: Some("text/plain".to_owned()),
        content_location: name,
        content_encoding: Some(IDENTITY),
        transfer_encoding: Some(IDENTITY),
        body: Some(text.to_owned()),
        uri: None,
    }
}

impl Sender for TsgGlobal {
    fn provider(&self) -> Provider {
        PROVIDER
    }

    fn authorise(&self, request: &mut Request, _token: Option<&Token>) -> Result<(), SendError> {
        let value = self.api_key.header("Bearer ")?;
        request.headers_mut().insert(AUTHORIZATION, value);
        Ok(())
    }

    fn request(&self, message: &Message) -> Result<Request, SendError> {
        is_for(message, PROVIDER)?;
        let parts = message.bundle().parts();
        let mut wire_parts: Vec<WirePart> = message
            .text()
            .map(|text| text_part(text, parts))
            .into_iter()
            .collect();
        wire_parts.extend(
            parts
                .iter()
                .zip(message.travels())
                .map(|(part, travel)| wire_part(part, travel)),
        );
        let headers = message
            .headers()
            .iter()
            .map(|(name, values)| {
                let value = match values.as_slice() {
                    [one] => Value::from(one.as_str()),
                    several => Value::from(several.to_vec()),
                };
                (name.as_str(), value)
            })
            .collect();
        let body = Envelope {
            data: Data {
                id: message.client_reference(),
                r#type: "mms-forward-req",
                attributes: Attributes {
                    from: message.from().ok_or(SendError::NoSender)?.written(true),
                    to: message.to().iter().map(|to| to.written(true)).collect(),
                    subject: message.subject(),
                    transaction_id: message.client_reference(),
                    expires_at: message.expires().map(iso_8601),
                    request_delivery_reports: message.delivery_reports(),
                    headers,
                    parts: wire_parts,
                },
            },
        };
        let body = serde_json::to_vec(&body).unwrap_or_default();
        http::Request::post(self.endpoint.at(PATH).map_err(SendError::Request)?)
            .header(CONTENT_TYPE, "application/json")
            .body(Bytes::from(body))
            .map_err(SendError::Request)
    }

    fn receipt(&self, message: &Message, response: &Response) -> Result<Receipt, SendError> {
        let asked = Asked::Message(message);
        if !response.status().is_success() {
            return Err(declined(asked, response, said(response), &[&self.api_key]));
        }
        let map = json::object(response.body()).ok_or_else(|| asked.doubt(Doubt::NotJson))?;
        let Some(data) = json::field(&map, "data").and_then(Value::as_object) else {
            return Err(asked.doubt(Doubt::Incomplete("data")));
        };
        let Some(attributes) = json::field(data, "attributes").and_then(Value::as_object) else {
            return Err(asked.doubt(Doubt::Incomplete("attributes")));
        };
        let recipients: Vec<RecipientReceipt> = json::objects(attributes, "messages")
            .filter_map(|one| {
                Some(RecipientReceipt {
                    to: json::text(one, "to")?,
                    id: json::text(one, "message_id"),
                    status: DeliveryStatus::Queued,
                    provider_status: None,
                })
            })
            .collect();
        // Delivery reports name the message of one recipient; several share the transaction only.
        let id = match recipients.as_slice() {
            [one] if one.id.is_some() => one.id.clone(),
            _ => json::text(attributes, "transaction_id").or_else(|| json::text(data, "id")),
        };
        let id = id.ok_or_else(|| asked.doubt(Doubt::Incomplete("message_id")))?;
        let mut receipt = Receipt::new(PROVIDER, id, DeliveryStatus::Queued);
        receipt.client_reference = Some(message.client_reference().to_owned());
        receipt.from = json::text(attributes, "from");
        receipt.findings.extend(parts_left_out(message, attributes));
        receipt
            .findings
            .extend(recipients_left_out(message, &recipients));
        receipt.recipients = recipients;
        receipt.request_id = response
            .headers()
            .get("x-request-id")
            .and_then(|value| value.to_str().ok())
            .map(json::shown);
        Ok(receipt)
    }

    fn status_request(&self, _id: &str) -> Result<Request, SendError> {
        Err(no_such_call(PROVIDER, CALLBACKS))
    }

    fn status(&self, _response: &Response) -> Result<Receipt, SendError> {
        Err(no_such_call(PROVIDER, CALLBACKS))
    }
}

/// What cannot be fetched is left out and the rest goes all the same: only the answer's list can show it.
fn parts_left_out(message: &Message, attributes: &Map<String, Value>) -> Option<Finding> {
    json::field(attributes, "parts")?;
    let sent = message.bundle().parts().len() + usize::from(message.text().is_some());
    let is_whole = |part: &Map<String, Value>| {
        json::text(part, "content_length").is_none_or(|length| length != "0")
    };
    let listed = json::objects(attributes, "parts")
        .filter(|part| is_whole(part))
        .count();
    (listed < sent).then(|| {
        Finding::warning(
            Code::RejectedByProvider,
            format!("the provider lists {listed} of {sent} parts: the rest may have been left out"),
        )
        .observed("parts", listed)
        .allowed("parts", sent)
        .help("verify the parts' URLs with `mmsfit verify-url --provider tsg-global`: what cannot be fetched is left out and the rest is sent")
    })
}

fn recipients_left_out(message: &Message, listed: &[RecipientReceipt]) -> Option<Finding> {
    let (listed, sent) = (listed.len(), message.to().len());
    (listed < sent).then(|| {
        Finding::warning(
            Code::RejectedByProvider,
            format!("the provider lists {listed} of {sent} recipients"),
        )
        .observed("recipients", listed)
        .allowed("recipients", sent)
        .help("wait for the delivery reports: a recipient without one may not have been sent to")
    })
}

/// `errors` as a list of texts or of objects with `message` or `detail`; `error` or plain text.
fn said(response: &Response) -> Said {
    let Some(map) = json::object(response.body()) else {
        return Said::nothing();
    };
    let message = json::objects(&map, "errors")
        .find_map(|error| {
            ["message", "detail", "title"]
                .iter()
                .find_map(|name| json::text(error, name))
        })
        .or_else(|| json::text(&map, "message"))
        .or_else(|| json::text(&map, "error"));
    Said {
        codes: Vec::new(),
        message,
    }
}
