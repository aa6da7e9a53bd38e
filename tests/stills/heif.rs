//! HEIC and HEIF: what a reader must get right, and what it must not be talked into.

use mmsfit::{ByteCount, FitOptions, fit_image};

use crate::{distance, fixture, refusal, shown};

#[test]
fn a_picture_is_decoded_as_libheif_decodes_it() {
    let reference = shown("heif/whole_by_libheif.png");
    for name in ["identity", "gain_map", "motion", "primary_is_third"] {
        let found = shown(&format!("heif/{name}.heic"));
        assert!(distance(&found, &reference) <= 1, "{name}");
    }
}

#[test]
fn a_grid_is_put_together_from_its_tiles_and_cut_to_its_size() {
    let found = shown("heif/grid.heic");
    assert_eq!((found.width, found.height), (176, 132));
    assert!(distance(&found, &shown("heif/grid_by_libheif.png")) <= 1);
    assert_eq!(found.said, Vec::<String>::new());
}

#[test]
fn alpha_of_a_grid_is_kept() {
    let (opaque, found) = (shown("heif/grid.heic"), shown("heif/grid_alpha.heic"));
    assert_eq!(found.at(0, 0)[3], 0);
    assert_eq!(found.at(88, 66)[3], 255);
    let same = |(a, b): (&[u8; 4], &[u8; 4])| a[..3] == b[..3];
    assert!(opaque.pixels.iter().zip(&found.pixels).all(same));
}

#[test]
fn the_primary_item_is_shown_and_neither_thumbnail_nor_neighbour() {
    let found = shown("heif/primary_is_third.heic");
    assert_eq!((found.width, found.height), (176, 132));
    assert_eq!(
        found.said,
        ["MMS306 only the main picture is sent: 1 other picture stays behind"]
    );
}

#[test]
fn what_stays_behind_is_named() {
    assert_eq!(
        shown("heif/gain_map.heic").said,
        ["MMS306 only the main picture is sent: an HDR gain map stays behind"]
    );
    assert_eq!(
        shown("heif/motion.heic").said,
        ["MMS306 only the main picture is sent: a video (motion photograph) stays behind"]
    );
}

#[test]
fn a_clean_aperture_is_cut_out_before_the_picture_is_turned() {
    let (whole, found) = (
        shown("heif/identity.heic"),
        shown("heif/clean_aperture.heic"),
    );
    // 100 x 60 out of 176 x 132 around (87.5 + 20, 65.5 - 10): from (58, 26); then a quarter turn against the clock.
    assert_eq!((found.width, found.height), (60, 100));
    for y in 0..100 {
        for x in 0..60 {
            assert_eq!(found.at(x, y), whole.at(58 + 99 - y, 26 + x), "{x} {y}");
        }
    }
}

#[test]
fn a_profile_and_code_points_of_display_p3_give_the_same_srgb() {
    let profile = shown("heif/p3_profile.heic");
    let code_points = shown("heif/p3_code_points.heic");
    assert!(distance(&profile, &code_points) <= 1);
    // The full red and green of P3 lie outside sRGB and end at its border; a grey stays.
    for (at, wanted) in [
        ((8, 8), [255, 0, 0]),
        ((48, 8), [0, 255, 0]),
        ((8, 48), [116, 130, 141]),
    ] {
        let found = profile.at(at.0, at.1);
        for (found, wanted) in found.into_iter().zip(wanted) {
            assert!(found.abs_diff(wanted) <= 3, "{at:?} {found}");
        }
    }
    assert_eq!(
        profile.said,
        ["MMS404 colours were converted from the picture's own to sRGB"]
    );
}

