//! Why there is no receipt, and what may be done about it.

use std::fmt;
use std::io;
use std::time::Duration;

use super::ledger::LedgerError;
use crate::code::Code;
use crate::provider::Provider;
use crate::report::{Finding, Outcome, Report};

/// Why a message has no receipt.
///
/// [`SendError::may_resend`] says whether the same message may be sent again. No text of it holds a secret or a URL's query.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The message breaks a rule: nothing was sent.
    #[error("the message is refused")]
    Refused(#[source] Box<Report>),
    /// The message was made for another provider: nothing was sent.
    #[error("the message was made for {message}, the sender is for {sender}")]
    OtherProvider {
        /// Whom it was made for.
        message: Provider,
        /// Whom the sender speaks to.
        sender: Provider,
    },
    /// A key, token or name cannot be used: nothing was sent.
    #[error("the credentials cannot be used: {0}")]
    Credentials(&'static str),
    /// The message names no sender and none was looked up: nothing was sent.
    #[error("the message names no sender")]
    NoSender,
    /// None of the account's numbers may send MMS: nothing was sent.
    #[error("no number of the account has the feature {feature}")]
    NoSendingNumber {
        /// The feature that is missing.
        feature: &'static str,
    },
    /// The provider has no call for this.
    #[error("{provider} has no call for that: {instead}")]
    NoSuchCall {
        /// The provider.
        provider: Provider,
        /// What to use in its place.
        instead: &'static str,
    },
    /// The request could not be put together.
    #[error("the request cannot be written")]
    Request(#[source] http::Error),
    /// No connection was made: the message was not sent.
    #[error("no connection to {host}: {fault}")]
    NotConnected {
        /// The host of the endpoint.
        host: String,
        /// What failed.
        fault: ConnectFault,
    },
    /// The provider has declined the message: it will not be delivered.
    #[error("rejected by {0}")]
    Rejected(Box<Answer>),
    /// The provider has not taken the message and asks to come back later.
    #[error("{provider} asks to wait {} s", after.as_secs())]
    RetryLater {
        /// The provider.
        provider: Provider,
        /// How long nothing may be sent.
        after: Duration,
        /// What the provider answered; `None` where its last answer still binds us.
        answer: Option<Box<Answer>>,
    },
    /// The message may have been taken or not: it must not be sent again blindly.
    #[error("the outcome is unknown: {why}")]
    OutcomeUnknown {
        /// The provider.
        provider: Provider,
        /// The caller's reference: what to look for at the provider.
        client_reference: String,
        /// What is known.
        why: Doubt,
    },
    /// An answer to a question, not to a message, is unreadable.
    #[error("the answer of {provider} is unreadable: {why}")]
    Unreadable {
        /// The provider.
        provider: Provider,
        /// What is wrong with it.
        why: Doubt,
    },
    /// The ledger cannot be used: nothing was sent.
    #[error("the ledger cannot be used")]
    Ledger(#[from] LedgerError),
    /// Another message was sent under this reference, or this one is being sent just now.
    #[error("the client reference {reference:?} {why}")]
    Reference {
        /// The reference.
        reference: String,
        /// What stands in the way.
        why: &'static str,
    },
}

/// What failed before there was a connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectFault {
    /// The name has no address.
    #[error("the name does not resolve")]
    Name,
    /// No address answers.
    #[error("{}", .0.kind())]
    Socket(io::Error),
    /// TLS failed.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// The deadline passed before.
    #[error("the deadline passed")]
    Late,
    /// The connection was closed before a byte of the request went out.
    #[error("closed before a byte of the request went out")]
    Closed,
}

/// Why it is not known what became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Doubt {
    /// No answer before the deadline.
    Timeout,
    /// The connection broke after the request was begun.
    Broken,
    /// The answer stopped before its end.
    CutAnswer,
    /// The answer is longer than any that is read.
    LongAnswer,
    /// The answer is not the JSON that it should be.
    NotJson,
    /// The answer lacks what it must say.
    Incomplete(&'static str),
    /// The status of the answer says neither yes nor no.
    Status(u16),
    /// The provider's own code says neither yes nor no.
    Code(String),
    /// The program ended, or the ledger failed, between the request and its answer.
    Interrupted,
    /// The provider says yes, and the ledger could not be told.
    NotRecorded,
    /// The message was sent before, and the ledger keeps this doubt about it.
    Recorded(String),
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("no answer before the deadline"),
            Self::Broken => f.write_str("the connection broke after the request was begun"),
            Self::CutAnswer => f.write_str("the answer stopped before its end"),
            Self::LongAnswer => f.write_str("the answer is longer than 1 MiB"),
            Self::NotJson => f.write_str("the answer is not JSON"),
            Self::Incomplete(what) => write!(f, "the answer lacks {what}"),
            Self::Status(status) => write!(f, "the answer has the status {status}"),
            Self::Code(code) => write!(f, "the answer has the code {code}"),
            Self::Interrupted => {
                f.write_str("the program ended between the request and its answer")
            }
            Self::Recorded(why) => write!(f, "sent before, and {why}"),
            Self::NotRecorded => {
                f.write_str("the provider took the message, and the ledger could not be told")
            }
        }
    }
}

