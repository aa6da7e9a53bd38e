//! What a message may not be: each breach has its code, and all of them are told at once.

use std::time::Duration;

use mmsfit::{Bundle, Code, Compose, Message, Outcome, Provider, Report};
use url::Url;

use crate::{Fallible, bundle_under, fixture, gif, plain, url};

async fn bundle(provider: Provider, parts: usize) -> Bundle {
    bundle_under(provider.rules().clone(), vec![gif(); parts])
        .await
        .expect("pixels pass everywhere")
}

/// The codes in the order told, `~` before those that do not stand in the way.
fn codes(built: Result<Message, Report>) -> String {
    let findings = match &built {
        Ok(message) => message.findings(),
        Err(report) => &report.findings,
    };
    let codes: Vec<String> = findings
        .iter()
        .map(|finding| {
            let mark = if finding.outcome == Outcome::Refused {
                ""
            } else {
                "~"
            };
            assert!(
                finding.outcome != Outcome::Refused || finding.help.is_some(),
                "{finding}"
            );
            format!("{mark}{}", finding.code)
        })
        .collect();
    assert_eq!(
        built.is_err(),
        codes.iter().any(|code| !code.starts_with('~'))
    );
    codes.join(" ")
}

#[tokio::test]
async fn texts_are_counted_in_the_providers_own_units() {
    use Provider::{CarrierX, RingCentral, Sinch, TsgGlobal};
    for (provider, text, wanted) in [
        // A character outside the BMP counts two there.
        (RingCentral, "x".repeat(1_000), ""),
        (RingCentral, "x".repeat(1_001), "MMS604"),
        (RingCentral, "😀".repeat(500), ""),
        (RingCentral, "😀".repeat(501), "MMS604"),
        (Sinch, "x".repeat(5_000), ""),
        (Sinch, "x".repeat(5_001), "MMS604"),
        (CarrierX, "x".repeat(1_600), ""),
        (CarrierX, "x".repeat(1_601), "MMS604"),
        (TsgGlobal, "x".repeat(1_000), ""),
        (TsgGlobal, "x".repeat(1_001), "~MMS604"),
        (TsgGlobal, "x".repeat(5_001), "MMS604"),
        (TsgGlobal, "a\0b".to_owned(), "MMS604"),
        (Sinch, "a\u{1b}[31mb".to_owned(), "MMS604"),
        (CarrierX, "line\r\nline\tend".to_owned(), ""),
    ] {
        let compose = plain(bundle(provider, 1).await, &text);
        let short: String = text.chars().take(5).collect();
        assert_eq!(
            codes(compose.build()),
            wanted,
            "{provider} {short} {}",
            text.len()
        );
    }
}

