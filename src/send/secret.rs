//! Keys and tokens: never shown, wiped when dropped.

use std::borrow::Cow;
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

    /// A header's value that is never shown: `prefix`, such as `Bearer `, and the secret.
    ///
    /// # Errors
    ///
    /// [`SendError::Credentials`] where no header can carry it.
    pub fn header(&self, prefix: &str) -> Result<HeaderValue, SendError> {
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

    /// An answer without this secret in it, also as JSON may write it (RFC 8259, clause 7: a slash may be escaped).
    pub(super) fn taken_out_of<'a>(&self, text: Cow<'a, str>) -> Cow<'a, str> {
        let secret = self.expose();
        if secret.len() < LEAST_BYTES {
            return text;
        }
        let escaped = secret.replace('/', "\\/");
        [secret, &escaped]
            .into_iter()
            .fold(text, |text, secret| match text.contains(secret) {
                true => Cow::Owned(text.replace(secret, HIDDEN)),
                false => text,
            })
    }

    /// The text without this secret in it, and without the beginnings of it that a provider cut short.
    pub(super) fn scrub(&self, text: &str) -> String {
        let secret = self.expose();
        let Some(start) = secret.get(..TELLING_BYTES.min(secret.len())) else {
            return text.replace(secret, HIDDEN);
        };
        if start.len() < LEAST_BYTES {
            return text.to_owned();
        }
        let mut scrubbed = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, found)) = rest.find(start).and_then(|at| rest.split_at_checked(at))
        {
            scrubbed.push_str(before);
            scrubbed.push_str(HIDDEN);
            let same = found
                .char_indices()
                .zip(secret.chars())
                .find(|((_, one), other)| one != other)
                .map_or(secret.len().min(found.len()), |((at, _), _)| at);
            rest = found.get(same..).unwrap_or_default();
        }
        scrubbed.push_str(rest);
        scrubbed
    }
}

const HIDDEN: &str = "***";
/// What is shorter is in every other word.
const LEAST_BYTES: usize = 4;
/// Who echoes so much of a secret's beginning echoes the secret.
const TELLING_BYTES: usize = 12;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_taken_out_whole_or_cut_short_and_nothing_else_is() {
        let secret = Secret::from("eyJhbGciOiJSUzI1NiJ9.payload.signature");
        for (text, scrubbed) in [
            ("nothing of it", "nothing of it"),
            ("eyJhbGciOiJSUzI1NiJ9.payload.signature", "***"),
            ("a eyJhbGciOiJSUzI1NiJ9.payload.signature-b", "a ***-b"),
            ("cut: eyJhbGciOiJSUzI1NiJ9.pay...", "cut: ***..."),
            ("eyJhbGciOiJSeyJhbGciOiJS\u{e4}", "******\u{e4}"),
            ("eyJhbGciOiJ", "eyJhbGciOiJ"),
        ] {
            assert_eq!(secret.scrub(text), scrubbed);
        }
        assert_eq!(Secret::from("short").scrub("a short one"), "a *** one");
        assert_eq!(Secret::from("abc").scrub("abc"), "abc");
        let foreign = Secret::from("\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}x\u{e4}");
        assert_eq!(
            foreign.scrub("x\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}x\u{e4}y"),
            "x***y"
        );
    }
}
