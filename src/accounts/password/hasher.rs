//! Hashes, verifies and rates passwords on blocking threads, with a limit on concurrent jobs.
//!
//! One hash costs 19 MiB and about 15 ms of a core; rating a new password costs up to 0.1 s. So an
//! attacker could overload the site with passwords alone. `Hasher` limits the work: each running
//! job holds a permit, a queue has a fixed length, and beyond it a call fails with `Busy`. For an
//! unknown user or an unreadable hash, it runs Argon2 once against a dummy hash with today's
//! settings, so the response time does not show who has an account.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use argon2::Params;
use tokio::sync::Semaphore;

use super::argon2id::{self, HashError, Memory, PasswordHash};
use super::stored_hash::{self, ForeignVerifier, Verdict};
use super::strength::{self, Rules, Weakness};
use super::typed::Password;
use crate::accounts::user_id::UserId;

/// How many jobs may wait for each running one: about a second of work if all are logins.
const QUEUE_PER_PERMIT: usize = 64;

/// Runs Argon2, in a limited number of concurrent jobs.
pub struct Hasher {
    params: Params,
    dummy: PasswordHash,
    foreign: ForeignVerifier,
    permits: Arc<Semaphore>,
    places: Arc<Semaphore>,
    /// The number of places: running and waiting jobs together.
    capacity: usize,
    /// Reused by later jobs: allocating 19 MiB takes as long as the hash itself, and with fresh
    /// blocks, aligned to 64 bytes, glibc keeps ten times as much memory.
    memory: Arc<Mutex<Vec<Memory>>>,
    runs: Arc<AtomicU64>,
    running: Arc<AtomicU64>,
}

/// The result of `hash_new`.
pub enum NewHash {
    Hashed(PasswordHash),
    TooWeak(Weakness),
}

impl Hasher {
    /// Hashes with these settings, in at most `concurrency` concurrent jobs.
    ///
    /// # Errors
    /// When the dummy hash cannot be made.
    pub fn new(params: Params, concurrency: usize) -> Result<Self, HashError> {
        let runs: Arc<AtomicU64> = Arc::default();
        let mut memory = Memory::counted_by(runs.clone());
        let dummy = argon2id::hash(&params, &rand::random::<[u8; 32]>(), &mut memory)?;
        runs.store(0, Ordering::Relaxed);
        let capacity = concurrency * (1 + QUEUE_PER_PERMIT);
        Ok(Self {
            params,
            dummy,
            foreign: |_, _| None,
            permits: Arc::new(Semaphore::new(concurrency)),
            places: Arc::new(Semaphore::new(capacity)),
            capacity,
            // Not freed, because glibc would keep it and not reuse it.
            memory: Arc::new(Mutex::new(vec![memory])),
            runs,
            running: Arc::default(),
        })
    }

    /// Also verifies hashes of another scheme, such as bcrypt. A login then replaces them.
    pub fn with_foreign(self, foreign: ForeignVerifier) -> Self {
        Self { foreign, ..self }
    }

    /// Hashes a new password, if it is strong enough.
    ///
    /// # Errors
    /// `HashError::Busy` when the queue is full.
    pub async fn hash_new(&self, password: &Password, rules: Rules) -> Result<NewHash, HashError> {
        let (params, password) = (self.params.clone(), password.clone());
        let job = move |memory: &mut Memory| match strength::check(&password, &rules) {
            Ok(()) => {
                argon2id::hash(&params, password.expose().as_bytes(), memory).map(NewHash::Hashed)
            }
            Err(weakness) => Ok(NewHash::TooWeak(weakness)),
        };
        self.run(job).await
    }

    /// Hashes a password that was chosen before, so it is not rated.
    ///
    /// # Errors
    /// `HashError::Busy` when the queue is full, or another `HashError`.
    pub async fn hash(&self, password: &Password) -> Result<PasswordHash, HashError> {
        let (params, password) = (self.params.clone(), password.clone());
        self.run(move |memory| argon2id::hash(&params, password.expose().as_bytes(), memory)).await
    }

    /// Verifies a password against the hash of a user. Without a user, or with an unreadable hash,
    /// the password is wrong, after one run of Argon2 all the same. The log names a user whose hash
    /// is unreadable, so that an operator can repair it.
    ///
    /// # Errors
    /// `HashError::Busy` when the queue is full, or another `HashError`.
    pub async fn verify(
        &self,
        password: &Password,
        stored: Option<(UserId, &PasswordHash)>,
    ) -> Result<Verdict, HashError> {
        let (params, foreign, password) = (self.params.clone(), self.foreign, password.clone());
        let (dummy, hash) = (self.dummy.clone(), stored.map(|(_, hash)| hash.clone()));
        let job = move |memory: &mut Memory| {
            let password = password.expose().as_bytes();
            let mut verify = |hash| stored_hash::verify(&params, foreign, password, hash, memory);
            let unreadable = match hash.as_ref().map(&mut verify) {
                Some(Ok(verdict)) => return Ok((verdict, None)),
                Some(Err(unreadable)) => Some(unreadable),
                None => None,
            };
            verify(&dummy)?;
            Ok((Verdict::Wrong, unreadable))
        };
        let (verdict, unreadable) = self.run(job).await?;
        if let (Some((user, _)), Some(reason)) = (stored, unreadable) {
            tracing::error!(%user, "{reason}");
        }
        Ok(verdict)
    }

    /// How often Argon2 has run since the start.
    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    /// How many jobs wait for a permit now.
    pub fn waiting(&self) -> u64 {
        let taken = self.capacity - self.places.available_permits();
        (taken as u64).saturating_sub(self.running())
    }

    /// How many jobs are running now.
    pub fn running(&self) -> u64 {
        self.running.load(Ordering::Relaxed)
    }

    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Memory) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| HashError::Busy)?;
        let permit = self.permits.clone().acquire_owned().await.map_err(|_| HashError::Busy)?;
        let (memory, today) = (self.memory.clone(), self.params.clone());
        let (runs, running) = (self.runs.clone(), self.running.clone());
        tokio::task::spawn_blocking(move || {
            // The job owns the permit. If the client disconnects, the handler is dropped, but this
            // job goes on; a permit of the handler would be free while the memory is in use.
            let _held = (place, permit);
            let _counted = Running::start(running);
            let began = Instant::now();
            let free = memory.lock().ok().and_then(|mut free| free.pop());
            let mut buffer = free.unwrap_or_else(|| Memory::counted_by(runs));
            let result = job(&mut buffer);
            buffer.shrink(&today);
            if let Ok(mut free) = memory.lock() {
                free.push(buffer);
            }
            tracing::trace!(seconds = began.elapsed().as_secs_f64(), "a job ended");
            result
        })
        .await?
    }
}

/// A job that is counted until it is dropped, also by a panic.
struct Running(Arc<AtomicU64>);

impl Running {
    fn start(running: Arc<AtomicU64>) -> Self {
        running.fetch_add(1, Ordering::Relaxed);
        Self(running)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
