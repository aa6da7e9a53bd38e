//! RingCentral: errors.md of its documentation, and the per-operation lists of 2018.

use super::{ErrorRow, rows};

pub(super) const ROWS: &[ErrorRow] = rows! {
    Some("CMN-101"), Some(400), Rejected, "a parameter is invalid", None;
    Some("CMN-102"), Some(400), Rejected, "the resource does not exist", None;
    Some("CMN-103"), Some(400), Rejected, "the JSON is invalid", REPORT;
    Some("CMN-104"), Some(400), Rejected, "the request cannot be parsed", REPORT;
    Some("CMN-406"), Some(400), Rejected, "a recipient is named twice", Some("name every recipient once");
    Some("MSG-243"), Some(400), Rejected, "the number is blocked", None;
    Some("MSG-245"), Some(400), Rejected, "the sender's number does not belong to the extension", Some("send from a number of your own extension, or let it be looked up");
    Some("MSG-246"), Some(400), Rejected, "an extension number is no recipient", Some("give the full number, beginning with `+`");
    Some("MSG-247"), Some(400), Rejected, "a short number is no recipient", Some("give the full number, beginning with `+`");
    Some("MSG-337"), Some(400), Rejected, "the attachments are too large together", Some("prepare the attachments anew: the sum may be 1,500,000 bytes");
    Some("MSG-338"), Some(400), Rejected, "the message is too large", Some("prepare the attachments anew: the sum may be 1,500,000 bytes");
    Some("MSG-347"), Some(400), Rejected, "an attachment is empty", REPORT;
    Some("MSG-350"), Some(400), Rejected, "a part has no Content-Disposition", REPORT;
    Some("MSG-351"), Some(400), Rejected, "a part has no file name", REPORT;
    Some("MSG-365"), Some(400), Rejected, "country id and code exclude each other", REPORT;
    Some("MSG-376"), Some(400), Rejected, "the attachments are too large together", Some("prepare the attachments anew: the sum may be 1,500,000 bytes");
    Some("MSG-379"), Some(400), Rejected, "too many attachments", Some("send at most 10 with one message");
    Some("MSG-381"), Some(400), Rejected, "more than 10 recipients", Some("send to smaller groups");
    Some("OAU-128"), Some(401), NewToken, "the access token has expired", CREDENTIALS;
    Some("OAU-129"), Some(401), NewToken, "the access token is corrupt", CREDENTIALS;
    Some("OAU-149"), Some(401), NewToken, "the access token cannot be parsed", CREDENTIALS;
    Some("CMN-405"), Some(401), NewToken, "a login is required", CREDENTIALS;
    Some("BIL-103"), Some(403), Account, "the account has no MMS", Some("ask RingCentral to enable MMS for the account");
    Some("CMN-401"), Some(403), Account, "the app lacks a permission", Some("give the app the permission `SMS`, for status `ReadMessages`");
    Some("CMN-408"), Some(403), Account, "the user lacks a permission", Some("give the user the permission `OutboundSMS`");
    Some("MSG-240"), Some(403), Rejected, "sending to this destination is not allowed", None;
    Some("MSG-242"), Some(403), Rejected, "sending from this number is not allowed", None;
    Some("MSG-304"), Some(403), Rejected, "the account may not send this message", None;
    Some("MSG-314"), Some(403), Rejected, "the account may not send to this destination", None;
    Some("MSG-367"), Some(403), Rejected, "international MMS is off", Some("send to a number of the sender's own country");
    Some("MSG-383"), Some(403), Account, "the account's limit is reached", None;
    Some("MSG-384"), Some(403), Account, "sending is prohibited for the account", None;
    Some("MSG-388"), Some(403), Rejected, "sending is prohibited for the number", None;
    Some("MSG-348"), Some(415), Rejected, "the type of an attachment is not supported", Some("prepare the attachments anew: RingCentral's list of types may be shorter for this account");
    Some("CMN-301"), Some(429), Retry, "too many requests", None;
    Some("CMN-302"), Some(429), Retry, "too many requests for the account", None;
    Some("CMN-303"), Some(429), Retry, "too many requests for the app", None;
    // The first of the two may go through, so this one is not sent by itself.
    Some("CMN-304"), Some(429), Later, "the same request is being worked on", Some("wait for the first one's outcome");
    Some("CMN-310"), Some(429), Retry, "too many requests of this group", None;
    Some("MSG-305"), Some(429), Retry, "too many messages", None;
    Some("MSG-290"), Some(503), Retry, "sending failed, try later", None;
    // OAuth, RFC 6749 §5.2.
    Some("invalid_grant"), Some(400), Account, "the JWT is invalid, expired or revoked", CREDENTIALS;
    Some("invalid_client"), Some(401), Account, "client id or secret are wrong", CREDENTIALS;
    Some("invalid_request"), Some(400), Rejected, "the token request is malformed", CREDENTIALS;
    Some("unauthorized_client"), Some(400), Account, "the app may not use JWT", CREDENTIALS;
    Some("unsupported_grant_type"), Some(400), Account, "the app may not use JWT", CREDENTIALS;
    Some("invalid_scope"), Some(400), Account, "the app lacks a permission", CREDENTIALS;
    None, Some(401), NewToken, "not authorised", CREDENTIALS;
    None, Some(429), Retry, "too many requests", None;
    None, Some(500), Unknown, "an internal error", None;
    None, Some(502), Unknown, "a gateway between failed", None;
    None, Some(504), Unknown, "a gateway between gave up waiting", None;
};

const CREDENTIALS: Option<&str> = Some(
    "check client id, client secret and JWT: they belong to one app and one environment, production or sandbox",
);
const REPORT: Option<&str> = Some("we must not send such a request: please report it");
