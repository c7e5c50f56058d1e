//! Which library does TLS, which roots it trusts, which certificate it shows. The order of these
//! settings does not matter.

use std::env;
use std::fs;
use std::sync::Arc;

use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

use crate::encoding::fingerprint;
use crate::mask::shown_path;
use crate::wire::certificate::Provider;
use crate::wire::failure::{Failure, Result};

/// What was set; it is put to use when connections are made.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Tls {
    pub(crate) is_native: bool,
    pub(crate) is_platform: bool,
    roots: Option<Arc<[u8]>>,
    client_certificate: Option<Arc<(Vec<u8>, Vec<u8>)>>,
}

impl Tls {
    pub(crate) fn set_roots(&mut self, pem: &[u8]) -> Result<()> {
        self.taken_by_one(|provider| provider.roots(pem, OWN_ROOTS).map(drop))?;
        self.roots = Some(pem.into());
        Ok(())
    }

    pub(crate) fn set_client_certificate(&mut self, chain: &[u8], key: &[u8]) -> Result<()> {
        self.taken_by_one(|provider| provider.client_certificate(chain, key).map(drop))?;
        self.client_certificate = Some(Arc::new((chain.to_owned(), key.to_owned())));
        Ok(())
    }

    /// What no provider of this build takes is refused when it is set; whether the chosen
    /// one takes it shows later, since it may be chosen later.
    fn taken_by_one(&self, check: impl Fn(Provider) -> Result<()>) -> Result<()> {
        let mut refusal = None;
        for provider in self.provider().into_iter().chain(Provider::ALL.iter().copied()) {
            match check(provider) {
                Ok(()) => return Ok(()),
                Err(failure) => refusal = refusal.or(Some(failure)),
            }
        }
        refusal.map_or(Ok(()), Err)
    }

    /// The chosen one; none if it has to be chosen first.
    fn provider(&self) -> Option<Provider> {
        match self.is_native {
            #[cfg(feature = "native-tls")]
            true => Some(Provider::NativeTls),
            #[cfg(feature = "rustls")]
            _ => Some(Provider::Rustls),
            #[cfg(not(feature = "rustls"))]
            _ => None,
        }
    }

    /// Why `https` cannot be used: ureq would panic.
    pub(crate) fn missing(&self) -> Option<&'static str> {
        self.provider().is_none().then_some(
            "this build has TLS by native-tls only: choose it by Connection::with_native_tls, or enable the feature rustls",
        )
    }

    /// The roots for a server's certificate, first in words. Those that the program sets come
    /// before those of `SSL_CERT_FILE`; native-tls has only the system's besides.
    fn roots(&self, provider: Provider) -> (String, Result<RootCerts>) {
        match (&self.roots, env::var_os("SSL_CERT_FILE")) {
            (Some(pem), _) => ("set by the program".into(), provider.roots(pem, OWN_ROOTS)),
            (None, Some(path)) if !path.is_empty() => {
                let what = format!("SSL_CERT_FILE {}", shown_path(path.as_ref()));
                let pem = fs::read(path).map_err(|cause| {
                    Failure::setting_caused(format!("{what} cannot be read"), cause)
                });
                let roots = pem.and_then(|pem| provider.roots(&pem, &what));
                (what, roots)
            }
            _ if self.is_native || self.is_platform => {
                ("the operating system's".into(), Ok(RootCerts::PlatformVerifier))
            }
            _ => ("Mozilla's, built in".into(), Ok(RootCerts::WebPki)),
        }
    }

    pub(crate) fn describe(&self) -> String {
        let Some(provider) = self.provider() else {
            return "none: TLS is not chosen (Connection::with_native_tls)".to_owned();
        };
        let (roots, found) = self.roots(provider);
        let count = match found {
            Ok(RootCerts::Specific(one)) if one.len() == 1 => ", 1 certificate".into(),
            Ok(RootCerts::Specific(all)) => format!(", {} certificates", all.len()),
            Ok(_) => String::new(),
            Err(_) => ", which cannot be used".into(),
        };
        let library = if self.is_native { " (native-tls)" } else { "" };
        format!("{roots}{count}{library}")
    }

    pub(crate) fn has_client_certificate(&self) -> bool {
        self.client_certificate.is_some()
    }

    pub(crate) fn client_certificate_name(&self) -> Option<String> {
        let (chain, _) = &**self.client_certificate.as_ref()?;
        Some(format!("{:032x}", fingerprint(&String::from_utf8_lossy(chain))))
    }

    pub(crate) fn config(&self) -> Result<TlsConfig> {
        let config = TlsConfig::builder();
        let Some(provider) = self.provider() else { return Ok(config.build()) };
        let (_, roots) = self.roots(provider);
        let client_certificate = match &self.client_certificate {
            Some(pair) => Some(provider.client_certificate(&pair.0, &pair.1)?),
            None => None,
        };
        let name = match provider {
            #[cfg(feature = "rustls")]
            Provider::Rustls => TlsProvider::Rustls,
            #[cfg(feature = "native-tls")]
            Provider::NativeTls => TlsProvider::NativeTls,
        };
        Ok(config.provider(name).root_certs(roots?).client_cert(client_certificate).build())
    }
}

const OWN_ROOTS: &str = "the root certificates";
