//! URL attachments before the synchronous stages: verified, fetched, and left as URLs where that will do.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::oneshot;

use crate::attachment::{Attachment, Fetched, Origin};
use crate::check::Checked;
use crate::code::Code;
use crate::prepare::Preparer;
use crate::provider::Delivery;
use crate::report::{Action, Finding, Outcome, PartReport, Verdict};
use crate::verify::remote::UrlVerdict;

/// What is known of one URL as the only attachment of a message.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CheckedUrl {
    /// What its server answers, held against what the provider demands of URLs.
    pub url: Arc<UrlVerdict>,
    /// All of it together: the URL, and its bytes where they could be had. Nothing was changed: `output` is `None`.
    pub report: PartReport,
}

impl Preparer {
    /// The attachments in their order, every URL among them verified and fetched.
    pub(crate) async fn fetch_urls(
        &self,
        attachments: impl IntoIterator<Item = Attachment>,
    ) -> Vec<Attachment> {
        // Collected first: the iterator of the caller need not outlive an await.
        let attachments: Vec<Attachment> = attachments.into_iter().collect();
        stream::iter(attachments)
            .map(|attachment| self.fetch_url(attachment))
            .buffered(self.urls.policy().at_once)
            .collect()
            .await
    }

    /// Verifies a URL the way the provider will fetch it, and checks what it serves as the only attachment of a message.
    ///
    /// Whatever the server does, the answer is a report: [`Verdict::Passed`] where the provider can be given the URL
    /// as it is, [`Verdict::Fixable`] where its bytes are here and [`Preparer::prepare`] would mend what stands against it.
    ///
    /// # Examples
    ///
    /// ```
    /// use mmsfit::{Preparer, Provider, Verdict};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// let checked = Preparer::new(Provider::Sinch).check_url("http://169.254.169.254/latest/?token=t").await;
    /// assert_eq!(checked.report.verdict, Verdict::Refused);
    /// assert_eq!(checked.report.input, "http://169.254.169.254/latest/");
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub async fn check_url(&self, url: &str) -> CheckedUrl {
        let url = self.urls.verify(url).await;
        let fetched = Attachment {
            origin: Origin::Fetched(Arc::new(Fetched {
                label: url.url.clone(),
                url: None,
                findings: url.findings.clone(),
                bytes: url
                    .bytes
                    .clone()
                    .filter(|_| url.verdict() != Verdict::Refused),
            })),
            name: None,
            declared: None,
        };
        let (give, take) = oneshot::channel();
        let preparer = self.clone();
        self.spawn(move || {
            // Nobody waits any more where the future was dropped.
            let _ = give.send(preparer.check(&fetched));
        });
        let report = match take.await {
            Ok(report) => PartReport {
                verdict: worse(url.verdict(), report.verdict),
                ..report
            },
            Err(_) => PartReport {
                input: url.url.clone(),
                verdict: Verdict::Unchecked,
                sniffed: None,
                output: None,
                findings: vec![Finding::refused(
                    Code::InternalFault,
                    "mmsfit failed on what this URL serves; nothing of it was used",
                )],
            },
        };
        CheckedUrl { url, report }
    }

    async fn fetch_url(&self, attachment: Attachment) -> Attachment {
        let Origin::Url(url) = &attachment.origin else {
            return attachment;
        };
        let verdict = match self.until() {
            None => self.urls.verify(url).await,
            Some(until) => {
                match tokio::time::timeout_at(until.into(), self.urls.verify(url)).await {
                    Ok(verdict) => verdict,
                    // The check that follows refuses it: its time is over.
                    Err(_) => return attachment,
                }
            }
        };
        let by_url = self.rules().delivery.contains(&Delivery::Url);
        let bytes = verdict
            .bytes
            .clone()
            .filter(|_| verdict.verdict() != Verdict::Refused);
        let length = bytes.as_ref().map(|bytes| bytes.len() as u64);
        let findings = verdict.findings.iter().cloned();
        let fetched = Fetched {
            label: verdict.url.clone(),
            url: verdict.url_to_send().filter(|_| by_url).map(str::to_owned),
            findings: findings.map(|finding| settled(finding, length)).collect(),
            bytes,
        };
        Attachment {
            origin: Origin::Fetched(Arc::new(fetched)),
            ..attachment
        }
    }
}

/// Of the URL and its bytes, the verdict that stands in the way.
fn worse(one: Verdict, other: Verdict) -> Verdict {
    [
        Verdict::Unchecked,
        Verdict::Refused,
        Verdict::Fixable,
        Verdict::Fixed,
    ]
    .into_iter()
    .find(|verdict| [one, other].contains(verdict))
    .unwrap_or(Verdict::Passed)
}

/// What a URL breaks is mended by its bytes: they go on as a part that is hosted, embedded or uploaded.
fn settled(finding: Finding, length: Option<u64>) -> Finding {
    match length {
        Some(bytes) if finding.outcome == Outcome::Fixable => Finding {
            outcome: Outcome::Fixed,
            action: Some(Action {
                kind: "downloaded",
                before_bytes: bytes,
                after_bytes: bytes,
            }),
            ..finding
        },
        _ => finding,
    }
}

/// The report of a URL whose bytes could not be had.
pub(crate) fn refused(attachment: &Attachment) -> Option<PartReport> {
    let Origin::Fetched(fetched) = &attachment.origin else {
        return None;
    };
    fetched.bytes.is_none().then(|| PartReport {
        input: fetched.label.clone(),
        verdict: Verdict::Refused,
        sniffed: None,
        output: None,
        findings: fetched.findings.clone(),
    })
}

/// What verifying the URL has found, laid to what checking its bytes has found.
pub(crate) fn fetched(attachment: &Attachment, mut checked: Checked) -> Checked {
    if let Origin::Fetched(fetched) = &attachment.origin {
        checked.url.clone_from(&fetched.url);
        // What is said of the URL comes first: its bytes were had through it.
        checked
            .findings
            .splice(0..0, fetched.findings.iter().cloned());
    }
    checked
}
