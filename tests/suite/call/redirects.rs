//! Redirects: where they are followed, and what does not travel along.

use unattended::error::{Delivery, ErrorKind};
use unattended::http::Method;
use unattended::{Client, Request, RetryPolicy};

use crate::support::*;

fn redirect(status: u16, location: &str) -> Reply {
    reply(status, "moved").header("location", location)
}

/// A server that redirects what is not `/end…` by `status` to `location`.
fn redirecting(status: u16, location: impl Into<String>) -> Server {
    let location = location.into();
    Server::start(move |seen| match seen.path() {
        TOKEN_PATH => token_reply("t", 3600),
        path if path.starts_with("/end") => reply(200, "{}"),
        _ => redirect(status, &location),
    })
}

/// The error of a GET to a server that redirects to `location`.
#[track_caller]
fn refused(status: u16, location: &str) -> String {
    let server = redirecting(status, location);
    let (client, clock) = on_manual_clock(server.client());
    let error = client.get("/start").unwrap_err();
    assert_eq!(
        (error.kind(), error.delivery()),
        (ErrorKind::Refused, Delivery::Rejected),
        "{error}"
    );
    assert!(clock.sleeps().is_empty());
    assert_eq!(server.api_requests().len(), 1);
    let host = server.url("").replace("http://", "");
    error.to_string().replace(&host, "HOST")
}

#[test]
fn a_get_and_a_head_follow_within_the_origin_with_the_token() {
    for status in [301, 302, 303, 307, 308] {
        for method in [Method::GET, Method::HEAD] {
            let server = redirecting(status, "/end?a=b");
            let request = Request::new(method.clone(), "/start?q=1").header("x-own", "1");
            server.client().send(&request).unwrap();
            let seen = server.api_requests();
            assert_eq!(seen.len(), 2);
            assert_eq!(
                (seen[1].method.as_str(), seen[1].target.as_str()),
                (method.as_str(), "/end?a=b")
            );
            assert_eq!(seen[1].header("authorization"), Some("Bearer t"));
            assert_eq!(seen[1].header("x-own"), Some("1"));
        }
    }
}

#[test]
fn a_location_is_resolved_against_the_url_that_was_called() {
    let cases = [
        ("/end", "/end"),
        ("end", "/a/end"),
        ("../end", "/end"),
        ("./end/../end2?x=../y", "/a/end2?x=../y"),
        ("/a/./b/../../end", "/end"),
        ("?end", "/a/b?end"),
        ("/end#part", "/end"),
        ("/end me/ü", "/end%20me/%C3%BC"),
        (" /end ", "/end"),
    ];
    for (location, target) in cases {
        let location = location.to_owned();
        let server = Server::start(move |seen| match seen.target.as_str() {
            TOKEN_PATH => token_reply("t", 3600),
            "/a/b" => redirect(302, &location),
            _ => reply(200, "{}"),
        });
        server.client().get("/a/b").unwrap();
        assert_eq!(server.api_requests()[1].target, target);
    }
}

#[test]
fn an_absolute_location_may_name_the_same_origin_in_several_ways() {
    for prefix in ["http://127.0.0.1", "HTTP://127.0.0.1", "//127.0.0.1"] {
        let server = Server::start(move |seen| match seen.path() {
            TOKEN_PATH => token_reply("t", 3600),
            "/end" => reply(200, "{}"),
            _ => {
                let port = seen.header("host").unwrap().rsplit(':').next().unwrap();
                redirect(302, &format!("{prefix}:{port}/end"))
            }
        });
        server.client().get("/start").unwrap();
        let seen = server.api_requests();
        assert_eq!(seen[1].header("authorization"), Some("Bearer t"), "{prefix}");
    }
}

#[test]
fn the_token_stays_behind_when_the_origin_changes() {
    for status in [301, 302, 303, 307, 308] {
        for name in ["127.0.0.1", "localhost"] {
            let other = Server::with_api([]);
            let home = redirecting(status, other.url("/end").replace("127.0.0.1", name));
            let request = Request::get("/start").header("cookie", "session=hush");
            home.client().send(&request).unwrap();
            let seen = other.seen();
            assert_eq!(seen.len(), 1);
            assert_eq!(seen[0].header("authorization"), None);
            assert_eq!(seen[0].header("cookie"), None);
        }
    }
}

