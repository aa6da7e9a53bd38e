//! RingCentral: bytes in a multipart request, a token from a JWT (RFC 7523), the sender by feature, status by message-store.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use serde::Serialize;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::answer::{Asked, Said, declined};
use super::endpoint::segment;
use super::error::{Doubt, SendError};
use super::receipt::{DeliveryStatus, Receipt, RecipientReceipt};
use super::{Endpoint, Request, Response, Secret, Sender, Token, is_for, json};
use crate::message::{Message, PhoneNumber};
use crate::multipart::{Piece, encode};
use crate::provider::Provider;

/// Sends through RingCentral.
#[derive(Clone, Debug)]
pub struct RingCentral {
    client_id: String,
    client_secret: Secret,
    jwt: Secret,
    endpoint: Endpoint,
    multipart: Multipart,
}

/// The outer type of the request: both are documented, the parts are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Multipart {
    /// `multipart/mixed`, as the guide says.
    #[default]
    Mixed,
    /// `multipart/form-data`, as the SDKs send it.
    FormData,
}

const PROVIDER: Provider = Provider::RingCentral;
const PRODUCTION: &str = "https://platform.ringcentral.com";
const TOKEN: &str = "/restapi/oauth/token";
const EXTENSION: &str = "/restapi/v1.0/account/~/extension/~";
const FEATURE: &str = "MmsSender";
/// RFC 7523 §2.1.
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

impl RingCentral {
    /// An app of the developer console and a user's JWT.
    #[must_use]
    pub fn new(
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
        jwt: impl Into<Secret>,
    ) -> Self {
        Self {
            client_id: client_id.into().trim().to_owned(),
            client_secret: client_secret.into(),
            jwt: jwt.into(),
            endpoint: Endpoint::known(PRODUCTION),
            multipart: Multipart::Mixed,
        }
    }

    /// Where the API lies. Default: production, `https://platform.ringcentral.com`.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = endpoint;
        self
    }

    /// The outer type of the request. Default: [`Multipart::Mixed`].
    #[must_use]
    pub fn multipart(mut self, multipart: Multipart) -> Self {
        self.multipart = multipart;
        self
    }

    fn get(&self, path: &str) -> Result<Request, SendError> {
        http::Request::get(self.endpoint.at(path).map_err(SendError::Request)?)
            .header(ACCEPT, "application/json")
            .body(Bytes::new())
            .map_err(SendError::Request)
    }

    fn declined(&self, asked: Asked<'_>, response: &Response) -> SendError {
        self.said_no(asked, response, said(response))
    }

    /// OAuth answers may repeat what they were asked with: the pair of the header, the assertion.
    fn said_no(&self, asked: Asked<'_>, response: &Response, said: Said) -> SendError {
        let secrets = [&self.client_secret, &self.jwt, &self.basic()];
        declined(asked, response, said, &secrets)
    }

    /// RFC 7617 §2: name and password as the header carries them.
    fn basic(&self) -> Secret {
        let pair = format!("{}:{}", self.client_id, self.client_secret.expose());
        Secret::from(STANDARD.encode(pair))
    }
}

#[derive(Serialize)]
struct Envelope<'a> {
    from: Party,
    to: Vec<Party>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Party {
    phone_number: String,
}

impl Party {
    fn of(number: &PhoneNumber) -> Self {
        Self {
            phone_number: number.to_string(),
        }
    }
}

impl Sender for RingCentral {
    fn provider(&self) -> Provider {
        PROVIDER
    }

    fn token_request(&self) -> Option<Result<Request, SendError>> {
        let build = || {
            // RFC 7617 §2: the colon ends the user's name.
            if self.client_id.is_empty() || self.client_id.contains(':') {
                return Err(SendError::Credentials(
                    "the client id is empty or holds a colon",
                ));
            }
            let basic = self.basic().header("Basic ")?;
            let form = form_urlencoded::Serializer::new(String::new())
                .append_pair("grant_type", GRANT)
                .append_pair("assertion", self.jwt.expose())
                .finish();
            http::Request::post(self.endpoint.at(TOKEN).map_err(SendError::Request)?)
                .header(ACCEPT, "application/json")
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(AUTHORIZATION, basic)
                .body(Bytes::from(form))
                .map_err(SendError::Request)
        };
        Some(build())
    }

    fn token(&self, response: &Response) -> Result<Token, SendError> {
        let asked = Asked::Question(PROVIDER);
        if !response.status().is_success() {
            return Err(self.declined(asked, response));
        }
        let map = json::object(response.body()).ok_or_else(|| asked.doubt(Doubt::NotJson))?;
        let secret = match json::field(&map, "access_token") {
            Some(Value::String(token)) if !token.is_empty() => Secret::from(token.as_str()),
            _ => return Err(asked.doubt(Doubt::Incomplete("access_token"))),
        };
        // The sample and the prose of the page disagree: only the answer itself is believed.
        let seconds = json::text(&map, "expires_in")
            .and_then(|seconds| seconds.parse().ok())
            .ok_or_else(|| asked.doubt(Doubt::Incomplete("expires_in")))?;
        Ok(Token {
            secret,
            lifetime: Duration::from_secs(seconds),
        })
    }

    fn numbers_request(&self) -> Option<Result<Request, SendError>> {
        Some(self.get(&format!("{EXTENSION}/phone-number")))
    }

