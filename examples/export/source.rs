//! Which API is read.

use unattended::{Provider, Result};

/// One of the providers, with what it needs.
pub struct Source {
    pub kind: Kind,
    pub base_url: Option<String>,
    pub token_endpoint: Option<String>,
    pub scope: Option<String>,
}

pub enum Kind {
    SnowAtlas { region: String },
    Snapdocs,
    SnapdocsDemo,
    Cognito { prefix: String, region: String, base_url: String },
}

impl Source {
    /// The prefix of the environment variables that hold its credentials.
    pub fn prefix(&self) -> &'static str {
        match self.kind {
            Kind::SnowAtlas { .. } => SNOW_ATLAS,
            Kind::Snapdocs | Kind::SnapdocsDemo => SNAPDOCS,
            Kind::Cognito { .. } => COGNITO,
        }
    }

    pub fn name(&self) -> &'static str {
        match self.kind {
            Kind::SnowAtlas { .. } => "snow-atlas",
            Kind::Snapdocs => "snapdocs",
            Kind::SnapdocsDemo => "snapdocs-demo",
            Kind::Cognito { .. } => "cognito",
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

    /// The options that decide which rows come.
    pub fn options(&self) -> Vec<(&'static str, &str)> {
        let mut options = vec![("--provider", self.name())];
        match &self.kind {
            Kind::SnowAtlas { region } => options.push(("--region", region)),
            Kind::Snapdocs | Kind::SnapdocsDemo => {}
            Kind::Cognito { prefix, region, base_url } => {
                options.extend([("--prefix", prefix.as_str()), ("--region", region)]);
                options.push(("--base-url", base_url));
            }
        }
        options.extend(self.base_url.as_deref().map(|url| ("--base-url", url)));
        options.extend(self.scope.as_deref().map(|scope| ("--scope", scope)));
        options
    }
}

pub const SNOW_ATLAS: &str = "SNOW_ATLAS";
pub const SNAPDOCS: &str = "SNAPDOCS";
pub const COGNITO: &str = "COGNITO";
