//! How an API cuts a collection into pages: what to ask for next, decided without IO.

use crate::facts::PageFacts;
use crate::names::NextPage;

/// How a provider pages: how the next page is asked for, and where the rows are.
///
/// A setting of the [`Provider`](crate::Provider), or of one walk by
/// [`Items::with_pagination`](crate::Items::with_pagination). A bare array is always read
/// as rows.
///
/// # What is read
///
/// Besides the rows, at the top of the answer or within `pagination`, `paging`, `page`,
/// `page_info`, `pageInfo`, `meta`, `metadata` or `response_metadata`:
///
/// | | |
/// |---|---|
/// | a link to the next page | `next`, `nextLink`, `next_link`, `@odata.nextLink`, `odata.nextLink`, `next_page_url`, `nextPageUrl`, `next_url`, `nextUrl`, `next_page_uri`, `nextPageLink`, `next_href`; `next` within `links` or `_links` |
/// | the number of the next page, or a link | `next_page`, `nextPage` |
/// | that there is more | `has_more`, `hasMore`, `hasMoreItems`, `has_next`, `hasNext`, `has_next_page`, `hasNextPage`; `more`; the opposite of `last`, `is_last`, `isLast`, `is_last_page`, `isLastPage` |
/// | the same, by a cursor | `next_cursor`, `nextCursor`, `next_page_token`, `nextPageToken`, `next_token`, `nextToken`, `continuation_token`, `continuationToken`, `continue`; a `next` that is neither path nor URL |
/// | which page it is, and its size | `page_number`, `current_page`; `first`, `is_first`, `isFirst`, `is_first_page`, `isFirstPage`; `page_size`, `per_page` |
/// | how many pages there are, or which is the last | `total_pages`, `totalPages`; `last_page`, `lastPage` |
/// | how many rows there are | `total`, `total_items`, `totalItems`, `total_count`, `totalCount`, `total_results`, `totalResults`, `total_records`, `totalRecords`, `totalElements`, `@odata.count` |
///
/// And these headers: `Link`, `X-Next-Page`, `X-Total-Count`, `X-Total`, `X-Total-Pages`,
/// `Content-Range` unless it counts bytes.
///
/// An `error` or `errors` beside the rows, if there is something in it, ends the walk with
/// [`Error::Incomplete`](crate::Error::Incomplete) once the rows were handed out.
///
/// ```
/// use unattended::Pagination;
///
/// let odata = Pagination::next_link().with_items_key("value");
/// let numbered = Pagination::page_numbers("page", "per_page")
///     .with_items_key("results")
///     .with_page_size(200);
/// # let _ = (odata, numbered);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pagination {
    style: Style,
    items_key: String,
    page_parameter: String,
    page_size_parameter: String,
    page_size: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Numbers,
    NextPage,
    NextLink,
    Single,
}

impl Pagination {
    /// Numbered pages, from 1: `?page_number=2&page_size=500`, by the names of your
    /// API's query parameters. Rows under `items`; the server's default page size.
    ///
    /// Where pages count from 0, say so in the request: `Request::get(path).query("page", 0)`.
    ///
    /// The first of these that applies to a page tells whether it is the last:
    ///
    /// 1. The answer says that there is more, by `total_pages`, a next link or another of
    ///    its [words](Pagination#what-is-read): the next page is asked for. That goes for an
    ///    empty page as well, but for one below `total_pages`, which is an error, and for
    ///    the tenth in a row: some servers link to the number after any. If it has another
    ///    word, and no total is reached, that is an error as well.
    /// 2. An empty page is the last, and so is the one that `total_pages` names.
    /// 3. A total is more than what was delivered: the next page is asked for.
    /// 4. The answer says that there is no more, as by `"has_more": false`, `"last": true` or
    ///    `"next": null`: no further page is asked for, but after a `null` on a first page
    ///    that is as long as the answer states, without a total.
    /// 5. A page with fewer rows than the `page_size` that the answer states is the last. Of
    ///    a bare array, which states none, the size that was asked for counts.
    /// 6. The next page is asked for.
    ///
    /// So a bare array is followed until one is empty, unless a page size was asked for. If
    /// the second one is the same as the first, the server does not page, and it was all.
    pub fn page_numbers(
        page_parameter: impl Into<String>,
        page_size_parameter: impl Into<String>,
    ) -> Self {
        Self {
            page_parameter: page_parameter.into(),
            page_size_parameter: page_size_parameter.into(),
            ..Self::of(Style::Numbers)
        }
    }

