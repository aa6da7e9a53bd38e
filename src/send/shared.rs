//! A shared sender is a sender: the caller that chooses one at run time holds it behind an `Arc`.

use std::sync::Arc;

use super::{Receipt, Request, Response, SendError, Sender, Token};
use crate::message::{Message, PhoneNumber};
use crate::provider::Provider;

impl<S: Sender + ?Sized> Sender for Arc<S> {
    fn provider(&self) -> Provider {
        (**self).provider()
    }

    fn token_request(&self) -> Option<Result<Request, SendError>> {
        (**self).token_request()
    }

    fn token(&self, response: &Response) -> Result<Token, SendError> {
        (**self).token(response)
    }

    fn numbers_request(&self) -> Option<Result<Request, SendError>> {
        (**self).numbers_request()
    }

    fn sending_numbers(&self, response: &Response) -> Result<Vec<PhoneNumber>, SendError> {
        (**self).sending_numbers(response)
    }

    fn authorise(&self, request: &mut Request, token: Option<&Token>) -> Result<(), SendError> {
        (**self).authorise(request, token)
    }

    fn request(&self, message: &Message) -> Result<Request, SendError> {
        (**self).request(message)
    }

    fn receipt(&self, message: &Message, response: &Response) -> Result<Receipt, SendError> {
        (**self).receipt(message, response)
    }

    fn status_request(&self, id: &str) -> Result<Request, SendError> {
        (**self).status_request(id)
    }

    fn status(&self, response: &Response) -> Result<Receipt, SendError> {
        (**self).status(response)
    }
}
