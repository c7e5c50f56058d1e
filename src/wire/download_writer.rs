//! Where a download goes.

use std::io::{self, Read, Write};

use ureq::http::StatusCode;

/// A writer, and how much it was given.
pub(crate) struct DownloadWriter<'a> {
    writer: &'a mut dyn Write,
    pub(crate) written: u64,
    /// A part of the content was asked for (RFC 9110 §14.2).
    pub(crate) is_part_asked: bool,
}

/// Why the content did not arrive where it should.
pub(crate) enum Broken {
    /// The server's side.
    Read(io::Error),
    /// The caller's side.
    Write(io::Error),
}

impl<'a> DownloadWriter<'a> {
    pub(crate) fn new(writer: &'a mut dyn Write, is_part_asked: bool) -> Self {
        Self { writer, written: 0, is_part_asked }
    }

    pub(crate) fn takes(&self, status: StatusCode) -> bool {
        is_content(status, self.is_part_asked)
    }

    /// All of `content`, in constant memory.
    pub(crate) fn fill(&mut self, mut content: impl Read) -> Result<(), Broken> {
        let mut buffer = vec![0; BUFFER];
        loop {
            let part = match content.read(&mut buffer) {
                Ok(0) => return self.writer.flush().map_err(Broken::Write),
                Ok(count) => buffer.get(..count).unwrap_or_default(),
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
                Err(cause) => return Err(Broken::Read(cause)),
            };
            self.writer.write_all(part).map_err(Broken::Write)?;
            self.written += u64::try_from(part.len()).unwrap_or_default();
        }
    }
}

/// A success that brings what was asked for, and all of it: not "accepted, come again" (RFC 9110
/// §15.3.3), and a part if and only if one was asked for (§15.3.7). A server may ignore that
/// (§14.2), and whoever appends would have the beginning twice.
pub(crate) fn is_content(status: StatusCode, is_part_asked: bool) -> bool {
    match status.as_u16() {
        200 | 203 => !is_part_asked,
        204 => true,
        206 => is_part_asked,
        _ => false,
    }
}

const BUFFER: usize = 64 * 1024;
