//! Known devices: browsers that have logged in to an account before are throttled separately.
//!
//! The cookie `__Host-device` holds a random value for each account that has logged in here. Each
//! login replaces the value of its account. So a copied or planted value becomes invalid at the
//! owner's next login in a browser that sends it. The values of other accounts do not change, so a
//! login to one account cannot affect the known devices of another.

use super::device_cookie::ACCOUNTS;
use super::error::Error;
use super::visitor::Visitor;
use crate::accounts::device::{self, DeviceHash, DeviceToken};
use crate::accounts::user::User;
use crate::accounts::user_id::UserId;
use crate::email::Email;

/// The hash of this browser's value for the account of `email`, if it has logged in here before.
///
/// # Errors
/// When the database fails.
pub async fn find(visitor: &Visitor, email: &Email) -> Result<Option<DeviceHash>, Error> {
    let sent = visitor.device_hashes();
    if sent.is_empty() {
        return Ok(None);
    }
    Ok(device::known(&visitor.app.db, &sent, email).await?)
}

/// Whether this browser is no known device of the account, also if the account has none.
///
/// # Errors
/// When the database fails.
pub async fn is_new(visitor: &Visitor, user_id: UserId) -> Result<bool, Error> {
    Ok(device::is_new(&visitor.app.db, &visitor.device_hashes(), user_id).await?)
}

/// Makes this browser a known device of the account, under a new value. Does nothing if the
/// credentials have changed since `user` was read.
///
/// # Errors
/// When the database fails.
pub async fn keep(visitor: &Visitor, user: &User) -> Result<(), Error> {
    let (sent, new) = (visitor.device_hashes(), DeviceToken::generate());
    let mut tx = visitor.app.db.begin().await?;
    let others = device::remember(&mut tx, &sent, new.hash(), user.id, user.session_epoch).await?;
    tx.commit().await?;
    let Some(others) = others else { return Ok(()) };
    let mut cookie = visitor.context().device_cookie.borrow_mut();
    let mut values = cookie.sent.clone();
    values.retain(|value| others.contains(&value.hash()));
    values.push(new);
    let surplus = values.len().saturating_sub(ACCOUNTS);
    cookie.issued = Some(values.split_off(surplus));
    Ok(())
}
