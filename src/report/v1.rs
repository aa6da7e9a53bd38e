//! The schema `mms-report/1` and `mms-bundle/1`, as types of their own.
//!
//! They are apart from the library's own types so that a change inside cannot change what scripts read: fields are added
//! here, never renamed and never removed. `tests/schema/mms-report-1.schema.json` says the same to machines.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{PartReport, Provenance, Report, Value};
use crate::bundle::{Bundle, PartFacts};
use crate::code::Code;
use crate::fit::FittedImage;
use crate::provider::Rules;
use crate::sniff::TrackKind;

/// The name of the report's schema.
pub const REPORT: &str = "mms-report/1";

/// The name of the manifest's schema.
pub const BUNDLE: &str = "mms-bundle/1";

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One file: of a batch, as the only attachment of a message, or one of a message's attachments.
    File,
    /// One message with all its parts.
    Message,
    /// One picture under a byte cap.
    Fit,
    /// What one file is.
    Sniff,
    /// What one URL serves.
    Url,
    /// The counts of a batch.
    Summary,
}

/// What became of what a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Complies as it is.
    Passed,
    /// Would be fixed.
    Fixable,
    /// Was fixed.
    Fixed,
    /// Cannot be sent.
    Refused,
    /// Could not be read, or its output not be written.
    Unchecked,
}

/// One record: what is known about one input.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Record {
    /// [`REPORT`].
    pub schema: &'static str,
    /// What the record is about.
    pub kind: Kind,
    /// The provider, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The set of rules: the provider's own, or a variant's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<String>,
    /// The input's name; what is not UTF-8 in it is replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// The input's name byte for byte in hexadecimal, where `input` could not hold it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_hex: Option<String>,
    /// What became of it.
    pub result: Verdict,
    /// What the bytes are; `null` where they could not be read.
    #[serde(skip_serializing_if = "is_message")]
    pub sniffed: Sniffing,
    /// What was made; `null` where nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Output>,
    /// A message's attachments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parts: Option<Vec<Self>>,
    /// The bytes of all parts of a message; 0 where there is no bundle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_bytes: Option<u64>,
    /// What the fit did.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub fit: Option<Fit>,
    /// What a URL answered.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub remote: Option<Box<Remote>>,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// What sniffing found; a message as a whole has no such field.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Sniffing {
    /// The facts, or `null` where the bytes could not be read.
    Of(Option<Box<Sniffed>>),
    /// The record is about a message.
    Message,
}

fn is_message(sniffing: &Sniffing) -> bool {
    matches!(sniffing, Sniffing::Message)
}

/// The facts found in the bytes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sniffed {
    /// The type; `null` where nothing known matches.
    pub content_type: Option<String>,
    /// The usual extension of the type.
    pub extension: Option<String>,
    /// The length.
    pub bytes: u64,
    /// Width as stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width_px: Option<u32>,
    /// Height as stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height_px: Option<u32>,
    /// Frames of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frames: Option<u32>,
    /// Duration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// EXIF orientation, where it is not 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orientation: Option<u8>,
    /// The turn that a video asks for, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation_degrees: Option<u16>,
    /// Colour model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colour: Option<String>,
    /// Bits a channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bit_depth: Option<u8>,
    /// Whether a colour profile is embedded.
    pub has_icc_profile: bool,
    /// Whether any pixel can be transparent.
    pub has_alpha: bool,
    /// Whether location data was seen.
    pub has_location: bool,
    /// Whether other metadata was seen.
    pub has_metadata: bool,
    /// Whether content credentials were seen.
    pub has_content_credentials: bool,
    /// Tracks of a container.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tracks: Vec<Track>,
    /// Entries of an archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entries: Option<u32>,
    /// Bytes behind the format's own end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trailing_bytes: Option<u64>,
    /// A word that the format has for its own kinds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

