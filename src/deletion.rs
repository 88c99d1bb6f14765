//! Deletes an account and everything that names its owner.
//!
//! All in the caller's transaction: either the person is gone from every table, or nothing has
//! changed. What stays names nobody: audit events without user, IP address and user agent, and
//! finished emails without recipient. Both still count what happened. The caller then writes the
//! email about the deletion, which names the person until it is sent.
//!
//! It is a module of its own because emails and throttles are above `accounts`.

use crate::accounts::audit::{self, Actor, Kind};
use crate::accounts::user::operated::{self, HeldUser};
use crate::accounts::{device, registration};
use crate::database::Connection;
use crate::mail::outbox;
use crate::throttle::Throttle;
use crate::throttle::limits::Key;

/// Deletes an account that `operated::hold` has locked. `event` is recorded and anonymised with the
/// others; its log line names the user by ID.
///
/// The counters of the throttle are found from the account's own rows. A counter of the account and
/// an IP address that no event contains stays until it is pruned: only a keyed hash of both.
///
/// # Errors
/// When the database fails.
pub async fn delete(
    tx: &mut Connection,
    throttle: &Throttle,
    user: &HeldUser,
    event: Kind,
    actor: Actor<'_>,
) -> sqlx::Result<()> {
    let (id, email) = (user.id, user.email_canonical.as_str());
    audit::record(&mut *tx, event, Some(id), actor).await?;
    let user_id = id.to_string();
    let mut counted = Vec::new();
    let devices = device::list(&mut *tx, id).await?;
    for account in [email, &user_id] {
        counted.extend([Key::Account(account), Key::AllDevices(account)]);
        counted.extend(devices.iter().map(|device| Key::Device(*device, account)));
    }
    let addresses = audit::addresses(&mut *tx, id).await?;
    counted.extend(addresses.into_iter().map(|address| Key::Pair(email, address)));
    throttle.forget(&mut *tx, &counted).await?;
    audit::forget(&mut *tx, id).await?;
    registration::forget(&mut *tx, email).await?;
    outbox::forget(&mut *tx, id, email).await?;
    operated::delete(tx, id).await
}
