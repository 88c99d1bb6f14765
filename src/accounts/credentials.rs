//! Ends access after a credential change, by the same rule for every change; and moves the account
//! to another email address.
//!
//! Call `end_access` in the transaction of the change, after `user::proof` or `user::operated` has
//! raised the epoch. `docs/throttle.md` lists the changes and what each ends, and a test compares
//! the two.

use uuid::Uuid;

use super::token::{self, Holder, Purpose};
use super::user::proof;
use super::user_id::UserId;
use super::{device, registration, session};
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

/// Moves the account of a token to the email address that the token was sent to, and returns the
/// new epoch. `None` if that address has an account. No registration of either address can be
/// confirmed afterwards.
///
/// Call `outbox::adopt` with it, so that a deletion also finds emails to the old address.
pub async fn change_email(tx: &mut Connection, holder: &Holder) -> sqlx::Result<Option<i32>> {
    let Some(epoch) = proof::change_email(&mut *tx, holder.user_id, &holder.sent_to).await? else {
        return Ok(None);
    };
    registration::confirm_pending(&mut *tx, &holder.sent_to).await?;
    registration::forget(tx, &holder.email.canonical()).await?;
    Ok(Some(epoch))
}
