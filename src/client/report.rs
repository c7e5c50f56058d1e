//! What a check of a client found: values for programs, lines for a support ticket.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};
use ureq::http::StatusCode;

use crate::clock::{http_date, seconds};
use crate::error::{Error, Result};
use crate::provider::AuthMethod;
use crate::token::access_token;

/// What [`Client::diagnose`](crate::Client::diagnose) found.
///
/// Its `Display` is a block of aligned lines for a support ticket. Nothing in it is secret: no
/// token, no query, no user or password of a proxy, no value of an extra token parameter. Nor is
/// there a client id, since people swap it with the secret.
///
/// ```no_run
/// # fn run(client: &unattended::Client) {
/// let report = client.diagnose("/api/health");
/// println!("{report}");
/// std::process::exit(report.exit_code().into());
/// # }
/// ```
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// Which version of this crate checked, and when.
    pub(crate) title: String,
    /// What was set about the client.
    pub(crate) settings: Vec<Line>,
    /// How the client authenticates itself at the token endpoint; `None` if its credentials and
    /// the provider contradict each other.
    pub auth_method: Option<AuthMethod>,
    /// What was sent as an assertion (RFC 7523 §2.2), in words: the key's kind and id, the
    /// audience, the life; never the assertion.
    pub assertion: Option<String>,
    /// The scope that was asked for.
    pub scope_asked: Option<String>,
    /// The scope that the answer names, if it does: a server may leave out one that is as
    /// asked (RFC 6749 §5.1), and some leave out any.
    pub scope_granted: Option<String>,
    /// How long the token request took, whatever came of it; `None` if it was not sent.
    pub took: Option<Duration>,
    /// How long the token lives; `None` if the answer does not say, or there is none.
    pub lifetime: Option<Duration>,
    /// The claims of the access token, if it is a JWT; not verified, and masked.
    pub claims: Option<Map<String, Value>>,
    /// By how many whole seconds the server's clock is ahead of the local one; negative if it is
    /// behind. It is known by the `Date` of the token answer, even of a refusal; `None` if there
    /// was none.
    pub clock_offset: Option<i64>,
    /// Why the client went on without its token store.
    pub store_error: Option<String>,
    /// Why there is no token; [`error`](Self::error) includes the GET.
    pub token_error: Option<Error>,
    /// What the GET asked for, without its query.
    pub path: Option<String>,
    /// How long the GET took.
    pub call_took: Option<Duration>,
    /// What came of the GET; `None` if none was asked for, or there was no token for it.
    pub call: Option<Result<StatusCode>>,
}

impl Report {
    /// Whether the token came, and the GET succeeded if there was to be one. Warnings do
    /// not count: a [missing scope](Self::missing_scope), clocks that differ, a failed store.
    pub fn is_ok(&self) -> bool {
        self.error().is_none()
    }

    /// The error of the token request, else that of the GET.
    pub fn error(&self) -> Option<&Error> {
        let of_call = self.call.as_ref().and_then(|call| call.as_ref().err());
        self.token_error.as_ref().or(of_call)
    }

    /// 0 if all is well, else that of the error: see [`Error::exit_code`].
    pub fn exit_code(&self) -> u8 {
        self.error().map_or(0, Error::exit_code)
    }

    /// What was asked for but not granted (RFC 6749 §3.3), if the answer names a scope.
    pub fn missing_scope(&self) -> Vec<&str> {
        access_token::missing_scope(self.scope_asked.as_deref(), self.scope_granted.as_deref())
    }

    fn has_warnings(&self) -> bool {
        !self.missing_scope().is_empty() || self.clocks_are_apart() || self.store_error.is_some()
    }

    fn clocks_are_apart(&self) -> bool {
        self.clock_offset.is_some_and(|offset| offset.unsigned_abs() >= CLOCKS_APART)
    }

