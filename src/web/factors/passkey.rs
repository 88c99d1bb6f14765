//! What pages say about passkeys, and their audit events.

use serde_json::{Value, json};
use sqlx::PgExecutor;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Factor, ScriptButton};
use crate::accounts::audit::FeatureKind;
use crate::accounts::passkey::{self, KIND};
use crate::accounts::user_id::UserId;

pub const FACTOR: Factor = Factor {
    kind: KIND,
    title: "Passkeys",
    page: "/account/passkeys",
    add: "Add",
    set_up: "add a passkey",
    login_page: "/login/passkey",
    login_link: "Use your passkey",
    strength: "Your account is protected by a passkey. That's the strongest way to log in here.",
    advice: "A passkey is safer still, because it can't be phished.",
    offer: "Log in faster and more safely with a passkey. It needs no password and can't be phished.",
    code: None,
    button: Some(ScriptButton {
        script: "passkeys.js",
        path: "/sudo/passkey",
        text: "Continue with a passkey",
    }),
    events: &[&ADDED, &REMOVED, &CLONED],
};

pub const ADDED: FeatureKind = FeatureKind {
    name: "account.passkeys",
    owasp_name: "authn_second_factor_added",
    words: "Passkey added, every other device logged out",
    is_alarming: false,
};

pub const REMOVED: FeatureKind = FeatureKind {
    name: "account.passkeys.remove",
    owasp_name: "authn_second_factor_removed",
    words: "Passkey removed, every other device logged out",
    is_alarming: false,
};

/// An authenticator sent a sign count that it had sent before, so there may be a copy of it.
pub const CLONED: FeatureKind = FeatureKind {
    name: "login.passkey.cloned",
    owasp_name: "authn_passkey_cloned",
    words: "Passkey rejected: there may be a copy of it",
    is_alarming: true,
};

/// The passkeys of a user, for the file with the user's data.
///
/// # Errors
/// When the database fails.
pub async fn exported(db: impl PgExecutor<'_>, user_id: UserId) -> sqlx::Result<Vec<Value>> {
    let text = |at: OffsetDateTime| at.format(&Rfc3339).unwrap_or_default();
    let exported = passkey::list(db, user_id).await?.into_iter().map(|own| {
        json!({
            "name": own.name,
            "added_at": text(own.created_at),
            "last_used_at": own.last_used_at.map(text),
            "backed_up": own.backed_up,
        })
    });
    Ok(exported.collect())
}
