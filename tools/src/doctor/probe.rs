//! How a collection pages whose answer does not tell: a few parameters under their usual names,
//! and what each does to the rows.

use serde_json::Value;

use super::compare::{Effect, ID, Key};
use crate::failure::Failure;
use crate::member::text;
use crate::options::quoted;

/// What came of a GET with more parameters.
pub enum Answer {
    Rows(Vec<Value>),
    /// The server's status.
    Refused(u16),
}

pub type Query = Vec<(&'static str, Value)>;

/// What is asked, and what is known of it.
pub struct Probe<'a> {
    ask: &'a dyn Fn(&Query) -> Result<Answer, Failure>,
    /// Parameters of the path itself.
    taken: Vec<String>,
    key: Key,
    first: Vec<Value>,
    /// The parameter for the page size, once it is known: small pages tell most.
    pub size: Option<&'static str>,
    pub asked: Vec<(String, Effect)>,
    /// In sentences.
    pub found: Vec<String>,
    /// What reads the collection, if that is known.
    pub options: Option<String>,
}

impl<'a> Probe<'a> {
    /// `first` are the rows of the path as it is.
    pub fn new(
        first: &[Value],
        taken: Vec<String>,
        ask: &'a dyn Fn(&Query) -> Result<Answer, Failure>,
    ) -> Self {
        let key = Key::of(first).filter(|_| first.len() > 1);
        let (asked, found) = (Vec::new(), Vec::new());
        let (rows, key) = (key.map_or(Vec::new(), |key| key.all(first)), key.unwrap_or(Key::Whole));
        Self { ask, taken, key, first: rows, size: None, asked, found, options: None }
    }

    /// # Errors
    ///
    /// What ended it before its time.
    pub fn run(&mut self) -> Result<(), Failure> {
        if self.first.is_empty() {
            self.tell("the first answer has no two rows that differ: nothing to compare");
            return Ok(());
        }
        self.tell(match self.key {
            Key::Id => "rows are compared by their id",
            Key::Whole => "rows are compared by all that they hold",
        });
        match self.with(UNKNOWN, 1)? {
            Effect::None => self.tell("a parameter that the server does not know is ignored"),
            Effect::Refused(_) => self.tell("a parameter that the server does not know is refused"),
            _ if self.is_unchanged()? => {
                self.tell("any parameter changes the rows, so that a change proves nothing");
                return Ok(());
            }
            _ => return Ok(()),
        }
        self.find_size()?;
        let is_found = self.find_pages()? || self.find_offset()? || self.find_after()?;
        if is_found && !self.is_unchanged()? {
            self.options = None;
        }
        Ok(())
    }

