//! The ten lines of the README by hand on minreq: no waits, no retries, no renewal.

use std::env;

use serde_json::Value;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn read(request: minreq::Request) -> Result<Value> {
    let response = request.send()?;
    if response.status_code != 200 {
        return Err(format!("the server answered {}", response.status_code).into());
    }
    Ok(serde_json::from_slice(response.as_bytes())?)
}

fn main() -> Result<()> {
    let base = "https://westeurope.snowsoftware.io";
    // Ids and secrets of this vendor need no encoding.
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        env::var("SNOW_ATLAS_CLIENT_ID")?,
        env::var("SNOW_ATLAS_CLIENT_SECRET")?
    );
    let token = minreq::post(format!("{base}/idp/api/connect/token"))
        .with_header("content-type", "application/x-www-form-urlencoded")
        .with_body(form);
    let token = read(token)?;
    let bearer = format!("Bearer {}", token["access_token"].as_str().ok_or("no token")?);
    for number in 1.. {
        let url = format!("{base}/api/sam/estate/v1/computers?page_number={number}");
        let page = read(minreq::get(url).with_header("authorization", &bearer))?;
        for row in page["items"].as_array().ok_or("no rows")? {
            println!("{row}");
        }
        if page["pagination"]["total_pages"].as_u64() <= Some(number) {
            break;
        }
    }
    Ok(())
}
