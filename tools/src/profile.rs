//! A profile: the options that every run would repeat, in a file.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, Command, CommandFactory};
use toml::de::{DeTable, DeValue};

use crate::export::{One, OutDir, WalkOptions};
use crate::failure::Failure;
use crate::options::api::Api;
use crate::options::identity::Identity;
use crate::options::patience::Patience;
use crate::options::{Store, usage};

/// Options by their names, each with its values; a flag has none.
pub type Settings = BTreeMap<String, Vec<String>>;

#[derive(Default)]
pub struct Profile {
    /// Of its file.
    pub name: String,
    general: Settings,
    collections: BTreeMap<String, Settings>,
}

impl Profile {
    /// The one that a subcommand with these options shall have; an empty one if none.
    ///
    /// # Errors
    ///
    /// If it cannot be read, if others can write it, or if something in it is not known.
    pub fn load(matches: &ArgMatches) -> Result<Self, Failure> {
        let Some(path) = place(matches)? else { return Ok(Self::default()) };
        let name = path.display().to_string();
        let unreadable = |error| Failure::Input(name.clone(), error);
        let mut file = File::open(&path).map_err(unreadable)?;
        if is_open_to_others(&file).map_err(unreadable)? {
            return Err(Failure::Configuration(format!(
                "{name} is not used, since others can write it (chmod go-w): it could send secrets elsewhere"
            )));
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(unreadable)?;
        let profile = Self::parse(&text).map_err(|(at, what)| {
            let line = text[..at.min(text.len())].matches('\n').count() + 1;
            Failure::Configuration(format!("{name}: line {line}: {what}"))
        })?;
        Ok(Self { name, ..profile })
    }

    /// # Errors
    ///
    /// What is wrong, and at which byte.
    fn parse(text: &str) -> Result<Self, (usize, String)> {
        let table = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            (at, error.message().to_owned())
        })?;
        let (of_all, of_one) = (of_all(), One::command());
        let mut profile = Self::default();
        let mut general = DeTable::new();
        for (key, value) in table.into_inner() {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("collections", DeValue::Table(collections)) => {
                    for (name, value) in collections {
                        let DeValue::Table(table) = value.get_ref() else {
                            return Err((
                                name.span().start,
                                format!("{} is no table", name.get_ref()),
                            ));
                        };
                        let settings = settings(table, &of_one)?;
                        profile.collections.insert(name.get_ref().to_string(), settings);
                    }
                }
                _ => drop(general.insert(key, value)),
            }
        }
        profile.general = settings(&general, &of_all)?;
        Ok(profile)
    }

    /// The words with what the profile adds to them for this subcommand: an option that is given
    /// counts more.
    pub fn expand(
        &self,
        words: &[OsString],
        subcommand: &Command,
        matches: &ArgMatches,
    ) -> Vec<OsString> {
        let given = given(matches, subcommand);
        let is_wanted = |name: &str| {
            let rival = RIVALS.iter().find(|(one, _)| *one == name);
            let is_beaten = rival.is_some_and(|(_, other)| given.contains_key(*other))
                || given.contains_key("stand-in") && knows(&of_api(), name);
            knows(subcommand, name) && !given.contains_key(name) && !is_beaten
        };
        let known = self.general.iter().filter(|(name, _)| is_wanted(name));
        let known = known.map(|(name, values)| (name.clone(), values.clone())).collect();
        let (program, rest) = words.split_at(words.len().min(2));
        program.iter().cloned().chain(to_words(&known)).chain(rest.iter().cloned()).collect()
    }

    /// What is wrong with a command line that this profile was added to: what was given without it
    /// could be read.
    pub fn wrong(&self, error: &clap::Error) -> Failure {
        Failure::Configuration(format!("{}: {}", self.name, usage::text(error)))
    }

    /// The settings of the collection of that name, if there is one, those of all collections,
    /// and those that are given, which count more.
    pub fn collection(&self, name: &str, given: &Settings) -> Settings {
        let mut own = self.collections.get(name).cloned().unwrap_or_default();
        if given.contains_key("out-dir") {
            own.remove("out");
        }
        let one = One::command();
        let general = self.general.iter().filter(|(name, _)| knows(&one, name));
        let mut settings: Settings =
            general.map(|(name, values)| (name.clone(), values.clone())).collect();
        settings.extend(own);
        let given = given.iter().filter(|(name, _)| knows(&one, name));
        settings.extend(given.map(|(name, values)| (name.clone(), values.clone())));
        settings
    }
}

/// What of `options` is given on the command line.
pub fn given(matches: &ArgMatches, options: &Command) -> Settings {
    let given = options.get_arguments().filter_map(|option| {
        let id = option.get_id().as_str();
        let is_there = matches.ids().any(|known| known.as_str() == id);
        if !is_there || matches.value_source(id) != Some(ValueSource::CommandLine) {
            return None;
        }
        let raw = matches.get_raw(id).into_iter().flatten().filter(|_| takes_value(option));
        let values = raw.map(|value| value.to_string_lossy().into_owned()).collect();
        Some((option.get_long()?.to_owned(), values))
    });
    given.collect()
}

