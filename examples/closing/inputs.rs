//! What the arguments lead to.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::snapdocs::{Failure, USAGE};

pub fn name_of(document: &Path) -> Result<String, Failure> {
    let name = document.file_name().and_then(|name| name.to_str());
    name.map(str::to_owned)
        .ok_or_else(|| Failure::new(USAGE, format!("{} has no name to send", document.display())))
}

pub fn json_file(path: &Path) -> Result<Value, Failure> {
    let text = fs::read(path).map_err(|error| Failure::file(USAGE, path, &error))?;
    serde_json::from_slice(&text).map_err(|error| Failure::file(USAGE, path, &error.into()))
}

/// The name `date` is a guess: the vendor's public documents do not tell it.
pub fn today() -> Value {
    json!({ "date": time::OffsetDateTime::now_utc().date().to_string() })
}