#[test]
fn another_name_of_the_same_machine_is_another_origin() {
    let server = Server::start(|seen| match seen.path() {
        TOKEN_PATH => token_reply("t", 3600),
        "/end" => reply(200, "{}"),
        _ => redirect(
            302,
            &format!(
                "http://{}/end",
                seen.header("host").unwrap().replace("127.0.0.1", "localhost")
            ),
        ),
    });
    server.client().get("/start").unwrap();
    assert_eq!(server.api_requests()[1].header("authorization"), None);
}

#[test]
fn an_authorization_of_the_callers_own_stays_behind_as_well() {
    let other = Server::with_api([]);
    let home = redirecting(302, other.url("/end"));
    let request = Request::get("/start").without_token().header("authorization", "Basic hush");
    home.client().send(&request).unwrap();
    assert_eq!(home.seen()[0].header("authorization"), Some("Basic hush"));
    assert_eq!(other.seen()[0].header("authorization"), None);
}

#[test]
fn headers_of_the_callers_own_go_along_to_another_origin() {
    let other = Server::with_api([]);
    let home = redirecting(302, other.url("/end"));
    home.client().send(Request::get("/start").header("x-reason", "export")).unwrap();
    assert_eq!(other.seen()[0].header("x-reason"), Some("export"));
    assert_eq!(other.seen()[0].header("authorization"), None);
}

/// A server whose `/start` leads away, and the other one, which leads back to `/end`.
fn there_and_back() -> (Server, Server) {
    let back = std::sync::Arc::new(std::sync::OnceLock::<String>::new());
    let target = back.clone();
    let away = Server::start(move |_| redirect(302, target.get().unwrap()));
    let home = redirecting(302, away.url("/away"));
    back.set(home.url("/end")).unwrap();
    (home, away)
}

#[test]
fn a_token_that_was_left_behind_is_not_taken_up_again() {
    let (home, away) = there_and_back();
    home.client().get("/start").unwrap();
    assert_eq!(away.seen()[0].header("authorization"), None);
    let seen = home.api_requests();
    assert_eq!((seen[1].path(), seen[1].header("authorization")), ("/end", None));
}

#[test]
fn a_401_at_another_origin_fetches_no_new_token_for_it() {
    let other = Server::with_api([reply(401, "")]);
    let home = redirecting(302, other.url("/end"));
    let error = home.client().get("/start").unwrap_err();
    assert_eq!(error.status().unwrap(), 401);
    assert_eq!((home.token_requests().len(), other.seen().len()), (1, 1));
}

#[test]
fn a_failure_behind_a_redirect_is_retried_there_still_without_token() {
    let other = Server::with_api([reply(503, "").header("retry-after", "3"), reply(200, "{}")]);
    let home = redirecting(302, other.url("/end"));
    let (client, clock) = on_manual_clock(home.client());
    client.get("/start").unwrap();
    assert_eq!(clock.sleeps(), [secs(3)]);
    assert_eq!((home.api_requests().len(), other.seen().len()), (1, 2));
    assert!(other.seen().iter().all(|seen| seen.header("authorization").is_none()));
}

#[test]
fn a_redirect_is_no_retry() {
    let server = redirecting(302, "/end");
    let client = server.client().with_retry_policy(RetryPolicy::default().with_retries(0));
    client.get("/start").unwrap();
    assert_eq!(client.stats().retries, 0);
}

#[test]
fn a_loop_ends_after_five_redirects() {
    let server = redirecting(302, "/start");
    let error = server.client().get("/start").unwrap_err();
    let host = server.url("").replace("http://", "");
    assert_eq!(
        error.to_string(),
        format!(
            "GET {host}/start: 302 Found: moved; the redirect is not followed: there are too many"
        )
    );
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert_eq!(server.api_requests().len(), 6);
}

