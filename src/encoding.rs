//! Percent-encoding, of forms and of URLs, and escapes undone, those of JSON and HTML as well.

use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};

/// `application/x-www-form-urlencoded`, as RFC 6749 appendix B asks for token
/// requests: a space becomes `+`.
pub(crate) fn encode_form(text: &str) -> String {
    let is_kept = |byte: u8| byte.is_ascii_alphanumeric() || b" *-._".contains(&byte);
    encode(text, |byte, _| is_kept(byte)).replace(' ', "+")
}

/// The parts of HTTP Basic (RFC 6749 §2.3.1). A space is `%20`: whoever decodes forms reads it as
/// well as `+`, and there are servers that decode percent-escapes alone (Authlib 1.9.10).
pub(crate) fn encode_basic(text: &str) -> String {
    encode_form(text).replace('+', "%20")
}

/// RFC 3986 §2.3: all but the unreserved characters, for one segment of a path.
pub(crate) fn encode_segment(text: &str) -> String {
    encode(text, |byte, _| is_unreserved(byte))
}

/// A name or value of a query (RFC 3986 §3.4), where `:`, `/` and `@` may stand: dates stay
/// readable. A space becomes `%20`: `+` is a plus sign to many servers.
pub(crate) fn encode_query(text: &str) -> String {
    encode(text, |byte, _| is_unreserved(byte) || b":/@".contains(&byte))
}

/// What a caller wrote as a path or query: reserved characters and valid escapes stay,
/// what may not stand in a URL is escaped.
pub(crate) fn encode_path(text: &str) -> Cow<'_, str> {
    if text.bytes().all(is_path_byte) {
        return Cow::Borrowed(text);
    }
    let is_code = |code: &[u8]| code.iter().all(u8::is_ascii_hexdigit);
    Cow::Owned(encode(text, |byte, after| {
        is_path_byte(byte) || byte == b'%' && after.get(..2).is_some_and(is_code)
    }))
}

fn is_path_byte(byte: u8) -> bool {
    is_unreserved(byte) || b":/?@!$&'()*+,;=[]".contains(&byte)
}

/// `name=value` pairs as a form body.
pub(crate) fn encode_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut form = String::new();
    for (name, value) in pairs {
        push_pair(&mut form, name, value, encode_form);
    }
    form
}

/// Adds a pair to a form or a query.
pub(crate) fn push_pair(text: &mut String, name: &str, value: &str, encode: fn(&str) -> String) {
    let separator = if text.is_empty() { "" } else { "&" };
    *text += &[separator, &encode(name), "=", &encode(value)].concat();
}

/// Undoes [`encode_form`] and [`encode_query`]; bad escapes stay as they are.
pub(crate) fn decode(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let escaped = match byte {
            b'%' => ahead.next().and_then(hex_digit).zip(ahead.next().and_then(hex_digit)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                decoded.push(high << 4 | low);
                bytes = ahead;
            }
            None => decoded.push(if byte == b'+' { b' ' } else { byte }),
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| digit.try_into().ok())
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Escapes the bytes that are not kept; whether one is may depend on what follows it.
fn encode(text: &str, is_kept: impl Fn(u8, &[u8]) -> bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        match is_kept(*byte, after) {
            true => encoded.push(char::from(*byte)),
            false => encoded.push_str(&format!("%{byte:02X}")),
        }
        rest = after;
    }
    encoded
}

/// A short name for a text: FNV-1a, 128 bits, over words of eight bytes, since a page is
/// long. For telling texts apart, not for hiding them.
pub(crate) fn fingerprint(text: &str) -> u128 {
    // Else a text would share its name with one that ends in NUL.
    let length = u128::try_from(text.len()).unwrap_or_default();
    let offset = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    text.as_bytes().chunks(8).fold(offset ^ length, |hash, chunk| {
        let word = chunk.iter().rev().fold(0, |word, byte| word << 8 | u128::from(*byte));
        (hash ^ word).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    })
}

/// The first character, or the one that an escape at the start means, and the rest.
pub(crate) fn unescape(text: &str) -> Option<(char, &str)> {
    let escape = match text.chars().next()? {
        '\\' => in_json(text),
        '%' => in_url(text),
        '&' => in_html(text),
        _ => None,
    };
    escape.or_else(|| literal(text))
}

/// RFC 8259 §7, also in a string inside another.
fn in_json(text: &str) -> Option<(char, &str)> {
    let depth = text.bytes().take(LONGEST_ESCAPE).take_while(|b| *b == b'\\').count();
    let (_, after) = text.split_at_checked(depth)?;
    let code = after.strip_prefix('u').and_then(|code| code.split_at_checked(4));
    match code.and_then(|(code, after)| Some((hex(code)?, after))) {
        Some(escape) => Some(escape),
        None if after.starts_with(['"', '/']) => literal(after),
        None => Some(('\\', after)),
    }
}

/// A percent-encoded character, of as many bytes as UTF-8 needs.
fn in_url(text: &str) -> Option<(char, &str)> {
    let (mut bytes, mut rest) = (Vec::new(), text);
    while bytes.len() < 4 {
        let (code, after) = rest.strip_prefix('%')?.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(code, 16).ok()?);
        rest = after;
        if let Some(c) = std::str::from_utf8(&bytes).ok().and_then(|text| text.chars().next()) {
            return Some((c, rest));
        }
    }
    None
}

