//! The client that the options describe.

use std::sync::Arc;

use unattended::{Client, FileStore, Pagination, Provider};

use crate::failure::Failure;
use crate::interrupt;
use crate::options::Common;
use crate::report::Report;
use crate::stand_in::{SUBSCRIPTIONS, StandIn};

/// The API that is meant.
pub struct Session<'a> {
    common: &'a Common,
    provider: Provider,
    stand_in: Option<StandIn>,
}

impl<'a> Session<'a> {
    /// `path` is what is read first.
    ///
    /// # Errors
    ///
    /// If the options do not say which API, or if a value cannot be meant.
    pub fn new(common: &'a Common, path: &str) -> Result<Self, Failure> {
        let stand_in = common.stand_in.then(StandIn::calm);
        let provider = match &stand_in {
            Some(stand_in) if path.starts_with(SUBSCRIPTIONS) => stand_in.snapdocs_demo()?,
            Some(stand_in) => stand_in.snow_atlas()?,
            None => common.api.provider()?,
        };
        Ok(Self { common, provider, stand_in })
    }

    /// How the API pages, as far as a preset knows.
    pub fn pagination(&self) -> &Pagination {
        self.provider.pagination()
    }

    /// A client whose events go to `report`.
    ///
    /// # Errors
    ///
    /// If there are no credentials.
    pub fn connect(self, report: &Arc<Report>) -> Result<Client, Failure> {
        let Self { common, provider, stand_in } = self;
        let client = match stand_in {
            Some(stand_in) => {
                report.say(&format!("a stand-in server answers: {}", stand_in.url("/")));
                Client::new(provider, stand_in.credentials())?
            }
            None => {
                let client = Client::new(provider, common.credentials()?)?;
                match &common.store.store {
                    Some(folder) => client.with_store(FileStore::at(folder)),
                    None if common.store.no_store => client,
                    None => client.with_store(FileStore::default()),
                }
            }
        };
        let watching = report.clone();
        let client = client
            .with_retry_policy(common.patience.policy())
            .with_stop(interrupt::flag())
            .with_observer(move |event| watching.observe(event));
        let mut connection = common.identity.connection(client.connection().clone())?;
        if let Some(idle) = common.patience.idle {
            connection = connection.with_idle_timeout(idle);
        }
        let client = client.with_connection(connection);
        Ok(common.patience.pace.iter().fold(client, |client, pace| client.with_pace(*pace)))
    }
}
