//! A provider from the metadata of its authorization server: OpenID Connect Discovery 1.0 §4
//! and RFC 8414 §3.

use serde_json::{Map, Value};
use ureq::http::Uri;

use crate::client::Client;
use crate::credentials::Credentials;
use crate::error::server_message;
use crate::error::{Error, ErrorKind, Result};
use crate::provider::auth_method::quoted;
use crate::provider::endpoints::parse_token_endpoint;
use crate::provider::{AuthMethod, Provider};
use crate::request::Request;
use crate::response::Response;
use crate::url;

/// A provider whose authorization server is found by its issuer, such as
/// `https://sso.example.com/realms/prod`, with the settings of a new client.
///
/// The client asks for `{issuer}/.well-known/openid-configuration` (OpenID Connect Discovery
/// 1.0 §4). If the answer is a final refusal or no JSON object, it asks for
/// `/.well-known/oauth-authorization-server` between host and path of the issuer (RFC 8414
/// §3). Instead of the issuer you may give either address. No credentials are sent. Each run
/// of a program makes this call; [`Provider::new`] needs none.
///
/// The document names the issuer, the token endpoint, which may be on another host, and the
/// [revocation endpoint](Provider::with_revocation_endpoint), if there is one. It may name other
/// endpoints for clients with a certificate (`mtls_endpoint_aliases`, RFC 8705 §5). Of the methods
/// of client authentication that it names, the client uses the one that its credentials can do:
/// with a secret `client_secret_basic` if the server supports it or does not say, otherwise
/// `client_secret_post`. **A server may support both while an application is registered for one
/// of them**, as with Auth0 and Okta: set [`with_auth_method`](Provider::with_auth_method)
/// afterwards. All else is as in [`Provider::new`]. The list of grants in the document does not
/// count: many leave this one out.
///
/// # Errors
///
/// * A configuration error if `issuer` or `base_url` is not an `https` URL (plain
///   `http` is allowed to this machine), or if neither address has a document. Also if the
///   document is of another issuer, even by a trailing slash (RFC 8414 §3.3), or if its
///   token endpoint or client authentication cannot be used here.
/// * [`Error::Decode`] if the document lacks what it must have.
/// * Otherwise as for a GET by [`Client::send`]: temporary trouble is retried by the
///   [`RetryPolicy`](crate::RetryPolicy), for each address separately.
///
/// ```no_run
/// use unattended::{Client, Credentials, Provider};
///
/// let issuer = "https://sso.example.com/realms/prod";
/// let provider = unattended::discover(issuer, "https://api.example.com/v2")?
///     .with_scope("orders:read");
/// let client = Client::new(provider, Credentials::from_env("ORDERS")?)?;
/// # Ok::<(), unattended::Error>(())
/// ```
pub fn discover(issuer: &str, base_url: &str) -> Result<Provider> {
    discover_with(issuer, base_url, Ok)
}

/// As [`discover`], with the settings that `settings` gives to a client: roots, proxy,
/// timeouts, [`RetryPolicy`](crate::RetryPolicy), clock, observer. Use the same closure for
/// the client that you make afterwards. The document may have 1 MiB at most, whatever the
/// body limit.
///
/// # Errors
///
/// As [`discover`], and those of `settings`.
///
/// ```no_run
/// use unattended::{Client, Connection, Credentials, Provider};
///
/// # fn run(pem: &str) -> unattended::Result<()> {
/// let connection = Connection::new().with_root_certificates(pem)?;
/// let settings = |client: Client| Ok(client.with_connection(connection.clone()));
/// let issuer = "https://sso.example.com/realms/prod";
/// let provider = unattended::discover_with(issuer, "https://api.example.com", settings)?;
/// let client = settings(Client::new(provider, Credentials::from_env("ORDERS")?)?)?;
/// # Ok(()) }
/// ```
pub fn discover_with(
    issuer: &str,
    base_url: &str,
    settings: impl FnOnce(Client) -> Result<Client>,
) -> Result<Provider> {
    let (given, issuer) = (issuer, &issuer_of(issuer));
    let uri = parse_issuer(issuer)?;
    let mut provider = Provider::at(uri.clone(), uri.clone()).with_base_url(base_url)?;
    // Without credentials, since no request here bears a token.
    let nobody = Credentials::new("", "");
    let mut client = settings(Client::unchecked(provider.clone(), nobody))?;
    client.body_limit = DOCUMENT_LIMIT;
    let document = find(&client, issuer, addresses(&uri, given))?;
    document.check_issuer(issuer, given != issuer)?;
    provider.token_endpoint = document.token_endpoint()?;
    provider.revocation_endpoint = document.endpoint(&["revocation_endpoint"]);
    provider.mtls_token_endpoint = document.endpoint(&[ALIASES, "token_endpoint"]);
    provider.mtls_revocation_endpoint = document.endpoint(&[ALIASES, "revocation_endpoint"]);
    provider.issuer = Some(issuer.clone()).filter(|it| document.text("issuer").ok() == Some(it));
    provider.listed_methods = document.auth_methods()?;
    Ok(provider)
}

/// The issuer, where the address of its document is given: people copy that.
fn issuer_of(given: &str) -> String {
    let parts = WELL_KNOWN.iter().find_map(|name| given.split_once(name));
    match parts {
        Some((before, after)) if after.is_empty() || after.starts_with('/') => {
            format!("{before}{}", after.trim_end_matches('/'))
        }
        _ => given.to_owned(),
    }
}

/// OpenID Connect Discovery 1.0 §3, RFC 8414 §2.
fn parse_issuer(issuer: &str) -> Result<Uri> {
    match issuer.contains(['?', '#']) {
        true => Err(Error::configuration("the issuer: it cannot have a query or a fragment")),
        false => url::parse(issuer, "the issuer"),
    }
}

