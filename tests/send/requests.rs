//! Every request as a whole, as it goes out, held against a golden file that follows the founding documents.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mmsfit::provider::{Limit, Slot, TypeRule};
use mmsfit::send::{
    CallbackOf, CarrierX, Client, Multipart, Request, RingCentral, Sender, Sinch, Token, TsgGlobal,
};
use mmsfit::{ContentType, Message, Provider};
use url::Url;

use crate::{Fallible, bundle_under, common, fixture, gif, plain, url};

/// 2026-11-21T10:00:00Z
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_255_200)
}

/// The request byte for byte: what is no printable ASCII is escaped, a line of the body is a line of the file.
fn wire(title: &str, request: &Request) -> String {
    let mut text = format!("== {title}\n{} {}\n", request.method(), request.uri());
    for (name, value) in request.headers() {
        let value = String::from_utf8_lossy(value.as_bytes());
        let _ = writeln!(text, "{name}: {value}");
    }
    text.push('\n');
    for line in request.body().split_inclusive(|&byte| byte == b'\n') {
        let _ = writeln!(
            text,
            "{}",
            line.escape_ascii().to_string().replace("\\\"", "\"")
        );
    }
    text
}

fn authorised(
    sender: &dyn Sender,
    request: Request,
) -> Result<Request, Box<dyn std::error::Error>> {
    let mut request = request;
    let token = Token {
        secret: "access-token".into(),
        lifetime: Duration::from_secs(3_600),
    };
    sender.authorise(&mut request, Some(&token))?;
    Ok(request)
}

#[tokio::test]
async fn ringcentral_requests_are_the_documented_ones() -> Fallible {
    let sender = RingCentral::new("client-id", "client-secret", "the-jwt");
    let rules = Provider::RingCentral.rules().clone();
    let bundle = bundle_under(rules, vec![gif(), fixture("text/contact_21.vcf")?]).await?;
    let message = Message::compose(bundle)
        .from("+1 (516) 206-5575")
        .to(["+15162065574", "+44 20 7946 0958"])
        .text("Hi \"there\"\r\n😀")
        .build()?;
    let mut found = String::new();
    let token = sender.token_request().ok_or("RingCentral has tokens")??;
    found += &wire("token", &token);
    let numbers = sender
        .numbers_request()
        .ok_or("RingCentral lists numbers")??;
    found += &wire("numbers", &authorised(&sender, numbers)?);
    found += &wire(
        "multipart/mixed",
        &authorised(&sender, sender.request(&message)?)?,
    );
    let form = sender.clone().multipart(Multipart::FormData);
    found += &wire(
        "multipart/form-data",
        &authorised(&form, form.request(&message)?)?,
    );
    found += &wire(
        "status",
        &authorised(&sender, sender.status_request("401234567008")?)?,
    );
    let sandbox = sender
        .clone()
        .endpoint("https://platform.devtest.ringcentral.com".parse()?);
    found += &wire("sandbox status", &sandbox.status_request("../x?y")?);
    writeln!(
        found,
        "== preview\n{}",
        Client::new(sender).preview(&message)?
    )?;
    common::assert_golden("send/ringcentral.txt", &found)?;
    Ok(())
}

