//! What ureq's errors mean to a caller: which setting to turn, and whether the server may
//! have acted.

use std::error::Error as StdError;
use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use ureq::{Proxy, Timeout};

use crate::clock::seconds;
use crate::error::{Cause, Delivery, ErrorKind};
use crate::wire::coding::Undecodable;
use crate::wire::failure::Failure;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
use crate::wire::handshake::{TlsError, tls_error};

/// The settings that an error may be about.
pub(crate) struct Limits<'a> {
    /// What was left of the call's deadline when the attempt began.
    pub(crate) time_left: Duration,
    pub(crate) connect: Duration,
    pub(crate) idle: Duration,
    pub(crate) idle_setting: &'static str,
    pub(crate) proxy: Option<&'a Proxy>,
}

impl Limits<'_> {
    /// The URL of the proxy has a user or a password.
    fn has_proxy_user(&self) -> bool {
        self.proxy.is_some_and(|proxy| proxy.username().or(proxy.password()).is_some())
    }
}

/// What ureq's error says, for our own.
pub(crate) fn failure(error: ureq::Error, limits: &Limits<'_>) -> Failure {
    let ((delivery, kind, message), says_all, inner) = match not_connected(&error) {
        Some(inner) => {
            let ((_, kind, message), says_all) = read(inner, limits, true, false);
            ((Delivery::NotSent, kind, message), says_all, inner)
        }
        // Without a connector of ours nobody tells: it may have been connecting all the same.
        None => {
            let tells = cfg!(feature = "resolver");
            let (reading, says_all) = read(&error, limits, !tells, tells);
            (reading, says_all, &error)
        }
    };
    let idle = matches!(inner, ureq::Error::Timeout(Timeout::PerRead | Timeout::PerWrite));
    let misread = matches!(inner, ureq::Error::Protocol(_));
    let message = match limits.proxy {
        Some(proxy) => format!("{message}, through the proxy {}:{}", proxy.host(), proxy.port()),
        None => message,
    };
    let cause = if says_all { None } else { cause(error) };
    Failure { cause, idle, misread, ..Failure::new(delivery, kind, message) }
}

/// The reading, and whether it has all that the cause could say.
fn read(
    error: &ureq::Error,
    limits: &Limits<'_>,
    is_connecting: bool,
    is_connected: bool,
) -> (Reading, bool) {
    if let Some(machine) = machine_reading(error, is_connecting) {
        return (machine, true);
    }
    let reading = tls_reading(error, is_connected)
        .or_else(|| set_up_reading(error, limits))
        .unwrap_or_else(|| passing_reading(error, limits));
    (reading, false)
}

/// Whether the server may have acted, what kind of error it is, and its text.
type Reading = (Delivery, ErrorKind, String);

/// What this machine does not let the program do, in its own words.
fn machine_reading(error: &ureq::Error, is_connecting: bool) -> Option<Reading> {
    let closed;
    let cause = match error {
        // A look-up that cannot open its files says that there is no such name.
        _ if is_not_found(error) => {
            closed = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).err()?;
            &closed
        }
        ureq::Error::Io(cause) if is_connecting => cause,
        _ => return None,
    };
    let machine = Machine::of(cause)?;
    let (kind, advice) = match machine {
        Machine::Passing => (ErrorKind::Temporary, ""),
        Machine::OutOfFiles => (
            ErrorKind::Configuration,
            ": close what this program keeps open, or raise its limit (ulimit -n)",
        ),
        Machine::Forbidden => {
            (ErrorKind::Configuration, ": look at the firewall and the sandbox of this machine")
        }
    };
    // Only these cannot come from writing.
    let is_sure = machine == Machine::OutOfFiles || never_connected(cause.kind());
    let delivery = if is_sure { Delivery::NotSent } else { Delivery::Unknown };
    Some((delivery, kind, format!("no connection: {cause}{advice}")))
}

/// What this machine says of a connection that it cannot make.
#[derive(Debug, PartialEq)]
enum Machine {
    OutOfFiles,
    Forbidden,
    /// In a while there may be room, or ports.
    Passing,
}

