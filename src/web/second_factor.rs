//! Verifies a code of a second factor: in a login, and in sudo mode.

use super::admission;
use super::error::Error;
use super::error_page::log_if_failed;
use super::visitor::Visitor;
use crate::accounts::audit::{self, Kind};
use crate::accounts::recovery_codes;
use crate::accounts::second_factor::CodeVerdict;
use crate::accounts::totp;
use crate::accounts::user::{self, User};
use crate::accounts::user_id::UserId;
use crate::database::{Connection, Transaction};
use crate::state::AppState;
use crate::throttle::{Admission, Attempt, Rejection};

pub enum FactorVerified {
    Right(Proof),
    /// Not accepted, with the reason for the visitor.
    Wrong(&'static str),
    /// A code that was right, but has been used: by a double click, or by somebody who saw it.
    AlreadyUsed(&'static str),
    TooMany(Rejection),
    /// The credentials have changed since `user` was read, or the account was locked.
    Outdated,
}

/// A right code. It is used up when `tx` commits, together with what it allows.
pub struct Proof {
    /// Holds the lock on the row of the user.
    pub tx: Transaction,
    /// It was a recovery code, and so many are left.
    pub codes_left: Option<i64>,
    attempt: Attempt,
}

impl Proof {
    /// For a transaction that does more. Its caller resets the counter after the commit.
    pub fn into_parts(self) -> (Transaction, Attempt) {
        (self.tx, self.attempt)
    }

    /// Commits, then resets the counter of the attempts.
    ///
    /// # Errors
    /// When the commit fails. Then nothing has happened.
    pub async fn commit(self, app: &AppState) -> Result<(), Error> {
        self.tx.commit().await?;
        let reset = app.throttle.succeeded(self.attempt).await;
        log_if_failed("the limits", reset.map_err(Error::from));
        Ok(())
    }
}

/// Counts the attempt, then checks the code. Records a wrong one as `failure`. The caller reports a
/// recovery code to the owner.
///
/// # Errors
/// When the database fails.
pub async fn verify(
    visitor: &Visitor,
    user: &User,
    typed: &str,
    failure: Kind,
) -> Result<FactorVerified, Error> {
    let app = &visitor.app;
    // Counted and committed first, so that concurrent guesses cannot read the same count.
    let attempt = match admission::second_factor(visitor, user).await? {
        Admission::Counted(attempt) => attempt,
        Admission::Rejected(rejection) => return Ok(FactorVerified::TooMany(rejection)),
    };
    let mut tx = app.db.begin().await?;
    if !user::hold_unchanged(&mut tx, user).await? {
        return Ok(FactorVerified::Outdated);
    }
    let verdict = match totp::check(&mut tx, &app.keys, user.id, typed).await? {
        CodeVerdict::Wrong => check_recovery_code(&mut tx, user.id, typed).await?,
        verdict => verdict,
    };
    let verified = match verdict {
        CodeVerdict::Right { codes_left } => {
            if codes_left.is_some() {
                let (kind, user_id) = (Kind::RecoveryCodeUsed, Some(user.id));
                audit::record(&mut tx, kind, user_id, &visitor.client).await?;
            }
            return Ok(FactorVerified::Right(Proof { tx, codes_left, attempt }));
        }
        CodeVerdict::AlreadyUsed => {
            FactorVerified::AlreadyUsed("This code has been used already. Wait for the next one.")
        }
        CodeVerdict::Wrong => FactorVerified::Wrong(
            "This code is wrong or can no longer be used. Check it and try again.",
        ),
    };
    audit::record(&mut tx, failure, Some(user.id), &visitor.client).await?;
    tx.commit().await?;
    Ok(verified)
}

async fn check_recovery_code(
    tx: &mut Connection,
    user_id: UserId,
    typed: &str,
) -> sqlx::Result<CodeVerdict> {
    Ok(match recovery_codes::take(tx, user_id, typed).await? {
        Some(left) => CodeVerdict::Right { codes_left: Some(left) },
        None => CodeVerdict::Wrong,
    })
}
