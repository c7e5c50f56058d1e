//! The request that reads a page: a GET, or a search by POST.

use std::fs;

use serde::de::IgnoredAny;
use unattended::Request;

use super::state::{JSON, fingerprint};

/// How pages are asked for, apart from their path.
pub enum Reading {
    Get,
    /// With a JSON body, if there is one.
    Post(Option<Vec<u8>>),
}

impl Reading {
    /// # Errors
    ///
    /// What is wrong with the options `--method` and `--json`, in words.
    pub fn parse(method: &str, json: Option<&str>) -> Result<Self, String> {
        match (method, json) {
            ("POST", json) => Ok(Self::Post(json.map(body).transpose()?)),
            (_, Some(_)) => Err("--json needs --method POST".into()),
            (_, None) => Ok(Self::Get),
        }
    }

    pub fn request(&self, path: &str) -> Request {
        match self {
            Self::Get => Request::get(path),
            // It only reads, so sending it twice does no harm.
            Self::Post(None) => Request::post(path).safe_to_repeat(),
            Self::Post(Some(json)) => Request::post(path)
                .header("Content-Type", "application/json")
                .bytes(json.clone())
                .safe_to_repeat(),
        }
    }

    pub fn asked(&self) -> Vec<(String, String)> {
        let Self::Post(json) = self else { return Vec::new() };
        let json = json.as_deref().map(String::from_utf8_lossy);
        let json = json.map(|json| (JSON.to_owned(), fingerprint(&json)));
        [("--method".to_owned(), "POST".to_owned())].into_iter().chain(json).collect()
    }
}

/// The JSON, or that of a file.
fn body(json: &str) -> Result<Vec<u8>, String> {
    let bytes = match json.strip_prefix('@') {
        Some(file) => fs::read(file).map_err(|error| format!("--json {json}: {error}"))?,
        None => json.as_bytes().to_vec(),
    };
    match serde_json::from_slice::<IgnoredAny>(&bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => Err(format!("--json is not JSON: {error}")),
    }
}
