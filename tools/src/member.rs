//! Members of JSON by their path.

use serde_json::Value;

/// The member at a dotted path, of which a name may hold dots itself, or at a JSON Pointer.
pub fn member<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    if path.starts_with('/') {
        return value.pointer(path);
    }
    value.get(path).or_else(|| {
        let (first, rest) = path.split_once('.')?;
        member(value.get(first)?, rest)
    })
}

/// A text as it reads, all else as JSON.
pub fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
