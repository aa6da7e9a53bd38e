//! The one client: connections, tokens, pace, retries and the ledger around a sender that only turns values into values.

mod account;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use http::header::AUTHORIZATION;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

use super::answer::{is_about_the_account, is_passing, may_repeat, wants_new_token};
use super::connect::{Dialer, Fault, Line, Watcher};
use super::error::{Doubt, SendError};
use super::ledger::{Begin, Entry, Ledger, LedgerError, State, Ticket};
use super::pace::Gate;
use super::receipt::Receipt;
use super::retry::{RetryPolicy, random};
use super::{Request, Response, Sender, Token, show};
use crate::message::{Message, PhoneNumber};
use crate::provider::{Provider, SendRules};
use crate::units::DAY;
use account::Held;

/// Sends messages through one provider's account.
///
/// A clone shares token, pace and ledger with its original. It wants a Tokio runtime with I/O and time.
///
/// # Examples
///
/// ```no_run
/// use mmsfit::send::{Client, Ledger, RingCentral};
/// # use mmsfit::Message;
///
/// # async fn run(message: Message) -> Result<(), Box<dyn std::error::Error>> {
/// let sender = RingCentral::new("client id", "client secret", "JWT");
/// let client = Client::new(sender).ledger(Ledger::open("sent.redb")?);
/// let receipt = client.send(&message).await?;
/// println!("{} is {}", receipt.id, receipt.status.name());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    sender: Arc<dyn Sender>,
    ledger: Option<Ledger>,
    dialer: Arc<Dialer>,
    shared: Arc<Shared>,
    timeout: Duration,
    retry: RetryPolicy,
    watcher: Option<Watcher>,
}

#[derive(Default)]
struct Shared {
    gate: Gate,
    /// Held while a token is fetched: those who come meanwhile wait for the same one.
    token: Mutex<Held>,
    from: Mutex<Option<PhoneNumber>>,
}

/// How far the writing of a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Upload {
    /// Bytes of the request that were written.
    pub written_bytes: u64,
    /// Bytes of its body.
    pub total_bytes: u64,
}

/// The longest wait that is doubled up to.
const LONGEST_UNSAID: Duration = Duration::from_secs(60);
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

impl Client {
    /// A client of this sender, without a ledger: after a crash nobody knows what was sent.
    #[must_use]
    pub fn new(sender: impl Sender + 'static) -> Self {
        Self {
            sender: Arc::new(sender),
            ledger: None,
            dialer: Arc::new(Dialer::new(CONNECT_WITHIN)),
            shared: Arc::default(),
            timeout: Duration::from_secs(30),
            retry: RetryPolicy::default(),
            watcher: None,
        }
    }

    /// Where every message is recorded before it is sent. Default: nowhere.
    #[must_use]
    pub fn ledger(mut self, ledger: Ledger) -> Self {
        self.ledger = Some(ledger);
        self
    }

