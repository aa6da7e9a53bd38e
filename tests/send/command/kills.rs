//! The command killed at any moment: nothing is taken twice, nothing is lost, every doubt is listed.

use std::process::Stdio;
use std::time::Duration;

use super::{Desk, provider};
use crate::Fallible;

const MESSAGES: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_killed_at_any_moment_doubles_nothing_and_loses_nothing() -> Fallible {
    let (desk, scripted) = (Desk::new()?, provider().await?);
    let endpoint = scripted.endpoint();
    let (mut killed, mut taken, mut unknown) = (0, 0, 0);
    for at in 0..MESSAGES {
        let name = format!("m{at}");
        let words = [
            "send",
            "-p",
            "tsg-global",
            "--from",
            "+15162065575",
            "--to",
            "+15162065574",
            "--text",
            &name,
            "--client-reference",
            &name,
            "--endpoint",
            &endpoint,
            "--timeout",
            "20s",
            "--json",
            "pixel.gif",
        ];
        let mut child = desk
            .command(&words)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        // Moments from its start to its end, which differ from machine to machine: every third waits for the message.
        let begun = std::time::Instant::now();
        while at % 3 != 0
            && scripted.accepted_count(&name) == 0
            && begun.elapsed() < Duration::from_secs(20)
            && child.try_wait()?.is_none()
        {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        tokio::time::sleep(Duration::from_micros((at as u64 * 7_919) % 30_000)).await;
        if child.try_wait()?.is_none() {
            child.kill()?;
            killed += 1;
        }
        child.wait()?;
        // The user sends it again, as users do.
        let again = desk.run(&words).await?;
        let copies = scripted.accepted_count(&name);
        match again.code {
            Some(0) => {
                assert_eq!(copies, 1, "{name}: {again:?}");
                taken += 1;
            }
            Some(1) => {
                assert!(
                    copies <= 1 && again.out.contains("MMS702"),
                    "{name} {copies}: {again:?}"
                );
                unknown += 1;
            }
            _ => panic!("{name}: {again:?}"),
        }
    }
    let listed = desk
        .run(&["status", "--unknown", "--format", "jsonl"])
        .await?;
    assert_eq!(listed.out.lines().count(), unknown + 1, "{listed:?}");
    assert_eq!(taken + unknown, MESSAGES);
    assert!(killed >= MESSAGES / 4, "only {killed} were killed in time");
    crate::tell(&format!(
        "{killed} of {MESSAGES} commands killed: {taken} taken once, {unknown} unknown and listed, 0 twice, 0 lost"
    ));
    Ok(())
}