    fn find_size(&mut self) -> Result<(), Failure> {
        for name in self.free(&SIZES) {
            match self.with(name, 1)? {
                Effect::Cut(1) => {
                    self.tell(&format!("{name} is the page size, and it holds"));
                    self.size = Some(name);
                    return Ok(());
                }
                Effect::Cut(rows) => {
                    self.tell(&format!("{name} is a page size, but 1 brings {rows} rows"));
                    return Ok(());
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn find_pages(&mut self) -> Result<bool, Failure> {
        for name in self.free(&PAGES) {
            let mut next = self.with(name, 2)?;
            let end = match next {
                Effect::Others | Effect::Empty => "",
                Effect::Later(_) if self.size.is_some() => "",
                // What is not known is ignored: it is the page that is not there.
                Effect::Refused(404) if self.asked[0].1 == Effect::None => " --end-status 404",
                _ => continue,
            };
            for first in [1, 0] {
                let effect = self.with(name, first)?;
                if self.is_first(effect) && self.is_second(next) {
                    self.tell(&format!("{name} is the number of the page, from {first}"));
                    return Ok(self.declare(format!("pages:{name}"), (first, 1), end));
                }
                next = effect;
            }
            self.tell(&format!("{name} changes the rows, and does not count pages from 0 or 1"));
        }
        Ok(false)
    }

    fn find_offset(&mut self) -> Result<bool, Failure> {
        for (name, first) in OFFSETS {
            if self.is_free(name) && self.with(name, first + 1)? == Effect::Later(1) {
                self.tell(&format!("{name} is the number of the first row, from {first}"));
                return Ok(self.declare(format!("offset:{name}"), (first, 0), ""));
            }
        }
        Ok(false)
    }

    fn find_after(&mut self) -> Result<bool, Failure> {
        let Some(id) = self.first.first().cloned().filter(|_| self.key == Key::Id) else {
            return Ok(false);
        };
        for name in self.free(&AFTERS) {
            if self.with(name, id.clone())? == Effect::Later(1) {
                self.tell(&format!("{name} is the {ID} of the row before"));
                return Ok(self.declare(format!("after-row:{name}={ID}"), (0, 0), ""));
            }
        }
        Ok(false)
    }

    /// Whether the path as it is brings the same rows still.
    fn is_unchanged(&mut self) -> Result<bool, Failure> {
        let is_unchanged = self.ask(Query::new())? == Effect::None;
        if !is_unchanged {
            self.tell("the rows change from call to call, so that a change proves nothing");
        }
        Ok(is_unchanged)
    }

    /// Whether it is what a page of [`FEW`] rows leaves, if the size of pages can be set.
    fn is_first(&self, effect: Effect) -> bool {
        effect == if self.cuts() { Effect::Cut(FEW) } else { Effect::None }
    }

    fn is_second(&self, effect: Effect) -> bool {
        if self.cuts() { effect == Effect::Later(FEW) } else { !matches!(effect, Effect::Later(_)) }
    }

    fn cuts(&self) -> bool {
        self.size.is_some() && self.first.len() > FEW
    }

    fn declare(&mut self, way: String, (first, usual): (u64, u64), end: &str) -> bool {
        let start = if first == usual { String::new() } else { format!(" --starting-at {first}") };
        self.options = Some(format!("--paging {}{start}{end}", quoted(&way)));
        true
    }

    fn with(&mut self, name: &'static str, value: impl Into<Value>) -> Result<Effect, Failure> {
        let size = self.size.map(|size| (size, Value::from(FEW)));
        self.ask([(name, value.into())].into_iter().chain(size).collect())
    }

    fn ask(&mut self, query: Query) -> Result<Effect, Failure> {
        let effect = match (self.ask)(&query)? {
            Answer::Rows(rows) => Effect::of(&self.first, &self.key.all(&rows)),
            Answer::Refused(status) => Effect::Refused(status),
        };
        let query = query.iter().map(|(name, value)| format!("{name}={}", text(value)));
        let query = query.collect::<Vec<_>>().join("&");
        let query = if query.is_empty() { "the path alone".into() } else { query };
        self.asked.push((query, effect));
        Ok(effect)
    }

    fn free(&self, names: &[&'static str]) -> Vec<&'static str> {
        names.iter().copied().filter(|name| self.is_free(name)).collect()
    }

    fn is_free(&self, name: &str) -> bool {
        self.taken.iter().all(|taken| taken != name)
    }

    fn tell(&mut self, what: &str) {
        self.found.push(what.to_owned());
    }
}

/// The rows of a page. With one, the second row would be the second page as well.
const FEW: usize = 2;
const UNKNOWN: &str = "no_such_parameter";
const SIZES: [&str; 6] = ["limit", "per_page", "page_size", "pageSize", "size", "$top"];
const PAGES: [&str; 3] = ["page", "page_number", "pageNumber"];
/// With the number of the first row.
const OFFSETS: [(&str, u64); 6] =
    [("offset", 0), ("skip", 0), ("start", 0), ("startAt", 0), ("$skip", 0), ("startIndex", 1)];
const AFTERS: [&str; 2] = ["after", "starting_after"];

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use serde_json::json;

    use super::{Answer, Probe, Query};

    /// Nine rows, of which a page has three, at a server that reads the parameters so.
    struct Api {
        size: &'static str,
        page: (&'static str, u64),
        offset: (&'static str, u64),
        after: &'static str,
        is_strict: bool,
    }

    type Server<'a> = dyn Fn(&Query) -> Answer + 'a;

    const API: Api =
        Api { size: "-", page: ("-", 0), offset: ("-", 0), after: "-", is_strict: false };

    impl Api {
        fn answer(&self, query: &Query) -> Answer {
            let known = [self.size, self.page.0, self.offset.0, self.after];
            if self.is_strict && query.iter().any(|(name, _)| !known.contains(name)) {
                return Answer::Refused(400);
            }
            let number = |name: &str| {
                let value = &query.iter().find(|(known, _)| *known == name)?.1;
                value.as_u64()
            };
            let size = number(self.size).unwrap_or(3);
            let page = number(self.page.0).map(|page| page.saturating_sub(self.page.1) * size);
            let offset = number(self.offset.0).map(|first| first.saturating_sub(self.offset.1));
            let first = page.or(offset).or_else(|| number(self.after)).unwrap_or(0);
            let rows = (first + 1..=first + size).filter(|id| *id < 10);
            Answer::Rows(rows.map(|id| json!({ "id": id })).collect())
        }
    }

    /// The options, the page size, and the last finding.
    fn probed(ask: &Server<'_>) -> (Option<String>, Option<&'static str>, String) {
        let ask = |query: &Query| Ok(ask(query));
        let Answer::Rows(first) = ask(&Query::new()).unwrap_or(Answer::Refused(0)) else {
            return (None, None, String::new());
        };
        let mut probe = Probe::new(&first, vec!["limit".into()], &ask);
        assert!(probe.run().is_ok());
        assert!(probe.asked.iter().all(|(query, _)| !query.contains("limit")));
        (probe.options, probe.size, probe.found.pop().unwrap_or_default())
    }

    #[test]
    fn what_a_server_understands_is_known_by_what_changes_its_rows() {
        for (api, options, size) in [
            (Api { page: ("page", 1), ..API }, Some("--paging pages:page"), None),
            (Api { page: ("page", 0), ..API }, Some("--paging pages:page --starting-at 0"), None),
            (
                Api { page: ("page", 1), size: "size", ..API },
                Some("--paging pages:page"),
                Some("size"),
            ),
            (
                Api { page: ("pageNumber", 0), size: "$top", ..API },
                Some("--paging pages:pageNumber --starting-at 0"),
                Some("$top"),
            ),
            (Api { offset: ("offset", 0), ..API }, Some("--paging offset:offset"), None),
            (
                Api { offset: ("$skip", 0), size: "$top", ..API },
                Some("--paging 'offset:$skip'"),
                Some("$top"),
            ),
            (
                Api { offset: ("startIndex", 1), ..API },
                Some("--paging offset:startIndex --starting-at 1"),
                None,
            ),
            (Api { after: "after", ..API }, Some("--paging after-row:after=id"), None),
            (Api { size: "per_page", ..API }, None, Some("per_page")),
            // Rows too are asked for by a name that the path has already.
            (Api { size: "limit", ..API }, None, None),
            (API, None, None),
        ] {
            for is_strict in [false, true] {
                let api = Api { is_strict, ..api };
                let (found, with_size, last) = probed(&|query| api.answer(query));
                assert_eq!((found.as_deref(), with_size), (options, size), "{last}");
            }
        }
    }

    /// With pages of one row, the second row would be the second page as well.
    #[test]
    fn what_counts_pages_is_told_from_what_counts_rows() {
        let counts = |name: &'static str, first: u64, are_pages: bool| {
            move |query: &Query| {
                let number = |name: &str| {
                    query
                        .iter()
                        .find(|(known, _)| *known == name)
                        .and_then(|(_, value)| value.as_u64())
                };
                let size = number("size").unwrap_or(3);
                let step = if are_pages { size } else { 1 };
                let begin = number(name).map_or(0, |number| number.saturating_sub(first) * step);
                let rows = (begin + 1..=begin + size).filter(|id| *id < 10);
                Answer::Rows(rows.map(|id| json!({ "id": id })).collect())
            }
        };
        for (name, first, are_pages) in [
            ("offset", 0, true),
            ("start", 0, true),
            ("startIndex", 1, true),
            ("page", 0, false),
            ("page", 1, false),
        ] {
            let (options, size, last) = probed(&counts(name, first, are_pages));
            assert_eq!((options, size), (None, Some("size")), "{name} from {first}: {last}");
            let (options, ..) = probed(&counts(name, first, !are_pages));
            assert!(options.is_some(), "{name} from {first}");
        }
    }

    #[test]
    fn a_page_that_is_not_there_may_be_refused() {
        for first in [0, 1] {
            let api = Api { page: ("page", first), ..API };
            let short = |query: &Query| match query.first() {
                Some(("page", page)) if page.as_u64() != Some(first) => Answer::Refused(404),
                _ => api.answer(&Query::new()),
            };
            let start = if first == 0 { " --starting-at 0" } else { "" };
            let expected = format!("--paging pages:page{start} --end-status 404");
            assert_eq!(probed(&short).0, Some(expected));
        }
    }

    #[test]
    fn nothing_is_taken_for_proven_where_rows_change_or_are_alike() {
        let calls = Cell::new(0);
        let fresh = |_: &Query| {
            calls.set(calls.get() + 10);
            Answer::Rows((0..3).map(|id| json!({ "id": calls.get() + id })).collect())
        };
        let alike = |_: &Query| Answer::Rows(vec![json!({}); 3]);
        let one = |_: &Query| Answer::Rows(vec![json!({ "id": 1 })]);
        let filters = |query: &Query| {
            let rows = if query.is_empty() { 1..4 } else { 7..8 };
            Answer::Rows(rows.map(|id| json!({ "id": id })).collect())
        };
        let is_late = Cell::new(false);
        let later = |query: &Query| {
            let api = Api { page: ("page", u64::from(!is_late.get())), ..API };
            is_late.set(is_late.get() || !query.is_empty() && query[0].0 == "page");
            match query.is_empty() && is_late.get() {
                true => Answer::Rows(vec![json!({ "id": 10 })]),
                false => api.answer(query),
            }
        };
        let change = "the rows change from call to call";
        let cases: [(&Server<'_>, &str); 5] = [
            (&fresh, change),
            (&alike, "the first answer has no two rows that differ"),
            (&one, "the first answer has no two rows that differ"),
            (&filters, "any parameter changes the rows"),
            (&later, change),
        ];
        for (ask, expected) in cases {
            let (options, _, last) = probed(ask);
            assert!(options.is_none() && last.starts_with(expected), "{last}");
        }
    }
}
