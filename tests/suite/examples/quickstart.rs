//! The ten lines of the README as a process: what a user sees, and what a shell sees.
#![cfg(feature = "rustls")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Once;
use std::time::SystemTime;

use crate::support::child::clean_environment;
use crate::support::proxy::ConnectProxy;
use crate::support::tls::{Authority, TlsServer};
use crate::support::*;

/// The example. `cargo test` has built it; `cargo test --test suite` has not.
fn program() -> PathBuf {
    static BUILT: Once = Once::new();
    let tests = std::env::current_exe().unwrap();
    let name = format!("quickstart{}", std::env::consts::EXE_SUFFIX);
    let program = tests.parent().unwrap().parent().unwrap().join("examples").join(name);
    BUILT.call_once(|| {
        if changed(&program).is_none_or(|built| built < changed(&tests).unwrap()) {
            build();
        }
    });
    program
}

fn changed(file: &Path) -> Option<SystemTime> {
    file.metadata().ok()?.modified().ok()
}

fn build() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let mut build = Command::new(env!("CARGO"));
    build.current_dir(env!("CARGO_MANIFEST_DIR"));
    build.args(["build", "--quiet", "--offline", "--locked", "--example", "quickstart"]);
    build.arg("--target-dir").arg(target);
    if !cfg!(feature = "resolver") {
        build.args(["--no-default-features", "--features", "rustls"]);
    }
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    // With what cargo tells a test about its package, ring would be built anew.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            build.env_remove(name);
        }
    }
    assert!(build.status().unwrap().success());
}

/// Runs the example against a server that plays the sign-on and the API behind a proxy.
fn run(name: &str, answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> (Output, TlsServer) {
    let authority = Authority::new();
    let identity = authority.issue(&["sso.example.com", "api.example.com"]);
    let server = TlsServer::start_with(&identity, None, answer);
    let proxy = ConnectProxy::to(server.port);
    let mut command = Command::new(program());
    clean_environment(&mut command);
    command
        .env("ORDERS_CLIENT_ID", "my-client")
        .env("ORDERS_CLIENT_SECRET", SECRET)
        .env_remove("ORDERS_CLIENT_SECRET_FILE")
        .env("HTTPS_PROXY", proxy.url())
        .env("SSL_CERT_FILE", authority.file(name));
    (command.output().unwrap(), server)
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

const TOKEN: &str = "/token";

#[test]
fn refused_credentials_are_told_on_stderr_with_what_to_do_and_without_the_secret() {
    let (output, server) = run("quickstart-refused", |seen| match seen.path() {
        TOKEN => {
            let body = r#"{"error":"invalid_client","error_description":"no such client"}"#;
            reply(401, body).header("x-request-id", "4711")
        }
        _ => reply(200, "{}"),
    });
    assert_eq!(
        text(&output.stderr),
        "Error: no access token: POST sso.example.com/token: 401 Unauthorized: invalid_client: no such client (request id 4711); the authorization server does not know this client id and secret; they were sent by HTTP Basic, form-encoded (client_secret_basic): check both, and whether the server expects another Provider::with_auth_method; the client secret has characters that form-encoding changes: a server that does not decode them needs AuthMethod::ClientSecretBasicRaw\n"
    );
    assert_eq!(text(&output.stdout), "");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn all_rows_of_all_pages_are_printed() {
    let (output, server) = run("quickstart-pages", |seen| match seen.path() {
        TOKEN => token_reply("token-1", 3600),
        _ if seen.target.contains("page=2") => reply(200, r#"{"items":[{"id":"c"}],"next":null}"#),
        _ => reply(200, r#"{"items":[{"id":"a"},{"id":"b"}],"next":"/orders?page=2"}"#),
    });
    assert_eq!(text(&output.stderr), "");
    assert_eq!(text(&output.stdout), "{\"id\":\"a\"}\n{\"id\":\"b\"}\n{\"id\":\"c\"}\n");
    assert_eq!(output.status.code(), Some(0));
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    assert_eq!([&seen[1].target, &seen[2].target], ["/orders", "/orders?page=2"]);
}

#[test]
fn a_page_that_cannot_be_had_ends_the_program_after_the_rows_before_it() {
    let (output, _) = run("quickstart-broken", |seen| match seen.path() {
        TOKEN => token_reply("token-1", 3600),
        _ if seen.target.contains("page=2") => {
            reply(403, r#"{"error":{"code":403,"message":"not for token-1"}}"#)
        }
        _ => reply(200, r#"{"items":[1,2],"next":"/orders?page=2"}"#),
    });
    assert_eq!(text(&output.stdout), "1\n2\n");
    assert_eq!(
        text(&output.stderr),
        "Error: GET api.example.com/orders: 403 Forbidden: not for ***; the client may lack a permission, or this API may not accept the token: check permissions, audience and scope\n"
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn an_api_that_pages_by_offset_is_told_with_the_line_to_declare_after_its_first_rows() {
    let (output, _) = run("quickstart-offset", |seen| match seen.path() {
        TOKEN => token_reply("token-1", 3600),
        _ => reply(200, r#"{"items":[1,2],"offset":0,"limit":2,"total":3}"#),
    });
    assert_eq!(text(&output.stdout), "1\n2\n");
    assert_eq!(
        text(&output.stderr),
        "Error: GET api.example.com/orders: page 1: the server promises 3 rows: declare Pagination::offset(\"offset\") (2 rows delivered of 3 promised)\n"
    );
    assert_eq!(output.status.code(), Some(1));
}
