//! The request that the command line describes.

use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;

use clap::Args;
use serde::de::IgnoredAny;
use unattended::Request;
use unattended::http::Method;

use crate::failure::Failure;

#[derive(Args)]
#[command(next_help_heading = "What to send")]
pub struct Sending {
    /// Added to the query, percent-encoded; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    query: Vec<(String, String)>,
    /// May be repeated; @FILE (@-) reads headers, one on a line: the place for those that are
    /// secret
    #[arg(long, value_name = "'NAME: VALUE'", value_parser = Header::parse)]
    header: Vec<Header>,
    #[command(flatten)]
    body: Body,
    /// Of the body
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// Sending this twice does no harm: it is repeated like a GET
    #[arg(long)]
    pub safe_to_repeat: bool,
    /// The server acts once, however often it is sent: a random Idempotency-Key goes with it
    #[arg(long, conflicts_with = "idempotency_key")]
    idempotent: bool,
    /// The same with a key of your own, such as the number of an order: for the next run as well
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// No token is sent: the only way to another origin
    #[arg(long)]
    without_token: bool,
}

/// At most one of them.
#[derive(Args)]
#[group(multiple = false)]
struct Body {
    /// A JSON body; '-' reads it from standard input
    #[arg(long, value_name = "TEXT")]
    json: Option<String>,
    /// A body as it is; '-' reads it from standard input
    #[arg(long, value_name = "TEXT")]
    data: Option<String>,
    /// A file as the body, of any size: it is streamed
    #[arg(long, value_name = "FILE")]
    data_file: Option<PathBuf>,
    /// A form as the body; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    form: Vec<(String, String)>,
}

/// A header as it was given.
#[derive(Clone)]
enum Header {
    Given(String, String),
    /// Lines of a file: where secrets belong, since others can see the command line.
    File(String),
}

impl Sending {
    pub fn has_body(&self) -> bool {
        let Body { json, data, data_file, form } = &self.body;
        json.is_some() || data.is_some() || data_file.is_some() || !form.is_empty()
    }

    /// The request; what of it must not be shown is added to `secrets`.
    ///
    /// # Errors
    ///
    /// If a file or standard input cannot be read, or does not hold what it should.
    pub fn request(
        &self,
        method: Method,
        target: &str,
        secrets: &mut Vec<String>,
    ) -> Result<Request, Failure> {
        self.check(target)?;
        let mut request = Request::new(method, self::target(target, secrets)?);
        let json = self.body.json.as_ref().map(|_| "application/json");
        if let Some(content_type) = self.content_type.as_deref().or(json) {
            request = request.header("Content-Type", content_type);
        }
        for (name, value) in &self.query {
            request = request.query(name, value);
        }
        for header in &self.header {
            request = match header {
                Header::Given(name, value) => request.header(name, value),
                Header::File(file) => headers_of(file, request, secrets)?,
            };
        }
        if self.safe_to_repeat {
            request = request.safe_to_repeat();
        }
        if self.idempotent {
            request = request.idempotent();
        }
        if let Some(key) = &self.idempotency_key {
            request = request.with_idempotency_key(key);
        }
        if self.without_token {
            request = request.without_token();
        }
        self.body.put_into(request)
    }

    fn check(&self, target: &str) -> Result<(), Failure> {
        if self.content_type.is_some() && !self.has_body() {
            return Err(Failure::Usage("--content-type needs a body".into()));
        }
        let headers = self.header.iter();
        let of_headers = headers.filter(|it| matches!(it, Header::File(file) if file == "-"));
        let is_stdin = |text: &Option<String>| text.as_deref() == Some("-");
        let of_others = [is_stdin(&self.body.json), is_stdin(&self.body.data), target == "@-"];
        let of_others = of_others.into_iter().filter(|is_stdin| *is_stdin);
        match of_headers.count() + of_others.count() {
            0 | 1 => Ok(()),
            _ => Err(Failure::Usage("standard input can be read for one thing only".into())),
        }
    }
}

