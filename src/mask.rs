//! Secrets that do not print, and the mask that is laid over everything a server says.

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use crate::encoding::{encode_form, literal, unescape};

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

/// Whether a header of this name carries a secret, as `Cookie` and `X-Api-Key` do.
pub(crate) fn is_secret_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_HEADERS.iter().any(|word| name.contains(word))
}

/// Words in the names of headers; in texts they would be too common.
const SECRET_HEADERS: [&str; 12] = [
    "authorization",
    "cookie",
    "token",
    "secret",
    "password",
    "api-key",
    "apikey",
    "access-key",
    "auth-key",
    "subscription-key",
    "functions-key",
    "signature",
];

/// Of a value that may be secret or not: masking words of everyday length would hide what
/// was said.
pub(crate) const SHORTEST_VALUE: usize = 8;

/// What must not be shown: made where the secrets are, and handed to whoever quotes a
/// server or somebody else's code. Clones are cheap.
#[derive(Clone, Default)]
pub(crate) struct Mask {
    secrets: Arc<[Secret]>,
}

impl Mask {
    pub(crate) fn of(secrets: impl IntoIterator<Item = String>) -> Self {
        Self::default().and(secrets)
    }

    pub(crate) fn and(&self, secrets: impl IntoIterator<Item = String>) -> Self {
        let more = secrets.into_iter().map(Secret::from);
        Self { secrets: self.secrets.iter().cloned().chain(more).collect() }
    }

    /// Replaces the secrets and everything that looks like one: values of the names above
    /// in JSON and forms, JSON web tokens, and credentials after `Bearer` or `Basic`.
    pub(crate) fn hide(&self, text: &str) -> String {
        let masked = self.hide_seen(text);
        // Between the characters of a secret, as in UTF-16, they hide it from here and not from
        // a reader.
        let without_controls =
            |text: &str| text.replace(|c: char| c.is_control() && !c.is_whitespace(), "");
        let plain = without_controls(text);
        if plain.len() == text.len() {
            return masked;
        }
        let found = self.hide_seen(&plain);
        if found == without_controls(&masked) { masked } else { found }
    }

    fn hide_seen(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        for secret in self.secrets.iter().map(Secret::expose).filter(|secret| secret.len() >= 3) {
            masked = masked.replace(secret, MASK);
            // In no other spelling.
            if !masked.contains(['\\', '%', '&', '+']) {
                continue;
            }
            masked = masked.replace(&encode_form(secret), MASK);
            let escaped = serde_json::Value::from(secret).to_string();
            let escaped = escaped.trim_matches('"');
            masked = masked.replace(escaped, MASK).replace(&in_ascii(escaped), MASK);
            masked = mask_escaped(&masked, secret);
        }
        mask_named(&mask_words(&masked))
    }

    /// Hides also all that could be an opaque token. For bodies with one under an unknown name or
    /// none, such as a token answer that cannot be read.
    pub(crate) fn hide_opaque(&self, text: &str) -> String {
        map_words(&self.hide(text), |word| {
            (word.len() >= 16 || (word.len() >= 8 && !is_prose(word))).then_some(MASK)
        })
    }

