//! Sinch ep/v2: a URL per slide, one endpoint for every action, failures in the body whatever the HTTP status.

use std::time::SystemTime;

use bytes::Bytes;
use http::HeaderName;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use serde_json::{Map, Value, json as value};

use super::answer::{Asked, Said, declined};
use super::error::{Doubt, SendError};
use super::receipt::{DeliveryStatus, Receipt, RecipientReceipt};
use super::show::iso_8601;
use super::{Endpoint, Request, Response, Secret, Sender, Token, is_for, json, no_such_call};
use crate::message::{Fallback, Message, Slide};
use crate::provider::Provider;

/// Sends through Sinch.
#[derive(Clone, Debug)]
pub struct Sinch {
    api_key: Secret,
    service_id: String,
    endpoint: Endpoint,
    from_mask: Option<String>,
    fallback_link: bool,
    cache_content: bool,
    link_expires: Option<SystemTime>,
}

const PROVIDER: Provider = Provider::Sinch;
const PRODUCTION: &str = "https://api.ci.mblox.com";
const PATH: &str = "/ep/v2/";
const KEY: HeaderName = HeaderName::from_static("x-api-key");

impl Sinch {
    /// The account's API key and the service (campaign) that messages go out under.
    #[must_use]
    pub fn new(api_key: impl Into<Secret>, service_id: impl Into<String>) -> Self {
        Self {
            api_key: api_key.into(),
            service_id: service_id.into().trim().to_owned(),
            endpoint: Endpoint::known(PRODUCTION),
            from_mask: None,
            fallback_link: true,
            cache_content: false,
            link_expires: None,
        }
    }

