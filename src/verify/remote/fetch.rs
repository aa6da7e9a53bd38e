//! One request, one answer: head and body read raw, every count our own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use super::connect::{connect, tls_failure};
use super::head::{Head, Length, MAX_HEAD_BYTES, Transfer, end_of_head};
use super::policy::FetchPolicy;
use super::shared::{Demands, Shared};
use super::target::{Target, too_slow};
use super::wire::{Pace, Stop, Wire};
use crate::code::Code;
use crate::content_type::{ContentType, Family};
use crate::guard::guarded;
use crate::report::Finding;
use crate::sniff;

/// The most interim answers (1xx) before the final one.
const MAX_INTERIM: usize = 8;
/// The most bytes of sizes, extensions and trailers beside as many bytes as the chunks hold: who sends byte by byte
/// only wants to be listened to.
const MAX_CHUNK_OVERHEAD: u64 = 64 * 1_024;
/// How much of a body is looked at to tell what it is.
pub(super) const PREFIX_BYTES: usize = 64 * 1_024;
/// How long a body that is complete is watched for bytes too many.
const GRACE: Duration = Duration::from_millis(150);

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) method: &'static str,
    pub(super) coding: &'static str,
    /// The body is kept, not only counted.
    pub(super) keep: bool,
}

/// What one probe needs beside its target.
pub(super) struct Ways<'a> {
    pub(super) policy: &'a FetchPolicy,
    pub(super) tls: Result<&'a TlsConnector, &'a rustls::Error>,
    pub(super) shared: &'a Shared,
    /// What the rules at hand demand.
    pub(super) demands: Demands,
    /// The most that any rules demand which share the answers.
    pub(super) widest: Demands,
    pub(super) whole: Instant,
}

impl<'a> Ways<'a> {
    pub(super) fn new(
        policy: &'a FetchPolicy,
        demands: Demands,
        tls: Result<&'a TlsConnector, &'a rustls::Error>,
        shared: &'a Shared,
        whole: Instant,
    ) -> Self {
        Self {
            policy,
            tls,
            shared,
            demands,
            widest: shared.widest(demands),
            whole,
        }
    }

    /// The whole deadline has passed.
    pub(super) fn no_verdict(&self) -> Finding {
        too_slow("no verdict", self.policy.whole_within)
    }
}

/// An answer, as far as it was worth reading.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) head: Head,
    pub(super) body: Body,
    pub(super) address: SocketAddr,
    /// How long its head took to come.
    pub(super) waited: Duration,
}

/// No answer, and how long its head was waited for.
#[derive(Clone, Debug)]
pub(super) struct NoAnswer {
    pub(super) finding: Finding,
    pub(super) waited: Duration,
}

/// What became of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// Not looked at: another status than 200, or a HEAD that kept to its length of none.
    Unread,
    /// Whole and certain.
    Whole(Content),
    /// Ended, or broke off, after so many bytes.
    Short(u64),
    /// Went on behind its length.
    Extra(u64),
    /// A HEAD was answered with one.
    Unasked,
    /// Its end cannot be known: a length or a coding that cannot be used.
    Unknowable,
    /// Chunks that are none.
    BadChunks(&'static str),
    /// So many bytes or more, and more than are read.
    TooLarge { bytes: u64, limit: u64 },
    /// Too slow; so many bytes came.
    Late(u64),
}

/// A whole body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) bytes: u64,
    pub(super) sha256: [u8; 32],
    pub(super) kept: Arc<[u8]>,
}

/// Asks one of the addresses that were checked, and reads what it answers.
///
/// # Errors
///
/// There is no answer: MMS503, MMS510, MMS511.
pub(super) async fn fetch(
    target: &Target,
    addresses: &[SocketAddr],
    ask: Ask,
    ways: &Ways<'_>,
) -> Result<Answer, NoAnswer> {
    let at_once = |finding| NoAnswer {
        finding,
        waited: Duration::ZERO,
    };
    let connected = connect(target, addresses, ways.tls, ways.policy, ways.whole).await;
    let (stream, address) = connected.map_err(at_once)?;
    let mut wire = Wire::new(stream);
    let begun = Instant::now();
    let head = head(&mut wire, &target.request(ask.method, ask.coding), ways).await;
    let waited = begun.elapsed();
    let head = head.map_err(|finding| NoAnswer { finding, waited })?;
    let body = if head.status != 200 {
        Body::Unread
    } else if ask.method == "HEAD" {
        if wire.goes_on(GRACE, ways.whole).await {
            Body::Unasked
        } else {
            Body::Unread
        }
    } else {
        read_body(&mut wire, &head, ask, ways).await
    };
    Ok(Answer {
        head,
        body,
        address,
        waited,
    })
}

/// Sends a request and reads the head of its answer.
async fn head(wire: &mut Wire, request: &str, ways: &Ways<'_>) -> Result<Head, Finding> {
    let until = ways.whole.min(Instant::now() + ways.widest.answer_within);
    wire.send(request, until).await.or_else(|stop| match stop {
        // Who answers before the request has gone out may well have answered all the same.
        Stop::Broken(_) | Stop::End => Ok(()),
        other => Err(unanswered(other, ways)),
    })?;
    read_head(wire, until, ways).await
}

