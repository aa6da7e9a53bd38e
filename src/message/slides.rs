//! Slides: what is shown together, packed so that no rule of the provider is broken.

use crate::bundle::Bundle;
use crate::check::provenance;
use crate::code::Code;
use crate::provider::{Limit, Rules, Slot};
use crate::report::Finding;

/// What is shown together.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Slide {
    /// The parts, as indices into the bundle, each with the place that it takes.
    pub parts: Vec<(Slot, usize)>,
    /// The text shown with them.
    pub text: Option<String>,
}

/// How parts are shared out over slides.
#[derive(Clone, Debug, Default)]
pub(super) enum Packing {
    /// One medium a slide, in order: breaks no exclusion.
    #[default]
    Apart,
    /// A sound joins the picture before it, a picture the sound before it.
    SoundWithPicture,
    /// As the caller says.
    Given(Vec<Vec<usize>>),
}

/// Packs the parts into slides, the text into the first; none where the provider has no slides.
pub(super) fn pack(
    bundle: &Bundle,
    packing: &Packing,
    text: Option<&str>,
    findings: &mut Vec<Finding>,
) -> Vec<Slide> {
    let rules = bundle.rules();
    let slots: Vec<Slot> = bundle
        .parts()
        .iter()
        .map(|part| {
            rules
                .accepts(part.facts.content_type)
                .map_or(Slot::Any, |rule| rule.slot)
        })
        .collect();
    if rules.slides.pairs.is_empty() {
        if !matches!(packing, Packing::Apart) {
            findings.push(
                Finding::refused(Code::SlideConflict, format!("{} has no slides", rules.name))
                    .help("leave the slides to the provider: parts are shown in their order"),
            );
        }
        return Vec::new();
    }
    let groups = match packing {
        Packing::Apart => (0..slots.len()).map(|part| vec![part]).collect(),
        Packing::SoundWithPicture => pairs(&slots, rules),
        Packing::Given(groups) => {
            findings.extend(misplaced(groups, slots.len()));
            groups.clone()
        }
    };
    findings.extend(too_many(groups.len(), rules));
    let mut slides: Vec<Slide> = Vec::new();
    for (at, group) in groups.iter().enumerate() {
        let places: Vec<(Slot, usize)> = group
            .iter()
            .filter_map(|&part| slots.get(part).map(|&slot| (slot, part)))
            .collect();
        findings.extend(conflict(at, &places, bundle));
        slides.push(Slide {
            parts: places,
            text: None,
        });
    }
    if let Some(first) = slides.first_mut() {
        first.text = text.map(str::to_owned);
    }
    slides
}

fn pairs(slots: &[Slot], rules: &Rules) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (part, &slot) in slots.iter().enumerate() {
        let joins = match groups.last().map(Vec::as_slice) {
            Some(&[other]) => slots.get(other).is_some_and(|&other| {
                matches!(
                    (other, slot),
                    (Slot::Image, Slot::Audio) | (Slot::Audio, Slot::Image)
                ) && may_share(other, slot, rules).value()
            }),
            _ => false,
        };
        match groups.last_mut().filter(|_| joins) {
            Some(group) => group.push(part),
            None => groups.push(vec![part]),
        }
    }
    groups
}

/// Whether two slots may share a slide: a pair that is not listed may not.
fn may_share(one: Slot, other: Slot, rules: &Rules) -> Limit<bool> {
    rules
        .slides
        .pairs
        .iter()
        .find(|pair| pair.slots == (one, other) || pair.slots == (other, one))
        .map_or(
            Limit::Assumed {
                value: false,
                why: "a slot holds one medium, and the pages allow no such pair",
            },
            |pair| pair.allowed,
        )
}

fn conflict(at: usize, places: &[(Slot, usize)], bundle: &Bundle) -> Option<Finding> {
    let rules = bundle.rules();
    let number = at + 1;
    if places.is_empty() {
        return Some(
            Finding::refused(
                Code::SlideConflict,
                format!("slide {number} is empty: the provider refuses it (E313)"),
            )
            .help("leave the slide out"),
        );
    }
    for (index, &(one, _)) in places.iter().enumerate() {
        for &(other, part) in places.iter().skip(index + 1) {
            let allowed = may_share(one, other, rules);
            if !allowed.value() {
                let mut finding = Finding::refused(
                    Code::SlideConflict,
                    format!(
                        "slide {number} holds {} and {}, which may not share one",
                        one.name(),
                        other.name()
                    ),
                )
                .observed("slide", number)
                .help("give each its own slide")
                .source(provenance(&allowed));
                finding.part = Some(part);
                return Some(finding);
            }
        }
    }
    None
}

fn too_many(count: usize, rules: &Rules) -> Option<Finding> {
    let limit = rules.max_parts;
    (count as u64 > u64::from(limit.value())).then(|| {
        Finding::refused(
            Code::TooManyParts,
            format!(
                "{count} slides, {} allowed by {}",
                limit.value(),
                rules.name
            ),
        )
        .observed("slides", count)
        .allowed("slides", limit.value())
        .help("send several messages: mmsfit does not split one")
        .source(provenance(&limit))
    })
}

/// A part that the caller's slides forget, name twice, or that does not exist.
fn misplaced(groups: &[Vec<usize>], parts: usize) -> Option<Finding> {
    let mut named: Vec<usize> = groups.iter().flatten().copied().collect();
    named.sort_unstable();
    let wanted: Vec<usize> = (0..parts).collect();
    (named != wanted).then(|| {
        Finding::refused(
            Code::SlideConflict,
            format!("the slides do not name each of the {parts} parts once"),
        )
        .help("name every part of the bundle in exactly one slide, counted from 0")
    })
}
