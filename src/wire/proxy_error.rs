//! What a proxy says when it opens no connection.
//!
//! Nothing was sent, so that another attempt does no harm, and a limit or a server that cannot be
//! reached may pass. Whom a proxy lets through does not change within the minutes of a deadline: a
//! person must ask for that, so the error comes at once.

use std::io;

use ureq::http::StatusCode;

use crate::error::Delivery::NotSent;
use crate::error::ErrorKind::{Configuration, Refused, Temporary};
use crate::wire::failure::Failure;

/// To CONNECT; ureq has it as a text that ends with the number twice.
pub(crate) fn connect_failure(why: &str, has_user: bool) -> Failure {
    let status = why.rsplit_once('/').and_then(|(_, number)| number.parse::<StatusCode>().ok());
    let Some(status) = status else {
        return Failure::new(NotSent, Temporary, "the proxy closed the connection");
    };
    let refused = format!("{REFUSED}: {status}");
    let (kind, message) = match status.as_u16() {
        407 if has_user => (Configuration, format!("{USER_REFUSED} ({UNSUPPORTED})")),
        407 => (Configuration, format!("{WANTS_USER}: http://{USER}@host:port ({UNSUPPORTED})")),
        408 | 429 => (Temporary, refused),
        400..500 => (Refused, format!("{refused} ({POLICY})")),
        _ => (Temporary, refused),
    };
    Failure::new(NotSent, kind, message)
}

/// To SOCKS5 (RFC 1928 §6); ureq has it as a text alone.
pub(crate) fn socks_failure(cause: &io::Error, has_user: bool) -> Option<Failure> {
    let why = match cause.raw_os_error() {
        None => cause.to_string(),
        Some(_) => return None,
    };
    let refused = format!("{REFUSED}: {why}");
    let (kind, message) = match why.as_str() {
        "password authentication failed" => (Configuration, USER_REFUSED.to_owned()),
        "no acceptable auth methods" | "unknown auth method" if has_user => {
            (Configuration, "the proxy accepts no user and password (RFC 1929)".to_owned())
        }
        "no acceptable auth methods" | "unknown auth method" => {
            (Configuration, format!("{WANTS_USER}: socks5h://{USER}@host:port"))
        }
        "invalid response version" | "invalid reserved byte" | "unsupported address type" => {
            (Configuration, "the proxy does not speak SOCKS5: look at its URL".to_owned())
        }
        "connection not allowed by ruleset" => (Refused, format!("{refused} ({POLICY})")),
        "command not supported" | "address kind not supported" => (Refused, refused),
        "general SOCKS server failure"
        | "network unreachable"
        | "host unreachable"
        | "connection refused"
        | "TTL expired"
        | "unknown error" => (Temporary, refused),
        _ => return None,
    };
    Some(Failure::new(NotSent, kind, message))
}

const REFUSED: &str = "the proxy refused the connection";
const USER_REFUSED: &str = "the proxy does not accept the user and password of its URL: check them, and that / ? # @ : in them are percent-encoded";
const WANTS_USER: &str = "the proxy wants credentials";
const USER: &str = "user:password";
const UNSUPPORTED: &str = "NTLM, Kerberos and PAC are not supported";
const POLICY: &str = "ask who runs it whether this host and port are allowed";
