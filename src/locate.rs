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

enum Step {
    Key(String),
    Index(usize),
}

/// The position of the quote that closes the string opened at `open`.
pub(crate) fn string_end(bytes: &[u8], open: usize) -> usize {
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
    use super::path_at;
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
