//! `mms-bundle/1`: what lies in a folder of prepared parts.

use serde::Serialize;

use crate::bundle::Bundle;

/// The name of the manifest's schema.
pub const BUNDLE: &str = "mms-bundle/1";

/// The manifest of a bundle on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// [`BUNDLE`].
    pub schema: &'static str,
    /// The provider that the bundle was proved for.
    pub provider: String,
    /// The set of rules that it was proved under.
    pub rules: String,
    /// The parts, in the order of the message.
    pub parts: Vec<ManifestPart>,
    /// The bytes of all parts.
    pub total_bytes: u64,
    /// The text of the message, where one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// One part of a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ManifestPart {
    /// The file, relative to the manifest.
    pub path: String,
    /// The type in the provider's own spelling.
    pub content_type: String,
    /// The length.
    pub bytes: u64,
    /// SHA-256 in lower-case hexadecimal.
    pub sha256: String,
    /// The name to be sent.
    pub name: String,
    /// The verified URL, where there is one.
    pub url: Option<String>,
}

impl Manifest {
    /// The manifest of a bundle whose parts lie beside it under their own names.
    #[must_use]
    pub fn of(bundle: &Bundle, text: Option<&str>) -> Self {
        let part = |part: &crate::bundle::Part| ManifestPart {
            path: part.name().to_owned(),
            content_type: part.content_type().to_owned(),
            bytes: part.facts().bytes,
            sha256: part.facts().sha256.clone(),
            name: part.name().to_owned(),
            url: part.url().map(str::to_owned),
        };
        Self {
            schema: BUNDLE,
            provider: bundle.provider().name().to_owned(),
            rules: bundle.rules().name.to_string(),
            parts: bundle.parts().iter().map(part).collect(),
            total_bytes: bundle.total_bytes().get(),
            text: text.map(str::to_owned),
        }
    }
}
