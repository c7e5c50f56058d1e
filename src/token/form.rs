//! What is asked of the authorization server, by a client that authenticates itself: the
//! client-credentials grant, and a revocation.

use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ureq::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};

use crate::call::Call;
use crate::call::setback::{Ending, Refusal, Setback};
use crate::clock::Moment;
use crate::credentials::{Identity, Unreadable};
use crate::encoding::{encode_form, encode_pairs};
use crate::error::rate_limit::{Limit, QUOTA};
use crate::error::server_message;
use crate::error::wait_header;
use crate::error::{Delivery, Error, ErrorKind, RequestTarget, TokenError};
use crate::foreign::mask_foreign;
use crate::mask::Mask;
use crate::provider::{AuthMethod, Provider};
use crate::response::Response;
use crate::retry::{Passing, is_final};
use crate::token::access_token::{AccessToken, sensitive};
use crate::token::diagnosis::diagnose;
use crate::token::kept::Kept;
use crate::wire::failure::{Failure, Result};
use crate::wire::message::{Outgoing, RequestBody};

/// A form as it goes out.
pub(crate) struct Form {
    headers: HeaderMap,
    body: String,
}

/// The token request of RFC 6749 §4.4.2: headers and form body.
pub(crate) fn token_form(provider: &Provider, identity: &Identity) -> Result<Form> {
    let mut pairs = Vec::new();
    pairs.extend(provider.scope.iter().map(|scope| ("scope", scope.as_str())));
    pairs.extend(provider.audience.iter().map(|audience| ("audience", audience.as_str())));
    pairs.extend(provider.resources.iter().map(|resource| ("resource", resource.as_str())));
    pairs.extend(provider.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    authenticated(provider, identity, &[("grant_type", "client_credentials")], &pairs)
}

/// The revocation request of RFC 7009 §2.1.
pub(crate) fn revocation_form(
    provider: &Provider,
    identity: &Identity,
    token: &AccessToken,
) -> Result<Form> {
    let pairs = [("token", token.as_str()), ("token_type_hint", "access_token")];
    authenticated(provider, identity, &pairs, &[])
}

/// A form in which the client authenticates itself as the provider expects it.
fn authenticated(
    provider: &Provider,
    identity: &Identity,
    first: &[(&str, &str)],
    last: &[(&str, &str)],
) -> Result<Form> {
    let mut headers = HeaderMap::with_capacity(4);
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    headers.insert(CONTENT_TYPE, form);
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let mut pairs = first.to_vec();
    if provider.auth_method == AuthMethod::ClientSecretPost {
        pairs.push(("client_id", &identity.id));
        pairs.push(("client_secret", identity.secret.expose()));
    } else {
        headers.insert(AUTHORIZATION, basic(provider.auth_method, identity)?);
    }
    pairs.extend(last);
    let names: Vec<&str> = pairs.iter().map(|(name, _)| *name).collect();
    let is_repeated = |(at, name): &(usize, &&str)| {
        **name != "resource" && names.iter().take(*at).any(|before| before == *name)
    };
    match names.iter().enumerate().find(is_repeated) {
        None => Ok(Form { headers, body: encode_pairs(pairs) }),
        // RFC 6749 §3.2 forbids it; RFC 8707 §2 allows it for resources.
        Some((_, name)) => Err(Failure::setting(format!(
            "the token request would have the parameter {name} twice: see Provider::with_token_parameter"
        ))),
    }
}

/// RFC 7617 §2, with or without the encoding of RFC 6749 §2.3.1.
fn basic(method: AuthMethod, identity: &Identity) -> Result<HeaderValue> {
    let (id, secret) = (identity.id.as_str(), identity.secret.expose());
    let pair = match method {
        AuthMethod::ClientSecretBasicRaw if id.contains(':') => {
            return Err(Failure::setting(
                "the client id has a colon, which HTTP Basic cannot carry without form-encoding: use AuthMethod::ClientSecretBasic or ClientSecretPost",
            ));
        }
        AuthMethod::ClientSecretBasicRaw => format!("{id}:{secret}"),
        _ => format!("{}:{}", encode_form(id), encode_form(secret)),
    };
    sensitive(&format!("Basic {}", STANDARD.encode(pair)))
        .ok_or_else(|| Failure::setting("the client credentials do not fit into a header"))
}

/// A form to the authorization server on its way: the exchanges that send one build on it.
pub(crate) struct FormRequest<'a> {
    kept: &'a Kept,
    provider: &'a Provider,
    /// What there is not, if it fails.
    what: &'static str,
    /// For a report, which does not show the client id either.
    pub(crate) hides_id: bool,
    pub(crate) mask: Mask,
    pub(crate) sent_at: Option<Moment>,
    /// The `Date` of the last answer, and when that came by the local clock.
    pub(crate) date: Option<(SystemTime, SystemTime)>,
}

