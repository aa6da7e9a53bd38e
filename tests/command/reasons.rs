//! What records say: why something was changed, under which name, and what helps.

use std::io;

use serde_json::{Value, json};

use crate::desk::{Desk, Said};
use crate::{CARD, told};

fn run(desk: &Desk, line: &str) -> io::Result<Said> {
    desk.run(&line.split_whitespace().collect::<Vec<_>>())
}

/// Code, outcome, kind of action, observed and allowed of each finding.
fn told_of(record: &Value) -> Vec<Value> {
    record["findings"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|found| {
            json!([
                found["code"],
                found["outcome"],
                found["action"]["kind"],
                found["observed"],
                found["allowed"]
            ])
        })
        .collect()
}

#[test]
fn a_fit_gives_the_reason_of_every_change() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.copy("photos/small.jpg", "photo.jpg")?;
    desk.copy("photos/gps.jpg", "gps.jpg")?;
    desk.copy("orientation/orientation_6.jpg", "turned.jpg")?;
    let bytes = std::fs::read(desk.at("photo.jpg"))?.len();
    let small = json!(["MMS201", "fixed", "downscaled", {"bytes": bytes}, {"bytes": 20_000}]);
    let sides =
        json!(["MMS202", "fixed", "downscaled", {"long_side_px": 800}, {"long_side_px": 300}]);
    for (line, expected) in [
        ("photo.jpg --max-bytes 1MB", vec![]),
        (
            "photo.jpg --max-bytes 20KB --max-side 300",
            vec![small, sides.clone()],
        ),
        ("photo.jpg --max-bytes 1MB --max-side 300", vec![sides]),
        (
            "turned.jpg --max-bytes 1MB",
            vec![json!(["MMS401", "fixed", "requantised", {"orientation": 6}, {"orientation": 1}])],
        ),
        (
            "gps.jpg --max-bytes 1MB",
            vec![json!(["MMS402", "fixed", "stripped", {}, {}])],
        ),
    ] {
        let run = run(&desk, &format!("fit {line} --json -o out.jpg"))?;
        assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{line}");
        let record: Value = serde_json::from_str(&run.out)?;
        assert_eq!(told_of(&record), expected, "{line}");
        for finding in record["findings"].as_array().into_iter().flatten() {
            assert_eq!(
                finding["action"]["after_bytes"], record["output"]["bytes"],
                "{line}"
            );
        }
        let result = if expected.is_empty() {
            "passed"
        } else {
            "fixed"
        };
        assert_eq!(record["result"], result, "{line}");
    }
    Ok(())
}

#[test]
fn a_name_that_promises_another_type_is_told() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.copy("photos/small.jpg", "photo.jpg")?;
    let line = |name: &str| run(&desk, &format!("fit photo.jpg --max-bytes 20KB -o {name}"));
    let wrong = line("p.png")?;
    assert_eq!(wrong.code, Some(0));
    assert!(
        wrong
            .out
            .trim_end()
            .ends_with("MMS104 name and type disagree]"),
        "{}",
        wrong.out
    );
    for name in ["p.jpg", "p.JPEG", "p", "p.v2"] {
        let said = line(name)?.out;
        assert!(!said.contains("MMS104"), "{name}: {said}");
    }
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_device_is_written_and_a_temporary_name_is_never_told() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.copy("photos/small.jpg", "photo.jpg")?;
    let device = run(&desk, "fit photo.jpg --max-bytes 20KB -o /dev/null")?;
    assert_eq!((device.code, device.err.as_str()), (Some(0), ""));
    desk.write("file", b"x")?;
    let below = run(&desk, "fit photo.jpg --max-bytes 20KB -o file/p.jpg")?;
    assert_eq!(
        below,
        told(
            2,
            "",
            "error: cannot write file/p.jpg: Not a directory (os error 20)\n  help: give -o a place that can be written\n"
        )
    );
    Ok(())
}

#[test]
fn what_would_be_fixed_names_the_flags_that_fix_it() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.copy("orientation/orientation_6.jpg", "turned.jpg")?;
    let out = run(&desk, "preflight -p sinch --format jsonl turned.jpg")?.out;
    let record: Value = serde_json::from_str(out.lines().next().unwrap_or_default())?;
    assert_eq!(record["result"], "fixable");
    for finding in record["findings"].as_array().into_iter().flatten() {
        if finding["outcome"] == "fixable" {
            assert_eq!(finding["help"], "run it with --fix --out DIR");
        }
    }
    Ok(())
}

