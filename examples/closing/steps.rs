//! The steps, in their order.

use serde_json::Value;
use unattended::{Client, Request};

use crate::arguments::Arguments;
use crate::create::create;
use crate::download;
use crate::snapdocs::{self, CANNOT_WRITE, CLOSINGS, CONFIGURATION, Document, Failure, INCOMPLETE};
use crate::stand_in::SUBSCRIPTIONS;
use crate::tell::{self, say};

pub fn close(client: &Client, arguments: &Arguments) -> Result<(), Failure> {
    create(client, &arguments.closing)?;
    let [system, kind, value] = &arguments.identifier;
    let lookup = Request::get(CLOSINGS).segment(system).segment(kind).segment(value);
    let found: Value = client.send(&lookup)?.json()?;
    let Some(uuid) = found["closing_uuid"].as_str() else {
        return Err(Failure::new(CONFIGURATION, format!("no closing_uuid in {found}")));
    };
    say(format_args!("found by {system} / {kind} / {value}"));

    let name = &arguments.filename;
    let status = client.send(snapdocs::upload(uuid, name, &arguments.document))?.status();
    say(format_args!("uploaded {name}: {status}"));
    let submit = Request::put(CLOSINGS).segment(uuid).segment("documents").segment("submit");
    say(format_args!("submitted: {}", client.send(&submit)?.status()));

    let documents = snapdocs::documents(client, uuid)?;
    say(format_args!("documents: {}", documents.len()));
    let (document, target) = (only(&documents, name)?, &arguments.target);
    let length = download::to_file(client, &document.request()?, target)?;
    say(format_args!("downloaded {name}: {length} bytes in {}", target.display()));

    for page in client.pages::<Value>(SUBSCRIPTIONS) {
        let page = page?;
        say(format_args!("subscriptions, page {}: {}", page.number(), page.items().len()));
    }

    // It changes nothing, so it may be sent again after a 503 or a broken connection.
    let audit_trail = Request::post(CLOSINGS).segment("audit_trail").json(&arguments.audit_query);
    let audit_trail: Value = client.send(audit_trail.safe_to_repeat())?.json()?;
    tell::result(format_args!("audit trail: {audit_trail}")).map_err(|error| {
        let text = format!("all is done, but the audit trail cannot be written: {error}");
        Failure::new(CANNOT_WRITE, text)
    })
}

/// The document of that name, if there is one and no more.
fn only<'d>(documents: &'d [Document], name: &str) -> Result<&'d Document, Failure> {
    let named: Vec<_> = documents.iter().filter(|document| document.name == name).collect();
    let text = match named[..] {
        [document] => return Ok(document),
        [] => format!("{name} is not among the {} documents of the closing", documents.len()),
        _ => format!(
            "the closing has {} documents called {name}: which of them was uploaded now cannot be told",
            named.len()
        ),
    };
    Err(Failure::new(INCOMPLETE, text))
}
