//! CarrierX Core API: a list of URLs, the sum of all media capped.

use std::borrow::Cow;

use super::Limit::{Assumed, Stated};
use super::{
    Delivery, Limit, Measure, Provider, Rules, SendRules, SlideRules, Source, TextRules, TextUnit,
    TypeRule, UrlBreach, UrlRules,
};
use crate::units::{ByteCount, Millis, Pixels};

/// The one set: CarrierX publishes caps and counts, and no list of types.
pub(super) const RULES: Rules = Rules {
    name: Cow::Borrowed("carrierx"),
    provider: Provider::CarrierX,
    title: "caps and counts as stated, the list of types assumed",
    delivery: DELIVERY,
    delivery_stated: DELIVERY_STATED,
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
    disputes: Cow::Borrowed(&[]),
};

const TYPES: &[TypeRule] = type_rules! {
    Jpeg, Any, "image/jpeg", [], "jpg", ["jpeg"], PART, PART, SAFE;
    Png, Any, "image/png", [], "png", [], PART, PART, SAFE;
    Gif, Any, "image/gif", [], "gif", [], PART, PART, SAFE;
    Mp4, Any, "video/mp4", [], "mp4", [], PART, PART, SAFE;
    ThreeGp, Any, "video/3gpp", [], "3gp", [], PART, PART, SAFE;
    Mp3, Any, "audio/mpeg", [], "mp3", [], PART, PART, SAFE;
    Amr, Any, "audio/amr", [], "amr", [], PART, PART, SAFE;
    VCard, Any, "text/vcard", [], "vcf", [], PART, PART, SAFE;
};

const QUICK: Source = Source {
    page: "CarrierX quick start, Send and Receive MMS",
    seen: "2026-11-21",
};
const SEND: Source = Source {
    page: "https://docs.carrierx.com/voice/core-api/sms/sms/send/",
    seen: "2026-11-21",
};
const OBJECT: Source = Source {
    page: "https://quick.schlameel.com/docs/api/core-api/sms/sms-object",
    seen: "2026-11-21",
};

