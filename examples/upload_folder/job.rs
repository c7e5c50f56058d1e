//! The job: each file once, and the manifest right at every moment.

use std::io;
use std::path::Path;
use std::time::Duration;

use unattended::Client;

use crate::folder::{self, Candidate, Content};
use crate::manifest::{Line, Manifest, State};
use crate::report::{Outcome, Tally};
use crate::snapdocs::{self, Document, Failure};
use crate::tell;

/// Uploads the PDFs of `folder` and returns the exit code.
pub fn upload(
    client: &Client,
    folder: &Path,
    closing: &str,
    manifest: &Path,
) -> Result<u8, Failure> {
    let files = folder::pdfs(folder, manifest)?;
    folder::refuse_document(manifest, &files)?;
    let mut manifest = Manifest::open(manifest, closing)?;
    let job = Job { client, closing, manifest: &mut manifest, tally: Tally::default(), lost: 0 };
    job.run(&files)
}

pub struct Job<'a> {
    pub client: &'a Client,
    pub closing: &'a str,
    pub manifest: &'a mut Manifest,
    tally: Tally,
    /// How many uploads in a row may have arrived or not.
    pub lost: u32,
}

impl Job<'_> {
    /// Returns the exit code, once every file was looked at.
    ///
    /// # Errors
    ///
    /// What no other file would be spared; the manifest holds what was done until then.
    fn run(mut self, files: &[Candidate]) -> Result<u8, Failure> {
        // Read before anything is sent: what is there already must not be sent again.
        let listed = self.listed()?;
        for file in files {
            let line = self.manifest.line(&file.name).cloned();
            let found = find(&listed, &file.name, line.as_ref());
            let outcome = self.treat(file, line, found);
            let outcome = outcome.inspect_err(|_| self.tally.tell(&self.manifest.path))?;
            self.tally.count(&file.name, &outcome);
        }
        for (name, line) in self.manifest.open_ends() {
            if files.iter().any(|file| file.name == name) {
                continue;
            }
            let outcome = match find(&listed, &name, Some(&line)) {
                Some(found) if line.state == State::Unknown => {
                    self.resolve(&name, &line, found, &line.content())?
                }
                _ if line.state == State::Failed => {
                    self.manifest.record(&name, &line.content(), State::Gone, &line.words)?;
                    Outcome::Gone
                }
                _ => Outcome::Unsendable("the file is gone".into()),
            };
            self.tally.count(&name, &outcome);
        }
        self.tally.tell(&self.manifest.path);
        Ok(self.tally.exit_code())
    }

    /// The documents of the closing. A run that was killed a moment ago may have sent one
    /// that the server is still taking in: that is looked for once more.
    fn listed(&self) -> Result<Vec<Document>, Failure> {
        let listed = snapdocs::documents(self.client, self.closing)?;
        let lines = self.manifest.open_ends().into_iter();
        let mut unknown = lines.filter(|(_, line)| line.state == State::Unknown);
        let is_missing = unknown.any(|(name, line)| find(&listed, &name, Some(&line)).is_none());
        let wait = SETTLED.saturating_sub(self.manifest.age);
        if !is_missing || wait.is_zero() {
            return Ok(listed);
        }
        let seconds = wait.as_secs_f64().ceil();
        tell::say(format_args!(
            "what is unknown may still come: it is looked for again in {seconds} s"
        ));
        self.client.sleep(wait);
        snapdocs::documents(self.client, self.closing)
    }

    fn treat(
        &mut self,
        file: &Candidate,
        before: Option<Line>,
        found: Option<&Document>,
    ) -> Result<Outcome, Failure> {
        let content = match Content::of(&file.path) {
            Ok(content) => content,
            Err(error) => {
                let words = unreadable(&error);
                if before.is_none() {
                    let none = Content::default();
                    self.manifest.record(&file.name, &none, State::Failed, &words)?;
                }
                return Ok(Outcome::Unsendable(words));
            }
        };
        match (before, found) {
            (Some(line), _) if line.state == State::Uploaded => Ok(known(&line, &content, false)),
            (Some(line), Some(found)) if line.state == State::Unknown => {
                self.resolve(&file.name, &line, found, &content)
            }
            (_, Some(_)) => {
                let words = "not sent: the closing has a document of this name already; another one needs another name";
                self.manifest.record(&file.name, &content, State::Failed, words)?;
                Ok(Outcome::Unsendable(words.into()))
            }
            (before, None) => {
                let was_unknown = before.is_some_and(|line| line.state == State::Unknown);
                self.send(file, &content, was_unknown)
            }
        }
    }

    /// An upload whose answer was lost, and a document of its name in the list.
    fn resolve(
        &mut self,
        name: &str,
        line: &Line,
        found: &Document,
        content: &Content,
    ) -> Result<Outcome, Failure> {
        let sent = line.content();
        if let Some(size) = found.size.filter(|size| *size != sent.bytes) {
            let words = format!(
                "not sent: the closing has a document of this name with {size} bytes, where {} were sent",
                sent.bytes
            );
            self.manifest.record(name, &sent, State::Failed, &words)?;
            return Ok(Outcome::Unsendable(words));
        }
        self.manifest.record(name, &sent, State::Uploaded, "found in the document list")?;
        Ok(known(line, content, true))
    }
}

/// The document of that name; of several, one that can be what was sent.
fn find<'d>(listed: &'d [Document], name: &str, line: Option<&Line>) -> Option<&'d Document> {
    let sent = line.map(|line| line.content().bytes);
    listed.iter().filter(|found| found.name == name).max_by_key(|found| found.size == sent)
}

/// A file whose upload is done, if it is still the one that was uploaded.
fn known(line: &Line, content: &Content, is_news: bool) -> Outcome {
    match line.content() == *content {
        false => Outcome::Unsendable(
            "not sent: it changed after it was uploaded; a new version needs a new name".into(),
        ),
        true if is_news => Outcome::Found,
        true => Outcome::Known,
    }
}

pub fn unreadable(error: &io::Error) -> String {
    format!("the file cannot be read: {error}")
}

/// After this long what was sent is in the list, or never came.
const SETTLED: Duration = Duration::from_secs(60);
