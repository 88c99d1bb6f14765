//! Send the verification email again.
//!
//! `POST /email/verify/resend`  submit  one more email; the links of earlier ones stay valid
//!
//! An attacker tries to learn who has an account or has registered: every email address gets the
//! same response, at the cost of the same statements. An attacker who requests many emails, to fill
//! a mailbox, uses up a budget for these emails that no other flow shares.

use actix_web::HttpResponse;
use serde::Deserialize;

use super::check_email;
use crate::accounts::registration;
use crate::email::Email;
use crate::mail::verification;
use crate::throttle::Admission;
use crate::throttle::limits::Action;
use crate::web::admission;
use crate::web::csrf::Checked;
use crate::web::error::Error;
use crate::web::flash::FlashKind;
use crate::web::page;
use crate::web::rejection;
use crate::web::visitor::Visitor;

#[derive(Deserialize)]
pub struct ResendForm {
    #[serde(default)]
    email: String,
}

pub async fn submit(visitor: Visitor, form: Checked<ResendForm>) -> Result<HttpResponse, Error> {
    let mut form_page = check_email(&visitor);
    let form = match form {
        Checked::Valid(form) => form,
        Checked::OutOfDate(form, invalid) => {
            form_page.resend_to = form.email;
            form_page.page.reject_form(invalid.sentence());
            return page::out_of_date(form_page);
        }
    };
    form_page.resend_to = form.email.clone();
    let email = match Email::parse(&form.email) {
        Ok(email) => email,
        Err(error) => {
            form_page.page.reject("email", error.to_string());
            return page::invalid(form_page);
        }
    };
    if let Admission::Rejected(rejection) =
        admission::by_ip(&visitor, Action::EmailVerifyResend).await?
    {
        form_page.page.reject_form(rejection::sentence(rejection));
        return page::too_many(form_page, rejection);
    }
    let may_mail = admission::may_mail(&visitor, Action::EmailVerifyResendMail, &email).await?;
    send_again(&visitor, &email, may_mail).await?;
    let text = format!(
        "If {} is waiting to be confirmed and we can email it, a new link and code are on their \
         way. Earlier ones still work.",
        email.as_str()
    );
    visitor.flash(FlashKind::Good, text);
    page::redirect("/email/verify")
}

/// Runs the same statements for every email address. Without a registration, or beyond the mail
/// budget, the rows are decoys.
async fn send_again(visitor: &Visitor, email: &Email, may_mail: bool) -> Result<(), Error> {
    let mut tx = visitor.app.db.begin().await?;
    // The code works only in the browser that registered, so that of this browser comes first.
    let own = visitor.registration().filter(|pending| pending.is_for(email));
    // Beyond the mail budget, the registration of another browser is not extended, so that the
    // response time does not reveal it. The one of this browser is always extended, like its
    // cookie.
    let (own_id, open) = (own.as_ref().map(|own| own.id), visitor.app.config.sign_up.is_open());
    let id = registration::hold_for_mail(&mut tx, email, own_id, may_mail, open).await?;
    registration::extend(&mut *tx, id).await?;
    verification::send(&mut tx, &visitor.app, id.filter(|_| may_mail), email).await?;
    tx.commit().await?;
    if own.is_some() {
        visitor.extend_registration();
    }
    Ok(())
}