/// What a provider said when it declined.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The provider.
    pub provider: Provider,
    /// The HTTP status.
    pub status: u16,
    /// Its codes, the first one decisive.
    pub codes: Vec<String>,
    /// Its words, without control characters and secrets, at most 300 characters.
    pub message: Option<String>,
    /// What the code means, where it is documented.
    pub meaning: Option<&'static str>,
    /// What to do about it.
    pub help: Option<&'static str>,
}

impl Answer {
    /// An answer that says no by its status and nothing else; a sender fills in what it was told, without its secrets.
    #[must_use]
    pub fn new(provider: Provider, status: u16) -> Self {
        Self {
            provider,
            status,
            codes: Vec::new(),
            message: None,
            meaning: None,
            help: None,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.provider)?;
        match self.codes.first() {
            Some(code) => f.write_str(code)?,
            None => write!(f, "HTTP {}", self.status)?,
        }
        if let Some(meaning) = self.meaning {
            write!(f, ", {meaning}")?;
        }
        if let Some(message) = &self.message {
            write!(f, " ({message})")?;
        }
        Ok(())
    }
}

impl SendError {
    /// The code of the table; `None` where the surroundings or the call are at fault: credentials, endpoint, ledger.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        Some(match self {
            Self::Refused(report) => {
                report
                    .findings
                    .iter()
                    .find(|finding| finding.outcome == Outcome::Refused)?
                    .code
            }
            Self::NoSender | Self::NoSendingNumber { .. } => Code::NumberNotAccepted,
            Self::Rejected(_) => Code::RejectedByProvider,
            Self::RetryLater { .. } | Self::NotConnected { .. } => Code::RetryLater,
            Self::OutcomeUnknown { .. } => Code::OutcomeUnknown,
            Self::Unreadable { .. } => Code::ReplyUnreadable,
            Self::OtherProvider { .. }
            | Self::Credentials(_)
            | Self::NoSuchCall { .. }
            | Self::Request(_)
            | Self::Ledger(_)
            | Self::Reference { .. } => return None,
        })
    }

    /// Whether the same message may be sent again without fear of a second copy.
    #[must_use]
    pub fn may_resend(&self) -> bool {
        !matches!(self, Self::OutcomeUnknown { .. })
    }

    /// What to do.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Refused(_) => "see the findings: each says what to do",
            Self::OtherProvider { .. } => {
                "prepare the attachments for the provider that sends them"
            }
            Self::Credentials(_) => {
                "set the environment variables of the provider anew, without quotes"
            }
            Self::NoSender => "give the number to send from, or let the client look it up",
            Self::NoSendingNumber { .. } => {
                "ask the account's administrator for a number with MMS; toll-free numbers have none"
            }
            Self::NoSuchCall { instead, .. } => instead,
            Self::Request(_) => "please report it",
            Self::NotConnected { .. } => {
                "nothing was sent: check the endpoint and the network, then send again"
            }
            Self::Rejected(answer) => answer
                .help
                .unwrap_or("mend what the provider names, then send again under a new reference"),
            Self::RetryLater { .. } => {
                "nothing was taken: send again after the wait, and nothing before it"
            }
            Self::OutcomeUnknown { .. } => {
                "do not send it again by itself: look for the reference in the provider's log or wait for its callback, then settle it in the ledger"
            }
            Self::Unreadable { .. } => "check the endpoint: something else may be answering",
            Self::Ledger(fault) => fault.help(),
            Self::Reference { .. } => "use another reference for another message",
        }
    }

    /// The error as a finding of a report, where it has a code.
    #[must_use]
    pub fn finding(&self) -> Option<Finding> {
        let finding = Finding::refused(self.code()?, self.to_string()).help(self.help());
        Some(match self {
            Self::RetryLater { after, .. } => finding.observed("retry_after_s", after.as_secs()),
            Self::OutcomeUnknown {
                client_reference, ..
            } => finding.observed("client_reference", client_reference.as_str()),
            Self::Rejected(answer) => finding.observed("codes", answer.codes.clone()),
            _ => finding,
        })
    }
}
