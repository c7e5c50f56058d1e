//! The request that the command line describes.

use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;

use serde::de::IgnoredAny;
use unattended::Request;

use crate::arguments::Arguments;
use crate::failure::Failure;

/// What is sent.
pub enum Body {
    None,
    Data(Text),
    Json(Text),
    Form(Vec<(String, String)>),
    /// Streamed.
    File(PathBuf),
}

/// A text of the command line, or standard input.
pub enum Text {
    Given(String),
    Stdin,
}

/// A header as it was given.
pub enum Header {
    Given(String, String),
    /// Lines of a file: where secrets belong, since others can see the command line.
    File(String),
}

impl Arguments {
    /// The request; what of it must not be shown is added to `secrets`.
    ///
    /// # Errors
    ///
    /// If a file or standard input cannot be read, or does not hold what it should.
    pub fn request(&self, secrets: &mut Vec<String>) -> Result<Request, Failure> {
        let mut request = Request::new(self.method.clone(), self.target(secrets)?);
        let json = matches!(self.body, Body::Json(_)).then_some("application/json");
        if let Some(content_type) = self.content_type.as_deref().or(json) {
            request = request.header("Content-Type", content_type);
        }
        for (name, value) in &self.query {
            request = request.query(name, value);
        }
        for header in &self.headers {
            request = match header {
                Header::Given(name, value) => request.header(name, value),
                Header::File(file) => headers_of(file, request, secrets)?,
            };
        }
        if self.is_safe_to_repeat {
            request = request.safe_to_repeat();
        }
        if self.is_without_token {
            request = request.without_token();
        }
        self.with_body(request)
    }

    /// A presigned URL is a secret, so it may stand in a file.
    fn target(&self, secrets: &mut Vec<String>) -> Result<String, Failure> {
        let Some(file) = self.target.strip_prefix('@') else { return Ok(self.target.clone()) };
        let target = text(&self.target, read(file))?.trim().to_owned();
        secrets.extend(query_values(&target));
        match target.is_empty() || target.contains(char::is_whitespace) {
            true => Err(Failure::Usage(format!("{} does not hold one path or URL", self.target))),
            false => Ok(target),
        }
    }

    fn with_body(&self, request: Request) -> Result<Request, Failure> {
        match &self.body {
            Body::None => Ok(request),
            Body::Data(data) => Ok(request.bytes(data.bytes()?)),
            Body::Json(json) => {
                let bytes = json.bytes()?;
                if let Err(error) = serde_json::from_slice::<IgnoredAny>(&bytes) {
                    return Err(Failure::Usage(format!("--json is not JSON: {error}")));
                }
                Ok(request.bytes(bytes))
            }
            Body::Form(pairs) => {
                let pairs: Vec<(&str, &str)> =
                    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                Ok(request.form(&pairs))
            }
            Body::File(file) => Ok(request.file(file)),
        }
    }
}

impl Body {
    pub fn is_stdin(&self) -> bool {
        matches!(self, Self::Data(Text::Stdin) | Self::Json(Text::Stdin))
    }
}

impl Header {
    /// # Errors
    ///
    /// If it is no header, or one that is a credential.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(file) = text.strip_prefix('@') {
            return Ok(Self::File(file.to_owned()));
        }
        let (name, value) = text.split_once(':').ok_or("--header takes 'NAME: VALUE'")?;
        let (name, value) = (name.trim(), value.trim());
        match CREDENTIALS.iter().find(|secret| secret.eq_ignore_ascii_case(name)) {
            Some(name) => Err(format!(
                "others see the command line: write the header {name} to a file for --header @FILE"
            )),
            None => Ok(Self::Given(name.to_owned(), value.to_owned())),
        }
    }

    pub fn is_stdin(&self) -> bool {
        matches!(self, Self::File(file) if file == "-")
    }
}

impl Text {
    pub fn new(text: String) -> Self {
        if text == "-" { Self::Stdin } else { Self::Given(text) }
    }

    fn bytes(&self) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Given(text) => Ok(text.clone().into_bytes()),
            Self::Stdin => {
                read("-").map_err(|error| Failure::Input("standard input".into(), error))
            }
        }
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