    /// The answer names the next page, as `meta.next_page`, or by the header `X-Next-Page`;
    /// `null` is the end. The next page is asked for with the query parameter of this name.
    /// Rows under `data`.
    pub fn next_page(page_parameter: impl Into<String>) -> Self {
        Self {
            items_key: "data".into(),
            page_parameter: page_parameter.into(),
            ..Self::of(Style::NextPage)
        }
    }

    /// The answer links to the next page: by the `Link` header with `rel="next"` (RFC
    /// 8288), or in the body by one of the names [above](Pagination#what-is-read). No link is the
    /// end; an answer that says in another way that there is more is an error. Rows under
    /// `items`.
    ///
    /// The default of [`Provider::new`](crate::Provider::new). An API with page numbers needs
    /// [`with_pagination`](crate::Provider::with_pagination): of one that neither links to its
    /// next page nor says that there is one, only the first page is read.
    pub fn next_link() -> Self {
        Self::of(Style::NextLink)
    }

    /// One answer holds everything. An answer that says there is more, or counts more rows,
    /// is an error. Rows under `items`.
    pub fn single() -> Self {
        Self::of(Style::Single)
    }

    fn of(style: Style) -> Self {
        Self {
            style,
            items_key: "items".into(),
            page_parameter: "page".into(),
            page_size_parameter: "page_size".into(),
            page_size: None,
        }
    }

    /// The member of the answer that holds the rows.
    pub fn with_items_key(mut self, key: impl Into<String>) -> Self {
        self.items_key = key.into();
        self
    }

    /// How many rows to ask for in a page, unless the request's query says it; default:
    /// not asked for, so the server decides.
    pub fn with_page_size(mut self, rows: u64) -> Self {
        self.page_size = Some(rows);
        self
    }

    /// The name of the query parameter for the page size; default `page_size`.
    pub fn with_page_size_parameter(mut self, name: impl Into<String>) -> Self {
        self.page_size_parameter = name.into();
        self
    }

    pub(crate) fn items_key(&self) -> &str {
        &self.items_key
    }

    pub(crate) fn page_size_parameter(&self) -> &str {
        &self.page_size_parameter
    }

    pub(crate) fn set_page_size(&mut self, rows: Option<u64>) {
        self.page_size = rows;
    }

    pub(crate) fn page_size(&self) -> Option<u64> {
        self.page_size
    }

    /// The query parameter for the page, where pages have numbers.
    pub(crate) fn page_parameter(&self) -> Option<&str> {
        self.has_numbers().then_some(&self.page_parameter)
    }

    /// The query that asks for a page: number (where pages have numbers) and size.
    pub(crate) fn query(&self, page: Option<u64>) -> Vec<(String, String)> {
        let page = page.zip(self.page_parameter());
        let page = page.map(|(page, parameter)| (parameter.to_owned(), page.to_string()));
        let size = self.page_size.map(|size| (self.page_size_parameter.clone(), size.to_string()));
        page.into_iter().chain(size).collect()
    }

    /// Whether pages are asked for by counting on.
    pub(crate) fn counts(&self) -> bool {
        self.style == Style::Numbers
    }

    /// Whether the first page is asked for by its number.
    pub(crate) fn first_page(&self) -> Option<u64> {
        (self.style == Style::Numbers).then_some(1)
    }

    /// Whether a page is the one that was asked for.
    pub(crate) fn check(&self, page: &PageFacts<'_>) -> Result<(), String> {
        let parameter = &self.page_parameter;
        match page.envelope.page.filter(|told| self.has_numbers() && *told != page.number) {
            Some(told) => Err(format!(
                "page {} was asked for and the answer says it is page {told}: does the server know the query parameter {parameter:?}?",
                page.number
            )),
            None if self.style == Style::Numbers
                && page.position == 1
                && page.envelope.is_not_first =>
            {
                Err(format!(
                    "page {} was asked for and the answer says that it is not the first: do pages count from 0? Then ask for it, by .query({parameter:?}, 0) on the request",
                    page.number
                ))
            }
            None if page.is_repeated => Err(format!(
                "the page is identical to the one before: does the server know the query parameter {parameter:?}? A collection without pages is read with Pagination::single()"
            )),
            None => Ok(()),
        }
    }

