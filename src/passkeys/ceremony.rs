//! Passkeys: asks an authenticator for a signature, and verifies it (W3C Web Authentication).
//!
//! User verification is always required, so a passkey is two factors by itself. The relying party
//! and the origin come from `BASE_URL`, so a signature that a phishing site got is invalid here.
//! The challenge of a login names no account: the authenticator says which user it is for.

use actix_web::http::StatusCode;
use serde_json::Value;
use url::Url;
use uuid::Uuid;
use webauthn_rs::prelude::{
    CreationChallengeResponse, DiscoverableAuthentication, DiscoverableKey, Passkey,
    PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential,
    RequestChallengeResponse, Webauthn, WebauthnBuilder, WebauthnError,
};
use webauthn_rs_proto::ResidentKeyRequirement;

use crate::accounts::audit::{self, Kind};
use crate::accounts::passkey::challenge::{self, ChallengePurpose};
use crate::accounts::passkey::{self, KnownPasskey, ListedPasskey};
use crate::accounts::user;
use crate::database::Transaction;
use crate::state::AppState;
use crate::throttle::limits::{Action, Key};
use crate::web::admission;
use crate::web::error::Error;
use crate::web::factors::passkey::CLONED;
use crate::web::visitor::{LoggedIn, Visitor};

/// The longest credential ID, in bytes (WebAuthn, section 4). The index has a limit of its own.
const CREDENTIAL_ID_MAX: usize = 1023;

/// A signature that was right. Its use is recorded when `tx` commits, with what it allows.
pub struct PasskeyProof {
    /// Holds the lock on the row of the user.
    pub tx: Transaction,
    pub passkey: KnownPasskey,
}

fn relying_party(app: &AppState) -> Result<Webauthn, Error> {
    let origin = Url::parse(&app.origin.url).map_err(anyhow::Error::from)?;
    let id = origin.host_str().unwrap_or_default();
    let builder = WebauthnBuilder::new(id, &origin).map_err(anyhow::Error::from)?;
    Ok(builder.rp_name(&app.config.app_name).build().map_err(anyhow::Error::from)?)
}

/// Counts a challenge: for the user, or for the IP address of anybody else.
async fn count(visitor: &Visitor) -> Result<(), Error> {
    let admission = match &visitor.user {
        Some(user) => {
            let key = [Key::Account(&user.id.to_string())];
            visitor.app.throttle.admit(Action::Passkey, &key).await?
        }
        None => admission::by_ip(visitor, Action::Passkey).await?,
    };
    let _ = admission.counted()?;
    Ok(())
}

/// A challenge for a passkey of anybody: the authenticator knows for which account it has one.
///
/// # Errors
/// 429 for too many challenges; or the database's.
pub async fn ask(
    visitor: &Visitor,
    purpose: ChallengePurpose,
) -> Result<RequestChallengeResponse, Error> {
    count(visitor).await?;
    let started = relying_party(&visitor.app)?.start_discoverable_authentication();
    let (mut asked, state) = started.map_err(anyhow::Error::from)?;
    // Only the page knows whether it asks in the autofill of a field, or after a button.
    asked.mediation = None;
    keep(visitor, purpose, &state).await?;
    Ok(asked)
}

/// Verifies the answer to a challenge of this visitor.
///
/// # Errors
/// 404 if the passkey is unknown, 422 with another reason; or the database's.
pub async fn verify(
    visitor: &Visitor,
    purpose: ChallengePurpose,
    answer: &PublicKeyCredential,
) -> Result<PasskeyProof, Error> {
    let state: DiscoverableAuthentication = take(visitor, purpose).await?;
    let rp = relying_party(&visitor.app)?;
    let db = &visitor.app.db;
    let (user_handle, credential_id) = rp
        .identify_discoverable_authentication(answer)
        .map_err(|error| rejected("malformed", &error))?;
    let known = passkey::find(db, credential_id).await?;
    let Some(known) = known.filter(|known| known.user_handle == user_handle) else {
        tracing::warn!(target: "security", event = "authn_passkey_fail", reason = "unknown");
        return Err(UNKNOWN);
    };
    let stored: Passkey =
        serde_json::from_value(known.credential.clone()).map_err(anyhow::Error::from)?;
    let key = DiscoverableKey::from(&stored);
    let result = match rp.finish_discoverable_authentication_v2(answer, state, &key) {
        Ok(result) if result.user_verified() => result,
        Ok(_) => return Err(rejected("not verified", &WebauthnError::UserNotVerified)),
        Err(WebauthnError::CredentialPossibleCompromise) => return cloned(visitor, &known).await,
        Err(error) => return Err(rejected("invalid", &error)),
    };
    // Only now: whoever does not have the passkey learns nothing about the account.
    if !known.may_log_in {
        return Err(STOPPED);
    }
    let mut updated = stored;
    updated.update_credential(&result);
    let after = serde_json::to_value(&updated).map_err(anyhow::Error::from)?;
    let mut tx = db.begin().await?;
    if !user::hold_unchanged(&mut tx, &known.user).await? {
        return Err(TRY_AGAIN);
    }
    let backed_up = result.backup_state();
    if !passkey::used(&mut tx, known.id, &known.credential, &after, backed_up).await? {
        return Err(TRY_AGAIN);
    }
    Ok(PasskeyProof { tx, passkey: known })
}

