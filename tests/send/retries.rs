//! The client against a scripted provider: tokens, waits, retries, the pace. What may be sent again is; nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mmsfit::send::{
    CallbackOf, CarrierX, Client, ConnectFault, DeliveryStatus, Doubt, RetryPolicy, SendError,
    Sinch, Stub,
};
use mmsfit::{Message, Millis, Provider};
use url::Url;

use crate::provider::{Act, ScriptedProvider};
use crate::{Fallible, assumed, bundle_under, client, gif, plain, quick, quick_message, sender};

#[tokio::test]
async fn a_message_goes_out_once_through_every_provider() -> Fallible {
    for provider in Provider::ALL.iter().copied() {
        let scripted = ScriptedProvider::start().await?;
        let client = client(provider, &scripted);
        let message = quick_message(provider, "hello").await;
        let receipt = client.send(&message).await?;
        assert_eq!(receipt.status, DeliveryStatus::Queued, "{provider}");
        assert_eq!(receipt.findings, []);
        assert_eq!(scripted.accepted(), ["hello"], "{provider}");
        let sent = scripted.requests();
        let last = sent.last().ok_or("a request")?;
        let key = last
            .headers
            .get("x-api-key")
            .or_else(|| last.headers.get("authorization"));
        let wanted = match provider {
            Provider::RingCentral => "Bearer token-1",
            Provider::Sinch => "sinch-key",
            Provider::CarrierX => "Bearer carrierx-token",
            _ => "Bearer tsg-key",
        };
        assert_eq!(key.map(String::as_str), Some(wanted));
        let agent = last.headers.get("user-agent").map(String::as_str);
        assert_eq!(agent, Some(concat!("mmsfit/", env!("CARGO_PKG_VERSION"))));
    }
    Ok(())
}

#[tokio::test]
async fn a_part_that_the_provider_left_out_is_told_with_the_receipt() -> Fallible {
    let scripted = ScriptedProvider::start().await?;
    scripted.drop_parts(1);
    let receipt = client(Provider::TsgGlobal, &scripted)
        .send(&quick_message(Provider::TsgGlobal, "x").await)
        .await?;
    let told: Vec<String> = receipt.findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "MMS701 rejected by the provider: the provider lists 1 of 2 parts: the rest may have been left out"
        ]
    );
    Ok(())
}

#[tokio::test]
async fn a_status_is_read_where_there_is_such_a_call() -> Fallible {
    let scripted = ScriptedProvider::start().await?;
    let failed = client(Provider::RingCentral, &scripted)
        .status("401234567008")
        .await?;
    assert_eq!(failed.status, DeliveryStatus::Failed);
    assert_eq!(failed.failure.as_deref(), Some("SMS-CAR-434"));
    assert_eq!(failed.id, "401234567008");
    let done = client(Provider::CarrierX, &scripted)
        .status("sid-1")
        .await?;
    assert_eq!(
        (done.status, done.id.as_str()),
        (DeliveryStatus::Delivered, "sid-1")
    );
    for provider in [Provider::Sinch, Provider::TsgGlobal] {
        let fault = client(provider, &scripted)
            .status("x")
            .await
            .expect_err("no such call");
        assert!(matches!(fault, SendError::NoSuchCall { .. }), "{fault}");
    }
    let carrierx = CarrierX::new("carrierx-token").endpoint(scripted.endpoint().parse()?);
    let of = CallbackOf::Partner("p".to_owned());
    let request = carrierx.callback_request(&of, &Url::parse("https://example.com/cb")?)?;
    let answer = Client::new(carrierx.clone()).ask(request).await?;
    carrierx.callback_set(&answer)?;
    Ok(())
}

