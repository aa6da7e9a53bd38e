//! Which addresses may be contacted: a table of what is globally reachable, and nothing else.
//!
//! The table follows the IANA IPv4 and IPv6 Special-Purpose Address Registries and the IPv6 Global Unicast Address
//! Assignments, as of 2026-11-21. Blocks that a registry calls globally reachable but where no media server can be
//! (anycast for relays, protocol assignments) are refused with their parent block.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A range of addresses in CIDR notation, such as `10.0.0.0/8` or `fd00::/8`; a lone address is a range of one.
///
/// # Examples
///
/// ```
/// use mmsfit::AddressRange;
///
/// let intranet: AddressRange = "10.0.0.0/8".parse()?;
/// assert!(intranet.contains("10.1.2.3".parse()?));
/// assert!("10.0.0.1/8".parse::<AddressRange>().is_err(), "bits behind the prefix are set");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AddressRange {
    first: IpAddr,
    prefix: u8,
}

impl AddressRange {
    /// Whether the address lies in the range. An IPv4 range holds no IPv6 address, however it may embed one.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let shift = 32_u32.saturating_sub(u32::from(self.prefix));
                let cut = |bits: u32| bits.checked_shr(shift).unwrap_or(0);
                cut(u32::from(first)) == cut(u32::from(address))
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                within(address, u128::from(first), u32::from(self.prefix))
            }
            _ => false,
        }
    }
}

impl FromStr for AddressRange {
    type Err = UnknownRange;

    fn from_str(text: &str) -> Result<Self, UnknownRange> {
        let unknown = || UnknownRange(text.to_owned());
        let (address, prefix) = text
            .split_once('/')
            .map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let first: IpAddr = address.parse().map_err(|_| unknown())?;
        let longest = if first.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits
                .parse()
                .ok()
                .filter(|&prefix: &u8| prefix <= longest)
                .ok_or_else(unknown)?,
            Some(_) => return Err(unknown()),
        };
        let host_bits = match first {
            IpAddr::V4(first) => u32::from(first)
                .checked_shl(u32::from(prefix))
                .is_some_and(|bits| bits != 0),
            IpAddr::V6(first) => u128::from(first)
                .checked_shl(u32::from(prefix))
                .is_some_and(|bits| bits != 0),
        };
        if host_bits {
            return Err(unknown());
        }
        Ok(Self { first, prefix })
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

/// A text that names no range of addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no range of addresses: write it as 10.0.0.0/8 or fd00::/8, no bits set behind the prefix"
)]
pub struct UnknownRange(String);

/// Whether an address may be contacted, and by whose leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// On the public internet.
    Public,
    /// Not public, or public, but in a range that the caller allows by name.
    Allowed,
    /// Refused: the block it lies in.
    Refused(&'static str),
}

/// Holds an address against the table, then against what the caller allows.
///
/// An allowed range lifts the table's entries but never the schemes that carry IPv4 inside IPv6: whoever means an
/// IPv4 address can write it.
pub(crate) fn standing(address: IpAddr, allowed: &[AddressRange]) -> Standing {
    let (refused, is_scheme) = match address {
        IpAddr::V4(address) => (special_v4(address), false),
        IpAddr::V6(address) => match embedding(address) {
            Some(scheme) => (Some(scheme), true),
            None => (special_v6(address), false),
        },
    };
    let by_leave = !is_scheme && allowed.iter().any(|range| range.contains(address));
    match refused {
        _ if by_leave => Standing::Allowed,
        Some(block) => Standing::Refused(block),
        None => Standing::Public,
    }
}

/// The block of the IPv4 table that the address lies in.
fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    let bits = u32::from(address);
    SPECIAL_V4
        .iter()
        .find(|(octets, prefix, _)| {
            let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
            bits & mask == u32::from_be_bytes(*octets)
        })
        .map(|&(_, _, name)| name)
}

