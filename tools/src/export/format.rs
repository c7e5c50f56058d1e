//! How rows are written.

use clap::{Args, ValueEnum};

#[derive(Args)]
#[command(next_help_heading = "How to write")]
pub struct FormatOptions {
    /// JSON lines, a table, or one JSON array
    #[arg(long, value_enum, default_value_t = Kind::Jsonl)]
    format: Kind,
    /// Of a csv; a dot leads into nested objects. Cells are what the server sent, also those that
    /// a spreadsheet takes for a formula (= + - @)
    #[arg(long, value_name = "A,B.C", value_delimiter = ',')]
    columns: Vec<String>,
    /// Of a csv, instead of a comma; 'tab' for a tab
    #[arg(long, value_name = "CHAR", value_parser = delimiter)]
    delimiter: Option<u8>,
    /// Of a csv: a byte order mark first, for spreadsheets
    #[arg(long)]
    bom: bool,
    /// A column that no row had is a warning and not an error
    #[arg(long)]
    allow_missing: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Jsonl,
    Csv,
    Json,
}

pub enum Format {
    /// The server's JSON, one row on a line.
    JsonLines,
    /// The same in one array.
    Json,
    Csv(Table),
}

pub struct Table {
    pub columns: Vec<String>,
    pub delimiter: u8,
    pub bom: bool,
    /// A column that no row had is no error.
    pub allow_missing: bool,
}

impl FormatOptions {
    pub fn extension(&self) -> String {
        let name = self.format.to_possible_value();
        name.map_or_else(String::new, |name| name.get_name().to_owned())
    }

    /// # Errors
    ///
    /// What does not go together, in words.
    pub fn format(self) -> Result<Format, String> {
        let given = [
            (!self.columns.is_empty(), "columns"),
            (self.delimiter.is_some(), "delimiter"),
            (self.bom, "bom"),
            (self.allow_missing, "allow-missing"),
        ];
        let vain = given.iter().find(|(is_given, _)| *is_given && self.format != Kind::Csv);
        if let Some((_, option)) = vain {
            return Err(format!("--{option} needs --format csv"));
        }
        let columns: Vec<String> = self.columns.iter().map(|name| name.trim().to_owned()).collect();
        match self.format {
            Kind::Jsonl => Ok(Format::JsonLines),
            Kind::Json => Ok(Format::Json),
            Kind::Csv if columns.is_empty() => {
                Err("--columns is missing: a csv needs the names of its columns".into())
            }
            Kind::Csv if columns.iter().any(String::is_empty) => {
                Err("--columns has an empty name".into())
            }
            Kind::Csv => Ok(Format::Csv(Table {
                columns,
                delimiter: self.delimiter.unwrap_or(b','),
                bom: self.bom,
                allow_missing: self.allow_missing,
            })),
        }
    }
}

impl Format {
    pub fn extension(&self) -> &'static str {
        match self {
            Self::JsonLines => "jsonl",
            Self::Json => "json",
            Self::Csv(_) => "csv",
        }
    }

    /// All that decides how rows are written.
    pub fn asked(&self) -> Vec<(String, String)> {
        let mut asked = vec![("the format", self.extension().to_owned())];
        if let Self::Csv(table) = self {
            asked.push(("--columns", table.columns.join(",")));
            asked.push(("--delimiter", char::from(table.delimiter).escape_default().to_string()));
            asked.push(("--bom", table.bom.to_string()));
        }
        asked.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

fn delimiter(text: &str) -> Result<u8, &'static str> {
    match (text.as_bytes(), text) {
        (_, "tab" | "\\t") => Ok(b'\t'),
        ([b'"' | b'\r' | b'\n'], _) => Err("cannot be that one"),
        ([byte], _) if byte.is_ascii() => Ok(*byte),
        _ => Err("takes one ASCII character, or 'tab'"),
    }
}
