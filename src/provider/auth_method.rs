//! How a client authenticates itself to the authorization server.

use std::fmt;
use std::str::FromStr;

use crate::credentials::identity::Proof;
use crate::error::server_message;
use crate::error::{Error, Result};

/// How the client authenticates itself to the token endpoint (RFC 6749 §2.3), by the names of
/// OpenID Connect Core 1.0 §9 and RFC 8705 §2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthMethod {
    /// `client_secret_basic`: HTTP Basic, id and secret form-encoded first, as RFC 6749
    /// §2.3.1 says. The default for a secret, since every server must support it.
    ClientSecretBasic,
    /// HTTP Basic without the form-encoding step, for servers that do not decode it.
    /// Differs only for ids and secrets with characters other than letters, digits and
    /// `*-._`.
    ClientSecretBasicRaw,
    /// `client_secret_post`: id and secret in the form body.
    ClientSecretPost,
    /// `private_key_jwt`: an assertion that the client or somebody else signs (RFC 7523 §2.2).
    PrivateKeyJwt,
    /// `tls_client_auth` and `self_signed_tls_client_auth`: the client id in the form body, and
    /// the TLS certificate (RFC 8705 §2).
    TlsClientAuth,
}

impl AuthMethod {
    /// In the order in which they are taken where the server lists several.
    pub(crate) const ALL: [Self; 5] = [
        Self::ClientSecretBasic,
        Self::ClientSecretPost,
        Self::ClientSecretBasicRaw,
        Self::PrivateKeyJwt,
        Self::TlsClientAuth,
    ];

    /// Whether a client with this proof can do it.
    pub(crate) fn takes(self, proof: &Proof) -> bool {
        match proof {
            Proof::Secret(_) => !matches!(self, Self::PrivateKeyJwt | Self::TlsClientAuth),
            Proof::Assertion(..) | Proof::Function(_) | Proof::Key(_) => {
                self == Self::PrivateKeyJwt
            }
            Proof::Certificate => self == Self::TlsClientAuth,
        }
    }

    /// Whether it is among the names that a server lists.
    pub(crate) fn is_listed(self, names: &[String]) -> bool {
        let (name, also) = (self.to_string(), "self_signed_tls_client_auth");
        names.iter().any(|it| *it == name || (self == Self::TlsClientAuth && it == also))
    }
}

/// The methods that a server lists, as an error quotes them.
pub(crate) fn quoted(names: &[String]) -> String {
    let names = names.join(", ").escape_debug().to_string();
    server_message::start(&names, LONGEST_LIST).to_owned()
}

/// By its registered name, as command lines and files of settings take it: `client_secret_basic`,
/// `client_secret_post`, `private_key_jwt`, `tls_client_auth`, or `client_secret_basic_raw`, which
/// is this crate's own.
impl fmt::Display for AuthMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretBasicRaw => "client_secret_basic_raw",
            Self::ClientSecretPost => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::TlsClientAuth => "tls_client_auth",
        })
    }
}

/// Reads what `to_string` wrote.
///
/// ```
/// use unattended::AuthMethod;
///
/// let method: AuthMethod = "client_secret_post".parse()?;
/// assert_eq!(method, AuthMethod::ClientSecretPost);
/// # Ok::<(), unattended::Error>(())
/// ```
impl FromStr for AuthMethod {
    type Err = Error;

    /// # Errors
    ///
    /// A configuration error that lists the names.
    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|method| method.to_string() == text);
        found.ok_or_else(|| {
            let names = Self::ALL.map(|method| method.to_string()).join(", ");
            Error::configuration(format!("the auth method {text:?} is not one of {names}"))
        })
    }
}

const LONGEST_LIST: usize = 300;
