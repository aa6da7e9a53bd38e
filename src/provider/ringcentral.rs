//! RingCentral: bytes in a multipart request, the sum of all attachments capped.

use std::borrow::Cow;

use super::Limit::{Assumed, Stated};
use super::{
    Delivery, Dispute, Limit, Measure, Provider, Rules, SendRules, SlideRules, Source, TextRules,
    TextUnit, TypeRule, UrlBreach, UrlRules,
};
use crate::units::{ByteCount, Millis, Pixels};

/// The list of the founding guide: every generation of the page holds these types.
pub(super) const RULES: Rules = Rules {
    name: Cow::Borrowed("ringcentral"),
    provider: Provider::RingCentral,
    title: "the types of the guide of January 2024, valid in every generation of the page",
    delivery: DELIVERY,
    delivery_stated: Stated((), GUIDE),
    types: Cow::Borrowed(TYPES),
    message_bytes: MESSAGE_BYTES,
    measure: MEASURE,
    embedded_bytes: EMBEDDED_BYTES,
    data_url_chars: DATA_URL_CHARS,
    target_bytes: TARGET_BYTES,
    carrier_bytes: CARRIER_BYTES,
    min_parts: MIN_PARTS,
    max_parts: MAX_PARTS,
    one_medium_per_slide: ONE_MEDIUM,
    slides: SLIDES,
    max_long_side: MAX_LONG_SIDE,
    advised_long_side: ADVISED_LONG_SIDE,
    advised_short_side: ADVISED_SHORT_SIDE,
    max_duration: MAX_DURATION,
    advised_duration: ADVISED_DURATION,
    name_required: NAME_REQUIRED,
    name_ascii: NAME_ASCII,
    max_name: MAX_NAME,
    url: URL,
    text: TEXT,
    sending: SENDING,
    disputes: Cow::Borrowed(&[
        Dispute {
            rule: "types",
            says: "adds WebP, QuickTime, WebM, Ogg, FLV, WMV, M4A, WAV, AMR, PDF, HTML, text, CSV and iCalendar",
            source: GUIDE_2026,
        },
        Dispute {
            rule: "types.video/vnd.avi",
            says: "spells it video/avi",
            source: GUIDE_2026,
        },
        Dispute {
            rule: "types",
            says: "a platform-wide list of media leaves out SVG, 3GP and AVI",
            source: MEDIA,
        },
    ]),
};

/// The list of the guide of 2026: more types, for tenants known to run under it.
pub(super) const RULES_2026: Rules = Rules {
    name: Cow::Borrowed("ringcentral-2026"),
    provider: Provider::RingCentral,
    title: "the longer list of types of the guide of April 2026",
    delivery: DELIVERY,
    delivery_stated: Stated((), GUIDE_2026),
    types: Cow::Borrowed(TYPES_2026),
    message_bytes: MESSAGE_BYTES,
    measure: MEASURE,
    embedded_bytes: EMBEDDED_BYTES,
    data_url_chars: DATA_URL_CHARS,
    target_bytes: TARGET_BYTES,
    carrier_bytes: CARRIER_BYTES,
    min_parts: MIN_PARTS,
    max_parts: MAX_PARTS,
    one_medium_per_slide: ONE_MEDIUM,
    slides: SLIDES,
    max_long_side: MAX_LONG_SIDE,
    advised_long_side: ADVISED_LONG_SIDE,
    advised_short_side: ADVISED_SHORT_SIDE,
    max_duration: MAX_DURATION,
    advised_duration: ADVISED_DURATION,
    name_required: NAME_REQUIRED,
    name_ascii: NAME_ASCII,
    max_name: MAX_NAME,
    url: URL,
    text: TEXT,
    sending: SENDING,
    disputes: Cow::Borrowed(&[
        Dispute {
            rule: "types",
            says: "the founding list lacks WebP, QuickTime, WebM, Ogg, FLV, WMV, M4A, WAV, AMR, PDF, HTML, text, CSV and iCalendar; a tenant on old rules answers 415 MSG-348",
            source: GUIDE,
        },
        Dispute {
            rule: "types.video/vnd.avi",
            says: "spells it video/msvideo",
            source: GUIDE,
        },
    ]),
};

