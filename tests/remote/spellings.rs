//! Spellings from elsewhere: the URLs of the web platform's tests, the metadata services of clouds, the special-purpose blocks.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use futures_util::StreamExt;
use mmsfit::{Code, FetchPolicy, Provider, UrlVerifier};

use crate::server::Server;
use crate::{Fixed, right, verifier};

/// The inputs, and what a browser makes of them, of `url/resources/urltestdata.json` of web-platform-tests
/// (BSD-3-Clause), as they lie in the package of the `url` crate.
const WEB_PLATFORM: &str = include_str!("web_platform_urls.json");

/// Where clouds, containers and their managers answer to those inside.
const METADATA: &[&str] = &[
    "169.254.169.254/latest/meta-data/",
    "169.254.169.254/latest/user-data/",
    "169.254.169.254/latest/dynamic/instance-identity/document",
    "169.254.169.254/latest/api/token",
    "169.254.169.254/latest/meta-data/iam/security-credentials/",
    "169.254.169.254/computeMetadata/v1/",
    "169.254.169.254/computeMetadata/v1beta1/?recursive=true",
    "169.254.169.254/metadata/instance?api-version=2021-02-01",
    "169.254.169.254/metadata/identity/oauth2/token",
    "169.254.169.254/metadata/v1.json",
    "169.254.169.254/metadata/v1/",
    "169.254.169.254/metadata/v1/hostname",
    "169.254.169.254/openstack/latest/meta_data.json",
    "169.254.169.254/openstack",
    "169.254.169.254/hetzner/v1/metadata",
    "169.254.169.254/opc/v1/instance/",
    "169.254.169.254/opc/v2/instance/",
    "169.254.169.254/2009-04-04/meta-data/",
    "169.254.169.254/v1.json",
    "169.254.170.2/v2/credentials/",
    "169.254.170.2/v2/metadata",
    "169.254.170.23/v1/credentials",
    "169.254.42.42/conf?format=json",
    "169.254.0.23/latest/meta-data/",
    "100.100.100.200/latest/meta-data/",
    "100.100.100.200/latest/meta-data/instance-id",
    "192.0.0.192/latest/",
    "192.0.0.192/latest/user-data/",
    "168.63.129.16/metadata/instance",
    "168.63.129.16/machine?comp=goalstate",
    "metadata.google.internal/computeMetadata/v1/",
    "metadata.google.internal/computeMetadata/v1/instance/attributes/kube-env?alt=json",
    "metadata/computeMetadata/v1/",
    "metadata.tencentyun.com/latest/meta-data/",
    "instance-data/latest/meta-data/",
    "instance-data.ec2.internal/latest/",
    "kubernetes.default.svc/api/v1/namespaces",
    "kubernetes.default/metrics",
    "rancher-metadata/2015-07-25/",
    "localhost:2375/v1.24/containers/json",
    "127.0.0.1:2375/v1.24/containers/json",
    "127.0.0.1:2379/v2/keys/?recursive=true",
    "127.0.0.1:10255/pods",
    "127.0.0.1:8500/v1/agent/self",
    "127.0.0.1:6443/version",
    "10.96.0.1/version",
    "172.17.0.1:2375/info",
    "192.168.0.1/",
    "[fd00:ec2::254]/latest/meta-data/",
    "[fd00:ec2::23]/v1/credentials",
    "[fd20:ce::254]/computeMetadata/v1/",
    "[fe80::a9fe:a9fe]/latest/meta-data/",
    "[::ffff:169.254.169.254]/latest/meta-data/",
    "[::ffff:a9fe:a9fe]/latest/meta-data/",
    "[::169.254.169.254]/latest/meta-data/",
    "[64:ff9b::a9fe:a9fe]/latest/meta-data/",
    "[2002:a9fe:a9fe::]/latest/meta-data/",
    "2852039166/latest/meta-data/",
    "0xa9fea9fe/latest/meta-data/",
    "0251.0376.0251.0376/latest/meta-data/",
    "169.254.43518/latest/meta-data/",
    "425.510.425.510/latest/meta-data/",
    "169.254.169.254.nip.io/latest/meta-data/",
    "169.254.169.254.sslip.io/latest/meta-data/",
];

