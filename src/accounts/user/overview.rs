//! Accounts as an operator sees them: a page of the list, and one account in detail.

use sqlx::PgExecutor;
use time::OffsetDateTime;

use crate::accounts::audit::Kind;
use crate::accounts::user_id::UserId;
use crate::email::Email;

/// An account in the list.
pub struct ListedUser {
    pub id: UserId,
    pub email: String,
    pub created_at: OffsetDateTime,
    pub locked_at: Option<OffsetDateTime>,
    /// `None`: never, or longer ago than `AUDIT_RETENTION`.
    pub last_login_at: Option<OffsetDateTime>,
}

/// Up to `limit` accounts in the order of their IDs, which is that of their creation: the first
/// ones, or those that follow `after`. Paging by ID reads each row once.
pub async fn page(
    db: impl PgExecutor<'_>,
    after: Option<UserId>,
    limit: i64,
) -> sqlx::Result<Vec<ListedUser>> {
    sqlx::query_as!(
        ListedUser,
        r#"select id as "id: UserId", email, created_at, locked_at,
                (select created_at from audit_events
                 where user_id = u.id and kind = any($3) order by id desc limit 1) as last_login_at
           from users u where $1::uuid is null or id > $1 order by id limit $2"#,
        after as _,
        limit,
        &LOGINS.map(|kind| kind.name().to_owned()),
    )
    .fetch_all(db)
    .await
}

/// The events after which a user is logged in.
const LOGINS: [Kind; 3] = [Kind::LoggedIn, Kind::LoggedInOnNewDevice, Kind::AccountCreated];

/// An account in detail, without its secrets.
pub struct UserOverview {
    pub id: UserId,
    pub email: String,
    pub created_at: OffsetDateTime,
    pub password_changed_at: OffsetDateTime,
    pub locked_at: Option<OffsetDateTime>,
    /// Since when the password is invalid, after "this wasn't me".
    pub reset_required_at: Option<OffsetDateTime>,
    pub last_login_at: Option<OffsetDateTime>,
    /// The kinds of its second factors, the oldest first.
    pub second_factors: Vec<String>,
    pub recovery_codes: i64,
    /// Valid ones.
    pub sessions: i64,
    pub devices: i64,
}

pub async fn of(db: impl PgExecutor<'_>, email: &Email) -> sqlx::Result<Option<UserOverview>> {
    sqlx::query_as!(
        UserOverview,
        r#"select id as "id: UserId", email, created_at, password_changed_at, locked_at,
                reset_required_at,
                (select created_at from audit_events
                 where user_id = u.id and kind = any($2) order by id desc limit 1) as last_login_at,
                array(select kind from second_factors where user_id = u.id order by created_at, id)
                    as "second_factors!",
                (select count(*) from recovery_codes where user_id = u.id) as "recovery_codes!",
                (select count(*) from sessions s
                 where s.user_id = u.id and s.user_epoch = u.session_epoch and u.locked_at is null
                   and s.ends_at > now() and s.last_seen_at + s.idle_timeout > now())
                    as "sessions!",
                (select count(*) from devices d
                 where d.user_id = u.id and d.last_used_at > now() - interval '1 year')
                    as "devices!"
           from users u where email_canonical = $1"#,
        email.canonical(),
        &LOGINS.map(|kind| kind.name().to_owned()),
    )
    .fetch_optional(db)
    .await
}
