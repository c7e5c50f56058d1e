//! Secrets that do not print, and the mask that is laid over everything a server says.

use std::fmt;
use std::sync::Arc;

/// A value that must not appear in any output: no `Display`, a redacted `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(Arc<str>);

impl Secret {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(value.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// What stands where a secret stood.
pub(crate) const MASK: &str = "***";

/// The names under which secrets travel in JSON and in forms.
const SECRET_NAMES: [&str; 9] = [
    "access_token",
    "accesstoken",
    "id_token",
    "refresh_token",
    "client_secret",
    "clientsecret",
    "client_assertion",
    "password",
    "authorization",
];

/// Replaces the `known` secrets and everything that looks like one: values of the names
/// above in JSON and forms, JSON web tokens, and credentials after `Bearer` or `Basic`.
pub(crate) fn mask<S: AsRef<str>>(text: &str, known: &[S]) -> String {
    let mut masked = text.to_owned();
    for secret in known.iter().map(AsRef::as_ref).filter(|secret| secret.len() >= 3) {
        masked = masked.replace(secret, MASK);
        let encoded = crate::form::encode_form(secret);
        masked = masked.replace(&encoded, MASK);
        let escaped = serde_json::Value::from(secret).to_string();
        let escaped = escaped.trim_matches('"');
        // Many servers escape slashes and everything outside ASCII as well.
        for escaped in [escaped, &escaped.replace('/', "\\/")] {
            masked = masked.replace(escaped, MASK).replace(&in_ascii(escaped), MASK);
        }
    }
    mask_words(&mask_named(&masked))
}

fn in_ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match c.is_ascii() {
            true => text.push(c),
            false => {
                let units = c.encode_utf16(&mut [0; 2]).to_vec();
                text.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
            }
        }
    }
    text
}

/// Replaces all that could be an opaque token: for bodies that carry one under an
/// unknown name or none, such as a token answer that cannot be read.
pub(crate) fn mask_opaque<S: AsRef<str>>(text: &str, known: &[S]) -> String {
    map_words(&mask(text, known), |word| {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        let masked = word.len() >= 24 || (word.len() >= 8 && digits > 0);
        masked.then_some(MASK)
    })
}

/// `"access_token" : "value"` and `access_token=value`.
fn mask_named(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut masked = String::with_capacity(text.len());
    let mut copied = 0;
    let mut at = 0;
    while let Some((name, start)) = next_name(&lower, at) {
        at = start + name.len();
        if let Some(value) = value_after(text, at) {
            masked.push_str(&text[copied..value.start]);
            masked.push_str(MASK);
            copied = value.end;
            at = value.end;
        }
    }
    masked.push_str(&text[copied..]);
    masked
}

fn next_name(lower: &str, from: usize) -> Option<(&'static str, usize)> {
    SECRET_NAMES
        .iter()
        .filter_map(|name| lower[from..].find(name).map(|at| (*name, from + at)))
        .min_by_key(|(_, at)| *at)
}

/// The extent of the value that belongs to a name ending at `end`, if there is one.
fn value_after(text: &str, end: usize) -> Option<std::ops::Range<usize>> {
    let rest = text[end..].trim_start_matches(['"', '\'', '\\', ' ', '\t', '\r', '\n']);
    let rest = rest.strip_prefix([':', '='])?;
    let rest = rest.trim_start_matches([' ', '\t', '\r', '\n', '\\']);
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
    let value = quote.map_or(rest, |quote| &rest[quote.len_utf8()..]);
    let start = text.len() - value.len();
    let mut escaped = false;
    let stop = value.find(|c: char| match quote {
        Some(quote) if !escaped && c == quote => true,
        Some(_) => {
            escaped = c == '\\' && !escaped;
            false
        }
        None => c.is_whitespace() || matches!(c, '&' | ',' | ';' | '}' | ']' | '"' | '<'),
    });
    let end = stop.map_or(text.len(), |stop| start + stop);
    (end > start && &text[start..end] != MASK).then_some(start..end)
}

/// JSON web tokens anywhere, and the word after `Bearer` or `Basic`.
fn mask_words(text: &str) -> String {
    let mut after_scheme = false;
    map_words(text, |word| {
        // "Basic authentication" is prose, "Basic Zm9vOmJhcg==" is not.
        let is_prose = !word
            .bytes()
            .skip(1)
            .any(|b| b.is_ascii_digit() || b.is_ascii_uppercase() || b == b'=');
        let is_jwt = word.starts_with("eyJ") && word.len() >= 16;
        let is_secret = is_jwt || (after_scheme && word.len() >= 8 && !is_prose);
        after_scheme = ["bearer", "basic"].iter().any(|scheme| word.eq_ignore_ascii_case(scheme));
        is_secret.then_some(MASK)
    })
}

/// Maps every run of characters that a token may be made of.
fn map_words(text: &str, mut map: impl FnMut(&str) -> Option<&'static str>) -> String {
    let of_token = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
    let mut mapped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(of_token) {
        let (between, word) = rest.split_at(start);
        let end = word.find(|c| !of_token(c)).unwrap_or(word.len());
        mapped.push_str(between);
        mapped.push_str(map(&word[..end]).unwrap_or(&word[..end]));
        rest = &word[end..];
    }
    mapped.push_str(rest);
    mapped
}
