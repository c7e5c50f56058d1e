//! The command line, read by hand: it is short.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use unattended::RetryPolicy;
use unattended::http::Method;

use crate::command_line::{Known, Parsed, Words};
use crate::request::{Body, Header, Text};
use crate::source::Source;

/// What the command line asks for.
pub enum Task {
    Help,
    Call(Box<Arguments>),
}

pub struct Arguments {
    /// `None` is the stand-in.
    pub source: Option<Source>,
    pub store: Store,
    pub method: Method,
    pub target: String,
    pub query: Vec<(String, String)>,
    pub headers: Vec<Header>,
    pub body: Body,
    pub content_type: Option<String>,
    pub is_safe_to_repeat: bool,
    pub is_without_token: bool,
    pub policy: RetryPolicy,
    pub idle: Option<Duration>,
    /// `None` is standard output.
    pub out: Option<PathBuf>,
    pub accepted: Accepted,
    pub includes_head: bool,
    pub is_verbose: bool,
}

/// Where the token is kept.
pub enum Store {
    OfTheUser,
    At(PathBuf),
    Off,
}

/// What counts as a success.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    Content,
    Any,
}

impl Task {
    /// # Errors
    ///
    /// What is wrong with the command line, in words: not in its own, which may be secret.
    pub fn parse(arguments: impl Iterator<Item = OsString>) -> Parsed<Self> {
        let mut words = Words::split(arguments, &KNOWN)?;
        if words.flag("help") {
            return Ok(Self::Help);
        }
        let source = words.source()?;
        let body = words.body()?;
        let (method, target) = words.target(&body)?;
        let includes_head = words.flag("include");
        let arguments = Arguments {
            store: words.store()?,
            query: words.pairs("query")?.unwrap_or_default(),
            headers: words.headers()?,
            content_type: words.value("content-type"),
            is_safe_to_repeat: words.flag("safe-to-repeat"),
            is_without_token: words.flag("without-token"),
            policy: words.policy()?,
            idle: words.number("idle")?.map(Duration::from_secs),
            out: words.value("out").filter(|out| out != "-").map(PathBuf::from),
            accepted: words.accepted(&method, includes_head)?,
            is_verbose: words.flag("verbose"),
            includes_head,
            source,
            body,
            method,
            target,
        };
        words.end()?;
        arguments.check().map(|arguments| Self::Call(Box::new(arguments)))
    }
}

impl Arguments {
    fn check(self) -> Parsed<Self> {
        let of_headers = self.headers.iter().filter(|header| header.is_stdin()).count();
        let of_others = [self.body.is_stdin(), self.target == "@-"];
        if of_headers + of_others.into_iter().filter(|is_stdin| *is_stdin).count() > 1 {
            return Err("standard input can be read for one thing only".into());
        }
        match (&self.source, &self.body, &self.content_type) {
            (None, ..) if self.target.contains("://") => Err("a URL needs a --provider".into()),
            (_, Body::None, Some(_)) => Err("--content-type needs a body".into()),
            _ => Ok(self),
        }
    }
}

impl Words {
    fn number(&mut self, name: &str) -> Parsed<Option<u64>> {
        let number =
            self.value(name).map(|number| number.parse().ok().filter(|number| *number > 0));
        match number {
            Some(None) => Err(format!("--{name} takes a whole number of seconds, at least 1")),
            number => Ok(number.flatten()),
        }
    }

    fn pairs(&mut self, name: &str) -> Parsed<Option<Vec<(String, String)>>> {
        let pair = |pair: String| match pair.split_once('=') {
            Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
            None => Err(format!("--{name} takes NAME=VALUE")),
        };
        self.all(name).map(|pairs| pairs.into_iter().map(pair).collect()).transpose()
    }

    fn headers(&mut self) -> Parsed<Vec<Header>> {
        let headers = self.all("header").unwrap_or_default();
        headers.iter().map(|header| Header::parse(header)).collect()
    }

    fn store(&mut self) -> Parsed<Store> {
        match (self.value("store"), self.flag("no-store")) {
            (Some(_), true) => Err("--store and --no-store exclude each other".into()),
            (Some(folder), false) => Ok(Store::At(folder.into())),
            (None, true) => Ok(Store::Off),
            (None, false) => Ok(Store::OfTheUser),
        }
    }

    fn body(&mut self) -> Parsed<Body> {
        let bodies = [
            self.pairs("form")?.map(Body::Form),
            self.value("json").map(|json| Body::Json(Text::new(json))),
            self.value("data").map(|data| Body::Data(Text::new(data))),
            self.value("data-file").map(|file| Body::File(file.into())),
        ];
        let mut bodies = bodies.into_iter().flatten();
        match (bodies.next(), bodies.next()) {
            (_, Some(_)) => Err("--json, --data, --data-file and --form exclude each other".into()),
            (body, None) => Ok(body.unwrap_or(Body::None)),
        }
    }

    fn target(&mut self, body: &Body) -> Parsed<(Method, String)> {
        let mut free = std::mem::take(&mut self.free).into_iter();
        match (free.next(), free.next(), free.next()) {
            (Some(method), Some(target), None) => Ok((self::method(&method)?, target)),
            (Some(word), None, _) if is_method(&word) => {
                Err(format!("no path is given after {word}"))
            }
            (Some(target), None, _) => match body {
                Body::None => Ok((Method::GET, target)),
                _ => Ok((Method::POST, target)),
            },
            (None, ..) => Err("no path is given, such as /api/sam/estate/v1/computers".into()),
            _ => Err("more is given than a method and a path".into()),
        }
    }

    fn policy(&mut self) -> Parsed<RetryPolicy> {
        let mut policy = RetryPolicy::default();
        if let Some(seconds) = self.number("deadline")? {
            policy = policy.with_deadline(Duration::from_secs(seconds));
        }
        if let Some(retries) = self.value("retries") {
            let retries = retries.parse().map_err(|_| "--retries takes a whole number")?;
            policy = policy.with_retries(retries);
        }
        Ok(policy)
    }

    fn accepted(&mut self, method: &Method, includes_head: bool) -> Parsed<Accepted> {
        match (self.value("accept").as_deref(), includes_head) {
            (Some("content"), true) => Err("--include goes with --accept any only".into()),
            (Some("content"), false) => Ok(Accepted::Content),
            (None, false) if method == Method::GET => Ok(Accepted::Content),
            (Some("any") | None, _) => Ok(Accepted::Any),
            (Some(_), _) => Err("--accept is one of content, any".into()),
        }
    }
}

fn method(word: &str) -> Parsed<Method> {
    let word = word.to_ascii_uppercase();
    if ["CONNECT", "TRACE"].contains(&word.as_str()) {
        // The answer to a TRACE would hold the token (RFC 9110 §9.3.8).
        return Err(format!("{word} is not for APIs"));
    }
    let is_word = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase());
    let method = Method::from_bytes(word.as_bytes()).ok().filter(|_| is_word);
    method.ok_or_else(|| "the word before the path is not a method".into())
}

/// A path that somebody forgot.
fn is_method(word: &str) -> bool {
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].contains(&word)
}

const KNOWN: Known = Known {
    flags: &["include", "no-store", "safe-to-repeat", "verbose", "without-token"],
    values: &[
        "accept",
        "content-type",
        "data",
        "data-file",
        "deadline",
        "idle",
        "json",
        "out",
        "retries",
        "store",
    ],
    repeatable: &["form", "header", "query"],
};
