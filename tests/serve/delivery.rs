//! Events kept: on the disk before the answer, each once, through faults and restarts.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use mmsfit::receive::{
    Callback, Event, EventSink, ForwardReport, JournalFault, Received, SinkFault, receive,
};
use mmsfit::{HttpClient, Provider};
use serde_json::{Value, json};

use crate::Outcome;
use crate::server::{Request, Server, Step};

fn event(id: &str, code: &str) -> Result<Event, Box<dyn std::error::Error>> {
    let body = json!({"tracking-id": id, "code": code, "to": "15551230001"}).to_string();
    let callback = Callback {
        headers: &HeaderMap::new(),
        query: None,
        body: body.as_bytes(),
    };
    match receive(Provider::Sinch, &callback)? {
        Received::Events(events) => Ok(events.into_iter().next().ok_or("no event")?),
        other => Err(format!("{other:?}").into()),
    }
}

/// Of each line of a file: id, word, and whether it came after a later one.
fn lines(path: &Path) -> io::Result<Vec<(String, String, bool)>> {
    let text = fs::read_to_string(path)?;
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line)?;
            let word = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            Ok((
                word("id"),
                word("provider_status"),
                line["superseded"] == json!(true),
            ))
        })
        .collect()
}

fn shown(id: &str, code: &str, superseded: bool) -> (String, String, bool) {
    (id.to_owned(), code.to_owned(), superseded)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repetitions_are_kept_once_and_late_events_are_marked() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("events.jsonl");
    let sink = EventSink::file(&path)?;
    let first = sink
        .keep(vec![event("a", "N101")?, event("a", "N102")?])
        .await?;
    assert_eq!((first.new, first.known), (2, 0));
    for _ in 0..1_000 {
        let again = sink.keep(vec![event("a", "N102")?]).await?;
        assert_eq!((again.new, again.known), (0, 1));
    }
    // One callback that says the same twice, and one that comes late.
    let twice = sink
        .keep(vec![event("b", "N102")?, event("b", "N102")?])
        .await?;
    assert_eq!((twice.new, twice.known), (1, 1));
    sink.keep(vec![
        event("b", "N101")?,
        event("a", "N777")?,
        event("b", "E101")?,
    ])
    .await?;
    drop(sink);
    let expected = vec![
        shown("a", "N101", false),
        shown("a", "N102", false),
        shown("b", "N102", false),
        shown("b", "N101", true),
        shown("a", "N777", false),
        shown("b", "E101", false),
    ];
    assert_eq!(lines(&path)?, expected);
    // A new process knows what the old one kept.
    let sink = reopened(&path).await?;
    let again = sink
        .keep(vec![event("a", "N102")?, event("b", "N101")?])
        .await?;
    assert_eq!((again.new, again.known), (0, 2));
    sink.keep(vec![event("a", "N013")?]).await?;
    assert_eq!(lines(&path)?.last(), Some(&shown("a", "N013", true)));
    Ok(())
}