#[tokio::test]
async fn numbers_and_their_lists_are_held_against_the_rules() {
    let numbers = |count: u32| (0..count).map(|at| format!("+1212555{:04}", 100 + at));
    for provider in Provider::ALL.iter().copied() {
        let bundle = bundle(provider, 1).await;
        let most = provider.rules().text.max_recipients.value();
        let with = |to: Vec<String>| {
            let urls = [url("pixel.gif")];
            let compose = Message::compose(bundle.clone())
                .from("+12125550199")
                .to(to)
                .no_fallback();
            match provider {
                Provider::RingCentral => compose,
                _ => compose.hosted(urls),
            }
        };
        assert_eq!(
            codes(with(numbers(most).collect()).build()),
            "",
            "{provider}"
        );
        assert_eq!(
            codes(with(numbers(most + 1).collect()).build()),
            "MMS607",
            "{provider}"
        );
        assert_eq!(codes(with(Vec::new()).build()), "MMS607", "{provider}");
        assert_eq!(
            codes(with(numbers(1_000_000 / 100).collect()).build()),
            "MMS607"
        );
        for bad in [
            "12125550100",
            "+1 800 FLOWERS",
            "+1٢125550100",
            "tel:+12125550100",
            "12345",
            "",
            "+12125550100;ext=1",
        ] {
            assert_eq!(
                codes(with(vec![bad.to_owned()]).build()),
                "MMS607",
                "{provider} {bad}"
            );
        }
        if most > 1 {
            let twice = vec!["+12125550100".to_owned(), "+1 (212) 555-0100".to_owned()];
            assert_eq!(codes(with(twice).build()), "MMS607", "{provider}");
        }
        // Group of the provider's size includes oneself by counting, never by name.
        assert_eq!(
            codes(with(vec!["+12125550199".to_owned()]).build()),
            "MMS607",
            "{provider}"
        );
        let nobody = Message::compose(bundle.clone())
            .to(numbers(1))
            .no_fallback()
            .hosted([url("pixel.gif")]);
        let wanted = if provider == Provider::RingCentral {
            ""
        } else {
            "MMS607"
        };
        let nobody = match provider {
            Provider::RingCentral => Message::compose(bundle.clone()).to(numbers(1)),
            _ => nobody,
        };
        assert_eq!(codes(nobody.build()), wanted, "{provider}");
        // A number outside of every plan is told, and does not stand in the way: plans change.
        assert_eq!(
            codes(with(vec!["+15551230000".to_owned()]).build()),
            "~MMS607",
            "{provider}"
        );
        let short = with(numbers(1).collect()).from("12345").build();
        let wanted = if provider == Provider::Sinch {
            ""
        } else {
            "MMS607"
        };
        assert_eq!(codes(short), wanted, "{provider}");
    }
}

#[tokio::test]
async fn fields_that_a_provider_lacks_or_limits_are_refused() {
    use Provider::{CarrierX, RingCentral, Sinch, TsgGlobal};
    type Change = fn(Compose) -> Compose;
    let cases: &[(Provider, Change, &str)] = &[
        (RingCentral, |m| m.subject("Hi"), "MMS604"),
        (CarrierX, |m| m.subject("Hi"), "MMS604"),
        (Sinch, |m| m.subject("x".repeat(40)), ""),
        (Sinch, |m| m.subject("x".repeat(41)), "~MMS604"),
        (Sinch, |m| m.subject("x".repeat(81)), "MMS604"),
        (Sinch, |m| m.subject("Füße"), "MMS604"),
        (TsgGlobal, |m| m.subject("a\r\nBcc: b"), "MMS604"),
        (TsgGlobal, |m| m.subject("Hi"), ""),
        (RingCentral, |m| m.fallback_text("Hi"), "MMS604"),
        (Sinch, |m| m.fallback_text("Hi"), ""),
        (Sinch, |m| m.fallback_text("x".repeat(111)), "~MMS604"),
        (Sinch, |m| m.fallback_text("  "), "MMS604"),
        (RingCentral, |m| m.no_fallback(), ""),
        (RingCentral, |m| m.expiry(Duration::from_secs(60)), "MMS604"),
        (CarrierX, |m| m.expiry(Duration::from_secs(60)), "MMS604"),
        (Sinch, |m| m.expiry(Duration::from_secs(259_200)), ""),
        (Sinch, |m| m.expiry(Duration::from_secs(259_201)), "MMS604"),
        (Sinch, |m| m.expires_at(std::time::UNIX_EPOCH), "MMS604"),
        (TsgGlobal, |m| m.expiry(Duration::ZERO), "MMS604"),
        (TsgGlobal, |m| m.expiry(Duration::MAX), "MMS604"),
        (Sinch, |m| m.client_reference("x".repeat(64)), ""),
        (Sinch, |m| m.client_reference("x".repeat(65)), "MMS604"),
        (RingCentral, |m| m.client_reference("x".repeat(65)), ""),
        (
            RingCentral,
            |m| m.client_reference("x".repeat(129)),
            "MMS604",
        ),
        (Sinch, |m| m.client_reference("a b"), "MMS604"),
        (Sinch, |m| m.client_reference(""), "MMS604"),
        (Sinch, |m| m.client_reference("a\n"), "MMS604"),
        (RingCentral, |m| m.header("cc", "x"), "MMS604"),
        (TsgGlobal, |m| m.header("cc", "x"), ""),
        (TsgGlobal, |m| m.header("X-MMS-Priority", "x"), "MMS604"),
        (TsgGlobal, |m| m.header("Content-Type", "x"), "MMS604"),
        (TsgGlobal, |m| m.header("checksum-md5", "x"), "MMS604"),
        (TsgGlobal, |m| m.header("X-Checksum-Md5", "x"), "MMS604"),
        (TsgGlobal, |m| m.header("Message-ID", "x"), "MMS604"),
        (TsgGlobal, |m| m.header("cc", "x\r\nBcc: y"), "MMS604"),
        (TsgGlobal, |m| m.header("c c", "x"), "MMS604"),
        (TsgGlobal, |m| m.delivery_reports(true), ""),
        (Sinch, |m| m.delivery_reports(true), "~MMS604"),
        (CarrierX, |m| m.sound_with_picture(), "MMS606"),
    ];
    for (at, (provider, change, wanted)) in cases.iter().enumerate() {
        let compose = change(plain(bundle(*provider, 1).await, "Hi"));
        assert_eq!(codes(compose.build()), *wanted, "case {at} {provider}");
    }
}

