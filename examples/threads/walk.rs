//! The same call for each of many ids, by several threads.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use unattended::{Client, Error, Result, Stats};

/// The results in the order of the ids, the counters of each thread, and the time it took.
#[derive(Debug)]
pub struct Walk<T> {
    pub results: Vec<T>,
    pub stats: Vec<Stats>,
    pub elapsed: Duration,
}

/// Runs `job` once for each of `ids`, in `threads` threads with a clone of `client` each:
/// they share its connections, its token and the waits that the server asked for.
///
/// The first error ends it and comes with its id; the other threads finish the call that
/// they are in, which a wait may be part of (`RetryPolicy` bounds it).
pub fn walk<T: Send>(
    client: &Client,
    ids: &[String],
    threads: usize,
    job: impl Fn(&Client, &str) -> Result<T> + Sync,
) -> std::result::Result<Walk<T>, (String, Error)> {
    let started = Instant::now();
    // Each thread takes the next one when it is free: a slow answer delays only itself.
    let next = AtomicUsize::new(0);
    let failure = OnceLock::new();
    let work = |client: Client| {
        let mut done = Vec::new();
        while failure.get().is_none() {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(id) = ids.get(index) else { break };
            match job(&client, id) {
                Ok(result) => done.push((index, result)),
                // Of several errors the first is told.
                Err(error) => drop(failure.set((id.clone(), error))),
            }
        }
        (done, client.stats())
    };
    let (parts, stats): (Vec<_>, Vec<_>) = thread::scope(|scope| {
        let work = &work;
        let start = |client: Client| scope.spawn(move || work(client));
        let running: Vec<_> = (0..threads).map(|_| start(client.clone())).collect();
        running.into_iter().map(|thread| thread.join().expect("a job panicked")).unzip()
    });
    if let Some(failure) = failure.into_inner() {
        return Err(failure);
    }
    let mut done: Vec<(usize, T)> = parts.into_iter().flatten().collect();
    done.sort_unstable_by_key(|(index, _)| *index);
    let results = done.into_iter().map(|(_, result)| result).collect();
    Ok(Walk { results, stats, elapsed: started.elapsed() })
}
