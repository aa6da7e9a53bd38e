//! Keys and tokens: never shown, wiped when dropped.

use std::fmt;

use http::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};

use super::SendError;

/// A key, token or password. Its `Debug` and `Display` show `***`.
///
/// # Examples
///
/// ```
/// use mmsfit::send::Secret;
///
/// let key = Secret::from("5ebc03d6-8b2b-44ad-bf65-72d4f1491dda");
/// assert_eq!(format!("{key} {key:?}"), "*** Secret(***)");
/// ```
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// The text itself: only where it goes out.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// A header's value that is never shown: `prefix` and the secret.
    pub(super) fn header(&self, prefix: &str) -> Result<HeaderValue, SendError> {
        let text = self.expose();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SendError::Credentials(
                "it is empty, or holds blanks or characters that no header can carry",
            ));
        }
        let mut value = HeaderValue::try_from(format!("{prefix}{text}"))
            .map_err(|_| SendError::Credentials("no header can carry it"))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// The text without this secret in it.
    pub(super) fn scrub(&self, text: &str) -> String {
        let secret = self.expose();
        if secret.len() < 4 {
            return text.to_owned();
        }
        text.replace(secret, "***")
    }
}

impl From<&str> for Secret {
    /// Blanks and line ends around it are dropped: they come from files and shells.
    fn from(text: &str) -> Self {
        Self(SecretString::from(text.trim()))
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
