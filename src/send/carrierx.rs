//! CarrierX: a list of URLs, groups, status by id, callback URLs by PATCH.

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use serde::Serialize;
use serde_json::{Value, json as value};
use url::Url;

use super::answer::{Asked, Said, declined};
use super::endpoint::segment;
use super::error::{Doubt, SendError};
use super::receipt::{DeliveryStatus, Receipt, RecipientReceipt};
use super::{Endpoint, Request, Response, Secret, Sender, Token, is_for, json};
use crate::message::Message;
use crate::provider::Provider;

/// Sends through CarrierX.
#[derive(Clone, Debug)]
pub struct CarrierX {
    token: Secret,
    endpoint: Endpoint,
}

/// Whose callbacks a URL is set for; the number's own wins over its group's, that over the partner's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallbackOf {
    /// A partner, by its `partner_sid`.
    Partner(String),
    /// A group of numbers, by its `did_group_sid`.
    DidGroup(String),
    /// A number, by its `did_sid`.
    Did(String),
}

const PROVIDER: Provider = Provider::CarrierX;
const PRODUCTION: &str = "https://api.carrierx.com";
const MESSAGES: &str = "/core/v2/sms/messages";

impl CarrierX {
    /// The partner's security token.
    #[must_use]
    pub fn new(token: impl Into<Secret>) -> Self {
        Self {
            token: token.into(),
            endpoint: Endpoint::known(PRODUCTION),
        }
    }

    /// Where the API lies. Default: `https://api.carrierx.com`.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = endpoint;
        self
    }

    /// The request that sets where callbacks go, not yet authorised.
    ///
    /// # Errors
    ///
    /// [`SendError::Request`] where it cannot be written.
    pub fn callback_request(&self, of: &CallbackOf, url: &Url) -> Result<Request, SendError> {
        let (path, body) = match of {
            CallbackOf::Partner(sid) => (
                format!("/core/v2/partners/{}", segment(sid)),
                value!({ "callbacks": { "sms": url.as_str() } }),
            ),
            CallbackOf::DidGroup(sid) => (
                format!("/core/v2/phonenumber/did_groups/{}", segment(sid)),
                value!({ "callback_url": url.as_str() }),
            ),
            CallbackOf::Did(sid) => (
                format!("/core/v2/phonenumber/dids/{}", segment(sid)),
                value!({ "callback_url": url.as_str() }),
            ),
        };
        self.with_body(http::Method::PATCH, &path, &body)
    }

    /// Reads the answer to [`CarrierX::callback_request`].
    ///
    /// # Errors
    ///
    /// [`SendError::Rejected`], [`SendError::RetryLater`] or [`SendError::Unreadable`].
    pub fn callback_set(&self, response: &Response) -> Result<(), SendError> {
        if response.status().is_success() {
            return Ok(());
        }
        Err(self.declined(Asked::Question(PROVIDER), response))
    }

    fn with_body(
        &self,
        method: http::Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Request, SendError> {
        let body = serde_json::to_vec(body).unwrap_or_default();
        http::Request::builder()
            .method(method)
            .uri(self.endpoint.at(path).map_err(SendError::Request)?)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .body(Bytes::from(body))
            .map_err(SendError::Request)
    }

    fn declined(&self, asked: Asked<'_>, response: &Response) -> SendError {
        declined(asked, response, said(response), &[&self.token])
    }

    fn read(&self, asked: Asked<'_>, response: &Response) -> Result<Receipt, SendError> {
        if !response.status().is_success() {
            return Err(self.declined(asked, response));
        }
        let map = json::object(response.body()).ok_or_else(|| asked.doubt(Doubt::NotJson))?;
        let id = json::text(&map, "message_sid")
            .ok_or_else(|| asked.doubt(Doubt::Incomplete("message_sid")))?;
        let word = json::text(&map, "status");
        let status = word.as_deref().map_or(DeliveryStatus::Unknown, status_of);
        let mut receipt = Receipt::new(PROVIDER, id, status);
        receipt.from = json::text(&map, "from").or_else(|| json::text(&map, "from_did"));
        receipt.client_reference = json::text(&map, "user_data").filter(|text| text != "null");
        let group: Vec<String> = json::field(&map, "group_recipients")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|number| number.as_str().map(str::to_owned))
            .collect();
        let to = if group.is_empty() {
            json::text(&map, "to")
                .or_else(|| json::text(&map, "to_did"))
                .into_iter()
                .collect()
        } else {
            group
        };
        receipt.recipients = to
            .into_iter()
            .map(|to| RecipientReceipt {
                to,
                id: None,
                status,
                provider_status: word.clone(),
            })
            .collect();
        receipt.provider_status = word;
        Ok(receipt)
    }
}

