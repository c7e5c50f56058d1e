//! Certificates and keys in PEM form, as the TLS library that will use them takes them:
//! ureq would drop or panic later.

use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, parse_pem};

use crate::error::Cause;
use crate::pem;
use crate::wire::failure::{Failure, Result};

/// The library that does TLS.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Provider {
    #[cfg(feature = "rustls")]
    Rustls,
    #[cfg(feature = "native-tls")]
    NativeTls,
}

impl Provider {
    /// Those of this build.
    pub(crate) const ALL: &[Self] = &[
        #[cfg(feature = "rustls")]
        Self::Rustls,
        #[cfg(feature = "native-tls")]
        Self::NativeTls,
    ];

    /// The trusted roots in this text; `what` is what an error calls it.
    pub(crate) fn roots(self, pem: &[u8], what: &str) -> Result<RootCerts> {
        let certificates = certificates(pem, what)?;
        for (index, certificate) in certificates.iter().enumerate() {
            self.check_root(certificate).map_err(|cause| {
                let message = format!("{what}: certificate {} cannot be used as a root", index + 1);
                Failure::setting_caused(message, cause)
            })?;
        }
        Ok(certificates.into())
    }

    pub(crate) fn client_certificate(self, chain: &[u8], key: &[u8]) -> Result<ClientCert> {
        let chain = certificates(chain, CLIENT_CERTIFICATE)?;
        let key = private_key(key, PRIVATE_KEY)?;
        self.check_pair(&chain, &key)?;
        Ok(ClientCert::new_with_certs(&chain, key))
    }

    fn check_root(self, certificate: &Certificate<'_>) -> std::result::Result<(), Cause> {
        match self {
            #[cfg(feature = "rustls")]
            Self::Rustls => Ok(rustls::RootCertStore::empty().add(certificate.der().into())?),
            #[cfg(feature = "native-tls")]
            Self::NativeTls => Ok(native_tls::Certificate::from_der(certificate.der()).map(drop)?),
        }
    }

