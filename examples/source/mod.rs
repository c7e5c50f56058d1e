//! Which API a program calls, as its user says it: a provider by name with what that needs,
//! client id and secret from the environment. The examples that are tools share it.
#![allow(dead_code, reason = "each example uses another part of it")]

use std::env;

use unattended::{AuthMethod, Credentials, Error, Provider, Result};

pub const HELP: &str = "\
Which API; client id and secret come from the environment:
    --provider NAME        snow-atlas      SNOW_ATLAS_CLIENT_ID, SNOW_ATLAS_CLIENT_SECRET
                           snapdocs, snapdocs-demo   SNAPDOCS_CLIENT_ID, SNAPDOCS_CLIENT_SECRET
                           cognito         COGNITO_CLIENT_ID, COGNITO_CLIENT_SECRET
                           custom          CUSTOM_CLIENT_ID, CUSTOM_CLIENT_SECRET
                           (or ..._CLIENT_SECRET_FILE, a file that holds the secret)
    --variables PREFIX     other variables: PREFIX_CLIENT_ID, PREFIX_CLIENT_SECRET
    --region REGION        of snow-atlas (westeurope) or cognito (eu-west-1)
    --prefix PREFIX        the domain prefix of the user pool, for cognito
    --base-url URL         replaces the address of the API; cognito and custom have no other
    --token-endpoint URL   replaces the address of the token endpoint; custom has no other
    --auth METHOD          how custom sends id and secret: basic (default), basic-raw or post
    --scope SCOPE          the scope to ask for
    --audience AUDIENCE    the audience to ask for, with custom
    --resource RESOURCE    the resource to ask for, with custom
    --stand-in             the stand-in server, whatever the environment holds
";

/// The options that [`Source::parse`] takes; each has a value.
pub const OPTIONS: [&str; 10] = [
    "audience",
    "auth",
    "base-url",
    "prefix",
    "provider",
    "region",
    "resource",
    "scope",
    "token-endpoint",
    "variables",
];

/// One of the providers, with what it needs.
pub struct Source {
    kind: Kind,
    variables: Option<String>,
    base_url: Option<String>,
    token_endpoint: Option<String>,
    scope: Option<String>,
}

enum Kind {
    SnowAtlas { region: String },
    Snapdocs,
    SnapdocsDemo,
    Cognito { prefix: String, region: String, base_url: String },
    Custom(Box<Custom>),
}

struct Custom {
    token_endpoint: String,
    base_url: String,
    auth: AuthMethod,
    audience: Option<String>,
    resource: Option<String>,
}

type Parsed<T> = std::result::Result<T, String>;

impl Source {
    /// The provider that `--provider` names; `take` hands out the values of the other
    /// options.
    ///
    /// # Errors
    ///
    /// What is missing or not known, in words.
    pub fn parse(name: &str, mut take: impl FnMut(&str) -> Option<String>) -> Parsed<Self> {
        let mut required = |option: &str, why: &str| {
            take(option).ok_or_else(|| format!("--{option} is missing: {why}"))
        };
        let kind = match name {
            "snow-atlas" => Kind::SnowAtlas { region: required("region", "such as westeurope")? },
            "snapdocs" => Kind::Snapdocs,
            "snapdocs-demo" => Kind::SnapdocsDemo,
            "cognito" => Kind::Cognito {
                prefix: required("prefix", "the domain prefix of the user pool")?,
                region: required("region", "such as eu-west-1")?,
                base_url: required("base-url", "the address of the API")?,
            },
            "custom" => Kind::Custom(Box::new(Custom {
                token_endpoint: required("token-endpoint", "the address of the token endpoint")?,
                base_url: required("base-url", "the address of the API")?,
                auth: auth(take("auth").as_deref())?,
                audience: take("audience"),
                resource: take("resource"),
            })),
            _ => {
                return Err(format!(
                    "--provider {name} is not one of snow-atlas, snapdocs, snapdocs-demo, cognito, custom"
                ));
            }
        };
        Ok(Self {
            kind,
            variables: take("variables"),
            base_url: take("base-url"),
            token_endpoint: take("token-endpoint"),
            scope: take("scope"),
        })
    }

