//! What ureq's errors mean to a caller: which setting to turn, and whether the server may
//! have acted.

use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use ureq::Timeout;

use crate::clock::seconds;
use crate::error::Cause;
use crate::error::Delivery::{NotSent, Unknown};
use crate::error::ErrorKind::{Configuration, Incomplete, Refused, Temporary};
use crate::wire::coding::NO_GZIP;
use crate::wire::failure::Failure;
use crate::wire::message::Outgoing;
use crate::wire::proxy_error::{connect_failure, socks_failure};
#[cfg(feature = "resolver")]
use crate::wire::resolver::NotConnected;
use crate::wire::tls_error::tls_failure;

/// How far an exchange came.
#[derive(Clone, Copy, PartialEq)]
#[allow(dead_code, reason = "which of them occur depends on the feature `resolver`")]
enum Stage {
    LookUp,
    Connecting,
    Connected,
    /// Not known: it may have been connecting.
    Unknown,
}

/// What an error of ureq's says. `connect` is the limit for a connection, `has_user` whether
/// the URL of the proxy has a user or a password.
pub(crate) fn failure(
    error: ureq::Error,
    outgoing: &Outgoing<'_, '_>,
    connect: Duration,
    has_user: bool,
) -> Failure {
    let (stage, error) = stage(error);
    let (failure, says_all) = match machine_failure(&error, stage) {
        Some(failure) => (failure, true),
        None => tls_failure(&error, stage == Stage::Connected).unwrap_or_else(|| {
            (general_failure(&error, stage, outgoing, connect, has_user), false)
        }),
    };
    let is_unsent = matches!(stage, Stage::LookUp | Stage::Connecting);
    Failure {
        delivery: if is_unsent { NotSent } else { failure.delivery },
        idle: matches!(error, ureq::Error::Timeout(Timeout::PerRead | Timeout::PerWrite)),
        misread: matches!(error, ureq::Error::Protocol(_)),
        cause: if says_all { None } else { cause(error) },
        ..failure
    }
}

/// What this machine does not allow, in its own words.
fn machine_failure(error: &ureq::Error, stage: Stage) -> Option<Failure> {
    let closed;
    let cause = match error {
        // If a look-up cannot open its files, it also says that there is no such name.
        _ if is_not_found(error, stage) => {
            closed = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).err()?;
            &closed
        }
        ureq::Error::Io(cause) if stage != Stage::Connected => cause,
        _ => return None,
    };
    // What another attempt cures, or who must. What may come from writing as well may have
    // been sent. Without a number it is not this machine that speaks, but a proxy.
    let (delivery, kind, advice) = match (cause.raw_os_error()?, cause.kind()) {
        (code, _) if OUT_OF_FILES.contains(&code) => (NotSent, Configuration, CLOSE_FILES),
        (_, io::ErrorKind::PermissionDenied) => (Unknown, Configuration, ALLOW),
        // In a while there may be room, or ports.
        (OUT_OF_BUFFERS, _) => (Unknown, Temporary, ""),
        (_, io::ErrorKind::AddrNotAvailable) => (NotSent, Temporary, ""),
        _ => return None,
    };
    Some(Failure::new(delivery, kind, format!("no connection: {cause}{advice}")))
}

fn general_failure(
    error: &ureq::Error,
    stage: Stage,
    outgoing: &Outgoing<'_, '_>,
    connect: Duration,
    has_user: bool,
) -> Failure {
    let socks = match error {
        ureq::Error::Io(cause) if stage != Stage::Connected => socks_failure(cause, has_user),
        _ => None,
    };
    if let Some(failure) = socks {
        return failure;
    }
    let (delivery, kind, message) = match error {
        _ if is_not_found(error, stage) => (NotSent, Temporary, NOT_FOUND),
        ureq::Error::Timeout(timeout) => return timeout_failure(*timeout, outgoing, connect),
        ureq::Error::ConnectProxyFailed(why) => return connect_failure(why, has_user),
        ureq::Error::Tls(_) => (NotSent, Configuration, "TLS cannot be set up for this host name"),
        ureq::Error::LargeResponseHeader(..) => (Unknown, Refused, LONG_HEAD),
        // ureq has no other names for what its parser says.
        ureq::Error::Protocol(why) => match why.to_string() {
            why if why.ends_with("too many headers") => (Unknown, Refused, MANY_HEADERS),
            why if why.ends_with("invalid header name") => (Unknown, Refused, HEADER_NAME),
            why if why.ends_with("invalid header value") => (Unknown, Refused, HEADER_VALUE),
            why if why.contains("content-length header") => (Unknown, Refused, LENGTH),
            _ => (Unknown, Temporary, "the answer is not valid HTTP"),
        },
        ureq::Error::Io(cause) if NEVER_CONNECTED.contains(&cause.kind()) => {
            (NotSent, Temporary, "no connection to the server")
        }
        ureq::Error::Io(_) => (Unknown, Temporary, "the connection broke"),
        // From the decoder.
        ureq::Error::Other(cause) => match cause.downcast_ref::<io::Error>().map(io::Error::kind) {
            Some(NO_GZIP) => (Unknown, Incomplete, NEVER_GZIP),
            Some(_) => (Unknown, Temporary, "the gzip encoding of the answer is broken"),
            None => (Unknown, Temporary, EXCHANGE),
        },
        _ => (Unknown, Temporary, EXCHANGE),
    };
    Failure::new(delivery, kind, message)
}

