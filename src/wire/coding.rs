//! What an answer is encoded by, and its content without that.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use ureq::http::HeaderMap;
use ureq::http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HeaderName, TRANSFER_ENCODING,
};

/// What a request asks for, unless it says otherwise.
pub(crate) const ACCEPTED: &str = "gzip";

/// The codings that a request names itself: its caller decodes them.
pub(crate) fn asked(headers: &HeaderMap) -> Vec<String> {
    // `gzip;q=0.5`
    let name = |name: String| name.split(';').next().unwrap_or_default().trim().to_owned();
    list(headers, &ACCEPT_ENCODING).map(name).collect()
}

/// Removes from the headers of an answer the codings that will be undone; those that its
/// caller decodes stay. Returns how often the content is encoded by gzip.
///
/// # Errors
///
/// What a coding is called that is not decoded here.
pub(crate) fn take(headers: &mut HeaderMap, asked: &[String]) -> Result<usize, String> {
    let is_asked = |name: &str| asked.iter().any(|asked| asked == name || asked == "*");
    let mut layers = 0;
    for name in list(headers, &CONTENT_ENCODING) {
        match name.as_str() {
            "identity" => {}
            // RFC 9110 §8.4.1.3.
            "gzip" | "x-gzip" => layers += 1,
            // Below it there may be gzip, which the caller reads then as well.
            name if is_asked(name) => return Ok(0),
            _ => return Err(format!("{name}, {NOT_ASKED_FOR}")),
        }
    }
    // Nobody asks for one (RFC 9112 §7.4), and some send it.
    for name in list(headers, &TRANSFER_ENCODING) {
        match name.as_str() {
            "chunked" | "identity" => {}
            "gzip" | "x-gzip" => layers += 1,
            _ => return Err(format!("{name}, {NEVER_ASKED_FOR}")),
        }
    }
    if layers > MOST_LAYERS {
        return Err(format!("gzip {layers} times, and {MOST_LAYERS} times at most are decoded"));
    }
    if layers > 0 {
        headers.remove(CONTENT_ENCODING);
        headers.remove(CONTENT_LENGTH);
    }
    Ok(layers)
}

/// The members of a list in lower case; some are empty (RFC 9110 §5.6.1.2).
fn list(headers: &HeaderMap, name: &HeaderName) -> impl Iterator<Item = String> {
    let mut members = Vec::new();
    for value in headers.get_all(name) {
        let value = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
        members.extend(value.split(',').map(|name| name.trim().to_owned()));
    }
    members.into_iter().filter(|name| !name.is_empty())
}

/// Content without its codings.
pub(crate) enum Content<R> {
    Plain(R),
    Zipped(Box<dyn Read>),
}

impl<R: Read + 'static> Content<R> {
    pub(crate) fn new(reader: R, layers: usize) -> Self {
        if layers == 0 {
            return Self::Plain(reader);
        }
        let source: Box<dyn Read> = Box::new(reader);
        Self::Zipped((0..layers).fold(source, |reader, _| {
            let source = Source { reader, start: Vec::new(), has_failed: false };
            Box::new(Gzip(MultiGzDecoder::new(source)))
        }))
    }
}

impl<R: Read> Read for Content<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(reader) => reader.read(buffer),
            Self::Zipped(reader) => reader.read(buffer),
        }
    }
}

/// What a decoder reads from, and what came of that.
struct Source {
    reader: Box<dyn Read>,
    /// The first two bytes: they show whether it is gzip.
    start: Vec<u8>,
    has_failed: bool,
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = self.reader.read(buffer);
        let more = buffer.iter().take(*result.as_ref().unwrap_or(&0));
        self.start.extend(more.take(GZIP.len() - self.start.len()));
        self.has_failed = result.is_err();
        result
    }
}

/// An empty body that says that it is gzip is empty: some servers send that. Any other must
/// be whole.
struct Gzip(MultiGzDecoder<Source>);

impl Read for Gzip {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).or_else(|cause| match self.0.get_ref() {
            source if source.has_failed => Err(cause),
            source if source.start.is_empty() => Ok(0),
            // No other error is an IO error in such a box.
            source => Err(ureq::Error::Other(Box::new(match GZIP.starts_with(&source.start) {
                true => cause,
                false => io::Error::new(NO_GZIP, cause),
            }))
            .into_io()),
        })
    }
}

/// RFC 1952 §2.3.1.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// The decoder has other kinds for gzip that is broken.
pub(crate) const NO_GZIP: io::ErrorKind = io::ErrorKind::InvalidData;
const NOT_ASKED_FOR: &str = "which was not asked for: to get the answer as it is, name it in a header Accept-Encoding of the request";
const NEVER_ASKED_FOR: &str = "which was not asked for: the server, or a proxy before it, must not encode the transfer (Transfer-Encoding) so";
/// Each takes memory for its window.
const MOST_LAYERS: usize = 5;
