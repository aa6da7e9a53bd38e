//! The rules as data: complete, sourced, consistent, and held whole in a golden file.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use mmsfit::provider::{CarrierCeiling, Delivery, Limit, Slot, Source};
use mmsfit::{ByteCount, ContentType, Provider, Rules};

mod common;

#[test]
fn every_rule_of_every_set_stands_in_the_golden_file() -> std::io::Result<()> {
    let mut listing = String::new();
    for rules in Rules::ALL {
        writeln!(listing, "{}: {}", rules.name, rules.title).expect("a string takes every write");
        for fact in rules.facts() {
            writeln!(
                listing,
                "{} {} = {} | {}",
                rules.name,
                fact.name,
                fact.value,
                words(fact.vouched)
            )
            .expect("a string takes every write");
        }
        for dispute in rules.disputes.iter() {
            writeln!(
                listing,
                "{} but {}: {} | {}, {}",
                rules.name, dispute.rule, dispute.says, dispute.source.page, dispute.source.seen
            )
            .expect("a string takes every write");
        }
    }
    for ceiling in CarrierCeiling::ALL {
        let vouched = match ceiling.bytes {
            Limit::Stated(_, source) => Limit::Stated((), source),
            Limit::Assumed { why, .. } => Limit::Assumed { value: (), why },
        };
        writeln!(
            listing,
            "carrier {ceiling} = {} | {}",
            ceiling.bytes.value(),
            words(vouched)
        )
        .expect("a string takes every write");
    }
    common::assert_golden("rules.txt", &listing)
}

#[test]
fn every_value_names_a_dated_page_or_a_reason() {
    for rules in Rules::ALL {
        for fact in rules.facts() {
            match fact.vouched {
                Limit::Stated((), source) => {
                    assert_dated(source, &format!("{} {}", rules.name, fact.name));
                }
                Limit::Assumed { why, .. } => {
                    assert!(why.len() >= 12, "{} {}: {why:?}", rules.name, fact.name);
                }
            }
        }
        for dispute in rules.disputes.iter() {
            assert_dated(dispute.source, dispute.rule);
        }
    }
    for ceiling in CarrierCeiling::ALL {
        assert_dated(
            ceiling.source().expect("ceilings are stated"),
            &ceiling.to_string(),
        );
    }
}

#[test]
fn a_fact_is_listed_once_and_disputes_are_about_facts() {
    for rules in Rules::ALL {
        let facts = rules.facts();
        let names: BTreeSet<&str> = facts.iter().map(|fact| fact.name.as_str()).collect();
        assert_eq!(names.len(), facts.len(), "{}", rules.name);
        for dispute in rules.disputes.iter() {
            let group = format!("{}.", dispute.rule);
            assert!(
                names
                    .iter()
                    .any(|name| *name == dispute.rule || name.starts_with(&group)),
                "{} {}",
                rules.name,
                dispute.rule
            );
        }
    }
}

#[test]
fn every_type_stands_once_under_names_that_lead_back_to_it() {
    for rules in Rules::ALL {
        let kinds: BTreeSet<ContentType> =
            rules.types.iter().map(|rule| rule.content_type).collect();
        assert_eq!(kinds.len(), rules.types.len(), "{}", rules.name);
        for rule in rules.types.iter() {
            let kind = rule.content_type;
            assert_eq!(rules.accepts(kind), Some(rule));
            for spelling in std::iter::once(&rule.spelling).chain(rule.other_spellings) {
                assert_eq!(
                    ContentType::from_mime(spelling),
                    Some(kind),
                    "{} {spelling}",
                    rules.name
                );
            }
            for extension in rule.all_extensions() {
                assert!(
                    ContentType::from_extension(extension).any(|known| known == kind),
                    "{} .{extension}",
                    rules.name
                );
            }
            assert_eq!(rule.slot != Slot::Any, rules.provider == Provider::Sinch);
        }
    }
}

#[test]
fn targets_and_advice_never_exceed_the_caps() {
    for rules in Rules::ALL {
        let cap = rules.message_bytes.value();
        assert!(rules.target_bytes.value() <= cap, "{}", rules.name);
        assert!(
            rules.target_bytes.value() > ByteCount::new(0),
            "{}",
            rules.name
        );
        assert!(rules.text.advised_text.value() <= rules.text.max_text.value());
        assert!(rules.text.advised_subject.value() <= rules.text.max_subject.value());
        assert!(rules.text.advised_recipients.value() <= rules.text.max_recipients.value());
        assert!(rules.advised_duration.value() <= rules.max_duration.value());
        assert!(rules.min_parts.value() <= rules.max_parts.value());
        let embeds = rules.delivery.contains(&Delivery::Embedded);
        assert_eq!(embeds, rules.embedded_bytes.value() > ByteCount::new(0));
        for rule in rules.types.iter() {
            let name = format!("{} {}", rules.name, rule.content_type);
            assert!(rule.max_bytes.value() <= cap, "{name}");
            assert!(
                rule.advised_bytes.value() <= rule.max_bytes.value(),
                "{name}"
            );
        }
    }
}

