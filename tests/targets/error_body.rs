//! Refusals with any body, of the API and of the token endpoint.

use std::time::Duration;

use serde_json::Value;
use unattended::{Error, RetryPolicy};

use super::server::{Answer, SECRET, Server, TOKEN};
use super::{check_error, hides};

/// The input is the answer, which both give.
pub fn check(data: &[u8]) {
    let check = |error: &Error| {
        check_error(error);
        hides(error, TOKEN);
    };
    let answer = Answer::read(data);
    let server = Server::here();
    let deadline = Duration::from_secs(60);
    let policy = RetryPolicy::default().with_retries(1).with_deadline(deadline);

    server.play(None, &[], &answer);
    let (client, clock) = server.client();
    let client = client.with_retry_policy(policy);
    match client.get("/errors?key=value") {
        Ok(response) => {
            assert!(matches!(answer.status, 200..300 | 304), "{}", answer.status);
            assert!(
                answer.status == 204 || answer.status == 304 || response.bytes() == answer.body
            );
            if let Err(error) = response.json::<Row>() {
                check(&error);
            }
            if let Err(error) = response.text() {
                check(&error);
            }
            for row in client.items::<Row>("/errors") {
                row.err().iter().for_each(check);
            }
        }
        Err(error) => {
            check(&error);
            assert_eq!(error.status().map(|status| status.as_u16()), Some(answer.status));
            assert!(error.target().is_some() && !error.to_string().contains("key=value"));
        }
    }
    assert!(server.seen().len() <= 4 && clock.slept() < deadline);

    if !(200..300).contains(&answer.status) {
        server.play(Some(&answer), &[], &answer);
        let (client, clock) = server.client();
        let error = client.with_retry_policy(policy).get("/errors").unwrap_err();
        check_error(&error);
        hides(&error, SECRET);
        let told = error.response().map(|told| told.status.as_u16());
        assert_eq!((told, error.status()), (Some(answer.status), None), "{error:?}");
        assert!(server.seen().is_empty() && clock.slept() < deadline);
    }
}

/// Something that not everything can be decoded as.
#[derive(Debug, serde::Deserialize)]
struct Row {
    _id: u32,
    _name: String,
    _kind: Option<Kind>,
    _tags: Option<Vec<(u8, Value)>>,
}

#[derive(Debug, serde::Deserialize)]
enum Kind {
    Known,
}
