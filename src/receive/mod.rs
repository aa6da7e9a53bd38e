//! What providers call back with: delivery reports and incoming messages, read into one kind of event.
//!
//! Reading is pure: [`receive`] turns a request's parts into events or says why it cannot. Keeping them is [`EventSink`]'s:
//! nothing is answered with a 2xx before it is durable.

mod carrierx;
mod event;
mod fields;
mod forward;
mod journal;
mod ringcentral;
mod secret;
mod sinch;
mod sink;
mod tsg_global;

use http::HeaderMap;
use serde_json::Value;

pub use event::Event;
pub use forward::ForwardReport;
pub use journal::JournalFault;
pub use secret::{SecretFault, WebhookSecret};
pub use sink::{EventSink, Kept, SinkFault};

use crate::provider::Provider;

/// The longest body of a callback that is read.
pub const MAX_BODY_BYTES: usize = 1 << 20;

/// A callback as it came.
#[derive(Clone, Copy, Debug)]
pub struct Callback<'a> {
    /// The header fields.
    pub headers: &'a HeaderMap,
    /// The query of the URL, without its question mark.
    pub query: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

/// What a callback says.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Received {
    /// Something happened to messages.
    Events(Vec<Event>),
    /// The provider asks whether this address is ours (RingCentral): the answer is a 200 that carries this token in its
    /// `Validation-Token` field.
    Handshake {
        /// The token to echo.
        token: String,
    },
}

/// Why a callback cannot be read. None of it is kept: the provider hears a 4xx.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// The body is longer than any callback is.
    #[error("the body has more than {MAX_BODY_BYTES} bytes")]
    TooLarge,
    /// The body is compressed or otherwise coded.
    #[error("the body has a content coding")]
    Coded,
    /// The body is no JSON.
    #[error("the body is no JSON (line {line}, column {column})")]
    NotJson {
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
    },
    /// The body is JSON of another shape.
    #[error("the body has no {0}")]
    Missing(&'static str),
    /// A token that no header can hold.
    #[error("the validation token cannot be echoed")]
    Token,
}

/// Reads a callback of a provider.
///
/// # Errors
///
/// It is not what that provider sends.
///
/// # Examples
///
/// ```
/// use mmsfit::Provider;
/// use mmsfit::receive::{Callback, Received, receive};
/// use mmsfit::send::DeliveryStatus;
///
/// let body = br#"{"origin":"MMS_MT","code":"N102","tracking-id":"MMS-1","to":"15551230001"}"#;
/// let callback = Callback { headers: &http::HeaderMap::new(), query: None, body };
/// let Received::Events(events) = receive(Provider::Sinch, &callback)? else { panic!("no handshake") };
/// assert_eq!(events[0].status, DeliveryStatus::Delivered);
/// assert_eq!(events[0].to, ["+15551230001"]);
/// # Ok::<(), mmsfit::receive::ReceiveError>(())
/// ```
pub fn receive(provider: Provider, callback: &Callback<'_>) -> Result<Received, ReceiveError> {
    if callback.body.len() > MAX_BODY_BYTES {
        return Err(ReceiveError::TooLarge);
    }
    if callback
        .headers
        .contains_key(http::header::CONTENT_ENCODING)
    {
        return Err(ReceiveError::Coded);
    }
    match provider {
        Provider::RingCentral => ringcentral::receive(callback),
        Provider::Sinch => sinch::receive(&json(callback.body)?).map(Received::Events),
        Provider::CarrierX => carrierx::receive(&json(callback.body)?).map(Received::Events),
        Provider::TsgGlobal => tsg_global::receive(&json(callback.body)?).map(Received::Events),
    }
}

/// Reads JSON; nesting is bounded by the reader at 128 levels.
fn json(body: &[u8]) -> Result<Value, ReceiveError> {
    // A byte order mark is no JSON (RFC 8259, clause 8.1), yet some writers put one.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    serde_json::from_slice(body).map_err(|fault| ReceiveError::NotJson {
        line: fault.line(),
        column: fault.column(),
    })
}
