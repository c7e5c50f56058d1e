//! The steps, in their order.

use serde_json::Value;
use unattended::{Client, Request};

use crate::arguments::Arguments;
use crate::create::create;
use crate::download;
use crate::snapdocs::{self, CLOSINGS, CONFIGURATION, Failure};
use crate::stand_in::SUBSCRIPTIONS;

pub fn close(client: &Client, arguments: &Arguments) -> Result<(), Failure> {
    create(client, &arguments.closing)?;
    let [system, kind, value] = &arguments.identifier;
    let lookup = Request::get(CLOSINGS).segment(system).segment(kind).segment(value);
    let found: Value = client.send(&lookup)?.json()?;
    let Some(uuid) = found["closing_uuid"].as_str() else {
        return Err(Failure::new(CONFIGURATION, format!("no closing_uuid in {found}")));
    };
    println!("found by {system} / {kind} / {value}");

    let name = &arguments.filename;
    let status = client.send(&snapdocs::upload(uuid, name, &arguments.document))?.status();
    println!("uploaded {name}: {status}");
    let submit = Request::put(CLOSINGS).segment(uuid).segment("documents").segment("submit");
    println!("submitted: {}", client.send(&submit)?.status());

    let documents = snapdocs::documents(client, uuid)?;
    println!("documents: {}", documents.len());
    for document in documents.iter().filter(|document| document.name == *name) {
        let length = download::to_file(client, &document.request()?, &arguments.target)?;
        println!("downloaded {name}: {length} bytes in {}", arguments.target.display());
    }

    for page in client.pages::<Value>(SUBSCRIPTIONS) {
        let page = page?;
        println!("subscriptions, page {}: {}", page.number(), page.items().len());
    }

    // It changes nothing, so it may be sent again after a 503 or a broken connection.
    let audit_trail = Request::post(CLOSINGS).segment("audit_trail").json(&arguments.audit_query);
    let audit_trail: Value = client.send(&audit_trail.safe_to_repeat())?.json()?;
    println!("audit trail: {audit_trail}");
    Ok(())
}
