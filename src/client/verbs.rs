//! The calls that need no [`Request`].

use serde::Serialize;

use crate::client::Client;
use crate::error::Result;
use crate::request::Request;
use crate::response::Response;

impl Client {
    /// GET, by path or URL; [`send`](Self::send) for more.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn get(&self, path: &str) -> Result<Response> {
        self.send(&Request::get(path))
    }

    /// HEAD, by path or URL.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn head(&self, path: &str) -> Result<Response> {
        self.send(&Request::head(path))
    }

    /// DELETE, by path or URL.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn delete(&self, path: &str) -> Result<Response> {
        self.send(&Request::delete(path))
    }

    /// POST with a JSON body; [`send`](Self::send) for other bodies or none.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn post(&self, path: &str, json: &impl Serialize) -> Result<Response> {
        self.send(&Request::post(path).json(json))
    }

    /// PUT with a JSON body.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn put(&self, path: &str, json: &impl Serialize) -> Result<Response> {
        self.send(&Request::put(path).json(json))
    }

    /// PATCH with a JSON body.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn patch(&self, path: &str, json: &impl Serialize) -> Result<Response> {
        self.send(&Request::patch(path).json(json))
    }
}
