//! Which calls go through a proxy.

use std::env;
use std::ffi::OsString;
use std::net::IpAddr;

use ureq::http::Uri;
use ureq::{Proxy, ProxyProtocol};

use crate::url::{has_valid_port, is_loopback, port};
use crate::wire::failure::{Failure, Result};
use crate::wire::no_proxy::NoProxy;

/// A proxy, if there is one, and the hosts that it is not for.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Route {
    proxy: Option<Proxy>,
    except: NoProxy,
}

impl Route {
    pub(crate) fn through(url: &str) -> Result<Self> {
        Ok(Self { proxy: Some(parse(url, "the proxy")?), except: NoProxy::default() })
    }

    pub(crate) fn from_environment() -> Result<Self> {
        Self::from_variables(|name| env::var_os(name))
    }

    /// Only for `https`, since plain `http` goes to this machine alone; lower case first, as
    /// curl has it.
    fn from_variables(read: impl Fn(&str) -> Option<OsString>) -> Result<Self> {
        let Some((what, url)) = first_of(&read, &PROXIES)? else { return Ok(Self::default()) };
        let except = match first_of(&read, &["no_proxy", "NO_PROXY"])? {
            Some((what, list)) => NoProxy::parse(&list, &what)?,
            None => NoProxy::default(),
        };
        Ok(Self { proxy: Some(parse(url.trim(), &what)?), except })
    }

    /// The proxy on the way to `uri`. Never for this machine: the client secret would leave
    /// it.
    pub(crate) fn to(&self, uri: &Uri) -> Option<&Proxy> {
        let proxy = self.proxy.as_ref()?;
        let host = uri.host()?.trim_matches(['[', ']']).to_ascii_lowercase();
        // The name with the dot of the root is the same name (RFC 1034 §3.1).
        let host = host.strip_suffix('.').unwrap_or(&host);
        let address = host.parse::<IpAddr>().map(|address| address.to_canonical());
        let is_here = is_loopback(host) || address.is_ok_and(|address| address.is_loopback());
        (!is_here && !self.except.covers(host, port(uri))).then_some(proxy)
    }
}

/// The first of these variables that is set, as an error calls it, and its value.
fn first_of(
    read: impl Fn(&str) -> Option<OsString>,
    names: &[&str],
) -> Result<Option<(String, String)>> {
    for name in names {
        let what = format!("the environment variable {name}");
        match read(name).map(OsString::into_string) {
            Some(Ok(value)) if !value.trim().is_empty() => return Ok(Some((what, value))),
            Some(Err(_)) => {
                return Err(Failure::setting(format!("{what} is not valid Unicode")));
            }
            Some(Ok(_)) | None => {}
        }
    }
    Ok(None)
}

fn parse(url: &str, what: &str) -> Result<Proxy> {
    let refuse = |why: &str| Err(Failure::setting(format!("{what} {why}")));
    let Ok(proxy) = Proxy::new(url) else {
        return refuse("is not a proxy URL such as http://proxy.example.com:3128");
    };
    let (_, address) = url.split_once("://").unwrap_or(("", url));
    let path = address.find(['/', '?', '#']).and_then(|at| address.get(at..));
    if path.is_some_and(|path| path != "/") {
        // Host and port may be user and password.
        return refuse(
            "has more than a host and a port: remove a path, and percent-encode / ? # in user and password",
        );
    }
    if !has_valid_port(proxy.uri()) {
        return refuse("has a port that is not a number up to 65535");
    }
    match proxy.protocol() {
        ProxyProtocol::Http | ProxyProtocol::Https => Ok(proxy),
        ProxyProtocol::Socks5 | ProxyProtocol::Socks5h => socks(&proxy, address, what),
        other => refuse(&format!(
            "is a {other} proxy, which is not supported: http, https and socks5h proxies are"
        )),
    }
}

/// The proxy looks up the names of hosts, `socks5` or `socks5h`: in the networks that have one,
/// often nobody else knows them.
#[cfg(feature = "socks")]
fn socks(proxy: &Proxy, address: &str, what: &str) -> Result<Proxy> {
    let (user, password) = (proxy.username(), proxy.password());
    let is_text = |text: Option<&str>| text.is_some_and(|text| (1..=255).contains(&text.len()));
    if user.or(password).is_some() && !(is_text(user) && is_text(password)) {
        return Err(Failure::setting(format!(
            "{what} must have a user and a password of 1 to 255 bytes each, or neither (RFC 1929 §2)"
        )));
    }
    Proxy::new(&format!("socks5h://{address}"))
        .map_err(|_| Failure::setting(format!("{what} is not a proxy URL")))
}

#[cfg(not(feature = "socks"))]
fn socks(_: &Proxy, _: &str, what: &str) -> Result<Proxy> {
    Err(Failure::setting(format!(
        "{what} is a SOCKS5 proxy, which needs the feature `socks` of the crate unattended"
    )))
}

const PROXIES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

#[cfg(test)]
mod tests {
    use super::*;

    fn route(pairs: &'static [(&str, &str)]) -> Result<Route> {
        Route::from_variables(move |name| {
            let pair = pairs.iter().find(|(key, _)| *key == name);
            pair.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn no_proxy_names_hosts_and_what_is_below_them_and_loopback_is_never_proxied() {
        let route = route(&[
            ("HTTPS_PROXY", "http://proxy.test:3128"),
            ("no_proxy", "example.com, *.internal.test,.corp"),
        ]);
        let route = route.unwrap();
        let cases = [
            ("api.vendor.test", true),
            ("example.com", false),
            ("API.Example.com", false),
            ("api.example.com.", false),
            ("notexample.com", true),
            ("a.internal.test", false),
            ("x.corp:8443", false),
            ("localhost", false),
            ("LOCALHOST.", false),
            ("127.0.0.1", false),
            ("127.8.9.1", false),
            ("[::1]", false),
            ("[::ffff:127.0.0.1]", false),
            ("[fd00::1]", true),
        ];
        for (host, proxied) in cases {
            let uri = format!("https://{host}/a").parse().unwrap();
            assert_eq!(route.to(&uri).is_some(), proxied, "{host}");
        }
    }

    #[test]
    fn a_proxy_variable_that_cannot_be_used_is_an_error_not_a_direct_connection() {
        assert!(route(&[]).unwrap().proxy.is_none());
        assert!(route(&[("HTTP_PROXY", "http://x.test")]).unwrap().proxy.is_none());
        assert!(route(&[("https_proxy", "")]).unwrap().proxy.is_none());
        let error = route(&[("ALL_PROXY", "socks4://x.test:1080")]).err().unwrap();
        assert_eq!(
            error.message,
            "the environment variable ALL_PROXY is a SOCKS4 proxy, which is not supported: http, https and socks5h proxies are"
        );
        let error = route(&[("https_proxy", "http://proxy.test:99999")]).err().unwrap();
        assert!(error.message.starts_with("the environment variable https_proxy has a port"));
        let error = route(&[("https_proxy", "http://user:hush@")]).err().unwrap();
        assert!(!format!("{error:?}").contains("hush"));
    }
}
