//! Certificates and keys in PEM form (RFC 7468).

use unattended::{Client, Connection, Credentials, Provider};

use super::check_error;
use super::server::{Answer, SECRET, Server};

/// The input is roots, chain and key.
pub fn check(data: &[u8]) {
    let server = Server::here();
    let provider = Provider::new("https://127.0.0.1/token", "https://127.0.0.1").unwrap();
    let connection = || Connection::new().without_proxy();
    for connection in [
        connection().with_root_certificates(data),
        connection().with_client_certificate(data, data),
    ] {
        match connection {
            Ok(connection) => {
                let credentials = Credentials::new("planted", SECRET);
                let client = Client::new(provider.clone(), credentials).unwrap();
                handshake(&client.with_connection(connection), &server);
            }
            Err(error) => {
                check_error(&error);
                assert_eq!(error.exit_code(), 78, "{error}");
                check_key(data, &format!("{error:?}"));
            }
        }
    }
}

/// What was accepted when it was set does not fail, or panic, once it is used.
fn handshake(client: &Client, server: &Server) {
    server.play(None, &[], &Answer::ok("{}"));
    let url = server.origin.replace("http:", "https:");
    let request = unattended::Request::get(url).without_token();
    let policy = unattended::RetryPolicy::default().with_retries(0);
    let error = client.send(request.with_retry_policy(policy)).unwrap_err();
    check_error(&error);
    // The server speaks no TLS, and that is all that is wrong. Of two libraries only the other one
    // may take these certificates.
    let is_refused = cfg!(all(feature = "rustls", feature = "native-tls"))
        && error.exit_code() == 78
        && error.to_string().contains("cannot be used as a root");
    assert!(is_refused || error.exit_code() == 75, "{error:?}");
}

/// Nothing of a key shows.
fn check_key(data: &[u8], shown: &str) {
    for line in data.split(|byte| *byte == b'\n' || *byte == b'\r') {
        let line = std::str::from_utf8(line).unwrap_or_default().trim();
        assert!(line.len() < 40 || line.contains(' ') || !shown.contains(line), "{shown}");
    }
}
