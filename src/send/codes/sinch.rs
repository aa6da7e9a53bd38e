//! Sinch ep/v2: the list of the JSON API up to E341, that of the XML API behind it.

use super::{ErrorRow, rows};

pub(super) const ROWS: &[ErrorRow] = rows! {
    Some("E100"), None, Rejected, "the request is bad", REPORT;
    Some("E103"), None, Account, "the account is blocked", Some("ask Sinch");
    Some("E104"), None, Account, "the API key is wrong", CREDENTIALS;
    Some("E105"), None, Account, "the account has no access to the API", Some("ask Sinch");
    Some("E106"), None, Retry, "too soon after the last call", None;
    Some("E107"), None, Account, "the action is not allowed", Some("ask Sinch which actions the account may use");
    Some("E108"), None, Rejected, "the JSON cannot be parsed", REPORT;
    Some("E110"), None, Rejected, "the recipient's number is bad", None;
    Some("E111"), None, Rejected, "the sender's number is bad", Some("send from a number or short code of the service");
    Some("E112"), None, Account, "this address may not call the API", Some("add this machine's public address to the account's list");
    Some("E113"), None, Retry, "the throughput is exceeded", None;
    Some("E114"), None, Rejected, "the recipient has opted out", Some("do not send to this number");
    Some("E115"), None, Rejected, "the mask is too long", None;
    Some("E223"), None, Rejected, "more than one object in a slide", REPORT;
    Some("E224"), None, Rejected, "an object beside other media in a slide", REPORT;
    Some("E225"), None, Rejected, "too many slides", None;
    Some("E226"), None, Rejected, "sound and video in one slide", REPORT;
    Some("E227"), None, Rejected, "picture and video in one slide", REPORT;
    Some("E228"), None, Rejected, "the text of a slide is too long", None;
    Some("E229"), None, Rejected, "content that is not allowed", None;
    Some("E230"), None, Rejected, "the duration is not allowed", None;
    Some("E241"), None, Rejected, "no such saved message", None;
    Some("E311"), None, Rejected, "the name of the saved message is bad", None;
    Some("E312"), None, Rejected, "no slides, or too many", None;
    Some("E313"), None, Rejected, "a slide is empty", REPORT;
    Some("E314"), None, Rejected, "the subject is bad", Some("write the subject in ASCII, at most 80 characters");
    Some("E331"), None, Rejected, "a picture is too large", SIZE;
    Some("E332"), None, Rejected, "a sound is too large", SIZE;
    Some("E333"), None, Rejected, "a video is too large", SIZE;
    Some("E334"), None, Rejected, "a text is too large", SIZE;
    Some("E335"), None, Rejected, "a contact card is too large", SIZE;
    Some("E336"), None, Rejected, "a calendar is too large", SIZE;
    Some("E337"), None, Rejected, "a PDF is too large", SIZE;
    Some("E338"), None, Rejected, "a pass is too large", SIZE;
    Some("E341"), None, Rejected, "a picture is corrupt", None;
    Some("E351"), None, Rejected, "a picture could not be fetched", FETCH;
    Some("E352"), None, Rejected, "a sound could not be fetched", FETCH;
    Some("E353"), None, Rejected, "a video could not be fetched", FETCH;
    Some("E354"), None, Rejected, "a text could not be fetched", FETCH;
    Some("E355"), None, Rejected, "a contact card could not be fetched", FETCH;
    Some("E356"), None, Rejected, "a calendar could not be fetched", FETCH;
    Some("E357"), None, Rejected, "a PDF could not be fetched", FETCH;
    Some("E358"), None, Rejected, "a pass could not be fetched", FETCH;
    // "Internal error" does not say on which side of the queue.
    Some("E503"), None, Unknown, "an internal error", None;
    Some("E618"), None, Retry, "the carrier could not be looked up", None;
    Some("E619"), None, Rejected, "not provisioned for this carrier", None;
    Some("E620"), None, Rejected, "a field is missing", REPORT;
    Some("E622"), None, Rejected, "the fallback text is missing", Some("give a fallback text, or say that there is none");
    Some("E626"), None, Retry, "the saved message is still being encoded", None;
    Some("E627"), None, Account, "the service id is wrong or missing", CREDENTIALS;
    Some("E628"), None, Rejected, "the carrier is not supported", None;
    Some("E629"), None, Rejected, "the content type is not recognised", Some("serve the part with its own content type");
    Some("E650"), None, Rejected, "the operator id is wrong", None;
    Some("E651"), None, Rejected, "the operator id is missing", None;
};

const CREDENTIALS: Option<&str> =
    Some("check API key and service id: they belong to one account and one campaign");
const REPORT: Option<&str> = Some("we must not send such a request: please report it");
const SIZE: Option<&str> =
    Some("prepare the attachments anew, with a smaller target: the account's limits may be lower");
const FETCH: Option<&str> = Some(
    "verify the URL with `mmsfit verify-url --provider sinch`, then send under a new reference",
);
