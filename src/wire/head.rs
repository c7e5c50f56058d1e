//! The head of an answer, before ureq reads it: whether it is all there, and what other
//! clients read and ureq does not.

use std::io::BufRead;

/// What the bytes that came so far begin with.
#[derive(Debug, PartialEq)]
pub(crate) enum Head {
    /// A part of a head, or nothing.
    Part,
    /// A head of this length. One that is not plain has to be made [`readable`].
    Whole { length: usize, status: u16, is_plain: bool },
    /// Something else: ureq knows what to say about it.
    Strange,
}

impl Head {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        // RFC 9112 §2.2 allows for empty lines.
        let first = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n'));
        let Some((empty, head)) = bytes.split_at_checked(first.unwrap_or(bytes.len())) else {
            return Self::Strange;
        };
        let start = head.len().min(START.len());
        if head.get(..start) != START.get(..start) {
            return Self::Strange;
        }
        let (mut length, mut is_plain) = (empty.len(), true);
        for (number, line) in lines(head).enumerate() {
            length += line.len();
            match line {
                _ if !line.ends_with(b"\n") => return Self::Part,
                b"\r\n" | b"\n" => {
                    let Some(status) = status(head) else { return Self::Strange };
                    return Self::Whole { length, status, is_plain };
                }
                _ if number == 0 => {}
                _ => match is_plain_header(line) {
                    Some(it) => is_plain &= it,
                    // More of it would not make it a header.
                    None => return Self::Strange,
                },
            }
        }
        Self::Part
    }
}

/// Each with its end, looked for many bytes at a time.
fn lines(mut rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (line, others) = rest.split_at_checked((&mut &*rest).skip_until(b'\n').ok()?)?;
        rest = others;
        Some(line).filter(|line| !line.is_empty())
    })
}

/// `HTTP/1.1 200 OK`.
fn status(head: &[u8]) -> Option<u16> {
    std::str::from_utf8(head.get(9..12)?).ok()?.parse().ok()
}

/// RFC 9110 §15.2; a switch of protocols is final.
pub(crate) fn is_interim(status: u16) -> bool {
    matches!(status, 100 | 102..=199)
}

/// Whether ureq reads this line as other clients do; `None` if it is no header.
fn is_plain_header(line: &[u8]) -> Option<bool> {
    if matches!(line, [b' ' | b'\t', ..]) {
        return Some(false);
    }
    let name = name(line)?;
    Some(!matches!(name, [.., b' ' | b'\t']) && !name.eq_ignore_ascii_case(CONTENT_ENCODING))
}

fn name(line: &[u8]) -> Option<&[u8]> {
    line.get(..line.iter().position(|byte| *byte == b':')?)
}

/// A head that ureq reads, of the same length:
///
/// * a folded line becomes one line (RFC 9112 §5.2);
/// * blanks before a colon go behind it (§5.1);
/// * the names of codings are written in capitals, which mean the same (RFC 9110 §8.4.1): then
///   ureq never decodes, but always this crate.
pub(crate) fn readable(head: &[u8]) -> Vec<u8> {
    let mut head = head.to_vec();
    unfold(&mut head);
    for line in head.split_mut(|byte| *byte == b'\n').skip(1) {
        let Some(name) = name(line) else { continue };
        let (colon, bare) = (name.len(), name.trim_ascii_end());
        let first_blank = matches!(name, [.., b' ' | b'\t']).then_some(bare.len());
        if bare.eq_ignore_ascii_case(CONTENT_ENCODING) {
            line.make_ascii_uppercase();
        }
        line.swap(first_blank.unwrap_or(colon), colon);
    }
    head
}

/// A line that begins with a blank goes on with the one before it, if that is a header.
fn unfold(head: &mut [u8]) {
    let is_end = |at: &usize| head.get(*at) == Some(&b'\n');
    let ends: Vec<usize> = (0..head.len()).filter(is_end).skip(1).collect();
    for end in ends {
        if !matches!(head.get(end + 1), Some(b' ' | b'\t')) {
            continue;
        }
        for at in [end.saturating_sub(1), end] {
            if let Some(byte @ (b'\r' | b'\n')) = head.get_mut(at) {
                *byte = b' ';
            }
        }
    }
}

const START: &[u8] = b"HTTP/1.";
const CONTENT_ENCODING: &[u8] = b"content-encoding";

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "HTTP/1.1 200 OK\r\na: b\r\n\r\n";

    #[test]
    fn a_head_is_whole_at_its_empty_line_and_not_before() {
        for plain in [PLAIN, "HTTP/1.0 200\na: b\n\n", "\r\n\nHTTP/1.1 200 OK\r\n\r\n"] {
            for length in 0..plain.len() {
                assert_eq!(Head::of(&plain.as_bytes()[..length]), Head::Part, "{length}");
            }
            let whole = Head::Whole { length: plain.len(), status: 200, is_plain: true };
            assert_eq!(Head::of(plain.as_bytes()), whole);
            assert_eq!(Head::of(format!("{plain}body\r\n\r\n").as_bytes()), whole);
        }
        for strange in
            ["S", "SSH-2.0\r\n", "HTTP/2", "HTTP/1.1 200 OK\r\nnonsense\r\n", "HTTP/1.1 2\r\n\r\n"]
        {
            assert_eq!(Head::of(strange.as_bytes()), Head::Strange, "{strange}");
        }
    }

    #[test]
    fn what_other_clients_read_is_made_readable_in_place() {
        let cases = [
            ("a: b\r\n c\r\nd: e\r\n", "a: b   c\r\nd: e\r\n"),
            ("a: b\n\tc\nd: e\n", "a: b \tc\nd: e\n"),
            ("a: b\r\n \r\n  c\r\n", "a: b       c\r\n"),
            ("a  : b : c\r\n", "a:   b : c\r\n"),
            ("a\t: b\r\n", "a:\t b\r\n"),
            ("Content-Encoding: gzip\r\n", "CONTENT-ENCODING: GZIP\r\n"),
            ("content-encoding :\r\n gzip\r\n", "CONTENT-ENCODING:    GZIP\r\n"),
        ];
        let is_plain = |head: &str| match Head::of(head.as_bytes()) {
            Head::Whole { is_plain, .. } => is_plain,
            other => panic!("{other:?}"),
        };
        for (said, read) in cases {
            let head = |lines: &str| format!("HTTP/1.1 200 OK\r\n{lines}\r\n");
            assert!(!is_plain(&head(said)));
            let made = readable(head(said).as_bytes());
            assert_eq!(String::from_utf8(made).unwrap(), head(read));
        }
        // ureq says what is wrong with the second.
        for same in [PLAIN, "HTTP/1.1 200 OK\r\na b: c\r\n\r\n"] {
            assert!(is_plain(same));
            assert_eq!(readable(same.as_bytes()), same.as_bytes());
        }
        let first = b"HTTP/1.1 200 OK\r\n a: b\r\n\r\n";
        assert_eq!(readable(first), first);
    }
}
