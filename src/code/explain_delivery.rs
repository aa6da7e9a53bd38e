//! The explanations of MMS501 to MMS901: remote URLs, messages, sending, our own faults. Pure data.

use super::explain::{Explanation, ProviderCode};
use crate::provider::Provider::{CarrierX, RingCentral, Sinch, TsgGlobal};
use crate::provider::Source;

pub(super) const URL_SCHEME: Explanation = Explanation {
    meaning: "The URL is not https, or carries a user name or password.",
    why: "Over plain HTTP the bytes can be changed on the way; other schemes reach no public server.",
    provider_codes: &[],
    we: "Refuse the URL without contacting anybody.",
    you: "Serve the file over https, without credentials in the URL.",
    sources: &[],
    standards: &["RFC 9110, clause 4.2.4 (userinfo in http and https URLs)"],
    since: "0.1.0",
};

pub(super) const ADDRESS_NOT_PUBLIC: Explanation = Explanation {
    meaning: "The host's name leads to an address that is not on the public internet: loopback, private, link-local or reserved.",
    why: "The provider cannot fetch from there; and a URL of a stranger must not make us knock on doors inside the network.",
    provider_codes: &[ProviderCode {
        provider: Sinch,
        code: "E351",
        says: "could not copy the image",
    }],
    we: "Refuse it before connecting, on every redirect as well.",
    you: "Host the file on a public server. For tests and intranets allow the range with `--allow-net`.",
    sources: &[TSG_SEND, SINCH_INTRO, SINCH_XML],
    standards: &[
        "RFC 6890 (special-purpose addresses)",
        "CWE-918 (server-side request forgery)",
    ],
    since: "0.1.0",
};

pub(super) const UNREACHABLE: Explanation = Explanation {
    meaning: "The server did not answer, or answered with an error status.",
    why: "The provider fetches the file itself: Sinch fails, TSG Global sends the message without the part and says nothing.",
    provider_codes: &[
        ProviderCode {
            provider: Sinch,
            code: "E351",
            says: "could not copy the image",
        },
        ProviderCode {
            provider: Sinch,
            code: "E352",
            says: "could not copy the audio",
        },
        ProviderCode {
            provider: Sinch,
            code: "E353",
            says: "could not copy the video",
        },
        ProviderCode {
            provider: Sinch,
            code: "E011",
            says: "content validation failed, told later by postback",
        },
    ],
    we: "Refuse the URL and name the status or the fault.",
    you: "Open the URL from outside the network, without cookies. Check that a signed URL has not run out.",
    sources: &[SINCH_XML, SINCH_POSTBACKS, TSG_SEND],
    standards: &["RFC 9110, clause 15 (status codes)"],
    since: "0.1.0",
};

pub(super) const SERVED_TYPE: Explanation = Explanation {
    meaning: "The server's Content-Type is missing, generic such as application/octet-stream, or not that of the bytes.",
    why: "Sinch may reject a generic type; a wrong one makes the phone fail.",
    provider_codes: &[ProviderCode {
        provider: Sinch,
        code: "E629",
        says: "unrecognized content type",
    }],
    we: "Refuse the URL and name both types.",
    you: "Set the Content-Type on the server or in the object store's metadata.",
    sources: &[SINCH_JSON, SINCH_XML],
    standards: &["RFC 9110, clause 8.3 (Content-Type)"],
    since: "0.1.0",
};

pub(super) const CONTENT_LENGTH: Explanation = Explanation {
    meaning: "The answer has no Content-Length, a malformed one, or one that is not the number of bytes served.",
    why: "Sinch fails the request without it; TSG Global nulls the attachment and sends the rest.",
    provider_codes: &[ProviderCode {
        provider: Sinch,
        code: "E011",
        says: "content validation failed, told later by postback",
    }],
    we: "Read the body under a limit, compare, and refuse the URL.",
    you: "Serve the file as a static file, without compression on the fly, or let us host it.",
    sources: &[SINCH_JSON, TSG_SEND, SINCH_POSTBACKS],
    standards: &["RFC 9110, clause 8.6 (Content-Length)"],
    since: "0.1.0",
};

