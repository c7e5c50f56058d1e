//! The doctor: tries what a client needs, and tells all that it saw.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};
use ureq::http::{StatusCode, Uri};

use crate::call::state::Call;
use crate::client::report::Report;
use crate::client::{Arrival, Client};
use crate::clock::Moment;
use crate::credentials::Identity;
use crate::error::{Error, Result};
use crate::mask::{MASK, mask};
use crate::request::Request;
use crate::token::access_token::AccessToken;
use crate::token::grant;
use crate::token::id_token::IdToken;
use crate::url;

impl Client {
    /// Asks for a new token and reports settings, answer and clocks; the [`Report`] always
    /// comes, a failure is inside it.
    ///
    /// **The token request is sent even if there is a good token**, past the client's own
    /// and the store's, which it replaces: some providers bill it (Amazon Cognito), others
    /// count it against a limit (Snow Atlas). If it fails, the token that was there stays.
    ///
    /// It tries once, without retries, and takes at most 10 s, less if the client's
    /// deadline or end time leaves less; a name look-up cannot be interrupted. If the
    /// server asked before not to be called yet, or refused this very id and secret less
    /// than a minute ago, nothing is sent and the report says so.
    pub fn diagnose(&self) -> Report {
        self.examine(None)
    }

    /// As [`diagnose`](Self::diagnose), then one GET with the new token, by path or URL of the
    /// API: a good token may still be refused there. The GET is neither repeated nor sent
    /// with another token; redirects are followed.
    pub fn diagnose_with(&self, path: &str) -> Report {
        self.examine(Some(path))
    }

    fn examine(&self, path: Option<&str>) -> Report {
        let now = self.now();
        let end = self.end_of(self.policy.deadline.min(LIMIT), &now);
        let mut report = self.settings(path);
        let mut call = Call::to_token_endpoint(&self.provider, 0, now, end);
        call.is_patient = false;
        let result = self.new_token(&mut call);
        if call.identity.is_some() && !matches!(result, Err(Error::Configuration(_))) {
            report.took = Some(since(&call.sent_at, &self.now()));
        }
        report.clock_offset =
            call.date.and_then(|(date, arrived)| offset(date, call.sent_at.wall, arrived));
        let identity = call.identity.or_else(|| self.credentials.read().ok());
        let mut known: Vec<String> = identity.iter().flat_map(hidden).collect();
        known.extend(self.provider.secrets());
        known.extend(result.iter().map(|token| token.as_str().to_owned()));
        report.store_error = call.store_error.map(|error| mask(&error, &known));
        match result {
            Ok(token) => {
                tell_token(&mut report, &token, &known);
                if let Some(path) = path {
                    let began = self.now();
                    let call = self.try_call(path, token, end).map_err(|it| masked(it, &known));
                    report.call_took = Some(since(&began, &self.now()));
                    report.call = Some(call);
                }
            }
            Err(error) => report.token_error = Some(masked(error, &known)),
        }
        report
    }

    /// One GET with this token and no other.
    fn try_call(&self, path: &str, token: AccessToken, end: Duration) -> Result<StatusCode> {
        let request = Request::get(path);
        let uri = request.resolve(&self.provider.base_url)?;
        let mut call = Call::to_api(&request, uri, 0, self.now(), end);
        call.is_patient = false;
        call.token = Some(token);
        let exchange = |call: &mut Call<'_>| {
            while self.wait_for_cooldown(call)? {}
            Ok(Arrival::Outcome(self.exchange(call, None)))
        };
        self.run(&mut call, exchange, |_, response| Ok(response.status()))
    }

    /// A report of what is known before anything is sent.
    fn settings(&self, path: Option<&str>) -> Report {
        let provider = &self.provider;
        let proxy_to = |uri: &Uri| {
            let unusable = |_| Some("a setting that cannot be used".to_owned());
            self.transport.proxy_to(uri).unwrap_or_else(unusable)
        };
        Report {
            version: env!("CARGO_PKG_VERSION"),
            checked_at: self.now().wall,
            token_endpoint: address(&provider.token_endpoint),
            auth_method: provider.auth_method,
            base_url: address(&provider.base_url),
            token_proxy: proxy_to(&provider.token_endpoint),
            api_proxy: proxy_to(&provider.base_url),
            roots: self.transport.connection.roots(),
            has_client_certificate: self.transport.connection.has_client_certificate(),
            audience: provider.audience.clone(),
            resources: provider.resources.clone(),
            token_parameters: provider.parameters.iter().map(|(name, _)| name.clone()).collect(),
            scope_asked: provider.scope.clone(),
            scope_granted: None,
            took: None,
            lifetime: None,
            claims: None,
            clock_offset: None,
            store_error: None,
            token_error: None,
            path: path.map(url::shown),
            call_took: None,
            call: None,
        }
    }
}

fn tell_token(report: &mut Report, token: &AccessToken, known: &[String]) {
    report.lifetime = token.lifetime();
    report.scope_granted = token.scope().map(|scope| mask(scope, known));
    let jwt = IdToken::parse(token.as_str()).ok();
    report.claims = jwt.map(|jwt| masked_claims(jwt.claims(), known));
}

/// Name by name, so that the mask sees both name and value.
fn masked_claims(claims: &Map<String, Value>, known: &[String]) -> Map<String, Value> {
    let claims = claims.iter().map(|(name, value)| {
        let claim = mask(&json!({ name: value }).to_string(), known);
        let claim = serde_json::from_str::<Map<String, Value>>(&claim).ok();
        let claim = claim.and_then(|claim| claim.into_iter().next());
        // A number or an object under the name of a secret is no JSON any more.
        claim.unwrap_or_else(|| (mask(name, known), MASK.into()))
    });
    claims.collect()
}

/// What a server quotes of the id is not for a ticket either: people swap id and secret.
fn masked(mut error: Error, known: &[String]) -> Error {
    let answer = match &mut error {
        Error::Token(error) => error.response.as_mut(),
        Error::Status(error) => Some(&mut error.response),
        _ => None,
    };
    if let Some(answer) = answer {
        answer.message = answer.message.take().map(|message| mask(&message, known));
        answer.body = mask(&answer.body, known);
    }
    error
}

fn hidden(identity: &Identity) -> Vec<String> {
    let mut hidden = grant::secrets(identity);
    hidden.push(identity.id.clone());
    hidden
}

/// By how much the server's clock is ahead, in whole seconds: its answer was dated between
/// these two times of the local clock, with the fraction of the second cut off.
fn offset(date: SystemTime, sent: SystemTime, arrived: SystemTime) -> Option<i64> {
    let seconds = |span: Duration| i64::try_from(span.as_secs()).ok();
    match (date.duration_since(arrived), sent.duration_since(date)) {
        (Ok(ahead), _) => seconds(ahead),
        (_, Ok(behind)) => seconds(behind).map(|seconds| -seconds),
        _ => Some(0),
    }
}

fn since(began: &Moment, now: &Moment) -> Duration {
    now.monotonic.saturating_sub(began.monotonic)
}

fn address(uri: &Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or_default();
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    format!("{scheme}://{authority}{}", uri.path())
}

/// For token request and GET together.
const LIMIT: Duration = Duration::from_secs(10);