impl Machine {
    fn of(cause: &io::Error) -> Option<Self> {
        if cause.raw_os_error().is_some_and(|code| OUT_OF_FILES.contains(&code)) {
            return Some(Self::OutOfFiles);
        }
        if cause.raw_os_error() == Some(OUT_OF_BUFFERS) {
            return Some(Self::Passing);
        }
        match cause.kind() {
            io::ErrorKind::PermissionDenied => Some(Self::Forbidden),
            io::ErrorKind::AddrNotAvailable => Some(Self::Passing),
            _ => None,
        }
    }
}

/// What another attempt does not cure.
fn set_up_reading(error: &ureq::Error, limits: &Limits<'_>) -> Option<Reading> {
    let message = match error {
        ureq::Error::ConnectProxyFailed(why) if why.contains("407") && limits.has_proxy_user() => {
            "the proxy does not accept the user and password of its URL: check them, and that / ? # @ : in them are percent-encoded (NTLM, Kerberos and PAC are not supported)"
        }
        ureq::Error::ConnectProxyFailed(why) if why.contains("407") => {
            "the proxy wants credentials: http://user:password@host:port (NTLM, Kerberos and PAC are not supported)"
        }
        ureq::Error::Tls(_) => "TLS cannot be set up for this host name",
        _ => return head_reading(error),
    };
    Some((Delivery::NotSent, ErrorKind::Configuration, message.into()))
}

/// A head that no repetition makes readable. ureq has no other names for what its parser says.
fn head_reading(error: &ureq::Error) -> Option<Reading> {
    let message = match error {
        ureq::Error::LargeResponseHeader(..) => "the headers of the answer are too long",
        ureq::Error::Protocol(why) => match why.to_string() {
            why if why.ends_with("too many headers") => {
                "the answer has more header lines than can be read: 128 of a server, 20 of a proxy"
            }
            why if why.ends_with("invalid header name") => {
                "a header line of the answer cannot be read: its name has a character that no name may have (RFC 9110 §5.1), a blank before the colon (RFC 9112 §5.1), or the line is folded (§5.2)"
            }
            why if why.ends_with("invalid header value") => {
                "a header line of the answer cannot be read: its value has a character that no value may have (RFC 9110 §5.5)"
            }
            _ => return None,
        },
        _ => return None,
    };
    Some((Delivery::Unknown, ErrorKind::Refused, message.into()))
}

fn passing_reading(error: &ureq::Error, limits: &Limits<'_>) -> Reading {
    let (delivery, message) = match error {
        ureq::Error::Timeout(timeout) => timeout_reading(*timeout, limits),
        _ if is_not_found(error) => (Delivery::NotSent, NOT_FOUND.into()),
        ureq::Error::Io(cause) if never_connected(cause.kind()) => {
            (Delivery::NotSent, "no connection to the server".into())
        }
        ureq::Error::Io(_) => (Delivery::Unknown, "the connection broke".into()),
        ureq::Error::Other(cause) if cause.is::<Undecodable>() => {
            (Delivery::Unknown, "the gzip encoding of the answer is broken".into())
        }
        ureq::Error::Protocol(_) => (Delivery::Unknown, "the answer is not valid HTTP".into()),
        ureq::Error::ConnectProxyFailed(why) => {
            (Delivery::NotSent, format!("the proxy refused the connection: {why}"))
        }
        _ => (Delivery::Unknown, "the exchange failed".into()),
    };
    (delivery, ErrorKind::Temporary, message)
}

fn is_not_found(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::HostNotFound => true,
        ureq::Error::Other(cause) => is_look_up(&**cause),
        ureq::Error::Io(cause) => is_look_up(cause),
        _ => false,
    }
}

/// Each limit is told with the setting that governs it.
fn timeout_reading(timeout: Timeout, limits: &Limits<'_>) -> (Delivery, String) {
    match timeout {
        Timeout::Connect | Timeout::Resolve if limits.connect <= limits.time_left => {
            let limit = seconds(limits.connect);
            (
                Delivery::NotSent,
                format!("no connection within {limit} (Client::with_connect_timeout)"),
            )
        }
        Timeout::PerRead | Timeout::PerWrite => {
            let (limit, setting) = (seconds(limits.idle), limits.idle_setting);
            (Delivery::Unknown, format!("nothing from the server for {limit} ({setting})"))
        }
        _ => (Delivery::Unknown, "the call's deadline passed (RetryPolicy::with_deadline)".into()),
    }
}

