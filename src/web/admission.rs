//! Counts attempts in the throttle, before a flow works on them. The exact limits, across all
//! instances, are in `throttle/limits.rs`; `rate_limit` is the coarse limit in front of them.

use super::error::Error;
use super::known_device;
use super::visitor::Visitor;
use crate::accounts::audit::Kind;
use crate::accounts::user::User;
use crate::email::Email;
use crate::throttle::limits::{self, Action, Key, Scope};
use crate::throttle::{Admission, Rejection};

/// Counts an attempt to log in. On a device that the account knows, it counts for the device and
/// for all known devices together; otherwise for the account, the IP address and the pair of them.
///
/// # Errors
/// When the database fails.
pub async fn login(visitor: &Visitor, typed: &str) -> Result<Admission, Error> {
    let throttle = &visitor.app.throttle;
    let email = Email::parse(typed);
    let account = email.as_ref().map_or(typed.to_owned(), Email::canonical);
    let address = visitor.client.address;
    let unknown_device = [Key::Account(&account), Key::Pair(&account, address)];
    if let Ok(email) = &email
        && let Some(token_hash) = known_device::find(visitor, email).await?
    {
        let known = [Key::Device(token_hash, &account), Key::AllDevices(&account)];
        match throttle.admit(Action::Login, &known).await? {
            // Too many failures in a row on known devices: count it like an unknown device.
            Admission::Rejected(Rejection::LockedOut) => {}
            Admission::Rejected(wait) => return Ok(Admission::Rejected(wait)),
            // A success here also resets the counters for unknown devices.
            Admission::Counted(attempt) => {
                let attempt = throttle.resetting(Action::Login, attempt, &unknown_device);
                return Ok(Admission::Counted(attempt));
            }
        }
    }
    let [of_account, pair] = unknown_device;
    let keys = [of_account, pair, Key::IpAddress(address)];
    Ok(match throttle.admit(Action::Login, &keys).await? {
        // A success here also resets the counter of all known devices, which ends their lockout.
        Admission::Counted(attempt) => {
            let all = [Key::AllDevices(&account)];
            Admission::Counted(throttle.resetting(Action::Login, attempt, &all))
        }
        rejected => rejected,
    })
}

/// Counts an attempt to prove a second factor: for all known devices of the account together, or
/// for the account. A right password does not reset it.
///
/// # Errors
/// When the database fails.
pub async fn second_factor(visitor: &Visitor, user: &User) -> Result<Admission, Error> {
    // Neither the email address nor the value of the device: somebody who has a session could
    // change both, for new counters.
    let account = user.id.to_string();
    let key = match known_device::find(visitor, &Email::parse(&user.email)?).await? {
        Some(_) => Key::AllDevices(&account),
        None => Key::Account(&account),
    };
    Ok(visitor.app.throttle.admit(Action::SecondFactor, &[key]).await?)
}

/// Counts a request for its IP address. The caller may show a rejection, because it depends on
/// nothing but the IP address.
///
/// # Errors
/// When the database fails.
pub async fn by_ip(visitor: &Visitor, action: Action) -> Result<Admission, Error> {
    let key = [Key::IpAddress(visitor.client.address)];
    Ok(visitor.app.throttle.admit(action, &key).await?)
}

/// Takes one mail from the mail budget of this email address; `false` if the budget is used up.
/// Call it before looking up the account, and show the same page for both results: otherwise it
/// would allow account enumeration. If `action` has a budget per device, a known device uses that
/// first, so that other people cannot use up the owner's.
///
/// # Errors
/// When the database fails.
pub async fn may_mail(visitor: &Visitor, action: Action, email: &Email) -> Result<bool, Error> {
    let (account, throttle) = (email.canonical(), &visitor.app.throttle);
    if limits::find(action, Scope::Device).is_some()
        && let Some(token_hash) = known_device::find(visitor, email).await?
    {
        let keys = [Key::Device(token_hash, &account), Key::AllDevices(&account)];
        if throttle.admit(action, &keys).await?.counted().is_ok() {
            return Ok(true);
        }
    }
    Ok(throttle.admit(action, &[Key::Account(&account)]).await?.counted().is_ok())
}

/// The audit event of a login, and whether an email reports it, because the account has not used
/// the device before. Takes one mail from the budget.
///
/// # Errors
/// When the database fails.
pub async fn login_event(visitor: &Visitor, user: &User) -> Result<(Kind, bool), Error> {
    if !known_device::is_new(visitor, user.id).await? {
        return Ok((Kind::LoggedIn, false));
    }
    let email = Email::parse(&user.email)?;
    let mailed = may_mail(visitor, Action::NewDeviceMail, &email).await?;
    Ok((Kind::LoggedInOnNewDevice, mailed))
}

/// Takes one mail from the budget for a right password that was rejected after "this wasn't me".
///
/// # Errors
/// When the database fails.
pub async fn may_mail_stopped(visitor: &Visitor, user: &User) -> Result<bool, Error> {
    may_mail(visitor, Action::LoginStoppedMail, &Email::parse(&user.email)?).await
}

/// Resets the login counters and mail budgets of an email address that its owner has verified:
/// earlier attempts by other people must not count against the owner.
///
/// # Errors
/// When the database fails.
pub async fn reset_for_owner(visitor: &Visitor, owner: &Email) -> Result<(), Error> {
    let (canonical, throttle) = (owner.canonical(), &visitor.app.throttle);
    let pair = Key::Pair(&canonical, visitor.client.address);
    let login = [Key::Account(&canonical), pair, Key::AllDevices(&canonical)];
    throttle.reset(Action::Login, &login).await?;
    let budgets = [
        Action::EmailVerifyMail,
        Action::EmailVerifyResendMail,
        Action::PasswordResetMail,
        Action::EmailChangeMail,
    ];
    for budget in budgets {
        throttle.reset(budget, &[Key::Account(&canonical)]).await?;
    }
    Ok(())
}
