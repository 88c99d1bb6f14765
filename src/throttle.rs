//! Counts attempts, before they are evaluated.
//!
//! One statement counts an attempt on all of its keys or on none, and commits before a password
//! is verified. So concurrent requests cannot read the same count, and a client that disconnects
//! has been counted. Rejected attempts are not counted, so retrying cannot extend anyone's lockout.
//! Unknown accounts are counted like known ones; otherwise the wait would be a way to enumerate
//! accounts. No limit ends a session.
//!
//! `throttle/limits.rs` is the table of limits, `throttle/table.rs` the SQL. `docs/throttle.md`
//! gives the reasons and explains how to add a limit.

pub mod limits;
mod table;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::database::{Connection, Database};
use limits::{Action, Key, LIMITS, Limit, Scope};
use table::{CountOutcome, Counted, KeyHash};

pub use table::{Rejection, prune};

/// What `Throttle::admit` decided.
pub enum Admission {
    Counted(Attempt),
    Rejected(Rejection),
}

impl Admission {
    /// For `?`: a rejection becomes a 429 page.
    ///
    /// # Errors
    /// The rejection.
    pub fn counted(self) -> Result<Attempt, Rejection> {
        match self {
            Self::Counted(attempt) => Ok(attempt),
            Self::Rejected(rejection) => Err(rejection),
        }
    }
}

/// An attempt that was counted as a failure. `Throttle::succeeded` corrects that.
#[must_use]
pub struct Attempt {
    /// The keys on which it was counted.
    counted: Vec<KeyHash>,
    /// Keys whose counters a success sets back to 0.
    reset: Vec<KeyHash>,
    /// Keys from whose counters a success subtracts this one attempt. An attacker who logs in to
    /// an account of their own now and then must not reset the counter of their IP address.
    subtracted: Vec<KeyHash>,
}

/// Counts attempts. It holds the pool and not a transaction of the caller, because a rollback of
/// the caller would undo the count.
pub struct Throttle {
    db: Database,
    key: [u8; 32],
    limits: &'static [Limit],
}

impl Throttle {
    pub fn new(db: Database, key: [u8; 32]) -> Self {
        Self { db, key, limits: LIMITS }
    }

    /// Admits everything: for tests in which one IP address makes many requests.
    pub fn without_limits(self) -> Self {
        Self { limits: &[], ..self }
    }

    /// Counts an attempt on all `keys`, or returns why it is rejected. `action` needs a limit for
    /// each of them; debug builds panic when one is missing, because it would limit nothing.
    ///
    /// # Errors
    /// The database's.
    pub async fn admit(&self, action: Action, keys: &[Key<'_>]) -> sqlx::Result<Admission> {
        let mut counted: Vec<Counted> =
            keys.iter().filter_map(|key| self.counted(action, key)).collect();
        debug_assert!(
            self.limits.is_empty() || counted.len() == keys.len(),
            "{action:?} lacks a limit for one of {:?}",
            keys.iter().map(Key::scope).collect::<Vec<_>>()
        );
        counted.sort_by_key(|counted| counted.hash);
        loop {
            match table::count(&self.db, &counted).await? {
                CountOutcome::Counted => break,
                CountOutcome::RowMissing => table::insert_rows(&self.db, &counted).await?,
                CountOutcome::Rejected(hash, rejection) => {
                    let limit = counted.iter().find(|counted| counted.hash == hash);
                    log(action, limit.map(|counted| counted.limit.scope), &hash, rejection);
                    return Ok(Admission::Rejected(rejection));
                }
            }
        }
        let (by_ip_address, others): (Vec<_>, Vec<_>) =
            counted.iter().partition(|counted| counted.limit.scope == Scope::IpAddress);
        let hashes = |counted: Vec<&Counted>| counted.iter().map(|counted| counted.hash).collect();
        Ok(Admission::Counted(Attempt {
            reset: hashes(others),
            subtracted: hashes(by_ip_address),
            counted: counted.iter().map(|counted| counted.hash).collect(),
        }))
    }

    /// Makes a success of `attempt` reset the counters of these keys too.
    pub fn resetting(&self, action: Action, mut attempt: Attempt, keys: &[Key<'_>]) -> Attempt {
        attempt.reset.extend(self.hashes(action, keys));
        attempt
    }

    /// Sets the counters of these keys back to 0. After a password reset the owner can log in on
    /// a new device again, whatever was guessed before. Mail budgets are keys like any other.
    ///
    /// # Errors
    /// The database's.
    pub async fn reset(&self, action: Action, keys: &[Key<'_>]) -> sqlx::Result<()> {
        let keys: Vec<KeyHash> = self.hashes(action, keys).collect();
        table::reset(&self.db, &keys, &[]).await
    }

    /// Deletes the counters of these keys for every action, in the caller's transaction: they are
    /// those of an account that is deleted.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget(&self, tx: &mut Connection, keys: &[Key<'_>]) -> sqlx::Result<()> {
        let actions = self.limits.iter().map(|limit| limit.action);
        let hashes: Vec<KeyHash> = actions.flat_map(|action| self.hashes(action, keys)).collect();
        table::delete(tx, &hashes).await
    }

    /// After a success: sets the counters of account, pair, device and registration back to 0, and
    /// subtracts this one attempt from the counter of the IP address.
    ///
    /// # Errors
    /// The database's.
    pub async fn succeeded(&self, attempt: Attempt) -> sqlx::Result<()> {
        table::reset(&self.db, &attempt.reset, &attempt.subtracted).await
    }

    /// After an attempt that verified nothing: as if it had not been made.
    ///
    /// # Errors
    /// The database's.
    pub async fn undo(&self, attempt: &Attempt) -> sqlx::Result<()> {
        table::undo(&self.db, &attempt.counted).await
    }

    fn hashes(&self, action: Action, keys: &[Key<'_>]) -> impl Iterator<Item = KeyHash> {
        keys.iter().filter_map(move |key| self.counted(action, key)).map(|counted| counted.hash)
    }

    fn counted(&self, action: Action, key: &Key) -> Option<Counted> {
        let (action_name, scope) = (action.name(), key.scope());
        let limit =
            self.limits.iter().find(|limit| limit.action == action && limit.scope == scope)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("any length will do");
        mac.update(format!("{action_name}\0{}\0{key}", scope.name()).as_bytes());
        Some(Counted { hash: mac.finalize().into_bytes().into(), limit })
    }
}

/// Logs the rejection under OWASP's event names, with the stored digest instead of the key.
fn log(action: Action, scope: Option<Scope>, hash: &KeyHash, rejection: Rejection) {
    let (action, scope) = (action.name(), scope.map(Scope::name));
    let key: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    let event = match rejection {
        Rejection::Wait(_) => "excess_rate_limit_exceeded",
        Rejection::LockedOut => "authn_login_fail_max",
    };
    tracing::warn!(target: "security", event, action, scope, key, "{rejection}");
}
