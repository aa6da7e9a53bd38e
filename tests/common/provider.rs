//! A provider that follows a script: it speaks the four wire formats, keeps a ledger of what it accepted, and fails on
//! demand at any byte of the request or of its reply.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// What the provider does with one message request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Takes it and says so.
    Accept,
    /// Takes it, says so, and breaks the connection after so many bytes of the reply.
    AcceptAndCut(usize),
    /// Breaks the connection after it has read so many bytes of the request, head included.
    CutRequest(usize),
    /// Takes it and says nothing until the client has gone.
    AcceptAndHang,
    /// Answers without taking it.
    Answer {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    },
    /// Takes it and answers with this body in a 200.
    AcceptAndSay(Vec<u8>),
    /// Takes it and answers 200 with a body of so many bytes of white space.
    AcceptAndFlood(usize),
}

impl Act {
    pub(crate) fn answer(status: u16, body: &str) -> Self {
        Self::Answer {
            status,
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
        }
    }

    pub(crate) fn retry_after(status: u16, seconds: &str, body: &str) -> Self {
        Self::Answer {
            status,
            headers: vec![("Retry-After", seconds.to_owned())],
            body: body.as_bytes().to_vec(),
        }
    }
}

#[derive(Default)]
struct Log {
    script: VecDeque<Act>,
    token_script: VecDeque<Act>,
    /// The text of each message that was taken, as often as it was.
    accepted: Vec<String>,
    requests: Vec<Received>,
    tokens: usize,
    /// Tokens up to this one are refused.
    expired: usize,
    arrivals: VecDeque<Instant>,
    limit: Option<(usize, Duration)>,
    throttled: usize,
    reply_bytes: usize,
    id_padding: usize,
    features: Vec<(String, Vec<String>)>,
    drop_parts: usize,
    /// What was uploaded to CarrierX's storage: type and bytes.
    stored: Vec<(String, Vec<u8>)>,
}

/// A provider on loopback. It ends with its runtime.
#[derive(Clone)]
pub(crate) struct ScriptedProvider {
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<Log>>,
}

