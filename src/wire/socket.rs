//! A connection that reads answers as this crate needs them read, below ureq and above TLS.
//!
//! Like [`crate::wire::resolver`] it reaches into `ureq::unversioned`.

use std::fmt;
use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, PoisonError};

use ureq::Error;
use ureq::unversioned::transport::time::{Duration, Instant};
use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};

use crate::wire::head::{self, Head};

/// Why writing failed, if it did.
pub(crate) type Broken = Arc<Mutex<Option<Error>>>;

/// A socket that may be read after writing broke or stood still: TLS would not do that.
/// [`Reading`], which is above TLS, looks at what failed.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) inner: Box<dyn Transport>,
    pub(crate) broken: Broken,
    /// Or each record of TLS would wait for the limit again.
    pub(crate) is_broken: bool,
}

impl Transport for Socket {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if self.is_broken {
            return Ok(());
        }
        let result = self.inner.transmit_output(amount, timeout);
        result.or_else(|error| match error {
            Error::Io(ref cause) if !WRITING_BROKE.contains(&cause.kind()) => Err(error),
            Error::Io(_) | Error::Timeout(_) => {
                *self.broken.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                self.is_broken = true;
                Ok(())
            }
            error => Err(error),
        })
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.inner.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

/// A connection that hands out the head of an answer in one piece, and readable:
///
/// * ureq waits for a head in three places, and each of them takes a part of one for more
///   than that: it spins, waits for what has come, or grants the whole time to each byte;
/// * what [`head::readable`] says;
/// * to ureq a permission (`100 Continue`) has no headers, and the only answer that opens a
///   tunnel is a first one of 200;
/// * when writing breaks or stands still, a refusal that came first is read (RFC 9112 §9.5).
///
/// It looks once whether it is still open, before it is used again: ureq asks when a connection
/// goes back to its pool as well, which would be three system calls more.
///
/// It also says plainly that it broke. Without a length, a body ends with the connection. Then ureq
/// takes a reset, or a missing close of TLS, for the end: a part would pass for the whole (RFC 9112
/// §8 and §9.8).
pub(crate) struct Reading {
    inner: Box<dyn Transport>,
    broken: Broken,
    current_time: CurrentTime,
    stage: Stage,
    /// What came behind a permission.
    held: Vec<u8>,
    /// How many bytes of interim answers came.
    interim: usize,
    /// The server refused before it had all of the request.
    is_refused: bool,
    /// Something was sent since ureq asked last whether it is open.
    is_used: bool,
}

pub(crate) type CurrentTime = Arc<dyn Fn() -> Instant + Send + Sync>;

#[derive(Debug, Clone, Copy)]
enum Stage {
    /// Nothing was sent.
    New,
    /// The head of an answer is next.
    Head,
    /// A head was handed out when there was so much input, and so often it may be again.
    Handed { input: usize, again: u8 },
    /// A body is next.
    Body,
    /// The answer to CONNECT is next.
    Connecting,
    /// Another connection is inside this one.
    Tunnel,
}

impl Reading {
    pub(crate) fn new(
        inner: Box<dyn Transport>,
        broken: Broken,
        current_time: CurrentTime,
    ) -> Self {
        let (stage, held) = (Stage::New, Vec::new());
        let (interim, is_refused, is_used) = (0, false, false);
        Self { inner, broken, current_time, stage, held, interim, is_refused, is_used }
    }

    /// Waits for all of a head, within one `timeout`.
    fn await_head(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let began = (self.current_time)();
        let mut first = Some(timeout);
        loop {
            if self.inner.buffers().input().is_empty() && !self.held.is_empty() {
                let held = std::mem::take(&mut self.held);
                append(self.inner.buffers(), &held);
            }
            let input = self.inner.buffers().input();
            match Head::of(input) {
                Head::Whole { length, status, is_plain } => {
                    let is_interim = head::is_interim(status);
                    self.interim += if is_interim { length } else { 0 };
                    if self.interim > LONGEST_HEAD {
                        return Err(Error::LargeResponseHeader(self.interim, LONGEST_HEAD));
                    }
                    if !is_interim || matches!((self.stage, status), (Stage::Head, 100)) {
                        self.hand_out(length, status, is_plain);
                        return Ok(true);
                    }
                    self.inner.buffers().input_consume(length);
                    continue;
                }
                Head::Part if input.len() <= LONGEST_HEAD => {}
                Head::Part | Head::Strange => {
                    self.stage = Stage::Handed { input: input.len(), again: AGAIN };
                    return Ok(true);
                }
            }
            let left = first.take();
            let left = left.unwrap_or_else(|| left_of(timeout, began, (self.current_time)()));
            if left.after.is_zero() {
                return Err(Error::Timeout(left.reason));
            }
            if !self.read(left)? {
                return Ok(false);
            }
        }
    }

