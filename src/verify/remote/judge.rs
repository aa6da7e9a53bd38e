//! Answers held against the rules of one provider: what it demands, what was served, one finding for each difference.

use std::sync::Arc;

use super::fetch::{Answer, Body, Content};
use super::head::{Head, Length, Transfer};
use super::probe::{More, Probed};
use super::served_type;
use crate::check::provenance;
use crate::code::{Code, Severity};
use crate::guard::guarded;
use crate::provider::Rules;
use crate::report::{Finding, Outcome};
use crate::sniff;

/// The findings about a URL, and its bytes where they could be had whole.
pub(super) fn judge(probed: &Probed, rules: &Rules) -> (Vec<Finding>, Option<Arc<[u8]>>) {
    let mut findings = Findings::default();
    let bytes = whole_bytes(&probed.get);
    if probed.get.head.status != 200 {
        findings.push(status(&probed.get.head));
        return (findings.settled(false), None);
    }
    framing(&probed.get, "", rules, &mut findings);
    if let Some(bytes) = &bytes {
        match guarded(|| Ok(sniff::sniff(bytes))) {
            Ok(sniffed) if rules.url.content_type_required.value() => {
                findings.extend(served_type::fault(&probed.get.head.types, &sniffed, rules));
            }
            Ok(_) => {}
            // What made us fail is not handed on to fail again.
            Err(finding) => return (vec![finding], None),
        }
    }
    if let Some(more) = &probed.more {
        coded(&probed.get, more, rules, &mut findings);
        heads(&probed.get, more, rules, &mut findings);
    }
    if probed.redirects > 0 {
        let times = if probed.redirects == 1 {
            "once".to_owned()
        } else {
            format!("{} times", probed.redirects)
        };
        findings.push(
            Finding::note(
                Code::Redirect,
                format!(
                    "it redirects {times}, to {}: the provider is given the final URL",
                    probed.target.label()
                ),
            )
            .observed("redirects", probed.redirects)
            .allowed("redirects", rules.url.max_redirects.value())
            .source(provenance(&rules.url.max_redirects)),
        );
    }
    (findings.settled(bytes.is_some()), bytes)
}

/// The findings of one URL, each code once: the first that shows it.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn push(&mut self, finding: Finding) {
        if !self.0.iter().any(|known| known.code == finding.code) {
            self.0.push(finding);
        }
    }

    fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            self.push(finding);
        }
    }

    /// What breaks a rule of fetching is mended by hosting the bytes elsewhere, where they could be had.
    fn settled(mut self, bytes_had: bool) -> Vec<Finding> {
        for finding in &mut self.0 {
            if bytes_had && finding.outcome == Outcome::Refused {
                finding.outcome = Outcome::Fixable;
            }
        }
        self.0
    }
}

/// The body's bytes, if there can be no doubt about them: complete, and in no content coding.
fn whole_bytes(get: &Answer) -> Option<Arc<[u8]>> {
    match &get.body {
        Body::Whole(content) if get.head.status == 200 && get.head.coding.is_none() => {
            Some(Arc::clone(&content.kept))
        }
        _ => None,
    }
}

fn status(head: &Head) -> Finding {
    let mut finding = Finding::refused(
        Code::Unreachable,
        format!("the server answers with status {}", head.status),
    )
    .observed("status", u32::from(head.status))
    .allowed("status", 200_u32)
    .help("open the URL from outside the network, without cookies; a signed URL may have run out");
    if let Some(after) = &head.retry_after {
        finding = finding.observed("retry_after", after.as_str());
    }
    finding
}

