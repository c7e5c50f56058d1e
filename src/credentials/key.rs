//! A private key that signs assertions (RFC 7515), by the provider that rustls has.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{SignatureAlgorithm, SignatureScheme};
use serde_json::{Map, Value};

use crate::pem;

/// Errors are texts, of which none quotes the key.
pub(crate) type Result<T> = std::result::Result<T, String>;

#[derive(Clone)]
pub(crate) struct Key {
    key: Arc<dyn SigningKey>,
    algorithm: Algorithm,
    id: Option<String>,
    /// Of its certificate: `x5t#S256` (RFC 7515 §4.1.8).
    thumbprint: Option<String>,
}

/// As RFC 7518 §3.1, RFC 8037 §3.1 and RFC 9864 §2 name it, and as rustls does.
type Algorithm = (&'static str, SignatureScheme);

impl Key {
    pub(crate) fn from_pem(text: &[u8]) -> Result<Self> {
        let text = readable(text)?;
        let der = PrivateKeyDer::from_pem_slice(text).map_err(|_| missing(text))?;
        let key = ring::sign::any_supported_type(&der).map_err(|_| unusable(&der))?;
        let algorithm = ALGORITHMS.into_iter().find(|algorithm| is_for(*algorithm, &*key));
        let algorithm = algorithm.ok_or(OTHER_CURVE)?;
        Ok(Self { key, algorithm, id: None, thumbprint: None })
    }

    pub(crate) fn set_algorithm(&mut self, name: &str) -> Result<()> {
        let of_key = ALGORITHMS.into_iter().filter(|algorithm| is_for(*algorithm, &*self.key));
        let names: Vec<&str> = of_key.clone().map(|(name, _)| name).collect();
        let found = of_key.into_iter().find(|algorithm| algorithm.0 == name);
        let refuse = || format!("the key signs by {}, not by {name:?}", names.join(" or "));
        self.algorithm = found.ok_or_else(refuse)?;
        Ok(())
    }

    pub(crate) fn set_id(&mut self, id: String) {
        self.id = Some(id);
    }

    pub(crate) fn set_certificate(&mut self, text: &[u8]) -> Result<()> {
        let text = readable(text)?;
        let certificate = CertificateDer::from_pem_slice(text).map_err(|_| {
            let why = pem::other_form(text, "CERTIFICATE");
            why.unwrap_or("there is no certificate in PEM form").to_owned()
        })?;
        let pair = CertifiedKey::new(vec![certificate.clone()], self.key.clone());
        pair.keys_match().map_err(|_| "it does not belong to the private key")?;
        self.thumbprint = sha_256(&certificate).map(|hash| URL_SAFE_NO_PAD.encode(hash));
        Ok(())
    }

    /// A JWT of these claims (RFC 7515 §3.1).
    pub(crate) fn sign(&self, claims: &Value) -> Result<String> {
        let (name, scheme) = self.algorithm;
        let mut header = Map::new();
        header.insert("alg".into(), name.into());
        header.insert("typ".into(), "JWT".into());
        header.extend(self.id.iter().map(|id| ("kid".into(), id.as_str().into())));
        let thumbprint = self.thumbprint.as_deref();
        header.extend(thumbprint.map(|thumbprint| ("x5t#S256".into(), thumbprint.into())));
        let header = Value::from(header).to_string();
        let encode = |text: String| URL_SAFE_NO_PAD.encode(text);
        let signed = format!("{}.{}", encode(header), encode(claims.to_string()));
        let signer = self.key.choose_scheme(&[scheme]);
        let signature = signer.and_then(|signer| signer.sign(signed.as_bytes()).ok());
        let signature = match name {
            "ES256" => signature.as_deref().and_then(raw_signature),
            _ => signature,
        };
        let signature = signature.ok_or("the private key cannot sign")?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// What is known of it, without the key.
    pub(crate) fn describe(&self) -> String {
        let kind = match self.key.algorithm() {
            SignatureAlgorithm::RSA => "RSA",
            SignatureAlgorithm::ECDSA => "P-256",
            _ => "Ed25519",
        };
        let id = self.id.as_ref().map_or("no key id".into(), |id| format!("the key id {id:?}"));
        let certificate =
            if self.thumbprint.is_some() { " and the certificate's x5t#S256" } else { "" };
        format!("a key of the kind {kind}, by {}, with {id}{certificate}", self.algorithm.0)
    }

    pub(crate) fn has_id(&self) -> bool {
        self.id.is_some()
    }

    /// 128 random bits, in base64url.
    pub(crate) fn random_id(&self) -> Result<String> {
        let mut bytes = [0; 16];
        let random = ring::default_provider().secure_random;
        random.fill(&mut bytes).map_err(|_| "the system has no random numbers")?;
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.key, &other.key)
            && (self.algorithm, &self.id) == (other.algorithm, &other.id)
            && self.thumbprint == other.thumbprint
    }
}

fn readable(text: &[u8]) -> Result<&[u8]> {
    pem::checked(text).map_err(|why| format!("the PEM cannot be read: {why}"))
}

fn is_for((_, scheme): Algorithm, key: &dyn SigningKey) -> bool {
    key.choose_scheme(&[scheme]).is_some()
}

fn sha_256(bytes: &[u8]) -> Option<Vec<u8>> {
    let suite = ring::cipher_suite::TLS13_AES_128_GCM_SHA256.tls13()?;
    Some(suite.common.hash_provider.hash(bytes).as_ref().to_vec())
}

/// Why there is no private key.
fn missing(text: &[u8]) -> String {
    let why = pem::other_form(text, "PRIVATE KEY").or_else(|| {
        pem::labels(text).find_map(|label| match label {
            "PUBLIC KEY" => Some("it is the public key: the private one signs"),
            "CERTIFICATE" => Some("there is a certificate, but no private key"),
            _ if label.ends_with("PRIVATE KEY") => Some(pem::DAMAGED),
            _ => None,
        })
    });
    why.unwrap_or("there is no private key in PEM form").to_owned()
}

/// Why a key that could be read is of no use: by the object identifiers in it.
fn unusable(der: &PrivateKeyDer<'_>) -> String {
    let has = |id: &[u8]| der.secret_der().windows(id.len()).any(|window| window == id);
    let why = match der {
        PrivateKeyDer::Pkcs1(_) => RSA_LENGTH,
        PrivateKeyDer::Sec1(_) => OTHER_CURVE,
        _ if has(RSA_PSS) => RSA_PSS_ONLY,
        _ if has(RSA) => RSA_LENGTH,
        _ if has(EC) && has(P_256) => {
            "its public half is missing: add it by `openssl ec -in FILE | openssl pkcs8 -topk8 -nocrypt`"
        }
        _ if has(EC) => OTHER_CURVE,
        _ => "it is of a kind that cannot be used: RSA, EC on the curve P-256 and Ed25519 can",
    };
    why.to_owned()
}

/// RFC 7518 §3.4: both numbers at full length, instead of the DER of RFC 3279 §2.2.3.
fn raw_signature(der: &[u8]) -> Option<Vec<u8>> {
    let [0x30, _, pair @ ..] = der else { return None };
    let (r, rest) = number(pair)?;
    let (s, _) = number(rest)?;
    let mut raw = Vec::with_capacity(64);
    for number in [r, s] {
        raw.resize(raw.len() + 32_usize.checked_sub(number.len())?, 0);
        raw.extend_from_slice(number);
    }
    Some(raw)
}

/// An INTEGER, without the zero that keeps it from being negative, and what follows it.
fn number(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let [0x02, length, rest @ ..] = der else { return None };
    let (number, rest) = rest.split_at_checked(usize::from(*length))?;
    Some((number.strip_prefix(&[0]).unwrap_or(number), rest))
}

/// Of several that a key can do, the first is taken unless another is asked for.
const ALGORITHMS: [Algorithm; 5] = [
    ("RS256", SignatureScheme::RSA_PKCS1_SHA256),
    ("PS256", SignatureScheme::RSA_PSS_SHA256),
    ("ES256", SignatureScheme::ECDSA_NISTP256_SHA256),
    ("EdDSA", SignatureScheme::ED25519),
    ("Ed25519", SignatureScheme::ED25519),
];

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const P_256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const OTHER_CURVE: &str = "it is an EC key on another curve than P-256";
const RSA_LENGTH: &str = "it is an RSA key that cannot be used: 2048 to 4096 bits can";
const RSA_PSS_ONLY: &str = "it is an RSA key for RSASSA-PSS alone, which cannot be used: make an ordinary one, which signs by PS256 too";

#[cfg(test)]
mod tests {
    use super::*;

    /// An INTEGER of DER with this many bytes, the first of which is `first`.
    fn integer(first: u8, length: usize) -> Vec<u8> {
        let mut number = vec![first];
        number.resize(length, 7);
        if first >= 0x80 {
            number.insert(0, 0);
        }
        [vec![2, u8::try_from(number.len()).unwrap()], number].concat()
    }

    #[test]
    fn both_numbers_of_a_signature_have_their_full_length() {
        for (r, s) in [((0x7f, 32), (0x7f, 32)), ((0xff, 32), (0x80, 32)), ((1, 31), (0x90, 30))] {
            let pair = [integer(r.0, r.1), integer(s.0, s.1)].concat();
            let der = [vec![0x30, u8::try_from(pair.len()).unwrap()], pair].concat();
            let raw = raw_signature(&der).unwrap();
            assert_eq!(raw.len(), 64);
            assert_eq!((raw[32 - r.1], raw[64 - s.1]), (r.0, s.0));
            assert!(raw[..32 - r.1].iter().chain(&raw[32..64 - s.1]).all(|byte| *byte == 0));
        }
        for der in [&b""[..], &[0x30, 2, 2, 0], &[0x31, 0], &[0x30, 4, 2, 200, 1, 1]] {
            assert_eq!(raw_signature(der), None);
        }
        assert_eq!(raw_signature(&[vec![0x30, 72], integer(1, 33), integer(1, 33)].concat()), None);
    }
}
