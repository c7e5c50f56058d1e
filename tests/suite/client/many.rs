//! Thousands of calls by many clones at once: one token, one memory of what the server
//! asked for, no connection too many.

use std::collections::BTreeSet;
use std::io::BufReader;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::thread;
use std::time::{Duration, SystemTime};

use unattended::{Client, Clock, Event, ManualClock, Stats};

use crate::support::*;

const JOBS: usize = 2_000;

/// A raw server that keeps connections open, counts them, and notes every target with the
/// time of `clock` at which it arrived.
struct Api {
    origin: String,
    connections: Arc<AtomicUsize>,
    arrivals: Arc<Mutex<Vec<(String, Duration)>>>,
}

impl Api {
    fn start(
        clock: impl Clock + 'static,
        answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let (connections, arrivals): (Arc<AtomicUsize>, Arc<Mutex<Vec<_>>>) = Default::default();
        let (count, log) = (connections.clone(), arrivals.clone());
        let origin = raw_server(move |mut stream, _| {
            count.fetch_add(1, Ordering::SeqCst);
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            while let Some(seen) = read_request(&mut reader) {
                log.lock().unwrap().push((seen.target.clone(), clock.monotonic()));
                write_reply(&mut stream, &answer(&seen));
            }
        });
        Self { origin, connections, arrivals }
    }

    fn client(&self) -> Client {
        client_at(&self.origin)
    }

    /// When each of the calls came whose target begins with `start`.
    fn times(&self, start: &str) -> Vec<Duration> {
        let arrivals = self.arrivals.lock().unwrap();
        arrivals.iter().filter(|(target, _)| target.starts_with(start)).map(|(_, at)| *at).collect()
    }
}

/// `/things/0`, `/things/1`, …, in threads with a clone of `client` each: the bodies in their
/// order, and the counters of each thread.
fn walk(client: &Client, threads: usize) -> (Vec<String>, Vec<Stats>) {
    let next = AtomicUsize::new(0);
    let work = |client: Client| {
        let mut done = Vec::new();
        while let number @ 0..JOBS = next.fetch_add(1, Ordering::Relaxed) {
            done.push((number, thing(&client, &number.to_string()).unwrap()));
        }
        (done, client.stats())
    };
    let (parts, stats): (Vec<_>, Vec<_>) = thread::scope(|scope| {
        let work = &work;
        let start = |client: Client| scope.spawn(move || work(client));
        let running: Vec<_> = (0..threads).map(|_| start(client.clone())).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).unzip()
    });
    let mut done: Vec<_> = parts.into_iter().flatten().collect();
    done.sort_unstable();
    (done.into_iter().map(|(_, body)| body).collect(), stats)
}

/// The body of `/things/{id}`.
fn thing(client: &Client, id: &str) -> unattended::Result<String> {
    Ok(client.get(format!("/things/{id}"))?.text()?.to_owned())
}

/// Answers each thing with its own path.
fn own_path(seen: &Seen) -> Reply {
    reply(200, seen.path())
}

fn assert_complete(results: &[String]) {
    let expected: Vec<String> = (0..JOBS).map(|number| format!("/things/{number}")).collect();
    assert_eq!(results, expected);
}

#[test]
fn thousands_of_calls_by_many_clones_are_complete_in_order_with_one_token() {
    for threads in [8, 16] {
        let api = Api::start(ManualClock::new(), |seen| match seen.path() {
            TOKEN_PATH => token_reply("t", 3600),
            _ => own_path(seen),
        });
        let (results, stats) = walk(&api.client(), threads);
        assert_complete(&results);
        assert_eq!((api.times(TOKEN_PATH).len(), api.times("/things/").len()), (1, JOBS));
        let connections = api.connections.load(Ordering::SeqCst);
        assert!((1..=threads).contains(&connections), "{connections} connections");
        assert_eq!(stats.len(), threads);
        assert_eq!(stats.iter().map(|stats| stats.tokens_fetched).sum::<u64>(), 1);
        let requests: u64 = stats.iter().map(|stats| stats.requests).sum();
        assert_eq!(requests, u64::try_from(JOBS + 1).unwrap());
    }
}

#[test]
fn a_token_refused_in_the_middle_costs_each_clone_one_call_and_all_of_them_one_token() {
    const THREADS: usize = 16;
    let (tokens, calls) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let refused = Arc::new(AtomicUsize::new(0));
    let count = refused.clone();
    let api = Api::start(ManualClock::new(), move |seen| {
        let number = calls.fetch_add(1, Ordering::SeqCst);
        match (seen.path(), seen.header("authorization")) {
            (TOKEN_PATH, _) => {
                let number = tokens.fetch_add(1, Ordering::SeqCst) + 1;
                token_reply(&format!("token-{number}"), 3600)
            }
            (_, Some("Bearer token-1")) if number > JOBS / 2 => {
                count.fetch_add(1, Ordering::SeqCst);
                reply(401, "{}")
            }
            _ => own_path(seen),
        }
    });
    assert_complete(&walk(&api.client(), THREADS).0);
    assert_eq!(api.times(TOKEN_PATH).len(), 2);
    let refused = refused.load(Ordering::SeqCst);
    assert!((1..=THREADS).contains(&refused), "{refused} refused");
}

