//! The account: an overview, a line for each feature.
//!
//! `GET /account`  show

pub mod password;

use actix_web::HttpResponse;
use askama::Template;

use crate::accounts::user;
use crate::mail::outbox;
use crate::web::error::Error;
use crate::web::human_time;
use crate::web::page::{self, Page};
use crate::web::visitor::LoggedIn;

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    page: Page,
    since: String,
    /// When a mail server rejected the last mail to this address for good.
    refused: Option<String>,
    lines: Vec<Line>,
}

struct Line {
    name: &'static str,
    value: String,
    href: &'static str,
    link: &'static str,
}

pub async fn show(somebody: LoggedIn) -> Result<HttpResponse, Error> {
    let db = &somebody.visitor.app.db;
    let dates = user::dates(db, somebody.user.id).await?;
    let refused = outbox::refused_at(db, &somebody.user.email).await?;
    let password = Line {
        name: "Password",
        value: format!("last changed {}", human_time::moment(dates.password_changed_at)),
        href: "/account/password",
        link: "Change",
    };
    page::show(AccountPage {
        page: somebody.visitor.page("Account"),
        since: human_time::moment(dates.created_at),
        refused: refused.map(human_time::moment),
        lines: vec![password],
    })
}
