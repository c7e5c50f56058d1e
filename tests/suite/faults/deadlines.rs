//! Every fault in real time: no call takes longer than its deadline by more than a tenth of a
//! second, nor more memory than its limits.

use std::fmt::Write as _;
use std::io::{self, Read, Write as _};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use allocation_counter::measure;
use unattended::{Client, Request, RetryPolicy};

use super::calls::check_clean;
use super::stage::*;
use super::*;
use crate::support::*;

/// What a call may take in all.
const DEADLINE: Duration = Duration::from_secs(1);
/// The promise: no call passes its deadline by more, the name look-up apart.
const OVERSHOOT: Duration = Duration::from_millis(100);
/// What a call may hold at once, with bodies of at most 256 kiB, or 1 MiB of a token answer:
/// twice that and the buffers of the connection.
const MEMORY: u64 = 4 << 20;
/// A busy machine wakes whoever sleeps late: by how much is measured beside the calls, and
/// allowed.
struct Watch {
    wakes: Mutex<Vec<(Instant, Duration)>>,
    is_over: AtomicBool,
}

static WATCH: Watch = Watch { wakes: Mutex::new(Vec::new()), is_over: AtomicBool::new(false) };

impl Watch {
    fn run(&self) {
        const NAP: Duration = Duration::from_millis(5);
        while !self.is_over.load(Ordering::SeqCst) {
            let start = Instant::now();
            thread::sleep(NAP);
            self.wakes.lock().unwrap().push((Instant::now(), start.elapsed().saturating_sub(NAP)));
        }
    }

    fn latest_since(&self, start: Instant) -> Duration {
        let wakes = self.wakes.lock().unwrap();
        let since = wakes.iter().rev().take_while(|(at, _)| *at >= start);
        since.map(|(_, late)| *late).max().unwrap_or_default()
    }
}

/// How many calls are made at once: on a machine that is busy with other things those that
/// were late are made again, ever fewer at once. What is late by itself is late each time.
const ROUNDS: [usize; 5] = [64, 16, 4, 2, 1];

/// What is done with a client.
type Act = fn(&Client) -> Result<(), Error>;

fn get(client: &Client) -> Result<(), Error> {
    client.get("/x").map(drop)
}

fn download(client: &Client) -> Result<(), Error> {
    client.download(Request::get("/x"), &mut io::sink()).map(drop)
}

/// A client in real time. The end time is there for downloads, whose content may take as
/// long as it takes otherwise.
fn client(origin: &str, token: &str) -> Client {
    let client = client_of(token, origin).with_body_limit(1 << 18);
    client.with_retry_policy(policy())
}

fn policy() -> RetryPolicy {
    RetryPolicy::default().with_deadline(DEADLINE)
}

