//! Reads the details of a thousand computers with eight threads: one token, one memory of
//! the waits that the server asks for, and the results in the order of the list.
//!
//! Reads no variables: a stand-in server plays Snow Atlas, and asks for a second once.

#[path = "stand_in/mod.rs"]
mod stand_in;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value;
use stand_in::{COMPUTERS, StandIn};
use unattended::{Client, Result};

fn main() -> Result<()> {
    // Yours: Provider::snow_atlas("westeurope")? and Credentials::from_env("SNOW_ATLAS")?
    let stand_in = StandIn::calm();
    let client = Client::new(stand_in.snow_atlas()?, stand_in.credentials())?
        .with_observer(|event| eprintln!("{event}"));
    let list = client.items::<Value>(COMPUTERS).take(1000).collect::<Result<Vec<_>>>()?;

    let details = in_parallel(&client, &list, |client, computer| {
        let id = computer["id"].as_str().unwrap_or_default();
        client.get(format!("{COMPUTERS}/{id}"))?.json::<Value>()
    });
    details?.iter().for_each(|computer| println!("{computer}"));
    Ok(())
}

/// `job` for each of `list`, in eight threads. After the first error none begins another one.
fn in_parallel<I: Sync, T: Send>(
    client: &Client,
    list: &[I],
    job: impl Fn(&Client, &I) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    // Each thread takes the next one when it is free: a slow answer delays only itself.
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = |client: Client| -> Result<()> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = list.get(number) else { return Ok(()) };
            let end = |_: &_| next.store(list.len(), Ordering::Relaxed);
            let result = job(&client, item).inspect_err(end)?;
            done.lock().expect("no job panicked").push((number, result));
        }
    };
    thread::scope(|scope| {
        // Clones share connections, token and waits.
        let start = |client: Client| scope.spawn(|| work(client));
        let threads: Vec<_> = (0..8).map(|_| start(client.clone())).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("no job panicked"))
    })?;
    let mut done = done.into_inner().expect("no job panicked");
    done.sort_unstable_by_key(|(number, _)| *number);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}
