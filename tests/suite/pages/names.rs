//! The names by which answers speak of their pages: each is read, wherever it may stand.

use serde_json::{Value, json};
use unattended::Pagination;

use super::{Stage, body};

/// The next page itself.
const NEXT: &[&str] = &[
    "next",
    "__next",
    "nextLink",
    "next_link",
    "@odata.nextLink",
    "odata.nextLink",
    "next_url",
    "nextUrl",
    "next_uri",
    "nextUri",
    "next_href",
    "next_page",
    "nextPage",
    "next_page_url",
    "nextPageUrl",
    "next_page_uri",
    "nextPageLink",
    "NextPageLink",
    "nextRecordsUrl",
    "$nextLink",
    "@nextLink",
];
/// What asks for it.
const CURSOR: &[&str] = &[
    "next_cursor",
    "nextCursor",
    "next_page_token",
    "nextPageToken",
    "next_token",
    "nextToken",
    "NextToken",
    "next_key",
    "nextKey",
    "nextPageKey",
    "next_marker",
    "nextMarker",
    "NextMarker",
    "continuation_token",
    "continuationToken",
    "ContinuationToken",
    "continue",
];
/// Whether there is more.
const MORE: &[&str] = &[
    "has_more",
    "hasMore",
    "HasMore",
    "hasMoreItems",
    "has_next",
    "hasNext",
    "HasNext",
    "has_next_page",
    "hasNextPage",
    "HasNextPage",
    "has_more_pages",
    "hasMorePages",
    "hasMoreResults",
    "has_more_results",
    "more_records",
    "has_more_page",
    "is_truncated",
    "isTruncated",
    "IsTruncated",
    "more",
    "has_more_data",
    "hasMoreRecords",
    "hasNextResults",
    "isMore",
    "moreResults",
    "more_items",
    "moreData",
    "morePages",
    "moreAvailable",
    "moreResultsAvailable",
    "nextPageAvailable",
    "hasMoreRows",
    "exceededTransferLimit",
];
/// Whether it is the last.
const LAST: &[&str] = &[
    "last",
    "is_last",
    "isLast",
    "is_last_page",
    "isLastPage",
    "lastPage",
    "last_page",
    "done",
    "end_of_stream",
    "endOfStream",
    "is_done",
    "endOfResults",
    "is_end",
    "endOfRecords",
];
/// What stands on the last page alone.
const DELTA: &[&str] = &["@odata.deltaLink", "nextSyncToken", "deltaLink"];
const TOTAL: &[&str] = &[
    "total",
    "total_items",
    "totalItems",
    "total_count",
    "totalCount",
    "TotalCount",
    "total_results",
    "totalResults",
    "total_records",
    "totalRecords",
    "totalElements",
    "totalSize",
    "total_size",
    "totalHits",
    "total_entries",
    "@odata.count",
    "total_rows",
    "totalObjects",
    "totalNumber",
    "pagination_total",
    "totalRecordCount",
];
const PAGE_COUNT: &[&str] = &[
    "total_pages",
    "totalPages",
    "TotalPages",
    "page_count",
    "pageCount",
    "pages",
    "num_pages",
    "numPages",
    "numberOfPages",
    "last_page_number",
    "totalPageCount",
    "pagination_pages",
    "nbPages",
];
const PAGE_NUMBER: &[&str] = &[
    "page_number",
    "pageNumber",
    "PageNumber",
    "current_page",
    "currentPage",
    "page",
    "number",
    "pageNo",
];
const PAGE_SIZE: &[&str] = &[
    "page_size",
    "pageSize",
    "PageSize",
    "per_page",
    "perPage",
    "size",
    "limit",
    "maxResults",
    "itemsPerPage",
];
const OFFSET: &[&str] = &["offset", "startAt", "startIndex", "start", "skip"];
const FIRST: &[&str] =
    &["first", "is_first", "isFirst", "is_first_page", "isFirstPage", "first_page"];
const COUNT: &[&str] =
    &["count", "resultCount", "itemCount", "recordCount", "row_count", "numFound", "recordsTotal"];