/// Character references of HTML.
fn in_html(text: &str) -> Option<(char, &str)> {
    let end = text.bytes().take(LONGEST_ESCAPE).position(|b| b == b';')?;
    let (name, after) = text.split_at_checked(end)?;
    let (name, after) = (name.strip_prefix('&')?, after.strip_prefix(';')?);
    let c = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        name => match name.strip_prefix("#x").or(name.strip_prefix("#X")) {
            Some(code) => hex(code)?,
            None => char::from_u32(name.strip_prefix('#')?.parse().ok()?)?,
        },
    };
    Some((c, after))
}

fn hex(code: &str) -> Option<char> {
    char::from_u32(u32::from_str_radix(code, 16).ok()?)
}

/// The first character and the rest.
pub(crate) fn literal(text: &str) -> Option<(char, &str)> {
    let mut chars = text.chars();
    Some((chars.next()?, chars.as_str()))
}

const LONGEST_ESCAPE: usize = 9;

/// A name that nobody else has: 128 bits from the only random source of the standard library.
pub(crate) fn random_name() -> String {
    let random = || RandomState::new().hash_one(0_u8);
    format!("{:016x}{:016x}", random(), random())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every byte that UTF-8 can have, in ever new company.
    fn texts() -> impl Iterator<Item = String> {
        const STRANGE: [&str; 7] =
            ["%41", "%", "%%4", "+", " ", "a b&c=d;e", "\u{10ffff}\0\u{7f}\r\n"];
        let chars = (0..0x3000).step_by(5).filter_map(char::from_u32);
        let chars =
            chars.zip(STRANGE.iter().cycle()).map(|(c, strange)| format!("{strange}{c}~/:"));
        STRANGE.map(str::to_owned).into_iter().chain(chars)
    }

    #[test]
    fn forms_are_encoded_and_decoded_as_the_form_urlencoded_crate_does_it() {
        for text in texts() {
            let bytes = text.as_bytes();
            let expected: String = form_urlencoded::byte_serialize(bytes).collect();
            assert_eq!(encode_form(&text), expected);
            let pairs = encode_pairs([(text.as_str(), "1"), ("x", &text)]);
            let read: Vec<_> = form_urlencoded::parse(pairs.as_bytes()).into_owned().collect();
            assert_eq!(read, [(text.clone(), "1".to_owned()), ("x".to_owned(), text.clone())]);
            let undone = form_urlencoded::parse(text.as_bytes()).next().map(|(name, _)| name);
            let name = text.split(['&', '=']).next().unwrap();
            assert_eq!(decode(name), undone.unwrap_or_default(), "{text:?}");
            for encoded in [encode_form(&text), encode_segment(&text), encode_query(&text)] {
                assert_eq!(decode(&encoded), text);
            }
        }
    }

    #[test]
    fn segments_queries_and_paths_are_encoded_as_rfc_3986_has_it() {
        const UNRESERVED: &str =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
        let escaped = |text: &str, kept: &str| {
            let bytes = text.bytes().map(|byte| match UNRESERVED.contains(char::from(byte)) {
                _ if kept.contains(char::from(byte)) => char::from(byte).to_string(),
                true => char::from(byte).to_string(),
                false => format!("%{}{}", hex(byte >> 4), hex(byte & 15)),
            });
            bytes.collect::<String>()
        };
        for text in texts() {
            assert_eq!(encode_segment(&text), escaped(&text, ""));
            assert_eq!(encode_query(&text), escaped(&text, ":/@"));
            // Escapes stay, so what has none is encoded like the rest, and only once.
            let path = encode_path(&text);
            assert_eq!(encode_path(&path), path);
            if !text.contains('%') {
                assert_eq!(path, escaped(&text, ":/?@!$&'()*+,;=[]"));
            }
        }
        assert_eq!(encode_path("%41%4%g1%e4%"), "%41%254%25g1%e4%25");
    }

    fn hex(digit: u8) -> char {
        char::from_digit(digit.into(), 16).unwrap().to_ascii_uppercase()
    }

    /// As another implementation has them: what is kept in files must be found again.
    #[test]
    fn a_fingerprint_is_the_same_for_ever() {
        let cases = [
            ("", 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d),
            ("a", 0xd228_cb69_701a_8caf_7891_2b70_4e4a_8a9f),
            ("a\0", 0xd228_cb69_711a_8caf_7891_2b70_4e4a_8bda),
            ("12345678", 0x9d1c_dc9b_371a_8ca5_6e11_9c2a_9f72_ca7c),
            ("123456789", 0x7d22_e5c9_96ab_0f8e_6fab_2872_3240_77ba),
            ("\u{e4}\u{20ac}", 0x36a6_ad04_ce1a_8caf_7891_a717_32e4_b749),
        ];
        for (text, expected) in cases {
            assert_eq!(fingerprint(text), expected, "{text:?}");
        }
    }
}
