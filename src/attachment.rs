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
            // A signed URL's query is a secret: it never enters a report, an error or a log line.
            Origin::Url(url) => url.split(['?', '#']).next().unwrap_or_default().to_owned(),
            Origin::Bytes(_) => self.name.clone().unwrap_or_else(|| "attachment".to_owned()),
        }
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::Path(path) => write!(f, "Path({})", path.display()),
            Self::Url(url) => write!(
                f,
                "Url({})",
                url.split(['?', '#']).next().unwrap_or_default()
            ),
        }
    }
}
