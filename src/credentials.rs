//! Who is asking: client id and client secret, from wherever they are kept.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Cause, Error, Result};
use crate::foreign::shown_path;
use crate::mask::Secret;

/// The client id and client secret of RFC 6749 §2.3.1, or where to get them.
///
/// They are read again for each token request, so that a program that runs for weeks takes up a
/// secret that was rotated in a file or a vault. No output shows them.
///
/// ```
/// use unattended::Credentials;
///
/// let credentials = Credentials::new("my-client", "s3cret");
/// assert!(!format!("{credentials:?}").contains("s3cret"));
/// ```
#[derive(Clone)]
pub struct Credentials {
    source: Source,
}

#[derive(Clone)]
enum Source {
    Values(Identity),
    File { id: String, secret: PathBuf },
    Function(Arc<Function>),
}

type Function = dyn Fn() -> std::result::Result<(String, String), Cause> + Send + Sync;

/// One reading of the credentials.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) id: String,
    pub(crate) secret: Secret,
}

/// Why a reading failed.
pub(crate) enum Unreadable {
    /// The value or its place cannot be right.
    Wrong(Error),
    /// The caller's function failed; its text may hold anything.
    Failed(Cause),
}

impl Credentials {
    /// Credentials from values.
    ///
    /// Empty values, and values with white space at either end, are refused by
    /// [`Client::new`](crate::Client::new). Inside, any character is legal.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<String>) -> Self {
        let source =
            Source::Values(Identity { id: client_id.into(), secret: client_secret.into().into() });
        Self { source }
    }

    /// Credentials from the environment: `{prefix}_CLIENT_ID` with either
    /// `{prefix}_CLIENT_SECRET` or `{prefix}_CLIENT_SECRET_FILE`, a path as
    /// [`from_secret_file`](Self::from_secret_file) takes it.
    ///
    /// # Errors
    ///
    /// A configuration error that names the variable, if one is missing, empty or not
    /// Unicode, has white space at either end, or if both forms of the secret are set.
    ///
    /// ```no_run
    /// let credentials = unattended::Credentials::from_env("SNOW_ATLAS")?;
    /// # Ok::<(), unattended::Error>(())
    /// ```
    pub fn from_env(prefix: &str) -> Result<Self> {
        Self::from_variables(prefix, |name| env::var_os(name))
    }

    fn from_variables(prefix: &str, read: impl Fn(&str) -> Option<OsString>) -> Result<Self> {
        let (id, secret) = (format!("{prefix}_CLIENT_ID"), format!("{prefix}_CLIENT_SECRET"));
        let file = format!("{secret}_FILE");
        let text = |name: &str| match read(name).map(OsString::into_string) {
            None => Err(Error::configuration(format!("{name} is not set in the environment"))),
            Some(Err(_)) => Err(Error::configuration(format!("{name} is not valid Unicode"))),
            Some(Ok(value)) => check(&value, name).map(|()| value),
        };
        let id = text(&id)?;
        match (read(&secret), read(&file)) {
            (Some(_), Some(_)) => Err(Error::configuration(format!(
                "both {secret} and {file} are set: keep one of them"
            ))),
            (None, None) => Err(Error::configuration(format!(
                "neither {secret} nor {file} is set in the environment"
            ))),
            (Some(_), None) => Ok(Self::new(id, text(&secret)?)),
            (None, Some(path)) => {
                let credentials = Self::from_secret_file(id, PathBuf::from(path));
                credentials.check()?;
                Ok(credentials)
            }
        }
    }

    /// A client id, and a file that holds the secret and nothing else.
    ///
    /// One final LF or CRLF and a UTF-8 byte order mark are not part of the secret. The
    /// file is read again at each token request.
    pub fn from_secret_file(client_id: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        let source = Source::File { id: client_id.into(), secret: path.into() };
        Self { source }
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
        F: Fn() -> std::result::Result<(String, String), Box<dyn std::error::Error + Send + Sync>>
            + Send
            + Sync
            + 'static,
    {
        let source = Source::Function(Arc::new(function));
        Self { source }
    }

    /// The client id; `None` if a function tells it.
    pub fn client_id(&self) -> Option<&str> {
        match &self.source {
            Source::Values(Identity { id, .. }) | Source::File { id, .. } => Some(id),
            Source::Function(_) => None,
        }
    }

    /// Whether they can be right, unless a function tells them: that is not called.
    pub(crate) fn check(&self) -> Result<()> {
        if let Source::Function(_) = self.source {
            return Ok(());
        }
        match self.read() {
            Err(Unreadable::Wrong(error)) => Err(error),
            Ok(_) | Err(Unreadable::Failed(_)) => Ok(()),
        }
    }

    pub(crate) fn read(&self) -> std::result::Result<Identity, Unreadable> {
        let mut what = "the client secret".to_owned();
        let (id, secret) = match &self.source {
            Source::Values(identity) => (identity.id.clone(), identity.secret.clone()),
            Source::File { id, secret } => {
                what = format!("the client secret in {}", shown_path(secret));
                (id.clone(), read_secret(secret)?.into())
            }
            Source::Function(function) => {
                let (id, secret) = function().map_err(Unreadable::Failed)?;
                (id, secret.into())
            }
        };
        check(&id, "the client id")?;
        check(secret.expose(), &what)?;
        Ok(Identity { id, secret })
    }
}

