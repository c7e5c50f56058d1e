//! Where id and secret come from, and what happens when they are refused.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::{env, fs, process};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use unattended::error::{Delivery, ErrorKind};
use unattended::{AuthMethod, Client, Credentials, Event};

use crate::support::*;

const TEMPORARY: &str = r#"{"error":"temporarily_unavailable"}"#;
const INVALID: &str = r#"{"error":"invalid_client"}"#;

/// A secret file of its own for each test, removed at its end.
struct SecretFile(PathBuf);

impl SecretFile {
    fn new(content: impl AsRef<[u8]>) -> Self {
        static FILES: AtomicUsize = AtomicUsize::new(0);
        let number = FILES.fetch_add(1, Ordering::SeqCst);
        let name = format!("unattended-secret-{}-{number}", process::id());
        let file = Self(env::temp_dir().join(name));
        file.write(content);
        file
    }

    fn write(&self, content: impl AsRef<[u8]>) {
        fs::write(&self.0, content).unwrap();
    }

    fn credentials(&self) -> Credentials {
        Credentials::from_secret_file("my-client", &self.0)
    }

    fn text(&self) -> String {
        self.0.display().to_string()
    }
}

impl Drop for SecretFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn client_as(server: &Server, credentials: Credentials) -> Client {
    Client::new(server.provider(), credentials).unwrap()
}

/// The configuration error of credentials that cannot be right.
#[track_caller]
fn refusal(credentials: Credentials) -> String {
    let error = Client::new(provider_at("http://127.0.0.1:9"), credentials).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(!format!("{error:?}").contains("hush"), "{error:?}");
    error.to_string()
}

/// The secrets of the token requests, as they stood in the form.
fn secrets_sent(server: &Server) -> Vec<String> {
    let secret = |seen: Seen| seen.body.split_once("client_secret=").unwrap().1.to_owned();
    server.token_requests().into_iter().map(secret).collect()
}

#[test]
fn values_that_cannot_be_right_are_named_and_not_shown() {
    let cases = [
        ("", "is empty"),
        (" ", "begins with white space: remove it"),
        (" hush", "begins with white space: remove it"),
        ("\u{feff}\thush ", "ends with white space: remove it"),
        ("\u{a0}hush", "begins with white space: remove it"),
        ("hush ", "ends with white space: remove it"),
        ("hush\t", "ends with white space: remove it"),
        ("hush\u{2003}", "ends with white space: remove it"),
        ("hush\n", "ends with a line break: remove it"),
        ("hush\r", "ends with a line break: remove it"),
        ("hush\r\n", "ends with a line break: remove it"),
        ("\n", "ends with a line break: remove it"),
    ];
    for (value, why) in cases {
        assert_eq!(refusal(Credentials::new("id", value)), format!("the client secret {why}"));
        assert_eq!(refusal(Credentials::new(value, "hush")), format!("the client id {why}"));
    }
}

#[test]
fn inside_a_value_any_character_is_legal() {
    let server = Server::with_api([]);
    let secret = "a b\tc\nd\0e:ü/+%&=\"'\u{1f600}";
    client_as(&server, Credentials::new("my client", secret)).access_token().unwrap();
    assert_eq!(
        secrets_sent(&server),
        ["a+b%09c%0Ad%00e%3A%C3%BC%2F%2B%25%26%3D%22%27%F0%9F%98%80"]
    );
}

#[test]
fn a_byte_order_mark_and_one_line_end_do_not_belong_to_a_secret_in_a_file() {
    for content in ["hush", "hush\n", "hush\r\n", "\u{feff}hush", "\u{feff}hush\r\n"] {
        let server = Server::with_api([]);
        let file = SecretFile::new(content);
        client_as(&server, file.credentials()).access_token().unwrap();
        assert_eq!(secrets_sent(&server), ["hush"], "{content:?}");
    }
}

