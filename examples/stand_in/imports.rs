//! The jobs of Snow Atlas that are more than reading pages: an import by way of a storage
//! at another origin, patches, filtered reads, files behind a redirect. And the API behind
//! Amazon Cognito, whose reads are POSTs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use httpmock::{HttpMockRequest, HttpMockResponse, MockServer};
use serde_json::{Value, json};

use super::CASES_SEARCH;
use super::wire::{Answer, Call, Reply};

/// Below it another API than Snow Atlas's is served.
pub const CASES: &str = "/cases/";

pub struct Imports {
    storage: MockServer,
    blobs: Blobs,
    state: Mutex<State>,
}

type Blobs = Arc<Mutex<HashMap<String, Vec<u8>>>>;

struct State {
    imports: usize,
    tasks: HashMap<String, Task>,
    user: Value,
    license: Value,
    /// The answers that will be lost on the way, by what they answer.
    to_lose: Vec<&'static str>,
}

/// A task: asked too early it refuses, asked often enough it is over.
struct Task {
    asked: usize,
    not_before: Instant,
    result: Value,
}

impl Imports {
    pub fn start() -> Self {
        let blobs = Blobs::default();
        let state = State {
            imports: 0,
            tasks: HashMap::new(),
            user: json!({ "id": "u-1", "displayName": "Zoë O'Brien", "isInReview": false }),
            license: json!({ "id": "l-1", "name": "Visio", "tags": ["core"] }),
            to_lose: vec!["user", "license", "cases"],
        };
        Self { storage: storage(blobs.clone()), blobs, state: Mutex::new(state) }
    }

    /// `None` for what is not served here. The token was looked at before.
    pub fn snow_atlas(&self, call: &Call) -> Option<Reply> {
        let (folder, name) = call.path.rsplit_once('/')?;
        let reply = match (call.method.as_str(), folder) {
            ("POST", "/api/sam/v1") if name == "imports" => self.begin(call),
            ("POST", _) if name == "complete" => self.complete(folder.strip_prefix(IMPORTS)?),
            ("GET", TASKS) => self.task(name),
            ("GET", FILES) => Ok(Answer::json(302, "").header("location", self.presigned(name))),
            ("GET", USERS) if name == "kpi" => kpi(call),
            ("PATCH", USERS) => self.merge(call),
            ("GET", _) if call.path == USERS => self.users(call),
            ("GET", LICENSES) => Ok(Answer::json(200, &self.state().license)),
            ("PATCH", LICENSES) => self.patch(call),
            ("DELETE", _) if call.path == TAGS => self.untag(call),
            _ => return None,
        };
        Some(reply)
    }

    /// The API behind Cognito, which answers a wrong path with 401.
    pub fn cases(&self, call: &Call) -> Reply {
        let refuse = |status, code: &str, message: &str| {
            Err(Answer::json(status, json!({ "code": code, "message": message })))
        };
        if (call.method.as_str(), call.path.as_str()) != ("POST", CASES_SEARCH) {
            return refuse(401, "Unauthorized", "Unauthorized");
        }
        if self.state().loses("cases") {
            return refuse(503, "ServiceUnavailable", "try again");
        }
        match json_of(call)["open"] {
            Value::Bool(open) => Ok(Answer::json(200, json!({ "open": open, "count": 3 }))),
            _ => refuse(400, "ValidationException", "open must be true or false"),
        }
    }

    fn begin(&self, call: &Call) -> Reply {
        if !json_of(call)["fileName"].is_string() {
            return refuse(400, "fileName is missing.");
        }
        let mut state = self.state();
        state.imports += 1;
        let id = format!("i-{}", state.imports);
        let upload = json!({ "id": id, "uploadUrl": self.presigned(&id) });
        Ok(Answer::json(201, upload))
    }

