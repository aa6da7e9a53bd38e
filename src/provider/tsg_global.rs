//! TSG Global: part by part a URL, base64 inside the JSON, or plain text.

use std::borrow::Cow;

use super::Limit::{Assumed, Stated};
use super::{
    Delivery, Limit, Measure, Provider, Rules, SendRules, SlideRules, Source, TextRules, TextUnit,
    TypeRule, UrlBreach, UrlRules,
};
use crate::units::{ByteCount, Millis, Pixels};

/// The one set: TSG Global states caps per part, and no list of types.
pub(super) const RULES: Rules = Rules {
    name: Cow::Borrowed("tsg-global"),
    provider: Provider::TsgGlobal,
    title: "caps per part as stated, the list of types and the sum assumed",
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
    PlainText, Any, "text/plain", [], "txt", [], PART, PART, PLAIN;
};

const SEND: Source = Source {
    page: "https://docs.tsgglobal.com/api-reference/programmable-mms/send-an-mms-message",
    seen: "2026-11-21",
};

const SAFE: Limit<()> = Assumed {
    value: (),
    why: "no list is published: the types that the other three list and US carriers take",
};
const PLAIN: Limit<()> = Stated((), SEND);
const DELIVERY: Cow<'static, [Delivery]> = Cow::Borrowed(&[Delivery::Url, Delivery::Embedded]);
const DELIVERY_STATED: Limit<()> = Stated((), SEND);
const PART: Limit<ByteCount> = Stated(ByteCount::new(3_000_000), SEND);
const MESSAGE_BYTES: Limit<ByteCount> = Assumed {
    value: ByteCount::new(3_000_000),
    why: "each part is capped and no sum is stated: the strictest reading is one cap for all",
};
const MEASURE: Limit<Measure> = Assumed {
    value: Measure::Raw,
    why: "parts that are fetched from a web server carry no base64; embedded ones have a limit of their own",
};
// The page writes "1Mb (when compressed)" here and both "3mb" and "3 MB" for fetched parts: its casing carries no meaning,
// and the figure is read as characters of the encoded body, 750,000 bytes before base64.
const EMBEDDED_BYTES: Limit<ByteCount> = Stated(ByteCount::new(1_000_000), SEND);
const DATA_URL_CHARS: Limit<u32> = Stated(65_535, SEND);
const TARGET_BYTES: Limit<ByteCount> = Assumed {
    value: ByteCount::new(1_000_000),
    why: "the cap is TSG Global's; carriers take about 1 MB",
};
const CARRIER_BYTES: Limit<ByteCount> = Assumed {
    value: ByteCount::new(1_048_576),
    why: "the strictest of the operator table of Sinch (1,050,000) and the Android handset profile 310-380 (1,048,576)",
};
const MIN_PARTS: Limit<u32> = Stated(0, SEND);
const MAX_PARTS: Limit<u32> = Assumed {
    value: 10,
    why: "no page states one; the limit of RingCentral and CarrierX",
};
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
    text_alone: Stated(true, SEND),
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
    why: "content_location names the part for the slides' layout, and its extension gives the type where none is given",
};
const NAME_ASCII: Limit<bool> = Assumed {
    value: true,
    why: "no page says how a name outside ASCII is read",
};
const MAX_NAME: Limit<u32> = Assumed {
    value: 64,
    why: "no page states one; 64 is long enough to tell parts apart",
};
const URL: UrlRules = UrlRules {
    head_required: Stated(true, SEND),
    content_length_required: Stated(true, SEND),
    chunked_refused: Assumed {
        value: true,
        why: "a chunked answer has no Content-Length, which the page wants",
    },
    content_type_required: Assumed {
        value: true,
        why: "the page takes the type from the request or the extension; a server that contradicts them is a risk",
    },
    https_required: Assumed {
        value: true,
        why: "the page is silent; plain HTTP can be changed on the way",
    },
    public_required: Stated(true, SEND),
    cached: Assumed {
        value: true,
        why: "the page is silent; the stricter reading",
    },
    answer_within: Assumed {
        value: Millis::new(10_000),
        why: "no page states a deadline; a server that needs longer for one file fails under load",
    },
    max_redirects: Assumed {
        value: 0,
        why: "no page mentions redirects: the final URL is handed over",
    },
    must_live: Assumed {
        value: Millis::new(259_200_000),
        why: "the page is silent; a message may wait three days elsewhere",
    },
    breach: Stated(UrlBreach::PartDropped, SEND),
};
const TEXT: TextRules = TextRules {
    max_text: Assumed {
        value: 5_000,
        why: "1,000 is advice there; the largest limit of the others",
    },
    unit: Assumed {
        value: TextUnit::Scalar,
        why: "the page says characters and not which",
    },
    advised_text: Stated(1_000, SEND),
    max_subject: Assumed {
        value: 80,
        why: "a subject exists and its limit is not given: the limit of Sinch",
    },
    advised_subject: Assumed {
        value: 40,
        why: "a subject exists and its limit is not given: the advice of Sinch",
    },
    subject_ascii: Assumed {
        value: true,
        why: "a relay that takes no other alphabet rejects the message",
    },
    advised_fallback: Assumed {
        value: 0,
        why: "the message has no such field",
    },
    fallback_choice_required: Assumed {
        value: false,
        why: "the message has no such field",
    },
    max_recipients: Assumed {
        value: 10,
        why: "10 participants are advised and no limit is stated: the strictest reading",
    },
    advised_recipients: Stated(10, SEND),
    duplicate_recipients_refused: Assumed {
        value: true,
        why: "the page is silent; RingCentral refuses them, and nobody wants a message twice",
    },
    plus_in_numbers: Stated(true, SEND),
    max_client_reference: Assumed {
        value: 64,
        why: "a reference exists and its limit is not given: the strictest of the others",
    },
};
const SENDING: SendRules = SendRules {
    sender_looked_up: Assumed {
        value: false,
        why: "no page has a call that lists the numbers which may send",
    },
    short_code_sender: Assumed {
        value: false,
        why: "the page asks for E.164",
    },
    max_expiry: Assumed {
        value: Millis::new(259_200_000),
        why: "an expiry exists and its limit is not given: the limit of Sinch",
    },
    headers_taken: Stated(true, SEND),
    headers_dropped: Stated(
        &[
            "x-mms-",
            "content-",
            "checksum-",
            "x-checksum-",
            "message-id",
        ],
        SEND,
    ),
    reports_on_request: Stated(true, SEND),
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
