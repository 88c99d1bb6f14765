//! A forgotten password.
//!
//! `GET  /password/reset`          show    ask for a mail
//! `POST /password/reset`          submit  the same page for everybody; the mail only to owners
//! `GET  /password/reset/{token}`  open    keep the proof on the server, go to a clean address
//! `GET  /password/reset/choose`   choose  the form for the new password
//! `POST /password/reset/choose`   change  the new password; every session ends, nobody is in
//!
//! An attacker asks for somebody else's: nothing changes, and the answer does not tell whether there
//! is an account. One who looks over a shoulder, into a history or a `Referer` finds no token: the
//! address is clean. A second factor, once there is one, is still asked for: nobody gets in here.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::accounts::audit::{self, Kind};
use crate::accounts::email::Email;
use crate::accounts::limits::{Key, Purpose};
use crate::accounts::password::{Password, PasswordHash};
use crate::accounts::session;
use crate::accounts::strength::{self, Strength};
use crate::accounts::token::{self, Taken};
use crate::accounts::user::{self, proof};
use crate::error::Error;
use crate::mail::notice::{self, Owner, What};
use crate::web::csrf::Form;
use crate::web::page::{self, FlashKind, Page};
use crate::web::visit::{self, Renewal};
use crate::web::visitor::Visitor;
use crate::web::{device, limit};

/// Where a session keeps the proof: the hash of a token, which opens nothing without this session.
const PROOF: &str = "reset";

#[derive(Template)]
#[template(path = "password/reset.html")]
struct ResetPage {
    page: Page,
    email: String,
    problems: ResetProblems,
}

#[derive(Default)]
struct ResetProblems {
    form: Option<String>,
    email: Option<String>,
}

#[derive(Template)]
#[template(path = "password/reset_choose.html")]
struct ChoosePage {
    page: Page,
    problem: Option<String>,
    minimum: usize,
    strength: Option<Strength>,
}

#[derive(Deserialize)]
pub struct ResetForm {
    #[serde(default)]
    email: String,
}

#[derive(Deserialize)]
pub struct ChooseForm {
    #[serde(default)]
    password: String,
}

pub async fn show(visitor: Visitor) -> Result<HttpResponse, Error> {
    let page = visitor.page("Forgotten your password?");
    let email = visitor.user.map(|user| user.email).unwrap_or_default();
    page::show(ResetPage { page, email, problems: ResetProblems::default() })
}

pub async fn submit(visitor: Visitor, Form(form): Form<ResetForm>) -> Result<HttpResponse, Error> {
    let mut problems = ResetProblems::default();
    let again = |problems| {
        let page = visitor.page("Forgotten your password?");
        ResetPage { page, email: form.email.clone(), problems }
    };
    let email = match Email::parse(&form.email) {
        Ok(email) => email,
        Err(error) => {
            problems.email = Some(error.to_string());
            return page::again(again(problems));
        }
    };
    if let Err(refusal) = limit::admit_ip(&visitor, Purpose::PasswordReset).await? {
        problems.form = Some(limit::sentence(refusal));
        return page::too_many(again(problems), refusal);
    }
    send_link(&visitor, &email).await?;
    let text = "If we can email this address, a link is on its way. It works for 30 minutes. \
                Nothing has changed so far. Check your spam folder too.";
    visitor.flash(FlashKind::Good, text);
    page::go_to("/password/reset")
}

/// The same statements for every address; without an account, or beyond the mail budget, the rows
/// are decoys.
async fn send_link(visitor: &Visitor, email: &Email) -> Result<(), Error> {
    let may_mail = limit::may_mail(visitor, Purpose::PasswordResetMail, email).await?;
    let app = &visitor.app;
    let known = user::find(&app.db, email).await?.map(|known| known.user);
    let mut tx = app.db.begin().await?;
    let user_id = known.as_ref().map(|user| user.id);
    audit::record(&mut tx, Kind::ResetAsked, user_id, &visitor.client).await?;
    notice::reset_link(&mut tx, app, known.as_ref().filter(|_| may_mail)).await?;
    Ok(tx.commit().await?)
}

