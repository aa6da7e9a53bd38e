//! Places planted into every kind of file that has room for them, and taken out again: judged by exiftool, ffprobe and
//! ffmpeg, which share nothing with this crate.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use mmsfit::{Attachment, Code, ContentType, Preparer, Provider, Rules, Transcoder, Verdict};

use crate::desk::{Desk, fixtures};
use crate::outputs::{complaints, places_in, plant};

/// What is planted everywhere, and what stands beside it and has to stay.
const COORDINATES: &str = "+52.5100+013.4000/";
const CITY: &str = "Berlin";
const COMMENT: &str = "a walk in the rain";

/// Fixtures that ffmpeg plants tags into.
const TAGGED: &[(&str, ContentType)] = &[
    ("video/clip.mkv", ContentType::Matroska),
    ("video/clip.webm", ContentType::WebM),
    ("video/theora.ogv", ContentType::OggVideo),
    ("video/clip.flv", ContentType::Flv),
    ("video/clip.wmv", ContentType::Wmv),
    ("audio/tone.ogg", ContentType::OggAudio),
    ("audio/tone.opus", ContentType::OggAudio),
    ("audio/tone.flac", ContentType::Flac),
    ("audio/tone.mp3", ContentType::Mp3),
];

/// Writes a planted file of each kind into a folder; their names and types.
pub(crate) fn plant_all(folder: &Path) -> io::Result<Vec<(String, ContentType)>> {
    let mut planted = Vec::new();
    for &(name, kind) in TAGGED {
        let name = name.rsplit('/').next().unwrap_or(name);
        let own = format!("tagged_{name}");
        tag(&fixture(name), &folder.join(&own), &[]);
        planted.push((own, kind));
    }
    // The same tags in the other versions, and in a file without a mark of its own.
    tag(
        &fixture("tone.mp3"),
        &folder.join("version_3.mp3"),
        &["-id3v2_version", "3"],
    );
    planted.push(("version_3.mp3".into(), ContentType::Mp3));
    tag(
        &fixture("tone.aac"),
        &folder.join("tagged.aac"),
        &["-write_id3v2", "1"],
    );
    planted.push(("tagged.aac".into(), ContentType::Aac));

    // Codecs and layouts that the fixtures do not have.
    let speex = ["-c:a", "speex", "-ar", "16000"];
    for (name, own, kind, more) in [
        ("tone.ogg", "speex.ogg", ContentType::OggAudio, &speex[..]),
        (
            "tone.flac",
            "flac.ogg",
            ContentType::OggAudio,
            &["-f", "ogg"],
        ),
        ("clip.webm", "live.webm", ContentType::WebM, &["-live", "1"]),
    ] {
        tag(&fixture(name), &folder.join(own), more);
        planted.push((own.into(), kind));
    }
    // Covers with a place of their own.
    let photo = fixture("gps.jpg");
    for (name, kind) in [
        ("tone.mp3", ContentType::Mp3),
        ("tone.flac", ContentType::Flac),
    ] {
        let own = format!("pictured_{name}");
        run(Command::new("ffmpeg")
            .args(["-nostdin", "-v", "error", "-i"])
            .arg(fixture(name))
            .arg("-i")
            .arg(&photo)
            .args(["-map", "0:a", "-map", "1", "-c", "copy"])
            .args(["-disposition:v", "attached_pic"])
            .args(["-metadata", &format!("location={COORDINATES}")])
            .arg(folder.join(&own)));
        planted.push((own, kind));
    }
    run(Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-i"])
        .arg(fixture("clip.mkv"))
        .arg("-attach")
        .arg(&photo)
        .args(["-metadata:s:t", "mimetype=image/jpeg", "-c", "copy"])
        .args(["-metadata", &format!("location={COORDINATES}")])
        .arg(folder.join("pictured.mkv")));
    planted.push(("pictured.mkv".into(), ContentType::Matroska));

    let id3 = fs::read(folder.join("version_3.mp3"))?;
    let id3_len = 10
        + id3[6..10]
            .iter()
            .fold(0, |len, &byte| len << 7 | usize::from(byte));
    let chunks: &[(&str, Vec<u8>)] = &[
        ("info", list("INFO", &[(b"LOCA", CITY), (b"ICMT", COMMENT)])),
        (
            "text",
            list("INFO", &[(b"ICMT", COMMENT), (b"ISBJ", COORDINATES)]),
        ),
        ("xmp", chunk(b"_PMX", xmp().as_bytes())),
        ("id3", chunk(b"id3 ", &id3[..id3_len])),
    ];
    for (what, chunk) in chunks {
        for (name, kind) in [
            ("tone.wav", ContentType::Wav),
            ("clip.avi", ContentType::Avi),
        ] {
            let own = format!("{what}_{name}");
            fs::write(
                folder.join(&own),
                with_chunk(&fs::read(fixture(name))?, chunk),
            )?;
            planted.push((own, kind));
        }
    }
    let ixml = format!(
        "<BWFXML><NOTE>{COMMENT}</NOTE><LOCATION><LOCATION_NAME>{CITY}</LOCATION_NAME>\
         <LOCATION_GPS>52.51, 13.4</LOCATION_GPS></LOCATION></BWFXML>"
    );
    let wav = with_chunk(
        &fs::read(fixture("tone.wav"))?,
        &chunk(b"iXML", ixml.as_bytes()),
    );
    fs::write(folder.join("ixml.wav"), wav)?;
    planted.push(("ixml.wav".into(), ContentType::Wav));

    // A cover with a place in it, whose packet lies over many pages.
    let cover = BASE64_STANDARD.encode(flac_picture(&fs::read(fixture("gps.jpg"))?));
    let tags = folder.join("cover.txt");
    fs::write(
        &tags,
        format!(
            ";FFMETADATA1\nMETADATA_BLOCK_PICTURE={}\nlocation={COORDINATES}\ncity={CITY}\ncomment={COMMENT}\n",
            cover.replace('=', "\\=")
        ),
    )?;
    run(Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-i"])
        .arg(fixture("tone.ogg"))
        .arg("-i")
        .arg(&tags)
        .args([
            "-map_metadata",
            "1",
            "-map_metadata:s:a",
            "1:g",
            "-c",
            "copy",
        ])
        .arg(folder.join("cover.ogg")));
    fs::remove_file(tags)?;
    planted.push(("cover.ogg".into(), ContentType::OggAudio));

    for (own, dictionary, metadata) in [
        ("open.pdf", "", xmp().into_bytes()),
        (
            "deflated.pdf",
            "/Filter/FlateDecode",
            deflate(xmp().as_bytes())?,
        ),
    ] {
        fs::write(folder.join(own), pdf(dictionary, &metadata))?;
        planted.push((own.into(), ContentType::Pdf));
    }
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"40\" height=\"30\"><title>{COMMENT}</title>\
         <metadata>{}</metadata><rect width=\"20\" height=\"10\" fill=\"red\"/></svg>",
        xmp()
    );
    fs::write(folder.join("drawing.svg"), svg)?;
    planted.push(("drawing.svg".into(), ContentType::Svg));
    Ok(planted)
}

