//! Where a URL leads: parsed once, refused for its form, resolved once, every address checked.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use url::{Host, Url};

use super::policy::FetchPolicy;
use crate::attachment::redacted;
use crate::check::provenance;
use crate::code::Code;
use crate::provider::Rules;
use crate::report::Finding;
use crate::verify::address::{Standing, standing};

/// The longest URL that is looked at (RFC 9110, clause 4.1 recommends that 8,000 octets be supported).
const MAX_URL_BYTES: usize = 8_192;

/// The most addresses of one name that are looked at; a name with more is refused.
const MAX_ADDRESSES: usize = 64;

/// A URL whose form is acceptable. The text that it came from is not looked at again.
#[derive(Clone)]
pub(super) struct Target {
    url: Url,
    host: Host<String>,
    port: u16,
    tls: bool,
}

impl Target {
    /// Parses a URL once (WHATWG URL) and refuses what no media server needs.
    ///
    /// # Errors
    ///
    /// MMS501.
    pub(super) fn parse(text: &str) -> Result<Self, Finding> {
        if text.len() > MAX_URL_BYTES {
            return Err(scheme(format!(
                "the URL has {} bytes, {MAX_URL_BYTES} are looked at",
                text.len()
            )));
        }
        // The parser's reason is a fixed phrase and repeats nothing of the text.
        let url = Url::parse(text).map_err(|why| scheme(format!("it is not a URL: {why}")))?;
        Self::of(url)
    }

    /// Where a redirect leads from here.
    ///
    /// # Errors
    ///
    /// MMS506.
    pub(super) fn join(&self, location: &[u8]) -> Result<Self, Finding> {
        let refused = |why: String| {
            Finding::refused(Code::Redirect, why)
                .help("give the final URL, of the public file itself")
        };
        if location.len() > MAX_URL_BYTES {
            return Err(refused(format!(
                "the redirect's Location has {} bytes, {MAX_URL_BYTES} are looked at",
                location.len()
            )));
        }
        let location = std::str::from_utf8(location)
            .map_err(|_| refused("the redirect's Location is not text".to_owned()))?;
        let url = self
            .url
            .join(location)
            .map_err(|why| refused(format!("the redirect's Location is not a URL: {why}")))?;
        let next = Self::of(url)
            .map_err(|finding| refused(format!("the redirect is refused: {}", finding.message)))?;
        if self.tls && !next.tls {
            return Err(refused(
                "the redirect leads from https down to http".to_owned(),
            ));
        }
        Ok(next)
    }

