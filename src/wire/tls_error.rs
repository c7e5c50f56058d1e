//! What TLS says when it fails, in the same few sentences whichever library does it.

#![allow(dead_code, reason = "each library and each system has its own share of this")]

use std::borrow::Cow;

use crate::error::Delivery::{NotSent, Unknown};
use crate::error::ErrorKind::{Configuration, Temporary};
use crate::wire::failure::Failure;

/// What is wrong, and what to do about it. An owned one has the dates of a certificate.
type Sentence = Cow<'static, str>;

/// What TLS says in this error, if it is TLS that speaks, and whether that is all that its
/// library knows.
pub(crate) fn tls_failure(error: &ureq::Error, is_connected: bool) -> Option<(Failure, bool)> {
    let sentence = rustls_error(error).or_else(|| native_error(error))?;
    let (delivery, kind, sentence) = match &*sentence {
        // It did speak TLS.
        NO_TLS if is_connected => (Unknown, Temporary, FAILED.into()),
        // If that is not known, it may have.
        NO_TLS => (Unknown, Configuration, sentence),
        FAILED => (Unknown, Temporary, sentence),
        _ => (NotSent, Configuration, sentence),
    };
    let says_all = sentence == SIGNATURE || matches!(sentence, Cow::Owned(_));
    Some((Failure::new(delivery, kind, sentence), says_all))
}

/// By the number of the alert that the server sent (RFC 8446 §6).
fn by_alert(number: u8) -> &'static str {
    match number {
        // bad, unsupported, revoked, expired and unknown certificate; unknown authority,
        // access denied; certificate required.
        42..=46 | 48 | 49 | 116 => CLIENT_CERTIFICATE,
        // handshake failure, protocol version, insufficient security; unrecognized name; no
        // application protocol.
        40 | 70 | 71 | 112 | 120 => DISAGREEMENT,
        _ => FAILED,
    }
}

/// Found in ureq's error or in the IO error around it.
#[cfg(feature = "rustls")]
fn rustls_error(error: &ureq::Error) -> Option<Sentence> {
    use rustls::{CertificateError as Bad, Error as Tls, InvalidMessage};
    let error = match error {
        ureq::Error::Rustls(error) => error,
        ureq::Error::Io(error) => error.get_ref()?.downcast_ref::<Tls>()?,
        _ => return None,
    };
    Some(Cow::Borrowed(match error {
        Tls::InvalidCertificate(Bad::ExpiredContext { time, not_after }) => {
            return Some(dated("expired on", not_after.as_secs(), time.as_secs(), RENEW));
        }
        Tls::InvalidCertificate(Bad::NotValidYetContext { time, not_before }) => {
            return Some(dated(
                "is not valid before",
                not_before.as_secs(),
                time.as_secs(),
                SET_CLOCK,
            ));
        }
        Tls::InvalidCertificate(error) => by_certificate(error),
        Tls::AlertReceived(alert) => by_alert(u8::from(*alert)),
        Tls::PeerIncompatible(_) => DISAGREEMENT,
        Tls::InvalidMessage(InvalidMessage::InvalidContentType) => NO_TLS,
        // The platform verifier has no kind of its own for it.
        Tls::General(why) if why.starts_with("No CA certificates") => NO_ROOTS,
        _ => FAILED,
    }))
}

#[cfg(feature = "rustls")]
fn by_certificate(error: &rustls::CertificateError) -> &'static str {
    use rustls::CertificateError as Bad;
    match error {
        Bad::UnknownIssuer => UNKNOWN_ISSUER,
        Bad::Expired => EXPIRED,
        Bad::NotValidYet => NOT_VALID_YET,
        Bad::NotValidForName | Bad::NotValidForNameContext { .. } => OTHER_NAME,
        Bad::BadSignature => BAD_SIGNATURE,
        Bad::UnsupportedSignatureAlgorithmContext { .. }
        | Bad::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => SIGNATURE,
        // Of the crate webpki, which is known by its words alone.
        Bad::Other(error) => match format!("{error:?}") {
            error if error.contains("CaUsedAsEndEntity") => AUTHORITY,
            error if error.contains("UnsupportedCertVersion") => OLD_VERSION,
            _ => CERTIFICATE,
        },
        _ => CERTIFICATE,
    }
}

