//! The import: ask for a place, put the file there, say so, wait for the end.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};
use unattended::{Client, Clock, Request};

use super::outcome::Trouble;
use super::poll::{Patience, poll};
use super::tell;

// Assumed: the vendor publishes no paths and field names for this. Set them to those of
// your import's own specification.
pub const IMPORTS: &str = "/api/sam/v1/imports";
pub const TASKS: &str = "/api/sam/v1/tasks";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Upload {
    id: String,
    /// Whoever has it may write there: its query is a signature, and a secret.
    upload_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Started {
    task_id: String,
}

pub fn import(
    client: &Client,
    clock: &impl Clock,
    file: &Path,
    patience: &Patience,
) -> Result<Value, Trouble> {
    // First: an import that gets no file would stay.
    check(file).map_err(|error| Trouble::Input(file.display().to_string(), error))?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let upload: Upload = client.post(IMPORTS, &json!({ "fileName": name }))?.json()?;

    // The storage is another origin, which must not see the token. A PUT may be repeated:
    // the file is opened anew for each attempt.
    let put = Request::put(upload.upload_url)
        .header("x-ms-blob-type", "BlockBlob") // Azure's, refused without
        .header("Content-Type", "text/csv")
        .file(file)
        .without_token();
    client.send(&put)?;

    // A POST is not repeated by itself once it may have arrived: no second import.
    let said = Request::post(IMPORTS).segment(upload.id).segment("complete");
    let started = client.send(&said)?;
    let task = started.json::<Started>()?.task_id;
    tell::err(format_args!("import: {name} is uploaded, task {task} has begun"));
    poll(client, clock, started, &Request::get(TASKS).segment(task), patience)
}

/// A pipe could be read once, and opening it could block.
fn check(file: &Path) -> io::Result<()> {
    match fs::metadata(file)?.is_file() {
        true => File::open(file).map(drop),
        false => Err(io::Error::other("it is not a regular file")),
    }
}
