//! What is asked of the authorization server, by a client that authenticates itself: the
//! client-credentials grant, and a revocation.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ureq::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};

use crate::call::Call;
use crate::call::caller::Caller;
use crate::call::setback::{Attempt, Refusal, Setback};
use crate::clock::Moment;
use crate::credentials::identity::{Identity, Unreadable};
use crate::encoding::{encode_basic, encode_pairs};
use crate::error::rate_limit::{Limit, QUOTA};
use crate::error::server_message;
use crate::error::wait_header;
use crate::error::{CallError, Delivery, Error, ErrorKind};
use crate::mask::{Mask, Secret};
use crate::provider::endpoints::GRANT;
use crate::provider::{AuthMethod, Provider};
use crate::response::Response;
use crate::retry::{Passing, is_final};
use crate::token::access_token::{AccessToken, sensitive};
use crate::token::assertion::assertion;
use crate::token::diagnosis::{Sent, diagnose};
use crate::token::kept::Kept;
use crate::url;
use crate::wire::failure::{Failure, Result};
use crate::wire::message::{Outgoing, RequestBody};

/// A form as it goes out.
pub(crate) struct Form {
    headers: HeaderMap,
    body: String,
    sent: Sent,
}

/// The token request of RFC 6749 §4.4.2: headers and form body.
pub(crate) fn token_form(provider: &Provider) -> Pairs<'_> {
    let mut pairs = Vec::new();
    pairs.extend(provider.scope.iter().map(|scope| ("scope", scope.as_str())));
    pairs.extend(provider.audience.iter().map(|audience| ("audience", audience.as_str())));
    pairs.extend(provider.resources.iter().map(|resource| ("resource", resource.as_str())));
    pairs.extend(provider.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    // A query that has it is how some servers want it.
    let query = provider.token_endpoint.query().unwrap_or_default();
    let is_in_query = url::pairs(query).iter().any(|(name, _)| name == "grant_type");
    let grant = (!is_in_query).then_some(("grant_type", GRANT));
    Pairs { first: grant.into_iter().collect(), last: pairs }
}

/// The revocation request of RFC 7009 §2.1.
pub(crate) fn revocation_form(token: &AccessToken) -> Pairs<'_> {
    let first = vec![("token", token.as_str()), ("token_type_hint", "access_token")];
    Pairs { first, last: Vec::new() }
}

/// What is asked, before and after what the client proves itself by.
pub(crate) struct Pairs<'a> {
    first: Vec<(&'a str, &'a str)>,
    last: Vec<(&'a str, &'a str)>,
}

impl Form {
    /// A form in which the client authenticates itself, by one method.
    fn new(caller: &Caller, identity: &Identity, pairs: &Pairs<'_>, now: &Moment) -> Attempt<Self> {
        let provider = &caller.provider;
        let method = provider.method_for(&identity.proof).map_err(Failure::setting)?;
        let has_certificate = caller.transport.connection.has_client_certificate();
        if method == AuthMethod::TlsClientAuth && !has_certificate {
            return Err(Failure::setting(NO_CERTIFICATE).into());
        }
        let mut headers = provider.token_headers.clone();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, form);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let assertion = assertion(provider, identity, now)?;
        let secret = identity.secret().map_or("", Secret::expose);
        let jwt = assertion.as_ref().map_or("", |assertion| assertion.jwt.expose());
        let id = ("client_id", identity.id.as_str());
        let proof = match method {
            AuthMethod::ClientSecretPost => vec![id, ("client_secret", secret)],
            AuthMethod::PrivateKeyJwt => {
                vec![id, ("client_assertion_type", JWT_BEARER), ("client_assertion", jwt)]
            }
            AuthMethod::TlsClientAuth => vec![id],
            AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretBasicRaw => {
                headers.insert(AUTHORIZATION, basic(method, &identity.id, secret)?);
                Vec::new()
            }
        };
        let body = [&pairs.first[..], &proof, &pairs.last].concat();
        check_names(&body, &pairs.last)?;
        Ok(Self { headers, body: encode_pairs(body), sent: Sent { method, assertion } })
    }
}

/// RFC 6749 §3.2 forbids a parameter twice (RFC 8707 §2 allows it for resources), and §2.3 a
/// second proof of who the client is.
fn check_names(pairs: &[(&str, &str)], own: &[(&str, &str)]) -> Result<()> {
    let refuse = |name: &str, why: &str| {
        let message =
            format!("the token request would have {why}: see Provider::with_token_parameter");
        Err(Failure::setting(message.replace("NAME", name)))
    };
    for (at, (name, _)) in pairs.iter().enumerate() {
        if *name != "resource" && pairs.iter().take(at).any(|(before, _)| before == name) {
            return refuse(name, "the parameter NAME twice");
        }
    }
    match own.iter().find(|(name, _)| PROOFS.contains(name)) {
        Some((name, _)) => refuse(name, "NAME beside what the credentials prove"),
        None => Ok(()),
    }
}

/// RFC 7617 §2, with or without the encoding of RFC 6749 §2.3.1.
fn basic(method: AuthMethod, id: &str, secret: &str) -> Result<HeaderValue> {
    let pair = match method {
        AuthMethod::ClientSecretBasicRaw if id.contains(':') => {
            return Err(Failure::setting(
                "the client id has a colon, which HTTP Basic cannot carry without form-encoding: use AuthMethod::ClientSecretBasic or ClientSecretPost",
            ));
        }
        AuthMethod::ClientSecretBasicRaw => format!("{id}:{secret}"),
        _ => format!("{}:{}", encode_basic(id), encode_basic(secret)),
    };
    sensitive(&format!("Basic {}", STANDARD.encode(pair)))
        .ok_or_else(|| Failure::setting("the client credentials do not fit into a header"))
}

