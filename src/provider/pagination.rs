//! How an API cuts a collection into pages, as its caller declares it: settings alone.

use ureq::http::{HeaderName, StatusCode};

use crate::json_text::JsonPath;

/// How a provider pages: how the next page is asked for, where the rows are, and where a
/// walk ends.
///
/// A setting of the [`Provider`](crate::Provider), or of one walk by
/// [`Items::with_pagination`](crate::Items::with_pagination). **Declare it for what you
/// schedule.** The page [How does your API page?](crate::guide::paging) leads from what you
/// see in an answer to the line to write.
///
/// ```
/// use unattended::Pagination;
///
/// let numbers = Pagination::page_numbers("page").with_page_size("per_page", 100);
/// let cursor = Pagination::cursor("after", "paging.next.after").with_rows_at("results");
/// let odata = Pagination::next_link("@odata.nextLink").with_rows_at("value");
/// # let _ = (numbers, cursor, odata);
/// ```
///
/// # Where a walk ends
///
/// **By proof, by the rule that you declared, or with an error; never by a guess.** Proof is
///
/// - a first page without rows that does not say that there is more,
/// - a word for the end: `"next": null`, `"has_more": false`, `"done": true`, an empty
///   `X-Next-Page`,
/// - a total or a number of pages that is reached,
/// - where links are followed: the place that held the last link holds none now, or an
///   answer has the place for it (a `Link` header, `links`, `_links`, `@odata.context`) and
///   no link there.
///
/// A page that is shorter than others proves nothing. An answer may say that there is more by a word
/// that the declared way does not read: `has_more`, a total, another cursor, in the body or in a
/// header. That ends the walk with [`Error::Incomplete`](crate::Error::Incomplete), after the rows that came. So do the
/// status 206 and words such as `incomplete_results`. [`ignoring`](Self::ignoring) silences one
/// such word.
///
/// # Paths
///
/// Members are named by dotted paths from the top of the answer (`data.items`,
/// `meta.next_cursor`), or by JSON Pointer (RFC 6901) where they begin with a slash.
#[derive(Clone, PartialEq, Eq)]
pub struct Pagination {
    pub(crate) strategy: Strategy,
    pub(crate) rows_at: Option<JsonPath>,
    pub(crate) rows_may_be_absent: bool,
    pub(crate) page_size: Option<PageSize>,
    pub(crate) start: Option<u64>,
    pub(crate) is_in_body: bool,
    pub(crate) is_until_empty: bool,
    pub(crate) steps_by_size: bool,
    pub(crate) keeps_query: bool,
    pub(crate) takes_link_query_only: bool,
    pub(crate) end_statuses: Vec<StatusCode>,
    pub(crate) ignored: Vec<String>,
}

/// How the next page is asked for.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Strategy {
    Detect,
    LinkHeader,
    NextLink(Source),
    PageNumbers(String),
    Offset(String),
    Cursor(String, Source),
    AfterRow(String, JsonPath),
    Single,
}

/// Where an answer holds its cursor or link.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Member(JsonPath),
    Header(String),
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PageSize {
    pub(crate) parameter: String,
    pub(crate) rows: u64,
}

impl Pagination {
    /// Nothing is declared: explore with it, and declare what you schedule. The default of
    /// [`Provider::new`](crate::Provider::new).
    ///
    /// A next link that it recognises is followed: in the `Link` header, or in the body under
    /// names such as `next`, `nextLink`, `@odata.nextLink`, `links.next` or
    /// `_links.next.href`. An end is accepted only with [proof](Self#where-a-walk-ends).
    /// Without it the rows that came are followed by [`Error::Incomplete`](crate::Error) of
    /// the kind configuration, whose text has the line to declare.
    pub fn detect() -> Self {
        Self::of(Strategy::Detect)
    }

    /// The `Link` header names the next page by `rel="next"` (RFC 8288), as at GitHub or
    /// Okta. No such link is the end, and so is one with `results="false"`.
    pub fn link_header() -> Self {
        Self::of(Strategy::LinkHeader)
    }

    /// A member of the answer holds the URL of the next page: `next`, `@odata.nextLink`,
    /// `_links.next.href`. Or a list of links, of which the one with `rel` or `relation` `next`
    /// counts (`link` in FHIR). Or a header (`header:Next-Page`). None, `null` and an empty text
    /// are the end.
    ///
    /// A link is followed as it stands, relative to the URL that answered, or to
    /// `_links.base` where the answer has one.
    pub fn next_link(path: impl AsRef<str>) -> Self {
        Self::of(Strategy::NextLink(Source::new(path.as_ref())))
    }