/// Names that raise an alarm and prove nothing.
const BROAD: &[&str] = &[
    "Next",
    "NEXT_PAGE",
    "next-page",
    "nextpage_url",
    "next.page.url",
    "nextResultsUrl",
    "next_results",
    "nextIterator",
    "Next-Range",
    "nextStartIndex",
    "nextPageHref",
    "nextPageUri",
    "nextPath",
    "nextPageNumber",
    "nextOffset",
    "next_start",
    "nextIndex",
    "next_skip",
    "next_id",
    "nextPageId",
    "next_query",
    "nextPageCursor",
    "next_starting_after",
    "nextAnchor",
    "nextBookmark",
    "nextContinuationToken",
    "nextPageState",
    "pageToken",
    "pagination_token",
    "pagingToken",
    "paging_key",
    "scroll_id",
    "scrollId",
    "resumptionToken",
    "LastEvaluatedKey",
    "continuation",
    "Continuation-Key",
];
/// Words that raise an alarm, with what they say then: they tell of much else.
const ALARM_ONLY: &[(&str, bool)] = &[
    ("complete", false),
    ("is_complete", false),
    ("isComplete", false),
    ("finished", false),
    ("truncated", true),
    ("incomplete", true),
    ("incomplete_results", true),
    ("is_incomplete", true),
    ("partial", true),
    ("isPartial", true),
    ("partial_results", true),
    ("remainingItemCount", true),
];
/// Cursors that stand on the last page as well: advice, and no alarm.
const HINTS: &[&str] =
    &["endCursor", "after_cursor", "cursor", "after", "marker", "bookmark", "starting_after"];

/// `members` at the top of the answer, or inside what stands around its rows.
fn everywhere(members: &Value) -> Vec<Value> {
    let within = CONTAINERS.iter().map(|name| json!({ *name: members }));
    [members.clone()].into_iter().chain(within).collect()
}

/// The first name of a list everywhere, the others where they usually are.
fn placed(at: usize, members: &Value) -> Vec<Value> {
    match at {
        0 => everywhere(members),
        at if at % 2 == 0 => vec![members.clone()],
        _ => vec![json!({ "pagination": members })],
    }
}

/// What a walk makes of an answer with these words beside the rows 1 and 2.
fn read(stage: &Stage, words: &Value, paging: &Pagination) -> super::Outcome {
    let mut page = words.clone();
    page["items"] = json!([1, 2]);
    let outcome = stage.walk(&[body(&page), body(&json!({"items": []}))], paging);
    assert!(outcome.rows == [1, 2] || outcome.rows.is_empty(), "{words} {outcome:?}");
    outcome
}

#[track_caller]
fn alarms(stage: &Stage, words: &Value, path: &str) {
    for paging in [Pagination::single(), Pagination::link_header()] {
        let outcome = read(stage, words, &paging);
        let error = outcome.error.unwrap_or_else(|| panic!("{words}: no alarm"));
        assert!(error.contains(path) || error.contains("than promised"), "{words}: {error}");
    }
}

#[track_caller]
fn ends(stage: &Stage, words: &Value, name: &str) {
    let outcome = read(stage, words, &Pagination::detect());
    let proof = outcome.proof.unwrap_or_else(|| panic!("{words}: {:?}", outcome.error));
    assert!(proof.starts_with("the word of the server in ") && proof.ends_with(name), "{proof}");
}

#[test]
fn every_name_of_a_page_that_follows_raises_an_alarm_and_ends_a_walk_where_it_says_so() {
    let stage = Stage::new();
    let cases = [
        (NEXT, json!("b"), json!(null)),
        (CURSOR, json!("b"), json!("")),
        (MORE, json!(true), json!(false)),
        (LAST, json!(false), json!(true)),
    ];
    for (names, more, end) in cases {
        for (at, name) in names.iter().enumerate() {
            // A word that means much else counts beside another one about pages.
            for words in placed(at, &json!({ *name: more, "page_size": 9 })) {
                alarms(&stage, &words, name);
            }
            for words in placed(at, &json!({ *name: end, "page_size": 9 })) {
                ends(&stage, &words, name);
            }
        }
    }
    for name in DELTA {
        ends(&stage, &json!({ *name: "https://example.com/delta?token=x" }), name);
    }
}

#[test]
fn every_name_of_the_broad_list_raises_an_alarm_and_proves_nothing() {
    let stage = Stage::new();
    for name in BROAD {
        for words in
            [json!({ *name: "b" }), json!({"other": { *name: "b" }}), json!({"meta": { *name: 7 }})]
        {
            alarms(&stage, &words, name);
        }
    }
    for (name, value) in ALARM_ONLY {
        alarms(&stage, &json!({ *name: value }), name);
        let outcome = read(&stage, &json!({ *name: !value }), &Pagination::detect());
        assert!(outcome.proof.is_none(), "{name}");
    }
    // In an object that may hold anything no word proves anything.
    for name in NEXT.iter().chain(CURSOR) {
        alarms(&stage, &json!({"other": { *name: "b" }}), name);
        let outcome = read(&stage, &json!({"other": { *name: null }}), &Pagination::detect());
        assert!(outcome.proof.is_none(), "{name}");
    }
    for name in MORE {
        alarms(&stage, &json!({"job": { *name: true }}), name);
    }
    for name in LAST {
        let outcome = read(&stage, &json!({"job": { *name: true }}), &Pagination::detect());
        assert!(outcome.proof.is_none(), "{name}");
    }
}