    fn token_lines(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        match (&self.token_error, self.took) {
            (None, took) => {
                lines.push(("token", format!("came{}", after(took))));
                lines.push(("lifetime", self.lifetime.map_or(UNSTATED.into(), seconds)));
                lines.push(("scope granted", self.granted()));
                lines.extend(self.claim_lines());
            }
            (Some(error), took) => {
                let sent = if took.is_some() {
                    "tried once, within 10 s at most"
                } else {
                    "not asked for"
                };
                lines.push(("token", format!("none{}: {sent}", after(took))));
                lines.push(("error", format!("{error:?}")));
            }
        }
        lines.push(("clock", self.clock()));
        if let Some(error) = &self.store_error {
            let text = format!("warning: failed, so the client went on without it: {error}");
            lines.push(("token store", text));
        }
        lines
    }

    fn granted(&self) -> String {
        let missing = self.missing_scope().join(" ");
        let granted = self.scope_granted.as_ref();
        let granted = granted.map(|scope| scope.split_whitespace().collect::<Vec<_>>().join(" "));
        match granted {
            Some(granted) if missing.is_empty() => granted,
            Some(granted) => format!("{granted}; warning: missing {missing}"),
            None => "not said".into(),
        }
    }

    fn claim_lines(&self) -> Vec<Line> {
        let Some(claims) = &self.claims else {
            return vec![("claims", "not readable: the token is opaque".into())];
        };
        let mut lines = vec![("claims", "of the access token, not verified".into())];
        for (name, value) in claims {
            let is_time = ["exp", "iat", "nbf", "auth_time"].contains(&name.as_str());
            let date = value.as_u64().filter(|_| is_time).and_then(|seconds| {
                http_date(SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?)
            });
            let date = date.map_or(String::new(), |date| format!(" ({date})"));
            lines.push(("", format!("{name}: {value}{date}")));
        }
        lines
    }

    fn clock(&self) -> String {
        let Some(offset) = self.clock_offset else {
            return "not compared: there was no answer with a Date".into();
        };
        let side = if offset > 0 { "ahead of" } else { "behind" };
        let apart = match offset {
            0 => return "the same as the server's".into(),
            offset => {
                format!("the server's is {} s {side} this machine's", offset.unsigned_abs())
            }
        };
        match self.clocks_are_apart() {
            true => format!("{apart}; warning: one of the two is wrong"),
            false => apart,
        }
    }

    fn call_lines(&self) -> Vec<Line> {
        let Some(path) = &self.path else { return Vec::new() };
        let took = after(self.call_took);
        match &self.call {
            None => vec![("GET", format!("{path}: not sent, since there is no token"))],
            Some(Ok(status)) => vec![("GET", format!("{path}: {status}{took}"))],
            Some(Err(error)) => {
                vec![("GET", format!("{path}: failed{took}")), ("error", format!("{error:?}"))]
            }
        }
    }

    fn result(&self) -> String {
        match self.error() {
            Some(error) => format!("failed, exit code {}", error.exit_code()),
            None if self.has_warnings() => "good, but see the warnings".into(),
            None => "good".into(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title)?;
        let lines = [self.settings.clone(), self.token_lines(), self.call_lines()];
        for (label, text) in lines.into_iter().flatten().chain([("result", self.result())]) {
            for (at, line) in text.lines().enumerate() {
                let label = if at == 0 { label } else { "" };
                write!(f, "\n{label:<18} {}", printable(line))?;
            }
        }
        Ok(())
    }
}

/// What it is about, and what there is to say.
pub(crate) type Line = (&'static str, String);

fn after(took: Option<Duration>) -> String {
    took.map_or(String::new(), |took| format!(" after {}", seconds(took)))
}

/// What a server said must not steer the terminal.
fn printable(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    for c in line.chars() {
        match c.is_control() {
            true => text.extend(c.escape_default()),
            false => text.push(c),
        }
    }
    text
}

const UNSTATED: &str = "not stated: used until it is refused";
/// In seconds; what many servers tolerate in the times of a token.
const CLOCKS_APART: u64 = 60;