async fn read_head(wire: &mut Wire, until: Instant, ways: &Ways<'_>) -> Result<Head, Finding> {
    let unreadable = |why: String| {
        Finding::refused(
            Code::Unreachable,
            format!("the answer is unreadable: {why}"),
        )
        .help("serve the file from a server that speaks HTTP/1.1")
    };
    let mut total = 0;
    for _ in 0..=MAX_INTERIM {
        let mut head = Vec::new();
        let end = loop {
            let some = wire
                .some(until)
                .await
                .map_err(|stop| unanswered(stop, ways))?;
            let before = head.len();
            let room = MAX_HEAD_BYTES - total - before;
            let taken = some.len().min(room);
            head.extend_from_slice(some.get(..taken).unwrap_or_default());
            if !b"HTTP/1.".starts_with(head.get(..7).unwrap_or(&head)) {
                return Err(unreadable("it does not begin with HTTP/1".to_owned()));
            }
            if let Some(end) = end_of_head(&head, before) {
                wire.take(end - before);
                break end;
            }
            wire.take(taken);
            if taken == room {
                return Err(unreadable(format!(
                    "its head is over {MAX_HEAD_BYTES} bytes"
                )));
            }
        };
        head.truncate(end);
        total += end;
        let head = Head::parse(&head).map_err(|why| unreadable(why.to_string()))?;
        if !head.is_interim() {
            return Ok(head);
        }
        if total >= MAX_HEAD_BYTES {
            return Err(unreadable(format!(
                "its heads are over {MAX_HEAD_BYTES} bytes"
            )));
        }
    }
    Err(unreadable(format!(
        "more than {MAX_INTERIM} interim answers"
    )))
}

async fn read_body(wire: &mut Wire, head: &Head, ask: Ask, ways: &Ways<'_>) -> Body {
    let mut reader = Reader {
        wire,
        pace: Pace::new(ways.policy.rate_window, ways.policy.window_bytes),
        whole: ways.whole,
        limit: ways.policy.max_bytes.get(),
        fixed_limit: Some(ways.widest.fixed_bytes).filter(|_| ask.keep),
        keep: ask.keep,
        bytes: 0,
        kept: Vec::new(),
        hash: Sha256::new(),
    };
    let end = match (head.transfer, &head.length) {
        (Transfer::Chunked, _) => reader.chunks().await,
        (Transfer::Plain, &Length::Stated(length)) => reader.counted(length).await,
        (Transfer::Plain, Length::Missing) => reader.until_closed().await,
        _ => return Body::Unknowable,
    };
    match end {
        Ok(()) => Body::Whole(Content {
            bytes: reader.bytes,
            sha256: reader.hash.finalize().into(),
            kept: reader.kept.into(),
        }),
        Err(body) => body,
    }
}

/// A body on its way.
struct Reader<'a> {
    wire: &'a mut Wire,
    pace: Pace,
    whole: Instant,
    limit: u64,
    /// The limit, should the first bytes turn out to be of a type that is never shrunk.
    fixed_limit: Option<u64>,
    keep: bool,
    bytes: u64,
    kept: Vec<u8>,
    hash: Sha256,
}

