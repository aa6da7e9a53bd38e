//! Providers and their rules, as data: every value stands beside the page that states it, or says why it is assumed.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::content_type::ContentType;
use crate::units::{ByteCount, Millis, Pixels};

/// An API that takes our message and hands it to the mobile networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Provider {
    /// `RingCentral`: bytes in a multipart request.
    RingCentral,
    /// Sinch MMS JSON API (ep/v2): a URL per slide.
    Sinch,
    /// `CarrierX`: a list of URLs.
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
    /// The extension that the provider lists first for it, without its dot.
    pub extension: &'static str,
    /// The place in a slide.
    pub slot: Slot,
    /// The most bytes of one such part.
    pub max_bytes: Limit<ByteCount>,
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
    /// The most recipients of one message.
    pub max_recipients: Limit<u32>,
    /// The longest reference of the caller's own; zero where there is no such field.
    pub max_client_reference: Limit<u32>,
}

/// Everything that one provider demands of a message, with sources.
///
/// # Examples
///
/// ```
/// assert_eq!("sinch".parse(), Ok(mmsfit::Provider::Sinch));
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
    /// The types accepted.
    pub types: Cow<'static, [TypeRule]>,
    /// The most bytes of all parts together.
    pub message_bytes: Limit<ByteCount>,
    /// What `message_bytes` and each type's `max_bytes` measure.
    pub measure: Limit<Measure>,
    /// The most bytes of one part that travels inside the request, in its encoded form; zero where none can.
    pub embedded_bytes: Limit<ByteCount>,
    /// What parts of one message should add up to so that carriers take it: fitting aims here.
    pub target_bytes: Limit<ByteCount>,
    /// What the networks behind usually take of a whole message; above it a note is given.
    pub carrier_bytes: Limit<ByteCount>,
    /// The most parts.
    pub max_parts: Limit<u32>,
    /// One medium a slide: parts of different slots share no slide.
    pub one_medium_per_slide: Limit<bool>,
    /// The longest side of a picture.
    pub max_long_side: Limit<Pixels>,
    /// The longest duration of sound or video.
    pub max_duration: Limit<Millis>,
    /// The longest file name.
    pub max_name: Limit<u32>,
    /// What a fetched URL must satisfy; for providers that take bytes, what we ask before downloading.
    pub url: UrlRules,
    /// Text, subject and recipients.
    pub text: TextRules,
}

impl Rules {
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
