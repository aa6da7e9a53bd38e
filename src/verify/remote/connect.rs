//! A connection to one of the very addresses that were checked; TLS with the platform's roots.

use std::io;
use std::net::SocketAddr;

use rustls::pki_types::ServerName;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use url::Host;

use super::policy::FetchPolicy;
use super::target::{Target, too_slow};
use crate::code::Code;
use crate::dial::{Duplex, first_to_answer, tls_reason};
use crate::report::Finding;

/// Connects to the first of the addresses that answers.
///
/// # Errors
///
/// MMS503 where none answers, MMS511 where TLS fails, MMS510 where the whole deadline passes.
pub(super) async fn connect(
    target: &Target,
    addresses: &[SocketAddr],
    tls: Result<&TlsConnector, &rustls::Error>,
    policy: &FetchPolicy,
    whole: Instant,
) -> Result<(Box<dyn Duplex>, SocketAddr), Finding> {
    let deadline = whole.min(Instant::now() + policy.connect_within);
    let (stream, address) = match timeout_at(deadline, first_to_answer(addresses)).await {
        Ok(answer) => answer.map_err(|fault| {
            Finding::refused(
                Code::Unreachable,
                format!("no connection: {}", fault.kind()),
            )
            .help("check that the server runs and that its firewall lets the world in")
        })?,
        Err(_) if Instant::now() >= whole => {
            return Err(too_slow("no verdict", policy.whole_within));
        }
        Err(_) => {
            return Err(Finding::refused(
                Code::Unreachable,
                format!(
                    "no connection within {} ms",
                    policy.connect_within.as_millis()
                ),
            )
            .help("check that the server runs and that its firewall lets the world in"));
        }
    };
    if !target.is_tls() {
        return Ok((Box::new(stream), address));
    }
    let connector = tls.map_err(|why| tls_failure(&format!("no root certificates: {why}")))?;
    let name = match target.host() {
        Host::Domain(name) => ServerName::try_from(name.trim_end_matches('.').to_owned())
            .map_err(|_| tls_failure("the host's name can stand in no certificate"))?,
        Host::Ipv4(address) => ServerName::IpAddress(std::net::IpAddr::V4(*address).into()),
        Host::Ipv6(address) => ServerName::IpAddress(std::net::IpAddr::V6(*address).into()),
    };
    let begun = Instant::now();
    let deadline = whole.min(begun + policy.connect_within);
    match timeout_at(deadline, connector.connect(name, stream)).await {
        Ok(Ok(stream)) => Ok((Box::new(stream), address)),
        Ok(Err(fault)) => Err(tls_failure(&describe(&fault))),
        Err(_) => Err(tls_failure(&format!(
            "the handshake did not end within {} ms",
            (deadline - begun).as_millis()
        ))),
    }
}

/// A failure of TLS, with its reason.
pub(super) fn tls_failure(why: &str) -> Finding {
    Finding::refused(Code::TlsFailure, format!("TLS failed: {why}"))
        .help("renew the certificate, serve the whole chain, and name this host in it")
}

/// The reason that TLS gives, where it was TLS; the kind of fault otherwise.
pub(super) fn describe(fault: &io::Error) -> String {
    match tls_reason(fault) {
        // The names of a certificate are the server's words, and may be thousands.
        Some(reason) => reason.to_string().chars().take(300).collect(),
        None if fault.kind() == io::ErrorKind::UnexpectedEof => {
            "the server closed the connection".to_owned()
        }
        None => fault.kind().to_string(),
    }
}
