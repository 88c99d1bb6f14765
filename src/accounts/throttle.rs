//! The `throttles` table: counts attempts before they are evaluated.
//!
//! One statement counts an attempt on all of its keys or on none, and commits before a password
//! is verified. So concurrent requests cannot read the same count, and a client that hangs up has
//! been counted. Rejected attempts are not counted, so retrying cannot extend anyone's lockout.
//! Unknown accounts are counted like known ones: otherwise the wait would tell who has an account.
//! Sessions are never touched. `docs/throttle.md` explains `LIMITS` and how to add a limit.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use sqlx::PgExecutor;

use super::limits::{Key, LIMITS, Limit, Per, Purpose};
use crate::database::Database;

/// Why an attempt is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("too many attempts: {} s to wait", .0.as_secs())]
    Wait(Duration),
    /// `Limit::in_a_row` is reached; no wait helps.
    #[error("too many attempts failed in a row")]
    Closed,
}

/// An attempt that was counted as a failure. `Throttle::succeeded` corrects that.
pub struct Attempt {
    /// The keys that it was counted on.
    counted: Vec<[u8; 32]>,
    /// Keys whose counters a success sets back to 0.
    forgotten: Vec<[u8; 32]>,
    /// Keys on which a success takes back this one attempt. An attacker who logs in to an account
    /// of their own now and then must not clear the counter of their IP address.
    taken_back: Vec<[u8; 32]>,
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
        Self { db, key, limits: &LIMITS }
    }

    /// Admits everything: for tests in which one IP address makes many requests.
    pub fn without_limits(self) -> Self {
        Self { limits: &[], ..self }
    }

    /// Counts an attempt on all `keys`, or returns why it is rejected. `purpose` needs a limit for
    /// each of them; debug builds panic when one is missing, because it would limit nothing.
    ///
    /// # Errors
    /// The outer error is the database's; a second `?` turns the inner one into a 429 page.
    pub async fn admit(
        &self,
        purpose: Purpose,
        keys: &[Key<'_>],
    ) -> sqlx::Result<Result<Attempt, Refusal>> {
        let mut counted: Vec<Counted> =
            keys.iter().filter_map(|key| self.counted(purpose, key)).collect();
        debug_assert!(
            self.limits.is_empty() || counted.len() == keys.len(),
            "{purpose:?} lacks a limit for one of {:?}",
            keys.iter().map(Key::per).collect::<Vec<_>>()
        );
        counted.sort_by_key(|counted| counted.hash);
        loop {
            match self.count(&counted).await? {
                Outcome::Counted => break,
                Outcome::RowMissing => self.make_rows(&counted).await?,
                Outcome::Refused(hash, refusal) => {
                    let per = counted.iter().find(|counted| counted.hash == hash);
                    log(purpose, per.map(|counted| counted.limit.per), &hash, refusal);
                    return Ok(Err(refusal));
                }
            }
        }
        let all = counted.iter().map(|counted| counted.hash).collect();
        let (taken_back, forgotten): (Vec<_>, Vec<_>) =
            counted.iter().partition(|counted| counted.limit.per == Per::IpAddress);
        let hashes = |counted: Vec<&Counted>| counted.iter().map(|counted| counted.hash).collect();
        let (forgotten, taken_back) = (hashes(forgotten), hashes(taken_back));
        Ok(Ok(Attempt { counted: all, forgotten, taken_back }))
    }

    /// Lets a success of `attempt` set back the counters of these keys too.
    pub fn freeing(&self, purpose: Purpose, mut attempt: Attempt, keys: &[Key<'_>]) -> Attempt {
        let freed = keys.iter().filter_map(|key| self.counted(purpose, key));
        attempt.forgotten.extend(freed.map(|counted| counted.hash));
        attempt
    }

    /// Sets the counters of these keys back to 0. After a password reset the owner can log in on
    /// a new device again, whatever was guessed before. Mail budgets are keys like any other.
    pub async fn forget(&self, purpose: Purpose, keys: &[Key<'_>]) -> sqlx::Result<()> {
        let forgotten = keys.iter().filter_map(|key| self.counted(purpose, key));
        let forgotten = forgotten.map(|counted| counted.hash).collect();
        self.succeeded(Attempt { counted: Vec::new(), forgotten, taken_back: Vec::new() }).await
    }

    /// After a success: sets the counters of account, pair, device and registration back to 0, and
    /// takes this one attempt off the counter of the IP address.
    pub async fn succeeded(&self, attempt: Attempt) -> sqlx::Result<()> {
        let all: Vec<&[u8]> = attempt
            .forgotten
            .iter()
            .chain(&attempt.taken_back)
            .map(|hash| hash.as_slice())
            .collect();
        let taken_back: Vec<&[u8]> =
            attempt.taken_back.iter().map(|hash| hash.as_slice()).collect();
        sqlx::query!(
            "with held as materialized (
                 select key_hash from throttles where key_hash = any($1) order by key_hash for update)
             update throttles t
             set failures = case when t.key_hash = any($2) then greatest(failures - 1, 0) else 0 end,
                 in_a_row = 0, wait_until = '-infinity'
             from held where t.key_hash = held.key_hash",
            &all as _,
            &taken_back as _,
        )
        .execute(&self.db)
        .await
        .map(drop)
    }

    /// After an attempt that verified nothing: as if it had not been made. The wait goes too: the
    /// attempt was admitted, so the one before it had passed.
    pub async fn take_back(&self, attempt: &Attempt) -> sqlx::Result<()> {
        let keys: Vec<&[u8]> = attempt.counted.iter().map(|hash| hash.as_slice()).collect();
        sqlx::query!(
            "with held as materialized (
                 select key_hash from throttles where key_hash = any($1) order by key_hash for update)
             update throttles t
             set failures = greatest(failures - 1, 0), in_a_row = greatest(in_a_row - 1, 0),
                 wait_until = '-infinity'
             from held where t.key_hash = held.key_hash",
            &keys as _,
        )
        .execute(&self.db)
        .await
        .map(drop)
    }

    /// Counts one attempt on all keys or on none.
    ///
    /// A key that has to wait is found without a lock, so a flood costs one read per request.
    /// Otherwise the rows are locked in the order of their keys, which rules out a deadlock of two
    /// attempts, and checked again. One failure is forgotten per longest wait since the last one.
    async fn count(&self, keys: &[Counted]) -> sqlx::Result<Outcome> {
        if keys.is_empty() {
            return Ok(Outcome::Counted);
        }
        let limits = || keys.iter().map(|key| key.limit);
        let hashes: Vec<&[u8]> = keys.iter().map(|key| key.hash.as_slice()).collect();
        let free: Vec<i32> = limits().map(|limit| limit.free).collect();
        let first: Vec<f64> = limits().map(|limit| limit.first_wait.as_secs_f64()).collect();
        let longest: Vec<f64> = limits().map(|limit| limit.longest_wait.as_secs_f64()).collect();
        let in_a_row: Vec<Option<i32>> = limits().map(|limit| limit.in_a_row).collect();
        let verdict = sqlx::query!(
            r#"with asked as (
                 select * from unnest(
                     $1::bytea[], $2::integer[], $3::float8[], $4::float8[], $5::integer[])
                     as asked (key_hash, free, first, longest, most)),
             seen as (
                 select t.key_hash, t.wait_until from throttles t join asked using (key_hash)),
             held as materialized (
                 select t.key_hash, t.wait_until, t.in_a_row + 1 as in_a_row,
                        a.free, a.first, a.longest, a.most,
                        1 + greatest(0, t.failures - greatest(0, floor(
                            extract(epoch from now() - t.counted_at)::float8 / a.longest))) as failures
                 from throttles t join asked a on a.key_hash = t.key_hash
                 where not exists (select from seen where wait_until > now())
                 order by t.key_hash for update of t),
             verdict as (
                 select count(*) = cardinality($1) and bool_and(wait_until <= now()) as admitted
                 from held),
             counted as (
                 update throttles t
                 set failures = h.failures, in_a_row = h.in_a_row, counted_at = now(),
                     wait_until = case
                         when h.in_a_row >= h.most then 'infinity'
                         when h.failures < h.free then '-infinity'
                         else now() + make_interval(
                             secs => least(h.longest, h.first * 2 ^ least(h.failures - h.free, 30))) end,
                     forget_at = now() + case when h.most is null
                         then make_interval(secs => h.failures * h.longest)
                         else interval '1 year' end
                 from held h
                 where t.key_hash = h.key_hash and (select admitted from verdict))
             select coalesce(admitted, false) as "admitted!", worst.key_hash as "key_hash?",
                    (extract(epoch from worst.wait_until)
                        - extract(epoch from now()))::float8 as "wait?"
             from verdict left join lateral (
                 select key_hash, wait_until from seen where wait_until > now()
                 union all select key_hash, wait_until from held where wait_until > now()
                 order by wait_until desc limit 1) worst on true"#,
            &hashes as _,
            &free,
            &first,
            &longest,
            &in_a_row as _,
        )
        .fetch_one(&self.db)
        .await?;
        if verdict.admitted {
            return Ok(Outcome::Counted);
        }
        // A rejected attempt inserts no row: else a flood could fill the table.
        let Some(hash) = verdict.key_hash.and_then(|hash| hash.try_into().ok()) else {
            return Ok(Outcome::RowMissing);
        };
        let refusal = match verdict.wait.unwrap_or_default() {
            f64::INFINITY => Refusal::Closed,
            seconds => Refusal::Wait(Duration::from_secs_f64(seconds.ceil().max(1.0))),
        };
        Ok(Outcome::Refused(hash, refusal))
    }

    async fn make_rows(&self, keys: &[Counted]) -> sqlx::Result<()> {
        let hashes: Vec<&[u8]> = keys.iter().map(|key| key.hash.as_slice()).collect();
        let purposes: Vec<&str> = keys.iter().map(|key| key.limit.purpose.name()).collect();
        let per: Vec<&str> = keys.iter().map(|key| key.limit.per.name()).collect();
        sqlx::query!(
            "insert into throttles (key_hash, purpose, per)
             select * from unnest($1::bytea[], $2::text[], $3::text[]) as new (key_hash, purpose, per)
             order by key_hash
             on conflict (key_hash) do nothing",
            &hashes as _,
            &purposes as _,
            &per as _,
        )
        .execute(&self.db)
        .await
        .map(drop)
    }

    fn counted(&self, purpose: Purpose, key: &Key) -> Option<Counted> {
        let limit =
            self.limits.iter().find(|limit| limit.purpose == purpose && limit.per == key.per())?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("any length will do");
        mac.update(format!("{}\0{}\0{key}", purpose.name(), limit.per.name()).as_bytes());
        Some(Counted { hash: mac.finalize().into_bytes().into(), limit })
    }
}

/// A key as the table stores it.
struct Counted {
    hash: [u8; 32],
    limit: &'static Limit,
}

enum Outcome {
    Counted,
    RowMissing,
    Refused([u8; 32], Refusal),
}

/// Logs the rejection under OWASP's event names, with the stored digest instead of the key.
fn log(purpose: Purpose, per: Option<Per>, hash: &[u8; 32], refusal: Refusal) {
    let (purpose, per) = (purpose.name(), per.map(Per::name));
    let key: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    let event = match refusal {
        Refusal::Wait(_) => "excess_rate_limit_exceeded",
        Refusal::Closed => "authn_login_fail_max",
    };
    tracing::warn!(target: "security", event, purpose, per, key, "{refusal}");
}

/// Deletes up to `batch` counters whose attempts are all forgotten; returns how many.
pub async fn prune(db: impl PgExecutor<'_>, batch: i64) -> sqlx::Result<u64> {
    let pruned = sqlx::query!(
        "delete from throttles where key_hash in (
             select key_hash from throttles where forget_at <= now()
             limit $1 for update skip locked)",
        batch,
    );
    Ok(pruned.execute(db).await?.rows_affected())
}
