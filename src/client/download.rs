//! Content that goes to a writer.

use std::io::Write;

use ureq::http::StatusCode;
use ureq::http::header::RANGE;

use crate::call::setback::Refusal;
use crate::call::verdict::Rejection;
use crate::client::Client;
use crate::error::{Delivery, ErrorKind, ErrorResponse, Result};
use crate::request::Request;
use crate::wire::download_writer::{DownloadWriter, is_content};

impl Client {
    /// Sends a request and writes the content of the answer to `writer`, in constant
    /// memory and decoded from gzip; returns how many bytes were written. The writer is
    /// flushed at the end.
    ///
    /// Refusals are retried as by [`send`](Self::send), until a byte was written. The time for
    /// the content does not count against the call's deadline; the idle limit (120 s without a
    /// byte by default) and an [end time](crate::RetryPolicy::with_end_time) hold. The body
    /// limit does not.
    ///
    /// Write to a file beside the target and rename it when all is there:
    ///
    /// ```no_run
    /// # fn run(client: &unattended::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use std::fs::{self, File};
    ///
    /// use unattended::Request;
    ///
    /// let mut part = File::create("deed.pdf.part")?;
    /// client.download(&Request::get("/api/v1/documents/42"), &mut part)?;
    /// part.sync_all()?;
    /// fs::rename("deed.pdf.part", "deed.pdf")?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send). An error in the middle has the number of bytes that arrived
    /// ([`CallError::received`](crate::error::CallError::received)); one of the
    /// writer has the kind [`Output`](ErrorKind::Output). A success other than 200, 203 and 204
    /// is an [`Error::Status`](crate::Error::Status): a 202 has not got the content yet. If a `Range` was asked
    /// for it must be a 206, and otherwise must not.
    pub fn download(
        &self,
        request: impl Into<Request>,
        mut writer: &mut (impl Write + ?Sized),
    ) -> Result<u64> {
        let request = request.into();
        let is_part_asked = request.headers.contains_key(RANGE);
        let mut writer = DownloadWriter::new(&mut writer, is_part_asked);
        let (mut call, mut api_call) = self.call(&request, Some(&mut writer))?;
        let response = call.run(&mut api_call)?;
        if !is_content(response.status, is_part_asked) {
            let refusal = no_content(response.answer());
            return Err(call.end(&api_call, refusal.into(), Rejection::Final));
        }
        Ok(writer.written)
    }
}

/// A success that did not bring the content.
fn no_content(answer: ErrorResponse) -> Refusal {
    let (kind, advice) = match answer.status {
        StatusCode::ACCEPTED => (ErrorKind::Temporary, "the content is not there yet"),
        StatusCode::PARTIAL_CONTENT => {
            (ErrorKind::Incomplete, "a part of the content, which was not asked for")
        }
        StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION => {
            (ErrorKind::Refused, "not the part that was asked for: nothing was written")
        }
        _ => (ErrorKind::Refused, "a success without the content: nothing was written"),
    };
    let (advice, delivery) = (advice.to_owned(), Delivery::Accepted);
    Refusal { answer, kind, advice, delivery, passing: None, remedy: None }
}
