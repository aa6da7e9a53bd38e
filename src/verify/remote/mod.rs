//! Remote URLs, verified the way the provider will fetch them.
//!
//! The requests are written here and the answers read here, byte by byte: a client library would mend, merge, decode or
//! retry, and what a provider's fetcher trips over would never be seen.

mod connect;
mod expiry;
mod fetch;
mod head;
mod judge;
mod policy;
mod probe;
mod resolve;
mod served_type;
mod shared;
mod store;
mod target;
mod wire;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use futures_util::stream::{Stream, StreamExt};
use tokio_rustls::TlsConnector;

pub use head::Exchange;
pub use policy::FetchPolicy;
pub use resolve::{Resolution, Resolve};

use crate::attachment::redacted;
use crate::check::provenance;
use crate::code::Code;
use crate::provider::{Rules, UrlBreach};
use crate::report::{Finding, Outcome, Verdict, v1};
use probe::Probed;
use shared::{Demands, Shared};
use store::{Store, Weighed};
use target::Target;

/// Verifies URLs for one set of rules. A URL that is asked for twice is fetched once.
///
/// # Examples
///
/// ```no_run
/// use mmsfit::{FetchPolicy, Provider, UrlVerifier};
///
/// # async fn run() {
/// let verifier = UrlVerifier::new(Provider::Sinch.rules().clone(), FetchPolicy::new());
/// let verdict = verifier.verify("https://example.com/photo.jpg").await;
/// for finding in &verdict.findings {
///     println!("{finding}");
/// }
/// # }
/// ```
pub struct UrlVerifier {
    rules: Arc<Rules>,
    policy: FetchPolicy,
    /// Made when the first URL is `https`: reading the platform's roots takes a while.
    tls: OnceLock<Result<TlsConnector, rustls::Error>>,
    store: Store<UrlVerdict>,
    shared: Arc<Shared>,
}

/// All that is known about one URL.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UrlVerdict {
    /// The URL as it may be shown: no query, no fragment, no credentials.
    pub url: String,
    /// Where its redirects ended, shown in the same way; `None` where nothing answered.
    pub final_url: Option<String>,
    /// The address that answered, and its port.
    pub address: Option<String>,
    /// What HEAD was answered, with no coding offered.
    pub head: Option<Exchange>,
    /// What GET was answered, with no coding offered.
    pub get: Option<Exchange>,
    /// What was found, each code at most once.
    pub findings: Vec<Finding>,
    /// The bytes served, where they could be had whole and there is no doubt about them.
    pub bytes: Option<Arc<[u8]>>,
    /// What the provider would have made of a message with this URL, where it breaks one of the provider's rules.
    pub breach: Option<UrlBreach>,
    handed: Option<Handed>,
}

impl UrlVerdict {
    /// `Passed`: the provider can fetch it. `Fixable`: it cannot, but the bytes are here and can be hosted elsewhere.
    /// `Refused`: neither.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let has = |outcome| {
            self.findings
                .iter()
                .any(|finding| finding.outcome == outcome)
        };
        match () {
            () if has(Outcome::Refused) => Verdict::Refused,
            () if has(Outcome::Fixable) => Verdict::Fixable,
            () => Verdict::Passed,
        }
    }

    /// The whole final URL, its query included, to be given to the provider; `None` unless it passed. It may carry a
    /// signature: keep it out of logs.
    #[must_use]
    pub fn url_to_send(&self) -> Option<&str> {
        let passed = self.verdict() == Verdict::Passed;
        self.handed
            .as_ref()
            .filter(|_| passed)
            .map(|Handed(url)| url.as_str())
    }

    fn unanswered(url: String, finding: Finding) -> Self {
        Self {
            url,
            final_url: None,
            address: None,
            head: None,
            get: None,
            findings: vec![finding],
            bytes: None,
            breach: None,
            handed: None,
        }
    }
}

impl Weighed for UrlVerdict {
    fn held_bytes(&self) -> usize {
        self.bytes.as_ref().map_or(0, |bytes| bytes.len())
    }
}

impl From<&UrlVerdict> for v1::Remote {
    fn from(verdict: &UrlVerdict) -> Self {
        let exchange = |exchange: &Exchange| v1::Exchange {
            status: exchange.status,
            content_type: exchange.content_type.clone(),
            content_length: exchange.content_length.clone(),
            transfer_encoding: exchange.transfer_encoding.clone(),
        };
        Self {
            url: verdict.url.clone(),
            final_url: verdict.final_url.clone(),
            address: verdict.address.clone(),
            head: verdict.head.as_ref().map(exchange),
            get: verdict.get.as_ref().map(exchange),
            provider_would: verdict.breach.map(UrlBreach::name),
        }
    }
}

/// A URL with its query, which no `Debug` may show.
#[derive(Clone)]
struct Handed(String);

impl fmt::Debug for Handed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redacted(&self.0))
    }
}

