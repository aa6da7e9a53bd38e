//! What ends before a message is sent, and how each is told.

use std::time::Duration;

use mmsfit::Provider;

use super::{Desk, KEYS, messages, provider, record, said};
use crate::Fallible;
use crate::provider::Act;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_shows_the_request_and_leaves_nothing_anywhere() -> Fallible {
    for provider in Provider::ALL.iter().copied() {
        let (desk, scripted) = (Desk::new()?, super::provider().await?);
        let mut more = vec![
            "--dry-run",
            "--media-dir",
            "media-dir",
            "--public-url",
            "https://mms.example.com",
            "pixel.gif",
        ];
        if provider == Provider::RingCentral {
            more.extend(["--from", "+15162065575"]);
        }
        let endpoint = scripted.endpoint();
        let shown = desk.send(provider, &endpoint, "Hi", &more).await?;
        assert_eq!(shown.code, Some(0), "{shown:?}");
        assert!(
            shown.out.contains(&format!("POST {endpoint}/")),
            "{shown:?}"
        );
        assert!(shown.out.contains("***"), "{shown:?}");
        assert!(scripted.requests().is_empty());
        let left: Vec<_> = std::fs::read_dir(desk.at("."))?.collect::<Result<_, _>>()?;
        assert_eq!(left.len(), 1, "{left:?}");
        // The keys need not be there to look at a request.
        more.push("--json");
        let mut command = desk.command(&[
            "send",
            "-p",
            provider.name(),
            "--from",
            "+15162065575",
            "--to",
            "+15162065574",
            "--no-fallback",
        ]);
        command.args(
            more.iter()
                .filter(|word| !word.starts_with("+1516") && **word != "--from"),
        );
        for (name, _) in KEYS {
            command.env_remove(name);
        }
        let shown = said(command).await?;
        assert_eq!(shown.code, Some(0), "{shown:?}");
        let request = record(&shown)["request"].as_str().map(str::to_owned);
        assert!(request.is_some_and(|request| request.starts_with("POST https://")));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn media_without_a_host_is_refused_with_the_flags_that_would_give_it_one() -> Fallible {
    for provider in [Provider::Sinch, Provider::CarrierX] {
        let (desk, scripted) = (Desk::new()?, super::provider().await?);
        let refused = desk
            .send(
                provider,
                &scripted.endpoint(),
                "Hi",
                &["--json", "pixel.gif"],
            )
            .await?;
        assert_eq!(refused.code, Some(1), "{refused:?}");
        let record = record(&refused);
        assert_eq!(record["result"], "refused");
        assert_eq!(
            record["findings"].as_array().map(Vec::len),
            Some(1),
            "{record:#}"
        );
        assert_eq!(record["findings"][0]["code"], "MMS608");
        let help = record["findings"][0]["help"].as_str().unwrap_or_default();
        for flag in [
            "--media-dir",
            "--public-url",
            "--media-store",
            "--carrierx-storage",
        ] {
            assert!(help.contains(flag), "{help}");
        }
        assert!(scripted.requests().is_empty());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_public_url_that_does_not_serve_the_media_stops_the_message() -> Fallible {
    let (desk, scripted) = (Desk::new()?, provider().await?);
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let public = format!("http://{nobody}");
    let host = [
        "--media-dir",
        "media-dir",
        "--public-url",
        &public,
        "--json",
        "pixel.gif",
    ];
    let mut more = vec!["--allow-net", "127.0.0.1"];
    more.extend(host);
    let refused = desk
        .send(Provider::Sinch, &scripted.endpoint(), "Hi", &more)
        .await?;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert_eq!(record(&refused)["findings"][0]["code"], "MMS503");
    // Nor is a message sent whose media would go out without TLS, unless the range is allowed.
    let refused = desk
        .send(Provider::Sinch, &scripted.endpoint(), "Hi", &host)
        .await?;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert_eq!(record(&refused)["findings"][0]["code"], "MMS501");
    assert!(scripted.requests().is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_and_numbers_that_break_a_rule_stop_the_message_before_anything_is_published()
-> Fallible {
    let (desk, scripted) = (Desk::new()?, provider().await?);
    let long = "a".repeat(5_001);
    let endpoint = scripted.endpoint();
    let words = [
        "send",
        "-p",
        "sinch",
        "--from",
        "12345",
        "--to",
        "not a number",
        "--text",
        &long,
        "--media-dir",
        "media-dir",
        "--public-url",
        "https://mms.example.com",
        "--endpoint",
        &endpoint,
        "--json",
        "pixel.gif",
    ];
    let refused = desk.run(&words).await?;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    let record = record(&refused);
    let codes: Vec<_> = record["findings"]
        .as_array()
        .map(|findings| {
            findings
                .iter()
                .filter_map(|finding| finding["code"].as_str())
                .collect()
        })
        .unwrap_or_default();
    assert!(
        codes.contains(&"MMS604") && codes.contains(&"MMS607"),
        "{codes:?}"
    );
    assert!(
        !desk.at("media-dir/media").exists()
            || desk.at("media-dir/media").read_dir()?.next().is_none()
    );
    assert!(scripted.requests().is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_key_an_unusable_endpoint_and_a_damaged_ledger_are_faults_of_the_surroundings()
-> Fallible {
    let (desk, scripted) = (Desk::new()?, provider().await?);
    let endpoint = scripted.endpoint();
    let words = [
        "send",
        "-p",
        "tsg-global",
        "--from",
        "+15162065575",
        "--to",
        "+15162065574",
        "--text",
        "Hi",
        "pixel.gif",
    ];
    let mut command = desk.command(&words);
    command.env_remove("MMSFIT_TSG_GLOBAL_API_KEY");
    let fault = said(command).await?;
    assert_eq!(fault.code, Some(2), "{fault:?}");
    assert!(
        fault.err.contains("MMSFIT_TSG_GLOBAL_API_KEY is not set") && fault.out.is_empty(),
        "{fault:?}"
    );

    let mut command = desk.command(&words);
    command.env(
        "MMSFIT_TSG_GLOBAL_ENDPOINT",
        "https://user:tsg-key@example.com",
    );
    let fault = said(command).await?;
    assert_eq!(fault.code, Some(2), "{fault:?}");
    assert!(
        fault.err.contains("MMSFIT_TSG_GLOBAL_ENDPOINT is unusable"),
        "{fault:?}"
    );

    std::fs::write(desk.at("ledger"), vec![7_u8; 70_000])?;
    let fault = desk
        .send(
            Provider::TsgGlobal,
            &endpoint,
            "Hi",
            &["--ledger", "ledger", "pixel.gif"],
        )
        .await?;
    assert_eq!(fault.code, Some(2), "{fault:?}");
    assert!(fault.err.contains("nothing was sent"), "{fault:?}");
    let fault = desk
        .send(
            Provider::TsgGlobal,
            &endpoint,
            "Hi",
            &["--ledger", "no/such/folder/ledger", "pixel.gif"],
        )
        .await?;
    assert_eq!(fault.code, Some(2), "{fault:?}");
    assert!(scripted.requests().is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_come_from_the_file_of_the_configuration_too() -> Fallible {
    let (desk, scripted) = (Desk::new()?, provider().await?);
    std::fs::write(
        desk.at("keys"),
        "# of the account\nMMSFIT_TSG_GLOBAL_API_KEY = \"tsg-key\"\n",
    )?;
    let config = format!(
        "provider = \"tsg-global\"\nfrom = \"+15162065575\"\nsecrets-file = \"keys\"\nendpoint = \"{}\"\nledger = \"sent\"\n",
        scripted.endpoint()
    );
    std::fs::write(desk.at("mmsfit.toml"), config)?;
    let words = [
        "send",
        "--config",
        "mmsfit.toml",
        "--to",
        "+15162065574",
        "--text",
        "Hi",
        "pixel.gif",
    ];
    let mut command = desk.command(&words);
    command.env_remove("MMSFIT_TSG_GLOBAL_API_KEY");
    let sent = said(command).await?;
    assert_eq!(sent.code, Some(0), "{sent:?}");
    assert_eq!(
        scripted.requests()[0].headers["authorization"],
        "Bearer tsg-key"
    );
    assert!(desk.at("sent").exists());
    // A line that is no key is told by its number alone.
    std::fs::write(desk.at("keys"), "tsg-key\n")?;
    let mut command = desk.command(&words);
    command.env_remove("MMSFIT_TSG_GLOBAL_API_KEY");
    let fault = said(command).await?;
    assert_eq!(fault.code, Some(2), "{fault:?}");
    assert!(fault.err.contains("keys, line 1"), "{fault:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_keys_and_a_provider_that_is_not_there_end_as_findings() -> Fallible {
    let (desk, scripted) = (Desk::new()?, provider().await?);
    let mut command = desk.command(&[
        "send",
        "-p",
        "ringcentral",
        "--from",
        "+15162065575",
        "--to",
        "+15162065574",
        "--endpoint",
        &scripted.endpoint(),
        "--json",
        "pixel.gif",
    ]);
    command.env("MMSFIT_RINGCENTRAL_JWT", "another");
    let refused = said(command).await?;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert_eq!(record(&refused)["findings"][0]["code"], "MMS701");
    assert_eq!(messages(&scripted), 0);

    let nobody = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let more = ["--timeout", "2s", "--json", "pixel.gif"];
    let refused = desk
        .send(
            Provider::TsgGlobal,
            &format!("http://{nobody}"),
            "Hi",
            &more,
        )
        .await?;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert_eq!(record(&refused)["findings"][0]["code"], "MMS703");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_inside_the_wait_that_a_provider_asked_for() -> Fallible {
    let (desk, scripted) = (Desk::new()?, provider().await?);
    scripted.script([Act::retry_after(429, "120", "{}")]);
    let endpoint = scripted.endpoint();
    for run in 0..3 {
        let begun = std::time::Instant::now();
        let refused = desk
            .send(
                Provider::TsgGlobal,
                &endpoint,
                "Hi",
                &["--timeout", "3s", "--json", "pixel.gif"],
            )
            .await?;
        assert_eq!(refused.code, Some(1), "{refused:?}");
        let finding = &record(&refused)["findings"][0];
        assert_eq!(finding["code"], "MMS703");
        assert!(
            finding["observed"]["retry_after_s"]
                .as_u64()
                .is_some_and(|wait| (100..=120).contains(&wait)),
            "{finding}"
        );
        assert_eq!(messages(&scripted), 1, "run {run}");
        assert!(begun.elapsed() < Duration::from_secs(20));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_stops_the_message_before_it_is_sent() -> Fallible {
    let (desk, scripted) = (Desk::new()?, provider().await?);
    let endpoint = scripted.endpoint();
    // A file may grow to so many blocks of 512 bytes, and the signal of the limit is ignored as a disk sends none.
    let run = |blocks: &str| {
        let words = [
            "send",
            "-p",
            "tsg-global",
            "--from",
            "+15162065575",
            "--to",
            "+15162065574",
            "--text",
            "Hi",
            "--client-reference",
            "Hi",
            "--endpoint",
            &endpoint,
            "pixel.gif",
        ];
        let inner = desk.command(&words);
        let mut command = std::process::Command::new("sh");
        command
            .arg("-c")
            .arg(format!(
                "trap '' XFSZ; ulimit -S -f {blocks}; exec \"$0\" \"$@\""
            ))
            .arg(env!("CARGO_BIN_EXE_mmsfit"))
            .args(words)
            .env_clear()
            .envs(
                inner
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .current_dir(desk.at("."))
            .stdin(std::process::Stdio::null());
        command
    };
    for blocks in ["0", "1", "64", "2000"] {
        let fault = said(run(blocks)).await?;
        assert_eq!(fault.code, Some(2), "{blocks}: {fault:?}");
        assert!(
            fault.err.contains("ledger") || fault.err.contains("sent.redb"),
            "{blocks}: {fault:?}"
        );
        assert!(fault.err.contains("help:"), "{blocks}: {fault:?}");
        assert_eq!(messages(&scripted), 0, "{blocks}");
    }
    // Room again: what was begun on the full disk does not stand in the way.
    let sent = said(run("unlimited")).await?;
    assert_eq!(sent.code, Some(0), "{sent:?}");
    assert_eq!(scripted.accepted(), ["Hi"]);
    Ok(())
}