#[tokio::test]
async fn a_token_is_fetched_once_and_renewed_once_when_it_is_refused() -> Fallible {
    let scripted = ScriptedProvider::start().await?;
    let client = client(Provider::RingCentral, &scripted);
    let expired = || {
        Act::answer(
            401,
            r#"{"errorCode":"OAU-128","message":"Access token expired"}"#,
        )
    };
    for text in ["one", "two"] {
        client
            .send(&quick_message(Provider::RingCentral, text).await)
            .await?;
    }
    assert_eq!(scripted.tokens(), 1);
    scripted.script([expired()]);
    client
        .send(&quick_message(Provider::RingCentral, "three").await)
        .await?;
    assert_eq!(scripted.tokens(), 2);
    scripted.script([expired(), expired(), expired()]);
    let fault = client
        .send(&quick_message(Provider::RingCentral, "four").await)
        .await
        .expect_err("refused twice");
    assert!(
        matches!(&fault, SendError::Rejected(answer) if answer.codes == ["OAU-128"]),
        "{fault}"
    );
    assert_eq!(scripted.tokens(), 3);
    assert_eq!(scripted.accepted(), ["one", "two", "three"]);
    Ok(())
}

#[tokio::test]
async fn many_at_once_share_one_token() -> Fallible {
    let scripted = ScriptedProvider::start().await?;
    let client = client(Provider::RingCentral, &scripted);
    let mut sending = Vec::new();
    for at in 0..20 {
        let message = quick_message(Provider::RingCentral, &format!("m{at}")).await;
        let client = client.clone();
        sending.push(tokio::spawn(async move { client.send(&message).await }));
    }
    for one in sending {
        one.await??;
    }
    assert_eq!((scripted.tokens(), scripted.accepted().len()), (1, 20));
    Ok(())
}

#[tokio::test]
async fn many_whose_token_is_refused_at_once_share_one_new_token() -> Fallible {
    let scripted = ScriptedProvider::start().await?;
    let client = client(Provider::RingCentral, &scripted);
    client
        .send(&quick_message(Provider::RingCentral, "first").await)
        .await?;
    scripted.expire_tokens();
    let mut sending = Vec::new();
    for at in 0..20 {
        let message = quick_message(Provider::RingCentral, &format!("m{at}")).await;
        let client = client.clone();
        sending.push(tokio::spawn(async move { client.send(&message).await }));
    }
    for one in sending {
        one.await??;
    }
    assert_eq!((scripted.tokens(), scripted.accepted().len()), (2, 21));
    Ok(())
}

