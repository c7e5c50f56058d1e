//! Walks over pages: what is asked for, where a walk ends, and what it says where it cannot
//! know.

mod again;
mod ahead;
mod ahead_same;
mod cursors;
mod ends;
mod links;
mod names;
mod numbers;
mod offsets;
mod resume;
mod resume_text;
mod rows;
mod settings;
mod targets;
mod text;
mod totals;
mod walks;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde::de::DeserializeOwned;
use serde_json::Value;
use unattended::error::ErrorKind;
use unattended::{Client, Error, Event, Items, Pagination, Request, ResumePoint};

use crate::support::*;

pub fn body(value: &Value) -> Reply {
    reply(200, value.to_string())
}

/// The value of a query parameter, as it was sent.
pub fn asked<'s>(seen: &'s Seen, name: &str) -> Option<&'s str> {
    let (_, query) = seen.target.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// A server whose API is `page`.
pub fn serving(page: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |seen| match seen.path() {
        TOKEN_PATH => token_reply("t", 3600),
        _ => page(seen),
    })
}

/// A server of numbered pages: `page` gets the number that was asked for.
pub fn numbered(page: impl Fn(u64) -> Reply + Send + Sync + 'static) -> Server {
    serving(move |seen| page(asked(seen, "page_number").map_or(1, |page| page.parse().unwrap())))
}

/// A server of these pages; there is none after the last.
pub fn paged(pages: &Value) -> Server {
    let pages = pages.as_array().unwrap().clone();
    numbered(move |page| match pages.get(page as usize - 1) {
        Some(page) => body(page),
        None => reply(404, "{}"),
    })
}

/// All rows, and the error that ended the walk; after either there is nothing, for ever.
pub fn walk<T: DeserializeOwned>(items: &mut Items<'_, T>) -> (Vec<T>, Option<Error>) {
    let mut rows = Vec::new();
    let error = loop {
        match items.next() {
            Some(Ok(row)) => rows.push(row),
            Some(Err(error)) => break Some(error),
            None => break None,
        }
    };
    assert!((0..3).all(|_| items.next().is_none()), "something came after the end");
    (rows, error)
}

/// The error's text, without the port.
pub fn words(error: Option<Error>, server: &Server) -> String {
    let host = server.url("").replace("http://", "");
    error.expect("the walk should have failed").to_string().replace(&host, "HOST")
}

/// The targets of the API's requests, in order.
pub fn targets(server: &Server) -> Vec<String> {
    server.api_requests().into_iter().map(|seen| seen.target).collect()
}

/// The numbers from 1 on: the rows of a whole collection.
pub fn up_to(last: u64) -> Vec<u64> {
    (1..=last).collect()
}

/// Through its text, as a file would keep it.
pub fn saved(point: Option<ResumePoint>) -> ResumePoint {
    format!("{}\n", point.expect("something is left")).parse().unwrap()
}

/// One server that plays one list of pages after another, to one client.
pub struct Stage {
    pub server: Server,
    client: Client,
    pages: Arc<Mutex<VecDeque<Reply>>>,
    events: Arc<Mutex<Vec<Event>>>,
}

/// What came of a walk.
#[derive(Debug)]
pub struct Outcome<T = u64> {
    pub rows: Vec<T>,
    /// By what it is over, if it is.
    pub proof: Option<String>,
    /// What is said from the page on, without how many rows came.
    pub error: Option<String>,
    pub class: Option<ErrorKind>,
    /// What to declare, by the error or by the event at the end.
    pub declare: Option<String>,
    pub requests: usize,
    /// Events besides those of pages and of the end.
    pub events: Vec<Event>,
}

impl Stage {
    pub fn new() -> Self {
        let pages: Arc<Mutex<VecDeque<Reply>>> = Arc::default();
        let played = pages.clone();
        let server =
            serving(move |_| played.lock().unwrap().pop_front().unwrap_or(reply(404, "{}")));
        let (client, events) = observed(server.client());
        Self { server, client, pages, events }
    }

    /// Plays these pages in order, whatever is asked for, and then 404.
    pub fn walk(&self, pages: &[Reply], paging: &Pagination) -> Outcome {
        self.walk_over("/rows", pages, paging)
    }

    pub fn walk_over(
        &self,
        request: impl Into<Request>,
        pages: &[Reply],
        paging: &Pagination,
    ) -> Outcome {
        self.walk_as(request.into(), pages, paging)
    }

    /// Rows that are anything, for those that only count.
    pub fn walk_values(&self, pages: &[Reply], paging: &Pagination) -> Outcome<Value> {
        self.walk_as("/rows".into(), pages, paging)
    }

    fn walk_as<T: DeserializeOwned>(
        &self,
        request: Request,
        pages: &[Reply],
        paging: &Pagination,
    ) -> Outcome<T> {
        *self.pages.lock().unwrap() = pages.iter().cloned().collect();
        self.events.lock().unwrap().clear();
        let before = self.server.api_requests().len();
        let mut items = self.client.items::<T>(request).with_pagination(paging.clone());
        let (rows, error) = walk(&mut items);
        let mut declare = match &error {
            Some(Error::Incomplete(error)) => error.declare.clone(),
            _ => None,
        };
        let mut events = self.events.lock().unwrap().clone();
        events.retain(|event| match event {
            Event::WalkEnded { declare: found, .. } => {
                declare.clone_from(found);
                false
            }
            Event::Page { .. } | Event::TokenFetched { .. } => false,
            _ => true,
        });
        let class = error.as_ref().map(Error::kind);
        Outcome {
            rows,
            proof: items.progress().proof.map(|proof| proof.to_string()),
            error: error.map(|error| {
                let text = words(Some(error), &self.server);
                let text = text.strip_prefix("GET HOST/rows: ").unwrap_or(&text).to_owned();
                let end = text.rfind(" (").filter(|_| text.ends_with(')')).unwrap_or(text.len());
                text[..end].to_owned()
            }),
            class,
            declare,
            requests: self.server.api_requests().len() - before,
            events,
        }
    }
}
