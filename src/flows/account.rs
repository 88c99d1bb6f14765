//! The account page: an overview, with a line for each feature.
//!
//! `GET /account`  show

pub mod activity;
pub mod delete;
pub mod email;
pub mod export;
mod factor_change;
pub mod passkeys;
pub mod password;
pub mod recovery_codes;
pub mod sessions;
pub mod totp;

use actix_web::HttpResponse;
use askama::Template;

use crate::accounts::passkey;
use crate::accounts::recovery_codes::{self as codes, FEW};
use crate::accounts::session;
use crate::accounts::token;
use crate::accounts::totp as app_codes;
use crate::accounts::user;
use crate::mail::outbox;
use crate::web::error::Error;
use crate::web::human_time::{self, Time};
use crate::web::page::{self, Page};
use crate::web::visitor::LoggedIn;
pub use factor_change::{AfterChange, begin_change, finish_change};

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    page: Page,
    since: Time,
    /// When a mail server permanently rejected the last email to this user.
    mail_rejected: Option<Time>,
    strength: Strength,
    lines: Vec<Line>,
}

/// How well the account is protected, and the sensible next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strength {
    PasswordOnly,
    /// With a second factor, and this many recovery codes, which are few.
    FewRecoveryCodes(i64),
    /// With an app, whose codes can be phished.
    WithApp,
    WithPasskey,
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
    let app_since = app_codes::since(db, logged_in.user.id).await?;
    let codes_left = codes::left(db, logged_in.user.id).await?;
    let passkeys = passkey::list(db, logged_in.user.id).await?.len();
    let strength = match (passkeys, app_since) {
        (0, None) => Strength::PasswordOnly,
        _ if codes_left < FEW => Strength::FewRecoveryCodes(codes_left),
        (0, Some(_)) => Strength::WithApp,
        _ => Strength::WithPasskey,
    };
    let second_step = Line {
        name: "Authenticator app",
        value: app_since.map_or("none", |_| "since").to_owned(),
        at: app_since.map(human_time::moment),
        href: "/account/totp",
        link: if app_since.is_some() { "Manage" } else { "Set up" },
    };
    let passkeys = Line {
        name: "Passkeys",
        value: match passkeys {
            0 => "none".to_owned(),
            1 => "1 passkey".to_owned(),
            more => format!("{more} passkeys"),
        },
        at: None,
        href: "/account/passkeys",
        link: if passkeys == 0 { "Add" } else { "Manage" },
    };
    let recovery = (strength != Strength::PasswordOnly).then(|| Line {
        name: "Recovery codes",
        value: format!("{codes_left} left"),
        at: None,
        href: "/account/recovery-codes",
        link: "Manage",
    });
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
        strength,
        lines: [email, password, passkeys, second_step]
            .into_iter()
            .chain(recovery)
            .chain([devices, activity, data, deletion])
            .collect(),
    })
}
