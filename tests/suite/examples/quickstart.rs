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

/// Runs the example against a server that plays Snow Atlas behind a proxy.
fn run(name: &str, answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> (Output, TlsServer) {
    let authority = Authority::new();
    let identity = authority.issue(&["westeurope.snowsoftware.io"]);
    let server = TlsServer::start_with(&identity, None, answer);
    let proxy = ConnectProxy::to(server.port);
    let mut command = Command::new(program());
    clean_environment(&mut command);
    command
        .env("SNOW_ATLAS_CLIENT_ID", "my-client")
        .env("SNOW_ATLAS_CLIENT_SECRET", SECRET)
        .env_remove("SNOW_ATLAS_CLIENT_SECRET_FILE")
        .env("HTTPS_PROXY", proxy.url())
        .env("SSL_CERT_FILE", authority.file(name));
    (command.output().unwrap(), server)
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

const TOKEN: &str = "/idp/api/connect/token";

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
        "Error: no access token: POST westeurope.snowsoftware.io/idp/api/connect/token: 401 Unauthorized: invalid_client: no such client (request id 4711); the authorization server does not know this client id and secret; they were sent by the form body (client_secret_post): check both, and whether the server expects another Provider::with_auth_method\n"
    );
    assert_eq!(text(&output.stdout), "");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn all_rows_of_all_pages_are_printed() {
    let (output, server) = run("quickstart-pages", |seen| match seen.path() {
        TOKEN => token_reply("token-1", 3600),
        _ => {
            let page = if seen.target.contains("page_number=2") { 2 } else { 1 };
            let rows = if page == 1 { r#"{"id":"a"},{"id":"b"}"# } else { r#"{"id":"c"}"# };
            let pagination = format!(r#""page_number":{page},"page_size":2,"total_items":3"#);
            reply(200, format!(r#"{{"items":[{rows}],"pagination":{{{pagination}}}}}"#))
        }
    });
    assert_eq!(text(&output.stderr), "");
    assert_eq!(text(&output.stdout), "{\"id\":\"a\"}\n{\"id\":\"b\"}\n{\"id\":\"c\"}\n");
    assert_eq!(output.status.code(), Some(0));
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    let pages = [
        "/api/sam/estate/v1/computers?page_number=1&page_size=500",
        "/api/sam/estate/v1/computers?page_number=2&page_size=500",
    ];
    assert_eq!([&seen[1].target, &seen[2].target], pages);
}

#[test]
fn a_page_that_cannot_be_had_ends_the_program_after_the_rows_before_it() {
    let (output, _) = run("quickstart-broken", |seen| match seen.path() {
        TOKEN => token_reply("token-1", 3600),
        _ if seen.target.contains("page_number=2") => {
            reply(403, r#"{"error":{"code":403,"message":"not for token-1"}}"#)
        }
        _ => reply(
            200,
            r#"{"items":[1,2],"pagination":{"page_number":1,"page_size":2,"total_pages":2}}"#,
        ),
    });
    assert_eq!(text(&output.stdout), "1\n2\n");
    assert_eq!(
        text(&output.stderr),
        "Error: GET westeurope.snowsoftware.io/api/sam/estate/v1/computers: 403 Forbidden: not for ***; the client may lack a permission, or this API may not accept the token: check permissions, audience and scope\n"
    );
    assert_eq!(output.status.code(), Some(1));
}
