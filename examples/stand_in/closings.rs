//! Snapdocs's closings and their documents, which stay; and troubles that can be armed.

use std::collections::HashMap;
use std::sync::Mutex;

use serde_json::{Value, json};

use super::tokens::{Issuer, Tokens};
use super::wire::{Answer, Call, Reply, form_decode};
use super::{CLOSINGS, FILES, reference};

/// The closings of one lender.
#[derive(Default)]
pub struct Closings {
    all: Mutex<Vec<Closing>>,
    troubles: Mutex<HashMap<String, Trouble>>,
}

/// What happens once to the next upload of a file, or to the next call of a path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It is refused for a second.
    Limited,
    /// It is refused: the server is overloaded.
    Overloaded,
    /// It is done, but a gateway answers in the server's place.
    AnswerLost,
}

struct Closing {
    uuid: String,
    fields: Value,
    is_submitted: bool,
    documents: Vec<Document>,
}

struct Document {
    uuid: String,
    filename: String,
    /// Whoever has it may read the document, without a token.
    signature: String,
    bytes: Vec<u8>,
}

impl Closings {
    pub fn eventful() -> Self {
        let closings = Self::default();
        closings.arm(AUDIT_TRAIL, Trouble::Overloaded);
        closings
    }

    pub fn arm(&self, what: &str, trouble: Trouble) {
        self.troubles.lock().unwrap().insert(what.to_owned(), trouble);
    }

    /// A closing without documents; its id.
    pub fn open(&self) -> String {
        let uuid = reference();
        let closing = Closing {
            uuid: uuid.clone(),
            fields: Value::Null,
            is_submitted: false,
            documents: Vec::new(),
        };
        self.all.lock().unwrap().push(closing);
        uuid
    }

    /// Names and contents of a closing's documents.
    pub fn documents(&self, uuid: &str) -> Vec<(String, Vec<u8>)> {
        let all = self.all.lock().unwrap();
        let closing = all.iter().find(|closing| closing.uuid == uuid).unwrap();
        let documents = closing.documents.iter();
        documents.map(|document| (document.filename.clone(), document.bytes.clone())).collect()
    }

    /// `files` is the address of the files, on another origin than the API.
    pub fn answer(&self, call: &Call, tokens: &Tokens, files: &str) -> Reply {
        tokens
            .admit(Issuer::Snapdocs, call)
            .map_err(|()| refuse(401, "Unauthorized", "The token is not valid."))?;
        let path = call.path.strip_prefix(CLOSINGS).unwrap_or_default();
        // A segment may hold an escaped slash, so it is decoded after the cut.
        let segments: Vec<String> = path
            .split('/')
            .skip(1)
            .map(|segment| form_decode(&segment.replace('+', "%2B")))
            .collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (call.method.as_str(), segments.as_slice()) {
            ("POST", []) => self.create(call),
            ("POST", [AUDIT_TRAIL]) => self.audit_trail(call),
            ("GET", [closing, "documents"]) => self.list(closing, files),
            ("POST", [closing, "documents"]) => self.upload(closing, call),
            ("PUT", [closing, "documents", "submit"]) => self.submit(closing, call),
            ("GET", [system, kind, value]) => self.look_up(system, kind, value),
            _ => Err(refuse(404, "Not Found", "There is no such endpoint.")),
        }
    }

    /// A file, for whoever has its signature; a token is not for this place.
    pub fn file(&self, call: &Call) -> Reply {
        if call.header("authorization").is_some() {
            return Err(refuse(400, "Bad Request", "Only one way to authenticate is allowed."));
        }
        let signature = call.query("signature").unwrap_or_default();
        let all = self.all.lock().unwrap();
        let mut documents = all.iter().flat_map(|closing| &closing.documents);
        let document = documents.find(|document| {
            call.path == format!("{FILES}{}", document.uuid) && document.signature == signature
        });
        let document = document.ok_or_else(|| refuse(403, "Forbidden", "The link is over."))?;
        Ok(Answer::bytes(200, "application/pdf", document.bytes.clone()))
    }

    /// What it cannot use of a closing comes back as `errors`, and the closing is there.
    fn create(&self, call: &Call) -> Reply {
        let fields: Value = json_body(call)?;
        let uuid = reference();
        let mut warnings = Vec::new();
        if fields.get("closing_date").is_none() {
            warnings.push(json!({
                "status": "422", "title": "Missing field", "detail": "closing_date is not set",
                "pointer": "/closing_date"
            }));
        }
        let url = format!("https://example.com/closings/{uuid}");
        let answer = json!({ "closing_uuid": uuid, "snapdocs_url": url, "errors": warnings });
        let closing = Closing { uuid, fields, is_submitted: false, documents: Vec::new() };
        self.all.lock().unwrap().push(closing);
        Ok(Answer::json(201, answer))
    }