/// What any GET must satisfy: coding, framing, length. `when` names the probe.
fn framing(answer: &Answer, when: &str, rules: &Rules, findings: &mut Findings) {
    let head = &answer.head;
    let strict = rules.url.content_length_required.value();
    let length_source = provenance(&rules.url.content_length_required);
    let length = |why: String| {
        Finding::refused(Code::ContentLength, why)
            .source(length_source)
            .help("serve the file as a static file, without compression on the fly")
    };
    match head.transfer {
        Transfer::Plain => {}
        Transfer::Chunked if !rules.url.chunked_refused.value() => {}
        Transfer::Chunked | Transfer::Other => findings.push(
            Finding::refused(
                Code::Chunked,
                format!("{when}the answer is sent with a transfer coding instead of a length"),
            )
            .observed(
                "transfer_encoding",
                head.exchange().transfer_encoding.unwrap_or_default(),
            )
            .source(provenance(&rules.url.chunked_refused))
            .help("serve the file as a static file, without compression on the fly"),
        ),
    }
    if head.transfer == Transfer::Plain {
        match &head.length {
            Length::Stated(_) => {}
            // Who takes bytes has them whole where the connection was closed in due form.
            Length::Missing if !strict && matches!(answer.body, Body::Whole(_)) => {}
            Length::Missing => findings.push(length(format!("{when}there is no Content-Length"))),
            Length::Malformed(text) => findings.push(
                length(format!("{when}Content-Length is {text:?}"))
                    .observed("content_length", text.as_str()),
            ),
        }
    }
    if let Some(coding) = head.coding.as_ref().filter(|_| strict || when.is_empty()) {
        findings.push(
            length(format!(
                "{when}the bytes are coded ({coding}): their length is not the media's"
            ))
            .observed("content_encoding", coding.as_str()),
        );
    }
    let stated = match head.length {
        Length::Stated(stated) => Some(stated),
        _ => None,
    };
    let served = |finding: Finding, bytes: u64| match stated {
        Some(stated) => finding.observed("bytes", bytes).allowed("bytes", stated),
        None => finding.observed("bytes", bytes),
    };
    match &answer.body {
        Body::Whole(content) if content.bytes == 0 => {
            findings.push(Finding::refused(
                Code::EmptyAttachment,
                "0 bytes are served",
            ));
        }
        // Of a body without an end that can be known, the missing length has been told above.
        Body::Whole(_) | Body::Unread | Body::Unasked | Body::Unknowable => {}
        Body::Short(got) => findings.push(served(
            length(format!(
                "{when}the body ends after {got} bytes, before its end"
            )),
            *got,
        )),
        Body::Extra(stated) => findings.push(served(
            length(format!(
                "{when}the body goes on behind its length of {stated} bytes"
            )),
            stated.saturating_add(1),
        )),
        Body::BadChunks(why) => {
            findings.push(length(format!("{when}the chunks are broken: {why}")));
        }
        Body::TooLarge { bytes, limit } => findings.push(
            Finding::refused(
                Code::OverInputLimit,
                format!("{when}{bytes} bytes or more are served, of such at most {limit} are read"),
            )
            .observed("bytes", *bytes)
            .allowed("bytes", *limit)
            .help("give a smaller file: only pictures can be made to fit"),
        ),
        Body::Late(got) => findings.push(
            Finding::refused(
                Code::TooSlow,
                format!("{when}the body comes too slowly: {got} bytes when it was given up"),
            )
            .observed("bytes", *got)
            .help("serve the file from a faster host: the provider does not wait either"),
        ),
    }
}

const WHEN: &str = "when compression is offered, ";

fn when_offered(finding: Finding) -> Finding {
    Finding {
        message: format!("{WHEN}{}", finding.message),
        ..finding
    }
}