/// The same, of the kinds that some provider takes, and of two that have to be encoded; how many they are.
pub(crate) fn plant_some(desk: &Desk, folder: &str) -> io::Result<usize> {
    const SOME: &[&str] = &[
        "tagged_tone.mp3",
        "info_tone.wav",
        "xmp_clip.avi",
        "tagged_clip.wmv",
        "tagged_clip.mkv",
        "tagged_tone.ogg",
        "deflated.pdf",
    ];
    fs::create_dir(desk.at("all"))?;
    plant_all(&desk.at("all"))?;
    for name in SOME {
        fs::rename(desk.at("all").join(name), desk.at(folder).join(name))?;
    }
    Ok(SOME.len())
}

/// Rules that take every one of these types, so that none has to be changed for another reason.
fn rules_for_all(kinds: &[(String, ContentType)]) -> Rules {
    let mut rules = Provider::Sinch.rules().clone();
    let sample = rules.types[0];
    for (_, kind) in kinds {
        if rules.accepts(*kind).is_none() {
            let mut rule = sample;
            rule.content_type = *kind;
            rule.spelling = kind.mime();
            rules.types.to_mut().push(rule);
        }
    }
    rules
}

#[test]
fn a_place_is_taken_out_of_every_kind_of_tag_and_nothing_else_is() -> io::Result<()> {
    let desk = Desk::new()?;
    let planted = plant_all(desk.path())?;
    let preparer = Preparer::new(Provider::Sinch)
        .with_rules(rules_for_all(&planted))
        .expect("rules of a provider")
        .transcoder(Transcoder::none());
    for (name, kind) in &planted {
        let source = desk.at(name);
        let before = fs::read(&source)?;
        assert!(tells(&source), "{name}: nothing was planted");
        let prepared = preparer
            .prepare_blocking([Attachment::from_path(&source)])
            .expect("nothing is wrong with the call");
        let report = prepared.report().clone();
        assert_eq!(report.verdict, Verdict::Fixed, "{name}: {report}");
        let codes: Vec<_> = report.parts[0].findings.iter().map(|f| f.code).collect();
        assert_eq!(codes, [Code::LocationData], "{name}: {report}");
        let bundle = prepared.into_bundle().expect("a bundle");
        let part = &bundle.parts()[0];
        assert_eq!(part.facts().content_type, *kind, "{name}");
        assert_eq!(part.bytes().len(), before.len(), "{name}");

        let made = desk.at(&format!("made_{name}"));
        fs::write(&made, part.bytes())?;
        assert_eq!(places_in(&made), Vec::<String>::new(), "{name}");
        assert!(!tells(&made), "{name}: {}", told_of(&made));
        if matches!(kind, ContentType::Pdf) {
            let checked = Command::new("qpdf").arg("--check").arg(&made).output()?;
            assert!(checked.status.success(), "{name}: {checked:?}");
        } else if !matches!(kind, ContentType::Svg) {
            assert_eq!(complaints(&made), "", "{name}");
            assert_eq!(sums(&made), sums(&source), "{name}: samples have changed");
        }
        if name.starts_with("pictured") {
            assert_ne!(
                places_in(&picture_in(&source)?),
                Vec::<String>::new(),
                "{name}"
            );
            assert_eq!(
                places_in(&picture_in(&made)?),
                Vec::<String>::new(),
                "{name}"
            );
        }
        // What stood beside the place is there still, where the place does not take its whole packet with it.
        if told_of(&source).contains(COMMENT) && !name.starts_with("xmp") {
            assert!(
                told_of(&made).contains(COMMENT),
                "{name}: {}",
                told_of(&made)
            );
        }

        let again = preparer
            .prepare_blocking([Attachment::from_path(&made)])
            .expect("nothing is wrong with the call");
        assert_eq!(again.report().verdict, Verdict::Passed, "{name}");
        let again = again.into_bundle().expect("a bundle");
        assert!(again.parts()[0].bytes() == part.bytes(), "{name}");
    }
    Ok(())
}