#[tokio::test]
async fn sinch_requests_are_the_documented_ones() -> Fallible {
    let sender = Sinch::new("sinch-key", "campaign-1");
    let rules = Provider::Sinch.rules().clone();
    let bundle = bundle_under(
        rules,
        vec![
            gif(),
            fixture("audio/tone.mp3")?,
            fixture("text/contact_21.vcf")?,
        ],
    )
    .await?;
    let composed = || {
        let urls: Vec<Url> = bundle.parts().iter().map(|part| url(part.name())).collect();
        Message::compose(bundle.clone())
            .to(["+15162065574"])
            .text("Hi \"there\" 😀")
            .hosted(urls)
            .client_reference("order-17")
    };
    let whole = composed()
        .from("+15162065575")
        .subject("Photos")
        .fallback_text("You have photos")
        .as_of(now())
        .expiry(Duration::from_secs(86_400))
        .build()?;
    let short = composed()
        .from("12345")
        .no_fallback()
        .sound_with_picture()
        .build()?;
    let masked = sender
        .clone()
        .from_mask("MY-SHOP")
        .fallback_link(false)
        .fallback_link_expires(now() + Duration::from_secs(30 * 86_400))
        .cache_content(true);
    let mut found = String::new();
    found += &wire("sendmms", &authorised(&sender, sender.request(&whole)?)?);
    found += &wire(
        "sendmms, masked",
        &authorised(&masked, masked.request(&whole)?)?,
    );
    found += &wire(
        "sendmms, short code, sound with picture",
        &sender.request(&short)?,
    );
    found += &wire("savemms", &sender.save_request("autumn", &short)?);
    let saved = sender.send_saved_request("35674", &[(1, "Dear Ann"), (3, "Bye")], &whole)?;
    found += &wire("sendsavedmms", &saved);
    writeln!(
        found,
        "== preview\n{}",
        Client::new(sender).preview(&short)?
    )?;
    common::assert_golden("send/sinch.txt", &found)?;
    Ok(())
}

#[tokio::test]
async fn carrierx_requests_are_the_documented_ones() -> Fallible {
    let sender = CarrierX::new("5ebc03d6-8b2b-44ad-bf65-72d4f1491dda");
    let rules = Provider::CarrierX.rules().clone();
    let bundle = bundle_under(rules, vec![gif()]).await?;
    let single = plain(bundle.clone(), "Hi")
        .client_reference("order-17")
        .build()?;
    let group = plain(bundle.clone(), "This is a test MMS.")
        .group(["+14386009161", "+17208200011"])
        .client_reference("order-18")
        .build()?;
    let group_of_one = Message::compose(bundle)
        .from("+15162065575")
        .group(["+14386009161"])
        .hosted([url("pixel.gif")])
        .client_reference("order-19")
        .build()?;
    let callback = Url::parse("https://d528c056e44d.ngrok.io")?;
    let mut found = String::new();
    found += &wire(
        "one recipient",
        &authorised(&sender, sender.request(&single)?)?,
    );
    found += &wire("a group", &authorised(&sender, sender.request(&group)?)?);
    found += &wire("a group of one, no text", &sender.request(&group_of_one)?);
    let sid = "097b49df-c54e-4eaf-97d0-89cf7d5a655b";
    found += &wire("status", &authorised(&sender, sender.status_request(sid)?)?);
    for of in [
        CallbackOf::Partner("66352290-bd20-4ed0-a403-8c00792f15b8".to_owned()),
        CallbackOf::DidGroup("41e21049-e5eb-433c-a93d-d57417b1863c".to_owned()),
        CallbackOf::Did("e8df62d5-07a3-4189-a67e-87585067c5fe".to_owned()),
    ] {
        let request = sender.callback_request(&of, &callback)?;
        found += &wire(&format!("callback {of:?}"), &authorised(&sender, request)?);
    }
    writeln!(
        found,
        "== preview\n{}",
        Client::new(sender).preview(&group)?
    )?;
    common::assert_golden("send/carrierx.txt", &found)?;
    Ok(())
}

#[tokio::test]
async fn tsg_global_requests_are_the_documented_ones() -> Fallible {
    let sender = TsgGlobal::new("tsg-key");
    let rules = Provider::TsgGlobal.rules().clone();
    let bundle = bundle_under(rules, vec![gif(), fixture("text/contact_21.vcf")?]).await?;
    let urls: Vec<Url> = bundle.parts().iter().map(|part| url(part.name())).collect();
    let composed = || {
        Message::compose(bundle.clone())
            .from("+12342341234")
            .to(["+12003004000"])
            .client_reference("c52e6196-4ef6-4ce4-8c89-a0a12791c298")
    };
    let whole = composed()
        .to(["+12003004001"])
        .text("Have a smile 😁\nBye")
        .subject("This is a test")
        .delivery_reports(true)
        .header("cc", "+12003005000@example.com")
        .header("to", "+12003004000@example.com")
        .header("to", "+12003004001@example.com")
        .as_of(now())
        .expires_at(now() + Duration::from_secs(3_600))
        .hosted(urls)
        .build()?;
    let embedded = composed().build()?;
    let data = composed().data_urls(true).build()?;
    let mut found = String::new();
    found += &wire(
        "by URL and plain",
        &authorised(&sender, sender.request(&whole)?)?,
    );
    found += &wire("embedded and plain", &sender.request(&embedded)?);
    found += &wire("data URL and plain", &sender.request(&data)?);
    writeln!(
        found,
        "== preview\n{}",
        Client::new(sender).preview(&whole)?
    )?;
    common::assert_golden("send/tsg-global.txt", &found)?;
    Ok(())
}

