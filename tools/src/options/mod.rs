//! The options, each spelled once: what several subcommands take is flattened into them.

pub mod api;
pub mod identity;
pub mod paging;
pub mod patience;
pub mod usage;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use unattended::Credentials;

use crate::failure::Failure;

/// What every subcommand takes.
#[derive(Args)]
pub struct Common {
    /// A file with options, such as provider = "snapdocs", and [collections.NAME] with path, out
    /// and how it pages; or NAME for unattended/NAME.toml in the user's configuration folder.
    /// Without it, --provider and --stand-in: unattended/default.toml, if it is there
    #[arg(long, value_name = "FILE|NAME", help_heading = api::HEADING)]
    profile: Option<String>,
    /// A stand-in server in this process, with the paths of Snow Atlas and Snapdocs
    #[arg(long, conflicts_with = "provider", help_heading = api::HEADING)]
    pub stand_in: bool,
    #[command(flatten)]
    pub api: api::Api,
    #[command(flatten)]
    pub identity: identity::Identity,
    #[command(flatten)]
    pub store: Store,
    #[command(flatten)]
    pub patience: patience::Patience,
    #[command(flatten)]
    pub talk: Talk,
}

impl Common {
    /// As it is given, or as the environment has it; empty if it is not set.
    pub fn client_id(&self) -> String {
        let given = self.identity.client_id.clone();
        given.unwrap_or_else(|| self.api.client_id())
    }

    /// # Errors
    ///
    /// The library's, with the variables that should hold them.
    pub fn credentials(&self) -> Result<Credentials, Failure> {
        match self.identity.credentials(self.client_id())? {
            Some(credentials) => Ok(credentials),
            None => self.api.credentials(),
        }
    }
}

/// Where the token is kept for the next run.
#[derive(Args)]
#[command(next_help_heading = "The token is kept for the next run, which only you can read")]
pub struct Store {
    /// Kept there; else in $XDG_CACHE_HOME/unattended or ~/.cache/unattended
    /// (%LOCALAPPDATA%\unattended on Windows)
    #[arg(long, value_name = "DIRECTORY", conflicts_with = "no_store")]
    pub store: Option<PathBuf>,
    /// Not kept
    #[arg(long)]
    pub no_store: bool,
}

/// What is told on the way, on standard error.
#[derive(Args, Clone, Copy, Default)]
#[command(next_help_heading = "What is told on standard error")]
pub struct Talk {
    /// Every token, wait, repeat and page
    #[arg(long, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Nothing but warnings and errors: for cron
    #[arg(long)]
    pub quiet: bool,
    /// As text, or one JSON object on a line
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Log::Text)]
    pub log: Log,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Log {
    #[default]
    Text,
    Json,
}

/// As a shell takes it for one word.
pub fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@+".contains(c);
    match (!word.is_empty() && word.chars().all(is_plain), cfg!(windows)) {
        (true, _) => word.to_owned(),
        (false, true) => format!("\"{word}\""),
        (false, false) => format!("'{}'", word.replace('\'', r"'\''")),
    }
}
