//! The proof: parts whose bytes were re-read, re-sniffed and re-checked for one provider.

use crate::content_type::ContentType;

/// The facts of one finished part.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartFacts {
    /// The type.
    pub content_type: ContentType,
    /// The length.
    pub bytes: u64,
    /// Width, where it is a picture.
    pub width_px: Option<u32>,
    /// Height, where it is a picture.
    pub height_px: Option<u32>,
    /// SHA-256 of the bytes, in lower-case hexadecimal.
    pub sha256: String,
}