#[test]
fn a_high_dynamic_range_is_brought_to_an_ordinary_one() {
    let plain = shown("heif/p3_code_points.heic");
    let mut bytes = fixture("heif/p3_code_points.heic");
    let nclx = bytes.windows(4).position(|name| name == b"nclx");
    let nclx = nclx.expect("it has code points") + 4;
    // H.273 8.2: PQ is 16, HLG 18.
    for transfer in [16, 18] {
        bytes[nclx..nclx + 4].copy_from_slice(&[0, 12, 0, transfer]);
        let found = crate::decode(&bytes).expect("it is decoded");
        assert_eq!(
            found.said,
            [
                "MMS404 its high dynamic range (HDR) was brought to that of ordinary screens, in sRGB"
            ]
        );
        // Full red of PQ or HLG is far above white: it is shown as bright as a screen can, and is red still.
        let [r, g, b, _] = found.at(8, 8);
        assert!(r > 250 && g < 90 && b < 90, "{r} {g} {b}");
        assert_ne!(found.at(8, 48), plain.at(8, 48));
    }
}

#[test]
fn ten_bits_are_brought_to_eight() {
    let (deep, plain) = (shown("heif/ten_bit.heic"), shown("heif/identity.heic"));
    // The same photograph, encoded apart: near, not equal.
    let sum: u64 = deep
        .pixels
        .iter()
        .zip(&plain.pixels)
        .map(|(a, b)| u64::from(a[1].abs_diff(b[1])))
        .sum();
    assert!(sum / (deep.pixels.len() as u64) < 8);
}

#[test]
fn what_is_not_composed_here_is_refused_with_the_reason() {
    assert_eq!(
        refusal(&fixture("heif/overlay.heic")),
        "MMS302 an overlay of several pictures (iovl) is not decoded here"
    );
}

#[test]
fn bombs_loops_and_lies_are_refused_with_their_codes() {
    for (name, code) in [
        ("flood", "MMS203"),
        ("large_for_its_bytes", "MMS203"),
        ("tiles_of_one", "MMS203"),
        ("tiles_outside", "MMS301"),
        ("tiles_missing", "MMS301"),
        ("tile_is_the_grid", "MMS302"),
        ("identity_loop", "MMS301"),
        ("coded_smaller", "MMS301"),
        ("slices_again", "MMS301"),
        ("cut_in_the_picture", "MMS301"),
        ("primary_is_thumbnail", "MMS301"),
    ] {
        let said = refusal(&fixture(&format!("traps/heif_{name}.heic")));
        assert!(said.starts_with(code), "{name}: {said}");
    }
}

#[test]
fn no_cut_and_no_flipped_byte_makes_the_decoder_panic() {
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random >> 33).expect("31 bits")
    };
    for name in [
        "grid_alpha",
        "clean_aperture",
        "p3_profile",
        "ten_bit",
        "primary_is_third",
    ] {
        let whole = fixture(&format!("heif/{name}.heic"));
        for round in 0..60 {
            let mut bytes = whole.clone();
            if round % 4 == 0 {
                bytes.truncate(next() % whole.len());
            }
            for _ in 0..next() % 8 {
                if bytes.is_empty() {
                    break;
                }
                // Half of the hits in the boxes, half anywhere.
                let span = if next() % 2 == 0 {
                    bytes.len().min(1_200)
                } else {
                    bytes.len()
                };
                let at = next() % span;
                bytes[at] = u8::try_from(next() % 256).expect("below 256");
            }
            if let Err(finding) = crate::decode(&bytes) {
                assert_ne!(finding.code, mmsfit::Code::InternalFault, "{name} {round}");
            }
        }
    }
}

#[test]
fn a_phone_photograph_fits_and_keeps_no_location() -> Result<(), mmsfit::FitError> {
    let photo = fixture("phone/rotated_gps.heic");
    let fitted = fit_image(&photo, ByteCount::new(100_000), &FitOptions::default())?;
    assert!(fitted.bytes.len() <= 100_000 && fitted.bytes.len() > 90_000);
    assert!(fitted.height_px > fitted.width_px);
    let sniffed = mmsfit::sniff::sniff(&fitted.bytes);
    assert!(!sniffed.has_location && !sniffed.has_metadata && sniffed.orientation == 1);
    for tag in [&b"GPS"[..], b"Exif", b"Example", b"Phone 1"] {
        assert!(!fitted.bytes.windows(tag.len()).any(|window| window == tag));
    }
    Ok(())
}