/// The block of the IPv6 table that the address lies in; whatever is not global unicast is refused as such.
fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    if let Some((_, _, name)) = SPECIAL_V6
        .iter()
        .find(|(first, prefix, _)| within(address, *first, *prefix))
    {
        return Some(name);
    }
    // RFC 4291 2.5.4 and the IANA assignments: global unicast is handed out from 2000::/3 alone.
    (!within(address, 0x2000 << 112, 3)).then_some("not global unicast (outside 2000::/3)")
}

/// The scheme by which an IPv6 address carries an IPv4 address.
fn embedding(address: Ipv6Addr) -> Option<&'static str> {
    // `::` and `::1` lie in the block of the compatible addresses but are entries of their own (RFC 4291 2.5.2, 2.5.3).
    if u128::from(address) <= 1 {
        return None;
    }
    if let Some((_, _, name)) = EMBEDDING
        .iter()
        .find(|(first, prefix, _)| within(address, *first, *prefix))
    {
        return Some(name);
    }
    // RFC 5214 6.1: the interface identifier 0000:5efe or 0200:5efe before the IPv4 address, under any prefix.
    let segments = address.segments();
    (segments[5] == 0x5efe && segments[4] & 0xfdff == 0).then_some("ISATAP (RFC 5214)")
}

fn within(address: Ipv6Addr, first: u128, prefix: u32) -> bool {
    let shift = 128_u32.saturating_sub(prefix);
    let cut = |bits: u128| bits.checked_shr(shift).unwrap_or(0);
    cut(u128::from(address)) == cut(first)
}

/// IANA IPv4 Special-Purpose Address Registry, 2026-11-21, and what it leaves to others.
const SPECIAL_V4: &[([u8; 4], u32, &str)] = &[
    ([0, 0, 0, 0], 8, "this network, 0.0.0.0/8 (RFC 791)"),
    ([10, 0, 0, 0], 8, "private use, 10.0.0.0/8 (RFC 1918)"),
    (
        [100, 64, 0, 0],
        10,
        "shared address space, 100.64.0.0/10 (RFC 6598)",
    ),
    ([127, 0, 0, 0], 8, "loopback, 127.0.0.0/8 (RFC 1122)"),
    (
        [168, 63, 129, 16],
        32,
        "cloud platform service, 168.63.129.16 (Azure)",
    ),
    (
        [169, 254, 0, 0],
        16,
        "link local, 169.254.0.0/16 (RFC 3927)",
    ),
    ([172, 16, 0, 0], 12, "private use, 172.16.0.0/12 (RFC 1918)"),
    (
        [192, 0, 0, 0],
        24,
        "IETF protocol assignments, 192.0.0.0/24 (RFC 6890)",
    ),
    ([192, 0, 2, 0], 24, "documentation, 192.0.2.0/24 (RFC 5737)"),
    ([192, 31, 196, 0], 24, "AS112, 192.31.196.0/24 (RFC 7535)"),
    (
        [192, 52, 193, 0],
        24,
        "AMT relays, 192.52.193.0/24 (RFC 7450)",
    ),
    (
        [192, 88, 99, 0],
        24,
        "6to4 relay anycast, 192.88.99.0/24 (RFC 7526)",
    ),
    (
        [192, 168, 0, 0],
        16,
        "private use, 192.168.0.0/16 (RFC 1918)",
    ),
    ([192, 175, 48, 0], 24, "AS112, 192.175.48.0/24 (RFC 7534)"),
    (
        [198, 18, 0, 0],
        15,
        "benchmarking, 198.18.0.0/15 (RFC 2544)",
    ),
    (
        [198, 51, 100, 0],
        24,
        "documentation, 198.51.100.0/24 (RFC 5737)",
    ),
    (
        [203, 0, 113, 0],
        24,
        "documentation, 203.0.113.0/24 (RFC 5737)",
    ),
    ([224, 0, 0, 0], 4, "multicast, 224.0.0.0/4 (RFC 5771)"),
    (
        [240, 0, 0, 0],
        4,
        "reserved and broadcast, 240.0.0.0/4 (RFC 1112, RFC 919)",
    ),
];