/// What IANA's registries call not globally reachable, and what no media server can stand in: first and last address.
const BLOCKS_V4: &[(&str, &str)] = &[
    ("0.0.0.0", "0.255.255.255"),
    ("10.0.0.0", "10.255.255.255"),
    ("100.64.0.0", "100.127.255.255"),
    ("127.0.0.0", "127.255.255.255"),
    ("168.63.129.16", "168.63.129.16"),
    ("169.254.0.0", "169.254.255.255"),
    ("172.16.0.0", "172.31.255.255"),
    ("192.0.0.0", "192.0.0.255"),
    ("192.0.2.0", "192.0.2.255"),
    ("192.31.196.0", "192.31.196.255"),
    ("192.52.193.0", "192.52.193.255"),
    ("192.88.99.0", "192.88.99.255"),
    ("192.168.0.0", "192.168.255.255"),
    ("192.175.48.0", "192.175.48.255"),
    ("198.18.0.0", "198.19.255.255"),
    ("198.51.100.0", "198.51.100.255"),
    ("203.0.113.0", "203.0.113.255"),
    ("224.0.0.0", "255.255.255.255"),
];

/// The same of IPv6. The neighbours of some blocks lie in others.
const BLOCKS_V6: &[(&str, &str)] = &[
    ("::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff"),
    ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
];

/// A guard whose resolver makes this machine of every name, and whom the canary's port is no hindrance.
fn guard(port: u16) -> UrlVerifier {
    let policy = FetchPolicy::new()
        .ports([port])
        .resolver(Fixed::of(&["127.0.0.1"]))
        .concurrency(64, 64);
    verifier(Provider::Sinch, policy)
}

/// The one code that the guard gives each URL.
async fn codes(guard: &UrlVerifier, urls: &[String]) -> Vec<Code> {
    guard
        .verify_all(urls)
        .map(|verdict| match verdict.findings.as_slice() {
            [finding] => finding.code,
            other => panic!("{}: {other:?}", verdict.url),
        })
        .collect()
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(
    clippy::print_stdout,
    reason = "the figures are wanted beside the verdict"
)]
async fn no_url_of_the_web_platforms_tests_reaches_the_canary() -> io::Result<()> {
    let canary = Server::on("0.0.0.0:0", |request| right(&request.method)).await?;
    let port = canary.address.port();
    let given: Vec<String> = serde_json::from_str(WEB_PLATFORM)?;
    let mut urls = given.clone();
    for text in &given {
        let Some((_, behind)) = text.split_once("//") else {
            continue;
        };
        let end = behind.find(['/', '?', '#', '\\']).unwrap_or(behind.len());
        let (authority, rest) = behind.split_at(end);
        let host = authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host);
        // Their host at the canary's port, their user before the canary, their path behind it.
        // Over https, where a name is resolved: over http it is refused before.
        urls.push(format!("http://{host}:{port}/"));
        let named = format!("https://{host}:{port}/");
        // Some are public addresses, which would be connected to.
        if url::Url::parse(&named).is_ok_and(|url| url.domain().is_some()) {
            urls.push(named);
        }
        urls.push(format!("http://{authority}@127.0.0.1:{port}/"));
        urls.push(format!("http://127.0.0.1:{port}{rest}"));
    }
    urls.sort();
    urls.dedup();
    let found = codes(&guard(port), &urls).await;
    let mut refused = [0, 0];
    for (url, code) in urls.iter().zip(&found) {
        match code {
            Code::UrlScheme => refused[0] += 1,
            Code::AddressNotPublic => refused[1] += 1,
            other => panic!("{url:?}: {other}"),
        }
    }
    println!(
        "{} URLs of the web platform's tests and their like: {} refused for their form, {} for their address",
        urls.len(),
        refused[0],
        refused[1]
    );
    assert!(given.len() >= 819 && urls.len() >= 1_500, "{}", urls.len());
    assert!(refused[1] >= 390, "{refused:?}");
    assert_eq!(canary.accepted(), 0);
    Ok(())
}

#[tokio::test]
async fn no_metadata_service_of_a_cloud_is_asked() {
    assert!(METADATA.len() >= 57);
    let guard = verifier(
        Provider::Sinch,
        FetchPolicy::new()
            .ports(0..=u16::MAX)
            .resolver(Fixed::of(&["169.254.169.254"])),
    );
    for scheme in ["https", "http"] {
        let urls: Vec<String> = METADATA
            .iter()
            .map(|rest| format!("{scheme}://{rest}"))
            .collect();
        for (url, code) in urls.iter().zip(codes(&guard, &urls).await) {
            // 425.510.425.510 is no address in any form; a name over plain http is refused before it is resolved.
            let is_name = url.contains("//425.")
                || url.split("//").nth(1).is_some_and(|rest| {
                    rest.contains(".io/") || rest.starts_with(|c: char| c.is_ascii_lowercase())
                });
            if is_name && (scheme == "http" || url.contains("425.")) {
                assert_eq!(code, Code::UrlScheme, "{url}");
            } else {
                assert_eq!(code, Code::AddressNotPublic, "{url}");
            }
        }
    }
}