pub(super) const REDIRECT: Explanation = Explanation {
    meaning: "The URL leads on to another one where none is allowed, or too often, or to a place that is refused.",
    why: "No provider says that it follows redirects.",
    provider_codes: &[],
    we: "Hand over the final URL where that is safe; refuse loops, downgrades to http and private addresses.",
    you: "Use the final URL.",
    sources: &[],
    standards: &["RFC 9110, clause 15.4 (redirection)"],
    since: "0.1.0",
};

pub(super) const SERVED_BYTES_DIFFER: Explanation = Explanation {
    meaning: "The URL serves other bytes than those that were checked.",
    why: "What the provider would fetch has not been checked; Sinch may also keep an old copy of the URL.",
    provider_codes: &[],
    we: "Compare the SHA-256 of what is served with that of the part, and refuse the URL.",
    you: "Turn off image optimisation and compression at the CDN, and give new bytes a new URL.",
    sources: &[SINCH_OPENAPI],
    standards: &["CWE-367 (time of check, time of use)"],
    since: "0.1.0",
};

pub(super) const CHUNKED: Explanation = Explanation {
    meaning: "The server sends the file with Transfer-Encoding: chunked.",
    why: "Sinch rejects such an answer; it has no Content-Length, which TSG Global demands as well.",
    provider_codes: &[],
    we: "Refuse the URL.",
    you: "Serve the file as a static file, with its length; turn off compression on the fly.",
    sources: &[SINCH_JSON, TSG_SEND],
    standards: &["RFC 9112, clause 7.1 (chunked transfer coding)"],
    since: "0.1.0",
};

pub(super) const HEAD_AND_GET_DISAGREE: Explanation = Explanation {
    meaning: "HEAD fails where GET works, or the two name different types or lengths.",
    why: "TSG Global asks with both and drops the part if one fails.",
    provider_codes: &[],
    we: "Ask with both, as the provider will: an error for TSG Global and CarrierX, a warning for Sinch, which names GET only.",
    you: "Let the server answer HEAD. A signed URL of an object store is often valid for GET alone: use a public one.",
    sources: &[TSG_SEND, SINCH_JSON],
    standards: &["RFC 9110, clause 9.3.2 (HEAD)"],
    since: "0.1.0",
};

pub(super) const TOO_SLOW: Explanation = Explanation {
    meaning: "The server did not deliver the file before our deadline.",
    why: "No provider states its own deadline; a server that is slow for one request fails under many.",
    provider_codes: &[],
    we: "Break off and refuse the URL.",
    you: "Host the file nearer to the provider or on a CDN.",
    sources: &[SINCH_SEND],
    standards: &[],
    since: "0.1.0",
};

pub(super) const TLS_FAILURE: Explanation = Explanation {
    meaning: "No secure connection could be made: the certificate has expired, is for another name, or its chain is incomplete.",
    why: "The provider's client checks certificates too; it has no browser's memory to complete a chain.",
    provider_codes: &[],
    we: "Refuse the URL. Certificates are always checked.",
    you: "Renew the certificate and serve the whole chain.",
    sources: &[],
    standards: &["RFC 9110, clause 4.3.4 (https certificate verification)"],
    since: "0.1.0",
};

pub(super) const TOO_MANY_PARTS: Explanation = Explanation {
    meaning: "The message has more parts than the provider takes: 10 attachments, or 8 slides with Sinch.",
    why: "The provider refuses the message.",
    provider_codes: &[
        ProviderCode {
            provider: RingCentral,
            code: "MSG-379",
            says: "too many attachments",
        },
        ProviderCode {
            provider: Sinch,
            code: "E225",
            says: "too many slides",
        },
    ],
    we: "Refuse the message. It is not split: that would change price, order and threads.",
    you: "Send fewer attachments, or several messages of your own making.",
    sources: &[
        RINGCENTRAL_GUIDE,
        RINGCENTRAL_2018,
        SINCH_JSON,
        SINCH_CODES,
        CARRIERX_SEND,
    ],
    standards: &[],
    since: "0.1.0",
};

