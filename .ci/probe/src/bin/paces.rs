//! A thousand calls at the pace that a server allows, with the time of this machine: `paces NGINX
//! BETTER_AUTH`. Prints a row of a table for each server and way to call; exit code 1 if a call at
//! that pace was refused, or no call without one.

use std::env;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use unattended::{Client, Credentials, Pace, Provider, Request, Result, RetryPolicy};

#[derive(Clone, Copy)]
struct Limit<'a> {
    server: &'a str,
    url: &'a str,
    path: &'a str,
    pace: Pace,
    clones: u32,
}

impl Limit<'_> {
    /// Without waits for what was refused.
    fn client(&self) -> Result<Client> {
        let provider = Provider::new(self.url, self.url)?;
        let client = Client::new(provider, Credentials::new("nobody", "hush"))?;
        Ok(client.with_retry_policy(RetryPolicy::default().with_retries(0)))
    }

    /// Whether the limit refused a call. It counts for each address.
    fn refuses(&self, client: &Client, address: &str) -> Result<bool> {
        let request = Request::get(self.path).header("x-forwarded-for", address).without_token();
        match client.send(request) {
            Ok(_) => Ok(false),
            Err(error) if error.status().is_some_and(|status| status == 429) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// The first call that is refused to a client without a pace.
    fn first_refused(&self) -> Result<Option<u32>> {
        let client = self.client()?;
        for call in 1..=CALLS {
            if self.refuses(&client, &format!("192.0.2.{}", self.clones))? {
                return Ok(Some(call));
            }
        }
        Ok(None)
    }

    /// How many calls were refused to clones with the pace.
    fn refused(&self) -> Result<u32> {
        let client = self.client()?.with_pace(self.pace);
        let refused = AtomicU32::new(0);
        let call = |client: Client| -> Result<()> {
            for _ in 0..CALLS / self.clones {
                let is_refused = self.refuses(&client, &format!("198.51.100.{}", self.clones))?;
                refused.fetch_add(is_refused.into(), Ordering::Relaxed);
            }
            Ok(())
        };
        thread::scope(|scope| {
            let call = &call;
            let spawn = |_| {
                let client = client.clone();
                scope.spawn(move || call(client))
            };
            let threads: Vec<_> = (0..self.clones).map(spawn).collect();
            threads.into_iter().try_for_each(|thread| thread.join().expect("a thread"))
        })?;
        Ok(refused.load(Ordering::Relaxed))
    }

    /// A row, and whether it is as it should be.
    fn row(&self) -> (String, bool) {
        let first = self.first_refused();
        let start = Instant::now();
        let refused = self.refused();
        let took = start.elapsed().as_secs();
        let is_right = matches!((&first, &refused), (Ok(Some(_)), Ok(0)));
        let first = match first {
            Ok(Some(call)) => format!("call {call}"),
            Ok(None) => "none".into(),
            Err(error) => error.to_string(),
        };
        let refused = refused.map_or_else(|error| error.to_string(), |count| count.to_string());
        let Self { server, pace, clones, .. } = self;
        (format!("| {server} | {first} | {pace} | {clones} | {refused} | {took} s |"), is_right)
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [nginx, better_auth] = arguments.as_slice() else {
        eprintln!("usage: paces NGINX BETTER_AUTH");
        return ExitCode::from(64);
    };
    let limit = |server, url, path, pace, clones| Limit { server, url, path, pace, clones };
    let even = Pace::per_second(20).evenly();
    let restarting = Pace::new(50, Duration::from_secs(2)).restarting();
    let cases = [
        limit("nginx, rate=20r/s", nginx, "/even", even, 1),
        limit("nginx, rate=20r/s burst=20", nginx, "/burst", Pace::per_second(20), 1),
        limit("nginx, rate=20r/s burst=20", nginx, "/burst", Pace::per_second(20), 4),
        limit("nginx, rate=600r/m burst=600", nginx, "/minute", Pace::per_minute(600), 1),
        limit("nginx, rate=600r/m burst=600", nginx, "/minute", Pace::per_minute(600), 4),
        limit("better-auth, window 2 s, max 50", better_auth, "/api/auth/ok", restarting, 1),
    ];
    println!("| limit | refused without a pace | pace | clones | refused of {CALLS} | took |");
    println!("|---|---|---|---|---|---|");
    let rows = thread::scope(|scope| {
        let threads = cases.map(|limit| scope.spawn(move || limit.row()));
        threads.map(|thread| thread.join().expect("a thread"))
    });
    for (row, _) in &rows {
        println!("{row}");
    }
    if rows.iter().all(|(_, is_right)| *is_right) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

const CALLS: u32 = 1_000;
