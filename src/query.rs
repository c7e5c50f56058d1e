//! A request's query, as a walk over pages changes it.

use crate::request::Request;
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

    /// This request with those of `pairs` whose names its query lacks.
    pub(crate) fn with_missing_query(&self, pairs: Vec<(String, String)>) -> Self {
        let mut request = self.clone();
        let own = self.query_pairs();
        let is_missing = |(name, _): &(String, String)| own.iter().all(|(key, _)| key != name);
        request.query.extend(pairs.into_iter().filter(is_missing));
        request
    }

    /// This request for the absolute URL `link`, with what of its query the link lacks.
    pub(crate) fn at(&self, link: &str) -> Self {
        let mut request = self.clone();
        let (_, query) = link.split_once('?').unwrap_or_default();
        let of_link = url::pairs(query);
        let is_missing = |name: &str| of_link.iter().all(|(key, _)| key != name);
        request.query.retain(|(name, _)| is_missing(name));
        link.clone_into(&mut request.path);
        // As it was written: to some servers `+` and `%20` are not the same.
        for pair in self.own_query().split('&') {
            if url::pairs(pair).iter().any(|(name, _)| is_missing(name)) {
                request.path.push(if request.path.contains('?') { '&' } else { '?' });
                request.path.push_str(pair);
            }
        }
        request
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
}