    fn complete(&self, id: &str) -> Reply {
        let id = id.trim_start_matches('/');
        let Some(content) = self.blobs.lock().unwrap().remove(id) else {
            return refuse(409, "The file has not been uploaded.");
        };
        let task = format!("t-{id}");
        let result = import(&String::from_utf8_lossy(&content));
        let begun = Task { asked: 0, not_before: Instant::now() + SECOND, result };
        self.state().tasks.insert(task.clone(), begun);
        let answer = json!({ "taskId": task, "status": "Queued" });
        Ok(Answer::json(202, answer).header("retry-after", 1))
    }

    fn task(&self, id: &str) -> Reply {
        let mut state = self.state();
        let Some(task) = state.tasks.get_mut(id) else {
            return refuse(404, "There is no such task.");
        };
        if Instant::now() < task.not_before {
            return refuse(429, "Too many requests.")
                .map_err(|answer| answer.header("retry-after", 1));
        }
        task.asked += 1;
        match task.asked {
            1 => Ok(Answer::json(202, "")),
            _ => Ok(Answer::json(200, &task.result)),
        }
    }

    fn users(&self, call: &Call) -> Reply {
        // As the vendor's grammar: an operator, then a string in single quotes.
        let asked = call.query("filter").and_then(|filter| {
            let value = filter.strip_prefix("displayName -contains '")?.strip_suffix('\'')?;
            unescaped(value)
        });
        let Some(asked) = asked else {
            return refuse(400, "The filter cannot be read.");
        };
        let user = self.state().user.clone();
        let is_meant = user["displayName"].as_str().is_some_and(|name| name.contains(&asked));
        let items = if is_meant { vec![user] } else { Vec::new() };
        let pagination = json!({ "page_number": 1, "page_size": 500, "total_items": items.len() });
        Ok(Answer::json(200, json!({ "items": items, "pagination": pagination })))
    }

    /// RFC 7396, as far as flat objects go.
    fn merge(&self, call: &Call) -> Reply {
        demand(call, "application/merge-patch+json")?;
        let mut state = self.state();
        if let Value::Object(fields) = json_of(call) {
            for (name, value) in fields {
                state.user[name] = value;
            }
        }
        match state.loses("user") {
            true => refuse(503, "The answer was lost.")
                .map_err(|answer| answer.header("retry-after", 1)),
            false => Ok(Answer::json(200, &state.user)),
        }
    }

    /// RFC 6902, as far as adding to the end of an array goes.
    fn patch(&self, call: &Call) -> Reply {
        demand(call, "application/json-patch+json")?;
        let mut state = self.state();
        let operations = json_of(call).as_array().cloned().unwrap_or_default();
        for operation in operations {
            if (&operation["op"], &operation["path"]) != (&json!("add"), &json!("/tags/-")) {
                return refuse(400, "This operation is not served here.");
            }
            if let Some(tags) = state.license["tags"].as_array_mut() {
                tags.push(operation["value"].clone());
            }
        }
        match state.loses("license") {
            true => refuse(503, "The answer was lost."),
            false => Ok(Answer::json(200, &state.license)),
        }
    }

    fn untag(&self, call: &Call) -> Reply {
        demand(call, "application/json")?;
        let unwanted = json_of(call)["tags"].as_array().cloned().unwrap_or_default();
        let mut state = self.state();
        let Some(tags) = state.license["tags"].as_array_mut() else {
            return refuse(409, "There are no tags.");
        };
        let before = tags.len();
        tags.retain(|tag| !unwanted.contains(tag));
        let count = before - tags.len();
        Ok(Answer::json(200, json!({ "successCount": count, "failedCount": 0, "failed": [] })))
    }

