//! Where a provider's API lies: scheme and authority; the documented path follows.

use std::str::FromStr;

use http::Uri;
use url::{Host, Url};

/// Scheme and authority of an API, such as `https://platform.ringcentral.com` or `http://127.0.0.1:8080`.
///
/// # Examples
///
/// ```
/// use mmsfit::send::Endpoint;
///
/// let sandbox: Endpoint = "https://platform.devtest.ringcentral.com".parse()?;
/// assert_eq!(sandbox.as_str(), "https://platform.devtest.ringcentral.com");
/// assert!("https://example.com/some/path".parse::<Endpoint>().is_err());
/// # Ok::<(), mmsfit::send::BadEndpoint>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    base: String,
}

impl Endpoint {
    /// The base address, without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.base
    }

    /// One of the documented addresses.
    pub(super) fn known(base: &'static str) -> Self {
        Self {
            base: base.to_owned(),
        }
    }

    /// The address of a path, which begins with a slash and whose variable segments are encoded already.
    pub(super) fn at(&self, path: &str) -> Result<Uri, http::Error> {
        Ok(format!("{}{path}", self.base).parse::<Uri>()?)
    }
}

impl FromStr for Endpoint {
    type Err = BadEndpoint;

    fn from_str(text: &str) -> Result<Self, BadEndpoint> {
        let fault = |why| Err(BadEndpoint { why });
        let Ok(url) = Url::parse(text.trim()) else {
            return fault("it is no URL");
        };
        if !matches!(url.scheme(), "http" | "https") {
            return fault("its scheme is neither https nor http");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return fault("it holds credentials");
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return fault("it has a path or a query: the provider's own path is added");
        }
        let host = match url.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => format!("[{address}]"),
            None => return fault("it has no host"),
        };
        let port = url
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        Ok(Self {
            base: format!("{}://{host}{port}", url.scheme()),
        })
    }
}

/// A text that is no endpoint. It does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an endpoint: {why}; write it as https://host or http://host:port")]
pub struct BadEndpoint {
    why: &'static str,
}

/// One segment of a path (RFC 3986 §3.3): anything but letters, digits, `-`, `_` and `.` is percent-encoded.
pub(super) fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'_')
            || (byte == b'.' && !text.starts_with('.'))
        {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_keep_scheme_and_authority_alone() {
        for (text, base) in [
            ("https://api.carrierx.com", "https://api.carrierx.com"),
            ("https://api.carrierx.com/", "https://api.carrierx.com"),
            ("HTTP://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ] {
            let endpoint: Result<Endpoint, BadEndpoint> = text.parse();
            assert_eq!(endpoint.map(|endpoint| endpoint.base), Ok(base.to_owned()));
        }
        for text in [
            "",
            "api.carrierx.com",
            "ftp://api.carrierx.com",
            "https://user:secret@api.carrierx.com",
            "https://api.carrierx.com/core",
            "https://api.carrierx.com/?key=secret",
            "https://",
        ] {
            let fault = text.parse::<Endpoint>().expect_err(text);
            assert!(!fault.to_string().contains("secret"), "{fault}");
        }
    }

    #[test]
    fn a_segment_cannot_leave_its_place() {
        assert_eq!(segment("097b49df-c54e"), "097b49df-c54e");
        assert_eq!(segment("../a?b#c/d"), "%2E%2E%2Fa%3Fb%23c%2Fd");
        assert_eq!(segment("a\r\nb ü"), "a%0D%0Ab%20%C3%BC");
    }
}