/// One track of a container.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Track {
    /// `video`, `audio` or `other`.
    pub kind: &'static str,
    /// The codec's own name.
    pub codec: String,
    /// Width of a video track.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width_px: Option<u32>,
    /// Height of a video track.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height_px: Option<u32>,
    /// Duration of the track.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// The codec's profile by its usual name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<&'static str>,
    /// The codec's level as its header writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<u8>,
    /// Frames a second, on average, to a thousandth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame_rate: Option<f64>,
    /// Bits a second, on average.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bit_rate: Option<u64>,
    /// Samples a second of a sound track.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_rate_hz: Option<u32>,
    /// Channels of a sound track.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<u16>,
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Output {
    /// Where it was written; left out where it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The type.
    pub content_type: String,
    /// The length.
    pub bytes: u64,
    /// Width of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width_px: Option<u32>,
    /// Height of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height_px: Option<u32>,
    /// Frames of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frames: Option<u32>,
    /// SHA-256 in lower-case hexadecimal.
    pub sha256: String,
}

/// What `fit` adds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fit {
    /// JPEG quality, where it is a JPEG made by us.
    pub quality: Option<u8>,
    /// Width over the original's width.
    pub scale: f64,
    /// Candidate lengths computed.
    pub probes: u32,
    /// Whole encodes made.
    pub encodes: u32,
}

/// What `verify-url` adds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remote {
    /// The URL without its query, fragment and credentials.
    pub url: String,
    /// Where its redirects ended, shown in the same way; `null` where nothing answered.
    pub final_url: Option<String>,
    /// The address that answered, and its port.
    pub address: Option<String>,
    /// What HEAD was answered; `null` where there was no answer or none was asked for.
    pub head: Option<Exchange>,
    /// What GET was answered.
    pub get: Option<Exchange>,
    /// What the provider would have made of the message: `message_rejected`, `part_dropped` or `unknown`; `null` where
    /// the URL breaks none of its rules.
    pub provider_would: Option<&'static str>,
}

/// One answer of a server, as it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exchange {
    /// The status code.
    pub status: u16,
    /// Content-Type; several are joined by `, `.
    pub content_type: Option<String>,
    /// Content-Length; several are joined by `, `.
    pub content_length: Option<String>,
    /// Transfer-Encoding; several are joined by `, `.
    pub transfer_encoding: Option<String>,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Such as `MMS201`.
    pub code: String,
    /// `note`, `warning` or `error`.
    pub severity: &'static str,
    /// `noted`, `fixable`, `fixed` or `refused`.
    pub outcome: &'static str,
    /// The part that it is about, counted from 0; `null` for the message as a whole.
    pub part: Option<usize>,
    /// One sentence.
    pub message: String,
    /// What was measured.
    pub observed: BTreeMap<String, serde_json::Value>,
    /// What is allowed.
    pub allowed: BTreeMap<String, serde_json::Value>,
    /// What was done.
    pub action: Option<Action>,
    /// What the reader can do.
    pub help: Option<String>,
    /// Where the rule is stated.
    pub source: Option<Source>,
}

/// What was done about a finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Action {
    /// Such as `downscaled`.
    pub kind: &'static str,
    /// The length before.
    pub before_bytes: u64,
    /// The length after.
    pub after_bytes: u64,
}

/// Where a rule is stated.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Source {
    /// The page.
    pub page: Option<&'static str>,
    /// The day it was seen.
    pub seen: Option<&'static str>,
    /// Whether the rule is our assumption.
    pub assumed: bool,
    /// Why we assume it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<&'static str>,
}

/// The counts of a batch under one set of rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// [`REPORT`].
    pub schema: &'static str,
    /// [`Kind::Summary`].
    pub kind: Kind,
    /// The provider, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The set of rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<String>,
    /// Inputs, which is records.
    pub inputs: u64,
    /// Records with this result.
    pub passed: u64,
    /// Records with this result.
    pub fixable: u64,
    /// Records with this result.
    pub fixed: u64,
    /// Records with this result.
    pub refused: u64,
    /// Records with this result.
    pub unchecked: u64,
}

/// The manifest of a bundle on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// [`BUNDLE`].
    pub schema: &'static str,
    /// The provider that the bundle was proved for.
    pub provider: String,
    /// The set of rules that it was proved under.
    pub rules: String,
    /// The parts, in the order of the message.
    pub parts: Vec<ManifestPart>,
    /// The bytes of all parts.
    pub total_bytes: u64,
    /// The text of the message, where one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// One part of a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ManifestPart {
    /// The file, relative to the manifest.
    pub path: String,
    /// The type in the provider's own spelling.
    pub content_type: String,
    /// The length.
    pub bytes: u64,
    /// SHA-256 in lower-case hexadecimal.
    pub sha256: String,
    /// The name to be sent.
    pub name: String,
    /// The verified URL, where there is one.
    pub url: Option<String>,
}

