//! The `throttles` table: attempts are counted here before anything looks at them.
//!
//! An attempt is counted on all of its keys or on none, by one statement that is committed before
//! a password is verified: a hundred at once, or a client that hangs up, spend what they spend.
//! What has to wait is not counted, so nobody can prolong the wait of somebody else by knocking.
//! Unknown accounts are counted like known ones: a throttle that told them apart would be an
//! oracle. It never touches a session: whoever is in stays in. `LIMITS` is explained in
//! `docs/throttle.md`; a flow of yours adds a purpose, its limits, and one line.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use sqlx::{PgExecutor, PgPool};

use super::limits::{LIMITS, Limit, Per, Purpose};

/// What an attempt is counted on. Accounts by their canonical address, or by whatever was typed.
#[derive(Debug, Clone)]
pub enum Key<'a> {
    Account(&'a str),
    /// An IPv6 customer has a whole /64 to choose from, so that is what counts as one.
    Address(IpAddr),
    Pair(&'a str, IpAddr),
    /// A browser that this account has logged in on before.
    Device([u8; 32], &'a str),
}

/// Why an attempt is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("too many attempts: {} s to wait", .0.as_secs())]
    Wait(Duration),
    /// `Limit::in_a_row` is reached; no wait helps.
    #[error("too many attempts failed in a row")]
    Closed,
}

/// An attempt that was counted, as a failure until it is known better.
pub struct Attempt {
    /// Their counters start anew after a success.
    forgotten: Vec<[u8; 32]>,
    /// Only this attempt is taken back: an attacker who logs in to an account of their own now
    /// and then must not clear the count of what they do to others (yardstick A-5).
    taken_back: Vec<[u8; 32]>,
}

/// Counts attempts. It has the pool and not a transaction of the caller: a count that is rolled
/// back with its caller counts nothing.
pub struct Throttle {
    db: PgPool,
    key: [u8; 32],
    limits: &'static [Limit],
}

impl Throttle {
    pub fn new(db: PgPool, key: [u8; 32]) -> Self {
        Self { db, key, limits: &LIMITS }
    }

    /// Lets everything pass: for tests in which one address does a lot.
    pub fn without_limits(self) -> Self {
        Self { limits: &[], ..self }
    }

    /// Counts an attempt on every key that `purpose` has a limit for, or says why not.
    ///
    /// # Errors
    /// The outer ones are the database's; the inner one becomes the page 429 with a second `?`.
    pub async fn admit(
        &self,
        purpose: Purpose,
        keys: &[Key<'_>],
    ) -> sqlx::Result<Result<Attempt, Refusal>> {
        let mut counted: Vec<Counted> =
            keys.iter().filter_map(|key| self.counted(purpose, key)).collect();
        counted.sort_by_key(|counted| counted.hash);
        while let Some(refusal) = self.count(&counted).await? {
            let Some((hash, refusal)) = refusal else {
                self.make_rows(&counted).await?;
                continue;
            };
            let per = counted.iter().find(|counted| counted.hash == hash);
            log(purpose, per.map(|counted| counted.limit.per), &hash, refusal);
            return Ok(Err(refusal));
        }
        let (taken_back, forgotten): (Vec<_>, Vec<_>) =
            counted.iter().partition(|counted| counted.limit.per == Per::Address);
        let hashes = |counted: Vec<&Counted>| counted.iter().map(|counted| counted.hash).collect();
        Ok(Ok(Attempt { forgotten: hashes(forgotten), taken_back: hashes(taken_back) }))
    }

    /// A success of `attempt` frees these keys too.
    pub fn freeing(&self, purpose: Purpose, mut attempt: Attempt, keys: &[Key<'_>]) -> Attempt {
        let freed = keys.iter().filter_map(|key| self.counted(purpose, key));
        attempt.forgotten.extend(freed.map(|counted| counted.hash));
        attempt
    }

    /// After a success: the account, the pair and the device start anew, the address gets back
    /// what this attempt has cost.
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
                 in_a_row = 0
             from held where t.key_hash = held.key_hash",
            &all as _,
            &taken_back as _,
        )
        .execute(&self.db)
        .await
        .map(drop)
    }

    /// One attempt, all or nothing. `None`: counted. `Some(None)`: a row is missing.
    ///
    /// Rows are locked in the order of their keys, so that no two attempts wait for each other,
    /// and read again when they were waited for: `now()` may then be before `counted_at`.
    async fn count(&self, keys: &[Counted]) -> sqlx::Result<Option<Option<([u8; 32], Refusal)>>> {
        if keys.is_empty() {
            return Ok(None);
        }
        let limits = || keys.iter().map(|key| key.limit);
        let hashes: Vec<&[u8]> = keys.iter().map(|key| key.hash.as_slice()).collect();
        let free: Vec<i32> = limits().map(|limit| limit.free).collect();
        let longest: Vec<f64> = limits().map(|limit| limit.longest.as_secs_f64()).collect();
        let in_a_row: Vec<Option<i32>> = limits().map(|limit| limit.in_a_row).collect();
        let worst = sqlx::query!(
            r#"with asked as (
                 select * from unnest($1::bytea[], $2::integer[], $3::float8[], $4::integer[])
                     as asked (key_hash, free, longest, most)),
             held as materialized (
                 select t.key_hash, t.failures, a.free, a.longest, a.most,
                        t.in_a_row >= coalesce(a.most, t.in_a_row + 1) as closed,
                        greatest(extract(epoch from now() - t.counted_at)::float8, 0) as quiet
                 from throttles t join asked a using (key_hash)
                 order by t.key_hash for update of t),
             judged as (
                 select key_hash, longest, most, closed,
                        -- One is forgotten for each of the longest waits.
                        greatest(failures - floor(quiet / longest), 0) as failures,
                        case when failures < free then 0 else
                            least(longest, 2 ^ least(failures - free, 30)) - quiet end as wait
                 from held),
             verdict as (
                 select count(*) = cardinality($1) as complete,
                        not bool_or(closed) and max(wait) <= 0 as free from judged),
             counted as (
                 update throttles t
                 set failures = j.failures + 1, in_a_row = t.in_a_row + 1,
                     counted_at = greatest(now(), t.counted_at),
                     forget_at = now() + case when j.most is null
                         then make_interval(secs => (j.failures + 1) * j.longest)
                         else interval '1 year' end
                 from judged j
                 where t.key_hash = j.key_hash and (select complete and free from verdict))
             select complete as "complete!", coalesce(verdict.free, true) as "free!",
                    j.key_hash as "key_hash?", j.closed as "closed?", j.wait as "wait?"
             from verdict left join judged j on true
             order by j.closed desc, j.wait desc limit 1"#,
            &hashes as _,
            &free,
            &longest,
            &in_a_row as _,
        )
        .fetch_one(&self.db)
        .await?;
        // What has to wait makes no new rows: else a flood could fill the table.
        if worst.free {
            return Ok((!worst.complete).then_some(None));
        }
        let hash = worst.key_hash.and_then(|hash| hash.try_into().ok()).unwrap_or_default();
        let wait = Duration::from_secs_f64(worst.wait.unwrap_or_default().clamp(1.0, 1e9).ceil());
        let closed = worst.closed.unwrap_or_default();
        Ok(Some(Some((hash, if closed { Refusal::Closed } else { Refusal::Wait(wait) }))))
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

struct Counted {
    hash: [u8; 32],
    limit: &'static Limit,
}

impl Key<'_> {
    fn per(&self) -> Per {
        match self {
            Self::Account(_) => Per::Account,
            Self::Address(_) => Per::Address,
            Self::Pair(..) => Per::Pair,
            Self::Device(..) => Per::Device,
        }
    }
}

/// What is hashed.
impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(account) => f.write_str(account),
            Self::Address(address) => write!(f, "{}", network(*address)),
            Self::Pair(account, address) => write!(f, "{}\0{account}", network(*address)),
            Self::Device(token_hash, account) => write!(f, "{token_hash:?}\0{account}"),
        }
    }
}

/// The address, of IPv6 the first 64 bits.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
        }
        address => address,
    }
}

/// Under OWASP's names; the key as the digest that is stored, which only `SECRET_KEYS` can make.
fn log(purpose: Purpose, per: Option<Per>, hash: &[u8; 32], refusal: Refusal) {
    let (purpose, per) = (purpose.name(), per.map(Per::name));
    let key: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    let event = match refusal {
        Refusal::Wait(_) => "excess_rate_limit_exceeded",
        Refusal::Closed => "authn_login_fail_max",
    };
    tracing::warn!(target: "security", event, purpose, per, key, "{refusal}");
}

/// Deletes up to `batch` counters that have nothing more to say; returns how many there were.
pub async fn prune(db: impl PgExecutor<'_>, batch: i64) -> sqlx::Result<u64> {
    let pruned = sqlx::query!(
        "delete from throttles where key_hash in (
             select key_hash from throttles where forget_at <= now()
             limit $1 for update skip locked)",
        batch,
    );
    Ok(pruned.execute(db).await?.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_customer_is_one_address() {
        let network = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7");
    }
}
