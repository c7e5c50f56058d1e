//! The doctor: tries what a client needs, and reports all that it saw.

use std::time::Duration;

use serde_json::{Map, Value, json};
use ureq::http::{StatusCode, Uri};

use crate::client::Client;
use crate::client::report::{Line, Report};
use crate::clock::{Moment, http_date};
use crate::error::{Error, Result};
use crate::json_text::object_of;
use crate::mask::{MASK, Mask};
use crate::provider::AuthMethod;
use crate::request::Request;
use crate::retry::RetryPolicy;
use crate::token::access_token::AccessToken;
use crate::token::id_token::IdToken;
use crate::token::source::TokenRequest;
use crate::url;

impl Client {
    /// Asks for a new token and reports settings, answer and clocks. It always returns a
    /// [`Report`]: a failure is inside it.
    ///
    /// **The token request is sent even if there is a good token**: some providers bill it
    /// (Amazon Cognito), others count it against a limit (Snow Atlas). The new token replaces
    /// that of the client and of its store. If there is none, the old one stays.
    ///
    /// It tries once and takes at most 10 s, or less if the client's deadline or end time is
    /// earlier; a name look-up cannot be interrupted. Nothing is sent, and the report says so,
    /// if the server asked to wait, or refused the same id and secret less than a minute ago.
    ///
    /// With a path or URL of the API, one GET with the new token follows: a good token may
    /// still be refused there. The GET is neither repeated nor sent with another token;
    /// redirects are followed.
    ///
    /// ```no_run
    /// # fn run(client: &unattended::Client) {
    /// println!("{}", client.diagnose(None));
    /// println!("{}", client.diagnose("/api/health"));
    /// # }
    /// ```
    pub fn diagnose<'p>(&self, path: impl Into<Option<&'p str>>) -> Report {
        let path = path.into();
        let policy = self.policy.with_retries(0).with_deadline(self.policy.deadline.min(LIMIT));
        let mut call = self.tokens.call(&self.caller, &policy);
        let mut report = self.begun_report(path);
        call.may_wait = false;
        let mut request = TokenRequest::new(&self.tokens, &self.caller);
        request.form.hides_id = true;
        let result = self.tokens.new_token(&mut call, &mut request);
        let form = request.form;
        if let Some(sent_at) = form.sent_at {
            let is_sent = !matches!(result, Err(Error::Configuration(_)));
            report.took = is_sent.then(|| since(&sent_at, &self.caller.now()));
            report.clock_offset = form.clock_offset();
        }
        // Below the way to authenticate.
        let assertion = form.assertion.iter().map(|assertion| ("assertion", assertion.clone()));
        report.settings.splice(2..2, assertion);
        report.assertion = form.assertion;
        let token = result.as_ref().ok().map(|token| token.as_str().to_owned());
        let mask = form.mask.and(token);
        report.store_error = request.store_error.map(|error| mask.hide(&error));
        match result {
            Ok(token) => {
                report_token(&mut report, &token, &mask);
                if let Some(path) = path {
                    let began = self.caller.now();
                    report.call = Some(self.try_call(path, token, mask, call.end));
                    report.call_took = Some(since(&began, &self.caller.now()));
                }
            }
            Err(error) => report.token_error = Some(error),
        }
        report
    }

    /// One GET with this token and no other.
    fn try_call(
        &self,
        path: &str,
        token: AccessToken,
        mask: Mask,
        end: Duration,
    ) -> Result<StatusCode> {
        let request = Request::get(path).with_retry_policy(RetryPolicy::default().with_retries(0));
        let (mut call, mut api_call) = self.call(&request, None)?;
        call.end = end;
        call.may_wait = false;
        api_call.pin(token, mask);
        Ok(call.run(&mut api_call)?.status())
    }

    /// A report of what is known before anything is sent.
    fn begun_report(&self, path: Option<&str>) -> Report {
        let date = http_date(self.caller.now().wall);
        let date = date.map(|date| format!(", {date} by the clock of this machine"));
        Report {
            title: format!("unattended {}{}", env!("CARGO_PKG_VERSION"), date.unwrap_or_default()),
            settings: self.settings(),
            auth_method: self.tokens.method(&self.provider),
            scope_asked: self.provider.scope.clone(),
            path: path.map(url::shown),
            ..Report::default()
        }
    }

    fn settings(&self) -> Vec<Line> {
        let (provider, connection) = (&self.provider, self.connection());
        let certificate = if connection.has_client_certificate() { "set" } else { "none" };
        let mut lines = vec![
            ("token endpoint", address(self.caller.token_endpoint())),
            ("authentication", authentication(self.tokens.method(provider)).into()),
            ("API", address(&provider.base_url)),
        ];
        match (self.proxy_to(self.caller.token_endpoint()), self.proxy_to(&provider.base_url)) {
            (one, other) if one == other => lines.push(("proxy", one)),
            (token, api) => lines.extend([("proxy to token", token), ("proxy to API", api)]),
        }
        let scope = provider.scope.as_deref().unwrap_or("none, which leaves it to the server");
        lines.extend([
            ("roots", connection.roots()),
            ("client certificate", certificate.into()),
            ("scope asked", scope.into()),
        ]);
        lines.extend(provider.audience.iter().map(|audience| ("audience", audience.clone())));
        lines.extend(provider.resources.iter().map(|resource| ("resource", resource.clone())));
        let names: Vec<&str> = provider.parameters.iter().map(|(name, _)| name.as_str()).collect();
        if !names.is_empty() {
            lines.push(("extra parameters", names.join(", ")));
        }
        lines
    }

    fn proxy_to(&self, uri: &Uri) -> String {
        let proxy = match self.caller.transport.proxy_to(uri) {
            Ok(proxy) => proxy.unwrap_or_else(|| "none".into()),
            Err(_) => "a setting that cannot be used".into(),
        };
        format!("{proxy} (never for calls to this machine)")
    }
}

fn report_token(report: &mut Report, token: &AccessToken, mask: &Mask) {
    report.lifetime = token.lifetime();
    report.scope_granted = token.scope().map(|scope| mask.hide(scope));
    let jwt = IdToken::parse(token.as_str()).ok();
    report.claims = jwt.map(|jwt| masked_claims(jwt.claims(), mask));
}

/// Name by name, so that the mask sees both name and value.
fn masked_claims(claims: &Map<String, Value>, mask: &Mask) -> Map<String, Value> {
    let claims = claims.iter().map(|(name, value)| {
        let claim = mask.hide(&json!({ name: value }).to_string());
        let claim = object_of(claim.as_bytes());
        let claim = claim.and_then(|claim| claim.into_iter().next());
        // A number or an object under the name of a secret is no JSON any more.
        claim.unwrap_or_else(|| (mask.hide(name), MASK.into()))
    });
    claims.collect()
}

fn authentication(method: Option<AuthMethod>) -> &'static str {
    match method {
        Some(AuthMethod::ClientSecretBasic) => {
            "client_secret_basic: id and secret by HTTP Basic, form-encoded"
        }
        Some(AuthMethod::ClientSecretBasicRaw) => "id and secret by HTTP Basic, not form-encoded",
        Some(AuthMethod::ClientSecretPost) => "client_secret_post: id and secret in the form body",
        Some(AuthMethod::PrivateKeyJwt) => "private_key_jwt: an assertion in the form body",
        Some(AuthMethod::TlsClientAuth) => "tls_client_auth: the client certificate",
        None => "none that the credentials can do",
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
