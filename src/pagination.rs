//! How an API cuts a collection into pages: what to ask for next, decided without IO.

use crate::envelope::{Envelope, NextPage};

/// How a provider pages: how the next page is asked for, and where the rows are.
///
/// A setting of the [`Provider`](crate::Provider), or of one walk by
/// [`Items::with_pagination`](crate::Items::with_pagination). A bare array is always read
/// as rows.
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
    /// The walk goes on while the answer's `total_pages` or a next link says so. Where
    /// there is neither, a page shorter than the `page_size` that the answer states is
    /// the last one, and so is an empty page. A bare array is the last page unless it has
    /// exactly as many rows as were asked for.
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

    /// The answer names the next page, as `meta.next_page`; `null` is the end. The next
    /// page is asked for with the query parameter of this name. Rows under `data`.
    pub fn next_page(page_parameter: impl Into<String>) -> Self {
        Self {
            items_key: "data".into(),
            page_parameter: page_parameter.into(),
            ..Self::of(Style::NextPage)
        }
    }

    /// The answer links to the next page: by the `Link` header with `rel="next"` (RFC
    /// 8288), or in the body by `next`, `nextLink`, `@odata.nextLink`, or `next` within
    /// `links`, `_links`, `pagination` or `meta`. No link is the end. Rows under `items`.
    ///
    /// The default of [`Provider::new`](crate::Provider::new).
    pub fn next_link() -> Self {
        Self::of(Style::NextLink)
    }

    /// One answer holds everything. An answer that says there is more is an error. Rows
    /// under `items`.
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

    /// Whether the first page is asked for by its number.
    pub(crate) fn first_page(&self) -> Option<u64> {
        (self.style == Style::Numbers).then_some(1)
    }

    /// Whether a page is the one that was asked for.
    pub(crate) fn check(&self, page: &PageFacts<'_>) -> Result<(), String> {
        let told = page.envelope.page.filter(|_| self.has_numbers());
        match told.filter(|told| *told != page.number) {
            None => Ok(()),
            Some(told) => Err(format!(
                "page {} was asked for and the answer says it is page {told}: does the server know the query parameter {:?}?",
                page.number, self.page_parameter
            )),
        }
    }

    /// What follows a page, or why there is no telling.
    pub(crate) fn next(&self, page: &PageFacts<'_>) -> Result<Next, String> {
        let told = page.envelope;
        let more_by_total = told.total_pages.is_some_and(|pages| page.number < pages);
        let names_next = told.next_link.is_some() || told.next_page.is_some();
        let says_more = more_by_total || names_next || told.has_unknown_next;
        match self.style {
            Style::Single if says_more => Err(
                "the answer says that there are more pages: choose another Pagination than single()".into(),
            ),
            Style::Single => Ok(Next::End),
            _ if page.rows == 0 && more_by_total => Err(format!(
                "an empty page, although the answer counts {} pages",
                told.total_pages.unwrap_or_default()
            )),
            Style::Numbers if page.rows == 0 => Ok(Next::End),
            Style::Numbers if says_more => after(page.number),
            // A count below the page's own number is none.
            Style::Numbers if told.total_pages == Some(page.number) => Ok(Next::End),
            // Exactly as many rows as were asked for are hardly all there are.
            Style::Numbers if told.is_bare && self.page_size == Some(page.rows) => {
                after(page.number)
            }
            Style::Numbers if told.is_bare => Ok(Next::End),
            Style::Numbers if told.page_size.is_some_and(|size| page.rows < size) => Ok(Next::End),
            Style::Numbers => after(page.number),
            Style::NextPage | Style::NextLink => self.told_next(page, more_by_total),
        }
    }

    /// What follows where the answer itself names the next page.
    fn told_next(&self, page: &PageFacts<'_>, more_by_total: bool) -> Result<Next, String> {
        let told = page.envelope;
        match (&told.next_page, &told.next_link) {
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
            (None, None) if more_by_total => Err(format!(
                "no next page is named, although the answer counts {} pages",
                told.total_pages.unwrap_or_default()
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

/// What is known of a page when its successor is decided.
pub(crate) struct PageFacts<'a> {
    pub(crate) number: u64,
    pub(crate) rows: u64,
    pub(crate) envelope: &'a Envelope,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    Page(u64),
    Link(String),
    End,
}
