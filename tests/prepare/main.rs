//! The public call over every fixture and every provider: what is promised of a bundle holds for each of them.

mod all;
mod cases;
mod preflight;
mod several;
mod surroundings;

#[path = "../common/mod.rs"]
mod common;

use std::path::PathBuf;

use mmsfit::{Attachment, Code, ContentType, Finding, Outcome, Report};

/// The folder of fixtures.
fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn fixture(name: &str) -> Attachment {
    Attachment::from_path(fixtures().join(name))
}

/// Whether the fitting stage makes such pictures anew.
fn is_picture(content_type: ContentType) -> bool {
    matches!(
        content_type,
        ContentType::Jpeg
            | ContentType::Png
            | ContentType::Gif
            | ContentType::WebP
            | ContentType::Bmp
            | ContentType::Tiff
            | ContentType::Ico
    )
}

/// Every finding of a report, the message's own behind those of its parts.
fn findings(report: &Report) -> impl Iterator<Item = &Finding> {
    let parts = report.parts.iter().flat_map(|part| &part.findings);
    parts.chain(&report.findings)
}

/// The codes that stand in the way, in order, each once.
fn refusals(report: &Report) -> Vec<Code> {
    let mut codes: Vec<Code> = findings(report)
        .filter(|finding| finding.outcome == Outcome::Refused)
        .map(|finding| finding.code)
        .collect();
    codes.sort_by_key(ToString::to_string);
    codes.dedup();
    codes
}
