//! One exchange with a server: a request goes out, whatever it is, and an answer comes in.

use std::io::{self, Read};
use std::time::Duration;

use ureq::http::header::{CONTENT_LENGTH, EXPECT, HeaderValue};
use ureq::http::{self, Method, StatusCode};
use ureq::{AsSendBody, Body, BodyReader, SendBody, Timeout};

use crate::clock::Clock;
use crate::error::{Delivery, ErrorKind, RequestTarget};
use crate::wire::coding::{self, Asked, Content, Layers};
use crate::wire::download_writer::Broken;
use crate::wire::failure::{Failure, Result};
use crate::wire::request_body::RequestBody;
use crate::wire::transport::{Built, Incoming, Outgoing, Timeouts, Transport, limit};

impl Transport {
    /// Sends once and reads the whole answer. Any status is an answer.
    pub(crate) fn exchange(&self, outgoing: &mut Outgoing<'_, '_>) -> Result<Incoming> {
        if outgoing.time_left.is_zero() {
            let why = "not sent: no time is left of the call's deadline (RetryPolicy::with_deadline, Client::with_end_time)";
            return Err(self.error(outgoing, Delivery::NotSent, ErrorKind::Temporary, why));
        }
        if let Some(why) = self.missing_tls(outgoing) {
            return Err(self.error(outgoing, Delivery::NotSent, ErrorKind::Configuration, why));
        }
        let built = self.built(outgoing.uri)?;
        let asked = Asked::of(&outgoing.headers);
        let began = outgoing.is_streamed().then(|| self.clock.monotonic());
        let response = match outgoing.body {
            None => self.run(built, outgoing, ()),
            Some(RequestBody::Bytes(bytes)) if !RequestBody::Bytes(bytes).may_be_long() => {
                self.run(built, outgoing, bytes)
            }
            Some(payload) => self.stream(built, outgoing, payload),
        };
        let (mut parts, body) = response?.into_parts();
        let has_body = outgoing.method != Method::HEAD
            && !matches!(parts.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        let coding = if has_body { coding::take(&mut parts.headers, &asked) } else { Ok(0) };
        let body = match coding {
            Ok(layers) if has_body => {
                let until = began.map(|began| began.saturating_add(outgoing.time_left));
                let body = Arrival::new(body, layers);
                self.receive(body, parts.status, outgoing, until)?
            }
            Err(name) if parts.status.is_success() && !is_empty(body) => {
                return Err(self.error(
                    outgoing,
                    Delivery::Accepted,
                    ErrorKind::Incomplete,
                    format!("the answer is encoded by {name}, {NOT_ASKED_FOR}"),
                ));
            }
            // The status says what there is to say.
            Ok(_) | Err(_) => Vec::new(),
        };
        Ok(Incoming { status: parts.status, headers: parts.headers, body })
    }

    fn run(
        &self,
        built: &Built,
        outgoing: &mut Outgoing<'_, '_>,
        body: impl AsSendBody,
    ) -> Result<http::Response<Body>> {
        let mut request = http::Request::new(body);
        *request.method_mut() = outgoing.method.clone();
        *request.uri_mut() = outgoing.uri.clone();
        *request.headers_mut() = std::mem::take(&mut outgoing.headers);
        let route = built.route.as_ref();
        let proxy = route.and_then(|route| route.to(outgoing.uri)).cloned();
        let (connect, idle) = (self.timeouts.connect, outgoing.idle_timeout);
        let timeouts = Timeouts { global: outgoing.time_left, connect, idle };
        let is_streamed = outgoing.is_streamed();
        if !is_streamed && proxy.is_none() && timeouts == built.timeouts {
            let response = built.agent.run(request);
            return response.map_err(|error| self.failure(error, outgoing));
        }
        let permission = match request.headers().contains_key(EXPECT) {
            true => PERMISSION.min(idle / 2).min(outgoing.time_left / 2),
            false => Duration::ZERO,
        };
        // Per read and per write are free while they are shorter than the rest of the
        // deadline; the deadline itself then costs no system call either.
        let request = built
            .agent
            .configure_request(request)
            .proxy(proxy)
            .timeout_global(limit(timeouts.global))
            .timeout_connect(limit(connect))
            .timeout_per_read(limit(idle))
            .timeout_per_write(limit(idle));
        // What is streamed takes as long as it takes; all else is under the deadline.
        let for_answer = match outgoing.sink {
            Some(_) => None,
            None => limit(outgoing.time_left),
        };
        let request = match is_streamed {
            false => request,
            true => request
                .timeout_global(outgoing.end_left.and_then(limit))
                .timeout_connect(limit(connect.min(outgoing.time_left)))
                .timeout_await_100(Some(permission))
                .timeout_recv_response(limit(outgoing.time_left))
                .timeout_recv_body(for_answer),
        };
        built.agent.run(request.build()).map_err(|error| self.failure(error, outgoing))
    }

    /// Sends a body that may be long, in constant memory.
    fn stream(
        &self,
        built: &Built,
        outgoing: &mut Outgoing<'_, '_>,
        payload: RequestBody<'_>,
    ) -> Result<http::Response<Body>> {
        let mut body =
            payload.open(&*self.clock).map_err(|cause| unreadable(outgoing, payload, cause))?;
        outgoing.headers.insert(CONTENT_LENGTH, body.length().into());
        let asks = outgoing.expects && body.is_long();
        if asks {
            let permission = HeaderValue::from_static("100-continue");
            outgoing.headers.entry(EXPECT).or_insert(permission);
        }
        let result = self.run(built, outgoing, SendBody::from_reader(&mut body));
        outgoing.time_left = outgoing.time_left.saturating_add(body.took());
        if let Some(fault) = body.take_fault() {
            return Err(self.error(
                outgoing,
                Delivery::Unknown,
                ErrorKind::Incomplete,
                fault.told(payload),
            ));
        }
        let (taken, length) = (body.taken(), body.length());
        match result {
            Ok(response) if response.status().is_success() && taken < length => {
                let status = response.status();
                let message = format!(
                    "the server answered {status} when it had been sent {taken} of {length} bytes of the body"
                );
                Err(self.error(outgoing, Delivery::Unknown, ErrorKind::Incomplete, message))
            }
            // A request of which no byte of the body left is none (RFC 9112 §8). ureq does
            // not read headers in a `100 Continue`, which RFC 9110 §15.2 allows.
            Err(failure) if asks && taken == 0 => Err(Failure {
                delivery: Delivery::NotSent,
                unpermitted: failure.idle || failure.misread,
                ..failure
            }),
            result => result,
        }
    }

    /// The content goes to the sink if there is one, all else into memory, `until` a time on
    /// the monotonic clock where ureq does not watch it.
    fn receive(
        &self,
        body: Arrival,
        status: StatusCode,
        outgoing: &mut Outgoing<'_, '_>,
        until: Option<Duration>,
    ) -> Result<Vec<u8>> {
        let Some(sink) = outgoing.sink.take() else {
            return self.read(body, status.is_success(), outgoing, until);
        };
        if !sink.takes(status) {
            return self.read(body, false, outgoing, until);
        }
        let filled = sink.fill(body.content);
        let (written, broken) = match filled {
            Ok(()) => return Ok(Vec::new()),
            Err(broken) => (sink.written, broken),
        };
        match broken {
            Broken::Write(cause) => {
                let message = format!("the content cannot be written; {written} bytes had been");
                let failure = self.error(outgoing, Delivery::Accepted, ErrorKind::Output, message);
                Err(Failure { received: written, cause: Some(cause.into()), ..failure })
            }
            Broken::Read(cause) => {
                Err(self.broken_body(cause.into(), outgoing, written, written > 0))
            }
        }
    }

    /// The body, read to its end so that the connection can be used again. Of a refusal
    /// only the first part matters: beyond that, closing is cheaper than reading.
    fn read(
        &self,
        body: Arrival,
        is_success: bool,
        outgoing: &Outgoing<'_, '_>,
        until: Option<Duration>,
    ) -> Result<Vec<u8>> {
        let limit = if is_success { outgoing.body_limit } else { REFUSAL_LIMIT };
        let announced = body.announced.min(limit).min(PREALLOCATED);
        let reader = Timed { reader: body.content, clock: &*self.clock, until };
        let (mut bytes, read) = read_all(reader.take(limit.saturating_add(1)), announced);
        let is_too_long = u64::try_from(bytes.len()).is_ok_and(|length| length > limit);
        match read.map_err(ureq::Error::from) {
            _ if !is_success => {
                bytes.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
                Ok(bytes)
            }
            Ok(()) if is_too_long => Err(self.error(
                outgoing,
                Delivery::Accepted,
                ErrorKind::Incomplete,
                format!("the body is longer than {limit} bytes ({})", outgoing.body_setting),
            )),
            Ok(()) => Ok(bytes),
            Err(error) => {
                let arrived = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                Err(self.broken_body(error, outgoing, arrived, false))
            }
        }
    }

    fn broken_body(
        &self,
        error: ureq::Error,
        outgoing: &Outgoing<'_, '_>,
        arrived: u64,
        begun: bool,
    ) -> Failure {
        let failure = self.failure(error, outgoing);
        Failure {
            delivery: Delivery::Unknown,
            received: arrived,
            begun,
            message: format!("{}; {arrived} bytes of the body had arrived", failure.message),
            ..failure
        }
    }
}

/// A body on its way in.
struct Arrival {
    content: Content<BodyReader<'static>>,
    announced: u64,
}

impl Arrival {
    fn new(body: Body, layers: Layers) -> Self {
        let announced = body.content_length().unwrap_or(0);
        Self { content: Content::new(body.into_reader(), layers), announced }
    }
}

/// A reader that ends in time, between two reads.
struct Timed<'c, R> {
    reader: R,
    clock: &'c dyn Clock,
    until: Option<Duration>,
}

