//! What `preflight --fix` leaves on the disk, judged by programs that share nothing with this crate: exiftool for
//! places and orientation, ffmpeg for pixels and samples.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use mmsfit::{Provider, Rules};
use serde_json::Value;

use crate::desk::{Desk, fixtures};

/// What exiftool plants into a picture or document: each way in which one tells where it was made.
const PLACES: &[&str] = &[
    "-GPSLatitude=52.51",
    "-GPSLatitudeRef=N",
    "-GPSLongitude=13.4",
    "-GPSLongitudeRef=E",
    "-XMP:GPSLatitude=52.51",
    "-XMP:GPSLongitude=13.4",
    "-XMP-iptcExt:LocationCreatedCity=Berlin",
    "-XMP-photoshop:City=Berlin",
    "-IPTC:City=Berlin",
];

/// The same for containers of Apple's and MPEG's family.
const MOVIE_PLACES: &[&str] = &[
    "-UserData:GPSCoordinates=52.51, 13.4, 40",
    "-Keys:GPSCoordinates=52.51, 13.4, 40",
    "-ItemList:GPSCoordinates=52.51, 13.4, 40",
];

/// Fixtures that a place can be planted into.
const PLANTED: &[&str] = &[
    "photos/small.jpg",
    "phone/motion_photo.jpg",
    "phone/gain_map.jpg",
    "graphics/screenshot.png",
    "graphics/deflate.tiff",
    "animations/small.gif",
    "animations/animated.png",
    "raw/preview.dng",
    "documents/one_page.pdf",
    #[cfg(feature = "heic")]
    "phone/photo.heic",
    #[cfg(feature = "avif")]
    "phone/photo.avif",
    #[cfg(feature = "jxl")]
    "phone/photo_container.jxl",
    "video/clip.mp4",
    "video/clip.mov",
    "video/clip.3gp",
    "audio/tone.m4a",
];

/// Fixtures that were made with a place, by other programs.
const LOCATED: &[&str] = &[
    "photos/gps.jpg",
    "photos/gps_in_png.png",
    "photos/gps_in_webp.webp",
    #[cfg(feature = "heic")]
    "phone/rotated_gps.heic",
    "video/located.mp4",
    "video/located.3gp",
    "video/phone.mov",
    "audio/located.m4a",
];

/// Tags of exiftool that tell a place: groups of coordinates, and names of cities.
pub(crate) fn places_in(path: &Path) -> Vec<String> {
    let output = Command::new("exiftool")
        .args(["-a", "-ee", "-G1", "-s", "-n"])
        .arg(path)
        .output()
        .unwrap_or_else(|fault| panic!("exiftool is needed by this test: {fault}"));
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter(|line| !line.starts_with("[System]") && !line.starts_with("[ExifTool]"))
        .filter(|line| {
            let name = line
                .split(']')
                .nth(1)
                .and_then(|rest| rest.split_whitespace().next())
                .unwrap_or("");
            [
                "GPS",
                "City",
                "Sublocation",
                "Sub-location",
                "LocationCreated",
                "LocationShown",
            ]
            .iter()
            .any(|place| name.contains(place))
                || name == "Location"
        })
        .map(str::to_owned)
        .collect()
}

