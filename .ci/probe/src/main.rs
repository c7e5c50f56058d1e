//! One token call and one API call: `probe TLS TOKEN_ENDPOINT BASE_URL`. TLS is `rustls`,
//! `platform-verifier` or `native-tls`; roots and proxy come from the environment.

use std::env;
use std::process::ExitCode;

use unattended::{Client, Connection, Credentials, Provider, Result, RetryPolicy};

fn main() -> ExitCode {
    match run() {
        Ok(body) => {
            println!("{body}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error:?}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn run() -> Result<String> {
    let argument = |number| env::args().nth(number).unwrap_or_default();
    let provider = Provider::new(&argument(2), &argument(3))?;
    let connection = match argument(1).as_str() {
        "platform-verifier" => Connection::new().with_platform_verifier(),
        "native-tls" => Connection::new().with_native_tls(),
        _ => Connection::new(),
    };
    let client = Client::new(provider, Credentials::new("robot", "hush"))?
        .with_connection(connection)
        .with_retry_policy(RetryPolicy::default().with_retries(1));
    Ok(client.get("/rows")?.text()?.to_owned())
}
