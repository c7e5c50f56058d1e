//! Secrets as texts: from files, and what cannot be right about one.

use std::fs;
use std::path::Path;

use crate::error::{Error, Result};
use crate::mask::shown_path;

pub(crate) fn check(value: &str, what: &str) -> Result<()> {
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

/// What a file holds, without a final line break; `kind` is what it is a file of.
pub(crate) fn read_file(path: &Path, kind: &str) -> Result<String> {
    let what = format!("the {kind} file {}", shown_path(path));
    let bytes = fs::read(path).map_err(|cause| {
        Error::configuration_caused(format!("{what} cannot be read"), Some(cause.into()))
    })?;
    decode(bytes, &what)
}

/// UTF-8 without its byte order mark and a final line break.
pub(crate) fn decode(bytes: Vec<u8>, what: &str) -> Result<String> {
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