    fn hand_out(&mut self, length: usize, status: u16, is_plain: bool) {
        let input = self.inner.buffers().input();
        let (head, rest) = input.split_at_checked(length).unwrap_or_default();
        let other = match (self.stage, status) {
            (Stage::Connecting, 200..300) => Some(CONNECTED.to_vec()),
            (Stage::Head, 100) => Some(PERMISSION.to_vec()),
            _ => (!is_plain).then(|| head::readable(head)),
        };
        if let Some(mut head) = other {
            let rest = rest.to_vec();
            match status {
                // Or ureq would read the head of another answer that is not all there.
                100 => self.held = rest,
                _ => head.extend(rest),
            }
            let buffers = self.inner.buffers();
            buffers.input_consume(buffers.input().len());
            append(buffers, &head);
        }
        self.stage = match (self.stage, status) {
            (Stage::Connecting, 200..300) => Stage::Tunnel,
            (_, 100) => Stage::Head,
            _ => Stage::Handed { input: self.inner.buffers().input().len(), again: AGAIN },
        };
    }

    /// ureq looks at what came: whoever asks for input after that wants more.
    fn read(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let has_more = self.inner.await_input(timeout).map_err(plainly)?;
        self.inner.buffers().input_consume(0);
        Ok(has_more)
    }

    /// Whether the server refused before it had all of the request: no success counts then.
    fn await_refusal(&mut self, timeout: NextTimeout) -> bool {
        while self.await_head(timeout).is_ok_and(|has_more| has_more) {
            match Head::of(self.inner.buffers().input()) {
                Head::Whole { length, status: 100, .. } => {
                    self.inner.buffers().input_consume(length);
                }
                Head::Whole { status, .. } => return status >= 300,
                Head::Part | Head::Strange => return false,
            }
        }
        false
    }
}

impl Transport for Reading {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if self.is_refused {
            return Ok(());
        }
        match self.stage {
            Stage::Tunnel | Stage::Connecting => {}
            Stage::New if self.inner.buffers().output().starts_with(b"CONNECT ") => {
                self.stage = Stage::Connecting;
            }
            _ => (self.stage, self.interim, self.is_used) = (Stage::Head, 0, true),
        }
        self.inner.transmit_output(amount, timeout)?;
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(cause) = broken else { return Ok(()) };
        // Its time is over: what came is there.
        let timeout = match cause {
            Error::Timeout(reason) => NextTimeout { after: AT_ONCE, reason, ..timeout },
            _ => timeout,
        };
        self.is_refused = !matches!(self.stage, Stage::Tunnel) && self.await_refusal(timeout);
        if self.is_refused { Ok(()) } else { Err(cause) }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        match self.stage {
            Stage::Head | Stage::Connecting => return self.await_head(timeout),
            Stage::Handed { input, again: 1.. } if self.inner.buffers().input().len() == input => {
                // Permission for a body was waited for, and came as an answer.
                if let Stage::Handed { again, .. } = &mut self.stage {
                    *again -= 1;
                }
                return Ok(true);
            }
            Stage::Handed { .. } => self.stage = Stage::Body,
            Stage::New | Stage::Body | Stage::Tunnel => {}
        }
        self.read(timeout)
    }

    fn is_open(&mut self) -> bool {
        let goes_back = std::mem::take(&mut self.is_used);
        !self.is_refused && self.held.is_empty() && (goes_back || self.inner.is_open())
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading").field("inner", &self.inner).field("stage", &self.stage).finish()
    }
}

fn append(buffers: &mut dyn Buffers, input: &[u8]) {
    let room = buffers.input_append_buf();
    let count = room.len().min(input.len());
    if let (Some(room), Some(input)) = (room.get_mut(..count), input.get(..count)) {
        room.copy_from_slice(input);
    }
    buffers.input_appended(count);
    buffers.input_consume(0);
}

pub(crate) fn left_of(timeout: NextTimeout, began: Instant, now: Instant) -> NextTimeout {
    let after = match (timeout.after, began, now) {
        (Duration::Exact(after), Instant::Exact(began), Instant::Exact(now)) => {
            Duration::Exact(after.saturating_sub(now.saturating_duration_since(began)))
        }
        (after, ..) => after,
    };
    NextTimeout { after, ..timeout }
}

/// Under a kind that ureq does not look for.
fn plainly(error: Error) -> Error {
    match error {
        Error::Io(cause) if LIKE_THE_END.contains(&cause.kind()) => {
            Error::Io(io::Error::other(cause))
        }
        error => error,
    }
}

const LIKE_THE_END: [ErrorKind; 3] = [UnexpectedEof, ConnectionAborted, ConnectionReset];
const WRITING_BROKE: [ErrorKind; 3] = [BrokenPipe, ConnectionAborted, ConnectionReset];
/// How often a head may be handed out again.
const AGAIN: u8 = 3;
/// As much as ureq takes.
const LONGEST_HEAD: usize = 64 * 1024;
const AT_ONCE: Duration = Duration::from_millis(10);
const CONNECTED: &[u8] = b"HTTP/1.1 200 OK\r\n\r\n";
const PERMISSION: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
