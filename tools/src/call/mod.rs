//! Calls an API once: a small curl for shell scripts that has the token, waits when the server
//! says wait, and ends with an exit code that tells what to do next.

mod head;
mod output;
mod request;
mod until;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use unattended::http::{Method, StatusCode};
use unattended::{Client, Error, Request};

use crate::failure::Failure;
use crate::options::Common;
use crate::report::Report;
use crate::session::Session;
use output::Output;
use request::Sending;
use until::Until;

/// Calls an API once, as curl would; the token, waits and repeats are taken care of
///
/// The body of the answer goes to standard output, byte for byte, and everything else to standard
/// error.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The method (GET, or POST with a body, unless it is given) and the path or URL; @FILE
    /// instead of that reads it from a file (@- from standard input): a presigned URL is a
    /// secret, and others see the command line
    #[arg(value_name = "[METHOD] PATH|URL")]
    words: Vec<String>,
    #[command(flatten)]
    sending: Sending,
    #[command(flatten)]
    answer: Answer,
    #[command(flatten)]
    until: Until,
    #[command(flatten)]
    common: Common,
}

#[derive(Args)]
#[command(next_help_heading = "What to do with the answer")]
struct Answer {
    /// Written beside and renamed when it is all there; left as it is by a 304. If another
    /// program holds FILE, the answer is kept in FILE.complete
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// What is a success. content: a whole content, of any size (200, 203, 204, and 206 if a
    /// Range was asked for), the default for GET, whose 202 is exit code 75. any: every 2xx, up
    /// to 64 MiB, the default for other methods
    #[arg(long, value_enum)]
    accept: Option<Accept>,
    /// Status and headers on standard error, with --accept any; the values of headers that may
    /// be secret are shown as ***
    #[arg(long)]
    include: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Accept {
    Content,
    Any,
}

pub fn run(arguments: &Arguments) -> (Arc<Report>, Result<u8, Failure>) {
    let report = Report::short("call", arguments.common.talk);
    let done = call(arguments, &report).inspect_err(|failure| excerpt(failure, &report));
    (report, done.map(|()| 0))
}

fn call(arguments: &Arguments, report: &Arc<Report>) -> Result<(), Failure> {
    let (method, target) = target(&arguments.words, arguments.sending.has_body())?;
    let accept = match arguments.until.is_given() {
        true => Accept::Any,
        false => accepted(&arguments.answer, &method)?,
    };
    arguments.until.check(&method, arguments.sending.safe_to_repeat)?;
    let mut secrets = Vec::new();
    let request = arguments.sending.request(method, &target, &mut secrets)?;
    report.hide(secrets);
    let client = Session::new(&arguments.common, &target)?.connect(report)?;
    deliver(&client, &request, accept, arguments, report)
}

fn target(words: &[String], has_body: bool) -> Result<(Method, String), Failure> {
    let wrong = |text: String| Err(Failure::Usage(text));
    match words {
        [] => wrong("no path is given, such as /api/sam/estate/v1/computers".into()),
        [word] if METHODS.contains(&word.as_str()) => {
            wrong(format!("no path is given after {word}"))
        }
        [target] if has_body => Ok((Method::POST, target.clone())),
        [target] => Ok((Method::GET, target.clone())),
        [method, target] => Ok((self::method(method)?, target.clone())),
        _ => wrong("more is given than a method and a path".into()),
    }
}

fn method(word: &str) -> Result<Method, Failure> {
    let word = word.to_ascii_uppercase();
    if ["CONNECT", "TRACE"].contains(&word.as_str()) {
        // The answer to a TRACE would hold the token (RFC 9110 §9.3.8).
        return Err(Failure::Usage(format!("{word} is not for APIs")));
    }
    let is_word = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase());
    let method = Method::from_bytes(word.as_bytes()).ok().filter(|_| is_word);
    method.ok_or_else(|| Failure::Usage("the word before the path is not a method".into()))
}

fn accepted(answer: &Answer, method: &Method) -> Result<Accept, Failure> {
    match (answer.accept, answer.include) {
        (Some(Accept::Content), true) => {
            Err(Failure::Usage("--include goes with --accept any only".into()))
        }
        (Some(accept), _) => Ok(accept),
        (None, false) if method == Method::GET => Ok(Accept::Content),
        (None, _) => Ok(Accept::Any),
    }
}

/// Where the answer goes is opened first: what cannot be written need not be asked for.
fn deliver(
    client: &Client,
    request: &Request,
    accept: Accept,
    arguments: &Arguments,
    report: &Report,
) -> Result<(), Failure> {
    let Arguments { answer, until, common, .. } = arguments;
    let file = answer.out.as_deref().filter(|out| out.as_os_str() != "-");
    let mut output = Output::open(file)?;
    let status = match accept {
        Accept::Content => content(client, request, &mut output)?,
        Accept::Any => {
            let response = match until.is_given() {
                true => until.poll(client, request, &common.patience)?,
                false => client.send(request)?,
            };
            if answer.include {
                head::tell(&response, report);
            }
            if response.status() != StatusCode::NOT_MODIFIED {
                output.write_all(response.bytes()).map_err(|error| output.failure(error))?;
            }
            response.status()
        }
    };
    if status == StatusCode::NOT_MODIFIED {
        report.say("304 Not Modified: nothing is written");
        return Ok(());
    }
    output.keep()
}

/// In constant memory, and only if it is all there. Tells 304 from other successes.
fn content(
    client: &Client,
    request: &Request,
    output: &mut Output,
) -> unattended::Result<StatusCode> {
    match client.download(request, output) {
        Ok(_) => Ok(StatusCode::OK),
        Err(error) if error.status() == Some(StatusCode::NOT_MODIFIED) => {
            Ok(StatusCode::NOT_MODIFIED)
        }
        Err(error) => Err(error),
    }
}

/// The start of the body that came with a failure; the client has masked it.
fn excerpt(failure: &Failure, report: &Report) {
    let (Failure::Api(error), true) = (failure, report.is_verbose()) else { return };
    let body = match error {
        Error::Decode(error) => error.body.as_str(),
        error => error.response().map_or("", |answer| answer.body.as_str()),
    };
    if !body.is_empty() {
        report.say("the body of the answer:");
        body.lines().for_each(|line| report.print(line));
    }
}

/// A path that somebody forgot.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

const EXAMPLES: &str = "\
unattended call --provider snow-atlas --region westeurope /api/sam/estate/v1/computers/42
unattended call --provider snapdocs POST /api/v1/subscriptions --json '{\"event\": \"closing.updated\"}'";