impl ScriptedProvider {
    pub(crate) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let provider = Self {
            address: listener.local_addr()?,
            log: Arc::default(),
        };
        let serving = provider.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = serving.clone();
                tokio::spawn(async move {
                    // Connections that break are what these tests are about.
                    let _ = serving.serve(stream).await;
                });
            }
        });
        Ok(provider)
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What is done with the next message requests, one each; afterwards all are accepted.
    pub(crate) fn script(&self, acts: impl IntoIterator<Item = Act>) {
        self.log().script = acts.into_iter().collect();
    }

    /// The same for token requests.
    pub(crate) fn token_script(&self, acts: impl IntoIterator<Item = Act>) {
        self.log().token_script = acts.into_iter().collect();
    }

    /// The numbers of the account with their features.
    pub(crate) fn numbers(&self, numbers: &[(&str, &[&str])]) {
        self.log().features = numbers
            .iter()
            .map(|(number, features)| {
                let features = features.iter().map(|&feature| feature.to_owned()).collect();
                ((*number).to_owned(), features)
            })
            .collect();
    }

    /// Answers 429 to what comes faster than this.
    pub(crate) fn limit(&self, most: usize, window: Duration) {
        self.log().limit = Some((most, window));
    }

    /// Lists so many parts fewer than were sent.
    pub(crate) fn drop_parts(&self, parts: usize) {
        self.log().drop_parts = parts;
    }

    pub(crate) fn accepted(&self) -> Vec<String> {
        self.log().accepted.clone()
    }

    pub(crate) fn accepted_count(&self, text: &str) -> usize {
        let log = self.log();
        log.accepted.iter().filter(|taken| *taken == text).count()
    }

    pub(crate) fn requests(&self) -> Vec<Received> {
        self.log().requests.clone()
    }

    /// Forgets the bodies of what came, so that long runs stay small.
    pub(crate) fn forget_requests(&self) {
        self.log().requests.clear();
    }

    pub(crate) fn tokens(&self) -> usize {
        self.log().tokens
    }

    /// Refuses every token that was lent so far.
    pub(crate) fn expire_tokens(&self) {
        let mut log = self.log();
        log.expired = log.tokens;
    }

    /// Makes CarrierX's ids longer by so many digits.
    pub(crate) fn pad_ids(&self, digits: usize) {
        self.log().id_padding = digits;
    }

    /// The length of the last yes, its head included.
    pub(crate) fn reply_bytes(&self) -> usize {
        self.log().reply_bytes
    }

    pub(crate) fn throttled(&self) -> usize {
        self.log().throttled
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        // Whether the next request is one for a message is known only once it is read; a cut of a request is planned for
        // the next connection, as tests send nothing else meanwhile.
        let planned = match self.log().script.front() {
            Some(Act::CutRequest(bytes)) => Some(*bytes),
            _ => None,
        };
        if let Some(bytes) = planned {
            self.log().script.pop_front();
            return cut(stream, bytes).await;
        }
        let request = read_request(&mut stream).await?;
        let path = request
            .path
            .split('?')
            .next()
            .unwrap_or_default()
            .to_owned();
        {
            let mut log = self.log();
            if log.requests.len() < 2_000 {
                log.requests.push(request.clone());
            }
        }
        let reply = match (request.method.as_str(), path.as_str()) {
            ("POST", "/restapi/oauth/token") => self.token(&request),
            ("GET", "/restapi/v1.0/account/~/extension/~/phone-number") => self.phone_numbers(),
            ("POST", "/core/v2/storage/files") => self.store(&request),
            ("GET" | "HEAD", path) if path.starts_with("/stored/") => self.stored(&request),
            ("POST", _) => return self.message(stream, &request, &path).await,
            ("GET", _) => status(&path),
            ("PATCH", _) => ok(&json!({})),
            _ => reply(405, &[], b""),
        };
        finish(stream, &reply).await
    }

    fn token(&self, request: &Received) -> Vec<u8> {
        let mut log = self.log();
        if let Some(Act::Answer {
            status,
            headers,
            body,
        }) = log.token_script.pop_front()
        {
            return reply(status, &headers, &body);
        }
        let form = String::from_utf8_lossy(&request.body);
        // Basic base64("client-id:client-secret")
        let is_known = request.headers.get("authorization").map(String::as_str)
            == Some("Basic Y2xpZW50LWlkOmNsaWVudC1zZWNyZXQ=")
            && form.contains("assertion=the-jwt");
        if !is_known {
            return reply(
                401,
                &[],
                br#"{"error":"invalid_client","error_description":"no"}"#,
            );
        }
        log.tokens += 1;
        let token = format!("token-{}", log.tokens);
        ok(
            &json!({"access_token": token, "token_type": "bearer", "expires_in": 3600, "scope": "SMS"}),
        )
    }

    /// Core API v2: `file_object` and `data`; the answer names where the file is published.
    fn store(&self, request: &Received) -> Vec<u8> {
        let parts = request
            .headers
            .get("content-type")
            .and_then(|kind| kind.split_once("boundary="))
            .map(|(_, boundary)| form_parts(&request.body, boundary));
        let Some([_, (head, data)]) = parts.as_deref() else {
            return reply(400, &[], b"{}");
        };
        let kind = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Type: "))
            .unwrap_or_default();
        let mut log = self.log();
        log.stored.push((kind.to_owned(), data.clone()));
        let at = log.stored.len() - 1;
        let file = json!({"file_sid": format!("file-{at}"), "publish": "file_name", "publish_uri": format!("{}/stored/{at}", self.endpoint())});
        reply(201, &[], file.to_string().as_bytes())
    }

    fn stored(&self, request: &Received) -> Vec<u8> {
        let at = request.path.trim_start_matches("/stored/").parse::<usize>();
        let log = self.log();
        let Some((kind, bytes)) = at.ok().and_then(|at| log.stored.get(at)) else {
            return reply(404, &[], b"");
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            bytes.len()
        );
        let mut answer = head.into_bytes();
        if request.method == "GET" {
            answer.extend_from_slice(bytes);
        }
        answer
    }

    fn phone_numbers(&self) -> Vec<u8> {
        let records: Vec<Value> = self
            .log()
            .features
            .iter()
            .map(|(number, features)| json!({"phoneNumber": number, "features": features}))
            .collect();
        ok(&json!({ "records": records }))
    }

    async fn message(&self, stream: TcpStream, request: &Received, path: &str) -> io::Result<()> {
        if self.is_too_fast() {
            let body = br#"{"errorCode":"CMN-301","message":"Request rate exceeded"}"#;
            return finish(
                stream,
                &reply(429, &[("Retry-After", "1".to_owned())], body),
            )
            .await;
        }
        let token = request
            .headers
            .get("authorization")
            .and_then(|value| value.strip_prefix("Bearer token-")?.parse::<usize>().ok());
        if token.is_some_and(|token| token <= self.log().expired) {
            let body = br#"{"errorCode":"OAU-128","message":"Access token expired"}"#;
            return finish(stream, &reply(401, &[], body)).await;
        }
        let act = self.log().script.pop_front().unwrap_or(Act::Accept);
        if let Act::Answer {
            status,
            headers,
            body,
        } = &act
        {
            return finish(stream, &reply(*status, headers, body)).await;
        }
        let Some((text, answer)) = self.understand(request, path) else {
            return finish(stream, &reply(400, &[], b"not understood")).await;
        };
        // From here on the message is taken, whatever the client hears of it.
        self.log().accepted.push(text);
        let whole = ok(&answer);
        self.log().reply_bytes = whole.len();
        match act {
            Act::AcceptAndCut(bytes) => {
                let mut stream = stream;
                stream
                    .write_all(whole.get(..bytes).unwrap_or(&whole))
                    .await?;
                stream.flush().await?;
                stream.shutdown().await
            }
            Act::AcceptAndHang => {
                let mut stream = stream;
                let mut rest = [0; 64];
                while stream.read(&mut rest).await? > 0 {}
                Ok(())
            }
            Act::AcceptAndSay(body) => finish(stream, &reply(200, &[], &body)).await,
            Act::AcceptAndFlood(bytes) => {
                let mut stream = stream;
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {bytes}\r\n\r\n");
                stream.write_all(head.as_bytes()).await?;
                let chunk = vec![b' '; 65_536];
                let mut left = bytes;
                while left > 0 {
                    let now = left.min(chunk.len());
                    stream
                        .write_all(chunk.get(..now).unwrap_or_default())
                        .await?;
                    left -= now;
                }
                stream.shutdown().await
            }
            _ => finish(stream, &whole).await,
        }
    }

    fn is_too_fast(&self) -> bool {
        let mut log = self.log();
        let Some((most, window)) = log.limit else {
            return false;
        };
        let now = Instant::now();
        while log
            .arrivals
            .front()
            .is_some_and(|&came| now - came >= window)
        {
            log.arrivals.pop_front();
        }
        if log.arrivals.len() >= most {
            log.throttled += 1;
            return true;
        }
        log.arrivals.push_back(now);
        false
    }

    /// The text of the message, and the answer of the founding documents.
    fn understand(&self, request: &Received, path: &str) -> Option<(String, Value)> {
        let (id, padding) = {
            let log = self.log();
            (log.accepted.len() + 1, "0".repeat(log.id_padding))
        };
        match path {
            "/restapi/v1.0/account/~/extension/~/mms" => {
                let envelope = first_part(request)?;
                let text = envelope.get("text")?.as_str()?.to_owned();
                let to: Vec<Value> = envelope
                    .get("to")?
                    .as_array()?
                    .iter()
                    .map(|to| json!({"phoneNumber": to.get("phoneNumber"), "messageStatus": "Queued"}))
                    .collect();
                Some((
                    text,
                    json!({"id": id, "uri": "https://example.invalid/", "to": to,
                    "from": envelope.get("from"), "type": "SMS", "messageStatus": "Queued"}),
                ))
            }
            "/ep/v2/" => {
                let body: Value = serde_json::from_slice(&request.body).ok()?;
                let text = body.pointer("/slide/0/message-text")?.as_str()?.to_owned();
                Some((
                    text,
                    json!({"status": "success", "to": body.get("to"), "tracking-id": format!("MMS_{id}"),
                    "status-details": "MMS request accepted and queued for processing and delivery."}),
                ))
            }
            "/core/v2/sms/messages" => {
                let body: Value = serde_json::from_slice(&request.body).ok()?;
                let text = body.get("message")?.as_str()?.to_owned();
                Some((
                    text.clone(),
                    json!({"direction": "outbound", "from": body.get("from"),
                    "group_recipients": body.get("group_recipients").unwrap_or(&json!([])),
                    "media_urls": body.get("media_urls"), "message": text, "message_segments": 1,
                    "message_sid": format!("sid-{id}{padding}"), "price": null, "status": "queued",
                    "to": body.get("to"), "type": "mms", "user_data": body.get("user_data")}),
                ))
            }
            "/mms" => {
                let body: Value = serde_json::from_slice(&request.body).ok()?;
                let attributes = body.pointer("/data/attributes")?;
                let parts = attributes.get("parts")?.as_array()?;
                let text = parts.first()?.get("body")?.as_str()?.to_owned();
                let messages: Vec<Value> = attributes
                    .get("to")?
                    .as_array()?
                    .iter()
                    .enumerate()
                    .map(|(at, to)| json!({"message_id": format!("mid-{id}-{at}"), "to": to}))
                    .collect();
                let kept = parts.len() - self.log().drop_parts.min(parts.len());
                let listed: Vec<Value> = parts
                    .iter()
                    .take(kept)
                    .map(|part| json!({"kind": part.get("kind"), "content_length": "11"}))
                    .collect();
                Some((
                    text,
                    json!({"data": {"id": body.pointer("/data/id"), "type": "mms-forward-res",
                    "attributes": {"transaction_id": attributes.get("transaction_id"), "messages": messages,
                    "parts": listed, "headers": {}}}}),
                ))
            }
            _ => None,
        }
    }
}

