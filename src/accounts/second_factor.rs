//! The second factors of an account, whatever they are: whether it has one, and whether a code
//! proves one.
//!
//! Recovery codes are no factor of their own. They replace one that was lost.

use super::{passkey, recovery_codes};
use sqlx::PgExecutor;
use time::OffsetDateTime;

use super::totp::{self, CodeVerdict};
use super::user_id::UserId;
use crate::database::Connection;
use crate::keys::Keys;

/// The result of `check`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactorVerdict {
    Right(UsedFactor),
    /// The code of the app was right, but it has been used.
    AlreadyUsed,
    Wrong,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsedFactor {
    App,
    RecoveryCode { left: i64 },
}

/// Which second factors an account has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecondFactors {
    pub app: bool,
    pub passkey: bool,
}

pub async fn of(db: impl PgExecutor<'_>, user_id: UserId) -> sqlx::Result<SecondFactors> {
    sqlx::query_as!(
        SecondFactors,
        r#"select exists (select from totp where user_id = $1) as "app!",
               exists (select from passkeys where user_id = $1) as "passkey!""#,
        user_id as _,
    )
    .fetch_one(db)
    .await
}

/// Whether a login to the account needs a second factor.
pub async fn is_on(db: impl PgExecutor<'_>, user_id: UserId) -> sqlx::Result<bool> {
    let factors = of(db, user_id).await?;
    Ok(factors.app || factors.passkey)
}

/// Checks a code of the authenticator app or a recovery code, and uses it up. The caller has
/// counted the attempt, and commits the transaction together with what the code allows.
pub async fn check(
    tx: &mut Connection,
    keys: &Keys,
    user_id: UserId,
    typed: &str,
) -> sqlx::Result<FactorVerdict> {
    match totp::check(&mut *tx, keys, user_id, typed).await? {
        CodeVerdict::Right => return Ok(FactorVerdict::Right(UsedFactor::App)),
        CodeVerdict::AlreadyUsed => return Ok(FactorVerdict::AlreadyUsed),
        CodeVerdict::Wrong => {}
    }
    let left = recovery_codes::take(tx, user_id, typed).await?;
    Ok(left.map_or(FactorVerdict::Wrong, |left| {
        FactorVerdict::Right(UsedFactor::RecoveryCode { left })
    }))
}

/// Removes every second factor of an account and its recovery codes; `false` if it had none.
pub async fn remove_all(tx: &mut Connection, user_id: UserId) -> sqlx::Result<bool> {
    recovery_codes::forget(&mut *tx, user_id).await?;
    let had_app = totp::remove(&mut *tx, user_id).await?;
    Ok(passkey::remove_since(tx, user_id, None).await? > 0 || had_app)
}

/// Removes the second factors and recovery codes from this time or later, after "this wasn't me": a
/// thief who sets one up would lock the owner out, or would log in with it.
pub async fn remove_since(
    tx: &mut Connection,
    user_id: UserId,
    moment: OffsetDateTime,
) -> sqlx::Result<()> {
    if totp::since(&mut *tx, user_id).await?.is_some_and(|since| since >= moment) {
        totp::remove(&mut *tx, user_id).await?;
    }
    passkey::remove_since(&mut *tx, user_id, Some(moment)).await?;
    match is_on(&mut *tx, user_id).await? {
        true => recovery_codes::forget_since(tx, user_id, moment).await,
        false => recovery_codes::forget(tx, user_id).await,
    }
}
