//! What `.ci/path-length` counts: of each operation one, after others have warmed it up.

use std::hint::black_box;

use serde_json::Value;

use crate::jobs::client;
use crate::server::PAGE_ROWS;

/// Only what runs below this function is counted.
#[inline(never)]
fn counted(mut work: impl FnMut()) {
    work();
}

pub fn once(what: &str, origins: &str) {
    let origin = &format!("http://{}", origins.split_once(' ').unwrap().0);
    let client = client(origin);
    match what {
        "get" => {
            let get = || drop(black_box(client.get("/small").unwrap()));
            (0..3).for_each(|_| get());
            counted(get);
        }
        // The twelfth request of a connection, the first being that for the token.
        "renewal" => {
            let get = || drop(black_box(client.get("/forgets").unwrap()));
            (0..10).for_each(|_| get());
            assert_eq!(client.stats().tokens_fetched, 1);
            counted(get);
            assert_eq!(client.stats().tokens_fetched, 2);
        }
        "page" => {
            let mut rows = client.items::<Value>("/pages");
            let mut page = || rows.by_ref().take(PAGE_ROWS).for_each(|row| drop(row.unwrap()));
            (0..3).for_each(|_| page());
            counted(page);
        }
        _ => panic!("{what} is not one of get, renewal and page"),
    }
}