pub(super) const MESSAGE_OVER_LIMIT: Explanation = Explanation {
    meaning: "All parts together have more bytes than one message may.",
    why: "RingCentral caps the sum at 1,500,000 bytes, CarrierX at 3 MB; networks cap the sum whatever the provider says.",
    provider_codes: &[
        ProviderCode {
            provider: RingCentral,
            code: "MSG-337",
            says: "attachment size limit exceeded",
        },
        ProviderCode {
            provider: RingCentral,
            code: "MSG-338",
            says: "message size limit exceeded",
        },
    ],
    we: "Share the budget out and shrink the largest pictures first; refuse if the parts that cannot shrink are too many.",
    you: "Send fewer attachments, or shorter video.",
    sources: &[RINGCENTRAL_GUIDE, RINGCENTRAL_ERRORS, CARRIERX_SEND],
    standards: &[],
    since: "0.1.0",
};

pub(super) const NOTHING_TO_SEND: Explanation = Explanation {
    meaning: "No part is left for the message.",
    why: "RingCentral and Sinch refuse a message without media.",
    provider_codes: &[
        ProviderCode {
            provider: Sinch,
            code: "E312",
            says: "no slides",
        },
        ProviderCode {
            provider: Sinch,
            code: "E313",
            says: "empty slide",
        },
    ],
    we: "Refuse the message; the findings of the parts say why each was refused.",
    you: "Mend at least one attachment, or send the text as an SMS.",
    sources: &[RINGCENTRAL_API, SINCH_JSON, SINCH_XML],
    standards: &[],
    since: "0.1.0",
};

pub(super) const TEXT_NOT_ACCEPTED: Explanation = Explanation {
    meaning: "The text or subject is longer than the provider takes, or holds characters that it does not.",
    why: "The provider refuses the message; RingCentral counts UTF-16 units, so an emoji counts two or more.",
    provider_codes: &[
        ProviderCode {
            provider: Sinch,
            code: "E228",
            says: "text too long",
        },
        ProviderCode {
            provider: Sinch,
            code: "E334",
            says: "text too big",
        },
        ProviderCode {
            provider: Sinch,
            code: "E314",
            says: "subject not allowed",
        },
        ProviderCode {
            provider: Sinch,
            code: "E622",
            says: "fallback text missing",
        },
    ],
    we: "Count as the provider counts and refuse; text is never cut.",
    you: "Shorten the text. Write the subject in ASCII. With Sinch give a fallback text or turn the fallback off.",
    sources: &[
        RINGCENTRAL_API,
        SINCH_JSON,
        SINCH_CODES,
        SINCH_XML,
        CARRIERX_SEND,
        TSG_SEND,
    ],
    standards: &[],
    since: "0.1.0",
};

pub(super) const CUSTOM_RULES: Explanation = Explanation {
    meaning: "The check was made against rules that the caller changed.",
    why: "A message that passes changed rules may still be refused by the provider.",
    provider_codes: &[],
    we: "Say so in every report, so that a result is not taken for the provider's word.",
    you: "Nothing, if the change was meant.",
    sources: &[],
    standards: &[],
    since: "0.1.0",
};

pub(super) const SLIDE_CONFLICT: Explanation = Explanation {
    meaning: "Two parts that Sinch does not allow on one slide were put on one.",
    why: "Sinch refuses the whole message.",
    provider_codes: &[
        ProviderCode {
            provider: Sinch,
            code: "E223",
            says: "more than one object in a slide",
        },
        ProviderCode {
            provider: Sinch,
            code: "E224",
            says: "an object beside image, audio or video",
        },
        ProviderCode {
            provider: Sinch,
            code: "E226",
            says: "audio beside video",
        },
        ProviderCode {
            provider: Sinch,
            code: "E227",
            says: "image beside video",
        },
    ],
    we: "Give each part a slide of its own unless another layout was asked for; refuse one that breaks the rules.",
    you: "Put the parts on slides of their own, eight at most.",
    sources: &[SINCH_JSON, SINCH_CODES],
    standards: &[],
    since: "0.1.0",
};

