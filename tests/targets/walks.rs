//! Walks over an API that is made up from the input, and that knows its own rows.

use serde_json::{Map, Value, json};
use unattended::error::ErrorKind;
use unattended::{Error, Pagination};

use super::check_error;
use super::server::{Answer, Server};

/// The input is the source of what is random; where it ends, zeros follow.
pub fn check(data: &[u8]) {
    let mut random = Random(data.iter());
    let api = Api::new(&mut random);
    let (all, declared, detected) =
        (api.rows(), api.pagination(), api.at_rows(Pagination::detect()));
    let (is_honest, told) = (api.is_honest(), format!("{api:?}"));
    // Each page once, and some beyond the last.
    let most = api.pages.len().max(all.len()) + 12;
    let server = Server::here();
    let client = server.kept();
    server.answer(move |line| api.answer(line));
    for (pagination, is_declared) in [(declared, true), (detected, false)] {
        let told = format!("{told}\n{pagination:?}");
        let before = server.seen().len();
        let mut items = client.items::<Value>("/v1/rows").with_pagination(pagination);
        let (mut rows, mut error) = (Vec::new(), None);
        // More than there are is the most that a walk may come to.
        for row in items.by_ref().take(3 * all.len() + 10) {
            match row {
                Ok(row) => rows.push(row),
                Err(why) => error = Some(why),
            }
        }
        assert!(items.next().is_none(), "the walk does not end\n{told}");
        assert!(server.seen().len() - before <= most, "{} requests\n{told}", server.seen().len());
        let Some(error) = error else {
            assert_eq!(rows, all, "{told}");
            assert!(items.progress().proof.is_some(), "{told}");
            continue;
        };
        check_error(&error);
        let length = rows.len().min(all.len());
        assert_eq!(rows[..length], all[..length], "{error}\n{told}");
        assert!(!(is_declared && is_honest), "{error}\n{told}");
        assert!(matches!(error, Error::Incomplete(_) | Error::Status(_)), "{error}\n{told}");
        assert!(
            is_declared || error.kind() == ErrorKind::Configuration || !is_honest,
            "{error}\n{told}"
        );
    }
}

struct Random<'a>(std::slice::Iter<'a, u8>);

