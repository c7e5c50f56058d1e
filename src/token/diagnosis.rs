//! What a refusal of the token endpoint means, and what to do about it.

use serde_json::Value;
use ureq::http::StatusCode;

use crate::call::setback::Refusal;
use crate::credentials::identity::Identity;
use crate::encoding::encode_form;
use crate::error::server_message;
use crate::error::{Delivery, ErrorKind, ErrorResponse};
use crate::json_text::value_of;
use crate::mask::{MASK, Secret};
use crate::provider::{AuthMethod, Provider};
use crate::response::Response;
use crate::token::assertion::Assertion;

/// What there is to say about a success that is no token. Its body may hold one under any
/// name, so nothing of it is kept that could be one.
pub(crate) fn unreadable(response: &Response, why: &str) -> Refusal {
    let mask = &response.mask;
    let mut answer = response.answer();
    let content_type = response.header("content-type");
    let body = value_of(response.bytes());
    let error = body.as_ref().and_then(|body| body.get("error").or(body.get("errors")));
    let is_error = error.is_some_and(|error| !error.is_null());
    // What an error says is kept, but not JSON that says nothing.
    let keep = |text: Option<String>| {
        let text = text.filter(|text| is_error && !text.starts_with('{'))?;
        Some(mask.hide_opaque(&text))
    };
    (answer.code, answer.message) = (keep(answer.code), keep(answer.message));
    answer.body = match body {
        // A token may be a number as well.
        Some(value) => mask.hide(&without_strings(value).to_string()),
        None => mask.hide_opaque(&answer.body),
    };
    let (_, said) = server_message::words(&answer.body, content_type, Some(mask));
    let said = said.map_or(String::new(), |said| format!(": {said}"));
    let content_type = mask.hide(content_type.unwrap_or("no content type"));
    let message =
        format!("{why}; {content_type}{said}; is this the address of the token endpoint?");
    let (kind, delivery) = (ErrorKind::Refused, Delivery::Accepted);
    Refusal { answer, kind, advice: message, delivery, passing: None, remedy: None }
}

fn without_strings(value: Value) -> Value {
    match value {
        Value::String(_) => MASK.into(),
        Value::Array(items) => items.into_iter().map(without_strings).collect(),
        Value::Object(map) => {
            map.into_iter().map(|(name, value)| (name, without_strings(value))).collect()
        }
        other => other,
    }
}

/// How a client authenticated itself.
pub(crate) struct Sent {
    pub(crate) method: AuthMethod,
    pub(crate) assertion: Option<Assertion>,
}

/// The kind of a refusal, and what to do about it; by how many seconds the server's clock is
/// ahead may be the reason.
pub(crate) fn diagnose(
    answer: &ErrorResponse,
    provider: &Provider,
    identity: &Identity,
    sent: &Sent,
    clock_offset: Option<i64>,
) -> (ErrorKind, String) {
    let unknown = |who: &str| match sent.method {
        AuthMethod::PrivateKeyJwt => assertion_refused(sent.assertion.as_ref(), clock_offset),
        AuthMethod::TlsClientAuth => CERTIFICATE_REFUSED.to_owned(),
        method => invalid_client(who, method, identity),
    };
    let (kind, advice) = by_code(answer, provider, unknown);
    // Servers have many codes for an id or a secret that they do not know.
    let found = misplacements(identity);
    match kind {
        ErrorKind::Credentials | ErrorKind::Refused if !advice.contains(&found) => {
            (kind, found + &advice)
        }
        _ => (kind, advice),
    }
}

fn by_code(
    answer: &ErrorResponse,
    provider: &Provider,
    unknown: impl Fn(&str) -> String,
) -> (ErrorKind, String) {
    let advice = match answer.code.as_deref().map(server_message::registered) {
        Some("invalid_client") => {
            return (ErrorKind::Credentials, unknown(UNKNOWN_CLIENT));
        }
        Some("unauthorized_client") => {
            return (ErrorKind::Credentials, "this client may not use the client-credentials grant: allow it at the authorization server".into());
        }
        Some("access_denied" | "invalid_grant") => {
            // Auth0 answers a wrong secret like this.
            let is_unknown = answer.status == StatusCode::UNAUTHORIZED;
            let also = if is_unknown { "client id and secret, " } else { "" };
            return (ErrorKind::Credentials, format!("check {also}{DENIED}"));
        }
        Some("invalid_scope") => match provider.scope {
            Some(_) => "check Provider::with_scope: the client was not granted that scope",
            None => "the server wants a scope: ask for one with Provider::with_scope",
        },
        Some("invalid_target") => invalid_target(provider),
        Some("unsupported_grant_type") => {
            "this endpoint does not offer the client-credentials grant"
        }
        Some("invalid_request") => {
            "check the client authentication method, audience, resource and extra parameters of the Provider"
        }
        // RFC 6749 §5.2: client authentication failed, if this is a token endpoint.
        _ if answer.status == StatusCode::UNAUTHORIZED => {
            return (ErrorKind::Credentials, unknown(&format!("{WRONG}; id and secret")));
        }
        _ => return (ErrorKind::Refused, by_status(answer).into()),
    };
    (ErrorKind::Configuration, advice.into())
}

fn by_status(answer: &ErrorResponse) -> &'static str {
    match answer.status.as_u16() {
        300..=399 => {
            "the token endpoint redirects, which is never followed: set the address that it leads to"
        }
        404 if is_of_protocol(answer) => WRONG,
        _ if is_of_protocol(answer) => "",
        400..=403 if !answer.body.trim_start().starts_with('<') => WRONG,
        _ => {
            "this is not how a token endpoint refuses (RFC 6749 §5.2): a gateway in between, or the wrong address"
        }
    }
}