    fn of(mut url: Url) -> Result<Self, Finding> {
        let tls = match url.scheme() {
            "https" => true,
            "http" => false,
            // In `user:secret@host` the parser takes the user for a scheme: only those with a host are named.
            other if url.has_host() => {
                let shown: String = other.chars().take(20).collect();
                return Err(scheme(format!("the scheme {shown:?} is not https")));
            }
            _ => return Err(scheme("the scheme is not https")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(scheme("the URL carries a user name or password"));
        }
        // A fragment never leaves the client (RFC 9110, clause 4.2.5): what is handed on does not carry it.
        url.set_fragment(None);
        let host = url
            .host()
            .ok_or_else(|| scheme("the URL names no host"))?
            .to_owned();
        let port = url
            .port_or_known_default()
            .filter(|&port| port != 0)
            .ok_or_else(|| scheme("the URL names no port that can be reached"))?;
        Ok(Self {
            url,
            host,
            port,
            tls,
        })
    }

    pub(super) fn is_tls(&self) -> bool {
        self.tls
    }

    pub(super) fn host(&self) -> &Host<String> {
        &self.host
    }

    /// The host's name and port, for limits by host.
    pub(super) fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The whole URL, its query included: for handing on and for nothing else.
    pub(super) fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// The URL without its query, which may be a secret.
    pub(super) fn label(&self) -> String {
        redacted(self.url.as_str())
    }

    /// The query's parameters.
    pub(super) fn query(&self) -> impl Iterator<Item = (String, String)> {
        self.url
            .query_pairs()
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
    }

    /// The request's head, for a connection that ends with the answer.
    pub(super) fn request(&self, method: &str, coding: &str) -> String {
        let path = self.url.path();
        let query = self
            .url
            .query()
            .map_or_else(String::new, |query| format!("?{query}"));
        let port = self
            .url
            .port()
            .map_or_else(String::new, |port| format!(":{port}"));
        format!(
            "{method} {path}{query} HTTP/1.1\r\nHost: {host}{port}\r\nUser-Agent: mmsfit/{version}\r\nAccept: */*\r\n\
             Accept-Encoding: {coding}\r\nConnection: close\r\n\r\n",
            host = self.host,
            version = env!("CARGO_PKG_VERSION"),
        )
    }

    /// The addresses that may be contacted for this target: all that the name has, or none.
    ///
    /// # Errors
    ///
    /// MMS502 where any address is not public, MMS501 for plain `http` or an odd port outside of the allowed ranges,
    /// MMS503 where the name has no address, MMS510 where the resolver takes too long.
    pub(super) async fn admit(
        &self,
        policy: &FetchPolicy,
        rules: &Rules,
        whole: Instant,
    ) -> Result<Vec<SocketAddr>, Finding> {
        let plain = !self.tls && rules.url.https_required.value();
        let odd_port = !policy.ports.contains(&self.port);
        if (plain || odd_port) && policy.allowed.is_empty() && matches!(self.host, Host::Domain(_))
        {
            // No address could make this acceptable: nobody is asked.
            return Err(self.form_refused(plain, rules));
        }
        let addresses = self.addresses(policy, whole).await?;
        let mut all_by_leave = true;
        for &address in &addresses {
            match standing(address, &policy.allowed) {
                Standing::Allowed => {}
                Standing::Public if is_own(address) => {
                    return Err(not_public(address, "this machine's own address"));
                }
                Standing::Public => all_by_leave = false,
                Standing::Refused(block) => {
                    return Err(
                        not_public(address, block).source(provenance(&rules.url.public_required))
                    );
                }
            }
        }
        if (plain || odd_port) && !all_by_leave {
            return Err(self.form_refused(plain, rules));
        }
        Ok(addresses
            .into_iter()
            .map(|address| SocketAddr::new(address, self.port))
            .collect())
    }

    async fn addresses(
        &self,
        policy: &FetchPolicy,
        whole: Instant,
    ) -> Result<Vec<IpAddr>, Finding> {
        let name = match &self.host {
            // A literal never passes a resolver: it is the answer.
            Host::Ipv4(address) => return Ok(vec![(*address).into()]),
            Host::Ipv6(address) => return Ok(vec![(*address).into()]),
            Host::Domain(name) => name,
        };
        let deadline = whole.min(Instant::now() + policy.connect_within);
        let answer = timeout_at(deadline, policy.resolver.resolve(name))
            .await
            .map_err(|_| {
                if Instant::now() >= whole {
                    too_slow("no verdict", policy.whole_within)
                } else {
                    too_slow("the host's name did not resolve", policy.connect_within)
                }
            })?;
        let mut addresses = answer.map_err(|fault| {
            Finding::refused(
                Code::Unreachable,
                format!("the host's name does not resolve: {}", fault.kind()),
            )
            .help("check the host's name")
        })?;
        let mut seen = Vec::new();
        addresses.retain(|address| {
            let new = !seen.contains(address) && seen.len() <= MAX_ADDRESSES;
            if new {
                seen.push(*address);
            }
            new
        });
        if addresses.is_empty() || addresses.len() > MAX_ADDRESSES {
            return Err(Finding::refused(
                Code::Unreachable,
                format!("the host's name has {} addresses", addresses.len()),
            )
            .allowed("addresses", MAX_ADDRESSES)
            .help("check the host's name"));
        }
        Ok(addresses)
    }

    fn form_refused(&self, plain: bool, rules: &Rules) -> Finding {
        if plain {
            scheme("the scheme is http, without TLS").source(provenance(&rules.url.https_required))
        } else {
            scheme(format!("port {} is not a web port", self.port))
                .observed("port", u32::from(self.port))
        }
    }
}

/// A deadline that passed.
pub(super) fn too_slow(what: &str, limit: Duration) -> Finding {
    let millis = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
    Finding::refused(Code::TooSlow, format!("{what} within {millis} ms"))
        .allowed("duration_ms", millis)
        .help("serve the file from a faster host: the provider does not wait either")
}

fn scheme(why: impl Into<String>) -> Finding {
    Finding::refused(Code::UrlScheme, why)
        .help("give an https URL on port 443, without credentials in it")
}

fn not_public(address: IpAddr, block: &str) -> Finding {
    Finding::refused(
        Code::AddressNotPublic,
        format!("the host's address {address} is refused: {block}"),
    )
    .observed("address", address.to_string())
    .help("host the file on a public server; for tests and intranets allow the range with `--allow-net`")
}

/// Whether the address is one of ours: then the packet's source would be its destination. Connecting a datagram socket
/// sends nothing.
fn is_own(address: IpAddr) -> bool {
    let any: SocketAddr = if address.is_ipv4() {
        ([0, 0, 0, 0], 0).into()
    } else {
        ([0_u16; 8], 0).into()
    };
    UdpSocket::bind(any)
        .and_then(|socket| {
            socket.connect((address, 9))?;
            socket.local_addr()
        })
        .is_ok_and(|source| source.ip() == address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_its_own_addresses() {
        assert!(is_own(IpAddr::from([127, 0, 0, 1])));
        assert!(!is_own(IpAddr::from([192, 0, 2, 1])));
    }

    #[test]
    fn a_request_carries_exactly_what_was_parsed() -> Result<(), Finding> {
        let target = Target::parse("https://Example.COM:8443/a b/../c\r\nX: y?q=1\r\n2#part")?;
        assert_eq!(
            target.request("HEAD", "gzip"),
            format!(
                "HEAD /cX:%20y?q=12 HTTP/1.1\r\nHost: example.com:8443\r\nUser-Agent: mmsfit/{}\r\nAccept: */*\r\n\
                 Accept-Encoding: gzip\r\nConnection: close\r\n\r\n",
                env!("CARGO_PKG_VERSION")
            )
        );
        Ok(())
    }
}
