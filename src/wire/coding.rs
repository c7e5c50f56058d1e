//! What an answer is encoded by, and its content without that.

use std::fmt;
use std::io::{self, Cursor, Read};

use flate2::read::MultiGzDecoder;
use ureq::http::HeaderMap;
use ureq::http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HeaderName, TRANSFER_ENCODING,
};

/// What a request asks for, unless it says otherwise.
pub(crate) const ACCEPTED: &str = "gzip";

/// How often content is encoded by gzip.
pub(crate) type Layers = usize;

/// The codings that a request names of itself, and whose content its caller reads.
pub(crate) struct Asked(Vec<String>);

impl Asked {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let names = list(headers, &ACCEPT_ENCODING);
        // `gzip;q=0.5`
        let names = names.map(|name| name.split(';').next().unwrap_or_default().trim().to_owned());
        Self(names.collect())
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|asked| asked == name || asked == "*")
    }
}

/// Takes the codings off the headers of an answer that are taken off its content; those that
/// its caller reads stay on both.
///
/// # Errors
///
/// The name of a coding that nobody asked for.
pub(crate) fn take(headers: &mut HeaderMap, asked: &Asked) -> Result<Layers, String> {
    let mut layers = 0;
    for name in list(headers, &CONTENT_ENCODING) {
        match name.as_str() {
            "identity" => {}
            // RFC 9110 §8.4.1.3.
            "gzip" | "x-gzip" => layers += 1,
            // Below it there may be gzip, which the caller reads then as well.
            name if asked.has(name) => return Ok(0),
            _ => return Err(name),
        }
    }
    // Nobody asks for one (RFC 9112 §7.4), and some send it.
    for name in list(headers, &TRANSFER_ENCODING) {
        match name.as_str() {
            "chunked" | "identity" => {}
            "gzip" | "x-gzip" => layers += 1,
            _ => return Err(name),
        }
    }
    if layers > MOST_LAYERS {
        return Err(format!("gzip {layers} times over"));
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
    pub(crate) fn new(reader: R, layers: Layers) -> Self {
        if layers == 0 {
            return Self::Plain(reader);
        }
        let source: Box<dyn Read> = Box::new(Source(reader));
        Self::Zipped((0..layers).fold(source, |reader, _| Box::new(Gzip::Unread(Some(reader)))))
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

/// What comes from ureq, with errors that no decoder mistakes for its own.
struct Source<R>(R);

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|cause| io::Error::other(ureq::Error::from(cause)))
    }
}

/// Nothing that calls itself gzip is nothing: some servers do. All else must be whole.
enum Gzip<R> {
    Unread(Option<R>),
    Begun(Box<MultiGzDecoder<io::Chain<Cursor<[u8; 1]>, R>>>),
}

impl<R: Read> Read for Gzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Self::Unread(reader) = self {
            let mut first = [0];
            let Some(mut reader) = reader.take() else { return Ok(0) };
            if reader.read(&mut first)? == 0 {
                return Ok(0);
            }
            let decoder = MultiGzDecoder::new(Cursor::new(first).chain(reader));
            *self = Self::Begun(Box::new(decoder));
        }
        let Self::Begun(decoder) = self else { return Ok(0) };
        decoder.read(buffer).map_err(|cause| match cause.get_ref() {
            Some(inner) if inner.is::<ureq::Error>() => cause,
            _ => ureq::Error::Other(Box::new(Undecodable(cause))).into_io(),
        })
    }
}

/// Content that is not what its coding says.
#[derive(Debug)]
pub(crate) struct Undecodable(io::Error);

impl fmt::Display for Undecodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Undecodable {}

/// Each takes memory for its window.
const MOST_LAYERS: usize = 5;
