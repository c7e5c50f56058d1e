//! URLs as far as a client needs them: parsing, origins, joining and resolving.

use std::fmt;
use std::net::IpAddr;

use ureq::http::Uri;
use ureq::http::uri::{Authority, PathAndQuery};

use crate::encoding::{decode, encode_path, encode_query};
use crate::error::{Error, Result};
use crate::foreign::mask_user_info;

/// Scheme, host and port (RFC 6454 §4): what a token must not leave.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

impl Origin {
    pub(crate) fn of(uri: &Uri) -> Self {
        Self {
            // Every URL was parsed here, and so its scheme is in lower case.
            scheme: uri.scheme_str().unwrap_or_default().to_owned(),
            host: uri.host().unwrap_or_default().to_ascii_lowercase(),
            port: port(uri),
        }
    }
}

/// As comparing their [`Origin`]s, but without building them: it is done for every call.
pub(crate) fn is_same_origin(one: &Uri, other: &Uri) -> bool {
    if one.scheme() != other.scheme() {
        return false;
    }
    // Nearly always they are the same to the letter.
    one.authority().map(Authority::as_str) == other.authority().map(Authority::as_str)
        || one.host().unwrap_or_default().eq_ignore_ascii_case(other.host().unwrap_or_default())
            && port(one) == port(other)
}

pub(crate) fn port(uri: &Uri) -> u16 {
    let default = if uri.scheme_str() == Some("https") { 443 } else { 80 };
    uri.port_u16().unwrap_or(default)
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme, self.host, self.port)
    }
}

/// A URL that a call may go to: `https`, or `http` to this machine; no user info.
pub(crate) fn parse(text: &str, what: &str) -> Result<Uri> {
    let (text, _) = text.split_once('#').unwrap_or((text, ""));
    let (text, query) = match text.split_once('?') {
        Some((text, query)) => (text, Some(query)),
        None => (text, None),
    };
    let refuse = |why: &str| Err(Error::configuration(format!("{what}: {why}")));
    let Some((scheme, rest)) = text.split_once("://") else {
        return refuse("not an absolute URL: it must begin with https://");
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let mut url = format!("{}://{authority}", scheme.to_ascii_lowercase());
    url.push_str(&encode_path(if path.is_empty() { "/" } else { path }));
    if let Some(query) = query {
        url.push('?');
        url.push_str(&encode_path(query));
    }
    let Ok(uri) = url.parse::<Uri>() else {
        return refuse("not a valid URL");
    };
    let host = uri.host().unwrap_or_default();
    match uri.scheme_str() {
        _ if host.is_empty() => refuse("the URL names no host"),
        _ if !has_one_host(&uri) => refuse("not a valid URL"),
        _ if !has_valid_port(&uri) => refuse("the port is not a number up to 65535"),
        _ if authority.contains('@') => refuse("credentials do not belong into a URL"),
        Some("https") => Ok(uri),
        Some("http") if is_loopback(host) => Ok(uri),
        Some("http") => refuse("plain http is allowed to this machine only: use https"),
        _ => refuse("the scheme must be https"),
    }
}

/// Of `[::1]example.com:443` only the first part would be taken.
fn has_one_host(uri: &Uri) -> bool {
    let is_port =
        |rest: &str| rest.strip_prefix(':').is_some_and(|port| !port.contains([':', ']']));
    after_host(uri).is_some_and(|rest| rest.is_empty() || is_port(rest))
}

/// A port that cannot be read would silently become that of the scheme.
pub(crate) fn has_valid_port(uri: &Uri) -> bool {
    after_host(uri).is_some_and(str::is_empty) || uri.port_u16().is_some()
}

fn after_host(uri: &Uri) -> Option<&str> {
    let authority = uri.authority()?.as_str();
    let (_, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    host.strip_prefix(uri.host()?)
}

/// `localhost`, 127.0.0.0/8 and `[::1]`.
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// `path` below `base`, or a URL of its own, with `query` added to it. Exactly one slash
/// stands between base and path; a path's own query stays in front.
pub(crate) fn join(base: &Uri, path: &str, query: &[(String, String)]) -> Result<Uri> {
    if is_absolute(path) {
        return with_query(parse(path, "the request's URL")?, query);
    }
    let (path, own_query) = path.split_once('?').unwrap_or((path, ""));
    let (folder, slash) = match path {
        "" => (base.path(), ""),
        _ => (base.path().trim_end_matches('/'), "/"),
    };
    let mark = if own_query.is_empty() { "" } else { "?" };
    let (path, own_query) = (encode_path(path.trim_start_matches('/')), encode_path(own_query));
    // Exactly as long as it must be: `http` takes it over as it is then.
    let target = [folder, slash, &path, mark, &own_query].concat();
    with_query(replace_target(base, target)?, query)
}

/// Whether `path` is a URL of its own.
pub(crate) fn is_absolute(path: &str) -> bool {
    if path.starts_with('/') {
        return false;
    }
    let scheme = path.split_once(':').filter(|(_, rest)| rest.starts_with("//"));
    scheme.is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+')
    })
}

