//! One exchange with a server: a request goes out, whatever it is, and an answer comes in.

use std::io::{self, Read};
use std::iter;
use std::time::Duration;

use ureq::http::header::{CONTENT_LENGTH, EXPECT, HeaderValue};
use ureq::http::{self, Method, StatusCode};
use ureq::{AsSendBody, Body, Proxy, SendBody, Timeout};

use crate::error::Delivery::{Accepted, NotSent, Unknown};
use crate::error::ErrorKind::{Configuration, Incomplete, Output, Temporary};
use crate::error::RequestTarget;
use crate::wire::coding::{self, Content};
use crate::wire::download_writer::{Broken, DownloadWriter};
use crate::wire::failure::{Failure, Result};
use crate::wire::message::{Incoming, Outgoing, RequestBody};
use crate::wire::network_error;
use crate::wire::transport::{Built, Timeouts, Transport, limit};

impl Transport {
    /// Sends once and reads the whole answer. Any status is an answer.
    pub(crate) fn exchange(&self, outgoing: &mut Outgoing<'_, '_>) -> Result<Incoming> {
        if outgoing.time_left.is_zero() {
            return Err(Failure::new(NotSent, Temporary, NO_TIME));
        }
        if outgoing.uri.scheme_str() == Some("https")
            && let Some(why) = self.connection.tls.missing()
        {
            return Err(Failure::new(NotSent, Configuration, why));
        }
        let built = self.built(outgoing.uri)?;
        let proxy = built.route.to(outgoing.uri);
        let is_streamed =
            outgoing.sink.is_some() || matches!(outgoing.body, Some(RequestBody::File(_)));
        let exchange = Exchange { transport: self, built, proxy, is_streamed };
        exchange.run(outgoing).map_err(|failure| match proxy {
            Some(proxy) => failure.through(proxy),
            None => failure,
        })
    }
}

struct Exchange<'t> {
    transport: &'t Transport,
    built: &'t Built,
    proxy: Option<&'t Proxy>,
    /// It takes as long as it takes.
    is_streamed: bool,
}

