//! Certificates, checked when they are set: ureq would drop or panic later.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

use crate::error::{Error, Result};

/// Roots and client certificate of a client.
#[derive(Clone, Default)]
pub(crate) struct Tls {
    roots: Option<RootCerts>,
    client_cert: Option<ClientCert>,
}

impl Tls {
    pub(crate) fn set_roots(&mut self, pem: &[u8]) -> Result<()> {
        self.roots = Some(roots(pem, "the root certificates")?);
        Ok(())
    }

    pub(crate) fn set_client_certificate(&mut self, chain: &[u8], key: &[u8]) -> Result<()> {
        self.client_cert = Some(client_certificate(chain, key)?);
        Ok(())
    }

    /// The roots in use, in words.
    pub(crate) fn describe(&self) -> String {
        let counted = |roots: &RootCerts| match roots {
            RootCerts::Specific(certificates) => match certificates.len() {
                1 => "1 certificate".to_owned(),
                count => format!("{count} certificates"),
            },
            _ => "built in".to_owned(),
        };
        match (&self.roots, env::var_os("SSL_CERT_FILE")) {
            (Some(roots), _) => format!("set by the program, {}", counted(roots)),
            (None, Some(path)) if !path.is_empty() => {
                let path = PathBuf::from(path);
                let roots = roots_from(path.clone());
                let count = roots.map_or("which cannot be used".to_owned(), |it| counted(&it));
                format!("SSL_CERT_FILE {}, {count}", path.display())
            }
            (None, _) => "Mozilla's, built in".to_owned(),
        }
    }

    pub(crate) fn has_client_certificate(&self) -> bool {
        self.client_cert.is_some()
    }

    /// Own roots, else those of `SSL_CERT_FILE`, else Mozilla's.
    pub(crate) fn config(&self) -> Result<TlsConfig> {
        let roots = match (&self.roots, env::var_os("SSL_CERT_FILE")) {
            (Some(roots), _) => roots.clone(),
            (None, Some(path)) if !path.is_empty() => roots_from(path.into())?,
            (None, _) => RootCerts::WebPki,
        };
        Ok(TlsConfig::builder().root_certs(roots).client_cert(self.client_cert.clone()).build())
    }
}

fn roots_from(path: PathBuf) -> Result<RootCerts> {
    let what = format!("SSL_CERT_FILE {}", path.display());
    let pem = fs::read(&path).map_err(|cause| {
        Error::configuration_caused(format!("{what} cannot be read"), Some(cause.into()))
    })?;
    roots(&pem, &what)
}

fn roots(pem: &[u8], what: &str) -> Result<RootCerts> {
    let (certificates, _) = items(pem, what)?;
    if certificates.is_empty() {
        return Err(Error::configuration(format!("{what}: there is no certificate in PEM form")));
    }
    let mut store = RootCertStore::empty();
    for (index, certificate) in certificates.iter().enumerate() {
        let added = store.add(CertificateDer::from(certificate.der()));
        added.map_err(|cause| {
            let message = format!("{what}: certificate {} cannot be used as a root", index + 1);
            Error::configuration_caused(message, Some(cause.into()))
        })?;
    }
    Ok(certificates.into())
}

fn client_certificate(chain: &[u8], key: &[u8]) -> Result<ClientCert> {
    const WHAT: &str = "the client certificate";
    let (certificates, _) = items(chain, WHAT)?;
    if certificates.is_empty() {
        return Err(Error::configuration(format!("{WHAT}: there is none in PEM form")));
    }
    let pem = key;
    let (_, keys) = items(pem, "the private key of the client certificate")?;
    let Some(key) = keys.into_iter().next() else {
        let is_encrypted = String::from_utf8_lossy(pem).contains("ENCRYPTED");
        let why = if is_encrypted {
            "is encrypted: decrypt it first"
        } else {
            "is not there in PEM form"
        };
        return Err(Error::configuration(format!("the private key of {WHAT} {why}")));
    };
    check_pair(&certificates, pem).map_err(|cause| {
        let message = format!("{WHAT} cannot be used with its private key");
        Error::configuration_caused(message, Some(cause.into()))
    })?;
    Ok(ClientCert::new_with_certs(&certificates, key))
}

/// The very call that ureq makes later, where it expects success. The key is of the kind
/// that its PEM label says, as ureq takes it, whatever its bytes look like.
fn check_pair(
    certificates: &[Certificate<'static>],
    key: &[u8],
) -> std::result::Result<(), rustls::Error> {
    let chain = certificates.iter();
    let chain = chain.map(|certificate| CertificateDer::from(certificate.der()).into_owned());
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|why| rustls::Error::General(why.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(RootCertStore::empty())
        .with_client_auth_cert(chain.collect(), key)
        .map(|_| ())
}

type Items = (Vec<Certificate<'static>>, Vec<PrivateKey<'static>>);

fn items(pem: &[u8], what: &str) -> Result<Items> {
    let (mut certificates, mut keys) = (Vec::new(), Vec::new());
    for item in parse_pem(pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
            Ok(PemItem::PrivateKey(key)) => keys.push(key),
            Ok(_) => {}
            Err(cause) => {
                let message = format!("{what}: the PEM cannot be read");
                return Err(Error::configuration_caused(message, Some(cause.into())));
            }
        }
    }
    Ok((certificates, keys))
}
