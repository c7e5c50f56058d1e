//! `NO_PROXY`: the hosts that no proxy is for, as Go's `httpproxy` and curl read it. An entry
//! that was passed over would send calls to the proxy that are not meant for it.

use std::net::{IpAddr, Ipv6Addr};

use crate::url;
use crate::wire::failure::{Failure, Result};

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct NoProxy {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq)]
struct Entry {
    hosts: Hosts,
    /// All if there is none.
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq)]
enum Hosts {
    All,
    /// A name and all names below it.
    Below(String),
    /// `10.*`, say: addresses if it consists of digits, else names.
    Like(String),
    /// CIDR (RFC 4632): an address, and how many of its bits count.
    Network(IpAddr, u32),
}

impl NoProxy {
    /// Entries between commas or blanks; `what` is what an error calls the list.
    pub(crate) fn parse(list: &str, what: &str) -> Result<Self> {
        let entries = list.split(|c: char| c == ',' || c.is_whitespace());
        let entries = entries.filter(|entry| !entry.is_empty()).map(|entry| {
            Entry::parse(&entry.to_ascii_lowercase()).ok_or_else(|| {
                Failure::setting(format!(
                    "{what}: the entry {:?} cannot be read: write a name (example.com), an address (10.1.2.3, [fd00::1]) or a network (10.0.0.0/8), each with or without a port (example.com:8443), or *",
                    // A URL may have a password.
                    if entry.contains(['@', '/']) { url::shown(entry) } else { entry.to_owned() }
                ))
            })
        });
        Ok(Self { entries: entries.collect::<Result<_>>()? })
    }

    /// `host` without brackets and in lower case.
    pub(crate) fn covers(&self, host: &str, port: u16) -> bool {
        let is_port = |entry: &Entry| entry.port.is_none_or(|it| it == port);
        self.entries.iter().any(|entry| is_port(entry) && entry.hosts.contain(host))
    }
}

impl Entry {
    fn parse(entry: &str) -> Option<Self> {
        if let Some((address, bits)) = entry.split_once('/') {
            return Some(Self { hosts: Hosts::network(address, bits)?, port: None });
        }
        let (host, port) = match entry.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']')?;
                host.parse::<Ipv6Addr>().ok()?;
                (host, port.strip_prefix(':').or((!port.is_empty()).then_some("none")))
            }
            None if entry.parse::<Ipv6Addr>().is_ok() => (entry, None),
            None => entry.rsplit_once(':').map_or((entry, None), |(host, port)| (host, Some(port))),
        };
        let port = port.map(str::parse).transpose().ok()?;
        Some(Self { hosts: Hosts::parse(host)?, port })
    }
}

impl Hosts {
    fn parse(host: &str) -> Option<Self> {
        if host == "*" {
            return Some(Self::All);
        }
        if let Ok(address) = host.parse::<IpAddr>() {
            let address = address.to_canonical();
            return Some(Self::Network(address, width(address)));
        }
        let host = host.strip_suffix('.').unwrap_or(host);
        if is_numeric(host) {
            return is_like_address(host).then(|| Self::Like(host.to_owned()));
        }
        let name = host.strip_prefix("*.").or(host.strip_prefix('.')).unwrap_or(host);
        is_name(name).then(|| match name.contains('*') {
            true => Self::Like(host.to_owned()),
            false => Self::Below(name.to_owned()),
        })
    }

    fn network(address: &str, bits: &str) -> Option<Self> {
        let written: IpAddr = address.parse().ok()?;
        let bits: u32 = bits.parse().ok().filter(|bits| *bits <= width(written))?;
        // `::ffff:10.0.0.0/104`
        let address = written.to_canonical();
        Some(Self::Network(address, bits.checked_sub(width(written) - width(address))?))
    }

    fn contain(&self, host: &str) -> bool {
        let address = host.parse::<IpAddr>().ok().map(|address| address.to_canonical());
        match (self, address) {
            (Self::All, _) => true,
            (Self::Network(network, bits), Some(address)) => is_within(address, *network, *bits),
            // A pattern of digits is one of addresses.
            (Self::Like(pattern), address) => {
                let text = address.map_or(host.to_owned(), |address| address.to_string());
                is_numeric(pattern) == address.is_some() && is_like(pattern, &text).is_some()
            }
            (Self::Below(name), None) => host
                .strip_suffix(name.as_str())
                .is_some_and(|sub| matches!(sub, "") || sub.ends_with('.')),
            _ => false,
        }
    }
}

fn is_numeric(host: &str) -> bool {
    host.bytes().all(|b| b.is_ascii_digit() || b"*.".contains(&b))
}

/// Whether an address may be so: one cut short is a network to some programs, and nothing to
/// others.
fn is_like_address(host: &str) -> bool {
    let is_part = |part: &str| part.contains('*') || part.parse::<u8>().is_ok();
    let is_pattern = host.contains('*') && host.contains(char::is_numeric);
    is_pattern && host.split('.').count() <= 4 && host.split('.').all(is_part)
}

/// Whether a host may be called so: a name that ends with a number is an address.
fn is_name(name: &str) -> bool {
    let is_of_label = |b: u8| b.is_ascii_alphanumeric() || b"-_*".contains(&b);
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(is_of_label);
    let last = name.rsplit('.').next().unwrap_or_default();
    name.split('.').all(is_label) && !last.bytes().all(|b| b.is_ascii_digit())
}

fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn is_within(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    let number = |address| match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    };
    let differing = number(address) ^ number(network);
    let rest = width(address).saturating_sub(bits);
    width(address) == width(network) && differing.checked_shr(rest).unwrap_or(0) == 0
}