fn orientation_of(path: &Path) -> String {
    let output = Command::new("exiftool")
        .args(["-s3", "-n", "-Orientation"])
        .arg(path)
        .output()
        .unwrap_or_else(|fault| panic!("exiftool is needed by this test: {fault}"));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

pub(crate) fn plant(from: &Path, to: &Path, places: &[&str]) {
    let status = Command::new("exiftool")
        .args(["-q", "-m", "-o"])
        .arg(to)
        .args(places)
        .arg(from)
        .stderr(Stdio::null())
        .status()
        .unwrap_or_else(|fault| panic!("exiftool is needed by this test: {fault}"));
    assert!(status.success(), "{}", from.display());
    assert_ne!(places_in(to), Vec::<String>::new(), "{}", from.display());
}

/// Decodes everything in a file; what the decoder complains about.
pub(crate) fn complaints(path: &Path) -> String {
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-xerror", "-i"])
        .arg(path)
        .args(["-f", "null", "-"])
        .output()
        .unwrap_or_else(|fault| panic!("ffmpeg is needed by this test: {fault}"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    match output.status.success() {
        true => said,
        false => format!("{} {said}", output.status),
    }
}

/// Width, height and pixels as ffmpeg shows them, with no tag applied.
fn pixels_of(path: &Path) -> (usize, usize, Vec<u8>) {
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-noautorotate", "-i"])
        .arg(path)
        .args(["-frames:v", "1", "-f", "image2pipe", "-c:v", "ppm", "-"])
        .output()
        .unwrap_or_else(|fault| panic!("ffmpeg is needed by this test: {fault}"));
    let mut lines = output.stdout.splitn(4, |&byte| byte == b'\n');
    assert_eq!(lines.next(), Some(&b"P6"[..]), "{}", path.display());
    let sides = String::from_utf8_lossy(lines.next().expect("its sides")).into_owned();
    let (width, height) = sides.split_once(' ').expect("two sides");
    let side = |text: &str| text.parse().expect("a number");
    let pixels = lines.nth(1).expect("its pixels").to_vec();
    (side(width), side(height), pixels)
}

/// The most bytes that a part of this type may have on the disk, by the provider's rules alone.
pub(crate) fn cap(rules: &Rules, content_type: &str) -> u64 {
    let rule = rules
        .types
        .iter()
        .find(|rule| rule.content_type.mime() == content_type)
        .unwrap_or_else(|| panic!("{} does not take {content_type}", rules.name));
    let stated = rule
        .max_bytes
        .value()
        .min(rules.message_bytes.value())
        .get();
    match rules.measure.value() {
        mmsfit::provider::Measure::Encoded => stated / 4 * 3,
        _ => stated,
    }
}

/// Runs `preflight --fix` and gives the records by input.
pub(crate) fn fix(
    desk: &Desk,
    provider: Provider,
    from: &str,
    out: &str,
) -> io::Result<Vec<Value>> {
    let said = desk
        .command()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .args(["preflight", "-p", provider.name(), "--fix", "--out", out])
        .args(["--format", "jsonl", from])
        .output()?;
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    let records: Result<Vec<Value>, _> = text.lines().map(serde_json::from_str).collect();
    let mut records = records?;
    records.pop().expect("a summary");
    Ok(records)
}

#[test]
fn no_output_tells_a_place_and_every_one_opens_is_under_its_cap_and_stays() -> io::Result<()> {
    let desk = Desk::new()?;
    fs::create_dir(desk.at("up"))?;
    for (number, name) in PLANTED.iter().enumerate() {
        let is_movie = name.starts_with("video") || name.starts_with("audio");
        let places = if is_movie { MOVIE_PLACES } else { PLACES };
        let own = Path::new(name)
            .file_name()
            .expect("a file")
            .to_string_lossy();
        plant(
            &fixtures().join(name),
            &desk.at(&format!("up/{number:02}_{own}")),
            places,
        );
    }
    for name in LOCATED {
        let own = Path::new(name)
            .file_name()
            .expect("a file")
            .to_string_lossy();
        desk.copy(name, &format!("up/{own}"))?;
    }
    let tagged = crate::places::plant_some(&desk, "up")?;
    for &provider in Provider::ALL {
        let out = format!("ready_{}", provider.name());
        let records = fix(&desk, provider, "up", &out)?;
        assert_eq!(records.len(), PLANTED.len() + LOCATED.len() + tagged);
        let mut kinds = BTreeMap::<String, u32>::new();
        for record in &records {
            let input = record["input"].as_str().unwrap_or_default();
            // A PDF goes to one provider alone; all others take everything in one form or another.
            if record["result"] == "refused" && input.ends_with(".pdf") {
                continue;
            }
            assert_eq!(record["result"], "fixed", "{record}");
            let path = desk.at(record["output"]["path"].as_str().expect("a path"));
            let kind = record["output"]["content_type"].as_str().expect("a type");
            assert_eq!(places_in(&path), Vec::<String>::new(), "{input}");
            let length = fs::metadata(&path)?.len();
            assert_eq!(record["output"]["bytes"], length, "{input}");
            assert!(length <= cap(provider.rules(), kind), "{input}: {length}");
            if kind != "application/pdf" {
                assert_eq!(complaints(&path), "", "{input}");
            }
            *kinds.entry(kind.to_owned()).or_default() += 1;
        }
        assert!(kinds.len() >= 5, "{kinds:?}");
        let again = fix(&desk, provider, &out, &format!("{out}_again"))?;
        for record in &again {
            assert_eq!(record["result"], "passed", "{record}");
        }
        assert!(
            desk.tree(&out)? == desk.tree(&format!("{out}_again"))?,
            "a second run over the outputs of {} changes them",
            provider.name()
        );
    }
    Ok(())
}

#[test]
fn every_output_of_a_turned_picture_is_upright_for_another_decoder() -> io::Result<()> {
    let desk = Desk::new()?;
    let mut suffixes = vec!["jpg", "png", "webp", "tiff"];
    suffixes.extend(cfg!(feature = "heic").then_some("heic"));
    suffixes.extend(cfg!(feature = "avif").then_some("avif"));
    for suffix in &suffixes {
        for orientation in 1..=8 {
            let name = format!("orientation_{orientation}.{suffix}");
            desk.copy(
                &format!("orientation/{name}"),
                &format!("up/{suffix}_{name}"),
            )?;
        }
    }
    for &provider in Provider::ALL {
        let out = format!("ready_{}", provider.name());
        let records = fix(&desk, provider, "up", &out)?;
        assert_eq!(records.len(), suffixes.len() * 8);
        for record in &records {
            let path = desk.at(record["output"]["path"].as_str().expect("a path"));
            let turn = orientation_of(&path);
            assert!(matches!(turn.as_str(), "" | "1"), "{turn}: {record}");
            let (width, height, pixels) = pixels_of(&path);
            assert_eq!((width, height), (96, 64), "{record}");
            // A third of a side each: three corners have a colour of their own.
            for (x, y, wanted) in [
                (12, 12, [255, 0, 0]),
                (84, 12, [0, 160, 0]),
                (12, 52, [0, 0, 255]),
                (84, 52, [208, 208, 208]),
            ] {
                let at = (y * width + x) * 3;
                let found = &pixels[at..at + 3];
                let near = found
                    .iter()
                    .zip(wanted)
                    .all(|(&found, wanted)| found.abs_diff(wanted) <= 12);
                assert!(near, "{found:?} at {x}, {y}: {record}");
            }
        }
    }
    Ok(())
}
