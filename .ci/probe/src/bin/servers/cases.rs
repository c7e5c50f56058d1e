//! What a case is, and what several servers are asked alike.

use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use unattended::{Client, Credentials, Error, Event, Pagination, Provider, Request, Result};

#[derive(Default)]
pub struct Cases {
    pub failed: u32,
}

impl Cases {
    /// A row of the table, which should hold what is wanted.
    pub fn expect(&mut self, case: &str, wanted: &str, ask: impl FnOnce() -> Result<String>) {
        let answer = ask();
        let seen = match &answer {
            Ok(text) => text.clone(),
            Err(error) => short(error),
        };
        println!("| {case} | {seen} |");
        if seen != wanted {
            self.failed += 1;
            println!("FAILED, wanted: {wanted}");
        }
        if let Err(error) = answer {
            eprintln!("{case}:\n{error:?}\n");
        }
    }
}

/// Kind, status and the server's code: what a program decides by.
fn short(error: &Error) -> String {
    let mut text = format!("{:?}", error.kind());
    if let Some(response) = error.response() {
        text.push_str(&format!(", {}", response.status.as_u16()));
        text.extend(response.code.iter().map(|code| format!(" {code}")));
    }
    text
}

/// Those of this name in a file that the script or a server wrote.
pub fn credentials(file: &str, name: &str) -> Credentials {
    let text = fs::read_to_string(file).unwrap_or_default();
    let all: Value = serde_json::from_str(&text).unwrap_or_default();
    let member = |member: &str| all[name][member].as_str().unwrap_or_default().to_owned();
    Credentials::new(member("id"), member("secret"))
}

/// Id and secret with characters that Basic, forms and URLs treat in their own ways.
pub fn special() -> Credentials {
    credentials("clients.json", "special")
}

/// What a new token says of itself.
pub fn token(provider: &Provider, credentials: &Credentials) -> Result<String> {
    token_of(&Client::new(provider.clone(), credentials.clone())?)
}

pub fn token_of(client: &Client) -> Result<String> {
    let token = client.access_token()?;
    let life = token.lifetime().map(|life| format!("for {} s", life.as_secs()));
    let life = life.as_deref().unwrap_or("until it is refused");
    Ok(match token.scope() {
        Some(scope) => format!("a token {life}, scope {scope}"),
        None => format!("a token {life}"),
    })
}

/// Two calls, and what makes the token useless in between.
pub fn renewal(
    client: Client,
    path: &str,
    between: impl FnOnce(&Client) -> Result<()>,
) -> Result<String> {
    let (client, refused) = counting(client);
    client.get(path)?;
    between(&client)?;
    client.get(path)?;
    let refused = refused.load(Ordering::Relaxed);
    Ok(format!("{} tokens for 2 calls, {refused} refused", client.stats().tokens_fetched))
}

/// Counts the tokens that the API refuses.
pub fn counting(client: Client) -> (Client, Arc<AtomicU32>) {
    let refused = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&refused);
    let client = client.with_observer(move |event| {
        let is_refused = matches!(event, Event::TokenRefused { .. });
        counter.fetch_add(is_refused.into(), Ordering::Relaxed);
    });
    (client, refused)
}

/// A whole collection: how many rows, how many different ones, and why that is all of them.
pub fn export(
    client: &Client,
    request: impl Into<Request>,
    pagination: Pagination,
) -> Result<String> {
    let line = Arc::new(Mutex::new(String::new()));
    let found = Arc::clone(&line);
    let client = client.clone().with_observer(move |event| {
        if let (Event::WalkEnded { declare: Some(declare), .. }, Ok(mut line)) =
            (event, found.lock())
        {
            *line = format!("; declare `{declare}`");
        }
    });
    let mut rows = client.items::<Value>(request).with_pagination(pagination);
    let mut different = BTreeSet::new();
    for row in &mut rows {
        different.insert(row?.to_string());
    }
    let progress = rows.progress();
    let proof = progress.proof.map_or_else(|| "nothing".into(), |proof| proof.to_string());
    let line = line.lock().map_or_else(|_| String::new(), |line| line.clone());
    let (count, pages) = (progress.delivered, progress.page);
    let twice = count - different.len() as u64;
    let twice = if twice > 0 { format!(", {twice} of them twice") } else { String::new() };
    let waited = if client.stats().retries > 0 { ", after waits" } else { "" };
    let pages = if pages == 1 { "1 page".into() } else { format!("{pages} pages") };
    Ok(format!("{count} rows{twice}, {pages}, by {proof}{waited}{line}"))
}
