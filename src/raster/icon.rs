//! Icons: the largest picture of an ICO, on its own.
//!
//! A directory names several pictures, each a PNG or a bitmap without its file header. The decoder in use takes the one
//! of most bits and reads PNGs with transparency alone; ours is the largest, whatever it holds.

use image::ImageFormat;

/// The picture of these sides, as a file that a decoder takes, and what it is.
///
/// `None` where the directory has none: sniffing has looked through it before.
pub(super) fn picture(bytes: &[u8], width: u32, height: u32) -> Option<(Vec<u8>, ImageFormat)> {
    let count = u16::from_le_bytes(array(bytes, 4)?);
    (0..usize::from(count)).find_map(|index| {
        let entry: [u8; ENTRY] = array(bytes, HEADER + ENTRY * index)?;
        let at = u32::from_le_bytes(array(&entry, 12)?) as usize;
        let len = u32::from_le_bytes(array(&entry, 8)?) as usize;
        let data = bytes.get(at..at.checked_add(len)?)?;
        if data.starts_with(b"\x89PNG\r\n\x1A\n") {
            let side = |at| array(data, at).map(u32::from_be_bytes);
            return (side(16)? == width && side(20)? == height)
                .then(|| (data.to_vec(), ImageFormat::Png));
        }
        // BITMAPINFOHEADER: picture and mask stand above each other.
        let side = |at| array(data, at).map(u32::from_le_bytes);
        if side(4)? != width || side(8)? / 2 != height {
            return None;
        }
        let mut alone = vec![0, 0, 1, 0, 1, 0];
        alone.extend_from_slice(&entry[..12]);
        alone.extend_from_slice(&((HEADER + ENTRY) as u32).to_le_bytes());
        alone.extend_from_slice(data);
        Some((alone, ImageFormat::Ico))
    })
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// Bytes in front of the directory, and of each of its entries.
const HEADER: usize = 6;
const ENTRY: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_of_the_sides_asked_for_is_taken_out_whole() {
        let icon = include_bytes!("../../fixtures/graphics/icon.ico");
        let (png, format) = picture(icon, 48, 36).expect("it has such a picture");
        assert_eq!(format, ImageFormat::Png);
        let decoded = image::load_from_memory(&png).expect("it decodes");
        assert_eq!((decoded.width(), decoded.height()), (48, 36));

        let icon = include_bytes!("../../fixtures/graphics/icon_bmp.ico");
        for side in [32, 48] {
            let (alone, format) = picture(icon, side, side).expect("it has such a picture");
            assert_eq!(format, ImageFormat::Ico);
            let decoded = image::load_from_memory(&alone).expect("it decodes");
            assert_eq!((decoded.width(), decoded.height()), (side, side));
        }
        assert_eq!(picture(icon, 47, 48), None);
    }

    #[test]
    fn a_cut_directory_has_no_picture() {
        let icon = include_bytes!("../../fixtures/graphics/icon_bmp.ico");
        for cut in 0..200 {
            assert_eq!(picture(&icon[..cut], 48, 48), None, "{cut}");
        }
    }
}
