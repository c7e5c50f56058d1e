//! Places in a JSON text: as callers write them, and as errors show them.

use std::fmt;

use serde_json::{Map, Value};

/// Where a member stands: `data.items`, or `/data/items` as a JSON Pointer (RFC 6901).
///
/// In the dotted form a name may itself hold a dot: `@odata.nextLink` finds the member of
/// that name.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct JsonPath(String);

/// What is left of a path below some object; empty at the member that it names.
#[derive(Clone, Copy)]
pub(crate) enum Rest<'p> {
    Dotted(&'p str),
    /// With a slash before each name.
    Pointer(&'p str),
}

/// The value that these bytes are, if they are JSON.
pub(crate) fn value_of(bytes: &[u8]) -> Option<Value> {
    serde_json::from_str(std::str::from_utf8(bytes).ok()?).ok()
}

/// The object that these bytes are.
pub(crate) fn object_of(bytes: &[u8]) -> Option<Map<String, Value>> {
    match value_of(bytes) {
        Some(Value::Object(members)) => Some(members),
        _ => None,
    }
}

impl JsonPath {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Why it cannot name a member.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        let has_gap = match self.0.strip_prefix('/') {
            None => self.0.split('.').any(str::is_empty),
            Some(pointer) => pointer.split('/').any(str::is_empty),
        };
        has_gap.then_some("a path to a member has no empty name in it")
    }

    pub(crate) fn rest(&self) -> Rest<'_> {
        match self.0.starts_with('/') {
            true => Rest::Pointer(&self.0),
            false => Rest::Dotted(&self.0),
        }
    }

    pub(crate) fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.rest().find(value)
    }

    /// The path as error texts show the place of a field.
    pub(crate) fn dotted(&self) -> String {
        match self.0.strip_prefix('/') {
            None => self.0.clone(),
            Some(pointer) => unescape(&pointer.replace('/', ".")),
        }
    }
}

impl Rest<'_> {
    pub(crate) fn is_end(self) -> bool {
        let (Self::Dotted(text) | Self::Pointer(text)) = self;
        text.is_empty()
    }

    /// What is left below the member `name`, if the path leads through it.
    pub(crate) fn after(self, name: &str) -> Option<Self> {
        match self {
            Self::Dotted(text) => match text.strip_prefix(name)? {
                "" if !text.is_empty() => Some(Self::Dotted("")),
                rest => rest.strip_prefix('.').map(Self::Dotted),
            },
            Self::Pointer(text) => {
                let text = text.strip_prefix('/')?;
                let (first, rest) = text.split_at(text.find('/').unwrap_or(text.len()));
                (unescape(first) == name).then_some(Self::Pointer(rest))
            }
        }
    }

    pub(crate) fn find(self, value: &Value) -> Option<&Value> {
        if self.is_end() {
            return Some(value);
        }
        let mut members = value.as_object()?.iter();
        members.find_map(|(name, value)| self.after(name)?.find(value))
    }
}

/// RFC 6901 §4.
fn unescape(pointer: &str) -> String {
    pointer.replace("~1", "/").replace("~0", "~")
}

/// As it was written.
impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Sets the member at a dotted path, with the objects that lead to it.
pub(crate) fn set_member(map: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        Some((first, rest)) if !map.contains_key(path) => {
            let inner = map.entry(first).or_insert_with(|| Map::new().into());
            if !inner.is_object() {
                *inner = Map::new().into();
            }
            if let Value::Object(inner) = inner {
                set_member(inner, rest, value);
            }
        }
        _ => {
            map.insert(path.to_owned(), value);
        }
    }
}

/// Takes the member at a dotted path, unless it is `null`.
pub(crate) fn take_member(map: &mut Map<String, Value>, path: &str) -> Option<Value> {
    if let Some(value) = map.remove(path) {
        return Some(value).filter(|value| !value.is_null());
    }
    let (first, rest) = path.split_once('.')?;
    take_member(map.get_mut(first)?.as_object_mut()?, rest)
}