    /// The prefix of the environment variables that hold its credentials.
    pub fn variables(&self) -> &str {
        self.variables.as_deref().unwrap_or(match self.kind {
            Kind::SnowAtlas { .. } => SNOW_ATLAS,
            Kind::Snapdocs | Kind::SnapdocsDemo => SNAPDOCS,
            Kind::Cognito { .. } => COGNITO,
            Kind::Custom(_) => CUSTOM,
        })
    }

    pub fn name(&self) -> &'static str {
        match self.kind {
            Kind::SnowAtlas { .. } => "snow-atlas",
            Kind::Snapdocs => "snapdocs",
            Kind::SnapdocsDemo => "snapdocs-demo",
            Kind::Cognito { .. } => "cognito",
            Kind::Custom(_) => "custom",
        }
    }

    pub fn provider(&self) -> Result<Provider> {
        let mut provider = match &self.kind {
            Kind::SnowAtlas { region } => Provider::snow_atlas(region)?,
            Kind::Snapdocs => Provider::snapdocs(),
            Kind::SnapdocsDemo => Provider::snapdocs_demo(),
            Kind::Cognito { prefix, region, base_url } => {
                Provider::cognito(prefix, region, base_url)?
            }
            Kind::Custom(custom) => custom.provider()?,
        };
        if let Some(url) = &self.base_url {
            provider = provider.with_base_url(url)?;
        }
        if let Some(url) = &self.token_endpoint {
            provider = provider.with_token_endpoint(url)?;
        }
        if let Some(scope) = &self.scope {
            provider = provider.with_scope(scope);
        }
        Ok(provider)
    }

    /// The options that decide what comes back.
    pub fn options(&self) -> Vec<(&'static str, &str)> {
        let mut options = vec![("--provider", self.name())];
        match &self.kind {
            Kind::SnowAtlas { region } => options.push(("--region", region)),
            Kind::Snapdocs | Kind::SnapdocsDemo => {}
            Kind::Cognito { prefix, region, base_url } => {
                options.extend([("--prefix", prefix.as_str()), ("--region", region)]);
                options.push(("--base-url", base_url));
            }
            Kind::Custom(custom) => {
                options.push(("--base-url", &custom.base_url));
                options.extend(custom.audience.as_deref().map(|it| ("--audience", it)));
                options.extend(custom.resource.as_deref().map(|it| ("--resource", it)));
            }
        }
        options.extend(self.base_url.as_deref().map(|url| ("--base-url", url)));
        options.extend(self.scope.as_deref().map(|scope| ("--scope", scope)));
        options
    }

    /// # Errors
    ///
    /// The error, and the variables that should hold them.
    pub fn credentials(&self) -> std::result::Result<Credentials, (Error, String)> {
        let prefix = self.variables();
        Credentials::from_env(prefix)
            .map_err(|error| (error, format!("{prefix}_CLIENT_ID and {prefix}_CLIENT_SECRET")))
    }
}

impl Custom {
    fn provider(&self) -> Result<Provider> {
        let mut provider =
            Provider::new(&self.token_endpoint, &self.base_url)?.with_auth_method(self.auth);
        if let Some(audience) = &self.audience {
            provider = provider.with_audience(audience);
        }
        if let Some(resource) = &self.resource {
            provider = provider.with_resource(resource);
        }
        Ok(provider)
    }
}

fn auth(name: Option<&str>) -> Parsed<AuthMethod> {
    match name {
        None | Some("basic") => Ok(AuthMethod::ClientSecretBasic),
        Some("basic-raw") => Ok(AuthMethod::ClientSecretBasicRaw),
        Some("post") => Ok(AuthMethod::ClientSecretPost),
        Some(other) => Err(format!("--auth {other} is not one of basic, basic-raw, post")),
    }
}

/// The variable that shows that somebody means a real API.
pub fn credentials_in_environment() -> Option<String> {
    let names = [SNOW_ATLAS, SNAPDOCS, COGNITO, CUSTOM].map(|prefix| format!("{prefix}_CLIENT_ID"));
    names.into_iter().find(|name| env::var_os(name).is_some())
}

const SNOW_ATLAS: &str = "SNOW_ATLAS";
const SNAPDOCS: &str = "SNAPDOCS";
const COGNITO: &str = "COGNITO";
const CUSTOM: &str = "CUSTOM";
