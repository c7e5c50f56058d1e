//! What servers say when they refuse, in the shapes that the providers use.

use serde_json::{Map, Value};

use crate::mask::Mask;

/// The server's own code and text out of an error body.
///
/// Known shapes: RFC 6749 §5.2, RFC 9457, `{"error":{"code","message"}}`,
/// `{"errors":[…]}` of objects or texts, `{"errors":{"field":["…"]}}`, and a bare
/// `{"code","message"}`, whose message may be several. Anything else is quoted, shortened,
/// HTML and XML without their tags. It is masked before it is cut, since half a secret would not
/// be recognized; without a mask it is for decisions alone.
pub(crate) fn words(
    body: &str,
    content_type: Option<&str>,
    mask: Option<&Mask>,
) -> (Option<String>, Option<String>) {
    let body = body.trim_start_matches('\u{feff}').trim();
    let (code, message) = match serde_json::from_str::<Value>(body) {
        Ok(value) => of_value(&value),
        Err(_) => {
            let text = hidden(start(body, QUOTED_FROM), mask);
            (None, Some(if is_markup(body, content_type) { without_markup(&text) } else { text }))
        }
    };
    let quote = |text: String| quoted(&text, mask);
    (code.and_then(quote), message.and_then(quote))
}

/// A server's words in one line of at most [`MOST_CHARS`] characters.
pub(crate) fn quoted(text: &str, mask: Option<&Mask>) -> Option<String> {
    let text = hidden(start(text, QUOTED_FROM), mask);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().filter(|c| !c.is_control()).collect();
    // A secret that was split by what is left out is whole now.
    let line = if line == text { line } else { hidden(&line, mask) };
    match line.char_indices().nth(MOST_CHARS) {
        _ if line.is_empty() => None,
        Some((end, _)) => Some(format!("{}…", line.split_at(end).0)),
        None => Some(line),
    }
}

fn hidden(text: &str, mask: Option<&Mask>) -> String {
    mask.map_or_else(|| text.to_owned(), |mask| mask.hide(text))
}

/// What there is of two texts, in one.
pub(crate) fn joined(texts: [Option<String>; 2], separator: &str) -> Option<String> {
    let texts: Vec<String> = texts.into_iter().flatten().collect();
    Some(texts.join(separator)).filter(|text| !text.is_empty())
}

/// The `error` of RFC 6749 §5.2, when the body has that shape.
pub(crate) fn oauth_code(body: &str) -> Option<String> {
    let body = body.trim_start_matches('\u{feff}');
    match serde_json::from_str::<Value>(body).ok()?.get("error")? {
        Value::String(code) if !code.is_empty() => Some(code.clone()),
        _ => None,
    }
}

/// The registered code for one that some servers use instead.
pub(crate) fn registered(code: &str) -> &str {
    match code {
        "insufficient_scope" | "scope_invalid" => "invalid_scope",
        "invalid_audience" => "invalid_target",
        code => code,
    }
}

fn of_value(value: &Value) -> (Option<String>, Option<String>) {
    match value {
        Value::Object(map) => match (map.get("error"), map.get("errors")) {
            (Some(inner @ Value::Object(_)), _) => of_value(inner),
            (_, Some(Value::Array(errors))) if !errors.is_empty() => of_list(errors),
            _ => of_members(map),
        },
        Value::Array(errors) => of_list(errors),
        other => (None, scalar(other)),
    }
}

fn of_members(map: &Map<String, Value>) -> (Option<String>, Option<String>) {
    const CODES: [&str; 6] = ["error", "code", "errorCode", "error_code", "__type", "status"];
    const TEXTS: [&str; 12] = [
        "error_description",
        "message",
        "Message",
        "msg",
        "detail",
        "errorMessage",
        "error_message",
        "errorSummary",
        "errorDescription",
        "description",
        "title",
        "failureReason",
    ];
    let text = |name: &&str| map.get(*name).and_then(scalar);
    let code = CODES.iter().find_map(text);
    let message = TEXTS.iter().find_map(|name| map.get(*name).and_then(words_of));
    let pointer = ["pointer", "path"].iter().find_map(text);
    let message = match (message, pointer) {
        (Some(message), Some(pointer)) => Some(format!("{message} (at {pointer})")),
        (message, _) => message,
    };
    let fields = map.get("errors").filter(|errors| errors.is_object());
    let message = joined([message, fields.map(Value::to_string)], ": ");
    match code.is_none() && message.is_none() && !map.is_empty() {
        true => (None, Some(Value::from(map.clone()).to_string())),
        false => (code, message),
    }
}

/// The code of the first and the texts of all, the first few at least.
fn of_list(errors: &[Value]) -> (Option<String>, Option<String>) {
    let said = errors.iter().take(MOST_ERRORS).map(of_value);
    let (codes, texts): (Vec<_>, Vec<_>) = said.unzip();
    let mut texts: Vec<String> = texts.into_iter().flatten().collect();
    if errors.len() > MOST_ERRORS {
        texts.push(format!("and {} more", errors.len() - MOST_ERRORS));
    }
    let code = codes.into_iter().flatten().next();
    (code, Some(texts.join("; ")).filter(|text| !text.is_empty()))
}

/// A text, several texts, or the text in an object of `OData`; anything else as JSON.
fn words_of(value: &Value) -> Option<String> {
    match value {
        Value::Array(items) if !items.is_empty() => {
            let is_text = |item: &Value| scalar(item).is_some();
            let texts = items.iter().all(is_text).then(|| of_list(items).1).flatten();
            texts.or_else(|| Some(value.to_string()))
        }
        Value::Object(map) if !map.is_empty() => {
            map.get("value").and_then(scalar).or_else(|| Some(value.to_string()))
        }
        other => scalar(other),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// At most `bytes` of a text.
pub(crate) fn start(text: &str, bytes: usize) -> &str {
    let mut cut = bytes.min(text.len());
    while !text.is_char_boundary(cut) {
        cut -= 1;
    }
    text.split_at(cut).0
}

/// By its content type, or else by how it begins.
fn is_markup(body: &str, content_type: Option<&str>) -> bool {
    let content_type = content_type.map(str::to_ascii_lowercase);
    let begins =
        |with: &str| body.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    match content_type {
        Some(name) if name.contains("html") || name.contains("xml") => true,
        Some(_) => begins("<!doctype") || begins("<html"),
        None => begins("<!") || begins("<?") || (begins("<") && body.contains("</")),
    }
}

/// The text of a page from a gateway: no tags, styles, scripts or comments.
fn without_markup(body: &str) -> String {
    let mut text = String::with_capacity(body.len());
    let mut rest = body;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        text.push(' ');
        rest = after_tag(tag);
    }
    text.push_str(rest);
    text
}

/// What follows a tag of which `<` is read; an element that holds no text ends with its end
/// tag, and one without an end with the page.
fn after_tag(tag: &str) -> &str {
    let name = tag.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    let end = match name.to_ascii_lowercase().as_str() {
        _ if tag.starts_with("!--") => "-->",
        "script" => "</script",
        "style" => "</style",
        _ => ">",
    };
    let is_end = |bytes: &[u8]| bytes.eq_ignore_ascii_case(end.as_bytes());
    let at = tag.as_bytes().windows(end.len()).position(is_end);
    let after = at.and_then(|at| tag.get(at + end.len()..)).unwrap_or_default();
    match end.ends_with('>') {
        true => after,
        false => after.split_once('>').map_or("", |(_, after)| after),
    }
}

const MOST_CHARS: usize = 300;
/// More than could come to be quoted.
const QUOTED_FROM: usize = 16 * 1024;
const MOST_ERRORS: usize = 5;