impl Exchange<'_> {
    fn run(&self, outgoing: &mut Outgoing<'_, '_>) -> Result<Incoming> {
        let asked = coding::asked(&outgoing.headers);
        let began = self.is_streamed.then(|| self.transport.clock.monotonic());
        let response = match outgoing.body {
            None => self.send(outgoing, ()),
            Some(RequestBody::Bytes(bytes)) if !RequestBody::Bytes(bytes).may_be_long() => {
                self.send(outgoing, bytes)
            }
            Some(body) => self.stream(outgoing, body),
        };
        let (mut parts, body) = response?.into_parts();
        let has_body = outgoing.method != Method::HEAD
            && !matches!(parts.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        let coding = if has_body { coding::take(&mut parts.headers, &asked) } else { Ok(0) };
        let body = match coding {
            Ok(layers) if has_body => {
                let announced = body.content_length().unwrap_or(0);
                let content = Content::new(body.into_reader(), layers);
                let until = began.map(|began| began.saturating_add(outgoing.time_left));
                match outgoing.sink.take() {
                    Some(sink) if sink.takes(parts.status) => {
                        self.deliver(content, sink, outgoing)?;
                        Vec::new()
                    }
                    None if parts.status.is_success() => {
                        self.read(content, announced, outgoing, until)?
                    }
                    // Only the first part matters, as far as it came: beyond that, closing is
                    // cheaper than reading.
                    _ => self.read_up_to(REFUSAL_LIMIT, content, announced, until).0,
                }
            }
            Err(coding) if parts.status.is_success() && !is_empty(body) => {
                let message = format!("the answer is encoded by {coding}");
                return Err(Failure::new(Accepted, Incomplete, message));
            }
            // The status says what there is to say.
            Ok(_) | Err(_) => Vec::new(),
        };
        Ok(Incoming { status: parts.status, headers: parts.headers, body })
    }

    fn send(
        &self,
        outgoing: &mut Outgoing<'_, '_>,
        body: impl AsSendBody,
    ) -> Result<http::Response<Body>> {
        let request = self.request(outgoing).map(|()| body);
        self.built.agent.run(request).map_err(|error| self.failure(error, outgoing))
    }

    /// The request without its body, and how long each part of it may take.
    fn request(&self, outgoing: &mut Outgoing<'_, '_>) -> http::Request<()> {
        let mut request = http::Request::new(());
        *request.method_mut() = outgoing.method.clone();
        *request.uri_mut() = outgoing.uri.clone();
        let headers = request.headers_mut();
        *headers = std::mem::take(&mut outgoing.headers);
        self.built.add_headers(headers, outgoing.uri);
        let (connect, idle) = (self.transport.connection.connect_timeout, outgoing.idle_timeout);
        let timeouts = Timeouts { global: outgoing.time_left, connect, idle };
        if !self.is_streamed && self.proxy.is_none() && timeouts == self.built.timeouts {
            return request;
        }
        let permission = match request.headers().contains_key(EXPECT) {
            true => PERMISSION.min(idle / 2).min(outgoing.time_left / 2),
            false => Duration::ZERO,
        };
        let left = limit(outgoing.time_left);
        // Per read and per write are free while they are shorter than the rest of the
        // deadline; the deadline itself then costs no system call either.
        let request = self
            .built
            .agent
            .configure_request(request)
            .proxy(self.proxy.cloned())
            .timeout_per_read(limit(idle))
            .timeout_per_write(limit(idle));
        match self.is_streamed {
            false => request.timeout_global(left).timeout_connect(limit(connect)),
            // All but the streams themselves is under the deadline.
            true => request
                .timeout_global(outgoing.end_left.and_then(limit))
                .timeout_connect(limit(connect.min(outgoing.time_left)))
                .timeout_await_100(Some(permission))
                .timeout_recv_response(left)
                .timeout_recv_body(left.filter(|_| outgoing.sink.is_none())),
        }
        .build()
    }

    /// Sends a body that may be long, in constant memory.
    fn stream(
        &self,
        outgoing: &mut Outgoing<'_, '_>,
        body: RequestBody<'_>,
    ) -> Result<http::Response<Body>> {
        let mut open = body.open(&*self.transport.clock).map_err(|cause| {
            let target = RequestTarget::new(outgoing.method, outgoing.uri);
            Failure::setting_caused(format!("{target}: not sent: {body} cannot be read"), cause)
        })?;
        outgoing.headers.insert(CONTENT_LENGTH, open.length.into());
        let asks = outgoing.expects && open.is_long();
        if asks {
            let permission = HeaderValue::from_static("100-continue");
            outgoing.headers.entry(EXPECT).or_insert(permission);
        }
        let result = self.send(outgoing, SendBody::from_reader(&mut open));
        outgoing.time_left = outgoing.time_left.saturating_add(open.took());
        let (taken, length) = (open.taken(), open.length);
        if let Some(fault) = open.fault {
            return Err(Failure::new(Unknown, Incomplete, fault));
        }
        match result {
            Ok(response) if response.status().is_success() && taken < length => {
                let status = response.status();
                let message = format!(
                    "the server answered {status} when it had been sent {taken} of {length} bytes of the body"
                );
                Err(Failure::new(Unknown, Incomplete, message))
            }
            // A request of which no byte of the body left is none (RFC 9112 §8). ureq does
            // not read headers in a `100 Continue`, which RFC 9110 §15.2 allows.
            Err(failure) if asks && taken == 0 => Err(Failure {
                delivery: NotSent,
                unpermitted: failure.idle || failure.misread,
                ..failure
            }),
            result => result,
        }
    }

    /// Into the caller's writer.
    fn deliver(
        &self,
        content: impl Read,
        sink: &mut DownloadWriter<'_>,
        outgoing: &Outgoing<'_, '_>,
    ) -> Result<()> {
        sink.fill(content).map_err(|broken| match (broken, sink.written) {
            (Broken::Read(cause), written) => {
                let failure = self.broken_body(cause, outgoing, written);
                Failure { begun: written > 0, ..failure }
            }
            (Broken::Write(cause), written) => {
                let message =
                    format!("the content cannot be written; {written} bytes were written before");
                let failure = Failure::new(Accepted, Output, message);
                Failure { received: written, cause: Some(cause.into()), ..failure }
            }
        })
    }

    /// Into memory, to its end, so that the connection can be used again.
    fn read(
        &self,
        content: impl Read,
        announced: u64,
        outgoing: &Outgoing<'_, '_>,
        until: Option<Duration>,
    ) -> Result<Vec<u8>> {
        let limit = outgoing.body_limit;
        let (bytes, end) = self.read_up_to(limit.saturating_add(1), content, announced, until);
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        match end {
            Ok(()) if length > limit => Err(Failure::new(
                Accepted,
                Incomplete,
                format!("the body is longer than {limit} bytes ({})", outgoing.body_setting),
            )),
            Ok(()) => Ok(bytes),
            Err(cause) => Err(self.broken_body(cause, outgoing, length)),
        }
    }

    /// At most this many bytes, `until` a time on the monotonic clock where ureq does not watch
    /// it, and how it ended. As `read_to_end`, but each byte of the buffer is set to zero once,
    /// and not for each of the many small reads.
    fn read_up_to(
        &self,
        most: u64,
        content: impl Read,
        announced: u64,
        until: Option<Duration>,
    ) -> (Vec<u8>, io::Result<()>) {
        let mut reader = content.take(most);
        // The last read finds the end, and has room for a byte.
        let whole = usize::try_from(announced.min(most)).unwrap_or(usize::MAX).saturating_add(1);
        let first = if announced == 0 { SMALLEST } else { whole.min(BELIEVED) };
        let (mut bytes, mut filled) = (zeros(first), 0);
        let end = loop {
            if until.is_some_and(|until| self.transport.clock.monotonic() >= until) {
                break Err(ureq::Error::Timeout(Timeout::Global).into_io());
            }
            if filled == bytes.len() {
                bytes = longer(&bytes, whole);
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

    fn broken_body(&self, cause: io::Error, outgoing: &Outgoing<'_, '_>, received: u64) -> Failure {
        let failure = self.failure(cause.into(), outgoing);
        let message = format!("{}; {received} bytes of the body had arrived", failure.message);
        Failure { delivery: Unknown, message, received, ..failure }
    }

    fn failure(&self, error: ureq::Error, outgoing: &Outgoing<'_, '_>) -> Failure {
        let has_user =
            self.proxy.is_some_and(|proxy| proxy.username().or(proxy.password()).is_some());
        let connect = self.transport.connection.connect_timeout;
        network_error::failure(error, outgoing, connect, has_user)
    }
}

/// The buffer with room for more: for the whole, as far as what has come lets one believe in it.
fn longer(bytes: &[u8], whole: usize) -> Vec<u8> {
    let (double, most) = (bytes.len().saturating_mul(2), bytes.len().saturating_mul(GROWTH));
    let mut longer = zeros(if whole > bytes.len() { whole.min(most) } else { double });
    if let Some(start) = longer.get_mut(..bytes.len()) {
        start.copy_from_slice(bytes);
    }
    longer
}

/// A large buffer comes from the system as zeros; a small one comes from the allocator's cache,
/// which does not have those.
fn zeros(length: usize) -> Vec<u8> {
    if length > SMALLEST { vec![0; length] } else { iter::repeat_n(0, length).collect() }
}

/// Nothing is nothing in any coding.
fn is_empty(body: Body) -> bool {
    matches!(body.into_reader().read(&mut [0]), Ok(0))
}

const NO_TIME: &str = "not sent: no time is left of the call's deadline (RetryPolicy::with_deadline, RetryPolicy::with_end_time)";
/// How long permission for a long body is waited for: servers that do not know of it say
/// nothing.
const PERMISSION: Duration = Duration::from_secs(1);
const REFUSAL_LIMIT: u64 = 64 * 1024;
/// As far as an announced length is believed before anything has come.
const BELIEVED: usize = 1024 * 1024;
/// And afterwards, in times of what has come.
const GROWTH: usize = 16;
/// For an answer that does not say how long it is.
const SMALLEST: usize = 1024;
