//! A request as it goes out, and an answer as it comes in. A body is bytes, or a file. Each
//! attempt opens the file again, and its length must not change while it is sent.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use ureq::http::{HeaderMap, Method, StatusCode, Uri};

use crate::clock::Clock;
use crate::wire::download_writer::DownloadWriter;

pub(crate) struct Outgoing<'a, 'w> {
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<RequestBody<'a>>,
    /// Where the content goes, if not into memory.
    pub(crate) sink: Option<&'a mut DownloadWriter<'w>>,
    /// A long body asks for permission first.
    pub(crate) expects: bool,
    /// What is left of the call's deadline.
    pub(crate) time_left: Duration,
    /// What is left until the end time that nothing passes.
    pub(crate) end_left: Option<Duration>,
    pub(crate) idle_timeout: Duration,
    /// The setting that an error about the idle limit names.
    pub(crate) idle_setting: &'static str,
    /// How many decoded bytes of a success are read.
    pub(crate) body_limit: u64,
    /// What an error about that limit says of it.
    pub(crate) body_setting: &'static str,
}

pub(crate) struct Incoming {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// A body as it is sent.
#[derive(Clone, Copy)]
pub(crate) enum RequestBody<'a> {
    Bytes(&'a [u8]),
    File(&'a Path),
}

impl<'a> RequestBody<'a> {
    /// Long enough that a refusal should come before it (RFC 9110 §10.1.1); a file may be.
    pub(crate) fn may_be_long(&self) -> bool {
        match self {
            Self::Bytes(bytes) => bytes.len() > LONG,
            Self::File(_) => true,
        }
    }

    /// # Errors
    ///
    /// If it is a file that cannot be read, or no file at all: opening a pipe could block.
    pub(crate) fn open(self, clock: &'a dyn Clock) -> io::Result<OpenRequestBody<'a>> {
        let (source, length): (Box<dyn Read + 'a>, u64) = match self {
            Self::Bytes(bytes) => (Box::new(bytes), u64::try_from(bytes.len()).unwrap_or(u64::MAX)),
            Self::File(path) if !fs::metadata(path)?.is_file() => {
                return Err(io::Error::other("it is not a regular file"));
            }
            Self::File(path) => {
                let mut file = File::open(path)?;
                let length = file.metadata()?.len();
                // Such as those in /proc.
                if length == 0 && file.read(&mut [0])? > 0 {
                    return Err(io::Error::other("it has content, but no length"));
                }
                (Box::new(file), length)
            }
        };
        let fault = None;
        Ok(OpenRequestBody { body: self, source, length, left: length, fault, clock, asked: None })
    }
}

/// A body on its way: exactly as many bytes as were announced, or a fault. ureq would
/// wait for ever for those that a shorter one lacks.
pub(crate) struct OpenRequestBody<'a> {
    body: RequestBody<'a>,
    source: Box<dyn Read + 'a>,
    pub(crate) length: u64,
    left: u64,
    /// Why it could not be sent as it was announced.
    pub(crate) fault: Option<String>,
    clock: &'a dyn Clock,
    /// When it was first and last asked for more, on the monotonic clock.
    asked: Option<(Duration, Duration)>,
}

impl OpenRequestBody<'_> {
    pub(crate) fn is_long(&self) -> bool {
        usize::try_from(self.length).is_ok_and(|length| length > LONG)
    }

    /// How many bytes were taken to be sent.
    pub(crate) fn taken(&self) -> u64 {
        self.length - self.left
    }

    /// How long it has taken to send.
    pub(crate) fn took(&self) -> Duration {
        self.asked.map(|(first, last)| last.saturating_sub(first)).unwrap_or_default()
    }

    fn fail(&mut self, what: &str) -> io::Error {
        self.fault = Some(format!("{} {what}", self.body));
        io::Error::other("the body cannot be sent as it was announced")
    }
}

impl fmt::Display for RequestBody<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(_) => f.write_str("the body"),
            Self::File(path) => write!(f, "the file {}", path.display()),
        }
    }
}

impl Read for OpenRequestBody<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let now = self.clock.monotonic();
        self.asked = Some((self.asked.map_or(now, |(first, _)| first), now));
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let Some(buffer) = buffer.get_mut(..most).filter(|buffer| !buffer.is_empty()) else {
            return Ok(0);
        };
        let length = self.length;
        let count = match self.source.read(buffer) {
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => return Err(cause),
            Err(cause) => return Err(self.fail(&format!("could not be read to its end: {cause}"))),
            Ok(0) => {
                let found = self.taken();
                return Err(self.fail(&format!(
                    "became shorter while it was sent: {length} bytes were announced, {found} were there"
                )));
            }
            Ok(count) => count,
        };
        self.left -= u64::try_from(count).unwrap_or(self.left);
        // Looked for before the last bytes go out, so that the server never has them all.
        if self.left == 0 && self.source.read(&mut [0]).is_ok_and(|more| more > 0) {
            return Err(
                self.fail(&format!("became longer than the {length} bytes that were announced"))
            );
        }
        Ok(count)
    }
}

const LONG: usize = 1024 * 1024;