/// A presigned URL is a secret, so it may stand in a file.
fn target(given: &str, secrets: &mut Vec<String>) -> Result<String, Failure> {
    let Some(file) = given.strip_prefix('@') else { return Ok(given.to_owned()) };
    let target = text(given, read(file))?.trim().to_owned();
    secrets.extend(query_values(&target));
    match target.is_empty() || target.contains(char::is_whitespace) {
        true => Err(Failure::Usage(format!("{given} does not hold one path or URL"))),
        false => Ok(target),
    }
}

impl Body {
    fn put_into(&self, request: Request) -> Result<Request, Failure> {
        if let Some(json) = &self.json {
            let bytes = bytes(json)?;
            return match serde_json::from_slice::<IgnoredAny>(&bytes) {
                Ok(_) => Ok(request.bytes(bytes)),
                Err(error) => Err(Failure::Usage(format!("--json is not JSON: {error}"))),
            };
        }
        if let Some(data) = &self.data {
            return Ok(request.bytes(bytes(data)?));
        }
        if let Some(file) = &self.data_file {
            return Ok(request.file(file));
        }
        let pairs = self.form.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let pairs: Vec<(&str, &str)> = pairs.collect();
        Ok(if pairs.is_empty() { request } else { request.form(&pairs) })
    }
}

impl Header {
    /// # Errors
    ///
    /// If it is no header, or one that is a credential.
    fn parse(text: &str) -> Result<Self, String> {
        if let Some(file) = text.strip_prefix('@') {
            return Ok(Self::File(file.to_owned()));
        }
        let (name, value) = text.split_once(':').ok_or("takes 'NAME: VALUE'")?;
        let (name, value) = (name.trim(), value.trim());
        match CREDENTIALS.iter().find(|secret| secret.eq_ignore_ascii_case(name)) {
            Some(name) => Err(format!(
                "takes no secrets: others see the command line, so write {name} to a file for --header @FILE"
            )),
            None => Ok(Self::Given(name.to_owned(), value.to_owned())),
        }
    }
}

pub fn pair(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("takes NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// A text of the command line, or standard input.
fn bytes(text: &str) -> Result<Vec<u8>, Failure> {
    match text {
        "-" => read("-").map_err(|error| Failure::Input("standard input".into(), error)),
        text => Ok(text.as_bytes().to_vec()),
    }
}

/// One header on a line; empty lines do not count.
fn headers_of(
    file: &str,
    mut request: Request,
    secrets: &mut Vec<String>,
) -> Result<Request, Failure> {
    let name = format!("@{file}");
    let text = text(&name, read(file))?;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        // The line may be a secret.
        let wrong = || Failure::Usage(format!("{name} has a line that is not 'Name: value'"));
        let (name, value) = line.split_once(':').ok_or_else(wrong)?;
        request = request.header(name.trim(), value.trim());
        // `Bearer x` is the scheme and the secret.
        secrets.extend(value.split_whitespace().filter(|part| is_long(part)).map(str::to_owned));
    }
    Ok(request)
}

/// As they stand in the URL, and decoded.
fn query_values(url: &str) -> Vec<String> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let raw = query.split('&').filter_map(|pair| pair.split_once('=')).map(|(_, raw)| raw.into());
    let decoded = form_urlencoded::parse(query.as_bytes()).map(|(_, value)| value.into_owned());
    raw.chain(decoded).filter(|value: &String| is_long(value)).collect()
}

/// What is shorter is no secret, and hiding it would spoil the text around it.
fn is_long(value: &str) -> bool {
    value.len() >= 8
}

fn read(file: &str) -> io::Result<Vec<u8>> {
    if file != "-" {
        return fs::read(file);
    }
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn text(name: &str, read: io::Result<Vec<u8>>) -> Result<String, Failure> {
    let text = read.and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other));
    text.map_err(|error| Failure::Input(name.into(), error))
}

const CREDENTIALS: [&str; 4] = ["Authorization", "Cookie", "Proxy-Authorization", "X-Api-Key"];