    fn presigned(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/imports/{name}?sig={SIGNATURE}", self.storage.port())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl State {
    /// Whether this answer does not arrive: once for each.
    fn loses(&mut self, what: &str) -> bool {
        let at = self.to_lose.iter().position(|name| *name == what);
        at.map(|at| self.to_lose.remove(at)).is_some()
    }
}

/// A storage as Azure's: it knows signatures and no tokens.
fn storage(blobs: Blobs) -> MockServer {
    let server = MockServer::start();
    server.mock(|when, then| {
        when.any_request();
        then.respond_with(move |request: &HttpMockRequest| {
            let answer = stored(&Call::read(request), &blobs);
            HttpMockResponse::builder().status(answer.0).body(answer.1).build()
        });
    });
    server
}

fn stored(call: &Call, blobs: &Blobs) -> (u16, String) {
    let refuse = |status, code| (status, format!("<Error><Code>{code}</Code></Error>"));
    if call.header("authorization").is_some() {
        return refuse(400, "InvalidAuthenticationInfo");
    }
    if call.query("sig") != Some(SIGNATURE_DECODED) {
        return refuse(403, "AuthenticationFailed");
    }
    match (call.method.as_str(), call.path.rsplit('/').next()) {
        ("GET", _) => (200, "a file of seventy bytes".repeat(3)),
        ("PUT", _) if call.header("x-ms-blob-type") != Some("BlockBlob") => {
            refuse(400, "MissingRequiredHeader")
        }
        ("PUT", Some(name)) => {
            blobs.lock().unwrap().insert(name.to_owned(), call.body.clone());
            (201, String::new())
        }
        _ => refuse(405, "UnsupportedHttpVerb"),
    }
}

/// What the import of a table comes to: each row is a name and a quantity.
fn import(table: &str) -> Value {
    let Some(rows) = table.strip_prefix("name,quantity\n") else {
        return json!({ "status": "Failed", "failureReason": "the first line is not name,quantity" });
    };
    let is_good = |row: &&str| row.split_once(',').is_some_and(|(_, n)| n.parse::<u32>().is_ok());
    let (good, bad): (Vec<&str>, Vec<&str>) = rows.lines().partition(is_good);
    let reason = (!bad.is_empty()).then_some("a quantity is not a number");
    json!({
        "status": "Completed", "successCount": good.len(), "failedCount": bad.len(),
        "failed": bad, "failureReason": reason
    })
}

/// Both dates as RFC 3339 has them: of `+02:00` sent bare, a space would be left.
fn kpi(call: &Call) -> Reply {
    let is_date =
        |name| call.query(name).is_some_and(|date| date.len() == 25 && !date.contains(' '));
    match is_date("fromDate") && is_date("toDate") {
        true => Ok(Answer::json(200, json!({ "active": 10, "total": 12 }))),
        false => refuse(400, "fromDate and toDate must be dates."),
    }
}

/// What stands in single quotes; `None` where a quote or a backslash is not escaped.
fn unescaped(value: &str) -> Option<String> {
    let mut text = String::new();
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        text.push(match c {
            '\\' => chars.next().filter(|c| matches!(c, '\'' | '\\'))?,
            '\'' => return None,
            c => c,
        });
    }
    Some(text)
}

fn demand(call: &Call, content_type: &str) -> Result<(), Answer> {
    match call.header("content-type") == Some(content_type) {
        true => Ok(()),
        false => refuse(415, &format!("The content type must be {content_type}.")).map(|_| ()),
    }
}

fn json_of(call: &Call) -> Value {
    serde_json::from_slice(&call.body).unwrap_or_default()
}

fn refuse(status: u16, message: &str) -> Reply {
    Err(Answer::json(status, json!({ "error": { "code": status, "message": message } })))
}

const IMPORTS: &str = "/api/sam/v1/imports";
const TASKS: &str = "/api/sam/v1/tasks";
const FILES: &str = "/api/sam/v1/files";
const LICENSES: &str = "/api/sam/v1/licenses";
const TAGS: &str = "/api/sam/v1/licenses/l-1/tags";
const USERS: &str = "/api/saas/consolidated-view/v1/users";
const SECOND: Duration = Duration::from_secs(1);
/// As Azure's: base64, percent-encoded.
const SIGNATURE: &str = "c2lnbmF0dXJl%2BzFmODk%3D";
const SIGNATURE_DECODED: &str = "c2lnbmF0dXJl+zFmODk=";