#[tokio::test]
async fn every_special_purpose_block_is_refused_to_its_borders_and_its_neighbours_are_public()
-> Result<(), std::net::AddrParseError> {
    let mut inside = Vec::new();
    let mut outside = Vec::new();
    for (first, last) in BLOCKS_V4 {
        let (first, last) = (
            u32::from(first.parse::<Ipv4Addr>()?),
            u32::from(last.parse::<Ipv4Addr>()?),
        );
        inside
            .extend([first, first + (last - first) / 2, last].map(|bits| IpAddr::V4(bits.into())));
        let neighbours = [first.checked_sub(1), last.checked_add(1)];
        outside.extend(
            neighbours
                .into_iter()
                .flatten()
                .map(|bits| IpAddr::V4(bits.into())),
        );
    }
    for (first, last) in BLOCKS_V6 {
        let (first, last) = (
            u128::from(first.parse::<Ipv6Addr>()?),
            u128::from(last.parse::<Ipv6Addr>()?),
        );
        inside
            .extend([first, first + (last - first) / 2, last].map(|bits| IpAddr::V6(bits.into())));
        let neighbours = [first.checked_sub(1), last.checked_add(1)];
        outside.extend(
            neighbours
                .into_iter()
                .flatten()
                .map(|bits| IpAddr::V6(bits.into())),
        );
    }
    // A public address is refused for plain http alone, and after its address was looked at: nobody is connected to.
    let url = |address: &IpAddr| match address {
        IpAddr::V4(address) => format!("http://{address}/"),
        IpAddr::V6(address) => format!("http://[{address}]/"),
    };
    let guard = verifier(Provider::Sinch, FetchPolicy::new());
    let urls: Vec<String> = inside.iter().map(url).collect();
    for (url, code) in urls.iter().zip(codes(&guard, &urls).await) {
        assert_eq!(code, Code::AddressNotPublic, "{url}");
    }
    let urls: Vec<String> = outside.iter().map(url).collect();
    for (url, code) in urls.iter().zip(codes(&guard, &urls).await) {
        assert_eq!(code, Code::UrlScheme, "{url}");
    }
    assert_eq!((inside.len(), outside.len()), (75, 46));
    Ok(())
}

#[tokio::test]
async fn ipv4_inside_ipv6_is_refused_in_every_scheme_whatever_the_inner_address() {
    let mut urls = Vec::new();
    for inner in [
        [127, 0, 0, 1],
        [10, 0, 0, 1],
        [172, 16, 0, 1],
        [192, 168, 0, 1],
        [169, 254, 169, 254],
        [100, 100, 100, 200],
        [0, 0, 0, 0],
        [0, 0, 0, 1],
        [8, 8, 8, 8],
        [1, 1, 1, 1],
        [93, 184, 215, 14],
        [168, 63, 129, 16],
        [198, 18, 0, 1],
        [224, 0, 0, 1],
        [240, 0, 0, 1],
        [255, 255, 255, 255],
    ] {
        let whole = u32::from_be_bytes(inner);
        let (high, low) = (whole >> 16, whole & 0xffff);
        for host in [
            format!("::ffff:{high:x}:{low:x}"),
            format!("::{high:x}:{low:x}"),
            format!("::ffff:0:{high:x}:{low:x}"),
            format!("64:ff9b::{high:x}:{low:x}"),
            format!("64:ff9b:1::{high:x}:{low:x}"),
            format!("2002:{high:x}:{low:x}::1"),
            format!("2001::{:x}:{:x}", !high & 0xffff, !low & 0xffff),
            format!("2a00:1450::5efe:{high:x}:{low:x}"),
            format!("2a00:1450::200:5efe:{high:x}:{low:x}"),
        ] {
            urls.push(format!("https://[{host}]/"));
        }
    }
    // Whatever is allowed: who means an IPv4 address can write it.
    let mut policy = FetchPolicy::new();
    for range in ["0.0.0.0/0", "::/0"] {
        policy = policy.allow_net(range.parse().expect("a range"));
    }
    let strict = codes(&verifier(Provider::Sinch, FetchPolicy::new()), &urls).await;
    assert_eq!(strict, vec![Code::AddressNotPublic; 9 * 16]);
    let embedded: Vec<String> = urls
        .into_iter()
        // `::` and `::1` are addresses of their own.
        .filter(|url| !["https://[::0:0]/", "https://[::0:1]/"].contains(&url.as_str()))
        .collect();
    let lax = codes(&verifier(Provider::Sinch, policy), &embedded).await;
    assert_eq!(lax, vec![Code::AddressNotPublic; 9 * 16 - 2]);
}
