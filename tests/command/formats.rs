//! What build servers and code hosts read: JUnit and SARIF held against their schemas, GitHub's annotations.

use std::collections::BTreeMap;
use std::io;

use roxmltree::{Document, Node};
use serde_json::Value;

use crate::CARD;
use crate::desk::{Desk, fixtures};
use crate::json::faults;

#[test]
fn junit_and_sarif_and_github_name_the_refused_file() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.write("up/a.vcf", CARD)?;
    desk.write("up/b & <c>.bin", &[0, 1, 2, 255])?;
    let run = |format: &str| desk.run(&["preflight", "-p", "sinch", "--format", format, "up"]);
    let why = "its bytes match no known type";
    let help = "send it as a picture, a video, sound, a contact card or plain text";
    assert_eq!(
        run("junit")?.out,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"mmsfit\">\n\
             <testsuite name=\"up/a.vcf\" tests=\"1\" failures=\"0\" errors=\"0\">\n\
             <testcase classname=\"mmsfit.sinch\" name=\"up/a.vcf\"/>\n</testsuite>\n\
             <testsuite name=\"up/b &amp; &lt;c&gt;.bin\" tests=\"1\" failures=\"1\" errors=\"0\">\n\
             <testcase classname=\"mmsfit.sinch\" name=\"up/b &amp; &lt;c&gt;.bin\">\n\
             <failure type=\"MMS101\" message=\"{why}\">\nMMS101 {why}\n  {help}\n</failure>\n</testcase>\n\
             </testsuite>\n</testsuites>\n"
        )
    );
    assert_eq!(
        run("github")?.out,
        format!(
            "::error file=up/b & <c>.bin,title=MMS101::{why} ({help})\n2 files for sinch: 1 passed, 0 fixable, 0 fixed, 1 refused, 0 unchecked\n"
        )
    );
    let sarif: Value = serde_json::from_str(&run("sarif")?.out)?;
    assert_eq!(sarif["version"], "2.1.0");
    assert_eq!(
        sarif["runs"][0]["results"],
        serde_json::json!([{
            "ruleId": "MMS101", "level": "error", "message": {"text": format!("{why} ({help})")},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": "up/b%20%26%20%3Cc%3E.bin"}, "region": {"startLine": 1}}}],
            "properties": {"rules": "sinch", "outcome": "refused"},
        }])
    );
    Ok(())
}

/// Runs that print every kind of record: batches, one message with parts, types alone, nothing at all.
fn runs(desk: &Desk, format: &str) -> io::Result<Vec<String>> {
    desk.write("up/a.vcf", CARD)?;
    desk.copy("orientation/orientation_6.jpg", "up/turned.jpg")?;
    desk.write("empty/none/.hidden", b"x")?;
    let fixtures = fixtures().display().to_string();
    let lines = [
        vec![
            "preflight",
            "-p",
            "ringcentral,sinch",
            &fixtures,
            "missing.jpg",
        ],
        vec!["preflight", "-p", "sinch", "--fix", "--out", "ready", "up"],
        vec!["prepare", "-p", "sinch", "up/a.vcf", "up/turned.jpg"],
        vec!["prepare", "-p", "sinch", "up/a.vcf", "missing.jpg"],
        vec!["sniff", "up"],
        vec!["preflight", "-p", "sinch", "empty"],
    ];
    let mut printed = Vec::new();
    for mut line in lines {
        line.extend(["--format", format]);
        printed.push(desk.run(&line)?.out);
    }
    Ok(printed)
}

#[test]
fn sarif_follows_its_schema() -> io::Result<()> {
    let schema: Value = serde_json::from_str(include_str!("../schema/sarif-2.1.0.schema.json"))?;
    let schema = jsonschema::validator_for(&schema).expect("the schema is a schema");
    let mut results = 0;
    for out in runs(&Desk::new()?, "sarif")? {
        let log: Value = serde_json::from_str(&out)?;
        assert_eq!(faults(&schema, &log), Vec::<String>::new());
        let rules: Vec<&Value> = log["runs"][0]["tool"]["driver"]["rules"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|rule| &rule["id"])
            .collect();
        for result in log["runs"][0]["results"].as_array().into_iter().flatten() {
            assert!(rules.contains(&&result["ruleId"]), "{result}");
            results += 1;
        }
        let mut wrong = log.clone();
        wrong["runs"][0]["results"] = serde_json::json!([{"level": "error"}]);
        assert!(!faults(&schema, &wrong).is_empty(), "a wrong log is seen");
    }
    assert!(results > 300, "only {results} results");
    Ok(())
}