/// Ways of telling a place that exiftool can plant, each by itself, into what takes it.
const ALONE: &[(&str, &[&str])] = &[
    (
        "photos/small.jpg",
        &[
            "-GPSLatitude=52.51",
            "-XMP-exif:GPSMapDatum=WGS-84",
            "-XMP-photoshop:City=Berlin",
            "-XMP-iptcCore:Location=Mitte",
            "-XMP-iptcExt:LocationShownCity=Berlin",
            "-IPTC:City=Berlin",
            "-IPTC:Sub-location=Mitte",
        ],
    ),
    (
        "graphics/screenshot.png",
        &[
            "-GPSLatitude=52.51",
            "-XMP-photoshop:City=Berlin",
            "-IPTC:City=Berlin",
        ],
    ),
    (
        "graphics/deflate.tiff",
        &[
            "-GPSLatitude=52.51",
            "-XMP-photoshop:City=Berlin",
            "-IPTC:Sub-location=Mitte",
        ],
    ),
    ("animations/small.gif", &["-XMP-exif:GPSMapDatum=WGS-84"]),
    (
        "video/clip.mp4",
        &[
            "-UserData:GPSCoordinates=52.51, 13.4, 40",
            "-Keys:GPSCoordinates=52.51, 13.4, 40",
            "-ItemList:GPSCoordinates=52.51, 13.4, 40",
            "-XMP-exif:GPSLatitude=52.51",
        ],
    ),
    (
        "audio/tone.m4a",
        &["-ItemList:GPSCoordinates=52.51, 13.4, 40"],
    ),
    (
        "documents/one_page.pdf",
        &["-XMP-exif:GPSMapDatum=WGS-84", "-XMP-photoshop:City=Berlin"],
    ),
];