fn invalid_target(provider: &Provider) -> &'static str {
    match (&provider.audience, provider.resources.is_empty()) {
        (Some(_), true) => "check Provider::with_audience: it must be exactly the one registered",
        (None, false) => {
            "check Provider::with_resource (RFC 8707): it must be exactly the one registered"
        }
        (Some(_), false) => {
            "check Provider::with_audience and Provider::with_resource (RFC 8707): they must be exactly those registered"
        }
        (None, true) => {
            "the server wants to know for which API: name it with Provider::with_audience or Provider::with_resource (RFC 8707)"
        }
    }
}

/// `mfa_required`, but not the `Not Found` that web frameworks put in the same place.
fn is_of_protocol(answer: &ErrorResponse) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    server_message::oauth_code(&answer.body).is_some_and(|code| code.bytes().all(is_plain))
}

/// `who` are wrong; which style was sent, and what about id and secret is apt to go wrong in it.
fn invalid_client(who: &str, method: AuthMethod, identity: &Identity) -> String {
    let style = match method {
        AuthMethod::ClientSecretBasic => "HTTP Basic, form-encoded (client_secret_basic)",
        AuthMethod::ClientSecretBasicRaw => "HTTP Basic, not form-encoded",
        _ => "the form body (client_secret_post)",
    };
    let mut text = format!(
        "{who} were sent by {style}: {}check both, and whether the server expects another Provider::with_auth_method",
        misplacements(identity)
    );
    for (what, value) in values(identity) {
        if value.contains(char::is_whitespace) {
            text.push_str(&format!("; the {what} has white space or a line break inside"));
        }
        let other = match method {
            AuthMethod::ClientSecretBasic => {
                "does not decode them needs AuthMethod::ClientSecretBasicRaw"
            }
            AuthMethod::ClientSecretBasicRaw => "decodes them needs AuthMethod::ClientSecretBasic",
            _ => continue,
        };
        if encode_form(value) != value {
            text.push_str(&format!(
                "; the {what} has characters that form-encoding changes: a server that {other}"
            ));
        }
    }
    text
}

/// What was refused may be how the assertion was made, or when.
fn assertion_refused(assertion: Option<&Assertion>, clock_offset: Option<i64>) -> String {
    let mut text = "the authorization server does not accept this client's assertion".to_owned();
    if let Some(assertion) = assertion {
        text.push_str(&format!(" ({})", assertion.described));
    }
    if let Some(offset) = clock_offset.filter(|offset| offset.unsigned_abs() >= CLOCKS_APART) {
        let side = if offset > 0 { "behind" } else { "ahead of" };
        let by = offset.unsigned_abs();
        text.push_str(&format!(
            ": the clock of this machine is {by} s {side} the server's, so that the assertion is not valid there: set the clock"
        ));
        return text;
    }
    text.push_str(match assertion.and_then(|assertion| assertion.has_key_id) {
        None => ": check the client id, and whether the server trusts whoever issued the assertion, for which subject and audience; some servers take each assertion only once",
        Some(_) => ": check the client id, whether the public key is registered for it, and the audience: the server may want its issuer, its token endpoint or another one (Provider::with_assertion_audience)",
    });
    if assertion.is_some_and(|assertion| assertion.has_key_id == Some(false)) {
        text.push_str("; a server that knows several keys needs Credentials::with_key_id, Entra with_certificate");
    }
    text
}

fn values(identity: &Identity) -> impl Iterator<Item = (&'static str, &str)> {
    let secret = identity.secret().map(Secret::expose);
    [("client id", identity.id.as_str())].into_iter().chain(secret.map(|it| ("client secret", it)))
}

fn misplacements(identity: &Identity) -> String {
    let found = values(identity).filter_map(|(what, value)| Some((what, misplaced(value)?)));
    let found: Vec<String> = found.map(|(what, why)| format!("the {what} {why}; ")).collect();
    found.concat()
}

/// What a shell, a template or a file of variables left in a value.
fn misplaced(value: &str) -> Option<&'static str> {
    let mut chars = value.chars();
    match (chars.next()?, chars.next_back()?) {
        ('"', '"')
        | ('\'', '\'')
        | ('`', '`')
        | ('\u{201c}', '\u{201d}')
        | ('\u{2018}', '\u{2019}') => Some("is in quotes, which were sent with it: remove them"),
        _ if is_variable(value) => {
            Some("looks like a variable that was not expanded: give its value")
        }
        _ => None,
    }
}

/// `$NAME`, `${NAME}`, `$env:NAME`, `$(command)`, `%NAME%` or `{{ name }}`.
fn is_variable(value: &str) -> bool {
    let within = |(start, end)| value.strip_prefix(start)?.strip_suffix(end);
    let is_name = |name: &str| {
        let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        name.chars().all(is_of_name) && !name.starts_with(|c: char| c.is_ascii_digit())
    };
    let name = value.strip_prefix("$env:").or(value.strip_prefix('$')).or(within(("%", "%")));
    name.is_some_and(|name| !name.is_empty() && is_name(name))
        || [("${", "}"), ("$(", ")"), ("{{", "}}")].into_iter().any(|marks| within(marks).is_some())
}

const UNKNOWN_CLIENT: &str =
    "the authorization server does not know this client id and secret; they";
const DENIED: &str = "the client's permissions, and that the audience (Provider::with_audience) is exactly the one registered";
const WRONG: &str = "wrong id, secret or scope, or not the token endpoint";
const CERTIFICATE_REFUSED: &str = "the authorization server does not accept this client's certificate (tls_client_auth): check the client id, whether this certificate is registered for it, and whether the token endpoint is the one for certificates (mtls_endpoint_aliases, RFC 8705 §5)";
/// In seconds: more than the leeway that servers give.
const CLOCKS_APART: u64 = 30;
