//! Requests under a condition (RFC 9110 §13): only if something has changed.

use std::time::SystemTime;

use crate::clock::http_date;
use crate::request::Request;

impl Request {
    /// Asks for the answer only if it is another one than that with this `ETag` (RFC 9110
    /// §13.1.2), as [`Response::etag`](crate::Response::etag) has it, quotes included. If nothing
    /// has changed, the answer [is not modified](crate::Response::is_not_modified), and has no
    /// body.
    ///
    /// ```no_run
    /// # use unattended::{Client, Request};
    /// # fn run(client: Client) -> unattended::Result<()> {
    /// let first = client.get("/rates")?;
    /// let again = Request::get("/rates").if_none_match(first.etag().unwrap_or_default());
    /// let rates = client.send(again)?;
    /// if rates.is_not_modified() {
    ///     println!("as before");
    /// }
    /// # Ok(()) }
    /// ```
    pub fn if_none_match(self, etag: &str) -> Self {
        if etag.is_empty() { self } else { self.header("If-None-Match", etag) }
    }

    /// Asks for the answer only if it changed after this time (RFC 9110 §13.1.3); whole seconds
    /// count. Take the time from the server's `Last-Modified`, since its clock is another one.
    pub fn if_modified_since(self, time: SystemTime) -> Self {
        match http_date(time) {
            Some(date) => self.header("If-Modified-Since", &date),
            // Whatever there is has changed since.
            None => self,
        }
    }
}
