//! The words of a command line, read by hand: it is short.
#![allow(dead_code, reason = "each example uses another part of it")]

use std::collections::BTreeMap;
use std::ffi::OsString;

use crate::source::{self, Source, credentials_in_environment};

pub type Parsed<T> = std::result::Result<T, String>;

/// The names of a program's options besides those of [`Source::parse`].
pub struct Known {
    pub flags: &'static [&'static str],
    pub values: &'static [&'static str],
    pub repeatable: &'static [&'static str],
}

/// The words, by what they are.
pub struct Words {
    pub free: Vec<String>,
    /// Flags have no value, most others one.
    options: BTreeMap<String, Vec<String>>,
}

impl Words {
    /// # Errors
    ///
    /// What is wrong with the command line, in words: not in its own, which may be secret.
    pub fn split(arguments: impl Iterator<Item = OsString>, known: &Known) -> Parsed<Self> {
        let mut words = Self { free: Vec::new(), options: BTreeMap::new() };
        let mut arguments = arguments.map(unicode);
        while let Some(word) = arguments.next().transpose()? {
            let word = if word == "-h" { "--help".to_owned() } else { word };
            let Some(option) = word.strip_prefix("--") else {
                words.free.push(free(word)?);
                continue;
            };
            let (name, value) = match option.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (option, None),
            };
            let is_repeatable = known.repeatable.contains(&name);
            let has_value =
                is_repeatable || known.values.contains(&name) || source::OPTIONS.contains(&name);
            let is_flag = known.flags.contains(&name) || FLAGS.contains(&name);
            let value = match (is_flag, has_value, value) {
                (true, _, None) => None,
                (true, _, Some(_)) => return Err(format!("--{name} takes no value")),
                (_, true, Some(value)) => Some(value),
                (_, true, None) => match arguments.next() {
                    Some(value) => Some(value?),
                    None => return Err(format!("--{name} needs a value")),
                },
                (false, false, _) => return Err(format!("--{name} is not known")),
            };
            if words.options.contains_key(name) && !is_repeatable {
                return Err(format!("--{name} is given twice"));
            }
            words.options.entry(name.to_owned()).or_default().extend(value);
        }
        Ok(words)
    }

    pub fn flag(&mut self, name: &str) -> bool {
        self.options.remove(name).is_some()
    }

    pub fn value(&mut self, name: &str) -> Option<String> {
        self.options.remove(name)?.pop()
    }

    /// All values of one that may be repeated; `None` if it is not there.
    pub fn all(&mut self, name: &str) -> Option<Vec<String>> {
        self.options.remove(name)
    }

    /// The API that is meant; `None` is the stand-in.
    pub fn source(&mut self) -> Parsed<Option<Source>> {
        let wants_stand_in = self.flag("stand-in");
        match (self.value("provider"), credentials_in_environment()) {
            (Some(_), _) if wants_stand_in => {
                Err("--provider and --stand-in exclude each other".into())
            }
            (Some(name), _) => Source::parse(&name, |option| self.value(option)).map(Some),
            (None, Some(variable)) if !wants_stand_in => Err(format!(
                "{variable} is set: say which API to call with --provider, or --stand-in"
            )),
            (None, _) => Ok(None),
        }
    }

    /// # Errors
    ///
    /// If an option is left that nobody has asked for.
    pub fn end(&self) -> Parsed<()> {
        match self.options.keys().next() {
            Some(name) => Err(format!("--{name} does not go with the other arguments")),
            None => Ok(()),
        }
    }
}

fn unicode(word: OsString) -> Parsed<String> {
    word.into_string().map_err(|_| "an argument is not valid Unicode".into())
}

fn free(word: String) -> Parsed<String> {
    match word.starts_with('-') {
        // What follows may be the password of curl's -u.
        true => Err(format!("{} is not known", word.chars().take(2).collect::<String>())),
        false => Ok(word),
    }
}

/// Of every program.
const FLAGS: [&str; 2] = ["help", "stand-in"];
