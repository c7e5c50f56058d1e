//! Filtered reads of Snow Atlas, and a file that lies at another origin.

use std::env;

use serde_json::Value;
use unattended::{Client, Credentials, Provider, Request, Result};

use crate::filter::quoted;
use crate::stand_in::StandIn;

const USERS: &str = "/api/saas/consolidated-view/v1/users";
const FILES: &str = "/api/sam/v1/files";

pub fn run(stand_in: &StandIn, name: &str, file: Option<&str>) -> Result<()> {
    let (client, file) = match env::var_os("SNOW_ATLAS_CLIENT_ID") {
        Some(_) => {
            let region = env::var("SNOW_ATLAS_REGION").unwrap_or_else(|_| "westeurope".into());
            let credentials = Credentials::from_env("SNOW_ATLAS")?;
            (Client::new(Provider::snow_atlas(&region)?, credentials)?, file)
        }
        None => (Client::new(stand_in.snow_atlas()?, stand_in.credentials())?, Some("f-1")),
    };

    // Spaces leave as %20: a + means something in the grammar.
    let filter = format!("displayName -contains {}", quoted(name));
    for user in client.items::<Value>(Request::get(USERS).query("filter", filter)) {
        println!("user: {}", user?["displayName"]);
    }

    // The plus sign of a time zone leaves as %2B: a server reads a bare one as a space.
    let kpi = Request::get(USERS)
        .segment("kpi")
        .query("fromDate", "2026-01-01T00:00:00+02:00")
        .query("toDate", "2026-02-01T00:00:00+02:00");
    let kpi: Value = client.send(&kpi)?.json()?;
    println!("key figures: {kpi}");

    if let Some(file) = file {
        // The answer is a redirect to a storage at another origin: it is followed, and the
        // token stays behind. Any writer will do, such as a file.
        let mut content = Vec::new();
        let length = client.download(Request::get(FILES).segment(file), &mut content)?;
        println!("file {file}: {length} bytes");
    }
    Ok(())
}