    /// How long one message may take, waits and retries counted: a day at most. Default: 30 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout.min(DAY);
        self
    }

    /// How often a message is tried that was certainly not taken. Default: [`RetryPolicy::default`].
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// A root certificate, DER, to trust beside the platform's. Default: none.
    #[must_use]
    pub fn trust(mut self, root: impl Into<Vec<u8>>) -> Self {
        let mut dialer = self.dialer.renewed();
        dialer.trust(root.into());
        self.dialer = Arc::new(dialer);
        self
    }

    /// Is told how far each upload has come. It must not block. Default: nobody is.
    #[must_use]
    pub fn on_upload(mut self, told: impl Fn(Upload) + Send + Sync + 'static) -> Self {
        self.watcher = Some(Arc::new(move |written_bytes, total_bytes| {
            told(Upload {
                written_bytes,
                total_bytes,
            });
        }));
        self
    }

    /// The provider.
    #[must_use]
    pub fn provider(&self) -> Provider {
        self.sender.provider()
    }

    /// Sends a message once.
    ///
    /// A message whose client reference the ledger knows is answered from it, and not sent again. A future that is dropped
    /// after the request was begun leaves the message unknown.
    ///
    /// # Errors
    ///
    /// [`SendError`]; only after [`SendError::OutcomeUnknown`] may a second sending reach the recipient twice.
    pub async fn send(&self, message: &Message) -> Result<Receipt, SendError> {
        self.recorded(message, None).await
    }

    /// Sends a message by a request of another kind, such as `Sinch::send_saved_request`, with the same care: to the
    /// ledger, the same message by another request is another message.
    ///
    /// # Errors
    ///
    /// As [`Client::send`].
    pub async fn send_by(
        &self,
        message: &Message,
        request: &Request,
    ) -> Result<Receipt, SendError> {
        self.recorded(message, Some(request)).await
    }

    /// What became of a message, by the id of its receipt.
    ///
    /// # Errors
    ///
    /// [`SendError::NoSuchCall`] where the provider tells it in callbacks only; otherwise as [`Client::ask`].
    pub async fn status(&self, id: &str) -> Result<Receipt, SendError> {
        let request = self.sender.status_request(id)?;
        let response = self.ask(request).await?;
        self.sender.status(&response)
    }

    /// The account's numbers that may send MMS, where the provider has such a call.
    ///
    /// # Errors
    ///
    /// [`SendError::NoSuchCall`] where it has none; otherwise as [`Client::ask`].
    pub async fn sending_numbers(&self) -> Result<Vec<PhoneNumber>, SendError> {
        let deadline = Instant::now() + self.timeout;
        self.numbers(deadline).await
    }

    /// Makes a request that may be made again: a status, a template, a callback URL. It is authorised here.
    ///
    /// # Errors
    ///
    /// [`SendError::NotConnected`], [`SendError::Unreadable`], or what the token request is answered with. A status of the
    /// answer that says no is no error here: the sender reads it.
    pub async fn ask(&self, request: Request) -> Result<Response, SendError> {
        let deadline = Instant::now() + self.timeout;
        self.question(request, deadline).await
    }

    /// The request as it would go out, keys hidden. Nothing is sent.
    ///
    /// # Errors
    ///
    /// What the sender refuses before it sends, such as [`SendError::NoSender`].
    pub fn preview(&self, message: &Message) -> Result<String, SendError> {
        let mut request = self.sender.request(message)?;
        if self.sender.token_request().is_some() {
            let mut hidden = HeaderValue::from_static("Bearer token");
            hidden.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, hidden);
        } else {
            self.sender.authorise(&mut request, None)?;
        }
        Ok(show(&request))
    }

    async fn recorded(
        &self,
        message: &Message,
        by: Option<&Request>,
    ) -> Result<Receipt, SendError> {
        super::is_for(message, self.provider())?;
        let deadline = Instant::now() + self.timeout;
        let mut ticket = match &self.ledger {
            None => None,
            Some(ledger) => {
                let (ledger, own, by) = (ledger.clone(), message.clone(), by.cloned());
                match blocking(move || ledger.begin(&own, by.as_ref())).await? {
                    Begin::Go(ticket) => Some(ticket),
                    Begin::Known(entry, receipt, answer) => {
                        return known(message, &entry, receipt, answer);
                    }
                    Begin::Taken(why) => {
                        return Err(SendError::Reference {
                            reference: message.client_reference().to_owned(),
                            why,
                        });
                    }
                }
            }
        };
        let outcome = self.tries(message, by, &mut ticket, deadline).await;
        let Some(mut ticket) = ticket else {
            return outcome;
        };
        let (outcome, recorded) = blocking(move || {
            let recorded = match &outcome {
                Ok(receipt) => ticket.accepted(receipt),
                // The message itself was declined, not the account or its token.
                Err(fault @ SendError::Rejected(answer))
                    if ticket.is_written() && !is_about_the_account(fault) =>
                {
                    ticket.rejected(answer)
                }
                Err(SendError::OutcomeUnknown { why, .. }) => ticket.unknown(why),
                Err(_) => ticket.released(),
            };
            Ok((outcome, recorded))
        })
        .await?;
        match (outcome, recorded) {
            (outcome, Ok(())) => outcome,
            // The ledger says "written", which the next look at it will call unknown: so must we.
            (Ok(_), Err(_)) => Err(unknown(message, Doubt::NotRecorded)),
            (Err(fault), Err(_)) => Err(fault),
        }
    }

    async fn tries(
        &self,
        message: &Message,
        by: Option<&Request>,
        ticket: &mut Option<Ticket>,
        deadline: Instant,
    ) -> Result<Receipt, SendError> {
        self.still_quiet().await?;
        let mut renewed = false;
        let mut failed = 0;
        loop {
            let lent = self.token(deadline).await?;
            let token = lent.as_ref().map(|lent| &lent.token);
            let fault = match self.one_try(message, by, ticket, token, deadline).await {
                Ok(receipt) => return Ok(receipt),
                Err(fault) => fault,
            };
            if ticket_needs_release(&fault) {
                release(ticket).await?;
            }
            if let SendError::RetryLater {
                after,
                answer: Some(_),
                ..
            } = &fault
            {
                self.be_quiet(*after).await?;
            }
            if !renewed
                && wants_new_token(&fault)
                && self.forget_token(lent.as_ref(), deadline).await
            {
                renewed = true;
                continue;
            }
            failed += 1;
            let repeats = may_repeat(&fault) || is_passing(&fault);
            if !repeats || failed >= self.retry.attempts {
                return Err(fault);
            }
            let pause = self.pause(&fault, failed, message);
            let next = Instant::now() + pause.min(DAY);
            if next >= deadline {
                return Err(fault);
            }
            sleep_until(next).await;
        }
    }

    /// How long to wait before the next try. Where the provider asks for a wait and does not say how long, it doubles.
    fn pause(&self, fault: &SendError, failed: u32, message: &Message) -> Duration {
        let own = self.retry.pause(failed, random());
        let SendError::RetryLater { after, .. } = fault else {
            return own;
        };
        let unsaid = Duration::from_millis(message.rules().sending.throttle_wait.value().get());
        if *after != unsaid {
            return own.max(*after);
        }
        let doubled = 1_u32
            .checked_shl(failed.saturating_sub(1))
            .unwrap_or(u32::MAX);
        own.max(
            unsaid
                .saturating_mul(doubled)
                .min(LONGEST_UNSAID.max(unsaid)),
        )
    }

    async fn one_try(
        &self,
        message: &Message,
        by: Option<&Request>,
        ticket: &mut Option<Ticket>,
        token: Option<&Token>,
        deadline: Instant,
    ) -> Result<Receipt, SendError> {
        let rules = &message.rules().sending.clone();
        let looked_up;
        let message = if message.from().is_none() && rules.sender_looked_up.value() {
            looked_up = self.with_looked_up_sender(message, deadline).await?;
            &looked_up
        } else {
            message
        };
        let mut request = match by {
            Some(request) => request.clone(),
            None => self.sender.request(message)?,
        };
        self.sender.authorise(&mut request, token)?;
        self.gate(rules, deadline).await?;
        let line = self.dial(&request, deadline).await?;
        // From here on a crash leaves "written": the first byte follows.
        if let Some(open) = ticket.take() {
            let (open, recorded) = blocking(move || {
                let mut open = open;
                let recorded = open.written();
                Ok((open, recorded))
            })
            .await?;
            *ticket = Some(open);
            recorded?;
        }
        let host = host_of(&request);
        match line.exchange(request, self.watcher.clone(), deadline).await {
            Ok(response) => self.sender.receipt(message, &response),
            Err(Fault::Unsent(fault)) => Err(SendError::NotConnected { host, fault }),
            Err(Fault::Sent(doubt)) => Err(unknown(message, doubt)),
        }
    }

    async fn dial(&self, request: &Request, deadline: Instant) -> Result<Line, SendError> {
        self.dialer
            .dial(request.uri(), deadline)
            .await
            .map_err(|fault| SendError::NotConnected {
                host: host_of(request),
                fault,
            })
    }

    async fn gate(&self, rules: &SendRules, deadline: Instant) -> Result<(), SendError> {
        self.shared
            .gate
            .pass(rules, deadline)
            .await
            .map_err(|shut| SendError::RetryLater {
                provider: self.provider(),
                after: shut.wait,
                answer: None,
            })
    }

    /// The wait that an earlier run of the program was told.
    async fn still_quiet(&self) -> Result<(), SendError> {
        let Some(ledger) = self.ledger.clone() else {
            return Ok(());
        };
        let provider = self.provider();
        let wait = blocking(move || ledger.quiet(provider)).await?;
        if !wait.is_zero() {
            self.shared.gate.quiet_for(wait);
        }
        Ok(())
    }

    async fn be_quiet(&self, wait: Duration) -> Result<(), SendError> {
        let wait = wait.min(DAY);
        self.shared.gate.quiet_for(wait);
        let Some(ledger) = self.ledger.clone() else {
            return Ok(());
        };
        let provider = self.provider();
        blocking(move || ledger.quiet_for(provider, wait)).await?;
        Ok(())
    }
}

