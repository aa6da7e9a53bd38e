//! vCard 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350): complete, in UTF-8, with pictures that fit.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use calcard::common::Data;
use calcard::vcard::{
    VCard, VCardEntry, VCardParameterName, VCardProperty, VCardValue, VCardVersion,
};
use calcard::{Entry, Parser};

use super::{PictureFit, Rewritten, too_long};
use crate::code::Code;
use crate::content_type::ContentType;
use crate::report::Finding;
use crate::sniff;

/// A line of 75 octets (RFC 6350 §3.2) carries 74 of base64 behind the blank that continues it, and ends in CR LF.
const OCTETS_PER_LINE: u64 = 77;
const BASE64_PER_LINE: u64 = 74;

/// What stands in the way in any of the cards, and what is worth knowing.
pub(super) fn faults(text: &str) -> Vec<Finding> {
    let read = Read::of(text);
    let mut findings = Vec::new();
    let several = read.cards.len() > 1;
    for (index, card) in read.cards.iter().enumerate() {
        let which = if several {
            format!("card {}", index + 1)
        } else {
            "the card".to_owned()
        };
        if name_of(card).is_none() {
            findings.push(
                Finding::refused(Code::Corrupt, format!("{which} names nobody"))
                    .help("give it a name, a number or an address"),
            );
            continue;
        }
        let missing = missing(card);
        if !missing.is_empty() {
            findings.push(
                Finding::fixable(
                    Code::Corrupt,
                    format!("{which} lacks {}", missing.join(" and ")),
                )
                .observed(
                    "missing",
                    missing
                        .iter()
                        .map(|&name| name.to_owned())
                        .collect::<Vec<_>>(),
                ),
            );
        }
        if pictures(card).any(|data| sniff::sniff(&data.data).has_location) {
            findings.push(Finding::fixable(
                Code::LocationData,
                format!("the picture in {which} says where it was taken"),
            ));
        }
        let remote = card.entries.iter().filter(|entry| is_remote(entry)).count();
        if remote > 0 {
            findings.push(
                Finding::note(
                    Code::ActiveContent,
                    format!("{which} refers to {remote} pictures or sounds elsewhere, which are left as they are"),
                )
                .observed("references", remote),
            );
        }
    }
    if read.cards.is_empty() {
        findings.push(
            Finding::refused(Code::Corrupt, "there is no card in it")
                .help("export the contact anew"),
        );
    }
    findings.extend(read.note());
    findings
}

/// Whether any card holds a picture.
pub(super) fn has_pictures(text: &str) -> bool {
    let read = Read::of(text);
    read.cards
        .iter()
        .any(|card| pictures(card).next().is_some())
}

/// The cards written anew: 2.1 as 3.0, as its folding and its encodings are read differently by every phone.
pub(super) fn rewrite(
    text: &str,
    limit: u64,
    picture: &mut PictureFit<'_>,
) -> Result<Rewritten, Finding> {
    let mut read = Read::of(text);
    let mut findings: Vec<Finding> = read.note().into_iter().collect();
    for card in &mut read.cards {
        complete(card);
        for entry in &mut card.entries {
            // The text is Unicode by now, and written as UTF-8.
            entry.params.retain(
                |param| !matches!(&param.name, VCardParameterName::Other(name) if name.eq_ignore_ascii_case("CHARSET")),
            );
        }
    }
    if fit_pictures(&mut read.cards, limit, picture)? {
        findings.push(Finding::note(
            Code::PartOverLimit,
            "pictures in the contact were made smaller, or freed of their metadata",
        ));
    }
    let written = write(&read.cards);
    // Nothing of a contact may be lost on the way.
    if meaning(&Read::of(&written).cards) != meaning(&read.cards) {
        return Err(Finding::refused(
            Code::InternalFault,
            "the contact does not read back as it was written",
        )
        .help("please report it"));
    }
    Ok(Rewritten {
        bytes: written.into_bytes(),
        findings,
    })
}

/// The cards of a file, and the lines that belong to none.
struct Read {
    cards: Vec<VCard>,
    strays: usize,
}

impl Read {
    fn of(text: &str) -> Self {
        let mut parser = Parser::new(text);
        let (mut cards, mut strays) = (Vec::new(), 0);
        loop {
            match parser.entry() {
                Entry::VCard(card) => cards.push(card),
                Entry::Eof => break,
                Entry::TooManyComponents => {
                    strays += 1;
                    break;
                }
                _ => strays += 1,
            }
        }
        Self { cards, strays }
    }

