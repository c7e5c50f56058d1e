//! Refusals for ever: limits with and without a readable wait, tokens that never do,
//! gateways, and redirects of every kind.

use unattended::error::{Delivery, ErrorKind};

use super::Step::*;
use super::*;

pub fn faults() -> Vec<Fault> {
    [limits(), waits(), statuses(), credentials(), redirects()].concat()
}

/// A refusal that passes, but never does, by which the server did not act.
fn limit(name: &'static str, steps: impl Into<Vec<Step>>) -> Fault {
    let come = Come::Status(ErrorKind::Temporary, Delivery::Rejected);
    refused(name, steps)
        .get(come, ALL)
        .post(come, ALL)
        .token(Come::Token(ErrorKind::Temporary, Delivery::Rejected), ALL)
}

/// A limit whose wait does not fit.
fn too_long(name: &'static str, steps: impl Into<Vec<Step>>) -> Fault {
    let fault = limit(name, steps);
    Fault { get: (fault.get.0, 1), post: (fault.post.0, 1), token: (fault.token.0, 1), ..fault }
}

/// Trouble in which the server may have acted.
fn trouble(name: &'static str, steps: impl Into<Vec<Step>>) -> Fault {
    let come = Come::Status(ErrorKind::Temporary, Delivery::Unknown);
    refused(name, steps)
        .get(come, ALL)
        .post(come, 1)
        .token(Come::Token(ErrorKind::Temporary, Delivery::Rejected), ALL)
}

fn limits() -> Vec<Fault> {
    vec![
        limit("429 for ever", [Read, Say("HTTP/1.1 429 X\r\ncontent-length: 0\r\n\r\n")]),
        trouble("503 for ever", [Read, Say("HTTP/1.1 503 X\r\ncontent-length: 0\r\n\r\n")]),
        trouble(
            "503 for ever with a wait",
            [Read, Say("HTTP/1.1 503 X\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n")],
        ),
        limit(
            "429 for ever on connections that close",
            [Read, Say("HTTP/1.1 429 X\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"), Close],
        ),
        limit(
            "429 with a body that is cut off",
            [Read, Say("HTTP/1.1 429 X\r\ncontent-length: 99\r\n\r\n{\"code\""), Close],
        ),
        limit(
            "429 with a body without end",
            [Read, Say("HTTP/1.1 429 X\r\ncontent-length: 99999999999\r\n\r\n"), Flood(b"x")],
        ),
        limit(
            "429 with a broken gzip body",
            [
                Read,
                Say("HTTP/1.1 429 X\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nabcd"),
            ],
        ),
    ]
}

fn waits() -> Vec<Fault> {
    vec![
        limit("a wait of a second", retry_after("retry-after: 1\r\n")),
        limit("a wait of nothing", retry_after("retry-after: 0\r\n")),
        limit("a wait of half a second", retry_after("retry-after: 0.5\r\n")),
        limit("a negative wait", retry_after("retry-after: -5\r\n")),
        limit("a wait of 1e400", retry_after("retry-after: 1e400\r\n")),
        limit("a wait that is not a number", retry_after("retry-after: NaN\r\n")),
        limit("a wait of infinity", retry_after("retry-after: inf\r\n")),
        limit("a wait without value", retry_after("retry-after:\r\n")),
        limit("a wait in words", retry_after("retry-after: soon {echo}\r\n")),
        limit("two waits in one line", retry_after("retry-after: 1, 2\r\n")),
        limit("a date in the past", retry_after("retry-after: Sun, 06 Nov 1994 08:49:37 GMT\r\n")),
        limit(
            "a date that does not exist",
            retry_after("retry-after: Sun, 31 Feb 2094 08:49:37 GMT\r\n"),
        ),
        limit(
            "a date with a zone of its own",
            retry_after("retry-after: Sun, 06 Nov 2094 08:49:37 +0200\r\n"),
        ),
        limit("a reset of a limit that is negative", retry_after("x-ratelimit-reset: -1\r\n")),
        limit("two waits that agree", retry_after("retry-after: 1\r\nretry-after: 1\r\n")),
        limit("two waits that differ", retry_after("retry-after: 1\r\nretry-after: 3\r\n")),
        limit("a wait and nonsense", retry_after("retry-after: x\r\nretry-after: 1\r\n")),
        limit(
            "a wait that the limit's reset contradicts",
            retry_after("retry-after: 1\r\nx-ratelimit-reset: 99999\r\n"),
        ),
        limit(
            "a wait that is not text",
            [
                Read,
                Make(|_| {
                    b"HTTP/1.1 429 X\r\nretry-after: \xff\r\ncontent-length: 0\r\n\r\n".to_vec()
                }),
            ],
        ),
        too_long(
            "a date far in the future",
            retry_after("retry-after: Fri, 31 Dec 9999 23:59:59 GMT\r\n"),
        ),
        too_long(
            "a wait of 40 digits",
            retry_after("retry-after: 9999999999999999999999999999999999999999\r\n"),
        ),
        too_long(
            "a wait of an hour beside one of a second",
            retry_after("retry-after: 1\r\nretry-after: 3600\r\n"),
        ),
        too_long(
            "a reset of a limit at the end of time",
            retry_after("x-ratelimit-reset: 18446744073709551615\r\n"),
        ),
    ]
}

fn retry_after(headers: &'static str) -> [Step; 4] {
    [Read, Say("HTTP/1.1 429 X\r\n"), Say(headers), Say("content-length: 0\r\n\r\n")]
}