/// A way to meet a fault: whether at the token endpoint, and by what call.
type Way = (&'static str, bool, Act);

const WAYS: [Way; 3] = [("GET", false, get), ("token", true, get), ("download", false, download)];

/// How late it was, and whether that is too late; or what else is wrong with it.
fn check(fault: &Fault, (_, at_token, act): Way) -> Result<(Duration, bool), String> {
    let stage = Stage::new(fault, always);
    let (client, events) = observed(match at_token {
        false => client(&stage.origin, Stage::good()),
        true => client(Stage::good(), &stage.origin),
    });
    let client = client.with_retry_policy(policy().with_end_time(SystemTime::now() + DEADLINE));
    let (mut result, mut took) = (Ok(()), Duration::ZERO);
    let start = Instant::now();
    let memory = measure(|| {
        result = act(&client);
        took = start.elapsed();
    });
    check_clean(&result, &events.lock().unwrap())?;
    if memory.bytes_max > MEMORY {
        return Err(format!("{} bytes at once", memory.bytes_max));
    }
    if fault.is_endless && result.is_ok() {
        return Err("it has no end, but the call is a success".into());
    }
    let late = took.saturating_sub(DEADLINE);
    Ok((late, late > OVERSHOOT + WATCH.latest_since(start)))
}

/// Makes the calls, so many at once; those that were too late, and by how much.
fn round<'f>(
    runs: Vec<(&'f Fault, Way)>,
    at_once: usize,
    told: &Mutex<String>,
) -> Vec<(&'f Fault, Way, Duration)> {
    let (runs, late_ones) = (Mutex::new(runs.into_iter()), Mutex::new(Vec::new()));
    let work = || {
        while let Some((fault, way)) = { runs.lock().unwrap().next() } {
            match check(fault, way) {
                Ok((late, true)) => late_ones.lock().unwrap().push((fault, way, late)),
                Ok((late, false)) if late.is_zero() => {}
                Ok((late, false)) => eprintln!("{late:?} late: {}: {}", way.0, fault.name),
                Err(why) => {
                    writeln!(told.lock().unwrap(), "{}: {}: {why}", way.0, fault.name).unwrap();
                }
            }
        }
    };
    thread::scope(|scope| (0..at_once).for_each(|_| drop(scope.spawn(work))));
    late_ones.into_inner().unwrap()
}

#[test]
fn no_call_that_meets_a_fault_passes_its_deadline_or_takes_much_memory() {
    let faults = table();
    // Those that only time ends go first, and are tried in all ways.
    let (long, short): (Vec<_>, Vec<_>) =
        faults.iter().partition(|fault| fault.is_silent || fault.is_endless);
    let long = long.into_iter().flat_map(|fault| WAYS.map(|way| (fault, way)));
    let mut runs: Vec<_> = long.chain(short.into_iter().map(|fault| (fault, WAYS[0]))).collect();
    let told = Mutex::new(String::new());
    thread::scope(|scope| {
        scope.spawn(|| WATCH.run());
        let mut late_ones = Vec::new();
        for at_once in ROUNDS {
            late_ones = round(runs, at_once, &told);
            runs = late_ones.iter().map(|(fault, way, _)| (*fault, *way)).collect();
        }
        for (fault, way, late) in late_ones {
            writeln!(told.lock().unwrap(), "{}: {}: {late:?} late", way.0, fault.name).unwrap();
        }
        WATCH.is_over.store(true, Ordering::SeqCst);
    });
    let told = told.into_inner().unwrap();
    assert!(told.is_empty(), "\n{told}");
}

/// Takes `bytes` of a long upload every 10 ms.
fn slow_reader(bytes: usize) -> String {
    raw_server(move |mut stream, _| {
        read_head(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n");
        while stream.read(&mut vec![0; bytes]).is_ok_and(|count| count > 0) {
            thread::sleep(Duration::from_millis(10));
        }
    })
}

/// Makes a call that must fail, in time at one chance of a few.
fn fails_in_time(what: &str, call: impl FnMut() -> Option<Error>) {
    fails_within(DEADLINE, what, call);
}

fn fails_within(limit: Duration, what: &str, mut call: impl FnMut() -> Option<Error>) {
    for chance in 1.. {
        let start = Instant::now();
        let error = call();
        let late = start.elapsed().saturating_sub(limit);
        assert!(error.is_some(), "{what}");
        if late <= OVERSHOOT {
            return;
        }
        assert!(chance < ROUNDS.len(), "{what}: {late:?}");
    }
}

#[test]
fn a_server_that_takes_a_body_slowly_does_not_hold_the_call_beyond_its_deadline() {
    thread::scope(|scope| {
        for bytes in [100, 4 << 10, 32 << 10] {
            scope.spawn(move || {
                let request = Request::post("/x").without_token().bytes(vec![b'x'; 64 << 20]);
                let client = client(&slow_reader(bytes), Stage::good());
                fails_in_time("slow", || {
                    let error = client.send(&request).err()?;
                    assert_eq!(error.kind(), ErrorKind::Temporary, "{error}");
                    Some(error)
                });
            });
        }
    });
}

/// Gives an answer whose body comes byte by byte.
fn slow_writer(head: &'static str) -> String {
    raw_server(move |mut stream, _| {
        let _ = read_request(&mut stream);
        let head = format!("HTTP/1.1 {head}\r\ncontent-length: 100000\r\n\r\n");
        let mut sent = stream.write_all(head.as_bytes());
        while sent.is_ok() {
            thread::sleep(Duration::from_millis(20));
            sent = stream.write_all(b"x");
        }
    })
}

#[test]
fn of_what_is_streamed_the_content_alone_may_take_longer_than_the_deadline() {
    let path = std::env::temp_dir().join(format!("unattended-{}-in-time", std::process::id()));
    std::fs::write(&path, "content").unwrap();
    let hasty = |request: Request| {
        let policy = RetryPolicy::default().with_retries(0).with_deadline(DEADLINE);
        request.without_token().with_retry_policy(policy)
    };
    thread::scope(|scope| {
        for head in ["500 X", "404 X", "202 X", "302 X\r\nlocation: /y"] {
            scope.spawn(move || {
                let client = client(&slow_writer(head), Stage::good());
                let request = hasty(Request::get("/x"));
                fails_in_time(head, || client.download(&request, &mut io::sink()).err());
            });
        }
        for head in ["200 X", "500 X", "404 X"] {
            let request = hasty(Request::put("/x").file(&path));
            scope.spawn(move || {
                let client = client(&slow_writer(head), Stage::good());
                fails_in_time(head, || client.send(&request).err());
            });
        }
    });
    std::fs::remove_file(path).unwrap();
}

#[test]
fn the_wait_for_permission_is_a_second_at_most() {
    let silent = raw_server(|mut stream, _| {
        read_head(&mut stream);
        while stream.read(&mut [0; 4096]).is_ok_and(|count| count > 0) {}
    });
    let path = std::env::temp_dir().join(format!("unattended-{}-long", std::process::id()));
    std::fs::write(&path, vec![b'x'; 2 << 20]).unwrap();
    let client = client(&silent, Stage::good());
    let request = Request::put("/x").without_token().file(&path);
    fails_within(DEADLINE * 2, "silent", || client.send(&request).err());
    std::fs::remove_file(path).unwrap();
}