/// The parts of a form: head and content each.
fn form_parts(body: &[u8], boundary: &str) -> Vec<(String, Vec<u8>)> {
    let delimiter = format!("--{boundary}").into_bytes();
    let find = |from: usize, wanted: &[u8]| {
        body.get(from..)?
            .windows(wanted.len())
            .position(|window| window == wanted)
            .map(|at| from + at)
    };
    let mut parts = Vec::new();
    let mut from = 0;
    while let Some(start) = find(from, &delimiter) {
        let start = start + delimiter.len() + 2;
        let (Some(head), Some(end)) = (find(start, b"\r\n\r\n"), find(start, &delimiter)) else {
            break;
        };
        if let (Some(head_text), Some(content)) =
            (body.get(start..head), body.get(head + 4..end - 2))
        {
            parts.push((
                String::from_utf8_lossy(head_text).into_owned(),
                content.to_vec(),
            ));
        }
        from = end;
    }
    parts
}

/// The JSON of a multipart request's first part.
fn first_part(request: &Received) -> Option<Value> {
    let kind = request.headers.get("content-type")?;
    let boundary = kind.split_once("boundary=")?.1;
    let text = String::from_utf8_lossy(&request.body);
    let part = text.split(&format!("--{boundary}")).nth(1)?;
    let json = part.split_once("\r\n\r\n")?.1;
    serde_json::from_str(json.trim_end()).ok()
}

