//! Text that is not ours, where a secret may stand that nobody knows of.

use std::path::Path;

use crate::mask::{MASK, Mask, is_prose};

/// What somebody else's code says of its failure: without what it may repeat, and without
/// what could be an opaque token.
pub(crate) fn mask_foreign(text: &str) -> String {
    Mask::default().hide_opaque(&mask_repeated(text))
}

/// Without passwords in URLs, and without what stands in quotes or brackets, where libraries
/// repeat what they were given.
pub(crate) fn mask_repeated(text: &str) -> String {
    let text = mask_user_info(text);
    let mut masked = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(start) = rest.find(['"', '\'', '`', '[']) {
        let (before, quoted) = rest.split_at(start);
        masked.push_str(before);
        let mut chars = quoted.chars();
        let open = chars.next().unwrap_or_default();
        masked.push(open);
        rest = chars.as_str();
        // As in "can't".
        if open == '\'' && before.ends_with(char::is_alphanumeric) {
            continue;
        }
        masked.push_str(MASK);
        let (_, after) = rest.split_at_checked(end_of_quotation(open, rest)).unwrap_or_default();
        let mut after = after.chars();
        masked.extend(after.next());
        rest = after.as_str();
    }
    masked + rest
}

/// Where the quotation has its closing mark that `open` begins; its end if there is none.
fn end_of_quotation(open: char, quoted: &str) -> usize {
    let close = if open == '[' { ']' } else { open };
    let mut is_escaped = false;
    let end = quoted.find(|c: char| {
        let ends = c == close && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        ends
    });
    end.unwrap_or(quoted.len())
}

/// A path that a setting names, unless it may be the secret itself, set in its place: it
/// leads to no folder that there is, and is not made of plain words.
pub(crate) fn shown_path(path: &Path) -> String {
    let text = path.display().to_string();
    let mut above = path.ancestors().skip(1).filter(|folder| folder.file_name().is_some());
    let is_path =
        path.exists() || above.any(Path::exists) || text.starts_with('/') && is_prose(&text);
    if is_path { text } else { format!("{MASK} (masked, because it may be the secret itself)") }
}

/// A path without the password of a URL that lacks its scheme: `//user:password@host`.
pub(crate) fn mask_user_info(path: &str) -> String {
    let masked = |segment: &str| {
        let (info, host) = segment.rsplit_once('@')?;
        let (user, _) = info.split_once(':')?;
        Some(format!("{user}:{MASK}@{host}"))
    };
    let segments = path.split('/').map(|part| masked(part).unwrap_or_else(|| part.to_owned()));
    segments.collect::<Vec<_>>().join("/")
}
