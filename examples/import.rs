//! Imports a file: a presigned upload to a storage at another origin, then a task that is
//! polled until it is over.
//!
//! Reads no variables: a stand-in server plays the API and the storage.

#[path = "stand_in/mod.rs"]
mod stand_in;

use std::time::Duration;

use serde_json::{Value, json};
use stand_in::{IMPORTS, StandIn, TASKS};
use unattended::{Client, Request, Response, Result};

fn main() -> Result<()> {
    let stand_in = StandIn::calm();
    let client = Client::new(stand_in.snow_atlas()?, stand_in.credentials())?;
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/stand_in/licenses.csv");

    let place: Value = client.post(IMPORTS, &json!({ "fileName": "licenses.csv" }))?.json()?;

    // The storage is another origin, which must not see the token; its URL is a secret. A PUT
    // may be repeated: the file is opened anew for each attempt.
    let put = Request::put(place["uploadUrl"].as_str().unwrap_or_default())
        .header("x-ms-blob-type", "BlockBlob") // Azure's, refused without
        .header("Content-Type", "text/csv")
        .file(file)
        .without_token();
    client.send(&put)?;

    // A POST is not repeated by itself once it may have arrived: no second import.
    let id = place["id"].as_str().unwrap_or_default();
    let started = client.send(Request::post(IMPORTS).segment(id).segment("complete"))?;
    println!("{}", finished(&client, started)?);
    Ok(())
}

/// The last answer of a task. How often it is asked is what the server wishes, or once in
/// five seconds; the end time of the client bounds it.
fn finished(client: &Client, started: Response) -> Result<Value> {
    let task: Value = started.json()?;
    let task = Request::get(TASKS).segment(task["taskId"].as_str().unwrap_or_default());
    let mut answer = started;
    loop {
        let state: Value = answer.json()?;
        let words = ["Queued", "Running", "Pending"];
        if !words.iter().any(|word| state["status"] == *word) {
            return Ok(state); // "Failed" comes with a 200, so look at the words
        }
        // A server that always says "at once" would be asked without a pause.
        let asked = answer.retry_after().filter(|wait| !wait.is_zero());
        client.sleep(asked.unwrap_or(Duration::from_secs(5)));
        answer = client.send(&task)?;
    }
}
