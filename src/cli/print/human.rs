//! Lines for people: one a file, one summary.

use std::io::{self, Write};

use mmsfit::report_v1::{
    Finding, Kind, Output, Receipt, Record, Sniffed, Sniffing, Summary, Verdict,
};
use mmsfit::{ByteCount, Code};

use super::{Printer, bytes_of_name};
use crate::cli::Context;
use crate::cli::tally::{Denials, Noun};
use crate::cli::text::escaped;

/// Lines for people.
pub(super) struct Human {
    colour: bool,
    quiet: bool,
    denials: Denials,
    several_rules: bool,
    noun: Noun,
}

impl Human {
    pub(super) fn new(context: &Context) -> Self {
        Self {
            colour: context.colour,
            quiet: context.quiet,
            denials: context.denials,
            several_rules: context.several_rules,
            noun: context.noun,
        }
    }

    /// Whether a quiet reader wants to know.
    fn needs_attention(&self, result: Verdict) -> bool {
        result == Verdict::Unchecked || self.denials.refuse(result)
    }

    /// `x refused  `, in its colour.
    fn mark(&self, result: Verdict) -> String {
        let (mark, word, colour) = match result {
            Verdict::Passed => ('=', "passed", 32),
            Verdict::Fixable => ('~', "fixable", 33),
            Verdict::Fixed => ('+', "fixed", 36),
            Verdict::Refused => ('x', "refused", 31),
            Verdict::Unchecked => ('?', "unchecked", 35),
        };
        let text = format!("{mark} {word:<9}");
        if self.colour {
            format!("\u{1b}[{colour}m{text}\u{1b}[0m")
        } else {
            text
        }
    }

    fn file(&self, out: &mut dyn Write, record: &Record) -> io::Result<()> {
        let rules = record.rules.as_deref().filter(|_| self.several_rules);
        write!(out, "{}  ", self.mark(record.result))?;
        if let Some(rules) = rules {
            write!(out, "{rules:<17} ")?;
        }
        write!(out, "{}", name(record))?;
        if let Sniffing::Of(Some(found)) = &record.sniffed {
            write!(out, "  {}", change(found, record.output.as_ref()))?;
        }
        if let Some(quality) = record.fit.as_ref().and_then(|fit| fit.quality) {
            write!(out, ", quality {quality}")?;
        }
        if let Some(path) = record
            .output
            .as_ref()
            .and_then(|output| output.path.as_deref())
        {
            write!(out, "  {}", escaped(path))?;
        }
        writeln!(out, "{}", reasons(&record.findings, record.result))
    }

    /// One URL: its line, then a paragraph for each finding, as who serves it must act on each.
    fn url(&self, out: &mut dyn Write, record: &Record) -> io::Result<()> {
        write!(out, "{}  ", self.mark(record.result))?;
        if self.several_rules {
            write!(out, "{:<12} ", record.rules.as_deref().unwrap_or_default())?;
        }
        write!(out, "{}", name(record))?;
        let end = record
            .remote
            .as_ref()
            .and_then(|remote| remote.final_url.as_deref())
            .filter(|end| Some(*end) != record.input.as_deref());
        if let Some(end) = end {
            write!(out, " -> {}", escaped(end))?;
        }
        if let Sniffing::Of(Some(found)) = &record.sniffed {
            write!(out, "  {}", change(found, None))?;
        }
        writeln!(out)?;
        // Notes are for machines: `--json` has them.
        let told = |finding: &&Finding| finding.outcome != "noted" || finding.severity != "note";
        for finding in record.findings.iter().filter(told) {
            writeln!(out, "    {} {}", finding.code, escaped(&finding.message))?;
            if let Some(source) = &finding.source {
                let stated = match (source.page, source.why) {
                    (Some(page), _) => escaped(page),
                    (None, Some(why)) => format!("assumed: {}", escaped(why)),
                    (None, None) => continue,
                };
                let rules = record.rules.as_deref().unwrap_or_default();
                writeln!(out, "      rule of {rules}: {stated}")?;
            }
            if let Some(help) = &finding.help {
                writeln!(out, "      help: {}", escaped(help))?;
            }
        }
        Ok(())
    }

    fn sniffed(out: &mut dyn Write, record: &Record) -> io::Result<()> {
        write!(out, "{}: ", name(record))?;
        match &record.sniffed {
            Sniffing::Of(Some(found)) => write!(out, "{}", facts(found))?,
            _ => write!(out, "{}", word(record.result))?,
        }
        for finding in &record.findings {
            write!(out, "; {} {}", finding.code, escaped(&finding.message))?;
        }
        writeln!(out)
    }

