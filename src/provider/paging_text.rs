//! How a way to page is written: as Rust code, and in one word for command lines.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::json_text::JsonPath;
use crate::provider::pagination::{HEADER, PageSize, Pagination, Source, Strategy};

/// As Rust code: the line that declares it.
impl fmt::Debug for Pagination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pagination::")?;
        match &self.strategy {
            Strategy::Detect => f.write_str("detect()"),
            Strategy::LinkHeader => f.write_str("link_header()"),
            Strategy::NextLink(path) => write!(f, "next_link({:?})", path.to_string()),
            Strategy::PageNumbers(parameter) => write!(f, "page_numbers({parameter:?})"),
            Strategy::Offset(parameter) => write!(f, "offset({parameter:?})"),
            Strategy::Cursor(parameter, source) => {
                write!(f, "cursor({parameter:?}, {:?})", source.to_string())
            }
            Strategy::AfterRow(parameter, field) => {
                write!(f, "after_row({parameter:?}, {:?})", field.to_string())
            }
            Strategy::Single => f.write_str("single()"),
        }?;
        if let Some(PageSize { parameter, rows }) = &self.page_size {
            write!(f, ".with_page_size({parameter:?}, {rows})")?;
        }
        if let Some(path) = &self.rows_at {
            write!(f, ".with_rows_at({:?})", path.to_string())?;
        }
        if let Some(first) = self.start {
            write!(f, ".starting_at({first})")?;
        }
        for (is_set, name) in [
            (self.rows_may_be_absent, "rows_may_be_absent"),
            (self.is_in_body, "in_body"),
            (self.is_until_empty, "until_empty"),
            (self.steps_by_size, "stepping_by_size"),
            (self.keeps_query, "keeping_query"),
            (self.takes_link_query_only, "link_query_only"),
        ] {
            if is_set {
                write!(f, ".{name}()")?;
            }
        }
        for status in &self.end_statuses {
            write!(f, ".end_status({})", status.as_u16())?;
        }
        self.ignored.iter().try_for_each(|path| write!(f, ".ignoring({path:?})"))
    }
}

/// The strategy in one word, as command lines and files of settings take it: `detect`,
/// `links`, `next:PATH`, `pages:PARAMETER`, `offset:PARAMETER`, `cursor:PARAMETER=PATH`,
/// `cursor:PARAMETER=header:NAME`, `after-row:PARAMETER=FIELD`, `single`. Other settings are
/// not part of it.
impl fmt::Display for Pagination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.strategy {
            Strategy::Detect => f.write_str("detect"),
            Strategy::LinkHeader => f.write_str("links"),
            Strategy::NextLink(path) => write!(f, "next:{path}"),
            Strategy::PageNumbers(parameter) => write!(f, "pages:{parameter}"),
            Strategy::Offset(parameter) => write!(f, "offset:{parameter}"),
            Strategy::Cursor(parameter, source) => write!(f, "cursor:{parameter}={source}"),
            Strategy::AfterRow(parameter, field) => write!(f, "after-row:{parameter}={field}"),
            Strategy::Single => f.write_str("single"),
        }
    }
}

/// Reads what `to_string` wrote.
///
/// ```
/// use unattended::Pagination;
///
/// let paging: Pagination = "cursor:after=paging.next.after".parse()?;
/// assert_eq!(paging, Pagination::cursor("after", "paging.next.after"));
/// # Ok::<(), unattended::Error>(())
/// ```
impl FromStr for Pagination {
    type Err = Error;

    /// # Errors
    ///
    /// A configuration error that lists the forms, or says what is wrong.
    fn from_str(text: &str) -> Result<Self> {
        let (name, rest) = text.split_once(':').unwrap_or((text, ""));
        let pair = rest.split_once('=');
        let pagination = match (name, pair) {
            ("detect", _) if rest.is_empty() => Self::detect(),
            ("links", _) if rest.is_empty() => Self::link_header(),
            ("single", _) if rest.is_empty() => Self::single(),
            ("next", _) if !rest.is_empty() => Self::next_link(rest),
            ("pages", _) if !rest.is_empty() => Self::page_numbers(rest),
            ("offset", _) if !rest.is_empty() => Self::offset(rest),
            ("cursor", Some((parameter, source))) => Self::cursor(parameter, source),
            ("after-row", Some((parameter, field))) => Self::after_row(parameter, field),
            _ => {
                return Err(Error::configuration(format!(
                    "{text:?} is no way to page: it is one of {FORMS}"
                )));
            }
        };
        match pagination.fault() {
            None => Ok(pagination),
            Some(why) => Err(Error::configuration(format!("{text:?}: {why}"))),
        }
    }
}

impl Source {
    pub(crate) fn new(text: &str) -> Self {
        match text.strip_prefix(HEADER) {
            Some(name) => Self::Header(name.to_owned()),
            None => Self::Member(JsonPath::new(text)),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member(path) => path.fmt(f),
            Self::Header(name) => write!(f, "{HEADER}{name}"),
        }
    }
}

const FORMS: &str = "detect, links, next:PATH, pages:PARAMETER, offset:PARAMETER, cursor:PARAMETER=PATH, cursor:PARAMETER=header:NAME, after-row:PARAMETER=FIELD, single";
