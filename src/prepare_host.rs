//! The media of a finished bundle published by the preparer's own host, where the provider fetches by URL.

use std::error::Error as _;
use std::fmt;
use std::sync::Arc;

use crate::code::Code;
use crate::host::{HostingError, MediaHost, publish_and_verify};
use crate::prepare::{Prepared, Preparer};
use crate::provider::{Delivery, Rules};
use crate::report::{Finding, Verdict};

/// A host that a preparer was given.
#[derive(Clone)]
pub(crate) struct Host(Arc<dyn MediaHost>);

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Host(..)")
    }
}

impl Preparer {
    /// Where [`Preparer::prepare`] publishes the parts that the provider fetches by URL. Each URL is verified as the
    /// provider will fetch it; where one would fail, the report says why and there is no bundle. Default: none, and the
    /// report notes that the parts need hosting (MMS608).
    #[must_use]
    pub fn media_host(mut self, host: impl MediaHost + 'static) -> Self {
        self.host = Some(Host(Arc::new(host)));
        self
    }

    /// The same message with URLs for its parts, where there is a host and the provider fetches by URL.
    pub(crate) async fn hosted(&self, prepared: Prepared) -> Prepared {
        let (Some(host), true) = (&self.host, fetches(self.rules())) else {
            return prepared;
        };
        let (mut report, bundle) = prepared.apart();
        let Some(bundle) = bundle else {
            return Prepared::of(report, None);
        };
        let policy = self.urls.policy().clone();
        let hosted = publish_and_verify(bundle, &*host.0, policy).await;
        // That they need hosting is settled, one way or the other.
        report
            .findings
            .retain(|told| told.code != Code::NeedsHosting);
        if let Err(fault) = &hosted {
            report.findings.push(unhosted(fault));
            report.verdict = Verdict::Refused;
            report.total_bytes = 0;
        }
        Prepared::of(report, hosted.ok())
    }
}

fn fetches(rules: &Rules) -> bool {
    rules.delivery.contains(&Delivery::Url) && !rules.delivery.contains(&Delivery::Upload)
}

fn unhosted(fault: &HostingError) -> Finding {
    let mut message = fault.to_string();
    let mut cause = fault.source();
    while let Some(source) = cause {
        message.push_str(&format!(": {source}"));
        cause = source.source();
    }
    let finding = Finding::refused(Code::NeedsHosting, message)
        .help("mend the media host, or publish the parts elsewhere: nothing was sent");
    match fault {
        HostingError::Publish { part, .. } | HostingError::Url { part, .. } => Finding {
            part: Some(*part),
            ..finding
        },
    }
}