#[tokio::test]
async fn sinch_wants_a_choice_of_fallback() -> Fallible {
    let unsaid = Message::compose(bundle(Provider::Sinch, 1).await)
        .from("+15162065575")
        .to(["+15162065574"])
        .hosted([url("pixel.gif")])
        .build();
    assert_eq!(codes(unsaid), "MMS604");
    Ok(())
}

#[tokio::test]
async fn slides_break_no_exclusion() -> Fallible {
    let rules = Provider::Sinch.rules().clone();
    let parts = vec![
        gif(),
        fixture("audio/tone.mp3")?,
        gif(),
        fixture("text/contact_21.vcf")?,
    ];
    let bundle = bundle_under(rules, parts).await?;
    let slides = |slides: Vec<Vec<usize>>| plain(bundle.clone(), "Hi").slides(slides).build();
    assert_eq!(codes(slides(vec![vec![0, 1], vec![2], vec![3]])), "");
    assert_eq!(codes(slides(vec![vec![0, 3], vec![1, 2]])), "MMS606");
    assert_eq!(codes(slides(vec![vec![0, 2], vec![1], vec![3]])), "MMS606");
    assert_eq!(codes(slides(vec![vec![0, 1], vec![2]])), "MMS606");
    assert_eq!(
        codes(slides(vec![vec![0, 1], vec![1], vec![2], vec![3]])),
        "MMS606"
    );
    assert_eq!(
        codes(slides(vec![vec![0], vec![1], vec![2], vec![3], vec![]])),
        "MMS606"
    );
    assert_eq!(
        codes(slides(vec![vec![0], vec![1], vec![2], vec![3, 99]])),
        "MMS606"
    );
    let many = vec![Vec::new(); 9];
    assert!(codes(slides(many)).contains("MMS601"));
    let packed = plain(bundle.clone(), "Hi").sound_with_picture().build()?;
    let groups: Vec<Vec<usize>> = packed
        .slides()
        .iter()
        .map(|slide| slide.parts.iter().map(|&(_, part)| part).collect())
        .collect();
    assert_eq!(groups, [vec![0, 1], vec![2], vec![3]]);
    let apart = plain(bundle, "Hi").build()?;
    assert_eq!(apart.slides().len(), 4);
    assert_eq!(
        apart
            .slides()
            .iter()
            .filter(|slide| slide.text.is_some())
            .count(),
        1
    );
    Ok(())
}

