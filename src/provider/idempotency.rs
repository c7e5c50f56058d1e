//! In which header the API takes the key of a request, and in which spelling.

use ureq::http::header::{HeaderName, HeaderValue};

#[derive(Clone, Debug)]
pub(crate) struct IdempotencyHeader {
    pub(crate) name: HeaderName,
    pub(crate) is_quoted: bool,
}

impl IdempotencyHeader {
    /// The value for this key; `None` if it cannot be one.
    pub(crate) fn value(&self, key: &str) -> Option<HeaderValue> {
        let is_visible = !key.is_empty() && key.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        let value = match self.is_quoted {
            // RFC 9651 §3.3.3.
            true => format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\"")),
            false => key.to_owned(),
        };
        HeaderValue::from_str(&value).ok().filter(|_| is_visible)
    }
}

impl Default for IdempotencyHeader {
    fn default() -> Self {
        Self { name: HeaderName::from_static("idempotency-key"), is_quoted: false }
    }
}
