//! Which API is meant: a provider by name with what that needs; client id and secret come from
//! the environment.

use std::env;

use clap::{Args, ValueEnum};
use unattended::{AuthMethod, Credentials, Provider};

use crate::failure::Failure;

/// Which API.
#[derive(Args)]
#[command(next_help_heading = HEADING)]
pub struct Api {
    /// It reads SNOW_ATLAS_CLIENT_ID with SNOW_ATLAS_CLIENT_SECRET, or with
    /// SNOW_ATLAS_CLIENT_SECRET_FILE, a file that holds the secret; likewise SNAPDOCS_…,
    /// COGNITO_… and CUSTOM_…
    #[arg(long, value_enum, value_name = "NAME")]
    provider: Option<Kind>,
    /// Other variables: PREFIX_CLIENT_ID, PREFIX_CLIENT_SECRET, …
    #[arg(long, value_name = "PREFIX")]
    variables: Option<String>,
    /// Of snow-atlas (westeurope) or cognito (eu-west-1)
    #[arg(long)]
    region: Option<String>,
    /// The domain prefix of the user pool, for cognito
    #[arg(long)]
    prefix: Option<String>,
    /// Replaces the address of the API; cognito and custom have no other
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Replaces the address of the token endpoint; custom has no other
    #[arg(long, value_name = "URL")]
    token_endpoint: Option<String>,
    /// How custom sends id and secret: basic unless it is given; what is no secret needs none
    #[arg(long, value_enum, value_name = "METHOD")]
    auth: Option<Auth>,
    /// The scope to ask for
    #[arg(long)]
    scope: Option<String>,
    /// The audience to ask for, with custom
    #[arg(long)]
    audience: Option<String>,
    /// The resource to ask for, with custom
    #[arg(long)]
    resource: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    SnowAtlas,
    Snapdocs,
    SnapdocsDemo,
    Cognito,
    Custom,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Auth {
    Basic,
    BasicRaw,
    Post,
}

impl Api {
    /// # Errors
    ///
    /// What is missing or does not go together, or what the library has against a value.
    pub fn provider(&self) -> Result<Provider, Failure> {
        let kind = self.kind()?;
        self.check(kind)?;
        let mut provider = match kind {
            Kind::SnowAtlas => Provider::snow_atlas(needed(self.region.as_ref()))?,
            Kind::Snapdocs => Provider::snapdocs(),
            Kind::SnapdocsDemo => Provider::snapdocs_demo(),
            Kind::Cognito => {
                let (prefix, region) = (needed(self.prefix.as_ref()), needed(self.region.as_ref()));
                Provider::cognito(prefix, region, needed(self.base_url.as_ref()))?
            }
            Kind::Custom => {
                let token_endpoint = needed(self.token_endpoint.as_ref());
                Provider::new(token_endpoint, needed(self.base_url.as_ref()))?
            }
        };
        if let Some(auth) = self.auth {
            provider = provider.with_auth_method(auth.into());
        }
        if let Some(url) = &self.base_url {
            provider = provider.with_base_url(url)?;
        }
        if let Some(url) = &self.token_endpoint {
            provider = provider.with_token_endpoint(url)?;
        }
        if let Some(scope) = &self.scope {
            provider = provider.with_scope(scope);
        }
        if let Some(audience) = &self.audience {
            provider = provider.with_audience(audience);
        }
        Ok(match &self.resource {
            Some(resource) => provider.with_resource(resource),
            None => provider,
        })
    }

    fn kind(&self) -> Result<Kind, Failure> {
        let missing = "no API is given: say which one with --provider, or --stand-in";
        self.provider.ok_or_else(|| Failure::Usage(missing.into()))
    }

    /// Whether all is there that the provider needs, and nothing that it does not take.
    fn check(&self, kind: Kind) -> Result<(), Failure> {
        use Kind::{Cognito, Custom, SnowAtlas};
        let needs = |what: &Option<String>, by: &[Kind]| what.is_none() && by.contains(&kind);
        let region = if kind == SnowAtlas { "such as westeurope" } else { "such as eu-west-1" };
        let missing = [
            (needs(&self.region, &[SnowAtlas, Cognito]), "region", region),
            (needs(&self.prefix, &[Cognito]), "prefix", "the domain prefix of the user pool"),
            (
                needs(&self.token_endpoint, &[Custom]),
                "token-endpoint",
                "the address of the token endpoint",
            ),
            (needs(&self.base_url, &[Cognito, Custom]), "base-url", "the address of the API"),
        ];
        if let Some((_, option, why)) = missing.iter().find(|(is_missing, ..)| *is_missing) {
            return Err(Failure::Usage(format!("--{option} is missing: {why}")));
        }
        let vain = [
            (self.region.is_some() && !matches!(kind, SnowAtlas | Cognito), "region"),
            (self.prefix.is_some() && kind != Cognito, "prefix"),
            (self.auth.is_some() && kind != Custom, "auth"),
            (self.audience.is_some() && kind != Custom, "audience"),
            (self.resource.is_some() && kind != Custom, "resource"),
        ];
        match vain.iter().find(|(is_vain, _)| *is_vain) {
            Some((_, option)) => Err(Failure::Usage(format!(
                "--{option} does not go with --provider {}",
                kind.name()
            ))),
            None => Ok(()),
        }
    }

    /// What it is called in a report.
    pub fn name(&self) -> String {
        self.provider.map_or_else(|| "the stand-in".to_owned(), Kind::name)
    }

    /// The options that decide what comes back.
    pub fn asked(&self) -> impl Iterator<Item = (String, String)> {
        let named = [
            ("--region", &self.region),
            ("--prefix", &self.prefix),
            ("--base-url", &self.base_url),
            ("--audience", &self.audience),
            ("--resource", &self.resource),
            ("--scope", &self.scope),
        ];
        let given = named.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
        let provider = [("--provider", self.name())].into_iter();
        provider.chain(given).map(|(name, value)| (name.to_owned(), value))
    }

    /// As the environment has it; empty if it is not set.
    pub fn client_id(&self) -> String {
        env::var(format!("{}_CLIENT_ID", self.prefix())).unwrap_or_default()
    }

    /// The prefix of the environment variables that hold its credentials.
    pub fn prefix(&self) -> &str {
        self.variables.as_deref().unwrap_or(match self.provider {
            Some(Kind::SnowAtlas) => "SNOW_ATLAS",
            Some(Kind::Snapdocs | Kind::SnapdocsDemo) => "SNAPDOCS",
            Some(Kind::Cognito) => "COGNITO",
            Some(Kind::Custom) | None => "CUSTOM",
        })
    }

    /// # Errors
    ///
    /// The library's, with the variables that should hold them.
    pub fn credentials(&self) -> Result<Credentials, Failure> {
        let prefix = self.prefix();
        let variables = format!("{prefix}_CLIENT_ID and {prefix}_CLIENT_SECRET");
        Credentials::from_env(prefix).map_err(|error| Failure::NoCredentials(error, variables))
    }
}

impl Kind {
    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

impl From<Auth> for AuthMethod {
    fn from(auth: Auth) -> Self {
        match auth {
            Auth::Basic => Self::ClientSecretBasic,
            Auth::BasicRaw => Self::ClientSecretBasicRaw,
            Auth::Post => Self::ClientSecretPost,
        }
    }
}

/// What [`Api::check`] has found to be there.
fn needed(value: Option<&String>) -> &str {
    value.map_or("", String::as_str)
}

pub const HEADING: &str = "Which API; its client id and secret come from the environment";
