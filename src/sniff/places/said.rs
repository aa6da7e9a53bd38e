//! When the name of a tag, or the text in it, tells a place.

use super::super::bytes::{find, from, head};
use super::super::exif;
use crate::sniff::Sniffed;

/// Whether a tag of this name tells a place: `LOCATION`, `com.apple.quicktime.location.ISO6709`, `GPS Latitude`, `City`.
/// Bytes of 0 do not count, so that UTF-16 is read as well.
pub(in crate::sniff) fn names_place(name: &[u8]) -> bool {
    let name = head(name, MAX_NAME);
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for &byte in name.iter().filter(|&&byte| byte != 0) {
        let starts = byte.is_ascii_uppercase() && was_lower;
        was_lower = byte.is_ascii_lowercase();
        if starts || !byte.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        if byte.is_ascii_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(byte.to_ascii_lowercase().into());
        }
    }
    let is_word = |word: &String| WORDS.contains(&word.as_str()) || word.starts_with("gps");
    words.iter().any(is_word) || {
        let all = words.concat();
        PARTS.iter().any(|part| all.contains(part))
            || all.contains("location") && !NOT.iter().any(|other| all.contains(other))
    }
}

/// Whether a text tells a place by what it holds: coordinates of ISO 6709, a `geo:` address (RFC 5870), a packet of XMP.
pub(in crate::sniff) fn tells(value: &[u8]) -> bool {
    let text: Vec<u8> = head(value, MAX_TEXT)
        .iter()
        .copied()
        .filter(|&byte| byte != 0)
        .collect();
    has_iso6709(&text) || has_geo(&text) || has_xmp(value)
}

/// Whether a reader of metadata finds a place.
pub(super) fn told(read: impl FnOnce(&mut Sniffed)) -> bool {
    let mut found = Sniffed::of(None, 0);
    read(&mut found);
    found.has_location
}

fn has_xmp(value: &[u8]) -> bool {
    find(value, b"<rdf:RDF").is_some() && told(|found| exif::read_xmp(value, found))
}

fn has_geo(text: &[u8]) -> bool {
    let mut at = 0;
    while let Some(offset) = find(from(text, at), b"geo:") {
        at += offset + b"geo:".len();
        let digits = from(text, at);
        let digits = digits.strip_prefix(b"-").unwrap_or(digits);
        let rest = digits.trim_ascii_start();
        let number = rest
            .iter()
            .take_while(|byte| byte.is_ascii_digit() || **byte == b'.')
            .count();
        if number > 0 && from(rest, number).starts_with(b",") {
            return true;
        }
    }
    false
}

/// ISO 6709 annex H: `±DD.D…±DDD.D…`, minutes and seconds behind the degrees where they are told, then a height or an end.
fn has_iso6709(text: &[u8]) -> bool {
    text.iter().enumerate().any(|(at, &byte)| {
        matches!(byte, b'+' | b'-') && {
            let (whole, tenths, next) = number(text, at);
            let (east, more, end) = number(text, next);
            matches!(whole, 2 | 4 | 6)
                && matches!(east, 3 | 5 | 7)
                && (tenths || more || text.get(end) == Some(&b'/'))
        }
    })
}

/// A signed number: digits of its whole part, whether it has a fraction, where it ends.
fn number(text: &[u8], at: usize) -> (usize, bool, usize) {
    if !matches!(text.get(at), Some(b'+' | b'-')) {
        return (0, false, at);
    }
    let digits = |at| {
        from(text, at)
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .take(32)
            .count()
    };
    let whole = digits(at + 1);
    let mut end = at + 1 + whole;
    let mut has_fraction = false;
    if text.get(end) == Some(&b'.') {
        let fraction = digits(end + 1);
        has_fraction = fraction > 0;
        end += 1 + fraction;
    }
    (whole, has_fraction, end)
}

/// What stands anywhere in the name, its words put together.
const PARTS: [&str; 8] = [
    "latitude",
    "longitude",
    "coordinate",
    "iso6709",
    "geotag",
    "geoloc",
    "geodata",
    "sublocation",
];
/// What is a word of the name.
const WORDS: [&str; 7] = ["geo", "city", "town", "venue", "place", "xyz", "loci"];
/// What has `location` in it and is none.
const NOT: [&str; 5] = [
    "allocation",
    "relocation",
    // Of the file itself, and of a frame in it.
    "medialocation",
    "filelocation",
    "framelocation",
];

/// Bytes of a name that are read.
const MAX_NAME: usize = 256;
/// Bytes of a text that are read for coordinates.
const MAX_TEXT: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_places_are_told_from_names_of_other_things() {
        for name in [
            "LOCATION",
            "location-eng",
            "com.apple.quicktime.location.ISO6709",
            "RECORDING_LOCATION",
            "GPSLatitude",
            "gps_track",
            "City",
            "label_city",
            "WM/City",
            "ShotCity",
            "G\0P\0S\0",
            "GEO",
            "Coordinates",
        ] {
            assert!(names_place(name.as_bytes()), "{name}");
        }
        for name in [
            "",
            "TITLE",
            "capacity",
            "Velocity",
            "allocation",
            "replaygain_track_gain",
            "marketplace",
            "geometry",
            "COMMENT",
            "encoder",
            "WM/MediaLocation",
            "lastkeyframelocation",
        ] {
            assert!(!names_place(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn texts_with_coordinates_are_told_from_texts_with_numbers() {
        for text in [
            "+52.5100+013.4000/",
            "at -33.86+151.20+005.000/ we met",
            "+5230.5+01324.2/",
            "+52+013/",
            "geo:52.5,13.4",
            "geo:-33.8,151;u=10",
            "+\x005\x002\x00.\x005\x00+\x000\x001\x003\x00.\x004\x00/\x00",
            "<rdf:RDF><exif:GPSLatitude>52,30N</exif:GPSLatitude></rdf:RDF>",
        ] {
            assert!(tells(text.as_bytes()), "{text}");
        }
        for text in [
            "",
            "+49-301-5550",
            "+1-555-0100",
            "2024-05-01T10:00:00+02:00",
            "geo: we met",
            "-12.5 dB +100 Hz",
            "GPSLatitude",
        ] {
            assert!(!tells(text.as_bytes()), "{text}");
        }
    }
}