#[test]
fn each_way_of_telling_a_place_is_seen_alone_and_taken_out() -> io::Result<()> {
    let desk = Desk::new()?;
    let kinds = [ContentType::Tiff, ContentType::Mp4Audio].map(|kind| (String::new(), kind));
    let preparer = Preparer::new(Provider::Sinch)
        .with_rules(rules_for_all(&kinds))
        .expect("rules of a provider")
        .transcoder(Transcoder::none());
    for (name, ways) in ALONE {
        let extension = name.rsplit('.').next().unwrap_or_default();
        for (number, way) in ways.iter().enumerate() {
            let path = desk.at(&format!("{number}.{extension}"));
            plant(&fixtures().join(name), &path, &[way]);
            let sniffed = mmsfit::sniff::sniff(&fs::read(&path)?);
            assert!(sniffed.has_location, "{name}: {way}");
            let prepared = preparer
                .prepare_blocking([Attachment::from_path(&path)])
                .expect("nothing is wrong with the call");
            let report = prepared.report().clone();
            assert_eq!(report.verdict, Verdict::Fixed, "{name}: {way}: {report}");
            let bundle = prepared.into_bundle().expect("a bundle");
            let made = desk.at(&format!("made_{number}.{extension}"));
            fs::write(&made, bundle.parts()[0].bytes())?;
            assert_eq!(places_in(&made), Vec::<String>::new(), "{name}: {way}");
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

#[test]
fn a_signed_document_keeps_its_place_and_the_report_says_so() -> io::Result<()> {
    let mut signed = pdf("/Filter/FlateDecode", &deflate(xmp().as_bytes())?);
    signed.splice(9..9, *b"%/ByteRange [0 1 2 3]\n");
    let prepared = Preparer::new(Provider::Sinch)
        .prepare_blocking([Attachment::from_bytes(signed)])
        .expect("nothing is wrong with the call");
    let report = prepared.report();
    assert_eq!(report.verdict, Verdict::Passed, "{report}");
    let finding = report.parts[0]
        .findings
        .iter()
        .find(|finding| finding.code == Code::LocationData)
        .expect("it is told");
    assert!(finding.message.contains("sent as it is"), "{finding:?}");
    Ok(())
}

/// Whether another program finds what was planted, or it stands there in the open.
fn tells(path: &Path) -> bool {
    let told = told_of(path);
    let bytes = fs::read(path).unwrap_or_default();
    let has = |text: &str| {
        let wide: Vec<u8> = text.bytes().flat_map(|byte| [byte, 0]).collect();
        [text.as_bytes(), &wide]
            .iter()
            .any(|text| bytes.windows(text.len()).any(|window| window == *text))
    };
    !places_in(path).is_empty()
        || told.contains("13.4000")
        || told.contains(CITY)
        || has(COORDINATES)
        || has(CITY)
        || has("GPSLatitude")
}

/// All that exiftool and ffprobe tell of a file.
fn told_of(path: &Path) -> String {
    let exiftool = Command::new("exiftool")
        .args(["-a", "-ee", "-G1", "-s"])
        .arg(path)
        .output()
        .unwrap_or_else(|fault| panic!("exiftool is needed by this test: {fault}"));
    let ffprobe = Command::new("ffprobe")
        .args(["-v", "quiet", "-show_format", "-show_streams"])
        .arg(path)
        .output()
        .unwrap_or_else(|fault| panic!("ffprobe is needed by this test: {fault}"));
    let lines = [exiftool.stdout, ffprobe.stdout].concat();
    String::from_utf8_lossy(&lines)
        .lines()
        // Its name and folder are not in it.
        .filter(|line| !line.starts_with("[System]") && !line.starts_with("filename="))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// The JPEG in a file, as a file.
fn picture_in(path: &Path) -> io::Result<std::path::PathBuf> {
    let bytes = fs::read(path)?;
    let at = bytes
        .windows(4)
        .position(|window| matches!(window, [0xFF, 0xD8, 0xFF, 0xE0 | 0xE1]))
        .expect("there is a picture");
    let picture = path.with_extension("jpg");
    fs::write(&picture, &bytes[at..])?;
    Ok(picture)
}

/// A checksum of every packet of every stream.
fn sums(path: &Path) -> String {
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-i"])
        .arg(path)
        .args([
            "-map",
            "0:a?",
            "-map",
            "0:V?",
            "-c",
            "copy",
            "-f",
            "streamhash",
            "-",
        ])
        .output()
        .unwrap_or_else(|fault| panic!("ffmpeg is needed by this test: {fault}"));
    assert!(output.status.success(), "{}", path.display());
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn tag(from: &Path, to: &Path, more: &[&str]) {
    run(Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-i"])
        .arg(from)
        .args(["-map", "0", "-c", "copy"])
        .args(["-metadata", &format!("location={COORDINATES}")])
        .args(["-metadata", &format!("city={CITY}")])
        .args(["-metadata", &format!("comment={COMMENT}")])
        .args(more)
        .arg(to));
}

fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|fault| panic!("{command:?} is needed by this test: {fault}"));
    assert!(output.status.success(), "{command:?}: {output:?}");
}

fn fixture(name: &str) -> std::path::PathBuf {
    let folder = match name.rsplit('.').next() {
        Some("jpg") => "photos",
        Some("mkv" | "webm" | "ogv" | "flv" | "wmv" | "avi") => "video",
        _ => "audio",
    };
    fixtures().join(folder).join(name)
}

fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let len = u32::try_from(data.len()).expect("a short chunk");
    let mut chunk = [name, &len.to_le_bytes()[..], data].concat();
    chunk.resize(chunk.len().next_multiple_of(2), 0);
    chunk
}

fn list(form: &str, items: &[(&[u8; 4], &str)]) -> Vec<u8> {
    let mut body = form.as_bytes().to_vec();
    for (name, text) in items {
        body.extend(chunk(name, format!("{text}\0").as_bytes()));
    }
    chunk(b"LIST", &body)
}

/// A RIFF with one chunk more at its end.
fn with_chunk(riff: &[u8], chunk: &[u8]) -> Vec<u8> {
    let mut made = [riff, chunk].concat();
    let len = u32::try_from(made.len() - 8).expect("a short file");
    made[4..8].copy_from_slice(&len.to_le_bytes());
    made
}

/// RFC 9639 8.8: a front cover.
fn flac_picture(jpeg: &[u8]) -> Vec<u8> {
    let mut block = vec![0, 0, 0, 3, 0, 0, 0, 10];
    block.extend(b"image/jpeg");
    block.extend([0; 20]);
    block.extend(
        u32::try_from(jpeg.len())
            .expect("a short picture")
            .to_be_bytes(),
    );
    block.extend(jpeg);
    block
}

fn xmp() -> String {
    format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\
         <x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
         <rdf:Description rdf:about=\"\" xmlns:exif=\"http://ns.adobe.com/exif/1.0/\" \
         xmlns:photoshop=\"http://ns.adobe.com/photoshop/1.0/\" exif:GPSLatitude=\"52,30.6N\" \
         exif:GPSLongitude=\"13,24.0E\" photoshop:City=\"{CITY}\"/></rdf:RDF></x:xmpmeta><?xpacket end=\"w\"?>"
    )
}

fn deflate(text: &[u8]) -> io::Result<Vec<u8>> {
    let mut deflated = ZlibEncoder::new(Vec::new(), Compression::best());
    deflated.write_all(text)?;
    deflated.finish()
}

/// A document of one empty page, with metadata and a table of where things stand.
fn pdf(dictionary: &str, metadata: &[u8]) -> Vec<u8> {
    let mut made = b"%PDF-1.5\n".to_vec();
    let mut table = String::from("0000000000 65535 f \n");
    let stream = format!(
        "<</Type/Metadata/Subtype/XML{dictionary}/Length {}>>\nstream\n",
        metadata.len()
    );
    let objects = [
        b"<</Type/Catalog/Pages 2 0 R/Metadata 4 0 R>>".to_vec(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 90 90]>>".to_vec(),
        [stream.as_bytes(), metadata, b"\nendstream"].concat(),
    ];
    for (number, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", made.len()));
        made.extend(format!("{} 0 obj\n", number + 1).bytes());
        made.extend(object);
        made.extend(b"\nendobj\n");
    }
    let at = made.len();
    made.extend(
        format!("xref\n0 5\n{table}trailer\n<</Size 5/Root 1 0 R>>\nstartxref\n{at}\n%%EOF\n")
            .bytes(),
    );
    made
}
