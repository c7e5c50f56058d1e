//! What ureq's errors mean to a caller: which setting to turn, and whether the server may
//! have acted.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use ureq::Timeout;

use crate::clock::seconds;
use crate::error::{Cause, Class, Sent};

/// The reading of one error.
pub(crate) struct Failure {
    pub(crate) sent: Sent,
    pub(crate) class: Class,
    pub(crate) message: String,
    /// Nothing came within the idle limit.
    pub(crate) idle: bool,
}

/// The limits that an error may be about.
pub(crate) struct Limits {
    pub(crate) connect: Duration,
    pub(crate) idle: Duration,
    pub(crate) idle_setting: &'static str,
}

impl Failure {
    pub(crate) fn of(error: &ureq::Error, limits: &Limits) -> Self {
        use ureq::Error as E;
        let failed = |sent, class, message| Self {
            sent,
            class,
            message,
            idle: matches!(error, E::Timeout(Timeout::PerRead | Timeout::PerWrite)),
        };
        let passing = |sent, message: String| failed(sent, Class::Temporary, message);
        let wrong = |message: &str| failed(Sent::No, Class::Configuration, message.to_owned());
        if let Some((sent, class, message)) = tls_reading(error) {
            return failed(sent, class, message);
        }
        match error {
            E::Timeout(Timeout::Connect | Timeout::Resolve) => passing(
                Sent::No,
                format!(
                    "no connection within {} (Client::with_connect_timeout)",
                    seconds(limits.connect)
                ),
            ),
            E::Timeout(Timeout::PerRead | Timeout::PerWrite) => passing(
                Sent::Unknown,
                format!(
                    "nothing from the server for {} ({})",
                    seconds(limits.idle),
                    limits.idle_setting
                ),
            ),
            E::Timeout(_) => passing(
                Sent::Unknown,
                "the call's deadline passed (RetryPolicy::with_deadline)".into(),
            ),
            E::HostNotFound => passing(Sent::No, "the host name was not found".into()),
            E::Other(cause) if is_look_up(&**cause) => {
                passing(Sent::No, "the host name was not found".into())
            }
            E::Io(cause) if is_look_up(cause) => {
                passing(Sent::No, "the host name was not found".into())
            }
            E::Io(cause) if never_connected(cause.kind()) => {
                passing(Sent::No, "no connection to the server".into())
            }
            E::Io(_) => passing(Sent::Unknown, "the connection broke".into()),
            E::Decompress(..) => {
                passing(Sent::Unknown, "the gzip encoding of the answer is broken".into())
            }
            E::Protocol(_) => passing(Sent::Unknown, "the answer is not valid HTTP".into()),
            E::LargeResponseHeader(..) => failed(
                Sent::Unknown,
                Class::Refused,
                "the headers of the answer are too long".into(),
            ),
            E::ConnectProxyFailed(why) if why.contains("407") => wrong(
                "the proxy wants credentials: http://user:password@host:port (NTLM, Kerberos and PAC are not supported)",
            ),
            E::ConnectProxyFailed(why) => {
                passing(Sent::No, format!("the proxy refused the connection: {why}"))
            }
            E::TlsRequired => wrong("this build has no TLS: enable the feature rustls"),
            E::Tls(_) => wrong("TLS cannot be set up for this host name"),
            _ => passing(Sent::Unknown, "the exchange failed".into()),
        }
    }
}

/// The cause that an error keeps: none where the message says it all.
pub(crate) fn cause(error: ureq::Error) -> Option<Cause> {
    match error {
        ureq::Error::Timeout(_) | ureq::Error::BadUri(_) => None,
        ureq::Error::Io(cause) => Some(cause.into()),
        ureq::Error::Other(cause) => Some(cause),
        error => Some(error.into()),
    }
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

/// What TLS itself says: found in ureq's error or in the IO error around it.
#[cfg(feature = "rustls")]
fn tls_reading(error: &ureq::Error) -> Option<(Sent, Class, String)> {
    use rustls::{AlertDescription as Alert, CertificateError as Bad, Error as Tls};
    let error = match error {
        ureq::Error::Rustls(error) => error,
        ureq::Error::Io(error) => error.get_ref()?.downcast_ref::<Tls>()?,
        _ => return None,
    };
    let message = match error {
        Tls::InvalidCertificate(Bad::UnknownIssuer) => {
            "the server's certificate is signed by an authority that is not trusted here: give the authority's certificate by Client::with_root_certificates or SSL_CERT_FILE (a company proxy that inspects TLS has one of its own)"
        }
        Tls::InvalidCertificate(_) => "the server's certificate is not valid for this call",
        Tls::AlertReceived(
            Alert::CertificateRequired
            | Alert::BadCertificate
            | Alert::UnknownCA
            | Alert::AccessDenied,
        ) => {
            "the server does not accept the client's certificate, or wants one (Client::with_client_certificate)"
        }
        Tls::AlertReceived(_) | Tls::PeerIncompatible(_) => "client and server do not agree on TLS",
        _ => return Some((Sent::Unknown, Class::Temporary, "the TLS connection failed".into())),
    };
    Some((Sent::No, Class::Configuration, message.into()))
}

#[cfg(not(feature = "rustls"))]
fn tls_reading(_: &ureq::Error) -> Option<(Sent, Class, String)> {
    None
}
