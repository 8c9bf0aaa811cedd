//! Checks addresses of JARs, as far as possible without DNS.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why Java's `URI` refuses an address of a JAR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UriProblem {
    /// A character that a URI must not have, or a percent sign without two digits.
    Character,
    /// The scheme, such as `https:`, is missing.
    NoScheme,
}

/// Characters that Java's `URI` refuses, in addition to blanks, control characters and non-ASCII
/// characters.
const REFUSED: &[u8] = b"\"<>\\^`{|}";

/// The scheme of a URI as written.
///
/// # Errors
/// If the text is not a URI with a scheme.
pub fn scheme(uri: &str) -> Result<&str, UriProblem> {
    let percent = |(index, _): (usize, &str)| {
        let digits = uri.as_bytes().get(index + 1..index + 3);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    let is_uri = uri.bytes().all(|byte| byte > b' ' && byte != 0x7f && !REFUSED.contains(&byte))
        && uri.match_indices('%').all(percent);
    if !is_uri {
        return Err(UriProblem::Character);
    }
    let scheme = uri
        .split_once(':')
        .map(|(scheme, _)| scheme)
        .filter(|scheme| !scheme.contains(['/', '?', '#']));
    let is_scheme = |scheme: &&str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    scheme.filter(is_scheme).ok_or(UriProblem::NoScheme)
}

/// The host of an `http` or `https` URI; `None` if Java finds none.
pub fn host(uri: &str) -> Option<&str> {
    let authority = uri.split_once("://")?.1.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if let Some(literal) = host.strip_prefix('[') {
        return literal
            .split_once(']')
            .map(|(address, _)| address)
            .filter(|address| !address.is_empty());
    }
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let is_host = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    (is_host && !host.is_empty()).then_some(host)
}

/// Whether a host is the operator's machine or in an internal network, from which the operator does
/// not fetch.
pub fn is_restricted(host: &str) -> bool {
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    match address(&name) {
        Some(IpAddr::V4(address)) => is_restricted_v4(address),
        Some(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
            Some(address) => is_restricted_v4(address),
            None => is_restricted_v6(address),
        },
        None => {
            let local = ["localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"];
            local.contains(&name.as_str()) || name.ends_with(".localhost")
        }
    }
}

/// Whether a host is a machine's own address or one of its link, where no JAR is: the services of
/// clouds that hand out credentials are there.
pub fn is_own_machine(host: &str) -> bool {
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    let v4 = |address: Ipv4Addr| {
        address.is_loopback() || address.is_link_local() || address.is_unspecified()
    };
    match address(&name) {
        Some(IpAddr::V4(address)) => v4(address),
        Some(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
            Some(address) => v4(address),
            None => {
                let [first, ..] = address.segments();
                address.is_loopback() || address.is_unspecified() || first & 0xffc0 == 0xfe80
            }
        },
        None => is_restricted(host),
    }
}

fn is_restricted_v4(address: Ipv4Addr) -> bool {
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_unspecified()
        || address.is_multicast()
}

fn is_restricted_v6(address: Ipv6Addr) -> bool {
    let [first, ..] = address.segments();
    // fe80::/10 is link-local, fec0::/10 was site-local, and fc00::/7 replaced that.
    let inner = matches!(first & 0xffc0, 0xfe80 | 0xfec0) || first & 0xfe00 == 0xfc00;
    address.is_loopback() || address.is_unspecified() || address.is_multicast() || inner
}

/// An address as Java reads it. IPv4 may have fewer than four numbers; then the last one fills the
/// remaining bytes.
fn address(host: &str) -> Option<IpAddr> {
    if let Ok(address) = host.split('%').next().unwrap_or_default().parse::<Ipv6Addr>() {
        return Some(address.into());
    }
    let numbers: Vec<u32> = host
        .split('.')
        .map(|part| {
            part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok()).flatten()
        })
        .collect::<Option<_>>()?;
    let (last, first) = numbers.split_last()?;
    if first.len() > 3 || first.iter().any(|number| *number > 255) {
        return None;
    }
    let free = 32_u32.checked_sub(8 * u32::try_from(first.len()).ok()?)?;
    if free < 32 && last.checked_shr(free)? != 0 {
        return None;
    }
    let start = first.iter().fold(0_u32, |sum, number| (sum << 8) | number);
    Some(Ipv4Addr::from(start.checked_shl(free).unwrap_or(0) | last).into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn internal_hosts_are_restricted_in_every_spelling() {
        for host in [
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "127.0.0.1",
            "127.1",
            "2130706433",
            "10.0.0.7",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "0",
            "224.0.0.1",
            "::1",
            "::",
            "fe80::1%eth0",
            "fec0::1",
            "fd00::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "010.0.0.1",
        ] {
            assert!(is_restricted(host), "{host}");
        }
        for host in [
            "example.com",
            "8.8.8.8",
            "2001:db8::1",
            "127.0.0.1.example.com",
            "300.1.1.1",
            "1.2.3.4.5",
            "localhost.example.com",
        ] {
            assert!(!is_restricted(host), "{host}");
        }
    }

    #[test]
    fn hosts_are_read_as_java_reads_them() {
        for (uri, expected) in [
            ("https://a.b/c", Some("a.b")),
            ("https://u:p@a.b:8443/c", Some("a.b")),
            ("https://[::1]:80/", Some("::1")),
            ("https:///c", None),
            ("https://a_b/c", None),
            ("https:c", None),
        ] {
            assert_eq!(host(uri), expected, "{uri}");
        }
    }

    #[test]
    fn schemes_are_read_as_java_reads_them() {
        for (uri, expected) in
            [("HTTPS://a/b", "HTTPS"), ("s3://a/b%20c", "s3"), ("local:///x", "local")]
        {
            assert_eq!(scheme(uri), Ok(expected), "{uri}");
        }
        for uri in
            ["", "a.jar", "/opt/a.jar", "a/b:c", "https://a/b c", "https://a/%zz", "://x", "1a://x"]
        {
            assert!(scheme(uri).is_err(), "{uri}");
        }
    }
}