#[tokio::test]
async fn an_embedded_part_is_compressed_only_where_that_helps() -> Fallible {
    let mut rules = Provider::TsgGlobal.rules().clone();
    let mut types = rules.types.to_vec();
    let like = *types.first().ok_or("there are types")?;
    types.push(TypeRule {
        content_type: ContentType::Wav,
        spelling: "audio/wav",
        extension: "wav",
        slot: Slot::Any,
        accepted: Limit::Assumed {
            value: (),
            why: "a test",
        },
        ..like
    });
    rules.types = types.into();
    // Silence: a header of 44 bytes and zeros.
    let mut silence = Vec::new();
    let zeros = 400_000_u32;
    silence.extend_from_slice(b"RIFF");
    silence.extend_from_slice(&(zeros + 36).to_le_bytes());
    silence.extend_from_slice(
        b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data",
    );
    silence.extend_from_slice(&zeros.to_le_bytes());
    silence.resize(silence.len() + 400_000, 0x80);
    let attachments = vec![
        mmsfit::Attachment::from_bytes(Arc::<[u8]>::from(silence.clone())).named("a.wav"),
        gif(),
    ];
    let bundle = bundle_under(rules, attachments).await?;
    let message = Message::compose(bundle)
        .from("+12342341234")
        .to(["+12003004000"])
        .build()?;
    let request = TsgGlobal::new("key").request(&message)?;
    let body: serde_json::Value = serde_json::from_slice(request.body())?;
    let part = |at: usize, name: &str| {
        body.pointer(&format!("/data/attributes/parts/{at}/{name}"))
            .and_then(|value| value.as_str())
    };
    assert_eq!(
        (part(0, "kind"), part(0, "content_encoding")),
        (Some("embedded"), Some("gzip"))
    );
    assert_eq!(
        (part(1, "kind"), part(1, "content_encoding")),
        (Some("embedded"), Some("identity"))
    );
    // Decoded in the documented order: transfer encoding, then content encoding.
    use base64::Engine as _;
    let coded = part(0, "body").ok_or("there is a body")?;
    assert!(coded.len() < 10_000, "{}", coded.len());
    let packed = base64::engine::general_purpose::STANDARD.decode(coded)?;
    let mut unpacked = Vec::new();
    std::io::Read::read_to_end(
        &mut flate2::read::GzDecoder::new(&packed[..]),
        &mut unpacked,
    )?;
    assert!(unpacked == silence);
    Ok(())
}

#[tokio::test]
async fn a_preview_shows_no_key_no_token_and_no_signature() -> Fallible {
    let signed = Url::parse("https://media.example.com/a.gif?X-Signature=hunter2&x=1")?;
    for provider in Provider::ALL.iter().copied() {
        let bundle = bundle_under(provider.rules().clone(), vec![gif()]).await?;
        let compose = plain(bundle, "Hi");
        let message = match provider {
            Provider::RingCentral => compose.build()?,
            _ => compose.hosted([signed.clone()]).build()?,
        };
        let shown = Client::new(crate::sender(provider, None)).preview(&message)?;
        for secret in [
            "hunter2",
            "client-secret",
            "the-jwt",
            "sinch-key",
            "carrierx-token",
            "tsg-key",
        ] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(shown.contains("***"), "{shown}");
        if let Some(token) = crate::sender(provider, None).token_request() {
            let shown = mmsfit::send::show(&token?);
            assert!(
                !shown.contains("the-jwt") && !shown.contains("Y2xpZW50"),
                "{shown}"
            );
        }
    }
    Ok(())
}