    /// Where the API lies. Default: `https://api.ci.mblox.com`.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = endpoint;
        self
    }

    /// A name shown in place of the sender's number, where the country's carriers allow it. Default: none.
    #[must_use]
    pub fn from_mask(mut self, mask: impl Into<String>) -> Self {
        self.from_mask = Some(mask.into());
        self
    }

    /// Whether the fallback SMS holds a link to the media. Default: it does.
    #[must_use]
    pub fn fallback_link(mut self, wanted: bool) -> Self {
        self.fallback_link = wanted;
        self
    }

    /// When that link ends. Default: Sinch's own, a year.
    #[must_use]
    pub fn fallback_link_expires(mut self, time: SystemTime) -> Self {
        self.link_expires = Some(time);
        self
    }

    /// Whether Sinch may send what it fetched from the same URL before, without another look. Default: it may not.
    #[must_use]
    pub fn cache_content(mut self, allowed: bool) -> Self {
        self.cache_content = allowed;
        self
    }

    /// The request that saves the message's slides as a template (`savemms`): video and sound are transcoded there.
    ///
    /// # Errors
    ///
    /// [`SendError::OtherProvider`].
    pub fn save_request(&self, name: &str, message: &Message) -> Result<Request, SendError> {
        is_for(message, PROVIDER)?;
        self.post(&SaveMms {
            action: "savemms",
            name,
            cache_content: self.cache_content,
            slide: slides(message),
        })
    }

    /// The id of the template.
    ///
    /// # Errors
    ///
    /// [`SendError::Rejected`], [`SendError::RetryLater`] or [`SendError::Unreadable`].
    pub fn saved(&self, response: &Response) -> Result<String, SendError> {
        let asked = Asked::Question(PROVIDER);
        let map = self.success(asked, response)?;
        json::text(&map, "mms-id").ok_or_else(|| asked.doubt(Doubt::Incomplete("mms-id")))
    }

    /// The request that sends a template (`sendsavedmms`) to the message's recipient, with texts of its own on slides
    /// that are counted from 1. The message's media stay unused. Its answer is read by [`Sender::receipt`].
    ///
    /// # Errors
    ///
    /// [`SendError::OtherProvider`] or [`SendError::NoSender`].
    pub fn send_saved_request(
        &self,
        mms_id: &str,
        texts: &[(u32, &str)],
        message: &Message,
    ) -> Result<Request, SendError> {
        let head = self.head(message)?;
        self.post(&SendSavedMms {
            action: "sendsavedmms",
            mms_id,
            head,
            custom_slides: texts
                .iter()
                .map(|(slide, text)| CustomSlide {
                    custom_slide: slide.to_string(),
                    custom_message_text: text,
                })
                .collect(),
        })
    }

    fn head<'a>(&'a self, message: &'a Message) -> Result<Head<'a>, SendError> {
        is_for(message, PROVIDER)?;
        let from = message.from().ok_or(SendError::NoSender)?;
        let to = message.to().first().ok_or(SendError::NoSender)?;
        if self.service_id.is_empty() {
            return Err(SendError::Credentials("the service id is empty"));
        }
        let (fallback, disable) = match message.fallback() {
            Fallback::Text(text) => (Some(text.as_str()), false),
            Fallback::None | Fallback::Unsaid => (None, true),
        };
        Ok(Head {
            service_id: &self.service_id,
            to: to.written(false),
            from: from.written(false),
            from_mask: self.mask()?,
            message_subject: message.subject(),
            fallback_sms_text: fallback,
            disable_fallback_sms_link: !self.fallback_link,
            disable_fallback_sms: disable,
            fallback_sms_link_expiration: self.link_expires.map(iso_8601),
            mms_expiry_timestamp: message.expires().map(iso_8601),
            client_reference: message.client_reference(),
        })
    }

    /// 11 letters, digits, `_` and `-`, not digits alone: the strictest of the pages.
    fn mask(&self) -> Result<Option<&str>, SendError> {
        let Some(mask) = self.from_mask.as_deref() else {
            return Ok(None);
        };
        let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let fits = (1..=11).contains(&mask.len())
            && mask.bytes().all(known)
            && !mask.bytes().all(|byte| byte.is_ascii_digit());
        fits.then_some(Some(mask)).ok_or(SendError::Credentials(
            "a mask has 1 to 11 letters, digits, `_` and `-`, and not digits alone",
        ))
    }

    fn post(&self, body: &impl Serialize) -> Result<Request, SendError> {
        let body = serde_json::to_vec(body).unwrap_or_default();
        http::Request::post(self.endpoint.at(PATH).map_err(SendError::Request)?)
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .body(Bytes::from(body))
            .map_err(SendError::Request)
    }

    /// The object of an answer that says `success`.
    fn success(
        &self,
        asked: Asked<'_>,
        response: &Response,
    ) -> Result<Map<String, Value>, SendError> {
        let said_no = |said| declined(asked, response, said, &[&self.api_key]);
        let Some(map) = json::object(response.body()) else {
            // Something between us and the API answered: its status is all there is.
            return Err(if response.status().is_success() {
                asked.doubt(Doubt::NotJson)
            } else {
                said_no(Said::nothing())
            });
        };
        let codes: Vec<String> = json::text(&map, "error-code").into_iter().collect();
        let status = json::text(&map, "status").map(|status| status.to_ascii_lowercase());
        match status.as_deref() {
            Some("success") if codes.is_empty() && response.status().is_success() => Ok(map),
            // A failure whose reason is missing may be one behind the queue.
            Some("failure") if codes.is_empty() && response.status().is_success() => {
                Err(asked.doubt(Doubt::Incomplete("error-code")))
            }
            Some("failure") => Err(said_no(Said {
                codes,
                message: json::text(&map, "error-info"),
            })),
            _ if response.status().is_success() => Err(asked.doubt(Doubt::Incomplete("status"))),
            _ => Err(said_no(Said {
                codes,
                message: json::text(&map, "error-info"),
            })),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Head<'a> {
    service_id: &'a str,
    to: String,
    from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_mask: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback_sms_text: Option<&'a str>,
    disable_fallback_sms_link: bool,
    disable_fallback_sms: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback_sms_link_expiration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mms_expiry_timestamp: Option<String>,
    client_reference: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct SendMms<'a> {
    action: &'static str,
    #[serde(flatten)]
    head: Head<'a>,
    cache_content: bool,
    slide: Vec<Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct SaveMms<'a> {
    action: &'static str,
    name: &'a str,
    cache_content: bool,
    slide: Vec<Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct SendSavedMms<'a> {
    action: &'static str,
    mms_id: &'a str,
    #[serde(flatten)]
    head: Head<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    custom_slides: Vec<CustomSlide<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct CustomSlide<'a> {
    custom_slide: String,
    custom_message_text: &'a str,
}

fn slides(message: &Message) -> Vec<Value> {
    message
        .slides()
        .iter()
        .map(|slide| slide_value(slide, message))
        .collect()
}

fn slide_value(slide: &Slide, message: &Message) -> Value {
    let mut object = Map::new();
    for &(slot, part) in &slide.parts {
        if let Some(url) = message.url(part) {
            object.insert(slot.name().to_owned(), value!({ "url": url.as_str() }));
        }
    }
    if let Some(text) = &slide.text {
        object.insert("message-text".to_owned(), Value::from(text.as_str()));
    }
    Value::Object(object)
}

impl Sender for Sinch {
    fn provider(&self) -> Provider {
        PROVIDER
    }

    fn authorise(&self, request: &mut Request, _token: Option<&Token>) -> Result<(), SendError> {
        request.headers_mut().insert(KEY, self.api_key.header("")?);
        Ok(())
    }

    fn request(&self, message: &Message) -> Result<Request, SendError> {
        self.post(&SendMms {
            action: "sendmms",
            head: self.head(message)?,
            cache_content: self.cache_content,
            slide: slides(message),
        })
    }

    fn receipt(&self, message: &Message, response: &Response) -> Result<Receipt, SendError> {
        let asked = Asked::Message(message);
        let map = self.success(asked, response)?;
        let id = json::text(&map, "tracking-id")
            .ok_or_else(|| asked.doubt(Doubt::Incomplete("tracking-id")))?;
        // "success" says that it is queued, no more.
        let mut receipt = Receipt::new(PROVIDER, id, DeliveryStatus::Queued);
        receipt.provider_status = json::text(&map, "status");
        receipt.client_reference = Some(message.client_reference().to_owned());
        receipt.from =
            json::text(&map, "from").or_else(|| message.from().map(|from| from.written(false)));
        receipt.recipients = json::text(&map, "to")
            .or_else(|| message.to().first().map(|to| to.written(false)))
            .map(|to| RecipientReceipt {
                to,
                id: None,
                status: DeliveryStatus::Queued,
                provider_status: None,
            })
            .into_iter()
            .collect();
        Ok(receipt)
    }

    fn status_request(&self, _id: &str) -> Result<Request, SendError> {
        Err(no_such_call(
            PROVIDER,
            "Sinch tells the state in postbacks: receive them with `mmsfit serve`",
        ))
    }

    fn status(&self, _response: &Response) -> Result<Receipt, SendError> {
        Err(no_such_call(
            PROVIDER,
            "Sinch tells the state in postbacks: receive them with `mmsfit serve`",
        ))
    }
}
