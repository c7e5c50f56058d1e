//! What TLS says when it fails, in the same few words whichever library does it.

use std::time::{Duration, UNIX_EPOCH};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    all(not(feature = "rustls"), any(target_os = "windows", target_vendor = "apple")),
    expect(dead_code, reason = "these systems do not tell them apart")
)]
pub(crate) enum TlsError {
    /// The server's certificate leads to no root that is trusted here.
    UnknownIssuer,
    /// A certificate of the chain is out of date.
    Expired(Option<Dates>),
    NotValidYet(Option<Dates>),
    /// The server's certificate is for another name.
    OtherName,
    /// The server shows the certificate of an authority.
    #[cfg(feature = "rustls")]
    Authority,
    /// The server's certificate is older than X.509 version 3.
    #[cfg(feature = "rustls")]
    OldVersion,
    /// A certificate is signed in a way that is not accepted, as by SHA-1.
    Signature,
    /// The server's certificate is not as it should be.
    Certificate,
    /// The server refuses the client's certificate, or misses one.
    ClientCertificate,
    /// No version or cipher that both sides have.
    Disagreement,
    /// What the server says is not TLS.
    NoTls,
    /// The system has no roots at all.
    #[cfg(feature = "platform-verifier")]
    NoRoots,
    /// Anything else: it may pass.
    Passing,
}

/// The end of a certificate's life that matters, and when it was looked at, in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Dates {
    limit: u64,
    now: u64,
}

impl TlsError {
    /// Whether the words say all that the library knows.
    pub(crate) fn says_all(self) -> bool {
        matches!(self, Self::Expired(Some(_)) | Self::NotValidYet(Some(_)) | Self::Signature)
    }

    /// What is wrong, and what to do about it.
    pub(crate) fn words(self) -> String {
        let words = match self {
            Self::UnknownIssuer => {
                "the server's certificate is signed by an authority that is not trusted here: give the authority's certificate by Client::with_root_certificates or SSL_CERT_FILE (a company proxy that inspects TLS has one of its own)"
            }
            Self::Expired(dates) => {
                return dates.map_or(format!("{CHAIN} {EXPIRED}"), Dates::expired);
            }
            Self::NotValidYet(dates) => {
                return dates.map_or(format!("{CHAIN} {EARLY}"), Dates::early);
            }
            Self::OtherName => {
                "the server's certificate is for another host name: check the host of the URL, and what else may answer in its place"
            }
            #[cfg(feature = "rustls")]
            Self::Authority => {
                "the server shows the certificate of an authority (CA:TRUE), as `openssl req -x509` makes it by default: make one for a server with `-addext basicConstraints=critical,CA:FALSE`"
            }
            #[cfg(feature = "rustls")]
            Self::OldVersion => {
                "the server's certificate is of X.509 version 1, which is too old: make one of version 3, as a certificate with a subjectAltName is"
            }
            Self::Signature => {
                "the server's certificate is signed in a way that is not accepted here, as by SHA-1 or a key that is too short: the server needs a new certificate"
            }
            Self::Certificate => "the server's certificate is not valid for this call",
            Self::ClientCertificate => {
                "the server does not accept the client's certificate, or wants one (Client::with_client_certificate)"
            }
            Self::Disagreement => "client and server do not agree on TLS",
            Self::NoTls => {
                "the server does not speak TLS on this port: check host and port of the URL"
            }
            #[cfg(feature = "platform-verifier")]
            Self::NoRoots => {
                "this system has no trusted certificates: install them (the package ca-certificates), or name some by Client::with_root_certificates or SSL_CERT_FILE"
            }
            Self::Passing => "the TLS connection failed",
        };
        words.into()
    }
}

impl Dates {
    fn expired(self) -> String {
        let (limit, now) = (date(self.limit), date(self.now));
        format!(
            "{CHAIN} expired on {limit}, and by this machine's clock it is {now}: if the clock is right, the server needs a new certificate"
        )
    }

    fn early(self) -> String {
        let (limit, now) = (date(self.limit), date(self.now));
        format!(
            "{CHAIN} is not valid before {limit}, and by this machine's clock it is {now}: look whether the clock is right"
        )
    }
}

/// httpdate panics after the year 9999, and so late no certificate ends.
fn date(seconds: u64) -> String {
    let time = UNIX_EPOCH + Duration::from_secs(seconds.min(LAST_SECOND));
    httpdate::fmt_http_date(time)
}

/// What TLS says in this error, if it is TLS that speaks.
pub(crate) fn tls_error(error: &ureq::Error) -> Option<TlsError> {
    rustls_error(error).or_else(|| native_error(error))
}

/// By the number of the alert that the server sent (RFC 8446 §6).
#[cfg(any(feature = "rustls", not(any(target_os = "windows", target_vendor = "apple"))))]
fn alert_error(number: u8) -> TlsError {
    match number {
        // bad, unsupported, revoked, expired and unknown certificate; unknown authority,
        // access denied; certificate required.
        42..=46 | 48 | 49 | 116 => TlsError::ClientCertificate,
        // handshake failure, protocol version, insufficient security; unrecognized name; no
        // application protocol.
        40 | 70 | 71 | 112 | 120 => TlsError::Disagreement,
        _ => TlsError::Passing,
    }
}

