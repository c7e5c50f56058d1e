use std::fs;
#[cfg(unix)]
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use unattended::{
    Client, Clock, Event, FileStore, ManualClock, MemoryStore, Request, RetryPolicy, StoreEntry,
    TokenStore, WaitReason,
};

use crate::support::*;

/// A folder of this test's own, gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("unattended-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn store(&self) -> FileStore {
        FileStore::at(&self.0)
    }

    /// The files with this ending.
    fn files(&self, ending: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.extension().is_some_and(|end| end == ending)).collect()
    }

    fn entry(&self) -> PathBuf {
        self.files("json").remove(0)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Elsewhere the rights are those of the folder above.
#[cfg_attr(not(unix), expect(unused_variables, reason = "there are no modes"))]
fn assert_mode(path: &Path, expected: u32) {
    #[cfg(unix)]
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, expected);
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A new run of a program: a client that knows nothing, with its store.
fn run(server: &Server, store: impl TokenStore + 'static) -> Client {
    server.client().with_store(store)
}

/// A call that succeeds although the store fails, once.
fn succeeds_without_its_store(server: &Server, store: impl TokenStore + 'static, why: &str) {
    let (client, events) = observed(run(server, store));
    client.get("/x").unwrap();
    assert_eq!(client.stats().store_failures, 1);
    let told = events.lock().unwrap().iter().any(|event| match event {
        Event::StoreFailed { error, .. } => error.contains(why),
        _ => false,
    });
    assert!(told, "{:?}", events.lock().unwrap());
}

#[test]
fn the_next_run_takes_the_token_of_the_one_before() {
    let (server, folder) = (Server::with_api([]), Folder::new("next-run"));
    run(&server, folder.store()).get("/x").unwrap();
    let (client, events) = observed(run(&server, folder.store()));
    client.get("/x").unwrap();
    assert_eq!(server.token_requests().len(), 1);
    assert_eq!(client.stats().tokens_fetched, 0);
    assert!(matches!(events.lock().unwrap()[0], Event::TokenReused { .. }));
    assert_mode(&folder.0, 0o700);
    assert_mode(&folder.entry(), 0o600);
    assert!(folder.files("new").is_empty());
    assert!(!fs::read_to_string(folder.entry()).unwrap().contains(SECRET));
}

#[test]
fn an_expired_token_is_renewed_and_the_new_one_is_stored() {
    let (server, folder) = (Server::with_api([]), Folder::new("expired"));
    let (client, clock) = on_manual_clock(run(&server, folder.store()));
    client.get("/x").unwrap();
    clock.advance(secs(3_600));
    let later = run(&server, folder.store()).with_clock(clock.clone());
    later.get("/x").unwrap();
    let third = run(&server, folder.store()).with_clock(clock);
    third.get("/x").unwrap();
    assert_eq!(server.token_requests().len(), 2);
}

#[test]
fn a_refused_token_is_replaced_in_the_store_and_others_take_the_newer_one() {
    let server = Server::with_api([reply(200, "{}"), reply(401, "{}"), reply(200, "{}")]);
    let folder = Folder::new("refused");
    run(&server, folder.store()).get("/x").unwrap();
    run(&server, folder.store()).get("/x").unwrap();
    run(&server, folder.store()).get("/x").unwrap();
    assert_eq!(server.token_requests().len(), 2);
    let last = server.seen().pop().unwrap();
    assert_eq!(last.header("authorization"), Some("Bearer token-2"));
}

#[test]
fn settings_that_make_another_token_make_another_entry() {
    let (server, folder) = (Server::with_api([]), Folder::new("keys"));
    let client = |provider| {
        let credentials = unattended::Credentials::new("my-client", SECRET);
        Client::new(provider, credentials).unwrap().with_store(folder.store())
    };
    for _ in 0..2 {
        client(server.provider()).get("/x").unwrap();
        client(server.provider().with_scope("a")).get("/x").unwrap();
        client(server.provider().with_scope("a b")).get("/x").unwrap();
        client(server.provider().with_audience("a")).get("/x").unwrap();
        client(server.provider().with_resource("a").with_resource("b")).get("/x").unwrap();
        client(server.provider().with_token_parameter("scope", "a")).get("/x").unwrap();
    }
    assert_eq!(server.token_requests().len(), 6);
    assert_eq!(folder.files("json").len(), 6);
}

#[test]
fn a_corrupt_entry_or_one_of_another_version_is_replaced() {
    let (server, folder) = (Server::with_api([]), Folder::new("corrupt"));
    run(&server, folder.store()).get("/x").unwrap();
    let good = fs::read_to_string(folder.entry()).unwrap();
    let newer = good.replace("\\\"version\\\":1", "\\\"version\\\":2");
    assert_ne!(good, newer);
    for (index, bad) in
        ["", "{", "null", &newer, "\u{0}\u{1}", &"x".repeat(100_000)].iter().enumerate()
    {
        fs::write(folder.entry(), bad).unwrap();
        let client = run(&server, folder.store());
        client.get("/x").unwrap();
        assert_eq!(client.stats().store_failures, 0);
        assert_eq!(server.token_requests().len(), index + 2);
    }
    run(&server, folder.store()).get("/x").unwrap();
    assert_eq!(server.token_requests().len(), 7);
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_or_a_link_is_not_used() {
    let (server, folder) = (Server::with_api([]), Folder::new("open"));
    run(&server, folder.store()).get("/x").unwrap();
    set_mode(&folder.entry(), 0o644);
    succeeds_without_its_store(&server, folder.store(), "others can read it");
    set_mode(&folder.entry(), 0o600);
    let entry = folder.entry();
    let elsewhere = folder.0.join("elsewhere");
    fs::rename(&entry, &elsewhere).unwrap();
    symlink(&elsewhere, &entry).unwrap();
    succeeds_without_its_store(&server, folder.store(), "it is not a file");
    fs::remove_file(&entry).unwrap();
    set_mode(&folder.0, 0o777);
    succeeds_without_its_store(&server, folder.store(), "others can write to it");
}

#[test]
fn a_folder_that_cannot_be_made_or_written_is_done_without() {
    let (server, folder) = (Server::with_api([]), Folder::new("full"));
    fs::create_dir_all(&folder.0).unwrap();
    let file = folder.0.join("file");
    fs::write(&file, "").unwrap();
    succeeds_without_its_store(&server, FileStore::at(file.join("below")), "file");
    #[cfg(target_os = "linux")]
    succeeds_without_its_store(&server, FileStore::at("/proc/nowhere"), "/proc/nowhere");
}

#[test]
fn a_lock_that_is_held_for_too_long_is_done_without() {
    let (server, folder) = (Server::with_api([]), Folder::new("held"));
    run(&server, folder.store()).get("/x").unwrap();
    let lock = fs::File::open(&folder.files("lock")[0]).unwrap();
    lock.lock().unwrap();
    let clock = ManualClock::new();
    let store = folder.store().with_clock(clock.clone());
    succeeds_without_its_store(&server, store, "another process takes too long");
    assert_eq!(clock.slept(), secs(10));
}

#[test]
fn the_servers_cooldowns_are_kept_for_the_next_run() {
    let server =
        Server::with_api([reply(429, "{}").header("retry-after", "3600"), reply(200, "{}")]);
    let folder = Folder::new("cooldowns");
    let (client, clock) = on_manual_clock(run(&server, folder.store()));
    client.get("/x").unwrap_err();
    let next = run(&server, folder.store()).with_clock(clock.clone());
    let error = next.get("/x").unwrap_err();
    assert_eq!(error.retry_after(), Some(secs(3_600)));
    assert_eq!(error.delivery(), unattended::error::Delivery::NotSent);
    let text = format!(
        "; not sent: the wait that the server asked for has another 3600 s to run, and this call has 900 s left (RetryPolicy::with_deadline); the wait is kept in the folder {}, and Client::forget_cooldowns clears it",
        folder.0.display()
    );
    assert!(error.to_string().ends_with(&text), "{error}");
    assert_eq!(server.api_requests().len(), 1);
    clock.advance(secs(3_590));
    let (last, events) = observed(run(&server, folder.store()).with_clock(clock.clone()));
    last.get("/x").unwrap();
    let told = events.lock().unwrap().iter().any(|event| match event {
        Event::Waiting { reason: WaitReason::Remembered(answer), .. } => {
            answer.retry_after == Some(secs(3_600))
        }
        _ => false,
    });
    assert!(told, "{:?}", events.lock().unwrap());
    let wait = *clock.sleeps().last().unwrap();
    assert!(wait >= secs(10) && wait <= secs(11), "who shares it comes back at another time");
}

/// Notes how long it may wait for its turn.
struct Patient(MemoryStore, Arc<Mutex<Vec<Duration>>>);

impl TokenStore for Patient {
    fn update(
        &self,
        key: &str,
        patience: Duration,
        change: &mut dyn FnMut(&mut StoreEntry),
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.1.lock().unwrap().push(patience);
        self.0.update(key, patience, change)
    }
}

#[test]
fn a_cooldown_that_does_not_fit_waits_for_its_turn_in_the_store() {
    let server = Server::with_api([reply(429, "{}").header("retry-after", "3600")]);
    let patience = Arc::default();
    let store = Patient(MemoryStore::new(), Arc::clone(&patience));
    let (client, _) = on_manual_clock(server.client().with_store(store));
    client.get("/x").unwrap_err();
    // The first turn was the token's.
    assert_eq!(patience.lock().unwrap()[1..], [secs(10)]);
}

#[test]
fn a_turn_is_waited_for_as_long_as_an_exchange_takes_or_half_of_what_is_left() {
    // Seconds of: the deadline, the token endpoint's idle limit, the wait.
    for (deadline, idle, expected) in [(900, 30, 40), (60, 30, 30), (900, 5, 15)] {
        let server = Server::with_api([]);
        let patience = Arc::default();
        let store = Patient(MemoryStore::new(), Arc::clone(&patience));
        let policy = RetryPolicy::default().with_deadline(secs(deadline));
        let client = run(&server, store).with_retry_policy(policy);
        let (client, _) = on_manual_clock(client.with_token_idle_timeout(secs(idle)));
        client.get("/x").unwrap();
        assert_eq!(patience.lock().unwrap()[..], [secs(expected)], "{deadline} {idle}");
    }
}

#[test]
fn a_lone_client_whose_store_is_shared_comes_back_at_a_time_of_its_own() {
    for (asked, latest) in [(2, 2_200), (40, 41_000)] {
        let busy = reply(429, "{}").header("retry-after", asked.to_string());
        let waits: Vec<Duration> = (0..8)
            .map(|run_number| {
                let folder = Folder::new(&format!("alone-{asked}-{run_number}"));
                let server = Server::with_api([busy.clone(), reply(200, "{}")]);
                let (client, clock) = on_manual_clock(run(&server, folder.store()));
                client.get("/x").unwrap();
                clock.slept()
            })
            .collect();
        let whole = secs(asked);
        let latest = Duration::from_millis(latest);
        assert!(waits.iter().all(|wait| (whole..=latest).contains(wait)), "{waits:?}");
        assert!(waits.iter().any(|wait| *wait != whole), "{waits:?}");
    }
}

#[test]
fn a_token_in_place_of_a_stale_one_of_an_earlier_run_is_told_as_a_renewal() {
    let (server, folder) = (Server::with_api([]), Folder::new("renewal"));
    let (first, clock) = on_manual_clock(run(&server, folder.store()));
    first.get("/x").unwrap();
    clock.advance(secs(3_600));
    let (client, events) = observed(run(&server, folder.store()).with_clock(clock));
    client.get("/x").unwrap();
    let events = events.lock().unwrap();
    let told =
        events.iter().any(|event| matches!(event, Event::TokenFetched { renewal: true, .. }));
    assert!(told, "{events:?}");
}

#[test]
fn a_token_that_was_refused_is_not_left_for_the_next_run_when_no_other_is_to_be_had() {
    let folder = Folder::new("refused");
    let server = Server::with_scripts(
        [token_reply("t-1", 3600), reply(400, r#"{"error":"invalid_scope"}"#)],
        [reply(401, "{}"), reply(200, "{}")],
    );
    run(&server, folder.store()).get("/x").unwrap_err();
    assert!(!fs::read_to_string(folder.entry()).unwrap().contains("t-1"));
    run(&server, folder.store()).get("/x").unwrap();
    assert_eq!((server.token_requests().len(), server.api_requests().len()), (3, 2));
}

#[test]
fn the_token_endpoints_cooldown_is_kept_for_the_next_run() {
    let refusal = reply(429, "{}").header("retry-after", "3600");
    let (server, folder) = (Server::with_scripts([refusal], []), Folder::new("token-cooldown"));
    let (client, clock) = on_manual_clock(run(&server, folder.store()));
    client.get("/x").unwrap_err();
    let next = run(&server, folder.store()).with_clock(clock.clone());
    assert_eq!(next.get("/x").unwrap_err().retry_after(), Some(secs(3_600)));
    assert_eq!(server.seen().len(), 1);
    clock.advance(secs(3_500));
    run(&server, folder.store()).with_clock(clock.clone()).get("/x").unwrap();
    assert!(clock.slept() >= secs(100) && clock.slept() <= secs(101));
}

#[test]
fn a_token_from_the_future_is_of_unknown_age_and_not_used_by_the_next_run() {
    // A minute is what the clocks of two machines may be apart.
    for (seconds, tokens) in [(60, 1), (61, 2), (1_000_000, 2)] {
        let (server, folder) = (Server::with_api([]), Folder::new(&format!("jumped-{seconds}")));
        let (client, clock) = on_manual_clock(run(&server, folder.store()));
        client.get("/x").unwrap();
        clock.set_now(clock.now() - secs(seconds));
        let next = run(&server, folder.store()).with_clock(clock.clone());
        next.get("/x").unwrap();
        // Whoever knows how old the token is goes on with it.
        client.get("/x").unwrap();
        next.get("/x").unwrap();
        run(&server, folder.store()).with_clock(clock).get("/x").unwrap();
        assert_eq!(server.token_requests().len(), tokens, "{seconds}");
    }
}

/// A store of the user's own: fails, or never runs the change.
struct Broken;

impl TokenStore for Broken {
    fn update(
        &self,
        _: &str,
        _: Duration,
        change: &mut dyn FnMut(&mut StoreEntry),
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let mut entry = StoreEntry::default();
        change(&mut entry);
        let text = entry.to_text();
        assert!(!format!("{entry:?}").contains("token-1"));
        assert_eq!(StoreEntry::from_text(&text).unwrap().to_text(), text);
        assert!(entry.useful_until().is_some());
        Err("the cache is down".into())
    }
}

#[test]
fn a_store_that_fails_after_the_change_ran_does_not_cost_a_second_token() {
    let server = Server::with_api([]);
    succeeds_without_its_store(&server, Broken, "the cache is down");
    assert_eq!(server.token_requests().len(), 1);
}

#[test]
fn a_revoked_token_is_gone_from_client_and_store() {
    let (server, folder) = (Server::with_api([]), Folder::new("revoked"));
    let provider = || server.provider().with_revocation_endpoint(&server.url("/revoke")).unwrap();
    let client = |store| {
        let credentials = unattended::Credentials::new("my-client", SECRET);
        Client::new(provider(), credentials).unwrap().with_store(store)
    };
    client(folder.store()).revoke().unwrap();
    assert!(server.seen().is_empty());
    let first = client(folder.store());
    first.get("/x").unwrap();
    client(folder.store()).revoke().unwrap();
    let seen = server.seen().pop().unwrap();
    assert_eq!((seen.method.as_str(), seen.path()), ("POST", "/revoke"));
    assert_eq!(
        seen.body,
        "token=token-1&token_type_hint=access_token&client_id=my-client&client_secret=s3cret%2Fwith%2Bsigns"
    );
    client(folder.store()).get("/x").unwrap();
    assert_eq!(server.token_requests().len(), 2);
    first.revoke().unwrap();
    client(folder.store()).get("/x").unwrap();
    assert_eq!(server.token_requests().len(), 2, "another token is in the store by now");
}

#[test]
fn a_refused_revocation_keeps_the_token_and_shows_it_to_nobody() {
    let server = Server::start(|seen| match seen.path() {
        TOKEN_PATH => token_reply("opaque9token", 3600),
        "/revoke" => {
            reply(400, r#"{"error":"unsupported_token_type","error_description":"opaque9token"}"#)
        }
        _ => reply(200, "{}"),
    });
    let error = server.client().revoke().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the provider has no revocation endpoint: set Provider::with_revocation_endpoint"
    );
    let provider = server.provider().with_revocation_endpoint(&server.url("/revoke")).unwrap();
    let credentials = unattended::Credentials::new("my-client", SECRET);
    let client = Client::new(provider, credentials).unwrap();
    client.get("/x").unwrap();
    let error = client.revoke().unwrap_err();
    assert!(error.to_string().contains("400 Bad Request: unsupported_token_type: ***"), "{error}");
    client.get("/x").unwrap();
    assert_eq!(server.token_requests().len(), 1);
}

/// A store whose turn never comes.
struct Busy(ManualClock);

impl TokenStore for Busy {
    fn update(
        &self,
        _: &str,
        wait_at_most: Duration,
        _: &mut dyn FnMut(&mut StoreEntry),
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.0.sleep(wait_at_most);
        Err("somebody else takes too long".into())
    }
}

#[test]
fn while_the_store_is_busy_a_token_that_is_still_good_is_not_bought_again() {
    let (server, clock) = (Server::with_api([]), ManualClock::new());
    let client = run(&server, Busy(clock.clone())).with_clock(clock.clone());
    client.get("/x").unwrap();
    clock.set_now(clock.now() + secs(3_580));
    for _ in 0..3 {
        client.get("/x").unwrap();
    }
    assert_eq!(server.token_requests().len(), 1);
    assert_eq!(client.stats().store_failures, 2, "it is not asked again at once");
    clock.advance(secs(60));
    client.get("/x").unwrap();
    assert_eq!(server.token_requests().len(), 2);
}

#[test]
fn a_store_that_is_broken_does_not_put_off_an_early_renewal() {
    let (server, folder) = (Server::with_api([]), Folder::new("broken"));
    fs::write(&folder.0, "").unwrap();
    let (client, clock) = on_manual_clock(run(&server, folder.store()));
    client.get("/x").unwrap();
    clock.advance(secs(3_580));
    client.get("/x").unwrap();
    assert_eq!(server.token_requests().len(), 2);
    fs::remove_file(&folder.0).unwrap();
}

#[test]
fn a_token_of_an_earlier_run_ages_though_the_wall_clock_is_set_back() {
    let (server, folder) = (Server::with_api([]), Folder::new("set-back"));
    let (first, clock) = on_manual_clock(run(&server, folder.store()));
    first.get("/x").unwrap();
    let next = run(&server, folder.store()).with_clock(clock.clone());
    next.get("/x").unwrap();
    clock.set_now(clock.now() - secs(3_000));
    clock.advance(secs(3_600));
    next.get("/x").unwrap();
    assert_eq!(server.token_requests().len(), 2);
}

#[test]
fn a_wait_beyond_all_measure_that_is_stored_does_no_harm() {
    let refusal = reply(429, "{}").header("retry-after", "99999999999999999999");
    let server = Server::with_api([refusal, reply(200, "{}")]);
    let folder = Folder::new("beyond");
    run(&server, folder.store()).get("/a").unwrap_err();
    run(&server, folder.store()).get("/b").unwrap();
    run(&server, folder.store()).get("/a").unwrap_err();
    assert_eq!(server.api_requests().len(), 2);
}

#[test]
fn a_cooldown_that_was_stored_by_a_clock_ahead_of_time_does_not_hold_for_ever() {
    let refusal = reply(429, "{}").header("retry-after", "3600");
    let (server, folder) = (Server::with_api([refusal, reply(200, "{}")]), Folder::new("ahead"));
    let (client, clock) = on_manual_clock(run(&server, folder.store()));
    client.get("/x").unwrap_err();
    clock.set_now(clock.now() - secs(86_400));
    run(&server, folder.store()).with_clock(clock).get("/x").unwrap();
}

#[test]
fn the_cooldowns_of_one_call_do_not_pile_up_in_the_store() {
    let refusal = reply(429, "{}").header("retry-after", "3600");
    let (server, folder) = (Server::with_api([refusal]), Folder::new("pile"));
    for _ in 0..5 {
        for path in ["/a", "/b"] {
            run(&server, folder.store()).get(path).unwrap_err();
        }
    }
    assert_eq!(fs::read_to_string(folder.entry()).unwrap().matches("since").count(), 2);
}

#[test]
fn a_store_that_is_slow_does_not_make_a_call_pass_its_deadline() {
    let refusal = reply(429, "{}").header("retry-after", "4");
    let server = Server::with_api([refusal, reply(200, "{}")]);
    let (client, clock) = on_manual_clock(server.client());
    client.access_token().unwrap();
    let policy = RetryPolicy::default().with_deadline(secs(6));
    let client = client.with_store(Busy(clock.clone())).with_retry_policy(policy);
    let before = clock.monotonic();
    client.get("/x").unwrap();
    assert!(clock.monotonic() - before <= secs(6));
}

#[test]
fn clients_may_share_a_store_of_the_users() {
    let server = Server::with_api([]);
    let store = Arc::new(MemoryStore::new());
    run(&server, store.clone()).get("/x").unwrap();
    run(&server, store).get("/x").unwrap();
    assert_eq!(server.token_requests().len(), 1);
}

/// The test of this name again, as a process that makes one call: see [`work_if_told`].
fn child_command(test: &str, server: &Server) -> Command {
    let mut command = this_program();
    command
        .args(["--exact", &format!("token::stores::{test}")])
        .env("UNATTENDED_TEST_ORIGIN", server.url(""))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn child(test: &str, server: &Server, folder: &Folder) -> Child {
    child_command(test, server).env("UNATTENDED_TEST_FOLDER", &folder.0).spawn().unwrap()
}

/// In a process of [`child_command`] makes the call, and ends it with 0 if the store was of
/// use and 7 if not.
fn work_if_told() {
    let Ok(origin) = std::env::var("UNATTENDED_TEST_ORIGIN") else { return };
    let store = match std::env::var("UNATTENDED_TEST_FOLDER") {
        Ok(folder) => FileStore::at(folder),
        Err(_) => FileStore::default(),
    };
    let client = client_at(&origin).with_store(store);
    client.get("/x").unwrap();
    std::process::exit(if client.stats().store_failures == 0 { 0 } else { 7 });
}

#[test]
fn the_default_folder_is_the_users_cache_and_without_one_the_client_goes_on_alone() {
    const TEST: &str =
        "the_default_folder_is_the_users_cache_and_without_one_the_client_goes_on_alone";
    work_if_told();
    let (server, folder) = (Server::with_api([]), Folder::new("default"));
    let run = |variables: &[(&str, &Path)]| {
        let mut command = child_command(TEST, &server);
        command.env_remove("HOME").env_remove("XDG_CACHE_HOME").env_remove("LOCALAPPDATA");
        command.envs(variables.iter().copied()).status().unwrap().code()
    };
    let cache = if cfg!(windows) { "LOCALAPPDATA" } else { "XDG_CACHE_HOME" };
    assert_eq!(run(&[(cache, &folder.0)]), Some(0));
    assert_eq!(run(&[(cache, &folder.0)]), Some(0));
    assert_eq!(server.token_requests().len(), 1);
    assert_mode(&folder.0.join("unattended"), 0o700);
    assert_eq!(run(&[]), Some(7));
    assert_eq!(run(&[("HOME", Path::new("relative"))]), Some(7));
    assert_eq!(server.token_requests().len(), 3);
}

#[test]
fn fifty_processes_at_once_buy_one_token() {
    const TEST: &str = "fifty_processes_at_once_buy_one_token";
    work_if_told();
    let (server, folder) = (Server::with_api([]), Folder::new("fifty"));
    let children: Vec<Child> = (0..50).map(|_| child(TEST, &server, &folder)).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(server.token_requests().len(), 1);
    assert_eq!(server.api_requests().len(), 50);
}

#[test]
fn a_process_that_is_killed_within_a_renewal_does_not_stop_the_others() {
    const TEST: &str = "a_process_that_is_killed_within_a_renewal_does_not_stop_the_others";
    work_if_told();
    let (asked, first) = std::sync::mpsc::channel();
    let (killed, is_killed) = std::sync::mpsc::channel();
    let asked = std::sync::Mutex::new((asked, is_killed));
    let is_first = std::sync::atomic::AtomicBool::new(true);
    let server = Server::start(move |seen| {
        if seen.path() == TOKEN_PATH && is_first.swap(false, std::sync::atomic::Ordering::SeqCst) {
            let asked = asked.lock().unwrap();
            asked.0.send(()).unwrap();
            asked.1.recv().unwrap();
        }
        token_reply("token", 3600)
    });
    let folder = Folder::new("killed");
    let mut victim = child(TEST, &server, &folder);
    first.recv().unwrap();
    victim.kill().unwrap();
    victim.wait().unwrap();
    killed.send(()).unwrap();
    let mut others: Vec<Child> = (0..5).map(|_| child(TEST, &server, &folder)).collect();
    assert!(others.iter_mut().all(|child| child.wait().unwrap().success()));
    assert_eq!(server.token_requests().len(), 2);
}

#[test]
fn a_token_comes_out_of_the_store_with_all_that_came_with_it() {
    let body = r#"{"access_token":"t","expires_in":3600,"scope":"read","id_token":"e30.e30.e30"}"#;
    let (server, folder) = (Server::with_scripts([reply(200, body)], []), Folder::new("all"));
    let (client, clock) = on_manual_clock(run(&server, folder.store()));
    let new = client.access_token().unwrap();
    let next = run(&server, folder.store()).with_clock(clock);
    let kept = next.access_token().unwrap();
    assert_eq!(server.token_requests().len(), 1);
    assert_eq!((kept.as_str(), kept.scope()), ("t", Some("read")));
    assert_eq!((kept.lifetime(), kept.expires_at()), (Some(secs(3600)), new.expires_at()));
    assert!(kept.id_token().is_ok());
}

#[test]
fn a_cooldown_that_cannot_be_shared_is_told() {
    let server = Server::with_api([reply(200, "{}"), reply(429, "").header("retry-after", "3600")]);
    let client = run(&server, Broken);
    client.get("/x").unwrap();
    let (client, events) = observed(client);
    client.get("/x").unwrap_err();
    assert_eq!(client.stats().store_failures, 2);
    assert!(matches!(events.lock().unwrap()[..], [Event::StoreFailed { .. }]));
}

#[test]
fn a_clone_that_never_asked_the_store_leaves_its_cooldowns_there() {
    let server = Server::with_api([reply(200, "{}"), reply(429, "").header("retry-after", "3600")]);
    let store = Arc::new(MemoryStore::new());
    let client = run(&server, store.clone());
    client.get("/x").unwrap();
    client.clone().get("/x").unwrap_err();
    let error = run(&server, store).get("/x").unwrap_err();
    assert_eq!(error.delivery(), unattended::error::Delivery::NotSent);
    assert_eq!(server.api_requests().len(), 2);
}

#[test]
fn of_ones_own_cooldown_and_the_stores_the_longer_one_is_kept() {
    // What the client is asked for, what another one is, and at second 50 the wait.
    let cases = [("/x", 100, 200, 150), ("/x", 200, 100, 150), ("/other", 3_600, 200, 150)];
    for (path, own, others, wait) in cases {
        let refusal = |wait: u64| reply(429, "").header("retry-after", wait.to_string());
        let api = [reply(200, ""), reply(200, ""), refusal(own), refusal(others), reply(200, "")];
        let server = Server::with_scripts(vec![token_reply("t", 40)], api);
        let store = Arc::new(MemoryStore::new());
        let (client, clock) = on_manual_clock(run(&server, store.clone()));
        let another = run(&server, store).with_clock(clock.clone());
        let policy = RetryPolicy::default().with_retries(0);
        let impatient = |path: &str| Request::get(path).with_retry_policy(policy);
        for client in [&client, &another] {
            client.send(impatient("/y")).unwrap();
        }
        client.send(impatient(path)).unwrap_err();
        another.send(impatient("/x")).unwrap_err();
        clock.advance(secs(50));
        // The token is over, so the store is asked.
        client.get("/x").unwrap();
        let slept = clock.slept();
        assert!(slept >= secs(wait) && slept <= secs(wait + 1), "{own} and {others}: {slept:?}");
    }
}

#[test]
fn a_cooldown_out_of_the_store_ends_though_the_wall_clock_is_set_back() {
    let refusal = reply(429, "").header("retry-after", "100");
    let (server, folder) = (Server::with_api([refusal, reply(200, "{}")]), Folder::new("set-back"));
    let policy = RetryPolicy::default().with_deadline(secs(50));
    let run = || run(&server, folder.store()).with_retry_policy(policy);
    let (client, clock) = on_manual_clock(run());
    client.get("/x").unwrap_err();
    let next = run().with_clock(clock.clone());
    next.get("/x").unwrap_err();
    assert_eq!(server.api_requests().len(), 1);
    clock.set_now(clock.now() - secs(1_000));
    clock.advance(secs(101));
    next.get("/x").unwrap();
}

const HOUR: u64 = 60 * 60;
/// Twenty years: what a server asks for by mistake.
const FAR: u64 = 20 * 365 * 24 * HOUR;

/// A server that refuses its API for twenty years while it is told to.
fn wrong_server() -> (Server, Arc<std::sync::atomic::AtomicBool>) {
    let is_wrong = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let wrong = is_wrong.clone();
    let server = Server::start(move |seen| match seen.path() {
        TOKEN_PATH => token_reply("t", 3600),
        _ if wrong.load(std::sync::atomic::Ordering::SeqCst) => {
            reply(429, "{}").header("retry-after", FAR.to_string())
        }
        _ => reply(200, "{}"),
    });
    (server, is_wrong)
}

#[test]
fn in_thirty_days_after_a_wrong_header_the_runs_of_a_fleet_send_one_call_an_hour() {
    let (server, is_wrong) = wrong_server();
    let (folder, clock) = (Folder::new("thirty-days"), ManualClock::new());
    let new_run = || run(&server, folder.store()).with_clock(clock.clone());
    // One that stays, beside short runs of a job.
    let daemon = new_run();
    for day in 0..30 {
        for _ in 0..24 {
            daemon.get("/x").unwrap_err();
            clock.advance(secs(HOUR / 2));
            new_run().get("/x").unwrap_err();
            clock.advance(secs(HOUR / 2));
        }
        assert_eq!(server.api_requests().len(), (day + 1) * 24);
    }
    is_wrong.store(false, std::sync::atomic::Ordering::SeqCst);
    new_run().get("/x").unwrap();
    new_run().get("/x").unwrap();
    // The other one finds out for itself within the hour.
    clock.advance(secs(HOUR));
    daemon.get("/x").unwrap();
    daemon.get("/x").unwrap();
    assert_eq!(server.api_requests().len(), 30 * 24 + 4);
}

#[test]
fn a_wait_of_more_than_a_day_that_an_earlier_run_left_is_dropped_after_a_day() {
    let (server, is_wrong) = wrong_server();
    let (folder, clock) = (Folder::new("day-old"), ManualClock::new());
    let new_run = || run(&server, folder.store()).with_clock(clock.clone());
    new_run().get("/x").unwrap_err();
    is_wrong.store(false, std::sync::atomic::Ordering::SeqCst);
    clock.advance(secs(HOUR / 2));
    let error = new_run().get("/x").unwrap_err();
    let holder = format!(
        "; the wait is kept in the folder {}, and Client::forget_cooldowns clears it",
        folder.0.display()
    );
    assert!(error.to_string().ends_with(&holder), "{error}");
    clock.advance(secs(24 * HOUR));
    let policy = RetryPolicy::default().with_retries(3);
    let next = new_run().with_retry_policy(policy);
    next.get("/x").unwrap();
    assert!(!fs::read_to_string(folder.entry()).unwrap().contains("since"));
}

#[test]
fn what_a_server_asked_for_is_forgotten_in_the_store_as_well() {
    let (server, is_wrong) = wrong_server();
    let folder = Folder::new("forgotten");
    run(&server, folder.store()).get("/x").unwrap_err();
    run(&server, folder.store()).get("/y").unwrap_err();
    is_wrong.store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(
        run(&server, folder.store()).get("/z").unwrap_err().delivery(),
        unattended::error::Delivery::NotSent
    );
    // By a program that has done nothing else.
    run(&server, folder.store()).forget_cooldowns().unwrap();
    run(&server, folder.store()).get("/x").unwrap();
    assert_eq!((server.api_requests().len(), server.token_requests().len()), (3, 1));
}

#[test]
fn a_store_that_cannot_be_changed_keeps_its_waits_and_says_so() {
    let server = Server::with_api([]);
    let error = run(&server, Busy(ManualClock::new())).forget_cooldowns().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the waits in the client's token store are not forgotten: somebody else takes too long"
    );
}

#[test]
fn of_processes_that_start_together_one_finds_out_whether_a_wait_holds() {
    const TEST: &str = "of_processes_that_start_together_one_finds_out_whether_a_wait_holds";
    if let Ok(origin) = std::env::var("UNATTENDED_TEST_ORIGIN") {
        let store = FileStore::at(std::env::var("UNATTENDED_TEST_FOLDER").unwrap());
        let client = client_at(&origin).with_store(store);
        let (client, clock) = on_manual_clock(client);
        clock.advance(secs(HOUR));
        let error = client.get("/x").unwrap_err();
        assert_eq!(client.stats().store_failures, 0);
        std::process::exit(if error.delivery() == unattended::error::Delivery::NotSent {
            7
        } else {
            0
        });
    }
    let (server, _) = wrong_server();
    let folder = Folder::new("together");
    let (first, _) = on_manual_clock(run(&server, folder.store()));
    first.get("/x").unwrap_err();
    let mut children: Vec<Child> = (0..8).map(|_| child(TEST, &server, &folder)).collect();
    let mut codes: Vec<_> = children.iter_mut().map(|it| it.wait().unwrap().code()).collect();
    codes.sort_unstable();
    assert_eq!(codes, [[Some(0)].as_slice(), &[Some(7); 7]].concat());
    assert_eq!(server.api_requests().len(), 2);
}
