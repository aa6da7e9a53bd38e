//! Sinch MMS JSON API (ep/v2): a URL per slide, caps per part that depend on the account.

use std::borrow::Cow;

use super::Limit::{Assumed, Stated};
use super::{
    Delivery, Dispute, Limit, Measure, Provider, Rules, SendRules, SlidePair, SlideRules, Slot,
    Source, TextRules, TextUnit, TypeRule, UrlBreach, UrlRules,
};
use crate::units::{ByteCount, Millis, Pixels};

/// An account without transcoding: the stricter caps, safe with every account.
pub(super) const RULES: Rules = Rules {
    name: Cow::Borrowed("sinch"),
    provider: Provider::Sinch,
    title: "an account without transcoding",
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
    disputes: Cow::Borrowed(&[
        Dispute {
            rule: "slides.contact+calendar",
            says: "the API reference lists no such exclusion, nor for contact and PDF or calendar and PDF",
            source: SEND,
        },
        Dispute {
            rule: "slides.text_alone",
            says: "a slide needs text only where it has no media, so text alone would do",
            source: SAVE,
        },
        Dispute {
            rule: "url.cached",
            says: "older pages fetch the content for each request",
            source: SEND_OLDER,
        },
        Dispute {
            rule: "text.subject_ascii",
            says: "the JSON API's reference sets no alphabet",
            source: SEND,
        },
    ]),
};

/// An account with transcoding: larger sources, which Sinch shrinks for the carrier.
pub(super) const TRANSCODING: Rules = Rules {
    name: Cow::Borrowed("sinch-transcoding"),
    provider: Provider::Sinch,
    title: "an account with transcoding, where Sinch shrinks media for the carrier",
    delivery: DELIVERY,
    delivery_stated: DELIVERY_STATED,
    types: Cow::Borrowed(TYPES_TRANSCODING),
    message_bytes: MESSAGE_BYTES_TRANSCODING,
    measure: MEASURE,
    embedded_bytes: EMBEDDED_BYTES,
    data_url_chars: DATA_URL_CHARS,
    target_bytes: TARGET_BYTES_TRANSCODING,
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
            rule: "slides.contact+calendar",
            says: "the API reference lists no such exclusion, nor for contact and PDF or calendar and PDF",
            source: SEND,
        },
        Dispute {
            rule: "slides.text_alone",
            says: "a slide needs text only where it has no media, so text alone would do",
            source: SAVE,
        },
        Dispute {
            rule: "url.cached",
            says: "older pages fetch the content for each request",
            source: SEND_OLDER,
        },
        Dispute {
            rule: "text.subject_ascii",
            says: "the JSON API's reference sets no alphabet",
            source: SEND,
        },
        Dispute {
            rule: "types",
            says: "the same page says that transcoding exists only on short codes, and that US short codes lack it",
            source: SIZES,
        },
    ]),
};

