//! What scripts read, held against the schema in the repository.

use std::io;

use serde_json::Value;

use crate::CARD;
use crate::desk::{Desk, fixtures};

pub(crate) fn schema() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(include_str!("../schema/mms-report-1.schema.json"))
        .expect("the schema is JSON");
    jsonschema::validator_for(&schema).expect("the schema is a schema")
}

pub(crate) fn faults(schema: &jsonschema::Validator, record: &Value) -> Vec<String> {
    schema
        .iter_errors(record)
        .map(|fault| format!("{}: {fault}\n{record}", fault.instance_path()))
        .collect()
}

#[test]
fn every_record_of_every_fixture_follows_the_schema() -> io::Result<()> {
    let desk = Desk::new()?;
    let schema = schema();
    let fixtures = fixtures().display().to_string();
    let runs = [
        vec![
            "preflight",
            "-p",
            "ringcentral,sinch,carrierx,tsg-global",
            "--format",
            "jsonl",
            &fixtures,
        ],
        vec![
            "preflight",
            "-p",
            "sinch",
            "--fix",
            "--out",
            "ready",
            "--format",
            "jsonl",
            &fixtures,
        ],
        vec!["sniff", "--format", "jsonl", &fixtures],
    ];
    for line in runs {
        let run = desk.run(&line)?;
        assert_eq!(run.err, "", "{line:?}");
        let mut records = 0;
        for text in run.out.lines() {
            let record: Value = serde_json::from_str(text)?;
            assert_eq!(faults(&schema, &record), Vec::<String>::new(), "{line:?}");
            records += 1;
        }
        assert!(records > 100, "{line:?}: {records}");
    }
    Ok(())
}

#[test]
fn messages_and_fits_follow_the_schema_and_a_wrong_record_does_not() -> io::Result<()> {
    let desk = Desk::new()?;
    let schema = schema();
    desk.copy("photos/small.jpg", "photo.jpg")?;
    desk.write("card.vcf", CARD)?;
    for line in [
        "prepare -p sinch photo.jpg card.vcf",
        "prepare -p sinch --out message photo.jpg missing",
        "prepare -p sinch --max-bytes 50KB photo.jpg",
        "fit photo.jpg --max-bytes 20KB -o small.jpg",
        "fit photo.jpg --max-bytes 100 -o small.jpg",
        "fit missing --max-bytes 100 -o small.jpg",
    ] {
        let words: Vec<&str> = line.split(' ').chain(["--json"]).collect();
        let run = desk.run(&words)?;
        let record: Value = serde_json::from_str(&run.out)?;
        assert_eq!(faults(&schema, &record), Vec::<String>::new(), "{line}");
        let mut wrong = record.clone();
        wrong["result"] = "perhaps".into();
        assert!(!faults(&schema, &wrong).is_empty(), "{line}");
    }
    Ok(())
}

#[test]
fn a_batch_in_one_document_holds_what_its_lines_hold() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.write("up/a.vcf", CARD)?;
    desk.write("up/b.bin", &[0, 1, 2, 255])?;
    let run = |format: &str| {
        desk.run(&[
            "preflight",
            "-p",
            "sinch,carrierx",
            "--format",
            format,
            "up",
        ])
    };
    let document: Vec<Value> = serde_json::from_str(&run("json")?.out)?;
    let lines: Vec<Value> = run("jsonl")?
        .out
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    assert_eq!(document, lines);
    let told: Vec<String> = lines
        .iter()
        .map(|record| {
            format!(
                "{} {} {} {}",
                record["kind"], record["provider"], record["input"], record["result"]
            )
            .replace('"', "")
        })
        .collect();
    assert_eq!(
        told,
        [
            "file sinch up/a.vcf passed",
            "file carrierx up/a.vcf passed",
            "file sinch up/b.bin refused",
            "file carrierx up/b.bin refused",
            "summary sinch null null",
            "summary carrierx null null",
        ]
    );
    assert_eq!(
        lines[4],
        serde_json::json!({"schema": "mms-report/1", "kind": "summary", "provider": "sinch", "rules": "sinch",
            "inputs": 2, "passed": 1, "fixable": 0, "fixed": 0, "refused": 1, "unchecked": 0})
    );
    Ok(())
}
