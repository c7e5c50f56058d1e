//! What TLS says when it fails, in the same few words whichever library does it.

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Trouble {
    /// The server's certificate leads to no root that is trusted here.
    UnknownIssuer,
    /// The server's certificate is out of date, for another name, or not as it should be.
    Certificate,
    /// The server refuses the client's certificate, or misses one.
    ClientCertificate,
    /// No version or cipher that both sides have.
    Disagreement,
    /// The system has no roots at all.
    #[cfg(feature = "platform-verifier")]
    NoRoots,
    /// Anything else: it may pass.
    Passing,
}

/// What TLS says in this error, if it is TLS that speaks.
pub(crate) fn trouble(error: &ureq::Error) -> Option<Trouble> {
    rustls_trouble(error).or_else(|| native_trouble(error))
}

/// By the number of the alert that the server sent (RFC 8446 §6).
#[cfg(any(feature = "rustls", not(any(target_os = "windows", target_vendor = "apple"))))]
fn alert_trouble(number: u8) -> Trouble {
    match number {
        // bad, unsupported, revoked, expired and unknown certificate; unknown authority,
        // access denied; certificate required.
        42..=46 | 48 | 49 | 116 => Trouble::ClientCertificate,
        // handshake failure, protocol version, insufficient security; unrecognized name; no
        // application protocol.
        40 | 70 | 71 | 112 | 120 => Trouble::Disagreement,
        _ => Trouble::Passing,
    }
}

/// Found in ureq's error or in the IO error around it.
#[cfg(feature = "rustls")]
fn rustls_trouble(error: &ureq::Error) -> Option<Trouble> {
    use rustls::{CertificateError, Error as Tls};
    let error = match error {
        ureq::Error::Rustls(error) => error,
        ureq::Error::Io(error) => error.get_ref()?.downcast_ref::<Tls>()?,
        _ => return None,
    };
    Some(match error {
        Tls::InvalidCertificate(CertificateError::UnknownIssuer) => Trouble::UnknownIssuer,
        Tls::InvalidCertificate(_) => Trouble::Certificate,
        Tls::AlertReceived(alert) => alert_trouble(u8::from(*alert)),
        Tls::PeerIncompatible(_) => Trouble::Disagreement,
        // The platform verifier has no kind of its own for it.
        #[cfg(feature = "platform-verifier")]
        Tls::General(why) if why.starts_with("No CA certificates") => Trouble::NoRoots,
        _ => Trouble::Passing,
    })
}

#[cfg(not(feature = "rustls"))]
fn rustls_trouble(_: &ureq::Error) -> Option<Trouble> {
    None
}

/// OpenSSL has numbers for all but the reason why a certificate is not valid. In TLS 1.3
/// the server looks at the client's certificate after the handshake: hence the IO error.
#[cfg(all(feature = "native-tls", not(any(target_os = "windows", target_vendor = "apple"))))]
fn native_trouble(error: &ureq::Error) -> Option<Trouble> {
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
    let found = reasons.find_map(|error| openssl_trouble(error.reason_code(), &text));
    Some(found.unwrap_or(Trouble::Passing))
}

/// By the numbers of OpenSSL's `sslerr.h`: an alert is 1000 and its number.
#[cfg(all(feature = "native-tls", not(any(target_os = "windows", target_vendor = "apple"))))]
fn openssl_trouble(reason: i32, text: &str) -> Option<Trouble> {
    const CERTIFICATE_VERIFY_FAILED: i32 = 134;
    const NO_PROTOCOLS_AVAILABLE: i32 = 191;
    const UNSUPPORTED_PROTOCOL: i32 = 258;
    const WRONG_SSL_VERSION: i32 = 266;
    const UNSAFE_LEGACY_RENEGOTIATION: i32 = 338;
    const DH_KEY_TOO_SMALL: i32 = 394;
    match reason {
        CERTIFICATE_VERIFY_FAILED => {
            // "unable to get (local) issuer certificate", "self-signed certificate (in
            // certificate chain)", "unable to verify the first certificate"; older versions
            // write "self signed".
            let untrusted =
                ["issuer certificate", "self-signed", "self signed", "first certificate"];
            let is_untrusted = untrusted.iter().any(|words| text.contains(words));
            Some(if is_untrusted { Trouble::UnknownIssuer } else { Trouble::Certificate })
        }
        NO_PROTOCOLS_AVAILABLE
        | UNSUPPORTED_PROTOCOL
        | WRONG_SSL_VERSION
        | UNSAFE_LEGACY_RENEGOTIATION
        | DH_KEY_TOO_SMALL => Some(Trouble::Disagreement),
        _ => u8::try_from(reason.checked_sub(1000)?).ok().map(alert_trouble),
    }
}

