//! Which calls go through a proxy.

use std::env;

use ureq::{Proxy, ProxyProtocol};

use crate::error::{Error, Result};
use crate::url::{has_valid_port, is_loopback};

/// Where a client takes its proxy from.
#[derive(Clone, Default)]
pub(crate) enum ProxySetting {
    /// `https_proxy` or `all_proxy`, but for the hosts of `no_proxy`.
    #[default]
    Environment,
    Off,
    Set(Proxy),
}

/// A proxy and the hosts that it is not for.
pub(crate) struct Route {
    proxy: Proxy,
    except: Vec<String>,
}

impl ProxySetting {
    pub(crate) fn parse(url: &str) -> Result<Self> {
        parse(url, "the proxy").map(Self::Set)
    }

    /// The route that this setting means now.
    pub(crate) fn route(&self) -> Result<Option<Route>> {
        match self {
            Self::Off => Ok(None),
            Self::Set(proxy) => Ok(Some(Route { proxy: proxy.clone(), except: Vec::new() })),
            Self::Environment => from_environment(|name| env::var(name).ok()),
        }
    }
}

impl Route {
    /// The proxy for `host`. Never for this machine: the client secret would leave it.
    pub(crate) fn to(&self, host: &str) -> Option<&Proxy> {
        (!is_loopback(host) && !self.is_excepted(host)).then_some(&self.proxy)
    }

    /// An entry names a host and all hosts below it; `*` is all hosts.
    fn is_excepted(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.except.iter().any(|entry| {
            entry == "*"
                || host == *entry
                || host.strip_suffix(entry.as_str()).is_some_and(|sub| sub.ends_with('.'))
        })
    }
}

/// Only for `https`, since plain `http` goes to this machine alone; lower case first, as
/// curl has it.
fn from_environment(read: impl Fn(&str) -> Option<String>) -> Result<Option<Route>> {
    let names = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    let set = |name: &&str| read(name).filter(|url| !url.trim().is_empty());
    let Some((name, url)) = names.iter().find_map(|name| Some((name, set(name)?))) else {
        return Ok(None);
    };
    let except = ["no_proxy", "NO_PROXY"].iter().find_map(set).unwrap_or_default();
    let entries = except.split([',', ' ']).map(|entry| entry.trim().to_ascii_lowercase());
    let entries = entries.map(|entry| match entry.as_str() {
        "*" => entry,
        entry => entry.trim_start_matches('*').trim_start_matches('.').to_owned(),
    });
    Ok(Some(Route {
        proxy: parse(url.trim(), &format!("the environment variable {name}"))?,
        except: entries.filter(|entry| !entry.is_empty()).collect(),
    }))
}

fn parse(url: &str, what: &str) -> Result<Proxy> {
    let Ok(proxy) = Proxy::new(url) else {
        return Err(Error::configuration(format!(
            "{what} is not a proxy URL such as http://proxy.example.com:3128"
        )));
    };
    let (_, address) = url.split_once("://").unwrap_or(("", url));
    let (_, more) = address.split_at(address.find(['/', '?', '#']).unwrap_or(address.len()));
    if !matches!(more, "" | "/") {
        // Host and port may be user and password.
        return Err(Error::configuration(format!(
            "{what} has more than a host and a port: remove a path, and percent-encode / ? # in user and password"
        )));
    }
    if !has_valid_port(proxy.uri()) {
        let message = format!("{what} has a port that is not a number up to 65535");
        return Err(Error::configuration(message));
    }
    match proxy.protocol() {
        ProxyProtocol::Http | ProxyProtocol::Https => Ok(proxy),
        other => Err(Error::configuration(format!(
            "{what} is a {other} proxy, which is not supported: only http and https proxies are"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(pairs: &'static [(&str, &str)]) -> Result<Option<Route>> {
        from_environment(move |name| {
            let pair = pairs.iter().find(|(key, _)| *key == name);
            pair.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn no_proxy_names_hosts_and_what_is_below_them_and_loopback_is_never_proxied() {
        let route = route(&[
            ("HTTPS_PROXY", "http://proxy.test:3128"),
            ("no_proxy", "example.com, *.internal.test,.corp"),
        ]);
        let route = route.unwrap().unwrap();
        let cases = [
            ("api.vendor.test", true),
            ("example.com", false),
            ("API.Example.com", false),
            ("notexample.com", true),
            ("a.internal.test", false),
            ("x.corp", false),
            ("localhost", false),
            ("127.0.0.1", false),
            ("127.8.9.1", false),
            ("[::1]", false),
        ];
        for (host, proxied) in cases {
            assert_eq!(route.to(host).is_some(), proxied, "{host}");
        }
    }

    #[test]
    fn a_proxy_variable_that_cannot_be_used_is_an_error_not_a_direct_connection() {
        assert!(route(&[]).unwrap().is_none());
        assert!(route(&[("HTTP_PROXY", "http://x.test")]).unwrap().is_none());
        assert!(route(&[("https_proxy", "")]).unwrap().is_none());
        let error = route(&[("ALL_PROXY", "socks5://x.test:1080")]).err().unwrap();
        assert_eq!(
            error.to_string(),
            "the environment variable ALL_PROXY is a SOCKS5 proxy, which is not supported: only http and https proxies are"
        );
        let error = route(&[("https_proxy", "http://proxy.test:99999")]).err().unwrap();
        assert!(error.to_string().starts_with("the environment variable https_proxy has a port"));
        let error = route(&[("https_proxy", "http://user:hush@")]).err().unwrap();
        assert!(!format!("{error:?}").contains("hush"));
    }
}