#[test]
fn what_else_is_wrong_with_a_secret_file_is_named_and_not_shown() {
    let utf_16 = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    };
    let in_file: [(Vec<u8>, &str); 11] = [
        ("".into(), "the client secret in PATH is empty"),
        ("\u{feff}\r\n".into(), "the client secret in PATH is empty"),
        ("hush\n\n".into(), "the client secret in PATH ends with a line break: remove it"),
        ("hush \n".into(), "the client secret in PATH ends with white space: remove it"),
        (" hush".into(), "the client secret in PATH begins with white space: remove it"),
        (
            utf_16("\u{feff}hush", u16::to_le_bytes),
            "the secret file PATH is UTF-16: save it as UTF-8 (PowerShell: -Encoding ascii)",
        ),
        (
            utf_16("\u{feff}hush", u16::to_be_bytes),
            "the secret file PATH is UTF-16: save it as UTF-8 (PowerShell: -Encoding ascii)",
        ),
        (
            utf_16("hush", u16::to_le_bytes),
            "the secret file PATH is UTF-16: save it as UTF-8 (PowerShell: -Encoding ascii)",
        ),
        // No byte of these is zero: only the mark tells.
        (
            utf_16("\u{feff}\u{4e2d}\u{6587}", u16::to_le_bytes),
            "the secret file PATH is UTF-16: save it as UTF-8 (PowerShell: -Encoding ascii)",
        ),
        (
            utf_16("\u{feff}\u{4e2d}\u{6587}", u16::to_be_bytes),
            "the secret file PATH is UTF-16: save it as UTF-8 (PowerShell: -Encoding ascii)",
        ),
        (b"hush\xC3\x28".to_vec(), "the secret file PATH is not valid UTF-8"),
    ];
    for (content, expected) in in_file {
        let file = SecretFile::new(content);
        assert_eq!(refusal(file.credentials()), expected.replace("PATH", &file.text()));
    }
}

#[test]
fn a_missing_secret_file_is_named_with_the_cause() {
    let file = SecretFile::new("");
    fs::remove_file(&file.0).unwrap();
    let error = Client::new(provider_at("http://127.0.0.1:9"), file.credentials()).unwrap_err();
    let path = file.text();
    assert_eq!(error.to_string(), format!("the secret file {path} cannot be read"));
    assert!(format!("{error:?}").starts_with(&format!("{error}\n  caused by: ")));
}

#[test]
fn a_secret_file_is_read_again_at_each_token_request() {
    let server = Server::with_api([]);
    let file = SecretFile::new("old\n");
    let (client, clock) = on_manual_clock(client_as(&server, file.credentials()));
    client.access_token().unwrap();
    file.write("new\n");
    client.access_token().unwrap();
    clock.advance(secs(3600));
    client.access_token().unwrap();
    assert_eq!(secrets_sent(&server), ["old", "new"]);
}

#[test]
fn a_secret_file_that_went_bad_is_found_at_the_next_reading_and_nothing_is_sent() {
    let server = Server::with_api([]);
    let file = SecretFile::new("old\n");
    let (client, clock) = on_manual_clock(client_as(&server, file.credentials()));
    client.access_token().unwrap();
    clock.advance(secs(3600));
    file.write("");
    let error = client.get("/x").unwrap_err();
    assert_eq!(error.to_string(), format!("the client secret in {} is empty", file.text()));
    assert!(clock.sleeps().is_empty());
    file.write("new");
    client.get("/x").unwrap();
    assert_eq!(secrets_sent(&server), ["old", "new"]);
}

#[test]
fn a_function_is_asked_at_each_token_request_and_not_before() {
    let server = Server::with_api([]);
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let credentials = Credentials::from_fn(move || {
        let number = count.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(("my-client".into(), format!("secret-{number}")))
    });
    let (client, clock) = on_manual_clock(client_as(&server, credentials));
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    for _ in 0..3 {
        client.get("/x").unwrap();
    }
    clock.advance(secs(3600));
    client.get("/x").unwrap();
    assert_eq!(secrets_sent(&server), ["secret-1", "secret-2"]);
}

#[test]
fn a_function_is_asked_again_when_a_token_request_is_repeated() {
    let server = Server::with_scripts([reply(503, TEMPORARY)], []);
    let asked = AtomicUsize::new(0);
    let credentials = Credentials::from_fn(move || {
        let number = asked.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(("my-client".into(), format!("secret-{number}")))
    });
    let (client, _) = on_manual_clock(client_as(&server, credentials));
    client.get("/x").unwrap();
    assert_eq!(secrets_sent(&server), ["secret-1", "secret-2"]);
}

