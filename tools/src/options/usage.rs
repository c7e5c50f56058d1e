//! What is wrong with a command line, in words: not in its own, which may be secret.

use std::error::Error as _;
use std::ffi::OsString;
use std::io::{self, Write};

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Tells it, or prints the help that was asked for. Returns the exit code.
pub fn end(error: &clap::Error, words: &[OsString]) -> u8 {
    let program = program(words);
    let is_help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let printed = is_help.then(|| io::stdout().write_all(error.to_string().as_bytes()));
    let (text, code) = match printed {
        Some(Ok(())) => return 0,
        Some(Err(error)) => (format!("standard output cannot be written: {error}"), CANNOT_WRITE),
        None => (format!("{} (see --help)", text(error)), USAGE),
    };
    // Nobody listens to a closed standard error, but the exit code still counts.
    let _ = writeln!(io::stderr(), "{program}: {text}");
    code
}

/// The subcommand, or that of which it is one.
pub fn program(words: &[OsString]) -> &'static str {
    let is_first = |name: &&str| words.get(1).is_some_and(|word| word == *name);
    SUBCOMMANDS.into_iter().find(is_first).unwrap_or("unattended")
}

pub fn text(error: &clap::Error) -> String {
    let option = named(error, ContextKind::InvalidArg).next().unwrap_or_default();
    match error.kind() {
        ErrorKind::UnknownArgument => match option.strip_prefix("--") {
            Some(_) => format!("{option} is not known"),
            // What follows a letter may be its value.
            None if option.starts_with('-') => {
                format!("{} is not known", option.chars().take(2).collect::<String>())
            }
            None => "there is a word too many".into(),
        },
        ErrorKind::InvalidSubcommand
        | ErrorKind::MissingSubcommand
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            format!("the first word is one of {}", SUBCOMMANDS.join(", "))
        }
        ErrorKind::ArgumentConflict => match named(error, ContextKind::PriorArg).next() {
            Some(other) if other != option => format!("{option} and {other} exclude each other"),
            _ => format!("{option} is given twice"),
        },
        ErrorKind::InvalidValue => match error.get(ContextKind::InvalidValue) {
            Some(ContextValue::String(value)) if !value.is_empty() => {
                let known: Vec<String> = named(error, ContextKind::ValidValue).collect();
                format!("{option} is one of {}", known.join(", "))
            }
            _ => format!("{option} needs a value"),
        },
        ErrorKind::ValueValidation => match error.source() {
            Some(why) => format!("{option} {why}"),
            None => format!("{option} has a value that cannot be"),
        },
        ErrorKind::TooManyValues => format!("{option} takes no value"),
        ErrorKind::MissingRequiredArgument => format!("{option} is missing"),
        ErrorKind::InvalidUtf8 => "a word is not valid Unicode".into(),
        kind => kind.to_string(),
    }
}

/// Options without what stands for their values.
fn named(error: &clap::Error, kind: ContextKind) -> impl Iterator<Item = String> {
    let names = match error.get(kind) {
        Some(ContextValue::String(name)) => vec![name.clone()],
        Some(ContextValue::Strings(names)) => names.clone(),
        _ => Vec::new(),
    };
    names.into_iter().map(|name| name.split([' ', '=']).next().unwrap_or_default().to_owned())
}

const SUBCOMMANDS: [&str; 4] = ["export", "call", "doctor", "rehearse"];
const USAGE: u8 = 64;
const CANNOT_WRITE: u8 = 73;
