//! 515 strings that break encoders, in names and texts: the wire holds exactly the intended parts, and nothing breaks out.

use std::collections::BTreeSet;
use std::convert::Infallible;

use mmsfit::send::{Request, RingCentral, Sender};
use mmsfit::{Message, Provider};
use serde_json::Value;

use crate::{Fallible, GIF, bundle_under, gif, plain, sender};

/// Pieces that mean something to a parser of multipart, headers, JSON, XML, shells or terminals, each in five settings.
fn nasty() -> Vec<String> {
    let pieces = [
        "\r\n",
        "\n",
        "\r",
        "\r\n\r\n",
        "\n\n",
        "--",
        "----",
        "--\r\n",
        "\r\n--",
        "\r\n--mmsfit-",
        "--mmsfit-0123--",
        "\"",
        "\"\"",
        "'",
        "`",
        "\\",
        "\\\\",
        "\\\"",
        "\\r\\n",
        "%0D%0A",
        "%22",
        "%00",
        "%",
        "%%",
        ";",
        "; name=\"x\"",
        "\"; filename=\"evil.exe",
        "\"\r\nContent-Type: text/html\r\n\r\n<script>",
        "\r\nX-Injected: 1",
        "\r\nContent-Length: 0\r\n\r\n",
        "Content-Disposition: form-data",
        "\r\n.\r\n",
        "\t",
        "\u{b}",
        "\u{c}",
        "\0",
        "\u{1}",
        "\u{7f}",
        "\u{1b}[2J",
        "\u{85}",
        "{",
        "}",
        "{}",
        "[]",
        "null",
        "{\"from\":{\"phoneNumber\":\"+1\"}}",
        "\",\"to\":[]",
        "\\u0000",
        "\\ud800",
        "//",
        "/*",
        "<!--",
        "]]>",
        "<script>alert(1)</script>",
        "&amp;",
        "${x}",
        "#{x}",
        "{{x}}",
        "$(x)",
        "`x`",
        "|",
        "&",
        "&&",
        ">",
        "<",
        "*",
        "?",
        "..",
        "../../etc/passwd",
        "C:\\a",
        "a/b",
        ".",
        "...",
        " ",
        "  ",
        "\u{a0}",
        "\u{2028}",
        "\u{2029}",
        "\u{200b}",
        "\u{200e}",
        "\u{202e}gpj.exe",
        "\u{feff}",
        "\u{fffd}",
        "\u{ffff}",
        "\u{10ffff}",
        "ü",
        "ß",
        "é",
        "e\u{301}",
        "ﬀ",
        "İ",
        "ı",
        "日本語",
        "العربية",
        "שלום",
        "😀",
        "👨‍👩‍👧",
        "🇩🇪",
        "Ω≈ç√∫",
        "١٢٣",
        "﷽",
        "-1",
        "1e309",
        "=?utf-8?q?x?=",
    ];
    let mut all = Vec::new();
    for piece in pieces {
        all.push(piece.to_owned());
        all.push(format!("a{piece}"));
        all.push(format!("{piece}b"));
        all.push(format!("a{piece}b{piece}c"));
        all.push(format!("{piece}{piece}{piece}"));
    }
    all
}

#[test]
fn there_are_515_of_them_and_all_differ() {
    let all = nasty();
    assert!(all.len() >= 515, "{}", all.len());
    let apart: BTreeSet<&String> = all.iter().collect();
    assert!(apart.len() >= 515, "{}", apart.len());
}

/// The parts of a multipart body, by a parser that is not ours.
async fn parts(request: &Request) -> Result<Vec<(String, String, String, Vec<u8>)>, multer::Error> {
    let kind = request.headers()["content-type"]
        .to_str()
        .unwrap_or_default();
    let boundary = kind.split_once("boundary=").map_or("", |(_, rest)| rest);
    let body = request.body().clone();
    let stream = futures_util::stream::once(async move { Ok::<_, Infallible>(body) });
    let mut parser = multer::Multipart::new(stream, boundary);
    let mut parts = Vec::new();
    while let Some(field) = parser.next_field().await? {
        parts.push((
            field.name().unwrap_or_default().to_owned(),
            field.file_name().unwrap_or_default().to_owned(),
            field
                .content_type()
                .map(ToString::to_string)
                .unwrap_or_default(),
            field.bytes().await?.to_vec(),
        ));
    }
    Ok(parts)
}

