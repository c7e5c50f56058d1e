//! What there is of private keys in a build without rustls, which would sign by them.

use serde_json::Value;

pub(crate) type Result<T> = std::result::Result<T, String>;

#[derive(Clone)]
pub(crate) enum NoKey {}

impl NoKey {
    pub(crate) fn from_pem(_: &[u8]) -> Result<Self> {
        Err("it signs by rustls: enable the feature rustls".to_owned())
    }

    pub(crate) fn set_algorithm(&mut self, _: &str) -> Result<()> {
        match *self {}
    }

    pub(crate) fn set_id(&mut self, _: String) {
        match *self {}
    }

    pub(crate) fn set_certificate(&mut self, _: &[u8]) -> Result<()> {
        match *self {}
    }

    pub(crate) fn sign(&self, _: &Value) -> Result<String> {
        match *self {}
    }

    pub(crate) fn describe(&self) -> String {
        match *self {}
    }

    pub(crate) fn has_id(&self) -> bool {
        match *self {}
    }

    pub(crate) fn is_same(&self, _: &Self) -> bool {
        match *self {}
    }

    pub(crate) fn random_id(&self) -> Result<String> {
        match *self {}
    }
}
