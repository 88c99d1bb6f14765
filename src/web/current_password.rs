//! Verifies the password of the logged-in user, for a password change and for sudo mode.

use super::error::Error;
use super::visitor::LoggedIn;
use crate::accounts::audit::{self, Kind};
use crate::accounts::password::{Password, PasswordHash, Verdict};
use crate::accounts::user;
use crate::throttle::limits::{Action, Key};
use crate::throttle::{Admission, Rejection};

pub enum Verified {
    /// With the stored hash, for a change that must find it unchanged.
    Right(PasswordHash),
    Wrong,
    TooMany(Rejection),
}

/// Counts the attempt, then verifies the password. Records a wrong one as `failure`.
///
/// # Errors
/// When the database fails, or the hashing queue is full.
pub async fn verify(logged_in: &LoggedIn, typed: &str, failure: Kind) -> Result<Verified, Error> {
    let (app, user_id) = (&logged_in.visitor.app, logged_in.user.id);
    let key = [Key::Account(&user_id.to_string())];
    let attempt = match app.throttle.admit(Action::CurrentPassword, &key).await? {
        Admission::Counted(attempt) => attempt,
        Admission::Rejected(rejection) => return Ok(Verified::TooMany(rejection)),
    };
    let stored = user::password_hash(&app.db, user_id).await?;
    let stored = stored.ok_or_else(Error::user_deleted)?;
    let typed = Password::typed(typed);
    if app.verify(&attempt, &typed, Some((user_id, &stored))).await? == Verdict::Wrong {
        let mut tx = app.db.begin().await?;
        audit::record(&mut tx, failure, Some(user_id), &logged_in.visitor.client).await?;
        tx.commit().await?;
        return Ok(Verified::Wrong);
    }
    app.throttle.succeeded(attempt).await?;
    Ok(Verified::Right(stored))
}