#[test]
fn five_redirects_are_followed() {
    let server = Server::start(|seen| match seen.path() {
        TOKEN_PATH => token_reply("t", 3600),
        "/5" => reply(200, "{}"),
        path => redirect(302, &format!("/{}", path[1..].parse::<u32>().unwrap() + 1)),
    });
    server.client().get("/0").unwrap();
    assert_eq!(server.api_requests().len(), 6);
}

#[test]
fn a_location_that_leads_nowhere_good_is_refused_with_its_reason() {
    let no =
        "GET HOST/start: 302 Found: moved; the redirect is not followed: a link in the answer: ";
    let cases = [
        ("http://api.example.com/x", "plain http is allowed to this machine only: use https"),
        ("ftp://127.0.0.1/x", "the scheme must be https"),
        ("https:///x", "not a valid URL"),
        ("http://user:hush@127.0.0.1/x", "a URL must not hold credentials"),
    ];
    for (location, why) in cases {
        assert_eq!(refused(302, location), format!("{no}{why}"));
    }
}

#[test]
fn a_redirect_without_location_is_an_error_that_says_so() {
    let server = Server::with_api([reply(302, "moved")]);
    let error = server.client().get("/start").unwrap_err();
    let text = "/start: 302 Found: moved; a redirect that names no address to follow";
    assert!(error.to_string().ends_with(text), "{error}");
    assert_eq!((error.kind(), error.exit_code()), (ErrorKind::Refused, 69));
    assert_eq!(server.api_requests().len(), 1);
}

#[test]
fn any_other_method_gets_its_redirect_back_as_an_error() {
    for status in [301, 302, 303, 307, 308] {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let (other, server) = (Server::with_api([]), redirecting(status, "/end"));
            let abroad = redirecting(status, other.url("/end"));
            for server in [&server, &abroad] {
                let request = Request::new(method.clone(), "/start").safe_to_repeat();
                let error = server.client().send(&request).unwrap_err();
                assert_eq!(error.status().unwrap(), status);
                // 307 and 308 ask for the same again elsewhere; the others may come after the deed.
                let sent = if status > 303 { Delivery::Rejected } else { Delivery::Unknown };
                assert_eq!((error.kind(), error.delivery()), (ErrorKind::Refused, sent));
                let text = "; a redirect, which is only followed for GET and HEAD";
                assert!(error.to_string().ends_with(text), "{error}");
                assert_eq!(server.api_requests().len(), 1);
            }
            assert!(other.seen().is_empty());
        }
    }
}

#[test]
fn the_token_endpoint_is_never_followed() {
    for status in [301, 302, 303, 307, 308] {
        let other = Server::with_api([]);
        let home = Server::with_scripts([redirect(status, &other.url(TOKEN_PATH))], []);
        let error = home.client().get("/x").unwrap_err();
        let text = "; the token endpoint redirects, which is never followed: set the address that it leads to";
        assert!(error.to_string().ends_with(text), "{error}");
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert_eq!((home.seen().len(), other.seen().len()), (1, 0));
    }
}

#[test]
fn the_answer_names_the_place_that_it_came_from() {
    let server = redirecting(302, "/end?sig=hush");
    let response = server.client().get("/start").unwrap();
    let error = response.json::<u8>().unwrap_err();
    assert_eq!(error.target().unwrap().path, "/end");
    assert!(!format!("{error:?}").contains("hush"));
}

#[test]
fn a_redirect_to_a_slow_place_keeps_the_cooldown_of_that_place() {
    let other = Server::with_api([reply(429, "").header("retry-after", "7200")]);
    let home = redirecting(302, other.url("/end"));
    let (client, _): (Client, _) = on_manual_clock(home.client());
    client.get("/start").unwrap_err();
    let error = client.get("/start").unwrap_err();
    assert_eq!((error.delivery(), error.retry_after()), (Delivery::NotSent, Some(secs(7200))));
    assert_eq!((home.api_requests().len(), other.seen().len()), (2, 1));
}