#[test]
fn an_animation_that_only_a_still_would_save_names_the_flag() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.copy("animations/small.gif", "a.gif")?;
    let fit = run(&desk, "fit a.gif --max-bytes 300 -o out.gif")?;
    assert_eq!(fit.code, Some(1));
    assert!(
        fit.out
            .contains(", or a still of its first frame with --allow-still)"),
        "{}",
        fit.out
    );
    assert!(!fit.out.contains("fewer"), "{}", fit.out);
    Ok(())
}

#[cfg(unix)]
#[test]
fn names_that_are_no_text_keep_their_bytes_everywhere() -> io::Result<()> {
    use std::os::unix::ffi::OsStrExt;
    let desk = Desk::new()?;
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.bin");
    std::fs::write(desk.path().join(name), [0, 1, 2, 255])?;
    let run = |words: &[&str]| {
        let mut command = desk.command();
        let output = command.args(words).arg(name).output()?;
        io::Result::Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let prepared: Value = serde_json::from_str(&run(&["prepare", "-p", "sinch", "--json"])?)?;
    assert_eq!(prepared["parts"][0]["input_hex"], "636166e92e62696e");
    let sarif: Value =
        serde_json::from_str(&run(&["preflight", "-p", "sinch", "--format", "sarif"])?)?;
    let place = &sarif["runs"][0]["results"][0]["locations"][0];
    assert_eq!(
        place["physicalLocation"]["artifactLocation"]["uri"],
        "caf%E9.bin"
    );
    Ok(())
}

#[test]
fn sarif_places_files_by_uri_and_messages_by_name() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.write("bad file.bin", &[0, 1, 2, 255])?;
    let locations = |words: &[&str]| {
        let log: Value = serde_json::from_str(&desk.run(words)?.out)?;
        let results = log["runs"][0]["results"].as_array().cloned();
        let results = results.unwrap_or_default().into_iter();
        io::Result::Ok(
            results
                .map(|result| result["locations"][0].clone())
                .collect::<Vec<_>>(),
        )
    };
    let path = desk.at("bad file.bin");
    let absolute = path.to_str().unwrap_or_default();
    let at = |uri: &str| json!({"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": 1}}});
    assert_eq!(
        locations(&["preflight", "-p", "sinch", "--format", "sarif", absolute])?,
        [at(&format!("file://{}", absolute.replace(' ', "%20")))]
    );
    desk.write("card.vcf", CARD)?;
    assert_eq!(
        locations(&["prepare", "-p", "sinch", "--format", "sarif", "card.vcf"])?,
        [json!({"logicalLocations": [{"name": "message"}]})],
        "that the message needs a host is about no file"
    );
    Ok(())
}

#[test]
fn a_fit_is_a_case_of_its_own_class_in_junit() -> io::Result<()> {
    let desk = Desk::new()?;
    desk.write("card.vcf", CARD)?;
    let out = run(
        &desk,
        "fit card.vcf --max-bytes 9KB --format junit -o out.jpg",
    )?
    .out;
    assert!(
        out.contains("<testcase classname=\"mmsfit.fit\" name=\"card.vcf\">"),
        "{out}"
    );
    Ok(())
}

#[cfg(feature = "net")]
#[test]
fn a_url_is_a_file_of_the_repository_in_no_format() -> io::Result<()> {
    let desk = Desk::new()?;
    let url = "http://127.0.0.1:9/a%20b.jpg";
    let run = |format: &str| {
        let run = desk.run(&["prepare", "-p", "sinch", "--format", format, url])?;
        assert_eq!((run.code, run.err.as_str()), (Some(1), ""), "{}", run.out);
        io::Result::Ok(run.out)
    };
    let github = run("github")?;
    assert!(
        github.starts_with(&format!(
            "::error title=MMS502::{}: ",
            url.replace('%', "%25")
        )),
        "{github}"
    );
    let sarif: Value = serde_json::from_str(&run("sarif")?)?;
    let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], url);
    Ok(())
}
