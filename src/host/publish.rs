//! Published, then verified as the provider will fetch it: only a bundle that passed both may be sent by URL.

use std::sync::Arc;

use super::{HostError, MediaHost};
use crate::bundle::{Bundle, Part};
use crate::code::Code;
use crate::report::{Finding, Verdict};
use crate::verify::remote::{FetchPolicy, UrlVerdict, UrlVerifier};

/// Why a bundle is not served as its provider demands.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostingError {
    /// A part could not be published.
    #[error("cannot publish part {part}")]
    Publish {
        /// The part, counted from 0.
        part: usize,
        /// Why not.
        source: HostError,
    },
    /// A part was published, but its provider would not fetch those bytes from there.
    #[error("part {part} is published, but its URL would fail{}", told(.verdict, .finding))]
    Url {
        /// The part, counted from 0.
        part: usize,
        /// What the URL was found to do.
        verdict: Arc<UrlVerdict>,
        /// What is wrong beside that: other bytes than the part's.
        finding: Option<Finding>,
    },
}

/// Publishes every part that has no URL yet, verifies each URL as the bundle's provider will fetch it, and gives the bundle
/// back with its URLs.
///
/// # Errors
///
/// A part could not be published, or what its URL serves would not be accepted: nothing may be sent.
pub async fn publish_and_verify(
    bundle: Bundle,
    host: &dyn MediaHost,
    policy: FetchPolicy,
) -> Result<Bundle, HostingError> {
    let verifier = UrlVerifier::new(bundle.rules().clone(), policy);
    let mut urls = Vec::with_capacity(bundle.parts().len());
    for (at, part) in bundle.parts().iter().enumerate() {
        let url = match part.url() {
            Some(url) => url.to_owned(),
            None => publish(at, part, host, &verifier).await?,
        };
        urls.push(url);
    }
    Ok(bundle.served_at(urls))
}

async fn publish(
    at: usize,
    part: &Part,
    host: &dyn MediaHost,
    verifier: &UrlVerifier,
) -> Result<String, HostingError> {
    let hosted = host
        .publish(part)
        .await
        .map_err(|source| HostingError::Publish { part: at, source })?;
    let verdict = verifier.verify(hosted.url.as_str()).await;
    let same = verdict.bytes.as_deref() == Some(part.bytes());
    match verdict.url_to_send() {
        Some(url) if same => Ok(url.to_owned()),
        sent => {
            let finding = (sent.is_some() && !same).then(|| {
                Finding::refused(
                    Code::ServedBytesDiffer,
                    "the URL serves other bytes than the part's",
                )
                .help("another server, or a cache, answers for the public URL: point it at this host's folder")
            });
            Err(HostingError::Url {
                part: at,
                verdict,
                finding,
            })
        }
    }
}

fn told(verdict: &UrlVerdict, finding: &Option<Finding>) -> String {
    let mut text = String::new();
    if verdict.verdict() != Verdict::Passed {
        for finding in &verdict.findings {
            text.push_str(": ");
            text.push_str(&finding.to_string());
        }
    }
    if let Some(finding) = finding {
        text.push_str(": ");
        text.push_str(&finding.to_string());
    }
    text
}
