//! SARIF 2.1.0: each finding as a result at the first line of its file.

use std::fmt::Write as _;
use std::io::{self, Write};

use mmsfit::Code;
use mmsfit::report_v1::{Finding, Kind, Record, Summary};
use serde_json::json;

use super::{Printer, bytes_of_name, level};
use crate::cli::Context;
use crate::cli::tally::Denials;
use crate::cli::text::is_url;

/// One run, written as it grows.
pub(super) struct Sarif {
    denials: Denials,
    begun: bool,
    results: bool,
}

impl Sarif {
    pub(super) fn new(context: &Context) -> Self {
        Self {
            denials: context.denials,
            begun: false,
            results: false,
        }
    }

    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        let rule = |code: &Code| {
            json!({
                "id": code.to_string(),
                "shortDescription": { "text": code.title() },
                "fullDescription": { "text": code.explanation().meaning },
                "help": { "text": code.explanation().you },
                "defaultConfiguration": { "level": code.default_severity().name() },
            })
        };
        let rules: Vec<_> = Code::ALL.iter().map(rule).collect();
        let driver =
            json!({ "name": "mmsfit", "version": env!("CARGO_PKG_VERSION"), "rules": rules });
        write!(
            out,
            "{{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{{\"tool\":{{\"driver\":{driver}}},\"results\":["
        )
    }

    fn result(
        &mut self,
        out: &mut dyn Write,
        finding: &Finding,
        record: &Record,
    ) -> io::Result<()> {
        let help = finding
            .help
            .as_deref()
            .map(|help| format!(" ({help})"))
            .unwrap_or_default();
        let result = json!({
            "ruleId": finding.code,
            "level": level(finding, self.denials),
            "message": { "text": format!("{}{help}", finding.message) },
            "locations": [location(record)],
            "properties": { "rules": record.rules, "outcome": finding.outcome },
        });
        out.write_all(if self.results { b",\n" } else { b"\n" })?;
        self.results = true;
        write!(out, "{result}")
    }
}

impl Printer for Sarif {
    fn record(&mut self, out: &mut dyn Write, record: &Record) -> io::Result<()> {
        self.begin(out)?;
        for about in record.parts.iter().flatten().chain([record]) {
            for finding in &about.findings {
                self.result(out, finding, about)?;
            }
        }
        Ok(())
    }

    fn summary(&mut self, _out: &mut dyn Write, _summary: &Summary) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.begin(out)?;
        writeln!(out, "\n]}}]}}")
    }
}

/// Where a record's input is; a message is no file, and has a name only.
fn location(record: &Record) -> serde_json::Value {
    let uri = match (record.kind, record.input.as_deref()) {
        (Kind::Message | Kind::Status, name) => {
            return json!({ "logicalLocations": [{ "name": name.unwrap_or("message") }] });
        }
        (_, Some(name)) if record.kind == Kind::Url || is_url(name) => url(name),
        (_, name) => uri(&bytes_of_name(record).unwrap_or_else(|| name.unwrap_or_default().into())),
    };
    json!({ "physicalLocation": { "artifactLocation": { "uri": uri }, "region": { "startLine": 1 } } })
}

/// The URI of a path: absolute with its scheme (RFC 8089), else a relative reference (RFC 3986 §4.2). What is not
/// unreserved or a slash is percent-encoded, byte by byte.
fn uri(path: &[u8]) -> String {
    let scheme = if path.starts_with(b"/") {
        "file://"
    } else {
        ""
    };
    format!("{scheme}{}", encoded(path, b"-._~/"))
}

/// A URL as it is, but for what no URI may hold (RFC 3986 §2).
fn url(url: &str) -> String {
    encoded(url.as_bytes(), b"-._~/:[]@!$&'()*+,;=%")
}

fn encoded(text: &[u8], kept: &[u8]) -> String {
    let mut uri = String::new();
    for &byte in text {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}
