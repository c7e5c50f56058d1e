//! What is asked of the authorization server: the client-credentials grant, and a
//! revocation, by a client that authenticates itself.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ureq::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};

use crate::credentials::Identity;
use crate::encoding::{encode_form, encode_pairs};
use crate::error::{Error, Result};
use crate::provider::{AuthMethod, Provider};
use crate::token::access_token::{AccessToken, sensitive};

/// The token request of RFC 6749 §4.4.2: headers and form body.
pub(crate) fn request(provider: &Provider, identity: &Identity) -> Result<(HeaderMap, String)> {
    let mut pairs = Vec::new();
    pairs.extend(provider.scope.iter().map(|scope| ("scope", scope.as_str())));
    pairs.extend(provider.audience.iter().map(|audience| ("audience", audience.as_str())));
    pairs.extend(provider.resources.iter().map(|resource| ("resource", resource.as_str())));
    pairs.extend(provider.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    authenticated(provider, identity, &[("grant_type", "client_credentials")], &pairs)
}

/// The revocation request of RFC 7009 §2.1.
pub(crate) fn revocation(
    provider: &Provider,
    identity: &Identity,
    token: &AccessToken,
) -> Result<(HeaderMap, String)> {
    let pairs = [("token", token.as_str()), ("token_type_hint", "access_token")];
    authenticated(provider, identity, &pairs, &[])
}

/// A form in which the client authenticates itself as the provider expects it.
fn authenticated(
    provider: &Provider,
    identity: &Identity,
    first: &[(&str, &str)],
    last: &[(&str, &str)],
) -> Result<(HeaderMap, String)> {
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
        None => Ok((headers, encode_pairs(pairs))),
        // RFC 6749 §3.2 forbids it; RFC 8707 §2 allows it for resources.
        Some((_, name)) => Err(Error::configuration(format!(
            "the token request would have the parameter {name} twice: see Provider::with_token_parameter"
        ))),
    }
}

/// RFC 7617 §2, with or without the encoding of RFC 6749 §2.3.1.
fn basic(method: AuthMethod, identity: &Identity) -> Result<HeaderValue> {
    let (id, secret) = (identity.id.as_str(), identity.secret.expose());
    let pair = match method {
        AuthMethod::ClientSecretBasicRaw if id.contains(':') => {
            return Err(Error::configuration(
                "the client id has a colon, which HTTP Basic cannot carry without form-encoding: use AuthMethod::ClientSecretBasic or ClientSecretPost",
            ));
        }
        AuthMethod::ClientSecretBasicRaw => format!("{id}:{secret}"),
        _ => format!("{}:{}", encode_form(id), encode_form(secret)),
    };
    sensitive(&format!("Basic {}", STANDARD.encode(pair)))
        .ok_or_else(|| Error::configuration("the client credentials do not fit into a header"))
}

/// What must not show in an error about a token request, in every form it was sent in.
pub(crate) fn secrets(identity: &Identity) -> Vec<String> {
    let secret = identity.secret.expose();
    let raw = STANDARD.encode(format!("{}:{secret}", identity.id));
    let encoded = format!("{}:{}", encode_form(&identity.id), encode_form(secret));
    vec![secret.to_owned(), raw, STANDARD.encode(encoded)]
}
