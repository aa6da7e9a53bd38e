//! SVG: drawn at the size of the screen, with nothing from outside, within a budget.

use std::time::Instant;

use mmsfit::{ByteCount, ContentType, FitOptions, Pixels, fit_image};

use crate::{fixture, refusal, shown};

#[test]
fn a_drawing_fills_the_screen_it_is_meant_for() -> Result<(), mmsfit::FitError> {
    let found = shown("drawings/corner.svg");
    assert_eq!((found.width, found.height), (1_440, 1_080));
    assert_eq!(found.at(10, 10), [255, 0, 0, 255]);
    assert_eq!(found.at(1_400, 1_000), [0, 0, 255, 255]);
    // What is not drawn upon stays transparent.
    assert_eq!(found.at(1_400, 10)[3], 0);
    let wide = shown("drawings/view_box_only.svg");
    assert_eq!((wide.width, wide.height), (1_440, 360));

    let options = FitOptions::default().view_side(Pixels::new(400));
    let fitted = fit_image(
        &fixture("drawings/corner.svg"),
        ByteCount::new(50_000),
        &options,
    )?;
    assert_eq!((fitted.width_px, fitted.height_px), (400, 300));
    assert_eq!(fitted.content_type, ContentType::Png);
    Ok(())
}

#[test]
fn where_no_transparency_is_taken_the_ground_is_white() -> Result<(), Box<dyn std::error::Error>> {
    let mut options = FitOptions::default();
    options.accept = vec![ContentType::Jpeg];
    let fitted = fit_image(
        &fixture("drawings/corner.svg"),
        ByteCount::new(50_000),
        &options,
    )?;
    assert_eq!(fitted.content_type, ContentType::Jpeg);
    let out = crate::decode(&fitted.bytes).map_err(|finding| finding.to_string())?;
    let corner = out.at(out.width - 10, 10);
    assert!(corner.iter().all(|&channel| channel > 250), "{corner:?}");
    Ok(())
}

#[test]
fn text_is_drawn_and_its_font_named() {
    let found = shown("drawings/text.svg");
    let dark = found.pixels.iter().filter(|pixel| pixel[0] < 40).count();
    assert!(dark > 10_000, "{dark}");
    assert!(
        found.said.iter().any(|said| said.contains("Open Sans")),
        "{:?}",
        found.said
    );
    assert_eq!(
        refusal(&fixture("drawings/text_in_other_letters.svg")),
        "MMS302 a drawing with text in letters that the built-in font lacks (U+3042) is not drawn here"
    );
}

#[test]
fn what_would_be_missing_is_named_or_refused() {
    assert_eq!(
        refusal(&fixture("drawings/picture_inside.svg")),
        "MMS302 a drawing with a picture inside it is not drawn here"
    );
    let animated = shown("drawings/animated.svg").said;
    assert!(
        animated.contains(
            &"MMS306 only its first moment is sent: its animation stays behind".to_owned()
        ),
        "{animated:?}"
    );
}

#[test]
fn every_spelling_of_a_drawing_is_drawn() {
    for name in [
        "drawing.svg",
        "drawing_utf16.svg",
        "drawing_comment_first.svg",
    ] {
        let found = shown(&format!("text/{name}"));
        let teal = |pixel: &&[u8; 4]| pixel[..3] == [0, 128, 128] && pixel[3] == 255;
        assert!(found.pixels.iter().filter(teal).count() > 100_000, "{name}");
    }
    assert_eq!(shown("drawings/gradient_and_blur.svg").width, 1_440);
}

#[test]
fn active_and_reaching_content_is_refused_with_its_code() {
    for name in [
        "script",
        "handler",
        "foreign_object",
        "animate_href",
        "image_from_file",
        "image_from_web",
        "style_import",
        "external_entity",
        "parameter_entity",
        "entities",
        "billion_laughs",
    ] {
        let said = refusal(&fixture(&format!("traps/{name}.svg")));
        assert!(said.starts_with("MMS305"), "{name}: {said}");
    }
}

#[test]
fn bombs_and_loops_are_refused_before_they_are_drawn() {
    for name in [
        "use_bomb",
        "uses_itself",
        "deep",
        "pattern_nest",
        "pattern_loop",
        "pattern_tile",
        "many_layers",
        "wide_morphology",
        "deep_turbulence",
        "fine_dashes",
        "many_fills",
        "marker_storm",
        "style_storm",
    ] {
        let start = Instant::now();
        let said = refusal(&fixture(&format!("traps/{name}.svg")));
        assert!(said.starts_with("MMS207"), "{name}: {said}");
        // Nothing is drawn before it is refused; the bound is the budget of hostile input.
        assert!(
            start.elapsed().as_secs() < 2,
            "{name}: {:?}",
            start.elapsed()
        );
    }
}
