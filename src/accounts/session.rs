//! The `sessions` table: one row for each session cookie.
//!
//! `find` reads sessions with their users in one statement. A session is valid until its first
//! timeout, while its `user_epoch` equals the user's epoch. `save_state` is a plain UPDATE, so a
//! slow request cannot bring back a session that was ended. Timeouts compare with PostgreSQL's
//! `now()`.
//!
//! `docs/make-it-yours.md` lists what to copy with it ("Take the session store alone").

mod ended;
mod listed;
mod rotation;
mod upkeep;

use std::collections::HashMap;

use sqlx::PgExecutor;
use time::OffsetDateTime;
use uuid::Uuid;

use super::audit::{self, Kind};
use super::client::Client;
use super::session_id::{SessionId, SessionIdHash};
use super::user::{self, User};
use super::user_id::UserId;
use crate::config::Timeouts;
use crate::database::Connection;
pub use ended::{end, end_all, end_by_id_hash, hold_owner};
pub use listed::{ListedSession, end_listed, hold, list};
pub use rotation::{RotationReason, forget_second_factor, replace, rotate_in_place, was_rotated};
pub use upkeep::{prune, touch};

/// A valid session.
#[derive(Debug, Clone)]
pub struct Session {
    pub id: Uuid,
    pub user: Option<User>,
    pub csrf_binding: Vec<u8>,
    /// The absolute timeout, and the seconds until then.
    pub ends_at: OffsetDateTime,
    pub seconds_left: i64,
    pub remembered: bool,
    /// Seconds since the user last authenticated in this session, and proved a second factor.
    pub authenticated_ago: Option<i64>,
    pub second_factor_ago: Option<i64>,
    pub state: serde_json::Value,
    /// `last_seen_at` is older than a minute, or than a tenth of the idle timeout if that is less.
    pub touch_due: bool,
}

/// Finds valid sessions by their IDs, with their users. One is missing if the ID was never issued,
/// the session has expired or ended, the credentials have changed since, or the user is locked.
pub async fn find(
    db: impl PgExecutor<'_>,
    id_hashes: &[SessionIdHash],
) -> sqlx::Result<HashMap<SessionIdHash, Session>> {
    let rows = sqlx::query!(
        r#"select s.id, s.csrf_binding, s.ends_at, s.remembered, s.state,
                ceil(extract(epoch from s.ends_at - now()))::bigint as "seconds_left!",
                extract(epoch from now() - s.authenticated_at)::bigint as authenticated_ago,
                extract(epoch from now() - s.second_factor_at)::bigint as second_factor_ago,
                s.last_seen_at < now() - least('1 minute', s.idle_timeout / 10) as "touch_due!",
                u.id as "user_id?: UserId", u.email as "email?", u.session_epoch as "session_epoch?",
                s.id_hash as "id_hash: SessionIdHash"
           from sessions s left join users u on u.id = s.user_id
           where s.id_hash = any($1)
             and s.ends_at > now() and s.last_seen_at + s.idle_timeout > now()
             and (s.user_id is null or (u.session_epoch = s.user_epoch and u.locked_at is null))"#,
        id_hashes as _,
    );
    let rows = rows.fetch_all(db).await?.into_iter();
    let sessions = rows.map(|row| {
        let user = match (row.user_id, row.email, row.session_epoch) {
            (Some(id), Some(email), Some(session_epoch)) => Some(User { id, email, session_epoch }),
            _ => None,
        };
        let session = Session {
            user,
            id: row.id,
            csrf_binding: row.csrf_binding,
            ends_at: row.ends_at,
            seconds_left: row.seconds_left,
            remembered: row.remembered,
            authenticated_ago: row.authenticated_ago,
            second_factor_ago: row.second_factor_ago,
            state: row.state,
            touch_due: row.touch_due,
        };
        (row.id_hash, session)
    });
    Ok(sessions.collect())
}

/// The data of a session to begin.
pub struct NewSession<'a> {
    /// `None` for a visitor who has not logged in.
    pub user: Option<&'a User>,
    pub timeouts: Timeouts,
    pub remembered: bool,
    pub second_factor: bool,
    pub client: &'a Client,
    pub state: &'a serde_json::Value,
}

/// Begins a session. `None` if the user's credentials changed, or the account was locked, since
/// `new.user` was read: a login that verified the old password must not begin a session after that.
///
/// A user keeps at most `per_user` sessions; the oldest end (ASVS 7.1.2). The user's row stays
/// locked until the commit, so that concurrent logins count correctly.
pub async fn start(
    tx: &mut Connection,
    new: NewSession<'_>,
    per_user: i64,
) -> sqlx::Result<Option<SessionId>> {
    if let Some(user) = new.user
        && !user::hold_unchanged(&mut *tx, user).await?
    {
        return Ok(None);
    }
    let (id, session_id) = (Uuid::now_v7(), SessionId::generate());
    sqlx::query!(
        "insert into sessions (id, id_hash, user_id, user_epoch, csrf_binding, idle_timeout,
                ends_at, authenticated_at, remembered, second_factor_at, address, user_agent, state)
         values ($1, $2, $3, $4, $5, make_interval(secs => $6), now() + make_interval(secs => $7),
                case when $3::uuid is null then null else now() end, $8,
                case when $9 then now() end, $10, $11, $12)",
        id,
        session_id.hash() as _,
        new.user.map(|user| user.id) as _,
        new.user.map(|user| user.session_epoch),
        &rand::random::<[u8; 32]>(),
        new.timeouts.idle.as_secs_f64(),
        new.timeouts.absolute.as_secs_f64(),
        new.remembered,
        new.second_factor,
        new.client.network() as _,
        new.client.user_agent,
        new.state,
    )
    .execute(&mut *tx)
    .await?;
    if let Some(user) = new.user {
        let ended = sqlx::query_scalar!(
            // The new session is excluded by its ID: its `created_at` is the start of this
            // transaction, so it can be earlier than that of a session that this login waited for.
            r#"delete from sessions where user_id = $1 and id <> $3 and id not in (
                 select id from sessions
                 where user_id = $1 and id <> $3
                   and ends_at > now() and last_seen_at + idle_timeout > now()
                 order by created_at desc, id desc limit $2)
               returning ends_at > now() and last_seen_at + idle_timeout > now() as "valid!""#,
            user.id as _,
            per_user - 1,
            id,
        );
        if ended.fetch_all(&mut *tx).await?.contains(&true) {
            audit::record(tx, Kind::OldestSessionEnded, Some(user.id), new.client).await?;
        }
    }
    Ok(Some(session_id))
}

/// Saves the state of a session that is still valid and still belongs to `user_id`; `false` if it
/// is not. Never inserts a row, and moves no timeout.
pub async fn save_state(
    db: impl PgExecutor<'_>,
    id_hash: &SessionIdHash,
    user_id: Option<UserId>,
    state: &serde_json::Value,
) -> sqlx::Result<bool> {
    let saved = sqlx::query!(
        "update sessions s set state = $3
         where id_hash = $1 and user_id is not distinct from $2
           and ends_at > now() and last_seen_at + idle_timeout > now()
           and (user_id is null or exists (
                select from users u
                where u.id = s.user_id and u.session_epoch = s.user_epoch and u.locked_at is null))",
        id_hash as _,
        user_id as _,
        state,
    )
    .execute(db)
    .await?;
    Ok(saved.rows_affected() == 1)
}