/// The document of the first address that has one.
fn find(client: &Client, issuer: &str, addresses: Vec<String>) -> Result<Document> {
    let mut refusals = String::new();
    for address in addresses {
        match ask(client, address) {
            Ok(document) => return Ok(document),
            Err(error) => refusals.push_str(&format!("{}; ", refusal(error)?)),
        }
    }
    Err(Error::configuration(format!(
        "nothing was found for the issuer {issuer:?}: {refusals}check the issuer, or give the token endpoint by Provider::new"
    )))
}

/// The address that was given, if it is one; where OpenID Connect Discovery 1.0 §4.1 puts the
/// document, and where RFC 8414 §3.1 does.
fn addresses(issuer: &Uri, given: &str) -> Vec<String> {
    let scheme = issuer.scheme_str().unwrap_or_default();
    let host = issuer.authority().map_or("", |authority| authority.as_str());
    let path = issuer.path().strip_suffix('/').unwrap_or(issuer.path());
    let mut addresses = vec![
        format!("{scheme}://{host}{path}{OIDC}"),
        format!("{scheme}://{host}{RFC_8414}{path}"),
    ];
    // Below a path it is where the application has put it.
    let given = given.trim_end_matches('/').to_owned();
    if WELL_KNOWN.iter().any(|name| given.contains(name)) {
        addresses.retain(|address| *address != given);
        addresses.insert(0, given);
    }
    addresses
}

fn ask(client: &Client, address: String) -> Result<Document> {
    let response = client.send(Request::get(address).without_token().accepting_json())?;
    // Single-page applications answer any path by 200 and HTML.
    Ok(Document { members: response.json()?, response })
}

/// What an address said for good, so that the other one is worth a question.
fn refusal(error: Error) -> Result<String> {
    match &error {
        Error::Status(refused) if refused.kind != ErrorKind::Temporary => Ok(error.to_string()),
        Error::Decode(_) => Ok(error.to_string()),
        // The limit is not the client's, which the error names.
        Error::Transport(long) if long.kind == ErrorKind::Incomplete => {
            Ok(format!("{}: the body is longer than {DOCUMENT_LIMIT} bytes", long.target))
        }
        _ => Err(error),
    }
}

/// The metadata of OpenID Connect Discovery 1.0 §3 and RFC 8414 §2.
struct Document {
    members: Map<String, Value>,
    response: Response,
}

impl Document {
    /// OpenID Connect Discovery 1.0 §4.3, RFC 8414 §3.3: identical, not equivalent.
    /// But the address of a document does not show whether its issuer ends with a slash.
    fn check_issuer(&self, asked: &str, by_address: bool) -> Result<()> {
        let own = self.text("issuer")?;
        if own == asked || (by_address && own.strip_suffix('/') == Some(asked)) {
            return Ok(());
        }
        Err(self.unusable(format!(
            "the document is of the issuer {:?}, but {asked:?} was asked for: both must be exactly the same, a trailing slash included; if you mean the first one, ask for it",
            server_message::start(own, LONGEST_QUOTE)
        )))
    }

    fn token_endpoint(&self) -> Result<Uri> {
        let endpoint = parse_token_endpoint(self.text("token_endpoint")?, "its token_endpoint");
        endpoint.map_err(|error| self.unusable(error.to_string()))
    }

    /// One that need not be there.
    fn endpoint(&self, path: &[&str]) -> Option<Uri> {
        let (last, above) = path.split_last()?;
        let members = above.iter().try_fold(&self.members, |it, name| it.get(*name)?.as_object());
        url::parse(members?.get(*last)?.as_str()?, last).ok()
    }

    /// What the server supports, if this crate offers any of it; left out, it is Basic (RFC 8414
    /// §2), or whatever was agreed on.
    fn auth_methods(&self) -> Result<Option<Vec<String>>> {
        let methods = match self.members.get(AUTH_METHODS) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Array(methods)) => methods.iter().filter_map(Value::as_str),
            Some(_) => return Err(self.undecodable(format!("its {AUTH_METHODS} is not a list"))),
        };
        let methods: Vec<String> = methods.map(str::to_owned).collect();
        if AuthMethod::ALL.into_iter().any(|method| method.is_listed(&methods)) {
            return Ok(Some(methods));
        }
        Err(self.unusable(format!(
            "its {AUTH_METHODS} are [{}]; this crate offers client_secret_basic, client_secret_post, private_key_jwt and tls_client_auth",
            quoted(&methods)
        )))
    }

    fn text(&self, name: &str) -> Result<&str> {
        let why = match self.members.get(name) {
            Some(Value::String(text)) => return Ok(text),
            Some(_) => format!("its {name} is not a string"),
            None => format!("it has no {name}"),
        };
        Err(self.undecodable(why))
    }

    fn undecodable(&self, why: String) -> Error {
        let message = format!("{why}: give the token endpoint by Provider::new");
        self.response.undecodable(message, None)
    }

    fn unusable(&self, why: String) -> Error {
        Error::configuration(format!("{}: {why}", self.response.target()))
    }
}

const OIDC: &str = "/.well-known/openid-configuration";
const RFC_8414: &str = "/.well-known/oauth-authorization-server";
const WELL_KNOWN: [&str; 2] = [OIDC, RFC_8414];
const ALIASES: &str = "mtls_endpoint_aliases";
const AUTH_METHODS: &str = "token_endpoint_auth_methods_supported";
const DOCUMENT_LIMIT: u64 = 1024 * 1024;
/// Of what the document says, in an error.
const LONGEST_QUOTE: usize = 300;