    fn message(&self, out: &mut dyn Write, record: &Record) -> io::Result<()> {
        for part in record.parts.iter().flatten() {
            if !self.quiet || self.needs_attention(part.result) || record.result == Verdict::Refused
            {
                self.file(out, part)?;
            }
        }
        for finding in &record.findings {
            if finding.outcome == "refused" || !self.quiet {
                writeln!(
                    out,
                    "  {} {}{}",
                    finding.code,
                    escaped(&finding.message),
                    help(finding)
                )?;
            }
        }
        if let Some(request) = &record.request {
            // Asked for in so many words: a quiet reader wants it too.
            return out.write_all(request.as_bytes());
        }
        if self.quiet {
            return Ok(());
        }
        let rules = record.rules.as_deref().unwrap_or_default();
        let parts = record.parts.as_ref().map_or(0, Vec::len);
        let parts = if parts == 1 {
            "1 part".to_owned()
        } else {
            format!("{parts} parts")
        };
        write!(out, "message for {rules}: {}, {parts}", word(record.result))?;
        match record.total_bytes {
            Some(total) if total > 0 => writeln!(out, ", {}", ByteCount::new(total))?,
            _ => writeln!(out)?,
        }
        match &record.receipt {
            Some(receipt) => Self::receipt(out, receipt),
            None => Ok(()),
        }
    }

    fn receipt(out: &mut dyn Write, receipt: &Receipt) -> io::Result<()> {
        let done = if receipt.from_ledger {
            "sent before, not again"
        } else {
            "sent"
        };
        write!(
            out,
            "{done}: id {}, {}",
            escaped(&receipt.id),
            receipt.status
        )?;
        if let Some(reference) = &receipt.client_reference {
            write!(out, ", reference {}", escaped(reference))?;
        }
        writeln!(out)?;
        Self::recipients(out, receipt)
    }

    fn recipients(out: &mut dyn Write, receipt: &Receipt) -> io::Result<()> {
        for recipient in &receipt.recipients {
            let (status, word) = (recipient.status, recipient.provider_status.as_deref());
            let to = escaped(&recipient.to);
            writeln!(out, "  to {to}: {status}{}", said(word, status))?;
        }
        Ok(())
    }

    /// One message that was sent: how far it has come.
    fn status(&self, out: &mut dyn Write, record: &Record) -> io::Result<()> {
        let provider = record.provider.as_deref().unwrap_or_default();
        write!(
            out,
            "{}  {provider} {}",
            self.mark(record.result),
            name(record)
        )?;
        if let Some(receipt) = &record.receipt {
            let word = receipt.provider_status.as_deref();
            write!(out, "  {}{}", receipt.status, said(word, receipt.status))?;
        }
        for finding in &record.findings {
            write!(
                out,
                ": {} {}{}",
                finding.code,
                escaped(&finding.message),
                help(finding)
            )?;
        }
        writeln!(out)?;
        match &record.receipt {
            Some(receipt) => Self::recipients(out, receipt),
            None => Ok(()),
        }
    }
}

impl Printer for Human {
    fn record(&mut self, out: &mut dyn Write, record: &Record) -> io::Result<()> {
        match record.kind {
            Kind::Message => self.message(out, record),
            _ if self.quiet && !self.needs_attention(record.result) => Ok(()),
            Kind::Sniff => Self::sniffed(out, record),
            Kind::Url => self.url(out, record),
            Kind::Status => self.status(out, record),
            _ => self.file(out, record),
        }
    }

    fn summary(&mut self, out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
        if self.quiet {
            return Ok(());
        }
        write!(
            out,
            "{} {}",
            ByteCount::new(summary.inputs)
                .to_string()
                .split(' ')
                .next()
                .unwrap_or_default(),
            self.noun.counted(summary.inputs)
        )?;
        if let Some(rules) = &summary.rules {
            write!(out, " for {rules}")?;
        }
        let counts = [
            (summary.passed, "passed"),
            (summary.fixable, "fixable"),
            (summary.fixed, "fixed"),
            // Messages are counted only where the ledger's doubts are listed.
            (
                summary.refused,
                match self.noun {
                    Noun::Message => "in doubt",
                    _ => "refused",
                },
            ),
            (summary.unchecked, "unchecked"),
        ];
        let counts: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        writeln!(
            out,
            ": {}",
            if counts.is_empty() {
                match self.noun {
                    Noun::Message => "none in doubt".to_owned(),
                    _ => "nothing to check".to_owned(),
                }
            } else {
                counts.join(", ")
            }
        )
    }
}

/// The provider's own word, as it came, where it is another one than ours.
fn said(word: Option<&str>, ours: &str) -> String {
    word.filter(|word| !word.eq_ignore_ascii_case(ours))
        .map_or_else(String::new, |word| format!(" ({})", escaped(word)))
}