#[tokio::test]
async fn wrong_credentials_end_before_any_message_is_written() -> Fallible {
    let scripted = ScriptedProvider::start().await?;
    let wrong = mmsfit::send::RingCentral::new("client-id", "wrong-secret", "the-jwt")
        .endpoint(scripted.endpoint().parse()?);
    let fault = Client::new(wrong)
        .send(&quick_message(Provider::RingCentral, "x").await)
        .await
        .expect_err("refused");
    assert!(
        matches!(&fault, SendError::Rejected(answer) if answer.codes == ["invalid_client"]),
        "{fault}"
    );
    let empty = Client::new(Sinch::new("  ", "s").endpoint(scripted.endpoint().parse()?))
        .send(&quick_message(Provider::Sinch, "x").await)
        .await
        .expect_err("no key");
    assert!(matches!(empty, SendError::Credentials(_)), "{empty}");
    assert_eq!(scripted.accepted(), Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn a_faulty_token_answer_is_no_doubt_about_a_message() -> Fallible {
    let scripted = ScriptedProvider::start().await?;
    for (answer, wanted) in [
        (Act::answer(200, "<html>"), "MMS704"),
        (Act::answer(200, r#"{"access_token":"x"}"#), "MMS704"),
        (Act::answer(500, "{}"), "MMS704"),
        (Act::answer(400, r#"{"error":"invalid_grant"}"#), "MMS701"),
        (
            Act::retry_after(429, "600", r#"{"errorCode":"CMN-301"}"#),
            "MMS703",
        ),
    ] {
        scripted.token_script([answer]);
        let fault = client(Provider::RingCentral, &scripted)
            .send(&quick_message(Provider::RingCentral, "x").await)
            .await
            .expect_err("no token");
        assert_eq!(
            fault.code().map(|code| code.to_string()).as_deref(),
            Some(wanted),
            "{fault}"
        );
        assert!(fault.may_resend());
    }
    assert_eq!(scripted.accepted(), Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn the_sender_is_looked_up_by_its_feature() -> Fallible {
    let scripted = ScriptedProvider::start().await?;
    scripted.numbers(&[
        ("+18005550100", &["SmsSender"]),
        ("+12125550111", &["SmsSender", "MmsSender"]),
        ("+12125550112", &["MmsSender"]),
    ]);
    let bundle = bundle_under(quick(Provider::RingCentral), vec![gif()]).await?;
    let message = Message::compose(bundle)
        .to(["+12125550100"])
        .text("looked up")
        .build()?;
    let client = client(Provider::RingCentral, &scripted);
    let receipt = client.send(&message).await?;
    assert_eq!(receipt.from.as_deref(), Some("+12125550111"));
    client.send(&message).await?;
    let lookups = scripted
        .requests()
        .iter()
        .filter(|request| request.path.contains("phone-number"))
        .count();
    assert_eq!(lookups, 1);
    let numbers: Vec<String> = client
        .sending_numbers()
        .await?
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(numbers, ["+12125550111", "+12125550112"]);
    scripted.numbers(&[("+18005550100", &["SmsSender"])]);
    let fault = crate::client(Provider::RingCentral, &scripted)
        .send(&message)
        .await
        .expect_err("no number");
    assert!(
        matches!(
            fault,
            SendError::NoSendingNumber {
                feature: "MmsSender"
            }
        ),
        "{fault}"
    );
    Ok(())
}

#[tokio::test]
async fn sinch_is_asked_again_after_the_four_codes_that_ask_for_it() -> Fallible {
    let scripted = ScriptedProvider::start().await?;
    let failure = |code: &str| {
        Act::answer(
            200,
            &format!(r#"{{"status":"failure","error-code":"{code}"}}"#),
        )
    };
    scripted.script(["E106", "E113", "E618", "E626"].map(failure));
    let start = Instant::now();
    let receipt = client(Provider::Sinch, &scripted)
        .send(&quick_message(Provider::Sinch, "x").await)
        .await?;
    assert_eq!(receipt.id, "MMS_1");
    // Nothing is said of the wait: 20 ms, doubled each time.
    assert!(start.elapsed() >= Duration::from_millis(20 + 40 + 80 + 160));
    assert_eq!(
        (scripted.requests().len(), scripted.accepted().len()),
        (5, 1)
    );
    // The fifth time it is over, and nothing was taken.
    scripted.script(["E106"; 9].map(failure));
    let fault = client(Provider::Sinch, &scripted)
        .send(&quick_message(Provider::Sinch, "y").await)
        .await
        .expect_err("too often");
    assert!(matches!(fault, SendError::RetryLater { .. }), "{fault}");
    assert_eq!(
        (scripted.requests().len(), scripted.accepted().len()),
        (10, 1)
    );
    Ok(())
}

#[tokio::test]
async fn nothing_else_is_ever_sent_twice() -> Fallible {
    for (provider, act) in [
        (
            Provider::RingCentral,
            Act::answer(400, r#"{"errorCode":"MSG-376"}"#),
        ),
        (
            Provider::RingCentral,
            Act::answer(429, r#"{"errorCode":"CMN-304"}"#),
        ),
        (Provider::RingCentral, Act::answer(500, "{}")),
        (Provider::RingCentral, Act::answer(503, "{}")),
        (
            Provider::Sinch,
            Act::answer(200, r#"{"status":"failure","error-code":"E503"}"#),
        ),
        (
            Provider::Sinch,
            Act::answer(200, r#"{"status":"failure","error-code":"E351"}"#),
        ),
        (Provider::Sinch, Act::answer(401, "{}")),
        (
            Provider::CarrierX,
            Act::answer(409, r#"{"errors":["conflict"]}"#),
        ),
        (Provider::CarrierX, Act::answer(401, "{}")),
        (Provider::CarrierX, Act::answer(502, "<html>")),
        (Provider::TsgGlobal, Act::answer(302, "")),
        (Provider::TsgGlobal, Act::AcceptAndSay(b"<html>".to_vec())),
        (
            Provider::CarrierX,
            Act::AcceptAndSay(b"{\"message_sid\":\"si".to_vec()),
        ),
        (Provider::TsgGlobal, Act::AcceptAndFlood(100_000_000)),
        (Provider::CarrierX, Act::AcceptAndFlood(1_048_577)),
    ] {
        let scripted = ScriptedProvider::start().await?;
        let said = format!("{provider} {act:?}");
        scripted.script([act]);
        let fault = client(provider, &scripted)
            .send(&quick_message(provider, "x").await)
            .await
            .expect_err("no receipt");
        let sent = scripted
            .requests()
            .iter()
            .filter(|request| request.path != "/restapi/oauth/token")
            .count();
        assert_eq!(sent, 1, "{said}: {fault}");
        if !scripted.accepted().is_empty() {
            assert!(!fault.may_resend(), "{said}: {fault}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_silent_provider_leaves_the_outcome_unknown_at_the_deadline() -> Fallible {
    for provider in Provider::ALL.iter().copied() {
        let scripted = ScriptedProvider::start().await?;
        scripted.script([Act::AcceptAndHang]);
        let start = Instant::now();
        let fault = client(provider, &scripted)
            .timeout(Duration::from_millis(700))
            .send(&quick_message(provider, "x").await)
            .await
            .expect_err("silence");
        assert!(
            matches!(
                fault,
                SendError::OutcomeUnknown {
                    why: Doubt::Timeout,
                    ..
                }
            ),
            "{fault}"
        );
        assert!(start.elapsed() >= Duration::from_millis(700));
        assert_eq!(scripted.accepted().len(), 1);
    }
    Ok(())
}

#[tokio::test]
async fn nobody_waits_for_anothers_token_or_number_beyond_the_own_deadline() -> Fallible {
    // Takes connections and never says a word.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let endpoint = format!("http://{}", silent.local_addr()?);
    let patient = Client::new(sender(Provider::RingCentral, Some(&endpoint)))
        .timeout(Duration::from_secs(20));
    let hasty = patient.clone().timeout(Duration::from_millis(500));
    let message = quick_message(Provider::RingCentral, "x").await;
    let (waiting, same) = (patient.clone(), message.clone());
    let first = tokio::spawn(async move { waiting.send(&same).await });
    let _held = silent.accept().await?;
    let fault = tokio::time::timeout(Duration::from_secs(10), hasty.send(&message))
        .await?
        .expect_err("the token is not there");
    let SendError::NotConnected { host, fault } = &fault else {
        panic!("{fault}");
    };
    assert!(matches!(fault, ConnectFault::Late), "{fault}");
    assert_eq!(host, "127.0.0.1");
    first.abort();
    Ok(())
}

#[tokio::test]
async fn no_patience_and_no_pause_is_too_long_for_a_client() -> Fallible {
    let scripted = ScriptedProvider::start().await?;
    let mut retry = RetryPolicy::default();
    retry.first_pause = Duration::MAX;
    retry.longest_pause = Duration::MAX;
    let client = client(Provider::RingCentral, &scripted)
        .timeout(Duration::MAX)
        .retry(retry);
    scripted.numbers(&[("+15162065575", &["MmsSender"])]);
    assert_eq!(client.sending_numbers().await?.len(), 1);
    let message = quick_message(Provider::RingCentral, "x").await;
    let receipt = client.send(&message).await?;
    client.status(&receipt.id).await?;
    // Half a day or more until the next try: it is waited for, not fallen over.
    scripted.script([Act::retry_after(429, "1", "{}")]);
    let message = quick_message(Provider::RingCentral, "y").await;
    let waiting = tokio::time::timeout(Duration::from_millis(300), client.send(&message));
    assert!(waiting.await.is_err());
    Ok(())
}

#[tokio::test]
async fn nothing_is_sent_inside_a_retry_after_and_a_long_one_ends_at_once() -> Fallible {
    let scripted = ScriptedProvider::start().await?;
    let client = client(Provider::CarrierX, &scripted);
    scripted.script([Act::retry_after(429, "1", "{}")]);
    let start = Instant::now();
    client
        .send(&quick_message(Provider::CarrierX, "one").await)
        .await?;
    assert!(
        start.elapsed() >= Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    scripted.script([Act::retry_after(503, "600", "{}")]);
    let start = Instant::now();
    for text in ["two", "three"] {
        let fault = client
            .send(&quick_message(Provider::CarrierX, text).await)
            .await
            .expect_err("the provider asks for ten minutes");
        let SendError::RetryLater { after, .. } = fault else {
            panic!("{fault}");
        };
        assert!(
            after > Duration::from_secs(590) && after <= Duration::from_secs(600),
            "{after:?}"
        );
    }
    assert!(start.elapsed() < Duration::from_secs(4));
    // The third message never reached the provider.
    assert_eq!(scripted.requests().len(), 3);
    Ok(())
}

#[tokio::test]
async fn an_unreachable_provider_is_tried_again_and_nothing_is_unknown() -> Fallible {
    // A port that was free a moment ago.
    let port = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await?
        .local_addr()?
        .port();
    for provider in Provider::ALL.iter().copied() {
        let endpoint = format!("http://127.0.0.1:{port}");
        let mut retry = RetryPolicy::default();
        retry.first_pause = Duration::from_millis(20);
        let start = Instant::now();
        let fault = Client::new(sender(provider, Some(&endpoint)))
            .retry(retry)
            .send(&quick_message(provider, "x").await)
            .await
            .expect_err("nobody listens");
        assert!(matches!(fault, SendError::NotConnected { .. }), "{fault}");
        assert!(fault.may_resend());
        // Four pauses of at least half of 20, 40, 80 and 160 ms.
        assert!(
            start.elapsed() >= Duration::from_millis(150),
            "{:?}",
            start.elapsed()
        );
    }
    let nowhere = sender(Provider::Sinch, Some("http://no-such-host.invalid"));
    let fault = Client::new(nowhere)
        .retry(RetryPolicy::never())
        .send(&quick_message(Provider::Sinch, "x").await)
        .await
        .expect_err("no such name");
    assert!(
        matches!(
            &fault,
            SendError::NotConnected {
                fault: ConnectFault::Name,
                ..
            }
        ),
        "{fault}"
    );
    let scripted = ScriptedProvider::start().await?;
    let tls = scripted.endpoint().replace("http:", "https:");
    let fault = Client::new(sender(Provider::CarrierX, Some(&tls)))
        .retry(RetryPolicy::never())
        .timeout(Duration::from_secs(2))
        .send(&quick_message(Provider::CarrierX, "x").await)
        .await
        .expect_err("no TLS there");
    assert!(matches!(fault, SendError::NotConnected { .. }), "{fault}");
    Ok(())
}

#[tokio::test]
async fn a_message_for_another_provider_is_refused_unsent() -> Fallible {
    let scripted = ScriptedProvider::start().await?;
    for provider in Provider::ALL.iter().copied() {
        for other in Provider::ALL
            .iter()
            .copied()
            .filter(|&other| other != provider)
        {
            let message = quick_message(other, "x").await;
            let fault = client(provider, &scripted)
                .send(&message)
                .await
                .expect_err("another's");
            assert!(matches!(fault, SendError::OtherProvider { .. }), "{fault}");
        }
    }
    assert_eq!(scripted.requests().len(), 0);
    Ok(())
}

#[tokio::test]
async fn progress_is_told_and_ends_with_the_whole() -> Fallible {
    let scripted = ScriptedProvider::start().await?;
    let (last, total) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (seen, whole) = (Arc::clone(&last), Arc::clone(&total));
    client(Provider::CarrierX, &scripted)
        .on_upload(move |upload| {
            seen.store(upload.written_bytes, Ordering::SeqCst);
            whole.store(upload.total_bytes, Ordering::SeqCst);
        })
        .send(&quick_message(Provider::CarrierX, "x").await)
        .await?;
    let body = scripted
        .requests()
        .first()
        .map_or(0, |request| request.body.len() as u64);
    assert_eq!(
        (last.load(Ordering::SeqCst), total.load(Ordering::SeqCst)),
        (body, body)
    );
    Ok(())
}

#[tokio::test]
async fn a_stub_records_what_would_have_gone_out() -> Fallible {
    let stub = Stub::new(CarrierX::new("key"));
    let message = quick_message(Provider::CarrierX, "order-1").await;
    let receipt = stub.send(&message)?;
    assert_eq!(receipt.id, "stub-order-1");
    let requests = stub.requests();
    let [request] = requests.as_slice() else {
        panic!("one request")
    };
    assert_eq!(
        request.uri().to_string(),
        "https://api.carrierx.com/core/v2/sms/messages"
    );
    assert!(!format!("{request:?}").contains("key"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_messages_keep_the_pace_and_the_memory_stays_flat() -> Fallible {
    const MESSAGES: usize = 1_000;
    const WINDOW: Duration = Duration::from_millis(400);
    let scripted = ScriptedProvider::start().await?;
    scripted.limit(100, WINDOW);
    let mut rules = quick(Provider::RingCentral);
    rules.sending.window_messages = assumed(100);
    rules.sending.window = assumed(Millis::new(400));
    let bundle = bundle_under(rules, vec![gif()]).await?;
    let folder = tempfile::tempdir()?;
    let ledger = mmsfit::send::Ledger::open(folder.path().join("ledger"))?;
    let client = client(Provider::RingCentral, &scripted)
        .timeout(Duration::from_secs(120))
        .ledger(ledger.clone());
    let start = Instant::now();
    let mut at_hundred = 0;
    let mut sending = tokio::task::JoinSet::new();
    for at in 0..MESSAGES {
        let message = plain(bundle.clone(), &format!("m{at}"))
            .client_reference(format!("m{at}"))
            .build()?;
        let client = client.clone();
        sending.spawn(async move { client.send(&message).await });
        if sending.len() >= 16 {
            sending.join_next().await.ok_or("one")???;
            scripted.forget_requests();
        }
        if at == 100 {
            at_hundred = resident_kib()?;
        }
    }
    while let Some(one) = sending.join_next().await {
        one??;
    }
    let grown = resident_kib()?.saturating_sub(at_hundred);
    let mut accepted = scripted.accepted();
    accepted.sort();
    accepted.dedup();
    assert_eq!(
        (accepted.len(), scripted.accepted().len()),
        (MESSAGES, MESSAGES)
    );
    // Ten windows' worth: the last one begins after nine have passed.
    assert!(start.elapsed() >= WINDOW * 9, "{:?}", start.elapsed());
    assert!(
        grown < 16 * 1_024,
        "{grown} KiB more after 1,000 messages than after 100"
    );
    assert_eq!(ledger.unknowns()?.len(), 0);
    assert_eq!(ledger.entries()?.len(), MESSAGES);
    crate::tell(&format!(
        "{MESSAGES} in {:?}, {grown} KiB grown, {} throttled",
        start.elapsed(),
        scripted.throttled()
    ));
    Ok(())
}

/// The resident set of this process, as Linux tells it.
fn resident_kib() -> Result<u64, Box<dyn std::error::Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .ok_or("VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
