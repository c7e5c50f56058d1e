//! What is set for one walk, and when.

use serde_json::json;
use unattended::Pagination;
use unattended::error::ErrorKind;

use super::{asked, body, saved, serving, targets, walk};

#[test]
fn paging_size_and_place_of_the_rows_can_be_set_for_one_walk() {
    let server = serving(|seen| match asked(seen, "p") {
        Some("1") => body(&json!({"data": {"rows": [1]}})),
        _ => body(&json!({"data": {"rows": []}})),
    });
    let client = server.client();
    let mut items = client
        .items::<u64>("/rows")
        .with_pagination(Pagination::page_numbers("p").with_page_size("m", 5))
        .with_page_size("n", 1)
        .with_rows_at("data.rows");
    let (rows, error) = walk(&mut items);
    assert_eq!((rows, error.is_none()), (vec![1], true));
    assert_eq!(targets(&server), ["/rows?p=1&n=1", "/rows?p=2&n=1"]);
    let pages = client
        .pages::<u64>("/rows")
        .with_pagination(Pagination::page_numbers("p"))
        .with_page_size("n", 2)
        .with_rows_at("data.rows");
    assert_eq!(pages.map(|page| page.unwrap().into_items()).collect::<Vec<_>>(), [vec![1], vec![]]);
}

#[test]
fn a_setting_that_changes_after_the_first_page_is_an_error_and_nothing_more_is_sent() {
    let server = serving(|seen| {
        let page: u64 = asked(seen, "page_number").unwrap().parse().unwrap();
        body(&json!({"items": [page, page + 100], "total_pages": 3}))
    });
    let client = server.client();
    let point = {
        let mut items = client.items::<u64>("/rows");
        items.nth(2);
        saved(items.resume_point())
    };
    let text = "the settings of a walk over pages cannot change after its first page was asked for";
    type Change<'c> = dyn Fn(unattended::Items<'c, u64>) -> unattended::Items<'c, u64> + 'c;
    let changes: [&Change<'_>; 4] = [
        &|items| items.with_pagination(Pagination::single()),
        &|items| items.with_page_size("n", 1),
        &|items| items.with_rows_at("data"),
        &|items| items.resume(&point),
    ];
    for change in changes {
        for taken in 1..=6 {
            let mut items = client.items::<u64>("/rows");
            let begun: Vec<u64> = items.by_ref().take(taken).map(Result::unwrap).collect();
            assert_eq!(begun.len(), taken);
            let before = server.api_requests().len();
            let (rest, error) = walk(&mut change(items));
            let error = error.expect("the setting came too late");
            assert_eq!(
                (error.to_string().as_str(), error.kind()),
                (text, ErrorKind::Configuration)
            );
            // The rows of the page that came are of the settings of before.
            assert!(rest.len() <= 1, "{rest:?}");
            assert_eq!(server.api_requests().len(), before);
        }
    }
    let mut pages = client.pages::<u64>("/rows");
    pages.next().unwrap().unwrap();
    let mut pages = pages.with_page_size("n", 7);
    assert_eq!(pages.next().unwrap().unwrap_err().to_string(), text);
    assert!(pages.next().is_none());
}