#[test]
fn every_name_of_a_number_is_read() {
    let stage = Stage::new();
    let single = Pagination::single();
    for (at, name) in TOTAL.iter().enumerate() {
        for words in placed(at, &json!({ *name: 3, "page_size": 9 })) {
            let error = read(&stage, &words, &single).error;
            assert_eq!(
                error.as_deref(),
                Some("page 1: fewer rows were delivered than promised"),
                "{words}"
            );
        }
    }
    for (at, name) in PAGE_COUNT.iter().enumerate() {
        for words in placed(at, &json!({ *name: 2, "page_size": 9 })) {
            let error = read(&stage, &words, &single).error.unwrap_or_default();
            assert!(
                error.starts_with("page 1: the answer counts 2 pages: declare "),
                "{words}: {error}"
            );
        }
    }
    for name in COUNT {
        let error = read(&stage, &json!({ *name: 3 }), &single).error.unwrap_or_default();
        let expected = format!("the answer has {name} = 3, which is more than came");
        assert!(error.contains(&expected), "{error}");
        // Fewer is the count of something else.
        assert_eq!(read(&stage, &json!({ *name: 1 }), &single).error, None);
    }
    for (names, paging, what) in [
        (
            PAGE_NUMBER,
            Pagination::page_numbers("p"),
            "page 1 was asked for and the answer says that it is page 7",
        ),
        (
            OFFSET,
            Pagination::offset("o"),
            "offset 0 was asked for and the answer says that it is offset 7",
        ),
    ] {
        for (at, name) in names.iter().enumerate() {
            for words in placed(at, &json!({ *name: 7, "page_size": 9 })) {
                let error = read(&stage, &words, &paging).error.unwrap_or_default();
                assert!(error.contains(what), "{words}: {error}");
            }
        }
    }
    let numbers = Pagination::page_numbers("p");
    for name in FIRST {
        let error = read(&stage, &json!({ *name: false }), &numbers).error.unwrap_or_default();
        assert!(error.contains("the answer says that it is not the first"), "{name}: {error}");
    }
    // A page that is not full needs no confirmation of its total.
    for name in PAGE_SIZE {
        for (size, requests) in [(9, 1), (2, 2)] {
            let outcome = read(&stage, &json!({ *name: size, "total": 2 }), &numbers);
            assert_eq!((outcome.error, outcome.requests), (None, requests), "{name}");
        }
    }
}

#[test]
fn what_repeats_a_request_or_tells_of_something_else_proves_no_end() {
    let stage = Stage::new();
    for words in
        [json!({"pageToken": ""}), json!({"page_token": null}), json!({"pagination_token": ""})]
    {
        let outcome = read(&stage, &words, &Pagination::detect());
        let error = outcome.error.unwrap_or_else(|| panic!("{words}"));
        assert!(error.contains("nothing in the answer shows"), "{words}: {error}");
    }
}

const CONTAINERS: [&str; 13] = [
    "pagination",
    "_pagination",
    "paging",
    "page",
    "pages",
    "page_info",
    "pageInfo",
    "meta",
    "_meta",
    "metadata",
    "response_metadata",
    "result_info",
    "page_context",
];

/// A name as it is compared.
fn plain(name: &str) -> String {
    name.replace(['_', '-', '@', '$', '.', ' '], "").to_ascii_lowercase()
}

#[test]
fn every_name_that_is_read_is_tested() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = std::fs::read_to_string(root.join("src/pages/words.rs")).unwrap();
    let quoted = |function: &str, end: &str| -> Vec<String> {
        let text = source.split(&format!("fn {function}(")).nth(1).unwrap();
        let text = text.split(end).next().unwrap();
        text.split('"').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let steps = ["of_step", "of_number"].map(|function| quoted(function, "_ => return None"));
    let next = quoted("of_next", "_ => return None");
    let next = next.iter().map(|rest| format!("next{rest}"));
    let names: Vec<String> = next.chain(steps.concat()).collect();
    assert!(names.len() > 100, "the names were not understood: {names:?}");
    let lists = [
        NEXT,
        CURSOR,
        MORE,
        LAST,
        DELTA,
        TOTAL,
        PAGE_COUNT,
        PAGE_NUMBER,
        PAGE_SIZE,
        OFFSET,
        FIRST,
        COUNT,
        BROAD,
        HINTS,
    ];
    let alarms = ALARM_ONLY.iter().map(|(name, _)| *name);
    let tested: Vec<String> = lists.concat().into_iter().chain(alarms).map(plain).collect();
    let missing: Vec<_> = names.iter().filter(|name| !tested.contains(name)).collect();
    assert!(missing.is_empty(), "not tested: {missing:?}");
}
