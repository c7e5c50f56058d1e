//! A store of your own, so that programs share a token: here a map in this process that stands
//! for a cache on the network. `examples/fleet` in the repository is a whole one, on Redis.
//!
//! Reads no variables: a stand-in server plays Snow Atlas.

#[path = "stand_in/mod.rs"]
mod stand_in;

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use stand_in::StandIn;
use unattended::{Client, Result, StoreEntry, TokenStore};

/// Texts by their keys; as secret as the tokens in them.
#[derive(Default)]
struct Cache(Mutex<HashMap<String, String>>);

impl TokenStore for Cache {
    /// `change` asks for a token if need be, so nobody else may be in here meanwhile. A cache
    /// on the network needs a lock that ends by itself, and waits for it `wait_at_most`.
    fn update(
        &self,
        key: &str,
        _wait_at_most: Duration,
        change: &mut dyn FnMut(&mut StoreEntry),
    ) -> std::result::Result<(), Box<dyn Error + Send + Sync>> {
        let mut texts = self.0.lock().map_err(|_| "another thread panicked")?;
        // What another version wrote is replaced.
        let stored = texts.get(key).and_then(|text| StoreEntry::from_text(text).ok());
        let mut entry = stored.unwrap_or_default();
        change(&mut entry);
        texts.insert(key.to_owned(), entry.to_text());
        Ok(())
    }
}

fn main() -> Result<()> {
    let stand_in = StandIn::calm();
    let cache = Arc::new(Cache::default());
    for program in ["first", "second"] {
        let client =
            Client::new(stand_in.snow_atlas()?, stand_in.credentials())?.with_store(cache.clone());
        client.access_token()?;
        println!("the {program} program fetched {} tokens", client.stats().tokens_fetched);
    }
    Ok(())
}