fn check(value: &str, what: &str) -> Result<()> {
    let first = value.chars().next();
    let last = value.chars().next_back();
    let refuse = |why: &str| Err(Error::configuration(format!("{what} {why}")));
    match (first, last) {
        (None, _) => refuse("is empty"),
        (_, Some('\n' | '\r')) => refuse("ends with a line break: remove it"),
        (Some(first), _) if first.is_whitespace() => refuse("begins with white space: remove it"),
        (_, Some(last)) if last.is_whitespace() => refuse("ends with white space: remove it"),
        _ => Ok(()),
    }
}

fn read_secret(path: &Path) -> Result<String> {
    let what = format!("the secret file {}", shown_path(path));
    let bytes = fs::read(path).map_err(|cause| {
        Error::configuration_caused(format!("{what} cannot be read"), Some(cause.into()))
    })?;
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) || bytes.contains(&0) {
        let message = format!("{what} is UTF-16: save it as UTF-8 (PowerShell: -Encoding ascii)");
        return Err(Error::configuration(message));
    }
    let Ok(text) = String::from_utf8(bytes) else {
        return Err(Error::configuration(format!("{what} is not valid UTF-8")));
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let text = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
    Ok(text.to_owned())
}

impl From<Error> for Unreadable {
    fn from(error: Error) -> Self {
        Self::Wrong(error)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Credentials");
        match &self.source {
            Source::Values(identity) => {
                debug.field("client_id", &identity.id).field("client_secret", &identity.secret)
            }
            Source::File { id, secret } => {
                debug.field("client_id", id).field("client_secret_file", &shown_path(secret))
            }
            Source::Function(_) => debug.field("source", &"function"),
        };
        debug.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_read_by_prefix_and_each_mistake_is_named_without_its_value() {
        let from = |pairs: &'static [(&str, &str)]| {
            Credentials::from_variables("APP", move |name| {
                let pair = pairs.iter().find(|(key, _)| *key == name);
                pair.map(|(_, value)| OsString::from(value))
            })
        };
        let good = from(&[("APP_CLIENT_ID", "id"), ("APP_CLIENT_SECRET", "a b\u{e4}c")]);
        assert!(good.is_ok());
        let cases: [(&'static [(&str, &str)], &str); 6] = [
            (&[], "APP_CLIENT_ID is not set in the environment"),
            (
                &[("APP_CLIENT_ID", "id")],
                "neither APP_CLIENT_SECRET nor APP_CLIENT_SECRET_FILE is set in the environment",
            ),
            (
                &[("APP_CLIENT_ID", " id"), ("APP_CLIENT_SECRET", "x")],
                "APP_CLIENT_ID begins with white space: remove it",
            ),
            (
                &[("APP_CLIENT_ID", "id"), ("APP_CLIENT_SECRET", "hush\n")],
                "APP_CLIENT_SECRET ends with a line break: remove it",
            ),
            (&[("APP_CLIENT_ID", "id"), ("APP_CLIENT_SECRET", "")], "APP_CLIENT_SECRET is empty"),
            (
                &[
                    ("APP_CLIENT_ID", "id"),
                    ("APP_CLIENT_SECRET", "x"),
                    ("APP_CLIENT_SECRET_FILE", "y"),
                ],
                "both APP_CLIENT_SECRET and APP_CLIENT_SECRET_FILE are set: keep one of them",
            ),
        ];
        for (pairs, expected) in cases {
            assert_eq!(from(pairs).unwrap_err().to_string(), expected);
        }
        let no_file = from(&[("APP_CLIENT_ID", "id"), ("APP_CLIENT_SECRET_FILE", "/no/such")]);
        let error = no_file.unwrap_err().to_string();
        assert!(error.starts_with("the secret file /no/such cannot be read"), "{error}");
    }
}
