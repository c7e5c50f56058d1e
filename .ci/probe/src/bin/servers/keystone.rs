//! Keystone: application credentials, and a lifetime that is not the token's.

use std::thread;
use std::time::{Duration, Instant};

use unattended::{AuthMethod, Client, Credentials, Pagination, Provider, Request, Result};

use crate::cases::{Cases, credentials, export, renewal, token};

pub fn run(cases: &mut Cases, base: &str, api: &str) {
    match Provider::new(&format!("{base}/v3/OS-OAUTH2/token"), api) {
        Ok(provider) => {
            ending(cases, &provider);
            secrets(cases, &provider);
            revoked(cases, &provider, base);
            pages(cases, &provider, base);
        }
        Err(error) => cases.expect("settings", "a provider", || Err(error)),
    }
}

/// Of credentials that end some seconds after the server has started.
fn ending(cases: &mut Cases, provider: &Provider) {
    let ending = credentials("keystone.json", "ending");
    cases.expect("credentials that end in 20 s", "a token for 3600 s", || token(provider, &ending));
    cases.expect("their token when they have ended", "Credentials, 401 invalid_client", || {
        let client = Client::new(provider.clone(), ending.clone())?;
        let patience = Instant::now() + Duration::from_secs(60);
        while Instant::now() < patience {
            client.get("/rows")?;
            thread::sleep(Duration::from_secs(1));
        }
        Ok("accepted".into())
    });
}

fn secrets(cases: &mut Cases, provider: &Provider) {
    let with = |method| provider.clone().with_auth_method(method);
    let (robot, special) =
        (credentials("keystone.json", "robot"), credentials("keystone.json", "special"));
    let life = "a token for 3600 s";
    cases.expect("Basic", life, || token(provider, &robot));
    cases.expect("Basic, special characters", "Credentials, 401 invalid_client", || {
        token(provider, &special)
    });
    cases.expect("the same, not encoded", life, || {
        token(&with(AuthMethod::ClientSecretBasicRaw), &special)
    });
    cases.expect("the same in the form", life, || {
        token(&with(AuthMethod::ClientSecretPost), &special)
    });
    let id = robot.client_id().unwrap_or_default();
    cases.expect("a wrong secret", "Credentials, 401 invalid_client", || {
        token(provider, &Credentials::new(id, "wrong"))
    });
    cases.expect("an unknown client", "Refused, 404 other_error", || {
        token(provider, &Credentials::new("nobody", "hush"))
    });
    cases.expect("a scope that nobody knows", life, || {
        token(&provider.clone().with_scope("unheard-of"), &robot)
    });
}

fn revoked(cases: &mut Cases, provider: &Provider, base: &str) {
    let robot = credentials("keystone.json", "robot");
    let revoke = |client: &Client| -> Result<()> {
        let token = client.access_token()?;
        let request = Request::delete(format!("{base}/v3/auth/tokens"))
            .header("x-auth-token", token.as_str())
            .header("x-subject-token", token.as_str());
        client.send(request.without_token()).map(drop)
    };
    cases.expect("revoked by somebody else", "2 tokens for 2 calls, 1 refused", || {
        renewal(Client::new(provider.clone(), robot.clone())?, "/rows", revoke)
    });
}

/// Keystone's own API takes the token in a header of its own.
fn pages(cases: &mut Cases, provider: &Provider, base: &str) {
    let client = |path: &str| -> Result<(Client, Request)> {
        let provider = provider.clone().with_base_url(base)?;
        let client = Client::new(provider, credentials("keystone.json", "robot"))?;
        let token = client.access_token()?;
        let request = Request::get(path).header("x-auth-token", token.as_str()).without_token();
        Ok((client, request))
    };
    let links = || Pagination::next_link("links.next").with_rows_at("users");
    let followed = "25 rows, 3 pages, by nothing more in links.next";
    for (path, pagination, wanted) in [
        (
            "/v3/users",
            Pagination::detect().with_rows_at("users"),
            "25 rows, 3 pages, by the word of the server in links.next; declare `next:links.next`",
        ),
        ("/v3/users", links(), followed),
        ("/v3/users?limit=1000", links(), followed),
        ("/v3/users", Pagination::single().with_rows_at("users"), "Configuration"),
    ] {
        cases.expect(&format!("`{path}`, `{pagination:?}`"), wanted, || {
            let (client, request) = client(path)?;
            export(&client, request, pagination)
        });
    }
}
