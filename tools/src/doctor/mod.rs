//! Tries the credentials, and one GET if a path is given.

mod compare;
mod probe;

use std::io::{self, Write};
use std::sync::Arc;

use clap::Args;
use serde_json::Value;
use unattended::{Client, Page, Pages, Pagination, Request};

use crate::failure::{Failure, PARAMETER, advice};
use crate::in_options::in_options;
use crate::member::text;
use crate::options::paging::Paging;
use crate::options::{Common, quoted};
use crate::report::Report;
use crate::session::Session;
use probe::{Answer, Probe, Query};

/// Tests what `call` would use, and prints a report for a support ticket
///
/// It tries the credentials, then one GET if a path is given, and says how that collection pages.
/// Nothing in the report is secret. It asks for a new token, which some providers bill. The exit
/// code is 0 if all is well, else that of the error.
#[derive(Args)]
#[command(after_help = "unattended doctor --provider snow-atlas --region westeurope /api/health")]
pub struct Arguments {
    /// Such as /api/health
    path: Option<String>,
    /// Where the answer does not tell how the collection pages: asks some 20 GETs more, with usual
    /// names for page, offset and page size, and compares the rows
    #[arg(long, requires = "path")]
    probe: bool,
    #[command(flatten)]
    paging: Paging,
    #[command(flatten)]
    common: Common,
}

pub fn run(arguments: &Arguments) -> (Arc<Report>, Result<u8, Failure>) {
    let report = Report::short("doctor", arguments.common.talk);
    let done = check(arguments, &report);
    (report, done)
}

fn check(arguments: &Arguments, report: &Arc<Report>) -> Result<u8, Failure> {
    let path = arguments.path.as_deref();
    if path.is_some_and(|path| !path.starts_with('/')) {
        return Err(Failure::Usage("one path of the API is what there may be: /api/health".into()));
    }
    let session = Session::new(&arguments.common, path.unwrap_or_default())?;
    let is_declared =
        arguments.paging.has("paging") || *session.pagination() != Pagination::detect();
    let pagination = arguments.paging.declare(session.pagination().clone());
    let pagination = pagination.map_err(Failure::Usage)?;
    let client = session.connect(report)?;
    let found = client.diagnose(path);
    let mut text = in_options(&found.to_string()).text.trim_end().to_owned();
    let told = match path.filter(|_| found.is_ok()) {
        None => Ok(()),
        Some(_) if is_declared => {
            add(&mut text, "paging", "as it is declared");
            Ok(())
        }
        Some(path) => {
            let collection = Collection { client: &client, path, pagination, arguments };
            collection.tell_paging(report, &mut text)
        }
    };
    let printed = writeln!(io::stdout(), "{text}");
    printed.map_err(|error| Failure::Output("the report".into(), error))?;
    told.map(|()| found.exit_code())
}

/// A collection of which nobody has declared how it pages.
struct Collection<'a> {
    client: &'a Client,
    path: &'a str,
    pagination: Pagination,
    arguments: &'a Arguments,
}

