//! Authlib: Basic that is percent-decoded but not form-decoded, scopes that are left out.

use std::fs;

use unattended::{AuthMethod, Client, Credentials, Provider, Request, Result};

use crate::cases::{Cases, credentials, renewal, special, token};

pub fn run(cases: &mut Cases, base: &str) {
    match unattended::discover(base, base) {
        Ok(provider) => {
            secrets(cases, &provider);
            keys(cases, &provider);
            scopes(cases, &provider, base);
        }
        Err(error) => cases.expect("discovery", "a provider", || Err(error)),
    }
}

fn secrets(cases: &mut Cases, provider: &Provider) {
    let with = |method| provider.clone().with_auth_method(method);
    let life = "a token for 864000 s";
    // A space goes out as `%20`, since it does not decode a `+`.
    cases.expect("Basic, special characters and a space", life, || token(provider, &special()));
    cases.expect("the same without a space", life, || {
        token(provider, &credentials("clients.json", "spaceless"))
    });
    let blank = Credentials::new("a space", "blank and no more");
    cases.expect("Basic, nothing special but a space", life, || token(provider, &blank));
    cases.expect("the same, not encoded", life, || {
        token(&with(AuthMethod::ClientSecretBasicRaw), &blank)
    });
    cases.expect("special characters and a space in the form", life, || {
        token(&with(AuthMethod::ClientSecretPost), &credentials("clients.json", "posting"))
    });
    cases.expect("a wrong secret", "Credentials, 401 invalid_client", || {
        token(provider, &Credentials::new("robot", "wrong"))
    });
    cases.expect("an unknown client", "Credentials, 401 invalid_client", || {
        token(provider, &Credentials::new("nobody", "hush"))
    });
    cases.expect("the form, where Basic is registered", "Credentials, 401 invalid_client", || {
        token(&with(AuthMethod::ClientSecretPost), &Credentials::new("robot", "hush"))
    });
}

/// Each client is called as its algorithm.
fn keys(cases: &mut Cases, provider: &Provider) {
    let key = |client: &str, file: &str| -> Result<Credentials> {
        let pem = fs::read(format!("{file}.pem")).unwrap_or_default();
        Ok(Credentials::from_private_key(client, pem)?.with_key_id("k1"))
    };
    let life = "a token for 864000 s";
    let unknown = "Credentials, 400 invalid_client";
    for (algorithm, wanted) in
        [("RS256", life), ("ES256", life), ("PS256", unknown), ("EdDSA", unknown)]
    {
        cases.expect(&format!("private_key_jwt by {algorithm}"), wanted, || {
            token(provider, &key(algorithm, algorithm)?.with_algorithm(algorithm)?)
        });
    }
    cases.expect("by the key of another client", unknown, || {
        token(provider, &key("RS256", "PS256")?)
    });
    cases.expect("with an unknown key id", unknown, || {
        token(provider, &key("ES256", "ES256")?.with_key_id("k9"))
    });
    cases.expect("for another server", unknown, || {
        let provider = provider.clone().with_assertion_audience("https://elsewhere.example.com");
        token(&provider, &key("ES256", "ES256")?)
    });
}

fn scopes(cases: &mut Cases, provider: &Provider, base: &str) {
    let robot = Credentials::new("robot", "hush");
    let reading = provider.clone().with_scope("read");
    cases.expect(
        "scope `read write`, of which it may have one",
        "a token for 864000 s, scope read",
        || token(&provider.clone().with_scope("read write"), &robot),
    );
    cases.expect("no scope, at an API that wants one", "Refused, 403 insufficient_scope", || {
        Ok(Client::new(provider.clone(), robot.clone())?.get("/rows")?.text()?.to_owned())
    });
    let revoke = |client: &Client| -> Result<()> {
        let token = client.access_token()?;
        let request = Request::post(format!("{base}/revoke")).form(&[("token", token.as_str())]);
        // robot:hush
        let request = request.header("authorization", "Basic cm9ib3Q6aHVzaA==");
        client.send(request.without_token()).map(drop)
    };
    cases.expect("revoked by somebody else", "2 tokens for 2 calls, 1 refused", || {
        renewal(Client::new(reading.clone(), robot.clone())?, "/rows", revoke)
    });
    cases.expect("revoked by the client", "2 tokens for 2 calls, 0 refused", || {
        renewal(Client::new(reading.clone(), robot.clone())?, "/rows", Client::revoke)
    });
}
