//! Reads that are POSTs, of an API behind Amazon Cognito.

use std::env;
use std::error::Error;

use serde_json::{Value, json};
use unattended::{Client, Credentials, Provider, Request};

use crate::stand_in::{CASES_SEARCH, StandIn};

pub fn run(stand_in: &StandIn) -> Result<(), Box<dyn Error>> {
    let (provider, credentials, path) = match env::var_os("COGNITO_CLIENT_ID") {
        Some(_) => {
            let (prefix, region) = (env::var("COGNITO_PREFIX")?, env::var("COGNITO_AWS_REGION")?);
            let provider = Provider::cognito(&prefix, &region, &env::var("COGNITO_API")?)?;
            (provider, Credentials::from_env("COGNITO")?, env::var("COGNITO_SEARCH")?)
        }
        None => (stand_in.cognito()?, stand_in.credentials(), CASES_SEARCH.into()),
    };
    let client = Client::new(provider.with_scope("api/write"), credentials)?;

    // Only the caller knows that this POST changes nothing: without the mark a 503, or an
    // answer that is lost, would be an error at once.
    let search = Request::post(path).json(&json!({ "open": true })).safe_to_repeat();
    let found: Value = client.send(&search)?.json()?;
    println!("found: {found}, after {} repeats", client.stats().retries);
    Ok(())
}
