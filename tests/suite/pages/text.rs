//! How a way to page is written: in one word, and as Rust code.

use unattended::Pagination;
use unattended::error::ErrorKind;

/// Each strategy, as `to_string` and as `{:?}` have it.
fn strategies() -> Vec<(Pagination, &'static str, &'static str)> {
    vec![
        (Pagination::detect(), "detect", "Pagination::detect()"),
        (Pagination::link_header(), "links", "Pagination::link_header()"),
        (Pagination::next_link("next"), "next:next", r#"Pagination::next_link("next")"#),
        (
            Pagination::next_link("/a~1b/c.d"),
            "next:/a~1b/c.d",
            r#"Pagination::next_link("/a~1b/c.d")"#,
        ),
        (
            Pagination::next_link("header:Next-Page"),
            "next:header:Next-Page",
            r#"Pagination::next_link("header:Next-Page")"#,
        ),
        (Pagination::page_numbers("page"), "pages:page", r#"Pagination::page_numbers("page")"#),
        (
            Pagination::page_numbers("page[number]"),
            "pages:page[number]",
            r#"Pagination::page_numbers("page[number]")"#,
        ),
        (Pagination::offset("$skip"), "offset:$skip", r#"Pagination::offset("$skip")"#),
        (
            Pagination::cursor("after", "paging.next.after"),
            "cursor:after=paging.next.after",
            r#"Pagination::cursor("after", "paging.next.after")"#,
        ),
        (
            Pagination::cursor("page", "header:opc-next-page"),
            "cursor:page=header:opc-next-page",
            r#"Pagination::cursor("page", "header:opc-next-page")"#,
        ),
        (
            Pagination::after_row("after", "meta.id"),
            "after-row:after=meta.id",
            r#"Pagination::after_row("after", "meta.id")"#,
        ),
        (Pagination::single(), "single", "Pagination::single()"),
    ]
}

#[test]
fn every_strategy_is_written_in_one_word_and_read_again() {
    for (paging, word, code) in strategies() {
        assert_eq!(paging.to_string(), word);
        assert_eq!(format!("{paging:?}"), code);
        assert_eq!(word.parse::<Pagination>().unwrap(), paging);
        // Other settings are no part of the word, and part of the code.
        let more = paging
            .clone()
            .with_page_size("limit", 100)
            .with_rows_at("data.items")
            .starting_at(0)
            .rows_may_be_absent()
            .in_body()
            .until_empty()
            .stepping_by_size()
            .keeping_query()
            .link_query_only()
            .end_status(404)
            .end_status(410)
            .ignoring("meta.total")
            .ignoring("header:x-total");
        assert_eq!(more.to_string(), word);
        assert_ne!(more, paging);
        let settings = r#".with_page_size("limit", 100).with_rows_at("data.items").starting_at(0).rows_may_be_absent().in_body().until_empty().stepping_by_size().keeping_query().link_query_only().end_status(404).end_status(410).ignoring("meta.total").ignoring("header:x-total")"#;
        assert_eq!(format!("{more:?}"), format!("{code}{settings}"));
    }
}

#[test]
fn what_is_no_way_to_page_is_refused_with_the_forms() {
    let forms = "detect, links, next:PATH, pages:PARAMETER, offset:PARAMETER, cursor:PARAMETER=PATH, cursor:PARAMETER=header:NAME, after-row:PARAMETER=FIELD, single";
    for text in [
        "",
        "x",
        "pages",
        "pages:",
        "next:",
        "offset:",
        "cursor",
        "cursor:after",
        "after-row:id",
        "links:x",
        "detect:x",
        "single:x",
        "Pages:page",
        " links",
        "page_numbers:page",
    ] {
        let error = text.parse::<Pagination>().unwrap_err();
        assert_eq!(error.to_string(), format!("{text:?} is no way to page: it is one of {forms}"));
        assert_eq!(error.kind(), ErrorKind::Configuration);
    }
    for (text, why) in [
        ("cursor:=a", "the name of the parameter is empty"),
        ("cursor:a=", "\"\": a path to a member has no empty name in it"),
        ("cursor:a=b..c", "\"b..c\": a path to a member has no empty name in it"),
        ("cursor:a=header:", "\"\" is not a header name"),
        ("cursor:a=header:b c", "\"b c\" is not a header name"),
        ("next:header:b c", "\"b c\" is not a header name"),
        ("next:a.", "\"a.\": a path to a member has no empty name in it"),
        ("after-row:=id", "the name of the parameter is empty"),
        ("after-row:a=", "\"\": a path to a member has no empty name in it"),
        (
            "pages:offset",
            "Pagination::page_numbers(\"offset\"): a parameter of this name counts rows and not pages: declare Pagination::offset(\"offset\")",
        ),
    ] {
        let error = text.parse::<Pagination>().unwrap_err();
        assert_eq!(error.to_string(), format!("{text:?}: {why}"));
    }
}

#[test]
fn a_value_with_an_equals_sign_belongs_to_the_path() {
    let paging: Pagination = "cursor:after=a=b".parse().unwrap();
    assert_eq!(paging, Pagination::cursor("after", "a=b"));
}