/// Credentials by a function that fails `failures` times, with `text`.
fn failing(failures: usize, text: &'static str) -> Credentials {
    let asked = AtomicUsize::new(0);
    Credentials::from_fn(move || match asked.fetch_add(1, Ordering::SeqCst) < failures {
        true => Err(text.into()),
        false => Ok(("my-client".into(), SECRET.into())),
    })
}

#[test]
fn a_function_that_fails_is_asked_again_after_a_wait() {
    let server = Server::with_api([]);
    let (client, clock) = on_manual_clock(client_as(&server, failing(2, "the vault is sealed")));
    let (client, events) = observed(client);
    client.get("/x").unwrap();
    assert_eq!(clock.sleeps().len(), 2);
    assert_eq!((server.token_requests().len(), client.stats().retries), (1, 2));
    let first = events.lock().unwrap()[0].to_string();
    let (_, reason) = first.split_once("/oauth/token: ").unwrap();
    assert!(first.starts_with("waiting "), "{first}");
    assert!(reason.starts_with("the credentials could not be read: "), "{first}");
    assert!(reason.ends_with("the credentials function failed: the vault is sealed"), "{first}");
}

#[test]
fn a_function_that_keeps_failing_is_a_temporary_error_that_says_so() {
    let server = Server::with_api([]);
    let (client, _) = on_manual_clock(client_as(&server, failing(99, "the vault is sealed")));
    let error = client.get("/x").unwrap_err();
    assert_eq!(
        error.to_string().replace(&server.url("")[7..], "HOST"),
        "no access token: POST HOST/oauth/token, after 9 attempts; the credentials function failed: the vault is sealed"
    );
    assert!(error.is_temporary());
    assert_eq!((error.exit_code(), error.delivery()), (75, Delivery::NotSent));
    assert!(server.seen().is_empty());
}

#[test]
fn the_failure_of_a_function_is_masked() {
    let texts = [
        "GET https://vault.test/v1/secret?token=hush failed: client_secret=hush",
        r#"{"client_secret": "hush", "password":"hush"}"#,
        "Authorization: Bearer hush12345HUSH",
        "refused: hvs.CAESIHushHushHushHushHushHushhush",
        "eyJodXNoIjoiaHVzaCJ9.eyJodXNoIjoxfQ.hushhush",
    ];
    for text in texts {
        let server = Server::with_api([]);
        let (client, _) = on_manual_clock(client_as(&server, failing(99, text)));
        let (client, events) = observed(client);
        let error = client.get("/x").unwrap_err();
        let shown = format!("{error:?} {:?}", events.lock().unwrap()).to_lowercase();
        assert!(shown.contains("***"), "{shown}");
        let shown = shown.replace("?token=hush", "");
        assert!(!shown.contains("hush"), "{shown}");
    }
}

#[test]
fn a_function_that_returns_what_cannot_be_right_is_not_asked_again() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let credentials = Credentials::from_fn(move || {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(("my-client".into(), "hush\n".into()))
    });
    let server = Server::with_api([]);
    let (client, clock) = on_manual_clock(client_as(&server, credentials));
    let error = client.get("/x").unwrap_err();
    assert_eq!(error.to_string(), "the client secret ends with a line break: remove it");
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!((asked.load(Ordering::SeqCst), clock.sleeps().len()), (1, 0));
    assert!(server.seen().is_empty());
}

/// The error of a client whose credentials are refused as `invalid_client`.
fn diagnosis(method: AuthMethod, id: &str, secret: &str) -> String {
    let body = r#"{"error":"invalid_client","error_description":"no such client"}"#;
    let server = Server::with_scripts([reply(400, body)], []);
    let provider = server.provider().with_auth_method(method);
    let client = Client::new(provider, Credentials::new(id, secret)).unwrap();
    let error = client.get("/x").unwrap_err();
    assert_eq!((error.kind(), error.exit_code()), (ErrorKind::Credentials, 77));
    assert_eq!(error.response().unwrap().code.as_deref(), Some("invalid_client"));
    assert_eq!(server.seen().len(), 1, "no second try in another style, no call without a token");
    assert!(secret.len() < 3 || !format!("{error:?}").contains(secret));
    error.to_string().replace(&server.url("")[7..], "HOST")
}

