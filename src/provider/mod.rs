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

mod carrier;
mod carriers;
mod carrierx;
mod demand;
mod facts;
mod limit;
mod ringcentral;
mod sinch;
mod tsg_global;

pub use carrier::{Carrier, CarrierCeiling, Route, UnknownCarrier};
pub use demand::{
    Delivery, Measure, SendRules, SlidePair, SlideRules, Slot, TextRules, TextUnit, TypeRule,
    UrlBreach, UrlRules,
};
pub use facts::{Fact, FactValue};
pub use limit::{Dispute, Limit, Source};

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
    /// The request that sends, and its pace.
    pub sending: SendRules,
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

    /// Reads a provider's name in any case, `_` for `-` allowed, and `tsg` for short. Names of variants such as
    /// `ringcentral-2026` are for [`Rules::by_name`].
    fn from_str(name: &str) -> Result<Self, UnknownProvider> {
        let wanted = name.to_ascii_lowercase().replace('_', "-");
        Self::ALL
            .iter()
            .copied()
            .find(|provider| {
                provider.name() == wanted || (*provider == Self::TsgGlobal && wanted == "tsg")
            })
            .ok_or_else(|| UnknownProvider(name.to_owned()))
    }
}

/// A name that no provider has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a provider: known are ringcentral, sinch, carrierx and tsg-global")]
pub struct UnknownProvider(String);
