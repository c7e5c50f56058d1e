//! Django OAuth Toolkit with Django REST framework: pages of every kind, throttling.

use unattended::{AuthMethod, Client, Credentials, Pagination, Provider, Request, Result};

use crate::cases::{Cases, export, renewal, special, token};

pub fn run(cases: &mut Cases, base: &str) {
    let robot = Credentials::new("robot", "hush");
    let discovered = unattended::discover(&format!("{base}/o"), base);
    match discovered.and_then(|it| Ok((Client::new(it.clone(), robot)?, it))) {
        Ok((client, provider)) => {
            secrets(cases, &provider);
            lives(cases, &provider, base);
            pages(cases, &client);
        }
        Err(error) => cases.expect("discovery", "a provider", || Err(error)),
    }
}

fn secrets(cases: &mut Cases, provider: &Provider) {
    let with = |method| provider.clone().with_auth_method(method);
    cases.expect("discovery", "/o/token/", || Ok(provider.token_endpoint().path().to_owned()));
    let life = "a token for 3600 s, scope read";
    cases.expect("Basic, special characters", life, || token(provider, &special()));
    cases.expect("the same in the form", life, || {
        token(&with(AuthMethod::ClientSecretPost), &special())
    });
    let robot = |secret: &str| Credentials::new("robot", secret);
    cases.expect("a wrong secret", "Credentials, 401 invalid_client", || {
        token(provider, &robot("wrong"))
    });
    cases.expect("an unknown client", "Credentials, 401 invalid_client", || {
        token(provider, &Credentials::new("nobody", "hush"))
    });
    cases.expect("a scope that nobody knows", "Configuration, 400 invalid_scope", || {
        token(&provider.clone().with_scope("read unheard-of"), &robot("hush"))
    });
}

fn lives(cases: &mut Cases, provider: &Provider, base: &str) {
    let robot = Credentials::new("robot", "hush");
    let revoke = |client: &Client| -> Result<()> {
        let token = client.access_token()?;
        let form = [("token", token.as_str()), ("client_id", "robot"), ("client_secret", "hush")];
        let request = Request::post(format!("{base}/o/revoke_token/"));
        client.send(request.form(&form).without_token()).map(drop)
    };
    cases.expect("revoked by somebody else", "2 tokens for 2 calls, 1 refused", || {
        renewal(Client::new(provider.clone(), robot.clone())?, "/numbers/", revoke)
    });
    cases.expect("revoked by the client", "2 tokens for 2 calls, 0 refused", || {
        renewal(Client::new(provider.clone(), robot.clone())?, "/numbers/", Client::revoke)
    });
    cases.expect("an API that wants another scope", "Refused, 403", || {
        let client = Client::new(provider.clone(), robot.clone())?;
        Ok(client.get("/writing/")?.text()?.to_owned())
    });
}

fn pages(cases: &mut Cases, client: &Client) {
    let links = || Pagination::next_link("next");
    let numbers = || Pagination::page_numbers("page");
    let offsets = || Pagination::offset("offset");
    let followed = "30 rows, 3 pages, by nothing more in next";
    let counted = "30 rows, 3 pages, by the word of the server in next";
    let halves = "30 rows, 2 pages, by the word of the server in next";
    let found = "30 rows, 3 pages, by the word of the server in next; declare `next:next`";
    for (path, pagination, wanted) in [
        ("/numbers/", Pagination::detect(), found),
        ("/numbers/", links(), followed),
        ("/numbers/", numbers(), counted),
        // More than the 20 that the server allows, which it does not say.
        ("/numbers/", numbers().with_page_size("page_size", 1000), halves),
        ("/offsets/", Pagination::detect(), found),
        ("/offsets/", offsets(), counted),
        ("/offsets/", offsets().with_page_size("limit", 1000), halves),
        ("/cursors/", Pagination::detect(), found),
        ("/cursors/", links(), followed),
        // Its cursors lead no further than row 1,100 of those that are equal in what they sort by.
        ("/one-instant/", links(), "Incomplete"),
        ("/throttled/", links(), "120 rows, 12 pages, by nothing more in next, after waits"),
    ] {
        let pagination = pagination.with_rows_at("results");
        cases.expect(&format!("`{path}`, `{pagination:?}`"), wanted, || {
            export(client, path, pagination)
        });
    }
    cases.expect(
        "`/list/`, `Pagination::single()`",
        "30 rows, 1 page, by the declared single answer",
        || export(client, "/list/", Pagination::single()),
    );
}
