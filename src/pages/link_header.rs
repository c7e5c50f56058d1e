//! The `Link` header (RFC 8288 §3), as far as it speaks of the next page.

use crate::links::links;
use crate::pages::words::{is_next, is_of_pages};

/// What the headers of that name say together.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct LinkHeader {
    /// The target of `rel="next"`.
    pub(crate) next: Option<String>,
    /// It stands there with `results="false"`: there is nothing behind it.
    pub(crate) is_over: bool,
    /// There are links to pages.
    pub(crate) is_of_pages: bool,
    /// It speaks of a next page and cannot be read.
    pub(crate) is_unreadable: bool,
}

impl LinkHeader {
    pub(crate) fn read<'h>(values: impl Iterator<Item = &'h str>) -> Self {
        let mut found = Self::default();
        values.for_each(|value| found.add(value));
        found.is_unreadable &= found.next.is_none() && !found.is_over;
        found
    }

    fn add(&mut self, header: &str) {
        for link in links(header) {
            let Some(target) = link.target else {
                self.is_unreadable |= link.any_relation().any(is_next);
                continue;
            };
            self.is_of_pages |= link.relations().any(is_of_pages);
            if !link.relations().any(is_next) {
                continue;
            }
            match link.parameters.contains(&("results".to_owned(), "false")) {
                true => self.is_over = true,
                false => self.next = self.next.take().or_else(|| Some(target.to_owned())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LinkHeader;

    #[test]
    fn the_next_link_of_a_header_is_found_and_nothing_else() {
        let cases = [
            ("<a>; rel=next", Some("a")),
            ("< a,b;c >;REL=\"prev next\"", Some("a,b;c")),
            ("<a>; rel=prev, <b>; rel=next", Some("b")),
            ("<a>; title=\"\\\"; rel=next\", <b>; rel=\"next\"", Some("b")),
            ("<a>; title=\"x, <y>; rel=next\"", None),
            ("<a>; title=\"even\"; rel=next", Some("a")),
            ("<a>; rel=nextish", None),
            ("<a>; rel='next'", Some("a")),
            ("<a>; rel='prev next', <b>; rel=next", Some("a")),
            ("<a>; rel=prev; results=\"false\", <b>; rel=next; results=\"true\"", Some("b")),
            ("<a>; title=\"open; rel=next", None),
            ("<a>; rel=prev; rel=next", None),
        ];
        for (header, target) in cases {
            let found = LinkHeader::read([header].into_iter());
            assert_eq!(found.next.as_deref(), target, "{header}");
            assert!(!found.is_unreadable, "{header}");
        }
    }

    #[test]
    fn a_header_that_speaks_of_a_next_page_and_cannot_be_read_is_told_apart() {
        for header in ["<a; rel=next", "/a?p=2; rel=\"next\"", "<x>; rel=prev, /a; rel=next"] {
            let found = LinkHeader::read([header].into_iter());
            assert!(found.is_unreadable && found.next.is_none(), "{header}");
        }
        let over = LinkHeader::read(["<a>; rel=next; results=\"false\""].into_iter());
        assert!(over.is_over && over.next.is_none() && !over.is_unreadable);
        assert_eq!(LinkHeader::read([""].into_iter()), LinkHeader::default());
        let two = LinkHeader::read(["</a; rel=next", "<b>; rel=next"].into_iter());
        assert_eq!((two.next.as_deref(), two.is_unreadable), (Some("b"), false));
    }
}