const SAFE: Limit<()> = Assumed {
    value: (),
    why: "no list is published: the types that the other three list and US carriers take",
};
const DELIVERY: Cow<'static, [Delivery]> = Cow::Borrowed(&[Delivery::Url]);
const DELIVERY_STATED: Limit<()> = Stated((), QUICK);
const PART: Limit<ByteCount> = Assumed {
    value: ByteCount::new(3_000_000),
    why: "only the sum of all media is capped, so one may use it all",
};
const MESSAGE_BYTES: Limit<ByteCount> = Stated(ByteCount::new(3_000_000), SEND);
const MEASURE: Limit<Measure> = Assumed {
    value: Measure::Raw,
    why: "media are fetched from a web server, where they carry no base64",
};
const EMBEDDED_BYTES: Limit<ByteCount> = Assumed {
    value: ByteCount::new(0),
    why: "no page has a way to put media inside the JSON",
};
const DATA_URL_CHARS: Limit<u32> = Assumed {
    value: 0,
    why: "media are fetched from public URLs, which a data URL has no server for",
};
const TARGET_BYTES: Limit<ByteCount> = Assumed {
    value: ByteCount::new(1_000_000),
    why: "the cap is CarrierX's; carriers take about 1 MB",
};
const CARRIER_BYTES: Limit<ByteCount> = Assumed {
    value: ByteCount::new(1_048_576),
    why: "the strictest of the operator table of Sinch (1,050,000) and the Android handset profile 310-380 (1,048,576)",
};
const MIN_PARTS: Limit<u32> = Assumed {
    value: 1,
    why: "a text alone to one recipient is an SMS there; only a group makes an MMS of it",
};
const MAX_PARTS: Limit<u32> = Stated(10, SEND);
const ONE_MEDIUM: Limit<bool> = Assumed {
    value: false,
    why: "there are no slides",
};
const SLIDES: SlideRules = SlideRules {
    pairs: &[],
    same_type_twice: Assumed {
        value: true,
        why: "there are no slides, and no page forbids two parts of one type",
    },
    text_alone: Stated(true, QUICK),
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
const NAME_REQUIRED: Limit<bool> = Assumed {
    value: true,
    why: "the list holds URLs alone: a part's name is the URL's last segment",
};
const NAME_ASCII: Limit<bool> = Assumed {
    value: true,
    why: "a name outside ASCII would have to be percent-encoded in the URL",
};
const MAX_NAME: Limit<u32> = Assumed {
    value: 64,
    why: "no page states one; 64 is long enough to tell parts apart",
};
const SILENT_URL: &str =
    "the pages are silent; the stricter of Sinch and TSG Global, who serve the same networks";
const URL: UrlRules = UrlRules {
    head_required: Assumed {
        value: true,
        why: SILENT_URL,
    },
    content_length_required: Assumed {
        value: true,
        why: SILENT_URL,
    },
    chunked_refused: Assumed {
        value: true,
        why: SILENT_URL,
    },
    content_type_required: Assumed {
        value: true,
        why: SILENT_URL,
    },
    https_required: Assumed {
        value: true,
        why: SILENT_URL,
    },
    public_required: Assumed {
        value: true,
        why: SILENT_URL,
    },
    cached: Assumed {
        value: true,
        why: SILENT_URL,
    },
    answer_within: Assumed {
        value: Millis::new(10_000),
        why: SILENT_URL,
    },
    max_redirects: Assumed {
        value: 0,
        why: SILENT_URL,
    },
    must_live: Assumed {
        value: Millis::new(259_200_000),
        why: SILENT_URL,
    },
    breach: Assumed {
        value: UrlBreach::Unknown,
        why: "no page says what becomes of a message whose URL cannot be fetched",
    },
};
const NO_FIELD: &str = "the message has no such field";
const TEXT: TextRules = TextRules {
    max_text: Stated(1_600, SEND),
    unit: Assumed {
        value: TextUnit::Scalar,
        why: "the page says characters and not which",
    },
    advised_text: Assumed {
        value: 1_600,
        why: "no page advises less than the limit",
    },
    max_subject: Assumed {
        value: 0,
        why: NO_FIELD,
    },
    advised_subject: Assumed {
        value: 0,
        why: NO_FIELD,
    },
    subject_ascii: Assumed {
        value: true,
        why: NO_FIELD,
    },
    advised_fallback: Assumed {
        value: 0,
        why: NO_FIELD,
    },
    fallback_choice_required: Assumed {
        value: false,
        why: NO_FIELD,
    },
    max_recipients: Stated(9, OBJECT),
    advised_recipients: Assumed {
        value: 9,
        why: "no page advises fewer than the limit",
    },
    duplicate_recipients_refused: Assumed {
        value: true,
        why: "the page is silent; RingCentral refuses them, and nobody wants a message twice",
    },
    plus_in_numbers: Assumed {
        value: false,
        why: "every example has the country code and digits alone",
    },
    max_client_reference: Assumed {
        value: 64,
        why: "a limit of user_data exists and its number is not given: the strictest of the others",
    },
};
const SENDING: SendRules = SendRules {
    sender_looked_up: Assumed {
        value: false,
        why: "no page has a call that lists the numbers which may send",
    },
    short_code_sender: Assumed {
        value: false,
        why: "every sender in the pages is a phone number",
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
        why: "callbacks are set up for the number, its group or the partner",
    },
    window_messages: Assumed {
        value: 1,
        why: "no page gives a number; carriers count about one message a second and number",
    },
    window: Assumed {
        value: Millis::new(1_000),
        why: "no page gives a number; carriers count about one message a second and number",
    },
    throttle_wait: Assumed {
        value: Millis::new(5_000),
        why: "no page gives one; five seconds doubling is the usual model",
    },
};
