//! iCalendar (RFC 5545): complete and in UTF-8. Recurrence rules are never expanded, references never fetched.

use calcard::icalendar::{
    ICalendar, ICalendarAction, ICalendarComponentType, ICalendarEntry, ICalendarProperty,
    ICalendarValue,
};
use calcard::{Entry, Parser};

use super::Rewritten;
use crate::code::Code;
use crate::report::Finding;

/// RFC 5545 §3.7.3: who wrote the object.
const PRODUCT: &str = "-//mmsfit//mmsfit//EN";

/// What stands in the way in any of the calendars, and what is worth knowing.
pub(super) fn faults(text: &str) -> Vec<Finding> {
    let read = Read::of(text);
    let mut findings = Vec::new();
    let inside = |calendar: &ICalendar| {
        calendar
            .components
            .iter()
            .any(|component| component.component_type != ICalendarComponentType::VCalendar)
    };
    if !read.calendars.iter().any(inside) {
        findings.push(
            Finding::refused(Code::Corrupt, "there is no event and no task in it")
                .help("export the calendar entry anew"),
        );
        return findings;
    }
    for calendar in &read.calendars {
        let missing: Vec<String> = missing(calendar).iter().map(ToString::to_string).collect();
        if !missing.is_empty() {
            findings.push(
                Finding::fixable(
                    Code::Corrupt,
                    format!("the calendar lacks {}", missing.join(" and ")),
                )
                .observed("missing", missing),
            );
        }
        let runs = calendar
            .components
            .iter()
            .flat_map(|component| &component.entries)
            .any(|entry| {
                entry.name == ICalendarProperty::Action
                    && entry
                        .values
                        .contains(&ICalendarValue::Action(ICalendarAction::Procedure))
            });
        if runs {
            findings.push(
                Finding::refused(
                    Code::ActiveContent,
                    "an alarm in it starts a program (RFC 2445 §4.8.6.1)",
                )
                .help("remove the alarm"),
            );
        }
        let attached = calendar
            .components
            .iter()
            .flat_map(|component| &component.entries)
            .filter(|entry| entry.name == ICalendarProperty::Attach)
            .count();
        if attached > 0 {
            findings.push(
                Finding::note(
                    Code::ActiveContent,
                    format!("{attached} attachments or references in it are left as they are"),
                )
                .observed("references", attached),
            );
        }
    }
    findings.extend(read.note());
    findings
}

/// The calendars written anew.
pub(super) fn rewrite(text: &str) -> Result<Rewritten, Finding> {
    let mut read = Read::of(text);
    for calendar in &mut read.calendars {
        complete(calendar);
    }
    let written: String = read.calendars.iter().map(ToString::to_string).collect();
    if Read::of(&written).calendars != read.calendars {
        return Err(Finding::refused(
            Code::InternalFault,
            "the calendar does not read back as it was written",
        )
        .help("please report it"));
    }
    Ok(Rewritten {
        bytes: written.into_bytes(),
        findings: read.note().into_iter().collect(),
    })
}

struct Read {
    calendars: Vec<ICalendar>,
    strays: usize,
}

impl Read {
    fn of(text: &str) -> Self {
        let mut parser = Parser::new(text);
        let (mut calendars, mut strays) = (Vec::new(), 0);
        loop {
            match parser.entry() {
                Entry::ICalendar(calendar) => calendars.push(calendar),
                Entry::Eof => break,
                Entry::TooManyComponents => {
                    strays += 1;
                    break;
                }
                _ => strays += 1,
            }
        }
        Self { calendars, strays }
    }

    fn note(&self) -> Option<Finding> {
        (self.strays > 0).then(|| {
            Finding::warning(
                Code::Corrupt,
                format!(
                    "{} lines belong to no calendar, and phones pass over them",
                    self.strays
                ),
            )
            .observed("lines", self.strays)
        })
    }
}

/// RFC 5545 §3.6: both are required in every calendar object.
fn missing(calendar: &ICalendar) -> Vec<&'static str> {
    let Some(outer) = calendar.components.first() else {
        return Vec::new();
    };
    let has = |name: &ICalendarProperty| outer.entries.iter().any(|entry| entry.name == *name);
    [
        (ICalendarProperty::Version, "VERSION"),
        (ICalendarProperty::Prodid, "PRODID"),
    ]
    .into_iter()
    .filter_map(|(property, name)| (!has(&property)).then_some(name))
    .collect()
}

fn complete(calendar: &mut ICalendar) {
    let missing = missing(calendar);
    let Some(outer) = calendar.components.first_mut() else {
        return;
    };
    let mut add = |name, value: &str| {
        outer.entries.insert(
            0,
            ICalendarEntry {
                name,
                params: Vec::new(),
                values: vec![ICalendarValue::Text(value.to_owned())],
            },
        );
    };
    if missing.contains(&"PRODID") {
        add(ICalendarProperty::Prodid, PRODUCT);
    }
    if missing.contains(&"VERSION") {
        add(ICalendarProperty::Version, "2.0");
    }
}