const TYPES: &[TypeRule] = type_rules! {
    Jpeg, Image, "image/jpeg", ["image/jpg"], "jpg", [], PLAIN_IMAGE, PLAIN_IMAGE_ADVICE, IMAGE_LISTED;
    Png, Image, "image/png", [], "png", [], PLAIN_IMAGE, PLAIN_IMAGE_ADVICE, IMAGE_LISTED;
    Gif, Image, "image/gif", [], "gif", [], PLAIN_GIF, PLAIN_GIF_ADVICE, IMAGE_LISTED;
    Mp3, Audio, "audio/mpeg", ["audio/mp3"], "mp3", [], PLAIN_AUDIO, PLAIN_AUDIO, LISTED;
    Wav, Audio, "audio/x-wav", ["audio/x-wave"], "wav", [], PLAIN_AUDIO, PLAIN_AUDIO, LISTED;
    Amr, Audio, "audio/amr", [], "amr", [], PLAIN_AUDIO, PLAIN_AUDIO, LISTED;
    Mp4, Video, "video/mp4", [], "mp4", [], PLAIN_VIDEO, PLAIN_VIDEO_ADVICE, LISTED;
    Mpeg, Video, "video/mpeg", [], "mpg", ["mpeg"], PLAIN_VIDEO, PLAIN_VIDEO_ADVICE, LISTED;
    Avi, Video, "video/x-msvideo", [], "avi", [], PLAIN_VIDEO, PLAIN_VIDEO_ADVICE, LISTED;
    Wmv, Video, "video/x-ms-wmv", [], "wmv", [], PLAIN_VIDEO, PLAIN_VIDEO_ADVICE, LISTED;
    QuickTime, Video, "video/quicktime", [], "mov", [], PLAIN_VIDEO, PLAIN_VIDEO_ADVICE, LISTED;
    ThreeGp, Video, "video/3gpp", [], "3gp", [], PLAIN_VIDEO, PLAIN_VIDEO_ADVICE, LISTED;
    VCard, Contact, "text/vcard", ["text/v-card", "text/x-vcard"], "vcf", ["vcard"], PLAIN_OBJECT, PLAIN_OBJECT, LISTED;
    ICalendar, Calendar, "text/calendar", [], "ics", ["ical", "ifb", "icalendar"], PLAIN_OBJECT, PLAIN_OBJECT, LISTED;
    Pdf, Pdf, "application/pdf", ["application/x-pdf"], "pdf", [], PLAIN_OBJECT, PLAIN_OBJECT, LISTED;
};

const TYPES_TRANSCODING: &[TypeRule] = type_rules! {
    Jpeg, Image, "image/jpeg", ["image/jpg"], "jpg", [], TRANSCODING_IMAGE, TRANSCODING_IMAGE_ADVICE, IMAGE_LISTED;
    Png, Image, "image/png", [], "png", [], TRANSCODING_IMAGE, TRANSCODING_IMAGE_ADVICE, IMAGE_LISTED;
    Gif, Image, "image/gif", [], "gif", [], TRANSCODING_GIF, TRANSCODING_GIF_ADVICE, IMAGE_LISTED;
    Mp3, Audio, "audio/mpeg", ["audio/mp3"], "mp3", [], TRANSCODING_AUDIO, TRANSCODING_AUDIO, LISTED;
    Wav, Audio, "audio/x-wav", ["audio/x-wave"], "wav", [], TRANSCODING_AUDIO, TRANSCODING_AUDIO, LISTED;
    Amr, Audio, "audio/amr", [], "amr", [], TRANSCODING_AUDIO, TRANSCODING_AUDIO, LISTED;
    Mp4, Video, "video/mp4", [], "mp4", [], TRANSCODING_VIDEO, TRANSCODING_VIDEO_ADVICE, LISTED;
    Mpeg, Video, "video/mpeg", [], "mpg", ["mpeg"], TRANSCODING_VIDEO, TRANSCODING_VIDEO_ADVICE, LISTED;
    Avi, Video, "video/x-msvideo", [], "avi", [], TRANSCODING_VIDEO, TRANSCODING_VIDEO_ADVICE, LISTED;
    Wmv, Video, "video/x-ms-wmv", [], "wmv", [], TRANSCODING_VIDEO, TRANSCODING_VIDEO_ADVICE, LISTED;
    QuickTime, Video, "video/quicktime", [], "mov", [], TRANSCODING_VIDEO, TRANSCODING_VIDEO_ADVICE, LISTED;
    ThreeGp, Video, "video/3gpp", [], "3gp", [], TRANSCODING_VIDEO, TRANSCODING_VIDEO_ADVICE, LISTED;
    VCard, Contact, "text/vcard", ["text/v-card", "text/x-vcard"], "vcf", ["vcard"], TRANSCODING_OBJECT, TRANSCODING_OBJECT, LISTED;
    ICalendar, Calendar, "text/calendar", [], "ics", ["ical", "ifb", "icalendar"], TRANSCODING_OBJECT, TRANSCODING_OBJECT, LISTED;
    Pdf, Pdf, "application/pdf", ["application/x-pdf"], "pdf", [], TRANSCODING_OBJECT, TRANSCODING_OBJECT, LISTED;
};