fn status(path: &str) -> Vec<u8> {
    let id = path.rsplit('/').next().unwrap_or_default();
    if path.starts_with("/core/v2/sms/messages/") {
        return ok(
            &json!({"message_sid": id, "status": "delivered", "from": "15162065575",
            "to": "15162065574", "user_data": null}),
        );
    }
    if path.contains("/message-store/") {
        return ok(
            &json!({"id": id, "messageStatus": "SendingFailed", "deliveryErrorCode": "SMS-CAR-434",
            "to": [{"phoneNumber": "+15551230001", "messageStatus": "SendingFailed"}]}),
        );
    }
    reply(404, &[], b"{}")
}

fn ok(body: &Value) -> Vec<u8> {
    reply(200, &[], body.to_string().as_bytes())
}

fn reply(status: u16, headers: &[(&'static str, String)], body: &[u8]) -> Vec<u8> {
    let mut head = format!(
        "HTTP/1.1 {status} Scripted\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

async fn finish(mut stream: TcpStream, reply: &[u8]) -> io::Result<()> {
    stream.write_all(reply).await?;
    stream.flush().await?;
    stream.shutdown().await
}

/// Reads so many bytes, then breaks the connection (RST).
async fn cut(mut stream: TcpStream, bytes: usize) -> io::Result<()> {
    let mut left = vec![0; bytes];
    if bytes > 0 {
        let _ = stream.read_exact(&mut left).await;
    }
    stream.set_zero_linger()
}

async fn read_request(stream: &mut TcpStream) -> io::Result<Received> {
    let mut raw = Vec::new();
    let mut chunk = vec![0; 16_384];
    let end = loop {
        if let Some(at) = raw.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        let read = stream.read(&mut chunk).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        raw.extend_from_slice(chunk.get(..read).unwrap_or_default());
    };
    let mut body = raw.split_off(end + 4);
    let head = String::from_utf8_lossy(&raw).into_owned();
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (method, path) = (
        words.next().unwrap_or_default().to_owned(),
        words.next().unwrap_or_default().to_owned(),
    );
    let headers: HashMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length: usize = headers
        .get("content-length")
        .and_then(|length| length.parse().ok())
        .unwrap_or(0);
    while body.len() < length {
        let read = stream.read(&mut chunk).await?;
        if read == 0 {
            // A request that stops before its end is never taken.
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        body.extend_from_slice(chunk.get(..read).unwrap_or_default());
    }
    Ok(Received {
        method,
        path,
        headers,
        body,
    })
}
