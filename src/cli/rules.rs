//! `mmsfit rules [P]`: every rule with the page that states it.

use std::io::{self, Write};

use mmsfit::provider::{CarrierCeiling, Fact, FactValue, Limit, TypeRule};
use mmsfit::{ByteCount, Rules};
use serde::Serialize;

use super::wrap::write_wrapped;

/// Prints sets of rules for people: aligned, the sources as notes below each set.
pub(crate) fn print_rules(out: &mut dyn Write, sets: &[&Rules]) -> io::Result<()> {
    for (index, rules) in sets.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        print_set(out, rules)?;
    }
    Ok(())
}

/// Prints the ceilings of the carriers for people.
pub(crate) fn print_carriers(out: &mut dyn Write) -> io::Result<()> {
    let mut notes = Notes::default();
    writeln!(
        out,
        "carriers: what they take of a whole message, before base64"
    )?;
    for ceiling in CarrierCeiling::ALL {
        let (bytes, vouched) = parts(ceiling.bytes);
        let mark = notes.mark(vouched);
        writeln!(
            out,
            "  {:<22}  {:>15}  {mark}",
            ceiling.to_string(),
            bytes.to_string()
        )?;
    }
    notes.print(out)
}

/// Prints sets of rules and the carriers' ceilings as one JSON object of the schema `mms-rules/1`.
pub(crate) fn print_rules_json(out: &mut dyn Write, sets: &[&Rules]) -> io::Result<()> {
    let listing = Listing {
        schema: "mms-rules/1",
        rules: sets.iter().map(|rules| SetJson::of(rules)).collect(),
        carriers: CarrierCeiling::ALL.iter().map(CarrierJson::of).collect(),
    };
    serde_json::to_writer(&mut *out, &listing)?;
    writeln!(out)
}

fn print_set(out: &mut dyn Write, rules: &Rules) -> io::Result<()> {
    let mut notes = Notes::default();
    write_wrapped(out, &format!("{}: ", rules.name), rules.title)?;
    let facts: Vec<Fact> = rules
        .facts()
        .into_iter()
        .filter(|fact| !fact.name.starts_with("types."))
        .collect();
    let name_width = facts.iter().map(|fact| fact.name.len()).max().unwrap_or(0);
    let value_width = facts
        .iter()
        .map(|fact| fact.value.to_string().len())
        .max()
        .unwrap_or(0);
    for fact in &facts {
        let mark = notes.mark(fact.vouched);
        let value = fact.value.to_string();
        writeln!(
            out,
            "  {:<name_width$}  {value:<value_width$}  {mark}",
            fact.name
        )?;
    }
    print_types(out, &rules.types, &mut notes)?;
    notes.print(out)?;
    for dispute in rules.disputes.iter() {
        let text = format!(
            "{}: elsewhere otherwise, {} ({}, seen {})",
            dispute.rule, dispute.says, dispute.source.page, dispute.source.seen
        );
        write_wrapped(out, "    but ", &text)?;
    }
    Ok(())
}

fn print_types(out: &mut dyn Write, types: &[TypeRule], notes: &mut Notes) -> io::Result<()> {
    let rows: Vec<[String; 4]> = types
        .iter()
        .map(|rule| {
            [
                type_words(rule),
                notes.mark(rule.accepted),
                size(rule.max_bytes, notes),
                size(rule.advised_bytes, notes),
            ]
        })
        .collect();
    let head = ["type as sent", "listed", "bytes at most", "bytes advised"].map(str::to_owned);
    let width = |column: usize| {
        rows.iter()
            .chain([&head])
            .map(|row| row[column].len())
            .max()
            .unwrap_or(0)
    };
    let (first, second, third) = (width(0), width(1), width(2));
    for row in [&head].into_iter().chain(&rows) {
        let [words, listed, most, advised] = row;
        writeln!(
            out,
            "  {words:<first$}  {listed:<second$}  {most:<third$}  {advised}"
        )?;
    }
    Ok(())
}

fn type_words(rule: &TypeRule) -> String {
    let mut words = rule.spelling.to_owned();
    for other in rule.other_spellings {
        words.push_str(", ");
        words.push_str(other);
    }
    for extension in rule.all_extensions() {
        words.push_str(" .");
        words.push_str(extension);
    }
    words
}

