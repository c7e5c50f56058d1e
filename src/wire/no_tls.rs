//! What there is of TLS in a build without.

#[derive(Clone, Default, PartialEq)]
pub(crate) struct NoTls {}

impl NoTls {
    pub(crate) fn describe(&self) -> String {
        "none: built without TLS".to_owned()
    }

    pub(crate) fn has_client_certificate(&self) -> bool {
        false
    }

    pub(crate) fn client_certificate_name(&self) -> Option<String> {
        None
    }

    pub(crate) fn missing(&self) -> Option<&'static str> {
        Some(
            "this build has no TLS: enable one of the features rustls, platform-verifier and native-tls",
        )
    }
}
