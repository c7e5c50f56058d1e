//! The ten lines of the README by hand on oauth2 and its ureq: no waits, no retries, no renewal.

use std::env;

use oauth2::basic::BasicClient;
use oauth2::{AuthType, ClientId, ClientSecret, TokenResponse, TokenUrl};
use serde_json::Value;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let base = "https://westeurope.snowsoftware.io";
    let agent = oauth2::ureq::AgentBuilder::new().redirects(0).build();
    let client = BasicClient::new(ClientId::new(env::var("SNOW_ATLAS_CLIENT_ID")?))
        .set_client_secret(ClientSecret::new(env::var("SNOW_ATLAS_CLIENT_SECRET")?))
        .set_token_uri(TokenUrl::new(format!("{base}/idp/api/connect/token"))?)
        .set_auth_type(AuthType::RequestBody);
    let token = client.exchange_client_credentials().request(&agent)?;
    let bearer = format!("Bearer {}", token.access_token().secret());
    for number in 1.. {
        let url = format!("{base}/api/sam/estate/v1/computers?page_number={number}");
        let answer = agent.get(&url).set("authorization", &bearer).call()?;
        let mut bytes = Vec::new();
        answer.into_reader().read_to_end(&mut bytes)?;
        let page: Value = serde_json::from_slice(&bytes)?;
        for row in page["items"].as_array().ok_or("no rows")? {
            println!("{row}");
        }
        if page["pagination"]["total_pages"].as_u64() <= Some(number) {
            break;
        }
    }
    Ok(())
}
