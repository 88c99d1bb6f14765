//! The account: an overview, a line for each feature.
//!
//! `GET /account`  show

pub mod password;

use actix_web::HttpResponse;
use askama::Template;

use crate::accounts::user;
use crate::error::Error;
use crate::web::page::{self, Page};
use crate::web::visitor::LoggedIn;
use crate::web::words;

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    page: Page,
    since: String,
    lines: Vec<Line>,
}

struct Line {
    name: &'static str,
    value: String,
    href: &'static str,
    link: &'static str,
}

pub async fn show(somebody: LoggedIn) -> Result<HttpResponse, Error> {
    let dates = user::dates(&somebody.visitor.app.db, somebody.user.id).await?;
    let password = Line {
        name: "Password",
        value: format!("last changed {}", words::moment(dates.password_changed_at)),
        href: "/account/password",
        link: "Change",
    };
    page::show(AccountPage {
        page: somebody.visitor.page("Account"),
        since: words::moment(dates.created_at),
        lines: vec![password],
    })
}
