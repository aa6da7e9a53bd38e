//! TSG Global: 400 is documented for the MMSC, the rest for the account API beside it.

use super::{ErrorRow, rows};

pub(super) const ROWS: &[ErrorRow] = rows! {
    None, Some(400), Rejected, "the JSON cannot be read", Some("we must not send such a request: please report it");
    None, Some(401), Account, "the credentials are wrong", CREDENTIALS;
    None, Some(402), Account, "the balance is too low", Some("top the account up, then send under a new reference");
    None, Some(403), Account, "not allowed", CREDENTIALS;
    None, Some(404), Rejected, "nothing is here", Some("check the endpoint");
    None, Some(409), Rejected, "a conflict", None;
    None, Some(412), Rejected, "a condition is not met", None;
    None, Some(422), Rejected, "a field does not pass the checks", None;
    None, Some(429), Retry, "too many requests", None;
    None, Some(500), Unknown, "an internal error", None;
    None, Some(502), Unknown, "a gateway between failed", None;
    None, Some(504), Unknown, "a gateway between gave up waiting", None;
};

const CREDENTIALS: Option<&str> =
    Some("check the key: it is the messaging API key of the customer portal");