/// Found in ureq's error or in the IO error around it.
#[cfg(feature = "rustls")]
fn rustls_error(error: &ureq::Error) -> Option<TlsError> {
    use rustls::{Error as Tls, InvalidMessage};
    let error = match error {
        ureq::Error::Rustls(error) => error,
        ureq::Error::Io(error) => error.get_ref()?.downcast_ref::<Tls>()?,
        _ => return None,
    };
    Some(match error {
        Tls::InvalidCertificate(error) => certificate_error(error),
        Tls::AlertReceived(alert) => alert_error(u8::from(*alert)),
        Tls::PeerIncompatible(_) => TlsError::Disagreement,
        Tls::InvalidMessage(InvalidMessage::InvalidContentType) => TlsError::NoTls,
        // The platform verifier has no kind of its own for it.
        #[cfg(feature = "platform-verifier")]
        Tls::General(why) if why.starts_with("No CA certificates") => TlsError::NoRoots,
        _ => TlsError::Passing,
    })
}

#[cfg(feature = "rustls")]
fn certificate_error(error: &rustls::CertificateError) -> TlsError {
    use rustls::CertificateError as Error;
    match error {
        Error::UnknownIssuer => TlsError::UnknownIssuer,
        Error::Expired => TlsError::Expired(None),
        Error::ExpiredContext { time, not_after } => {
            TlsError::Expired(Some(Dates { limit: not_after.as_secs(), now: time.as_secs() }))
        }
        Error::NotValidYet => TlsError::NotValidYet(None),
        Error::NotValidYetContext { time, not_before } => {
            TlsError::NotValidYet(Some(Dates { limit: not_before.as_secs(), now: time.as_secs() }))
        }
        Error::NotValidForName | Error::NotValidForNameContext { .. } => TlsError::OtherName,
        Error::UnsupportedSignatureAlgorithmContext { .. }
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => TlsError::Signature,
        // Of the crate webpki, which is known by its words alone.
        Error::Other(error) => match format!("{error:?}") {
            error if error.contains("CaUsedAsEndEntity") => TlsError::Authority,
            error if error.contains("UnsupportedCertVersion") => TlsError::OldVersion,
            _ => TlsError::Certificate,
        },
        _ => TlsError::Certificate,
    }
}

#[cfg(not(feature = "rustls"))]
fn rustls_error(_: &ureq::Error) -> Option<TlsError> {
    None
}

/// OpenSSL has numbers for all but the reason why a certificate is not valid. In TLS 1.3
/// the server looks at the client's certificate after the handshake: hence the IO error.
#[cfg(all(feature = "native-tls", not(any(target_os = "windows", target_vendor = "apple"))))]
fn native_error(error: &ureq::Error) -> Option<TlsError> {
    use std::error::Error;

    let (stack, text) = match error {
        ureq::Error::NativeTls(error) => {
            let stack = error.source().and_then(|cause| cause.downcast_ref());
            (stack, error.to_string())
        }
        ureq::Error::Io(error) => {
            let error = error.get_ref()?.downcast_ref::<openssl::ssl::Error>()?;
            (error.ssl_error(), String::new())
        }
        _ => return None,
    };
    let errors = stack.map(openssl::error::ErrorStack::errors).unwrap_or_default();
    let mut reasons = errors.iter().filter(|error| error.library_code() == SSL_LIBRARY);
    let found = reasons.find_map(|error| openssl_error(error.reason_code(), &text));
    Some(found.unwrap_or(TlsError::Passing))
}

/// By the numbers of OpenSSL's `sslerr.h`: an alert is 1000 and its number.
#[cfg(all(feature = "native-tls", not(any(target_os = "windows", target_vendor = "apple"))))]
fn openssl_error(reason: i32, text: &str) -> Option<TlsError> {
    const CERTIFICATE_VERIFY_FAILED: i32 = 134;
    const HTTP_REQUEST: i32 = 156;
    const NO_PROTOCOLS_AVAILABLE: i32 = 191;
    const UNKNOWN_PROTOCOL: i32 = 252;
    const UNSUPPORTED_PROTOCOL: i32 = 258;
    const WRONG_SSL_VERSION: i32 = 266;
    const WRONG_VERSION_NUMBER: i32 = 267;
    const UNSAFE_LEGACY_RENEGOTIATION: i32 = 338;
    const DH_KEY_TOO_SMALL: i32 = 394;
    match reason {
        CERTIFICATE_VERIFY_FAILED => {
            let known = VERIFY_FAILURES.iter().find(|(words, _)| text.contains(words));
            Some(known.map_or(TlsError::Certificate, |(_, tls_error)| *tls_error))
        }
        HTTP_REQUEST | UNKNOWN_PROTOCOL | WRONG_VERSION_NUMBER => Some(TlsError::NoTls),
        NO_PROTOCOLS_AVAILABLE
        | UNSUPPORTED_PROTOCOL
        | WRONG_SSL_VERSION
        | UNSAFE_LEGACY_RENEGOTIATION
        | DH_KEY_TOO_SMALL => Some(TlsError::Disagreement),
        _ => u8::try_from(reason.checked_sub(1000)?).ok().map(alert_error),
    }
}

