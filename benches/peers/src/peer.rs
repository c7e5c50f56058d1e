//! Two crates that programs use for the same, as their users write it.

use oauth2::basic::BasicClient;
use oauth2::ureq::{Agent, AgentBuilder, Error};
use oauth2::{ClientId, ClientSecret, TokenResponse, TokenUrl};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub trait Peer {
    /// With a token.
    fn new(origin: &str) -> Self;

    /// None if the server is busy.
    fn get<T: DeserializeOwned>(&mut self, url: &str) -> Option<T>;
}

/// `oauth2` with its ureq.
pub struct Oauth2 {
    agent: Agent,
    bearer: String,
}

impl Peer for Oauth2 {
    fn new(origin: &str) -> Self {
        let agent = AgentBuilder::new().redirects(0).build();
        let token = BasicClient::new(ClientId::new("id".to_owned()))
            .set_client_secret(ClientSecret::new("secret".to_owned()))
            .set_token_uri(TokenUrl::new(format!("{origin}/token")).unwrap())
            .exchange_client_credentials()
            .request(&agent)
            .unwrap();
        Self { agent, bearer: format!("Bearer {}", token.access_token().secret()) }
    }

    fn get<T: DeserializeOwned>(&mut self, url: &str) -> Option<T> {
        match self.agent.get(url).set("authorization", &self.bearer).call() {
            Ok(answer) => {
                let mut body = Vec::new();
                answer.into_reader().read_to_end(&mut body).unwrap();
                Some(serde_json::from_slice(&body).unwrap())
            }
            Err(Error::Status(429, answer)) => {
                drop(answer.into_string().unwrap());
                None
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// minreq by hand. It keeps no connections.
pub struct Minreq {
    bearer: String,
}

impl Peer for Minreq {
    fn new(origin: &str) -> Self {
        let answer = minreq::post(format!("{origin}/token"))
            .with_header("authorization", "Basic aWQ6c2VjcmV0")
            .with_header("content-type", "application/x-www-form-urlencoded")
            .with_body("grant_type=client_credentials")
            .send()
            .unwrap();
        let token: Value = serde_json::from_slice(answer.as_bytes()).unwrap();
        Self { bearer: format!("Bearer {}", token["access_token"].as_str().unwrap()) }
    }

    fn get<T: DeserializeOwned>(&mut self, url: &str) -> Option<T> {
        let answer = minreq::get(url).with_header("authorization", &self.bearer).send().unwrap();
        match answer.status_code {
            429 => None,
            _ => Some(serde_json::from_slice(answer.as_bytes()).unwrap()),
        }
    }
}
