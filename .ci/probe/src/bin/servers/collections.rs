//! Servers without OAuth, for how they page: JupyterHub, Kinto, json-server. Rows are put in, and
//! counted when they come out.

use serde_json::json;
use unattended::{Client, Credentials, Pagination, Provider, Request, Result};

use crate::cases::{Cases, export};

/// More than one page by default, and no multiple of it.
const ROWS: u64 = 250;

/// The token endpoint is not asked: no request here bears its token.
fn client(base: &str) -> Result<Client> {
    Client::new(Provider::new(base, base)?, Credentials::new("nobody", "hush"))
}

pub fn jupyterhub(cases: &mut Cases, base: &str) {
    let token = format!("token {}", "a".repeat(40));
    let get = |accepted: &str| {
        let request = Request::get("/hub/api/users").header("authorization", &token);
        request.header("accept", accepted).without_token()
    };
    let users: Vec<String> = (0..ROWS).map(|n| format!("user{n:03}")).collect();
    cases.expect("250 users put in", "201", || {
        let request = Request::post("/hub/api/users").header("authorization", &token);
        let request = request.json(&json!({ "usernames": users })).without_token();
        Ok(client(base)?.send(request)?.status().as_str().to_owned())
    });
    let offsets = || Pagination::offset("offset");
    let (bare, typed) = ("application/json", "application/jupyterhub-pagination+json");
    let counted = "250 rows, 3 pages, by a page without rows";
    let said = "by the word of the server in _pagination.next";
    for (accepted, pagination, wanted) in [
        (bare, Pagination::detect(), "Configuration"),
        (bare, offsets(), counted),
        (bare, offsets().with_page_size("limit", 1000), counted),
        // What a program that knows of no pages gets.
        (bare, Pagination::single(), "200 rows, 1 page, by the declared single answer"),
        (
            typed,
            Pagination::detect(),
            &format!("250 rows, 5 pages, {said}; declare `next:_pagination.next`"),
        ),
        (
            typed,
            Pagination::next_link("_pagination.next.url"),
            "250 rows, 5 pages, by nothing more in _pagination.next.url",
        ),
        (typed, offsets(), &format!("250 rows, 5 pages, {said}")),
    ] {
        let case = format!("`{accepted}`, `{pagination:?}`");
        cases.expect(&case, wanted, || export(&client(base)?, get(accepted), pagination));
    }
}

pub fn kinto(cases: &mut Cases, base: &str) {
    let rows = "/v1/buckets/b/collections/c/records";
    // user:password
    let known = |request: Request| {
        request.header("authorization", "Basic dXNlcjpwYXNzd29yZA==").without_token()
    };
    cases.expect("250 records put in", "250", || {
        let client = client(base)?;
        client.send(known(Request::put("/v1/buckets/b")))?;
        client.send(known(Request::put("/v1/buckets/b/collections/c")))?;
        for n in 0..ROWS {
            client.send(known(Request::post(rows).json(&json!({ "data": { "n": n } }))))?;
        }
        let head = client.send(known(Request::head(rows)))?;
        Ok(head.header("total-objects").unwrap_or("no total").to_owned())
    });
    let links = || Pagination::next_link("header:Next-Page");
    let found = "250 rows, 3 pages, by no next link in the answer; declare `next:header:next-page`";
    let followed = "250 rows, 3 pages, by nothing more in the Next-Page header";
    for (pagination, wanted) in [
        (Pagination::detect(), found),
        (links(), followed),
        (links().with_page_size("_limit", 1000), followed),
        (Pagination::single(), "Configuration"),
    ] {
        let pagination = pagination.with_rows_at("data");
        cases.expect(&format!("`{pagination:?}`"), wanted, || {
            export(&client(base)?, known(Request::get(rows)), pagination)
        });
    }
}

pub fn json_server(cases: &mut Cases, base: &str) {
    let numbers = || Pagination::page_numbers("_page");
    let promised = "250 rows, 25 pages, by the 25 pages that the server promised";
    for (path, pagination, wanted) in [
        ("/rows", Pagination::detect(), "Configuration"),
        ("/rows", Pagination::single(), "250 rows, 1 page, by the declared single answer"),
        ("/rows", numbers().with_rows_at("data"), promised),
        (
            "/rows",
            numbers().with_page_size("_per_page", 100).with_rows_at("data"),
            "250 rows, 3 pages, by the 3 pages that the server promised",
        ),
        (
            "/rows",
            Pagination::offset("_start").with_page_size("_limit", 100),
            "250 rows, 4 pages, by a page without rows",
        ),
        // The size of versions before 1.0 turns numbers off.
        ("/rows", numbers().with_page_size("_limit", 100), "Configuration"),
    ] {
        cases.expect(&format!("`{path}`, `{pagination:?}`"), wanted, || {
            export(&client(base)?, Request::get(path).without_token(), pagination)
        });
    }
    cases.expect("a row that is not there", "Refused, 404", || {
        let request = Request::get("/rows/none").without_token();
        Ok(client(base)?.send(request)?.text()?.to_owned())
    });
}