    fn note(&self) -> Option<Finding> {
        (self.strays > 0).then(|| {
            Finding::warning(
                Code::Corrupt,
                format!(
                    "{} lines belong to no card, and phones pass over them",
                    self.strays
                ),
            )
            .observed("lines", self.strays)
        })
    }
}

fn pictures(card: &VCard) -> impl Iterator<Item = &Data> {
    card.entries
        .iter()
        .filter(|entry| is_picture(entry))
        .flat_map(|entry| entry.values.iter().filter_map(VCardValue::as_binary))
}

fn is_picture(entry: &VCardEntry) -> bool {
    matches!(entry.name, VCardProperty::Photo | VCardProperty::Logo)
}

fn is_remote(entry: &VCardEntry) -> bool {
    let shown = is_picture(entry) || entry.name == VCardProperty::Sound;
    shown
        && entry
            .values
            .iter()
            .filter_map(VCardValue::as_text)
            .any(|value| {
                ["http:", "https:", "ftp:"].iter().any(|scheme| {
                    value
                        .get(..scheme.len())
                        .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
                })
            })
}

fn has(card: &VCard, name: &VCardProperty) -> bool {
    card.property(name).is_some_and(|entry| {
        entry.values.iter().any(|value| match value {
            VCardValue::Text(text) => !text.trim().is_empty(),
            VCardValue::Component(parts) => parts.iter().any(|part| !part.trim().is_empty()),
            _ => true,
        })
    })
}

/// The properties that its version requires (vCard 2.1 §2.4; RFC 2426 §4; RFC 6350 §6.2.1, §6.7.9) and it has not.
fn missing(card: &VCard) -> Vec<&'static str> {
    let version = card.version();
    let wants_n = !matches!(version, Some(VCardVersion::V4_0));
    let wants_fn = !matches!(version, Some(VCardVersion::V2_0 | VCardVersion::V2_1));
    [
        (version.is_none(), "VERSION"),
        // An empty N is there: companies have none.
        (wants_n && card.property(&VCardProperty::N).is_none(), "N"),
        (wants_fn && !has(card, &VCardProperty::Fn), "FN"),
    ]
    .into_iter()
    .filter_map(|(is_missing, name)| is_missing.then_some(name))
    .collect()
}

/// What a phone can show as the name: the formatted one, else the parts of the name, the company, a number, an address.
fn name_of(card: &VCard) -> Option<String> {
    if has(card, &VCardProperty::Fn) {
        return words(card, &VCardProperty::Fn, |parts| parts);
    }
    // RFC 2426 §3.1.2: family, given, additional, prefixes, suffixes.
    let order = |parts: Vec<String>| {
        let mut spoken = Vec::new();
        for at in [3, 1, 2, 0, 4] {
            spoken.extend(parts.get(at).cloned());
        }
        spoken
    };
    words(card, &VCardProperty::N, order)
        .or_else(|| words(card, &VCardProperty::Nickname, |parts| parts))
        .or_else(|| words(card, &VCardProperty::Org, |parts| parts))
        .or_else(|| words(card, &VCardProperty::Email, |parts| parts))
        .or_else(|| words(card, &VCardProperty::Tel, |parts| parts))
}

fn words(
    card: &VCard,
    name: &VCardProperty,
    order: impl Fn(Vec<String>) -> Vec<String>,
) -> Option<String> {
    let entry = card.property(name)?;
    let parts = entry
        .values
        .iter()
        .map(|value| match value {
            VCardValue::Text(text) => text.trim().to_owned(),
            VCardValue::Component(parts) => parts.join(" ").trim().to_owned(),
            _ => String::new(),
        })
        .collect();
    let mut spoken = order(parts);
    spoken.retain(|part| !part.is_empty());
    (!spoken.is_empty()).then(|| spoken.join(" "))
}

/// Adds what the version requires, made of what is there.
fn complete(card: &mut VCard) {
    let missing = missing(card);
    let name = name_of(card).unwrap_or_default();
    let entry = |name, values: Vec<String>| VCardEntry {
        group: None,
        name,
        params: Vec::new(),
        values: values.into_iter().map(VCardValue::Text).collect(),
    };
    if missing.contains(&"FN") || !has(card, &VCardProperty::Fn) {
        card.entries.retain(|entry| entry.name != VCardProperty::Fn);
        card.entries
            .insert(0, entry(VCardProperty::Fn, vec![name.clone()]));
    }
    if missing.contains(&"N") {
        // The whole name as the given one: nobody can tell the family's from it.
        let parts = ["", &name, "", "", ""].map(str::to_owned);
        card.entries
            .insert(0, entry(VCardProperty::N, parts.to_vec()));
    }
}

