//! The account behind a client: its token, its numbers, and questions that may be asked again.

use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use super::super::answer::is_passing;
use super::super::connect::Fault;
use super::super::error::{ConnectFault, SendError};
use super::super::retry::random;
use super::super::{Request, Response, Token, no_such_call};
use super::{Client, host_of};
use crate::message::{Message, PhoneNumber};

impl Client {
    /// A question: connection faults are tried again, an answer that is no yes is the sender's to read. One new token on
    /// 401.
    pub(super) async fn question(
        &self,
        request: Request,
        deadline: Instant,
    ) -> Result<Response, SendError> {
        let mut renewed = false;
        loop {
            let mut authorised = request.clone();
            let lent = self.token(deadline).await?;
            self.sender
                .authorise(&mut authorised, lent.as_ref().map(|lent| &lent.token))?;
            let response = self.plain(authorised, deadline).await?;
            if response.status() == http::StatusCode::UNAUTHORIZED
                && !renewed
                && self.forget_token(lent.as_ref(), deadline).await
            {
                renewed = true;
                continue;
            }
            return Ok(response);
        }
    }

    /// A request as it is, tried again while there is no connection.
    pub(super) async fn plain(
        &self,
        request: Request,
        deadline: Instant,
    ) -> Result<Response, SendError> {
        let mut failed = 0;
        loop {
            let host = host_of(&request);
            let fault = match self.dial(&request, deadline).await {
                Err(fault) => fault,
                Ok(line) => match line.exchange(request.clone(), None, deadline).await {
                    Ok(response) => return Ok(response),
                    Err(Fault::Unsent(fault)) => SendError::NotConnected { host, fault },
                    Err(Fault::Sent(why)) => {
                        return Err(SendError::Unreadable {
                            provider: self.provider(),
                            why,
                        });
                    }
                },
            };
            failed += 1;
            let next = Instant::now() + self.retry.pause(failed, random());
            if failed >= self.retry.attempts || next >= deadline || !is_passing(&fault) {
                return Err(fault);
            }
            sleep_until(next).await;
        }
    }

    /// The token, fetched if there is none that is good for a while; `None` where the provider wants none.
    pub(super) async fn token(&self, deadline: Instant) -> Result<Option<Lent>, SendError> {
        let Some(request) = self.sender.token_request() else {
            return Ok(None);
        };
        let request = request?;
        // Whoever holds it may have more time than we have.
        let waited = timeout_at(deadline, self.shared.token.lock()).await;
        let mut held = waited.map_err(|_| late(&request))?;
        if let Some(good) = held.good() {
            return Ok(Some(good));
        }
        let response = self.plain(request, deadline).await?;
        match self.sender.token(&response) {
            Ok(token) => Ok(Some(held.keep(token))),
            Err(fault) => {
                if let SendError::RetryLater { after, .. } = &fault {
                    self.be_quiet(*after).await?;
                }
                Err(fault)
            }
        }
    }

    /// Whether another token may be better than the one that was refused. Only that one is forgotten: another task may
    /// have fetched a new one meanwhile.
    pub(super) async fn forget_token(&self, refused: Option<&Lent>, deadline: Instant) -> bool {
        let Some(refused) = refused else { return false };
        let Ok(mut held) = timeout_at(deadline, self.shared.token.lock()).await else {
            return false;
        };
        if held.number == refused.number {
            held.token = None;
        }
        true
    }

    pub(super) async fn numbers(&self, deadline: Instant) -> Result<Vec<PhoneNumber>, SendError> {
        let Some(request) = self.sender.numbers_request() else {
            return Err(no_such_call(
                self.provider(),
                "name the number to send from",
            ));
        };
        let response = self.question(request?, deadline).await?;
        self.sender.sending_numbers(&response)
    }

    pub(super) async fn with_looked_up_sender(
        &self,
        message: &Message,
        deadline: Instant,
    ) -> Result<Message, SendError> {
        let waited = timeout_at(deadline, self.shared.from.lock()).await;
        let mut known = match (waited, self.sender.numbers_request()) {
            (Ok(known), _) => known,
            (Err(_), Some(request)) => return Err(late(&request?)),
            (Err(_), None) => return Err(SendError::NoSender),
        };
        let from = match known.as_ref() {
            Some(from) => from.clone(),
            None => {
                let numbers = self.numbers(deadline).await?;
                let from = numbers.into_iter().next().ok_or(SendError::NoSender)?;
                known.insert(from).clone()
            }
        };
        message
            .sent_from(&from.to_string())
            .map_err(|report| SendError::Refused(Box::new(report)))
    }
}

/// The deadline passed before the request could go out.
fn late(request: &Request) -> SendError {
    SendError::NotConnected {
        host: host_of(request),
        fault: ConnectFault::Late,
    }
}

/// The token of the moment.
#[derive(Default)]
pub(super) struct Held {
    token: Option<(Token, Instant)>,
    /// How many there were: two tokens never share it.
    number: u64,
}

/// A token, and which one it is.
pub(super) struct Lent {
    pub(super) token: Token,
    number: u64,
}

/// A token is renewed so long before its end.
const TOKEN_MARGIN: Duration = Duration::from_secs(60);

impl Held {
    fn good(&self) -> Option<Lent> {
        let (token, until) = self.token.as_ref()?;
        (*until > Instant::now()).then(|| Lent {
            token: token.clone(),
            number: self.number,
        })
    }

    fn keep(&mut self, token: Token) -> Lent {
        // A lifetime of years, or of seconds, is as good as the provider says, within reason.
        let lifetime = token.lifetime.min(LONGEST_TOKEN);
        let margin = TOKEN_MARGIN.min(lifetime / 2);
        self.number += 1;
        self.token = Some((token.clone(), Instant::now() + (lifetime - margin)));
        Lent {
            token,
            number: self.number,
        }
    }
}

const LONGEST_TOKEN: Duration = Duration::from_secs(86_400);
