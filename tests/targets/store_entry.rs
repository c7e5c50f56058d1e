//! The text of a store entry, which comes out of a file or a shared cache.

use std::time::Duration;

use unattended::{StoreEntry, TokenStore};

use super::check_error;
use super::server::{Answer, Server, TOKEN};

/// The input is the text; `{origin}` stands for the server's.
pub fn check(data: &[u8]) {
    let server = Server::here();
    let text = String::from_utf8_lossy(data).replace("{origin}", &server.origin);
    let entry = match StoreEntry::from_text(&text) {
        Ok(entry) => entry,
        Err(error) => return check_error(&error),
    };
    let written = entry.to_text();
    let again = StoreEntry::from_text(&written).unwrap();
    assert_eq!(again.to_text(), written);
    assert_eq!(again.useful_until(), entry.useful_until());
    let printed = format!("{entry:?}");
    // The scope is shown, whatever is in it.
    let members: serde_json::Value = serde_json::from_str(&written).unwrap();
    let scope = members["token"]["scope"].as_str().unwrap_or_default();
    assert!(!printed.contains(TOKEN) || scope.contains(TOKEN), "{printed}");

    // A client that finds it in its store goes on, and waits no longer than it may.
    server.play(None, &[], &Answer::ok("{}"));
    let (client, clock) = server.client();
    let client = client.with_store(Fixed(entry));
    for path in ["/store", "/other"] {
        client.get(path).err().iter().for_each(check_error);
        assert!(clock.slept() < Duration::from_secs(2 * 15 * 60), "{:?}", clock.sleeps());
    }
}

/// Others write the same into it again and again.
struct Fixed(StoreEntry);

impl TokenStore for Fixed {
    fn update(
        &self,
        _: &str,
        _: Duration,
        change: &mut dyn FnMut(&mut StoreEntry),
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        change(&mut self.0.clone());
        Ok(())
    }
}
