//! Where a file says where it was made, found and blanked where it stands: no byte moves, and none is added.
//!
//! One walk a container. It is run over a [`Draft`] that copies nothing until something is blanked: whether it has
//! changed is the answer to the question, and what it has become is the mended file.

mod ape;
mod asf;
mod comments;
mod draft;
mod flac;
mod flv;
mod id3;
mod matroska;
mod ogg;
mod open;
mod pdf;
mod riff;
pub(super) mod said;
#[cfg(test)]
mod tests;

use draft::Draft;

use crate::content_type::ContentType;

/// Whether a place is told that [`without_places`] knows of.
pub(super) fn says_where(bytes: &[u8], content_type: ContentType) -> bool {
    let mut draft = Draft::of(bytes);
    blank(&mut draft, content_type);
    draft.is_told()
}

/// The same file with blanks where it told a place, of the same length.
///
/// `None` where it tells none, where a place would be left, and for a signed PDF, whose signature would end.
pub(crate) fn without_places(bytes: &[u8], content_type: ContentType) -> Option<Vec<u8>> {
    if content_type == ContentType::Pdf && pdf::is_signed(bytes) {
        return None;
    }
    let mut draft = Draft::of(bytes);
    blank(&mut draft, content_type);
    let made = draft.into_changed()?;
    (!says_where(&made, content_type)).then_some(made)
}

fn blank(draft: &mut Draft<'_>, content_type: ContentType) {
    use ContentType as Type;

    let all = 0..draft.bytes().len();
    match content_type {
        Type::Pdf => pdf::blank(draft),
        Type::Matroska | Type::MatroskaAudio | Type::WebM | Type::WebMAudio => {
            matroska::blank(draft);
        }
        Type::OggAudio | Type::OggVideo => ogg::blank(draft),
        Type::Flac => {
            let start = id3::blank(draft, 0);
            flac::blank(draft, start);
        }
        Type::Wav | Type::Avi => {
            riff::blank(draft);
            open::blank(draft, all);
        }
        Type::Aiff => {
            riff::blank_aiff(draft);
            open::blank(draft, all);
        }
        Type::Mp3 | Type::Aac => {
            id3::blank(draft, 0);
            ape::blank(draft);
            open::blank(draft, all);
        }
        Type::Wmv | Type::Wma => {
            asf::blank(draft);
            open::blank(draft, all);
        }
        Type::Flv => {
            flv::blank(draft);
            open::blank(draft, all);
        }
        Type::Mpeg | Type::MpegTs | Type::Svg => open::blank(draft, all),
        _ => {}
    }
}
