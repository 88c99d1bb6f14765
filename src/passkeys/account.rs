//! Passkeys of the account: add, rename, remove.
//!
//! `GET  /account/passkeys`              show    the list
//! `POST /account/passkeys/start`        start   JSON: a challenge for a new passkey
//! `POST /account/passkeys/finish`       finish  JSON: adds it
//! `POST /account/passkeys/{id}/rename`  rename
//! `POST /account/passkeys/{id}/remove`  remove  it logs in no more
//!
//! An attacker with a stolen session wants a passkey of their own: that needs sudo mode, and a
//! second factor if the account has one (`sudo::require_factor`). The owner gets an email, and
//! every other session ends. A passkey of somebody else is not removed: each statement names the
//! user.

use actix_web::{HttpResponse, web};
use askama::Template;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;
use webauthn_rs::prelude::RegisterPublicKeyCredential;

use super::ceremony;
use crate::accounts::passkey::{self, KIND, ListedPasskey, MOST, NAME_MAX, NewPasskey};
use crate::flows::account::{FactorChange, begin_change, finish_change};
use crate::throttle::limits::Action;
use crate::web::csrf::{Checked, Json, NoFields};
use crate::web::error::Error;
use crate::web::factors::{
    self,
    passkey::{ADDED, REMOVED},
};
use crate::web::flash::FlashKind;
use crate::web::human_time;
use crate::web::page::{self, Page};
use crate::web::sudo::Sudo;
use crate::web::visitor::LoggedIn;

const PATH: &str = "/account/passkeys";

#[derive(Template)]
#[template(path = "passkeys/account.html")]
struct PasskeysPage {
    page: Page,
    passkeys: Vec<ListedPasskey>,
    may_add: bool,
    /// The IDs of the passkeys and the name of the user, for the browser: it may then remove other
    /// passkeys of this account, and show the present name.
    accepted: String,
}

#[derive(Deserialize)]
pub struct FinishJson {
    credential: RegisterPublicKeyCredential,
    /// The same as in `credential`, without the CBOR around it: its AAGUID and flags. Not verified,
    /// so only the proposed name and the line about copies depend on it.
    #[serde(default)]
    authenticator_data: String,
}

#[derive(Deserialize)]
pub struct RenameForm {
    #[serde(default)]
    name: String,
}

pub async fn show(sudo: Sudo) -> Result<HttpResponse, Error> {
    page::show(list(&sudo.logged_in).await?)
}

async fn list(logged_in: &LoggedIn) -> Result<PasskeysPage, Error> {
    let passkeys = passkey::list(&logged_in.visitor.app.db, logged_in.user.id).await?;
    let ids: Vec<String> = passkeys.iter().map(|own| BASE64.encode(&own.credential_id)).collect();
    let user = passkeys.first().map(|own| BASE64.encode(own.user_handle.as_bytes()));
    Ok(PasskeysPage {
        page: logged_in.visitor.page("Passkeys"),
        may_add: passkeys.len() < MOST,
        accepted: json!({ "userId": user, "ids": ids, "name": logged_in.user.email }).to_string(),
        passkeys,
    })
}

pub async fn start(sudo: Sudo, _: Json<NoFields>) -> Result<HttpResponse, Error> {
    let logged_in = sudo.logged_in;
    let own = passkey::list(&logged_in.visitor.app.db, logged_in.user.id).await?;
    if own.len() >= MOST {
        let text = "Your account has as many passkeys as it can have. Remove one first.";
        return Err(Error::unacceptable(text));
    }
    Ok(HttpResponse::Ok().json(ceremony::ask_for_new(&logged_in, &own).await?))
}

