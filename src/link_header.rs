//! The `Link` header (RFC 8288 §3), as far as it names the next page.

/// The target of `rel="next"`; the first `rel` of a link counts.
pub(crate) fn next_in_link_header(header: &str) -> Option<String> {
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let (target, mut parameters) = after.split_once('>')?;
        let mut is_next = None;
        loop {
            let (parameter, following) = split_unquoted(parameters);
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let mut relations = value.trim().trim_matches(['"', '\'']).split_ascii_whitespace();
            if is_next.is_none() && name.trim().eq_ignore_ascii_case("rel") {
                is_next = Some(relations.any(|relation| relation.eq_ignore_ascii_case("next")));
            }
            match following.strip_prefix(';') {
                Some(more) => parameters = more,
                None => {
                    rest = following;
                    break;
                }
            }
        }
        if is_next == Some(true) {
            return Some(target.trim().to_owned());
        }
    }
    None
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
    use super::next_in_link_header;

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
            ("<a; rel=next", None),
            ("<a>; title=\"open; rel=next", None),
        ];
        for (header, target) in cases {
            assert_eq!(next_in_link_header(header).as_deref(), target, "{header}");
        }
    }
}
