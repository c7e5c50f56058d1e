//! Whole walks over pages: envelopes and `Link` headers.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use unattended::{Error, Items, Pagination, ResumePoint};

use super::server::{Answer, Server, TOKEN};
use super::{check_error, hides};

/// The input is a line with the style, and answers between lines of `---`; then comes 404.
pub fn check(data: &[u8]) {
    let (style, rest) = match data.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (data, &[][..]),
    };
    let (pagination, key) = match style {
        b"next_page" => (Pagination::cursor("page", "meta.next_page").with_rows_at("data"), "data"),
        b"next_link" => (Pagination::detect(), "items"),
        b"single" => (Pagination::single(), "items"),
        _ => (Pagination::page_numbers("page_number"), "items"),
    };
    let answers: Vec<Answer> = split(rest).map(|text| success(Answer::read(text))).collect();
    let server = Server::here();
    let nothing = Answer { status: 404, ..Answer::ok("{}") };
    let client = server.kept();
    server.play(None, &answers, &nothing);
    let mut items = client.items::<Value>("/v1/rows?filter=a+b").with_pagination(pagination);
    let (rows, error) = walk(&mut items, answers.len());
    let seen = server.seen();
    assert!(!seen.is_empty() && seen.len() <= answers.len() + 1, "{seen:#?}");
    for (at, line) in seen.iter().enumerate() {
        assert!(line.starts_with("GET /") && !seen[..at].contains(line), "{seen:#?}");
    }
    let pages: Vec<Vec<Value>> =
        answers.iter().take(seen.len()).map(|answer| rows_of(&answer.body, key)).collect();
    // A last page that comes again is not delivered again.
    let again = match &pages[..] {
        [.., before, last] if before == last => last.len(),
        _ => 0,
    };
    let sent = pages.concat();
    assert_eq!(rows, sent[..rows.len()], "of {sent:?}");
    assert_eq!(items.progress().delivered, u64::try_from(rows.len()).unwrap());
    assert!(items.next().is_none());
    match error {
        None => {
            let is_whole = rows.len() == sent.len() || rows.len() + again == sent.len();
            assert!(is_whole, "rows are missing, and no error");
            assert!(items.resume_point().is_none());
        }
        Some(error) => {
            check_error(&error);
            hides(&error, TOKEN);
        }
    }
}

/// Of a page only success is one; the rest is the error target's.
fn success(answer: Answer) -> Answer {
    Answer { status: 200, ..answer }
}

fn split(mut rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut is_over = false;
    std::iter::from_fn(move || {
        if is_over {
            return None;
        }
        match rest.windows(5).position(|five| five == b"\n---\n") {
            Some(at) => {
                let page = &rest[..at];
                rest = &rest[at + 5..];
                Some(page)
            }
            None => {
                is_over = true;
                Some(rest)
            }
        }
    })
    .take(MOST_PAGES)
}

/// Walks to the end; on the way each resume point survives being a text.
fn walk(items: &mut Items<'_, Value>, pages: usize) -> (Vec<Value>, Option<Error>) {
    let mut rows = Vec::new();
    while let Some(row) = items.next() {
        let point = items.resume_point();
        if let Some(point) = point.filter(|_| rows.len() < 3) {
            let text = point.to_string();
            assert_eq!(text.parse::<ResumePoint>().unwrap(), point, "{text}");
            assert_eq!(point.delivered(), items.progress().delivered);
        }
        match row {
            Ok(row) => rows.push(row),
            Err(error) => return (rows, Some(error)),
        }
    }
    assert!(items.progress().page > 0 || pages == 0);
    (rows, None)
}

/// The rows of a page, in another way than the crate's; those before what is not JSON
/// count.
fn rows_of(body: &[u8], key: &str) -> Vec<Value> {
    let Ok(text) = std::str::from_utf8(body) else { return Vec::new() };
    let mut rows = Vec::new();
    let mut json =
        serde_json::Deserializer::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    let _ = json.deserialize_any(Rows { key: Some(key), rows: &mut rows });
    rows
}

/// The elements of an array; with a key also those of the members of that name.
struct Rows<'a> {
    key: Option<&'a str>,
    rows: &'a mut Vec<Value>,
}

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(row) = seq.next_element()? {
            self.rows.push(row);
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if Some(name.as_str()) == self.key {
                map.next_value_seed(Rows { key: None, rows: self.rows })?;
            } else {
                map.next_value::<Value>()?;
            }
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Rows<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

const MOST_PAGES: usize = 12;