pub(super) const NUMBER_NOT_ACCEPTED: Explanation = Explanation {
    meaning: "A number is not in international form, a recipient is listed twice, or there are too many.",
    why: "The provider refuses the message; in CarrierX's group of ten the sender counts.",
    provider_codes: &[
        ProviderCode {
            provider: RingCentral,
            code: "MSG-381",
            says: "more than 10 group recipients",
        },
        ProviderCode {
            provider: RingCentral,
            code: "CMN-406",
            says: "duplicate recipient",
        },
        ProviderCode {
            provider: RingCentral,
            code: "MSG-245",
            says: "the sender's number is not owned",
        },
        ProviderCode {
            provider: Sinch,
            code: "E110",
            says: "bad recipient number",
        },
        ProviderCode {
            provider: Sinch,
            code: "E111",
            says: "bad sender number",
        },
    ],
    we: "Refuse the message before anything is sent; numbers are written as each provider wants them.",
    you: "Write numbers with + and country code, each once. RingCentral takes 10, CarrierX 9, Sinch 1; TSG Global advises 10.",
    sources: &[
        RINGCENTRAL_GUIDE,
        RINGCENTRAL_2018,
        SINCH_CODES,
        CARRIERX_OBJECT,
        TSG_SEND,
    ],
    standards: &["ITU-T E.164"],
    since: "0.1.0",
};

pub(super) const NEEDS_HOSTING: Explanation = Explanation {
    meaning: "The provider fetches media by URL, and this part is bytes without one.",
    why: "Sinch and CarrierX have no place for bytes in their requests; TSG Global takes 1,000,000 encoded characters of them.",
    provider_codes: &[],
    we: "Prepare the part and say that it must be hosted before it can be sent.",
    you: "Give a media directory and its public URL, an object store, or with CarrierX its own storage.",
    sources: &[SINCH_JSON, CARRIERX_QUICK, TSG_SEND],
    standards: &[],
    since: "0.1.0",
};

pub(super) const REJECTED_BY_PROVIDER: Explanation = Explanation {
    meaning: "The provider answered that it does not take the message.",
    why: "Its own code and words stand in the finding: account, number, permission or content.",
    provider_codes: &[
        ProviderCode {
            provider: RingCentral,
            code: "CMN-401",
            says: "the application lacks a permission",
        },
        ProviderCode {
            provider: RingCentral,
            code: "BIL-103",
            says: "MMS is not available for the account",
        },
        ProviderCode {
            provider: Sinch,
            code: "E104",
            says: "bad key",
        },
        ProviderCode {
            provider: CarrierX,
            code: "422",
            says: "object validation error",
        },
        ProviderCode {
            provider: TsgGlobal,
            code: "400",
            says: "bad request",
        },
    ],
    we: "Pass the provider's code on and do not send again: the same message would be rejected again.",
    you: "Mend what the provider's code names; then send anew.",
    sources: &[
        RINGCENTRAL_ERRORS,
        RINGCENTRAL_2018,
        SINCH_CODES,
        CARRIERX_RESPONSES,
        TSG_SEND,
    ],
    standards: &[],
    since: "0.1.0",
};

pub(super) const OUTCOME_UNKNOWN: Explanation = Explanation {
    meaning: "The request was written, and no answer that can be read came back: the message may be on its way.",
    why: "No provider has a key that would make sending twice harmless, so a second try may deliver twice.",
    provider_codes: &[],
    we: "Record it and never resend by ourselves.",
    you: "Look at the provider whether the message exists, by its status call or the callback, before sending again.",
    sources: &[],
    standards: &["RFC 9110, clause 9.2.2 (idempotent methods)"],
    since: "0.1.0",
};

pub(super) const RETRY_LATER: Explanation = Explanation {
    meaning: "The provider asks to wait: too many requests, or a passing fault on its side.",
    why: "RingCentral starts the penalty anew for each request made within it.",
    provider_codes: &[
        ProviderCode {
            provider: RingCentral,
            code: "CMN-301",
            says: "request rate exceeded, HTTP 429",
        },
        ProviderCode {
            provider: RingCentral,
            code: "MSG-290",
            says: "sending failed, try later, HTTP 503",
        },
        ProviderCode {
            provider: Sinch,
            code: "E106",
            says: "too soon since the last call",
        },
        ProviderCode {
            provider: Sinch,
            code: "E113",
            says: "throughput exceeded",
        },
        ProviderCode {
            provider: Sinch,
            code: "E503",
            says: "internal error",
        },
        ProviderCode {
            provider: Sinch,
            code: "E618",
            says: "carrier lookup failed, retry",
        },
        ProviderCode {
            provider: Sinch,
            code: "E626",
            says: "the template is still encoding",
        },
    ],
    we: "Wait as long as Retry-After says, within the time given; send nothing before.",
    you: "Send again after the time named, or give a longer timeout.",
    sources: &[
        RINGCENTRAL_ERRORS,
        RINGCENTRAL_RATES,
        SINCH_CODES,
        SINCH_XML,
    ],
    standards: &[
        "RFC 9110, clause 10.2.3 (Retry-After)",
        "RFC 6585, clause 4 (429)",
    ],
    since: "0.1.0",
};

