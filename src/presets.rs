//! What single vendors expect, as data. To add one: a function here, its golden test in
//! `tests/suite/presets.rs`.

use ureq::http::Uri;

use crate::error::{Error, Result};
use crate::pagination::Pagination;
use crate::provider::{AuthMethod, Provider};

impl Provider {
    /// Snow Atlas (Snow Software, now Flexera), in a region such as `westeurope`,
    /// `australiasoutheast`, `eastus2` or `uksouth`.
    ///
    /// Credentials in the body, numbered pages of 500 rows (the server's own 25 would
    /// run into its rate limit). With [`with_scope("openid")`](Self::with_scope) the
    /// token comes with an id_token that names the tenant. For another host, such as
    /// `https://snowatlas-westeurope.flexera.eu`, replace base URL and token endpoint.
    ///
    /// # Errors
    ///
    /// A configuration error if `region` cannot be part of a host name.
    ///
    /// ```
    /// use unattended::Provider;
    ///
    /// let provider = Provider::snow_atlas("westeurope")?.with_scope("openid");
    /// # Ok::<(), unattended::Error>(())
    /// ```
    pub fn snow_atlas(region: &str) -> Result<Self> {
        let host = format!("https://{}.snowsoftware.io", label(region, "region")?);
        let provider = Self::new(&format!("{host}/idp/api/connect/token"), &host)?;
        let pages = Pagination::page_numbers("page_number").with_page_size("page_size", 500);
        Ok(provider.with_auth_method(AuthMethod::ClientSecretPost).with_pagination(pages))
    }

    /// Snapdocs Connect, production.
    ///
    /// Credentials in the body and the audience that its Auth0 tenant expects; pages as
    /// [`Pagination::cursor`] reads them, by the number in `meta.next_page`. The vendor does
    /// not document the name of the query parameter for the page: `page` is assumed, and an
    /// answer that shows it to be wrong is an error.
    pub fn snapdocs() -> Self {
        snapdocs(
            "https://login.snapdocs.com/oauth/token/",
            "https://api.snapdocs.com/",
            "https://api.snapdocs.com",
        )
    }

    /// Snapdocs Connect, demo; otherwise as [`snapdocs`](Self::snapdocs).
    pub fn snapdocs_demo() -> Self {
        snapdocs(
            "https://login.demo-eks.snpd.io/oauth/token",
            "https://api.cs-demo0.snpd.io/",
            // The asterisk is literal.
            "https://api.*.snpd.io",
        )
    }

    /// An API behind the token endpoint of an Amazon Cognito user pool with the domain
    /// prefix `prefix`, in an AWS region such as `eu-west-1`.
    ///
    /// HTTP Basic without the form-encoding step, as AWS documents it. Set the custom
    /// scope with [`with_scope`](Self::with_scope), for example `api/write`. Each token
    /// is billed; the client buys one per life. For a custom domain replace the token
    /// endpoint.
    ///
    /// # Errors
    ///
    /// A configuration error if `prefix` or `aws_region` cannot be part of a host name,
    /// or `base_url` is not an `https` URL.
    ///
    /// ```
    /// use unattended::Provider;
    ///
    /// let provider = Provider::cognito("auth-provider-dev", "eu-west-1", "https://api.example.com")?
    ///     .with_scope("api/write");
    /// # Ok::<(), unattended::Error>(())
    /// ```
    pub fn cognito(prefix: &str, aws_region: &str, base_url: &str) -> Result<Self> {
        let prefix = label(prefix, "prefix")?;
        let region = label(aws_region, "aws_region")?;
        let endpoint = format!("https://{prefix}.auth.{region}.amazoncognito.com/oauth2/token");
        Ok(Self::new(&endpoint, base_url)?.with_auth_method(AuthMethod::ClientSecretBasicRaw))
    }
}

fn snapdocs(token_endpoint: &'static str, base_url: &'static str, audience: &str) -> Provider {
    Provider::at(Uri::from_static(token_endpoint), Uri::from_static(base_url))
        .with_auth_method(AuthMethod::ClientSecretPost)
        .with_audience(audience)
        .with_pagination(Pagination::cursor("page", "meta.next_page").with_rows_at("data"))
}

/// One label of a host name (RFC 1123 §2.1): anything else could lead to another host.
fn label<'a>(text: &'a str, what: &str) -> Result<&'a str> {
    let is_inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    let is_good = !text.is_empty()
        && text.len() <= 63
        && text.bytes().all(is_inner)
        && !text.starts_with('-')
        && !text.ends_with('-');
    match is_good {
        true => Ok(text),
        false => {
            Err(Error::configuration(format!("{what}: {text:?} cannot be part of a host name")))
        }
    }
}
