//! A stand-in for the providers that this crate knows, on the loopback and in the same
//! process: token endpoints that check what they are sent, and APIs that page, limit and
//! forget tokens as the real ones do. So the examples run on a fresh machine, offline.
//!
//! | path | stands for |
//! |---|---|
//! | `/idp/api/connect/token`, `/api/sam/estate/v1/computers`, `…/computers/{id}` | Snow Atlas |
//! | `/api/sam/v1/licenses` | Snow Atlas, an endpoint that blocks the client for an hour |
//! | `/api/sam/v1/imports`, `…/tasks`, `…/files`, `…/licenses/{id}` | Snow Atlas: [`imports`] |
//! | `/api/saas/consolidated-view/v1/users` | Snow Atlas: [`imports`] |
//! | `/oauth/token`, `/oauth/token/`, `/api/v1/subscriptions` | Snapdocs, demo and production |
//! | `/api/v1/closings` and what is below, `/files/…` | Snapdocs's closings and documents |
//! | `/oauth2/token`, `/cases/search` | Amazon Cognito and an API behind it |
//! | `/realms/demo/.well-known/openid-configuration` | Keycloak, which describes itself |
//! | `/realms/demo/protocol/openid-connect/token`, `/v2/orders` | Keycloak with some API |
#![allow(dead_code, reason = "each example uses another part of it")]

pub mod closings;
mod collections;
mod details;
mod imports;
mod limit;
mod tokens;
mod wire;

use std::sync::Arc;

use httpmock::{HttpMockRequest, HttpMockResponse, MockServer};
use unattended::{Credentials, Provider, Result};

use closings::Closings;
use collections::Collections;
use details::Details;
use imports::Imports;
use tokens::{Issuer, Tokens, reference};
use wire::{Answer, Call};

/// The only client that the token endpoints know. The secret has characters that each way
/// to send it treats differently.
pub const CLIENT_ID: &str = "stand-in-client";
pub const CLIENT_SECRET: &str = "s3cret/with+signs=%25";

pub const COMPUTERS: &str = "/api/sam/estate/v1/computers";
pub const LICENSES: &str = "/api/sam/v1/licenses";
pub const SUBSCRIPTIONS: &str = "/api/v1/subscriptions";
pub const CLOSINGS: &str = "/api/v1/closings";
pub const FILES: &str = "/files/";
pub const ORDERS: &str = "/v2/orders";
pub const CASES_SEARCH: &str = "/cases/search";

/// A running server; it stops when it is dropped.
pub struct StandIn {
    server: MockServer,
    world: Arc<World>,
}

struct World {
    tokens: Tokens,
    collections: Collections,
    details: Details,
    imports: Imports,
    closings: Closings,
}

impl StandIn {
    /// A server on a good day: tokens live for an hour and nothing goes wrong.
    pub fn calm() -> Self {
        Self::start(World::calm())
    }

    /// A server with a rate limit: the details of computers are refused once for a second.
    pub fn limited() -> Self {
        Self::start(World { details: Details::limited(), ..World::calm() })
    }

    /// A server on a bad day: Snow Atlas tokens live for two seconds, pages take their
    /// time, the token endpoint and one page ask to wait, and the tokens are revoked once.
    pub fn eventful() -> Self {
        Self::start(World {
            tokens: Tokens::eventful(),
            collections: Collections::eventful(),
            closings: Closings::eventful(),
            ..World::calm()
        })
    }

    fn start(world: World) -> Self {
        let world = Arc::new(world);
        let server = MockServer::start();
        // The server is a single thread: what takes its time must not sleep in it.
        server.mock(|when, then| {
            when.path_prefix(format!("{COMPUTERS}/"));
            then.delay(details::ANSWER_TIME).respond_with(answering(&world));
        });
        server.mock(|when, then| {
            when.any_request();
            then.respond_with(answering(&world));
        });
        Self { server, world }
    }

    /// The URL of a path on this server.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.server.port())
    }

    /// What the server holds: the rows of Snow Atlas's computers, as JSON.
    pub fn computers(&self) -> &[String] {
        self.world.collections.computers()
    }

    /// How many calls did not wait although the server had asked for it.
    pub fn violations(&self) -> usize {
        self.world.details.violations()
    }

    /// Snapdocs's closings, to look into and to arm.
    pub fn closings(&self) -> &Closings {
        &self.world.closings
    }

    pub fn credentials(&self) -> Credentials {
        Credentials::new(CLIENT_ID, CLIENT_SECRET)
    }

    /// The preset for Snow Atlas, led to this server.
    pub fn snow_atlas(&self) -> Result<Provider> {
        Provider::snow_atlas("westeurope")?
            .with_base_url(&self.url(""))?
            .with_token_endpoint(&self.url("/idp/api/connect/token"))
    }

    /// The preset for Snapdocs's demo environment, led to this server.
    pub fn snapdocs_demo(&self) -> Result<Provider> {
        Provider::snapdocs_demo()
            .with_base_url(&self.url(""))?
            .with_token_endpoint(&self.url("/oauth/token"))
    }

    /// The preset for Snapdocs's production, led to this server.
    pub fn snapdocs(&self) -> Result<Provider> {
        Provider::snapdocs()
            .with_base_url(&self.url(""))?
            .with_token_endpoint(&self.url("/oauth/token/"))
    }

    /// The preset for Amazon Cognito, led to this server.
    pub fn cognito(&self) -> Result<Provider> {
        Provider::cognito("auth-provider-dev", "eu-west-1", &self.url(""))?
            .with_token_endpoint(&self.url("/oauth2/token"))
    }
}