/// An element: required attributes, others that may stand, elements in it, and whether it holds text.
type Rule = (
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
    bool,
);

/// The elements that we use, as the schema of Jenkins' xUnit plugin (`junit-10.xsd`) has them.
fn junit_rules() -> BTreeMap<&'static str, Rule> {
    let suites: Rule = (
        &[],
        &["name", "time", "tests", "failures", "errors"],
        &["testsuite"],
        false,
    );
    let suite: Rule = (
        &["name", "tests", "failures", "errors"],
        &[
            "group",
            "time",
            "skipped",
            "timestamp",
            "hostname",
            "id",
            "package",
            "file",
            "log",
            "url",
        ],
        &[
            "testsuite",
            "properties",
            "testcase",
            "system-out",
            "system-err",
        ],
        false,
    );
    let case: Rule = (
        &["name"],
        &["time", "classname", "group"],
        &["skipped", "error", "failure", "system-out", "system-err"],
        false,
    );
    let fault: Rule = (&[], &["type", "message"], &[], true);
    BTreeMap::from([
        ("testsuites", suites),
        ("testsuite", suite),
        ("testcase", case),
        ("failure", fault),
        ("error", fault),
    ])
}

fn breaches(node: Node<'_, '_>, rules: &BTreeMap<&str, Rule>, found: &mut Vec<String>) {
    let name = node.tag_name().name();
    let Some((required, others, children, has_text)) = rules.get(name) else {
        found.push(format!("no element {name}"));
        return;
    };
    let has: Vec<&str> = node
        .attributes()
        .map(|attribute| attribute.name())
        .collect();
    for missing in required.iter().filter(|wanted| !has.contains(wanted)) {
        found.push(format!("{name} without {missing}"));
    }
    for extra in has
        .iter()
        .filter(|has| !required.contains(has) && !others.contains(has))
    {
        found.push(format!("{name} with {extra}"));
    }
    let text = node
        .children()
        .filter(Node::is_text)
        .filter_map(|text| text.text());
    if !has_text && text.flat_map(str::chars).any(|char| !char.is_whitespace()) {
        found.push(format!("text in {name}"));
    }
    for child in node.children().filter(Node::is_element) {
        if !children.contains(&child.tag_name().name()) {
            found.push(format!("{} in {name}", child.tag_name().name()));
        }
        breaches(child, rules, found);
    }
    if name == "testsuite" {
        let count = |what: &str| {
            let cases = node
                .children()
                .filter(|child| child.has_tag_name("testcase"));
            let of = |case: &Node<'_, '_>| case.children().any(|child| child.has_tag_name(what));
            cases.filter(|case| what == "testcase" || of(case)).count()
        };
        for (attribute, what) in [
            ("tests", "testcase"),
            ("failures", "failure"),
            ("errors", "error"),
        ] {
            if node.attribute(attribute) != Some(count(what).to_string().as_str()) {
                found.push(format!("{attribute} is not the number of {what}s"));
            }
        }
    }
}

#[test]
fn junit_follows_its_schema_and_counts_right() -> io::Result<()> {
    let rules = junit_rules();
    let (mut failures, mut errors) = (0, 0);
    for out in runs(&Desk::new()?, "junit")? {
        let document = Document::parse(&out).map_err(io::Error::other)?;
        let mut found = Vec::new();
        breaches(document.root_element(), &rules, &mut found);
        assert_eq!(found, Vec::<String>::new());
        assert!(document.root_element().has_tag_name("testsuites"));
        let count = |name| {
            let nodes = document.descendants();
            nodes.filter(|node| node.has_tag_name(name)).count()
        };
        failures += count("failure");
        errors += count("error");
    }
    assert!(failures > 200 && errors >= 3, "{failures} and {errors}");

    let wrong = "<testsuites><testsuite name='a' tests='2' failures='0' errors='0'><testcase/>x</testsuite></testsuites>";
    let document = Document::parse(wrong).map_err(io::Error::other)?;
    let mut found = Vec::new();
    breaches(document.root_element(), &rules, &mut found);
    assert_eq!(
        found,
        [
            "text in testsuite",
            "testcase without name",
            "tests is not the number of testcases"
        ]
    );
    Ok(())
}
