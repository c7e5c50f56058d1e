//! oidc-provider: every way of client authentication, discovery, revocation.

use std::fs;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use unattended::{
    AuthMethod, Client, Connection, Credentials, FileStore, Provider, Request, Result,
};

use crate::cases::{Cases, counting, renewal, special, token, token_of};

const LIFE: &str = "a token for 600 s";
const UNKNOWN: &str = "Credentials, 401 invalid_client";

pub fn run(cases: &mut Cases, plain: &str, tls: &str, mtls: &str) {
    match unattended::discover(plain, plain) {
        Ok(provider) => {
            secrets(cases, &provider);
            scopes(cases, &provider);
            lives(cases, &provider, plain);
            keys(cases, &provider);
            assertions(cases, &provider);
        }
        Err(error) => cases.expect("discovery", "a provider", || Err(error)),
    }
    certificates(cases, tls, mtls);
}

fn secrets(cases: &mut Cases, provider: &Provider) {
    let with = |method| provider.clone().with_auth_method(method);
    cases.expect("discovery", "/token", || Ok(provider.token_endpoint().path().to_owned()));
    cases.expect("Basic, special characters", LIFE, || token(provider, &special()));
    cases.expect("the same, not encoded", "Configuration", || {
        token(&with(AuthMethod::ClientSecretBasicRaw), &special())
    });
    cases.expect("the same in the form", LIFE, || {
        token(&with(AuthMethod::ClientSecretPost), &special())
    });
    let robot = |secret: &str| Credentials::new("reader", secret);
    cases.expect("a secret that a program prints", LIFE, || {
        token(provider, &Credentials::from_command("reader", ["printf", "hush"]))
    });
    cases.expect("two secrets in a file, the second is right", LIFE, || {
        let two = Credentials::from_secret_file("reader", "two-secrets").with_second_secret();
        token(provider, &two)
    });
    cases.expect("a wrong secret", UNKNOWN, || token(provider, &robot("wrong")));
    cases.expect("an unknown client", UNKNOWN, || {
        token(provider, &Credentials::new("nobody", "hush"))
    });
}

fn scopes(cases: &mut Cases, provider: &Provider) {
    let robot = |secret: &str| Credentials::new("reader", secret);
    cases.expect("scope `read`, which it may have", "a token for 600 s, scope read", || {
        token(&provider.clone().with_scope("read"), &robot("hush"))
    });
    cases.expect(
        "scope `read write`, of which it may have one",
        "Configuration, 400 invalid_scope",
        || token(&provider.clone().with_scope("read write"), &robot("hush")),
    );
    cases.expect("`read` and a scope that nobody knows", "a token for 600 s, scope read", || {
        token(&provider.clone().with_scope("read unheard-of"), &robot("hush"))
    });
    // RFC 6749 §5.1: an answer without a scope grants the one that was asked for.
    cases.expect("a resource (RFC 8707), and its scope", "a token for 300 s, scope read", || {
        let provider = provider.clone().with_resource("https://api.example.com");
        token(&provider.with_scope("read"), &robot("hush"))
    });
    cases.expect("a resource that nobody knows", "Configuration, 400 invalid_target", || {
        token(&provider.clone().with_resource("https://elsewhere.example.com"), &robot("hush"))
    });
    cases.expect("only a scope that nobody knows", LIFE, || {
        token(&provider.clone().with_scope("unheard-of"), &robot("hush"))
    });
}

fn lives(cases: &mut Cases, provider: &Provider, plain: &str) {
    let robot = Credentials::new("reader", "hush");
    let revoke = |client: &Client| -> Result<()> {
        let token = client.access_token()?;
        let form = [("token", token.as_str()), ("client_id", "reader"), ("client_secret", "hush")];
        let request = Request::post(format!("{plain}/token/revocation"));
        client.send(request.form(&form).without_token()).map(drop)
    };
    cases.expect("revoked by somebody else", "2 tokens for 2 calls, 1 refused", || {
        renewal(Client::new(provider.clone(), robot.clone())?, "/rows", revoke)
    });
    cases.expect("revoked by the client", "2 tokens for 2 calls, 0 refused", || {
        renewal(Client::new(provider.clone(), robot.clone())?, "/rows", Client::revoke)
    });
    cases.expect("expired, as it says", "2 tokens for 2 calls, 0 refused", || {
        let short = Credentials::new("short", "hush");
        renewal(Client::new(provider.clone(), short.clone())?, "/rows", |_| {
            thread::sleep(Duration::from_secs(5));
            Ok(())
        })
    });
}

