//! Faults of the content: chunks, gzip, and what is inside.

use std::io::Write;
use std::sync::LazyLock;

use flate2::Compression;
use flate2::write::GzEncoder;
use unattended::error::{Delivery, ErrorKind};

use super::Step::*;
use super::*;

pub fn faults() -> Vec<Fault> {
    [chunks(), zipped(), too_much(), not_json(), not_as_said()].concat()
}

fn chunks() -> Vec<Fault> {
    vec![
        harmless("chunks", chunked("{hex}\r\n{body}\r\n0\r\n\r\n")),
        harmless("a chunk size with leading zeros", chunked("0000{hex}\r\n{body}\r\n0\r\n\r\n")),
        harmless("a chunk with an extension", chunked("{hex};a=b\r\n{body}\r\n0\r\n\r\n")),
        harmless("chunks with trailers", chunked("{hex}\r\n{body}\r\n0\r\na: b\r\nc: d\r\n\r\n")),
        harmless(
            "chunks that end without the last line",
            [Read, Say(CHUNKED), Say("{hex}\r\n{body}\r\n0\r\n"), Close],
        ),
        odd("chunks of nothing", chunked("0\r\n\r\n")),
        broken("a chunk without size", chunked("\r\n{body}\r\n0\r\n\r\n")),
        broken("a chunk size that is no number", chunked("many\r\n{body}\r\n0\r\n\r\n")),
        broken("a negative chunk size", chunked("-{hex}\r\n{body}\r\n0\r\n\r\n")),
        broken("a chunk size with 0x", chunked("0x{hex}\r\n{body}\r\n0\r\n\r\n")),
        broken(
            "a chunk size that is not text",
            [Read, Say(CHUNKED), Make(|_| b"\xff\xfe\r\nab\r\n0\r\n\r\n".to_vec())],
        ),
        broken("a chunk size of 17 digits", chunked("fffffffffffffffff\r\n{body}\r\n0\r\n\r\n")),
        broken(
            "the largest chunk size that there is",
            [Read, Say(CHUNKED), Say("ffffffffffffffff\r\n{body}"), Close],
        ),
        broken("a chunk longer than its size", chunked("3\r\n{body}\r\n0\r\n\r\n")),
        broken(
            "a chunk shorter than its size",
            [Read, Say(CHUNKED), Say("fff\r\n{body}\r\n0\r\n\r\n"), Close],
        ),
        broken("no chunks where they were announced", [Read, Say(CHUNKED), Say("{body}"), Close]),
        broken(
            "closed before the last chunk",
            [Read, Say(CHUNKED), Say("{hex}\r\n{body}\r\n"), Close],
        ),
        broken(
            "closed within a chunk size",
            [Read, Say(CHUNKED), Say("{hex}\r\n{body}\r\n1"), Close],
        ),
        broken("closed within a chunk", [Read, Say(CHUNKED), Say("{hex}\r\n{half}"), Close]),
        broken("a chunk size without end", [Read, Say(CHUNKED), Flood(b"1")]),
    ]
}

fn zipped() -> Vec<Fault> {
    let never = Come::Transport(ErrorKind::Incomplete, Delivery::Unknown);
    let foreign = Come::Transport(ErrorKind::Incomplete, Delivery::Accepted);
    vec![
        harmless("gzip", [Read, Make(|body| gzipped(&gzip(body.as_bytes())))]),
        odd("nothing that calls itself gzip", [Read, Make(|_| gzipped(b""))]),
        broken("text that calls itself gzip", [Read, Make(|body| gzipped(body.as_bytes()))])
            .get(never, 1)
            .post(never, 1)
            .token(never, 1),
        broken(
            "gzip that is cut off",
            [
                Read,
                Make(|body| {
                    let zipped = gzip(body.as_bytes());
                    gzipped(&zipped[..zipped.len() / 2])
                }),
            ],
        ),
        broken(
            "gzip without its checksum",
            [
                Read,
                Make(|body| {
                    let zipped = gzip(body.as_bytes());
                    gzipped(&zipped[..zipped.len() - 8])
                }),
            ],
        ),
        broken(
            "gzip with a wrong checksum",
            [
                Read,
                Make(|body| {
                    let mut zipped = gzip(body.as_bytes());
                    let at = zipped.len() - 5;
                    zipped[at] ^= 0xff;
                    gzipped(&zipped)
                }),
            ],
        ),
        broken(
            "gzip with rubbish behind it",
            [Read, Make(|body| gzipped(&[gzip(body.as_bytes()), b"rubbish".to_vec()].concat()))],
        ),
        broken(
            "an encoding that nobody asked for",
            [Read, Make(|_| encoded("br", b"\x0b\x02\x80{\"a\":1}\x03"))],
        )
        .get(foreign, 1)
        .post(foreign, 1)
        .token(foreign, 1),
        harmless(
            "gzip twice",
            [Read, Make(|body| encoded("gzip, gzip", &gzip(&gzip(body.as_bytes()))))],
        ),
    ]
}

