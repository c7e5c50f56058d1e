//! A request as it goes out, and an answer as it comes in.

use std::time::Duration;

use ureq::http::{HeaderMap, Method, StatusCode, Uri};

use crate::wire::download_writer::DownloadWriter;
use crate::wire::request_body::RequestBody;

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

impl Outgoing<'_, '_> {
    pub(crate) fn is_streamed(&self) -> bool {
        self.sink.is_some() || matches!(self.body, Some(RequestBody::File(_)))
    }
}

pub(crate) struct Incoming {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}
