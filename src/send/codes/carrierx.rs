//! CarrierX: no codes of its own, the HTTP statuses of its page on responses.

use super::{ErrorRow, rows};

pub(super) const ROWS: &[ErrorRow] = rows! {
    None, Some(400), Rejected, "a bad request, or no JSON", None;
    None, Some(401), Account, "the credentials are wrong", CREDENTIALS;
    None, Some(403), Account, "not allowed", Some("the token needs the scope `sms.manage` or `sms.create`, and the number the capability to send MMS");
    None, Some(404), Rejected, "nothing has this id", None;
    None, Some(409), Later, "a conflict: the request may be sent again later", None;
    None, Some(415), Rejected, "the content type is not JSON", Some("we must not send such a request: please report it");
    None, Some(422), Rejected, "a field does not pass the checks", None;
    None, Some(429), Retry, "too many requests", None;
    None, Some(500), Unknown, "an internal error", None;
    None, Some(502), Unknown, "a gateway between failed", None;
    None, Some(504), Unknown, "a gateway between gave up waiting", None;
};

const CREDENTIALS: Option<&str> =
    Some("check the security token: it is the partner's, from the portal");