#[cfg(all(feature = "native-tls", not(any(target_os = "windows", target_vendor = "apple"))))]
const SSL_LIBRARY: i32 = 20;

/// native-tls shows the number of the system's error in its `Debug` only; the text is in
/// the user's language.
#[cfg(all(feature = "native-tls", any(target_os = "windows", target_vendor = "apple")))]
fn native_trouble(error: &ureq::Error) -> Option<Trouble> {
    let ureq::Error::NativeTls(error) = error else { return None };
    let debug = format!("{error:?}");
    if debug.contains("unable to find any user-specified roots") {
        return Some(Trouble::UnknownIssuer);
    }
    let code = debug.split_once("code: ").and_then(|(_, rest)| rest.split([',', ' ']).next());
    Some(code.and_then(|code| code.parse().ok()).map_or(Trouble::Passing, system_trouble))
}

/// By the numbers of `winerror.h`.
#[cfg(all(feature = "native-tls", target_os = "windows"))]
fn system_trouble(code: i32) -> Trouble {
    match code.cast_unsigned() {
        // SEC_E_UNTRUSTED_ROOT, CERT_E_UNTRUSTEDROOT, CERT_E_CHAINING
        0x8009_0325 | 0x800B_0109 | 0x800B_010A => Trouble::UnknownIssuer,
        // SEC_E_WRONG_PRINCIPAL, SEC_E_CERT_UNKNOWN, SEC_E_CERT_EXPIRED, CERT_E_…
        0x8009_0322 | 0x8009_0327 | 0x8009_0328 | 0x800B_0101..=0x800B_0114 => Trouble::Certificate,
        // SEC_I_INCOMPLETE_CREDENTIALS
        0x0009_0320 => Trouble::ClientCertificate,
        // SEC_E_ALGORITHM_MISMATCH
        0x8009_0331 => Trouble::Disagreement,
        _ => Trouble::Passing,
    }
}

/// By the numbers of `SecureTransport.h`.
#[cfg(all(feature = "native-tls", target_vendor = "apple"))]
fn system_trouble(code: i32) -> Trouble {
    match code {
        // errSSLXCertChainInvalid, errSSLUnknownRootCert, errSSLNoRootCert
        -9807 | -9812 | -9813 => Trouble::UnknownIssuer,
        // errSSLBadCert, errSSLCertExpired, errSSLCertNotYetValid, errSSLHostNameMismatch
        -9808 | -9814 | -9815 | -9843 => Trouble::Certificate,
        // errSSLPeerBadCert to errSSLPeerCertUnknown, errSSLPeerUnknownCA,
        // errSSLPeerAccessDenied
        -9829..=-9825 | -9832..=-9831 => Trouble::ClientCertificate,
        // errSSLNegotiation, errSSLPeerHandshakeFail, errSSLPeerProtocolVersion,
        // errSSLPeerInsufficientSecurity
        -9801 | -9824 | -9836 | -9837 => Trouble::Disagreement,
        _ => Trouble::Passing,
    }
}

#[cfg(not(feature = "native-tls"))]
fn native_trouble(_: &ureq::Error) -> Option<Trouble> {
    None
}
