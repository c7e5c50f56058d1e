//! The command line, read by hand: it is short.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use unattended::RetryPolicy;
use unattended::http::Method;

use crate::request::{Body, Header, Text};
use crate::source::{self, Source, credentials_in_environment};

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

type Parsed<T> = std::result::Result<T, String>;

impl Task {
    /// # Errors
    ///
    /// What is wrong with the command line, in words: not in its own, which may be secret.
    pub fn parse(arguments: impl Iterator<Item = OsString>) -> Parsed<Self> {
        let mut words = Words::split(arguments)?;
        if words.flag("help") {
            return Ok(Self::Help);
        }
        let source = words.source()?;
        let body = words.body()?;
        let (method, target) = words.target(&body)?;
        let includes_head = words.flag("include");
        let arguments = Arguments {
            store: words.store()?,
            query: words.pairs("query")?,
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
        match words.options.keys().next() {
            Some(name) => Err(format!("--{name} does not go with the other arguments")),
            None => arguments.check().map(|arguments| Self::Call(Box::new(arguments))),
        }
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

/// The words of the command line, by what they are.
struct Words {
    free: Vec<String>,
    /// Flags have no value, most others one.
    options: BTreeMap<String, Vec<String>>,
}

impl Words {
    fn split(arguments: impl Iterator<Item = OsString>) -> Parsed<Self> {
        let mut words = Self { free: Vec::new(), options: BTreeMap::new() };
        let mut arguments = arguments.map(unicode);
        while let Some(word) = arguments.next().transpose()? {
            let word = if word == "-h" { "--help".to_owned() } else { word };
            let Some(option) = word.strip_prefix("--") else {
                words.free.push(free(word)?);
                continue;
            };
            let (name, value) = match option.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (option, None),
            };
            let is_repeatable = REPEATABLE.contains(&name);
            let has_value =
                is_repeatable || VALUES.contains(&name) || source::OPTIONS.contains(&name);
            let value = match (FLAGS.contains(&name), has_value, value) {
                (true, _, None) => None,
                (true, _, Some(_)) => return Err(format!("--{name} takes no value")),
                (_, true, Some(value)) => Some(value),
                (_, true, None) => match arguments.next() {
                    Some(value) => Some(value?),
                    None => return Err(format!("--{name} needs a value")),
                },
                (false, false, _) => return Err(format!("--{name} is not known")),
            };
            if words.options.contains_key(name) && !is_repeatable {
                return Err(format!("--{name} is given twice"));
            }
            words.options.entry(name.to_owned()).or_default().extend(value);
        }
        Ok(words)
    }

    fn flag(&mut self, name: &str) -> bool {
        self.options.remove(name).is_some()
    }

    fn value(&mut self, name: &str) -> Option<String> {
        self.options.remove(name)?.pop()
    }

    fn number(&mut self, name: &str) -> Parsed<Option<u64>> {
        let number =
            self.value(name).map(|number| number.parse().ok().filter(|number| *number > 0));
        match number {
            Some(None) => Err(format!("--{name} takes a whole number of seconds, at least 1")),
            number => Ok(number.flatten()),
        }
    }

    fn pairs(&mut self, name: &str) -> Parsed<Vec<(String, String)>> {
        let pairs = self.options.remove(name).unwrap_or_default().into_iter();
        let pairs = pairs.map(|pair| match pair.split_once('=') {
            Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
            None => Err(format!("--{name} takes NAME=VALUE")),
        });
        pairs.collect()
    }

    fn headers(&mut self) -> Parsed<Vec<Header>> {
        let headers = self.options.remove("header").unwrap_or_default();
        headers.iter().map(|header| Header::parse(header)).collect()
    }

    fn source(&mut self) -> Parsed<Option<Source>> {
        let wants_stand_in = self.flag("stand-in");
        match (self.value("provider"), credentials_in_environment()) {
            (Some(_), _) if wants_stand_in => {
                Err("--provider and --stand-in exclude each other".into())
            }
            (Some(name), _) => Source::parse(&name, |option| self.value(option)).map(Some),
            (None, Some(variable)) if !wants_stand_in => Err(format!(
                "{variable} is set: say which API to call with --provider, or --stand-in"
            )),
            (None, _) => Ok(None),
        }
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
        let form = self.options.contains_key("form").then(|| self.pairs("form")).transpose()?;
        let bodies = [
            form.map(Body::Form),
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

fn unicode(word: OsString) -> Parsed<String> {
    word.into_string().map_err(|_| "an argument is not valid Unicode".into())
}

fn free(word: String) -> Parsed<String> {
    match word.starts_with('-') {
        // What follows may be the password of curl's -u.
        true => Err(format!("{} is not known", word.chars().take(2).collect::<String>())),
        false => Ok(word),
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

const FLAGS: [&str; 7] =
    ["help", "include", "no-store", "safe-to-repeat", "stand-in", "verbose", "without-token"];
const VALUES: [&str; 10] = [
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
];
const REPEATABLE: [&str; 3] = ["form", "header", "query"];
