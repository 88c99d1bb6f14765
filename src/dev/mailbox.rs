//! Shows the outbox in development, so that emails can be read without a mail server.
//!
//! `GET /dev/mailbox`            list   the newest emails to all recipients
//! `GET /dev/mailbox/{id}`       show   one mail, with its links
//! `GET /dev/mailbox/{id}/html`  html   its HTML part, as recipients see it
//! `GET /dev/badge.svg`          badge  a picture of the number of new emails, for the footer
//!
//! On the page of a mail, only links to this site are clickable, because a mail can contain text
//! that a visitor typed into a form. With `SMTP_URL` set, emails are listed too, but the subject
//! and the text of a finished one are erased.

use actix_web::http::header::CONTENT_SECURITY_POLICY;
use actix_web::{HttpResponse, web};
use askama::Template;
use uuid::Uuid;

use super::stored_mail::{self, StoredMail};
use crate::mail::body::{self, Block, Letter};
use crate::state::AppState;
use crate::web::error::Error;
use crate::web::human_time::moment;
use crate::web::page::{self, Page};
use crate::web::visitor::Visitor;

/// The Content-Security-Policy of an HTML part: its inline styles work, and nothing else. The
/// sandbox takes it out of our origin, so it could not read our pages even if it ran a script.
const HTML_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'; sandbox";
/// How many emails the list shows.
const NEWEST: i64 = 100;

#[derive(Template)]
#[template(path = "dev/mailbox.html")]
struct MailboxPage {
    page: Page,
    mails: Vec<StoredMail>,
    /// `SMTP_URL` is set: emails are sent, and do not stay in the outbox.
    is_sent: bool,
}

#[derive(Template)]
#[template(path = "dev/mail.html")]
struct MailPage {
    page: Page,
    mail: StoredMail,
    letter: Option<Letter>,
    is_sent: bool,
}

#[derive(Template)]
#[template(path = "dev/badge.svg")]
struct Badge {
    recent: i64,
}

impl MailPage {
    fn is_ours(&self, link: &str) -> bool {
        link.strip_prefix(&self.page.app.origin.url).is_some_and(|path| path.starts_with('/'))
    }

    /// The state of its delivery.
    fn delivery_state(&self) -> String {
        let problem = self.mail.problem.as_deref();
        match (self.mail.outcome.as_deref(), problem) {
            (Some("sent"), _) => "sent".to_owned(),
            (Some("rejected"), _) => format!("rejected: {}", problem.unwrap_or_default()),
            (Some(_), Some(problem)) => format!("expired before it was sent: {problem}"),
            (Some(_), None) => "expired before it was sent".to_owned(),
            (None, Some(problem)) => format!("will be retried: {problem}"),
            (None, None) if self.is_sent => "on its way".to_owned(),
            (None, None) => "stays here, because SMTP_URL isn't set".to_owned(),
        }
    }
}

pub async fn list(visitor: Visitor) -> Result<HttpResponse, Error> {
    page::show(MailboxPage {
        page: visitor.page("Mailbox"),
        mails: stored_mail::newest(&visitor.app.db, NEWEST).await?,
        is_sent: visitor.app.config.mail.server.is_some(),
    })
}

pub async fn show(visitor: Visitor, id: web::Path<String>) -> Result<HttpResponse, Error> {
    let mail = find(&visitor.app, &id).await?;
    page::show(MailPage {
        page: visitor.page(mail.title()),
        letter: mail.text.as_deref().map(Letter::parse),
        mail,
        is_sent: visitor.app.config.mail.server.is_some(),
    })
}

pub async fn html(app: web::Data<AppState>, id: web::Path<String>) -> Result<HttpResponse, Error> {
    let mail = find(&app, &id).await?;
    let (Some(subject), Some(text)) = (mail.subject, mail.text) else {
        return Err(Error::NotFound);
    };
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, HTML_POLICY))
        .body(body::html(&subject, &text)?))
}

pub async fn badge(app: web::Data<AppState>) -> Result<HttpResponse, Error> {
    let badge = Badge { recent: stored_mail::recent(&app.db).await? };
    Ok(HttpResponse::Ok().content_type("image/svg+xml").body(badge.render()?))
}

async fn find(app: &AppState, id: &str) -> Result<StoredMail, Error> {
    let id = Uuid::parse_str(id).map_err(|_| Error::NotFound)?;
    stored_mail::find(&app.db, id).await?.ok_or(Error::NotFound)
}
