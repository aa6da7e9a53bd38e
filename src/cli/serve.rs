//! `mmsfit serve`: the embedded server until SIGTERM or Ctrl-C.

use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use mmsfit::host::{FolderHost, Server, ServerReport};
use mmsfit::receive::{EventSink, ForwardReport, WebhookSecret};
use mmsfit::{HttpClient, Provider};
use url::Url;

use super::args::Serve;
use super::fault::Fault;
use super::text;

/// Where the server listens unless it is told otherwise: this machine alone.
const LISTEN: &str = "127.0.0.1:8080";
/// The file, in the media folder, of events that are posted on.
const SPOOL: &str = "events.jsonl";

/// Runs the subcommand.
pub(super) fn run(args: &Serve) -> Result<ExitCode, Fault> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|fault| Fault::of("cannot start the server", &fault, ""))?;
    runtime.block_on(serve(args))
}

async fn serve(args: &Serve) -> Result<ExitCode, Fault> {
    let example = "such as: --media-dir media --public-url https://mms.example.com";
    let folder = args
        .media_dir
        .as_deref()
        .ok_or_else(|| Fault::new("no --media-dir is given", example))?;
    let public = args
        .public_url
        .as_deref()
        .ok_or_else(|| Fault::new("no --public-url is given", example))?;
    let public =
        Url::parse(public).map_err(|fault| Fault::of("--public-url is no URL", &fault, example))?;
    let listen = match args.listen {
        Some(listen) => listen,
        None => LISTEN
            .parse()
            .map_err(|fault| Fault::of("no address to listen on", &fault, ""))?,
    };
    let secret = secret(args, listen)?;
    let host = FolderHost::new(folder, public).map_err(|fault| {
        Fault::of(
            "cannot host media",
            &fault,
            "check --media-dir and --public-url",
        )
    })?;
    let events = events(args.events.as_deref().unwrap_or("-"), folder)?;
    // Before the first callback can come: from here on no signal ends us in the middle.
    let end = end()?;
    let front = host.public_url().clone();
    let mut server = Server::bind(listen, host, events)
        .await
        .map_err(|fault| {
            Fault::of(
                format!("cannot listen on {listen}"),
                &fault,
                "give another --listen ADDR:PORT",
            )
        })?
        .report(tell);
    let guarded = secret.is_some();
    if let Some(secret) = secret {
        server = server.secret(secret);
    }
    say(&format!(
        "listening on http://{}; media: {front}media/; callbacks: {}; health: /healthz, /readyz",
        server.address(),
        Provider::ALL
            .iter()
            .map(|provider| format!("{front}callbacks/{}", provider.name()))
            .collect::<Vec<_>>()
            .join(", ")
    ));
    if !guarded {
        say("warning: callbacks are believed without a secret; give --webhook-secret-file FILE");
    }
    server.run(end).await;
    Ok(ExitCode::SUCCESS)
}

/// Without a secret only this machine may reach the server, unless that is said to be meant.
fn secret(args: &Serve, listen: SocketAddr) -> Result<Option<WebhookSecret>, Fault> {
    let help =
        "write a line of at least 16 characters into a file and give it by --webhook-secret-file";
    match &args.webhook_secret_file {
        Some(path) => WebhookSecret::from_file(path)
            .map(Some)
            .map_err(|fault| Fault::of("no webhook secret", &fault, help)),
        None if args.insecure || listen.ip().is_loopback() => Ok(None),
        None => Err(Fault::new(
            format!(
                "anyone who reaches {listen} could forge callbacks: there is no webhook secret"
            ),
            format!("{help}, or say --insecure"),
        )),
    }
}

fn events(to: &str, folder: &Path) -> Result<EventSink, Fault> {
    let help = "give --events FILE, - or URL";
    if to == "-" {
        return EventSink::stream(io::stdout())
            .map_err(|fault| Fault::of("cannot write events", &fault, help));
    }
    if to.starts_with("http://") || to.starts_with("https://") {
        let url = Url::parse(to).map_err(|fault| Fault::of("--events is no URL", &fault, help))?;
        let spool = folder.join(SPOOL);
        return EventSink::forward(&spool, url, Arc::new(HttpClient::new()), tell_forward)
            .map_err(|fault| Fault::of("cannot keep events", &fault, help));
    }
    EventSink::file(Path::new(to)).map_err(|fault| Fault::of("cannot keep events", &fault, help))
}

/// Resolves when the process is asked to end.
fn end() -> Result<impl Future<Output = ()>, Fault> {
    let fault = |fault: io::Error| Fault::of("cannot listen for signals", &fault, "");
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).map_err(fault)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(fault)?;
        Ok(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            say("ending: what is in flight is finished");
        })
    }
    #[cfg(not(unix))]
    {
        let _ = fault;
        Ok(async {
            // Without signals nothing can ask for the end.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}

fn tell(report: ServerReport) {
    match report {
        ServerReport::Unauthorised { provider } => say(&format!(
            "warning: a callback of {} without a valid secret was refused",
            provider.name()
        )),
        ServerReport::Unreadable { provider, fault } => say(&format!(
            "warning: a callback of {} cannot be read: {fault}",
            provider.name()
        )),
        ServerReport::NotKept { provider, fault } => say(&format!(
            "error: events of {} are not kept, the provider is told to come again: {}",
            provider.name(),
            chain(&fault)
        )),
        ServerReport::Swept(swept) => say(&format!(
            "{} files of media past their time were deleted",
            swept.deleted
        )),
        ServerReport::NotSwept(fault) => say(&format!(
            "error: media past its time is not deleted: {}",
            chain(&fault)
        )),
        ServerReport::NotAccepted(fault) => {
            say(&format!("error: a connection could not be taken: {fault}"));
        }
        ServerReport::CutOff { connections } => say(&format!(
            "warning: {connections} connections were cut off in the end"
        )),
        _ => {}
    }
}

fn tell_forward(report: ForwardReport) {
    match report {
        ForwardReport::Refused {
            event_id,
            status,
            again_in,
        } => say(&format!(
            "warning: event {event_id} was answered with {status}; posted again in {} ms",
            again_in.as_millis()
        )),
        ForwardReport::Unreachable {
            event_id,
            source,
            again_in,
        } => say(&format!(
            "warning: event {event_id} could not be posted: {}; posted again in {} ms",
            chain(&source),
            again_in.as_millis()
        )),
        ForwardReport::Spool { source } => say(&format!("error: events.jsonl: {source}")),
        _ => {}
    }
}

fn chain(fault: &dyn Error) -> String {
    let mut text = fault.to_string();
    let mut cause = fault.source();
    while let Some(source) = cause {
        text.push_str(": ");
        text.push_str(&source.to_string());
        cause = source.source();
    }
    text
}

/// One line on standard error. There is nowhere left to say that standard error is closed.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{}", text::escaped(line));
}