const TYPES: &[TypeRule] = type_rules! {
    Jpeg, Any, "image/jpeg", [], "jpeg", ["jpg"], PART, PART, LISTED;
    Png, Any, "image/png", [], "png", [], PART, PART, LISTED;
    Bmp, Any, "image/bmp", [], "bmp", [], PART, PART, LISTED;
    Gif, Any, "image/gif", [], "gif", [], PART, PART, LISTED;
    Tiff, Any, "image/tiff", [], "tiff", ["tif"], PART, PART, LISTED;
    Svg, Any, "image/svg+xml", [], "svg", [], PART, PART, LISTED;
    ThreeGp, Any, "video/3gpp", [], "3gp", [], PART, PART, LISTED;
    Mp4, Any, "video/mp4", [], "mp4", [], PART, PART, LISTED;
    Mpeg, Any, "video/mpeg", [], "mpeg", [], PART, PART, LISTED;
    Avi, Any, "video/msvideo", [], "avi", [], PART, PART, LISTED;
    Mp3, Any, "audio/mpeg", [], "mp3", [], PART, PART, LISTED;
    VCard, Any, "text/vcard", [], "vcf", ["vcard"], PART, PART, LISTED;
    Zip, Any, "application/zip", [], "zip", [], PART, PART, LISTED;
    Gzip, Any, "application/gzip", [], "gzip", [], PART, PART, LISTED;
    Rtf, Any, "application/rtf", [], "rtf", [], PART, PART, LISTED;
};

const TYPES_2026: &[TypeRule] = type_rules! {
    Jpeg, Any, "image/jpeg", [], "jpeg", ["jpg"], PART, PART, LISTED_2026;
    Png, Any, "image/png", [], "png", [], PART, PART, LISTED_2026;
    Bmp, Any, "image/bmp", [], "bmp", [], PART, PART, LISTED_2026;
    Gif, Any, "image/gif", [], "gif", [], PART, PART, LISTED_2026;
    Tiff, Any, "image/tiff", [], "tiff", ["tif"], PART, PART, LISTED_2026;
    Svg, Any, "image/svg+xml", [], "svg", [], PART, PART, LISTED_2026;
    WebP, Any, "image/webp", [], "webp", [], PART, PART, LISTED_2026;
    ThreeGp, Any, "video/3gpp", [], "3gp", [], PART, PART, LISTED_2026;
    Mp4, Any, "video/mp4", [], "mp4", ["m4v"], PART, PART, LISTED_2026;
    Mpeg, Any, "video/mpeg", [], "mpeg", ["mpg"], PART, PART, LISTED_2026;
    Avi, Any, "video/avi", [], "avi", [], PART, PART, LISTED_2026;
    Flv, Any, "video/x-flv", [], "flv", [], PART, PART, LISTED_2026;
    Wmv, Any, "video/x-ms-wmv", [], "wmv", [], PART, PART, LISTED_2026;
    QuickTime, Any, "video/quicktime", [], "mov", ["qt"], PART, PART, LISTED_2026;
    WebM, Any, "video/webm", [], "webm", [], PART, PART, LISTED_2026;
    OggVideo, Any, "video/ogg", [], "ogg", [], PART, PART, LISTED_2026;
    Mp3, Any, "audio/mpeg", [], "mp3", [], PART, PART, LISTED_2026;
    Mp4Audio, Any, "audio/mp4", [], "m4a", [], PART, PART, LISTED_2026;
    OggAudio, Any, "audio/ogg", [], "oga", [], PART, PART, LISTED_2026;
    Wav, Any, "audio/wav", [], "wav", [], PART, PART, LISTED_2026;
    Amr, Any, "audio/amr", [], "amr", [], PART, PART, LISTED_2026;
    ThreeGpAudio, Any, "audio/3gpp", [], "3gp", [], PART, PART, LISTED_2026;
    VCard, Any, "text/vcard", [], "vcf", ["vcard"], PART, PART, LISTED_2026;
    Zip, Any, "application/zip", [], "zip", [], PART, PART, LISTED_2026;
    Gzip, Any, "application/gzip", [], "gzip", ["gz"], PART, PART, LISTED_2026;
    Rtf, Any, "application/rtf", [], "rtf", [], PART, PART, LISTED_2026;
    Pdf, Any, "application/pdf", [], "pdf", [], PART, PART, LISTED_2026;
    Html, Any, "text/html", [], "html", [], PART, PART, LISTED_2026;
    PlainText, Any, "text/plain", [], "txt", [], PART, PART, LISTED_2026;
    Csv, Any, "text/csv", [], "csv", [], PART, PART, LISTED_2026;
    ICalendar, Any, "text/calendar", [], "ics", [], PART, PART, LISTED_2026;
};