#[test]
fn names_lead_to_sets_and_each_provider_has_its_own() {
    let names: Vec<&str> = Rules::ALL.iter().map(|rules| rules.name.as_ref()).collect();
    assert_eq!(
        names,
        [
            "ringcentral",
            "ringcentral-2026",
            "sinch",
            "sinch-transcoding",
            "carrierx",
            "tsg-global"
        ]
    );
    for rules in Rules::ALL {
        assert_eq!(Rules::by_name(&rules.name), Some(*rules));
    }
    for &provider in Provider::ALL {
        assert_eq!(provider.rules().name, provider.name());
        assert_eq!(provider.rules().provider, provider);
    }
    assert_eq!(Rules::by_name("ringcentral-2025"), None);
}

#[test]
fn a_provider_is_known_by_its_name_in_any_case() {
    for (name, provider) in [
        ("ringcentral", Provider::RingCentral),
        ("Sinch", Provider::Sinch),
        ("CarrierX", Provider::CarrierX),
        ("TSG_Global", Provider::TsgGlobal),
        ("tsg", Provider::TsgGlobal),
    ] {
        assert_eq!(name.parse(), Ok(provider), "{name}");
    }
    for name in ["", "ring", "ringcentral-2026", "sinch "] {
        assert!(name.parse::<Provider>().is_err(), "{name:?}");
    }
}

#[test]
fn defaults_are_those_that_the_pages_and_decisions_give() {
    let caps: Vec<(&str, u64, u64)> = Provider::ALL
        .iter()
        .map(|provider| {
            let rules = provider.rules();
            (
                provider.name(),
                rules.message_bytes.value().get(),
                rules.target_bytes.value().get(),
            )
        })
        .collect();
    assert_eq!(
        caps,
        [
            ("ringcentral", 1_500_000, 1_000_000),
            ("sinch", 1_000_000, 740_000),
            ("carrierx", 3_000_000, 1_000_000),
            ("tsg-global", 3_000_000, 1_000_000)
        ]
    );
}

#[test]
fn the_longer_list_of_ringcentral_takes_all_that_the_founding_one_takes() {
    let longer = Rules::by_name("ringcentral-2026").expect("the set exists");
    for rule in Provider::RingCentral.rules().types.iter() {
        assert!(
            longer.accepts(rule.content_type).is_some(),
            "{}",
            rule.content_type
        );
    }
    assert_eq!(longer.types.len(), 31);
    assert_eq!(Provider::RingCentral.rules().types.len(), 15);
}

#[test]
fn a_carrier_without_a_route_gets_its_strictest_ceiling() {
    let ceilings: Vec<u64> = ["att", "att-10dlc", "t-mobile", "verizon", "us-cellular"]
        .iter()
        .map(|name| {
            let ceiling: CarrierCeiling = name.parse().expect("a carrier of the table");
            ceiling.bytes.value().get()
        })
        .collect();
    assert_eq!(
        ceilings,
        [1_050_000, 1_530_843, 2_100_000, 1_260_000, 1_530_843]
    );
    assert!("sprint".parse::<CarrierCeiling>().is_err());
}

fn words(vouched: Limit<()>) -> String {
    match vouched {
        Limit::Stated((), source) => format!("{}, {}", source.page, source.seen),
        Limit::Assumed { why, .. } => format!("assumed: {why}"),
    }
}

fn assert_dated(source: Source, what: &str) {
    assert!(source.page.len() > 8, "{what}: {:?}", source.page);
    let fields: Vec<&str> = source.seen.split('-').collect();
    let lengths: Vec<usize> = fields.iter().map(|field| field.len()).collect();
    assert_eq!(lengths, [4, 2, 2], "{what}: {:?}", source.seen);
    let numbers: Vec<u32> = fields
        .iter()
        .map(|field| field.parse().expect("a number"))
        .collect();
    assert!(
        (2015..2100).contains(&numbers[0]),
        "{what}: {:?}",
        source.seen
    );
    assert!((1..=12).contains(&numbers[1]), "{what}: {:?}", source.seen);
    assert!((1..=31).contains(&numbers[2]), "{what}: {:?}", source.seen);
}
