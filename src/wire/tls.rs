//! Who does TLS, whom it trusts, and what it shows of itself: one choice for token and API
//! calls. The order in which it is made does not matter.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

use crate::foreign::shown_path;
use crate::wire::certificate::Provider;
use crate::wire::failure::{Failure, Result};

/// What was set; what it comes to is known when connections are built.
#[derive(Clone, Default)]
pub(crate) struct Tls {
    is_native: bool,
    is_platform: bool,
    roots: Option<Arc<[u8]>>,
    client_certificate: Option<Arc<(Vec<u8>, Vec<u8>)>>,
}

/// Whose word is taken for a server's certificate.
pub(crate) enum Roots<'a> {
    /// The client's own, in PEM form.
    Own(&'a [u8]),
    /// Those in the file that `SSL_CERT_FILE` names.
    File(PathBuf),
    /// What the operating system trusts.
    Platform,
    /// Mozilla's, as built in.
    Mozilla,
}

impl Tls {
    #[cfg(feature = "native-tls")]
    pub(crate) fn set_native(&mut self) {
        self.is_native = true;
    }

    #[cfg(feature = "platform-verifier")]
    pub(crate) fn set_platform(&mut self) {
        self.is_platform = true;
    }

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

    /// The chosen one; none if it has to be chosen first.
    pub(crate) fn provider(&self) -> Option<Provider> {
        match self.is_native {
            #[cfg(feature = "native-tls")]
            true => Some(Provider::NativeTls),
            #[cfg(feature = "rustls")]
            _ => Some(Provider::Rustls),
            #[cfg(not(feature = "rustls"))]
            _ => None,
        }
    }

    /// Named ones before those that are found. native-tls has no roots but the system's.
    pub(crate) fn roots(&self) -> Roots<'_> {
        match (&self.roots, env::var_os("SSL_CERT_FILE")) {
            (Some(pem), _) => Roots::Own(pem),
            (None, Some(path)) if !path.is_empty() => Roots::File(path.into()),
            _ if self.is_native || self.is_platform => Roots::Platform,
            _ => Roots::Mozilla,
        }
    }

    /// The roots in use, in words.
    pub(crate) fn describe(&self) -> String {
        let Some(provider) = self.provider() else {
            return "none: TLS is not chosen (Client::with_native_tls)".to_owned();
        };
        let roots = match self.roots() {
            Roots::Own(pem) => {
                format!("set by the program, {}", counted(provider.roots(pem, OWN_ROOTS)))
            }
            Roots::File(path) => {
                let count = counted(roots_from(provider, &path));
                format!("SSL_CERT_FILE {}, {count}", shown_path(&path))
            }
            Roots::Platform => "the operating system's".to_owned(),
            Roots::Mozilla => "Mozilla's, built in".to_owned(),
        };
        if self.is_native { format!("{roots} (native-tls)") } else { roots }
    }

    pub(crate) fn has_client_certificate(&self) -> bool {
        self.client_certificate.is_some()
    }

    pub(crate) fn config(&self) -> Result<TlsConfig> {
        let config = TlsConfig::builder();
        let Some(provider) = self.provider() else { return Ok(config.build()) };
        let roots = match self.roots() {
            Roots::Own(pem) => provider.roots(pem, OWN_ROOTS)?,
            Roots::File(path) => roots_from(provider, &path)?,
            Roots::Platform => RootCerts::PlatformVerifier,
            Roots::Mozilla => RootCerts::WebPki,
        };
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
        Ok(config.provider(name).root_certs(roots).client_cert(client_certificate).build())
    }

    /// What no provider of this build takes is refused when it is set; whether the chosen
    /// one takes it shows later, since it may be chosen later.
    fn taken_by_one(&self, check: impl Fn(Provider) -> Result<()>) -> Result<()> {
        let chosen = self.provider();
        let others = Provider::ALL.iter().copied().filter(|other| Some(*other) != chosen);
        let mut refusal = None;
        for provider in chosen.into_iter().chain(others) {
            match check(provider) {
                Ok(()) => return Ok(()),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        refusal.map_or(Ok(()), Err)
    }
}

fn roots_from(provider: Provider, path: &Path) -> Result<RootCerts> {
    let what = format!("SSL_CERT_FILE {}", shown_path(path));
    let pem = fs::read(path)
        .map_err(|cause| Failure::setting_caused(format!("{what} cannot be read"), cause))?;
    provider.roots(&pem, &what)
}

fn counted(roots: Result<RootCerts>) -> String {
    match roots {
        Ok(RootCerts::Specific(certificates)) if certificates.len() == 1 => "1 certificate".into(),
        Ok(RootCerts::Specific(certificates)) => format!("{} certificates", certificates.len()),
        _ => "which cannot be used".into(),
    }
}

const OWN_ROOTS: &str = "the root certificates";
