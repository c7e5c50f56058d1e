//! What is more than reading pages: documents, an import by way of a storage at another
//! origin, a file behind a redirect, a licence that is changed.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use serde_json::{Value, json};

use super::tokens::reference;
use super::wire::{Answer, Call, Reply, refuse};
use super::{DOCUMENTS, FILES, IMPORTS, LICENSE, STORAGE, TASKS};

#[derive(Default)]
pub struct Jobs(Mutex<State>);

#[derive(Default)]
struct State {
    /// Files in the storage, by name.
    stored: HashMap<String, Vec<u8>>,
    /// How often each task was asked for.
    tasks: HashMap<String, usize>,
    documents: Vec<Value>,
    tags: Vec<Value>,
    has_lost_an_answer: bool,
}

impl Jobs {
    /// `None` for what is not served here. The token was looked at before.
    pub fn answer(&self, call: &Call) -> Option<Reply> {
        let (folder, name) = call.path.rsplit_once('/')?;
        Some(match (call.method.as_str(), folder) {
            ("POST", _) if call.path == IMPORTS => {
                let id = reference();
                let url = call.elsewhere(&format!("{STORAGE}/{id}?sig={SIGNATURE}"));
                Ok(Answer::json(201, json!({ "id": id, "uploadUrl": url })))
            }
            ("POST", _) if name == "complete" => self.complete(folder.strip_prefix(IMPORTS)?),
            ("GET", TASKS) => self.task(name),
            ("GET", FILES) => {
                let url = call.elsewhere(&format!("{STORAGE}/{name}?sig={SIGNATURE}"));
                Ok(Answer::json(302, "").header("location", url))
            }
            ("GET", _) if call.path == LICENSE => {
                Ok(Answer::json(200, json!({ "id": name, "tags": self.state().tags })))
            }
            ("PATCH", _) if call.path == LICENSE => self.patch(call),
            ("DELETE", LICENSE) => {
                self.state().tags.clear();
                Ok(Answer::json(200, json!({ "successCount": 1, "failedCount": 0 })))
            }
            _ => return None,
        })
    }

    /// A place for files as Azure's: it knows signatures and no tokens.
    pub fn storage(&self, call: &Call) -> Reply {
        let name = call.path.trim_start_matches(STORAGE).to_owned();
        match call.method.as_str() {
            _ if call.header("authorization").is_some() => refuse(400, "two ways to authenticate"),
            _ if call.query("sig") != Some(SIGNATURE) => refuse(403, "the signature is wrong"),
            "PUT" if call.header("x-ms-blob-type") != Some("BlockBlob") => {
                refuse(400, "x-ms-blob-type is missing")
            }
            "PUT" => {
                self.state().stored.insert(name, call.body.clone());
                Ok(Answer::json(201, ""))
            }
            _ => Ok(Answer::json(200, "a file of seventy bytes".repeat(3))),
        }
    }

    /// Snapdocs lists documents in one answer.
    pub fn documents(&self, call: &Call) -> Reply {
        let documents = &mut self.state().documents;
        if call.method == "GET" {
            return Ok(Answer::json(200, json!({ "documents": documents })));
        }
        let name = call.query("filename").unwrap_or_default().to_owned();
        if !call.body.starts_with(b"%PDF-") || call.path != DOCUMENTS {
            return refuse(422, "this is not a PDF");
        }
        documents.push(json!({ "filename": name, "size": call.body.len() }));
        Ok(Answer::json(201, ""))
    }

    fn complete(&self, id: &str) -> Reply {
        let mut state = self.state();
        if state.stored.remove(id).is_none() {
            return refuse(409, "the file has not been uploaded");
        }
        let task = reference();
        state.tasks.insert(task.clone(), 0);
        let started = json!({ "taskId": task, "status": "Queued" });
        Ok(Answer::json(202, started).header("retry-after", 1))
    }

    fn task(&self, id: &str) -> Reply {
        let mut state = self.state();
        let Some(asked) = state.tasks.get_mut(id) else { return refuse(404, "no such task") };
        *asked += 1;
        match asked {
            1 => Ok(Answer::json(202, json!({ "status": "Running" })).header("retry-after", 1)),
            _ => Ok(Answer::json(200, json!({ "status": "Completed", "successCount": 2 }))),
        }
    }

    /// RFC 6902, as far as adding to the end of an array goes. Once the answer is lost.
    fn patch(&self, call: &Call) -> Reply {
        if call.header("content-type") != Some("application/json-patch+json") {
            return refuse(415, "it must be a JSON Patch");
        }
        let patch: Value = serde_json::from_slice(&call.body).unwrap_or_default();
        let mut state = self.state();
        state.tags.extend(patch.as_array().into_iter().flatten().map(|one| one["value"].clone()));
        match std::mem::replace(&mut state.has_lost_an_answer, true) {
            false => refuse(503, "the answer was lost"),
            true => Ok(Answer::json(200, json!({ "tags": state.tags }))),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no thread panicked")
    }
}

const SIGNATURE: &str = "c2lnbmF0dXJl";