pub(super) const REPLY_UNREADABLE: Explanation = Explanation {
    meaning: "The provider answered, and the answer is not what its documentation describes.",
    why: "An error page of a proxy in between, or a change at the provider.",
    provider_codes: &[],
    we: "Never take it for success; after a 2xx status the outcome counts as unknown (MMS702).",
    you: "Check the endpoint. If it is right, report the answer to us without its secrets.",
    sources: &[],
    standards: &["RFC 8259 (JSON)"],
    since: "0.1.0",
};

pub(super) const INTERNAL_FAULT: Explanation = Explanation {
    meaning: "We made a mistake: a decoder failed in a way that it must not, or our own output did not pass our own check.",
    why: "Nothing is wrong with the rules, and maybe nothing with the file.",
    provider_codes: &[],
    we: "Refuse the part, keep going with the rest, and name the input's hash.",
    you: "Report it with the file if it can be shared, or with the hash and the version.",
    sources: &[],
    standards: &[],
    since: "0.1.0",
};

const RINGCENTRAL_GUIDE: Source = Source {
    page: "RingCentral guide Sending MMS, last updated 2024-01-31",
    seen: "2024-01-31",
};
const RINGCENTRAL_API: Source = Source {
    page: "RingCentral OpenAPI 1.0.58-20240529, operations createMMS and createSMSMessage",
    seen: "2026-11-21",
};
const RINGCENTRAL_ERRORS: Source = Source {
    page: "https://github.com/ringcentral/ringcentral-api-docs docs/basics/errors.md",
    seen: "2026-04-28",
};
const RINGCENTRAL_RATES: Source = Source {
    page: "https://github.com/ringcentral/ringcentral-api-docs docs/basics/rate-limits.md",
    seen: "2026-04-28",
};
const RINGCENTRAL_2018: Source = Source {
    page: "RingCentral API reference of 2018, errors of the operation Send SMS",
    seen: "2026-11-21",
};
const SINCH_JSON: Source = Source {
    page: "Sinch MMS JSON API reference, Send and receive MMS messages using the JSON API",
    seen: "2026-11-21",
};
const SINCH_OPENAPI: Source = Source {
    page: "https://developers.sinch.com/_bundle/docs/mms/api-reference/mms.json",
    seen: "2026-11-21",
};
const SINCH_SEND: Source = Source {
    page: "https://developers.sinch.com/docs/mms/api-reference/sendmms",
    seen: "2026-11-21",
};
const SINCH_INTRO: Source = Source {
    page: "https://developers.sinch.com/docs/mms/api-reference/introduction/",
    seen: "2026-11-21",
};
const SINCH_CODES: Source = Source {
    page: "https://sinch.redocly.app/docs/mms/api-reference/api-status-codes",
    seen: "2026-11-21",
};
const SINCH_XML: Source = Source {
    page: "https://github.com/sinch/docs docs/mms/xml-service",
    seen: "2021-07-11",
};
const SINCH_POSTBACKS: Source = Source {
    page: "https://developers.sinch.com/docs/mms/api-reference/postback-notification-codes/",
    seen: "2026-11-21",
};
const CARRIERX_QUICK: Source = Source {
    page: "CarrierX quick start, Send and Receive MMS",
    seen: "2026-11-21",
};
const CARRIERX_SEND: Source = Source {
    page: "https://docs.carrierx.com/voice/core-api/sms/sms/send/",
    seen: "2026-11-21",
};
const CARRIERX_OBJECT: Source = Source {
    page: "https://quick.schlameel.com/docs/api/core-api/sms/sms-object",
    seen: "2026-11-21",
};
const CARRIERX_RESPONSES: Source = Source {
    page: "https://docs.carrierx.com/voice/core-api/using-the-rest-api/responses",
    seen: "2026-11-21",
};
const TSG_SEND: Source = Source {
    page: "https://docs.tsgglobal.com/api-reference/programmable-mms/send-an-mms-message",
    seen: "2026-11-21",
};
