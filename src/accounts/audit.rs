//! The `audit_events` table: what happened to an account.
//!
//! An event is written in the transaction of its change, so neither is committed without the other.
//! The same call writes the log line, under a name in the style of OWASP's logging vocabulary.
//! `prune` deletes events older than `AUDIT_RETENTION`. `forget` anonymises the events of a deleted
//! account. No other code changes or deletes an event.

mod history;

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use sqlx::PgExecutor;

use super::client::Client;
use super::user_id::UserId;
use crate::database::Connection;
pub use history::{Event, list};

/// The kind of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A sign-up. Its email address may already have an account.
    RegistrationStarted,
    /// An email address was verified, and its user created.
    AccountCreated,
    LoggedIn,
    /// The first login on a device, of an account that knows another one.
    LoggedInOnNewDevice,
    LoginFailed,
    /// A login ended the oldest session, because of `SESSIONS_PER_USER`.
    OldestSessionEnded,
    LoggedOut,
    /// The user authenticated again in a session, or failed to.
    Reauthenticated,
    ReauthenticationFailed,
    Exported,
    AccountDeleted,
    /// The user ended another session of theirs.
    SessionEnded,
    /// The user ended all sessions but one.
    OtherSessionsEnded,
    PasswordChanged,
    PasswordChangeFailed,
    ResetAsked,
    PasswordReset,
    /// The user requested another email address.
    EmailChangeAsked,
    /// The user confirmed the new email address.
    EmailChanged,
    NotMe,
    /// "This wasn't me" restored an earlier email address.
    EmailRestored,
    /// "This wasn't me" could not restore it, because it has another account by now.
    LockedByNotMe,
    /// The commands of an operator, `vestibule user …`.
    UserCreated,
    UserInvited,
    UsersListed,
    UserShown,
    UserLocked,
    UserUnlocked,
    UserLoggedOut,
    UserDeleted,
}

impl Kind {
    const ALL: [Self; 30] = [
        Self::RegistrationStarted,
        Self::AccountCreated,
        Self::LoggedIn,
        Self::LoggedInOnNewDevice,
        Self::LoginFailed,
        Self::OldestSessionEnded,
        Self::LoggedOut,
        Self::Reauthenticated,
        Self::ReauthenticationFailed,
        Self::Exported,
        Self::AccountDeleted,
        Self::SessionEnded,
        Self::OtherSessionsEnded,
        Self::PasswordChanged,
        Self::PasswordChangeFailed,
        Self::ResetAsked,
        Self::PasswordReset,
        Self::EmailChangeAsked,
        Self::EmailChanged,
        Self::NotMe,
        Self::EmailRestored,
        Self::LockedByNotMe,
        Self::UserCreated,
        Self::UserInvited,
        Self::UsersListed,
        Self::UserShown,
        Self::UserLocked,
        Self::UserUnlocked,
        Self::UserLoggedOut,
        Self::UserDeleted,
    ];

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The stored name: dotted like the path, or the command, where it happened.
    pub fn name(self) -> &'static str {
        match self {
            Self::RegistrationStarted => "register",
            Self::AccountCreated => "email.verify",
            Self::LoggedIn => "login",
            Self::LoggedInOnNewDevice => "login.new-device",
            Self::LoginFailed => "login.failed",
            Self::OldestSessionEnded => "login.oldest-ended",
            Self::LoggedOut => "logout",
            Self::Reauthenticated => "sudo",
            Self::ReauthenticationFailed => "sudo.failed",
            Self::Exported => "account.export",
            Self::AccountDeleted => "account.delete",
            Self::SessionEnded => "account.sessions.revoke",
            Self::OtherSessionsEnded => "account.sessions.revoke-others",
            Self::PasswordChanged => "account.password",
            Self::PasswordChangeFailed => "account.password.failed",
            Self::ResetAsked => "password.reset.asked",
            Self::PasswordReset => "password.reset",
            Self::EmailChangeAsked => "account.email",
            Self::EmailChanged => "email.change",
            Self::NotMe => "not-me",
            Self::EmailRestored => "not-me.email-restored",
            Self::LockedByNotMe => "not-me.locked",
            Self::UserCreated => "user.create",
            Self::UserInvited => "user.invite",
            Self::UsersListed => "user.list",
            Self::UserShown => "user.show",
            Self::UserLocked => "user.lock",
            Self::UserUnlocked => "user.unlock",
            Self::UserLoggedOut => "user.log-out",
            Self::UserDeleted => "user.delete",
        }
    }

    /// The name in the log, in the style of the OWASP Logging Vocabulary Cheat Sheet.
    fn owasp_name(self) -> &'static str {
        match self {
            Self::RegistrationStarted => "user_registration_started",
            Self::AccountCreated => "user_created",
            Self::LoggedIn | Self::LoggedInOnNewDevice => "authn_login_success",
            Self::LoginFailed => "authn_login_fail",
            Self::LoggedOut => "authn_logout",
            Self::Reauthenticated => "authn_reauthentication_success",
            Self::ReauthenticationFailed => "authn_reauthentication_fail",
            Self::Exported => "user_data_exported",
            Self::AccountDeleted => "user_deleted",
            Self::SessionEnded | Self::OtherSessionsEnded | Self::OldestSessionEnded => {
                "session_revoked"
            }
            Self::PasswordChanged => "authn_password_change",
            Self::PasswordChangeFailed => "authn_password_change_fail",
            Self::ResetAsked => "authn_password_reset_asked",
            Self::PasswordReset => "authn_password_change",
            Self::EmailChangeAsked => "user_email_change_asked",
            Self::EmailChanged => "user_email_change",
            Self::NotMe => "user_repudiated_change",
            Self::EmailRestored => "user_email_restored",
            Self::LockedByNotMe => "user_locked",
            Self::UserCreated => "user_created",
            Self::UserInvited => "user_invited",
            Self::UsersListed => "users_listed",
            Self::UserShown => "user_shown",
            Self::UserLocked => "user_locked",
            Self::UserUnlocked => "user_unlocked",
            Self::UserLoggedOut => "session_revoked",
            Self::UserDeleted => "user_deleted",
        }
    }

    fn is_alarming(self) -> bool {
        matches!(
            self,
            Self::LoginFailed
                | Self::ReauthenticationFailed
                | Self::PasswordChangeFailed
                | Self::NotMe
                | Self::EmailRestored
                | Self::LockedByNotMe
        )
    }
}

