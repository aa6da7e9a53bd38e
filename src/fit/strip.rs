//! Metadata out of a container without touching a pixel: only wanted pieces are written again.

use img_parts::jpeg::Jpeg;
use img_parts::png::Png;
use img_parts::webp::WebP;
use img_parts::{Bytes, ImageEXIF};

use crate::content_type::ContentType;
use crate::sniff::{self, Sniffed};

/// The file rebuilt from the pieces that make the picture: no EXIF, XMP, IPTC, comments, thumbnails, nothing behind
/// the end. The colour profile stays, as the colours would change without it.
///
/// `None` where the format has no such route: then the picture is written anew.
pub(crate) fn strip(bytes: &[u8], sniffed: &Sniffed) -> Option<Vec<u8>> {
    let trailing = usize::try_from(sniffed.trailing_bytes).ok()?;
    let body = bytes.get(..bytes.len().checked_sub(trailing)?)?;
    let body = Bytes::copy_from_slice(body);
    let stripped = match sniffed.content_type? {
        ContentType::Jpeg => strip_jpeg(body)?,
        ContentType::Png => strip_png(body, sniffed.icc_profile.is_some())?,
        ContentType::WebP => strip_webp(body)?,
        // What GIF has for metadata is a comment or an application's block: without them, only the end is cut.
        ContentType::Gif if !sniffed.has_location => body.to_vec(),
        // Blanked where it stands, what is around it untouched.
        kind => match sniff::without_places(&body, kind) {
            Some(blanked) => blanked,
            // What told the place was behind the end.
            None if trailing > 0 && !sniff::sniff(&body).has_location => body.to_vec(),
            None => return None,
        },
    };
    // A rebuilt file that grew was not understood.
    (stripped.len() <= bytes.len() + EOI.len()).then_some(stripped)
}

fn strip_jpeg(body: Bytes) -> Option<Vec<u8>> {
    let mut jpeg = Jpeg::from_bytes(body).ok()?;
    jpeg.segments_mut()
        .retain(|segment| match segment.marker() {
            APP0 => segment.contents().starts_with(b"JFIF\0"),
            APP2 => segment.contents().starts_with(b"ICC_PROFILE\0"),
            APP14 => segment.contents().starts_with(b"Adobe"),
            APP0..=APP15 | COM => false,
            _ => true,
        });
    let mut bytes = jpeg.encoder().bytes().to_vec();
    // img-parts writes an end marker of its own behind the entropy data that already holds one.
    while bytes.ends_with(&[EOI, EOI].concat()) {
        bytes.truncate(bytes.len() - EOI.len());
    }
    if !bytes.ends_with(&EOI) {
        bytes.extend_from_slice(&EOI);
    }
    Some(bytes)
}

fn strip_png(body: Bytes, has_profile: bool) -> Option<Vec<u8>> {
    let mut png = Png::from_bytes(body).ok()?;
    png.chunks_mut().retain(|chunk| {
        let kind = chunk.kind();
        // A profile that nobody can read, or should, goes with the rest.
        if &kind == b"iCCP" && !has_profile {
            return false;
        }
        // Critical chunks start with a capital (PNG §5.4); of the rest, what changes how the picture looks stays.
        kind[0].is_ascii_uppercase() || KEPT_PNG_CHUNKS.contains(&kind)
    });
    Some(png.encoder().bytes().to_vec())
}

fn strip_webp(body: Bytes) -> Option<Vec<u8>> {
    let mut webp = WebP::from_bytes(body).ok()?;
    webp.set_exif(None);
    webp.remove_chunks_by_id(*b"XMP ");
    let mut bytes = webp.encoder().bytes().to_vec();
    // The header's flags must not promise what is gone: VP8X flags, bits 2 (XMP) and 3 (EXIF) of its first byte.
    if bytes.get(12..16) == Some(b"VP8X") {
        *bytes.get_mut(20)? &= !0b0000_1100;
    }
    Some(bytes)
}

const EOI: [u8; 2] = [0xFF, 0xD9];
const APP0: u8 = 0xE0;
const APP2: u8 = 0xE2;
const APP14: u8 = 0xEE;
const APP15: u8 = 0xEF;
const COM: u8 = 0xFE;

/// Ancillary chunks that change pixels or timing: transparency, colour, background, animation.
const KEPT_PNG_CHUNKS: [[u8; 4]; 11] = [
    *b"tRNS", *b"iCCP", *b"sRGB", *b"gAMA", *b"cHRM", *b"cICP", *b"sBIT", *b"bKGD", *b"acTL",
    *b"fcTL", *b"fdAT",
];
