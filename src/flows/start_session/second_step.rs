//! The second step of a login, for the pages that ask for a code.

use actix_web::{HttpRequest, HttpResponse};

use super::complete;
use crate::accounts::audit::Kind;
use crate::accounts::half_login;
use crate::accounts::recovery_codes::FEW;
use crate::accounts::user;
use crate::email::Email;
use crate::mail::notice::{self, Change, ChangedAccount};
use crate::throttle::Rejection;
use crate::throttle::limits::Action;
use crate::web::admission;
use crate::web::error::Error;
use crate::web::flash::FlashKind;
use crate::web::half_way::{self, HalfWay};
use crate::web::known_device;
use crate::web::request_context::Login;
use crate::web::second_factor::{self, FactorVerified, Proof};

pub enum SecondStep {
    LoggedIn(HttpResponse),
    /// The code was not accepted, with the reason for the visitor.
    Wrong(&'static str),
    TooMany(Rejection),
}

/// Logs in if the code is right. Recovery codes are accepted too.
///
/// # Errors
/// To the login page, if the login that is half done has expired or was used.
pub async fn prove_second_factor(
    req: &HttpRequest,
    half_way: &HalfWay,
    code: &str,
) -> Result<SecondStep, Error> {
    let (visitor, login) = (&half_way.visitor, &half_way.login);
    let failure = Kind::SecondFactorFailed;
    let proof = match second_factor::verify(visitor, &login.user, code, failure).await? {
        FactorVerified::Right(proof) => proof,
        FactorVerified::TooMany(rejection) => return Ok(SecondStep::TooMany(rejection)),
        FactorVerified::Outdated => return Err(half_way::too_late(visitor, &login.next)),
        // The other one of two clicks has used the code up, and has logged in.
        _ if half_way::find(visitor).await?.is_none() => {
            return Err(half_way::too_late(visitor, &login.next));
        }
        FactorVerified::AlreadyUsed(problem) => return Ok(SecondStep::Wrong(problem)),
        FactorVerified::Wrong(problem) => {
            warn_owner(half_way).await?;
            return Ok(SecondStep::Wrong(problem));
        }
    };
    let codes_left = proof.codes_left;
    if !use_up(half_way, proof).await? {
        return Err(half_way::too_late(visitor, &login.next));
    }
    let (user, remembered) = (login.user.clone(), login.remembered);
    let login_now = Login { user, remembered, second_factor: true };
    let response = complete(req, visitor, login_now, &login.next).await?;
    if let Some(left) = codes_left {
        let advice = if left < FEW { " Make new ones on your account page soon." } else { "" };
        let text = format!("You used a recovery code. You have {left} left.{advice}");
        visitor.flash(FlashKind::Good, text);
    }
    Ok(SecondStep::LoggedIn(response))
}

/// In one transaction: the code, the half login, and the notice about a recovery code.
async fn use_up(half_way: &HalfWay, mut proof: Proof) -> Result<bool, Error> {
    let (visitor, login) = (&half_way.visitor, &half_way.login);
    let (app, client) = (&visitor.app, &visitor.client);
    if !half_login::take(&mut proof.tx, login.id).await? {
        return Ok(false);
    }
    if let Some(left) = proof.codes_left {
        let owner = ChangedAccount { user_id: login.user.id, email: &login.user.email, client };
        notice::send(&mut proof.tx, app, owner, Change::RecoveryCodeUsed { left }).await?;
    }
    proof.commit(app).await?;
    Ok(true)
}

/// Only somebody who knows the password comes this far. On a device that the account knows, it is
/// probably the owner, who mistyped the code.
async fn warn_owner(half_way: &HalfWay) -> Result<(), Error> {
    let (visitor, user) = (&half_way.visitor, &half_way.login.user);
    let email = Email::parse(&user.email)?;
    if known_device::find(visitor, &email).await?.is_some()
        || !admission::may_mail(visitor, Action::SecondFactorFailedMail, &email).await?
    {
        return Ok(());
    }
    let (app, client) = (&visitor.app, &visitor.client);
    let mut tx = app.db.begin().await?;
    if user::hold_unchanged(&mut tx, user).await? {
        let owner = ChangedAccount { user_id: user.id, email: &user.email, client };
        notice::send(&mut tx, app, owner, Change::SecondFactorFailed).await?;
    }
    Ok(tx.commit().await?)
}
