//! Where to ask: the authorization server and the resource server.

use std::fmt;
use std::str::FromStr;

use ureq::http::Uri;

use crate::error::{Error, Result};
use crate::mask::SHORTEST_VALUE;
use crate::provider::pagination::Pagination;
use crate::url;

/// A token endpoint, an API behind it, and what both expect.
///
/// The presets [`snow_atlas`](Self::snow_atlas), [`snapdocs`](Self::snapdocs),
/// [`snapdocs_demo`](Self::snapdocs_demo) and [`cognito`](Self::cognito) know one vendor
/// each; [`new`](Self::new) serves any other, [`discover`](crate::discover) one that tells
/// where its token endpoint is. Every setting is sent again at each renewal of the token.
///
/// ```
/// use unattended::{AuthMethod, Provider};
///
/// let keycloak = Provider::new(
///     "https://sso.example.com/realms/prod/protocol/openid-connect/token",
///     "https://api.example.com/v2",
/// )?
/// .with_auth_method(AuthMethod::ClientSecretPost)
/// .with_scope("orders:read invoices:read");
/// # Ok::<(), unattended::Error>(())
/// ```
#[derive(Clone)]
pub struct Provider {
    pub(crate) token_endpoint: Uri,
    pub(crate) base_url: Uri,
    pub(crate) revocation_endpoint: Option<Uri>,
    pub(crate) auth_method: AuthMethod,
    pub(crate) scope: Option<String>,
    pub(crate) audience: Option<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) pagination: Pagination,
    /// A host name that a preset put together, and the parts that it took.
    pub(crate) made_host: Option<(String, String)>,
}

/// How the client authenticates itself to the token endpoint (RFC 6749 §2.3.1), by the
/// names of OpenID Connect Core 1.0 §9.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthMethod {
    /// `client_secret_basic`: HTTP Basic, id and secret form-encoded first, as RFC 6749
    /// §2.3.1 says. The default, since every server must support it.
    ClientSecretBasic,
    /// HTTP Basic without the form-encoding step, for servers that do not decode it.
    /// Differs only for ids and secrets with characters other than letters, digits and
    /// `*-._`.
    ClientSecretBasicRaw,
    /// `client_secret_post`: id and secret in the form body.
    ClientSecretPost,
}

impl AuthMethod {
    const ALL: [Self; 3] =
        [Self::ClientSecretBasic, Self::ClientSecretBasicRaw, Self::ClientSecretPost];
}

/// By its registered name, as command lines and files of settings take it:
/// `client_secret_basic`, `client_secret_post`, or `client_secret_basic_raw`, which is this
/// crate's own.
impl fmt::Display for AuthMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretBasicRaw => "client_secret_basic_raw",
            Self::ClientSecretPost => "client_secret_post",
        })
    }
}

/// Reads what `to_string` wrote.
///
/// ```
/// use unattended::AuthMethod;
///
/// let method: AuthMethod = "client_secret_post".parse()?;
/// assert_eq!(method, AuthMethod::ClientSecretPost);
/// # Ok::<(), unattended::Error>(())
/// ```
impl FromStr for AuthMethod {
    type Err = Error;

    /// # Errors
    ///
    /// A configuration error that lists the names.
    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|method| method.to_string() == text);
        found.ok_or_else(|| {
            let names = Self::ALL.map(|method| method.to_string()).join(", ");
            Error::configuration(format!("the auth method {text:?} is not one of {names}"))
        })
    }
}

impl Provider {
    /// Any provider. The defaults: [`AuthMethod::ClientSecretBasic`], no scope, no
    /// audience, no resource, pages by [`Pagination::detect`].
    ///
    /// # Errors
    ///
    /// A configuration error unless both are absolute `https` URLs; plain `http` is
    /// allowed to `localhost`, 127.0.0.0/8 and `[::1]`.
    pub fn new(token_endpoint: &str, base_url: &str) -> Result<Self> {
        let token_endpoint = url::parse(token_endpoint, "the token endpoint")?;
        Ok(Self::at(token_endpoint, parse_base(base_url)?))
    }