const GUIDE: Source = Source {
    page: "RingCentral guide Sending MMS, last updated 2024-01-31",
    seen: "2024-01-31",
};
const GUIDE_2026: Source = Source {
    page: "https://developers.ringcentral.com/guide/messaging/sms/sending-images",
    seen: "2026-04-28",
};
const API: Source = Source {
    page: "RingCentral OpenAPI 1.0.58-20240529, operations createMMS and createSMSMessage",
    seen: "2026-11-21",
};
const ERRORS: Source = Source {
    page: "https://github.com/ringcentral/ringcentral-api-docs docs/basics/errors.md",
    seen: "2026-04-28",
};
const REFERENCE_2018: Source = Source {
    page: "RingCentral API reference of 2018, errors of the operation Send SMS",
    seen: "2026-11-21",
};
const MEDIA: Source = Source {
    page: "https://github.com/ringcentral/ringcentral-api-docs docs/basics/media.md",
    seen: "2026-04-28",
};

const LISTED: Limit<()> = Stated((), GUIDE);
const LISTED_2026: Limit<()> = Stated((), GUIDE_2026);
const RATE: Source = Source {
    page: "https://github.com/ringcentral/ringcentral-api-docs docs/basics/rate-limits.md",
    seen: "2026-04-28",
};
const DELIVERY: Cow<'static, [Delivery]> = Cow::Borrowed(&[Delivery::Upload]);
const PART: Limit<ByteCount> = Assumed {
    value: ByteCount::new(1_500_000),
    why: "only the sum of all attachments is capped, so one may use it all",
};
const MESSAGE_BYTES: Limit<ByteCount> = Stated(ByteCount::new(1_500_000), GUIDE);
const MEASURE: Limit<Measure> = Assumed {
    value: Measure::Raw,
    why: "the parts of a multipart request travel as they are, without base64",
};
const EMBEDDED_BYTES: Limit<ByteCount> = Assumed {
    value: ByteCount::new(0),
    why: "no page has a way to put media inside the JSON",
};
const DATA_URL_CHARS: Limit<u32> = Assumed {
    value: 0,
    why: "no page has a way to pass a URL",
};
const TARGET_BYTES: Limit<ByteCount> = Assumed {
    value: ByteCount::new(1_000_000),
    why: "the cap is RingCentral's; carriers answer SMS-CAR-434, media too large, from about 1 MB on",
};
const CARRIER_BYTES: Limit<ByteCount> = Assumed {
    value: ByteCount::new(1_048_576),
    why: "the strictest of the operator table of Sinch (1,050,000) and the Android handset profile 310-380 (1,048,576)",
};
const MIN_PARTS: Limit<u32> = Stated(1, API);
const MAX_PARTS: Limit<u32> = Stated(10, GUIDE);
const ONE_MEDIUM: Limit<bool> = Assumed {
    value: false,
    why: "there are no slides",
};
const SLIDES: SlideRules = SlideRules {
    pairs: &[],
    same_type_twice: Assumed {
        value: true,
        why: "there are no slides, and no page forbids two attachments of one type",
    },
    text_alone: Stated(false, API),
};
const MAX_LONG_SIDE: Limit<Pixels> = Assumed {
    value: Pixels::new(8_192),
    why: "no page states one; a square of 8,192 px takes 256 MiB of a phone's memory",
};
const ADVISED_LONG_SIDE: Limit<Pixels> = Assumed {
    value: Pixels::new(1_920),
    why: "no page states one; Sinch's advice for a phone held upright",
};
const ADVISED_SHORT_SIDE: Limit<Pixels> = Assumed {
    value: Pixels::new(1_080),
    why: "no page states one; Sinch's advice for a phone held upright",
};
const MAX_DURATION: Limit<Millis> = Assumed {
    value: Millis::new(3_600_000),
    why: "no page states one, the byte cap binds first; more than an hour within it is a broken header",
};
const ADVISED_DURATION: Limit<Millis> = Assumed {
    value: Millis::new(3_600_000),
    why: "no page advises one",
};
const NAME_REQUIRED: Limit<bool> = Stated(true, ERRORS);
const NAME_ASCII: Limit<bool> = Assumed {
    value: true,
    why: "no page says how a name outside ASCII is read (RFC 8187 or not)",
};
const MAX_NAME: Limit<u32> = Assumed {
    value: 64,
    why: "256 is documented for fax only (MSG-370); 64 is safe with every provider and long enough to tell parts apart",
};
const NO_URLS: &str = "RingCentral takes bytes: this is what we ask of a URL before downloading it";
const URL: UrlRules = UrlRules {
    head_required: Assumed {
        value: false,
        why: NO_URLS,
    },
    content_length_required: Assumed {
        value: false,
        why: NO_URLS,
    },
    chunked_refused: Assumed {
        value: false,
        why: NO_URLS,
    },
    content_type_required: Assumed {
        value: false,
        why: NO_URLS,
    },
    https_required: Assumed {
        value: true,
        why: NO_URLS,
    },
    public_required: Assumed {
        value: true,
        why: NO_URLS,
    },
    cached: Assumed {
        value: false,
        why: NO_URLS,
    },
    answer_within: Assumed {
        value: Millis::new(30_000),
        why: NO_URLS,
    },
    max_redirects: Assumed {
        value: 5,
        why: NO_URLS,
    },
    must_live: Assumed {
        value: Millis::new(0),
        why: NO_URLS,
    },
    breach: Assumed {
        value: UrlBreach::NotFetched,
        why: NO_URLS,
    },
};
const TEXT: TextRules = TextRules {
    max_text: Stated(1_000, API),
    unit: Stated(TextUnit::Utf16, API),
    advised_text: Assumed {
        value: 1_000,
        why: "no page advises less than the limit",
    },
    max_subject: Assumed {
        value: 0,
        why: "the request has no such field",
    },
    advised_subject: Assumed {
        value: 0,
        why: "the request has no such field",
    },
    subject_ascii: Assumed {
        value: true,
        why: "the request has no such field",
    },
    advised_fallback: Assumed {
        value: 0,
        why: "the request has no such field",
    },
    fallback_choice_required: Assumed {
        value: false,
        why: "the request has no such field",
    },
    max_recipients: Stated(10, GUIDE),
    advised_recipients: Assumed {
        value: 10,
        why: "no page advises fewer than the limit",
    },
    duplicate_recipients_refused: Stated(true, REFERENCE_2018),
    plus_in_numbers: Stated(true, API),
    max_client_reference: Assumed {
        value: 0,
        why: "the request has no such field",
    },
};
const SENDING: SendRules = SendRules {
    sender_looked_up: Stated(true, GUIDE),
    short_code_sender: Assumed {
        value: false,
        why: "a short code cannot send MMS there: MSG-247 refuses short numbers",
    },
    max_expiry: Assumed {
        value: Millis::new(0),
        why: "the request has no such field",
    },
    headers_taken: Assumed {
        value: false,
        why: "the request has no such field",
    },
    headers_dropped: Assumed {
        value: &[],
        why: "the request has no such field",
    },
    reports_on_request: Assumed {
        value: false,
        why: "every message can be asked for its state",
    },
    window_messages: Stated(40, RATE),
    window: Stated(Millis::new(60_000), RATE),
    throttle_wait: Stated(Millis::new(30_000), RATE),
};