impl Record {
    /// An empty record, nothing known yet.
    #[must_use]
    pub fn new(kind: Kind, result: Verdict) -> Self {
        Self {
            schema: REPORT,
            kind,
            provider: None,
            rules: None,
            input: None,
            input_hex: None,
            result,
            sniffed: Sniffing::Of(None),
            output: None,
            parts: None,
            total_bytes: None,
            fit: None,
            remote: None,
            findings: Vec::new(),
        }
    }

    /// One attachment's report.
    #[must_use]
    pub fn of_part(kind: Kind, part: &PartReport) -> Self {
        Self {
            input: Some(part.input.clone()),
            sniffed: Sniffing::Of(part.sniffed.as_ref().map(|found| Box::new(found.into()))),
            output: part.output.as_ref().map(Output::from),
            findings: part.findings.iter().map(Finding::from).collect(),
            ..Self::new(kind, part.verdict.into())
        }
    }

    /// One message's report.
    #[must_use]
    pub fn of_message(report: &Report, rules: &Rules) -> Self {
        let part = |part| Self::of_part(Kind::File, part).under(rules);
        Self {
            sniffed: Sniffing::Message,
            parts: Some(report.parts.iter().map(part).collect()),
            total_bytes: Some(report.total_bytes),
            findings: report.findings.iter().map(Finding::from).collect(),
            ..Self::new(Kind::Message, report.verdict.into())
        }
        .under(rules)
    }

    /// The same, held against these rules.
    #[must_use]
    pub fn under(mut self, rules: &Rules) -> Self {
        self.provider = Some(rules.provider.name().to_owned());
        self.rules = Some(rules.name.to_string());
        self
    }
}

impl From<super::Verdict> for Verdict {
    fn from(verdict: super::Verdict) -> Self {
        match verdict {
            super::Verdict::Passed => Self::Passed,
            super::Verdict::Fixable => Self::Fixable,
            super::Verdict::Fixed => Self::Fixed,
            super::Verdict::Refused => Self::Refused,
            super::Verdict::Unchecked => Self::Unchecked,
        }
    }
}

impl From<&crate::sniff::Sniffed> for Sniffed {
    fn from(found: &crate::sniff::Sniffed) -> Self {
        Self {
            content_type: found.content_type.map(|kind| kind.mime().to_owned()),
            extension: found.content_type.map(|kind| kind.extension().to_owned()),
            bytes: found.bytes,
            width_px: found.width_px,
            height_px: found.height_px,
            frames: found.frames,
            duration_ms: found.duration_ms,
            orientation: (found.orientation != 1).then_some(found.orientation),
            rotation_degrees: (found.rotation_degrees != 0).then_some(found.rotation_degrees),
            colour: found.colour.map(str::to_owned),
            bit_depth: found.bit_depth,
            has_icc_profile: found.icc_profile.is_some(),
            has_alpha: found.has_alpha,
            has_location: found.has_location,
            has_metadata: found.has_metadata,
            has_content_credentials: found.has_content_credentials,
            tracks: found.tracks.iter().map(Track::from).collect(),
            entries: found.entries,
            trailing_bytes: (found.trailing_bytes != 0).then_some(found.trailing_bytes),
            variant: found.variant.clone(),
        }
    }
}

impl From<&crate::sniff::Track> for Track {
    fn from(track: &crate::sniff::Track) -> Self {
        Self {
            kind: match track.kind {
                TrackKind::Video => "video",
                TrackKind::Audio => "audio",
                TrackKind::Other => "other",
            },
            codec: track.codec.clone(),
            width_px: track.width_px,
            height_px: track.height_px,
            duration_ms: track.duration_ms,
            profile: track.profile,
            level: track.level,
            frame_rate: track
                .frame_rate
                .map(|rate| (rate * 1_000.0).round() / 1_000.0),
            bit_rate: track.bit_rate,
            sample_rate_hz: track.sample_rate_hz,
            channels: track.channels,
        }
    }
}