fn key(client: &str, file: &str) -> Result<Credentials> {
    let pem = fs::read(format!("{file}.pem")).unwrap_or_default();
    Ok(Credentials::from_private_key(client, pem)?.with_key_id("k1"))
}

/// Each client is called as its algorithm.
fn keys(cases: &mut Cases, provider: &Provider) {
    for algorithm in ["RS256", "PS256", "ES256", "EdDSA"] {
        cases.expect(&format!("private_key_jwt by {algorithm}"), LIFE, || {
            token(provider, &key(algorithm, algorithm)?.with_algorithm(algorithm)?)
        });
    }
    let audience = |audience: &str| provider.clone().with_assertion_audience(audience);
    cases.expect("for the token endpoint", LIFE, || {
        token(&audience(&provider.token_endpoint().to_string()), &key("ES256", "ES256")?)
    });
    cases.expect("for another server", UNKNOWN, || {
        token(&audience("https://elsewhere.example.com"), &key("ES256", "ES256")?)
    });
    cases.expect("by the key of another client", UNKNOWN, || {
        token(provider, &key("RS256", "PS256")?)
    });
    cases.expect("by RS256, where PS256 is registered", UNKNOWN, || {
        token(provider, &key("PS256", "PS256")?)
    });
    cases.expect("with an unknown key id", UNKNOWN, || {
        token(provider, &key("ES256", "ES256")?.with_key_id("k9"))
    });
    cases.expect("without a key id", LIFE, || {
        let pem = fs::read("ES256.pem").unwrap_or_default();
        token(provider, &Credentials::from_private_key("ES256", pem)?)
    });
    cases.expect("a private key, where a secret is registered", UNKNOWN, || {
        token(provider, &key("reader", "ES256")?)
    });
    cases.expect("a secret, where a private key is registered", UNKNOWN, || {
        token(provider, &Credentials::new("ES256", "hush"))
    });
}

/// What the server has signed for the client.
fn assertions(cases: &mut Cases, provider: &Provider) {
    let file = |name: &str| Credentials::from_assertion_file("RS256", name);
    cases.expect("an assertion from a file", LIFE, || token(provider, &file("assertion.jwt")));
    cases.expect("the same once more", UNKNOWN, || token(provider, &file("assertion.jwt")));
    cases.expect("one that has expired", "Configuration", || token(provider, &file("expired.jwt")));
    cases.expect("an assertion from a function", LIFE, || {
        let made = |_: &str| Ok(fs::read_to_string("another.jwt")?.trim().to_owned());
        token(provider, &Credentials::from_assertion_fn("RS256", made))
    });
}

fn certificates(cases: &mut Cases, tls: &str, mtls: &str) {
    let client = |id: &str, certificate: Option<&str>| -> Result<Client> {
        let read = |name: &str| fs::read(name).unwrap_or_default();
        let mut connection = Connection::new().with_root_certificates(read("ca.pem"))?;
        if let Some(name) = certificate {
            let (chain, key) = (read(&format!("{name}.pem")), read(&format!("{name}.key")));
            connection = connection.with_client_certificate(chain, key)?;
        }
        let settings = |client: Client| Ok(client.with_connection(connection.clone()));
        let provider = unattended::discover_with(tls, mtls, settings)?;
        settings(Client::new(provider, Credentials::from_client_certificate(id))?)
    };
    cases.expect("tls_client_auth, by discovery", LIFE, || {
        token_of(&client("certified", Some("robot"))?)
    });
    cases.expect("self_signed_tls_client_auth", LIFE, || {
        token_of(&client("self-signed", Some("self-signed"))?)
    });
    cases.expect("the certificate of another client", UNKNOWN, || {
        token_of(&client("certified", Some("self-signed"))?)
    });
    cases.expect("no certificate", "Configuration", || token_of(&client("certified", None)?));
    cases.expect("a bound token, revoked", "2 tokens for 2 calls, 0 refused", || {
        renewal(client("certified", Some("robot"))?, "/rows", Client::revoke)
    });
    // A token that is bound to one certificate is refused with another.
    cases.expect("one store, two certificates of the client", "2 tokens, 0 refused", || {
        let (mut tokens, mut all_refused) = (0, 0);
        for certificate in ["robot", "renewed"] {
            let client = client("certified", Some(certificate))?.with_store(FileStore::at("store"));
            let (client, refused) = counting(client);
            client.get("/rows")?;
            tokens += client.stats().tokens_fetched;
            all_refused += refused.load(Ordering::Relaxed);
        }
        Ok(format!("{tokens} tokens, {all_refused} refused"))
    });
}