impl Random<'_> {
    fn below(&mut self, end: u8) -> u8 {
        self.0.next().map_or(0, |byte| byte % end)
    }

    fn one(&mut self, of: &[&'static str]) -> &'static str {
        of[usize::from(self.below(u8::try_from(of.len()).unwrap()))]
    }

    /// A word that the API says, or none.
    fn word(&mut self, of: &[&'static str]) -> Option<&'static str> {
        (self.below(2) == 1).then(|| self.one(of))
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    LinkHeader,
    Link,
    Cursor,
    CursorHeader,
    Numbers(u64),
    Offsets(u64),
    AfterRow,
}

/// What is answered beyond the last page, where pages are counted.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Beyond {
    Nothing,
    Refusal,
    /// The last page once more, under its own number.
    LastPage,
    /// The same under the number that was asked for.
    Echo,
}

/// An API, and what it says around its rows.
#[derive(Debug)]
struct Api {
    way: Way,
    beyond: Beyond,
    pages: Vec<Vec<Value>>,
    rows_at: &'static str,
    container: &'static str,
    total: Option<&'static str>,
    page_count: Option<&'static str>,
    has_more: Option<&'static str>,
    last: Option<&'static str>,
    place: Option<&'static str>,
    size: Option<&'static str>,
    count: Option<&'static str>,
    /// The end of links and cursors is said, and not only left out.
    end: Option<Value>,
    /// It states the page size that was asked for, and sends fewer rows.
    echoes_size: bool,
    most: usize,
    words_in_headers: bool,
}

const ASKED: u64 = 1000;

impl Api {
    fn new(random: &mut Random<'_>) -> Self {
        let way = match random.below(9) {
            0 => Way::LinkHeader,
            1 => Way::Link,
            2 => Way::Cursor,
            3 => Way::CursorHeader,
            4 => Way::Numbers(1),
            5 => Way::Numbers(0),
            6 => Way::Offsets(0),
            7 => Way::Offsets(1),
            _ => Way::AfterRow,
        };
        let names_next =
            matches!(way, Way::LinkHeader | Way::Link | Way::Cursor | Way::CursorHeader);
        let most = usize::from(random.below(4)) + 1;
        let count = usize::from(random.below(13));
        let has_ids = random.below(4) > 0 || way == Way::AfterRow;
        let rows =
            (1..=count).map(|id| if has_ids { json!({"id": id}) } else { json!({"on": true}) });
        let rows: Vec<Value> = rows.collect();
        let mut pages: Vec<Vec<Value>> = Vec::new();
        let mut rest = &rows[..];
        while !rest.is_empty() {
            // Filters may leave pages empty where the answer names what follows; and short
            // where pages are numbered.
            let is_cut = names_next || matches!(way, Way::Numbers(_));
            let least = usize::from(!names_next);
            let length = match is_cut && random.below(3) == 0 {
                true => usize::from(random.below(u8::try_from(most).unwrap() + 1)).max(least),
                false => most,
            };
            let is_tenth = pages.iter().rev().take(9).all(Vec::is_empty);
            let length = if is_tenth { length.max(1) } else { length };
            let (page, left) = rest.split_at(length.min(rest.len()));
            pages.push(page.to_vec());
            rest = left;
        }
        if pages.is_empty() {
            pages.push(Vec::new());
        }
        let is_bare = random.below(4) == 0 && !matches!(way, Way::Link | Way::Cursor);
        Self {
            way,
            beyond: match random.below(6) {
                0 => Beyond::Refusal,
                1 => Beyond::LastPage,
                2 => Beyond::Echo,
                _ => Beyond::Nothing,
            },
            pages,
            rows_at: if is_bare { "" } else { random.one(&["items", "data.items", "value"]) },
            container: random.one(&["", "pagination", "meta", "paging", "other"]),
            total: random.word(&["total", "total_count", "totalItems"]),
            page_count: random.word(&["total_pages", "pageCount", "pages"]),
            has_more: random.word(&["has_more", "hasNextPage", "more"]),
            last: random.word(&["last", "isLast", "done"]),
            place: random.word(&["page", "page_number", "current_page"]),
            size: random.word(&["limit", "page_size", "per_page"]),
            count: random.word(&["count", "itemCount"]),
            end: match random.below(3) {
                0 => Some(Value::Null),
                1 => Some(json!("")),
                _ => None,
            },
            echoes_size: random.below(2) == 1,
            most,
            words_in_headers: random.below(2) == 1,
        }
    }

    fn rows(&self) -> Vec<Value> {
        self.pages.concat()
    }

    fn pagination(&self) -> Pagination {
        let pagination = match self.way {
            Way::LinkHeader => Pagination::link_header(),
            Way::Link => Pagination::next_link(self.path("next")),
            Way::Cursor => Pagination::cursor("at", self.path("next_cursor")),
            Way::CursorHeader => Pagination::cursor("at", "header:x-next-cursor"),
            Way::Numbers(first) => Pagination::page_numbers("at").starting_at(first),
            Way::Offsets(first) => Pagination::offset("at").starting_at(first),
            Way::AfterRow => Pagination::after_row("at", "id"),
        };
        let pagination = self.at_rows(pagination);
        if self.echoes_size { pagination.with_page_size("n", ASKED) } else { pagination }
    }

    fn at_rows(&self, pagination: Pagination) -> Pagination {
        match self.rows_at {
            "" => pagination,
            path => pagination.with_rows_at(path),
        }
    }

    fn path(&self, name: &str) -> String {
        match self.container {
            "" => name.to_owned(),
            container => format!("{container}.{name}"),
        }
    }

    /// Whether a declared walk must be complete.
    fn is_honest(&self) -> bool {
        let has_ids = self.rows().first().is_none_or(|row| row.get("id").is_some());
        self.beyond == Beyond::Nothing && has_ids
    }

    /// What is asked for by a request line, and the answer.
    fn answer(&self, line: &str) -> Answer {
        let target = line.split(' ').nth(1).unwrap_or_default();
        let (_, query) = target.split_once('?').unwrap_or((target, ""));
        let asked = query.split('&').find_map(|pair| pair.strip_prefix("at="));
        let asked: Option<u64> = asked.and_then(|asked| asked.parse().ok());
        let all = self.rows();
        let last = self.pages.len() - 1;
        let slice = |from: u64| {
            let rest = all.get(usize::try_from(from).unwrap()..).unwrap_or_default();
            rest.iter().take(self.most).cloned().collect::<Vec<_>>()
        };
        // The rows, how many are before them, and the place that is told.
        let (rows, before, told) = match self.way {
            Way::Numbers(first) => {
                let at = usize::try_from(asked.unwrap_or(first) - first).unwrap();
                let shown = if self.repeats() { at.min(last) } else { at };
                let told = if self.beyond == Beyond::LastPage { shown } else { at };
                let rows = self.pages.get(shown).cloned().unwrap_or_default();
                if at > last && self.beyond == Beyond::Refusal {
                    return Answer { status: 404, ..Answer::ok("{}") };
                }
                (rows, shown, u64::try_from(told).unwrap() + first)
            }
            Way::Offsets(first) => {
                let offset = asked.unwrap_or(first) - first;
                if offset > 0 && slice(offset).is_empty() && self.beyond == Beyond::Refusal {
                    return Answer { status: 404, ..Answer::ok("{}") };
                }
                (slice(offset), usize::try_from(offset).unwrap() / self.most, offset + first)
            }
            Way::AfterRow => (slice(asked.unwrap_or(0)), 0, 0),
            _ => {
                let at = usize::try_from(asked.unwrap_or(0)).unwrap();
                (self.pages[at].clone(), at, 0)
            }
        };
        let is_more = match self.way {
            Way::Offsets(first) => told - first + (rows.len() as u64) < all.len() as u64,
            Way::AfterRow => asked.unwrap_or(0) + (rows.len() as u64) < all.len() as u64,
            _ => before < last,
        };
        self.page(&rows, before, told, is_more)
    }

    /// Its last page comes for any number beyond.
    fn repeats(&self) -> bool {
        matches!(self.beyond, Beyond::LastPage | Beyond::Echo)
    }

    fn page(&self, rows: &[Value], at: usize, told: u64, is_more: bool) -> Answer {
        let mut words = Map::new();
        let mut say = |name: Option<&str>, value: Value| {
            name.map(|name| words.insert(name.to_owned(), value));
        };
        say(self.total, json!(self.rows().len()));
        say(self.has_more, json!(is_more));
        say(self.last, json!(!is_more));
        say(self.count, json!(rows.len()));
        say(self.size, json!(if self.echoes_size { ASKED } else { self.most as u64 }));
        match self.way {
            Way::Numbers(_) => {
                say(self.page_count, json!(self.pages.len()));
                say(self.place, json!(told));
            }
            Way::Offsets(_) => say(self.place.map(|_| "offset"), json!(told)),
            _ => {}
        }
        let next = is_more.then(|| (at + 1).to_string());
        let link = next.as_ref().map(|next| format!("/v1/rows?at={next}"));
        let named = match self.way {
            Way::Link => Some(("next", link.clone())),
            Way::Cursor => Some(("next_cursor", next.clone())),
            _ => None,
        };
        if let Some((name, value)) = named {
            match (value, &self.end) {
                (Some(value), _) => say(Some(name), json!(value)),
                (None, Some(end)) => say(Some(name), end.clone()),
                (None, None) => {}
            }
        }
        let mut answer = self.envelope(rows, words);
        let mut header =
            |name: &str, value: String| answer.headers.push((name.into(), value.into_bytes()));
        match (self.way, next, link) {
            (Way::LinkHeader, _, Some(link)) => header("link", format!("<{link}>; rel=\"next\"")),
            (Way::LinkHeader, _, None) if self.end.is_some() => {
                header("link", "</v1/rows>; rel=\"first\"".into());
            }
            (Way::CursorHeader, Some(next), _) => header("x-next-cursor", next),
            _ => {}
        }
        answer
    }

    fn envelope(&self, rows: &[Value], words: Map<String, Value>) -> Answer {
        if self.rows_at.is_empty() {
            let mut answer = Answer::ok(json!(rows).to_string());
            if let Some(total) =
                self.total.and_then(|name| words.get(name)).filter(|_| self.words_in_headers)
            {
                answer.headers.push(("x-total-count".into(), total.to_string().into_bytes()));
            }
            return answer;
        }
        let mut body = Map::new();
        match self.container {
            "" => body.extend(words),
            container => drop(body.insert(container.to_owned(), words.into())),
        }
        match self.rows_at.split_once('.') {
            Some((outer, inner)) => body.insert(outer.into(), json!({ inner: rows })),
            None => body.insert(self.rows_at.into(), json!(rows)),
        };
        Answer::ok(Value::from(body).to_string())
    }
}
