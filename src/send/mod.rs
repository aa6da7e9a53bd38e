//! Sending: message → HTTP request, HTTP response → receipt or error; one client does the I/O.
//!
//! The four senders are pure: they hold keys and turn values into values. [`Client`] alone opens connections. It knows
//! whether a byte of a request was written, sends again only what cannot have been taken, and keeps a [`Ledger`] so that a
//! crash or a second run sends nothing twice.

mod account;
mod answer;
mod carrierx;
mod client;
mod codes;
mod connect;
mod endpoint;
mod error;
mod json;
mod ledger;
mod pace;
mod receipt;
mod retry;
mod ringcentral;
mod secret;
mod shared;
mod show;
mod sinch;
mod stub;
mod tsg_global;

use std::time::Duration;

use bytes::Bytes;

use crate::message::{Message, PhoneNumber};
use crate::provider::Provider;

pub use account::{AccountError, endpoint_name, key_names, sender_from};
pub use carrierx::{CallbackOf, CarrierX};
pub use client::{Client, Upload};
pub use codes::{ErrorClass, ErrorRow, error_rows};
pub use endpoint::{BadEndpoint, Endpoint};
pub use error::{Answer, ConnectFault, Doubt, SendError};
pub use ledger::{Entry, Ledger, LedgerError, State};
pub use receipt::{DeliveryStatus, Receipt, RecipientReceipt};
pub use retry::RetryPolicy;
pub use ringcentral::{Multipart, RingCentral};
pub use secret::Secret;
pub use show::show;
pub use sinch::Sinch;
pub use stub::Stub;
pub use tsg_global::TsgGlobal;

/// A request as it would go out, its whole body in memory: no provider takes more than a few megabytes.
pub type Request = http::Request<Bytes>;

/// A response, its body read whole, at most 1 MiB.
pub type Response = http::Response<Bytes>;

/// A key that the provider lent us for a while.
#[derive(Clone, Debug)]
pub struct Token {
    /// The token.
    pub secret: Secret,
    /// How long it is good for, from the answer on.
    pub lifetime: Duration,
}

/// One provider's way of speaking, without any I/O.
///
/// # Examples
///
/// A sender of one's own, through a gateway in front of a provider:
///
/// ```
/// use mmsfit::send::{Answer, DeliveryStatus, Receipt, RecipientReceipt, Request, Response};
/// use mmsfit::send::{Secret, SendError, Sender, Token};
/// use mmsfit::{Message, Provider};
///
/// struct Gateway {
///     key: Secret,
/// }
///
/// impl Sender for Gateway {
///     fn provider(&self) -> Provider {
///         Provider::Sinch
///     }
///
///     fn authorise(&self, request: &mut Request, _: Option<&Token>) -> Result<(), SendError> {
///         request.headers_mut().insert("x-api-key", self.key.header("")?);
///         Ok(())
///     }
///
///     fn request(&self, message: &Message) -> Result<Request, SendError> {
///         http::Request::post("https://gateway.example.com/mms")
///             .body(message.text().unwrap_or_default().to_owned().into())
///             .map_err(SendError::Request)
///     }
///
///     fn receipt(&self, message: &Message, response: &Response) -> Result<Receipt, SendError> {
///         if !response.status().is_success() {
///             let answer = Answer::new(self.provider(), response.status().as_u16());
///             return Err(SendError::Rejected(Box::new(answer)));
///         }
///         let mut receipt = self.status(response)?;
///         receipt.client_reference = Some(message.client_reference().to_owned());
///         let to = message.to().iter().map(ToString::to_string);
///         receipt.recipients = to.map(|to| RecipientReceipt::new(to, receipt.status)).collect();
///         Ok(receipt)
///     }
///
///     fn status_request(&self, id: &str) -> Result<Request, SendError> {
///         http::Request::get(format!("https://gateway.example.com/mms/{id}"))
///             .body(Default::default())
///             .map_err(SendError::Request)
///     }
///
///     fn status(&self, response: &Response) -> Result<Receipt, SendError> {
///         let id = String::from_utf8_lossy(response.body());
///         Ok(Receipt::new(self.provider(), id, DeliveryStatus::Queued))
///     }
/// }
///
/// let gateway = Gateway { key: "key".into() };
/// let receipt = gateway.status(&http::Response::new("17".into()))?;
/// assert_eq!((receipt.id.as_str(), receipt.status), ("17", DeliveryStatus::Queued));
/// # Ok::<(), SendError>(())
/// ```
pub trait Sender: Send + Sync {
    /// The provider.
    fn provider(&self) -> Provider;

    /// The request that asks for a token, already authorised; `None` where the provider's keys last.
    fn token_request(&self) -> Option<Result<Request, SendError>> {
        None
    }

    /// The token of the answer.
    ///
    /// # Errors
    ///
    /// [`SendError::Rejected`] for wrong credentials, [`SendError::RetryLater`], or [`SendError::Unreadable`].
    fn token(&self, response: &Response) -> Result<Token, SendError> {
        let _ = response;
        Err(no_such_call(self.provider(), "its keys need no token"))
    }

    /// The request that lists the account's numbers, not yet authorised; `None` where there is no such call.
    fn numbers_request(&self) -> Option<Result<Request, SendError>> {
        None
    }

    /// The numbers of the answer that may send MMS.
    ///
    /// # Errors
    ///
    /// [`SendError::Rejected`], [`SendError::RetryLater`] or [`SendError::Unreadable`].
    fn sending_numbers(&self, response: &Response) -> Result<Vec<PhoneNumber>, SendError> {
        let _ = response;
        Err(no_such_call(
            self.provider(),
            "name the number to send from",
        ))
    }

    /// Puts the key or the token into a request, in a header that is never shown.
    ///
    /// # Errors
    ///
    /// [`SendError::Credentials`] where no header can carry it.
    fn authorise(&self, request: &mut Request, token: Option<&Token>) -> Result<(), SendError>;

    /// The request that sends the message, not yet authorised: it holds no secret.
    ///
    /// # Errors
    ///
    /// [`SendError::OtherProvider`] or [`SendError::NoSender`].
    fn request(&self, message: &Message) -> Result<Request, SendError>;

    /// What the provider's answer to that request says.
    ///
    /// # Errors
    ///
    /// [`SendError::Rejected`], [`SendError::RetryLater`], or [`SendError::OutcomeUnknown`] for whatever is no clear yes
    /// or no.
    fn receipt(&self, message: &Message, response: &Response) -> Result<Receipt, SendError>;

    /// The request that asks what became of a message, not yet authorised.
    ///
    /// # Errors
    ///
    /// [`SendError::NoSuchCall`] where the provider tells it in callbacks only.
    fn status_request(&self, id: &str) -> Result<Request, SendError>;

    /// What became of the message.
    ///
    /// # Errors
    ///
    /// [`SendError::Rejected`], [`SendError::RetryLater`] or [`SendError::Unreadable`].
    fn status(&self, response: &Response) -> Result<Receipt, SendError>;
}

fn no_such_call(provider: Provider, instead: &'static str) -> SendError {
    SendError::NoSuchCall { provider, instead }
}

/// Refuses a message that was made for another provider.
fn is_for(message: &Message, sender: Provider) -> Result<(), SendError> {
    if message.provider() == sender {
        return Ok(());
    }
    Err(SendError::OtherProvider {
        message: message.provider(),
        sender,
    })
}
