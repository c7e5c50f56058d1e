//! What single vendors expect, as data. To add one: a function here, its golden test in
//! `tests/suite/provider/presets.rs`.

use ureq::http::Uri;

use crate::error::{Error, Result};
use crate::provider::auth_method::AuthMethod;
use crate::provider::endpoints::Provider;
use crate::provider::pagination::Pagination;

impl Provider {
    /// Snow Atlas (Snow Software, now Flexera), in a region such as `westeurope`,
    /// `australiasoutheast`, `eastus2` or `uksouth`.
    ///
    /// Credentials in the body, numbered pages of 500 rows (the server's own 25 would
    /// run into its rate limit). Audit logs, a bare array without pages, are read with
    /// [`Pagination::single`]. With [`with_scope("openid")`](Self::with_scope) the
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
        let host = format!("{}.snowsoftware.io", label(region, "region")?);
        let origin = format!("https://{host}");
        let mut provider = Self::new(&format!("{origin}/idp/api/connect/token"), &origin)?;
        provider.made_host = Some((host, format!("the region {region:?}")));
        let pages = Pagination::page_numbers("page_number").with_page_size("page_size", 500);
        Ok(provider.with_auth_method(AuthMethod::ClientSecretPost).with_pagination(pages))
    }

    /// Snapdocs Connect, production.
    ///
    /// Credentials in the body and the audience that its Auth0 tenant expects; the member
    /// `meta.next_page` asks for the next page, and the rows are under `data`. The vendor does
    /// not document the name of the query parameter for the page: `page` is assumed, and an
    /// answer that shows it to be wrong is an error. Documents and borrowers come without
    /// pages: [`Pagination::single`] with
    /// [`with_rows_at("documents")`](Pagination::with_rows_at).
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
    /// scope with [`with_scope`](Self::with_scope), for example `api/write`. AWS charges for each
    /// token; the client fetches a new one only when the old one ends. For a custom domain
    /// replace the token endpoint.
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
        let host = format!("{prefix}.auth.{region}.amazoncognito.com");
        let mut provider = Self::new(&format!("https://{host}/oauth2/token"), base_url)?;
        let parts = format!("the prefix {prefix:?} or the region {region:?}");
        provider.made_host = Some((host, parts));
        Ok(provider.with_auth_method(AuthMethod::ClientSecretBasicRaw))
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
