//! The credentials as a value: where each kind of them is read from.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::credentials::identity::{Identity, Proof, Unreadable};
use crate::credentials::{command, text};
use crate::error::{Cause, Error, Result};
use crate::mask::{mask_foreign, shown_path};

/// Who the client is and how it proves that, or where to get what it proves that with.
///
/// | The proof | By |
/// |---|---|
/// | a shared secret (RFC 6749 §2.3.1) | [`new`](Self::new), [`from_env`](Self::from_env), [`from_secret_file`](Self::from_secret_file), [`from_command`](Self::from_command), [`from_fn`](Self::from_fn) |
/// | an assertion that somebody else signs (RFC 7523 §2.2), as Kubernetes and Entra give to workloads | [`from_assertion_file`](Self::from_assertion_file), [`from_assertion_fn`](Self::from_assertion_fn) |
/// | a private key that signs one for each request (`private_key_jwt`) | [`from_private_key`](Self::from_private_key) |
/// | nothing but the client certificate (RFC 8705 §2) | [`from_client_certificate`](Self::from_client_certificate) |
///
/// Secrets and assertions in files, functions and commands are read again for each token request.
/// So a program that runs for weeks uses one that was rotated. No output shows them.
///
/// ```
/// use unattended::Credentials;
///
/// let credentials = Credentials::new("my-client", "s3cret");
/// assert!(!format!("{credentials:?}").contains("s3cret"));
/// ```
#[derive(Clone)]
pub struct Credentials {
    pub(crate) source: Source,
    /// A setting that does not belong to this source.
    pub(crate) misplaced: Option<&'static str>,
}

#[derive(Clone)]
pub(crate) enum Source {
    Known(Identity),
    SecretFile { id: String, path: PathBuf, has_two: bool },
    AssertionFile { id: String, path: PathBuf },
    Command { id: String, words: Vec<OsString> },
    Function(Arc<Function>),
}

type Function = dyn Fn() -> std::result::Result<(String, String), Cause> + Send + Sync;