    /// The very calls that ureq makes later.
    fn check_pair(self, chain: &[Certificate<'static>], key: &PrivateKey<'_>) -> Result<()> {
        match self {
            #[cfg(feature = "rustls")]
            Self::Rustls => check_pair_for_rustls(chain, key).map_err(unfit),
            #[cfg(feature = "native-tls")]
            Self::NativeTls => check_pair_for_native_tls(chain, key),
        }
    }
}

/// The causes are those of a TLS library, whose words are its own: it does not get the text.
fn unfit(cause: impl Into<Cause>) -> Failure {
    let message = format!("{CLIENT_CERTIFICATE} cannot be used with its private key");
    Failure::setting_caused(message, cause)
}

/// The key is of the kind that its PEM label says, as ureq takes it, whatever its bytes
/// look like.
#[cfg(feature = "rustls")]
fn check_pair_for_rustls(
    chain: &[Certificate<'static>],
    key: &PrivateKey<'_>,
) -> std::result::Result<(), rustls::Error> {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};

    let chain = chain.iter();
    let chain = chain.map(|certificate| CertificateDer::from(certificate.der()).into_owned());
    let der = key.der().to_vec();
    let key = match kind(key).as_str() {
        "Pkcs1" => PrivateKeyDer::Pkcs1(der.into()),
        "Sec1" => PrivateKeyDer::Sec1(der.into()),
        _ => PrivateKeyDer::Pkcs8(der.into()),
    };
    let provider = rustls::crypto::ring::default_provider();
    rustls::sign::CertifiedKey::from_der(chain.collect(), key, &provider).map(drop)
}

/// ureq does not export its type.
fn kind(key: &PrivateKey<'_>) -> String {
    format!("{:?}", key.kind())
}

/// ureq hands every key to native-tls as if it were in PKCS #8 form.
#[cfg(feature = "native-tls")]
fn check_pair_for_native_tls(chain: &[Certificate<'static>], key: &PrivateKey<'_>) -> Result<()> {
    if kind(key) != "Pkcs8" {
        return Err(Failure::setting(NOT_PKCS8));
    }
    let certificates = chain.iter().map(|certificate| to_pem("CERTIFICATE", certificate.der()));
    let certificates: String = certificates.collect();
    let key_pem = to_pem("PRIVATE KEY", key.der());
    let identity = native_tls::Identity::from_pkcs8(certificates.as_bytes(), key_pem.as_bytes());
    let identity = identity.map_err(unfit)?;
    native_tls::TlsConnector::builder().identity(identity).build().map_err(unfit)?;
    check_kind(chain, key).map_err(unfit)
}

/// OpenSSL takes a key of another kind than the certificate's, and then shows no
/// certificate to the server.
#[cfg(all(feature = "native-tls", not(any(target_os = "windows", target_vendor = "apple"))))]
fn check_kind(
    chain: &[Certificate<'static>],
    key: &PrivateKey<'_>,
) -> std::result::Result<(), Cause> {
    let key = openssl::pkey::PKey::private_key_from_pkcs8(key.der())?;
    for certificate in chain.iter().take(1) {
        let public_key = openssl::x509::X509::from_der(certificate.der())?.public_key()?;
        if !public_key.public_eq(&key) {
            return Err("the key is another one than the certificate's".into());
        }
    }
    Ok(())
}

#[cfg(all(feature = "native-tls", any(target_os = "windows", target_vendor = "apple")))]
fn check_kind(_: &[Certificate<'static>], _: &PrivateKey<'_>) -> std::result::Result<(), Cause> {
    Ok(())
}

#[cfg(feature = "native-tls")]
fn to_pem(label: &str, der: &[u8]) -> String {
    use base64::prelude::{BASE64_STANDARD, Engine};

    let encoded = BASE64_STANDARD.encode(der);
    let lines = encoded.as_bytes().chunks(64).map(String::from_utf8_lossy);
    let lines = lines.fold(String::new(), |text, line| text + &line + "\n");
    format!("-----BEGIN {label}-----\n{lines}-----END {label}-----\n")
}

/// The certificates in this text, at least one; `what` is what an error calls it.
fn certificates(pem: &[u8], what: &str) -> Result<Vec<Certificate<'static>>> {
    let certificates = items(pem, what)?.into_iter().filter_map(|item| match item {
        PemItem::Certificate(certificate) => Some(certificate),
        _ => None,
    });
    let certificates: Vec<_> = certificates.collect();
    if certificates.is_empty() {
        let why = pem::other_form(pem, "CERTIFICATE");
        let why = why.unwrap_or("there is no certificate in PEM form");
        return Err(Failure::setting(format!("{what}: {why}")));
    }
    Ok(certificates)
}

/// The first private key in this text.
fn private_key(pem: &[u8], what: &str) -> Result<PrivateKey<'static>> {
    let key = items(pem, what)?.into_iter().find_map(|item| match item {
        PemItem::PrivateKey(key) => Some(key),
        _ => None,
    });
    key.ok_or_else(|| match pem::other_form(pem, "PRIVATE KEY") {
        Some(why) => Failure::setting(format!("{what}: {why}")),
        None => Failure::setting(format!("{what} is not there in PEM form")),
    })
}

fn items(pem: &[u8], what: &str) -> Result<Vec<PemItem<'static>>> {
    let refuse = |why| Failure::setting(format!("{what}: the PEM cannot be read: {why}"));
    let text = pem::checked(pem).map_err(refuse)?;
    parse_pem(text).map(|item| item.map_err(|_| refuse(pem::DAMAGED))).collect()
}

const CLIENT_CERTIFICATE: &str = "the client certificate";
const PRIVATE_KEY: &str = "the private key of the client certificate";
#[cfg(feature = "native-tls")]
const NOT_PKCS8: &str = "the private key of the client certificate is not in the form that native-tls takes, PKCS #8 (BEGIN PRIVATE KEY): convert it by `openssl pkcs8 -topk8 -nocrypt`";
