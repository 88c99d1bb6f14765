//! Prove that an address is one's own: by the link in the mail, or by the code beside it.
//!
//! `GET  /email/verify`          show    check your mail; the code can be typed here
//! `POST /email/verify`          submit  a link's token, or an address and a code
//! `POST /email/verify/resend`   resend  one more mail; a mistyped address can be corrected
//! `GET  /email/verify/{token}`  open    a page with a button: mail scanners press none
//!
//! An attacker registers the victim's address first and waits for the victim to confirm it
//! (pre-hijacking). Only the browser that registered keeps the password it chose; anybody else
//! who brings a link or a code back chooses a new one, and everything from before is over.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;

use crate::accounts::audit::{self, Kind};
use crate::accounts::email::Email;
use crate::accounts::limits::Purpose;
use crate::accounts::session;
use crate::accounts::token::{self, NewToken, Taken};
use crate::accounts::user::{self, proof};
use crate::error::Error;
use crate::mail::verification;
use crate::web::csrf::Form;
use crate::web::limit;
use crate::web::page::{self, FlashKind, Page};
use crate::web::visit::{self, Renewal};
use crate::web::visitor::Visitor;

#[derive(Template)]
#[template(path = "email/verify.html")]
struct VerifyPage {
    page: Page,
    /// Where the mail went, as far as this browser knows.
    email: String,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "email/verify_link.html")]
struct LinkPage {
    page: Page,
    token: String,
}

#[derive(Deserialize)]
pub struct VerifyForm {
    #[serde(default)]
    token: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    code: String,
}

#[derive(Deserialize)]
pub struct ResendForm {
    #[serde(default)]
    email: String,
}

pub async fn show(visitor: Visitor) -> Result<HttpResponse, Error> {
    match &visitor.user {
        Some(user) if user.verified => page::go_to("/app"),
        _ => page::show(check_mail(&visitor, None)),
    }
}

fn check_mail(visitor: &Visitor, problem: Option<String>) -> VerifyPage {
    let registered = visit::with(|visit| visit.visitor.registration()).flatten();
    let email = match &visitor.user {
        Some(user) => user.email.clone(),
        None => registered.map(|registered| registered.email).unwrap_or_default(),
    };
    VerifyPage { page: visitor.page("Check your mail"), email, problem }
}

pub async fn open(visitor: Visitor, token: web::Path<String>) -> Result<HttpResponse, Error> {
    let token = token.into_inner();
    if !token::is_good(&visitor.app.db, token::Purpose::Verify, &token::hash(&token)).await? {
        return page::dead_link(visitor.page("This link no longer works"));
    }
    page::show(LinkPage { page: visitor.page("Confirm your address"), token })
}

pub async fn submit(visitor: Visitor, Form(form): Form<VerifyForm>) -> Result<HttpResponse, Error> {
    let token_hash = if form.token.is_empty() {
        match of_code(&visitor, &form).await? {
            Some(token_hash) => token_hash,
            None => {
                let problem = "This code is not right, or it is too old. Ask for a new mail.";
                let page = check_mail(&visitor, Some(problem.to_owned()));
                return page::again(VerifyPage { email: form.email, ..page });
            }
        }
    } else {
        token::hash(&form.token)
    };
    confirm(&visitor, &token_hash).await
}

async fn of_code(visitor: &Visitor, form: &VerifyForm) -> Result<Option<[u8; 32]>, Error> {
    let Ok(email) = Email::parse(&form.email) else { return Ok(None) };
    let code = token::typed_code(&form.code);
    let macs = visitor.app.keys.code_macs(&email.canonical(), &code);
    Ok(token::by_code(&visitor.app.db, &email.canonical(), &macs).await?)
}

