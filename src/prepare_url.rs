//! URL attachments before the synchronous stages: verified, fetched, and left as URLs where that will do.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream;

use crate::attachment::{Attachment, Fetched, Origin};
use crate::check::Checked;
use crate::prepare::Preparer;
use crate::provider::Delivery;
use crate::report::{Action, Finding, Outcome, PartReport, Verdict};

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

    async fn fetch_url(&self, attachment: Attachment) -> Attachment {
        let Origin::Url(url) = &attachment.origin else {
            return attachment;
        };
        let verdict = self.urls.verify(url).await;
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
        checked.findings.extend(fetched.findings.iter().cloned());
    }
    checked
}
