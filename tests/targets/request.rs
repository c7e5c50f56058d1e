//! What callers write: base URLs, paths, segments, queries.

use unattended::http::Uri;
use unattended::{Client, Credentials, Provider, Request};

use super::check_error;
use super::server::{Answer, SECRET, Server, alone};

/// The input is lines: a base path, a path or URL, and then `/segment` or `name=value`.
pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.split('\n');
    let (base, path) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    check_url(base);
    check_url(path);
    let server = Server::here();
    server.play(None, &[], &Answer::ok("{}"));
    let Some((client, path)) = client(&server, base, path) else { return };
    let (mut segments, mut pairs) = (Vec::new(), Vec::new());
    let mut request = Request::get(path);
    for line in lines.take(MOST_PARTS) {
        if let Some(segment) = line.strip_prefix('/') {
            request = request.segment(segment);
            segments.push(segment);
        } else if let Some((name, value)) = line.split_once('=') {
            request = request.query(name, value);
            pairs.push((name.to_owned(), value.to_owned()));
        }
    }
    match client.send(&request) {
        Ok(response) => {
            let seen = server.seen();
            let [line] = &seen[..] else { panic!("{seen:?}") };
            let target = line.strip_prefix("GET ").and_then(|line| line.strip_suffix(" HTTP/1.1"));
            let target = target.unwrap();
            assert_eq!(response.url().path_and_query().unwrap().as_str(), target);
            check_target(target, &segments, &pairs);
        }
        Err(error) => {
            check_error(&error);
            assert_eq!(error.exit_code(), 78, "{error}");
            assert!(server.seen().is_empty(), "{error}");
        }
    }
    assert!(!format!("{request:?}").contains(SECRET));
}

fn client(server: &Server, base: &str, path: &str) -> Option<(Client, String)> {
    let base = format!("{}/{base}", server.origin);
    let provider = match Provider::new(&format!("{}/token", server.origin), &base) {
        Ok(provider) => provider,
        Err(error) => {
            check_error(&error);
            return None;
        }
    };
    let client = Client::new(provider, Credentials::new("planted", SECRET)).unwrap();
    Some((alone(client), path.replace("{origin}", &server.origin)))
}

/// What is sent can stand in a request line, and says what was asked for.
fn check_target(target: &str, segments: &[&str], pairs: &[(String, String)]) {
    assert!(target.starts_with('/'), "{target}");
    let is_odd = |c: char| !c.is_ascii_graphic() || "\"#<>\\^`{|}".contains(c);
    assert!(!target.contains(is_odd), "{target}");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let sent: Vec<&str> = path.split('/').collect();
    let sent = &sent[sent.len() - segments.len()..];
    for (sent, segment) in sent.iter().zip(segments) {
        assert_eq!(unescaped(sent), segment.as_bytes(), "{target}");
    }
    let sent: Vec<(String, String)> =
        form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    assert_eq!(sent[sent.len() - pairs.len()..], *pairs, "{target}");
    assert!(!query.contains('+') || pairs.is_empty() || sent.len() > pairs.len(), "{target}");
}

/// RFC 3986 §2.1.
fn unescaped(text: &str) -> Vec<u8> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    bytes
}

/// A URL that calls may go to is `https`, or leads to this machine, and has no user info.
fn check_url(text: &str) {
    match Provider::new(text, "https://api.example.com") {
        Ok(provider) => {
            let printed = format!("{provider:?}");
            let (_, url) = printed.split_once("token_endpoint: ").unwrap();
            let url: Uri = url.split(", ").next().unwrap().parse().unwrap();
            let host = url.host().unwrap();
            let is_here = host.eq_ignore_ascii_case("localhost")
                || host.starts_with("127.")
                || host.starts_with("[::1")
                || host.contains(":ffff:127.")
                || host.ends_with("1]");
            assert!(url.scheme_str() == Some("https") || is_here, "{text}: {url}");
            assert!(!url.authority().unwrap().as_str().contains('@'), "{text}: {url}");
        }
        Err(error) => {
            check_error(&error);
            assert_eq!(error.exit_code(), 78, "{error}");
        }
    }
}

const MOST_PARTS: usize = 20;
