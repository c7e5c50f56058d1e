//! What a client needs of a request: where it goes, and the next one of the same kind.

use serde_json::{Map, Value};
use ureq::http::Uri;
use ureq::http::header::{ACCEPT, AUTHORIZATION, HeaderValue};

use crate::error::{Error, RequestTarget, Result};
use crate::json_text::object_of;
use crate::request::{Body, Request};
use crate::url;

impl Request {
    /// The URL below `base`, and whether everything about the request can be right.
    pub(crate) fn resolve(&self, base: &Uri) -> Result<Uri> {
        if let Some(wrong) = &self.wrong {
            return Err(self.refuse(wrong));
        }
        if self.with_token && self.headers.contains_key(AUTHORIZATION) {
            return Err(self.refuse(
                "the client sets the Authorization header itself: remove yours, or make the request without_token()",
            ));
        }
        let uri = url::join(base, &self.path, &self.query)
            .map_err(|error| self.refuse(&error.to_string()))?;
        if self.with_token && !url::is_same_origin(&uri, base) {
            let target = RequestTarget::new(&self.method, &uri);
            return Err(Error::configuration(format!(
                "{target}: not sent: the token must not leave the origin of the base URL, {}; make the request without_token() if it needs none",
                url::Origin::of(base)
            )));
        }
        Ok(uri)
    }

    fn refuse(&self, why: &str) -> Error {
        Error::configuration(format!("{} {}: {why}", self.method, url::shown(&self.path)))
    }

    pub(crate) fn accepting_json(mut self) -> Self {
        let json = HeaderValue::from_static("application/json");
        self.headers.entry(ACCEPT).or_insert(json);
        self
    }

    /// This request for the absolute URL `link`, as it stands.
    pub(crate) fn at(&self, link: &str) -> Self {
        let (path, query) = url::split_query(link.to_owned());
        Self { path, query, ..self.clone() }
    }

    /// The JSON object that is the body; an empty one if there is no body.
    pub(crate) fn json_object(&self) -> Result<Map<String, Value>> {
        let map = match &self.body {
            Body::Empty => Some(Map::new()),
            Body::Bytes(bytes) => object_of(bytes),
            Body::File(_) => None,
        };
        map.ok_or_else(|| Error::configuration(NO_OBJECT))
    }
}

const NO_OBJECT: &str = "Pagination::in_body() needs a request with a JSON object as its body";
