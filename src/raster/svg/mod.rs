//! SVG → pixels at the size of the screen it is meant for, with nothing loaded from anywhere.
//!
//! Sniffing has refused scripts, foreign elements, entities and references to the outside; here nothing could resolve
//! them if it had not: every resolver answers with nothing, and the only font is the one built in.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::roxmltree::{Document, ParsingOptions};
use resvg::usvg::{self, FontResolver, ImageHrefResolver, fontdb};

use super::{Layout, Limits, Raster};
use crate::code::Code;
use crate::report::Finding;

mod bounds;

/// Open Sans, Apache License 2.0: its text stands beside it.
static FONT: &[u8] = include_bytes!("../font/OpenSans-Regular.ttf");
const FAMILY: &str = "Open Sans";

/// Elements, texts and comments of a document.
const MAX_NODES: u32 = 100_000;

/// Draws it so that its long side fills the screen that the limits name, on a transparent ground.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<(Raster, Vec<Finding>), Finding> {
    let text = text(bytes);
    let document = parse(&text)?;
    let seen = bounds::elements(&document)?;
    if let Some(lack) = seen.lack {
        return Err(lack);
    }
    let raster = draw(&document, limits.drawing_side_px)?;
    let mut findings = vec![Finding::note(
        Code::TypeNotAccepted,
        format!(
            "a drawing, turned into pixels: {} x {} px",
            raster.width, raster.height
        ),
    )];
    if seen.has_text {
        findings.push(Finding::note(
            Code::TypeNotAccepted,
            format!("its text is set in {FAMILY}, whatever font it asks for"),
        ));
    }
    if seen.is_animated {
        findings.push(Finding::note(
            Code::PartlySent,
            "only its first moment is sent: its animation stays behind",
        ));
    }
    Ok((raster, findings))
}

/// What stands in the way of drawing it here, found without drawing: what would break any reader first, then what only
/// this one lacks (MMS302).
pub(super) fn judge(bytes: &[u8], limits: &Limits) -> Result<(), Finding> {
    let text = text(bytes);
    let document = parse(&text)?;
    let seen = bounds::elements(&document)?;
    plan(&document, limits.drawing_side_px)?;
    seen.lack.map_or(Ok(()), Err)
}

/// UTF-8, or UTF-16 by its byte order mark or its first letter (XML 1.0 appendix F.1).
fn text(bytes: &[u8]) -> String {
    let wide = |unit: fn([u8; 2]) -> u16, from: usize| {
        let units = bytes[from..]
            .as_chunks::<2>()
            .0
            .iter()
            .map(|&pair| unit(pair));
        char::decode_utf16(units)
            .map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect()
    };
    match bytes {
        [0xFF, 0xFE, ..] => wide(u16::from_le_bytes, 2),
        [0xFE, 0xFF, ..] => wide(u16::from_be_bytes, 2),
        [b'<', 0, ..] => wide(u16::from_le_bytes, 0),
        [0, b'<', ..] => wide(u16::from_be_bytes, 0),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn parse(text: &str) -> Result<Document<'_>, Finding> {
    let options = ParsingOptions {
        allow_dtd: true,
        nodes_limit: MAX_NODES,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options)
        .map_err(|fault| refused(Code::Corrupt, &format!("its XML does not parse: {fault}")))
}

/// What is to be drawn, how large, and its sides: within the budget.
fn plan(document: &Document<'_>, side_px: u32) -> Result<(usvg::Tree, f32, (u32, u32)), Finding> {
    let tree = usvg::Tree::from_xmltree(document, &options())
        .map_err(|fault| refused(Code::Corrupt, &format!("it is no drawing: {fault}")))?;
    let size = tree.size();
    let scale = side_px as f32 / size.width().max(size.height());
    let side = |length: f32| (length * scale).round().clamp(1.0, side_px as f32) as u32;
    let (width, height) = (side(size.width()), side(size.height()));
    bounds::painting(&tree, scale, (width, height))?;
    Ok((tree, scale, (width, height)))
}

fn draw(document: &Document<'_>, side_px: u32) -> Result<Raster, Finding> {
    let (tree, scale, (width, height)) = plan(document, side_px)?;
    let mut pixmap = Pixmap::new(width, height).ok_or_else(|| {
        refused(
            Code::DecodedSizeOverLimit,
            &format!("{width} x {height} px to draw it are not to be had"),
        )
    })?;
    resvg::render(
        &tree,
        Transform::from_scale(scale, scale),
        &mut pixmap.as_mut(),
    );
    let mut pixels = Vec::with_capacity(pixmap.data().len());
    for pixel in pixmap.pixels() {
        let plain = pixel.demultiply();
        pixels.extend([plain.red(), plain.green(), plain.blue(), plain.alpha()]);
    }
    Ok(Raster {
        width,
        height,
        layout: Layout::Rgba,
        pixels,
    })
}

/// No file, no address, no font of the system.
fn options() -> usvg::Options<'static> {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_source(fontdb::Source::Binary(Arc::new(FONT)));
    fonts.set_serif_family(FAMILY);
    fonts.set_sans_serif_family(FAMILY);
    fonts.set_monospace_family(FAMILY);
    fonts.set_cursive_family(FAMILY);
    fonts.set_fantasy_family(FAMILY);
    usvg::Options {
        resources_dir: None,
        font_family: FAMILY.to_owned(),
        image_href_resolver: ImageHrefResolver {
            resolve_data: Box::new(|_, _, _| None),
            resolve_string: Box::new(|_, _| None),
        },
        font_resolver: FontResolver {
            select_font: Box::new(|_, fonts| fonts.faces().next().map(|face| face.id)),
            select_fallback: Box::new(|_, _, _| None),
        },
        fontdb: Arc::new(fonts),
        ..usvg::Options::default()
    }
}