/// A copy of the authenticator signed before, or this is the copy (WebAuthn, section 6.1.1).
async fn cloned<T>(visitor: &Visitor, known: &KnownPasskey) -> Result<T, Error> {
    let mut tx = visitor.app.db.begin().await?;
    audit::record(&mut tx, Kind::Feature(&CLONED), Some(known.user.id), &visitor.client).await?;
    tx.commit().await?;
    Err(Error::unacceptable(
        "This passkey may have been copied, so it was rejected. Log in another way, and remove it.",
    ))
}

/// A challenge for a new passkey of the user. `own`: the ones that exist, of which none is made
/// twice.
///
/// # Errors
/// When the database fails.
pub async fn ask_for_new(
    logged_in: &LoggedIn,
    own: &[ListedPasskey],
) -> Result<CreationChallengeResponse, Error> {
    let (visitor, email) = (&logged_in.visitor, &logged_in.user.email);
    // Random and not `users.id`, which an authenticator would show to whoever holds it.
    let user_handle = own.first().map_or_else(Uuid::new_v4, |own| own.user_handle);
    let exclude = own.iter().map(|own| own.credential_id.clone()).collect();
    let started = relying_party(&visitor.app)?.start_passkey_registration(
        user_handle,
        email,
        email,
        Some(exclude),
    );
    let (mut asked, state) = started.map_err(anyhow::Error::from)?;
    // So that the authenticator knows for whom the passkey is, and autofill can offer it.
    if let Some(selection) = &mut asked.public_key.authenticator_selection {
        selection.resident_key = Some(ResidentKeyRequirement::Required);
        selection.require_resident_key = true;
    }
    keep(visitor, ChallengePurpose::Add, &(user_handle, state)).await?;
    Ok(asked)
}

/// Verifies a new passkey. Returns it with its user handle.
///
/// # Errors
/// 422 with the reason; or the database's.
pub async fn verify_new(
    logged_in: &LoggedIn,
    answer: &RegisterPublicKeyCredential,
) -> Result<(Passkey, Uuid), Error> {
    let visitor = &logged_in.visitor;
    let (user_handle, state): (Uuid, PasskeyRegistration) =
        take(visitor, ChallengePurpose::Add).await?;
    let finished = relying_party(&visitor.app)?.finish_passkey_registration(answer, &state);
    let new = finished.map_err(|error| rejected("invalid", &error))?;
    if new.cred_id().len() > CREDENTIAL_ID_MAX {
        return Err(rejected("too long", &WebauthnError::InvalidUserUniqueId));
    }
    Ok((new, user_handle))
}

async fn keep(
    visitor: &Visitor,
    purpose: ChallengePurpose,
    state: &impl serde::Serialize,
) -> Result<(), Error> {
    let state = serde_json::to_value(state).map_err(anyhow::Error::from)?;
    Ok(challenge::keep(&visitor.app.db, &visitor.binding_hash(), purpose, &state).await?)
}

async fn take<T: serde::de::DeserializeOwned>(
    visitor: &Visitor,
    purpose: ChallengePurpose,
) -> Result<T, Error> {
    let taken = challenge::take(&visitor.app.db, &visitor.binding_hash(), purpose).await?;
    let state: Value = taken.ok_or(EXPIRED)?;
    Ok(serde_json::from_value(state).map_err(anyhow::Error::from)?)
}

const EXPIRED: Error = Error::unacceptable(
    "This request has expired or was replaced by one in another tab. Try again.",
);

/// The credentials of the account, or this passkey, changed at the same moment.
const TRY_AGAIN: Error = Error::unacceptable("Your account changed at the same moment. Try again.");

const STOPPED: Error = Error::unacceptable(
    "Your account can't log in at the moment. If you pressed “This wasn't me”, choose a new password \
     first.",
);

/// The page tells the browser, which may then forget the passkey (`signalUnknownCredential`).
const UNKNOWN: Error = Error::Malformed(
    StatusCode::NOT_FOUND,
    "This site doesn't know that passkey. Log in another way.",
);

fn rejected(reason: &'static str, error: &WebauthnError) -> Error {
    tracing::warn!(target: "security", event = "authn_passkey_fail", reason, cause = %error);
    Error::unacceptable("The passkey could not be verified. Try again, or use another way.")
}