impl Collection<'_> {
    /// By its first two pages; by a probe what these do not tell.
    fn tell_paging(&self, report: &Report, text: &mut String) -> Result<(), Failure> {
        let (mut first, mut error) = (None, None);
        for page in self.pages(Request::get(self.path)).take(2) {
            match page {
                Ok(page) => drop(first.get_or_insert_with(|| page.into_items())),
                Err(failed) => error = Some(failed),
            }
        }
        let Some(error) = error else {
            match report.declaration() {
                Some(way) => self.add_options(&format!("--paging {}", quoted(&way)), text),
                None => add(text, "paging", LINKED),
            }
            return Ok(());
        };
        let Some(options) = advice(&error) else {
            // The words of the server, and what to declare to see the rows at all.
            add(text, "paging", &format!("unknown: {}", Failure::Api(error)));
            return Ok(());
        };
        // Links and cursors are there to be read.
        let is_counted = ["pages:", "offset:"].iter().any(|way| options.contains(way));
        match self.arguments.probe && is_counted {
            true => return self.probe(&first.unwrap_or_default(), &options, text),
            false if is_counted => add(text, "not proven", UNPROVEN),
            false => {}
        }
        self.add_options(&options, text);
        Ok(())
    }

    /// `advice` is what the answer alone suggests.
    fn probe(&self, first: &[Value], advice: &str, text: &mut String) -> Result<(), Failure> {
        let query = self.path.split(['?', '#']).nth(1).unwrap_or_default();
        let taken = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name.into_owned());
        let ask = |query: &Query| self.ask(query);
        let mut probe = Probe::new(first, taken.collect(), &ask);
        let done = probe.run();
        add(text, "probe", &format!("{} GETs more", probe.asked.len()));
        let mut effects = Vec::new();
        for (_, effect) in &probe.asked {
            if !effects.contains(&effect) {
                effects.push(effect);
            }
        }
        for effect in effects {
            let queries = probe.asked.iter().filter(|(_, other)| other == effect);
            let queries: Vec<&str> = queries.map(|(query, _)| query.as_str()).collect();
            add(text, "", &format!("{effect}: {}", queries.join(", ")));
        }
        add(text, "found", &probe.found.join("\n                   "));
        let unproven = match (&done, &probe.options, probe.size) {
            (Err(_), ..) => "how it pages: the probe did not come to its end",
            (_, Some(_), _) => "how large a page may be, and that rows keep their order meanwhile",
            (_, None, Some(_)) => {
                "how the next rows are asked for: the API's documentation says it"
            }
            (_, None, None) => NOTHING,
        };
        add(text, "not proven", unproven);
        match &probe.options {
            Some(options) => self.add_options(options, text),
            // The answer has a name.
            None if !advice.contains(PARAMETER) => self.add_options(advice, text),
            None => {}
        }
        if let (Some(_), Some(size)) = (&probe.options, probe.size) {
            text.push_str(&format!("\n# page-size = \"{size}=100\""));
        }
        done
    }

    fn ask(&self, query: &Query) -> Result<Answer, Failure> {
        let request = Request::get(self.path);
        let request = query.iter().fold(request, |it, (name, value)| it.query(name, text(value)));
        match self.pages(request).next().transpose() {
            Ok(page) => Ok(Answer::Rows(page.map_or(Vec::new(), Page::into_items))),
            Err(error) => match error.status().map(|status| status.as_u16()) {
                Some(status) if REFUSALS.contains(&status) => Ok(Answer::Refused(status)),
                _ => Err(error.into()),
            },
        }
    }

    fn pages(&self, request: Request) -> Pages<'_, Value> {
        self.client.pages(request).with_pagination(self.pagination.clone())
    }

    /// The options that read the collection, also as a profile has them.
    fn add_options(&self, options: &str, text: &mut String) {
        let options = options.to_owned() + &self.arguments.paging.words();
        let name = self.path.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
        let name = name.rsplit('/').next().unwrap_or_default();
        let name = name.replace(|c: char| !c.is_alphanumeric(), "_");
        add(text, "paging", &format!("{options}; in a profile:\n\n[collections.{name}]"));
        text.push_str(&format!("\npath = {:?}", self.path));
        for option in options.split("--").skip(1) {
            let (name, value) = option.trim().split_once(' ').unwrap_or((option.trim(), ""));
            text.push_str(&match value.trim_matches(['\'', '"']) {
                "" => format!("\n{name} = true"),
                value => format!("\n{name} = {value:?}"),
            });
        }
    }
}

fn add(text: &mut String, label: &str, what: &str) {
    text.push_str(&format!("\n{label:18} {what}"));
}

const LINKED: &str = "by links that are recognised; the last line of an export names them";
const UNPROVEN: &str = "how it pages: --probe asks some GETs more, and compares the rows";
const NOTHING: &str = "how it pages: no usual name changes the rows. If the API's documentation knows \
                       no pages, all are in one answer: --paging single";
/// Of a parameter, not of who asks or when.
const REFUSALS: [u16; 5] = [400, 404, 409, 416, 422];
