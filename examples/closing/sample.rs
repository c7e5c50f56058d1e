//! What stands in for the command line without credentials.

use std::fs;

use serde_json::json;

use crate::arguments::Arguments;
use crate::inputs::{name_of, today};
use crate::snapdocs::{self, CANNOT_WRITE, Failure};

impl Arguments {
    /// A closing that draws a warning, with a value that a path could not hold as it is.
    pub fn sample() -> Result<Self, Failure> {
        let identifier = ["los", "loan", "2026/041 Müller"].map(str::to_owned);
        let [system, kind, value] = &identifier;
        let folder = snapdocs::sample_folder("closing-sample");
        let document = folder.join("deed of trust.pdf");
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(&document, "%PDF-1.7\n% a deed of trust\n%%EOF\n"))
            .map_err(|error| Failure::file(CANNOT_WRITE, &document, &error))?;
        Ok(Self {
            closing: json!({ "external_identifiers": [{
                "external_system": system, "external_type": kind, "external_value": value
            }] }),
            target: folder.join("deed of trust, from Snapdocs.pdf"),
            filename: name_of(&document)?,
            document,
            identifier,
            audit_query: today(),
            is_sample: true,
        })
    }
}
