//! The job itself: each collection to its place, and an account of all of them.

use std::io::{self, Write};
use std::path::Path;

use serde_json::value::RawValue;
use unattended::{Client, Pages, Pagination, Request, ResumePoint};

use crate::arguments::Arguments;
use crate::collection::{Collection, Outcome, counted};
use crate::copy::Copy;
use crate::failure::Failure;
use crate::output::RowWriter;
use crate::report::Report;
use crate::state::{Asked, State};
use crate::target::Target;

pub struct Job<'a> {
    pub client: &'a Client,
    pub arguments: &'a Arguments,
    pub report: &'a Report,
}

impl Job<'_> {
    /// Exports all collections, and tells how each of them ended and how to go on.
    pub fn run(&self, collections: &mut [Collection]) {
        for collection in collections.iter_mut() {
            self.report.begin(&collection.path);
            let result = match &collection.file {
                Some(file) => self.to_file(&file.clone(), collection),
                None => self.to_stdout(collection),
            };
            self.report.end();
            collection.outcome = match result {
                Ok(()) => Outcome::Complete,
                Err(failure) => Outcome::Failed(failure),
            };
            if collection.failure().is_some_and(Failure::concerns_all) {
                break;
            }
        }
        for collection in collections.iter() {
            self.report.say(&collection.to_string());
        }
        self.report.say(&summary(self.client));
        if collections.iter().any(Collection::is_resumable) {
            let missing = collections.iter().filter(|collection| !collection.is_complete());
            let paths = missing.map(|collection| collection.path.as_str());
            self.report.say(&format!("to go on: {}", self.arguments.to_go_on(paths)));
        }
    }

    fn to_stdout(&self, collection: &mut Collection) -> Result<(), Failure> {
        let name = "standard output";
        let mut state = State::new(self.arguments.asked(&collection.path));
        let rows = RowWriter::new(&self.arguments.format, io::stdout().lock());
        let rows = rows.map_err(|error| Failure::Output(name.to_owned(), error))?;
        self.copy(collection, rows, &mut state, name, |_| Ok(()))
    }

    fn to_file(&self, file: &Path, collection: &mut Collection) -> Result<(), Failure> {
        let target = Target::lock(file)?;
        let name = file.display().to_string();
        let cannot_write = |error| Failure::Output(name.clone(), error);
        let format = &self.arguments.format;
        let asked = self.arguments.asked(&collection.path);
        let found = if self.arguments.wants_resume { self.find(&target, &asked)? } else { None };
        let (part, mut state) = match found {
            Some(state) => (target.go_on(state.part_length)?, state),
            None => (target.begin().map_err(cannot_write)?, State::new(asked)),
        };
        let rows = match state.resume_point() {
            Some(_) => Ok(RowWriter::after_rows(format, &part, &state.missing_columns)),
            None => RowWriter::new(format, &part),
        };
        let done = rows.map_err(cannot_write).and_then(|rows| {
            self.copy(collection, rows, &mut state, &name, |state| {
                state.part_length = part.metadata()?.len();
                target.save(&part, &state.to_text())
            })
        });
        let done = done.and_then(|()| target.complete(&part));
        if done.is_err() {
            collection.left = target.leave(state.resume_point().is_some(), collection.rows > 0);
        }
        done
    }

    /// What another run left to go on with, if it asked for the same.
    fn find(&self, target: &Target, asked: &Asked) -> Result<Option<State>, Failure> {
        let resume = target.resume.display();
        let Some(text) = target.saved() else {
            self.report.say(&format!("{}: nothing to resume, so it begins anew", asked["path"]));
            return Ok(None);
        };
        let state = text.map_err(|error| error.to_string()).and_then(|text| State::parse(&text));
        let state = state.map_err(|why| {
            Failure::Unusable(format!(
                "{resume} cannot be read: {why}; a run without --resume replaces it"
            ))
        })?;
        let differences = state.differences(asked);
        if !differences.is_empty() {
            return Err(Failure::Usage(format!(
                "{resume} is of another export: {}; a run without --resume replaces it",
                differences.join(", ")
            )));
        }
        let rows = state.resume_point().map_or(0, |point| point.delivered());
        let part = target.part.display();
        self.report.say(&format!("going on after the {} in {part}", counted(rows, "row")));
        Ok(Some(state))
    }

    fn copy(
        &self,
        collection: &mut Collection,
        rows: RowWriter<impl Write>,
        state: &mut State,
        name: &str,
        save: impl FnMut(&mut State) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let path = collection.path.clone();
        let pages = self.pages(&path, state.resume_point());
        let can_begin = || self.pages(&path, None).next().is_none_or(|page| page.is_ok());
        let report = self.report;
        let mut copy = Copy { pages, rows, state, name, report, can_begin: &can_begin };
        let copied = copy.run(save);
        let progress = copy.pages.progress();
        collection.rows = progress.delivered;
        collection.promised = progress.total_items.or(copy.state.promised);
        copied?;
        for column in copy.rows.missing_columns() {
            self.report.say(&format!("warning: no row of {} has {column:?}", collection.path));
        }
        Ok(())
    }

    fn pages(&self, path: &str, from: Option<ResumePoint>) -> Pages<'_, Box<RawValue>> {
        let mut pages = self.client.pages(Request::get(path));
        if self.arguments.is_single {
            pages = pages.with_pagination(Pagination::single());
        }
        if let Some(key) = &self.arguments.items_key {
            pages = pages.with_rows_at(key);
        }
        if let Some(size) = self.arguments.page_size {
            pages = pages.with_page_size("page_size", size);
        }
        match from {
            Some(point) => pages.resume(&point),
            None => pages,
        }
    }
}

/// What the counters of the client tell at the end.
fn summary(client: &Client) -> String {
    let stats = client.stats();
    format!(
        "{}, {}, {}, {}, {:.1} s of waiting",
        counted(stats.rows, "row"),
        counted(stats.pages, "page"),
        counted(stats.requests, "request"),
        counted(stats.tokens_fetched, "token"),
        stats.waited.as_secs_f64()
    )
}

/// The exit code of a run: 75 says that another run may do, which is true only if no
/// collection failed for another reason.
pub fn exit_code(collections: &[Collection]) -> u8 {
    let codes = || collections.iter().filter_map(Collection::failure).map(Failure::exit_code);
    codes().find(|code| *code != TEMPORARY).or_else(|| codes().next()).unwrap_or(0)
}

const TEMPORARY: u8 = 75;
