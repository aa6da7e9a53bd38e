//! The kinds of demands that a set of rules is made of: types, slides, URLs, texts.

use super::Limit;
use crate::content_type::ContentType;
use crate::units::{ByteCount, Millis};

/// What a byte limit measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Measure {
    /// The media's own bytes.
    Raw,
    /// The bytes after base64.
    Encoded,
}

impl Measure {
    /// The word of the listing: `raw` or `encoded`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Encoded => "encoded",
        }
    }
}

/// How a part's bytes reach the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivery {
    /// In the body of the request.
    Upload,
    /// Fetched from a public URL.
    Url,
    /// Inside the JSON of the request, in base64.
    Embedded,
}

impl Delivery {
    /// The word of the listing: `upload`, `url` or `embedded`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Url => "url",
            Self::Embedded => "embedded",
        }
    }
}

/// Which place of a slide a type goes into (Sinch).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Slot {
    /// `image`
    Image,
    /// `audio`
    Audio,
    /// `video`
    Video,
    /// `contact`
    Contact,
    /// `calendar`
    Calendar,
    /// `pdf`
    Pdf,
    /// `message-text`
    Text,
    /// The provider has no slots.
    Any,
}

impl Slot {
    /// The name on the wire; `any` where there are no slots.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Contact => "contact",
            Self::Calendar => "calendar",
            Self::Pdf => "pdf",
            Self::Text => "message-text",
            Self::Any => "any",
        }
    }
}

/// One accepted type: how the provider spells it, and how large such a part may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeRule {
    /// The type.
    pub content_type: ContentType,
    /// The provider's own name for it, sent on the wire.
    pub spelling: &'static str,
    /// Other spellings that the provider takes, from a server that hosts the part for instance.
    pub other_spellings: &'static [&'static str],
    /// The extension that the provider lists first for it, without its dot.
    pub extension: &'static str,
    /// The other extensions that the provider lists for it, without their dots.
    pub other_extensions: &'static [&'static str],
    /// The place in a slide.
    pub slot: Slot,
    /// The most bytes of one such part.
    pub max_bytes: Limit<ByteCount>,
    /// The bytes that the provider advises for one such part; no more than `max_bytes`.
    pub advised_bytes: Limit<ByteCount>,
    /// Who says that the type is accepted.
    pub accepted: Limit<()>,
}

impl TypeRule {
    /// Every extension that the provider lists for the type, the first one first.
    pub fn all_extensions(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.extension).chain(self.other_extensions.iter().copied())
    }
}

/// What becomes of a message where a URL in it breaks a rule of the provider that fetches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlBreach {
    /// The whole message is rejected.
    MessageRejected,
    /// The message is sent without the part, and nobody is told.
    PartDropped,
    /// No page says: the part or the message may be lost in silence.
    Unknown,
    /// Nothing: the provider takes bytes and fetches no URL.
    NotFetched,
}

impl UrlBreach {
    /// The word of the listing: `message_rejected`, `part_dropped`, `unknown` or `not_fetched`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MessageRejected => "message_rejected",
            Self::PartDropped => "part_dropped",
            Self::Unknown => "unknown",
            Self::NotFetched => "not_fetched",
        }
    }
}

/// What a URL must satisfy where the provider fetches media itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UrlRules {
    /// The provider sends HEAD as well as GET.
    pub head_required: Limit<bool>,
    /// Content-Length must be present and true.
    pub content_length_required: Limit<bool>,
    /// A chunked answer is refused.
    pub chunked_refused: Limit<bool>,
    /// Content-Type must be present, not generic, and equal in kind to the bytes.
    pub content_type_required: Limit<bool>,
    /// Only `https`.
    pub https_required: Limit<bool>,
    /// The address must be reachable from the public internet.
    pub public_required: Limit<bool>,
    /// What was fetched from a URL once may be sent again without another look: other bytes need another URL.
    pub cached: Limit<bool>,
    /// How long an answer may take before the provider may be expected to give up.
    pub answer_within: Limit<Millis>,
    /// How many redirects the provider may be expected to follow: 0 means that the final URL is handed over.
    pub max_redirects: Limit<u32>,
    /// How long the URL must stay valid after sending.
    pub must_live: Limit<Millis>,
    /// What becomes of the message where the URL breaks one of these rules.
    pub breach: Limit<UrlBreach>,
}

/// How the unit of a text limit is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TextUnit {
    /// UTF-16 code units: a character outside the BMP counts two.
    Utf16,
    /// Unicode scalar values, and no more UTF-16 units than the limit either.
    Scalar,
}

impl TextUnit {
    /// The words of the listing.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Utf16 => "UTF-16 code units",
            Self::Scalar => "Unicode scalar values",
        }
    }
}

/// Limits of what is written beside the media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextRules {
    /// The most text of one message, or of one slide where there are slides.
    pub max_text: Limit<u32>,
    /// How text is counted.
    pub unit: Limit<TextUnit>,
    /// The most text before a warning.
    pub advised_text: Limit<u32>,
    /// The longest subject; zero where there is no such field.
    pub max_subject: Limit<u32>,
    /// The longest subject before a warning; zero where there is no such field.
    pub advised_subject: Limit<u32>,
    /// The subject holds ASCII only.
    pub subject_ascii: Limit<bool>,
    /// The longest text of the SMS that replaces an undeliverable message, before a warning; zero where there is none.
    pub advised_fallback: Limit<u32>,
    /// The caller must choose: a fallback text, or no fallback.
    pub fallback_choice_required: Limit<bool>,
    /// The most recipients of one message, the sender not counted.
    pub max_recipients: Limit<u32>,
    /// The most recipients before a warning.
    pub advised_recipients: Limit<u32>,
    /// The same recipient twice is refused.
    pub duplicate_recipients_refused: Limit<bool>,
    /// Numbers travel with `+` in front; without it, as digits alone.
    pub plus_in_numbers: Limit<bool>,
    /// The longest reference of the caller's own; zero where there is no such field.
    pub max_client_reference: Limit<u32>,
}

/// Whether parts of two slots may share a slide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlidePair {
    /// The two slots, in no order.
    pub slots: (Slot, Slot),
    /// Whether they may share a slide.
    pub allowed: Limit<bool>,
}

/// What one slide may hold, where the provider has slides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlideRules {
    /// Which slots may share a slide; a pair that is not listed may not. Empty where there are no slides.
    pub pairs: &'static [SlidePair],
    /// Two parts of one content type may share a slide.
    pub same_type_twice: Limit<bool>,
    /// A slide, or a whole message, may hold text alone.
    pub text_alone: Limit<bool>,
}

/// What the request that sends a message may say beside its text, and how often one may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendRules {
    /// A message may name no sender: the provider can be asked which of the account's numbers sends.
    pub sender_looked_up: Limit<bool>,
    /// The sender may be a short code, which is no E.164 number.
    pub short_code_sender: Limit<bool>,
    /// How long a message may wait before it expires; zero where there is no such field.
    pub max_expiry: Limit<Millis>,
    /// Headers of the caller's own may be given.
    pub headers_taken: Limit<bool>,
    /// Headers that are dropped unsaid: the beginnings of their names, in lower case.
    pub headers_dropped: Limit<&'static [&'static str]>,
    /// The provider tells of the delivery only where the request asks for it.
    pub reports_on_request: Limit<bool>,
    /// The most messages in one `window`.
    pub window_messages: Limit<u32>,
    /// The window that `window_messages` counts in.
    pub window: Limit<Millis>,
    /// The shortest wait after an answer that says "too many" or "too soon", where it names none itself.
    pub throttle_wait: Limit<Millis>,
}
