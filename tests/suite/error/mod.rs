//! What an error says, to people and to programs.

mod bodies;
mod challenges;
mod errors;

use unattended::{Client, Error, RetryPolicy};

use crate::support::*;

/// The error of a GET to an API that answers so, without any retry.
fn api_error(answer: Reply) -> Error {
    let server = Server::with_api([answer]);
    hasty(server.client()).get("/a").unwrap_err()
}

/// The error of a call whose token request is answered so, without any retry.
fn token_error(answer: Reply) -> Error {
    let server = Server::start(move |_| answer.clone());
    hasty(server.client()).get("/a").unwrap_err()
}

fn hasty(client: Client) -> Client {
    client.with_retry_policy(RetryPolicy::default().with_retries(0))
}

/// The text without the port, which no two runs have in common.
fn text(error: &Error) -> String {
    portless(error, &error.to_string())
}

fn portless(error: &Error, text: &str) -> String {
    match error.target() {
        Some(place) => text.replace(&place.host, "host"),
        None => text.to_owned(),
    }
}
