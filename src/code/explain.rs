//! What each code means, why it is refused, what we do and what the reader can do.

use super::Code;
use super::{explain_delivery as delivery, explain_media as media};
use crate::provider::{Provider, Source};

/// The long answer to "what is this code?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// What the code means.
    pub meaning: &'static str,
    /// Why providers, carriers or phones take offence.
    pub why: &'static str,
    /// The providers' own codes for it, where they are known.
    pub provider_codes: &'static [ProviderCode],
    /// What mmsfit does about it.
    pub we: &'static str,
    /// What the reader can do about it.
    pub you: &'static str,
    /// The providers' pages behind it; empty where no page speaks of it.
    pub sources: &'static [Source],
    /// The standards and catalogues behind it; empty where there are none.
    pub standards: &'static [&'static str],
    /// The first version that had the code.
    pub since: &'static str,
}

/// How one provider names the same fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProviderCode {
    /// The provider.
    pub provider: Provider,
    /// Its code, such as `E629` or `MSG-348`.
    pub code: &'static str,
    /// What that code says.
    pub says: &'static str,
}

impl Code {
    /// What the code means, why it is refused, what we do and what you can do.
    ///
    /// # Examples
    ///
    /// ```
    /// use mmsfit::Code;
    ///
    /// let explanation = Code::TypeNotAccepted.explanation();
    /// assert!(explanation.provider_codes.iter().any(|known| known.code == "E629"));
    /// ```
    #[must_use]
    pub const fn explanation(self) -> &'static Explanation {
        match self {
            Self::EmptyAttachment => &media::EMPTY_ATTACHMENT,
            Self::UnreadableAttachment => &media::UNREADABLE_ATTACHMENT,
            Self::OverInputLimit => &media::OVER_INPUT_LIMIT,
            Self::ChangedWhileRead => &media::CHANGED_WHILE_READ,
            Self::NotARegularFile => &media::NOT_A_REGULAR_FILE,
            Self::OutputNotWritten => &media::OUTPUT_NOT_WRITTEN,
            Self::TypeNotRecognised => &media::TYPE_NOT_RECOGNISED,
            Self::DeclaredTypeDiffers => &media::DECLARED_TYPE_DIFFERS,
            Self::TypeNotAccepted => &media::TYPE_NOT_ACCEPTED,
            Self::NameAndTypeDisagree => &media::NAME_AND_TYPE_DISAGREE,
            Self::AmbiguousType => &media::AMBIGUOUS_TYPE,
            Self::TextEncoding => &media::TEXT_ENCODING,
            Self::PartOverLimit => &media::PART_OVER_LIMIT,
            Self::DimensionsOverLimit => &media::DIMENSIONS_OVER_LIMIT,
            Self::DecodedSizeOverLimit => &media::DECODED_SIZE_OVER_LIMIT,
            Self::DurationOverLimit => &media::DURATION_OVER_LIMIT,
            Self::CannotBeFitted => &media::CANNOT_BE_FITTED,
            Self::AboveCarrierCeiling => &media::ABOVE_CARRIER_CEILING,
            Self::WorkOverLimit => &media::WORK_OVER_LIMIT,
            Self::Corrupt => &media::CORRUPT,
            Self::CodecNotAccepted => &media::CODEC_NOT_ACCEPTED,
            Self::AnimationNotAccepted => &media::ANIMATION_NOT_ACCEPTED,
            Self::HostileArchive => &media::HOSTILE_ARCHIVE,
            Self::ActiveContent => &media::ACTIVE_CONTENT,
            Self::PartlySent => &media::PARTLY_SENT,
            Self::EncoderFailed => &media::ENCODER_FAILED,
            Self::OrientationApplied => &media::ORIENTATION_APPLIED,
            Self::LocationData => &media::LOCATION_DATA,
            Self::ContentCredentials => &media::CONTENT_CREDENTIALS,
            Self::ColourConverted => &media::COLOUR_CONVERTED,
            Self::MetadataRemoved => &media::METADATA_REMOVED,
            Self::UrlScheme => &delivery::URL_SCHEME,
            Self::AddressNotPublic => &delivery::ADDRESS_NOT_PUBLIC,
            Self::Unreachable => &delivery::UNREACHABLE,
            Self::ServedType => &delivery::SERVED_TYPE,
            Self::ContentLength => &delivery::CONTENT_LENGTH,
            Self::Redirect => &delivery::REDIRECT,
            Self::ServedBytesDiffer => &delivery::SERVED_BYTES_DIFFER,
            Self::Chunked => &delivery::CHUNKED,
            Self::HeadAndGetDisagree => &delivery::HEAD_AND_GET_DISAGREE,
            Self::TooSlow => &delivery::TOO_SLOW,
            Self::TlsFailure => &delivery::TLS_FAILURE,
            Self::TooManyParts => &delivery::TOO_MANY_PARTS,
            Self::MessageOverLimit => &delivery::MESSAGE_OVER_LIMIT,
            Self::NothingToSend => &delivery::NOTHING_TO_SEND,
            Self::TextNotAccepted => &delivery::TEXT_NOT_ACCEPTED,
            Self::CustomRules => &delivery::CUSTOM_RULES,
            Self::SlideConflict => &delivery::SLIDE_CONFLICT,
            Self::NumberNotAccepted => &delivery::NUMBER_NOT_ACCEPTED,
            Self::NeedsHosting => &delivery::NEEDS_HOSTING,
            Self::RejectedByProvider => &delivery::REJECTED_BY_PROVIDER,
            Self::OutcomeUnknown => &delivery::OUTCOME_UNKNOWN,
            Self::RetryLater => &delivery::RETRY_LATER,
            Self::ReplyUnreadable => &delivery::REPLY_UNREADABLE,
            Self::InternalFault => &delivery::INTERNAL_FAULT,
        }
    }
}
