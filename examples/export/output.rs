//! Rows as text, and files that appear only when they are complete.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::time::SystemTime;

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
        let (columns, delimiter, bom) = match format {
            Format::JsonLines => return Ok(Self::JsonLines(BufWriter::new(out))),
            Format::Csv { columns, delimiter, bom } => (columns, *delimiter, *bom),
        };
        if bom {
            out.write_all("\u{feff}".as_bytes())?;
        }
        let mut writer = Box::new(csv::WriterBuilder::new().delimiter(delimiter).from_writer(out));
        writer.write_record(columns)?;
        let columns = columns.iter().map(|name| Column { name, was_there: false }).collect();
        Ok(Self::Csv { writer, columns, has_rows: false })
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

    /// Writes what is left. Returns the columns that no row had: most likely misspelt.
    pub fn finish(self) -> io::Result<Vec<&'f str>> {
        match self {
            Self::JsonLines(mut out) => out.flush().map(|()| Vec::new()),
            Self::Csv { mut writer, columns, has_rows } => {
                writer.flush()?;
                let missing = columns.iter().filter(|column| has_rows && !column.was_there);
                Ok(missing.map(|column| column.name).collect())
            }
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

/// A file beside its final name. It gets that name by [`keep`](Self::keep), and is
/// removed if it is dropped before.
pub struct PartialFile {
    file: File,
    partial: PathBuf,
    target: PathBuf,
    is_kept: bool,
}

impl PartialFile {
    /// Fails at once where the target could not be written in the end.
    pub fn create(target: &Path) -> io::Result<Self> {
        // A link stays one: what it leads to is replaced.
        let target = fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
        if target.exists() && !target.is_file() {
            return Err(io::Error::other("it is there already, and not a file"));
        }
        let partial = beside(&target)?;
        // Never another run's: two at a time must not write into one file.
        let file = File::options().write(true).create_new(true).open(&partial)?;
        // Who could not read the last export is not to read this one.
        if let Ok(metadata) = target.metadata() {
            file.set_permissions(metadata.permissions())?;
        }
        Ok(Self { file, partial, target, is_kept: false })
    }

    pub fn writer(&self) -> &File {
        &self.file
    }

    /// Gives the file its name, once its bytes are on the disk.
    pub fn keep(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.partial, &self.target)?;
        self.is_kept = true;
        Ok(())
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        if !self.is_kept {
            // There is nobody left to tell.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

/// A name in the same directory, hence on the same file system, as renaming requires.
fn beside(target: &Path) -> io::Result<PathBuf> {
    let name = target.file_name().ok_or_else(|| io::Error::other("it is not a file name"))?;
    let now = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_nanos());
    let mut partial = OsString::from(name);
    partial.push(format!(".{}-{now}.partial", process::id()));
    Ok(target.with_file_name(partial))
}
