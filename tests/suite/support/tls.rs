//! TLS on the loopback: an authority, what it issues, and a server that shows it.

use std::fs;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    RootCertStore, ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion,
};
use unattended::Client;

use super::*;

pub type Choice = fn(Client) -> Client;

/// The ways to do TLS that this build has, each by the setting that chooses it. Which one
/// is at work is printed, for a test that fails.
pub fn choices() -> impl Iterator<Item = Choice> {
    let choices: &[(&str, Choice)] = &[
        #[cfg(feature = "rustls")]
        ("rustls", |client| client),
        #[cfg(feature = "platform-verifier")]
        ("platform-verifier", Client::with_platform_verifier),
        #[cfg(feature = "native-tls")]
        ("native-tls", Client::with_native_tls),
    ];
    choices.iter().map(|(name, choose)| {
        println!("with {name}");
        *choose
    })
}

/// A certificate authority of a company, say.
pub struct Authority {
    pub issuer: Issuer<'static, KeyPair>,
    pub pem: String,
    pub der: rustls::pki_types::CertificateDer<'static>,
}

/// A certificate that an authority issued, with its key.
pub struct Issued {
    pub chain: Vec<rustls::pki_types::CertificateDer<'static>>,
    pub pem: String,
    pub key: KeyPair,
}

impl Authority {
    pub fn new() -> Self {
        let (params, key) = Self::named();
        let certificate = params.self_signed(&key).unwrap();
        let (pem, der) = (certificate.pem(), certificate.der().clone());
        Self { issuer: Issuer::new(params, key), pem, der }
    }

    /// An authority that stands by this one's word.
    #[cfg(feature = "native-tls")]
    pub fn below(&self) -> Self {
        let (params, key) = Self::named();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let (pem, der) = (certificate.pem(), certificate.der().clone());
        Self { issuer: Issuer::new(params, key), pem, der }
    }

    /// A name of its own, or another authority could be taken for it.
    pub fn named() -> (CertificateParams, KeyPair) {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let name: String = key.public_key_raw().iter().map(|b| format!("{b:02x}")).collect();
        params.distinguished_name.push(DnType::CommonName, &name[..32]);
        (params, key)
    }

    pub fn pem(&self) -> &str {
        &self.pem
    }

    pub fn issue(&self, names: &[&str]) -> Issued {
        self.issue_with(names, |_| {})
    }

    pub fn issue_with(&self, names: &[&str], change: impl Fn(&mut CertificateParams)) -> Issued {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Issued { chain: vec![certificate.der().clone()], pem: certificate.pem(), key }
    }

    /// This authority written to a file of its own.
    pub fn file(&self, name: &str) -> String {
        let path = format!("{}/{name}.pem", env!("CARGO_TARGET_TMPDIR"));
        fs::write(&path, self.pem()).unwrap();
        path
    }
}

/// A TLS server on 127.0.0.1 that plays a token endpoint and an API.
pub struct TlsServer {
    pub port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
}

impl TlsServer {
    /// Hands out tokens and answers everything else by 200 with `{}`.
    pub fn start(identity: &Issued) -> Self {
        Self::start_with(identity, None, |_| reply(200, "{}"))
    }

    pub fn start_with(
        identity: &Issued,
        clients_of: Option<&Authority>,
        api: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::start_of(server_config(identity, clients_of), api)
    }

    pub fn start_of(
        config: ServerConfig,
        api: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let config = Arc::new(config);
        let (seen, connections): (Arc<Mutex<Vec<Seen>>>, Arc<AtomicUsize>) = Default::default();
        let (log, count) = (seen.clone(), connections.clone());
        let address = raw_server(move |stream, _| {
            count.fetch_add(1, Ordering::SeqCst);
            let session = ServerConnection::new(config.clone()).unwrap();
            let mut stream = StreamOwned::new(session, stream);
            while let Some(request) = read_request(&mut stream) {
                log.lock().unwrap().push(request.clone());
                match request.path() {
                    TOKEN_PATH => write_reply(&mut stream, &token_reply("token-1", 3600)),
                    _ => write_reply(&mut stream, &api(&request)),
                }
                let _ = stream.flush();
            }
            // The alert must arrive before the connection is reset.
            let _ = stream.sock.shutdown(std::net::Shutdown::Write);
            let _ = stream.sock.read_to_end(&mut Vec::new());
        });
        let port = address.rsplit(':').next().unwrap().parse().unwrap();
        Self { port, seen, connections }
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub fn client(&self) -> Client {
        client_at(&format!("https://localhost:{}", self.port))
    }
}

pub fn server_config(identity: &Issued, clients_of: Option<&Authority>) -> ServerConfig {
    server_config_of(identity, clients_of, rustls::ALL_VERSIONS)
}

pub fn server_config_of(
    identity: &Issued,
    clients_of: Option<&Authority>,
    versions: &[&'static SupportedProtocolVersion],
) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone());
    let builder = builder.with_protocol_versions(versions).unwrap();
    let builder = match clients_of {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.der.clone()).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let key = PrivateKeyDer::try_from(identity.key.serialize_der()).unwrap();
    let key = provider.key_provider.load_private_key(key).unwrap();
    // Unlike `with_single_cert` it takes what no server should show.
    let shown = CertifiedKey::new(identity.chain.clone(), key);
    builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(shown)))
}