pub fn to_words(settings: &Settings) -> impl Iterator<Item = OsString> {
    settings.iter().flat_map(|(name, values)| match values[..] {
        [] => vec![format!("--{name}").into()],
        _ => values.iter().map(|value| format!("--{name}={value}").into()).collect(),
    })
}

fn settings(table: &DeTable<'_>, known: &Command) -> Result<Settings, (usize, String)> {
    let mut settings = Settings::new();
    for (key, value) in table {
        let name = key.get_ref().to_string();
        let mut options = known.get_arguments();
        let Some(option) = options.find(|option| option.get_long() == Some(&name)) else {
            return Err((key.span().start, format!("{name} is not known")));
        };
        let wrong = |what: &str| Err((value.span().start, format!("{name} {what}")));
        let text = |value: &DeValue<'_>| match value {
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Integer(number) => Some(number.as_str().to_owned()),
            _ => None,
        };
        let values = match (value.get_ref(), takes_value(option)) {
            (DeValue::Boolean(false), false) => continue,
            (DeValue::Boolean(true), false) => Some(Vec::new()),
            (DeValue::Array(values), true) => {
                values.iter().map(|value| text(value.get_ref())).collect()
            }
            (value, true) => text(value).map(|text| vec![text]),
            (_, false) => return wrong("is true or false"),
        };
        match values {
            Some(values) => settings.insert(name, values),
            None => return wrong("is a text, a number, or a list of these"),
        };
    }
    Ok(settings)
}

/// The file of the profile. Never one of the current folder by itself: a foreign folder could
/// send secrets elsewhere.
fn place(matches: &ArgMatches) -> Result<Option<PathBuf>, Failure> {
    let has = |id| matches.value_source(id) == Some(ValueSource::CommandLine);
    match matches.try_get_one::<String>("profile") {
        // This subcommand has none.
        Err(_) => Ok(None),
        Ok(Some(file)) if is_path(file) => Ok(Some(file.into())),
        Ok(Some(name)) => match folder() {
            Some(folder) => Ok(Some(folder.join(format!("{name}.toml")))),
            None => Err(Failure::Configuration(format!(
                "there is no folder for the profile {name}: set HOME or XDG_CONFIG_HOME"
            ))),
        },
        Ok(None) if has("provider") || has("stand_in") => Ok(None),
        Ok(None) => {
            let file = folder().map(|folder| folder.join("default.toml"));
            Ok(file.filter(|file| file.exists()))
        }
    }
}

fn is_path(text: &str) -> bool {
    text.contains(['/', '\\']) || Path::new(text).extension().is_some_and(|end| end == "toml")
}

/// Of the user's configuration.
fn folder() -> Option<PathBuf> {
    let absolute = |variable: &str| {
        let folder = env::var_os(variable).map(PathBuf::from);
        folder.filter(|folder| folder.is_absolute())
    };
    let folder = match cfg!(windows) {
        true => absolute("APPDATA"),
        false => absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config"))),
    };
    folder.map(|folder| folder.join("unattended"))
}

#[cfg(unix)]
fn is_open_to_others(file: &File) -> std::io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(file.metadata()?.permissions().mode() & OTHERS_WRITE != 0)
}

/// The rights of the user's profile decide.
#[cfg(not(unix))]
fn is_open_to_others(_file: &File) -> std::io::Result<bool> {
    Ok(false)
}

/// What may stand in a profile outside of a collection.
fn of_all() -> Command {
    let command = Identity::augment_args(Store::augment_args(of_api()));
    let command = Patience::augment_args(command);
    OutDir::augment_args(WalkOptions::augment_args(command))
}

fn of_api() -> Command {
    Api::augment_args(Command::new(""))
}

fn knows(command: &Command, name: &str) -> bool {
    command.get_arguments().any(|option| option.get_long() == Some(name))
}

fn takes_value(option: &Arg) -> bool {
    option.get_action().takes_values()
}

/// Options of which the given one counts.
const RIVALS: [(&str, &str); 3] =
    [("out-dir", "out"), ("store", "no-store"), ("no-store", "store")];
#[cfg(unix)]
const OTHERS_WRITE: u32 = 0o022;

#[cfg(test)]
mod tests {
    use super::is_path;

    #[test]
    fn a_profile_is_a_file_where_it_is_written_as_one() {
        for (text, expected) in [
            ("crm", false),
            ("crm.test", false),
            ("crm.toml", true),
            ("./crm", true),
            (r"C:\profiles\crm", true),
            (r"..\crm", true),
            ("C:crm.toml", true),
        ] {
            assert_eq!(is_path(text), expected, "{text}");
        }
    }
}
