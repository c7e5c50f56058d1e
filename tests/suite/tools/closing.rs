//! A Snapdocs closing: what its calls look like on the wire, and the example that makes
//! them, as a process.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use unattended::error::{Delivery, ErrorKind};
use unattended::{Client, Request};

use crate::support::example::stand_in::StandIn;
use crate::support::example::{directory, example, run, snapdocs_example};
use crate::support::*;

/// What is no text, so that nothing on the way may take it for text.
const PDF: &[u8] = b"%PDF-1.7\n\xff\xfe\x00\r\n\x80%%EOF";

/// The example `closing` with a document `deed.pdf` in `directory` and the target `copy.pdf`.
fn closing(server: &Server, directory: &PathBuf) -> Command {
    let mut command = snapdocs_example("closing", &server.url(""), &server.url(TOKEN_PATH));
    fs::write(directory.join("closing.json"), "{}").unwrap();
    fs::write(directory.join("deed.pdf"), PDF).unwrap();
    command.current_dir(directory);
    command.args(["closing.json", "deed.pdf", "los", "loan", "7", "copy.pdf"]);
    command
}

/// Snapdocs, as far as the example needs it. `url` is that of the only document.
fn snapdocs(created: Reply, url: &str, file: Reply) -> Server {
    listing(created, json!([{ "filename": "deed.pdf", "size": 4, "url": url }]), file)
}

