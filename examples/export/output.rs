//! Rows as text.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, BufWriter, Write};

use serde_json::value::RawValue;

/// How rows are written.
pub enum Format {
    /// The server's JSON, one row on a line.
    JsonLines,
    Csv {
        columns: Vec<String>,
        delimiter: u8,
        bom: bool,
    },
}

impl Format {
    pub fn extension(&self) -> &'static str {
        match self {
            Self::JsonLines => "jsonl",
            Self::Csv { .. } => "csv",
        }
    }
}

/// Writes rows in one of the formats.
pub enum RowWriter<'f, W: Write> {
    JsonLines(BufWriter<W>),
    Csv { writer: Box<csv::Writer<W>>, columns: Vec<Column<'f>>, has_rows: bool },
}

pub struct Column<'f> {
    name: &'f str,
    was_there: bool,
}

impl<'f, W: Write> RowWriter<'f, W> {
    /// Writes what stands before the first row: for CSV the header.
    pub fn new(format: &'f Format, mut out: W) -> io::Result<Self> {
        let Format::Csv { columns, bom, .. } = format else {
            return Ok(Self::after_rows(format, out, &[]));
        };
        if *bom {
            out.write_all("\u{feff}".as_bytes())?;
        }
        let mut rows = Self::after_rows(format, out, columns);
        if let Self::Csv { writer, has_rows, .. } = &mut rows {
            writer.write_record(columns)?;
            *has_rows = false;
        }
        Ok(rows)
    }

    /// Goes on after rows, of which none had the `missing` columns.
    pub fn after_rows(format: &'f Format, out: W, missing: &[String]) -> Self {
        let Format::Csv { columns, delimiter, .. } = format else {
            return Self::JsonLines(BufWriter::new(out));
        };
        let writer = csv::WriterBuilder::new().delimiter(*delimiter).from_writer(out);
        let columns =
            columns.iter().map(|name| Column { name, was_there: !missing.contains(name) });
        Self::Csv { writer: Box::new(writer), columns: columns.collect(), has_rows: true }
    }

    pub fn write(&mut self, row: &RawValue) -> io::Result<()> {
        match self {
            Self::JsonLines(out) => {
                out.write_all(on_one_line(row).as_bytes())?;
                out.write_all(b"\n")
            }
            Self::Csv { writer, columns, has_rows } => {
                *has_rows = true;
                let members = members(row);
                for column in columns {
                    let value = find(&members, column.name);
                    column.was_there |= value.is_some();
                    writer.write_field(value.map_or(Cow::Borrowed(""), cell).as_bytes())?;
                }
                Ok(writer.write_record(None::<&[u8]>)?)
            }
        }
    }

    /// Nothing is held back.
    pub fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::JsonLines(out) => out.flush(),
            Self::Csv { writer, .. } => writer.flush(),
        }
    }

    /// The columns that no row had: most likely misspelt.
    pub fn missing_columns(&self) -> Vec<String> {
        match self {
            Self::Csv { columns, has_rows: true, .. } => {
                let missing = columns.iter().filter(|column| !column.was_there);
                missing.map(|column| column.name.to_owned()).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// JSON has line breaks between its tokens only, where they mean nothing.
fn on_one_line(row: &RawValue) -> Cow<'_, str> {
    match row.get().contains(['\n', '\r']) {
        true => Cow::Owned(row.get().replace(['\n', '\r'], "")),
        false => Cow::Borrowed(row.get()),
    }
}

type Members<'r> = HashMap<String, &'r RawValue>;

/// What is not an object has no members.
fn members(value: &RawValue) -> Members<'_> {
    serde_json::from_str(value.get()).unwrap_or_default()
}

/// `user.name` is the member of that very name, or else `name` within `user`.
fn find<'r>(members: &Members<'r>, path: &str) -> Option<&'r RawValue> {
    if let Some(value) = members.get(path) {
        return Some(*value);
    }
    let (first, rest) = path.split_once('.')?;
    find(&self::members(members.get(first)?), rest)
}

/// Text as it reads, `null` as nothing, all else as the server wrote it: a number that
/// went through a float might come out as another one.
fn cell(value: &RawValue) -> Cow<'_, str> {
    match value.get() {
        "null" => Cow::Borrowed(""),
        // An unpaired surrogate is legal JSON, but not text.
        text if text.starts_with('"') => {
            serde_json::from_str(text).map_or(Cow::Borrowed(text), Cow::Owned)
        }
        _ => on_one_line(value),
    }
}
