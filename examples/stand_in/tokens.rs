//! Four token endpoints, each with the client authentication, the parameters and the
//! refusals of its vendor, and the tokens that they issued.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::limit::Limit;
use super::wire::{Answer, Call, Pairs, Reply, form_decode};
use super::{CLIENT_ID, CLIENT_SECRET};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Issuer {
    SnowAtlas,
    Snapdocs,
    Cognito,
    Keycloak,
}

/// Tokens with their issuer and their end; the real servers forget them as well.
pub struct Tokens {
    issued: Mutex<HashMap<String, (Issuer, Instant)>>,
    snow_atlas_life: u64,
    limit: Limit,
}

impl Tokens {
    pub fn calm() -> Self {
        Self { issued: Mutex::default(), snow_atlas_life: 3600, limit: Limit::default() }
    }

    pub fn eventful() -> Self {
        Self { snow_atlas_life: 2, limit: Limit::armed(), ..Self::calm() }
    }

    /// Refuses a call that bears no token of this issuer that is still good.
    pub fn admit(&self, issuer: Issuer, call: &Call, refusal: Value) -> Result<(), Answer> {
        let issued = self.issued.lock().expect("no thread panicked");
        match call.bearer().and_then(|token| issued.get(token)) {
            Some((by, end)) if *by == issuer && Instant::now() < *end => Ok(()),
            _ => Err(Answer::json(401, refusal)),
        }
    }

    pub fn revoke_all(&self) {
        self.issued.lock().expect("no thread panicked").clear();
    }