impl Credentials {
    /// A client id and a client secret (RFC 6749 §2.3.1).
    ///
    /// Empty values, and values with white space at either end, are refused by
    /// [`Client::new`](crate::Client::new). Inside, any character is legal.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<String>) -> Self {
        Self::known(client_id, Proof::Secret(client_secret.into().into()))
    }

    /// A client id, and a file that holds the secret and nothing else.
    ///
    /// One final LF or CRLF and a UTF-8 byte order mark are not part of the secret. The
    /// file is read again at each token request.
    pub fn from_secret_file(client_id: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        let (id, path) = (client_id.into(), path.into());
        Source::SecretFile { id, path, has_two: false }.into()
    }

    /// The secret file may have a second line with another secret; default: one secret, one try. If
    /// the server refuses the first as `invalid_client`, the second is tried.
    ///
    /// For providers that let two secrets be valid at a time, so that one can be replaced without
    /// a gap. While the first line holds a secret that is not valid, each token request costs
    /// one refused request.
    ///
    /// ```no_run
    /// use unattended::Credentials;
    ///
    /// let credentials =
    ///     Credentials::from_secret_file("my-client", "/run/secrets/orders").with_second_secret();
    /// ```
    pub fn with_second_secret(mut self) -> Self {
        match &mut self.source {
            Source::SecretFile { has_two, .. } => *has_two = true,
            _ => self.misplaced = Some("with_second_secret needs from_secret_file"),
        }
        self
    }

    /// A client id, and a program that prints the secret: a keyring, a password manager, a vault.
    ///
    /// It runs for each token request, without a shell and without input. What it prints is read
    /// like a [secret file](Self::from_secret_file). One that takes more than 30 s or prints more
    /// than 64 KiB is ended. One that fails is called again, like a token endpoint that is down. An
    /// error has only its exit status: its words may hold the secret.
    ///
    /// ```no_run
    /// use unattended::Credentials;
    ///
    /// let words = ["secret-tool", "lookup", "service", "orders"];
    /// let credentials = Credentials::from_command("my-client", words);
    /// ```
    pub fn from_command<W: Into<OsString>>(
        client_id: impl Into<String>,
        words: impl IntoIterator<Item = W>,
    ) -> Self {
        let words = words.into_iter().map(Into::into).collect();
        Source::Command { id: client_id.into(), words }.into()
    }

    /// Client id and secret from a function that is called for each token request: for a vault.
    ///
    /// If it fails, the client calls it again, as it would ask a token endpoint that is down. Of
    /// the text of its error, the client shows nothing that stands in quotes or brackets, or may
    /// be a secret. The function may use the client, except for a call that needs the token that
    /// it is asked for.
    ///
    /// ```
    /// use unattended::Credentials;
    ///
    /// let credentials = Credentials::from_fn(|| {
    ///     let secret = std::fs::read_to_string("/run/secrets/rotating")?;
    ///     Ok(("my-client".into(), secret.trim().into()))
    /// });
    /// ```
    pub fn from_fn<F>(function: F) -> Self
    where
        F: Fn() -> std::result::Result<(String, String), Cause> + Send + Sync + 'static,
    {
        Source::Function(Arc::new(function)).into()
    }

    /// A client id, and a file with a JWT in which somebody else confirms this client (RFC 7521
    /// §4.2, RFC 7523 §2.2). Such are a projected token of Kubernetes, the file that
    /// `AZURE_FEDERATED_TOKEN_FILE` names, and a JWT-SVID of SPIFFE.
    ///
    /// It is read again at each token request, and sent as `client_assertion`. One final line
    /// break is not part of it. One that is empty, no JWT, or expired by the client's clock is a
    /// configuration error, and nothing is sent.
    ///
    /// ```no_run
    /// use unattended::Credentials;
    ///
    /// let path = "/var/run/secrets/tokens/orders";
    /// let credentials = Credentials::from_assertion_file("my-client", path);
    /// ```
    pub fn from_assertion_file(client_id: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        Source::AssertionFile { id: client_id.into(), path: path.into() }.into()
    }

    /// A client id, and a function from the audience to an assertion (RFC 7523 §2.2), called for
    /// each token request: for a signing service or a hardware key.
    ///
    /// The audience is that of [`from_private_key`](Self::from_private_key). If the function
    /// fails, it is as for [`from_fn`](Self::from_fn).
    ///
    /// ```
    /// use unattended::Credentials;
    ///
    /// # fn sign(_: &str) -> std::io::Result<String> { Ok(String::new()) }
    /// let credentials = Credentials::from_assertion_fn("my-client", |audience| Ok(sign(audience)?));
    /// ```
    pub fn from_assertion_fn<F>(client_id: impl Into<String>, function: F) -> Self
    where
        F: Fn(&str) -> std::result::Result<String, Cause> + Send + Sync + 'static,
    {
        Self::known(client_id, Proof::Function(Arc::new(function)))
    }

    /// A client id and nothing to send with it: the TLS certificate of the
    /// [`Connection`](crate::Connection::with_client_certificate) says who the client is
    /// (RFC 8705 §2, `tls_client_auth` and `self_signed_tls_client_auth`).
    ///
    /// ```no_run
    /// use unattended::{Client, Connection, Credentials, Provider};
    ///
    /// # fn run(chain: &str, key: &str) -> unattended::Result<()> {
    /// let provider = Provider::new("https://mtls.example.com/token", "https://api.example.com")?;
    /// let client = Client::new(provider, Credentials::from_client_certificate("my-client"))?
    ///     .with_connection(Connection::new().with_client_certificate(chain, key)?);
    /// # Ok(()) }
    /// ```
    pub fn from_client_certificate(client_id: impl Into<String>) -> Self {
        Self::known(client_id, Proof::Certificate)
    }

    /// The client id; `None` if a function tells it.
    pub fn client_id(&self) -> Option<&str> {
        match &self.source {
            Source::Known(Identity { id, .. })
            | Source::SecretFile { id, .. }
            | Source::AssertionFile { id, .. }
            | Source::Command { id, .. } => Some(id),
            Source::Function(_) => None,
        }
    }

    /// Whether they can be right, as far as that shows without running anything of the caller's.
    pub(crate) fn check(&self) -> Result<()> {
        if let Some(misplaced) = self.misplaced {
            return Err(Error::configuration(format!("Credentials::{misplaced}")));
        }
        match &self.source {
            Source::Function(_) => Ok(()),
            Source::Command { id, words } => {
                command::split(words)?;
                text::check(id, CLIENT_ID)
            }
            _ => match self.read() {
                Err(Unreadable::Wrong(error)) => Err(error),
                Ok(_) | Err(Unreadable::Failed(_)) => Ok(()),
            },
        }
    }

    /// By what the client proves who it is, without a reading: its kind is what counts.
    pub(crate) fn proof(&self) -> Proof {
        match &self.source {
            Source::Known(identity) => identity.proof.clone(),
            Source::AssertionFile { .. } => Proof::Assertion(String::new().into(), String::new()),
            _ => Proof::Secret(String::new().into()),
        }
    }

    pub(crate) fn read(&self) -> std::result::Result<Identity, Unreadable> {
        let (identity, what) = match &self.source {
            Source::Known(identity) => (identity.clone(), SECRET.to_owned()),
            Source::SecretFile { id, path, has_two } => {
                let what = format!("{SECRET} in {}", shown_path(path));
                (secrets(id, text::read_file(path, "secret")?, *has_two), what)
            }
            Source::AssertionFile { id, path } => {
                let what = format!("the assertion in {}", shown_path(path));
                let jwt = text::read_file(path, "assertion")?;
                (Identity::new(id, Proof::Assertion(jwt.into(), what.clone())), what)
            }
            Source::Command { id, words } => {
                let what = "what the command for the client secret prints".to_owned();
                let secret = text::decode(command::output(words)?, &what)?;
                (Identity::new(id, Proof::Secret(secret.into())), what)
            }
            Source::Function(function) => {
                let (id, secret) =
                    function().map_err(|cause| Unreadable::Failed(failed(&cause)))?;
                (Identity::new(id, Proof::Secret(secret.into())), SECRET.to_owned())
            }
        };
        text::check(&identity.id, CLIENT_ID)?;
        identity.secrets().try_for_each(|secret| text::check(secret, &what))?;
        Ok(identity)
    }

    pub(crate) fn known(client_id: impl Into<String>, proof: Proof) -> Self {
        Source::Known(Identity::new(client_id, proof)).into()
    }
}