fn name(record: &Record) -> String {
    let Some(bytes) = bytes_of_name(record) else {
        return escaped(record.input.as_deref().unwrap_or_default());
    };
    // The bytes that are no text are shown as what they are.
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(&escaped(chunk.valid()));
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

/// What it was and, where it changed, what it is now.
fn change(found: &Sniffed, output: Option<&Output>) -> String {
    let kind = found.content_type.as_deref().unwrap_or("unknown");
    let side = |width: Option<u32>, height: Option<u32>| match (width, height) {
        (Some(width), Some(height)) => format!(" {width} x {height}"),
        _ => String::new(),
    };
    let before = format!("{kind}{}", side(found.width_px, found.height_px));
    let bytes = ByteCount::new(found.bytes);
    match output {
        Some(output)
            if output.bytes != found.bytes
                || output.content_type != kind
                || output.width_px != found.width_px =>
        {
            let sides = side(output.width_px, output.height_px);
            let after = if output.content_type == kind {
                sides.trim().to_owned()
            } else {
                format!("{}{sides}", output.content_type)
            };
            let arrow = if after.is_empty() || before.ends_with(&after) {
                String::new()
            } else {
                format!(" -> {after}")
            };
            format!(
                "{before}{arrow}, {bytes} -> {}",
                ByteCount::new(output.bytes)
            )
        }
        _ => format!("{before}, {bytes}"),
    }
}

/// All facts, as `sniff` tells them.
fn facts(found: &Sniffed) -> String {
    let mut facts = vec![
        found
            .content_type
            .clone()
            .unwrap_or_else(|| "unknown".to_owned()),
    ];
    facts.extend(found.variant.as_deref().map(escaped));
    if let (Some(width), Some(height)) = (found.width_px, found.height_px) {
        facts.push(format!("{width} x {height} px"));
    }
    facts.push(ByteCount::new(found.bytes).to_string());
    facts.extend(
        found
            .frames
            .filter(|&frames| frames != 1)
            .map(|frames| format!("{frames} frames")),
    );
    facts.extend(
        found
            .duration_ms
            .map(|ms| format!("{}.{:03} s", ms / 1_000, ms % 1_000)),
    );
    facts.extend(
        found
            .orientation
            .map(|orientation| format!("orientation {orientation}")),
    );
    facts.extend(
        found
            .rotation_degrees
            .map(|degrees| format!("turned by {degrees} degrees")),
    );
    facts.extend(found.colour.clone());
    facts.extend(
        found
            .tracks
            .iter()
            .map(|track| format!("{} {}", track.kind, escaped(&track.codec))),
    );
    facts.extend(found.entries.map(|entries| format!("{entries} entries")));
    let flags = [
        (found.has_alpha, "transparency"),
        (found.has_icc_profile, "colour profile"),
        (found.has_location, "location"),
        (found.has_metadata, "metadata"),
        (found.has_content_credentials, "content credentials"),
    ];
    facts.extend(
        flags
            .iter()
            .filter(|(seen, _)| *seen)
            .map(|(_, word)| (*word).to_owned()),
    );
    facts.join(", ")
}

/// Why it was refused, in full; what was or would be fixed, by its codes and their titles.
fn reasons(findings: &[Finding], result: Verdict) -> String {
    let standing: Vec<String> = findings
        .iter()
        .filter(|finding| finding.outcome == "refused")
        .map(|finding| {
            format!(
                "{} {}{}",
                finding.code,
                escaped(&finding.message),
                help(finding)
            )
        })
        .collect();
    if matches!(result, Verdict::Refused | Verdict::Unchecked) && !standing.is_empty() {
        return format!(": {}", standing.join("; "));
    }
    // Notes without an outcome are for machines: `--json` has them.
    let told = |finding: &&Finding| finding.outcome != "noted" || finding.severity != "note";
    let mut codes: Vec<String> = findings.iter().filter(told).map(titled).collect();
    codes.dedup();
    if codes.is_empty() {
        String::new()
    } else {
        format!("  [{}]", codes.join(", "))
    }
}

/// `MMS401 orientation applied and removed`.
fn titled(finding: &Finding) -> String {
    match finding.code.parse::<Code>() {
        Ok(code) => format!("{} {}", finding.code, code.title()),
        Err(_) => finding.code.clone(),
    }
}

fn help(finding: &Finding) -> String {
    finding
        .help
        .as_ref()
        .map_or_else(String::new, |help| format!(" ({})", escaped(help)))
}

const fn word(result: Verdict) -> &'static str {
    match result {
        Verdict::Passed => "passed",
        Verdict::Fixable => "fixable",
        Verdict::Fixed => "fixed",
        Verdict::Refused => "refused",
        Verdict::Unchecked => "unchecked",
    }
}
