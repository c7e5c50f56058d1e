//! The pictures of the pages: what they show is what a run said, and rustdoc shows the same.
//! `docs/pictures/make` draws them.

use std::fs;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::support::*;

fn read(name: &str) -> String {
    fs::read_to_string(format!("{}/docs/pictures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Their names, and what they are.
fn pictures() -> Vec<(String, String)> {
    let folder = fs::read_dir(format!("{}/docs/pictures", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let names = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> =
        names.filter_map(|name| Some(name.strip_suffix(".svg")?.to_owned())).collect();
    names.sort_unstable();
    names.into_iter().map(|name| (name.clone(), read(&format!("{name}.svg")))).collect()
}

/// The words of a picture, without its marks.
fn words(picture: &str) -> String {
    let texts = picture.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text);
    let text = texts.collect::<Vec<_>>().join(" ").replace("&amp;", "&").replace("&gt;", ">");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a call says on its way, a line for each event: when, and what.
fn told(answers: impl IntoIterator<Item = Reply>) -> String {
    let server = Server::with_api(answers);
    let (client, clock) = on_manual_clock(server.client());
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let (log, time) = (lines.clone(), clock.clone());
    let client = client.with_observer(move |event| {
        log.lock().unwrap().push(format!("{}\t{event}", time.slept().as_secs()));
    });
    let end = match client.get("/orders/42") {
        Ok(answer) => answer.status().to_string(),
        Err(error) => error.to_string(),
    };
    let mut lines = lines.lock().unwrap();
    lines.push(format!("{}\t{end}", clock.slept().as_secs()));
    lines.join("\n").replace(&server.url("")["http://".len()..], "api.example.com")
}

#[test]
fn the_time_line_shows_what_two_calls_say() {
    let busy = || reply(429, "").header("Retry-After", "240");
    let answered = told([busy(), busy(), reply(200, "{}")]);
    let too_long = told([busy()]);
    assert_eq!(read("timeline.txt"), format!("{answered}\n\n{too_long}\n"));
}

#[test]
fn the_terminal_shows_the_rehearsal_with_its_waits_its_expiry_and_its_refused_token() {
    let (said, shown) = (read("rehearsal.txt"), words(&read("rehearsal.svg")));
    for line in [
        "waiting 1 s before attempt 2 of POST",
        "waiting 1 s before attempt 2 of GET",
        "token refused: GET",
        "token renewed from",
        "complete, 5870 rows of 5870 promised",
        "compared: the file holds the 5870 computers of the server, to the letter",
    ] {
        assert!(said.contains(line), "the run did not say: {line}");
        assert!(shown.contains(line), "the picture does not show: {line}");
    }
}

#[test]
fn the_picture_of_the_folders_has_the_words_of_the_page_on_the_design() {
    let page = fs::read_to_string(format!("{}/docs/design.md", env!("CARGO_MANIFEST_DIR")));
    let page = page.unwrap();
    let shown = words(&read("folders.svg"));
    for block in page.split("```text\n").skip(1).take(2) {
        for line in block.split("```").next().unwrap().lines() {
            for part in line.split("  ").filter(|part| part.contains(char::is_alphanumeric)) {
                let part = part.trim().trim_start_matches(['│', '└', '─', ' ']);
                assert!(shown.contains(part), "the picture does not show: {part}");
            }
        }
    }
}

#[test]
fn rustdoc_has_each_picture_of_the_pages_and_each_is_small() {
    let pictures = pictures();
    let inline: String = pictures
        .iter()
        .map(|(name, svg)| {
            format!("[{name}]: data:image/svg+xml;base64,{}\n", BASE64_STANDARD.encode(svg))
        })
        .collect();
    assert!(read("inline.md").trim() == inline.trim(), "run docs/pictures/make");
    for (name, svg) in &pictures {
        assert!(svg.len() < 60_000, "{name}: {} bytes", svg.len());
        assert!(svg.contains("<title"), "{name} has no title");
        assert!(svg.contains("prefers-color-scheme: dark"), "{name} is for light pages only");
    }
}