impl Reader<'_> {
    /// A body of a stated length (RFC 9112, clause 6.3, rule 6), and whether it ends there.
    async fn counted(&mut self, length: u64) -> Result<(), Body> {
        self.within(length)?;
        self.exactly(length).await?;
        if self.wire.goes_on(GRACE, self.whole).await {
            return Err(Body::Extra(length));
        }
        Ok(())
    }

    /// A body that ends where the connection does (RFC 9112, clause 6.3, rule 8).
    async fn until_closed(&mut self) -> Result<(), Body> {
        while self.wait().await? {
            self.take(u64::MAX).await?;
            self.within(0)?;
        }
        Ok(())
    }

    /// A chunked body (RFC 9112, clause 7.1).
    async fn chunks(&mut self) -> Result<(), Body> {
        let mut overhead = MAX_CHUNK_OVERHEAD;
        loop {
            let line = self.line(&mut overhead).await?;
            let size = line.split(|&byte| byte == b';').next().unwrap_or_default();
            let size = std::str::from_utf8(size.trim_ascii())
                .ok()
                .filter(|size| {
                    !size.is_empty() && size.bytes().all(|byte| byte.is_ascii_hexdigit())
                })
                .and_then(|size| u64::from_str_radix(size, 16).ok())
                .ok_or(Body::BadChunks("a chunk's size is no number"))?;
            if size == 0 {
                // Trailer fields say nothing that is used; the empty line behind them is the end.
                while !self.line(&mut overhead).await?.is_empty() {}
                return Ok(());
            }
            self.within(size)?;
            self.exactly(size).await?;
            overhead = overhead.saturating_add(size);
            if !self.line(&mut overhead).await?.is_empty() {
                return Err(Body::BadChunks("a chunk is not as long as its size says"));
            }
        }
    }

    /// So many bytes of content.
    async fn exactly(&mut self, count: u64) -> Result<(), Body> {
        let mut left = count;
        while left > 0 {
            self.within(left)?;
            if !self.wait().await? {
                return Err(Body::Short(self.bytes));
            }
            left -= self.take(left).await?;
        }
        Ok(())
    }

    /// Whether so many further bytes may be read.
    fn within(&self, more: u64) -> Result<(), Body> {
        let bytes = self.bytes.saturating_add(more);
        if bytes > self.limit {
            let limit = self.limit;
            return Err(Body::TooLarge { bytes, limit });
        }
        Ok(())
    }

    /// Takes what has come, at most so many bytes.
    async fn take(&mut self, most: u64) -> Result<u64, Body> {
        let Ok(some) = self.wire.some(self.whole).await else {
            return Ok(0);
        };
        let taken = some.len().min(usize::try_from(most).unwrap_or(usize::MAX));
        let some = some.get(..taken).unwrap_or_default();
        self.hash.update(some);
        let kept = &mut self.kept;
        if self.keep {
            // By a quarter, not by doubling: what is offered without an end is not worth so much room.
            if kept.capacity() - kept.len() < taken
                && kept.try_reserve_exact(taken + kept.len() / 4).is_err()
            {
                return Err(Body::TooLarge {
                    bytes: self.bytes,
                    limit: self.bytes,
                });
            }
            kept.extend_from_slice(some);
        }
        self.bytes += taken as u64;
        self.pace.note(taken);
        self.wire.take(taken);
        if let Some(limit) = self.fixed_limit
            && self.kept.len() >= PREFIX_BYTES
        {
            self.fixed_limit = None;
            if !is_shrinkable(&self.kept) {
                self.limit = self.limit.min(limit);
            }
        }
        Ok(taken as u64)
    }

    /// A line of the chunked framing, without its end, paid for byte by byte.
    async fn line(&mut self, overhead: &mut u64) -> Result<Vec<u8>, Body> {
        let mut line = Vec::new();
        loop {
            if !self.wait().await? {
                return Err(Body::Short(self.bytes));
            }
            let Ok(&[byte, ..]) = self.wire.some(self.whole).await else {
                continue;
            };
            self.wire.take(1);
            *overhead = overhead
                .checked_sub(1)
                .ok_or(Body::BadChunks("too much beside the chunks"))?;
            if byte == b'\n' {
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(line);
            }
            line.push(byte);
        }
    }

    /// Waits until bytes are there, as long as they come fast enough; `false` where the server has closed in due form.
    async fn wait(&mut self) -> Result<bool, Body> {
        loop {
            let got = self.bytes;
            if !self.pace.holds() || Instant::now() >= self.whole {
                return Err(Body::Late(got));
            }
            match self.wire.some(self.whole.min(self.pace.ends())).await {
                Ok(_) => return Ok(true),
                Err(Stop::Late) => {}
                Err(Stop::End) => return Ok(false),
                Err(Stop::Cut | Stop::Broken(_) | Stop::Tls(_)) => return Err(Body::Short(got)),
            }
        }
    }
}

/// Whether preparing can bring such bytes under a cap: pictures of pixels, nothing else.
pub(super) fn is_shrinkable(prefix: &[u8]) -> bool {
    guarded(|| Ok(sniff::sniff(prefix)))
        .ok()
        .and_then(|sniffed| sniffed.content_type)
        .is_some_and(|kind| kind.family() == Family::Image && kind != ContentType::Svg)
}

/// No answer came.
fn unanswered(stop: Stop, ways: &Ways<'_>) -> Finding {
    match stop {
        Stop::Late if Instant::now() >= ways.whole => ways.no_verdict(),
        Stop::Late => too_slow("no answer", ways.widest.answer_within),
        Stop::Tls(why) => tls_failure(&why),
        Stop::End | Stop::Cut => Finding::refused(
            Code::Unreachable,
            "the server closed the connection without an answer",
        )
        .help("check the server's log"),
        Stop::Broken(why) => Finding::refused(
            Code::Unreachable,
            format!("the connection broke before the answer: {why}"),
        )
        .help("check the server's log"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_whether_the_rest_could_be_shrunk() -> std::io::Result<()> {
        let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let mut seen = [0, 0];
        for folder in [
            "photos",
            "graphics",
            "animations",
            "phone",
            "video",
            "audio",
            "documents",
        ] {
            for entry in std::fs::read_dir(fixtures.join(folder))? {
                let path = entry?.path();
                let bytes = std::fs::read(&path)?;
                let Some(prefix) = bytes.get(..PREFIX_BYTES) else {
                    continue;
                };
                let whole = is_shrinkable(&bytes);
                assert_eq!(is_shrinkable(prefix), whole, "{}", path.display());
                seen[usize::from(whole)] += 1;
            }
        }
        assert!(seen.iter().all(|&count| count > 3), "{seen:?}");
        assert!(!is_shrinkable(&[0; PREFIX_BYTES]));
        Ok(())
    }
}
