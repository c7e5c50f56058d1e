//! Credentials that are a private key.

use crate::credentials::identity::{Identity, Key, Proof};
use crate::credentials::source::{Credentials, Source};
use crate::error::{Error, Result};

impl Credentials {
    /// A client id, and the private key that signs an assertion for each token request
    /// (`private_key_jwt`: RFC 7523 §2.2, OpenID Connect Core 1.0 §9).
    ///
    /// The key is a PEM text: PKCS #8, or the older forms of openssl. It may be RSA of 2048 to
    /// 4096 bits (it signs by `RS256`), EC on the curve P-256 (`ES256`), or Ed25519 (`EdDSA`).
    /// Needs the feature `rustls`, a default.
    ///
    /// Each assertion has its own random `jti`, and lives for 60 s on the client's clock. Its
    /// audience is the issuer where [`discover`](crate::discover) confirmed it, otherwise the token
    /// endpoint; [`Provider::with_assertion_audience`](crate::Provider::with_assertion_audience)
    /// sets another one.
    ///
    /// # Errors
    ///
    /// A configuration error if there is no such key in the text. The text is not shown.
    ///
    /// ```no_run
    /// use unattended::Credentials;
    ///
    /// # fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// let pem = std::fs::read("/run/secrets/orders.pem")?;
    /// let credentials = Credentials::from_private_key("my-client", pem)?.with_key_id("2026-11");
    /// # Ok(()) }
    /// ```
    pub fn from_private_key(client_id: impl Into<String>, pem: impl AsRef<[u8]>) -> Result<Self> {
        let key = Key::from_pem(pem.as_ref());
        Ok(Self::known(client_id, Proof::Key(key.map_err(|why| wrong("private key", &why))?)))
    }

    /// The `kid` in the head of each assertion (RFC 7515 §4.1.4), by which the server finds the
    /// public key; default: none. Servers that know several keys of a client need it.
    pub fn with_key_id(mut self, id: impl Into<String>) -> Self {
        let id = id.into();
        match self.key() {
            Some(_) if id.is_empty() => self.misplaced = Some("with_key_id needs an id"),
            Some(key) => key.set_id(id),
            None => self.misplaced = Some("with_key_id needs from_private_key"),
        }
        self
    }

    /// How the key signs, by the names of RFC 7518 §3.1; default: `RS256`, `ES256` or `EdDSA`, as
    /// the key is. An RSA key can sign by `PS256` as well, which Entra recommends; `Ed25519` is
    /// the newer name of `EdDSA` (RFC 9864), for servers that know that alone.
    ///
    /// # Errors
    ///
    /// A configuration error if the key cannot sign like that; it lists how the key can.
    pub fn with_algorithm(mut self, name: &str) -> Result<Self> {
        match self.key() {
            Some(key) => key.set_algorithm(name).map_err(|why| wrong("algorithm", &why))?,
            None => self.misplaced = Some("with_algorithm needs from_private_key"),
        }
        Ok(self)
    }

    /// The certificate of the key, as PEM; default: none. Its SHA-256 thumbprint goes into the head
    /// of each assertion (`x5t#S256`, RFC 7515 §4.1.8). Entra finds the key by it.
    ///
    /// # Errors
    ///
    /// A configuration error if there is no certificate in the text, or one of another key.
    pub fn with_certificate(mut self, pem: impl AsRef<[u8]>) -> Result<Self> {
        match self.key() {
            Some(key) => {
                key.set_certificate(pem.as_ref()).map_err(|why| wrong("certificate", &why))?;
            }
            None => self.misplaced = Some("with_certificate needs from_private_key"),
        }
        Ok(self)
    }

    fn key(&mut self) -> Option<&mut Key> {
        match &mut self.source {
            Source::Known(Identity { proof: Proof::Key(key), .. }) => Some(key),
            _ => None,
        }
    }
}

fn wrong(what: &str, why: &str) -> Error {
    Error::configuration(format!("the {what} of the client: {why}"))
}
