//! What ends when a credential of an account changes: one rule for every change.
//!
//! Called in the transaction of the change, after `user::proof` has updated the user and raised the
//! epoch. `docs/throttle.md` lists the changes and what each ends, and a test compares the two.

use uuid::Uuid;

use super::token::{self, Purpose};
use super::user_id::UserId;
use super::{device, session};
use crate::database::Connection;

/// Ends the sessions of an account but `keep`, discards the links that grant something, and forgets
/// its devices. So a thief who had one of them has nothing after the owner's change. Where the
/// change proves the password or the mailbox, `web::known_device::keep` then makes the owner's
/// browser known again, under a new value.
pub async fn end_access(
    tx: &mut Connection,
    user_id: UserId,
    keep: Option<Uuid>,
) -> sqlx::Result<()> {
    session::end_all(&mut *tx, user_id, keep).await?;
    token::discard(&mut *tx, user_id, &Purpose::GRANTS).await?;
    device::forget(tx, user_id).await
}
