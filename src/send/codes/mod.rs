//! What each documented error of each provider means for the message, as data.

mod carrierx;
mod ringcentral;
mod sinch;
mod tsg_global;

use crate::provider::Provider;

/// What an error says about the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorClass {
    /// The message was not taken, and will not be as it is.
    Rejected,
    /// The message was not taken; it may be sent again by itself, after the wait that the answer or the rules name.
    Retry,
    /// The message was not taken; it may be sent again later, on the caller's word.
    Later,
    /// The message was not taken, as the account may not send: once that is mended, the same message may be sent again.
    Account,
    /// The message was not taken, as the token is not good: one new token, one more try.
    NewToken,
    /// The message may have been taken.
    Unknown,
}

impl ErrorClass {
    /// The word of the listing.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Account => "account",
            Self::Retry => "retry",
            Self::Later => "later",
            Self::NewToken => "new token",
            Self::Unknown => "unknown",
        }
    }
}

/// One documented error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorRow {
    /// The provider's code; `None` for a bare HTTP status.
    pub code: Option<&'static str>,
    /// The HTTP status that it comes with; `None` where the status says nothing.
    pub status: Option<u16>,
    /// What it says about the message.
    pub class: ErrorClass,
    /// What it means.
    pub meaning: &'static str,
    /// What to do, where there is more to do than to read the meaning.
    pub help: Option<&'static str>,
}

/// The documented errors of a provider.
///
/// # Examples
///
/// ```
/// use mmsfit::Provider;
/// use mmsfit::send::{ErrorClass, error_rows};
///
/// let busy = error_rows(Provider::Sinch).iter().find(|row| row.code == Some("E113"));
/// assert_eq!(busy.map(|row| row.class), Some(ErrorClass::Retry));
/// ```
#[must_use]
pub fn error_rows(provider: Provider) -> &'static [ErrorRow] {
    match provider {
        Provider::RingCentral => ringcentral::ROWS,
        Provider::Sinch => sinch::ROWS,
        Provider::CarrierX => carrierx::ROWS,
        Provider::TsgGlobal => tsg_global::ROWS,
    }
}

/// The row of the first code that is known.
pub(super) fn by_code(provider: Provider, codes: &[String]) -> Option<&'static ErrorRow> {
    codes.iter().find_map(|code| {
        error_rows(provider)
            .iter()
            .find(|row| row.code == Some(code.as_str()))
    })
}

/// What a status says by itself: the provider's own row, else RFC 9110 §15.
pub(super) fn by_status(
    provider: Provider,
    status: u16,
) -> (ErrorClass, Option<&'static ErrorRow>) {
    let row = error_rows(provider)
        .iter()
        .find(|row| row.code.is_none() && row.status == Some(status));
    let class = match (row, status) {
        (Some(row), _) => row.class,
        // RFC 6585 §4: too many requests.
        (None, 429) => ErrorClass::Retry,
        // The server gave up waiting for a request that we believe to have written whole.
        (None, 408) => ErrorClass::Unknown,
        // Declined, or not processed there: RFC 9110 §15.5, §15.4.2, §15.4.8, §15.4.9.
        (None, 400..=499 | 301 | 307 | 308) => ErrorClass::Rejected,
        (None, _) => ErrorClass::Unknown,
    };
    (class, row)
}

/// Rows with a code, one line each: code, status, class, meaning, help.
macro_rules! rows {
    ($( $code:expr, $status:expr, $class:ident, $meaning:literal, $help:expr; )*) => {
        &[$( $crate::send::codes::ErrorRow {
            code: $code,
            status: $status,
            class: $crate::send::codes::ErrorClass::$class,
            meaning: $meaning,
            help: $help,
        }, )*]
    };
}
use rows;
