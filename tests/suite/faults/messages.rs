//! Faults of the answer's head: status lines, headers, lengths, and answers before the
//! answer.

use unattended::error::{Delivery, ErrorKind};

use super::Step::*;
use super::*;

pub fn faults() -> Vec<Fault> {
    [status_lines(), headers(), lengths(), informational(), without_body()].concat()
}

fn status_lines() -> Vec<Fault> {
    let unknown = Come::Status(ErrorKind::Refused, Delivery::Unknown);
    vec![
        harmless(
            "HTTP/1.0 with a length",
            says("HTTP/1.0 200 OK\r\ncontent-length: {len}\r\n\r\n{body}"),
        ),
        harmless("HTTP/1.0 without a length", [Read, Say("HTTP/1.0 200 OK\r\n\r\n{body}"), Close]),
        harmless(
            "a status line without reason",
            says("HTTP/1.1 200 \r\ncontent-length: {len}\r\n\r\n{body}"),
        ),
        harmless(
            "a status line that ends with the status",
            says("HTTP/1.1 200\r\ncontent-length: {len}\r\n\r\n{body}"),
        ),
        harmless(
            "a reason that is not text",
            [
                Read,
                Make(|body| {
                    let length = format!("\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                    [b"HTTP/1.1 200 \xff\xfe".as_slice(), length.as_bytes()].concat()
                }),
            ],
        ),
        harmless(
            "empty lines before the answer",
            says("\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: {len}\r\n\r\n{body}"),
        ),
        broken(
            "HTTP/2.0 in the status line",
            says("HTTP/2.0 200 OK\r\ncontent-length: {len}\r\n\r\n{body}"),
        ),
        broken(
            "HTTP/1.9 in the status line",
            says("HTTP/1.9 200 OK\r\ncontent-length: {len}\r\n\r\n{body}"),
        ),
        broken("ICY in the status line", says("ICY 200 OK\r\ncontent-length: {len}\r\n\r\n{body}")),
        broken("the status 000", says("HTTP/1.1 000 Zero\r\ncontent-length: 0\r\n\r\n")),
        broken("the status 099", says("HTTP/1.1 099 Low\r\ncontent-length: 0\r\n\r\n")),
        broken("a status of two digits", says("HTTP/1.1 20 OK\r\ncontent-length: 0\r\n\r\n")),
        broken("a status of four digits", says("HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n")),
        broken("a negative status", says("HTTP/1.1 -200 OK\r\ncontent-length: 0\r\n\r\n")),
        refused("the status 999", says("HTTP/1.1 999 Denied\r\ncontent-length: 0\r\n\r\n"))
            .get(unknown, 1)
            .post(unknown, 1),
        refused("the status 600", says("HTTP/1.1 600 What\r\ncontent-length: 0\r\n\r\n"))
            .get(unknown, 1)
            .post(unknown, 1),
    ]
}

fn headers() -> Vec<Fault> {
    vec![
        harmless("bare line feeds", says("HTTP/1.1 200 OK\ncontent-length: {len}\n\n{body}")),
        harmless(
            "a header value in Latin-1",
            [
                Read,
                Make(|body| {
                    let head = format!("content-length: {}\r\n\r\n{body}", body.len());
                    [b"HTTP/1.1 200 OK\r\nx-name: caf\xe9\r\n".as_slice(), head.as_bytes()].concat()
                }),
            ],
        ),
        harmless(
            "a header of 32 kB",
            [
                Read,
                Make(|body| {
                    let value = "b".repeat(32 * 1024);
                    format!(
                        "HTTP/1.1 200 OK\r\na: {value}\r\ncontent-length: {}\r\n\r\n{body}",
                        body.len()
                    )
                    .into()
                }),
            ],
        ),
        harmless(
            "a header without value",
            says("HTTP/1.1 200 OK\r\na:\r\ncontent-length: {len}\r\n\r\n{body}"),
        ),
        unreadable(
            "NUL in a header value",
            says("HTTP/1.1 200 OK\r\na: b\0c\r\ncontent-length: {len}\r\n\r\n{body}"),
        ),
        unreadable(
            "NUL in a header name",
            says("HTTP/1.1 200 OK\r\na\0: b\r\ncontent-length: {len}\r\n\r\n{body}"),
        ),
        unreadable(
            "a control character in a header value",
            says("HTTP/1.1 200 OK\r\na: \x1b[2J\r\ncontent-length: {len}\r\n\r\n{body}"),
        ),
        unreadable(
            "a header line without colon",
            says("HTTP/1.1 200 OK\r\nnonsense {echo}\r\ncontent-length: {len}\r\n\r\n{body}"),
        ),
        unreadable(
            "a header line without name",
            says("HTTP/1.1 200 OK\r\n: {echo}\r\ncontent-length: {len}\r\n\r\n{body}"),
        ),
        shaped(
            "a space before the colon",
            says("HTTP/1.1 200 OK\r\ncontent-length : {len}\r\n\r\n{body}"),
        ),
        shaped(
            "a header that is folded",
            says("HTTP/1.1 200 OK\r\na: b\r\n c\r\ncontent-length: {len}\r\n\r\n{body}"),
        ),
        unreadable(
            "a bare carriage return in a header",
            says("HTTP/1.1 200 OK\r\na: b\rc: d\r\ncontent-length: {len}\r\n\r\n{body}"),
        ),
        unreadable(
            "a thousand headers",
            [Read, Make(|_| format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(1000)).into())],
        ),
        unreadable("a header line without end", [Read, Say("HTTP/1.1 200 OK\r\na: "), Flood(b"b")]),
        unreadable("headers without end", [Read, Say("HTTP/1.1 200 OK\r\n"), Flood(b"a: b\r\n")]),
        unreadable("a status line without end", [Read, Say("HTTP/1.1 200 "), Flood(b"x")]),
        unreadable("empty lines without end", [Read, Pause, Flood(b"\r\n")]),
    ]
}

