//! How the API pages: one table of options.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use unattended::Pagination;

use crate::in_options::in_options;
use crate::options::quoted;

/// One option, and what it changes.
pub struct PagingOption {
    pub name: &'static str,
    /// What the help calls its value; a flag has none.
    pub value: Option<&'static str>,
    pub is_repeatable: bool,
    help: &'static str,
    /// What the library calls it, also in its errors.
    pub setting: &'static str,
    change: fn(Pagination, &str) -> Parsed<Pagination>,
}

/// In the order in which they are applied: the first replaces what a preset declares.
pub const OPTIONS: [PagingOption; 12] = [
    PagingOption {
        name: "paging",
        value: Some("WAY"),
        is_repeatable: false,
        help: WAYS,
        setting: "with_pagination",
        change: |_, way| way.parse().map_err(|error| in_options(&format!("{error}")).text),
    },
    PagingOption {
        name: "page-size",
        value: Some("NAME=ROWS"),
        is_repeatable: false,
        help: "How many rows to ask for: limit=100 (a preset has its own name: 100)",
        setting: "with_page_size",
        change: page_size,
    },
    PagingOption {
        name: "rows",
        value: Some("PATH"),
        is_repeatable: false,
        help: "The member with the rows, if not items: data.items",
        setting: "with_rows_at",
        change: |pagination, path| Ok(pagination.with_rows_at(path)),
    },
    PagingOption {
        name: "rows-may-be-absent",
        value: None,
        is_repeatable: false,
        help: "An answer without that member has no rows",
        setting: "rows_may_be_absent",
        change: |pagination, _| Ok(pagination.rows_may_be_absent()),
    },
    PagingOption {
        name: "starting-at",
        value: Some("N"),
        is_repeatable: false,
        help: "The number of the first page, if not 1, or of the first row, if not 0",
        setting: "starting_at",
        change: |pagination, first| match first.parse() {
            Ok(first) => Ok(pagination.starting_at(first)),
            Err(_) => Err(format!("--starting-at {first} is not a number")),
        },
    },
    PagingOption {
        name: "end-status",
        value: Some("STATUS"),
        is_repeatable: true,
        help: "A refusal with it ends a walk that has begun: 404 (may be repeated)",
        setting: "end_status",
        change: |pagination, status| match status.parse() {
            Ok(status @ 400..=599) => Ok(pagination.end_status(status)),
            _ => Err(format!("--end-status {status} is not the status of a refusal")),
        },
    },
    PagingOption {
        name: "ignoring",
        value: Some("PATH"),
        is_repeatable: true,
        help: "Does not read it: meta.next_steps, header:x-total-count (may be repeated)",
        setting: "ignoring",
        change: |pagination, path| Ok(pagination.ignoring(path)),
    },
    PagingOption {
        name: "link-query-only",
        value: None,
        is_repeatable: false,
        help: "Takes only the query of a link, where a gateway makes the rest wrong",
        setting: "link_query_only",
        change: |pagination, _| Ok(pagination.link_query_only()),
    },
    PagingOption {
        name: "keeping-query",
        value: None,
        is_repeatable: false,
        help: "Adds to a link what it lacks of the path's own query",
        setting: "keeping_query",
        change: |pagination, _| Ok(pagination.keeping_query()),
    },
    PagingOption {
        name: "stepping-by-size",
        value: None,
        is_repeatable: false,
        help: "Offsets advance by the page size, whatever came",
        setting: "stepping_by_size",
        change: |pagination, _| Ok(pagination.stepping_by_size()),
    },
    PagingOption {
        name: "until-empty",
        value: None,
        is_repeatable: false,
        help: "For links and cursors that never end: the end is a page without rows",
        setting: "until_empty",
        change: |pagination, _| Ok(pagination.until_empty()),
    },
    PagingOption {
        name: "paging-in-body",
        value: None,
        is_repeatable: false,
        help: "With --method POST: puts parameters into the JSON, also variables.after",
        setting: "in_body",
        change: |pagination, _| Ok(pagination.in_body()),
    },
];

/// What is given of them, each with its values; a flag has an empty one.
#[derive(Default)]
pub struct Paging(Vec<(&'static PagingOption, Vec<String>)>);

type Parsed<T> = std::result::Result<T, String>;

impl Paging {
    /// What the provider declares, with what is given changed.
    ///
    /// # Errors
    ///
    /// What cannot be meant, in words.
    pub fn declare(&self, provider: Pagination) -> Parsed<Pagination> {
        let mut all = self.0.iter().flat_map(|(option, values)| {
            values.iter().map(|value| (option.change, value.as_str()))
        });
        all.try_fold(provider, |pagination, (change, value)| change(pagination, value))
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(option, _)| option.name == name)
    }

    /// All that is given, as a command line goes on with it.
    pub fn words(&self) -> String {
        let words = self.0.iter().flat_map(|(option, values)| {
            values.iter().map(|value| match option.value {
                None => format!(" --{}", option.name),
                Some(_) => format!(" --{} {}", option.name, quoted(value)),
            })
        });
        words.collect()
    }

    /// All that is given, by its name.
    pub fn asked(&self) -> impl Iterator<Item = (String, String)> {
        self.0.iter().map(|(option, values)| {
            let values = if option.value.is_some() { values.join(", ") } else { "true".into() };
            (format!("--{}", option.name), values)
        })
    }
}

impl Args for Paging {
    fn augment_args(command: Command) -> Command {
        let heading = "How the API pages, which presets know; PATH is dotted, such as data.items, \
                       or a JSON Pointer";
        OPTIONS.iter().fold(command.next_help_heading(heading), |command, option| {
            let arg = Arg::new(option.name).long(option.name).help(option.help);
            command.arg(match option.value {
                None => arg.action(ArgAction::SetTrue),
                Some(value) if option.is_repeatable => {
                    arg.value_name(value).action(ArgAction::Append)
                }
                // An error says that -1 is no number.
                Some(value) => arg.value_name(value).allow_negative_numbers(true),
            })
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Paging {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let values = |option: &PagingOption| match option.value {
            None => matches.get_flag(option.name).then(|| vec![String::new()]),
            Some(_) => Some(matches.get_many(option.name)?.cloned().collect()),
        };
        let given = OPTIONS.iter().filter_map(|option| Some((option, values(option)?)));
        Ok(Self(given.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn page_size(pagination: Pagination, value: &str) -> Parsed<Pagination> {
    let (name, rows) = match value.rsplit_once('=') {
        Some((name, rows)) => (Some(name), rows),
        None => (pagination.page_size_parameter(), value),
    };
    let rows: u64 = match rows.parse() {
        Ok(0) | Err(_) => return Err(format!("--page-size {rows} is not a number of rows")),
        Ok(rows) => rows,
    };
    match name.filter(|name| !name.is_empty()).map(str::to_owned) {
        Some(name) => Ok(pagination.with_page_size(name, rows)),
        None => Err(format!(
            "--page-size {value} lacks the parameter that the API takes it by: --page-size NAME=ROWS, such as limit={rows}"
        )),
    }
}

const WAYS: &str = "\
How the next page is asked for; replaces all that a preset declares:
detect                   finds out, and takes no end without proof (without a preset)
links                    the Link header
next:PATH                a link in the answer: next:pages.next, next:@odata.nextLink
pages:NAME               numbered pages: pages:page
offset:NAME              counted rows: offset:offset
cursor:NAME=PATH         cursor:after=paging.next.after, cursor:page=header:opc-next-page
after-row:NAME=FIELD     a field of the last row: after-row:after=id
single                   one answer holds everything";
