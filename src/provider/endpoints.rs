//! Where to ask: the authorization server and the resource server.

use std::fmt;

use ureq::http::Uri;
use ureq::http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::error::{Error, Result};
use crate::mask::SHORTEST_VALUE;
use crate::provider::auth_method::AuthMethod;
use crate::provider::idempotency::IdempotencyHeader;
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
    /// The same two for clients that show a certificate (RFC 8705 §5).
    pub(crate) mtls_token_endpoint: Option<Uri>,
    pub(crate) mtls_revocation_endpoint: Option<Uri>,
    /// The issuer, where discovery confirmed it.
    pub(crate) issuer: Option<String>,
    pub(crate) assertion_audience: Option<String>,
    pub(crate) auth_method: Option<AuthMethod>,
    /// The methods that the server lists, where it does.
    pub(crate) listed_methods: Option<Vec<String>>,
    pub(crate) token_headers: HeaderMap,
    pub(crate) idempotency_header: IdempotencyHeader,
    pub(crate) scope: Option<String>,
    pub(crate) audience: Option<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) pagination: Pagination,
    /// A host name that a preset put together, and the parts that it took.
    pub(crate) made_host: Option<(String, String)>,
}

impl Provider {
    /// Any provider. The defaults: client authentication as the
    /// [credentials](crate::Credentials) can do it, no scope, no audience, no resource, pages
    /// by [`Pagination::detect`].
    ///
    /// # Errors
    ///
    /// A configuration error unless both are absolute `https` URLs; plain `http` is
    /// allowed to `localhost`, 127.0.0.0/8 and `[::1]`. A query of the token endpoint is sent
    /// with each token request, but must not ask for another grant.
    pub fn new(token_endpoint: &str, base_url: &str) -> Result<Self> {
        Ok(Self::at(parse_token_endpoint(token_endpoint, TOKEN_ENDPOINT)?, parse_base(base_url)?))
    }

    pub(crate) fn at(token_endpoint: Uri, base_url: Uri) -> Self {
        Self {
            token_endpoint,
            base_url,
            revocation_endpoint: None,
            mtls_token_endpoint: None,
            mtls_revocation_endpoint: None,
            issuer: None,
            assertion_audience: None,
            auth_method: None,
            listed_methods: None,
            token_headers: HeaderMap::new(),
            idempotency_header: IdempotencyHeader::default(),
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
        self.token_endpoint = parse_token_endpoint(token_endpoint, TOKEN_ENDPOINT)?;
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

    /// How the client authenticates itself; default: as the credentials can do it. With a secret
    /// that is [`AuthMethod::ClientSecretBasic`], unless [`discover`](crate::discover) found that
    /// the server lists only others. Exactly one method goes out (RFC 6749 §2.3), and the client
    /// never tries another one by itself. A method that the credentials cannot do is a
    /// configuration error of [`Client::new`](crate::Client::new).
    pub fn with_auth_method(mut self, method: AuthMethod) -> Self {
        self.auth_method = Some(method);
        self
    }

    /// The audience of the assertions that a client makes (`aud`, RFC 7523 §3); default: the
    /// issuer where [`discover`](crate::discover) confirmed it, otherwise the token endpoint.
    pub fn with_assertion_audience(mut self, audience: impl Into<String>) -> Self {
        self.assertion_audience = Some(audience.into());
        self
    }

    /// Adds a header to each token request, such as the key of a gateway; may be called several
    /// times. Errors and reports do not show the value.
    ///
    /// # Errors
    ///
    /// A configuration error if it is no header, or one that the client sets itself.
    pub fn with_token_header(mut self, name: &str, value: &str) -> Result<Self> {
        let refuse = |why| Error::configuration(format!("a header of the token request: {why}"));
        let header = HeaderName::from_bytes(name.as_bytes());
        let header = header.map_err(|_| refuse("its name is not a header name".to_owned()))?;
        if OWN_HEADERS.contains(&header.as_str()) {
            return Err(refuse(format!("the client sets {header} itself: remove yours")));
        }
        let mut value = HeaderValue::from_str(value).map_err(|_| {
            refuse(format!("the value of {header} has a character that is not allowed there"))
        })?;
        value.set_sensitive(true);
        self.token_headers.append(header, value);
        Ok(self)
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

    /// The header that takes the key of a request that is
    /// [`idempotent`](crate::Request::idempotent); default: `Idempotency-Key`.
    ///
    /// # Errors
    ///
    /// A configuration error if it is not the name of a header.
    ///
    /// ```
    /// # use unattended::Provider;
    /// # fn run(provider: Provider) -> unattended::Result<()> {
    /// let provider = provider.with_idempotency_header("X-Request-Id")?;
    /// # Ok(()) }
    /// ```
    pub fn with_idempotency_header(mut self, name: &str) -> Result<Self> {
        let wrong = |_| Error::configuration("the idempotency header is not a header name");
        self.idempotency_header.name = HeaderName::from_bytes(name.as_bytes()).map_err(wrong)?;
        Ok(self)
    }

    /// Sends these keys in quotes, as the draft of the IETF has them
    /// (draft-ietf-httpapi-idempotency-key-header-07 §2.1); default: bare, as most vendors take
    /// them.
    pub fn with_quoted_idempotency_keys(mut self) -> Self {
        self.idempotency_header.is_quoted = true;
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

    /// How the client authenticates itself, where that is set.
    pub fn auth_method(&self) -> Option<AuthMethod> {
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

    /// What may be secret in the extra parameters, in the headers and in the query of the token
    /// endpoint.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let headers = self.token_headers.values().filter_map(|value| value.to_str().ok());
        let values = self.parameters.iter().map(|(_, value)| value.as_str()).chain(headers);
        let values = values.map(str::to_owned);
        let mut secrets: Vec<String> =
            values.filter(|value| value.len() >= SHORTEST_VALUE).collect();
        secrets.extend(url::long_values(self.token_endpoint.query().unwrap_or_default()));
        secrets
    }
}

/// A query may carry parameters of the request, even its grant, but no other one.
pub(crate) fn parse_token_endpoint(token_endpoint: &str, what: &str) -> Result<Uri> {
    let uri = url::parse(token_endpoint, what)?;
    let asked = url::pairs(uri.query().unwrap_or_default());
    match asked.into_iter().find(|(name, value)| name == "grant_type" && value != GRANT) {
        None => Ok(uri),
        Some((_, grant)) => Err(Error::configuration(format!(
            "{what}: its query asks for the grant {grant:?}, and this client is for {GRANT} (RFC 6749 §4.4)"
        ))),
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
            .field("token_headers", &self.token_headers.keys())
            .field("pagination", &self.pagination)
            .finish()
    }
}

const TOKEN_ENDPOINT: &str = "the token endpoint";
pub(crate) const GRANT: &str = "client_credentials";
/// RFC 6749 §2.3, RFC 9110 §8.3 and §12.5, RFC 9112 §6 and §3.2.
const OWN_HEADERS: [&str; 8] = [
    "authorization",
    "content-type",
    "content-length",
    "transfer-encoding",
    "host",
    "accept",
    "accept-encoding",
    "expect",
];
