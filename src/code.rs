//! The table of codes: MMS001 to MMS901, stable for ever, never reused.

mod explain;
mod explain_delivery;
mod explain_media;

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

pub use explain::{Explanation, ProviderCode};

macro_rules! codes {
    ($( $(#[doc = $doc:literal])* $variant:ident = $number:literal, $severity:ident, $title:literal; )*) => {
        /// What a finding is about. The number never changes its meaning and is never used again.
        ///
        /// Blocks: 0xx input, 1xx content type, 2xx size and dimensions, 3xx container and codec, 4xx metadata,
        /// 5xx remote URL, 6xx message, 7xx sending, 9xx our own faults.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $( #[doc = $title] $variant, )*
        }

        impl Code {
            /// Every code, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$( Self::$variant, )*];

            /// The number behind `MMS`.
            #[must_use]
            pub const fn number(self) -> u16 {
                match self { $( Self::$variant => $number, )* }
            }

            /// The title: a fragment that names the fault.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $( Self::$variant => $title, )* }
            }

            /// How grave a finding with this code is unless its outcome says otherwise.
            #[must_use]
            pub const fn default_severity(self) -> Severity {
                match self { $( Self::$variant => Severity::$severity, )* }
            }
        }
    };
}

codes! {
    EmptyAttachment = 1, Error, "empty attachment";
    UnreadableAttachment = 2, Error, "unreadable attachment";
    OverInputLimit = 3, Error, "over the input limit, refused unread";
    ChangedWhileRead = 4, Error, "changed while it was read";
    NotARegularFile = 5, Error, "not a regular file";
    OutputNotWritten = 6, Error, "output could not be written";
    TypeNotRecognised = 101, Error, "type not recognised";
    DeclaredTypeDiffers = 102, Warning, "declared type differs from the bytes";
    TypeNotAccepted = 103, Error, "type not accepted by the provider";
    NameAndTypeDisagree = 104, Warning, "name and type disagree";
    AmbiguousType = 105, Error, "bytes are valid as more than one type";
    TextEncoding = 106, Error, "text not in UTF-8";
    PartOverLimit = 201, Error, "part over its byte limit";
    DimensionsOverLimit = 202, Error, "dimensions over the limit";
    DecodedSizeOverLimit = 203, Error, "decoded size over the safety limit";
    DurationOverLimit = 204, Error, "duration over the limit";
    CannotBeFitted = 205, Error, "cannot be fitted within the limit";
    AboveCarrierCeiling = 206, Note, "within the provider's cap, above the usual carrier ceiling";
    WorkOverLimit = 207, Error, "work over the safety limit";
    Corrupt = 301, Error, "truncated or corrupt";
    CodecNotAccepted = 302, Error, "codec or profile not accepted";
    AnimationNotAccepted = 303, Error, "animation not accepted, or lost";
    HostileArchive = 304, Error, "archive hides something refused (bomb, path, encryption)";
    ActiveContent = 305, Error, "active content removed or refused (SVG, HTML, macro)";
    PartlySent = 306, Note, "only the main picture of a file is sent";
    EncoderFailed = 307, Error, "the program that encodes video and sound is missing or failed";
    OrientationApplied = 401, Note, "orientation applied and removed";
    LocationData = 402, Note, "location data removed";
    ContentCredentials = 403, Warning, "content credentials would be invalidated";
    ColourConverted = 404, Note, "colours converted to sRGB";
    MetadataRemoved = 405, Note, "metadata removed";
    UrlScheme = 501, Error, "URL scheme not accepted";
    AddressNotPublic = 502, Error, "address is not public";
    Unreachable = 503, Error, "unreachable, or an error status";
    ServedType = 504, Error, "served type missing, generic or different";
    ContentLength = 505, Error, "Content-Length missing, malformed or not the length served";
    Redirect = 506, Error, "redirect refused, or too many";
    ServedBytesDiffer = 507, Error, "served bytes are not those checked";
    Chunked = 508, Error, "chunked transfer encoding";
    HeadAndGetDisagree = 509, Error, "HEAD and GET disagree, or HEAD fails";
    TooSlow = 510, Error, "too slow: a deadline passed";
    TlsFailure = 511, Error, "TLS failure";
    TooManyParts = 601, Error, "too many parts or slides";
    MessageOverLimit = 602, Error, "message over its total limit";
    NothingToSend = 603, Error, "nothing left to send";
    TextNotAccepted = 604, Error, "text too long or not accepted";
    CustomRules = 605, Note, "custom rules in use";
    SlideConflict = 606, Error, "parts may not share a slide";
    NumberNotAccepted = 607, Error, "number or recipient list not accepted";
    NeedsHosting = 608, Warning, "provider fetches by URL: the part must be hosted";
    RejectedByProvider = 701, Error, "rejected by the provider";
    OutcomeUnknown = 702, Error, "outcome unknown: do not resend blindly";
    RetryLater = 703, Error, "retry later";
    ReplyUnreadable = 704, Error, "the provider's answer is unreadable";
    InternalFault = 901, Error, "internal fault, please report";
}

/// How grave a finding is by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Severity {
    /// Worth knowing; nothing to do.
    Note,
    /// Accepted today, likely to hurt.
    Warning,
    /// Breaks a rule, unless it was fixed.
    Error,
}

impl Severity {
    /// The word of the report: `note`, `warning` or `error`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MMS{:03}", self.number())
    }
}

impl FromStr for Code {
    type Err = UnknownCode;

    /// Reads `MMS201`, `mms201` or `201`.
    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        let digits = text
            .get(..3)
            .filter(|prefix| prefix.eq_ignore_ascii_case("mms"))
            .map_or(text, |_| &text[3..]);
        let number = digits.parse::<u16>().ok().filter(|_| digits.len() == 3);
        Self::ALL
            .iter()
            .copied()
            .find(|code| Some(code.number()) == number)
            .ok_or_else(|| UnknownCode(text.to_owned()))
    }
}

/// A text that names no code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a code: `mmsfit explain` without one lists them all")]
pub struct UnknownCode(String);

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
