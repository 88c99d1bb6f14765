//! The `audit_events` table: what happened to an account.
//!
//! An event is written in the transaction of its change, so neither is committed without the other.
//! The same call writes the log line, under a name in the style of OWASP's logging vocabulary.
//! `prune` deletes events older than `AUDIT_RETENTION`. `forget` anonymises the events of a deleted
//! account. No other code changes or deletes an event.

mod history;
mod kind;

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use sqlx::PgExecutor;

use super::client::Client;
use super::user_id::UserId;
use crate::database::Connection;
pub use history::{Event, list};
pub use kind::{FeatureKind, Kind};

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