const SEND: Source = Source {
    page: "Sinch MMS JSON API reference, Send and receive MMS messages using the JSON API",
    seen: "2026-11-21",
};
const OPENAPI: Source = Source {
    page: "https://developers.sinch.com/_bundle/docs/mms/api-reference/mms.json",
    seen: "2026-11-21",
};
const SEND_OLDER: Source = Source {
    page: "https://developers.sinch.com/docs/mms/api-reference/sendmms",
    seen: "2026-11-21",
};
const SAVE: Source = Source {
    page: "https://developers.sinch.com/docs/mms/api-reference/savemms",
    seen: "2026-11-21",
};
const SIZES: Source = Source {
    page: "https://community.sinch.com/t5/MMS/What-is-the-maximum-size-of-MMS-message-that-you-can-send/ta-p/7847",
    seen: "2026-11-21",
};
const BEST: Source = Source {
    page: "https://github.com/sinch/docs docs/mms/mms-bestpractices.md",
    seen: "2021-07-11",
};
const CODES: Source = Source {
    page: "https://sinch.redocly.app/docs/mms/api-reference/api-status-codes",
    seen: "2026-11-21",
};
const XML: Source = Source {
    page: "https://github.com/sinch/docs docs/mms/xml-service",
    seen: "2021-07-11",
};
const INTRO: Source = Source {
    page: "https://developers.sinch.com/docs/mms/api-reference/introduction/",
    seen: "2026-11-21",
};

