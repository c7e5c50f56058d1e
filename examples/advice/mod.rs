//! What errors advise, in the options of a program: its user does not see the code.

/// The settings that an error names, as they are called here; `own` are those of the program.
pub fn in_options(text: &str, own: &[(&str, &str)]) -> String {
    let settings = own.iter().chain(&OF_ALL);
    settings.fold(text.to_owned(), |text, (setting, option)| text.replace(setting, option))
}

/// Those of the API, and those that no program here can change.
const OF_ALL: [(&str, &str); 24] = [
    ("AuthMethod::ClientSecretBasicRaw", "--auth basic-raw"),
    ("AuthMethod::ClientSecretBasic or ClientSecretPost", "--auth basic or post"),
    ("AuthMethod::ClientSecretBasic", "--auth basic"),
    ("Provider::with_audience", "--audience"),
    ("Provider::with_auth_method", "--auth"),
    ("Provider::with_base_url", "--base-url"),
    ("Provider::with_resource", "--resource"),
    ("Provider::with_scope", "--scope"),
    ("Connection::with_root_certificates or SSL_CERT_FILE", "SSL_CERT_FILE"),
    (" (RetryPolicy::with_deadline, RetryPolicy::with_end_time)", ""),
    (" (RetryPolicy::with_deadline)", ""),
    (" (Client::with_body_limit)", ""),
    (" (Provider::with_assertion_audience)", ""),
    (
        "; a server that knows several keys needs Credentials::with_key_id, Entra with_certificate",
        "",
    ),
    (" (Provider::with_auth_method)", " (--auth)"),
    (": see Provider::with_token_parameter", ""),
    (": set Connection::with_client_certificate", ""),
    (" (Connection::with_client_certificate)", ""),
    (" (Connection::with_connect_timeout)", ""),
    (" (Connection::with_idle_timeout)", ""),
    (" (Connection::with_token_idle_timeout)", ""),
    (" (Connection::with_native_tls)", ""),
    (", or use FileStore::at", ""),
    (", and Client::forget_cooldowns clears it", ": remove that to clear it"),
];
