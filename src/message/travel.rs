//! How each part reaches the provider: in the request, embedded, or fetched from a URL.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use url::Url;

use crate::bundle::{Bundle, Part};
use crate::check::provenance;
use crate::code::Code;
use crate::content_type::Family;
use crate::provider::{Delivery, Rules};
use crate::report::Finding;

/// How one part travels.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Travel {
    /// As bytes in the body of the request.
    Upload,
    /// The provider fetches it.
    Url(Url),
    /// As text inside the JSON of the request.
    Plain,
    /// In base64 inside the JSON of the request.
    Embedded {
        /// The bytes were compressed first (RFC 1952), because that made them clearly fewer.
        gzip: bool,
    },
    /// As a `data:` URL (RFC 2397) inside the JSON of the request.
    DataUrl,
}

/// What the caller says about the parts' way.
#[derive(Clone, Debug, Default)]
pub(super) struct Ways {
    /// Where each part was published, in the order of the bundle.
    pub(super) hosted: Option<Vec<Url>>,
    /// Plain `http` is taken although the rules ask for `https`.
    pub(super) plain_http: bool,
    /// Small parts travel as `data:` URLs.
    pub(super) data_urls: bool,
}

/// Compression is used where it saves at least a tenth.
const WORTH_TENTHS: usize = 9;

/// Chooses the way of each part.
pub(super) fn choose(bundle: &Bundle, ways: &Ways, findings: &mut Vec<Finding>) -> Vec<Travel> {
    let rules = bundle.rules();
    let parts = bundle.parts();
    if let Some(hosted) = ways
        .hosted
        .as_ref()
        .filter(|urls| urls.len() != parts.len())
    {
        findings.push(
            Finding::refused(
                Code::NeedsHosting,
                format!("{} URLs for {} parts", hosted.len(), parts.len()),
            )
            .help("publish every part and give its URL, in the order of the bundle"),
        );
        return Vec::new();
    }
    let mut travels = Vec::new();
    let mut homeless = 0_usize;
    for (index, part) in parts.iter().enumerate() {
        let hosted = ways.hosted.as_ref().and_then(|urls| urls.get(index));
        match way(part, hosted, ways, rules) {
            Ok(Some(travel)) => travels.push(travel),
            Ok(None) => homeless += 1,
            Err(mut finding) => {
                finding.part = Some(index);
                findings.push(finding);
            }
        }
    }
    if homeless > 0 {
        findings.push(
            Finding::refused(
                Code::NeedsHosting,
                format!("{} fetches parts by URL: {homeless} of this message's parts have no URL", rules.name),
            )
            .observed("parts", homeless)
            .help("publish the parts first: a folder behind a web server, an object store, `mmsfit serve`, or CarrierX's own storage")
            .source(provenance(&rules.delivery_stated)),
        );
    }
    travels
}

fn way(
    part: &Part,
    hosted: Option<&Url>,
    ways: &Ways,
    rules: &Rules,
) -> Result<Option<Travel>, Finding> {
    if rules.delivery.contains(&Delivery::Upload) {
        return Ok(Some(Travel::Upload));
    }
    let embeds = rules.delivery.contains(&Delivery::Embedded);
    if embeds && is_plain_text(part) {
        return Ok(Some(Travel::Plain));
    }
    if ways.data_urls {
        let limit = rules.data_url_chars;
        let chars = data_url_chars(part);
        if chars > u64::from(limit.value()) {
            return Err(Finding::refused(
                Code::PartOverLimit,
                format!(
                    "{chars} characters as a data URL, {} allowed by {}",
                    limit.value(),
                    rules.name
                ),
            )
            .observed("characters", chars)
            .allowed("characters", limit.value())
            .help("host the part, or let it be embedded")
            .source(provenance(&limit)));
        }
        return Ok(Some(Travel::DataUrl));
    }
    let own = part.url().map(Url::parse).transpose().ok().flatten();
    if let Some(url) = hosted.or(own.as_ref()) {
        return accepted_url(url, ways, rules).map(|url| Some(Travel::Url(url)));
    }
    if embeds {
        let limit = rules.embedded_bytes.value().get();
        let gzip = gzipped(part).is_some();
        if embedded_body(part, gzip).len() as u64 <= limit {
            return Ok(Some(Travel::Embedded { gzip }));
        }
    }
    Ok(None)
}

fn accepted_url(url: &Url, ways: &Ways, rules: &Rules) -> Result<Url, Finding> {
    let https = rules.url.https_required;
    let fault = |what: &str| {
        Finding::refused(Code::UrlScheme, what.to_owned())
            .observed("scheme", url.scheme())
            .source(provenance(&https))
    };
    match url.scheme() {
        "https" => {}
        "http" if !https.value() || ways.plain_http => {}
        "http" => return Err(fault("the part's URL is plain http").help("serve it over https")),
        _ => {
            return Err(fault("the part's URL is neither https nor http")
                .help("publish the part on a web server"));
        }
    }
    if !url.has_host() || !url.username().is_empty() || url.password().is_some() {
        return Err(fault("the part's URL has credentials in it, or no host")
            .help("use a URL that anyone who knows it may fetch"));
    }
    Ok(url.clone())
}

/// The part as text, where it is text without anything that a text field cannot hold.
pub(crate) fn plain_text(part: &Part) -> Option<&str> {
    let is_text = part.content_type().starts_with("text/");
    let text = std::str::from_utf8(part.bytes()).ok().filter(|_| is_text)?;
    // "text/* media types that do not include any binary or restricted characters (i.e. nulls)"
    (!text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))).then_some(text)
}

fn is_plain_text(part: &Part) -> bool {
    plain_text(part).is_some()
}

/// The body of an embedded part: base64 (RFC 4648 §4) over gzip or over the bytes themselves.
pub(crate) fn embedded_body(part: &Part, gzip: bool) -> String {
    match gzipped(part).filter(|_| gzip) {
        Some(smaller) => STANDARD.encode(smaller),
        None => STANDARD.encode(part.bytes()),
    }
}

/// A `data:` URL (RFC 2397) of the part.
pub(crate) fn data_url(part: &Part) -> String {
    format!(
        "data:{};base64,{}",
        part.content_type(),
        STANDARD.encode(part.bytes())
    )
}

fn data_url_chars(part: &Part) -> u64 {
    let prefix = "data:;base64,".len() + part.content_type().len();
    prefix as u64 + part.facts.bytes.div_ceil(3) * 4
}

/// The compressed bytes, where they are clearly fewer. Pictures, sound and video are compressed already.
fn gzipped(part: &Part) -> Option<Vec<u8>> {
    let is_coded = part.facts.content_type.family() == Family::Video
        || matches!(
            part.content_type(),
            "image/jpeg" | "image/png" | "image/gif" | "image/webp"
        );
    if is_coded {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(part.bytes()).ok()?;
    let smaller = encoder.finish().ok()?;
    (smaller.len() * 10 <= part.bytes().len() * WORTH_TENTHS).then_some(smaller)
}
