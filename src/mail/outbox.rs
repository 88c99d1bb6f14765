//! The `outbox` table: emails to be sent, and the outcome of finished ones.
//!
//! An instance claims an email for 5 minutes and renews the claim while it sends. So after a crash
//! the email is due again soon, and a slow mail server gets one copy. No transaction stays open
//! during SMTP. `attempts` is a fencing token: a renewal or a report with an older value changes
//! nothing. When an email is finished, its subject and text are erased and its outcome kept.

use std::time::Duration;

use sqlx::PgExecutor;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Mail;
use crate::accounts::user_id::UserId;
use crate::database::Connection;
use crate::email::Email;

/// The channel on which PostgreSQL sends a notification when an email is committed.
pub const CHANNEL: &str = "outbox";

/// An email that only this instance may send now.
#[derive(Debug, Clone)]
pub struct Claimed {
    pub id: Uuid,
    pub kind: String,
    pub recipient: String,
    pub subject: String,
    pub text: String,
    pub attempt: i32,
    /// `expires_at` has passed, so the email must not be sent.
    pub expired: bool,
}

/// The outcome of a finished email. The row of a decoy has another one, `discarded`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryOutcome {
    Sent,
    /// The mail server permanently rejected this recipient, or this email.
    Rejected,
    /// Not sent before `expires_at`.
    Expired,
}

impl DeliveryOutcome {
    pub fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
        }
    }
}

/// Whether a claimed email may still be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    Renewed,
    /// The claim is held, but `expires_at` has passed.
    Expired,
    /// Another instance has claimed the email since, or finished it.
    Lost,
}

/// The kind of the last email about an account.
pub(super) const ACCOUNT_DELETED: &str = "account.deleted";

/// Writes an email and notifies the delivery. Both take effect when the caller commits.
///
/// `to` is `None` for a decoy: the same statements run, and no email is sent. The row of a decoy is
/// finished from the start, and has neither email address nor subject nor text.
pub(super) async fn insert(tx: &mut Connection, to: Option<&str>, mail: &Mail) -> sqlx::Result<()> {
    // A line break would begin another header (header injection).
    let subject = mail.subject.replace(char::is_control, " ");
    sqlx::query!(
        "insert into outbox
            (id, kind, recipient, subject, body, expires_at, finished_at, outcome, user_id)
         select $1, $2, coalesce($3, ''), case when $3::text is not null then $4 end,
                case when $3 is not null then $5 end, now() + make_interval(secs => $6),
                case when $3 is null then now() end, case when $3 is null then 'discarded' end,
                case when $3 is not null then $7::uuid end",
        Uuid::now_v7(),
        mail.kind,
        to,
        subject,
        mail.text,
        mail.lifetime.as_secs_f64(),
        mail.user_id as _,
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!("notify outbox").execute(tx).await.map(drop)
}

/// Claims the email that has been due longest. Concurrent calls get different emails.
///
/// # Errors
/// When the database fails.
pub async fn claim(db: impl PgExecutor<'_>) -> sqlx::Result<Option<Claimed>> {
    sqlx::query_as!(
        Claimed,
        r#"update outbox set attempts = attempts + 1, due_at = now() + interval '5 minutes'
           where id = (
               select id from outbox where finished_at is null and due_at <= now()
               order by due_at limit 1 for update skip locked)
           returning id, kind, recipient, subject as "subject!", body as "text!",
               attempts as attempt, expires_at <= now() as "expired!""#,
    )
    .fetch_optional(db)
    .await
}

/// Renews a claim for another 5 minutes.
///
/// # Errors
/// When the database fails.
pub async fn renew(db: impl PgExecutor<'_>, mail: &Claimed) -> sqlx::Result<Renewal> {
    let expired = sqlx::query_scalar!(
        r#"update outbox set due_at = now() + interval '5 minutes'
           where id = $1 and attempts = $2 and finished_at is null
           returning expires_at <= now() as "expired!""#,
        mail.id,
        mail.attempt,
    );
    Ok(match expired.fetch_optional(db).await? {
        Some(false) => Renewal::Renewed,
        Some(true) => Renewal::Expired,
        None => Renewal::Lost,
    })
}

/// Releases a claim, so that the email is due at once. `false` when the claim was lost.
///
/// # Errors
/// When the database fails.
pub async fn release(db: impl PgExecutor<'_>, mail: &Claimed) -> sqlx::Result<bool> {
    let released = sqlx::query!(
        "update outbox set due_at = now() where id = $1 and attempts = $2 and finished_at is null",
        mail.id,
        mail.attempt,
    );
    Ok(released.execute(db).await?.rows_affected() == 1)
}

/// Records the outcome of an email and erases its subject and text; of `ACCOUNT_DELETED` also the
/// email address, because no other row names that person. `false` when the claim was lost.
///
/// # Errors
/// When the database fails.
pub async fn finish(
    db: impl PgExecutor<'_>,
    mail: &Claimed,
    outcome: DeliveryOutcome,
    problem: Option<&str>,
) -> sqlx::Result<bool> {
    let finished = sqlx::query!(
        "update outbox set finished_at = now(), outcome = $3, subject = null, body = null,
                recipient = case when kind = $5 then '' else recipient end,
                problem = case when kind <> $5 then coalesce($4, problem) end
         where id = $1 and attempts = $2 and finished_at is null",
        mail.id,
        mail.attempt,
        outcome.name(),
        problem,
        ACCOUNT_DELETED,
    );
    Ok(finished.execute(db).await?.rows_affected() == 1)
}

/// Schedules another attempt after 30 s, 1 min, 2 min … up to an hour, each up to a quarter more or
/// less at random, so that a server after an outage does not get every email at once. An email that
/// expires sooner is due then, so that it is erased. `false` when the claim was lost.
///
/// # Errors
/// When the database fails.
pub async fn postpone(
    db: impl PgExecutor<'_>,
    mail: &Claimed,
    problem: &str,
) -> sqlx::Result<bool> {
    let postponed = sqlx::query!(
        "update outbox set problem = $3,
                due_at = least(expires_at, now() + (0.75 + random() / 2)
                       * least(interval '1 hour', interval '15 seconds' * 2 ^ least(attempts, 20)))
         where id = $1 and attempts = $2 and finished_at is null",
        mail.id,
        mail.attempt,
        problem,
    );
    Ok(postponed.execute(db).await?.rows_affected() == 1)
}

/// When the last email to this recipient was permanently rejected. `None` if it was sent, or if
/// there was none. Emails that are not finished or have expired do not change the result.
///
/// # Errors
/// When the database fails.
pub async fn rejected_at(
    db: impl PgExecutor<'_>,
    recipient: &str,
) -> sqlx::Result<Option<OffsetDateTime>> {
    let last = sqlx::query!(
        r#"select finished_at as "finished_at!", outcome as "outcome!" from outbox
           where recipient = $1 and finished_at is not null and outcome <> 'expired'
           order by finished_at desc limit 1"#,
        recipient,
    );
    let last = last.fetch_optional(db).await?;
    Ok(last
        .filter(|last| last.outcome == DeliveryOutcome::Rejected.name())
        .map(|last| last.finished_at))
}

/// Erases an account: emails to it that wait are discarded, and every row loses its recipient and
/// what the mail server said about it. A delivery that has claimed one loses its claim. An email to
/// the same address about another account is still sent: it may report a change to its owner.
///
/// # Errors
/// When the database fails.
pub async fn forget(
    tx: &mut Connection,
    user_id: UserId,
    email_canonical: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update outbox set recipient = '', problem = null, subject = null, body = null,
                user_id = null, finished_at = coalesce(finished_at, now()),
                outcome = coalesce(outcome, 'discarded')
         where user_id = $1
            or (lower(recipient) = $2 and (user_id is null or finished_at is not null))",
        user_id as _,
        email_canonical,
    )
    .execute(tx)
    .await
    .map(drop)
}

