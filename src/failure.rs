//! What ureq's errors mean to a caller: which setting to turn, and whether the server may
//! have acted.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use ureq::Timeout;

use crate::clock::seconds;
use crate::error::{Cause, Class, Sent};
#[cfg(any(feature = "rustls", feature = "native-tls"))]
use crate::handshake::{Trouble, trouble};

/// The reading of one error.
pub(crate) struct Failure {
    pub(crate) sent: Sent,
    pub(crate) class: Class,
    pub(crate) message: String,
    /// Nothing came within the idle limit.
    pub(crate) idle: bool,
}

/// The settings that an error may be about.
pub(crate) struct Limits {
    /// What was left of the call's deadline when the attempt began.
    pub(crate) time_left: Duration,
    pub(crate) connect: Duration,
    pub(crate) idle: Duration,
    pub(crate) idle_setting: &'static str,
    /// The URL of the proxy has a user or a password.
    pub(crate) has_proxy_user: bool,
}

impl Failure {
    pub(crate) fn of(error: &ureq::Error, limits: &Limits) -> Self {
        if let Some(error) = not_connected(error) {
            return Self { sent: Sent::No, ..Self::at(error, limits, false) };
        }
        // Without a connector of ours nobody tells.
        Self::at(error, limits, cfg!(feature = "resolver"))
    }

    fn at(error: &ureq::Error, limits: &Limits, is_connected: bool) -> Self {
        let (sent, class, message) = tls_reading(error, is_connected)
            .or_else(|| set_up_reading(error, limits))
            .unwrap_or_else(|| passing_reading(error, limits));
        let idle = matches!(error, ureq::Error::Timeout(Timeout::PerRead | Timeout::PerWrite));
        Self { sent, class, message, idle }
    }
}

/// Whether the server may have acted, what kind of trouble it is, and its text.
type Reading = (Sent, Class, String);

/// What another attempt does not cure.
fn set_up_reading(error: &ureq::Error, limits: &Limits) -> Option<Reading> {
    let message = match error {
        ureq::Error::ConnectProxyFailed(why) if why.contains("407") && limits.has_proxy_user => {
            "the proxy does not accept the user and password of its URL: check them, and that / ? # @ : in them are percent-encoded (NTLM, Kerberos and PAC are not supported)"
        }
        ureq::Error::ConnectProxyFailed(why) if why.contains("407") => {
            "the proxy wants credentials: http://user:password@host:port (NTLM, Kerberos and PAC are not supported)"
        }
        ureq::Error::Tls(_) => "TLS cannot be set up for this host name",
        ureq::Error::LargeResponseHeader(..) => {
            let message = "the headers of the answer are too long";
            return Some((Sent::Unknown, Class::Refused, message.into()));
        }
        _ => return None,
    };
    Some((Sent::No, Class::Configuration, message.into()))
}

fn passing_reading(error: &ureq::Error, limits: &Limits) -> Reading {
    let (sent, message) = match error {
        ureq::Error::Timeout(timeout) => timeout_reading(*timeout, limits),
        ureq::Error::HostNotFound => (Sent::No, NOT_FOUND.into()),
        ureq::Error::Other(cause) if is_look_up(&**cause) => (Sent::No, NOT_FOUND.into()),
        ureq::Error::Io(cause) if is_look_up(cause) => (Sent::No, NOT_FOUND.into()),
        ureq::Error::Io(cause) if never_connected(cause.kind()) => {
            (Sent::No, "no connection to the server".into())
        }
        ureq::Error::Io(_) => (Sent::Unknown, "the connection broke".into()),
        ureq::Error::Decompress(..) => {
            (Sent::Unknown, "the gzip encoding of the answer is broken".into())
        }
        ureq::Error::Protocol(_) => (Sent::Unknown, "the answer is not valid HTTP".into()),
        ureq::Error::ConnectProxyFailed(why) => {
            (Sent::No, format!("the proxy refused the connection: {why}"))
        }
        _ => (Sent::Unknown, "the exchange failed".into()),
    };
    (sent, Class::Temporary, message)
}

/// Each limit is told with the setting that governs it.
fn timeout_reading(timeout: Timeout, limits: &Limits) -> (Sent, String) {
    match timeout {
        Timeout::Connect | Timeout::Resolve if limits.connect <= limits.time_left => {
            let limit = seconds(limits.connect);
            (Sent::No, format!("no connection within {limit} (Client::with_connect_timeout)"))
        }
        Timeout::PerRead | Timeout::PerWrite => {
            let (limit, setting) = (seconds(limits.idle), limits.idle_setting);
            (Sent::Unknown, format!("nothing from the server for {limit} ({setting})"))
        }
        _ => (Sent::Unknown, "the call's deadline passed (RetryPolicy::with_deadline)".into()),
    }
}

/// The cause that an error keeps: none where the message says it all, or where its text
/// quotes an address or a PEM text.
pub(crate) fn cause(error: ureq::Error) -> Option<Cause> {
    match error {
        ureq::Error::Timeout(_) | ureq::Error::BadUri(_) | ureq::Error::RequireHttpsOnly(_) => None,
        #[cfg(any(feature = "rustls", feature = "native-tls"))]
        ureq::Error::Pem(_) => None,
        #[cfg(any(feature = "rustls", feature = "native-tls"))]
        error if trouble(&error).is_some_and(Trouble::says_all) => None,
        ureq::Error::Io(cause) => Some(cause.into()),
        ureq::Error::Other(cause) => connecting_cause(cause),
        error => Some(error.into()),
    }
}

#[cfg(feature = "resolver")]
fn connecting_cause(other: Cause) -> Option<Cause> {
    match other.downcast::<crate::resolver::NotConnected>() {
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
            cause.downcast_ref::<crate::resolver::NotConnected>().map(|error| &error.0)
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
    cause.is::<crate::resolver::NotFound>()
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
    let (sent, class, trouble) = match trouble(error)? {
        // It did speak TLS.
        Trouble::NoTls if is_connected => (Sent::Unknown, Class::Temporary, Trouble::Passing),
        Trouble::Passing => (Sent::Unknown, Class::Temporary, Trouble::Passing),
        // Where nobody tells, it may have.
        Trouble::NoTls => (Sent::Unknown, Class::Configuration, Trouble::NoTls),
        trouble => (Sent::No, Class::Configuration, trouble),
    };
    Some((sent, class, trouble.words()))
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
fn tls_reading(_: &ureq::Error, _: bool) -> Option<Reading> {
    None
}

pub(crate) const NOT_FOUND: &str = "the host name was not found";
