//! Known devices: a browser that has logged in to an account before does not wait with strangers.
//!
//! `__Host-device` holds a random value for each account that has logged in here; the table
//! `devices` stores whose. Each login gives its account a new value. So a copy of the cookie, taken
//! from a shared browser or planted in it, is invalid after the owner's next login there, as long
//! as the browser still sends that value. The values of other accounts stay: only somebody who
//! knows an account's password changes which devices it knows.

use super::device_cookie::ACCOUNTS;
use super::error::Error;
use super::visitor::Visitor;
use crate::accounts::device::{self, DeviceToken};
use crate::accounts::user::User;
use crate::email::Email;

/// The hash of this browser's value for the account of `email`, when it has logged in here before.
pub async fn find(visitor: &Visitor, email: &Email) -> Result<Option<[u8; 32]>, Error> {
    let sent = visitor.device_hashes();
    if sent.is_empty() {
        return Ok(None);
    }
    Ok(device::known(&visitor.app.db, &sent, email).await?)
}

/// Makes this browser known to the account, under a new value. Does nothing when the credentials
/// have changed since `user` was read.
pub async fn remember(visitor: &Visitor, user: &User) -> Result<(), Error> {
    let (sent, new) = (visitor.device_hashes(), DeviceToken::generate());
    let mut tx = visitor.app.db.begin().await?;
    let others = device::remember(&mut tx, &sent, &new.hash(), user.id, user.session_epoch).await?;
    tx.commit().await?;
    let Some(others) = others else { return Ok(()) };
    let mut cookie = visitor.context().device_cookie.borrow_mut();
    let mut values = cookie.sent.clone();
    values.retain(|value| others.contains(&value.hash().to_vec()));
    values.push(new);
    let surplus = values.len().saturating_sub(ACCOUNTS);
    cookie.issued = Some(values.split_off(surplus));
    Ok(())
}
