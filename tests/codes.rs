//! The table of codes: unique, explained in full, held whole in golden files.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use mmsfit::Code;

mod common;

#[test]
fn the_table_of_codes_stands_in_the_golden_file() -> std::io::Result<()> {
    let mut table = String::new();
    for code in Code::ALL {
        writeln!(
            table,
            "{code} {} {}",
            code.default_severity().name(),
            code.title()
        )
        .expect("a string takes every write");
    }
    common::assert_golden("codes.txt", &table)
}

#[test]
fn numbers_and_titles_are_unique_and_in_order() {
    let numbers: Vec<u16> = Code::ALL.iter().map(|code| code.number()).collect();
    let mut sorted = numbers.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(numbers, sorted);
    let titles: BTreeSet<&str> = Code::ALL.iter().map(|code| code.title()).collect();
    assert_eq!(titles.len(), Code::ALL.len());
}

#[test]
fn every_code_is_explained_in_full() {
    let mut meanings = BTreeSet::new();
    for code in Code::ALL {
        let explanation = code.explanation();
        for text in [
            explanation.meaning,
            explanation.why,
            explanation.we,
            explanation.you,
        ] {
            assert!(text.ends_with('.') && text.len() >= 8, "{code}: {text:?}");
        }
        assert!(
            meanings.insert(explanation.meaning),
            "{code} shares its meaning"
        );
        assert_eq!(explanation.since, "0.1.0", "{code}");
        for source in explanation.sources {
            assert!(source.page.len() > 8 && source.seen.len() == 10, "{code}");
        }
        for known in explanation.provider_codes {
            assert!(!known.code.is_empty() && !known.says.is_empty(), "{code}");
        }
        assert!(
            explanation.provider_codes.is_empty() || !explanation.sources.is_empty(),
            "{code} names a provider's code without the page that has it"
        );
    }
}

#[test]
fn the_providers_own_codes_are_named_where_they_are_known() {
    let pairs: BTreeSet<(String, &str)> = Code::ALL
        .iter()
        .flat_map(|code| {
            code.explanation()
                .provider_codes
                .iter()
                .map(|known| (code.to_string(), known.code))
        })
        .collect();
    for wanted in [
        ("MMS001", "MSG-347"),
        ("MMS103", "MSG-348"),
        ("MMS103", "E629"),
        ("MMS201", "MSG-337"),
        ("MMS201", "MSG-376"),
        ("MMS206", "SMS-CAR-434"),
        ("MMS301", "E341"),
        ("MMS601", "MSG-379"),
        ("MMS604", "E334"),
        ("MMS606", "E223"),
        ("MMS607", "MSG-381"),
        ("MMS703", "E618"),
    ] {
        assert!(
            pairs.contains(&(wanted.0.to_owned(), wanted.1)),
            "{wanted:?}"
        );
    }
}
