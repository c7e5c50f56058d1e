//! What an answer names as next: a link that may be followed, or a cursor.

use serde_json::Value;
use ureq::http::Uri;

use crate::error::{Place, Result};
use crate::event::Event;
use crate::form::fingerprint;
use crate::pages::ask::Ask;
use crate::pages::context::NextLink;
use crate::pages::envelope::Envelope;
use crate::pages::walk::Walk;
use crate::pages::words::{Role, is_link, link_text, next_in_list, says_none, says_something};
use crate::pagination::{HEADER, Strategy};
use crate::request::Request;
use crate::response::Response;
use crate::url::{self, Origin};

impl Walk<'_> {
    /// What was asked and what answered, which a redirect makes two.
    pub(crate) fn remember_asked(
        &mut self,
        ask: &Ask,
        request: &Request,
        response: &Response,
    ) -> Result<()> {
        if self.pagination().follows_links() {
            let asked = request.resolve(&self.client.provider.base_url)?;
            self.seen.insert(fingerprint(&asked.to_string()));
            self.seen.insert(fingerprint(&response.uri.to_string()));
        } else if let Some(mark) = ask.mark() {
            self.seen.insert(fingerprint(&mark));
        }
        Ok(())
    }

    pub(crate) fn was_seen(&self, mark: &str) -> bool {
        self.seen.contains(&fingerprint(mark))
    }

    /// The link to the next page, ready to be asked; none where none is followed or named.
    pub(crate) fn next_link(
        &self,
        envelope: &Envelope,
        response: &Response,
    ) -> Option<std::result::Result<NextLink, String>> {
        let (text, place) = match self.link_text(envelope)? {
            Ok(found) => found,
            Err(why) => return Some(Err(why)),
        };
        let target = self.target(&text, envelope, response);
        Some(target.map(|target| NextLink { target, place }))
    }

    /// The link as it was written, and where.
    fn link_text(
        &self,
        envelope: &Envelope,
    ) -> Option<std::result::Result<(String, String), String>> {
        let in_header = format!("{HEADER}link");
        match &self.pagination().strategy {
            Strategy::LinkHeader => {
                let word = envelope.words.iter().find(|word| word.path == in_header)?;
                match &word.value {
                    Value::String(link) => Some(Ok((link.clone(), in_header))),
                    Value::Null => None,
                    _ => Some(Err(UNREADABLE_HEADER.into())),
                }
            }
            Strategy::NextLink(path) => {
                let value = envelope.declared.as_ref()?;
                let value = match value {
                    Value::Array(links) if links.iter().any(Value::is_object) => {
                        next_in_list(links)?
                    }
                    value => value,
                };
                match link_text(value) {
                    Some(link) => Some(Ok((link.to_owned(), path.to_string()))),
                    None if says_none(value) || !says_something(value) => None,
                    None => Some(Err(format!("{path} holds no link, but {value}"))),
                }
            }
            Strategy::Detect => envelope.words.iter().find_map(|word| {
                if word.path == in_header && word.value == Value::Bool(true) {
                    return Some(Err(UNREADABLE_HEADER.into()));
                }
                let is_next = word.role == Role::Next && word.is_exact;
                let link = link_text(&word.value).filter(|_| is_next)?;
                let is_header = word.path == in_header;
                (is_header || is_link(link)).then(|| Ok((link.to_owned(), word.path.clone())))
            }),
            _ => None,
        }
    }

    /// The absolute URL of a link, if it may be asked with the token.
    fn target(
        &self,
        link: &str,
        envelope: &Envelope,
        response: &Response,
    ) -> std::result::Result<String, String> {
        let home = &self.client.provider.base_url;
        let request = &self.asker.request;
        let first = request.resolve(home).map_err(|error| error.to_string())?;
        let pagination = self.pagination();
        if pagination.takes_link_query_only {
            let Some((_, query)) = link.split_once('?') else {
                return Err("the next link has no query, which link_query_only() follows".into());
            };
            let path = first.path();
            let target = url::resolve(&first, &format!("{path}?{query}"));
            return self.with_own_query(&target.map_err(|error| error.to_string())?);
        }
        let base = envelope.links_base.as_deref().map(|base| base.trim_end_matches('/'));
        let is_below = link.starts_with('/') && !link.starts_with("//");
        let based = base.filter(|_| is_below).map(|base| format!("{base}{link}"));
        let target = url::resolve(&response.uri, based.as_deref().unwrap_or(link));
        let target = target.map_err(|error| match url::is_absolute(link) {
            true => format!("{error}{BEHIND_GATEWAY}"),
            false => error.to_string(),
        })?;
        // Without the token, the caller's own headers stay where the caller sent them.
        let (home, to) = (Origin::of(&first), Origin::of(&target));
        if to != home {
            return Err(format!(
                "the next link leads to another origin, {to}: the token stays at {home}{BEHIND_GATEWAY}"
            ));
        }
        self.with_own_query(&target)
    }

    /// A link with those parameters of the caller's that it lacks, if that was declared.
    fn with_own_query(&self, target: &Uri) -> std::result::Result<String, String> {
        if !self.pagination().keeps_query {
            return Ok(target.to_string());
        }
        let missing = self.missing_query(target.query().unwrap_or_default());
        let target = url::with_query(target.clone(), &missing);
        target.map(|target| target.to_string()).map_err(|error| error.to_string())
    }

    /// What the first request asked for and a link does not.
    fn missing_query(&self, query: &str) -> Vec<(String, String)> {
        let first = self.asker.request_for(&Ask::First);
        first.map(|first| first.query_missing_in(query)).unwrap_or_default()
    }

    /// The cursor to the next page, or what stands in its place.
    pub(crate) fn next_cursor(
        &self,
        envelope: &Envelope,
    ) -> Option<std::result::Result<Value, String>> {
        let Strategy::Cursor(_, source) = &self.pagination().strategy else { return None };
        match envelope.declared.as_ref()? {
            value if says_none(value) || !says_something(value) => None,
            Value::String(text) => Some(Ok(text.as_str().into())),
            value @ Value::Number(_) => Some(Ok(value.clone())),
            value => Some(Err(format!(
                "{source} holds no text or number, but {}: declare the member with the cursor itself",
                kind(value)
            ))),
        }
    }

    /// Keeps in mind where the next link stood, and what goes on from here.
    pub(crate) fn note_next(
        &mut self,
        link: Option<NextLink>,
        cursor: Option<Value>,
        place: &Place,
    ) {
        if let Some(cursor) = cursor {
            self.progress.cursor = Some(crate::pages::ask::plain(&cursor));
        }
        let Some(NextLink { target, place: stood }) = link else { return };
        let (_, query) = target.split_once('?').unwrap_or_default();
        if !self.lacks_query && !self.pagination().takes_link_query_only {
            let missing = self.missing_query(query);
            if let Some((name, _)) = missing.into_iter().next() {
                self.lacks_query = true;
                self.client.emit(|| Event::QueryNotKept { place: place.clone(), name });
            }
        }
        self.progress.cursor = Some(target);
        self.link_place = Some(stood);
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "an object",
        Value::Array(_) => "a list",
        _ => "true",
    }
}

const BEHIND_GATEWAY: &str =
    "; if a gateway stands before the server that wrote it, declare .link_query_only()";
const UNREADABLE_HEADER: &str =
    "the Link header names a next page and cannot be read (RFC 8288 §3)";