fn lengths() -> Vec<Fault> {
    vec![
        harmless(
            "the same length twice",
            says("HTTP/1.1 200 OK\r\ncontent-length: {len}\r\ncontent-length: {len}\r\n\r\n{body}"),
        ),
        harmless(
            "the same length twice in one line",
            says("HTTP/1.1 200 OK\r\ncontent-length: {len}, {len}\r\n\r\n{body}"),
        ),
        unreadable(
            "two lengths that differ",
            says(
                "HTTP/1.1 200 OK\r\ncontent-length: {len}\r\ncontent-length: {less}\r\n\r\n{body}",
            ),
        ),
        unreadable(
            "two lengths that differ in one line",
            says("HTTP/1.1 200 OK\r\ncontent-length: {len}, {more}\r\n\r\n{body}"),
        ),
        unreadable(
            "a negative length",
            says("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n{body}"),
        ),
        unreadable(
            "a length with a sign",
            says("HTTP/1.1 200 OK\r\ncontent-length: +{len}\r\n\r\n{body}"),
        ),
        unreadable(
            "a hexadecimal length",
            says("HTTP/1.1 200 OK\r\ncontent-length: 0x{hex}\r\n\r\n{body}"),
        ),
        unreadable(
            "a length that is no number",
            says("HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n{body}"),
        ),
        unreadable(
            "a length without value",
            says("HTTP/1.1 200 OK\r\ncontent-length:\r\n\r\n{body}"),
        ),
        unreadable(
            "a length of 30 digits",
            says("HTTP/1.1 200 OK\r\ncontent-length: 100000000000000000000000000000\r\n\r\n{body}"),
        ),
        broken(
            "the longest length that there is",
            [
                Read,
                Say("HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551615\r\n\r\n{body}"),
                Close,
            ],
        ),
        // RFC 9112 §6.3: the chunks count.
        harmless(
            "a length beside chunks",
            [
                Read,
                Say(
                    "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n{hex}\r\n{body}\r\n0\r\n\r\n",
                ),
            ],
        ),
        harmless(
            "a negative length beside nothing else of note, and no body",
            [Read, Say("HTTP/1.1 200 OK\r\ncontent-length: {len}\r\nx-length: -1\r\n\r\n{body}")],
        ),
        odd(
            "a length that is too short",
            says("HTTP/1.1 200 OK\r\ncontent-length: {less}\r\n\r\n{body}"),
        ),
        harmless(
            "a second answer behind the first",
            [
                Read,
                Say(
                    "HTTP/1.1 200 OK\r\ncontent-length: {len}\r\n\r\n{body}HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwrong",
                ),
            ],
        ),
    ]
}

