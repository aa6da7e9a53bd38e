//! PDF.

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::*;

pub(super) fn pdf(dictionary: &str, stream: &[u8]) -> Vec<u8> {
    let head = format!(
        "%PDF-1.5\n1 0 obj\n<<{dictionary}/Filter/FlateDecode/Length {}>>\nstream\r\n",
        stream.len()
    );
    [
        head.as_bytes(),
        stream,
        b"\nendstream\nendobj\nstartxref\n9\n%%EOF\n",
    ]
    .concat()
}

fn stream_of(pdf: &[u8]) -> String {
    let start = find(pdf, b"stream\r\n").expect("it has one") + 8;
    let end = find(pdf, b"\nendstream").expect("it ends");
    let mut stream = &pdf[start..end];
    let mut text = String::new();
    let mut inflate = ZlibDecoder::new(&mut stream);
    inflate.read_to_string(&mut text).expect("it is whole");
    assert_eq!(inflate.total_in() as usize, end - start, "to the last byte");
    text
}

#[test]
fn a_deflated_packet_is_blanked_in_a_stream_of_the_same_length() {
    for dictionary in ["/Type/Metadata/Subtype/XML", ""] {
        for padding in [0, 1, 5, 2_000, 200_000] {
            // What does not deflate well leaves room for stored blocks.
            let noise: String = (0..padding)
                .map(|at: u32| char::from(b'!' + (at.wrapping_mul(2_654_435_761) >> 24) as u8 % 90))
                .collect();
            let text = XMP.replace("'52,30.6N'", &format!("'52,30.6N' b='{noise}'"));
            let file = pdf(dictionary, &deflated(text.as_bytes()));
            let made = blanked(&file, ContentType::Pdf);
            let text = stream_of(&made);
            assert!(text.starts_with("<?xpacket begin=''") && text.contains("<?xpacket end='w'?>"));
            assert!(!text.contains("GPS"));
        }
    }
}

#[test]
fn places_in_object_streams_and_texts_are_blanked() {
    let objects = b"4 0 <</Title(walk)/Location(Berlin)/GPSLatitude <3532>>> ".repeat(3);
    let made = blanked(&pdf("/Type/ObjStm", &deflated(&objects)), ContentType::Pdf);
    let text = stream_of(&made);
    assert!(text.starts_with("4 0 <</Title(walk)/Location(      )/GPSLatitude <0000>>>"));
    let open = b"%PDF-1.4 <</City (a \\) (b) c)/Author(Ada)>> %%EOF";
    let made = blanked(open, ContentType::Pdf);
    assert_eq!(made, b"%PDF-1.4 <</City (          )/Author(Ada)>> %%EOF");
}

#[test]
fn a_signed_document_is_left_alone() {
    let pdf = b"%PDF-1.4 /ByteRange [0 1 2 3] <rdf:RDF><x exif:GPSLatitude='5'/></rdf:RDF>";
    assert!(says_where(pdf, ContentType::Pdf));
    assert_eq!(without_places(pdf, ContentType::Pdf), None);
}

#[test]
fn a_place_in_the_open_is_blanked_where_it_stands_and_the_rest_stays() {
    let pdf = b"%PDF-1.4 <rdf:RDF a='1'><x exif:GPSLatitude='5'/></rdf:RDF> <rdf:RDF><y/></rdf:RDF> %%EOF";
    let made = blanked(pdf, ContentType::Pdf);
    assert_eq!(
        String::from_utf8_lossy(&made),
        "%PDF-1.4 <rdf:RDF a='1'>                         </rdf:RDF> <rdf:RDF><y/></rdf:RDF> %%EOF"
    );
}

#[test]
fn the_place_of_a_photograph_inside_is_blanked() {
    let photo = include_bytes!("../../../../fixtures/photos/gps.jpg");
    let open = [&b"%PDF-1.4 stream\n"[..], photo, b"endstream %%EOF"].concat();
    let made = blanked(&open, ContentType::Pdf);
    let changed = open.iter().zip(&made).filter(|(a, b)| a != b).count();
    assert!(changed > 100 && changed < 5_000, "{changed}");
    let wrapped = pdf("/Type/XObject/DCTDecode", &deflated(photo));
    blanked(&wrapped, ContentType::Pdf);
}
