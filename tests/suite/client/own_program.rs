//! What docs/testing.md shows of testing a program that uses the crate; tests/suite/project/docs.rs compares.

use std::time::Duration;

use httpmock::MockServer;
use serde_json::{Value, json};
use unattended::{Client, Credentials, ManualClock, Provider, Result};

/// Your own code.
fn is_open(client: &Client, order: &str) -> Result<bool> {
    let order: Value = client.get(format!("/orders/{order}"))?.json()?;
    Ok(order["open"] == true)
}

#[test]
fn a_server_that_stays_busy_is_asked_again_until_the_deadline() {
    let server = MockServer::start();
    server.mock(|when, then| {
        when.path("/token");
        then.status(200).json_body(json!({ "access_token": "t", "expires_in": 3600 }));
    });
    let busy = server.mock(|when, then| {
        when.path("/orders/42").header("authorization", "Bearer t");
        then.status(429).header("Retry-After", "240");
    });
    let provider = Provider::new(&server.url("/token"), &server.base_url()).unwrap();
    let clock = ManualClock::new();
    let client = Client::new(provider, Credentials::new("me", "s3cret")).unwrap();
    let client = client.with_clock(clock.clone());

    let error = is_open(&client, "42").unwrap_err();

    assert!(error.is_temporary());
    assert_eq!(error.retry_after(), Some(Duration::from_secs(240)));
    assert_eq!(clock.slept(), Duration::from_secs(720)); // a fourth wait does not fit
    busy.assert_calls(4);
}
