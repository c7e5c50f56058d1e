//! One reading of the credentials.

use std::sync::Arc;

#[cfg(feature = "rustls")]
pub(crate) use crate::credentials::key::Key;
#[cfg(not(feature = "rustls"))]
pub(crate) use crate::credentials::no_key::NoKey as Key;
use crate::error::{Cause, Error};
use crate::mask::Secret;

#[derive(Clone, PartialEq)]
pub(crate) struct Identity {
    pub(crate) id: String,
    pub(crate) proof: Proof,
    /// Another secret, for when the first is not known any more.
    pub(crate) spare: Option<Secret>,
}

/// How the client can prove who it is.
#[derive(Clone)]
pub(crate) enum Proof {
    Secret(Secret),
    /// A JWT that somebody else made, and where it is from.
    Assertion(Secret, String),
    /// One that is made for each request.
    Function(Arc<AssertionFunction>),
    Key(Key),
    /// The TLS certificate, which the connection has.
    Certificate,
}

/// From the audience to the assertion.
pub(crate) type AssertionFunction =
    dyn Fn(&str) -> std::result::Result<String, Cause> + Send + Sync;

/// Why a reading failed.
pub(crate) enum Unreadable {
    /// The value or its place cannot be right.
    Wrong(Error),
    /// It may be another time: the caller's function or command failed.
    Failed(String),
}

impl Identity {
    pub(crate) fn new(id: impl Into<String>, proof: Proof) -> Self {
        Self { id: id.into(), proof, spare: None }
    }

    /// The same client with its other secret.
    pub(crate) fn spare(&self) -> Option<Self> {
        let secret = self.spare.clone()?;
        Some(Self::new(self.id.clone(), Proof::Secret(secret)))
    }

    pub(crate) fn secret(&self) -> Option<&Secret> {
        match &self.proof {
            Proof::Secret(secret) => Some(secret),
            _ => None,
        }
    }

    /// What of it must not be shown.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        let proof = match &self.proof {
            Proof::Secret(secret) | Proof::Assertion(secret, _) => Some(secret),
            _ => None,
        };
        proof.into_iter().chain(&self.spare).map(Secret::expose)
    }
}

impl Proof {
    /// What it is called where it cannot be used.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Secret(_) => "a client secret",
            Self::Assertion(..) | Self::Function(_) => "an assertion",
            Self::Key(_) => "a private key",
            Self::Certificate => "a client certificate alone",
        }
    }
}

/// What an answer to one of them says of the other: a function makes a new assertion each time,
/// for the same client.
impl PartialEq for Proof {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Secret(one), Self::Secret(other))
            | (Self::Assertion(one, _), Self::Assertion(other, _)) => one == other,
            (Self::Function(one), Self::Function(other)) => Arc::ptr_eq(one, other),
            (Self::Key(one), Self::Key(other)) => one.is_same(other),
            (one, other) => matches!((one, other), (Self::Certificate, Self::Certificate)),
        }
    }
}

impl From<Error> for Unreadable {
    fn from(error: Error) -> Self {
        Self::Wrong(error)
    }
}
