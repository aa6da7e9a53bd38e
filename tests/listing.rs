//! `mmsfit rules` and `mmsfit explain` as a user sees them.
#![cfg(feature = "cli")]

use std::process::{Command, Output};

use mmsfit::{Code, Rules};

#[test]
fn rules_prints_every_set_with_its_notes_in_100_columns() -> std::io::Result<()> {
    let text = printed(&["rules"])?;
    for rules in Rules::ALL {
        assert!(
            text.contains(&format!("{}: {}", rules.name, rules.title)),
            "{}",
            rules.name
        );
        for fact in rules.facts() {
            if !fact.name.starts_with("types.") {
                let line = format!("  {} ", fact.name);
                assert!(text.contains(&line), "{} {}", rules.name, fact.name);
            }
        }
    }
    for line in text.lines().filter(|line| line.chars().count() > 100) {
        // Only an address, which cannot be broken, may stand out.
        assert!(line.contains("https://"), "{line}");
    }
    Ok(())
}

#[test]
fn rules_marks_what_is_assumed() -> std::io::Result<()> {
    let text = printed(&["rules", "tsg-global"])?;
    let line = |name: &str| {
        text.lines()
            .find(|line| line.trim_start().starts_with(name))
            .unwrap_or_default()
            .to_owned()
    };
    assert!(
        line("message_bytes").contains("3,000,000 bytes") && line("message_bytes").contains(" ~[")
    );
    assert!(line("url.head_required").contains("yes") && !line("url.head_required").contains('~'));
    Ok(())
}

#[test]
fn rules_in_json_hold_every_fact_with_its_unit() -> Result<(), Box<dyn std::error::Error>> {
    let listing: serde_json::Value =
        serde_json::from_str(&printed(&["rules", "ringcentral", "--json"])?)?;
    assert_eq!(listing["schema"], "mms-rules/1");
    let set = &listing["rules"][0];
    let rules = Rules::by_name("ringcentral").expect("the set exists");
    assert_eq!(
        set["facts"].as_array().map(Vec::len),
        Some(rules.facts().len())
    );
    assert_eq!(
        set["facts"][1],
        serde_json::json!({
            "name": "message_bytes", "value": 1_500_000, "unit": "bytes", "assumed": false,
            "page": "RingCentral guide Sending MMS, last updated 2024-01-31", "seen": "2024-01-31", "why": null
        })
    );
    assert_eq!(listing["carriers"].as_array().map(Vec::len), Some(8));
    Ok(())
}

#[test]
fn explain_prints_the_whole_explanation_of_each_code() -> std::io::Result<()> {
    for code in [
        Code::ContentLength,
        Code::PartOverLimit,
        Code::InternalFault,
    ] {
        let text = printed(&["explain", &code.to_string()])?;
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let explanation = code.explanation();
        assert!(
            flat.starts_with(&format!("{code} {}", code.title())),
            "{flat}"
        );
        for part in [
            explanation.meaning,
            explanation.why,
            explanation.we,
            explanation.you,
        ] {
            assert!(flat.contains(part), "{code}: {part}");
        }
        for known in explanation.provider_codes {
            let words = format!("{} {}: {}", known.provider, known.code, known.says);
            assert!(flat.contains(&words), "{code}: {words}");
        }
        for source in explanation.sources {
            assert!(flat.contains(source.page), "{code}: {}", source.page);
        }
    }
    Ok(())
}

#[test]
fn explain_without_a_code_lists_them_all() -> std::io::Result<()> {
    let text = printed(&["explain"])?;
    assert_eq!(text.lines().count(), Code::ALL.len());
    assert!(
        text.lines()
            .zip(Code::ALL)
            .all(|(line, code)| line.starts_with(&code.to_string()))
    );
    Ok(())
}

#[test]
fn an_unknown_set_or_code_ends_with_2_and_prints_nothing() -> std::io::Result<()> {
    for arguments in [["rules", "pigeon"], ["explain", "MMS999"]] {
        let output = run(&arguments)?;
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(
            output.stdout.is_empty() && !output.stderr.is_empty(),
            "{arguments:?}"
        );
    }
    Ok(())
}

fn printed(arguments: &[&str]) -> std::io::Result<String> {
    let output = run(arguments)?;
    assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn run(arguments: &[&str]) -> std::io::Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_mmsfit"))
        .args(arguments)
        .output()
}