    /// Numbered pages, from 1 or [`starting_at`](Self::starting_at): `?page=2`. The end is a
    /// page without rows, or [proof](Self#where-a-walk-ends).
    pub fn page_numbers(parameter: impl Into<String>) -> Self {
        Self::of(Strategy::PageNumbers(parameter.into()))
    }

    /// Rows are counted, from 0 or [`starting_at`](Self::starting_at) (SCIM counts from 1,
    /// RFC 7644 §3.4.2.4): `?offset=200`. Each step is as many rows as came, unless
    /// [`stepping_by_size`](Self::stepping_by_size). The end is as for numbered pages.
    pub fn offset(parameter: impl Into<String>) -> Self {
        Self::of(Strategy::Offset(parameter.into()))
    }

    /// The answer holds a text or number that asks for the next page as a query parameter:
    /// `?after=b2Zmc2V0` with the member `paging.next.after`, or with a header, as
    /// `header:opc-next-page`. None, `null` and an empty text are the end, and so is a word
    /// for the end beside it.
    ///
    /// ```
    /// use unattended::Pagination;
    ///
    /// let slack = Pagination::cursor("cursor", "response_metadata.next_cursor")
    ///     .with_rows_at("members")
    ///     .with_page_size("limit", 200);
    /// # let _ = slack;
    /// ```
    pub fn cursor(parameter: impl Into<String>, source: impl AsRef<str>) -> Self {
        Self::of(Strategy::Cursor(parameter.into(), Source::new(source.as_ref())))
    }

    /// A field of the last row asks for the rows after it: `?after=4711` with the field `id`.
    /// The end is as for numbered pages.
    pub fn after_row(parameter: impl Into<String>, field: impl AsRef<str>) -> Self {
        Self::of(Strategy::AfterRow(parameter.into(), JsonPath::new(field.as_ref())))
    }

    /// One answer holds everything. An answer that says that there is more is an error.
    pub fn single() -> Self {
        Self::of(Strategy::Single)
    }

    pub(crate) fn of(strategy: Strategy) -> Self {
        Self {
            strategy,
            rows_at: None,
            rows_may_be_absent: false,
            page_size: None,
            start: None,
            is_in_body: false,
            is_until_empty: false,
            steps_by_size: false,
            keeps_query: false,
            takes_link_query_only: false,
            end_statuses: Vec::new(),
            ignored: Vec::new(),
        }
    }

    /// How many rows to ask for in a page, and by which query parameter, unless the
    /// request's own query says it. Default: not asked for, so the server decides.
    pub fn with_page_size(mut self, parameter: impl Into<String>, rows: u64) -> Self {
        self.page_size = Some(PageSize { parameter: parameter.into(), rows });
        self
    }

    /// The parameter that asks for a page size, if one is declared.
    pub fn page_size_parameter(&self) -> Option<&str> {
        self.page_size.as_ref().map(|size| size.parameter.as_str())
    }

    /// The member of the answer that holds the rows: `value`, `data.items`,
    /// `_embedded.orders`. Default `items`. An answer that is an array holds nothing else.
    pub fn with_rows_at(mut self, path: impl AsRef<str>) -> Self {
        self.rows_at = Some(JsonPath::new(path.as_ref()));
        self
    }

    /// An answer without the member for the rows has none, as of HAL without `_embedded`.
    /// Default: that is an error, since the path may be wrong.
    pub fn rows_may_be_absent(mut self) -> Self {
        self.rows_may_be_absent = true;
        self
    }

    /// The number of the first page (default 1), or of the first row (default 0). A number in
    /// the request's own query comes first: the walk begins there, and totals are not held
    /// against it.
    pub fn starting_at(mut self, first: u64) -> Self {
        self.start = Some(first);
        self
    }