fn statuses() -> Vec<Fault> {
    let final_unknown = Come::Status(ErrorKind::Refused, Delivery::Unknown);
    let lasting = Come::Token(ErrorKind::Refused, Delivery::Rejected);
    vec![
        trouble("500 with what was sent", page("HTTP/1.1 500 X\r\n\r\n{\"message\":\"{echo}\"}")),
        trouble(
            "502 with HTML",
            page("HTTP/1.1 502 X\r\n\r\n<html><h1>502 Bad Gateway</h1></html>"),
        ),
        trouble("504 with HTML", page("HTTP/1.1 504 X\r\n\r\n<html>{echo}</html>")),
        trouble("408", page("HTTP/1.1 408 X\r\n\r\n")),
        refused("501", page("HTTP/1.1 501 X\r\n\r\n"))
            .get(final_unknown, 1)
            .post(final_unknown, 1)
            .token(lasting, 1),
        refused("505", page("HTTP/1.1 505 X\r\n\r\n"))
            .get(final_unknown, 1)
            .post(final_unknown, 1)
            .token(lasting, 1),
        refused(
            "400 with what was sent",
            page("HTTP/1.1 400 X\r\n\r\n{\"error_description\":\"{echo}\"}"),
        ),
        refused("403", page("HTTP/1.1 403 X\r\n\r\n")),
        refused("404 with HTML", page("HTTP/1.1 404 X\r\n\r\n<html>{echo}</html>")),
        refused("407", page("HTTP/1.1 407 X\r\n\r\n")),
        refused("413", page("HTTP/1.1 413 X\r\n\r\n")),
        refused(
            "a refusal that is not UTF-8",
            [Read, Make(|_| b"HTTP/1.1 400 X\r\n\r\n\xff\xfe\xfd".to_vec()), Close],
        ),
    ]
}

/// 401 renews a token once, whatever the server does with the next one.
fn credentials() -> Vec<Fault> {
    let come = Come::Status(ErrorKind::Credentials, Delivery::Rejected);
    let refusal = Come::Token(ErrorKind::Credentials, Delivery::Rejected);
    let refused =
        |name, steps: [Step; 3]| refused(name, steps).get(come, 2).post(come, 2).token(refusal, 1);
    vec![
        refused("401 for ever", page("HTTP/1.1 401 X\r\n\r\n")),
        refused("401 with what was sent", page("HTTP/1.1 401 X\r\n\r\n{\"message\":\"{echo}\"}")),
        refused(
            "401 with a challenge that cannot be read",
            [Read, Say("HTTP/1.1 401 X\r\nwww-authenticate: ,,=\"\r\n\r\n"), Close],
        ),
        refused("401 with a wait", page("HTTP/1.1 401 X\r\nretry-after: 5\r\n\r\n")),
    ]
}

fn redirects() -> Vec<Fault> {
    let unknown = Come::Status(ErrorKind::Refused, Delivery::Unknown);
    let nobody = Come::Transport(ErrorKind::Temporary, Delivery::NotSent);
    let leads = |name, head| refused(name, page(head)).post(unknown, 1);
    vec![
        leads("a redirect to itself", "HTTP/1.1 302 X\r\nlocation: {target}\r\n\r\n")
            .get(Come::Status(ErrorKind::Refused, Delivery::Rejected), 6),
        refused(
            "a redirect that asks for the same again",
            page("HTTP/1.1 307 X\r\nlocation: {target}&a=b\r\n\r\n"),
        )
        .get(Come::Status(ErrorKind::Refused, Delivery::Rejected), 6),
        refused("a redirect of 308", page("HTTP/1.1 308 X\r\nlocation: {target}\r\n\r\n"))
            .get(Come::Status(ErrorKind::Refused, Delivery::Rejected), 6),
        leads(
            "a redirect to a port where nobody is",
            "HTTP/1.1 302 X\r\nlocation: http://127.0.0.1:9/\r\n\r\n",
        )
        .get(nobody, 1),
        leads(
            "a redirect to http elsewhere",
            "HTTP/1.1 302 X\r\nlocation: http://example.com/\r\n\r\n",
        ),
        leads("a redirect without address", "HTTP/1.1 302 X\r\n\r\n"),
        leads("a redirect to an empty port", "HTTP/1.1 302 X\r\nlocation: http://:99999/\r\n\r\n"),
        leads("a redirect to half an address", "HTTP/1.1 302 X\r\nlocation: http://[::1\r\n\r\n"),
        leads("a redirect to a script", "HTTP/1.1 302 X\r\nlocation: javascript:alert(1)\r\n\r\n"),
        leads("a redirect to a file", "HTTP/1.1 302 X\r\nlocation: file:///etc/passwd\r\n\r\n"),
        leads(
            "a redirect to another protocol",
            "HTTP/1.1 302 X\r\nlocation: ftp://127.0.0.1/\r\n\r\n",
        ),
        leads(
            "a redirect with user and password",
            "HTTP/1.1 302 X\r\nlocation: http://s3cret:s3cret@127.0.0.1:9/\r\n\r\n",
        ),
        leads(
            "a redirect with what was sent",
            "HTTP/1.1 303 X\r\nlocation: http://{echo}/\r\n\r\n",
        ),
        leads("300", "HTTP/1.1 300 X\r\n\r\n"),
        refused("305 to a proxy", page("HTTP/1.1 305 X\r\nlocation: http://127.0.0.1:9/\r\n\r\n")),
    ]
}

/// An answer that ends with the connection.
fn page(text: &'static str) -> [Step; 3] {
    [Read, Say(text), Close]
}