/// A form to the authorization server on its way: the exchanges that send one build on it.
pub(crate) struct FormRequest<'a> {
    kept: &'a Kept,
    caller: &'a Caller,
    /// What there is not, if it fails.
    what: &'static str,
    /// For a report, which does not show the client id either.
    pub(crate) hides_id: bool,
    pub(crate) mask: Mask,
    pub(crate) sent_at: Option<Moment>,
    /// What was sent last as an assertion, in words.
    pub(crate) assertion: Option<String>,
    /// The `Date` of the last answer, and when that came by the local clock.
    pub(crate) date: Option<(SystemTime, SystemTime)>,
}

impl<'a> FormRequest<'a> {
    pub(crate) fn new(kept: &'a Kept, caller: &'a Caller, what: &'static str) -> Self {
        Self {
            kept,
            caller,
            what,
            hides_id: false,
            mask: Mask::of(caller.provider.secrets()),
            sent_at: None,
            assertion: None,
            date: None,
        }
    }

    /// The credentials as they are now.
    pub(crate) fn authenticate(&mut self) -> Attempt<Identity> {
        let identity = self.kept.credentials.read().map_err(|why| match why {
            Unreadable::Wrong(error) => Setback::Broken(setting(error)),
            Unreadable::Failed(why) => Setback::Unready(why),
        })?;
        let pair = |id: &str, secret: &str| STANDARD.encode(format!("{id}:{secret}"));
        // In every form in which it is sent.
        let secrets = identity.secrets().flat_map(|secret| {
            let encoded = pair(&encode_basic(&identity.id), &encode_basic(secret));
            [secret.to_owned(), pair(&identity.id, secret), encoded]
        });
        let id = self.hides_id.then(|| identity.id.clone());
        self.mask = Mask::of(secrets.chain(id).chain(self.caller.provider.secrets()));
        Ok(identity)
    }

    /// Asks, and gives back a success: with the other secret, if there is one and the first is
    /// not known (any more).
    pub(crate) fn post(
        &mut self,
        call: &mut Call<'_>,
        identity: &Identity,
        pairs: &Pairs<'_>,
    ) -> Attempt<Response> {
        let sent = self.post_as(call, identity, pairs);
        match (&sent, identity.spare()) {
            (Err(Setback::Refused(refusal)), Some(spare)) if is_invalid_client(refusal) => {
                self.post_as(call, &spare, pairs)
            }
            _ => sent,
        }
    }

    fn post_as(
        &mut self,
        call: &mut Call<'_>,
        identity: &Identity,
        pairs: &Pairs<'_>,
    ) -> Attempt<Response> {
        let form = Form::new(self.caller, identity, pairs, &call.now)?;
        let assertion = form.sent.assertion.as_ref();
        self.mask = self.mask.and(assertion.map(|assertion| assertion.jwt.expose().to_owned()));
        self.assertion = assertion.map(|assertion| assertion.described.clone());
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
        match response.status.is_success() && response.oauth_code().is_none() {
            true => Ok(response),
            false => Err(self.refusal(&response, identity, &form.sent).into()),
        }
    }

    fn refusal(&self, response: &Response, identity: &Identity, sent: &Sent) -> Refusal {
        let answer = response.answer();
        let code = response.oauth_code();
        let code = code.as_deref().map(server_message::registered);
        let limit = response.limit();
        let passing = Passing::of_token_endpoint(answer.status, answer.retry_after, limit, code);
        let (kind, advice) = match passing {
            Some(_) => (ErrorKind::Temporary, String::new()),
            None if limit == Some(Limit::Quota) && code.is_none_or(|code| !is_final(code)) => {
                (ErrorKind::Temporary, QUOTA.to_owned())
            }
            None => diagnose(&answer, &self.caller.provider, identity, sent, self.clock_offset()),
        };
        Refusal { answer, kind, advice, delivery: Delivery::Rejected, passing, remedy: None }
    }

    /// By how many whole seconds the server's clock is ahead: its answer was dated between
    /// sending and arrival, with the fraction of the second cut off.
    pub(crate) fn clock_offset(&self) -> Option<i64> {
        let ((date, arrived), sent_at) = (self.date?, self.sent_at?);
        let seconds = |span: Duration| i64::try_from(span.as_secs()).ok();
        match (date.duration_since(arrived), sent_at.wall.duration_since(date)) {
            (Ok(ahead), _) => seconds(ahead),
            (_, Ok(behind)) => seconds(behind).map(|seconds| -seconds),
            _ => Some(0),
        }
    }

    pub(crate) fn error(&self, error: CallError) -> Error {
        Error::Token(Box::new(CallError { missing: self.what, ..error }))
    }
}

fn is_invalid_client(refusal: &Refusal) -> bool {
    let code = refusal.answer.code.as_deref().map(server_message::registered);
    refusal.passing.is_none() && code == Some("invalid_client")
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
/// RFC 7523 §2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const PROOFS: [&str; 3] = ["client_secret", "client_assertion", "client_assertion_type"];
const NO_CERTIFICATE: &str = "the client proves who it is by its certificate (tls_client_auth), and has none: set Connection::with_client_certificate";