fn answering(
    world: &Arc<World>,
) -> impl Fn(&HttpMockRequest) -> HttpMockResponse + Send + Sync + 'static {
    let world = world.clone();
    move |request| {
        let answer = world.answer(&Call::read(request));
        HttpMockResponse::builder()
            .status(answer.status)
            .headers(answer.headers)
            .body(answer.body)
            .build()
    }
}

impl World {
    fn calm() -> Self {
        Self {
            tokens: Tokens::calm(),
            collections: Collections::calm(),
            details: Details::calm(),
            imports: Imports::start(),
            closings: Closings::default(),
        }
    }

    fn answer(&self, call: &Call) -> Answer {
        let answer = match call.path.as_str() {
            "/idp/api/connect/token" => self.tokens.snow_atlas(call),
            "/oauth/token" => self.tokens.snapdocs(call, "https://api.*.snpd.io"),
            "/oauth/token/" => self.tokens.snapdocs(call, "https://api.snapdocs.com"),
            "/oauth2/token" => self.tokens.cognito(call),
            "/realms/demo/.well-known/openid-configuration" => tokens::keycloak_metadata(call),
            "/realms/demo/protocol/openid-connect/token" => self.tokens.keycloak(call),
            SUBSCRIPTIONS => self.subscriptions(call),
            path if path.starts_with(CLOSINGS) => {
                self.closings.answer(call, &self.tokens, &call.elsewhere(FILES))
            }
            path if path.starts_with(FILES) => self.closings.file(call),
            ORDERS => self.orders(call),
            path if path.starts_with(imports::CASES) => self.cases(call),
            _ => self.snow_atlas(call),
        };
        answer.unwrap_or_else(|refusal| refusal)
    }

    fn snow_atlas(&self, call: &Call) -> wire::Reply {
        let refuse = |status, message: &str| {
            Answer::json(
                status,
                serde_json::json!({ "error": { "code": status, "message": message } }),
            )
        };
        let unknown = Answer::json(401, r#"{"error":{"code":401,"message":null}}"#);
        self.tokens.admit(Issuer::SnowAtlas, call).map_err(|()| unknown.clone())?;
        if let Some(reply) = self.imports.snow_atlas(call) {
            return reply;
        }
        if call.method != "GET" {
            return Err(refuse(405, "This endpoint is read with GET."));
        }
        match call.path.as_str() {
            COMPUTERS if self.collections.revokes(call) => {
                self.tokens.revoke_all();
                Err(unknown)
            }
            COMPUTERS => self.collections.computers_page(call),
            LICENSES => {
                Err(refuse(429, "You are blocked from this endpoint.")
                    .header("retry-after", "3600"))
            }
            path => match path.strip_prefix(COMPUTERS).and_then(|rest| rest.strip_prefix('/')) {
                Some(id) => self.details.of(id, self.collections.computers().len()),
                None => Err(refuse(404, "There is no such endpoint.")),
            },
        }
    }

    fn subscriptions(&self, call: &Call) -> wire::Reply {
        let refusal = serde_json::json!({
            "errors": [{ "status": "401", "title": "Unauthorized", "detail": "The token is not valid." }]
        });
        self.tokens.admit(Issuer::Snapdocs, call).map_err(|()| Answer::json(401, refusal))?;
        collections::subscriptions_page(call)
    }

    fn orders(&self, call: &Call) -> wire::Reply {
        let refusal = Answer::json(401, r#"{"code":"unauthorized","message":"no valid token"}"#);
        self.tokens.admit(Issuer::Keycloak, call).map_err(|()| refusal)?;
        collections::orders_page(call)
    }

    fn cases(&self, call: &Call) -> wire::Reply {
        let refusal = Answer::json(401, r#"{"code":"Unauthorized","message":"Unauthorized"}"#);
        self.tokens.admit(Issuer::Cognito, call).map_err(|()| refusal)?;
        self.imports.cases(call)
    }
}