/// Deletes up to `batch` events older than `retention`; returns how many it deleted.
pub async fn prune(db: impl PgExecutor<'_>, retention: Duration, batch: i64) -> sqlx::Result<u64> {
    let pruned = sqlx::query!(
        "delete from audit_events where id in (
             select id from audit_events where created_at <= now() - make_interval(secs => $1)
             limit $2 for update skip locked)",
        retention.as_secs_f64(),
        batch,
    );
    Ok(pruned.execute(db).await?.rows_affected())
}

/// Who caused an event.
#[derive(Debug, Clone, Copy)]
pub enum Actor<'a> {
    Client(&'a Client),
    /// An operator, by a command of the binary. Such an event has no IP address.
    Operator,
}

impl<'a> From<&'a Client> for Actor<'a> {
    fn from(client: &'a Client) -> Self {
        Self::Client(client)
    }
}

impl Actor<'_> {
    fn address(self) -> Option<IpAddr> {
        match self {
            Self::Client(client) => Some(client.address),
            Self::Operator => None,
        }
    }

    fn user_agent(&self) -> &str {
        match self {
            Self::Client(client) => &client.user_agent,
            Self::Operator => "operator's command",
        }
    }
}

/// Writes one event and its log line. `user_id` is `None` if no account was found, as in a login
/// with an unknown email address. The typed email address is not stored.
pub async fn record(
    tx: &mut Connection,
    kind: Kind,
    user_id: Option<UserId>,
    actor: impl Into<Actor<'_>>,
) -> sqlx::Result<()> {
    let actor = actor.into();
    sqlx::query!(
        "insert into audit_events (user_id, kind, address, user_agent) values ($1, $2, $3, $4)",
        user_id as _,
        kind.name(),
        actor.address().map(IpNet::from) as _,
        actor.user_agent(),
    )
    .execute(tx)
    .await?;
    let (event, user) = (kind.owasp_name(), user_id.map(tracing::field::display));
    let address = actor.address().map(tracing::field::display);
    if kind.is_alarming() {
        tracing::warn!(target: "security", event, user, address);
    } else {
        tracing::info!(target: "security", event, user, address);
    }
    Ok(())
}

/// The IP addresses in the events of a user.
pub async fn addresses(tx: &mut Connection, user_id: UserId) -> sqlx::Result<Vec<IpAddr>> {
    let networks = sqlx::query_scalar!(
        r#"select distinct address as "address!: IpNet" from audit_events
           where user_id = $1 and address is not null"#,
        user_id as _,
    );
    Ok(networks.fetch_all(tx).await?.iter().map(IpNet::addr).collect())
}

/// Removes from the events of a user everything that names the person. The events stay.
pub async fn forget(tx: &mut Connection, user_id: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        "update audit_events set user_id = null, address = null, user_agent = ''
         where user_id = $1",
        user_id as _,
    )
    .execute(tx)
    .await
    .map(drop)
}
