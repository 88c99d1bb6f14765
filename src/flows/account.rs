//! The account page: an overview, with a line for each feature.
//!
//! `GET /account`  show

pub mod activity;
pub mod delete;
pub mod email;
pub mod export;
pub mod password;
pub mod sessions;

use actix_web::HttpResponse;
use askama::Template;

use crate::accounts::session;
use crate::accounts::token;
use crate::accounts::user;
use crate::mail::outbox;
use crate::web::error::Error;
use crate::web::human_time::{self, Time};
use crate::web::page::{self, Page};
use crate::web::visitor::LoggedIn;

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    page: Page,
    since: Time,
    /// When a mail server permanently rejected the last email to this user.
    mail_rejected: Option<Time>,
    lines: Vec<Line>,
}

struct Line {
    name: &'static str,
    value: String,
    at: Option<Time>,
    href: &'static str,
    link: &'static str,
}

pub async fn show(logged_in: LoggedIn) -> Result<HttpResponse, Error> {
    let db = &logged_in.visitor.app.db;
    let dates = user::dates(db, logged_in.user.id).await?.ok_or_else(Error::user_deleted)?;
    let mail_rejected = outbox::rejected_at(db, &logged_in.user.email).await?;
    let pending = token::pending_change(db, logged_in.user.id).await?;
    let email = Line {
        name: "Email",
        value: match pending {
            Some(change) => {
                format!("{}. Not confirmed yet: {}", logged_in.user.email, change.email)
            }
            None => logged_in.user.email.clone(),
        },
        at: None,
        href: "/account/email",
        link: "Change",
    };
    let password = Line {
        name: "Password",
        value: "last changed".to_owned(),
        at: Some(human_time::moment(dates.password_changed_at)),
        href: "/account/password",
        link: "Change",
    };
    let sessions = session::list(db, &logged_in.user, logged_in.session.id).await?.len();
    let devices = Line {
        name: "Your devices",
        value: format!("{sessions} logged in"),
        at: None,
        href: "/account/sessions",
        link: "Manage",
    };
    let activity = Line {
        name: "Activity",
        value: "logins, changes, and attempts that failed".to_owned(),
        at: None,
        href: "/account/activity",
        link: "View",
    };
    let data = Line {
        name: "Your data",
        value: "what is stored about you".to_owned(),
        at: None,
        href: "/account/export",
        link: "Download",
    };
    let deletion = Line {
        name: "Delete account",
        value: "with everything that names you".to_owned(),
        at: None,
        href: "/account/delete",
        link: "Delete",
    };
    page::show(AccountPage {
        page: logged_in.visitor.page("Account"),
        since: human_time::day(dates.created_at),
        mail_rejected: mail_rejected.map(human_time::moment),
        lines: vec![email, password, devices, activity, data, deletion],
    })
}
