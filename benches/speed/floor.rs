//! The same jobs by hand on bare ureq with its defaults.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use serde::de::DeserializeOwned;
use ureq::http::header::{AUTHORIZATION, CONTENT_ENCODING, HeaderValue};
use ureq::http::{Request, Uri};
use ureq::{Agent, SendBody};

#[derive(Clone)]
pub struct Floor {
    pub agent: Agent,
    uri: Uri,
    header: HeaderValue,
}

impl Floor {
    pub fn new(url: &str) -> Self {
        Self {
            agent: Agent::new_with_defaults(),
            uri: url.parse().unwrap(),
            header: HeaderValue::from_static("Bearer token-0"),
        }
    }

    pub fn with_deadline(url: &str) -> Self {
        let deadline = Some(std::time::Duration::from_secs(900));
        let config = Agent::config_builder().timeout_global(deadline).build();
        Self { agent: Agent::new_with_config(config), ..Self::new(url) }
    }

    /// Any status is an answer.
    pub fn of_any_status(url: &str) -> Self {
        let config = Agent::config_builder().http_status_as_error(false).build();
        Self { agent: Agent::new_with_config(config), ..Self::new(url) }
    }

    fn request<B>(&self, body: B) -> Request<B> {
        let mut request = Request::new(body);
        *request.uri_mut() = self.uri.clone();
        request.headers_mut().insert(AUTHORIZATION, self.header.clone());
        request
    }

    pub fn get<T: DeserializeOwned>(&self) -> T {
        let response = self.agent.run(self.request(())).unwrap();
        let mut body = Vec::new();
        let is_zipped = response.headers().contains_key(CONTENT_ENCODING);
        let mut reader = response.into_body().into_reader();
        match is_zipped {
            // What its feature gzip does.
            true => MultiGzDecoder::new(reader).read_to_end(&mut body).unwrap(),
            false => reader.read_to_end(&mut body).unwrap(),
        };
        serde_json::from_slice(&body).unwrap()
    }

    /// As ureq's users write it.
    pub fn read_json<T: DeserializeOwned>(&self) -> T {
        let response = self.agent.run(self.request(())).unwrap();
        // What its `read_json` does, without the feature.
        serde_json::from_reader(response.into_body().into_reader()).unwrap()
    }

    /// Again at once when the server is busy, on the same connection: a refusal is read to its end.
    pub fn get_stubbornly<T: DeserializeOwned>(&self) -> T {
        loop {
            let response = self.agent.run(self.request(())).unwrap();
            let (status, mut body) = (response.status(), Vec::new());
            response.into_body().into_reader().read_to_end(&mut body).unwrap();
            if status != 429 {
                return serde_json::from_slice(&body).unwrap();
            }
        }
    }

    pub fn download(&self) -> u64 {
        let response = self.agent.run(self.request(())).unwrap();
        io::copy(&mut response.into_body().into_reader(), &mut io::sink()).unwrap()
    }

    pub fn upload(&self, path: &std::path::Path) {
        let mut file = std::fs::File::open(path).unwrap();
        let length = file.metadata().unwrap().len();
        let mut request = self.request(SendBody::from_reader(&mut file));
        *request.method_mut() = ureq::http::Method::PUT;
        request.headers_mut().insert("content-length", length.into());
        let response = self.agent.run(request).unwrap();
        io::copy(&mut response.into_body().into_reader(), &mut io::sink()).unwrap();
    }
}

impl Floor {
    pub fn go_to(&mut self, url: &str) {
        self.uri = url.parse().unwrap();
    }
}
