//! URLs as far as a client needs them: parsing, origins, joining and resolving.

use std::fmt;
use std::net::IpAddr;

use ureq::http::Uri;
use ureq::http::uri::{Authority, PathAndQuery};

use crate::encoding::{decode, encode_path, encode_query, push_pair};
use crate::error::{Error, Result};
use crate::mask::mask_user_info;

/// Scheme, host and port (RFC 6454 §4): what a token must not leave.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Origin(String);

impl Origin {
    pub(crate) fn of(uri: &Uri) -> Self {
        // `parse` leaves the scheme in lower case.
        let scheme = uri.scheme_str().unwrap_or_default();
        let host = uri.host().unwrap_or_default().to_ascii_lowercase();
        Self(format!("{scheme}://{host}:{}", port(uri)))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// As comparing their [`Origin`]s, but without building them: it is done for every call.
pub(crate) fn is_same_origin(one: &Uri, other: &Uri) -> bool {
    let is_same_host =
        || one.host().map(str::to_ascii_lowercase) == other.host().map(str::to_ascii_lowercase);
    one.scheme() == other.scheme()
        && (authority(one) == authority(other) || is_same_host() && port(one) == port(other))
}

pub(crate) fn port(uri: &Uri) -> u16 {
    let default = match uri.scheme_str() {
        Some("https") => 443,
        Some("socks5h") => 1080,
        _ => 80,
    };
    uri.port_u16().unwrap_or(default)
}

/// A URL that a call may go to: `https`, or `http` to this machine; no user info.
pub(crate) fn parse(text: &str, what: &str) -> Result<Uri> {
    let refuse = |why: &str| Err(Error::configuration(format!("{what}: {why}")));
    let (text, _) = text.split_once('#').unwrap_or((text, ""));
    let Some((scheme, rest)) = text.split_once("://") else {
        return refuse("not an absolute URL: it must begin with https://");
    };
    let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let slash = if target.starts_with('/') { "" } else { "/" };
    let url = [scheme, "://", authority, slash, &encode_path(target)].concat();
    let Ok(uri) = url.parse::<Uri>() else {
        return refuse("not a valid URL");
    };
    let (host, rest) = (uri.host().unwrap_or_default(), after_host(&uri));
    match uri.scheme_str() {
        _ if host.is_empty() => refuse("the URL names no host"),
        // Of `[::1]example.com:443` only the first part would be taken.
        _ if rest.starts_with(|c| c != ':') || rest.contains(']') => refuse("not a valid URL"),
        _ if !has_valid_port(&uri) => refuse("the port is not a number up to 65535"),
        _ if authority.contains('@') => refuse("a URL must not hold credentials"),
        Some("https") => Ok(uri),
        Some("http") if is_loopback(host) => Ok(uri),
        Some("http") => refuse("plain http is allowed to this machine only: use https"),
        _ => refuse("the scheme must be https"),
    }
}

/// A port that cannot be read would silently become that of the scheme.
pub(crate) fn has_valid_port(uri: &Uri) -> bool {
    let port = after_host(uri);
    port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
}

/// Host and port as they were written.
pub(crate) fn authority(uri: &Uri) -> &str {
    uri.authority().map_or("", Authority::as_str)
}

fn after_host(uri: &Uri) -> &str {
    let authority = authority(uri);
    let (_, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    host.strip_prefix(uri.host().unwrap_or_default()).unwrap_or(host)
}

/// `localhost`, 127.0.0.0/8 and `[::1]`.
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// `path` with `query` below `base`, or a URL of its own. Exactly one slash stands between
/// base and path.
pub(crate) fn join(base: &Uri, path: &str, query: &str) -> Result<Uri> {
    let mark = if query.is_empty() { "" } else { "?" };
    if is_absolute(path) {
        return parse(&[path, mark, query].concat(), "the request's URL");
    }
    let (folder, slash) = match path {
        "" => (base.path(), ""),
        _ => (base.path().trim_end_matches('/'), "/"),
    };
    let (path, query) = (encode_path(path.trim_start_matches('/')), encode_path(query));
    // Exactly as long as it must be: `http` takes it over as it is then.
    with_target(base, [folder, slash, &path, mark, &query].concat())
}

/// Whether `path` is a URL of its own.
pub(crate) fn is_absolute(path: &str) -> bool {
    after_scheme(path).is_some_and(|rest| rest.starts_with("//"))
}

/// What follows a scheme (RFC 3986 §3.1), if there is one: `mailto:`, say.
fn after_scheme(reference: &str) -> Option<&str> {
    let is_of_scheme = |b: u8| b.is_ascii_alphanumeric() || b"+-.".contains(&b);
    if !reference.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let (scheme, rest) = reference.split_once(':')?;
    scheme.bytes().all(is_of_scheme).then_some(rest)
}

/// A path or URL as far as it may be shown: without user info, query and fragment. It may hold what
/// somebody else wrote, so line breaks are escaped.
pub(crate) fn shown(path: &str) -> String {
    let (path, _) = path.split_once(['?', '#']).unwrap_or((path, ""));
    let escaped = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.into() };
    let path: String = path.chars().map(escaped).collect();
    let Some((scheme, rest)) = path.split_once("://") else {
        return mask_user_info(&path);
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (_, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    format!("{scheme}://{host}{path}")
}

/// A reference out of an answer (`Location`, a next link), resolved as RFC 3986 §5.2 has it.
pub(crate) fn resolve(base: &Uri, reference: &str) -> Result<Uri> {
    let what = "a link in the answer";
    let reference = reference.trim();
    match after_scheme(reference) {
        Some(rest) if rest.starts_with("//") => return parse(reference, what),
        Some(_) => {
            return Err(Error::configuration(format!("{what} is not an http or https URL")));
        }
        None if reference.starts_with("//") => {
            let scheme = base.scheme_str().unwrap_or_default();
            return parse(&format!("{scheme}:{reference}"), what);
        }
        None => {}
    }
    let (reference, _) = reference.split_once('#').unwrap_or((reference, ""));
    let (path, query) = reference.split_at(reference.find('?').unwrap_or(reference.len()));
    let path = match path {
        "" if query.is_empty() => return Ok(base.clone()),
        "" => base.path().to_owned(),
        path if path.starts_with('/') => without_dots(path),
        path => {
            let folder = base.path().rsplit_once('/').map_or("", |(folder, _)| folder);
            without_dots(&format!("{folder}/{path}"))
        }
    };
    with_target(base, encode_path(&[&path, query].concat()).into_owned())
}

/// A path or URL without query and fragment, and its query. Of a path that is no URL of its
/// own, `#` is a character like others.
pub(crate) fn split_query(mut path: String) -> (String, String) {
    if is_absolute(&path) {
        path.truncate(path.find('#').unwrap_or(path.len()));
    }
    let query = path.split_off(path.find('?').unwrap_or(path.len()));
    (path, query.strip_prefix('?').unwrap_or_default().to_owned())
}

/// `uri` with the pairs added to its query.
pub(crate) fn with_query(uri: &Uri, pairs: &[(String, String)]) -> Result<Uri> {
    let mut query = uri.query().unwrap_or_default().to_owned();
    for (name, value) in pairs {
        push_pair(&mut query, name, value, encode_query);
    }
    join(uri, "", &query)
}

/// The names and values of a query, decoded.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

/// Takes a pair out of a query, and returns its value.
pub(crate) fn take_pair(query: &mut String, name: &str) -> Option<String> {
    let mut raw: Vec<&str> = query.split('&').collect();
    let is_named = |pair: &&str| pairs(pair).iter().any(|(key, _)| key == name);
    let at = raw.iter().position(is_named)?;
    let (_, value) = pairs(raw.remove(at)).pop()?;
    *query = raw.join("&");
    Some(value)
}

/// Those pairs of a query whose names are not in another.
pub(crate) fn missing_pairs(query: &str, other: &str) -> Vec<(String, String)> {
    let there = pairs(other);
    let mut missing = pairs(query);
    missing.retain(|(name, _)| there.iter().all(|(known, _)| known != name));
    missing
}

/// Those values of a query that are as long as a signature.
pub(crate) fn long_values(query: &str) -> Vec<String> {
    let query = query.split('#').next().unwrap_or_default();
    let values = pairs(query).into_iter().map(|(_, value)| value);
    values.filter(|value| value.len() >= SHORTEST_SIGNATURE).collect()
}

/// Signatures are far longer; masking words of everyday length would hide what was said.
const SHORTEST_SIGNATURE: usize = 16;

fn with_target(uri: &Uri, target: String) -> Result<Uri> {
    let mut parts = uri.clone().into_parts();
    let refuse = || Error::configuration("the request's path and query are not valid in a URL");
    parts.path_and_query = Some(PathAndQuery::try_from(target).map_err(|_| refuse())?);
    Uri::from_parts(parts).map_err(|_| refuse())
}

/// RFC 3986 §5.2.4.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            segment => kept.push(segment),
        }
    }
    if path.ends_with("/.") || path.ends_with("/..") {
        kept.push("");
    }
    format!("/{}", kept.join("/"))
}