#[derive(Serialize)]
struct SmsMessage<'a> {
    from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    group_recipients: Vec<String>,
    media_urls: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    user_data: &'a str,
}

impl Sender for CarrierX {
    fn provider(&self) -> Provider {
        PROVIDER
    }

    fn authorise(&self, request: &mut Request, _token: Option<&Token>) -> Result<(), SendError> {
        let value = self.token.header("Bearer ")?;
        request.headers_mut().insert(AUTHORIZATION, value);
        Ok(())
    }

    fn request(&self, message: &Message) -> Result<Request, SendError> {
        is_for(message, PROVIDER)?;
        let from = message.from().ok_or(SendError::NoSender)?.written(false);
        let numbers: Vec<String> = message.to().iter().map(|to| to.written(false)).collect();
        let (to, group_recipients) = if message.is_group() {
            (None, numbers)
        } else {
            (numbers.into_iter().next(), Vec::new())
        };
        let body = SmsMessage {
            from,
            to,
            group_recipients,
            media_urls: (0..message.travels().len())
                .filter_map(|part| message.url(part))
                .map(Url::as_str)
                .collect(),
            message: message.text(),
            user_data: message.client_reference(),
        };
        self.with_body(http::Method::POST, MESSAGES, &body)
    }

    fn receipt(&self, message: &Message, response: &Response) -> Result<Receipt, SendError> {
        let mut receipt = self.read(Asked::Message(message), response)?;
        receipt.client_reference = Some(message.client_reference().to_owned());
        Ok(receipt)
    }

    fn status_request(&self, id: &str) -> Result<Request, SendError> {
        let path = format!("{MESSAGES}/{}", segment(id));
        http::Request::get(self.endpoint.at(&path).map_err(SendError::Request)?)
            .header(ACCEPT, "application/json")
            .body(Bytes::new())
            .map_err(SendError::Request)
    }

    fn status(&self, response: &Response) -> Result<Receipt, SendError> {
        self.read(Asked::Question(PROVIDER), response)
    }
}

fn status_of(word: &str) -> DeliveryStatus {
    match word {
        "queued" => DeliveryStatus::Queued,
        "sent" => DeliveryStatus::Sent,
        "delivered" => DeliveryStatus::Delivered,
        "failed" => DeliveryStatus::Failed,
        "received" => DeliveryStatus::Received,
        _ => DeliveryStatus::Unknown,
    }
}

/// `errors` as an object, a list or a text, `message`, or plain text: the page does not say which.
fn said(response: &Response) -> Said {
    let Some(map) = json::object(response.body()) else {
        let text = String::from_utf8_lossy(response.body().get(..1_000).unwrap_or(response.body()));
        // A page of HTML says nothing to a reader of one line.
        let is_text = !text.trim_start().starts_with('<');
        return Said {
            codes: Vec::new(),
            message: is_text.then(|| text.into_owned()),
        };
    };
    let errors = json::field(&map, "errors").map(|errors| match errors {
        Value::String(text) => text.clone(),
        Value::Array(list) => {
            let words: Vec<String> = list
                .iter()
                .take(10)
                .map(|error| {
                    error
                        .as_str()
                        .map_or_else(|| error.to_string(), str::to_owned)
                })
                .collect();
            words.join("; ")
        }
        other => other.to_string(),
    });
    Said {
        codes: Vec::new(),
        message: errors.or_else(|| json::text(&map, "message")),
    }
}
