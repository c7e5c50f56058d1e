use super::*;
use crate::error::ErrorKind;
use crate::provider::Provider;

/// What is said of a host that a token request does not find, by this message.
fn reported(provider: &Provider, message: &str) -> String {
    let caller = Caller::new(Arc::new(provider.clone()));
    let target = (Method::POST, provider.token_endpoint.clone());
    let call = Call::new(&caller, Endpoint::Token, target, &RetryPolicy::default());
    let failure = Failure::new(Delivery::NotSent, ErrorKind::Temporary, message);
    call.broken(failure, Rejection::Exhausted).to_string()
}

#[test]
fn a_host_that_is_not_found_beside_a_preset_names_what_it_is_made_of() {
    let snow = Provider::snow_atlas("westerope").unwrap();
    assert_eq!(
        reported(&snow, NOT_FOUND),
        r#"POST westerope.snowsoftware.io/idp/api/connect/token: the host name was not found; the region "westerope" may be wrong"#
    );
    let cognito = Provider::cognito("orders", "eu-wst-1", "https://api.test").unwrap();
    assert!(
        reported(&cognito, NOT_FOUND).ends_with(
            r#": the host name was not found; the prefix "orders" or the region "eu-wst-1" may be wrong"#
        )
    );
    let replaced = snow.clone().with_token_endpoint("https://sso.test/token").unwrap();
    for (provider, message) in [
        (&replaced, NOT_FOUND),
        (&Provider::snapdocs(), NOT_FOUND),
        (&snow, "the connection broke"),
        // That host looks it up.
        (&snow, &format!("{NOT_FOUND}, through the proxy a.test:80")),
    ] {
        assert!(reported(provider, message).ends_with(message), "{}", reported(provider, message));
    }
}
