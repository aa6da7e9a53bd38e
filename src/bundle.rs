//! The proof: parts whose bytes were re-read, re-sniffed and re-checked for one provider.

use std::fmt::Write as _;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::content_type::ContentType;
use crate::provider::{Provider, Rules};
use crate::units::ByteCount;

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
    /// Frames, where it is a picture: 1 for a still.
    pub frames: Option<u32>,
    /// SHA-256 of the bytes, in lower-case hexadecimal.
    pub sha256: String,
}

/// One deliverable body of the message, proved for the bundle's provider.
#[derive(Clone, Debug)]
pub struct Part {
    pub(crate) facts: PartFacts,
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) name: String,
    pub(crate) spelling: &'static str,
    pub(crate) url: Option<String>,
}

impl Part {
    /// The facts.
    #[must_use]
    pub fn facts(&self) -> &PartFacts {
        &self.facts
    }

    /// The bytes to be delivered.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The file name to be sent: ASCII, at most 64 characters, with the right extension.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The content type in the provider's own spelling.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        self.spelling
    }

    /// The verified URL that serves exactly these bytes, where there is one.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }
}

/// All parts of one message, proved for one provider.
///
/// A bundle exists only if its bytes were re-read, re-sniffed and re-checked by code that does not trust the code that
/// made them. It cannot be built, changed or read back from outside:
///
/// ```compile_fail
/// let forged = mmsfit::Bundle { parts: Vec::new() };
/// ```
///
/// ```compile_fail
/// fn change(mut bundle: mmsfit::Bundle) {
///     bundle.parts_mut().clear();
/// }
/// ```
///
/// ```compile_fail
/// let revived: mmsfit::Bundle = serde_json::from_str("{}")?;
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Bundle {
    rules: Arc<Rules>,
    parts: Vec<Part>,
}

impl Bundle {
    /// Only `verify` calls this, with parts that it has just proved.
    pub(crate) fn of_verified(rules: Arc<Rules>, parts: Vec<Part>) -> Self {
        Self { rules, parts }
    }

    /// The same bundle with the URLs that serve its parts, one a part, each verified to serve exactly that part's bytes.
    #[cfg(feature = "net")]
    pub(crate) fn served_at(mut self, urls: Vec<String>) -> Self {
        for (part, url) in self.parts.iter_mut().zip(urls) {
            part.url = Some(url);
        }
        self
    }

    /// The provider that it was proved for.
    #[must_use]
    pub fn provider(&self) -> Provider {
        self.rules.provider
    }

    /// The rules that it was proved under.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The parts, in the order of the attachments.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The bytes of all parts together.
    #[must_use]
    pub fn total_bytes(&self) -> ByteCount {
        ByteCount::new(self.parts.iter().map(|part| part.facts.bytes).sum())
    }
}

/// SHA-256 in lower-case hexadecimal.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_as_fips_180_says() {
        // FIPS 180-4, the one-block example "abc".
        assert_eq!(
            sha256_hex(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
