//! Uploads documents, and not again what is there: a POST whose answer is lost may have
//! arrived, so the next run looks before it sends.
//!
//! Reads no variables: a stand-in server plays Snapdocs.

#[path = "stand_in/mod.rs"]
mod stand_in;

use std::path::Path;
use std::{env, fs};

use serde_json::Value;
use stand_in::{DOCUMENTS, StandIn};
use unattended::error::Delivery;
use unattended::{Client, Pagination, Request, Result};

fn main() -> Result<()> {
    // Yours: Provider::snapdocs() and Credentials::from_env("SNAPDOCS")?
    let stand_in = StandIn::calm();
    let client = Client::new(stand_in.snapdocs_demo()?, stand_in.credentials())?;
    let file = env::temp_dir().join("unattended-deed.pdf");
    fs::write(&file, "%PDF-1.7 of an example").expect("the folder for temporary files is there");
    for _ in 0..2 {
        upload(&client, "deed of trust.pdf", &file)?;
    }
    Ok(())
}

/// The file as it is, its name in the query, in constant memory.
fn upload(client: &Client, name: &str, file: &Path) -> Result<()> {
    if names(client)?.iter().any(|there| there == name) {
        println!("{name} is there already");
        return Ok(());
    }
    let post = Request::post(DOCUMENTS)
        .query("filename", name)
        .header("Content-Type", "application/pdf")
        .file(file);
    match client.send(&post) {
        Ok(_) => println!("{name} is uploaded"),
        Err(error) if error.delivery() == Delivery::Unknown => {
            eprintln!("{name} may have arrived: {error}; the next run looks for it");
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

/// They come in one answer, without pages.
fn names(client: &Client) -> Result<Vec<String>> {
    let list = client.items::<Value>(DOCUMENTS).with_pagination(Pagination::single());
    list.with_rows_at("documents")
        .map(|document| Ok(document?["filename"].as_str().unwrap_or_default().to_owned()))
        .collect()
}