/// IANA IPv6 Special-Purpose Address Registry, 2026-11-21: blocks that hold no embedded IPv4 address.
const SPECIAL_V6: &[(u128, u32, &str)] = &[
    (0, 128, "unspecified, :: (RFC 4291)"),
    (1, 128, "loopback, ::1 (RFC 4291)"),
    (0x0100 << 112, 64, "discard only, 100::/64 (RFC 6666)"),
    (
        0x0100_0000_0000_0001 << 64,
        64,
        "dummy prefix, 100:0:0:1::/64 (RFC 9780)",
    ),
    (
        0x2001 << 112,
        23,
        "IETF protocol assignments, 2001::/23 (RFC 2928)",
    ),
    (
        0x2001_0db8 << 96,
        32,
        "documentation, 2001:db8::/32 (RFC 3849)",
    ),
    (
        0x2620_004f_8000 << 80,
        48,
        "AS112, 2620:4f:8000::/48 (RFC 7534)",
    ),
    (0x3fff << 112, 20, "documentation, 3fff::/20 (RFC 9637)"),
    (0x5f00 << 112, 16, "segment routing, 5f00::/16 (RFC 9602)"),
    (0xfc00 << 112, 7, "unique local, fc00::/7 (RFC 4193)"),
    (0xfe80 << 112, 10, "link local, fe80::/10 (RFC 4291)"),
    (0xfec0 << 112, 10, "site local, fec0::/10 (RFC 3879)"),
    (0xff00 << 112, 8, "multicast, ff00::/8 (RFC 4291)"),
];