/// More than the limits of the tests, and of a token answer.
fn too_much() -> Vec<Fault> {
    let too_long = Come::Transport(ErrorKind::Incomplete, Delivery::Accepted);
    let too_much = |name, steps: Vec<Step>| {
        broken(name, steps).get(too_long, 1).post(too_long, 1).token(too_long, 1)
    };
    vec![
        too_much("a gzip bomb", vec![Read, Make(|_| gzipped(bomb()))]),
        too_much(
            "a body without end",
            vec![Read, Say("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n"), Flood(b"x")],
        ),
        too_much(
            "a body without length or end",
            vec![Read, Say("HTTP/1.1 200 OK\r\n\r\n"), Flood(b"x")],
        ),
        too_much(
            "chunks without end",
            vec![Read, Say(CHUNKED), Flood(b"20\r\nan endless tale of many chapters\r\n")],
        ),
        too_much(
            "white space without end",
            vec![Read, Say("HTTP/1.1 200 OK\r\n\r\n{body}"), Flood(b" ")],
        ),
        endless(
            "trailers without end",
            [Read, Say(CHUNKED), Say("{hex}\r\n{body}\r\n0\r\n"), Flood(b"a: b\r\n")],
        ),
        broken(
            "a trailer without end",
            [Read, Say(CHUNKED), Say("{hex}\r\n{body}\r\n0\r\na: "), Flood(b"b")],
        ),
    ]
}

fn not_json() -> Vec<Fault> {
    vec![
        odd("HTML from a gateway", ok("<html><h1>It works!</h1></html>")),
        odd("a login page with what was sent", ok("<form><input value=\"{echo}\"></form>")),
        odd("white space", ok(" \r\n\t ")),
        odd("null", ok("null")),
        odd("a text", ok("\"a: {echo}\"")),
        odd("a number of 400 digits", [Read, Make(|_| framed("", "9".repeat(400).as_bytes()))]),
        odd("half of the content, and the length of half", ok("{half}")),
        odd("the content twice", ok("{body}{body}")),
        odd("a refusal inside a success", ok("{\"error\":\"no\",\"message\":\"{echo}\"}"))
            .token(Come::Token(ErrorKind::Refused, Delivery::Rejected), 1),
        odd(
            "bytes that are not UTF-8",
            [Read, Make(|_| framed("", b"{\"items\":[\"\xff\xfe\"]}"))],
        ),
        odd(
            "half a character",
            [Read, Make(|body| framed("", &[body.as_bytes(), b"\xc3"].concat()))],
        ),
        odd("NUL", [Read, Make(|_| framed("", b"{\"items\":[\0]}"))]),
        odd(
            "UTF-16",
            [
                Read,
                Make(|body| {
                    let units = body.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
                    framed("content-type: application/json; charset=utf-16\r\n", &units)
                }),
            ],
        ),
        odd("half of a surrogate", ok(r#"{"items":["\ud800"],"access_token":"\ud800"}"#)),
        odd(
            "brackets a hundred thousand deep",
            [Read, Make(|_| framed("", "[".repeat(100_000).as_bytes()))],
        ),
    ]
}

fn not_as_said() -> Vec<Fault> {
    vec![
        harmless(
            "JSON that is said to be HTML",
            [Read, Make(|body| framed("content-type: text/html\r\n", body.as_bytes()))],
        ),
        harmless(
            "JSON that is said to be nonsense",
            [Read, Make(|body| framed("content-type: ///;;=\r\n", body.as_bytes()))],
        ),
        harmless(
            "JSON of two types",
            [
                Read,
                Make(|body| {
                    framed(
                        "content-type: text/plain\r\ncontent-type: image/png\r\n",
                        body.as_bytes(),
                    )
                }),
            ],
        ),
        harmless(
            "an encoding called identity",
            [Read, Make(|body| encoded("identity", body.as_bytes()))],
        ),
    ]
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

fn chunked(text: &'static str) -> [Step; 3] {
    [Read, Say(CHUNKED), Say(text)]
}

/// A success without length, so that the text may have any.
fn ok(text: &'static str) -> [Step; 4] {
    [Read, Say("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n"), Say(text), Close]
}

fn framed(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn encoded(encoding: &str, body: &[u8]) -> Vec<u8> {
    framed(&format!("content-encoding: {encoding}\r\n"), body)
}

fn gzipped(body: &[u8]) -> Vec<u8> {
    encoded("gzip", body)
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// 4 MiB out of 4 kB.
fn bomb() -> &'static [u8] {
    static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| gzip(&vec![b' '; 4 << 20]));
    &BOMB
}
