//! Values in the filter grammar of Snow Atlas, such as `displayName -eq 'O\'Brien'`.

/// `text` as a string of the grammar: in single quotes, `'` and `\` behind a backslash, as
/// the vendor's page "API conventions" asks.
///
/// Always in quotes: without them `12` is a number and `true` a Boolean, and a space, a
/// plus sign, a comma, a bracket or a leading `-` breaks the filter. The page speaks of
/// ASCII; it is assumed that other letters may stand in quotes as they are. Percent-encoding
/// is not done here: [`Request::query`](unattended::Request::query) does it.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from("'");
    for c in text.chars() {
        if matches!(c, '\'' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('\'');
    quoted
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_filter_value_is_always_quoted_and_quotes_and_backslashes_are_escaped() {
        let cases = [
            ("Quarantined", r"'Quarantined'"),
            ("O'Brien", r"'O\'Brien'"),
            (r"CORP\anna", r"'CORP\\anna'"),
            (r"\'", r"'\\\''"),
            (r"' -or (id -ne '", r"'\' -or (id -ne \''"),
            (r#"19" rack"#, r#"'19" rack'"#),
            ("a b+c,(d)[e]", "'a b+c,(d)[e]'"),
            ("12", "'12'"),
            ("-abc", "'-abc'"),
            ("Zoë", "'Zoë'"),
            ("", "''"),
        ];
        for (text, expected) in cases {
            assert_eq!(quoted(text), expected);
        }
    }
}