#[tokio::test]
async fn no_text_and_no_name_breaks_out_of_a_multipart_request() -> Fallible {
    let ringcentral = RingCentral::new("id", "secret", "jwt");
    let rules = Provider::RingCentral.rules().clone();
    let mut sent = 0;
    let mut refused = 0;
    for nasty in nasty() {
        // The string is the name of the first attachment, the content of the second, and the text.
        let card = format!(
            "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{}\r\nN:x;y\r\nEND:VCARD\r\n",
            nasty.replace(['\r', '\n', '\0'], " ")
        );
        let attachments = vec![
            gif().named(nasty.clone()),
            mmsfit::Attachment::from_bytes(card.clone().into_bytes()).named("card.vcf"),
        ];
        let Ok(bundle) = bundle_under(rules.clone(), attachments).await else {
            // Bytes that are no contact card any more: the name alone then.
            let bundle = bundle_under(rules.clone(), vec![gif().named(nasty.clone())]).await?;
            assert_eq!(bundle.parts().len(), 1);
            refused += 1;
            continue;
        };
        let Ok(message) = plain(bundle, &nasty).build() else {
            assert!(
                nasty
                    .chars()
                    .any(|c| c.is_control() && !matches!(c, '\r' | '\n' | '\t')),
                "{nasty:?}"
            );
            refused += 1;
            continue;
        };
        let request = ringcentral.request(&message)?;
        let found = parts(&request).await?;
        assert_eq!(found.len(), 3, "{nasty:?}");
        let [json, picture, contact] = found.as_slice() else {
            continue;
        };
        assert_eq!(
            (json.0.as_str(), json.1.as_str(), json.2.as_str()),
            ("json", "request.json", "application/json")
        );
        let envelope: Value = serde_json::from_slice(&json.3)?;
        assert_eq!(
            envelope.get("text").and_then(Value::as_str),
            message.text(),
            "{nasty:?}"
        );
        assert_eq!(
            envelope.as_object().map(serde_json::Map::len),
            Some(2 + usize::from(message.text().is_some()))
        );
        assert_eq!(
            (picture.0.as_str(), picture.2.as_str()),
            ("attachment", "image/gif")
        );
        assert_eq!(picture.3, GIF);
        assert_eq!(
            (contact.0.as_str(), contact.2.as_str()),
            ("attachment", "text/vcard")
        );
        for name in [&picture.1, &contact.1] {
            let plain = name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
            assert!(
                plain && name.len() <= 64 && !name.starts_with('.'),
                "{name:?}"
            );
        }
        sent += 1;
    }
    assert!(sent >= 400, "{sent} sent, {refused} refused");
    Ok(())
}

#[tokio::test]
async fn every_text_arrives_in_json_as_it_was_said() -> Fallible {
    for (provider, place) in [
        (Provider::Sinch, "/slide/0/message-text"),
        (Provider::CarrierX, "/message"),
        (Provider::TsgGlobal, "/data/attributes/parts/0/body"),
    ] {
        let bundle = bundle_under(provider.rules().clone(), vec![gif()]).await?;
        let sender = sender(provider, None);
        let mut sent = 0;
        for nasty in nasty() {
            let Ok(message) = plain(bundle.clone(), &nasty).build() else {
                assert!(
                    nasty
                        .chars()
                        .any(|c| c.is_control() && !matches!(c, '\r' | '\n' | '\t')),
                    "{nasty:?}"
                );
                continue;
            };
            let body: Value = serde_json::from_slice(sender.request(&message)?.body())?;
            assert_eq!(
                body.pointer(place).and_then(Value::as_str),
                Some(nasty.as_str()),
                "{provider}"
            );
            sent += 1;
        }
        assert!(sent >= 450, "{provider} {sent}");
    }
    Ok(())
}

#[tokio::test]
async fn subjects_references_fallbacks_and_headers_pass_whole_or_not_at_all() -> Fallible {
    let sinch = bundle_under(Provider::Sinch.rules().clone(), vec![gif()]).await?;
    let tsg = bundle_under(Provider::TsgGlobal.rules().clone(), vec![gif()]).await?;
    let mut passed = 0;
    for nasty in nasty() {
        let compose = || plain(sinch.clone(), "Hi");
        if let Ok(message) = compose().subject(nasty.clone()).build() {
            assert_eq!(
                field(&message, "/message-subject")?.as_deref(),
                Some(nasty.as_str())
            );
            passed += 1;
        }
        if let Ok(message) = compose().client_reference(nasty.clone()).build() {
            assert_eq!(
                field(&message, "/client-reference")?.as_deref(),
                Some(nasty.as_str())
            );
            assert!(nasty.bytes().all(|byte| byte.is_ascii_graphic()));
            passed += 1;
        }
        if let Ok(message) = compose().fallback_text(nasty.clone()).build() {
            assert_eq!(
                field(&message, "/fallback-sms-text")?.as_deref(),
                Some(nasty.as_str())
            );
            passed += 1;
        }
        if let Ok(message) = plain(tsg.clone(), "Hi").header("cc", nasty.clone()).build() {
            assert_eq!(
                field(&message, "/data/attributes/headers/cc")?.as_deref(),
                Some(nasty.as_str())
            );
            passed += 1;
        }
        if let Ok(message) = plain(tsg.clone(), "Hi").header(nasty.clone(), "x").build() {
            let body: Value = serde_json::from_slice(
                sender(Provider::TsgGlobal, None).request(&message)?.body(),
            )?;
            let headers = body
                .pointer("/data/attributes/headers")
                .and_then(Value::as_object);
            assert_eq!(
                headers.map(|headers| headers.contains_key(&nasty)),
                Some(true)
            );
            passed += 1;
        }
    }
    assert!(passed > 900, "{passed}");
    Ok(())
}

fn field(message: &Message, place: &str) -> Result<Option<String>, Box<dyn std::error::Error>> {
    let request = sender(message.provider(), None).request(message)?;
    let body: Value = serde_json::from_slice(request.body())?;
    Ok(body
        .pointer(place)
        .and_then(Value::as_str)
        .map(str::to_owned))
}
