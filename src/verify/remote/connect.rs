//! A connection to one of the very addresses that were checked; TLS with the platform's roots.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::Either;
use futures_util::stream::{FuturesUnordered, StreamExt};
use rustls::ClientConfig;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls_platform_verifier::Verifier;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_rustls::TlsConnector;
use url::Host;

use super::policy::FetchPolicy;
use super::target::{Target, too_slow};
use crate::code::Code;
use crate::report::Finding;

/// A connection, plain or inside TLS.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// How long an address may stay silent before the next one is tried beside it (RFC 8305, clause 5).
const STAGGER: Duration = Duration::from_millis(250);

/// The client's side of TLS.
///
/// # Errors
///
/// The reason why there are no roots to trust.
pub(super) fn tls(policy: &FetchPolicy) -> Result<TlsConnector, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = policy
        .roots
        .iter()
        .map(|root| CertificateDer::from(root.clone()));
    let verifier = Verifier::new_with_extra_roots(roots, Arc::clone(&provider))?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

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

/// The TLS fault inside of an I/O fault.
pub(super) fn tls_reason(fault: &io::Error) -> Option<&rustls::Error> {
    fault.get_ref()?.downcast_ref::<rustls::Error>()
}

/// Tries the addresses in their order, each a little after the one before it unless that one has failed already.
async fn first_to_answer(addresses: &[SocketAddr]) -> io::Result<(TcpStream, SocketAddr)> {
    let mut waiting = addresses.iter().copied();
    let mut tries = FuturesUnordered::new();
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    let dial = |address| async move { (TcpStream::connect(address).await, address) };
    if let Some(address) = waiting.next() {
        tries.push(dial(address));
    }
    loop {
        let pause = std::pin::pin!(sleep(STAGGER));
        let next = tries.next();
        match futures_util::future::select(next, pause).await {
            Either::Left((Some((Ok(stream), address)), _)) => return Ok((stream, address)),
            Either::Left((Some((Err(fault), _)), _)) => {
                last = fault;
                tries.extend(waiting.next().map(dial));
            }
            Either::Left((None, _)) => return Err(last),
            Either::Right(_) => tries.extend(waiting.next().map(dial)),
        }
    }
}
