//! A sender that sends nothing: it records what would have gone out.

use std::sync::{Arc, Mutex, PoisonError};

use super::receipt::{DeliveryStatus, Receipt, RecipientReceipt};
use super::{Request, Response, SendError, Sender};
use crate::message::Message;

/// Stands in for a client in tests: turns messages into the requests of a real sender, keeps them, and takes every message.
///
/// # Examples
///
/// ```
/// use mmsfit::send::{CarrierX, Stub};
///
/// let stub = Stub::new(CarrierX::new("a token"));
/// assert_eq!(stub.requests().len(), 0);
/// ```
#[derive(Clone)]
pub struct Stub {
    sender: Arc<dyn Sender>,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Stub {
    /// Stands in for a client of this sender.
    #[must_use]
    pub fn new(sender: impl Sender + 'static) -> Self {
        Self {
            sender: Arc::new(sender),
            requests: Arc::default(),
        }
    }

    /// Records the request and takes the message. The id of the receipt is `stub-` and the caller's reference.
    ///
    /// # Errors
    ///
    /// What the sender refuses before it sends.
    pub fn send(&self, message: &Message) -> Result<Receipt, SendError> {
        let request = self.sender.request(message)?;
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(request);
        let id = format!("stub-{}", message.client_reference());
        let mut receipt = Receipt::new(message.provider(), id, DeliveryStatus::Queued);
        receipt.client_reference = Some(message.client_reference().to_owned());
        receipt.from = message.from().map(ToString::to_string);
        receipt.recipients = message
            .to()
            .iter()
            .map(|to| RecipientReceipt {
                to: to.to_string(),
                id: None,
                status: DeliveryStatus::Queued,
                provider_status: None,
            })
            .collect();
        Ok(receipt)
    }

    /// What a provider's answer would be read as.
    ///
    /// # Errors
    ///
    /// As [`Sender::receipt`].
    pub fn answer(&self, message: &Message, response: &Response) -> Result<Receipt, SendError> {
        self.sender.receipt(message, response)
    }

    /// What would have gone out, without keys, in the order of sending.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