impl From<&PartFacts> for Output {
    fn from(facts: &PartFacts) -> Self {
        Self {
            path: None,
            content_type: facts.content_type.mime().to_owned(),
            bytes: facts.bytes,
            width_px: facts.width_px,
            height_px: facts.height_px,
            frames: facts.frames,
            sha256: facts.sha256.clone(),
        }
    }
}

impl From<&FittedImage> for Output {
    fn from(image: &FittedImage) -> Self {
        Self {
            path: None,
            content_type: image.content_type.mime().to_owned(),
            bytes: image.bytes.len() as u64,
            width_px: Some(image.width_px),
            height_px: Some(image.height_px),
            frames: Some(image.frames),
            sha256: crate::bundle::sha256_hex(&image.bytes),
        }
    }
}

impl From<&FittedImage> for Fit {
    fn from(image: &FittedImage) -> Self {
        Self {
            quality: image.quality,
            scale: image.scale,
            probes: image.probes,
            encodes: image.encodes,
        }
    }
}

impl Finding {
    /// A finding that refuses, made outside the pipeline.
    #[must_use]
    pub fn refused(code: Code, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::from(&super::Finding::refused(code, message).help(help))
    }
}

impl From<&super::Finding> for Finding {
    fn from(finding: &super::Finding) -> Self {
        let facts = |facts: &super::Facts| {
            let entry = |(name, value): (&&str, &Value)| ((*name).to_owned(), json(value));
            facts.iter().map(entry).collect()
        };
        Self {
            code: finding.code.to_string(),
            severity: finding.severity.name(),
            outcome: match finding.outcome {
                super::Outcome::Noted => "noted",
                super::Outcome::Fixable => "fixable",
                super::Outcome::Fixed => "fixed",
                super::Outcome::Refused => "refused",
            },
            part: finding.part,
            message: finding.message.clone(),
            observed: facts(&finding.observed),
            allowed: facts(&finding.allowed),
            action: finding.action.as_ref().map(|action| Action {
                kind: action.kind,
                before_bytes: action.before_bytes,
                after_bytes: action.after_bytes,
            }),
            help: finding.help.clone(),
            source: finding.source.map(Source::from),
        }
    }
}

impl From<Provenance> for Source {
    fn from(provenance: Provenance) -> Self {
        Self {
            page: provenance.page,
            seen: provenance.seen,
            assumed: provenance.assumed,
            why: provenance.why,
        }
    }
}

fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Number(number) => (*number).into(),
        Value::Fraction(number) => (*number).into(),
        Value::Text(text) => text.as_str().into(),
        Value::List(list) => list.as_slice().into(),
        Value::Flag(flag) => (*flag).into(),
    }
}

impl Summary {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(rules: Option<&Rules>) -> Self {
        Self {
            schema: REPORT,
            kind: Kind::Summary,
            provider: rules.map(|rules| rules.provider.name().to_owned()),
            rules: rules.map(|rules| rules.name.to_string()),
            inputs: 0,
            passed: 0,
            fixable: 0,
            fixed: 0,
            refused: 0,
            unchecked: 0,
        }
    }

    /// Counts one more record.
    pub fn count(&mut self, result: Verdict) {
        self.inputs += 1;
        match result {
            Verdict::Passed => self.passed += 1,
            Verdict::Fixable => self.fixable += 1,
            Verdict::Fixed => self.fixed += 1,
            Verdict::Refused => self.refused += 1,
            Verdict::Unchecked => self.unchecked += 1,
        }
    }
}

impl Manifest {
    /// The manifest of a bundle whose parts lie beside it under their own names.
    #[must_use]
    pub fn of(bundle: &Bundle, text: Option<&str>) -> Self {
        let part = |part: &crate::bundle::Part| ManifestPart {
            path: part.name().to_owned(),
            content_type: part.content_type().to_owned(),
            bytes: part.facts().bytes,
            sha256: part.facts().sha256.clone(),
            name: part.name().to_owned(),
            url: part.url().map(str::to_owned),
        };
        Self {
            schema: BUNDLE,
            provider: bundle.provider().name().to_owned(),
            rules: bundle.rules().name.to_string(),
            parts: bundle.parts().iter().map(part).collect(),
            total_bytes: bundle.total_bytes().get(),
            text: text.map(str::to_owned),
        }
    }
}