    pub(crate) fn at(token_endpoint: Uri, base_url: Uri) -> Self {
        Self {
            token_endpoint,
            base_url,
            revocation_endpoint: None,
            auth_method: AuthMethod::ClientSecretBasic,
            scope: None,
            audience: None,
            resources: Vec::new(),
            parameters: Vec::new(),
            pagination: Pagination::detect(),
            made_host: None,
        }
    }

    /// Replaces the token endpoint. It is used to the letter, a trailing slash included.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_token_endpoint(mut self, token_endpoint: &str) -> Result<Self> {
        self.token_endpoint = url::parse(token_endpoint, "the token endpoint")?;
        Ok(self)
    }

    /// Replaces the base URL of the API; it may have a path, below which all requests go.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_base_url(mut self, base_url: &str) -> Result<Self> {
        self.base_url = parse_base(base_url)?;
        Ok(self)
    }

    /// Where tokens are revoked (RFC 7009), for [`Client::revoke`](crate::Client::revoke);
    /// default: nowhere.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_revocation_endpoint(mut self, revocation_endpoint: &str) -> Result<Self> {
        self.revocation_endpoint =
            Some(url::parse(revocation_endpoint, "the revocation endpoint")?);
        Ok(self)
    }

    /// How the client authenticates itself. The client never tries another way by itself.
    pub fn with_auth_method(mut self, method: AuthMethod) -> Self {
        self.auth_method = method;
        self
    }

    /// The scope to ask for: names separated by spaces (RFC 6749 §3.3); default none,
    /// which leaves it to the server.
    pub fn with_scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// The audience, as Auth0 asks for it, byte for byte; default none.
    pub fn with_audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// Adds a resource indicator (RFC 8707 §2); may be called several times.
    pub fn with_resource(mut self, resource: impl Into<String>) -> Self {
        self.resources.push(resource.into());
        self
    }

    /// Adds any other parameter to the token request; may be called several times. Errors show a
    /// value of 8 characters or more masked.
    pub fn with_token_parameter(
        mut self,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// How the API pages; default [`Pagination::detect`].
    pub fn with_pagination(mut self, pagination: Pagination) -> Self {
        self.pagination = pagination;
        self
    }

    /// The token endpoint.
    pub fn token_endpoint(&self) -> &Uri {
        &self.token_endpoint
    }

    /// The base URL of the API.
    pub fn base_url(&self) -> &Uri {
        &self.base_url
    }

    /// How the client authenticates itself.
    pub fn auth_method(&self) -> AuthMethod {
        self.auth_method
    }

    /// The scope that is asked for, if one is.
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// The audience that is asked for, if one is.
    pub fn audience(&self) -> Option<&str> {
        self.audience.as_deref()
    }

    /// How the API pages, as it is declared so far: to change a preset by one setting.
    pub fn pagination(&self) -> &Pagination {
        &self.pagination
    }
}

impl Provider {
    /// The parts that a preset made this host name of: the likely mistake if there is no such
    /// host.
    pub(crate) fn host_parts(&self, host: &str) -> Option<&str> {
        let (made, parts) = self.made_host.as_ref()?;
        (made == host).then_some(parts)
    }

    /// What may be secret in the extra parameters and in the query of the token endpoint.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let values = self.parameters.iter().map(|(_, value)| value.clone());
        let mut secrets: Vec<String> =
            values.filter(|value| value.len() >= SHORTEST_VALUE).collect();
        secrets.extend(url::long_values(self.token_endpoint.query().unwrap_or_default()));
        secrets
    }
}

/// A base URL takes no query: requests bring their own.
fn parse_base(base_url: &str) -> Result<Uri> {
    let uri = url::parse(base_url, "the base URL")?;
    match uri.query() {
        None => Ok(uri),
        Some(_) => Err(Error::configuration("the base URL: it cannot have a query")),
    }
}

/// Values of extra parameters are not shown: some are secret.
impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.parameters.iter().map(|(name, _)| name.as_str()).collect();
        let endpoint = self.token_endpoint.to_string();
        f.debug_struct("Provider")
            .field("token_endpoint", &format_args!("{}", url::shown(&endpoint)))
            .field("base_url", &self.base_url)
            .field("auth_method", &self.auth_method)
            .field("scope", &self.scope)
            .field("audience", &self.audience)
            .field("resources", &self.resources)
            .field("parameters", &names)
            .field("pagination", &self.pagination)
            .finish()
    }
}
