//! Providers and their rules, as data: every value stands beside the page that states it, or says why it is assumed.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::content_type::ContentType;
use crate::units::{ByteCount, Millis, Pixels};

/// Rows of a provider's list of types: one line a type, every column written out.
///
/// The columns: type, slot, spelling, its other spellings, extension, its other extensions, cap, advised size, who
/// says that it is accepted.
macro_rules! type_rules {
    ($( $kind:ident, $slot:ident, $spelling:literal, [$($other:literal),*], $extension:literal, [$($more:literal),*],
        $max:expr, $advised:expr, $accepted:expr; )*) => {
        &[$( $crate::provider::TypeRule {
            content_type: $crate::content_type::ContentType::$kind,
            spelling: $spelling,
            other_spellings: &[$($other),*],
            extension: $extension,
            other_extensions: &[$($more),*],
            slot: $crate::provider::Slot::$slot,
            max_bytes: $max,
            advised_bytes: $advised,
            accepted: $accepted,
        }, )*]
    };
}

mod carrierx;
mod ringcentral;
mod sinch;
mod tsg_global;

/// An API that takes our message and hands it to the mobile networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Provider {
    /// RingCentral: bytes in a multipart request.
    RingCentral,
    /// Sinch MMS JSON API (ep/v2): a URL per slide.
    Sinch,
    /// CarrierX: a list of URLs.
    CarrierX,
    /// TSG Global: URL, embedded or plain text, part by part.
    TsgGlobal,
}

/// The page that states a rule, and the day it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// The page's address or the document's title.
    pub page: &'static str,
    /// The day, as `YYYY-MM-DD`.
    pub seen: &'static str,
}

/// A value that a provider states, or that we assume because its pages are silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit<T> {
    /// Stated by the page.
    Stated(T, Source),
    /// Not stated anywhere: what we assume, and why.
    Assumed {
        /// The value.
        value: T,
        /// The reason.
        why: &'static str,
    },
}

impl<T: Copy> Limit<T> {
    /// The value, whoever vouches for it.
    #[must_use]
    pub const fn value(&self) -> T {
        match self {
            Self::Stated(value, _) | Self::Assumed { value, .. } => *value,
        }
    }
}

/// What a byte limit measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Measure {
    /// The media's own bytes.
    Raw,
    /// The bytes after base64.
    Encoded,
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

/// Two pages that disagree: the rule follows the stricter one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// The rule, as [`Rules::facts`] names it.
    pub rule: &'static str,
    /// What the other page says.
    pub says: &'static str,
    /// The other page.
    pub source: Source,
}

/// Everything that one provider demands of a message, with sources.
///
/// # Examples
///
/// ```
/// use mmsfit::{ByteCount, Provider};
///
/// let rules = Provider::RingCentral.rules();
/// assert_eq!(rules.message_bytes.value(), ByteCount::new(1_500_000));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The name of this set: the provider's, or a variant's such as `ringcentral-2026`.
    pub name: Cow<'static, str>,
    /// Whose rules these are.
    pub provider: Provider,
    /// What sets this variant apart, in one sentence.
    pub title: &'static str,
    /// The ways a part can travel, the preferred one first.
    pub delivery: Cow<'static, [Delivery]>,
    /// Who says so.
    pub delivery_stated: Limit<()>,
    /// The types accepted.
    pub types: Cow<'static, [TypeRule]>,
    /// The most bytes of all parts together.
    pub message_bytes: Limit<ByteCount>,
    /// What `message_bytes` and each type's `max_bytes` measure.
    pub measure: Limit<Measure>,
    /// The most bytes of one part that travels inside the request, in its encoded form; zero where none can.
    pub embedded_bytes: Limit<ByteCount>,
    /// The most characters of a part that travels as a `data:` URL, the whole URL counted; zero where none can.
    pub data_url_chars: Limit<u32>,
    /// What parts of one message should add up to so that carriers take it: fitting aims here. Callers may raise it up
    /// to `message_bytes`.
    pub target_bytes: Limit<ByteCount>,
    /// What the networks behind usually take of a whole message; above it a note is given.
    pub carrier_bytes: Limit<ByteCount>,
    /// The fewest parts: zero where a text alone makes a message.
    pub min_parts: Limit<u32>,
    /// The most parts, which is the most slides where each holds one part.
    pub max_parts: Limit<u32>,
    /// One medium a slide: parts of different slots share no slide.
    pub one_medium_per_slide: Limit<bool>,
    /// What one slide may hold.
    pub slides: SlideRules,
    /// The longest side of a picture.
    pub max_long_side: Limit<Pixels>,
    /// The long side that a picture needs at most to fill a phone: more is not refused.
    pub advised_long_side: Limit<Pixels>,
    /// The short side that a picture needs at most to fill a phone: more is not refused.
    pub advised_short_side: Limit<Pixels>,
    /// The longest duration of sound or video.
    pub max_duration: Limit<Millis>,
    /// The longest duration of sound or video before a warning.
    pub advised_duration: Limit<Millis>,
    /// Every part needs a file name.
    pub name_required: Limit<bool>,
    /// File names hold ASCII only.
    pub name_ascii: Limit<bool>,
    /// The longest file name, its extension counted.
    pub max_name: Limit<u32>,
    /// What a fetched URL must satisfy; for providers that take bytes, what we ask before downloading.
    pub url: UrlRules,
    /// Text, subject and recipients.
    pub text: TextRules,
    /// Where pages disagree.
    pub disputes: Cow<'static, [Dispute]>,
}

