//! The `Link` header (RFC 8288 §3), as far as it speaks of the next page.

/// What the headers of that name say together.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct LinkHeader {
    /// The target of `rel="next"`.
    pub(crate) next: Option<String>,
    /// It stands there with `results="false"`: there is nothing behind it.
    pub(crate) is_over: bool,
    /// There are links.
    pub(crate) has_links: bool,
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

    /// The first `rel` of a link counts.
    fn add(&mut self, header: &str) {
        let mut rest = header;
        while let Some((before, after)) = rest.split_once('<') {
            self.is_unreadable |= names_next(before);
            let Some((target, mut parameters)) = after.split_once('>') else {
                self.is_unreadable |= names_next(after);
                return;
            };
            let (mut is_next, mut is_over) = (None, false);
            loop {
                let (parameter, following) = split_unquoted(parameters);
                let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
                let (name, value) = (name.trim(), value.trim().trim_matches(['"', '\'']));
                let mut relations = value.split_ascii_whitespace();
                if is_next.is_none() && name.eq_ignore_ascii_case("rel") {
                    is_next = Some(relations.any(|it| it.eq_ignore_ascii_case("next")));
                }
                is_over |= name.eq_ignore_ascii_case("results") && value == "false";
                match following.strip_prefix(';') {
                    Some(more) => parameters = more,
                    None => {
                        rest = following;
                        break;
                    }
                }
            }
            self.has_links = true;
            match (is_next, is_over) {
                (Some(true), true) => self.is_over = true,
                (Some(true), false) if self.next.is_none() => {
                    self.next = Some(target.trim().to_owned());
                }
                _ => {}
            }
        }
        self.is_unreadable |= names_next(rest);
    }
}

/// `rel=next` outside of quotes that hold something else, however the rest is written.
fn names_next(header: &str) -> bool {
    let mut rest = header;
    loop {
        let (parameter, following) = split_unquoted(rest);
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let mut relations = value.trim().trim_matches(['"', '\'']).split_ascii_whitespace();
        if name.trim().eq_ignore_ascii_case("rel")
            && relations.any(|it| it.eq_ignore_ascii_case("next"))
        {
            return true;
        }
        match following.strip_prefix([';', ',']) {
            Some(more) => rest = more,
            None => return false,
        }
    }
}

/// Splits before the first `;` or `,` that does not stand within quotes.
fn split_unquoted(text: &str) -> (&str, &str) {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let end = text.find(|c| {
        let was_escaped = is_escaped;
        is_escaped = is_quoted && !was_escaped && c == '\\';
        is_quoted ^= c == '"' && !was_escaped;
        matches!(c, ';' | ',') && !is_quoted
    });
    text.split_at(end.unwrap_or(text.len()))
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
            // The first one counts (RFC 8288 §3.3).
            ("<a>; rel=prev; rel=next", None),
        ];
        for (header, target) in cases {
            let found = LinkHeader::read([header].into_iter());
            assert_eq!(found.next.as_deref(), target, "{header}");
            assert!(!found.is_unreadable && found.has_links, "{header}");
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
