//! What a server says of the token in its challenge, and which scope is lacking.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use unattended::error::ErrorKind;
use unattended::{Client, Credentials, Request};

use super::*;
use crate::support::*;

#[test]
fn a_bearer_challenge_and_the_body_are_both_told_the_challenge_first() {
    let challenge = r#"Bearer realm="api", error="invalid_token", error_description="The token \"expired\" at noon", scope="a b""#;
    let said = "invalid_token: The token \"expired\" at noon (scope a b)";
    let cases = [
        ("", said.to_owned()),
        (r#"{"message":"Unauthorized"}"#, said.to_owned()),
        (r#"{"code":401,"message":"Unauthorized"}"#, said.to_owned()),
        (r#"{"code":"E7","message":"go away"}"#, format!("E7: {said}; go away")),
        (r#"{"code":401,"message":"go away"}"#, format!("{said}; go away")),
        (r#"{"message":"go away"}"#, format!("{said}; go away")),
        ("<html><h1>401 Unauthorized</h1></html>", said.to_owned()),
        ("<html><h1>Sign in</h1></html>", format!("{said}; Sign in")),
        (
            r#"{"error":"invalid_token","error_description":"The token \"expired\" at noon"}"#,
            said.to_owned(),
        ),
        (
            r#"{"message":"Sorry: The token \"expired\" at noon."}"#,
            said.replace("The token \"expired\" at noon", "Sorry: The token \"expired\" at noon."),
        ),
    ];
    for (body, words) in cases {
        let error = api_error(reply(401, body).header("www-authenticate", challenge));
        let told = text(&error);
        assert!(told.starts_with(&format!("GET host/a: 401 Unauthorized: {words}; ")), "{told}");
        assert_eq!(error.response().unwrap().body, body);
    }
    let error = api_error(reply(401, "").header("www-authenticate", "Basic error=\"x\""));
    assert_eq!(error.response().unwrap().code, None);
    let bare = reply(401, r#"{"code":"E7","message":"go away"}"#)
        .header("www-authenticate", r#"Bearer error="invalid_token""#);
    let told = text(&api_error(bare));
    assert!(
        told.starts_with("GET host/a: 401 Unauthorized: E7: invalid_token; go away; "),
        "{told}"
    );
}

#[test]
fn a_challenge_is_masked_and_cut_as_a_body_is() {
    let long = "x".repeat(2_000);
    let challenge = format!(
        r#"Bearer error="token-1\u", error_description="token-2 is to{}ken-2, {long}", scope="token-1 token-2""#,
        "\\"
    );
    let error = api_error(reply(401, "").header("www-authenticate", challenge));
    let told = format!("{error}\n{error:?}\n{:?}", error.response());
    assert!(!told.contains("token-2") && told.contains("*** is ***, xxx"), "{told}");
    assert!(error.to_string().chars().count() < 800, "{error}");
}

#[test]
fn a_scope_that_is_lacking_is_named_with_the_setting_that_asks_for_it() {
    let named = r#"Bearer error="insufficient_scope", scope="orders:write""#;
    let unnamed = r#"Bearer error="insufficient_scope", error_description="no""#;
    let cases = [
        (named, "insufficient_scope: scope orders:write; the token lacks the scope orders:write"),
        (unnamed, "insufficient_scope: no; the token lacks the scope"),
    ];
    for (challenge, words) in cases {
        for (status, class) in
            [("403 Forbidden", ErrorKind::Refused), ("401 Unauthorized", ErrorKind::Credentials)]
        {
            let code = status[..3].parse().unwrap();
            let error = api_error(reply(code, "").header("www-authenticate", challenge));
            assert_eq!(
                text(&error),
                format!("GET host/a: {status}: {words}: ask for it with Provider::with_scope")
            );
            assert_eq!(error.kind(), class);
        }
    }
}

#[test]
fn a_scope_that_was_asked_for_and_not_granted_is_told() {
    const MISSING: &str = "the scope write was asked for and is not granted: allow it to this client at the authorization server";
    const LACKING: &str = "the token lacks the scope write: ask for it with Provider::with_scope";
    const FORBIDDEN: &str = "the client may lack a permission, or this API may not accept the token: check permissions, audience and scope";
    let lacking = r#"Bearer error="insufficient_scope", scope="write""#;
    let said = "403 Forbidden: insufficient_scope: scope write";
    let plain = |status| reply(status, "");
    let challenge = || plain(403).header("www-authenticate", lacking);
    let unnamed = || plain(403).header("www-authenticate", r#"Bearer error="insufficient_scope""#);
    let cases = [
        ("read write", "read", plain(403), format!("403 Forbidden; {MISSING}")),
        ("read write", "read", challenge(), format!("{said}; {MISSING}")),
        ("read write", "read", unnamed(), format!("403 Forbidden: insufficient_scope; {MISSING}")),
        (
            "read write",
            "read",
            plain(401),
            format!(
                "401 Unauthorized; a renewed token was refused as well: some APIs answer a wrong path like this; {MISSING}"
            ),
        ),
        ("write", "", challenge(), format!("{said}; {MISSING}")),
        ("read", "read", challenge(), format!("{said}; {LACKING}")),
        ("read all", "read", challenge(), format!("{said}; {LACKING}")),
        // More may be granted than was asked for, in another order.
        ("read write", "all write read", plain(403), format!("403 Forbidden; {FORBIDDEN}")),
        // Not said.
        ("read write", "", plain(403), format!("403 Forbidden; {FORBIDDEN}")),
        // Not about the token.
        ("read write", "read", plain(404), "404 Not Found".to_owned()),
    ];
    for (asked, granted, answer, expected) in cases {
        let tokens = AtomicUsize::new(0);
        let server = Server::start(move |seen| match seen.path() {
            TOKEN_PATH => {
                let token = format!("token-{}", tokens.fetch_add(1, Ordering::SeqCst));
                reply(200, json!({"access_token": token, "scope": granted}).to_string())
            }
            _ => answer.clone(),
        });
        let provider = server.provider().with_scope(asked);
        let client = Client::new(provider, Credentials::new("my-client", SECRET)).unwrap();
        let error = client.get("/a").unwrap_err();
        assert_eq!(text(&error), format!("GET host/a: {expected}"));
    }
}

#[test]
fn of_two_scopes_that_are_lacking_the_one_that_was_asked_for_is_not_to_be_asked_for() {
    let lacking = r#"Bearer error="insufficient_scope", scope="read write""#;
    let server = Server::with_api([reply(403, "").header("www-authenticate", lacking)]);
    let provider = server.provider().with_scope("read");
    let client = Client::new(provider, Credentials::new("my-client", SECRET)).unwrap();
    let told = client.get("/a").unwrap_err().to_string();
    assert!(
        told.ends_with("; the token lacks the scope write: ask for it with Provider::with_scope; the scope read was asked for and is not granted: allow it to this client at the authorization server"),
        "{told}"
    );
}

#[test]
fn a_refusal_after_a_redirect_to_another_origin_tells_that_the_token_was_left_behind() {
    const LEFT: &str = "; a redirect led to another origin, where the token is not sent: if the API is there, name it with Provider::with_base_url";
    let refused = |status, request: &Request| {
        let other = Server::with_api([reply(status, "")]);
        let redirect = reply(307, "").header("location", other.url("/there"));
        let server = Server::with_api([redirect]);
        server.client().send(request).unwrap_err()
    };
    let error = refused(401, &Request::get("/a"));
    assert!(error.to_string().ends_with(&format!("401 Unauthorized{LEFT}")), "{error}");
    assert_eq!(error.kind(), ErrorKind::Credentials);
    // Where none was to be sent, none was left behind.
    let error = refused(401, &Request::get("/a").without_token());
    assert!(error.to_string().ends_with("401 Unauthorized"), "{error}");
    // A presigned address says no to its signature.
    let error = refused(403, &Request::get("/a"));
    assert!(error.to_string().ends_with("403 Forbidden"), "{error}");
}
