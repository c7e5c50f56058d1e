//! The client that the options describe.

use std::sync::Arc;

use unattended::{Client, FileStore, Pagination, Provider};

use crate::failure::Failure;
use crate::options::Common;
use crate::report::Report;
use crate::stand_in::{SUBSCRIPTIONS, StandIn};

/// A client whose events go to `report`, and how its API pages. `path` is what is read first.
pub fn connect(
    common: &Common,
    path: &str,
    report: &Arc<Report>,
) -> Result<(Client, Pagination), Failure> {
    let (client, pagination) = match common.api.stand_in {
        true => {
            let stand_in = StandIn::calm();
            report.say(&format!("a stand-in server answers: {}", stand_in.url("/")));
            let provider = at(&stand_in, path)?;
            let pagination = provider.pagination().clone();
            (Client::new(provider, stand_in.credentials())?, pagination)
        }
        false => {
            let provider = common.api.provider()?;
            let pagination = provider.pagination().clone();
            let client = Client::new(provider, common.api.credentials()?)?;
            let client = match &common.store.store {
                Some(folder) => client.with_store(FileStore::at(folder)),
                None if common.store.no_store => client,
                None => client.with_store(FileStore::default()),
            };
            (client, pagination)
        }
    };
    let watching = report.clone();
    let client = client
        .with_retry_policy(common.patience.policy())
        .with_observer(move |event| watching.observe(event));
    let client = match common.patience.idle {
        Some(idle) => {
            let connection = client.connection().clone().with_idle_timeout(idle);
            client.with_connection(connection)
        }
        None => client,
    };
    Ok((client, pagination))
}

/// The provider that has `path`.
fn at(stand_in: &StandIn, path: &str) -> unattended::Result<Provider> {
    match path {
        path if path.starts_with(SUBSCRIPTIONS) => stand_in.snapdocs_demo(),
        _ => stand_in.snow_atlas(),
    }
}