fn refused(code: Code, what: &str) -> Finding {
    Finding::refused(code, what).help("export it as a PNG")
}

fn unsupported(what: &str) -> Finding {
    refused(Code::CodecNotAccepted, &format!("{what} is not drawn here"))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn drawn(text: &str) -> Raster {
        let document = parse(text).expect("it parses");
        draw(&document, 64).expect("it is drawn")
    }

    #[test]
    fn neither_file_nor_address_is_touched_even_where_sniffing_is_bypassed() {
        let canary = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        canary.set_nonblocking(true).expect("it can be asked");
        let port = canary.local_addr().expect("it is bound").port();
        let place = tempfile::tempdir().expect("a folder can be made");
        let picture = place.path().join("canary.png");
        image::RgbImage::from_pixel(8, 8, image::Rgb([255, 0, 0]))
            .save(&picture)
            .expect("it is written");
        let file = picture.display();
        let raster = drawn(&format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="64" height="64">
            <style>@import url(http://127.0.0.1:{port}/style.css); rect {{ fill: url(http://127.0.0.1:{port}/f#a) }}</style>
            <image width="64" height="64" xlink:href="{file}"/>
            <image width="64" height="64" href="file://{file}"/>
            <image width="64" height="64" href="http://127.0.0.1:{port}/seen.png"/>
            <use href="http://127.0.0.1:{port}/seen.svg#a"/>
            <filter id="f"><feImage href="{file}"/></filter>
            <g filter="url(#f)"><text font-family="url(http://127.0.0.1:{port}/font)">a</text></g>
            </svg>"##
        ));
        // Nothing of the canary's red is there, and nobody knocked.
        let red = |pixel: &[u8; 4]| pixel[0] > 200 && pixel[1] < 50 && pixel[3] > 0;
        assert!(!raster.pixels.as_chunks::<4>().0.iter().any(red));
        assert!(canary.accept().is_err());
    }

    #[test]
    fn text_is_drawn_with_the_built_in_font() {
        let raster = drawn(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><text x="4" y="50" font-size="60" font-family="Nowhere">W</text></svg>"#,
        );
        let dark = raster.pixels.as_chunks::<4>().0.iter();
        assert!(dark.filter(|pixel| pixel[3] == 255).count() > 300);
    }
}
