//! Rate limits and quotas that a refusal names by a code of its own, under a status that
//! usually means something else.

use serde_json::Value;
use ureq::http::{HeaderMap, StatusCode};

use crate::error::wait_header;

/// What a code says about the calls to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Too many calls in a short time: it passes by itself.
    Rate,
    /// All calls of a day or month are used up: nobody knows until when.
    Quota,
}

impl Limit {
    /// Only these statuses are looked at: others say enough.
    pub(crate) fn of(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Option<Self> {
        if !matches!(status.as_u16(), 400 | 403 | 429) {
            return None;
        }
        let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
        // AWS REST services (Smithy, AWS restJson1 protocol, "Operation error serialization").
        let header = headers.get("x-amzn-errortype").and_then(|code| code.to_str().ok());
        let in_body = || {
            let text = std::str::from_utf8(body).ok()?;
            match serde_json::from_str(text) {
                Ok(body) => Self::of_json(&body),
                Err(_) => Self::of_code(xml_code(text)?),
            }
        };
        let named = header.and_then(Self::of_code).or_else(in_body);
        // The reset of what is spent may be in the past when the answer arrives.
        let is_spent = status == StatusCode::FORBIDDEN && wait_header::was_spent(headers);
        named.or_else(|| is_spent.then_some(Self::Rate))
    }

    /// In any spelling: `SlowDown`, `slow_down`, `com.amazon.coral#ThrottlingException:…`.
    pub(crate) fn of_code(code: &str) -> Option<Self> {
        let name = code.rsplit('#').next()?.split(':').next()?;
        if name == "REQUEST_LIMIT_EXCEEDED" {
            // Salesforce's of a day ("API Request Limits"), unlike AWS's of the same name.
            return Some(Self::Quota);
        }
        let name: String = name.chars().filter(|c| !matches!(c, '_' | '-')).collect();
        match name.to_ascii_lowercase().as_str() {
            // Google ("Resolve errors" of Drive, Calendar and Directory).
            "userratelimitexceeded" | "ratelimitexceeded" | "sharingratelimitexceeded" => {
                Some(Self::Rate)
            }
            // What AWS's SDKs take for throttling (aws-sdk-js-v3, service-error-classification);
            // RFC 8628 §3.5.
            "throttling"
            | "throttlingexception"
            | "throttledexception"
            | "ec2throttledexception"
            | "requestthrottled"
            | "requestthrottledexception"
            | "toomanyrequests"
            | "toomanyrequestsexception"
            | "provisionedthroughputexceededexception"
            | "bandwidthlimitexceeded"
            | "requestlimitexceeded"
            | "slowdown" => Some(Self::Rate),
            // Google; YouTube ("Errors"); OpenAI ("Error codes").
            "quotaexceeded" | "dailylimitexceeded" | "insufficientquota" => Some(Self::Quota),
            _ => None,
        }
    }

    /// At the places of an error body where a code stands, and at no others.
    fn of_json(body: &Value) -> Option<Self> {
        match body {
            Value::Array(errors) => errors.iter().find_map(Self::of_json),
            Value::Object(members) => members.iter().find_map(|(name, value)| match value {
                Value::String(code) if CODES.contains(&name.as_str()) => Self::of_code(code),
                Value::String(_) => None,
                value if ERRORS.contains(&name.as_str()) => Self::of_json(value),
                _ => None,
            }),
            _ => None,
        }
    }
}

/// AWS's query services answer in XML (Smithy, AWS Query protocol).
fn xml_code(body: &str) -> Option<&str> {
    Some(body.split_once("<Code>")?.1.split_once("</Code>")?.0)
}

const CODES: [&str; 8] =
    ["error", "code", "errorCode", "error_code", "__type", "type", "status", "reason"];
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
const ERRORS: [&str; 3] = ["error", "errors", "details"];

/// What to do about a quota that is used up.
pub(crate) const QUOTA: &str = "the quota is used up, and the server does not say until when: try again later, or ask the provider for a larger quota";
