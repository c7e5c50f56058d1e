//! The `Link` header (RFC 8288 §3), link by link.

pub(crate) struct Link<'h> {
    /// None if it cannot be read.
    pub(crate) target: Option<&'h str>,
    pub(crate) parameters: Vec<(String, &'h str)>,
}

impl<'h> Link<'h> {
    /// What it is: the first `rel` counts (RFC 8288 §3.3).
    pub(crate) fn relations(&self) -> impl Iterator<Item = &'h str> {
        let first = self.named().next().unwrap_or_default();
        first.split_ascii_whitespace()
    }

    pub(crate) fn any_relation(&self) -> impl Iterator<Item = &'h str> {
        self.named().flat_map(str::split_ascii_whitespace)
    }

    fn named(&self) -> impl Iterator<Item = &'h str> {
        self.parameters.iter().filter(|(name, _)| name == "rel").map(|(_, value)| *value)
    }
}

/// All links of one header.
pub(crate) fn links(header: &str) -> Vec<Link<'_>> {
    let (mut found, mut rest) = (Vec::new(), header);
    while !rest.is_empty() {
        let link = rest.trim_start_matches([',', ' ', '\t']);
        let closed = link.strip_prefix('<').and_then(|link| link.split_once('>'));
        let (parameters, behind) = parameters(closed.map_or(link, |(_, after)| after));
        rest = behind;
        found.push(Link { target: closed.map(|(target, _)| target.trim()), parameters });
    }
    found
}

/// The names and values up to the comma that ends a link, and the text from there on.
fn parameters(mut text: &str) -> (Vec<(String, &str)>, &str) {
    let mut found = Vec::new();
    loop {
        let (parameter, rest) = split_unquoted(text);
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = value.trim().trim_matches(['"', '\'']);
        found.push((name.trim().to_ascii_lowercase(), value));
        match rest.strip_prefix(';') {
            Some(more) => text = more,
            None => return (found, rest),
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