pub async fn open(visitor: Visitor, token: web::Path<String>) -> Result<HttpResponse, Error> {
    let token_hash = token::hash(&token.into_inner());
    if !token::is_good(&visitor.app.db, token::Purpose::Reset, &token_hash).await? {
        return dead_link(&visitor);
    }
    visitor.state.insert(PROOF, token_hash)?;
    // Under a new ID: somebody who planted the session in this browser would share the proof.
    visit::with(|visit| visit.renewal = Renewal::Wanted);
    page::go_to("/password/reset/choose")
}

pub async fn choose(visitor: Visitor) -> Result<HttpResponse, Error> {
    let good = match proof(&visitor) {
        Some(token_hash) => {
            token::is_good(&visitor.app.db, token::Purpose::Reset, &token_hash).await?
        }
        None => false,
    };
    if !good {
        return dead_link(&visitor);
    }
    page::show(blank(&visitor))
}

pub async fn change(visitor: Visitor, Form(form): Form<ChooseForm>) -> Result<HttpResponse, Error> {
    let Some(token_hash) = proof(&visitor) else {
        return dead_link(&visitor);
    };
    // Looked at before the password is hashed: a used link costs no run of Argon2.
    if !token::is_good(&visitor.app.db, token::Purpose::Reset, &token_hash).await? {
        return dead_link(&visitor);
    }
    let config = &visitor.app.config;
    let password = Password::typed(&form.password);
    if let Err(refusal) =
        strength::check(&password, config.password_min_length, &[&config.app_name])
    {
        let problem = Some(refusal.reason);
        let strength = refusal.strength;
        return page::again(ChoosePage { problem, strength, ..blank(&visitor) });
    }
    let hash = visitor.app.hasher.hash(&password).await?;
    let Some(taken) = take_and_change(&visitor, &token_hash, &hash).await? else {
        return dead_link(&visitor);
    };
    // The owner's browser: whoever keeps guessing does not make it wait.
    device::remember(&visitor, taken.user_id).await?;
    let account = taken.email_canonical;
    // Whoever guessed at the old password keeps nobody out of the new one.
    let keys = [Key::Account(&account), Key::Pair(&account, visitor.client.address)];
    visitor.app.throttle.forget(Purpose::Login, &keys).await?;
    visitor.leave(
        "Your password is changed, and every device is logged out. Log in with the new one.",
    );
    page::go_to("/login")
}

/// The token, the password, the end of every session and the notice: all of it, or nothing.
async fn take_and_change(
    visitor: &Visitor,
    token_hash: &[u8; 32],
    password_hash: &PasswordHash,
) -> Result<Option<Taken>, Error> {
    let mut tx = visitor.app.db.begin().await?;
    let taken = token::take(&mut *tx, token::Purpose::Reset, token_hash).await?;
    let Some(taken) = taken else { return Ok(None) };
    let user_id = taken.user_id;
    proof::reset_password(&mut tx, user_id, password_hash).await?;
    session::end_all(&mut tx, user_id, None).await?;
    token::discard(&mut tx, user_id, &[token::Purpose::Reset]).await?;
    audit::record(&mut tx, Kind::PasswordReset, Some(user_id), &visitor.client).await?;
    let owner = Owner { user_id, email: &taken.email, client: &visitor.client };
    notice::send(&mut tx, &visitor.app, owner, What::PasswordReset).await?;
    tx.commit().await?;
    Ok(Some(taken))
}

fn dead_link(visitor: &Visitor) -> Result<HttpResponse, Error> {
    page::dead_link(visitor.page("This link no longer works"), token::Purpose::Reset)
}

fn proof(visitor: &Visitor) -> Option<[u8; 32]> {
    visitor.state.get(PROOF).ok().flatten()
}

fn blank(visitor: &Visitor) -> ChoosePage {
    ChoosePage {
        page: visitor.page("Choose a new password"),
        problem: None,
        minimum: visitor.app.config.password_min_length,
        strength: None,
    }
}