    /// Snow Atlas: id and secret in the body, an opaque token, with the scope `openid` an
    /// id_token that names the tenant.
    pub fn snow_atlas(&self, call: &Call) -> Reply {
        if let Some(seconds) = self.limit.blocks(true) {
            return Err(Answer::oauth(429, "rate_limited", "too many token requests")
                .header("retry-after", seconds));
        }
        let form = call.form()?;
        if !is_posted(&form, call) {
            return Err(Answer::json(400, r#"{"error":"invalid_client"}"#));
        }
        let life = self.snow_atlas_life;
        let token = self.issue(Issuer::SnowAtlas, reference(), life);
        let mut answer =
            json!({ "access_token": token, "expires_in": life, "token_type": "Bearer" });
        match text(&form, "scope", "") {
            "" => {}
            "openid" => {
                answer["scope"] = "openid".into();
                answer["id_token"] = id_token(life).into();
            }
            _ => return Err(Answer::json(400, r#"{"error":"invalid_scope"}"#)),
        }
        Ok(Answer::json(200, answer).header("cache-control", "no-store"))
    }

    /// Snapdocs, whose authorization server is Auth0: id and secret in the body, and the
    /// audience to the letter.
    pub fn snapdocs(&self, call: &Call, audience: &str) -> Reply {
        let form = call.form()?;
        if !is_posted(&form, call) {
            return Err(Answer::oauth(401, "access_denied", "Unauthorized"));
        }
        let asked = text(&form, "audience", "");
        if asked != audience {
            let message = format!("Service not found: {asked}");
            return Err(Answer::oauth(403, "access_denied", &message));
        }
        let scope = text(&form, "scope", "closings:read:closings closings:write:documents");
        let claims = json!({ "aud": audience, "azp": CLIENT_ID, "scope": scope });
        let token = self.issue(Issuer::Snapdocs, jwt(claims, 7200), 7200);
        let answer = json!({ "access_token": token, "expires_in": 7200, "token_type": "Bearer", "scope": scope });
        Ok(Answer::json(200, answer))
    }

    /// Amazon Cognito: HTTP Basic without the form-encoding step, a custom scope, and 400
    /// for whatever is wrong.
    pub fn cognito(&self, call: &Call) -> Reply {
        let refuse = |error: &str| {
            Answer::json(400, json!({ "error": error }))
                .header("x-amz-cognito-request-id", reference())
        };
        let form = call.form()?;
        if call.basic() != Some((CLIENT_ID.into(), CLIENT_SECRET.into())) {
            return Err(refuse("invalid_client"));
        }
        if form.contains_key("resource") || form.contains_key("client_secret") {
            return Err(refuse("invalid_request"));
        }
        if text(&form, "scope", "api/write") != "api/write" {
            return Err(refuse("invalid_scope"));
        }
        let claims = json!({ "client_id": CLIENT_ID, "scope": "api/write", "token_use": "access" });
        let token = self.issue(Issuer::Cognito, jwt(claims, 3600), 3600);
        let answer = json!({ "access_token": token, "expires_in": 3600, "token_type": "Bearer" });
        Ok(Answer::json(200, answer).header("x-amz-cognito-request-id", reference()))
    }

    /// Keycloak: HTTP Basic as RFC 6749 §2.3.1 has it, form-encoded, and extra parameters.
    pub fn keycloak(&self, call: &Call) -> Reply {
        let form = call.form()?;
        let sent = call.basic().map(|(id, secret)| (form_decode(&id), form_decode(&secret)));
        if sent != Some((CLIENT_ID.into(), CLIENT_SECRET.into())) {
            let message = "Invalid client or Invalid client credentials";
            return Err(Answer::oauth(401, "invalid_client", message));
        }
        let scope = text(&form, "scope", "orders:read");
        if scope != "orders:read" {
            let message = format!("Invalid scopes: {scope}");
            return Err(Answer::oauth(400, "invalid_scope", &message));
        }
        let audience = text(&form, "audience", "account");
        let claims = json!({ "aud": audience, "azp": CLIENT_ID, "scope": scope });
        let token = self.issue(Issuer::Keycloak, jwt(claims, 300), 300);
        let answer = json!({
            "access_token": token, "expires_in": 300, "refresh_expires_in": 0,
            "token_type": "Bearer", "not-before-policy": 0, "scope": scope
        });
        Ok(Answer::json(200, answer))
    }

    fn issue(&self, issuer: Issuer, token: String, life: u64) -> String {
        let end = Instant::now() + Duration::from_secs(life);
        self.issued.lock().expect("no thread panicked").insert(token.clone(), (issuer, end));
        token
    }
}

/// Whether id and secret are in the form, and nowhere else.
fn is_posted(form: &Pairs, call: &Call) -> bool {
    let sent = (text(form, "client_id", ""), text(form, "client_secret", ""));
    sent == (CLIENT_ID, CLIENT_SECRET) && call.header("authorization").is_none()
}

fn text<'f>(form: &'f Pairs, name: &str, default: &'f str) -> &'f str {
    form.get(name).map_or(default, String::as_str)
}

/// What a Keycloak realm says of itself (OpenID Connect Discovery 1.0 §3).
pub fn keycloak_metadata(call: &Call) -> Answer {
    let realm = format!("http://{}/realms/demo", call.header("host").unwrap_or_default());
    let metadata = json!({
        "issuer": realm,
        "token_endpoint": format!("{realm}/protocol/openid-connect/token"),
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_basic"]
    });
    Answer::json(200, metadata)
}

/// An opaque token or id: random, since the server must not honour guesses.
pub fn reference() -> String {
    let random = RandomState::new();
    format!("{:016x}{:016x}", random.hash_one(1), random.hash_one(2))
}

fn id_token(life: u64) -> String {
    let claims = json!({
        "tenant": "6f1c8f5e-2a6b-4f0e-9a53-7a3b6f3f2f11", "tenant_name": "Stand-in Ltd",
        "region": "westeurope", "iss": "https://westeurope.snowsoftware.io/idp",
        "sub": CLIENT_ID, "aud": CLIENT_ID, "azp": CLIENT_ID,
    });
    jwt(claims, life)
}

/// A JWT in its compact form (RFC 7515 §3.1). Nobody checks the signature here.
fn jwt(mut claims: Value, life: u64) -> String {
    let now = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
    claims["iat"] = now.into();
    claims["auth_time"] = now.into();
    claims["exp"] = (now + life).into();
    claims["jti"] = reference().into();
    let part = |text: String| URL_SAFE_NO_PAD.encode(text);
    let header = json!({ "alg": "RS256", "typ": "JWT", "kid": "stand-in" });
    format!("{}.{}.{}", part(header.to_string()), part(claims.to_string()), part(reference()))
}
