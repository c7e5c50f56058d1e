//! How a client with a given proof authenticates itself, and to whom.

use crate::credentials::identity::Proof;
use crate::provider::auth_method::{AuthMethod, quoted};
use crate::provider::endpoints::Provider;
use crate::url;

impl Provider {
    /// The one method for a client with this proof (RFC 6749 §2.3), or why there is none.
    pub(crate) fn method_for(&self, proof: &Proof) -> std::result::Result<AuthMethod, String> {
        let mut able = AuthMethod::ALL.into_iter().filter(|method| method.takes(proof));
        let has = proof.name();
        if let Some(method) = self.auth_method {
            return match method.takes(proof) {
                true => Ok(method),
                false => Err(format!(
                    "the credentials hold {has}, which does not go with {method} (Provider::with_auth_method)"
                )),
            };
        }
        let listed = self.listed_methods.as_ref();
        let found = able.find(|it| listed.is_none_or(|listed| it.is_listed(listed)));
        found.ok_or_else(|| {
            let listed = listed.map(|listed| quoted(listed)).unwrap_or_default();
            format!(
                "the credentials hold {has}, but the server lists [{listed}] as its methods of client authentication: if the list is wrong, set Provider::with_auth_method"
            )
        })
    }

    /// For whom an assertion is: never an alias (RFC 8705 §5).
    pub(crate) fn assertion_audience(&self) -> String {
        let set = self.assertion_audience.as_ref().or(self.issuer.as_ref());
        set.cloned().unwrap_or_else(|| url::shown(&self.token_endpoint.to_string()))
    }
}
