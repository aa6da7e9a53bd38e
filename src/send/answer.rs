//! An answer that is no yes: rejected, later, or in doubt.

use std::time::{Duration, SystemTime};

use http::header::RETRY_AFTER;

use super::codes::{self, ErrorClass, ErrorRow};
use super::error::{Answer, ConnectFault, Doubt, SendError};
use super::json::shown;
use super::{Response, Secret};
use crate::message::Message;
use crate::provider::Provider;

/// What was asked: to take a message, which must never happen twice, or something that may be asked again.
#[derive(Clone, Copy)]
pub(super) enum Asked<'a> {
    Message(&'a Message),
    Question(Provider),
}

impl Asked<'_> {
    fn provider(self) -> Provider {
        match self {
            Self::Message(message) => message.provider(),
            Self::Question(provider) => provider,
        }
    }

    /// How long to wait where an answer asks to wait and does not say how long.
    fn throttle_wait(self) -> Duration {
        let rules = match self {
            Self::Message(message) => message.rules(),
            Self::Question(provider) => provider.rules(),
        };
        Duration::from_millis(rules.sending.throttle_wait.value().get())
    }

    /// The error of an answer that says neither yes nor no.
    pub(super) fn doubt(self, why: Doubt) -> SendError {
        match self {
            Self::Message(message) => SendError::OutcomeUnknown {
                provider: message.provider(),
                client_reference: message.client_reference().to_owned(),
                why,
            },
            Self::Question(provider) => SendError::Unreadable { provider, why },
        }
    }
}

/// What a provider's answer says, where it is no yes.
pub(super) struct Said {
    pub(super) codes: Vec<String>,
    pub(super) message: Option<String>,
}

impl Said {
    pub(super) fn nothing() -> Self {
        Self {
            codes: Vec::new(),
            message: None,
        }
    }
}

/// Turns an answer that is no yes into its error: the code decides, else the status. Nothing of it shows a secret.
pub(super) fn declined(
    asked: Asked<'_>,
    response: &Response,
    said: Said,
    secrets: &[&Secret],
) -> SendError {
    let provider = asked.provider();
    let status = response.status().as_u16();
    let row = codes::by_code(provider, &said.codes);
    let (class, row) = match row {
        Some(row) => (row.class, Some(row)),
        None => by_status(provider, response),
    };
    let shown = |text: &str| {
        let scrubbed = secrets
            .iter()
            .fold(text.to_owned(), |text, secret| secret.scrub(&text));
        shown(&scrubbed)
    };
    let answer = || {
        Box::new(Answer {
            provider,
            status,
            codes: said.codes.iter().map(|code| shown(code)).collect(),
            message: said
                .message
                .as_deref()
                .map(&shown)
                .filter(|text| !text.is_empty()),
            meaning: row.map(|row| row.meaning),
            help: row.and_then(|row| row.help),
        })
    };
    match class {
        ErrorClass::Rejected | ErrorClass::Account | ErrorClass::NewToken => {
            SendError::Rejected(answer())
        }
        ErrorClass::Retry | ErrorClass::Later => SendError::RetryLater {
            provider,
            after: wait(response, asked.throttle_wait()),
            answer: Some(answer()),
        },
        ErrorClass::Unknown => asked.doubt(match said.codes.first() {
            Some(code) => Doubt::Code(shown(code)),
            None => Doubt::Status(status),
        }),
    }
}

/// Whether an error is one of those that a new token may mend.
pub(super) fn wants_new_token(fault: &SendError) -> bool {
    class_of(fault) == Some(ErrorClass::NewToken)
}

/// Whether the account was declined, not the message.
pub(super) fn is_about_the_account(fault: &SendError) -> bool {
    matches!(
        class_of(fault),
        Some(ErrorClass::Account | ErrorClass::NewToken)
    )
}

/// Whether the message may be sent again without asking.
pub(super) fn may_repeat(fault: &SendError) -> bool {
    matches!(fault, SendError::RetryLater { .. }) && class_of(fault) == Some(ErrorClass::Retry)
}

/// Whether a connection may come about at the next try: a certificate that is not trusted will not be then.
pub(super) fn is_passing(fault: &SendError) -> bool {
    match fault {
        SendError::NotConnected { fault, .. } => !matches!(fault, ConnectFault::Tls(_)),
        _ => false,
    }
}

fn class_of(fault: &SendError) -> Option<ErrorClass> {
    let (SendError::Rejected(answer)
    | SendError::RetryLater {
        answer: Some(answer),
        ..
    }) = fault
    else {
        return None;
    };
    let row = codes::by_code(answer.provider, &answer.codes);
    Some(match (row, fault) {
        (Some(row), _) => row.class,
        (None, _) if answer.status == 503 => ErrorClass::Retry,
        (None, _) => codes::by_status(answer.provider, answer.status).0,
    })
}

fn by_status(provider: Provider, response: &Response) -> (ErrorClass, Option<&'static ErrorRow>) {
    let status = response.status().as_u16();
    // RFC 9110 §15.6.4: with Retry-After the server says that it did not do it now. Without, it may have.
    if status == 503 && response.headers().contains_key(RETRY_AFTER) {
        return (ErrorClass::Retry, None);
    }
    codes::by_status(provider, status)
}

/// How long nothing may be sent: as the answer says, at most an hour; the provider's own wait where it says nothing.
fn wait(response: &Response, floor: Duration) -> Duration {
    response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| retry_after(value, SystemTime::now()))
        .filter(|wait| !wait.is_zero())
        .unwrap_or(floor)
        .min(LONGEST_WAIT)
}

/// RFC 9110 §10.2.3: seconds, or a date. A date that has passed is no wait.
fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(value.parse().map_or(LONGEST_WAIT, Duration::from_secs));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn answer(value: Option<&str>) -> Response {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = http::StatusCode::TOO_MANY_REQUESTS;
        if let Some(value) = value {
            let value = http::HeaderValue::from_str(value).expect("a header can carry it");
            response.headers_mut().insert(RETRY_AFTER, value);
        }
        response
    }

    #[test]
    fn a_wait_is_obeyed_capped_and_never_none() {
        let floor = Duration::from_secs(30);
        for (value, wanted) in [
            (Some("7"), Duration::from_secs(7)),
            (Some("60"), Duration::from_secs(60)),
            (Some("1000000000"), LONGEST_WAIT),
            (Some("99999999999999999999999999"), LONGEST_WAIT),
            (Some("Fri, 01 Jan 2100 00:00:00 GMT"), LONGEST_WAIT),
            (Some("Thu, 01 Jan 1970 00:00:00 GMT"), floor),
            (Some("0"), floor),
            (Some("soon"), floor),
            (Some("-5"), floor),
            (None, floor),
        ] {
            assert_eq!(wait(&answer(value), floor), wanted, "{value:?}");
        }
    }

    #[test]
    fn a_date_is_a_wait_from_now_on() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_700);
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now),
            Some(Duration::from_secs(77))
        );
    }
}
