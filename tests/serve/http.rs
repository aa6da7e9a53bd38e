//! The simplest client there is: writes bytes, reads bytes until the end.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// In the order of their names, which are in lower case; `date` is left out.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut found = self.fields.iter().filter(|(known, _)| known == name);
        let first = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} came twice");
        first
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

pub(crate) fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, Duration::from_secs(10))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.set_write_timeout(Some(Duration::from_secs(30)))?;
    Ok(stream)
}

/// Sends bytes as they are and reads until the server closes.
pub(crate) fn raw(address: SocketAddr, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = connect(address)?;
    // The server may have seen enough before the end.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(fault) if fault.kind() != io::ErrorKind::ConnectionReset => Err(fault),
        _ => Ok(answer),
    }
}

pub(crate) fn parse(answer: &[u8]) -> io::Result<Reply> {
    let bad = || io::Error::other(format!("no answer: {:?}", String::from_utf8_lossy(answer)));
    let end = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .ok_or_else(bad)?;
    let head = std::str::from_utf8(&answer[..end]).map_err(|_| bad())?;
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1)?.parse().ok())
        .ok_or_else(bad)?;
    let mut fields: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .filter(|(name, _)| name != "date")
        .collect();
    fields.sort();
    Ok(Reply {
        status,
        fields,
        body: answer[end + 4..].to_vec(),
    })
}

/// One request with these header lines, each ended by CR LF, and a body.
pub(crate) fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    lines: &str,
    body: &[u8],
) -> io::Result<Reply> {
    let mut request =
        format!("{method} {path} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n{lines}");
    if !body.is_empty() || method == "POST" {
        request.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    request.push_str("\r\n");
    let mut bytes = request.into_bytes();
    bytes.extend_from_slice(body);
    parse(&raw(address, &bytes)?)
}

pub(crate) fn get(address: SocketAddr, path: &str, lines: &str) -> io::Result<Reply> {
    send(address, "GET", path, lines, b"")
}

pub(crate) fn post(address: SocketAddr, path: &str, body: &[u8]) -> io::Result<Reply> {
    send(
        address,
        "POST",
        path,
        "Content-Type: application/json\r\n",
        body,
    )
}