fn informational() -> Vec<Fault> {
    vec![
        harmless(
            "100 Continue that nobody asked for",
            says(
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: {len}\r\n\r\n{body}",
            ),
        ),
        harmless(
            "early hints",
            says(
                "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: {len}\r\n\r\n{body}",
            ),
        ),
        harmless(
            "early hints with a length",
            says(
                "HTTP/1.1 103 Early Hints\r\ncontent-length: 5\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: {len}\r\n\r\n{body}",
            ),
        ),
        // RFC 9110 §15.2 allows them, ureq does not.
        match cfg!(feature = "resolver") {
            true => harmless("100 Continue with headers", says(SHAPED_PERMISSION)),
            false => broken("100 Continue with headers", says(SHAPED_PERMISSION)),
        },
        harmless(
            "a hundred early answers",
            [
                Read,
                Make(|body| {
                    let hints = "HTTP/1.1 102 Processing\r\n\r\n".repeat(100);
                    format!(
                        "{hints}HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
                        body.len()
                    )
                    .into()
                }),
            ],
        ),
        broken("nothing after 100 Continue", [Read, Say("HTTP/1.1 100 Continue\r\n\r\n"), Close]),
        refused(
            "a switch of protocols",
            says("HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n"),
        ),
        unreadable("early answers without end", [Read, Flood(b"HTTP/1.1 103 Early Hints\r\n\r\n")]),
    ]
}

const SHAPED_PERMISSION: &str =
    "HTTP/1.1 100 Continue\r\na: b\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: {len}\r\n\r\n{body}";

fn without_body() -> Vec<Fault> {
    vec![
        odd(
            "204 with a body",
            says("HTTP/1.1 204 No Content\r\ncontent-length: {len}\r\n\r\n{body}"),
        ),
        odd(
            "204 with a whole answer as its body",
            says(
                "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwrong",
            ),
        ),
        odd(
            "304 with a body",
            says("HTTP/1.1 304 Not Modified\r\ncontent-length: {len}\r\n\r\n{body}"),
        )
        .token(Come::Token(ErrorKind::Refused, Delivery::Rejected), 1),
        odd("no body", says("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")),
        odd("neither body nor length", [Read, Say("HTTP/1.1 200 OK\r\n\r\n"), Close]),
        odd("205 without a body", says("HTTP/1.1 205 Reset Content\r\ncontent-length: 0\r\n\r\n")),
    ]
}

/// An answer on a connection that stays.
fn says(text: &'static str) -> [Step; 2] {
    [Read, Say(text)]
}

/// What other clients read, and ureq by itself does not.
fn shaped(name: &'static str, steps: impl Into<Vec<Step>>) -> Fault {
    match cfg!(feature = "resolver") {
        true => harmless(name, steps),
        false => unreadable(name, steps),
    }
}

/// A head that cannot be read, or is more than 64 KiB: to ask again would not change it.
fn unreadable(name: &'static str, steps: impl Into<Vec<Step>>) -> Fault {
    let come = Come::Transport(ErrorKind::Refused, Delivery::Unknown);
    broken(name, steps).get(come, 1).token(come, 1).post(come, 1)
}
