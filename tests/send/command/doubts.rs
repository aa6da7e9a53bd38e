//! What becomes of a message whose outcome is not known, and of one that is sent a second time.

use mmsfit::Provider;

use super::{Desk, messages, provider, record};
use crate::Fallible;
use crate::provider::Act;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_may_have_been_taken_is_listed_and_never_sent_again_until_it_is_settled()
-> Fallible {
    let (desk, scripted) = (Desk::new()?, provider().await?);
    let endpoint = scripted.endpoint();
    let tsg = Provider::TsgGlobal;
    let more = ["--timeout", "2s", "--json", "pixel.gif"];
    scripted.script([Act::AcceptAndHang, Act::AcceptAndSay(b"<html>".to_vec())]);
    for name in ["order-1", "order-2", "order-1", "order-2"] {
        let refused = desk.send(tsg, &endpoint, name, &more).await?;
        assert_eq!(refused.code, Some(1), "{refused:?}");
        let finding = &record(&refused)["findings"][0];
        assert_eq!(finding["code"], "MMS702", "{finding}");
        assert_eq!(finding["observed"]["client_reference"], name);
    }
    assert_eq!(scripted.accepted(), ["order-1", "order-2"]);

    let listed = desk.run(&["status", "--unknown"]).await?;
    assert_eq!(listed.code, Some(1), "{listed:?}");
    for name in ["order-1", "order-2"] {
        assert!(
            listed.out.contains(&format!("--settle {name}")),
            "{listed:?}"
        );
    }
    let settled = desk
        .run(&[
            "status",
            "-p",
            "tsg-global",
            "--settle",
            "order-1",
            "--accepted-as",
            "mid-1",
        ])
        .await?;
    assert_eq!(settled.code, Some(0), "{settled:?}");
    let settled = desk
        .run(&[
            "status",
            "-p",
            "tsg-global",
            "--settle",
            "order-2",
            "--json",
        ])
        .await?;
    assert_eq!(settled.code, Some(0), "{settled:?}");
    record(&settled);
    let again = desk
        .run(&["status", "-p", "tsg-global", "--settle", "order-2"])
        .await?;
    assert_eq!(again.code, Some(2), "{again:?}");
    let listed = desk.run(&["status", "--unknown"]).await?;
    assert_eq!(listed.code, Some(0), "{listed:?}");

    let known = desk.send(tsg, &endpoint, "order-1", &more).await?;
    assert_eq!(known.code, Some(0), "{known:?}");
    let receipt = &record(&known)["receipt"];
    assert_eq!(
        (&receipt["id"], &receipt["from_ledger"]),
        (&"mid-1".into(), &true.into())
    );
    let sent = desk.send(tsg, &endpoint, "order-2", &more).await?;
    assert_eq!(sent.code, Some(0), "{sent:?}");
    assert_eq!(record(&sent)["receipt"]["from_ledger"], false);
    assert_eq!(messages(&scripted), 3);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_reference_is_sent_once_and_another_message_under_it_is_refused() -> Fallible {
    let (desk, scripted) = (Desk::new()?, provider().await?);
    let endpoint = scripted.endpoint();
    let first = desk
        .send(Provider::TsgGlobal, &endpoint, "Hi", &["pixel.gif"])
        .await?;
    let second = desk
        .send(Provider::TsgGlobal, &endpoint, "Hi", &["pixel.gif"])
        .await?;
    assert_eq!((first.code, second.code), (Some(0), Some(0)));
    assert!(first.out.contains("\nsent: id mid-1-0"), "{first:?}");
    assert!(
        second.out.contains("\nsent before, not again: id mid-1-0"),
        "{second:?}"
    );
    let other = desk
        .run(&[
            "send",
            "-p",
            "tsg-global",
            "--from",
            "+15162065575",
            "--to",
            "+15162065576",
            "--text",
            "Hello",
            "--client-reference",
            "Hi",
            "--endpoint",
            &endpoint,
            "pixel.gif",
        ])
        .await?;
    assert_eq!(other.code, Some(2), "{other:?}");
    assert!(other.err.contains("\"Hi\""), "{other:?}");
    assert_eq!(messages(&scripted), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_the_provider_declines_is_told_in_the_providers_words() -> Fallible {
    let (desk, scripted) = (Desk::new()?, provider().await?);
    scripted.script([Act::answer(
        400,
        r#"{"errorCode":"MSG-348","message":"Unsupported content type"}"#,
    )]);
    let declined = desk
        .send(
            Provider::RingCentral,
            &scripted.endpoint(),
            "Hi",
            &["--json", "pixel.gif"],
        )
        .await?;
    assert_eq!(declined.code, Some(1), "{declined:?}");
    let record = record(&declined);
    assert_eq!(record["findings"][0]["code"], "MMS701");
    assert_eq!(record["findings"][0]["observed"]["codes"][0], "MSG-348");
    assert_eq!(record.get("receipt"), None);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_status_is_asked_where_there_is_such_a_call() -> Fallible {
    let (desk, scripted) = (Desk::new()?, provider().await?);
    let endpoint = scripted.endpoint();
    let ask = |provider: &'static str| {
        let (desk, endpoint) = (&desk, &endpoint);
        async move {
            desk.run(&[
                "status",
                "-p",
                provider,
                "--endpoint",
                endpoint,
                "4711",
                "--json",
            ])
            .await
        }
    };
    let delivered = ask("carrierx").await?;
    assert_eq!(delivered.code, Some(0), "{delivered:?}");
    assert_eq!(record(&delivered)["receipt"]["status"], "delivered");
    let failed = ask("ringcentral").await?;
    assert_eq!(failed.code, Some(1), "{failed:?}");
    let failed = record(&failed);
    assert_eq!(failed["receipt"]["failure"], "SMS-CAR-434");
    assert_eq!(failed["findings"][0]["code"], "MMS701");
    for provider in ["sinch", "tsg-global"] {
        let none = ask(provider).await?;
        assert_eq!(none.code, Some(2), "{none:?}");
        assert!(none.err.contains("mmsfit serve"), "{none:?}");
    }
    Ok(())
}