/// The cause that an error keeps: none where the message says it all, or where its text
/// quotes an address or a PEM text.
fn cause(error: ureq::Error) -> Option<Cause> {
    match error {
        ureq::Error::Timeout(_) | ureq::Error::BadUri(_) | ureq::Error::RequireHttpsOnly(_) => None,
        #[cfg(any(feature = "rustls", feature = "native-tls"))]
        ureq::Error::Pem(_) => None,
        #[cfg(any(feature = "rustls", feature = "native-tls"))]
        error if tls_error(&error).is_some_and(TlsError::says_all) => None,
        ureq::Error::Io(cause) => Some(cause.into()),
        ureq::Error::Other(cause) => connecting_cause(cause),
        error => Some(error.into()),
    }
}

#[cfg(feature = "resolver")]
fn connecting_cause(other: Cause) -> Option<Cause> {
    match other.downcast::<crate::wire::resolver::NotConnected>() {
        Ok(error) => cause(error.0),
        Err(other) => Some(other),
    }
}

#[cfg(not(feature = "resolver"))]
fn connecting_cause(other: Cause) -> Option<Cause> {
    Some(other)
}

/// ureq's own error, where it says that there was no connection.
#[cfg(feature = "resolver")]
fn not_connected(error: &ureq::Error) -> Option<&ureq::Error> {
    match error {
        ureq::Error::Other(cause) => {
            cause.downcast_ref::<crate::wire::resolver::NotConnected>().map(|error| &error.0)
        }
        _ => None,
    }
}

/// Without a connector of ours the kind of the error must do.
#[cfg(not(feature = "resolver"))]
fn not_connected(_: &ureq::Error) -> Option<&ureq::Error> {
    None
}

#[cfg(feature = "resolver")]
fn is_look_up(cause: &(dyn StdError + 'static)) -> bool {
    cause.is::<crate::wire::resolver::NotFound>()
}

/// ureq's own resolver passes on what the standard library says, which has no kind.
#[cfg(not(feature = "resolver"))]
fn is_look_up(cause: &(dyn StdError + 'static)) -> bool {
    cause.to_string().starts_with("failed to lookup address")
}

/// Refused or unroutable: not one byte of the request went out.
fn never_connected(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::AddrNotAvailable
    )
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn tls_reading(error: &ureq::Error, is_connected: bool) -> Option<Reading> {
    let (delivery, kind, tls_error) = match tls_error(error)? {
        // It did speak TLS.
        TlsError::NoTls if is_connected => {
            (Delivery::Unknown, ErrorKind::Temporary, TlsError::Passing)
        }
        TlsError::Passing => (Delivery::Unknown, ErrorKind::Temporary, TlsError::Passing),
        // Where nobody tells, it may have.
        TlsError::NoTls => (Delivery::Unknown, ErrorKind::Configuration, TlsError::NoTls),
        tls_error => (Delivery::NotSent, ErrorKind::Configuration, tls_error),
    };
    Some((delivery, kind, tls_error.words()))
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
fn tls_reading(_: &ureq::Error, _: bool) -> Option<Reading> {
    None
}

pub(crate) const NOT_FOUND: &str = "the host name was not found";
/// `EMFILE` and `ENFILE`, for which the standard library has no kind.
const OUT_OF_FILES: [i32; 2] = if cfg!(windows) { [10024, 10024] } else { [24, 23] };
/// `ENOBUFS`, likewise.
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
            (1, Some(Machine::Forbidden)),
            (13, Some(Machine::Forbidden)),
            (23, Some(Machine::OutOfFiles)),
            (24, Some(Machine::OutOfFiles)),
            (99, Some(Machine::Passing)),
            (105, Some(Machine::Passing)),
            (101, None),
            (104, None),
            (111, None),
        ];
        for (code, expected) in cases {
            let error = ureq::Error::Io(io::Error::from_raw_os_error(code));
            let reading = machine_reading(&error, true);
            assert_eq!(Machine::of(&io::Error::from_raw_os_error(code)), expected, "{code}");
            let kind = expected.map(|machine| match machine {
                Machine::Passing => ErrorKind::Temporary,
                _ => ErrorKind::Configuration,
            });
            assert_eq!(reading.map(|(_, kind, _)| kind), kind, "{code}");
            assert!(machine_reading(&error, false).is_none(), "{code}");
        }
    }
}