/// Opens a file whose last user is about to let it go.
async fn reopened(path: &Path) -> Result<EventSink, JournalFault> {
    for _ in 0..200 {
        match EventSink::file(path) {
            Err(JournalFault::InUse { .. }) => tokio::time::sleep(Duration::from_millis(10)).await,
            other => return other,
        }
    }
    EventSink::file(path)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_callbacks_at_once_are_all_kept_whole() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("events.jsonl");
    let sink = EventSink::file(&path)?;
    let mut tasks = Vec::new();
    for at in 0..500 {
        let (sink, event) = (sink.clone(), event(&format!("m{at}"), "N102")?);
        tasks.push(tokio::spawn(async move { sink.keep(vec![event]).await }));
    }
    for task in tasks {
        assert_eq!(task.await??.new, 1);
    }
    let mut ids: Vec<String> = lines(&path)?.into_iter().map(|line| line.0).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 500);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_was_never_finished_is_cut_off_at_every_length() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("events.jsonl");
    let (whole, torn) = (
        event("a", "N101")?.line(false),
        event("b", "N101")?.line(false),
    );
    for length in 0..torn.len() {
        fs::write(&path, format!("{whole}{}", &torn[..length]))?;
        let sink = reopened(&path).await?;
        assert_eq!(
            sink.keep(vec![event("a", "N101")?]).await?.known,
            1,
            "{length}"
        );
        assert_eq!(
            sink.keep(vec![event("b", "N101")?]).await?.new,
            1,
            "{length}"
        );
        drop(sink);
        assert_eq!(
            fs::read_to_string(&path)?,
            format!("{whole}{torn}"),
            "{length}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_something_else_is_refused_and_left_as_it_is() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("events.jsonl");
    let good = event("a", "N101")?.line(false);
    for (text, line) in [
        ("my notes\n".to_owned(), 1),
        ("my notes".to_owned(), 1),
        ("{\"schema\":\"mms-report/1\"}\n".to_owned(), 1),
        ("{\"schema\":\"mms-report/1\"".to_owned(), 1),
        (format!("{good}\n{good}"), 2),
        (format!("{good}{}\n{good}", &good[..40]), 2),
        (format!("{good}{}", good.replace("sinch", "pigeon")), 2),
        (format!("{good}\u{0}"), 2),
    ] {
        fs::write(&path, &text)?;
        match EventSink::file(&path) {
            Err(JournalFault::Foreign { line: found, .. }) => assert_eq!(found, line, "{text}"),
            other => return Err(format!("{text}: {other:?}").into()),
        }
        assert_eq!(fs::read_to_string(&path)?, text);
    }
    assert!(matches!(
        EventSink::file(folder.path()),
        Err(JournalFault::Io { .. })
    ));
    assert!(matches!(
        EventSink::file(Path::new("/dev/null")),
        Err(JournalFault::Io { .. })
    ));
    fs::remove_file(&path)?;
    let _held = EventSink::file(&path)?;
    assert!(matches!(
        EventSink::file(&path),
        Err(JournalFault::InUse { .. })
    ));
    Ok(())
}

/// A stream that is full until it is emptied.
#[derive(Clone, Default)]
struct Full(Arc<Mutex<(bool, Vec<u8>)>>);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        inner.1.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_could_not_be_written_is_not_known_when_it_comes_again() -> Outcome {
    let stream = Full::default();
    let sink = EventSink::stream(stream.clone())?;
    let full = |full| stream.0.lock().unwrap_or_else(PoisonError::into_inner).0 = full;
    full(true);
    for _ in 0..3 {
        let fault = sink
            .keep(vec![event("a", "N101")?])
            .await
            .err()
            .ok_or("kept")?;
        assert!(
            matches!(&fault, SinkFault::Write { source } if source.kind() == io::ErrorKind::StorageFull)
        );
    }
    full(false);
    assert_eq!(sink.keep(vec![event("a", "N101")?]).await?.new, 1);
    let written = stream
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .1
        .clone();
    assert_eq!(String::from_utf8(written)?, event("a", "N101")?.line(false));
    Ok(())
}

/// The bodies that a receiver took: those that it answered with 200.
type Taken = Arc<Mutex<Vec<String>>>;

/// A receiver that answers with these statuses in turn, then always with 200.
async fn receiver(statuses: Vec<&'static str>) -> io::Result<(Server, Taken)> {
    let taken = Taken::default();
    let (kept, left) = (Arc::clone(&taken), Mutex::new(statuses.into_iter()));
    let server = Server::plain(move |request: &Request| {
        let status = left
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .next()
            .unwrap_or("200 OK");
        let key = request.raw.lines().find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("idempotency-key: ")
                .map(str::to_owned)
        });
        if status == "200 OK" {
            kept.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(key.unwrap_or_default());
        }
        if status == "break" {
            return vec![Step::Wait(Duration::from_millis(20))];
        }
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        // The body has to be read before the connection may be closed: it is short, and here by then.
        vec![
            Step::Send(answer.into_bytes()),
            Step::Wait(Duration::from_millis(30)),
        ]
    })
    .await?;
    Ok((server, taken))
}

