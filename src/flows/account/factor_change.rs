//! What every change of a second factor has in common, whether it is added or removed.
//!
//! One transaction: the change, the end of every other session, the audit event and the notice are
//! committed together, or not at all. A change that leaves a second factor and no recovery code
//! makes new codes. Removing the last factor deletes the codes.

use crate::accounts::audit::{self, FeatureKind, Kind};
use crate::accounts::session::{self, RotationReason};
use crate::accounts::user::{User, proof};
use crate::accounts::{credentials, recovery_codes, second_factor};
use crate::database::Transaction;
use crate::mail::notice::{self, Change, ChangedAccount};
use crate::throttle::limits::{Action, Key};
use crate::web::error::Error;
use crate::web::error_page::log_if_failed;
use crate::web::flash::FlashKind;
use crate::web::kept_secret::RECOVERY_CODES;
use crate::web::known_device;
use crate::web::visitor::LoggedIn;

/// Where to go on if the session has ended.
const PAGE: &str = "/account";

/// Where the visitor goes on after a change.
#[must_use = "new recovery codes are shown once"]
pub enum AfterChange {
    /// New recovery codes are to be shown.
    RecoveryCodes,
    Done,
}

impl AfterChange {
    /// The page of the new recovery codes, or this one.
    pub fn or(self, page: &'static str) -> &'static str {
        match self {
            Self::RecoveryCodes => "/account/recovery-codes",
            Self::Done => page,
        }
    }
}

/// Begins the transaction.
pub async fn begin_change(logged_in: &LoggedIn, action: Action) -> Result<Transaction, Error> {
    let app = &logged_in.visitor.app;
    // No limit drops the notice of a change, so the changes themselves are limited.
    let key = [Key::Account(&logged_in.user.id.to_string())];
    let _ = app.throttle.admit(action, &key).await?.counted()?;
    logged_in.begin(PAGE).await
}

/// A change of a second factor, as the audit log and the notice to the owner report it.
pub struct FactorChange<'a> {
    pub event: &'static FeatureKind,
    /// The user has proved a factor by setting it up.
    pub is_proof: bool,
    pub subject: &'static str,
    pub words: &'a str,
}

/// Commits the change. `text` is shown on the next page.
pub async fn finish_change(
    logged_in: &LoggedIn,
    mut tx: Transaction,
    FactorChange { event, is_proof, subject, words }: FactorChange<'_>,
    text: &str,
) -> Result<AfterChange, Error> {
    let (visitor, user, id) = (&logged_in.visitor, &logged_in.user, logged_in.session.id);
    let session_epoch = proof::raise_epoch(&mut tx, user.id).await?;
    credentials::end_access(&mut tx, user.id, Some(id)).await?;
    let mut codes = Vec::new();
    if !second_factor::is_on(&mut *tx, user.id).await? {
        recovery_codes::forget(&mut tx, user.id).await?;
        session::forget_second_factor(&mut tx, id).await?;
    } else if recovery_codes::left(&mut *tx, user.id).await? == 0 {
        codes = recovery_codes::replace(&mut tx, user.id).await?;
    }
    let reason = match is_proof {
        true => RotationReason::SecondFactor,
        false => RotationReason::CredentialChanged,
    };
    let rotated = session::rotate_in_place(&mut tx, id, session_epoch, reason).await?;
    let session_id = rotated.ok_or_else(|| Error::LogInFirst(PAGE.to_owned()))?;
    let kind = Kind::Feature(event);
    audit::record(&mut tx, kind, Some(user.id), &visitor.client).await?;
    let owner = ChangedAccount { user_id: user.id, email: &user.email, client: &visitor.client };
    let change = Change::Feature { event, subject, words };
    notice::send(&mut tx, &visitor.app, owner, change).await?;
    tx.commit().await?;

    visitor.rotate_session(session_id);
    let user = User { session_epoch, ..user.clone() };
    log_if_failed("a device", known_device::keep(visitor, &user).await);
    visitor.flash(FlashKind::Good, format!("{text} Your other devices have been logged out."));
    if codes.is_empty() {
        return Ok(AfterChange::Done);
    }
    logged_in.keep_secret(RECOVERY_CODES, codes.join("\n").as_bytes());
    Ok(AfterChange::RecoveryCodes)
}
