//! The job itself: each collection to its place, and an account of all of them.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use serde_json::value::RawValue;
use unattended::{Client, Pages, ResumePoint};

use super::Plan;
use super::collection::{Collection, Outcome, counted};
use super::copy::Copy;
use super::format::Format;
use super::rows::RowWriter;
use super::state::{Asked, State};
use super::target::Target;
use crate::failure::Failure;
use crate::report::Report;

pub struct Job<'a> {
    pub client: &'a Client,
    pub wants_resume: bool,
    pub report: &'a Report,
}

impl Job<'_> {
    /// Exports all collections, and tells how each of them ended.
    pub fn run(&self, collections: &mut [Collection]) {
        let has_place = |collection: &&mut Collection| collection.failure().is_none();
        for collection in collections.iter_mut().filter(has_place) {
            self.report.begin(&collection.name);
            let result = match collection.target.take() {
                Some(target) => self.to_file(&target, collection),
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
            match collection.is_complete() {
                true => self.report.say(&collection.to_string()),
                false => self.report.tell(&collection.to_string()),
            }
        }
        self.report.say(&summary(self.client));
    }

    fn to_stdout(&self, collection: &mut Collection) -> Result<(), Failure> {
        let name = "standard output";
        let plan = collection.plan.clone();
        let mut state = State::new(plan.asked.clone());
        let rows = RowWriter::new(&plan.format, io::stdout().lock());
        let rows = rows.map_err(|error| Failure::Output(name.to_owned(), error))?;
        self.copy(collection, rows, &mut state, name, None)?;
        plan.move_on(&state)
    }

    fn to_file(&self, target: &Target, collection: &mut Collection) -> Result<(), Failure> {
        let name = target.name.clone();
        let cannot_write = |error| Failure::Output(name.clone(), error);
        let plan = collection.plan.clone();
        let (format, asked) = (&plan.format, plan.asked.clone());
        if plan.since.is_some() && Path::new(&target.name).exists() {
            return Err(Failure::Configuration(format!(
                "{} is there already, and its rows are not asked for again: put {{date}} or {{time}} into --out, or move it away",
                target.name
            )));
        }
        let found = if self.wants_resume { self.find(target, &asked)? } else { None };
        let (part, mut state) = match found {
            Some(state) => (target.go_on(state.part_length)?, state),
            None => (target.begin().map_err(cannot_write)?, State::new(asked)),
        };
        let rows = match state.resume_point() {
            Some(point) => {
                let has_rows = point.delivered() > 0;
                Ok(RowWriter::at(format, &part, &state.missing_columns, has_rows))
            }
            None => RowWriter::new(format, &part),
        };
        let done = rows
            .map_err(cannot_write)
            .and_then(|rows| self.copy(collection, rows, &mut state, &name, Some((target, &part))));
        let done = done.and_then(|()| target.complete(&part));
        if done.is_ok() {
            // The rows are there: a watermark that stays behind brings them once more.
            return plan.move_on(&state);
        }
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
        place: Option<(&Target, &File)>,
    ) -> Result<(), Failure> {
        let plan = collection.plan.clone();
        let pages = self.pages(&plan, state.resume_point());
        let can_begin = || self.pages(&plan, None).next().is_none_or(|page| page.is_ok());
        let (report, since) = (self.report, plan.since.as_ref());
        let mut copy =
            Copy { pages, rows, state, name, report, can_begin: &can_begin, since, place };
        let copied = copy.run();
        let progress = copy.pages.progress();
        collection.rows = progress.delivered;
        collection.promised = progress.total_items.or(copy.state.promised);
        collection.is_partial = progress.is_partial;
        (collection.proof, collection.declare) = (progress.proof, report.declaration());
        if let (Err(failure), 0, Some(since)) = (&copied, collection.rows, since)
            && let Some(advice) = since.advice().filter(|_| failure.may_be_of_place())
        {
            report.warn(&advice);
        }
        copied?;
        if let Some(since) = since {
            let has_next = since.check(copy.state.last.as_ref(), collection.rows);
            has_next.inspect_err(|_| copy.state.set_resume_point(None))?;
        }
        let missing = copy.rows.missing_columns();
        if missing.is_empty() {
            return Ok(());
        }
        let missing = format!("no row of {} has {}", plan.path, missing.join(", "));
        if matches!(&plan.format, Format::Csv(table) if !table.allow_missing) {
            copy.state.set_resume_point(None);
            return Err(Failure::Configuration(format!(
                "{missing} (--allow-missing lets it pass)"
            )));
        }
        self.report.warn(&missing);
        Ok(())
    }

    fn pages(&self, plan: &Plan, from: Option<ResumePoint>) -> Pages<'_, Box<RawValue>> {
        let request = match &plan.since {
            Some(since) => since.request(&plan.reading, &plan.path),
            None => plan.reading.request(&plan.path),
        };
        let pages = self.client.pages(request).with_read_ahead(plan.read_ahead);
        let pages = pages.with_pagination(plan.pagination.clone());
        match from {
            Some(point) => pages.resume(&point),
            None => pages,
        }
    }
}

impl Plan {
    fn move_on(&self, state: &State) -> Result<(), Failure> {
        match (&self.since, &state.last) {
            (Some(since), Some(last)) => since.move_on(last),
            _ => Ok(()),
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
