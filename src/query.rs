//! A request as a walk over pages changes it: its query, or its JSON body.

use serde_json::{Map, Value};

use crate::request::{Body, Request};
use crate::url;

impl Request {
    /// Takes a pair out of the query, wherever it was given.
    pub(crate) fn take_query(&mut self, name: &str) -> Option<String> {
        if let Some(at) = self.query.iter().position(|(key, _)| key == name) {
            return Some(self.query.remove(at).1);
        }
        let (path, query) = self.path.split_once('?')?;
        let mut pairs: Vec<&str> = query.split('&').collect();
        let at =
            pairs.iter().position(|pair| url::pairs(pair).iter().any(|(key, _)| key == name))?;
        let (_, value) = url::pairs(pairs.remove(at)).pop()?;
        let separator = if pairs.is_empty() { "" } else { "?" };
        self.path = format!("{path}{separator}{}", pairs.join("&"));
        Some(value)
    }

    /// This request for the absolute URL `link`, as it stands.
    pub(crate) fn at(&self, link: &str) -> Self {
        let mut request = self.clone();
        request.query.clear();
        link.clone_into(&mut request.path);
        request
    }

    /// Those pairs of the query whose names are not in `query`, as they would be sent.
    pub(crate) fn query_missing_in(&self, query: &str) -> Vec<(String, String)> {
        let there = url::pairs(query);
        let mut pairs = self.query_pairs();
        pairs.retain(|(name, _)| there.iter().all(|(known, _)| known != name));
        pairs
    }

    /// The whole query, decoded.
    pub(crate) fn query_pairs(&self) -> Vec<(String, String)> {
        let mut pairs = url::pairs(self.own_query());
        pairs.extend(self.query.iter().cloned());
        pairs
    }

    /// The query that is part of the path.
    fn own_query(&self) -> &str {
        self.path.split_once('?').map_or("", |(_, query)| query)
    }

    /// The JSON object that is the body, or why there is none.
    pub(crate) fn json_object(&self) -> Result<Map<String, Value>, &'static str> {
        let refuse = "Pagination::in_body() needs a request with a JSON object as its body";
        match &self.body {
            Body::Empty => Ok(Map::new()),
            Body::Bytes(bytes) => match serde_json::from_slice(bytes) {
                Ok(Value::Object(map)) => Ok(map),
                _ => Err(refuse),
            },
            Body::File(_) => Err(refuse),
        }
    }
}

/// Sets the member at a dotted path, with the objects that lead to it.
pub(crate) fn set_member(map: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        Some((first, rest)) if !map.contains_key(path) => {
            let inner = map.entry(first).or_insert_with(|| Map::new().into());
            if !inner.is_object() {
                *inner = Map::new().into();
            }
            if let Value::Object(inner) = inner {
                set_member(inner, rest, value);
            }
        }
        _ => {
            map.insert(path.to_owned(), value);
        }
    }
}

/// Takes the member at a dotted path, unless it is `null`.
pub(crate) fn take_member(map: &mut Map<String, Value>, path: &str) -> Option<Value> {
    if let Some(value) = map.remove(path) {
        return Some(value).filter(|value| !value.is_null());
    }
    let (first, rest) = path.split_once('.')?;
    take_member(map.get_mut(first)?.as_object_mut()?, rest)
}
