//! A socket, as ureq's own, with buffers whose pages are touched when they are used: ureq writes
//! zeros to all of its 256 KiB before the first byte, which is a third of a short program.
//!
//! Like [`crate::wire::resolver`] it reaches into `ureq::unversioned`.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::time::Duration;

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, NextTimeout, Transport};

use crate::wire::socket::{CurrentTime, left_of};

pub(crate) struct Tcp {
    stream: TcpStream,
    buffers: Zeroed,
    current_time: CurrentTime,
    /// What the socket has: setting it is a system call.
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
}

impl Tcp {
    /// To the first of the addresses that answers. Each may take half of the time that is left, and
    /// the last one all of it.
    pub(crate) fn connect(details: &ConnectionDetails<'_>) -> Result<Self, Error> {
        let mut error = Error::HostNotFound;
        for (others, address) in (0..details.addrs.len()).rev().zip(&*details.addrs) {
            let left = left_of(details.timeout, details.now, (details.current_time)());
            let stream = match limit(left)? {
                Some(left) if others > 0 => TcpStream::connect_timeout(address, left / 2),
                Some(left) => TcpStream::connect_timeout(address, left),
                None => TcpStream::connect(address),
            };
            match stream {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    return Ok(Self {
                        stream,
                        buffers: Zeroed::default(),
                        current_time: details.current_time.clone(),
                        read_timeout: None,
                        write_timeout: None,
                    });
                }
                Err(cause) => error = in_time(cause, details.timeout),
            }
        }
        Err(error)
    }
}

impl Transport for Tcp {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let timeout = timeout.for_write();
        let limit = limit(timeout)?;
        if limit != self.write_timeout {
            set(self.stream.set_write_timeout(limit))?;
            self.write_timeout = limit;
        }
        let output = self.buffers.output.get(..amount).unwrap_or_default();
        self.stream.write_all(output).map_err(|cause| in_time(cause, timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let timeout = timeout.for_read();
        let began = (self.current_time)();
        let mut limit = limit(timeout)?;
        loop {
            if limit != self.read_timeout {
                set(self.stream.set_read_timeout(limit))?;
                self.read_timeout = limit;
            }
            match self.stream.read(self.buffers.input_append_buf()) {
                Ok(count) => {
                    self.buffers.input_appended(count);
                    return Ok(count > 0);
                }
                // By a signal.
                Err(cause) if cause.kind() == ErrorKind::Interrupted => {
                    limit = self::limit(left_of(timeout, began, (self.current_time)()))?;
                }
                Err(cause) => return Err(in_time(cause, timeout)),
            }
        }
    }

    /// There is nothing to read as long as it is.
    fn is_open(&mut self) -> bool {
        let is_quiet = || -> io::Result<bool> {
            self.stream.set_nonblocking(true)?;
            let cause = (&self.stream).read(&mut [0]).err();
            self.stream.set_nonblocking(false)?;
            Ok(cause.is_some_and(|cause| cause.kind() == ErrorKind::WouldBlock))
        };
        is_quiet().unwrap_or(false)
    }
}

impl fmt::Debug for Tcp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tcp").field("address", &self.stream.peer_addr().ok()).finish()
    }
}

/// The buffers of a connection, made at their first use.
#[derive(Default)]
struct Zeroed {
    input: Vec<u8>,
    /// The part of the input that is not consumed yet.
    unread: Range<usize>,
    output: Vec<u8>,
    has_progress: bool,
}

impl Buffers for Zeroed {
    fn output(&mut self) -> &mut [u8] {
        allocate(&mut self.output);
        &mut self.output
    }

    fn input(&self) -> &[u8] {
        self.input.get(self.unread.clone()).unwrap_or_default()
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        allocate(&mut self.input);
        let Range { start, end } = self.unread;
        if start == end {
            self.unread = 0..0;
        } else if end > SIZE / 2 {
            self.input.copy_within(start..end, 0);
            self.unread = 0..end - start;
        }
        self.input.get_mut(self.unread.end..).unwrap_or_default()
    }

    fn input_appended(&mut self, amount: usize) {
        self.unread.end = self.unread.end.saturating_add(amount).min(self.input.len());
    }

    fn input_consume(&mut self, amount: usize) {
        self.has_progress = amount > 0;
        self.unread.start = self.unread.start.saturating_add(amount).min(self.unread.end);
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        allocate(&mut self.output);
        self.input_append_buf();
        (self.input.get_mut(self.unread.end..).unwrap_or_default(), &mut self.output)
    }

    fn can_use_input(&self) -> bool {
        self.has_progress && !self.unread.is_empty()
    }
}

/// Zeros that come from the system as they are.
fn allocate(buffer: &mut Vec<u8>) {
    if buffer.is_empty() {
        *buffer = vec![0; SIZE];
    }
}

/// What is left of a timeout, as a socket takes it.
fn limit(timeout: NextTimeout) -> Result<Option<Duration>, Error> {
    match timeout.after.is_zero() {
        true => Err(Error::Timeout(timeout.reason)),
        false => Ok(timeout.not_zero().map(|limit| *limit)),
    }
}

/// A socket that waited in vain says that it would block.
fn in_time(cause: io::Error, timeout: NextTimeout) -> Error {
    match cause.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => Error::Timeout(timeout.reason),
        _ => Error::Io(cause),
    }
}

/// macOS refuses to change a timeout once the other side has closed, though what it sent can be
/// read.
fn set(result: io::Result<()>) -> io::Result<()> {
    result.or_else(|cause| match cause.kind() {
        ErrorKind::InvalidInput if cfg!(target_os = "macos") => Ok(()),
        _ => Err(cause),
    })
}

/// As large as ureq's: the copy of a large body is twice as fast as with half of it.
const SIZE: usize = 128 * 1024;