/// Every block of IPv6 whose addresses stand for an IPv4 address; refused whatever the inner address is.
const EMBEDDING: &[(u128, u32, &str)] = &[
    (0xffff << 32, 96, "IPv4-mapped, ::ffff:0:0/96 (RFC 4291)"),
    (
        0xffff << 48,
        96,
        "IPv4-translated, ::ffff:0:0:0/96 (RFC 2765)",
    ),
    (0, 96, "IPv4-compatible, ::/96 (RFC 4291)"),
    (0x0064_ff9b << 96, 96, "NAT64, 64:ff9b::/96 (RFC 6052)"),
    (
        0x0064_ff9b_0001 << 80,
        48,
        "local-use NAT64, 64:ff9b:1::/48 (RFC 8215)",
    ),
    (0x2001 << 112, 32, "Teredo, 2001::/32 (RFC 4380)"),
    (0x2002 << 112, 16, "6to4, 2002::/16 (RFC 3056)"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(address: IpAddr) -> bool {
        matches!(standing(address, &[]), Standing::Refused(_))
    }

    #[test]
    fn each_ipv4_block_is_refused_from_its_first_to_its_last_address_and_no_further() {
        for &(octets, prefix, name) in SPECIAL_V4 {
            let first = u32::from_be_bytes(octets);
            let last = first + (u32::MAX >> prefix.min(31) >> u32::from(prefix == 32));
            for bits in [first, first + (last - first) / 2, last] {
                assert_eq!(
                    standing(Ipv4Addr::from(bits).into(), &[]),
                    Standing::Refused(name),
                    "{}",
                    Ipv4Addr::from(bits)
                );
            }
            // The neighbour is public unless it lies in another entry, which then gives its own name.
            for bits in [first.checked_sub(1), last.checked_add(1)]
                .into_iter()
                .flatten()
            {
                let verdict = standing(Ipv4Addr::from(bits).into(), &[]);
                assert_ne!(verdict, Standing::Refused(name), "{}", Ipv4Addr::from(bits));
            }
        }
    }

    #[test]
    fn each_ipv6_block_is_refused_from_its_first_to_its_last_address() {
        for &(first, prefix, name) in SPECIAL_V6.iter().chain(EMBEDDING) {
            let last = first | u128::MAX.checked_shr(prefix).unwrap_or(0);
            for bits in [first, first + (last - first) / 2, last] {
                assert!(
                    is_refused(Ipv6Addr::from(bits).into()),
                    "{} in {name}",
                    Ipv6Addr::from(bits)
                );
            }
        }
    }

    #[test]
    fn public_addresses_are_public() -> Result<(), std::net::AddrParseError> {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.15",
            "168.63.129.17",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "2000::1",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2001:db7:ffff::1",
            "2001:db9::1",
            "2003::1",
            "2606:4700::1111",
            "2a00:1450::1",
            "3ffe:ffff::1",
            "3fff:1000::1",
        ] {
            assert_eq!(standing(text.parse()?, &[]), Standing::Public, "{text}");
        }
        Ok(())
    }

    #[test]
    fn every_scheme_that_embeds_ipv4_is_refused_whatever_the_inner_address_and_whatever_is_allowed()
    {
        let anything: Vec<AddressRange> = ["::/0", "0.0.0.0/0"]
            .iter()
            .flat_map(|text| text.parse())
            .collect();
        let inner = [
            [127, 0, 0, 1],
            [10, 0, 0, 1],
            [169, 254, 169, 254],
            [192, 168, 0, 1],
            [172, 16, 0, 1],
            [100, 100, 100, 200],
            [0, 0, 0, 2],
            [8, 8, 8, 8],
            [1, 1, 1, 1],
            [93, 184, 215, 14],
            [168, 63, 129, 16],
            [192, 0, 0, 192],
            [198, 18, 0, 1],
            [224, 0, 0, 1],
            [240, 0, 0, 1],
            [255, 255, 255, 255],
        ];
        let mut seen = 0;
        for octets in inner {
            let v4 = u128::from(u32::from_be_bytes(octets));
            for bits in [
                (0xffff << 32) | v4,
                (0xffff << 48) | v4,
                v4,
                (0x0064_ff9b << 96) | v4,
                (0x0064_ff9b_0001 << 80) | v4,
                (0x2001 << 112) | !v4 & 0xffff_ffff,
                (0x2002 << 112) | (v4 << 80),
                (0x2a00_1450 << 96) | (0x5efe << 32) | v4,
                (0xfe80 << 112) | (0x0200_5efe << 32) | v4,
            ] {
                let address = Ipv6Addr::from(bits);
                assert!(
                    matches!(standing(address.into(), &anything), Standing::Refused(_)),
                    "{address}"
                );
                seen += 1;
            }
        }
        assert_eq!(seen, 9 * 16);
    }

    #[test]
    fn an_allowed_range_lifts_its_own_addresses_and_no_others()
    -> Result<(), Box<dyn std::error::Error>> {
        let allowed = [
            "10.1.0.0/16".parse()?,
            "::1".parse()?,
            "fd00:1::/32".parse()?,
        ];
        for text in ["10.1.0.0", "10.1.255.255", "::1", "fd00:1::5"] {
            assert_eq!(
                standing(text.parse()?, &allowed),
                Standing::Allowed,
                "{text}"
            );
        }
        for text in [
            "10.0.255.255",
            "10.2.0.0",
            "127.0.0.1",
            "::",
            "fd00:2::5",
            "::ffff:10.1.0.1",
        ] {
            assert!(
                matches!(standing(text.parse()?, &allowed), Standing::Refused(_)),
                "{text}"
            );
        }
        Ok(())
    }

    #[test]
    fn a_range_is_read_strictly() {
        for text in [
            "0.0.0.0/0",
            "::/0",
            "10.0.0.0/8",
            "127.0.0.1",
            "127.0.0.1/32",
            "fd00::/8",
            "::1/128",
        ] {
            assert!(text.parse::<AddressRange>().is_ok(), "{text}");
        }
        for text in [
            "",
            "/",
            "/8",
            "10/8",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.0/+8",
            "10.0.0.0/-1",
            "10.0.0.1/8",
            "::/129",
            "fd00::1/8",
            "localhost",
            "10.0.0.0/8/8",
            "010.0.0.0/8",
            "10.0.0.0 /8",
            "256.0.0.0/8",
        ] {
            assert!(text.parse::<AddressRange>().is_err(), "{text}");
        }
    }
}