    /// How long the longest of the secrets is.
    pub(crate) fn longest(&self) -> usize {
        self.secrets.iter().map(|secret| secret.expose().len()).max().unwrap_or(0)
    }
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

/// Replaces `secret` as it is spelt in JSON, in URLs and in HTML: encoders differ in what
/// they escape, so no list of spellings would do.
fn mask_escaped(text: &str, secret: &str) -> String {
    let spelt_at = |start| {
        secret.chars().try_fold(start, |rest, wanted| {
            let (c, after) = unescape(rest)?;
            // A plus in a form is a space, but not every encoder escapes it.
            (c == wanted || (c == '+' && wanted == ' ')).then_some(after)
        })
    };
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((c, after)) = literal(rest) {
        let spelt = spelt_at(rest);
        rest = spelt.unwrap_or(after);
        match spelt {
            Some(_) => masked.push_str(MASK),
            None => masked.push(c),
        }
    }
    masked
}

/// `"access_token" : "value"` and `access_token=value`.
fn mask_named(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut done = 0;
    for (end, start) in names_in(text) {
        if start < done {
            continue;
        }
        let Some(value) = value_after(text, end) else { break };
        masked.push_str(text.get(done..value.start).unwrap_or_default());
        masked.push_str(if value.is_empty() { "" } else { MASK });
        done = value.end;
    }
    masked.push_str(text.get(done..).unwrap_or_default());
    masked
}

/// Where the names end and begin, in the order of their ends. All are looked for at once: a
/// text may consist of nothing else.
fn names_in(text: &str) -> Vec<(usize, usize)> {
    if !text.contains([':', '=']) {
        return Vec::new();
    }
    // Lower case has the same length and the same boundaries in ASCII.
    let lower = text.to_ascii_lowercase();
    let found = SECRET_NAMES.iter().flat_map(|name| {
        lower.match_indices(name).map(|(start, name)| (start + name.len(), start))
    });
    let mut found: Vec<_> = found.collect();
    found.sort_unstable();
    found
}

/// The value that belongs to the name that ends at `end`; empty if there is none.
fn value_after(text: &str, end: usize) -> Option<Range<usize>> {
    let (name, rest) = text.split_at_checked(end)?;
    let value = value_of(rest);
    let start = name.len() + (rest.len() - value.len());
    let length = end_of_value(text.get(..start)?, value);
    Some(start..start + length)
}

/// What follows a name, from the first character of its value on; all of it if no value
/// follows.
fn value_of(rest: &str) -> &str {
    let value = rest.trim_start_matches(['"', '\'', '\\', ' ', '\t', '\r', '\n']);
    let Some(value) = value.strip_prefix([':', '=']) else {
        return rest;
    };
    let value = value.trim_start_matches([' ', '\t', '\r', '\n', '\\']);
    value.strip_prefix(['"', '\'']).unwrap_or(value)
}

/// Where the value ends: at its closing quote, or where an unquoted one must.
fn end_of_value(before: &str, value: &str) -> usize {
    let quote = before.chars().next_back();
    let mut is_escaped = false;
    let end = value.find(|c: char| match quote {
        Some('"' | '\'') => {
            let ends = Some(c) == quote && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            ends
        }
        Some(':' | '=' | ' ' | '\\' | '\t' | '\r' | '\n') => {
            c.is_whitespace() || "&,;}]\"<".contains(c)
        }
        // A name without a value.
        _ => true,
    });
    end.unwrap_or(value.len())
}

/// JSON web tokens anywhere, and the word after `Bearer` or `Basic`.
fn mask_words(text: &str) -> String {
    let mut after_scheme = false;
    map_words(text, |word| {
        let is_jwt = word.find("eyJ").is_some_and(|start| word.len() - start >= 16);
        let is_secret = is_jwt || (after_scheme && word.len() >= 8 && !is_prose(word));
        after_scheme = ["bearer", "basic"].iter().any(|scheme| word.eq_ignore_ascii_case(scheme));
        is_secret.then_some(MASK)
    })
}

/// As in `Basic authentication`, and not in `Basic Zm9vOmJhcg==`.
pub(crate) fn is_prose(word: &str) -> bool {
    let is_odd = |b: u8| b.is_ascii_digit() || b.is_ascii_uppercase() || b == b'=';
    !word.bytes().skip(1).any(is_odd)
}

/// Maps every run of characters that a token may be made of.
fn map_words(text: &str, mut map: impl FnMut(&str) -> Option<&'static str>) -> String {
    let of_token = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
    let mut mapped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(of_token) {
        let (between, following) = rest.split_at(start);
        let end = following.find(|c| !of_token(c)).unwrap_or(following.len());
        let (word, after) = following.split_at(end);
        mapped.push_str(between);
        mapped.push_str(map(word).unwrap_or(word));
        rest = after;
    }
    mapped.push_str(rest);
    mapped
}

/// What somebody else's code says of its failure: without what it may repeat, and without
/// what could be an opaque token.
pub(crate) fn mask_foreign(text: &str) -> String {
    Mask::default().hide_opaque(&mask_repeated(text))
}

/// Without passwords in URLs, and without what stands in quotes or brackets, where libraries
/// repeat what they were given.
pub(crate) fn mask_repeated(text: &str) -> String {
    let text = mask_user_info(text);
    let mut masked = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(start) = rest.find(['"', '\'', '`', '[']) {
        let (before, quoted) = rest.split_at(start);
        masked.push_str(before);
        let mut chars = quoted.chars();
        let open = chars.next().unwrap_or_default();
        masked.push(open);
        rest = chars.as_str();
        // As in "can't".
        if open == '\'' && before.ends_with(char::is_alphanumeric) {
            continue;
        }
        masked.push_str(MASK);
        let (_, after) = rest.split_at_checked(end_of_quotation(open, rest)).unwrap_or_default();
        let mut after = after.chars();
        masked.extend(after.next());
        rest = after.as_str();
    }
    masked + rest
}

/// Where the quotation has its closing mark that `open` begins; its end if there is none.
fn end_of_quotation(open: char, quoted: &str) -> usize {
    let close = if open == '[' { ']' } else { open };
    let mut is_escaped = false;
    let end = quoted.find(|c: char| {
        let ends = c == close && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        ends
    });
    end.unwrap_or(quoted.len())
}

/// A path that a setting names, unless it may be the secret itself, set in its place by mistake.
/// That is so if it leads to no folder that exists and is not made of plain words.
pub(crate) fn shown_path(path: &Path) -> String {
    let text = path.display().to_string();
    let mut above = path.ancestors().skip(1).filter(|folder| folder.file_name().is_some());
    let is_path =
        path.exists() || above.any(Path::exists) || text.starts_with('/') && is_prose(&text);
    if is_path { text } else { format!("{MASK} (masked, because it may be the secret itself)") }
}

/// A path without the password of a URL that lacks its scheme: `//user:password@host`.
pub(crate) fn mask_user_info(path: &str) -> String {
    let masked = |segment: &str| {
        let (info, host) = segment.rsplit_once('@')?;
        let (user, _) = info.split_once(':')?;
        Some(format!("{user}:{MASK}@{host}"))
    };
    let segments = path.split('/').map(|part| masked(part).unwrap_or_else(|| part.to_owned()));
    segments.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests;
