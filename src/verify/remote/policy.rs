//! What a fetch may do: where to, how long, how much.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::resolve::{Resolve, SystemResolver};
use super::shared::Shared;
use super::store::Hosts;
use crate::units::{ByteCount, DAY};
use crate::verify::address::AddressRange;

/// The most URLs at once: each needs up to three sockets.
const MOST_AT_ONCE: usize = 1_024;

/// How URLs are fetched and verified.
///
/// The defaults reach the public internet over `https` on port 443 and nothing else.
///
/// # Examples
///
/// ```
/// use mmsfit::FetchPolicy;
///
/// let intranet = FetchPolicy::new().allow_net("10.0.0.0/8".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct FetchPolicy {
    pub(crate) allowed: Vec<AddressRange>,
    pub(crate) ports: Vec<u16>,
    pub(crate) max_bytes: ByteCount,
    pub(crate) max_redirects: u32,
    pub(crate) connect_within: Duration,
    pub(crate) answer_within: Option<Duration>,
    pub(crate) whole_within: Duration,
    pub(crate) remember_for: Duration,
    pub(crate) rate_window: Duration,
    pub(crate) window_bytes: u64,
    pub(crate) at_once: usize,
    pub(super) hosts: Arc<Hosts>,
    pub(super) shared: Option<Arc<Shared>>,
    pub(crate) roots: Vec<Vec<u8>>,
    pub(crate) resolver: Arc<dyn Resolve>,
}

impl FetchPolicy {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            allowed: Vec::new(),
            ports: vec![80, 443],
            max_bytes: ByteCount::new(100_000_000),
            max_redirects: 3,
            connect_within: Duration::from_secs(5),
            answer_within: None,
            whole_within: Duration::from_secs(60),
            remember_for: Duration::from_secs(15 * 60),
            rate_window: Duration::from_secs(5),
            window_bytes: 5_000,
            at_once: 16,
            hosts: Arc::new(Hosts::new(2)),
            shared: None,
            roots: Vec::new(),
            resolver: Arc::new(SystemResolver),
        }
    }

    /// A range that URLs may reach although it is not public, on any port and over plain `http` as well. It never lifts
    /// the refusal of IPv6 addresses that carry an IPv4 address. Default: none.
    #[must_use]
    pub fn allow_net(mut self, range: AddressRange) -> Self {
        self.allowed.push(range);
        self
    }

    /// The ports that public URLs may name. Default: 80 and 443.
    #[must_use]
    pub fn ports(mut self, ports: impl IntoIterator<Item = u16>) -> Self {
        self.ports = ports.into_iter().collect();
        self
    }

    /// The most bytes of one body that are read. Default: 100,000,000 bytes.
    #[must_use]
    pub fn max_bytes(mut self, bytes: ByteCount) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// The most redirects that are followed; the provider is given the final URL. Default: 3.
    #[must_use]
    pub fn max_redirects(mut self, redirects: u32) -> Self {
        self.max_redirects = redirects;
        self
    }

    /// How long a name may take to resolve, a connection to be made, and a TLS handshake to end, each. Default: 5 s.
    #[must_use]
    pub fn connect_within(mut self, limit: Duration) -> Self {
        self.connect_within = limit.min(DAY);
        self
    }

    /// How long the head of an answer may take. Default: what the rules expect of the provider.
    #[must_use]
    pub fn answer_within(mut self, limit: Duration) -> Self {
        self.answer_within = Some(limit.min(DAY));
        self
    }

    /// How long one URL may take, all its probes and redirects together. Default: 60 s.
    #[must_use]
    pub fn whole_within(mut self, limit: Duration) -> Self {
        self.whole_within = limit.min(DAY);
        self
    }

    /// How long a verdict and its bytes are remembered, so that a URL that several messages share is fetched once.
    /// Default: 15 minutes.
    #[must_use]
    pub fn remember_for(mut self, limit: Duration) -> Self {
        self.remember_for = limit;
        self
    }

    /// Lets the verifiers under clones of this policy share what servers answer: a URL that is verified for several
    /// providers is fetched once, every probe of it, and held against the rules of each. Answers are shared for as long as
    /// verdicts are remembered; make all the verifiers before the first URL is verified, as one that waits longer or takes
    /// more than those before it asks anew. Default: each verifier asks for itself.
    #[must_use]
    pub fn share_answers(mut self) -> Self {
        self.shared = Some(Arc::default());
        self
    }

    /// The slowest body that is waited for: this many bytes in each window. Default: 5,000 bytes in 5 s.
    #[must_use]
    pub fn min_rate(mut self, bytes: ByteCount, window: Duration) -> Self {
        self.window_bytes = bytes.get();
        self.rate_window = window.clamp(Duration::from_millis(1), DAY);
        self
    }

    /// How many URLs are verified at once, and how many of them on one host; the latter holds for all verifiers under
    /// clones of this policy together. Each URL makes up to three connections at once, and each may hold as many bytes
    /// as [`FetchPolicy::max_bytes`] says. Default: 16 and 2.
    #[must_use]
    pub fn concurrency(mut self, urls: usize, per_host: usize) -> Self {
        self.at_once = urls.clamp(1, MOST_AT_ONCE);
        self.hosts = Arc::new(Hosts::new(per_host.clamp(1, MOST_AT_ONCE)));
        self
    }

    /// A root certificate, DER, to trust beside the platform's: an intranet's own authority. Default: none.
    #[must_use]
    pub fn trust(mut self, root: impl Into<Vec<u8>>) -> Self {
        self.roots.push(root.into());
        self
    }

    /// Who turns names into addresses. Every address of the answer is checked all the same. Default: the system.
    #[must_use]
    pub fn resolver(mut self, resolver: impl Resolve + 'static) -> Self {
        self.resolver = Arc::new(resolver);
        self
    }
}

impl Default for FetchPolicy {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for FetchPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchPolicy")
            .field("allowed", &self.allowed)
            .field("ports", &self.ports)
            .field("max_bytes", &self.max_bytes)
            .field("max_redirects", &self.max_redirects)
            .field("connect_within", &self.connect_within)
            .field("answer_within", &self.answer_within)
            .field("whole_within", &self.whole_within)
            .field("remember_for", &self.remember_for)
            .field("rate_window", &self.rate_window)
            .field("window_bytes", &self.window_bytes)
            .field("at_once", &self.at_once)
            .field("per_host", &self.hosts.per_host())
            .field("roots", &self.roots.len())
            .finish_non_exhaustive()
    }
}