#[cfg(all(feature = "native-tls", not(any(target_os = "windows", target_vendor = "apple"))))]
const SSL_LIBRARY: i32 = 20;

/// In the words of OpenSSL: "unable to get (local) issuer certificate", "self-signed
/// certificate (in certificate chain)", "unable to verify the first certificate"; older
/// versions write "self signed".
#[cfg(all(feature = "native-tls", not(any(target_os = "windows", target_vendor = "apple"))))]
const VERIFY_FAILURES: [(&str, TlsError); 10] = [
    ("issuer certificate", TlsError::UnknownIssuer),
    ("self-signed", TlsError::UnknownIssuer),
    ("self signed", TlsError::UnknownIssuer),
    ("first certificate", TlsError::UnknownIssuer),
    ("has expired", TlsError::Expired(None)),
    ("not yet valid", TlsError::NotValidYet(None)),
    ("ostname mismatch", TlsError::OtherName),
    ("IP address mismatch", TlsError::OtherName),
    ("too weak", TlsError::Signature),
    ("too small", TlsError::Signature),
];

/// native-tls shows the number of the system's error in its `Debug` only; the text is in
/// the user's language.
#[cfg(all(feature = "native-tls", any(target_os = "windows", target_vendor = "apple")))]
fn native_error(error: &ureq::Error) -> Option<TlsError> {
    let ureq::Error::NativeTls(error) = error else { return None };
    let debug = format!("{error:?}");
    if debug.contains("unable to find any user-specified roots") {
        return Some(TlsError::UnknownIssuer);
    }
    let code = debug.split_once("code: ").and_then(|(_, rest)| rest.split([',', ' ']).next());
    Some(code.and_then(|code| code.parse().ok()).map_or(TlsError::Passing, system_error))
}

/// By the numbers of `winerror.h`.
#[cfg(all(feature = "native-tls", target_os = "windows"))]
fn system_error(code: i32) -> TlsError {
    match code.cast_unsigned() {
        // SEC_E_UNTRUSTED_ROOT, CERT_E_UNTRUSTEDROOT, CERT_E_CHAINING
        0x8009_0325 | 0x800B_0109 | 0x800B_010A => TlsError::UnknownIssuer,
        // SEC_E_CERT_EXPIRED, CERT_E_EXPIRED
        0x8009_0328 | 0x800B_0101 => TlsError::Expired(None),
        // SEC_E_WRONG_PRINCIPAL, CERT_E_CN_NO_MATCH
        0x8009_0322 | 0x800B_010F => TlsError::OtherName,
        // SEC_E_CERT_UNKNOWN, CERT_E_…
        0x8009_0327 | 0x800B_0102..=0x800B_0114 => TlsError::Certificate,
        // SEC_I_INCOMPLETE_CREDENTIALS
        0x0009_0320 => TlsError::ClientCertificate,
        // SEC_E_ALGORITHM_MISMATCH
        0x8009_0331 => TlsError::Disagreement,
        _ => TlsError::Passing,
    }
}

/// By the numbers of `SecureTransport.h`.
#[cfg(all(feature = "native-tls", target_vendor = "apple"))]
fn system_error(code: i32) -> TlsError {
    match code {
        // errSSLXCertChainInvalid, errSSLUnknownRootCert, errSSLNoRootCert
        -9807 | -9812 | -9813 => TlsError::UnknownIssuer,
        // errSSLCertExpired, errSSLCertNotYetValid, errSSLHostNameMismatch
        -9814 => TlsError::Expired(None),
        -9815 => TlsError::NotValidYet(None),
        -9843 => TlsError::OtherName,
        // errSSLBadCert
        -9808 => TlsError::Certificate,
        // errSSLPeerBadCert to errSSLPeerCertUnknown, errSSLPeerUnknownCA,
        // errSSLPeerAccessDenied
        -9829..=-9825 | -9832..=-9831 => TlsError::ClientCertificate,
        // errSSLNegotiation, errSSLPeerHandshakeFail, errSSLPeerProtocolVersion,
        // errSSLPeerInsufficientSecurity
        -9801 | -9824 | -9836 | -9837 => TlsError::Disagreement,
        _ => TlsError::Passing,
    }
}

#[cfg(not(feature = "native-tls"))]
fn native_error(_: &ureq::Error) -> Option<TlsError> {
    None
}

const CHAIN: &str = "the server's certificate, or that of an authority above it,";
const EXPIRED: &str =
    "has expired: if this machine's clock is right, the server needs a new certificate";
const EARLY: &str = "is not valid yet: look whether this machine's clock is right";
/// Of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;
