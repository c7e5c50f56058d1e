//! Where in a JSON text an error is: the path of the field at a line and column.

use std::fmt::Write;

/// The path of the value at `line` and `column` (both counted from 1, columns in bytes,
/// as `serde_json` reports them): `items[17].hardware.memory`. Empty at the top.
pub(crate) fn path_at(text: &str, line: usize, column: usize) -> String {
    let before = text.split('\n').take(line.saturating_sub(1));
    let start: usize = before.map(|line| line.len() + 1).sum();
    let end = (start + column).min(text.len());
    let mut stack: Vec<Step> = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at).filter(|_| at < end) {
        match byte {
            b'{' => stack.push(Step::Key(String::new())),
            b'[' => stack.push(Step::Index(0)),
            b'}' | b']' => {
                stack.pop();
            }
            b',' => match stack.last_mut() {
                Some(Step::Key(key)) => key.clear(),
                Some(Step::Index(index)) => *index += 1,
                None => {}
            },
            b'"' => {
                let close = string_end(bytes, at);
                if let Some(Step::Key(key)) = stack.last_mut()
                    && key.is_empty()
                {
                    text.get(at + 1..close).unwrap_or_default().clone_into(key);
                }
                at = close;
            }
            _ => {}
        }
        at += 1;
    }
    render(&stack)
}

/// The text of the member `name` of an object, or of the whole if it is an array. Only for
/// a text that was found to be valid.
pub(crate) fn member<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let bytes = text.as_bytes();
    let mut at = text.find(['{', '['])?;
    if bytes.get(at) == Some(&b'[') {
        return Some(text);
    }
    let (mut depth, mut key, mut start) = (0_u32, None, None);
    while let Some(byte) = bytes.get(at) {
        let is_end = matches!(byte, b',' | b'}') && depth == 1;
        if let Some(start) = start.filter(|_| is_end) {
            return text.get(start..at);
        }
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 1 => key = None,
            b':' if depth == 1 && key == Some(name) => start = Some(at + 1),
            b'"' => {
                let close = string_end(bytes, at);
                if depth == 1 && key.is_none() {
                    key = text.get(at + 1..close);
                }
                at = close;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

enum Step {
    Key(String),
    Index(usize),
}

/// The position of the quote that closes the string opened at `open`.
fn string_end(bytes: &[u8], open: usize) -> usize {
    let mut at = open + 1;
    while let Some(byte) = bytes.get(at).filter(|byte| **byte != b'"') {
        at += if *byte == b'\\' { 2 } else { 1 };
    }
    at
}

fn render(stack: &[Step]) -> String {
    let mut path = String::new();
    for step in stack {
        // Writing to a string cannot fail.
        let _ = match step {
            Step::Key(key) if key.is_empty() => Ok(()),
            Step::Key(key) if path.is_empty() => write!(path, "{key}"),
            Step::Key(key) => write!(path, ".{key}"),
            Step::Index(index) => write!(path, "[{index}]"),
        };
    }
    path
}

#[cfg(test)]
mod tests {
    use super::{member, path_at};
    use serde::Deserialize;

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
    fn the_text_of_a_member_is_found() {
        let text = r#"{"n":{"items":[0]},"a":"items\"","items" : [1,{"items":2},"]}"],"z":1}"#;
        assert_eq!(member(text, "items"), Some(r#" [1,{"items":2},"]}"]"#));
        assert_eq!(member(text, "z"), Some("1"));
        assert_eq!(member(text, "items2"), None);
        assert_eq!(member("[1]", "items"), Some("[1]"));
        assert_eq!(member("7", "items"), None);
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