    fn sending_numbers(&self, response: &Response) -> Result<Vec<PhoneNumber>, SendError> {
        let asked = Asked::Question(PROVIDER);
        if !response.status().is_success() {
            return Err(self.declined(asked, response));
        }
        let map = json::object(response.body()).ok_or_else(|| asked.doubt(Doubt::NotJson))?;
        if json::field(&map, "records").is_none() {
            return Err(asked.doubt(Doubt::Incomplete("records")));
        }
        let numbers: Vec<PhoneNumber> = json::objects(&map, "records")
            .filter(|record| {
                json::field(record, "features")
                    .and_then(Value::as_array)
                    .is_some_and(|features| features.iter().any(|feature| feature == FEATURE))
            })
            .filter_map(|record| json::text(record, "phoneNumber")?.parse().ok())
            .collect();
        if numbers.is_empty() {
            return Err(SendError::NoSendingNumber { feature: FEATURE });
        }
        Ok(numbers)
    }

    fn authorise(&self, request: &mut Request, token: Option<&Token>) -> Result<(), SendError> {
        let token = token.ok_or(SendError::Credentials("there is no token yet"))?;
        let value = token.secret.header("Bearer ")?;
        request.headers_mut().insert(AUTHORIZATION, value);
        Ok(())
    }

    fn request(&self, message: &Message) -> Result<Request, SendError> {
        is_for(message, PROVIDER)?;
        let envelope = Envelope {
            from: Party::of(message.from().ok_or(SendError::NoSender)?),
            to: message.to().iter().map(Party::of).collect(),
            text: message.text(),
        };
        let envelope = serde_json::to_vec(&envelope).unwrap_or_default();
        let mut pieces = vec![Piece {
            name: "json",
            file_name: Some("request.json"),
            content_type: "application/json",
            bytes: &envelope,
        }];
        pieces.extend(message.bundle().parts().iter().map(|part| Piece {
            name: "attachment",
            file_name: Some(part.name()),
            content_type: part.content_type(),
            bytes: part.bytes(),
        }));
        let (boundary, body) = encode(&pieces);
        let outer = match self.multipart {
            Multipart::Mixed => "mixed",
            Multipart::FormData => "form-data",
        };
        let uri = self
            .endpoint
            .at(&format!("{EXTENSION}/mms"))
            .map_err(SendError::Request)?;
        http::Request::post(uri)
            .header(ACCEPT, "application/json")
            .header(
                CONTENT_TYPE,
                format!("multipart/{outer}; boundary={boundary}"),
            )
            .body(body)
            .map_err(SendError::Request)
    }

    fn receipt(&self, message: &Message, response: &Response) -> Result<Receipt, SendError> {
        let asked = Asked::Message(message);
        let mut receipt = self.read(asked, response)?;
        receipt.client_reference = Some(message.client_reference().to_owned());
        Ok(receipt)
    }

    fn status_request(&self, id: &str) -> Result<Request, SendError> {
        self.get(&format!("{EXTENSION}/message-store/{}", segment(id)))
    }

    fn status(&self, response: &Response) -> Result<Receipt, SendError> {
        self.read(Asked::Question(PROVIDER), response)
    }
}

impl RingCentral {
    fn read(&self, asked: Asked<'_>, response: &Response) -> Result<Receipt, SendError> {
        if !response.status().is_success() {
            return Err(self.declined(asked, response));
        }
        let map = json::object(response.body()).ok_or_else(|| asked.doubt(Doubt::NotJson))?;
        let Some(id) = json::text(&map, "id") else {
            // A yes by status and an error inside: the error speaks where it is documented.
            return Err(match said(response) {
                said if said.codes.is_empty() => asked.doubt(Doubt::Incomplete("id")),
                said => self.said_no(asked, response, said),
            });
        };
        let recipients: Vec<RecipientReceipt> = json::objects(&map, "to")
            .filter_map(|to| {
                let word = json::text(to, "messageStatus");
                Some(RecipientReceipt {
                    to: json::text(to, "phoneNumber")?,
                    id: None,
                    status: word.as_deref().map_or(DeliveryStatus::Unknown, status_of),
                    provider_status: word,
                })
            })
            .collect();
        let word = json::text(&map, "messageStatus");
        let mut receipt = Receipt::new(
            PROVIDER,
            id,
            word.as_deref().map_or(DeliveryStatus::Unknown, status_of),
        );
        receipt.provider_status = word;
        receipt.failure = json::text(&map, "deliveryErrorCode");
        receipt.from = json::field(&map, "from")
            .and_then(Value::as_object)
            .and_then(|from| json::text(from, "phoneNumber"));
        receipt.recipients = recipients;
        receipt.request_id = header(response, "rcrequestid");
        Ok(receipt)
    }
}

/// The words of message-store.
fn status_of(word: &str) -> DeliveryStatus {
    match word {
        "Queued" => DeliveryStatus::Queued,
        "Sent" => DeliveryStatus::Sent,
        "Delivered" => DeliveryStatus::Delivered,
        "DeliveryFailed" | "SendingFailed" => DeliveryStatus::Failed,
        "Received" => DeliveryStatus::Received,
        _ => DeliveryStatus::Unknown,
    }
}

/// `errorCode` at the top and in `errors`; `error` where OAuth answers (RFC 6749 §5.2).
fn said(response: &Response) -> Said {
    let Some(map) = json::object(response.body()) else {
        return Said::nothing();
    };
    let code = |map: &Map<String, Value>| json::text(map, "errorCode");
    let mut codes: Vec<String> = code(&map).into_iter().collect();
    codes.extend(json::objects(&map, "errors").filter_map(code).take(10));
    codes.extend(json::text(&map, "error"));
    codes.dedup();
    let message = json::text(&map, "message")
        .or_else(|| json::text(&map, "error_description"))
        .or_else(|| json::objects(&map, "errors").find_map(|error| json::text(error, "message")));
    Said { codes, message }
}

fn header(response: &Response, name: &str) -> Option<String> {
    response
        .headers()
        .get(name)
        .and_then(|value| value.to_str().ok())
        .map(json::shown)
}