/// An error that leaves no doubt that nothing was taken.
fn ticket_needs_release(fault: &SendError) -> bool {
    !matches!(
        fault,
        SendError::OutcomeUnknown { .. } | SendError::Rejected(_)
    ) || wants_new_token(fault)
}

async fn release(ticket: &mut Option<Ticket>) -> Result<(), SendError> {
    let Some(open) = ticket.take() else {
        return Ok(());
    };
    let (open, recorded) = blocking(move || {
        let mut open = open;
        let recorded = open.released();
        Ok((open, recorded))
    })
    .await?;
    *ticket = Some(open);
    recorded?;
    Ok(())
}

/// What the ledger says of a message that was sent before.
fn known(
    message: &Message,
    entry: &Entry,
    receipt: Option<Receipt>,
    answer: Option<super::Answer>,
) -> Result<Receipt, SendError> {
    match (entry.state, receipt, answer) {
        (State::Accepted, Some(receipt), _) => Ok(receipt),
        (State::Rejected, _, Some(answer)) => Err(SendError::Rejected(Box::new(answer))),
        _ => Err(unknown(
            message,
            match &entry.why {
                Some(why) => Doubt::Recorded(why.clone()),
                None => Doubt::Interrupted,
            },
        )),
    }
}

fn unknown(message: &Message, why: Doubt) -> SendError {
    SendError::OutcomeUnknown {
        provider: message.provider(),
        client_reference: message.client_reference().to_owned(),
        why,
    }
}

fn host_of(request: &Request) -> String {
    request.uri().host().unwrap_or_default().to_owned()
}

/// Disk work, off the threads that serve sockets.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LedgerError> + Send + 'static,
) -> Result<T, SendError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(SendError::Ledger(LedgerError::Stopped)),
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("provider", &self.provider().name())
            .field("ledger", &self.ledger)
            .field("timeout", &self.timeout)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}