/// The address is proved; whose password counts depends on who proves it.
async fn confirm(visitor: &Visitor, token_hash: &[u8; 32]) -> Result<HttpResponse, Error> {
    let mut tx = visitor.app.db.begin().await?;
    let Some(taken) = token::take(&mut *tx, token::Purpose::Verify, token_hash).await? else {
        return page::dead_link(visitor.page("This link no longer works"));
    };
    let user_id = taken.user_id;
    let session = visit::with(|visit| visit.session.clone()).flatten();
    let own = session.filter(|session| session.user.as_ref().is_some_and(|own| own.id == user_id));
    let here = own.is_none() && registered_here(&taken);

    // The user before the sessions, as everywhere: two transactions that do both cannot deadlock.
    let password_hash = taken.password_hash.as_ref().filter(|_| here);
    let epoch = proof::verify(&mut tx, user_id, password_hash).await?;
    session::end_all(&mut tx, user_id, own.as_ref().map(|session| session.id)).await?;
    let outstanding = [token::Purpose::Verify, token::Purpose::Reset];
    token::discard(&mut tx, user_id, &outstanding).await?;
    audit::record(&mut tx, Kind::EmailVerified, Some(user_id), &visitor.client).await?;

    if let Some(session) = own {
        let renewed = session::renew_after_proof(&mut tx, session.id, epoch).await?;
        tx.commit().await?;
        if let Some(session_id) = renewed {
            visit::with(|visit| visit.renewal = Renewal::Done(session_id));
        }
        visitor.flash(FlashKind::Good, "Your address is confirmed.");
        return page::go_to("/app");
    }
    if here {
        tx.commit().await?;
        visitor.flash(FlashKind::Good, "Your address is confirmed. You can log in now.");
        return page::go_to("/login");
    }
    // Another browser than the one that registered: whoever did may not be this person, so the
    // password chosen there opens nothing, and this person chooses one.
    proof::require_reset(&mut tx, user_id).await?;
    let new = NewToken {
        id: Uuid::now_v7(),
        user_id,
        purpose: token::Purpose::Reset,
        email_canonical: &taken.email_canonical,
        code_mac: None,
        password_hash: None,
    };
    let token = token::issue(&mut *tx, new).await?;
    tx.commit().await?;
    let text = "Your address is confirmed. You did not register in this browser, so choose the \
                password for your account now.";
    visitor.flash(FlashKind::Good, text);
    page::go_to(&format!("/password/reset/{}", token.as_str()))
}

fn registered_here(taken: &Taken) -> bool {
    let registered = visit::with(|visit| visit.visitor.registration()).flatten();
    taken.password_hash.is_some() && registered.is_some_and(|here| here.token_id == taken.id)
}

/// One more mail. The answer is the same whether one was sent, and to whom.
pub async fn resend(visitor: Visitor, Form(form): Form<ResendForm>) -> Result<HttpResponse, Error> {
    if visitor.user.as_ref().is_some_and(|user| user.verified) {
        return page::go_to("/app");
    }
    let email = match Email::parse(&form.email) {
        Ok(email) => email,
        Err(error) => {
            let page = check_mail(&visitor, Some(error.to_string()));
            return page::again(VerifyPage { email: form.email, ..page });
        }
    };
    if let Err(refusal) = limit::admit_ip(&visitor, Purpose::EmailVerifyResend).await? {
        let page = check_mail(&visitor, Some(limit::sentence(refusal)));
        return page::too_many(VerifyPage { email: form.email, ..page }, refusal);
    }
    if limit::may_mail(&visitor, Purpose::EmailVerifyMail, &email).await? {
        let token_id = send_again(&visitor, &email).await?;
        visit::with(|visit| visit.visitor.remember_registration(email.as_str(), token_id));
    }
    visitor.flash(
        FlashKind::Good,
        "If this address is waiting to be confirmed, a new mail is on its way to it.",
    );
    page::go_to("/email/verify")
}

/// Returns the ID that the next token would have, sent or not.
async fn send_again(visitor: &Visitor, email: &Email) -> Result<Uuid, Error> {
    let app = &visitor.app;
    let token_id = Uuid::now_v7();
    let registered = visit::with(|visit| visit.visitor.registration()).flatten();
    let mut tx = app.db.begin().await?;
    // Whoever is logged in here may have mistyped the address.
    if let Some(user) = &visitor.user {
        if !proof::correct_email(&mut tx, user.id, email).await? {
            verification::already(&mut tx, app, email).await?;
            tx.commit().await?;
            return Ok(token_id);
        }
        token::discard(&mut tx, user.id, &[token::Purpose::Verify, token::Purpose::Reset]).await?;
    }
    let known = user::find(&mut *tx, email).await?.map(|known| known.user);
    if let Some(user) = known.filter(|user| !user.verified) {
        // The same registration goes on: its password still counts when its own mail comes back.
        let password_hash = match registered {
            Some(earlier) => token::discard_one(&mut tx, earlier.token_id, user.id).await?,
            None => None,
        };
        verification::send(&mut tx, app, &user, (token_id, password_hash.as_ref())).await?;
    }
    tx.commit().await?;
    Ok(token_id)
}