/// The path of the value at `line` and `column` (both counted from 1, columns in bytes,
/// as `serde_json` reports them): `items[17].hardware.memory`. Empty at the top.
pub(crate) fn path_at(text: &str, line: usize, column: usize) -> String {
    let before = text.split('\n').take(line.saturating_sub(1));
    let start: usize = before.map(|line| line.len() + 1).sum();
    let end = (start + column).min(text.len());
    let bytes = text.as_bytes();
    let mut path = String::new();
    // Of each value around: the length of the path to it, and the index if it is an array.
    let mut around: Vec<(usize, Option<usize>)> = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at).filter(|_| at < end) {
        match byte {
            b'{' => around.push((path.len(), None)),
            b'[' => {
                around.push((path.len(), Some(0)));
                path.push_str("[0]");
            }
            b'}' | b']' => path.truncate(around.pop().map_or(0, |(length, _)| length)),
            b',' => {
                let Some((length, index)) = around.last_mut() else { break };
                path.truncate(*length);
                if let Some(index) = index {
                    *index += 1;
                    path.push_str(&format!("[{index}]"));
                }
            }
            b'"' => {
                let close = string_end(bytes, at);
                if around.last() == Some(&(path.len(), None)) {
                    path.push_str(if path.is_empty() { "" } else { "." });
                    path.push_str(text.get(at + 1..close).unwrap_or_default());
                }
                at = close;
            }
            _ => {}
        }
        at += 1;
    }
    path
}

/// The position of the quote that closes the string opened at `open`.
pub(crate) fn string_end(bytes: &[u8], open: usize) -> usize {
    let mut at = open + 1;
    while let Some(byte) = bytes.get(at).filter(|byte| **byte != b'"') {
        at += if *byte == b'\\' { 2 } else { 1 };
    }
    at
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::{JsonPath, path_at};

    #[test]
    fn a_member_is_found_by_dots_and_by_pointer_also_where_its_name_has_a_dot() {
        let value = json!({"a": {"b": 1, "b.c": 2, "d": null}, "@odata.x": 3, "e/f~": {"": 4}});
        let cases = [
            ("a.b", Some(json!(1))),
            ("a.b.c", Some(json!(2))),
            ("a.d", Some(json!(null))),
            ("a.c", None),
            ("b", None),
            ("@odata.x", Some(json!(3))),
            ("/@odata.x", Some(json!(3))),
            ("/a/b.c", Some(json!(2))),
            ("/a/b/c", None),
            ("/e~1f~0/", Some(json!(4))),
        ];
        for (text, expected) in cases {
            let path = JsonPath::new(text);
            assert_eq!(path.find(&value), expected.as_ref(), "{text}");
            assert_eq!(path.to_string(), text);
        }
        for text in ["", "a.", ".a", "a..b", "/", "/a//b"] {
            assert!(JsonPath::new(text).fault().is_some(), "{text}");
        }
    }

    #[derive(Deserialize, Debug)]
    #[expect(dead_code, reason = "only its decoding is looked at")]
    struct Row {
        name: String,
        size: Size,
    }

    #[derive(Deserialize, Debug)]
    #[expect(dead_code, reason = "only its decoding is looked at")]
    struct Size {
        bytes: u32,
    }

    #[test]
    fn serde_errors_are_traced_to_the_field() {
        let cases = [
            (r#"[{"name":"a","size":{"bytes":1}},{"name":7,"size":{"bytes":1}}]"#, "[1].name"),
            (r#"[{"name":"a\"]}","size":{"bytes":"x"}}]"#, "[0].size.bytes"),
            (r#"[{"size":{"bytes":true},"name":""}]"#, "[0].size.bytes"),
            (r#"[{"size":{"bytes":null},"name":""}]"#, "[0].size.bytes"),
            (r#"[{"size":[],"name":""}]"#, "[0].size"),
            (
                "[\n {\n  \"name\": \"\u{e4}\",\n  \"size\": {\n   \"bytes\": -1\n}}]",
                "[0].size.bytes",
            ),
            (r#"[{"name":"a"}]"#, "[0]"),
        ];
        for (text, path) in cases {
            let error = serde_json::from_str::<Vec<Row>>(text).unwrap_err();
            assert_eq!(path_at(text, error.line(), error.column()), path, "{text}: {error}");
        }
    }
}