/// A clock for a number of threads: time passes when all of them sleep, up to the first
/// who is to wake.
#[derive(Clone)]
struct Together(Arc<(Mutex<Sleepers>, Condvar)>);

struct Sleepers {
    time: Duration,
    threads: usize,
    /// When each of those who sleep is to wake.
    wake: Vec<Duration>,
}

impl Together {
    fn of(threads: usize) -> Self {
        let sleepers = Sleepers { time: Duration::ZERO, threads, wake: Vec::new() };
        Self(Arc::new((Mutex::new(sleepers), Condvar::new())))
    }

    /// Runs `job` in each of the threads, with a clone of `client` on this clock.
    fn run(&self, client: Client, job: impl Fn(&Client) + Sync) {
        let client = client.with_clock(self.clone());
        let threads = self.0.0.lock().unwrap().threads;
        thread::scope(|scope| {
            for _ in 0..threads {
                let (client, job, leaving) = (client.clone(), &job, Leaving(self));
                scope.spawn(move || {
                    let _leaving = leaving;
                    job(&client);
                });
            }
        });
    }

    fn move_on(&self, sleepers: &mut Sleepers) {
        if let Some(first) = sleepers.wake.iter().min().copied()
            && sleepers.wake.len() == sleepers.threads
        {
            sleepers.time = first;
            sleepers.wake.retain(|wake| *wake > first);
            self.0.1.notify_all();
        }
    }
}

impl Clock for Together {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + secs(1_800_000_000) + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        self.0.0.lock().unwrap().time
    }

    fn sleep(&self, duration: Duration) {
        let mut sleepers = self.0.0.lock().unwrap();
        let wake = sleepers.time + duration;
        sleepers.wake.push(wake);
        self.move_on(&mut sleepers);
        drop(self.0.1.wait_while(sleepers, |sleepers| sleepers.time < wake).unwrap());
    }
}

/// A thread that is done, or panics, is not waited for any more.
struct Leaving<'a>(&'a Together);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        let mut sleepers = self.0.0.0.lock().unwrap();
        sleepers.threads -= 1;
        self.0.move_on(&mut sleepers);
    }
}

#[test]
fn a_429_that_one_thread_sees_is_kept_by_all_who_then_come_back_one_after_another() {
    const THREADS: usize = 16;
    let clock = Together::of(THREADS);
    // The first call of each thread is held until one of them was refused and knows it.
    let (all_there, refused_one) = (Barrier::new(THREADS), AtomicBool::new(false));
    let (calls, is_known) = (AtomicUsize::new(0), Arc::new((Mutex::new(false), Condvar::new())));
    let known = is_known.clone();
    let api = Api::start(clock.clone(), move |seen| {
        if seen.path() == TOKEN_PATH {
            return token_reply("t", 3600);
        }
        if calls.fetch_add(1, Ordering::SeqCst) < THREADS {
            all_there.wait();
            if !refused_one.swap(true, Ordering::SeqCst) {
                return reply(429, "").header("retry-after", "30");
            }
            drop(known.1.wait_while(known.0.lock().unwrap(), |known| !*known).unwrap());
        }
        own_path(seen)
    });
    let client = api.client().with_observer(move |event| {
        if matches!(event, Event::Waiting { .. }) {
            *is_known.0.lock().unwrap() = true;
            is_known.1.notify_all();
        }
    });
    let (next, done) = (AtomicUsize::new(0), Mutex::new(BTreeSet::new()));
    clock.run(client, |client| {
        while let number @ 0..JOBS = next.fetch_add(1, Ordering::SeqCst) {
            let path = thing(client, &number.to_string()).unwrap();
            assert!(done.lock().unwrap().insert(path), "{number}");
        }
    });
    assert_eq!(done.lock().unwrap().len(), JOBS);
    let times = api.times("/things/");
    assert_eq!(times.len(), JOBS + 1);
    let (held, later) = times.split_at(THREADS);
    assert!(held.iter().all(Duration::is_zero), "{held:?}");
    assert!(later.iter().all(|at| (secs(30)..secs(31)).contains(at)), "{later:?}");
    // Those who woke up together would be a herd: each has a jitter of its own.
    assert!(later.iter().collect::<BTreeSet<_>>().len() > THREADS / 2, "{later:?}");
}

#[test]
fn a_429_of_the_token_endpoint_is_kept_by_all_who_wait_for_the_token() {
    const THREADS: usize = 16;
    let clock = Together::of(THREADS);
    let is_refused = AtomicBool::new(false);
    let api = Api::start(clock.clone(), move |seen| match seen.path() {
        TOKEN_PATH if !is_refused.swap(true, Ordering::SeqCst) => {
            reply(429, "").header("retry-after", "30")
        }
        TOKEN_PATH => token_reply("t", 3600),
        _ => own_path(seen),
    });
    clock.run(api.client(), |client| drop(client.get("/x").unwrap()));
    let tokens = api.times(TOKEN_PATH);
    assert_eq!((tokens.len(), tokens[0]), (2, secs(0)));
    assert!((secs(30)..secs(31)).contains(&tokens[1]), "{tokens:?}");
    assert!(api.times("/x").iter().all(|at| *at >= tokens[1]));
}
