//! What a callback must know to be believed.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use ring::hmac;
use ring::rand::SystemRandom;

/// The shortest secret that is taken.
const SHORTEST: usize = 16;

/// Secrets that callbacks may carry: as the query `?secret=…`, as the header field `X-Webhook-Secret` or
/// `Verification-Token` or `Validation-Token` (RingCentral, by the age of the subscription), as `Authorization: Bearer …`, or, written `user:password`, as basic authentication.
///
/// Several may be in force at once, so that one can be replaced without losing a callback.
#[derive(Clone)]
pub struct WebhookSecret {
    /// A key of this process alone: comparing tags under it takes the same time whatever is compared.
    key: hmac::Key,
    tags: Vec<hmac::Tag>,
}

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretFault {
    /// The file cannot be read.
    #[error("cannot read the webhook secret {path}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file holds nothing.
    #[error("the webhook secret file has no secret in it")]
    Empty,
    /// A secret can be guessed.
    #[error("a webhook secret has fewer than {SHORTEST} characters")]
    Short,
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

impl WebhookSecret {
    /// The secrets of a file, one a line; empty lines and lines that begin with `#` do not count.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or holds no secret of at least 16 characters.
    pub fn from_file(path: &Path) -> Result<Self, SecretFault> {
        let text = fs::read_to_string(path).map_err(|source| SecretFault::Read {
            path: path.to_owned(),
            source,
        })?;
        let lines = text.lines().map(str::trim);
        Self::new(lines.filter(|line| !line.is_empty() && !line.starts_with('#')))
    }

    /// These secrets.
    ///
    /// # Errors
    ///
    /// None at all, or one of fewer than 16 characters.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Result<Self, SecretFault> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
            .map_err(|_| SecretFault::Random)?;
        let mut tags = Vec::new();
        for secret in secrets {
            if secret.len() < SHORTEST {
                return Err(SecretFault::Short);
            }
            tags.push(hmac::sign(&key, secret.as_bytes()));
        }
        if tags.is_empty() {
            return Err(SecretFault::Empty);
        }
        Ok(Self { key, tags })
    }

    /// Whether a request knows one of the secrets.
    #[must_use]
    pub fn admits(&self, headers: &HeaderMap, query: Option<&str>) -> bool {
        let mut known = false;
        for candidate in candidates(headers, query) {
            // Every candidate is compared with every secret: the time tells nothing.
            for tag in &self.tags {
                known |= hmac::verify(&self.key, &candidate, tag.as_ref()).is_ok();
            }
        }
        known
    }
}

/// Never the secrets.
impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSecret")
            .field("secrets", &self.tags.len())
            .finish_non_exhaustive()
    }
}

/// All that a request offers as a secret.
fn candidates(headers: &HeaderMap, query: Option<&str>) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for name in ["X-Webhook-Secret", "Verification-Token", "Validation-Token"] {
        found.extend(headers.get(name).map(|value| value.as_bytes().to_vec()));
    }
    if let Some(value) = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
    {
        let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
        let rest = rest.trim();
        if scheme.eq_ignore_ascii_case("basic") {
            found.extend(STANDARD.decode(rest).ok());
        } else if scheme.eq_ignore_ascii_case("bearer") {
            found.push(rest.as_bytes().to_vec());
        }
    }
    let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    found.extend(
        pairs
            .filter(|(name, _)| name == "secret")
            .take(4)
            .map(|(_, value)| value.into_owned().into_bytes()),
    );
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "correct horse battery";
    const PAIR: &str = "mmsfit:correct horse";

    fn with(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().expect("a value"));
        headers
    }

    #[test]
    fn every_documented_way_is_admitted_and_nothing_else() {
        let secret = WebhookSecret::new([SECRET, PAIR]).expect("secrets");
        let none = HeaderMap::new();
        let basic = format!("Basic {}", STANDARD.encode(PAIR));
        for (headers, query, admitted) in [
            (&none, Some("secret=correct+horse%20battery"), true),
            (&none, Some("a=b&secret=correct+horse%20battery"), true),
            (&with("x-webhook-secret", SECRET), None, true),
            (&with("verification-token", SECRET), None, true),
            (
                &with("authorization", &format!("bearer {SECRET}")),
                None,
                true,
            ),
            (&with("authorization", &basic), None, true),
            (&none, None, false),
            (&none, Some(""), false),
            (&none, Some("secret="), false),
            (&none, Some("secret=correct+horse%20batterz"), false),
            (&none, Some("secret=correct+horse%20batter"), false),
            (&none, Some("Secret=correct+horse%20battery"), false),
            (&with("x-webhook-secret", ""), None, false),
            (&with("authorization", SECRET), None, false),
            (&with("authorization", "Basic !!!"), None, false),
            (&with("authorization", "Basic"), None, false),
            (&with("cookie", SECRET), None, false),
        ] {
            assert_eq!(
                secret.admits(headers, query),
                admitted,
                "{headers:?} {query:?}"
            );
        }
    }

    #[test]
    fn secrets_that_are_none_are_refused_and_none_is_ever_shown() {
        assert!(matches!(WebhookSecret::new([]), Err(SecretFault::Empty)));
        assert!(matches!(
            WebhookSecret::new(["short"]),
            Err(SecretFault::Short)
        ));
        let secret = WebhookSecret::new([SECRET]).expect("a secret");
        assert_eq!(format!("{secret:?}"), "WebhookSecret { secrets: 1, .. }");
    }
}
