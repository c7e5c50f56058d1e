//! A stand-in for the providers that this crate knows, on the loopback and in the same
//! process: token endpoints that check what they are sent, and APIs that page, limit and
//! forget tokens as the real ones do. So the examples run on a fresh machine, offline.
//!
//! | path | stands for |
//! |---|---|
//! | `/idp/api/connect/token`, `/api/sam/estate/v1/computers`, `…/computers/{id}` | Snow Atlas |
//! | `/api/sam/v1/licenses` | Snow Atlas, an endpoint that blocks the client for an hour |
//! | `/api/sam/v1/imports`, `…/tasks`, `…/files`, `…/licenses/{id}`, `/storage` | Snow Atlas: [`jobs`] |
//! | `/oauth/token`, `/oauth/token/`, `/api/v1/subscriptions` | Snapdocs, demo and production |
//! | `/api/v1/closings/{id}/documents` | Snapdocs's documents |
//! | `/oauth2/token` | Amazon Cognito |
//! | `/realms/demo/.well-known/openid-configuration` | Keycloak, which describes itself |
//! | `/realms/demo/protocol/openid-connect/token`, `/v2/orders` | Keycloak with some API |
#![allow(dead_code, reason = "each example uses another part of it")]

mod collections;
mod jobs;
mod limit;
mod tokens;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::json;
use unattended::{Credentials, Provider, Result};

use collections::Collections;
use jobs::Jobs;
use tokens::{Issuer, Tokens};
use wire::{Answer, Call, Reply, refuse, refuse_for};

/// The only client that the token endpoints know. The secret has characters that each way
/// to send it treats differently.
pub const CLIENT_ID: &str = "stand-in-client";
pub const CLIENT_SECRET: &str = "s3cret/with+signs=%25";

pub const COMPUTERS: &str = "/api/sam/estate/v1/computers";
pub const LICENSES: &str = "/api/sam/v1/licenses";
pub const SUBSCRIPTIONS: &str = "/api/v1/subscriptions";
pub const DOCUMENTS: &str = "/api/v1/closings/c-1/documents";
pub const ORDERS: &str = "/v2/orders";
pub const LICENSE: &str = "/api/sam/v1/licenses/l-1";
pub const IMPORTS: &str = "/api/sam/v1/imports";
pub const TASKS: &str = "/api/sam/v1/tasks";
pub const FILES: &str = "/api/sam/v1/files";
const STORAGE: &str = "/storage";

/// A running server; it runs until the process ends.
pub struct StandIn {
    address: SocketAddr,
    world: Arc<World>,
}

struct World {
    tokens: Tokens,
    collections: Collections,
    jobs: Jobs,
}

impl StandIn {
    /// A server on a good day: tokens live for an hour and hardly anything goes wrong.
    pub fn calm() -> Self {
        Self::start(Tokens::calm(), Collections::calm())
    }

    /// A server on a bad day: Snow Atlas tokens live for two seconds, pages take their
    /// time, the token endpoint and one page ask to wait, and the tokens are revoked once.
    pub fn eventful() -> Self {
        Self::start(Tokens::eventful(), Collections::eventful())
    }

    fn start(tokens: Tokens, collections: Collections) -> Self {
        let world = Arc::new(World { tokens, collections, jobs: Jobs::default() });
        let answering = world.clone();
        let address = wire::serve(move |call| answering.answer(call));
        Self { address, world }
    }

    /// The URL of a path on this server.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What the server holds: the rows of Snow Atlas's computers, as JSON.
    pub fn computers(&self) -> &[String] {
        &self.world.collections.computers
    }

    pub fn credentials(&self) -> Credentials {
        Credentials::new(CLIENT_ID, CLIENT_SECRET)
    }

    /// The preset for Snow Atlas, led to this server.
    pub fn snow_atlas(&self) -> Result<Provider> {
        self.lead(Provider::snow_atlas("westeurope")?, "/idp/api/connect/token")
    }

    /// The preset for Snapdocs's demo environment, led to this server.
    pub fn snapdocs_demo(&self) -> Result<Provider> {
        self.lead(Provider::snapdocs_demo(), "/oauth/token")
    }

    /// The preset for Snapdocs's production, led to this server.
    pub fn snapdocs(&self) -> Result<Provider> {
        self.lead(Provider::snapdocs(), "/oauth/token/")
    }

    /// The preset for Amazon Cognito, led to this server.
    pub fn cognito(&self) -> Result<Provider> {
        let provider = Provider::cognito("auth-provider-dev", "eu-west-1", &self.url(""))?;
        self.lead(provider, "/oauth2/token")
    }

    fn lead(&self, provider: Provider, token_path: &str) -> Result<Provider> {
        provider.with_base_url(&self.url(""))?.with_token_endpoint(&self.url(token_path))
    }
}

impl World {
    fn answer(&self, call: &Call) -> Reply {
        match call.path.as_str() {
            "/idp/api/connect/token" => self.tokens.snow_atlas(call),
            "/oauth/token" => self.tokens.snapdocs(call, "https://api.*.snpd.io"),
            "/oauth/token/" => self.tokens.snapdocs(call, "https://api.snapdocs.com"),
            "/oauth2/token" => self.tokens.cognito(call),
            "/realms/demo/.well-known/openid-configuration" => Ok(tokens::keycloak_metadata(call)),
            "/realms/demo/protocol/openid-connect/token" => self.tokens.keycloak(call),
            path if path.starts_with(STORAGE) => self.jobs.storage(call),
            SUBSCRIPTIONS | DOCUMENTS => self.snapdocs(call),
            ORDERS => {
                let refusal = json!({ "code": "unauthorized", "message": "no valid token" });
                self.tokens.admit(Issuer::Keycloak, call, refusal)?;
                collections::orders_page(call)
            }
            _ => self.snow_atlas(call),
        }
    }

    fn snow_atlas(&self, call: &Call) -> Reply {
        let unknown = json!({ "error": { "code": 401, "message": null } });
        self.tokens.admit(Issuer::SnowAtlas, call, unknown.clone())?;
        if let Some(reply) = self.jobs.answer(call) {
            return reply;
        }
        match call.path.as_str() {
            _ if call.method != "GET" => refuse(405, "This endpoint is read with GET."),
            COMPUTERS if self.collections.revokes(call) => {
                self.tokens.revoke_all();
                Err(Answer::json(401, unknown))
            }
            COMPUTERS => self.collections.computers_page(call),
            LICENSES => refuse_for(3600, "You are blocked from this endpoint."),
            path => match path.strip_prefix(COMPUTERS).and_then(|rest| rest.strip_prefix('/')) {
                Some(id) => self.collections.details(id),
                None => refuse(404, "There is no such endpoint."),
            },
        }
    }

    fn snapdocs(&self, call: &Call) -> Reply {
        // Snapdocs gives the status as text.
        let error = json!({ "status": "401", "title": "Unauthorized", "detail": "no valid token" });
        self.tokens.admit(Issuer::Snapdocs, call, json!({ "errors": [error] }))?;
        match call.path.as_str() {
            DOCUMENTS => self.jobs.documents(call),
            _ => collections::subscriptions_page(call),
        }
    }
}