impl UrlVerifier {
    /// Verifies for these rules, under this policy.
    #[must_use]
    pub fn new(rules: Rules, policy: FetchPolicy) -> Self {
        let shared = policy.shared.clone().unwrap_or_default();
        shared.widen(Demands::of(&rules, &policy));
        Self {
            rules: Arc::new(rules),
            policy,
            tls: OnceLock::new(),
            store: Store::default(),
            shared,
        }
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> &FetchPolicy {
        &self.policy
    }

    /// The rules in force.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Verifies one URL. Whatever the server does, the answer is a verdict.
    pub async fn verify(&self, url: &str) -> Arc<UrlVerdict> {
        let target = match Target::parse(url) {
            Ok(target) => target,
            Err(finding) => {
                return Arc::new(UrlVerdict::unanswered(redacted(url), finding));
            }
        };
        self.store
            .once(target.as_str(), self.policy.remember_for, || {
                self.verify_target(target.clone())
            })
            .await
    }

    /// Verifies many URLs, several at once, and yields the verdicts in the order of the URLs.
    pub fn verify_all<'a, U>(
        &'a self,
        urls: impl IntoIterator<Item = U> + 'a,
    ) -> impl Stream<Item = Arc<UrlVerdict>> + 'a
    where
        U: AsRef<str> + 'a,
    {
        futures_util::stream::iter(urls)
            .map(move |url| async move { self.verify(url.as_ref()).await })
            .buffered(self.policy.at_once)
    }

    async fn verify_target(&self, target: Target) -> UrlVerdict {
        let label = target.label();
        let tls = self
            .tls
            .get_or_init(|| crate::dial::tls(&self.policy.roots))
            .as_ref();
        let probed = probe::probe(target, &self.rules, &self.policy, tls, &self.shared).await;
        let mut verdict = match probed {
            Ok(probed) => self.verdict(label, probed).await,
            Err(finding) => UrlVerdict::unanswered(label, finding),
        };
        self.tell_what_would_become(&mut verdict);
        verdict
    }

    async fn verdict(&self, url: String, probed: Probed) -> UrlVerdict {
        let rules = Arc::clone(&self.rules);
        // A body of many megabytes is walked through: never on a thread that serves sockets.
        let judged = tokio::task::spawn_blocking(move || {
            let judged = judge::judge(&probed, &rules);
            (probed, judged)
        });
        let (probed, (mut findings, bytes)) = match judged.await {
            Ok(judged) => judged,
            Err(ended) => match ended.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => {
                    let finding = Finding::refused(
                        Code::InternalFault,
                        "the runtime shut down before the answer was judged",
                    );
                    return UrlVerdict::unanswered(url, finding);
                }
            },
        };
        findings.extend(expiry::warning(
            &probed.target,
            &self.rules,
            SystemTime::now(),
        ));
        let head = probed
            .more
            .as_ref()
            .and_then(|more| more.head.as_ref().ok())
            .map(|answer| answer.head.exchange());
        UrlVerdict {
            url,
            final_url: Some(probed.target.label()),
            address: Some(probed.get.address.to_string()),
            head,
            get: Some(probed.get.head.exchange()),
            findings,
            bytes,
            breach: None,
            handed: Some(Handed(probed.target.as_str().to_owned())),
        }
    }

    /// Says at the first finding that breaks a rule of the provider what the provider would have made of it.
    fn tell_what_would_become(&self, verdict: &mut UrlVerdict) {
        let is_breach = |finding: &&mut Finding| {
            // What is our own caution and no rule of theirs is left out: the scheme, redirects, other bytes.
            matches!(
                finding.code,
                Code::AddressNotPublic
                    | Code::Unreachable
                    | Code::ServedType
                    | Code::ContentLength
                    | Code::Chunked
                    | Code::HeadAndGetDisagree
                    | Code::TooSlow
                    | Code::TlsFailure
            ) && matches!(finding.outcome, Outcome::Refused | Outcome::Fixable)
        };
        let Some(first) = verdict.findings.iter_mut().find(is_breach) else {
            return;
        };
        let name = self.rules.provider.name();
        let breach = self.rules.url.breach.value();
        let would = match breach {
            UrlBreach::MessageRejected => format!("{name} would reject the message"),
            UrlBreach::PartDropped => format!("{name} would send the message without it"),
            UrlBreach::Unknown => format!("{name} would say nothing about it"),
            UrlBreach::NotFetched => return,
        };
        first.message = format!("{}; {would}", first.message);
        let url = &self.rules.url;
        first.source = first.source.or(match first.code {
            Code::TooSlow => Some(provenance(&url.answer_within)),
            Code::TlsFailure => Some(provenance(&url.https_required)),
            Code::Unreachable => Some(provenance(&url.public_required)),
            _ => None,
        });
        verdict.breach = Some(breach);
    }
}

impl fmt::Debug for UrlVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UrlVerifier")
            .field("rules", &self.rules.name)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}
