//! Faults of the connection: closed, reset, silent, slow, or not HTTP at all.

use unattended::error::{Delivery, ErrorKind};

use super::Step::*;
use super::*;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: {len}\r\n\r\n{body}";
const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-length: {len}\r\n\r\n";
const PART: &str = "HTTP/1.1 200 OK\r\ncontent-length: {len}\r\n\r\n{half}";
const UNTIL_CLOSED: &str = "HTTP/1.1 200 OK\r\n\r\n";

pub fn faults() -> Vec<Fault> {
    let mut faults = [closed(), reset(), silences(), strangers()].concat();
    // Bare ureq takes it for the end (the README says so of the feature).
    if cfg!(feature = "resolver") {
        faults.push(reset_without_length());
    }
    faults
}

fn closed() -> Vec<Fault> {
    let never = Come::Transport(ErrorKind::Temporary, Delivery::NotSent);
    // Without a request nobody knows what to answer.
    let stray = Come::Token(ErrorKind::Refused, Delivery::Accepted);
    vec![
        Fault { get: (never, 0), post: (never, 0), ..broken("the port is closed", [Refuse]) }
            .token(never, 0),
        broken("closed at once, with nothing read", [Close]),
        broken("closed before the answer", [Read, Close]),
        broken("closed within the status line", [Read, Say("HTTP/1.1 20"), Close]),
        broken("closed within the headers", [Read, Say("HTTP/1.1 200 OK\r\ncontent-le"), Close]),
        broken("closed before the empty line", [Read, Say("HTTP/1.1 200 OK\r\na: b\r\n"), Close]),
        broken("closed after the headers", [Read, Say(HEAD), Close]),
        broken("closed within the body", [Read, Say(PART), Close]),
        harmless("closed after the answer, between two calls", [Read, Say(OK), Close]),
        harmless(
            "closed as it was said",
            [
                Read,
                Say("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {len}\r\n\r\n{body}"),
                Close,
            ],
        ),
        harmless(
            "kept open although it was said that it is not",
            [
                Read,
                Say("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {len}\r\n\r\n{body}"),
                Hold,
            ],
        ),
        harmless(
            "a body that ends with the connection",
            [Read, Say(UNTIL_CLOSED), Say("{body}"), Close],
        ),
        broken("half closed before the answer", [Read, HalfClose, Hold]),
        broken("half closed within the body", [Read, Say(PART), HalfClose, Hold]),
        harmless("half closed after the answer", [Read, Say(OK), HalfClose, Hold]),
        harmless(
            "half closed at the end of a body without length",
            [Read, Say(UNTIL_CLOSED), Say("{body}"), HalfClose, Hold],
        ),
        harmless("an answer before the request was read", [Say(OK), Read, Close]).token(stray, 1),
    ]
}

fn reset() -> Vec<Fault> {
    vec![
        broken("reset before the answer", [ReadMost, Close]),
        broken("reset within the status line", [ReadMost, Say("HTTP/1.1 20"), Pause, Close]),
        broken(
            "reset within the headers",
            [ReadMost, Say("HTTP/1.1 200 OK\r\na: b\r\n"), Pause, Close],
        ),
        broken("reset after the headers", [ReadMost, Say(HEAD), Pause, Close]),
        broken("reset within the body", [ReadMost, Say(PART), Pause, Close]),
        broken(
            "reset within a chunk",
            [
                ReadMost,
                Say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{hex}\r\n{half}"),
                Pause,
                Close,
            ],
        ),
        broken(
            "reset between two chunks",
            [
                ReadMost,
                Say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{hex}\r\n{body}\r\n"),
                Pause,
                Close,
            ],
        ),
        harmless("reset after the answer", [ReadMost, Say(OK), Pause, Close]),
    ]
}

/// RFC 9112 §8: such a body is complete unless the connection says otherwise.
fn reset_without_length() -> Fault {
    let steps = [ReadMost, Say(UNTIL_CLOSED), Say("{half}"), Pause, Close];
    broken("reset within a body without length", steps)
}

fn silences() -> Vec<Fault> {
    vec![
        silent("no answer and nothing read", [Hold]),
        silent("no answer", [Read, Hold]),
        silent("silence within the status line", [Read, Say("HTTP/1.1 2"), Hold]),
        silent("silence within the headers", [Read, Say("HTTP/1.1 200 OK\r\na: b\r\n"), Hold]),
        silent("silence after the headers", [Read, Say(HEAD), Hold]),
        silent("silence within the body", [Read, Say(PART), Hold]),
        silent(
            "silence within a chunk",
            [
                Read,
                Say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{hex}\r\n{half}"),
                Hold,
            ],
        ),
        silent(
            "silence before the last chunk",
            [
                Read,
                Say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{hex}\r\n{body}\r\n"),
                Hold,
            ],
        ),
        silent(
            "a body without length that does not end",
            [Read, Say(UNTIL_CLOSED), Say("{body}"), Hold],
        ),
        silent(
            "a body that is shorter than its length",
            [Read, Say("HTTP/1.1 200 OK\r\ncontent-length: {more}\r\n\r\n{body}"), Hold],
        ),
        silent(
            "no answer after an early hint",
            [Read, Say("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"), Hold],
        ),
        endless("the status line drips", [Read, Drip("\r\n")]),
        endless("the headers drip", [Read, Say("HTTP/1.1 200 OK\r\n"), Drip("a: b\r\n")]),
        endless("one header line drips", [Read, Say("HTTP/1.1 200 OK\r\na: "), Drip("b")]),
        endless(
            "the body drips",
            [Read, Say("HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n"), Drip("x")],
        ),
        endless(
            "the chunks drip",
            [
                Read,
                Say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"),
                Drip("1\r\nx\r\n"),
            ],
        ),
        endless(
            "the trailers drip",
            [
                Read,
                Say(
                    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{hex}\r\n{body}\r\n0\r\n",
                ),
                Drip("a: b\r\n"),
            ],
        ),
        endless("a body without length drips", [Read, Say(UNTIL_CLOSED), Drip("x")]),
        endless("early hints drip", [Read, Drip("HTTP/1.1 103 Early Hints\r\n\r\n")]),
    ]
}

fn strangers() -> Vec<Fault> {
    vec![
        broken("bytes of TLS", [Read, Say("\x15\x03\x03\0\x02\x02\x28"), Close]),
        broken("the banner of another protocol", [Say("SSH-2.0-OpenSSH_9.6\r\n"), Hold]),
        broken("a mail server", [Say("220 mail ESMTP\r\n"), Read, Say("500 What?\r\n"), Close]),
        broken("an answer without a head, as of HTTP/0.9", [Read, Say("{body}"), Close]),
        broken("zeros", [Read, Say("\0\0\0\0\0\0\0\0\r\n\r\n"), Close]),
        broken("the preface of HTTP/2", [Read, Make(|_| H2_SETTINGS.to_vec()), Close]),
        broken("a request instead of an answer", [Read, Say("GET / HTTP/1.1\r\n\r\n"), Close]),
    ]
}

/// A SETTINGS frame, with which a server of HTTP/2 begins (RFC 9113 §3.4).
const H2_SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
