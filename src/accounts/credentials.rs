//! Ends access after a credential change: the same rule for every change.
//!
//! Call it in the transaction of the change, after `user::proof` or `user::operated` has raised the
//! epoch. `docs/throttle.md` lists the changes and what each ends, and a test compares the two.

use uuid::Uuid;

use super::token::{self, Purpose};
use super::user_id::UserId;
use super::{device, session};
use crate::database::Connection;

/// Ends the sessions of an account except `keep`, deletes the links that grant access, and forgets
/// its devices. So a stolen session, link or device cookie is useless after the owner's change. If
/// the change verified the password or the mailbox, `web::known_device::keep` makes the owner's
/// browser a known device again, under a new value. Returns how many sessions it ended.
pub async fn end_access(
    tx: &mut Connection,
    user_id: UserId,
    keep: Option<Uuid>,
) -> sqlx::Result<u64> {
    let ended = session::end_all(&mut *tx, user_id, keep).await?;
    token::discard(&mut *tx, user_id, &Purpose::GRANTS).await?;
    device::forget(tx, user_id).await?;
    Ok(ended)
}