/// Whether `text` has the parts of the pattern between its stars, in their order.
fn is_like(pattern: &str, text: &str) -> Option<()> {
    let mut parts = pattern.split('*');
    let mut rest = text.strip_prefix(parts.next()?)?;
    let last = parts.next_back()?;
    for part in parts {
        (_, rest) = rest.split_once(part)?;
    }
    rest.ends_with(last).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_as_go_and_curl_read_them() {
        // An entry, what it covers, and what it does not.
        let cases: [(&str, &[&str], &[&str]); 25] = [
            ("*", &["a.test", "10.1.2.3", "fd00::1"], &[]),
            ("*:8443", &["a.test:8443"], &["a.test"]),
            ("a.test", &["a.test", "b.a.test", "a.test:8443"], &["ba.test", "test", "a.test.b"]),
            (".a.test", &["a.test", "b.a.test"], &["ba.test"]),
            ("*.a.test", &["a.test", "b.a.test"], &["ba.test"]),
            ("A.Test.", &["a.test", "b.a.test"], &["ba.test"]),
            ("a.test:443", &["a.test", "b.a.test"], &["a.test:8443"]),
            (".a.test:8443", &["b.a.test:8443"], &["b.a.test"]),
            ("intranet", &["intranet", "a.intranet"], &["intranet.test"]),
            ("*.corp.*", &["a.corp.test", "a.b.corp.c"], &["corp.test", "a.corp"]),
            ("api-*.test", &["api-1.test", "api-.test"], &["api.test", "api-1.test.b"]),
            ("*a.test", &["a.test", "ba.test", "c.ba.test"], &["a.tests"]),
            ("10.1.2.3", &["10.1.2.3", "10.1.2.3:8443", "::ffff:10.1.2.3"], &["10.1.2.30"]),
            ("10.1.2.3:8443", &["10.1.2.3:8443"], &["10.1.2.3"]),
            ("10.0.0.0/8", &["10.0.0.0", "10.255.1.2"], &["11.0.0.0", "::a00:1", "10.test"]),
            ("10.1.2.3/8", &["10.255.1.2"], &["11.0.0.0"]),
            ("0.0.0.0/0", &["1.2.3.4"], &["::1", "a.test"]),
            ("10.*", &["10.1.2.3", "::ffff:10.1.2.3"], &["110.1.2.3", "10.a.test"]),
            ("192.168.*.*", &["192.168.1.2"], &["192.169.1.2"]),
            ("*.2.3", &["10.1.2.3"], &["10.1.2.30", "10.1.12.3"]),
            ("1*.3", &["10.1.2.3"], &["20.1.2.3"]),
            ("::ffff:10.0.0.0/104", &["10.1.2.3", "::ffff:10.1.2.3"], &["11.1.2.3", "::1"]),
            ("fd00::1", &["fd00::1", "fd00:0::1"], &["fd00::2"]),
            ("[fd00::1]:8443", &["[fd00::1]:8443"], &["fd00::1"]),
            ("fd00::/8", &["fd12::1"], &["fe00::1", "253.0.0.1"]),
        ];
        for (entry, covered, others) in cases {
            let list = NoProxy::parse(&format!("x.y ,{entry}\t,"), "NO_PROXY").unwrap();
            let covers = |host: &str| match host.rsplit_once(':') {
                Some((host, "8443")) => list.covers(host.trim_matches(['[', ']']), 8443),
                _ => list.covers(host, 443),
            };
            assert!(covered.iter().all(|host| covers(host)), "{entry}");
            assert!(!others.iter().any(|host| covers(host)), "{entry}");
        }
    }

    const UNREADABLE: [&str; 34] = [
        "10.",
        "10",
        "10.1.2",
        "10.0.0.0/33",
        "10.0.0.0/8:1",
        "10.0.0.0/x",
        "fd00::/129",
        "[fd00::1",
        "[a.test]",
        "[fd00::1]8443",
        "fe80::1%eth0",
        "a.test:x",
        "a.test:70000",
        ":443",
        ".",
        "*.",
        "..",
        "https://a.test",
        "a.test/x",
        "<local>",
        "a.test;b.test",
        "a.test|b.test",
        "b\u{fc}cher.test",
        "!a.test",
        "a b?",
        // Neither a name nor an address that any host could have: passed over, they would
        // send the secret to the proxy.
        "10.0.0.0-10.255.255.255",
        "10.1.2.3.*",
        "10.256.*",
        "10..*",
        "a.*.3",
        "::ffff:10.0.0.0/95",
        "a.test..",
        "a..test",
        "..a.test",
    ];

    #[test]
    fn an_entry_that_cannot_be_read_is_an_error() {
        for entry in UNREADABLE {
            let error = NoProxy::parse(entry, "the environment variable NO_PROXY").unwrap_err();
            let text = error.message;
            assert!(text.starts_with("the environment variable NO_PROXY: the entry \""), "{text}");
        }
        let error = NoProxy::parse("https://u:hush@a.test", "NO_PROXY").unwrap_err();
        assert_eq!(
            error.message,
            "NO_PROXY: the entry \"https://a.test\" cannot be read: write a name (example.com), an address (10.1.2.3, [fd00::1]) or a network (10.0.0.0/8), each with or without a port (example.com:8443), or *"
        );
        // What the error calls the entry is the entry.
        let error = NoProxy::parse("10.?.2.3", "NO_PROXY").unwrap_err();
        assert!(error.message.contains("\"10.?.2.3\""), "{}", error.message);
        assert!(NoProxy::parse(" , ,", "NO_PROXY").unwrap().entries.is_empty());
    }
}
