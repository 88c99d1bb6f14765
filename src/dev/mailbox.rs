//! The outbox as a page, in development: without a mail server, mails are read here.
//!
//! `GET /dev/mailbox`       list  the newest mails, whomever they are for
//! `GET /dev/mailbox/{id}`  show  one mail, with its links
//!
//! Only links to this site can be followed: text that somebody typed into a form may be part of a
//! mail. With `SMTP_URL` set, mails are listed too; the text of a sent or expired one is erased.

use actix_web::{HttpResponse, web};
use askama::Template;
use uuid::Uuid;

use crate::mail::body::{self, Block};
use crate::mail::outbox::{self, Kept};
use crate::web::error::Error;
use crate::web::human_time::moment;
use crate::web::page::{self, Page};
use crate::web::visitor::Visitor;

/// Nobody looks further back by hand.
const NEWEST: i64 = 100;

#[derive(Template)]
#[template(path = "dev/mailbox.html")]
struct MailboxPage {
    page: Page,
    mails: Vec<Kept>,
    /// A server takes the mails, so they do not stay here.
    leaves: bool,
}

#[derive(Template)]
#[template(path = "dev/mail.html")]
struct MailPage {
    page: Page,
    mail: Kept,
    blocks: Option<Vec<Block>>,
    leaves: bool,
}

impl MailPage {
    fn is_ours(&self, link: &str) -> bool {
        link.strip_prefix(&self.page.app.origin.url).is_some_and(|path| path.starts_with('/'))
    }

    /// What became of it.
    fn fate(&self) -> String {
        let problem = self.mail.problem.as_deref();
        match (self.mail.outcome.as_deref(), problem) {
            (Some("sent"), _) => "sent".to_owned(),
            (Some("refused"), _) => format!("refused for good: {}", problem.unwrap_or_default()),
            (Some(_), Some(problem)) => format!("expired before it was sent: {problem}"),
            (Some(_), None) => "expired before it was sent".to_owned(),
            (None, Some(problem)) => format!("will be tried again: {problem}"),
            (None, None) if self.leaves => "on its way".to_owned(),
            (None, None) => "stays here, because SMTP_URL is not set".to_owned(),
        }
    }
}

pub async fn list(visitor: Visitor) -> Result<HttpResponse, Error> {
    page::show(MailboxPage {
        page: visitor.page("Mailbox"),
        mails: outbox::newest(&visitor.app.db, NEWEST).await?,
        leaves: visitor.app.config.mail.server.is_some(),
    })
}

pub async fn show(visitor: Visitor, id: web::Path<String>) -> Result<HttpResponse, Error> {
    let id = Uuid::parse_str(&id).map_err(|_| Error::NotFound)?;
    let mail = outbox::find(&visitor.app.db, id).await?.ok_or(Error::NotFound)?;
    page::show(MailPage {
        page: visitor.page(&mail.subject),
        blocks: mail.text.as_deref().map(body::blocks),
        mail,
        leaves: visitor.app.config.mail.server.is_some(),
    })
}
