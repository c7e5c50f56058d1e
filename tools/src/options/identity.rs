//! Who asks for the token. The secret itself is no option: others see the command line.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use unattended::{Connection, Credentials};

use crate::failure::Failure;

/// What of it is given; the variables of the provider hold the rest.
#[derive(Args)]
#[command(next_help_heading = "Who asks, if not who the environment says")]
pub struct Identity {
    /// Instead of PREFIX_CLIENT_ID, with one of the next
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,
    #[command(flatten)]
    proof: Proof,
    /// The key id of --private-key, for servers that know several keys
    #[arg(long, value_name = "ID", requires = "private_key")]
    key_id: Option<String>,
    /// The certificate of --private-key, which Entra wants
    #[arg(long, value_name = "FILE", requires = "private_key")]
    key_certificate: Option<PathBuf>,
    /// A client certificate for TLS; with --client-id and no secret it says who asks (RFC 8705)
    #[arg(long, value_name = "FILE", requires = "client_key")]
    client_certificate: Option<PathBuf>,
    /// The key of --client-certificate
    #[arg(long, value_name = "FILE", requires = "client_certificate")]
    client_key: Option<PathBuf>,
}

/// At most one of them.
#[derive(Args)]
#[group(multiple = false)]
struct Proof {
    /// A file that holds the client secret
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// A program that prints the client secret, such as 'pass show crm'; no shell runs it
    #[arg(long, value_name = "WORDS", value_delimiter = ' ')]
    secret_command: Vec<String>,
    /// A file that holds an assertion, as Kubernetes writes it (RFC 7523)
    #[arg(long, value_name = "FILE")]
    assertion_file: Option<PathBuf>,
    /// A private key that signs assertions (RFC 7523)
    #[arg(long, value_name = "FILE")]
    private_key: Option<PathBuf>,
}

impl Identity {
    /// `None` if the environment says it all.
    ///
    /// # Errors
    ///
    /// If there is no client id, or if a file does not hold what it should.
    pub fn credentials(&self, client_id: String) -> Result<Option<Credentials>, Failure> {
        let proof = &self.proof;
        if let Some(file) = &proof.secret_file {
            return Ok(Some(Credentials::from_secret_file(client_id, file)));
        }
        if !proof.secret_command.is_empty() {
            return Ok(Some(Credentials::from_command(client_id, &proof.secret_command)));
        }
        if let Some(file) = &proof.assertion_file {
            return Ok(Some(Credentials::from_assertion_file(client_id, file)));
        }
        if let Some(file) = &proof.private_key {
            let mut credentials = Credentials::from_private_key(client_id, read(file)?)?;
            if let Some(id) = &self.key_id {
                credentials = credentials.with_key_id(id);
            }
            return Ok(Some(match &self.key_certificate {
                Some(file) => credentials.with_certificate(read(file)?)?,
                None => credentials,
            }));
        }
        match (&self.client_certificate, &self.client_id) {
            (Some(_), Some(_)) => Ok(Some(Credentials::from_client_certificate(client_id))),
            // Another client's secret would go along.
            (None, Some(_)) => Err(Failure::Usage(
                "--client-id needs --secret-file, --secret-command, --assertion-file, --private-key or --client-certificate".into(),
            )),
            (_, None) => Ok(None),
        }
    }

    /// # Errors
    ///
    /// If a file does not hold what it should.
    pub fn connection(&self, connection: Connection) -> Result<Connection, Failure> {
        match (&self.client_certificate, &self.client_key) {
            (Some(certificate), Some(key)) => {
                Ok(connection.with_client_certificate(read(certificate)?, read(key)?)?)
            }
            _ => Ok(connection),
        }
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(file).map_err(|error| Failure::Input(file.display().to_string(), error))
}