impl<R: Read> Read for Timed<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.until.is_some_and(|until| self.clock.monotonic() >= until) {
            true => Err(ureq::Error::Timeout(Timeout::Global).into_io()),
            false => self.reader.read(buffer),
        }
    }
}

/// All that comes, and how it ended. As `read_to_end`, but each byte of the buffer is set to
/// zero once, and not for each of the many small reads.
fn read_all(mut reader: impl Read, announced: u64) -> (Vec<u8>, io::Result<()>) {
    // The last read finds the end, and has room for a byte.
    let room = usize::try_from(announced).unwrap_or(0).saturating_add(1);
    let (mut bytes, mut filled) = (vec![0; room.max(SMALLEST)], 0);
    let end = loop {
        if filled == bytes.len() {
            bytes.resize(bytes.len().saturating_mul(2), 0);
        }
        match reader.read(bytes.get_mut(filled..).unwrap_or_default()) {
            Ok(0) => break Ok(()),
            Ok(count) => filled += count,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => break Err(cause),
        }
    };
    bytes.truncate(filled);
    (bytes, end)
}

/// Nothing is nothing in any coding.
fn is_empty(body: Body) -> bool {
    matches!(body.into_reader().read(&mut [0]), Ok(0))
}

fn unreadable(outgoing: &Outgoing<'_, '_>, payload: RequestBody<'_>, cause: io::Error) -> Failure {
    let target = RequestTarget::new(outgoing.method, outgoing.uri);
    let message = format!("{target}: not sent: {payload} cannot be read");
    Failure::setting_caused(message, cause)
}

const NOT_ASKED_FOR: &str = "which was not asked for: a header Accept-Encoding of the request that names it gets the answer as it is";
/// How long permission for a long body is waited for: servers that do not know of it say
/// nothing.
const PERMISSION: Duration = Duration::from_secs(1);
const REFUSAL_LIMIT: u64 = 64 * 1024;
const PREALLOCATED: u64 = 1024 * 1024;
/// For an answer that does not say how long it is.
const SMALLEST: usize = 1024;
