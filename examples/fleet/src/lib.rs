//! A token store on Redis: one token for many machines.
//!
//! A lock with an expiry makes the token request single flight across the fleet. A holder
//! that stalls loses the lock, and a number that grows with each lock (a fencing token)
//! keeps it from writing over what a later holder wrote.

use std::error::Error;
use std::time::{Duration, Instant};

use redis::{Client, Connection, RedisResult, Script};
use unattended::{StoreEntry, TokenStore};

type Cause = Box<dyn Error + Send + Sync>;

/// Keeps entries in Redis, under keys that begin with `unattended:`.
///
/// What is in there is as secret as the tokens: give Redis a password and TLS where the
/// network is not yours alone.
pub struct RedisStore {
    client: Client,
}

impl RedisStore {
    /// A store at a URL such as `redis://:password@cache.example.com:6379/0`. Nothing is
    /// sent yet.
    ///
    /// # Errors
    ///
    /// If it is not a Redis URL.
    pub fn new(url: &str) -> RedisResult<Self> {
        Ok(Self { client: Client::open(url)? })
    }

    /// A connection that fails fast: a call goes on without the store rather than wait.
    fn connect(&self) -> RedisResult<Connection> {
        let connection = self.client.get_connection_with_timeout(PATIENCE)?;
        connection.set_read_timeout(Some(PATIENCE))?;
        connection.set_write_timeout(Some(PATIENCE))?;
        Ok(connection)
    }
}

impl TokenStore for RedisStore {
    fn update(
        &self,
        key: &str,
        wait_at_most: Duration,
        change: &mut dyn FnMut(&mut StoreEntry),
    ) -> Result<(), Cause> {
        let mut redis = self.connect()?;
        let lock = Lock::take(&mut redis, key, wait_at_most)?;
        let stored: Option<String> =
            redis::cmd("HGET").arg(name("entry", key)).arg("text").query(&mut redis)?;
        // What another version wrote is replaced.
        let mut entry =
            stored.as_deref().and_then(|text| StoreEntry::from_text(text).ok()).unwrap_or_default();
        change(&mut entry);
        let text = entry.to_text();
        // The change may have taken longer than Redis keeps an idle connection.
        let mut redis = self.connect()?;
        if stored.as_deref() != Some(&text) {
            lock.write(&mut redis, key, &text, lifetime(&entry))?;
        }
        lock.release(&mut redis, key)?;
        Ok(())
    }
}

/// A turn: the number of this lock is higher than that of any before.
struct Lock {
    fence: u64,
}

impl Lock {
    fn take(redis: &mut Connection, key: &str, wait_at_most: Duration) -> Result<Self, Cause> {
        let began = Instant::now();
        loop {
            let fence: Option<u64> = Script::new(TAKE)
                .key(name("lock", key))
                .key(name("fence", key))
                .arg(millis(LOCK_EXPIRY))
                .invoke(redis)?;
            match fence {
                Some(fence) => return Ok(Self { fence }),
                None if began.elapsed() >= wait_at_most => {
                    return Err("another machine takes too long with the token".into());
                }
                None => std::thread::sleep(POLL),
            }
        }
    }

    /// Writes, unless a later holder already did.
    fn write(
        &self,
        redis: &mut Connection,
        key: &str,
        text: &str,
        lifetime: Duration,
    ) -> Result<(), Cause> {
        let written: bool = Script::new(WRITE)
            .key(name("entry", key))
            .arg(self.fence)
            .arg(text)
            .arg(millis(lifetime))
            .invoke(redis)?;
        match written {
            true => Ok(()),
            false => Err("the lock expired, and another machine wrote a newer token".into()),
        }
    }

    fn release(self, redis: &mut Connection, key: &str) -> RedisResult<()> {
        Script::new(RELEASE).key(name("lock", key)).arg(self.fence).invoke(redis)
    }
}

/// The next number if the lock is free, else nothing. The lock holds its own number.
const TAKE: &str = "
if redis.call('EXISTS', KEYS[1]) == 1 then return false end
local fence = redis.call('INCR', KEYS[2])
redis.call('SET', KEYS[1], fence, 'PX', ARGV[1])
return fence";

/// Writes with the number, unless a higher one is there.
const WRITE: &str = "
local there = tonumber(redis.call('HGET', KEYS[1], 'fence') or '0')
if there > tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'fence', ARGV[1], 'text', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1";

/// Frees the lock if it is still ours.
const RELEASE: &str = "
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1";

/// Redis forgets an entry when nothing in it is of use any more.
fn lifetime(entry: &StoreEntry) -> Duration {
    let until = entry.useful_until();
    let left = until.and_then(|until| until.duration_since(std::time::SystemTime::now()).ok());
    left.unwrap_or(DAY).clamp(Duration::from_secs(1), DAY)
}

/// A fence never expires: it must not begin anew while an old holder stalls.
fn name(kind: &str, key: &str) -> String {
    format!("unattended:{kind}:{key}")
}

fn millis(duration: Duration) -> u64 {
    duration.as_millis().try_into().unwrap_or(u64::MAX)
}

/// Longer than a token request may take: the client's idle limit there is 30 s.
const LOCK_EXPIRY: Duration = Duration::from_secs(45);
const PATIENCE: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(50);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
