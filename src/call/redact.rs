//! What must not be shown of a call, whoever repeats it.

use ureq::http::HeaderMap;
use ureq::http::header::{HeaderValue, LOCATION};

use crate::call::state::Call;
use crate::error::ErrorResponse;
use crate::mask::{SHORTEST_VALUE, is_secret_header};
use crate::response::Response;
use crate::token::grant;
use crate::url;

impl Call<'_> {
    /// What was sent that must not be shown.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let mut secrets = match (&self.identity, &self.token) {
            (Some(identity), _) => [grant::secrets(identity), self.query()].concat(),
            (None, Some(token)) => vec![token.as_str().to_owned()],
            (None, None) if self.with_token => Vec::new(),
            // A presigned URL is as good as a token, and its signature is in the query.
            (None, None) => self.query(),
        };
        secrets.extend(self.refused.iter().map(|(token, _)| token.as_str().to_owned()));
        secrets.extend_from_slice(&self.parameters);
        if let Some(request) = self.request {
            secrets.extend(of_headers(&request.headers));
        }
        secrets
    }

    /// What an answer says that is not a success, without those: nor without what is in the
    /// address that it leads to, which may be a presigned one.
    pub(crate) fn answer(&self, response: &Response) -> ErrorResponse {
        let location = response.headers.get(LOCATION).map_or(&[][..], HeaderValue::as_bytes);
        let location = String::from_utf8_lossy(location);
        let query = location.split_once('?').map_or("", |(_, query)| query);
        response.answer(&[self.secrets(), url::long_values(query)].concat())
    }

    fn query(&self) -> Vec<String> {
        url::long_values(self.uri.query().unwrap_or_default())
    }
}

/// The values of the caller's own headers whose names say that they are secret: whole, the
/// values in a cookie, and what follows a scheme.
fn of_headers(headers: &HeaderMap) -> Vec<String> {
    let named = headers.iter().filter(|(name, _)| is_secret_header(name.as_str()));
    let values = named.filter_map(|(_, value)| value.to_str().ok());
    let parts = values.flat_map(|value| {
        let right = value.split([';', ',', ' ']).filter_map(|pair| Some(pair.split_once('=')?.1));
        let credentials = value.split_once(' ').map(|(_, credentials)| credentials);
        // The parts first, so that the names between them stay.
        right.chain(credentials).chain([value]).map(str::to_owned).collect::<Vec<_>>()
    });
    parts.filter(|part| part.len() >= SHORTEST_VALUE).collect()
}
