//! What errors say in Rust, said in the options of this program.

use clap::{Arg, Args, Command};
use serde_json::Value;

use crate::options::api::Api;
use crate::options::paging::OPTIONS;
use crate::options::quoted;

/// A text in which settings of the library are options.
pub struct InOptions {
    pub text: String,
    /// The ways to page in it, each with the settings that belong to it.
    pub ways: Vec<String>,
}

/// Settings that have no option cannot be changed here, so they are left out.
pub fn in_options(text: &str) -> InOptions {
    let phrases = PHRASES.iter();
    let text = phrases.fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    let known = Api::augment_args(Command::new(""));
    let text = known.get_arguments().filter_map(Arg::get_long).fold(text, |text, option| {
        let setting = option.replace("auth", "auth_method").replace('-', "_");
        text.replace(&format!("Provider::with_{setting}"), &format!("--{option}"))
    });
    let text = without_other_settings(&text);
    let mut named = InOptions { text: String::new(), ways: Vec::new() };
    let mut rest = text.as_str();
    let (mut before, mut follows_way) = (' ', false);
    while let Some(first) = rest.chars().next() {
        let item = Item::at(rest).filter(|_| !is_of_name(before));
        let Some((item, option)) = item.and_then(|item| Some((item, item.option()?))) else {
            named.text.push(first);
            rest = &rest[first.len_utf8()..];
            (before, follows_way) = (first, false);
            continue;
        };
        if follows_way && item.owner == "." {
            named.text.push(' ');
            if let Some(way) = named.ways.last_mut() {
                *way = format!("{way} {option}");
            }
        } else {
            follows_way = item.way().is_some();
            named.ways.extend(follows_way.then(|| option.clone()));
        }
        named.text.push_str(&option);
        rest = &rest[item.length..];
        before = ' ';
    }
    named
}

/// Code at the beginning of a text: `Pagination::cursor("after", "next")`, `.in_body()`.
#[derive(Clone, Copy)]
struct Item<'t> {
    /// Up to the dot or the colons.
    owner: &'t str,
    name: &'t str,
    /// Between the parentheses, if there are any.
    values: Option<&'t str>,
    length: usize,
}

impl<'t> Item<'t> {
    fn at(text: &'t str) -> Option<Self> {
        let owner = ["Pagination::", "."].into_iter();
        let owner =
            owner.map(|owner| &text[..if text.starts_with(owner) { owner.len() } else { 0 }]);
        let owner = owner.max_by_key(|owner| owner.len())?;
        let rest = &text[owner.len()..];
        let name = &rest[..rest.find(|c| !is_of_name(c)).unwrap_or(rest.len())];
        let values = in_parentheses(&rest[name.len()..]);
        let length = owner.len() + name.len() + values.map_or(0, |values| values.len() + 2);
        (!name.is_empty()).then_some(Self { owner, name, values, length })
    }

    fn option(&self) -> Option<String> {
        if let Some(way) = self.way() {
            let values = self.value()?;
            let colon = if values.is_empty() { "" } else { ":" };
            return Some(format!("--paging {}", quoted(&format!("{way}{colon}{values}"))));
        }
        // A word of the language, or of the server, may be the name of a setting.
        let is_code =
            !self.owner.is_empty() || self.values.is_some() || self.name.starts_with("with_");
        let mut options = OPTIONS.iter().filter(|_| is_code);
        let option = options.find(|option| option.setting == self.name)?;
        let value = match (self.values, option.value) {
            (_, None) => String::new(),
            (None, Some(what)) => format!(" {what}"),
            (Some(_), Some(_)) => format!(" {}", quoted(&self.value()?)),
        };
        Some(format!("--{}{value}", option.name))
    }

    fn way(&self) -> Option<&'static str> {
        let mut ways =
            WAYS.iter().filter(|_| self.owner == "Pagination::" && self.values.is_some());
        ways.find(|(name, _)| *name == self.name).map(|(_, way)| *way)
    }

    /// The values as an option takes them; none if they cannot be read.
    fn value(&self) -> Option<String> {
        let values = self.values.unwrap_or_default();
        let values: Vec<Value> = serde_json::from_str(&format!("[{values}]")).ok()?;
        let values = values.into_iter().map(|value| match value {
            Value::String(text) => text,
            number => number.to_string(),
        });
        Some(values.collect::<Vec<_>>().join("="))
    }
}

/// What stands in the parentheses that a text begins with.
fn in_parentheses(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('(')?;
    let (mut is_text, mut is_escaped) = (false, false);
    let end = inner.find(|c| {
        let is_end = c == ')' && !is_text;
        is_text ^= c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        is_end
    })?;
    Some(&inner[..end])
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Without ` (RetryPolicy::with_deadline)` and the like.
fn without_other_settings(text: &str) -> String {
    let is_setting = |name: &str| {
        name.split_once("::").is_some_and(|(owner, name)| {
            owner.chars().all(is_of_name)
                && name.starts_with("with_")
                && name.chars().all(is_of_name)
        })
    };
    let mut parts = text.split(" (");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| match part.split_once(')') {
        Some((inner, rest)) if inner.split(", ").all(is_setting) => text + rest,
        _ => text + " (" + part,
    })
}

const WAYS: [(&str, &str); 8] = [
    ("detect", "detect"),
    ("link_header", "links"),
    ("next_link", "next"),
    ("page_numbers", "pages"),
    ("offset", "offset"),
    ("cursor", "cursor"),
    ("after_row", "after-row"),
    ("single", "single"),
];
const PHRASES: [(&str, &str); 17] = [
    // Of a call; an export has no pages that are larger.
    ("Client::with_body_limit", "--accept content has no limit"),
    ("Connection::with_root_certificates or SSL_CERT_FILE", "SSL_CERT_FILE"),
    ("AuthMethod::ClientSecretBasic or ClientSecretPost", "--auth basic or --auth post"),
    ("AuthMethod::ClientSecretBasicRaw", "--auth basic-raw"),
    ("AuthMethod::ClientSecretBasic", "--auth basic"),
    ("RetryPolicy::with_deadline, RetryPolicy::with_end_time", "--deadline"),
    ("RetryPolicy::with_deadline", "--deadline"),
    ("Connection::with_idle_timeout", "--idle"),
    ("Credentials::with_key_id, Entra with_certificate", "--key-id, Entra --key-certificate"),
    ("set Connection::with_client_certificate", "give --client-certificate"),
    ("Connection::with_client_certificate", "--client-certificate"),
    ("mark the request safe_to_repeat()", "give --safe-to-repeat"),
    ("remove yours, or make the request without_token()", "remove yours, or give --without-token"),
    ("make the request without_token() if it needs none", "--without-token if it needs none"),
    ("or use FileStore::at", "or give --store or --no-store"),
    (", and Client::forget_cooldowns clears it", ": remove that to clear it"),
    ("Connection::with_root_certificates", "SSL_CERT_FILE"),
];
