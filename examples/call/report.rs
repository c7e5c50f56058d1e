//! What is told on the way: on standard error, since standard output carries the body only.

use std::io::{self, Write};
use std::time::Duration;

use unattended::{Error, Event, Response};

use crate::failure::Failure;

#[derive(Clone, Default)]
pub struct Report {
    pub is_verbose: bool,
    /// What came from files because it is secret; the client knows its own secrets only, and
    /// a server may repeat these.
    pub secrets: Vec<String>,
}

impl Report {
    /// The observer of the client. Long waits are told always: they look like a hang. So
    /// is a store that fails: each call would buy a token.
    pub fn observe(&self, event: &Event) {
        let matters = match event {
            Event::Waiting { wait, .. } => *wait > LONG_WAIT,
            Event::StoreFailed { .. } => true,
            _ => false,
        };
        if self.is_verbose || matters {
            self.say(&event.to_string());
        }
    }

    /// Status and headers. A header that is not known to be harmless keeps its name only.
    pub fn head(&self, response: &Response) {
        self.print(&response.status().to_string());
        for (name, value) in response.headers() {
            let value = String::from_utf8_lossy(value.as_bytes());
            let value = match name.as_str() {
                name if LINKS.contains(&name) => without_queries(&value),
                name if is_harmless(name) => value.into_owned(),
                _ => MASK.to_owned(),
            };
            self.print(&format!("{name}: {value}"));
        }
    }

    /// The start of the body that came with a failure; the client has masked it.
    pub fn excerpt(&self, failure: &Failure) {
        let (Failure::Api(error), true) = (failure, self.is_verbose) else { return };
        let body = match error {
            Error::Decode(error) => error.body.as_str(),
            error => error.response().map_or("", |answer| answer.body.as_str()),
        };
        if !body.is_empty() {
            self.say("the body of the answer:");
            body.lines().for_each(|line| self.print(line));
        }
    }

    /// A line under the name of this program.
    pub fn say(&self, text: &str) {
        self.print(&format!("call: {text}"));
    }

    /// A line on standard error. What a server says must not steer a terminal.
    fn print(&self, line: &str) {
        let mut line = line.to_owned();
        for secret in &self.secrets {
            line = line.replace(secret, MASK);
        }
        let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        // Nobody listens to a closed standard error, but the exit code still counts.
        let _ = writeln!(io::stderr(), "{line}");
    }
}

fn is_harmless(name: &str) -> bool {
    HARMLESS.contains(&name)
        || ["x-ratelimit-", "ratelimit-", "x-total-", "x-page"]
            .iter()
            .any(|start| name.starts_with(start))
        || ["request-id", "requestid", "correlation-id"].iter().any(|end| name.ends_with(end))
}

/// A presigned URL has its secret in the query. `<https://…?…>; rel="next"` keeps its end.
fn without_queries(value: &str) -> String {
    let mut parts = value.split('?');
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        shown.push('?');
        shown.push_str(MASK);
        shown.push_str(part.find('>').map_or("", |end| &part[end..]));
    }
    shown
}

const LONG_WAIT: Duration = Duration::from_secs(5);
const MASK: &str = "***";
const LINKS: [&str; 3] = ["content-location", "link", "location"];
const HARMLESS: [&str; 27] = [
    "accept-ranges",
    "age",
    "allow",
    "cache-control",
    "cf-ray",
    "connection",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-range",
    "content-type",
    "date",
    "deprecation",
    "etag",
    "expires",
    "keep-alive",
    "last-modified",
    "preference-applied",
    "ratelimit",
    "retry-after",
    "server",
    "strict-transport-security",
    "sunset",
    "transfer-encoding",
    "vary",
    "warning",
];