const LISTED: Limit<()> = Stated((), OPENAPI);
const IMAGE_LISTED: Limit<()> = Stated((), SEND);
const DELIVERY: Cow<'static, [Delivery]> = Cow::Borrowed(&[Delivery::Url]);
const DELIVERY_STATED: Limit<()> = Stated((), SEND);
const PLAIN_IMAGE: Limit<ByteCount> = Stated(ByteCount::new(1_000_000), SIZES);
const PLAIN_GIF: Limit<ByteCount> = Stated(ByteCount::new(1_000_000), SIZES);
const PLAIN_AUDIO: Limit<ByteCount> = Stated(ByteCount::new(1_000_000), SIZES);
const PLAIN_VIDEO: Limit<ByteCount> = Stated(ByteCount::new(1_000_000), SIZES);
const PLAIN_OBJECT: Limit<ByteCount> = Assumed {
    value: ByteCount::new(1_000_000),
    why: "2,048 KB stated, but the budget of the whole message is less",
};
const PLAIN_IMAGE_ADVICE: Limit<ByteCount> = Stated(ByteCount::new(740_000), BEST);
const PLAIN_GIF_ADVICE: Limit<ByteCount> = Stated(ByteCount::new(600_000), BEST);
const PLAIN_VIDEO_ADVICE: Limit<ByteCount> = Stated(ByteCount::new(740_000), BEST);
const TRANSCODING_IMAGE: Limit<ByteCount> = Stated(ByteCount::new(3_000_000), SIZES);
const TRANSCODING_GIF: Limit<ByteCount> = Stated(ByteCount::new(1_024_000), SIZES);
const TRANSCODING_AUDIO: Limit<ByteCount> = Stated(ByteCount::new(10_000_000), SIZES);
const TRANSCODING_VIDEO: Limit<ByteCount> = Stated(ByteCount::new(50_000_000), SIZES);
const TRANSCODING_OBJECT: Limit<ByteCount> = Stated(ByteCount::new(2_048_000), SIZES);
const TRANSCODING_IMAGE_ADVICE: Limit<ByteCount> = Stated(ByteCount::new(1_000_000), BEST);
const TRANSCODING_GIF_ADVICE: Limit<ByteCount> = Stated(ByteCount::new(740_000), BEST);
const TRANSCODING_VIDEO_ADVICE: Limit<ByteCount> = Stated(ByteCount::new(10_000_000), BEST);
const MESSAGE_BYTES: Limit<ByteCount> = Assumed {
    value: ByteCount::new(1_000_000),
    why: "Sinch caps each part; the operators' ceilings bind the whole message, and 1,000,000 bytes grow to about 1,370,814 on the wire",
};
const MESSAGE_BYTES_TRANSCODING: Limit<ByteCount> = Assumed {
    value: ByteCount::new(50_000_000),
    why: "Sinch caps each part and shrinks media for the carrier; no sum is stated, so the largest part bounds it",
};
const MEASURE: Limit<Measure> = Assumed {
    value: Measure::Raw,
    why: "the caps are those of source files on a web server, which carry no base64",
};
const EMBEDDED_BYTES: Limit<ByteCount> = Assumed {
    value: ByteCount::new(0),
    why: "no page has a way to put media inside the JSON",
};
const DATA_URL_CHARS: Limit<u32> = Assumed {
    value: 0,
    why: "media are fetched with GET, which a data URL has no server for",
};
const TARGET_BYTES: Limit<ByteCount> = Assumed {
    value: ByteCount::new(740_000),
    why: "the best practices advise 740 KB for an image without transcoding",
};
const TARGET_BYTES_TRANSCODING: Limit<ByteCount> = Assumed {
    value: ByteCount::new(1_000_000),
    why: "the best practices advise 1 MB for an image with transcoding",
};
const CARRIER_BYTES: Limit<ByteCount> = Stated(ByteCount::new(1_050_000), SIZES);
const MIN_PARTS: Limit<u32> = Stated(1, SEND);
const MAX_PARTS: Limit<u32> = Stated(8, SEND);
const ONE_MEDIUM: Limit<bool> = Assumed {
    value: true,
    why: "stricter than the page, which lets an image and a sound share a slide: no exclusion can be broken, and eight media still fit",
};
const SLIDES: SlideRules = SlideRules {
    pairs: &[
        SlidePair {
            slots: (Slot::Image, Slot::Audio),
            allowed: Stated(true, SEND),
        },
        SlidePair {
            slots: (Slot::Image, Slot::Video),
            allowed: Stated(false, CODES),
        },
        SlidePair {
            slots: (Slot::Audio, Slot::Video),
            allowed: Stated(false, CODES),
        },
        SlidePair {
            slots: (Slot::Image, Slot::Contact),
            allowed: Stated(false, CODES),
        },
        SlidePair {
            slots: (Slot::Audio, Slot::Contact),
            allowed: Stated(false, CODES),
        },
        SlidePair {
            slots: (Slot::Video, Slot::Contact),
            allowed: Stated(false, CODES),
        },
        SlidePair {
            slots: (Slot::Image, Slot::Calendar),
            allowed: Stated(false, CODES),
        },
        SlidePair {
            slots: (Slot::Audio, Slot::Calendar),
            allowed: Stated(false, CODES),
        },
        SlidePair {
            slots: (Slot::Video, Slot::Calendar),
            allowed: Stated(false, CODES),
        },
        SlidePair {
            slots: (Slot::Image, Slot::Pdf),
            allowed: Stated(false, CODES),
        },
        SlidePair {
            slots: (Slot::Audio, Slot::Pdf),
            allowed: Stated(false, CODES),
        },
        SlidePair {
            slots: (Slot::Video, Slot::Pdf),
            allowed: Stated(false, CODES),
        },
        SlidePair {
            slots: (Slot::Contact, Slot::Calendar),
            allowed: Stated(false, CODES),
        },
        SlidePair {
            slots: (Slot::Contact, Slot::Pdf),
            allowed: Stated(false, CODES),
        },
        SlidePair {
            slots: (Slot::Calendar, Slot::Pdf),
            allowed: Stated(false, CODES),
        },
        SlidePair {
            slots: (Slot::Image, Slot::Text),
            allowed: Stated(true, SEND),
        },
        SlidePair {
            slots: (Slot::Audio, Slot::Text),
            allowed: Stated(true, SEND),
        },
        SlidePair {
            slots: (Slot::Video, Slot::Text),
            allowed: Stated(true, SEND),
        },
        SlidePair {
            slots: (Slot::Contact, Slot::Text),
            allowed: Stated(true, SEND),
        },
        SlidePair {
            slots: (Slot::Calendar, Slot::Text),
            allowed: Stated(true, SEND),
        },
        SlidePair {
            slots: (Slot::Pdf, Slot::Text),
            allowed: Stated(true, SEND),
        },
    ],
    same_type_twice: Stated(false, SEND),
    text_alone: Stated(false, OPENAPI),
};
const MAX_LONG_SIDE: Limit<Pixels> = Assumed {
    value: Pixels::new(8_192),
    why: "no page states one; a square of 8,192 px takes 256 MiB of a phone's memory",
};
const ADVISED_LONG_SIDE: Limit<Pixels> = Stated(Pixels::new(1_920), BEST);
const ADVISED_SHORT_SIDE: Limit<Pixels> = Stated(Pixels::new(1_080), BEST);
const MAX_DURATION: Limit<Millis> = Assumed {
    value: Millis::new(3_600_000),
    why: "no page states one, the byte cap binds first; more than an hour within it is a broken header",
};
const ADVISED_DURATION: Limit<Millis> = Stated(Millis::new(30_000), BEST);
const NAME_REQUIRED: Limit<bool> = Assumed {
    value: true,
    why: "the page wants a URL that is the full path to the file: its name is the URL's last segment",
};
const NAME_ASCII: Limit<bool> = Assumed {
    value: true,
    why: "a name outside ASCII would have to be percent-encoded in the URL",
};
const MAX_NAME: Limit<u32> = Assumed {
    value: 64,
    why: "no page states one; 64 is long enough to tell parts apart",
};
const URL: UrlRules = UrlRules {
    head_required: Assumed {
        value: false,
        why: "the pages name GET only; a HEAD that fails is a warning",
    },
    content_length_required: Stated(true, SEND),
    chunked_refused: Stated(true, SEND),
    content_type_required: Stated(true, SEND),
    https_required: Assumed {
        value: true,
        why: "the examples use both schemes; plain HTTP can be changed on the way",
    },
    public_required: Stated(true, INTRO),
    cached: Stated(true, OPENAPI),
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
        why: "a message may wait three days, and its media be fetched as late",
    },
    breach: Stated(UrlBreach::MessageRejected, SEND),
};
const TEXT: TextRules = TextRules {
    max_text: Stated(5_000, SEND),
    unit: Assumed {
        value: TextUnit::Scalar,
        why: "the page says characters and not which",
    },
    advised_text: Assumed {
        value: 5_000,
        why: "no page advises less than the limit",
    },
    max_subject: Stated(80, SEND),
    advised_subject: Stated(40, SEND),
    subject_ascii: Stated(true, XML),
    advised_fallback: Stated(110, SEND),
    fallback_choice_required: Stated(true, SEND),
    max_recipients: Stated(1, SEND),
    advised_recipients: Assumed {
        value: 1,
        why: "no page advises fewer than the limit",
    },
    duplicate_recipients_refused: Assumed {
        value: true,
        why: "there is one recipient",
    },
    plus_in_numbers: Assumed {
        value: false,
        why: "every example has the country code and digits alone",
    },
    max_client_reference: Stated(64, SEND),
};
const SENDING: SendRules = SendRules {
    sender_looked_up: Assumed {
        value: false,
        why: "no page has a call that lists the numbers which may send",
    },
    short_code_sender: Stated(true, SEND),
    max_expiry: Stated(Millis::new(259_200_000), SEND),
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
        why: "postbacks are set up for the account",
    },
    window_messages: Assumed {
        value: 1,
        why: "no page gives a number; E106 and E113 say when it was too many",
    },
    window: Assumed {
        value: Millis::new(100),
        why: "ten a second: E106 and E113 slow it down further",
    },
    throttle_wait: Assumed {
        value: Millis::new(5_000),
        why: "the interval stands in the answer's text only; five seconds doubling is the usual model",
    },
};
