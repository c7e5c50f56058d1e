//! Rows as text.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, BufWriter, Write};

use serde_json::value::RawValue;

use super::format::{Format, Table};

/// Writes rows in one of the formats. What it holds back, [`flush`](Self::flush) writes.
pub enum RowWriter<'f, W: Write> {
    Json { out: BufWriter<W>, is_array: bool, has_rows: bool },
    Csv { writer: Box<csv::Writer<W>>, columns: Vec<Column<'f>>, has_rows: bool },
}

pub struct Column<'f> {
    name: &'f str,
    was_there: bool,
}

impl<'f, W: Write> RowWriter<'f, W> {
    /// Writes what stands before the first row: for CSV the header.
    pub fn new(format: &'f Format, mut out: W) -> io::Result<Self> {
        match format {
            Format::Json => out.write_all(b"[")?,
            Format::Csv(table) if table.bom => out.write_all("\u{feff}".as_bytes())?,
            Format::JsonLines | Format::Csv(_) => {}
        }
        let Format::Csv(table) = format else { return Ok(Self::at(format, out, &[], false)) };
        let mut rows = Self::at(format, out, &table.columns, false);
        if let Self::Csv { writer, .. } = &mut rows {
            writer.write_record(&table.columns)?;
        }
        Ok(rows)
    }

    /// Goes on after what another run wrote, of whose rows none had the `missing` columns.
    pub fn at(format: &'f Format, out: W, missing: &[String], has_rows: bool) -> Self {
        let Format::Csv(Table { columns, delimiter, .. }) = format else {
            let out = BufWriter::with_capacity(BUFFER, out);
            return Self::Json { out, is_array: matches!(format, Format::Json), has_rows };
        };
        let mut builder = csv::WriterBuilder::new();
        let writer = builder.delimiter(*delimiter).buffer_capacity(BUFFER).from_writer(out);
        let columns =
            columns.iter().map(|name| Column { name, was_there: !missing.contains(name) });
        Self::Csv { writer: Box::new(writer), columns: columns.collect(), has_rows }
    }

    pub fn write(&mut self, row: &RawValue) -> io::Result<()> {
        match self {
            Self::Json { out, is_array: false, .. } => {
                out.write_all(on_one_line(row).as_bytes())?;
                out.write_all(b"\n")
            }
            Self::Json { out, has_rows, .. } => {
                out.write_all(if *has_rows { b",\n" } else { b"\n" })?;
                *has_rows = true;
                out.write_all(on_one_line(row).as_bytes())
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

    pub fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Json { out, .. } => out.flush(),
            Self::Csv { writer, .. } => writer.flush(),
        }
    }

    /// Writes what stands after the last row.
    pub fn finish(&mut self) -> io::Result<()> {
        if let Self::Json { out, is_array: true, .. } = self {
            out.write_all(b"\n]\n")?;
        }
        self.flush()
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

const BUFFER: usize = 64 * 1024;
