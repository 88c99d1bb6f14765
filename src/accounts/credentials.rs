//! What ends when a credential of an account changes: one rule for every change.
//!
//! Called in the transaction of the change, after `user::proof` has updated the user and raised the
//! epoch. `docs/throttle.md` lists the changes and what each ends, and a test compares the two.

use uuid::Uuid;

use super::token::{self, Purpose};
use super::{device, session};
use crate::database::Connection;

/// What belongs to the browser that made the change, and stays.
#[derive(Debug, Clone, Copy, Default)]
pub struct Kept {
    pub session: Option<Uuid>,
    /// The hash of its device cookie.
    pub device: Option<[u8; 32]>,
}

/// Ends the sessions of an account, the links that grant something, and what its devices are known
/// for. A thief who had one of them has nothing after the owner's change.
pub async fn end_access(tx: &mut Connection, user_id: Uuid, kept: Kept) -> sqlx::Result<()> {
    session::end_all(&mut *tx, user_id, kept.session).await?;
    token::discard(&mut *tx, user_id, &Purpose::GRANTS).await?;
    device::forget(tx, user_id, kept.device.as_ref()).await
}
