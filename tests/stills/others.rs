//! Raw photographs, icons, pages, pictures with something beside them; formats of features that are on or off.

use mmsfit::{ByteCount, FitOptions, fit_image};

use crate::{Picture, distance, fixture, refusal, shown};

/// Mean difference of two pictures of one size.
fn mean(one: &Picture, other: &Picture) -> f64 {
    assert_eq!((one.width, one.height), (other.width, other.height));
    let sum: u64 = one
        .pixels
        .iter()
        .zip(&other.pixels)
        .flat_map(|(a, b)| [0, 1, 2].map(|channel| u64::from(a[channel].abs_diff(b[channel]))))
        .sum();
    sum as f64 / (one.pixels.len() * 3) as f64
}

#[test]
fn the_preview_of_a_raw_photograph_is_sent_upright_and_said() {
    let dng = shown("raw/preview.dng");
    assert_eq!((dng.width, dng.height), (480, 640));
    assert_eq!(
        dng.said,
        [
            "MMS306 the camera's own preview of 640 x 480 px is sent: the raw data stay behind",
            "MMS401 orientation 6 was applied to the pixels"
        ]
    );
    // The same picture in Fujifilm's wrapping, where the preview itself says how it lies.
    let raf = shown("raw/preview.raf");
    assert!(mean(&dng, &raf) < 0.01);
    assert_eq!(raf.said.len(), 2);
}

#[test]
fn a_raw_photograph_without_a_preview_worth_sending_is_refused() {
    assert_eq!(
        refusal(&fixture("raw/thumbnail_only.dng")),
        "MMS302 a raw photograph without a preview that is worth sending"
    );
}

#[test]
fn a_raw_photograph_with_loops_and_lies_is_refused_or_shown_and_never_hangs() {
    let whole = fixture("raw/preview.dng");
    for at in 8..200 {
        for value in [0, 8, 255] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            if let Err(finding) = crate::decode(&bytes) {
                assert_ne!(finding.code, mmsfit::Code::InternalFault, "{at} {value}");
            }
        }
    }
}

#[test]
fn the_largest_size_of_an_icon_is_sent_even_where_a_smaller_has_more_colours() {
    let found = shown("graphics/icon_small_is_deeper.ico");
    assert_eq!((found.width, found.height), (48, 48));
    assert_eq!(found.at(24, 24), [0, 0, 255, 255]);
    assert_eq!(
        found.said,
        ["MMS306 only the largest of 2 sizes is sent: 48 x 48 px"]
    );
}

#[test]
fn the_first_page_of_a_tiff_is_sent_and_said() {
    let found = shown("graphics/pages.tiff");
    assert_eq!(found.width, 300);
    assert_eq!(found.said, ["MMS306 only the first of 3 pages is sent"]);
}

#[test]
fn of_a_motion_photo_and_of_a_gain_map_picture_the_rest_is_named() -> Result<(), mmsfit::FitError> {
    for (name, what) in [
        ("phone/motion_photo.jpg", "a motion photo's video"),
        (
            "phone/gain_map.jpg",
            "further pictures (multi-picture or gain map)",
        ),
    ] {
        let bytes = fixture(name);
        let sniffed = mmsfit::sniff::sniff(&bytes);
        let [finding] = &sniffed.findings[..] else {
            panic!("{name}: {:?}", sniffed.findings);
        };
        assert_eq!(finding.code, mmsfit::Code::PartlySent, "{name}");
        assert!(finding.message.contains(what), "{}", finding.message);
        let fitted = fit_image(&bytes, ByteCount::new(20_000), &FitOptions::default())?;
        let out = mmsfit::sniff::sniff(&fitted.bytes);
        assert_eq!((out.trailing_bytes, out.findings.len()), (0, 0), "{name}");
    }
    Ok(())
}

#[cfg(feature = "jxl")]
#[test]
fn a_jpeg_xl_is_decoded_bare_and_in_its_container() {
    let (bare, boxed) = (shown("phone/photo.jxl"), shown("phone/photo_container.jxl"));
    assert_eq!((bare.width, bare.height), (500, 333));
    // One photograph at two qualities.
    assert!(mean(&bare, &boxed) < 8.0);
    let part = Picture {
        width: 100,
        height: 100,
        pixels: (0..100 * 100)
            .map(|at| bare.at(200 + at % 100, 100 + at / 100))
            .collect(),
        said: Vec::new(),
    };
    assert!(distance(&part, &shown("phone/photo_jxl_by_djxl.png")) <= 2);
}

#[cfg(feature = "avif")]
#[test]
fn an_avif_is_decoded_with_its_alpha() {
    let found = shown("phone/alpha.avif");
    assert_eq!((found.width, found.height), (240, 180));
    assert_eq!((found.at(0, 0)[3], found.at(120, 90)[3]), (0, 255));
    assert_eq!(shown("phone/photo.avif").width, 500);
}

#[cfg(not(feature = "avif"))]
#[test]
fn without_its_feature_an_avif_is_refused_with_the_feature_named() {
    let rules = mmsfit::Provider::Sinch;
    let prepared = mmsfit::Preparer::new(rules)
        .prepare_blocking([mmsfit::Attachment::from_bytes(fixture("phone/photo.avif"))])
        .expect("the call is sound");
    let report = prepared.report().to_string();
    assert!(report.contains("feature `avif`"), "{report}");
}

#[test]
fn no_output_holds_a_location_or_any_other_metadata() -> Result<(), mmsfit::FitError> {
    let mut names = vec![
        "photos/gps.jpg",
        "photos/gps_in_png.png",
        "photos/gps_in_webp.webp",
        "raw/preview.dng",
        "raw/preview.raf",
        "phone/motion_photo.jpg",
    ];
    if cfg!(feature = "heic") {
        names.push("phone/rotated_gps.heic");
    }
    for name in names {
        let bytes = fixture(name);
        let fitted = fit_image(&bytes, ByteCount::new(15_000), &FitOptions::default())?;
        let out = mmsfit::sniff::sniff(&fitted.bytes);
        assert!(!out.has_location && !out.has_metadata, "{name}");
        for word in [
            &b"Exif"[..],
            b"GPS",
            b"http://ns.adobe",
            b"exif:",
            b"eXIf",
            b"Example",
        ] {
            let held = fitted
                .bytes
                .windows(word.len())
                .any(|window| window == word);
            assert!(!held, "{name} holds {}", String::from_utf8_lossy(word));
        }
    }
    Ok(())
}

#[test]
fn a_picture_is_decoded_the_same_every_time() {
    for name in [
        "graphics/icon_png.ico",
        "raw/preview.dng",
        "graphics/pages.tiff",
    ] {
        assert_eq!(distance(&shown(name), &shown(name)), 0, "{name}");
    }
}