/// GET again, with compression offered: providers do not say whether they offer it.
fn coded(get: &Answer, more: &More, rules: &Rules, findings: &mut Findings) {
    let answer = match &more.get_coded {
        Ok(answer) => answer,
        Err(finding) => return findings.push(when_offered(finding.clone())),
    };
    if answer.head.status != 200 {
        return findings.push(when_offered(status(&answer.head)));
    }
    framing(answer, WHEN, rules, findings);
    if let (Body::Whole(one), Body::Whole(other)) = (&get.body, &answer.body) {
        let plain = get.head.coding.is_none() && answer.head.coding.is_none();
        if plain && !same(one, other) {
            findings.push(
                Finding::refused(
                    Code::ServedBytesDiffer,
                    format!(
                        "a second GET was served other bytes ({} against {})",
                        other.bytes, one.bytes
                    ),
                )
                .observed("bytes", other.bytes)
                .allowed("bytes", one.bytes)
                .source(provenance(&rules.url.cached))
                .help("turn off optimisation at the CDN, and give new bytes a new URL"),
            );
        }
    }
    if kinds(&get.head) != kinds(&answer.head) {
        findings.push(
            Finding::refused(
                Code::ServedType,
                format!("{WHEN}another Content-Type is served"),
            )
            .source(provenance(&rules.url.content_type_required))
            .help("set one Content-Type for the file, whoever asks"),
        );
    }
}

/// HEAD against GET, under the same offer. Where the provider sends no HEAD, what differs is a warning.
fn heads(get: &Answer, more: &More, rules: &Rules, findings: &mut Findings) {
    let mut faults = Findings::default();
    head_fault(&more.head, Some(get), "", rules, &mut faults);
    head_fault(
        &more.head_coded,
        more.get_coded.as_ref().ok(),
        WHEN,
        rules,
        &mut faults,
    );
    if rules.url.head_required.value() {
        return findings.extend(faults.0);
    }
    // A fault that GET has as well is told already.
    let untold = |fault: &Finding| !findings.0.iter().any(|known| known.code == fault.code);
    if let Some(fault) = faults.0.into_iter().find(untold) {
        findings.push(Finding {
            severity: Severity::Warning,
            outcome: Outcome::Noted,
            code: Code::HeadAndGetDisagree,
            source: Some(provenance(&rules.url.head_required)),
            ..fault
        });
    }
}

fn head_fault(
    head: &Result<Answer, Finding>,
    get: Option<&Answer>,
    when: &str,
    rules: &Rules,
    faults: &mut Findings,
) {
    let disagrees = |why: String| {
        Finding::refused(Code::HeadAndGetDisagree, why)
            .source(provenance(&rules.url.head_required))
            .help("let the server answer HEAD as it answers GET; a signed URL is good for one method only")
    };
    let answer = match head {
        Ok(answer) => answer,
        Err(finding) => {
            return faults.push(disagrees(format!("{when}HEAD fails: {}", finding.message)));
        }
    };
    if answer.head.status != 200 {
        return faults.push(
            disagrees(format!(
                "{when}HEAD is answered with status {}, GET with 200",
                answer.head.status
            ))
            .observed("status", u32::from(answer.head.status)),
        );
    }
    if answer.body == Body::Unasked {
        return faults.push(disagrees(format!("{when}HEAD is answered with a body")));
    }
    framing(answer, &format!("{when}on HEAD "), rules, faults);
    let Some(get) = get.filter(|get| get.head.status == 200) else {
        return;
    };
    let differs = [
        (
            "Content-Length",
            matches!((&answer.head.length, &get.head.length),
                (Length::Stated(one), Length::Stated(other)) if one != other),
        ),
        ("Content-Type", kinds(&answer.head) != kinds(&get.head)),
        ("Content-Encoding", answer.head.coding != get.head.coding),
        (
            "ETag",
            matches!((&answer.head.etag, &get.head.etag), (Some(one), Some(other))
                if opaque(one) != opaque(other)),
        ),
    ];
    if let Some((field, _)) = differs.iter().find(|(_, differs)| *differs) {
        faults.push(disagrees(format!(
            "{when}HEAD and GET disagree about {field}"
        )));
    }
}

/// An entity tag for weak comparison (RFC 9110, clause 8.8.3.2).
fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

fn kinds(head: &Head) -> Vec<String> {
    head.types
        .iter()
        .map(|value| value.to_ascii_lowercase())
        .collect()
}

fn same(one: &Content, other: &Content) -> bool {
    one.bytes == other.bytes && one.sha256 == other.sha256
}