/// Brings the pictures under what the text leaves of the limit; whether any was changed.
fn fit_pictures(
    cards: &mut [VCard],
    limit: u64,
    picture: &mut PictureFit<'_>,
) -> Result<bool, Finding> {
    let mut bare = cards.to_vec();
    let mut sizes = Vec::new();
    for data in bare.iter_mut().flat_map(pictures_mut) {
        sizes.push(data.data.len() as u64);
        data.data.clear();
    }
    let text_bytes = write(&bare).len() as u64;
    let Some(left) = limit
        .checked_sub(text_bytes)
        .filter(|left| *left > 0 || sizes.is_empty())
    else {
        return Err(too_long(text_bytes, limit, ContentType::VCard));
    };
    let share = share(&sizes, raw_bytes(left, sizes.len() as u64));
    let mut changed = false;
    for data in cards.iter_mut().flat_map(pictures_mut) {
        let length = data.data.len() as u64;
        let may_have = share.min(length);
        if length <= share && !sniff::sniff(&data.data).has_location {
            continue;
        }
        let (bytes, content_type) = picture(&data.data, may_have)?;
        data.data = bytes;
        data.content_type = Some(content_type.mime().to_owned());
        changed = true;
    }
    if changed {
        for entry in cards.iter_mut().flat_map(|card| &mut card.entries) {
            // The type that stood there may be another now; the writer names the new one.
            if is_picture(entry) && entry.values.iter().any(|value| value.as_binary().is_some()) {
                entry
                    .params
                    .retain(|param| param.name != VCardParameterName::Type);
            }
        }
    }
    Ok(changed)
}

fn pictures_mut(card: &mut VCard) -> impl Iterator<Item = &mut Data> {
    card.entries
        .iter_mut()
        .filter(|entry| is_picture(entry))
        .flat_map(|entry| &mut entry.values)
        .filter_map(|value| match value {
            VCardValue::Binary(data) => Some(data),
            _ => None,
        })
}

/// The raw bytes whose folded base64 takes `encoded` octets, with room for `pictures` types and ends of line.
fn raw_bytes(encoded: u64, pictures: u64) -> u64 {
    let lines = encoded.saturating_sub(pictures * (2 * OCTETS_PER_LINE)) / OCTETS_PER_LINE;
    (lines * BASE64_PER_LINE / 4).saturating_sub(pictures) * 3
}

/// The most that one picture may have so that all together stay within `total`: the small ones keep what they have.
fn share(sizes: &[u64], total: u64) -> u64 {
    let mut sizes = sizes.to_vec();
    sizes.sort_unstable();
    let mut left = total;
    for (at, &size) in sizes.iter().enumerate() {
        let equal = left / (sizes.len() - at) as u64;
        if size > equal {
            return equal;
        }
        left -= size;
    }
    u64::MAX
}

fn version_of(card: &VCard) -> VCardVersion {
    match card.version() {
        Some(VCardVersion::V4_0) => VCardVersion::V4_0,
        _ => VCardVersion::V3_0,
    }
}

fn write(cards: &[VCard]) -> String {
    let mut text = String::new();
    for card in cards {
        let version = version_of(card);
        let mut card = card.clone();
        if version == VCardVersion::V4_0 {
            card.entries
                .iter_mut()
                .filter(|entry| is_picture(entry))
                .for_each(as_address);
        }
        // Writing to a string cannot fail.
        let _ = card.write_to(&mut text, version);
    }
    text
}

/// In 4.0 a picture is an address that holds it (RFC 6350 §6.2.4, RFC 2397), in which no comma is escaped.
fn as_address(entry: &mut VCardEntry) {
    for value in &mut entry.values {
        if let VCardValue::Binary(data) = value {
            let kind = data.content_type.as_deref().unwrap_or("image/jpeg");
            *value = VCardValue::Text(format!(
                "data:{kind};base64,{}",
                BASE64_STANDARD.encode(&data.data)
            ));
        }
    }
}

/// What a phone takes from the cards: all but the version that they are written in and how pictures are named.
fn meaning(cards: &[VCard]) -> Vec<VCard> {
    let mut cards = cards.to_vec();
    for card in &mut cards {
        card.entries
            .retain(|entry| entry.name != VCardProperty::Version);
        for entry in card.entries.iter_mut().filter(|entry| is_picture(entry)) {
            entry.params.clear();
            for value in &mut entry.values {
                if let VCardValue::Binary(data) = value {
                    data.content_type = None;
                }
            }
        }
    }
    cards
}