/// Each limit is named with the setting that governs it.
fn timeout_failure(timeout: Timeout, outgoing: &Outgoing<'_, '_>, connect: Duration) -> Failure {
    let (delivery, message) = match timeout {
        Timeout::Connect | Timeout::Resolve if connect <= outgoing.time_left => {
            let limit = seconds(connect);
            (NotSent, format!("no connection within {limit} (Connection::with_connect_timeout)"))
        }
        Timeout::PerRead | Timeout::PerWrite => {
            let (limit, setting) = (seconds(outgoing.idle_timeout), outgoing.idle_setting);
            (Unknown, format!("nothing from the server for {limit} ({setting})"))
        }
        _ => (Unknown, "the call's deadline passed (RetryPolicy::with_deadline)".into()),
    };
    Failure::new(delivery, Temporary, message)
}

/// The cause that a failure keeps: none where the message says it all, or where its text
/// quotes an address or a PEM text.
fn cause(error: ureq::Error) -> Option<Cause> {
    match error {
        ureq::Error::Timeout(_) | ureq::Error::BadUri(_) | ureq::Error::RequireHttpsOnly(_) => None,
        #[cfg(any(feature = "rustls", feature = "native-tls"))]
        ureq::Error::Pem(_) => None,
        ureq::Error::Io(cause) => Some(cause.into()),
        ureq::Error::Other(cause) => Some(cause),
        error => Some(error.into()),
    }
}

/// How far it came, and ureq's own error.
#[cfg(feature = "resolver")]
fn stage(error: ureq::Error) -> (Stage, ureq::Error) {
    let ureq::Error::Other(cause) = error else { return (Stage::Connected, error) };
    match cause.downcast::<NotConnected>() {
        Ok(error) => match *error {
            NotConnected::LookUp(cause) => (Stage::LookUp, ureq::Error::Io(cause)),
            NotConnected::Connect(error) => (Stage::Connecting, error),
        },
        Err(cause) => (Stage::Connected, ureq::Error::Other(cause)),
    }
}

/// Without a connector of ours the kind of the error must do. ureq's own resolver passes on
/// what the standard library says, which has no kind.
#[cfg(not(feature = "resolver"))]
fn stage(error: ureq::Error) -> (Stage, ureq::Error) {
    match &error {
        ureq::Error::Io(cause) if cause.to_string().starts_with("failed to lookup address") => {
            (Stage::LookUp, error)
        }
        _ => (Stage::Unknown, error),
    }
}

fn is_not_found(error: &ureq::Error, stage: Stage) -> bool {
    stage == Stage::LookUp || matches!(error, ureq::Error::HostNotFound)
}

/// Refused or unroutable: not one byte of the request went out.
const NEVER_CONNECTED: [io::ErrorKind; 5] = [
    io::ErrorKind::AddrNotAvailable,
    io::ErrorKind::ConnectionRefused,
    io::ErrorKind::HostUnreachable,
    io::ErrorKind::NetworkDown,
    io::ErrorKind::NetworkUnreachable,
];
pub(crate) const NOT_FOUND: &str = "the host name was not found";
const CLOSE_FILES: &str = ": close what this program keeps open, or raise its limit (ulimit -n)";
const ALLOW: &str = ": look at the firewall and the sandbox of this machine";
const EXCHANGE: &str = "the exchange failed";
const NEVER_GZIP: &str = "the answer says that it is gzip (Content-Encoding), and is not";
const LONG_HEAD: &str = "the headers of the answer are too long";
const LENGTH: &str = "the length of the answer cannot be read: its header Content-Length is no number, or there are several that differ (RFC 9112 §6.3)";
const MANY_HEADERS: &str =
    "the answer has more header lines than can be read: 128 of a server, 20 of a proxy";
const HEADER_NAME: &str = "a header line of the answer cannot be read: its name has a character that no name may have (RFC 9110 §5.1), a blank before the colon (RFC 9112 §5.1), or the line is folded (§5.2)";
const HEADER_VALUE: &str = "a header line of the answer cannot be read: its value has a character that no value may have (RFC 9110 §5.5)";
/// `EMFILE` and `ENFILE`, for which the standard library has no kind.
const OUT_OF_FILES: [i32; 2] = if cfg!(windows) { [10024, 10024] } else { [24, 23] };
/// `ENOBUFS`, which has none either.
const OUT_OF_BUFFERS: i32 = match () {
    () if cfg!(windows) => 10055,
    () if cfg!(target_os = "linux") || cfg!(target_os = "android") => 105,
    () => 55,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(not(target_os = "linux"), ignore = "the numbers are those of Linux")]
    #[test]
    fn what_this_machine_forbids_is_final_and_what_it_lacks_may_pass() {
        let cases = [
            (1, Some(Configuration)),
            (13, Some(Configuration)),
            (23, Some(Configuration)),
            (24, Some(Configuration)),
            (99, Some(Temporary)),
            (105, Some(Temporary)),
            (101, None),
            (104, None),
            (111, None),
        ];
        for (code, expected) in cases {
            let error = ureq::Error::Io(io::Error::from_raw_os_error(code));
            let failure = machine_failure(&error, Stage::Connecting);
            assert_eq!(failure.map(|failure| failure.kind), expected, "{code}");
            assert!(machine_failure(&error, Stage::Connected).is_none(), "{code}");
        }
    }
}