    /// Puts what asks for a page into the JSON body of the request, for a search by POST;
    /// parameters may be dotted paths there (`variables.after`). Default: into the query.
    ///
    /// Mark the request [`safe_to_repeat`](crate::Request::safe_to_repeat), so that a page
    /// that fails is asked for again.
    ///
    /// ```no_run
    /// # use unattended::{Client, Pagination, Request};
    /// # fn run(client: &Client) -> unattended::Result<()> {
    /// let pages = Pagination::cursor("start_cursor", "next_cursor").with_rows_at("results");
    /// let search = Request::post("/v1/search").json(&serde_json::json!({})).safe_to_repeat();
    /// for row in client.items::<serde_json::Value>(search).with_pagination(pages.in_body()) {
    ///     println!("{}", row?);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn in_body(mut self) -> Self {
        self.is_in_body = true;
        self
    }

    /// For cursors and links that never end, as of event logs and delta feeds: the end is a
    /// page without rows. [`Progress::cursor`](crate::Progress) is where the next run goes on.
    pub fn until_empty(mut self) -> Self {
        self.is_until_empty = true;
        self
    }

    /// Offsets advance by the page size: for servers that filter a page after it was cut. Default: by
    /// the rows that came. Another size is an error, and ten empty pages in a row are an end.
    pub fn stepping_by_size(mut self) -> Self {
        self.steps_by_size = true;
        self
    }

    /// Adds those parameters of the request's own query that a next link lacks. Default: a
    /// link is followed as it stands (many servers refuse anything beside it), and an event
    /// says what it lacks.
    pub fn keeping_query(mut self) -> Self {
        self.keeps_query = true;
        self
    }

    /// Takes only the query of a next link, and asks on the path that was asked before. For a
    /// gateway: the server behind it links to its own inner address.
    pub fn link_query_only(mut self) -> Self {
        self.takes_link_query_only = true;
        self
    }

    /// A refusal with this status is the end, if it is not of the first page: for an API that
    /// answers 404, say, beyond the last one. May be called several times.
    pub fn end_status(mut self, status: u16) -> Self {
        // What is no status never comes.
        self.end_statuses.extend(StatusCode::from_u16(status));
        self
    }

    /// Does not read this member or header (`meta.next_steps`, `header:x-total-count`): no
    /// alarm comes of it, no total and no end. May be called several times.
    pub fn ignoring(mut self, path: impl Into<String>) -> Self {
        self.ignored.push(path.into());
        self
    }

    /// Why it cannot be right, before anything is asked.
    pub(crate) fn fault(&self) -> Option<String> {
        let path = match &self.strategy {
            Strategy::NextLink(Source::Member(path))
            | Strategy::AfterRow(_, path)
            | Strategy::Cursor(_, Source::Member(path)) => Some(path),
            _ => None,
        };
        let mut paths = [path, self.rows_at.as_ref()].into_iter().flatten();
        let fault =
            paths.find_map(|path| Some(format!("{:?}: {}", path.to_string(), path.fault()?)));
        let name = self.parameter().unwrap_or_default().to_ascii_lowercase();
        let plain = name.replace(['_', '-', '$', '.', '[', ']'], "");
        match &self.strategy {
            _ if fault.is_some() => fault,
            _ if self.parameter().is_some_and(str::is_empty) => {
                Some("the name of the parameter is empty".into())
            }
            Strategy::PageNumbers(name) if OF_ROWS.contains(&&*plain) => Some(format!(
                "Pagination::page_numbers({name:?}): a parameter of this name counts rows and not pages: declare Pagination::offset({name:?})"
            )),
            Strategy::Offset(name) if OF_PAGES.contains(&&*plain) => Some(format!(
                "Pagination::offset({name:?}): a parameter of this name counts pages and not rows: declare Pagination::page_numbers({name:?})"
            )),
            Strategy::NextLink(Source::Header(name))
            | Strategy::Cursor(_, Source::Header(name))
                if HeaderName::from_bytes(name.as_bytes()).is_err() =>
            {
                Some(format!("{name:?} is not a header name"))
            }
            Strategy::Offset(_) if self.steps_by_size && self.page_size.is_none() => {
                Some("stepping_by_size() needs the page size: declare with_page_size".into())
            }
            _ => None,
        }
    }

    /// By which a page is asked for, except by links.
    pub(crate) fn parameter(&self) -> Option<&str> {
        match &self.strategy {
            Strategy::PageNumbers(parameter)
            | Strategy::Offset(parameter)
            | Strategy::Cursor(parameter, _)
            | Strategy::AfterRow(parameter, _) => Some(parameter),
            _ => None,
        }
    }

    /// The number of the first page, or of the first row.
    pub(crate) fn first(&self) -> Option<u64> {
        match self.strategy {
            Strategy::PageNumbers(_) => Some(self.start.unwrap_or(1)),
            Strategy::Offset(_) => Some(self.start.unwrap_or(0)),
            _ => None,
        }
    }

    pub(crate) fn rows_path(&self) -> JsonPath {
        self.rows_at.clone().unwrap_or_else(|| JsonPath::new("items"))
    }
}

impl Strategy {
    /// Where an answer holds what comes next, if that was declared.
    pub(crate) fn source(&self) -> Option<&Source> {
        match self {
            Self::NextLink(source) | Self::Cursor(_, source) => Some(source),
            _ => None,
        }
    }
}

const OF_ROWS: [&str; 5] = ["offset", "skip", "start", "startindex", "startat"];
const OF_PAGES: [&str; 5] = ["page", "pageno", "pagenum", "pagenumber", "pageindex"];
/// Before the name of a header, where a path to a member may stand as well.
pub(crate) const HEADER: &str = "header:";
