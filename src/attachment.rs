//! What the caller hands in: bytes, a path or a URL, with hints that nothing trusts.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One attachment as the caller gave it: untrusted, unread.
///
/// The name and the declared type are hints. What the bytes really are is found by sniffing, and a hint that disagrees
/// becomes a finding.
///
/// # Examples
///
/// ```
/// use mmsfit::Attachment;
///
/// let photo = Attachment::from_bytes(vec![0xFF, 0xD8, 0xFF]).named("holiday.png").declared_as("image/png");
/// assert_eq!(photo.name(), Some("holiday.png"));
/// ```
#[derive(Clone, Debug)]
pub struct Attachment {
    pub(crate) origin: Origin,
    pub(crate) name: Option<String>,
    pub(crate) declared: Option<String>,
}

/// Where an attachment's bytes come from.
#[derive(Clone)]
pub(crate) enum Origin {
    Bytes(Arc<[u8]>),
    Path(PathBuf),
    Url(String),
    /// A URL after its verification.
    #[cfg(feature = "net")]
    Fetched(Arc<Fetched>),
}

/// What the verification of a URL has left for the stages after it.
#[cfg(feature = "net")]
pub(crate) struct Fetched {
    /// The URL as it may be shown.
    pub(crate) label: String,
    /// What it serves; `None` where that could not be had.
    pub(crate) bytes: Option<Arc<[u8]>>,
    /// The whole URL for the provider, where it may stay one.
    pub(crate) url: Option<String>,
    pub(crate) findings: Vec<crate::report::Finding>,
}

impl Attachment {
    /// An attachment whose bytes are at hand.
    pub fn from_bytes(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self {
            origin: Origin::Bytes(bytes.into()),
            name: None,
            declared: None,
        }
    }

    /// An attachment in a file. It is read once, when it is prepared, never twice.
    pub fn from_path(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        Self {
            origin: Origin::Path(path.to_owned()),
            name,
            declared: None,
        }
    }

    /// An attachment behind a URL, verified the way the provider will fetch it.
    pub fn from_url(url: impl Into<String>) -> Self {
        Self {
            origin: Origin::Url(url.into()),
            name: None,
            declared: None,
        }
    }

    /// The file name that the uploader gave. Only a hint: it decides nothing by itself.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The content type that the uploader declared. Only a hint: it decides nothing by itself.
    #[must_use]
    pub fn declared_as(mut self, content_type: impl Into<String>) -> Self {
        self.declared = Some(content_type.into());
        self
    }

    /// The name given, or the path's last segment.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// How reports call this attachment: its path, its URL without query, its name, or `attachment`.
    #[must_use]
    pub fn label(&self) -> String {
        match &self.origin {
            Origin::Path(path) => path.display().to_string(),
            Origin::Url(url) => redacted(url),
            #[cfg(feature = "net")]
            Origin::Fetched(fetched) => fetched.label.clone(),
            Origin::Bytes(_) => self.name.clone().unwrap_or_else(|| "attachment".to_owned()),
        }
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::Path(path) => write!(f, "Path({})", path.display()),
            Self::Url(url) => write!(f, "Url({})", redacted(url)),
            #[cfg(feature = "net")]
            Self::Fetched(fetched) => write!(f, "Fetched({})", fetched.label),
        }
    }
}

/// A URL as it may be shown: neither query nor fragment nor userinfo. A signed URL's query is a secret: it never enters
/// a report, an error or a log line.
pub(crate) fn redacted(url: &str) -> String {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let (shown, hidden) = url.split_at(end);
    let is_plain = url::Url::parse(url)
        .is_ok_and(|url| url.has_host() && url.username().is_empty() && url.password().is_none());
    let shown = match shown.rsplit_once('@') {
        _ if is_plain => shown.to_owned(),
        // In what is no URL, or has userinfo, nobody can say where a password ends: `?` and `#` may be part of it.
        _ if hidden.contains('@') => "...".to_owned(),
        Some((_, rest)) => format!("...@{rest}"),
        None => shown.to_owned(),
    };
    shown
        .chars()
        .filter(|character| !character.is_control())
        .take(2_000)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_a_url_holds_no_secret() {
        for (url, shown) in [
            (
                "https://a.test/b?X-Amz-Signature=secret",
                "https://a.test/b",
            ),
            ("https://a.test/b#secret", "https://a.test/b"),
            ("https://user:secret@a.test/b", "...@a.test/b"),
            ("https://user:sec/ret@a.test/b", "...@a.test/b"),
            ("user:secret@a.test", "...@a.test"),
            ("https://user:sec?ret@a.test/b", "..."),
            ("https://user:sec#ret@a.test/b", "..."),
            ("https://us?er@a.test:secret@b.test/", "https://us"),
            ("https:secret@a.test/b", "...@a.test/b"),
            (
                "https://user\\:secret@a.test/b",
                "https://user\\:secret@a.test/b",
            ),
            ("not a URL?secret", "not a URL"),
            ("https://a.test/b?mail=x@secret", "https://a.test/b"),
            ("https://a.test/@user/b", "https://a.test/@user/b"),
            ("https://a.test\\b?secret", "https://a.test\\b"),
            ("https://a.test/\u{1b}[2J", "https://a.test/[2J"),
        ] {
            assert_eq!(redacted(url), shown, "{url}");
        }
    }
}