    /// Whether a page that comes again shows that the walk was over before it. It was asked
    /// for in doubt: see [`is_doubtful`](Self::is_doubtful).
    pub(crate) fn was_over(&self, page: &PageFacts<'_>) -> bool {
        let told = page.envelope;
        // A server that echoes the number knows it, and gives its last page for any beyond.
        // Rows may be the same by chance: a total tells what is missing then.
        let is_beyond = told.page == Some(page.number)
            && told.total_items.is_some()
            && self.is_last(&PageFacts { is_missed: false, ..*page });
        // Nothing but our own query has spoken of pages: the array is all there is.
        let is_unpaged = told.is_bare
            && page.position == 2
            && self.page_size != Some(page.rows)
            && !page.is_missed;
        let is_again = self.style == Style::Numbers && page.is_repeated && !page.says_more();
        is_again && (is_beyond || is_unpaged)
    }

    /// Whether another page is asked for, if one is, without a word that there is one.
    pub(crate) fn is_doubtful(&self, page: &PageFacts<'_>) -> bool {
        self.style == Style::Numbers && !page.says_more()
    }

    /// What follows a page, or why there is no telling.
    pub(crate) fn next(&self, page: &PageFacts<'_>) -> Result<Next, String> {
        match self.style {
            Style::Single if page.says_more() => Err(
                "the answer says that there are more pages: choose another Pagination than single()".into(),
            ),
            Style::Single => Ok(Next::End),
            _ if page.rows == 0 && page.counts_more() => Err(format!(
                "an empty page, although the answer counts {} pages",
                page.last_position().unwrap_or_default()
            )),
            Style::Numbers if self.is_last(page) => Ok(Next::End),
            Style::Numbers => after(page.number),
            Style::NextPage | Style::NextLink => self.told_next(page),
        }
    }

    /// Whether a numbered page is the last. The strongest word counts, and only one that
    /// says that there is more can make an empty page be followed.
    fn is_last(&self, page: &PageFacts<'_>) -> bool {
        let told = page.envelope;
        let is_at_last = page.last_position() == Some(page.position);
        // What a bare array does not state is as it was asked for.
        let size = if told.is_bare { self.page_size } else { told.page_size };
        if page.says_more() {
            false
        } else if page.rows == 0 || is_at_last {
            true
        } else if page.is_missed {
            false
        } else {
            // A full first page that counts nothing may come from a server that never names one.
            let is_full = told.page_size == Some(page.rows) && told.total_items.is_none();
            let is_doubted = is_full && page.position == 1;
            told.says_end
                || told.names_none && !is_doubted
                || size.is_some_and(|size| page.rows < size)
        }
    }

    /// What follows where the answer itself names the next page.
    fn told_next(&self, page: &PageFacts<'_>) -> Result<Next, String> {
        let told = page.envelope;
        // To links 0 is no page; to numbers it is a wrong one.
        let is_page = |next: &&NextPage| self.has_numbers() || **next != NextPage::Number(0);
        match (told.next_page.as_ref().filter(is_page), &told.next_link) {
            (Some(NextPage::Number(next)), _) if self.style == Style::NextPage => {
                if *next <= page.number {
                    return Err(format!(
                        "page {next} is named as the next after page {}",
                        page.number
                    ));
                }
                Ok(Next::Page(*next))
            }
            (Some(NextPage::Link(link)), _) | (_, Some(link)) => Ok(Next::Link(link.clone())),
            (Some(NextPage::Number(next)), None) => Err(format!(
                "the answer names page {next} as the next: choose Pagination::next_page"
            )),
            (None, None) if page.counts_more() => Err(format!(
                "no next page is named, although the answer counts {} pages",
                page.last_position().unwrap_or_default()
            )),
            (None, None) if told.has_unknown_next => {
                Err("the answer says that there is more, but not by a link or number that could be followed".into())
            }
            (None, None) => Ok(Next::End),
        }
    }

    fn has_numbers(&self) -> bool {
        matches!(self.style, Style::Numbers | Style::NextPage)
    }
}

fn after(page: u64) -> Result<Next, String> {
    page.checked_add(1).map(Next::Page).ok_or_else(|| "there is no higher page number".into())
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Next {
    Page(u64),
    Link(String),
    End,
}
