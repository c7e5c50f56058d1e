//! The command line.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::inputs::{json_file, name_of, today};
use crate::snapdocs::{self, Failure, USAGE};

pub const HELP: &str = "\
Creates a closing at Snapdocs, uploads a document, submits, and reads all back.

    closing CLOSING.json DOCUMENT.pdf SYSTEM TYPE VALUE TARGET.pdf [AUDIT.json]
    closing                                            (a run against a stand-in server)

    CLOSING.json           the closing to create, as the API wants it
    SYSTEM TYPE VALUE      the external identifier by which it is looked up
    TARGET.pdf             where the document is downloaded to
    AUDIT.json             the query of the audit trail; default {\"date\": today in UTC}

";

pub struct Arguments {
    pub closing: Value,
    pub document: PathBuf,
    pub filename: String,
    pub identifier: [String; 3],
    pub target: PathBuf,
    pub audit_query: Value,
    /// Made up, for the stand-in.
    pub is_sample: bool,
}

impl Arguments {
    /// `None` if help is wanted.
    pub fn read() -> Result<Option<Self>, Failure> {
        let words: Vec<OsString> = env::args_os().skip(1).collect();
        let texts: Vec<String> =
            words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        match (texts.as_slice(), words.as_slice()) {
            ([help], _) if help == "--help" || help == "-h" => Ok(None),
            ([], _) if !snapdocs::has_credentials() => Self::sample().map(Some),
            ([_, _, system, kind, value, ..], [closing, document, _, _, _, target, audit @ ..])
                if audit.len() < 2 =>
            {
                let document = PathBuf::from(document);
                let audit_query = match audit {
                    [file] => json_file(Path::new(file))?,
                    _ => today(),
                };
                Ok(Some(Self {
                    closing: json_file(Path::new(closing))?,
                    filename: name_of(&document)?,
                    document,
                    identifier: [system, kind, value].map(String::clone),
                    target: target.into(),
                    audit_query,
                    is_sample: false,
                }))
            }
            _ => Err(Failure::new(USAGE, "six or seven arguments are needed (see --help)")),
        }
    }
}