/// Names the account in emails that were sent to its address before there was one: a sign-up, for
/// example. Called when the account gets another address.
///
/// # Errors
/// When the database fails.
pub async fn adopt(tx: &mut Connection, user_id: UserId, email: &Email) -> sqlx::Result<()> {
    sqlx::query!(
        "update outbox set user_id = $1 where user_id is null and lower(recipient) = $2",
        user_id as _,
        email.canonical(),
    )
    .execute(tx)
    .await
    .map(drop)
}

/// The emails that are not finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    pub mails: i64,
    pub oldest: Duration,
}

/// Counts the emails that are not finished. `None` when there are none.
///
/// # Errors
/// When the database fails.
pub async fn waiting(db: impl PgExecutor<'_>) -> sqlx::Result<Option<Waiting>> {
    let row = sqlx::query!(
        r#"select count(*) as "mails!", extract(epoch from now() - min(created_at))::float8 as age
           from outbox where finished_at is null"#,
    );
    let row = row.fetch_one(db).await?;
    // Negative when the transaction that wrote the email began after this one.
    let age = |seconds: f64| Duration::from_secs_f64(seconds.max(0.0));
    Ok(row.age.map(|seconds| Waiting { mails: row.mails, oldest: age(seconds) }))
}

/// Deletes up to `batch` emails that are older than 30 days, and returns how many. The age is the
/// same for every outcome. Otherwise a rejection could stay longer than the later email that was
/// sent, and `rejected_at` would be wrong.
///
/// # Errors
/// When the database fails.
pub async fn prune(db: impl PgExecutor<'_>, batch: i64) -> sqlx::Result<u64> {
    let pruned = sqlx::query!(
        "delete from outbox where id in (
             select id from outbox where created_at < now() - interval '30 days'
             limit $1 for update skip locked)",
        batch,
    );
    Ok(pruned.execute(db).await?.rows_affected())
}
