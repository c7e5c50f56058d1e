//! Process start, token, one call, exit; plain and over TLS.

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::Value;
use unattended::{Client, Connection, Credentials, Provider};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::measure::in_turn;
use crate::process::this;

fn certificate_file() -> PathBuf {
    std::env::temp_dir().join("unattended-bench.pem")
}

/// A certificate for `localhost`, left where the clients find it.
pub fn server_config() -> Arc<ServerConfig> {
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    fs::write(certificate_file(), certified.cert.pem()).unwrap();
    let key = PrivateKeyDer::Pkcs8(certified.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    Arc::new(config.with_single_cert(vec![certified.cert.der().clone()], key).unwrap())
}

/// Seconds from the start of the process to its end, round by round.
pub fn rounds(ways: &[&str], tls: &str, origins: &str, rounds: u32) -> Vec<Vec<f64>> {
    in_turn(rounds, ways.len(), |way| {
        let start = Instant::now();
        let status = this().args(["--cold", ways[way], tls, origins]).status().unwrap();
        assert!(status.success());
        start.elapsed().as_secs_f64()
    })
}

/// One run of the small program that is measured.
pub fn once(who: &str, tls: &str, origins: &str) {
    let (plain, secure) = origins.split_once(' ').unwrap();
    let port = secure.split_once(':').unwrap().1;
    let origin = match tls {
        "tls" => format!("https://localhost:{port}"),
        _ => format!("http://{plain}"),
    };
    let pem = (tls == "tls").then(|| fs::read(certificate_file()).unwrap());
    let row: Value = match who {
        "here" => here(&origin, pem),
        _ => floor(&origin, pem),
    };
    assert!(row["id"].is_string());
}

fn here(origin: &str, pem: Option<Vec<u8>>) -> Value {
    let provider = Provider::new(&format!("{origin}/token"), origin).unwrap();
    let mut client = Client::new(provider, Credentials::new("id", "secret")).unwrap();
    if let Some(pem) = pem {
        let connection = Connection::new().with_root_certificates(pem).unwrap();
        client = client.with_connection(connection);
    }
    client.get("/small").unwrap().json().unwrap()
}

fn floor(origin: &str, pem: Option<Vec<u8>>) -> Value {
    let mut config = ureq::Agent::config_builder();
    if let Some(pem) = pem {
        let certificate = Certificate::from_pem(&pem).unwrap();
        let roots = RootCerts::new_with_certs(&[certificate]);
        config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
    }
    let agent = ureq::Agent::new_with_config(config.build());
    let read = |body: ureq::Body| {
        let mut bytes = Vec::new();
        body.into_reader().read_to_end(&mut bytes).unwrap();
        serde_json::from_slice::<Value>(&bytes).unwrap()
    };
    let form = "grant_type=client_credentials";
    let answer = agent
        .post(format!("{origin}/token"))
        .header("authorization", "Basic aWQ6c2VjcmV0")
        .header("content-type", "application/x-www-form-urlencoded")
        .send(form)
        .unwrap();
    let token = read(answer.into_body());
    let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
    let answer = agent.get(format!("{origin}/small")).header("authorization", bearer);
    read(answer.call().unwrap().into_body())
}