/// Of a file with one secret, or with one a line.
fn secrets(id: &str, text: String, has_two: bool) -> Identity {
    let (first, second) = match text.split_once('\n').filter(|_| has_two) {
        Some((first, second)) => {
            (first.strip_suffix('\r').unwrap_or(first).to_owned(), Some(second.to_owned()))
        }
        None => (text, None),
    };
    let spare = second.map(Into::into);
    Identity { spare, ..Identity::new(id, Proof::Secret(first.into())) }
}

/// Of a function of the caller's, whose words may hold anything.
pub(crate) fn failed(cause: &Cause) -> String {
    format!("the credentials function failed: {}", mask_foreign(&cause.to_string()))
}

impl From<Source> for Credentials {
    fn from(source: Source) -> Self {
        Self { source, misplaced: None }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Credentials");
        if let Some(id) = self.client_id() {
            debug.field("client_id", &id);
        }
        match &self.source {
            Source::Known(identity) => match &identity.proof {
                Proof::Secret(secret) => debug.field("client_secret", secret),
                Proof::Key(key) => debug.field("private_key", &key.describe()),
                other => debug.field("proof", &other.name()),
            },
            Source::SecretFile { path, .. } => debug.field("client_secret_file", &shown_path(path)),
            Source::AssertionFile { path, .. } => debug.field("assertion_file", &shown_path(path)),
            Source::Command { words, .. } => {
                let program = words.first().map(|word| command::name(word));
                debug.field("command", &program.unwrap_or_default())
            }
            Source::Function(_) => debug.field("source", &"function"),
        };
        debug.finish()
    }
}

const CLIENT_ID: &str = "the client id";
const SECRET: &str = "the client secret";