/// With the end of a certificate's life, and with the time on this machine.
#[cfg(feature = "rustls")]
fn dated(what: &str, date: u64, now: u64, advice: &str) -> Sentence {
    let written = |seconds: u64| {
        // httpdate panics after the year 9999, and so late no certificate ends.
        let since_epoch = std::time::Duration::from_secs(seconds.min(LAST_SECOND));
        httpdate::fmt_http_date(std::time::UNIX_EPOCH + since_epoch)
    };
    let (date, now) = (written(date), written(now));
    format!("{CHAIN} {what} {date}, and by this machine's clock it is {now}: {advice}").into()
}

#[cfg(not(feature = "rustls"))]
fn rustls_error(_: &ureq::Error) -> Option<Sentence> {
    None
}

/// OpenSSL has numbers for all but the reason why a certificate is not valid. In TLS 1.3
/// the server looks at the client's certificate after the handshake, so it may be an IO error.
#[cfg(all(feature = "native-tls", not(any(target_os = "windows", target_vendor = "apple"))))]
fn native_error(error: &ureq::Error) -> Option<Sentence> {
    use std::error::Error;

    let (stack, text) = match error {
        ureq::Error::NativeTls(error) => {
            (error.source().and_then(|cause| cause.downcast_ref()), error.to_string())
        }
        ureq::Error::Io(error) => {
            let error = error.get_ref()?.downcast_ref::<openssl::ssl::Error>()?;
            (error.ssl_error(), String::new())
        }
        _ => return None,
    };
    let errors = stack.map(openssl::error::ErrorStack::errors).unwrap_or_default();
    let mut reasons = errors.iter().filter(|error| error.library_code() == SSL_LIBRARY);
    let found = reasons.find_map(|error| by_openssl(error.reason_code(), &text));
    Some(found.unwrap_or(FAILED).into())
}

/// native-tls shows the number of the system's error in its `Debug` only; the text is in
/// the user's language.
#[cfg(all(feature = "native-tls", any(target_os = "windows", target_vendor = "apple")))]
fn native_error(error: &ureq::Error) -> Option<Sentence> {
    let ureq::Error::NativeTls(error) = error else { return None };
    let debug = format!("{error:?}");
    if debug.contains("unable to find any user-specified roots") {
        return Some(UNKNOWN_ISSUER.into());
    }
    let code = debug.split_once("code: ").and_then(|(_, rest)| rest.split([',', ' ']).next());
    let by_code = if cfg!(target_os = "windows") { by_schannel } else { by_secure_transport };
    Some(code.and_then(|code| code.parse().ok()).map_or(FAILED, by_code).into())
}

#[cfg(not(feature = "native-tls"))]
fn native_error(_: &ureq::Error) -> Option<Sentence> {
    None
}

/// By the numbers of OpenSSL's `sslerr.h`: an alert is 1000 and its number.
fn by_openssl(reason: i32, text: &str) -> Option<&'static str> {
    match reason {
        // certificate verify failed
        134 => {
            let known = VERIFY_FAILURES.iter().find(|(words, _)| text.contains(words));
            Some(known.map_or(CERTIFICATE, |(_, sentence)| sentence))
        }
        // http request, unknown protocol, wrong version number
        156 | 252 | 267 => Some(NO_TLS),
        // no protocols available, unsupported protocol, wrong SSL version, unsafe legacy
        // renegotiation disabled, DH key too small
        191 | 258 | 266 | 338 | 394 => Some(DISAGREEMENT),
        _ => u8::try_from(reason.checked_sub(1000)?).ok().map(by_alert),
    }
}

const SSL_LIBRARY: i32 = 20;

/// In the words of OpenSSL: "unable to get (local) issuer certificate", "self-signed
/// certificate (in certificate chain)", "unable to verify the first certificate"; older
/// versions write "self signed".
const VERIFY_FAILURES: [(&str, &str); 11] = [
    ("signature failure", BAD_SIGNATURE),
    ("issuer certificate", UNKNOWN_ISSUER),
    ("self-signed", UNKNOWN_ISSUER),
    ("self signed", UNKNOWN_ISSUER),
    ("first certificate", UNKNOWN_ISSUER),
    ("has expired", EXPIRED),
    ("not yet valid", NOT_VALID_YET),
    ("ostname mismatch", OTHER_NAME),
    ("IP address mismatch", OTHER_NAME),
    ("too weak", SIGNATURE),
    ("too small", SIGNATURE),
];