fn size(limit: Limit<ByteCount>, notes: &mut Notes) -> String {
    let (bytes, vouched) = parts(limit);
    let bytes = bytes.to_string();
    let digits = bytes.split(' ').next().unwrap_or_default();
    format!("{digits} {}", notes.mark(vouched))
}

fn parts<T>(limit: Limit<T>) -> (T, Limit<()>) {
    match limit {
        Limit::Stated(value, source) => (value, Limit::Stated((), source)),
        Limit::Assumed { value, why } => (value, Limit::Assumed { value: (), why }),
    }
}

/// The notes below a set, numbered as they come up.
#[derive(Default)]
struct Notes(Vec<Limit<()>>);

impl Notes {
    fn mark(&mut self, vouched: Limit<()>) -> String {
        let at = self
            .0
            .iter()
            .position(|known| *known == vouched)
            .unwrap_or_else(|| {
                self.0.push(vouched);
                self.0.len() - 1
            });
        let assumed = matches!(vouched, Limit::Assumed { .. });
        format!("{}[{}]", if assumed { "~" } else { "" }, at + 1)
    }

    fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        for (at, note) in self.0.iter().enumerate() {
            let label = format!("  {:>5} ", format!("[{}]", at + 1));
            match note {
                Limit::Stated((), source) => {
                    write_wrapped(
                        out,
                        &label,
                        &format!("{}, seen {}", source.page, source.seen),
                    )?;
                }
                Limit::Assumed { why, .. } => {
                    write_wrapped(out, &label, &format!("~ assumed: {why}"))?;
                }
            }
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct Listing<'a> {
    schema: &'static str,
    rules: Vec<SetJson<'a>>,
    carriers: Vec<CarrierJson>,
}

#[derive(Serialize)]
struct SetJson<'a> {
    name: &'a str,
    provider: &'static str,
    title: &'static str,
    facts: Vec<FactJson>,
    disputes: Vec<DisputeJson>,
}

#[derive(Serialize)]
struct FactJson {
    name: String,
    value: FactValue,
    unit: Option<&'static str>,
    #[serde(flatten)]
    vouched: VouchedJson,
}

#[derive(Serialize)]
struct VouchedJson {
    assumed: bool,
    page: Option<&'static str>,
    seen: Option<&'static str>,
    why: Option<&'static str>,
}

#[derive(Serialize)]
struct DisputeJson {
    rule: &'static str,
    says: &'static str,
    page: &'static str,
    seen: &'static str,
}

#[derive(Serialize)]
struct CarrierJson {
    carrier: &'static str,
    route: &'static str,
    bytes: ByteCount,
    #[serde(flatten)]
    vouched: VouchedJson,
}

impl<'a> SetJson<'a> {
    fn of(rules: &'a Rules) -> Self {
        Self {
            name: &rules.name,
            provider: rules.provider.name(),
            title: rules.title,
            facts: rules.facts().into_iter().map(FactJson::of).collect(),
            disputes: rules
                .disputes
                .iter()
                .map(|dispute| DisputeJson {
                    rule: dispute.rule,
                    says: dispute.says,
                    page: dispute.source.page,
                    seen: dispute.source.seen,
                })
                .collect(),
        }
    }
}

impl FactJson {
    fn of(fact: Fact) -> Self {
        Self {
            unit: fact.value.unit(),
            name: fact.name,
            value: fact.value,
            vouched: VouchedJson::of(fact.vouched),
        }
    }
}

impl VouchedJson {
    fn of(vouched: Limit<()>) -> Self {
        match vouched {
            Limit::Stated((), source) => Self {
                assumed: false,
                page: Some(source.page),
                seen: Some(source.seen),
                why: None,
            },
            Limit::Assumed { why, .. } => Self {
                assumed: true,
                page: None,
                seen: None,
                why: Some(why),
            },
        }
    }
}

impl CarrierJson {
    fn of(ceiling: &CarrierCeiling) -> Self {
        let (bytes, vouched) = parts(ceiling.bytes);
        Self {
            carrier: ceiling.carrier.name(),
            route: ceiling.route.name(),
            bytes,
            vouched: VouchedJson::of(vouched),
        }
    }
}
