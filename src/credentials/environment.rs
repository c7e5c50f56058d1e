//! Credentials in variables, by a prefix.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::credentials::Credentials;
use crate::credentials::text;
use crate::error::{Error, Result};

impl Credentials {
    /// Credentials from the environment: `{prefix}_CLIENT_ID` with exactly one of
    ///
    /// * `{prefix}_CLIENT_SECRET`,
    /// * `{prefix}_CLIENT_SECRET_FILE`, a path as [`from_secret_file`](Self::from_secret_file)
    ///   takes it,
    /// * `{prefix}_CLIENT_ASSERTION_FILE`, a path as
    ///   [`from_assertion_file`](Self::from_assertion_file) takes it,
    /// * `{prefix}_PRIVATE_KEY_FILE`, the path of a key as
    ///   [`from_private_key`](Self::from_private_key) takes it, read at once; with
    ///   `{prefix}_KEY_ID`, if it is set, as its [key id](Self::with_key_id).
    ///
    /// # Errors
    ///
    /// A configuration error that names the variable: if one is missing, empty or not Unicode, or
    /// has white space at either end. Also if more than one of the four is set.
    ///
    /// ```no_run
    /// let credentials = unattended::Credentials::from_env("SNOW_ATLAS")?;
    /// # Ok::<(), unattended::Error>(())
    /// ```
    pub fn from_env(prefix: &str) -> Result<Self> {
        Self::from_variables(prefix, |name| env::var_os(name))
    }

    fn from_variables(prefix: &str, read: impl Fn(&str) -> Option<OsString>) -> Result<Self> {
        let unset =
            |name: &str| Error::configuration(format!("{name} is not set in the environment"));
        let text = |name: &str| match read(name).map(OsString::into_string) {
            None => Ok(None),
            Some(Err(_)) => Err(Error::configuration(format!("{name} is not valid Unicode"))),
            Some(Ok(value)) => text::check(&value, name).map(|()| Some(value)),
        };
        let id_name = format!("{prefix}_CLIENT_ID");
        let id = text(&id_name)?.ok_or_else(|| unset(&id_name))?;
        let (name, value) = proof(prefix, &read)?;
        let path = PathBuf::from(value);
        let credentials = match name.strip_prefix(prefix) {
            Some("_CLIENT_SECRET_FILE") => Self::from_secret_file(id, path),
            Some("_CLIENT_ASSERTION_FILE") => Self::from_assertion_file(id, path),
            Some("_PRIVATE_KEY_FILE") => {
                let pem = text::read_file(&path, "private key")?;
                let credentials = Self::from_private_key(id, pem);
                let credentials = credentials
                    .map_err(|error| Error::configuration(format!("{name}: {error}")))?;
                match text(&format!("{prefix}_KEY_ID"))? {
                    Some(key_id) => credentials.with_key_id(key_id),
                    None => credentials,
                }
            }
            _ => Self::new(id, text(&name)?.ok_or_else(|| unset(&name))?),
        };
        credentials.check()?;
        Ok(credentials)
    }
}

/// The one variable of several that is set, and its value.
fn proof(prefix: &str, read: impl Fn(&str) -> Option<OsString>) -> Result<(String, OsString)> {
    let names = PROOFS.map(|name| format!("{prefix}_{name}"));
    let mut set = names.iter().filter_map(|name| Some((name, read(name)?)));
    let why = match (set.next(), set.next()) {
        (Some((name, value)), None) => return Ok((name.clone(), value)),
        (Some((one, _)), Some((other, _))) => {
            format!("both {one} and {other} are set: keep one of them")
        }
        (None, _) => format!("none of {} is set in the environment", names.join(", ")),
    };
    Err(Error::configuration(why))
}

const PROOFS: [&str; 4] =
    ["CLIENT_SECRET", "CLIENT_SECRET_FILE", "CLIENT_ASSERTION_FILE", "PRIVATE_KEY_FILE"];

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
                "none of APP_CLIENT_SECRET, APP_CLIENT_SECRET_FILE, APP_CLIENT_ASSERTION_FILE, APP_PRIVATE_KEY_FILE is set in the environment",
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
    }

    #[test]
    fn a_file_that_a_variable_names_must_be_there() {
        for (variable, said) in [
            ("APP_CLIENT_SECRET_FILE", "the secret file /no/such cannot be read"),
            ("APP_CLIENT_ASSERTION_FILE", "the assertion file /no/such cannot be read"),
            ("APP_PRIVATE_KEY_FILE", "the private key file /no/such cannot be read"),
        ] {
            let read = |name: &str| match name {
                "APP_CLIENT_ID" => Some("id".into()),
                name => (name == variable).then(|| "/no/such".into()),
            };
            let error = Credentials::from_variables("APP", read).unwrap_err().to_string();
            assert!(error.starts_with(said), "{error}");
        }
    }

    #[test]
    fn a_key_in_a_file_has_its_id_in_a_variable() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/token/keys/ed.pem");
        let read = |key_id: Option<&'static str>| {
            Credentials::from_variables("APP", move |name| match name {
                "APP_CLIENT_ID" => Some("id".into()),
                "APP_PRIVATE_KEY_FILE" => Some(file.into()),
                "APP_KEY_ID" => key_id.map(Into::into),
                _ => None,
            })
        };
        if cfg!(feature = "rustls") {
            let shown = |key_id| format!("{:?}", read(key_id).unwrap());
            assert!(shown(Some("k1")).contains("with the key id"));
            assert!(shown(None).contains("with no key id"));
        }
        assert!(read(Some("k1\n")).is_err());
    }
}