    fn look_up(&self, system: &str, kind: &str, value: &str) -> Reply {
        let wanted = json!({
            "external_system": system, "external_type": kind, "external_value": value
        });
        let all = self.all.lock().unwrap();
        let closing = all.iter().find(|closing| {
            let identifiers = closing.fields["external_identifiers"].as_array();
            identifiers.is_some_and(|identifiers| identifiers.contains(&wanted))
        });
        let closing = closing.ok_or_else(unknown_closing)?;
        let status = if closing.is_submitted { "submitted" } else { "created" };
        Ok(Answer::json(200, json!({ "closing_uuid": closing.uuid, "status": status })))
    }

    fn upload(&self, closing: &str, call: &Call) -> Reply {
        if call.header("content-type") != Some("application/pdf") {
            return Err(refuse(415, "Unsupported Media Type", "A document is application/pdf."));
        }
        let filename = call.query("filename").filter(|name| !name.is_empty());
        let filename =
            filename.ok_or_else(|| refuse(422, "Invalid document", "filename is missing"))?;
        let trouble = self.troubles.lock().unwrap().remove(filename);
        if let Some(Trouble::Limited | Trouble::Overloaded) = trouble {
            return Err(busy(trouble));
        }
        if !call.body.starts_with(b"%PDF-") {
            return Err(refuse(422, "Invalid document", &format!("{filename} is not a PDF")));
        }
        let document = Document {
            uuid: reference(),
            filename: filename.to_owned(),
            signature: reference(),
            bytes: call.body.clone(),
        };
        self.with(closing, |closing| closing.documents.push(document))?;
        match trouble {
            Some(Trouble::AnswerLost) => Err(Answer::json(502, "<html>Bad Gateway</html>")),
            _ => Ok(Answer::bytes(201, "application/json", Vec::new())),
        }
    }

    fn list(&self, closing: &str, files: &str) -> Reply {
        let documents = self.with(closing, |closing| {
            let documents = closing.documents.iter().map(|document| {
                let Document { uuid, filename, signature, bytes } = document;
                json!({
                    "document_uuid": uuid, "document_type": "original_documents",
                    "filename": filename, "size": bytes.len(),
                    "url": format!("{files}{uuid}?signature={signature}")
                })
            });
            documents.collect::<Vec<_>>()
        })?;
        Ok(Answer::json(200, json!({ "documents": documents })))
    }

    fn submit(&self, closing: &str, call: &Call) -> Reply {
        if call.header("content-length") != Some("0") {
            return Err(refuse(411, "Length Required", "It takes no body, and says so."));
        }
        self.with(closing, |closing| {
            closing.is_submitted = true;
            match closing.documents.is_empty() {
                true => Err(refuse(422, "Invalid closing", "There is no document to submit.")),
                false => Ok(Answer::bytes(200, "application/json", Vec::new())),
            }
        })?
    }

    /// A read by POST: what happened on a date.
    fn audit_trail(&self, call: &Call) -> Reply {
        let query: Value = json_body(call)?;
        let trouble = self.troubles.lock().unwrap().remove(AUDIT_TRAIL);
        if trouble.is_some() {
            return Err(busy(trouble));
        }
        let date = query["date"].as_str();
        let date = date.ok_or_else(|| refuse(422, "Invalid query", "date is missing"))?;
        let mut events = Vec::new();
        for closing in self.all.lock().unwrap().iter() {
            let mut happened = |event: &str| {
                events.push(json!({
                    "closing_uuid": closing.uuid, "event": event, "created_at": date
                }));
            };
            happened("closing.created");
            closing.documents.iter().for_each(|_| happened("document.created"));
            if closing.is_submitted {
                happened("documents.submitted");
            }
        }
        Ok(Answer::json(200, json!({ "audit_trail": events })))
    }

    fn with<T>(&self, uuid: &str, act: impl FnOnce(&mut Closing) -> T) -> Result<T, Answer> {
        let mut all = self.all.lock().unwrap();
        let closing = all.iter_mut().find(|closing| closing.uuid == uuid);
        closing.map(act).ok_or_else(unknown_closing)
    }
}

fn json_body(call: &Call) -> Result<Value, Answer> {
    let is_json = call.header("content-type").is_some_and(|kind| kind == "application/json");
    let body = serde_json::from_slice(&call.body).ok().filter(|body: &Value| body.is_object());
    let body = body.filter(|_| is_json);
    body.ok_or_else(|| refuse(400, "Bad Request", "The body is not a JSON object."))
}

fn unknown_closing() -> Answer {
    refuse(404, "Not Found", "There is no such closing.")
}

fn busy(trouble: Option<Trouble>) -> Answer {
    match trouble {
        Some(Trouble::Limited) => {
            refuse(429, "Too Many Requests", "Later, please.").header("retry-after", 1)
        }
        _ => refuse(503, "Service Unavailable", "Later, please."),
    }
}

/// Snapdocs gives the status as text.
fn refuse(status: u16, title: &str, detail: &str) -> Answer {
    let error = json!({ "status": status.to_string(), "title": title, "detail": detail });
    Answer::json(status, json!({ "errors": [error] }))
}

/// The last segment of the path of that name.
pub const AUDIT_TRAIL: &str = "audit_trail";