impl<'a> FormRequest<'a> {
    pub(crate) fn new(kept: &'a Kept, provider: &'a Provider, what: &'static str) -> Self {
        Self {
            kept,
            provider,
            what,
            hides_id: false,
            mask: Mask::of(provider.secrets()),
            sent_at: None,
            date: None,
        }
    }

    /// The credentials as they are now.
    pub(crate) fn authenticate(&mut self) -> std::result::Result<Identity, Setback> {
        let identity = self.kept.credentials.read().map_err(|why| match why {
            Unreadable::Wrong(error) => Setback::Broken(setting(error)),
            Unreadable::Failed(cause) => {
                let why = mask_foreign(&cause.to_string());
                Setback::Unready(format!("the credentials function failed: {why}"))
            }
        })?;
        let secret = identity.secret.expose();
        let pair = |id: &str, secret: &str| STANDARD.encode(format!("{id}:{secret}"));
        let encoded = pair(&encode_form(&identity.id), &encode_form(secret));
        // In every form in which it is sent.
        let secrets = [secret.to_owned(), pair(&identity.id, secret), encoded];
        let id = self.hides_id.then(|| identity.id.clone());
        self.mask = Mask::of(secrets.into_iter().chain(id).chain(self.provider.secrets()));
        Ok(identity)
    }

    /// Sends the form, and gives back a success.
    pub(crate) fn post(
        &mut self,
        call: &mut Call<'_>,
        identity: &Identity,
        form: Form,
    ) -> std::result::Result<Response, Setback> {
        self.sent_at = Some(call.now);
        let outgoing = Outgoing {
            method: &call.method,
            uri: &call.uri,
            headers: form.headers,
            body: Some(RequestBody::Bytes(form.body.as_bytes())),
            sink: None,
            expects: false,
            time_left: call.time_left(),
            end_left: None,
            idle_timeout: call.caller.token_idle_timeout(),
            idle_setting: "Connection::with_token_idle_timeout",
            body_limit: TOKEN_ANSWER_LIMIT,
            body_setting: "the limit of a token answer",
        };
        let sent = call.send(outgoing, self.mask.clone());
        call.now = call.caller.now();
        let response = sent?;
        self.date = wait_header::date(&response.headers).map(|date| (date, response.now));
        let code = response.oauth_code();
        if response.status.is_success() && code.is_none() {
            return Ok(response);
        }
        let answer = response.answer(&self.mask);
        let code = code.as_deref().map(server_message::registered);
        let limit = response.limit();
        let passing = Passing::of_token_endpoint(answer.status, answer.retry_after, limit, code);
        let (kind, advice) = match passing {
            Some(_) => (ErrorKind::Temporary, String::new()),
            None if limit == Some(Limit::Quota) && code.is_none_or(|code| !is_final(code)) => {
                (ErrorKind::Temporary, QUOTA.to_owned())
            }
            None => diagnose(&answer, self.provider, identity),
        };
        let delivery = Delivery::Rejected;
        Err(Refusal { answer, kind, advice, delivery, passing, remedy: None }.into())
    }

    pub(crate) fn error(&self, target: RequestTarget, ending: Ending) -> Error {
        let Ending { response, message, kind, delivery, attempts } = ending;
        let what = self.what;
        let error = TokenError { target, message, response, delivery, kind, attempts, what };
        Error::Token(Box::new(error))
    }
}

/// Of credentials that cannot be right.
fn setting(error: Error) -> Failure {
    match error {
        Error::Configuration(error) => {
            Failure { cause: error.cause, ..Failure::setting(error.message) }
        }
        error => Failure::setting(error.to_string()),
    }
}

const TOKEN_ANSWER_LIMIT: u64 = 1024 * 1024;