/// By the numbers of `winerror.h`.
fn by_schannel(code: i32) -> &'static str {
    match code.cast_unsigned() {
        // SEC_E_UNTRUSTED_ROOT, CERT_E_UNTRUSTEDROOT, CERT_E_CHAINING
        0x8009_0325 | 0x800B_0109 | 0x800B_010A => UNKNOWN_ISSUER,
        // SEC_E_CERT_EXPIRED, CERT_E_EXPIRED
        0x8009_0328 | 0x800B_0101 => EXPIRED,
        // TRUST_E_CERT_SIGNATURE
        0x8009_6004 => BAD_SIGNATURE,
        // SEC_E_WRONG_PRINCIPAL, CERT_E_CN_NO_MATCH
        0x8009_0322 | 0x800B_010F => OTHER_NAME,
        // SEC_E_CERT_UNKNOWN, CERT_E_…
        0x8009_0327 | 0x800B_0102..=0x800B_0114 => CERTIFICATE,
        // SEC_I_INCOMPLETE_CREDENTIALS
        0x0009_0320 => CLIENT_CERTIFICATE,
        // SEC_E_ALGORITHM_MISMATCH
        0x8009_0331 => DISAGREEMENT,
        _ => FAILED,
    }
}

/// By the numbers of `SecureTransport.h`.
fn by_secure_transport(code: i32) -> &'static str {
    match code {
        // errSSLXCertChainInvalid, errSSLUnknownRootCert, errSSLNoRootCert
        -9807 | -9812 | -9813 => UNKNOWN_ISSUER,
        // errSSLCertExpired, errSSLCertNotYetValid, errSSLHostNameMismatch
        -9814 => EXPIRED,
        -9815 => NOT_VALID_YET,
        -9843 => OTHER_NAME,
        // errSSLBadCert
        -9808 => CERTIFICATE,
        // errSSLPeerBadCert to errSSLPeerCertUnknown, errSSLPeerUnknownCA,
        // errSSLPeerAccessDenied
        -9829..=-9825 | -9832..=-9831 => CLIENT_CERTIFICATE,
        // errSSLNegotiation, errSSLPeerHandshakeFail, errSSLPeerProtocolVersion,
        // errSSLPeerInsufficientSecurity
        -9801 | -9824 | -9836 | -9837 => DISAGREEMENT,
        _ => FAILED,
    }
}

const CHAIN: &str = "the server's certificate, or that of an authority above it,";
const RENEW: &str = "if the clock is right, the server needs a new certificate";
const SET_CLOCK: &str = "check the clock";
const UNKNOWN_ISSUER: &str = "the server's certificate is signed by an authority that is not trusted here: give the authority's certificate by Connection::with_root_certificates or SSL_CERT_FILE (a company proxy that inspects TLS has one of its own)";
const EXPIRED: &str = "the server's certificate, or that of an authority above it, has expired: if this machine's clock is right, the server needs a new certificate";
const NOT_VALID_YET: &str = "the server's certificate, or that of an authority above it, is not valid yet: check this machine's clock";
const OTHER_NAME: &str = "the server's certificate is for another host name: check the host of the URL, and whether another server answers there";
const AUTHORITY: &str = "the server shows the certificate of an authority (CA:TRUE), as `openssl req -x509` makes it by default: make one for a server with `-addext basicConstraints=critical,CA:FALSE`";
const OLD_VERSION: &str = "the server's certificate is of X.509 version 1, which is too old: make one of version 3, as a certificate with a subjectAltName is";
const SIGNATURE: &str = "the server's certificate is signed in a way that is not accepted here, such as SHA-1 or a key that is too short: the server needs a new certificate";
const BAD_SIGNATURE: &str = "the signature of the server's certificate is not that of its authority, or one of their keys is too short (RSA of fewer than 2048 bits): give the authority's present certificate by Connection::with_root_certificates or SSL_CERT_FILE, or else the server needs a new certificate";
const CERTIFICATE: &str = "the server's certificate is not valid for this call";
const CLIENT_CERTIFICATE: &str = "the server does not accept the client's certificate, or wants one (Connection::with_client_certificate)";
/// No version or cipher that both sides have.
const DISAGREEMENT: &str = "client and server do not agree on TLS";
const NO_TLS: &str = "the server does not speak TLS on this port: check host and port of the URL";
const NO_ROOTS: &str = "this system has no trusted certificates: install them (the package ca-certificates), or name some by Connection::with_root_certificates or SSL_CERT_FILE";
/// Anything else: it may pass.
const FAILED: &str = "the TLS connection failed";
/// Of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;
