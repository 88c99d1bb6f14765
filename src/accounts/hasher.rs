//! Argon2id off the async threads, a bounded number of times at once.
//!
//! One hash costs 19 MiB and some 15 ms of a core, so hashing is the cheapest way to bring a
//! login page down. `Hasher` bounds it: a permit per running hash, a queue of fixed length, and
//! then `Busy`. An unknown user costs exactly one run as well, against a dummy hash made at start
//! with today's settings, so time tells nothing about who has an account.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use argon2::{Block, Params};
use secrecy::ExposeSecret;
use tokio::sync::Semaphore;

use super::argon2id::{self, HashError, PasswordHash, Verdict};
use super::password::Password;

/// How many jobs may wait for each that runs: about two seconds of work.
const QUEUE_PER_PERMIT: usize = 64;

/// Runs Argon2, a bounded number of times at once.
pub struct Hasher {
    params: Params,
    dummy: PasswordHash,
    permits: Arc<Semaphore>,
    places: Arc<Semaphore>,
    /// Memory that is used again: a fresh 19 MiB costs as much as the hash itself, and glibc
    /// keeps ten times as much for blocks aligned to 64 bytes.
    memory: Arc<Mutex<Vec<Vec<Block>>>>,
    runs: Arc<AtomicU64>,
    running: Arc<AtomicU64>,
}

impl Hasher {
    /// Hashes with these settings, at most `concurrency` at a time.
    pub fn new(params: Params, concurrency: usize) -> Result<Self, HashError> {
        let dummy = argon2id::hash(&params, &rand::random::<[u8; 32]>(), &mut Vec::new())?;
        Ok(Self {
            params,
            dummy,
            permits: Arc::new(Semaphore::new(concurrency)),
            places: Arc::new(Semaphore::new(concurrency * (1 + QUEUE_PER_PERMIT))),
            memory: Arc::default(),
            runs: Arc::default(),
            running: Arc::default(),
        })
    }

    /// Hashes a new password.
    pub async fn hash(&self, password: &Password) -> Result<PasswordHash, HashError> {
        let (params, password) = (self.params.clone(), password.secret());
        self.run(move |memory| argon2id::hash(&params, password.expose_secret().as_bytes(), memory))
            .await
    }

    /// Checks a password: one run of Argon2, whether there is a stored hash or not.
    pub async fn verify(
        &self,
        password: &Password,
        stored: Option<&PasswordHash>,
    ) -> Result<Verdict, HashError> {
        let (params, password) = (self.params.clone(), password.secret());
        let known = stored.is_some();
        let stored = stored.unwrap_or(&self.dummy).clone();
        let job = move |memory: &mut Vec<Block>| {
            argon2id::verify(&params, password.expose_secret().as_bytes(), &stored, memory)
        };
        let verdict = self.run(job).await?;
        Ok(if known { verdict } else { Verdict::Wrong })
    }

    /// How often Argon2 ran since the start.
    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    /// How many are running now.
    pub fn running(&self) -> u64 {
        self.running.load(Ordering::Relaxed)
    }

    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Vec<Block>) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| HashError::Busy)?;
        let permit = self.permits.clone().acquire_owned().await.map_err(|_| HashError::Busy)?;
        let memory = self.memory.clone();
        let (runs, running) = (self.runs.clone(), self.running.clone());
        tokio::task::spawn_blocking(move || {
            // The permit lives in here: when the visitor hangs up, the handler is gone but this
            // job is not, and a permit held outside would be free while the memory is still used.
            let _held = (place, permit);
            runs.fetch_add(1, Ordering::Relaxed);
            running.fetch_add(1, Ordering::Relaxed);
            let mut buffer = memory.lock().ok().and_then(|mut free| free.pop()).unwrap_or_default();
            let result = job(&mut buffer);
            if let Ok(mut free) = memory.lock() {
                free.push(buffer);
            }
            running.fetch_sub(1, Ordering::Relaxed);
            result
        })
        .await?
    }
}
