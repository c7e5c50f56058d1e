//! The ten lines of the README by hand on ureq: no waits, no retries, no renewal.
use std::env;
use std::io::Read;

use serde_json::Value;
use ureq::Agent;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn read(body: ureq::Body) -> Result<Value> {
    let mut bytes = Vec::new();
    body.into_reader().read_to_end(&mut bytes)?;
    Ok(serde_json::from_slice(&bytes)?)
}

fn main() -> Result<()> {
    let base = "https://westeurope.snowsoftware.io";
    let agent = Agent::new_with_defaults();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", &env::var("SNOW_ATLAS_CLIENT_ID")?),
        ("client_secret", &env::var("SNOW_ATLAS_CLIENT_SECRET")?),
    ];
    let token =
        read(agent.post(format!("{base}/idp/api/connect/token")).send_form(form)?.into_body())?;
    let bearer = format!("Bearer {}", token["access_token"].as_str().ok_or("no token")?);
    for number in 1.. {
        let url = format!("{base}/api/sam/estate/v1/computers?page_number={number}");
        let page = read(agent.get(url).header("authorization", &bearer).call()?.into_body())?;
        for row in page["items"].as_array().ok_or("no rows")? {
            println!("{row}");
        }
        if page["pagination"]["total_pages"].as_u64() <= Some(number) {
            break;
        }
    }
    Ok(())
}