#[tokio::test]
async fn parts_without_a_url_are_refused_where_the_provider_fetches() -> Fallible {
    let said = |provider: Provider, urls: Option<Vec<Url>>| async move {
        let compose = Message::compose(bundle(provider, 2).await)
            .from("+15162065575")
            .to(["+15162065574"])
            .no_fallback();
        codes(match urls {
            Some(urls) => compose.hosted(urls).build(),
            None => compose.build(),
        })
    };
    let two = || Some(vec![url("a.gif"), url("b.gif")]);
    for provider in [Provider::Sinch, Provider::CarrierX] {
        assert_eq!(said(provider, None).await, "MMS608", "{provider}");
        assert_eq!(said(provider, two()).await, "", "{provider}");
        assert_eq!(
            said(provider, Some(vec![url("a.gif")])).await,
            "MMS608",
            "{provider}"
        );
        for bad in [
            "http://media.example.com/a.gif",
            "ftp://media.example.com/a.gif",
            "https://user:pw@media.example.com/a.gif",
        ] {
            let urls = vec![Url::parse(bad)?, url("b.gif")];
            assert_eq!(
                said(provider, Some(urls)).await,
                "MMS501",
                "{provider} {bad}"
            );
        }
    }
    // Small enough to be embedded; bytes in the request.
    assert_eq!(said(Provider::TsgGlobal, None).await, "");
    assert_eq!(said(Provider::RingCentral, None).await, "");
    let plain_http = Message::compose(bundle(Provider::Sinch, 1).await)
        .from("+15162065575")
        .to(["+15162065574"])
        .no_fallback()
        .hosted([Url::parse("http://10.0.0.1/a.gif")?])
        .plain_http(true)
        .build();
    assert_eq!(codes(plain_http), "");
    Ok(())
}

#[tokio::test]
async fn a_part_too_large_to_be_embedded_needs_a_url() -> Fallible {
    let mut rules = Provider::TsgGlobal.rules().clone();
    rules.embedded_bytes = crate::assumed(mmsfit::ByteCount::new(10));
    rules.data_url_chars = crate::assumed(60);
    let bundle = bundle_under(rules, vec![gif()]).await?;
    let compose = || {
        Message::compose(bundle.clone())
            .from("+15162065575")
            .to(["+15162065574"])
    };
    assert_eq!(codes(compose().build()), "MMS608");
    assert_eq!(codes(compose().data_urls(true).build()), "MMS201");
    assert_eq!(codes(compose().hosted([url("a.gif")]).build()), "");
    Ok(())
}

#[tokio::test]
async fn every_breach_is_told_at_once_and_nothing_shown_is_a_secret() {
    let built = Message::compose(bundle(Provider::Sinch, 1).await)
        .from("nobody")
        .to(["somebody"])
        .text("x".repeat(6_000))
        .subject("ü")
        .client_reference("a b")
        .hosted([Url::parse("http://media.example.com/a.gif?signature=hunter2").expect("a URL")])
        .build();
    let report = built.as_ref().expect_err("nothing of it is right");
    assert!(!report.to_string().contains("hunter2"), "{report}");
    assert_eq!(
        codes(built),
        "MMS607 MMS607 MMS604 MMS604 MMS604 MMS604 MMS501"
    );
}

#[tokio::test]
async fn a_message_tells_neither_numbers_nor_text_to_a_log() -> Fallible {
    let message = plain(bundle(Provider::CarrierX, 1).await, "the text")
        .client_reference("r-1")
        .build()?;
    let shown = format!("{message:?}");
    assert_eq!(
        shown,
        "Message { provider: \"carrierx\", recipients: 1, parts: 1, client_reference: \"r-1\", .. }"
    );
    let own = Message::compose(bundle(Provider::RingCentral, 1).await)
        .to(["+12125550100"])
        .build()?;
    assert_eq!(own.client_reference().len(), 32);
    assert!(!own.has_own_reference());
    assert_eq!(
        own.sent_from("+12125550100")
            .expect_err("to oneself")
            .findings
            .first()
            .map(|f| f.code),
        Some(Code::NumberNotAccepted)
    );
    assert_eq!(
        own.sent_from("+12125550111")?
            .from()
            .map(ToString::to_string),
        Some("+12125550111".to_owned())
    );
    Ok(())
}