/// Waits until the receiver has taken this many.
async fn took(taken: &Taken, count: usize) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    for _ in 0..2_000 {
        let found = taken.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if found.len() >= count {
            return Ok(found);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Err(format!(
        "only {:?}",
        taken.lock().unwrap_or_else(PoisonError::into_inner)
    )
    .into())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_posted_on_in_order_until_they_are_taken() -> Outcome {
    let folder = tempfile::tempdir()?;
    let spool = folder.path().join("events.jsonl");
    let (server, taken) = receiver(vec![
        "503 Busy",
        "200 OK",
        "404 Not Found",
        "break",
        "200 OK",
    ])
    .await?;
    let reports = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&reports);
    let sink = EventSink::forward(
        &spool,
        server.url("/in?token=secret").parse()?,
        Arc::new(HttpClient::new()),
        move |report| {
            let word = match report {
                ForwardReport::Refused { status, .. } => status.to_string(),
                ForwardReport::Unreachable { .. } => "unreachable".to_owned(),
                ForwardReport::Drained => "drained".to_owned(),
                other => format!("{other:?}"),
            };
            told.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(word);
        },
    )?;
    let mut expected = Vec::new();
    for at in 0..4 {
        let event = event(&format!("m{at}"), "N102")?;
        expected.push(event.event_id.clone());
        // Kept at once, however long it takes to post it on.
        let kept =
            tokio::time::timeout(Duration::from_millis(2_000), sink.keep(vec![event])).await??;
        assert_eq!(kept.new, 1);
    }
    assert_eq!(took(&taken, 4).await?, expected);
    assert_eq!(server.requests().len(), 7);
    assert!(
        server
            .requests()
            .iter()
            .all(|request| request.path == "/in?token=secret")
    );
    let reports = reports
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let refusals: Vec<&str> = reports
        .iter()
        .map(String::as_str)
        .filter(|word| *word != "drained")
        .collect();
    assert_eq!(refusals, ["503", "404", "unreachable"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posting_on_goes_on_where_the_last_run_ended() -> Outcome {
    let folder = tempfile::tempdir()?;
    let spool = folder.path().join("events.jsonl");
    let mark = folder.path().join("events.jsonl.posted");
    let (server, taken) = receiver(Vec::new()).await?;
    let url: url::Url = server.url("/in").parse()?;
    let three = [
        event("a", "N102")?,
        event("b", "N102")?,
        event("c", "N102")?,
    ];
    let ids: Vec<String> = three.iter().map(|event| event.event_id.clone()).collect();
    let all: String = three.iter().map(|event| event.line(false)).collect();
    let first = three[0].line(false).len();
    for (posted, expected) in [
        (Some(first.to_string()), &ids[1..]),
        (Some(all.len().to_string()), &[][..]),
        (None, &ids[..]),
        // A mark that cannot be: everything again rather than anything never.
        (Some((first + 1).to_string()), &ids[..]),
        (Some("999999999".to_owned()), &ids[..]),
        (Some("garbage".to_owned()), &ids[..]),
        (Some(u64::MAX.to_string()), &ids[..]),
    ] {
        let spool = folder
            .path()
            .join(format!("{}.jsonl", posted.clone().unwrap_or_default()));
        let mark = folder.path().join(format!(
            "{}.jsonl.posted",
            posted.clone().unwrap_or_default()
        ));
        fs::write(&spool, &all)?;
        if let Some(posted) = &posted {
            fs::write(&mark, posted)?;
        }
        taken.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let client = Arc::new(HttpClient::new());
        let sink = EventSink::forward(&spool, url.clone(), client, |_| {})?;
        let last = event("last", "N102")?;
        let last_id = last.event_id.clone();
        sink.keep(vec![last]).await?;
        let found = took(&taken, expected.len() + 1).await?;
        let expected: Vec<String> = expected.iter().cloned().chain([last_id]).collect();
        assert_eq!(found, expected, "{posted:?}");
    }
    assert!(!spool.exists() && !mark.exists());
    Ok(())
}