pub async fn finish(sudo: Sudo, Json(form): Json<FinishJson>) -> Result<HttpResponse, Error> {
    let logged_in = sudo.logged_in;
    let (new, user_handle) = ceremony::verify_new(&logged_in, &form.credential).await?;
    let data = BASE64.decode(form.authenticator_data).unwrap_or_default();
    let name = name_of(&data);
    let credential = serde_json::to_value(&new).map_err(anyhow::Error::from)?;
    let mut tx = begin_change(&logged_in, Action::FactorChanged).await?;
    let added = NewPasskey {
        user_id: logged_in.user.id,
        credential_id: new.cred_id().as_ref(),
        credential: &credential,
        user_handle,
        name: &name,
        backed_up: data.get(32).is_some_and(|flags| flags & BACKED_UP != 0),
    };
    if !passkey::add(&mut tx, added).await? {
        let text = "This passkey belongs to an account already.";
        return Err(Error::unacceptable(text));
    }
    let words = format!(
        "The passkey “{name}” was added to your account. It logs in without your password."
    );
    let what = FactorChange {
        event: &ADDED,
        is_proof: true,
        subject: "A passkey was added",
        words: &words,
    };
    let after = finish_change(&logged_in, tx, what, &format!("“{name}” is added.")).await?;
    page::next_json(after.or(PATH))
}

/// The flag "backup state" of the authenticator data (WebAuthn, section 6.1).
const BACKED_UP: u8 = 0x10;

/// The name of the authenticator, if it is a common one. The AAGUID follows 37 bytes of hash, flags
/// and sign count.
fn name_of(authenticator_data: &[u8]) -> String {
    let aaguid = authenticator_data.get(37..53).and_then(|bytes| Uuid::from_slice(bytes).ok());
    aaguid.and_then(passkey::model_of).unwrap_or("Passkey").to_owned()
}

pub async fn rename(
    sudo: Sudo,
    id: web::Path<String>,
    form: Checked<RenameForm>,
) -> Result<HttpResponse, Error> {
    let logged_in = sudo.logged_in;
    let id = Uuid::parse_str(&id).map_err(|_| Error::NotFound)?;
    let form = match form {
        Checked::Valid(form) => form,
        Checked::OutOfDate(_, invalid) => return Err(invalid.into()),
    };
    let name = form.name.trim();
    if name.is_empty() || name.chars().count() > NAME_MAX || name.contains(is_invisible) {
        let mut list_page = list(&logged_in).await?;
        let problem = format!("Enter a name of up to {NAME_MAX} characters.");
        list_page.page.reject_form(problem);
        return page::invalid(list_page);
    }
    let mut tx = logged_in.begin(PATH).await?;
    if !passkey::rename(&mut *tx, logged_in.user.id, id, name).await? {
        return Err(Error::NotFound);
    }
    tx.commit().await?;
    logged_in.visitor.flash(FlashKind::Good, format!("Renamed to “{name}”."));
    page::redirect(PATH)
}

/// Control characters, and those that hide or reorder text: a name must not read as another one.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

pub async fn remove(
    sudo: Sudo,
    id: web::Path<String>,
    form: Checked<NoFields>,
) -> Result<HttpResponse, Error> {
    let logged_in = sudo.logged_in;
    if let Checked::OutOfDate(_, invalid) = form {
        let mut list_page = list(&logged_in).await?;
        list_page.page.reject_form(invalid.sentence());
        return page::out_of_date(list_page);
    }
    let (db, user_id) = (&logged_in.visitor.app.db, logged_in.user.id);
    let own = passkey::list(db, user_id).await?;
    let (count, id) = (own.len(), Uuid::parse_str(&id).ok());
    let removed = own.into_iter().find(|own| Some(own.id) == id).ok_or(Error::NotFound)?;
    let app = &logged_in.visitor.app;
    let owned = factors::owned_by(db, user_id).await?;
    let is_last = count == 1 && !owned.iter().any(|owned| owned.factor.kind != KIND);
    if app.config.require_second_factor && is_last {
        let mut list_page = list(&logged_in).await?;
        let problem =
            "This site requires a second step, and this is your only one. Add another one first.";
        list_page.page.reject_form(problem);
        return page::invalid(list_page);
    }
    let mut tx = begin_change(&logged_in, Action::FactorChanged).await?;
    if !passkey::remove(&mut tx, user_id, removed.id).await? {
        return Err(Error::NotFound);
    }
    // Without its name: a thief could choose one that tells the owner to open another site.
    let added = human_time::day(removed.created_at).text;
    let words = format!("The passkey that was added on {added} was removed. It no longer logs in.");
    let what = FactorChange {
        event: &REMOVED,
        is_proof: false,
        subject: "A passkey was removed",
        words: &words,
    };
    let after =
        finish_change(&logged_in, tx, what, &format!("“{}” is removed.", removed.name)).await?;
    page::redirect(after.or(PATH))
}
