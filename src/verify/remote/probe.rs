//! All the probes of one URL: redirects followed by our own loop, then the requests that the provider may make.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use super::fetch::{Answer, Ask, Body, Ways, fetch};
use super::head::Head;
use super::policy::FetchPolicy;
use super::target::Target;
use crate::code::Code;
use crate::provider::Rules;
use crate::report::Finding;

/// What a URL answered.
pub(super) struct Probed {
    /// Where the redirects ended.
    pub(super) target: Target,
    pub(super) redirects: u32,
    /// GET, no coding asked for: the one whose body is kept.
    pub(super) get: Answer,
    /// The further probes, none where the provider takes bytes.
    pub(super) more: Option<More>,
}

/// The probes that a fetching provider may make beside the first.
pub(super) struct More {
    pub(super) get_coded: Result<Answer, Finding>,
    pub(super) head: Result<Answer, Finding>,
    pub(super) head_coded: Result<Answer, Finding>,
}

/// How long a step may outlast the whole deadline before it is cut off from outside.
const SLACK: Duration = Duration::from_millis(100);

const GET: Ask = Ask {
    method: "GET",
    coding: "identity",
    keep: true,
};
const GET_CODED: Ask = Ask {
    method: "GET",
    coding: "gzip",
    keep: false,
};
const HEAD: Ask = Ask {
    method: "HEAD",
    coding: "identity",
    keep: false,
};
const HEAD_CODED: Ask = Ask {
    method: "HEAD",
    coding: "gzip",
    keep: false,
};

/// Probes one URL the way that the provider will fetch it.
///
/// # Errors
///
/// There is nothing to judge: refused before or after a redirect, or no answer.
pub(super) async fn probe(
    first: Target,
    rules: &Rules,
    policy: &FetchPolicy,
    tls: Result<&TlsConnector, &rustls::Error>,
) -> Result<Probed, Finding> {
    let mut target = first;
    let mut visited: Vec<String> = Vec::new();
    let mut left = policy.whole_within;
    loop {
        // A redirect's host has its own few places. Waiting for one is not the server's slowness: the clock stands still.
        let _place = policy.hosts.place(&target.authority()).await;
        let begun = Instant::now();
        let ways = Ways::new(policy, rules, tls, begun + left);
        // Every step has its own deadline; this one holds whatever was forgotten.
        let hop = timeout_at(ways.whole + SLACK, hop(&target, rules, &ways)).await;
        let (get, more) = hop
            .unwrap_or_else(|_| Err(ways.no_verdict()))
            .map_err(|finding| match visited.as_slice() {
                [] => finding,
                _ => Finding {
                    message: format!("redirected to {}: {}", target.label(), finding.message),
                    ..finding
                },
            })?;
        if !get.head.is_redirect() {
            return Ok(Probed {
                target,
                redirects: u32::try_from(visited.len()).unwrap_or(u32::MAX),
                get,
                more,
            });
        }
        left = left.saturating_sub(begun.elapsed());
        visited.push(target.as_str().to_owned());
        let next = target.join(location(&get.head)?)?;
        if visited.iter().any(|seen| seen == next.as_str()) {
            return Err(redirect("the redirects go round in a circle"));
        }
        if visited.len() > policy.max_redirects as usize {
            return Err(redirect("it redirects too often")
                .observed("redirects", visited.len())
                .allowed("redirects", policy.max_redirects));
        }
        target = next;
    }
}

/// All the probes of one host: the first, and those after it where it has answered in full.
async fn hop(
    target: &Target,
    rules: &Rules,
    ways: &Ways<'_>,
) -> Result<(Answer, Option<More>), Finding> {
    let addresses = target.admit(ways.policy, rules, ways.whole).await?;
    let get = fetch(target, &addresses, GET, ways).await?;
    // A body that came too slowly has used up the time in which anything else could be learnt, and one that is too
    // large is refused whatever else there is.
    let worth =
        get.head.status == 200 && !matches!(get.body, Body::Late(_) | Body::TooLarge { .. });
    let more = if worth && rules.url.content_length_required.value() {
        Some(further(target, &[get.address], ways).await)
    } else {
        None
    };
    Ok((get, more))
}

/// The probes after the first go to the very address that answered it: no name is resolved a second time.
async fn further(target: &Target, pinned: &[SocketAddr], ways: &Ways<'_>) -> More {
    let (get_coded, head, head_coded) = tokio::join!(
        fetch(target, pinned, GET_CODED, ways),
        fetch(target, pinned, HEAD, ways),
        fetch(target, pinned, HEAD_CODED, ways),
    );
    More {
        get_coded,
        head,
        head_coded,
    }
}

fn location(head: &Head) -> Result<&[u8], Finding> {
    match head.locations.as_slice() {
        [one] if !one.is_empty() => Ok(one),
        [] | [_] => Err(redirect(&format!(
            "status {} without a Location",
            head.status
        ))),
        several => Err(redirect(&format!(
            "status {} with {} Locations",
            head.status,
            several.len()
        ))),
    }
}

fn redirect(why: &str) -> Finding {
    Finding::refused(Code::Redirect, why).help("give the final URL, of the public file itself")
}