/// `mailto:`, say: RFC 3986 §3.1, §4.2.
fn has_scheme(reference: &str) -> bool {
    let first = reference.split(['/', '?', '#']).next().unwrap_or_default();
    first.split_once(':').is_some_and(|(scheme, _)| {
        let is_of_scheme = |b: u8| b.is_ascii_alphanumeric() || b"+-.".contains(&b);
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.bytes().all(is_of_scheme)
    })
}

/// A path or URL as far as it may be shown: without user info, query and fragment, and
/// without line breaks, since it may hold what somebody else wrote.
pub(crate) fn shown(path: &str) -> String {
    let (path, _) = path.split_once(['?', '#']).unwrap_or((path, ""));
    let path: String = path.split_inclusive(char::is_control).map(escaped).collect();
    let Some((scheme, rest)) = path.split_once("://") else {
        return mask_user_info(&path);
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (_, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    format!("{scheme}://{host}{path}")
}

/// With the control character at its end, if there is one, escaped.
fn escaped(text: &str) -> String {
    let (text, last) = text.split_at(text.trim_end_matches(char::is_control).len());
    format!("{text}{}", last.escape_default())
}

/// A reference out of an answer (`Location`, a next link), resolved as RFC 3986 §5.2 has it.
pub(crate) fn resolve(base: &Uri, reference: &str) -> Result<Uri> {
    let what = "a link in the answer";
    let reference = reference.trim();
    if is_absolute(reference) {
        return parse(reference, what);
    }
    if has_scheme(reference) {
        return Err(Error::configuration(format!("{what} is not an http or https URL")));
    }
    if let Some(rest) = reference.strip_prefix("//") {
        return parse(&format!("{}://{rest}", Origin::of(base).scheme), what);
    }
    let (reference, _) = reference.split_once('#').unwrap_or((reference, ""));
    let (path, query) = match reference.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (reference, None),
    };
    let path = match path {
        "" => base.path().to_owned(),
        path if path.starts_with('/') => without_dots(path),
        path => {
            let folder = base.path().rsplit_once('/').map_or("", |(folder, _)| folder);
            without_dots(&format!("{folder}/{path}"))
        }
    };
    let mut target = encode_path(&path).into_owned();
    if let Some(query) = query.or(base.query().filter(|_| reference.is_empty())) {
        target.push('?');
        target.push_str(&encode_path(query));
    }
    replace_target(base, target)
}

/// `uri` with the pairs added to its query.
pub(crate) fn with_query(uri: Uri, pairs: &[(String, String)]) -> Result<Uri> {
    if pairs.is_empty() {
        return Ok(uri);
    }
    let mut target = uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let mut separator = if uri.query().is_some() { '&' } else { '?' };
    for (name, value) in pairs {
        target.push(separator);
        target.push_str(&encode_query(name));
        target.push('=');
        target.push_str(&encode_query(value));
        separator = '&';
    }
    replace_target(&uri, target)
}

/// The names and values of a query, decoded.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

/// Those values of a query that are as long as a signature.
pub(crate) fn long_values(query: &str) -> Vec<String> {
    let query = query.split('#').next().unwrap_or_default();
    let values = pairs(query).into_iter().map(|(_, value)| value);
    values.filter(|value| value.len() >= SHORTEST_SIGNATURE).collect()
}

/// Signatures are far longer; masking words of everyday length would hide what was said.
const SHORTEST_SIGNATURE: usize = 16;

fn replace_target(uri: &Uri, target: String) -> Result<Uri> {
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