/// As above, with these documents.
fn listing(created: Reply, documents: Value, file: Reply) -> Server {
    Server::start(move |seen| match (seen.method.as_str(), seen.path()) {
        (_, TOKEN_PATH) => token_reply("t", 3600),
        ("POST", "/api/v1/closings") => created.clone(),
        ("GET", "/api/v1/closings/los/loan/7") => reply(200, r#"{"closing_uuid":"c 1"}"#),
        ("POST", "/api/v1/closings/c%201/documents") => reply(201, ""),
        ("PUT", "/api/v1/closings/c%201/documents/submit") => reply(200, ""),
        ("GET", "/api/v1/closings/c%201/documents") => {
            reply(200, json!({ "documents": documents }).to_string())
        }
        ("GET", "/api/v1/subscriptions") => reply(200, r#"{"data":[],"meta":{"next_page":null}}"#),
        ("POST", "/api/v1/closings/audit_trail") => reply(200, r#"{"audit_trail":[]}"#),
        _ => file.clone(),
    })
}

fn stand_in_client(stand_in: &StandIn) -> Client {
    Client::new(stand_in.snapdocs_demo().unwrap(), stand_in.credentials()).unwrap()
}

fn upload(file: &PathBuf) -> Request {
    Request::post("/api/v1/closings/c/documents")
        .query("filename", "deed of trust & note.pdf")
        .header("Content-Type", "application/pdf")
        .file(file)
}

/// What comes over the wire when `request` is sent: head and body of each call to the API.
fn on_the_wire(request: &Request) -> Vec<(String, String)> {
    let seen: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
    let log = seen.clone();
    let origin = raw_server(move |mut stream, _| {
        while let Some((head, body)) = read_message(&mut stream) {
            match head.contains(TOKEN_PATH) {
                true => write_reply(&mut stream, &token_reply("t", 3600)),
                false => {
                    log.lock().unwrap().push((head, body));
                    write_reply(&mut stream, &reply(201, ""));
                }
            }
        }
    });
    client_at(&origin).send(request).unwrap();
    let seen = seen.lock().unwrap();
    seen.clone()
}

#[test]
fn a_pdf_goes_up_as_its_raw_bytes_with_its_name_in_the_query() {
    let stand_in = StandIn::calm();
    let uuid = stand_in.closings().open();
    let file = directory("closing-raw").join("deed.pdf");
    fs::write(&file, PDF).unwrap();
    let request = Request::post("/api/v1/closings")
        .segment(&uuid)
        .segment("documents")
        .query("filename", "deed of trust & note.pdf")
        .header("Content-Type", "application/pdf")
        .file(&file);
    let response = stand_in_client(&stand_in).send(&request).unwrap();
    assert_eq!((response.status().as_u16(), response.bytes()), (201, &b""[..]));
    let documents = stand_in.closings().documents(&uuid);
    assert_eq!(documents, [("deed of trust & note.pdf".to_owned(), PDF.to_vec())]);
}

#[test]
fn an_upload_states_its_length_and_type_once() {
    let file = directory("closing-wire").join("deed.pdf");
    fs::write(&file, "%PDF-1.7").unwrap();
    let [(head, body)] = &on_the_wire(&upload(&file))[..] else { panic!("more than one call") };
    let line = "POST /api/v1/closings/c/documents?filename=deed%20of%20trust%20%26%20note.pdf ";
    assert!(head.starts_with(line), "{head}");
    for header in ["content-type: application/pdf\r\n", "content-length: 8\r\n"] {
        assert_eq!(head.matches(header).count(), 1, "{head}");
    }
    assert_eq!(head.matches("content-type").count(), 1, "{head}");
    assert!(!head.contains("transfer-encoding") && !head.contains("expect"), "{head}");
    assert_eq!(body, "%PDF-1.7");
}

#[test]
fn a_put_without_a_body_says_that_it_has_none() {
    let submit = Request::put("/api/v1/closings").segment("c").segment("documents/submit");
    let [(head, body)] = &on_the_wire(&submit)[..] else { panic!("more than one call") };
    assert!(head.contains("content-length: 0\r\n") && !head.contains("content-type"), "{head}");
    assert_eq!(body, "");
}

#[test]
fn a_201_with_an_empty_body_is_a_success_that_holds_no_json() {
    let server = Server::with_api([reply(201, "")]);
    let response = server.client().send(Request::post("/documents").bytes("x")).unwrap();
    assert_eq!((response.status().as_u16(), response.bytes()), (201, &b""[..]));
    assert_eq!(response.json::<Value>().unwrap_err().delivery(), Delivery::Accepted);
}

#[test]
fn a_201_that_holds_errors_is_a_success() {
    let warnings = r#"{"closing_uuid":"c","errors":[{"status":"422","title":"a warning"}]}"#;
    let server = Server::with_api([reply(201, warnings)]);
    let created: Value =
        server.client().post("/api/v1/closings", &json!({})).unwrap().json().unwrap();
    assert_eq!(created["errors"][0]["title"], "a warning");
    assert_eq!(server.api_requests().len(), 1);
}

#[test]
fn user_data_in_the_path_stays_one_segment() {
    let server = Server::with_api([]);
    let lookup = Request::get("/api/v1/closings/los/loan").segment("2026/041 Müller?#%2F+");
    server.client().send(&lookup).unwrap();
    let target = "/api/v1/closings/los/loan/2026%2F041%20M%C3%BCller%3F%23%252F%2B";
    assert_eq!(server.api_requests()[0].target, target);
}

#[test]
fn a_read_by_post_is_repeated_when_it_is_marked_and_else_not() {
    let (busy, fine) = (reply(503, ""), reply(200, r#"{"audit_trail":[]}"#));
    let query = Request::post("/api/v1/closings/audit_trail").json(&json!({}));
    let server = Server::with_api([busy.clone(), fine.clone()]);
    let (client, _) = on_manual_clock(server.client());
    client.send(query.clone().safe_to_repeat()).unwrap();
    assert_eq!(server.api_requests().len(), 2);

    let server = Server::with_api([busy, fine]);
    let (client, _) = on_manual_clock(server.client());
    let error = client.send(&query).unwrap_err();
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::Temporary, Delivery::Unknown));
    assert_eq!(server.api_requests().len(), 1);
}

#[test]
fn a_refused_upload_is_sent_again_and_opens_its_file_anew() {
    let file = directory("closing-again").join("deed.pdf");
    fs::write(&file, "%PDF-1.7").unwrap();
    let busy = reply(429, "").header("retry-after", "1");
    let server = Server::with_api([busy, reply(201, "")]);
    let (client, _) = on_manual_clock(server.client());
    client.send(upload(&file)).unwrap();
    let bodies: Vec<String> = server.api_requests().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies, ["%PDF-1.7", "%PDF-1.7"]);
}

#[test]
fn an_upload_whose_connection_breaks_may_have_arrived_and_is_not_sent_again() {
    let uploads: Arc<Mutex<u32>> = Arc::default();
    let log = uploads.clone();
    let origin = raw_server(move |mut stream, _| {
        while let Some((head, _)) = read_message(&mut stream) {
            if !head.contains(TOKEN_PATH) {
                *log.lock().unwrap() += 1;
                return;
            }
            write_reply(&mut stream, &token_reply("t", 3600));
        }
    });
    let file = directory("closing-broken").join("deed.pdf");
    fs::write(&file, "%PDF-1.7").unwrap();
    let error = client_at(&origin).send(upload(&file)).unwrap_err();
    assert_eq!(
        (error.kind(), error.delivery()),
        (ErrorKind::Temporary, Delivery::Unknown),
        "{error}"
    );
    assert_eq!(*uploads.lock().unwrap(), 1);
}

#[test]
fn the_stand_in_refuses_what_is_no_upload_of_a_pdf() {
    let stand_in = StandIn::calm();
    let client = stand_in_client(&stand_in);
    let path = format!("/api/v1/closings/{}/documents", stand_in.closings().open());
    let upload = |filename: &str| Request::post(&path).query("filename", filename);
    let pdf = |request: Request| request.header("Content-Type", "application/pdf");
    for (request, status) in [
        (upload("a.pdf").bytes(PDF), 415),
        (pdf(upload("")).bytes(PDF), 422),
        (pdf(upload("a.pdf")).bytes("text"), 422),
        (pdf(Request::post("/api/v1/closings/x/documents?filename=a.pdf")).bytes(PDF), 404),
        (pdf(upload("a.pdf")).bytes(PDF).without_token(), 401),
        // Nothing is there to submit.
        (Request::put(format!("{path}/submit")), 422),
        (Request::put(format!("{path}/submit")).bytes("x"), 411),
        (Request::get("/files/1?signature=guessed").without_token(), 403),
        (Request::get("/files/1?signature=guessed"), 400),
    ] {
        let error = client.send(&request).unwrap_err();
        assert_eq!(error.status().unwrap(), status, "{request:?}: {error}");
    }
}

#[test]
fn the_example_takes_a_closing_from_its_creation_to_its_audit_trail_offline() {
    let run = run(&mut example("closing"));
    assert_eq!(run.code, 0, "{}", run.stderr);
    let expected = r#"created
  warning: {"detail":"closing_date is not set","pointer":"/closing_date","status":"422","title":"Missing field"}
found by los / loan / 2026/041 Müller
uploaded deed of trust.pdf: 201 Created
submitted: 200 OK
documents: 1
downloaded deed of trust.pdf: 33 bytes in "#;
    assert!(run.stdout.starts_with(expected), "{}", run.stdout);
    assert!(run.stdout.contains("page 1: 10\nsubscriptions, page 2: 10\nsubscriptions, page 3: 3"));
    assert!(run.stdout.contains(r#""event":"documents.submitted""#), "{}", run.stdout);
    let waited = "/api/v1/closings/audit_trail: 503 Service Unavailable";
    assert!(run.stderr.contains(waited), "{}", run.stderr);
}

/// The request for the document's content, wherever it went.
fn asked(server: &Server) -> Seen {
    let mut requests = server.api_requests().into_iter();
    requests.find(|seen| seen.target == "/files/1?a=b").unwrap()
}

#[test]
fn a_document_of_the_api_itself_is_read_with_the_token() {
    let server = snapdocs(reply(201, "{}"), "/files/1?a=b", reply(200, "data"));
    let directory = directory("closing-own");
    let run = run(&mut closing(&server, &directory));
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(asked(&server).header("authorization"), Some("Bearer t"));
    assert_eq!(fs::read(directory.join("copy.pdf")).unwrap(), b"data");
    assert!(!directory.join("copy.pdf.part").exists());
}

#[test]
fn a_document_elsewhere_is_read_without_the_token() {
    let storage = Server::with_api([reply(200, "data")]);
    let server = snapdocs(reply(201, "{}"), &storage.url("/files/1?a=b"), reply(404, ""));
    let directory = directory("closing-elsewhere");
    let run = run(&mut closing(&server, &directory));
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(asked(&storage).header("authorization"), None);
    assert_eq!(fs::read(directory.join("copy.pdf")).unwrap(), b"data");
}

#[test]
fn the_name_of_the_url_can_be_set_and_a_wrong_one_is_told() {
    let server = snapdocs(reply(201, "{}"), "/files/1", reply(200, "data"));
    let directory = directory("closing-names");
    let run = run(closing(&server, &directory).env("SNAPDOCS_URL_FIELD", "link"));
    assert_eq!(run.code, 78);
    let expected = "closing: the API lists no URL for deed.pdf: say in SNAPDOCS_URL_FIELD under which name it does\n";
    assert_eq!(run.stderr, expected);
}

#[test]
fn a_download_that_fails_leaves_what_was_there() {
    let server = snapdocs(reply(201, "{}"), "/files/1", reply(404, ""));
    let directory = directory("closing-kept");
    fs::write(directory.join("copy.pdf"), "of yesterday").unwrap();
    let run = run(&mut closing(&server, &directory));
    assert_eq!(run.code, 69, "{}", run.stderr);
    assert_eq!(fs::read(directory.join("copy.pdf")).unwrap(), b"of yesterday");
    assert!(!directory.join("copy.pdf.part").exists());
}

#[test]
fn a_creation_whose_answer_is_lost_is_looked_up_and_not_sent_twice() {
    let server = snapdocs(reply(502, ""), "/files/1", reply(200, "data"));
    let run = run(&mut closing(&server, &directory("closing-lost-creation")));
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.starts_with("created or not, nobody knows: POST "), "{}", run.stdout);
    let creations = server.api_requests();
    let creations = creations.iter().filter(|seen| seen.target == "/api/v1/closings");
    assert_eq!(creations.count(), 1);
}

#[test]
fn a_creation_whose_answer_is_empty_is_told_as_one() {
    let server = snapdocs(reply(201, ""), "/files/1", reply(200, "data"));
    let run = run(&mut closing(&server, &directory("closing-empty-creation")));
    assert_eq!(run.code, 65, "{}", run.stderr);
    let expected = "closing: the closing was created, but the answer cannot be used: look it up before another run, which would create a second one: POST ";
    assert!(run.stderr.starts_with(expected), "{}", run.stderr);
    assert!(run.stderr.contains("the body is empty where JSON was expected"), "{}", run.stderr);
}

#[test]
fn a_document_that_is_not_listed_once_is_not_downloaded() {
    let other = json!({ "filename": "note.pdf", "size": 4, "url": "/files/1" });
    let deed = json!({ "filename": "deed.pdf", "size": 4, "url": "/files/1" });
    for (listed, expected) in [
        (json!([]), "deed.pdf is not among the 0 documents of the closing"),
        (json!([other]), "deed.pdf is not among the 1 documents of the closing"),
        (
            json!([deed, other, deed]),
            "the closing has 2 documents called deed.pdf: which of them was uploaded now cannot be told",
        ),
    ] {
        let server = listing(reply(201, "{}"), listed, reply(200, "data"));
        let directory = directory("closing-not-listed");
        let run = run(&mut closing(&server, &directory));
        assert_eq!((run.code, run.stderr), (65, format!("closing: {expected}\n")));
        assert!(!directory.join("copy.pdf").exists());
    }
}

#[test]
fn a_full_standard_output_does_not_stop_it_after_the_creation() {
    let Ok(full) = fs::File::options().write(true).open("/dev/full") else { return };
    let server = snapdocs(reply(201, "{}"), "/files/1", reply(200, "data"));
    let directory = directory("closing-full");
    let output = closing(&server, &directory).stdout(full).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    // The audit trail is nowhere else.
    assert_eq!(output.status.code(), Some(73), "{stderr}");
    assert!(stderr.starts_with("closing: all is done, but the audit trail cannot be written: "));
    assert_eq!(fs::read(directory.join("copy.pdf")).unwrap(), b"data");
}

#[test]
fn the_help_is_told_or_else_it_is_an_error() {
    for name in ["closing", "upload_folder"] {
        let told = run(example(name).arg("--help"));
        assert_eq!((told.code, told.stderr.as_str()), (0, ""));
        assert!(told.stdout.contains("SNAPDOCS_CLIENT_ID"), "{}", told.stdout);
        if let Ok(full) = fs::File::options().write(true).open("/dev/full") {
            let output = example(name).arg("--help").stdout(full).output().unwrap();
            assert_eq!(output.status.code(), Some(73), "{name}");
        }
    }
}

#[test]
fn arguments_need_credentials_and_credentials_need_arguments() {
    let directory = directory("closing-usage");
    let server = Server::with_api([]);
    let unknown = run(closing(&server, &directory).env_remove("SNAPDOCS_CLIENT_ID"));
    assert_eq!(unknown.code, 78);
    assert_eq!(unknown.stderr, "closing: SNAPDOCS_CLIENT_ID is not set in the environment\n");
    for name in ["closing", "upload_folder"] {
        let run = run(&mut snapdocs_example(name, &server.url(""), &server.url(TOKEN_PATH)));
        assert_eq!(run.code, 64, "{name}: {}", run.stderr);
    }
    let environment = run(closing(&server, &directory).env("SNAPDOCS_ENVIRONMENT", "test"));
    assert_eq!(environment.code, 78);
    let expected = "closing: SNAPDOCS_ENVIRONMENT is test, not demo or production\n";
    assert_eq!(environment.stderr, expected);
    assert!(server.seen().is_empty());
}
