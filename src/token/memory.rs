//! The default store: memory that a client and its clones share.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use crate::error::Cause;
use crate::token::store::{StoreEntry, TokenStore};

/// Keeps entries in memory, one turn at a time. The default of a client, shared by its
/// clones; several clients share one in an [`Arc`](std::sync::Arc).
#[derive(Default)]
pub struct MemoryStore {
    slots: Mutex<HashMap<String, Slot>>,
    free: Condvar,
}

#[derive(Default)]
struct Slot {
    entry: StoreEntry,
    /// The thread whose turn it is.
    busy: Option<ThreadId>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

/// A panic of the caller's leaves no half-written value behind the lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("entries", &lock(&self.slots).len()).finish()
    }
}

impl TokenStore for MemoryStore {
    /// A turn that does not come within `wait_at_most` is an error, and so is one within
    /// another of the same thread: the client then does without. No lock is held while a
    /// change runs.
    fn update(
        &self,
        key: &str,
        wait_at_most: Duration,
        change: &mut dyn FnMut(&mut StoreEntry),
    ) -> Result<(), Cause> {
        let me = thread::current().id();
        let holder = |slots: &HashMap<String, Slot>| slots.get(key).and_then(|slot| slot.busy);
        let is_busy =
            |slots: &mut HashMap<String, Slot>| holder(slots).is_some_and(|holder| holder != me);
        // In real time, whatever the client's clock: it is another thread that is waited for.
        let waited = self.free.wait_timeout_while(lock(&self.slots), wait_at_most, is_busy);
        let (mut slots, _) = waited.unwrap_or_else(PoisonError::into_inner);
        match holder(&slots) {
            None => {}
            Some(holder) if holder == me => return Err("it is in use by this very call".into()),
            Some(_) => return Err("another thread takes too long with it".into()),
        }
        let slot = slots.entry(key.to_owned()).or_default();
        slot.busy = Some(me);
        let turn = Turn { store: self, key };
        let mut entry = slot.entry.clone();
        drop(slots);
        change(&mut entry);
        lock(&self.slots).entry(key.to_owned()).or_default().entry = entry;
        drop(turn);
        Ok(())
    }

    fn describe(&self) -> String {
        "the memory of this process".into()
    }
}

/// The turn of one caller: ends even if the change panics.
struct Turn<'a> {
    store: &'a MemoryStore,
    key: &'a str,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(slot) = lock(&self.store.slots).get_mut(self.key) {
            slot.busy = None;
        }
        self.store.free.notify_all();
    }
}