#[test]
fn a_refused_client_gets_a_diagnosis_in_each_style() {
    const START: &str = "no access token: POST HOST/oauth/token: 400 Bad Request: invalid_client: no such client; the authorization server does not know this client id and secret; they were sent by ";
    const CHECK: &str =
        ": check both, and whether the server expects another Provider::with_auth_method";
    const BASIC: &str = "HTTP Basic, form-encoded (client_secret_basic)";
    const RAW: &str = "HTTP Basic, not form-encoded";
    const POST: &str = "the form body (client_secret_post)";
    let cases = [
        (AuthMethod::ClientSecretBasic, "id", "plain-SECRET_1.*", BASIC, ""),
        (
            AuthMethod::ClientSecretBasic,
            "id",
            "s+/=",
            BASIC,
            "; the client secret has characters that form-encoding changes: a server that does not decode them needs AuthMethod::ClientSecretBasicRaw",
        ),
        (
            AuthMethod::ClientSecretBasic,
            "a:b",
            "hush",
            BASIC,
            "; the client id has characters that form-encoding changes: a server that does not decode them needs AuthMethod::ClientSecretBasicRaw",
        ),
        (AuthMethod::ClientSecretBasicRaw, "id", "plain-SECRET_1.*", RAW, ""),
        (
            AuthMethod::ClientSecretBasicRaw,
            "id",
            "s+/=",
            RAW,
            "; the client secret has characters that form-encoding changes: a server that decodes them needs AuthMethod::ClientSecretBasic",
        ),
        (AuthMethod::ClientSecretPost, "a:b", "s+/=", POST, ""),
        (
            AuthMethod::ClientSecretPost,
            "my id",
            "se\ncret",
            POST,
            "; the client id has white space or a line break inside; the client secret has white space or a line break inside",
        ),
    ];
    for (method, id, secret, style, remark) in cases {
        assert_eq!(diagnosis(method, id, secret), format!("{START}{style}{CHECK}{remark}"));
    }
}

#[test]
fn quotes_and_variables_that_were_not_expanded_are_named_before_the_encoding() {
    let quotes = "is in quotes, which were sent with it: remove them";
    let variable = "looks like a variable that was not expanded: give its value";
    let cases = [
        ("\"s3cret\"", quotes),
        ("'s3cret'", quotes),
        ("'\"s3cret\"'", quotes),
        ("`s3cret`", quotes),
        ("\u{201c}s3cret\u{201d}", quotes),
        ("$CLIENT_SECRET", variable),
        ("${CLIENT_SECRET}", variable),
        ("${CLIENT_SECRET:-none}", variable),
        ("$env:CLIENT_SECRET", variable),
        ("$(cat secret)", variable),
        ("%CLIENT_SECRET%", variable),
        ("${{ secrets.CLIENT_SECRET }}", variable),
        ("{{ client_secret }}", variable),
    ];
    let check = "check both, and whether the server expects another Provider::with_auth_method";
    for (value, expected) in cases {
        for (id, secret, what) in [("id", value, "secret"), (value, "hush", "id")] {
            let text = diagnosis(AuthMethod::ClientSecretBasic, id, secret);
            let expected = format!("(client_secret_basic): the client {what} {expected}; {check}");
            assert!(text.contains(&expected), "{value}: {text}");
        }
        let text = diagnosis(AuthMethod::ClientSecretPost, "id", value);
        assert!(text.contains(expected), "{value}: {text}");
    }
    for value in ["\"", "$", "%", "$1", "100%", "a$B", "it's", "%41%", "s3\"cr\"et", "$a-b", "{x}"]
    {
        let text = diagnosis(AuthMethod::ClientSecretBasic, "id", value);
        assert!(text.contains(&format!("(client_secret_basic): {check}")), "{value}: {text}");
    }
}