static RINGCENTRAL: Rules = ringcentral::RULES;
static RINGCENTRAL_2026: Rules = ringcentral::RULES_2026;
static SINCH: Rules = sinch::RULES;
static SINCH_TRANSCODING: Rules = sinch::TRANSCODING;
static CARRIERX: Rules = carrierx::RULES;
static TSG_GLOBAL: Rules = tsg_global::RULES;

impl Rules {
    /// Every set of rules: each provider's own, and its variants behind it.
    pub const ALL: &'static [&'static Self] = &[
        &RINGCENTRAL,
        &RINGCENTRAL_2026,
        &SINCH,
        &SINCH_TRANSCODING,
        &CARRIERX,
        &TSG_GLOBAL,
    ];

    /// The set of a name: a provider's, or a variant's such as `ringcentral-2026`.
    ///
    /// # Examples
    ///
    /// ```
    /// use mmsfit::{Provider, Rules};
    ///
    /// assert_eq!(Rules::by_name("sinch"), Some(Provider::Sinch.rules()));
    /// assert!(Rules::by_name("ringcentral-2026").is_some());
    /// assert_eq!(Rules::by_name("pigeon"), None);
    /// ```
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().copied().find(|rules| rules.name == name)
    }

    /// The rule for a type, `None` where it is not accepted.
    #[must_use]
    pub fn accepts(&self, content_type: ContentType) -> Option<&TypeRule> {
        self.types
            .iter()
            .find(|rule| rule.content_type == content_type)
    }
}

impl Provider {
    /// Every provider.
    pub const ALL: &'static [Self] = &[
        Self::RingCentral,
        Self::Sinch,
        Self::CarrierX,
        Self::TsgGlobal,
    ];

    /// The name of the command line: `ringcentral`, `sinch`, `carrierx`, `tsg-global`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RingCentral => "ringcentral",
            Self::Sinch => "sinch",
            Self::CarrierX => "carrierx",
            Self::TsgGlobal => "tsg-global",
        }
    }

    /// What the provider demands, its default set. Clone it to change what you know better.
    #[must_use]
    pub fn rules(self) -> &'static Rules {
        match self {
            Self::RingCentral => &RINGCENTRAL,
            Self::Sinch => &SINCH,
            Self::CarrierX => &CARRIERX,
            Self::TsgGlobal => &TSG_GLOBAL,
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Provider {
    type Err = UnknownProvider;

    fn from_str(name: &str) -> Result<Self, UnknownProvider> {
        Self::ALL
            .iter()
            .copied()
            .find(|provider| provider.name() == name)
            .ok_or_else(|| UnknownProvider(name.to_owned()))
    }
}

/// A name that no provider has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a provider: known are ringcentral, sinch, carrierx and tsg-global")]
pub struct UnknownProvider(String);
