//! Where a run stands, as the resume file tells it to the next one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use unattended::ResumePoint;

use crate::options::Common;

/// What was asked: the options by their names, and what else decides about the rows.
pub type Asked = BTreeMap<String, String>;

/// The resume file, as JSON. Nothing in it is secret; a link to the next page is as
/// confidential as the API makes it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    version: u32,
    pub asked: Asked,
    /// The bytes of the part file that hold the rows before the resume point.
    pub part_length: u64,
    /// Columns that no row had so far.
    pub missing_columns: Vec<String>,
    /// The rows that the server promised last.
    pub promised: Option<u64>,
    /// What the watermark becomes.
    #[serde(default)]
    pub last: Option<String>,
    /// None as long as there is nothing to go on with.
    resume_point: Option<String>,
}

impl State {
    pub fn new(asked: Asked) -> Self {
        Self {
            version: VERSION,
            asked,
            part_length: 0,
            missing_columns: Vec::new(),
            promised: None,
            last: None,
            resume_point: None,
        }
    }

    /// # Errors
    ///
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let state: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let Some(point) = &state.resume_point else {
            return Err("it has no resume point".into());
        };
        match (state.version, point.parse::<ResumePoint>()) {
            (VERSION, Ok(_)) => Ok(state),
            (VERSION, Err(error)) => Err(error.to_string()),
            (version, _) => Err(format!("version {version} is not known")),
        }
    }

    pub fn to_text(&self) -> String {
        // Texts and numbers are always JSON.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    pub fn resume_point(&self) -> Option<ResumePoint> {
        self.resume_point.as_ref()?.parse().ok()
    }

    pub fn set_resume_point(&mut self, point: Option<&ResumePoint>) {
        self.resume_point = point.map(ResumePoint::to_string);
    }

    /// How what is asked now differs from what was asked then.
    pub fn differences(&self, now: &Asked) -> Vec<String> {
        let names: Vec<&String> = self
            .asked
            .keys()
            .chain(now.keys().filter(|name| !self.asked.contains_key(*name)))
            .collect();
        let differences =
            names.into_iter().filter_map(|name| match (self.asked.get(name), now.get(name)) {
                (then, now) if then == now => None,
                _ if CONFIDENTIAL.contains(&name.as_str()) => Some(format!("the {name} differs")),
                (Some(then), Some(now)) => Some(format!("{name} was {then} and is {now}")),
                (Some(then), None) => Some(format!("{name} was {then} and is not given")),
                (None, _) => Some(format!("{name} was not given")),
            });
        differences.collect()
    }
}

/// What is kept of the path, the query and the client id.
pub fn secretly(common: &Common, path: &str) -> [(String, String); 3] {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let client_id = fingerprint(&common.client_id());
    [("path", path.to_owned()), (QUERY, fingerprint(query)), (CLIENT_ID, client_id)]
        .map(|(name, value)| (name.to_owned(), value))
}

/// Tells whether two texts are the same without telling the text: FNV-1a, which unlike
/// std's hashes stays the same from release to release.
pub fn fingerprint(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

const CLIENT_ID: &str = "client id";
const QUERY: &str = "query";
pub const JSON: &str = "JSON";
/// Of these the fingerprint is kept.
const CONFIDENTIAL: [&str; 3] = [CLIENT_ID, QUERY, JSON];
const VERSION: u32 = 1;
