//! Content-Type against the bytes.

use std::io;

use super::{Case, always, judge};
use crate::GIF;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_content_type_that_is_missing_generic_or_not_of_the_bytes_is_told() -> io::Result<()> {
    judge(cases()).await
}

pub(super) fn cases() -> Vec<Case> {
    let served = |kind: &str, codes| {
        let fields = format!("Content-Type: {kind}\nContent-Length: {}\n", GIF.len());
        always("type", &fields, GIF, codes)
    };
    let page =
        b"<!DOCTYPE html><html><head><title>Sorry</title></head><body>not here</body></html>";
    let card = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ada\r\nEND:VCARD\r\n";
    let sized = |kind: &str, body: &[u8], codes| {
        always(
            "type",
            &format!("Content-Type: {kind}\nContent-Length: {}\n", body.len()),
            body,
            codes,
        )
    };
    vec![
        served("image/gif", ""),
        served("IMAGE/GIF", ""),
        served(" image/gif ", ""),
        served("image/gif; charset=utf-8", "~MMS504"),
        served("image/gif;charset=binary", "~MMS504"),
        served("image/gif; name=a.gif", ""),
        always("no type", "Content-Length: 43\n", GIF, "MMS504"),
        served("", "MMS504"),
        served("application/octet-stream", "MMS504"),
        served("Binary/Octet-Stream", "MMS504"),
        served("application/force-download", "MMS504"),
        served("image/*", "MMS504"),
        served("*/*", "MMS504"),
        served("image", "MMS504"),
        served("gif", "MMS504"),
        served("image/png", "MMS504"),
        served("image/jpeg", "MMS504"),
        served("text/html", "MMS504"),
        served("text/plain", "MMS504"),
        served("video/mp4", "MMS504"),
        served("image/gif, image/gif", "MMS504"),
        always(
            "two types",
            "Content-Type: image/gif\nContent-Type: image/gif\nContent-Length: 43\n",
            GIF,
            "MMS504",
        ),
        sized("text/html", page, "MMS504"),
        sized("image/gif", page, "MMS504"),
        sized("text/vcard", card, ""),
        sized("text/x-vcard; charset=utf-8", card, ""),
        sized("text/plain", card, "MMS504"),
        sized("image/gif", b"\x01\x02\x03\x04\xff\xfe\x80", "MMS504"),
    ]
}