#[test]
fn a_refused_client_is_recognized_whatever_the_status() {
    for status in [200, 400, 401, 403, 404, 429, 500, 503] {
        let server = Server::with_scripts([reply(status, INVALID)], []);
        let (client, clock) = on_manual_clock(server.client());
        let error = client.get("/x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credentials, "{status}");
        assert_eq!((server.seen().len(), clock.sleeps().len()), (1, 0), "{status}");
    }
}

#[test]
fn refused_credentials_are_not_sent_again_for_a_minute() {
    let server = Server::with_scripts([reply(401, INVALID), reply(401, INVALID)], []);
    let (client, clock) = on_manual_clock(server.client());
    let first = client.get("/x").unwrap_err();
    for clone in [&client, &client.clone()] {
        let again = clone.get("/y").unwrap_err();
        assert_eq!(again.to_string(), first.to_string());
        assert_eq!(again.kind(), ErrorKind::Credentials);
    }
    clock.advance(secs(59));
    client.access_token().unwrap_err();
    assert_eq!(server.seen().len(), 1);
    assert!(clock.sleeps().is_empty());

    clock.advance(secs(1));
    client.get("/x").unwrap_err();
    assert_eq!(server.seen().len(), 2);
    clock.advance(secs(60));
    client.get("/x").unwrap();
    assert_eq!(server.token_requests().len(), 3);
}

#[test]
fn whatever_means_the_credentials_is_not_asked_again_for_a_minute() {
    let refusals = [
        reply(401, ""),
        reply(401, r#"{"message":"Invalid authentication credentials"}"#),
        reply(400, r#"{"errorCode":"invalid_client"}"#),
        reply(500, r#"{"errorCode":"invalid_client"}"#),
        reply(400, r#"{"error":{"code":"invalid_client"}}"#),
        reply(400, r#"{"error":"unauthorized_client"}"#),
        reply(403, r#"{"error":"access_denied"}"#),
        reply(400, r#"{"error":"invalid_grant"}"#),
    ];
    for refusal in refusals {
        let what = format!("{refusal:?}");
        let server = Server::with_scripts([refusal], []);
        let (client, clock) = on_manual_clock(server.client());
        let first = client.get("/x").unwrap_err();
        assert_eq!(first.kind(), ErrorKind::Credentials, "{what}");
        let again = client.clone().get("/x").unwrap_err();
        assert_eq!(again.to_string(), first.to_string(), "{what}");
        assert_eq!(server.token_requests().len(), 1, "{what}");
        clock.advance(secs(61));
        client.get("/x").unwrap();
    }
}

#[test]
fn a_changed_secret_is_sent_at_once_and_so_is_a_changed_id() {
    let server = Server::with_scripts(vec![reply(401, INVALID); 2], []);
    let vault = Arc::new(Mutex::new(("client-1", "old")));
    let open = vault.clone();
    let credentials = Credentials::from_fn(move || {
        let (id, secret) = *open.lock().unwrap();
        Ok((id.into(), secret.into()))
    });
    let (client, _) = on_manual_clock(client_as(&server, credentials));
    client.get("/x").unwrap_err();
    client.get("/x").unwrap_err();
    assert_eq!(secrets_sent(&server), ["old"]);
    *vault.lock().unwrap() = ("client-2", "old");
    client.get("/x").unwrap_err();
    assert_eq!(secrets_sent(&server), ["old", "old"]);
    *vault.lock().unwrap() = ("client-2", "new");
    client.get("/x").unwrap();
    assert_eq!(secrets_sent(&server), ["old", "old", "new"]);
}

#[test]
fn a_secret_file_that_was_rotated_after_a_refusal_is_picked_up_at_once() {
    let server = Server::with_scripts([reply(401, INVALID)], []);
    let file = SecretFile::new("old\n");
    let (client, _) = on_manual_clock(client_as(&server, file.credentials()));
    client.get("/x").unwrap_err();
    file.write("new\n");
    client.get("/x").unwrap();
    assert_eq!(secrets_sent(&server), ["old", "new"]);
}

#[test]
fn another_final_refusal_is_not_held_against_the_credentials() {
    let server = Server::with_scripts([reply(400, r#"{"error":"invalid_scope"}"#)], []);
    let (client, _) = on_manual_clock(server.client());
    client.get("/x").unwrap_err();
    client.get("/x").unwrap();
    assert_eq!(server.token_requests().len(), 2);
}

#[test]
fn a_server_that_repeats_the_secret_is_not_quoted() {
    let secret = "s3cret/with+signsü";
    let credentials = ["my-client:s3cret/with+signsü", "my-client:s3cret%2Fwith%2Bsigns%C3%BC"];
    let [raw, encoded] = credentials.map(|text| BASE64_STANDARD.encode(text));
    let echoes = [
        secret,
        "s3cret%2Fwith%2Bsigns%C3%BC",
        "s3cret\\/with+signsü",
        "s3cret/with+signs\\u00fc",
        "s3cret\\/with+signs\\u00fc",
        &raw,
        &encoded,
    ];
    for echo in echoes {
        let body = format!(r#"{{"error":"invalid_client","error_description":"bad: {echo}"}}"#);
        for body in [body, format!("<p>{echo}</p>")] {
            let server = Server::with_scripts([reply(400, body)], []);
            let client = client_as(&server, Credentials::new("my-client", secret));
            let error = client.get("/x").unwrap_err();
            let shown = format!("{error:?} {:?}", error.response());
            assert!(shown.contains("***"), "{shown}");
            for hidden in ["signs", &raw, &encoded] {
                assert!(!shown.contains(hidden), "{shown}");
            }
        }
    }
}

#[test]
fn credentials_print_without_the_secret() {
    let file = SecretFile::new("hush");
    for credentials in
        [Credentials::new("my-client", "hush"), file.credentials(), failing(0, "hush")]
    {
        assert!(!format!("{credentials:?}").contains("hush"));
        let client = Client::new(provider_at("http://127.0.0.1:9"), credentials).unwrap();
        assert!(!format!("{client:?}").contains("hush"));
    }
}

#[test]
fn an_event_tells_of_a_token_without_showing_it() {
    let server = Server::with_api([]);
    let (client, events) = observed(server.client());
    client.get("/x").unwrap();
    let events = events.lock().unwrap();
    assert!(matches!(events[..], [Event::TokenFetched { renewal: false, .. }]), "{events:?}");
    let host = server.url("")[7..].to_owned();
    assert_eq!(events[0].to_string(), format!("token fetched from {host}, good for 60 min"));
}

#[test]
fn a_secret_file_that_is_empty_for_a_moment_costs_no_call_while_the_old_token_is_good() {
    let server = Server::with_scripts([token_reply("old", 100)], []);
    let file = SecretFile::new("hush");
    let (client, clock) = on_manual_clock(client_as(&server, file.credentials()));
    client.get("/x").unwrap();
    file.write("");
    clock.advance(secs(80));
    client.get("/x").unwrap();
    assert_eq!(server.token_requests().len(), 1);
    file.write("new");
    clock.advance(secs(10));
    client.get("/x").unwrap();
    assert_eq!(secrets_sent(&server), ["hush", "new"]);
}

/// Auth0 answers a wrong secret by `access_denied`, Entra a wrong id by `unauthorized_client`,
/// others by an empty 403.
#[test]
fn quotes_and_unexpanded_variables_are_told_whatever_the_code() {
    let refusals = [
        reply(401, r#"{"error":"access_denied","error_description":"Unauthorized"}"#),
        reply(
            400,
            r#"{"error":"unauthorized_client","error_description":"AADSTS700016: not found"}"#,
        ),
        reply(400, r#"{"error":"invalid_grant"}"#),
        reply(403, ""),
    ];
    for refusal in refusals {
        for (secret, why) in
            [("\"s3cret\"", "is in quotes"), ("$CLIENT_SECRET", "was not expanded")]
        {
            let server = Server::with_scripts([refusal.clone()], []);
            let client =
                Client::new(server.provider(), Credentials::new("my-client", secret)).unwrap();
            let error = client.get("/x").unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
