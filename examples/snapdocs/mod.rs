//! What the examples for Snapdocs share: which environment they call, how documents go up
//! and are listed, and how a program ends that cannot go on.
#![allow(dead_code, reason = "each example uses another part of it")]

use std::env;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;
use unattended::http::Uri;
use unattended::{Client, Credentials, Error, Event, Pagination, Provider, Request};

use crate::stand_in::StandIn;
use crate::tell;

const HELP: &str = "\
From the environment:
    SNAPDOCS_CLIENT_ID, SNAPDOCS_CLIENT_SECRET (or ..._SECRET_FILE, a file that holds it)
    SNAPDOCS_ENVIRONMENT            demo (default) or production
    SNAPDOCS_BASE_URL, SNAPDOCS_TOKEN_ENDPOINT            replace the environment's own
    SNAPDOCS_NAME_FIELD, SNAPDOCS_SIZE_FIELD, SNAPDOCS_URL_FIELD
                                    under which names a listed document tells its file
                                    name (filename), its length (size), its URL (url)
";

pub const CLOSINGS: &str = "/api/v1/closings";

/// Prints what `--help` asks for: what an example tells of itself, and the variables.
pub fn help(own: &str) -> Result<(), Failure> {
    tell::result(format_args!("{own}{HELP}"))
        .map_err(|error| Failure::new(CANNOT_WRITE, format!("the help cannot be written: {error}")))
}

/// Whether the environment names a client.
pub fn has_credentials() -> bool {
    env::var_os("SNAPDOCS_CLIENT_ID").is_some()
}

/// A client for the stand-in, or else for the environment that the variables name. It
/// tells its waits on standard error.
pub fn connect(stand_in: Option<&StandIn>) -> Result<Client, Failure> {
    let client = match stand_in {
        Some(stand_in) => Client::new(stand_in.snapdocs_demo()?, stand_in.credentials())?,
        None => Client::new(provider()?, Credentials::from_env("SNAPDOCS")?)?,
    };
    Ok(client.with_observer(|event| {
        if let Event::Waiting { .. } = event {
            tell::err(event);
        }
    }))
}

fn provider() -> Result<Provider, Failure> {
    let mut provider = match env::var("SNAPDOCS_ENVIRONMENT").as_deref() {
        Ok("production") => Provider::snapdocs(),
        Ok("demo") | Err(_) => Provider::snapdocs_demo(),
        Ok(other) => {
            let text = format!("SNAPDOCS_ENVIRONMENT is {other}, not demo or production");
            return Err(Failure::new(CONFIGURATION, text));
        }
    };
    if let Ok(url) = env::var("SNAPDOCS_BASE_URL") {
        provider = provider.with_base_url(&url)?;
    }
    if let Ok(url) = env::var("SNAPDOCS_TOKEN_ENDPOINT") {
        provider = provider.with_token_endpoint(&url)?;
    }
    Ok(provider)
}

/// Uploads one PDF: its bytes as they are, its name in the query. A POST, so it is not
/// sent again unless the server refused it.
pub fn upload(closing: &str, filename: &str, file: &Path) -> Request {
    Request::post(CLOSINGS)
        .segment(closing)
        .segment("documents")
        .query("filename", filename)
        .header("Content-Type", "application/pdf")
        .file(file)
}

/// A document as the API lists it.
pub struct Document {
    pub name: String,
    pub size: Option<u64>,
    url: Option<String>,
    /// The URL leads to another origin than that of the API.
    is_elsewhere: bool,
}

/// All documents of a closing; they come in one answer, without pages.
pub fn documents(client: &Client, closing: &str) -> Result<Vec<Document>, Failure> {
    let names = Names::from_env();
    let listing = Request::get(CLOSINGS).segment(closing).segment("documents");
    let pages = client.pages::<Value>(&listing).with_pagination(Pagination::single());
    let mut documents = Vec::new();
    let mut has_unnamed = false;
    for page in pages.with_rows_at("documents") {
        let page = page?;
        for listed in page.items() {
            let url = listed[&names.url].as_str();
            let is_elsewhere = url.is_some_and(|url| leads_elsewhere(url, page.response().url()));
            let Some(name) = listed[&names.name].as_str() else {
                has_unnamed = true;
                continue;
            };
            let size = listed[&names.size].as_u64();
            documents.push(Document {
                name: name.to_owned(),
                size,
                url: url.map(str::to_owned),
                is_elsewhere,
            });
        }
    }
    // Not to see a document that is there would mean to send it once more.
    if documents.is_empty() && has_unnamed {
        let text = format!(
            "the documents of the closing have no text under {:?}: say in SNAPDOCS_NAME_FIELD under which name the API lists their file names",
            names.name
        );
        return Err(Failure::new(CONFIGURATION, text));
    }
    Ok(documents)
}

impl Document {
    /// Reads its content. The token is only for the API itself; a link to another place
    /// carries its own permission.
    pub fn request(&self) -> Result<Request, Failure> {
        let Some(url) = &self.url else {
            let text = format!(
                "the API lists no URL for {}: say in SNAPDOCS_URL_FIELD under which name it does",
                self.name
            );
            return Err(Failure::new(CONFIGURATION, text));
        };
        let request = Request::get(url);
        Ok(if self.is_elsewhere { request.without_token() } else { request })
    }
}

/// The names that the vendor's public documents do not tell: guesses, for the user to set.
struct Names {
    name: String,
    size: String,
    url: String,
}

impl Names {
    fn from_env() -> Self {
        let name = |variable, guess: &str| env::var(variable).unwrap_or_else(|_| guess.to_owned());
        Self {
            name: name("SNAPDOCS_NAME_FIELD", "filename"),
            size: name("SNAPDOCS_SIZE_FIELD", "size"),
            url: name("SNAPDOCS_URL_FIELD", "url"),
        }
    }
}

/// Scheme, host and port; what has none of them is a path of the API.
fn leads_elsewhere(url: &str, api: &Uri) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    api.scheme_str() != Some(scheme) || api.authority().is_none_or(|own| own != authority)
}

/// A folder for what an example makes up: beside the program, hence below `target`.
pub fn sample_folder(name: &str) -> PathBuf {
    let program = env::current_exe().ok();
    let folder = program.as_deref().and_then(Path::parent).map(Path::to_owned);
    folder.unwrap_or_else(env::temp_dir).join(name)
}

/// Why a program ends before its work is done.
pub struct Failure {
    pub code: u8,
    text: String,
}

impl Failure {
    pub fn new(code: u8, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    /// What was done before the error, or what to do now.
    pub fn after(text: &str, error: &Error) -> Self {
        Self::new(error.exit_code(), format!("{text}: {error:?}"))
    }

    pub fn file(code: u8, path: &Path, error: &io::Error) -> Self {
        Self::new(code, format!("{}: {error}", path.display()))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        // Debug adds the causes.
        Self::new(error.exit_code(), format!("{error:?}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

// The codes of the README's table that no error of the crate brings along.
pub const USAGE: u8 = 64;
pub const INCOMPLETE: u8 = 65;
pub const REFUSED: u8 = 69;
pub const CANNOT_WRITE: u8 = 73;
pub const TEMPORARY: u8 = 75;
pub const CONFIGURATION: u8 = 78;
