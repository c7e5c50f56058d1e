//! Requests as they arrive and answers as they leave.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use httpmock::HttpMockRequest;

/// A request, as far as the stand-in looks at it.
pub struct Call {
    pub method: String,
    pub path: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// An answer: status, headers, body.
#[derive(Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// A refusal is an answer as well; as the error it ends the checks by `?`.
pub type Reply = Result<Answer, Answer>;

/// The parameters of a token request.
pub struct Form(Vec<(String, String)>);

impl Call {
    pub fn read(request: &HttpMockRequest) -> Self {
        let uri = request.uri();
        Self {
            method: request.method_str().to_owned(),
            path: uri.path().to_owned(),
            query: pairs(uri.query().unwrap_or_default().as_bytes()),
            headers: request.headers_vec().clone(),
            body: request.body_vec(),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        header.map(|(_, value)| value.as_str())
    }

    /// The first value of that name in the query, decoded.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The URL of a path on this server, by another name and hence another origin.
    pub fn elsewhere(&self, path: &str) -> String {
        let host = self.header("host").unwrap_or_default();
        let port = host.rsplit_once(':').map_or("80", |(_, port)| port);
        format!("http://localhost:{port}{path}")
    }

    /// A whole number in the query; `None` if it is none.
    pub fn number(&self, name: &str, default: usize) -> Option<usize> {
        match self.query(name) {
            Some(value) => value.parse().ok().filter(|number| *number > 0),
            None => Some(default),
        }
    }

    /// The body of a token request (RFC 6749 §3.2): POST, form, nothing twice but
    /// `resource` (RFC 8707 §2).
    pub fn form(&self) -> Result<Form, Answer> {
        if self.method != "POST" {
            return Err(Answer::json(405, "{}").header("allow", "POST"));
        }
        let content_type = self.header("content-type").unwrap_or_default();
        if !content_type.starts_with("application/x-www-form-urlencoded") {
            return Err(Answer::oauth(400, "invalid_request", "the body is not a form"));
        }
        let form = Form(pairs(&self.body));
        let mut names: Vec<&str> = form.names().filter(|name| *name != "resource").collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Answer::oauth(400, "invalid_request", "a parameter is there twice"));
        }
        if form.get("grant_type") != Some("client_credentials") {
            let message = "only client_credentials is served here";
            return Err(Answer::oauth(400, "unsupported_grant_type", message));
        }
        Ok(form)
    }

    /// Id and secret by HTTP Basic (RFC 7617 §2), as they were sent.
    pub fn basic(&self) -> Option<(String, String)> {
        let encoded = self.header("authorization")?.strip_prefix("Basic ")?;
        let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        let (id, secret) = text.split_once(':')?;
        Some((id.to_owned(), secret.to_owned()))
    }

    pub fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }
}

impl Form {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

impl Answer {
    pub fn json(status: u16, body: impl ToString) -> Self {
        Self::bytes(status, "application/json; charset=utf-8", body.to_string().into_bytes())
    }

    pub fn bytes(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        let content_type = ("content-type".into(), content_type.into());
        Self { status, headers: vec![content_type], body }
    }

    /// A refusal as RFC 6749 §5.2 words it.
    pub fn oauth(status: u16, error: &str, description: &str) -> Self {
        let body = serde_json::json!({ "error": error, "error_description": description });
        Self::json(status, body)
    }

    pub fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }
}

/// Undoes the form-encoding of RFC 6749 §2.3.1.
pub fn form_decode(text: &str) -> String {
    let value = format!("v={}", text.replace('&', "%26"));
    pairs(value.as_bytes()).pop().map_or_else(String::new, |(_, value)| value)
}

fn pairs(encoded: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(encoded).into_owned().collect()
}
