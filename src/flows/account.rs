//! The account page: an overview, with a line for each feature.
//!
//! `GET /account`  show

pub mod activity;
pub mod delete;
pub mod email;
pub mod export;
mod factor_change;
pub mod password;
pub mod recovery_codes;
pub mod sessions;

use actix_web::HttpResponse;
use askama::Template;

use crate::accounts::recovery_codes::{self as codes, FEW};
use crate::accounts::second_factor;
use crate::accounts::session;
use crate::accounts::token;
use crate::accounts::user;
use crate::mail::outbox;
use crate::web::error::Error;
use crate::web::factors::{self, Factor, KINDS, Owned};
use crate::web::human_time::{self, Time};
use crate::web::page::{self, Page};
use crate::web::visitor::LoggedIn;
pub use factor_change::{FactorChange, begin_change, finish_change};

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    page: Page,
    since: Time,
    /// When a mail server permanently rejected the last email to this user.
    mail_rejected: Option<Time>,
    strength: Strength,
    kinds: &'static [&'static Factor],
    lines: Vec<Line>,
}

/// How well the account is protected, and the sensible next step.
enum Strength {
    /// By the password alone.
    PasswordOnly,
    /// With a second factor, and this many recovery codes: few, or the only way to log in.
    FewRecoveryCodes(i64),
    /// With this kind as the strongest one, and with a stronger one that the account does not have.
    With(&'static Factor, Option<&'static Factor>),
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
    let all = second_factor::of(db, logged_in.user.id).await?;
    let owned = factors::by_kind(&all);
    let codes_left = codes::left(db, logged_in.user.id).await?;
    let strength = match owned.last() {
        None if all.is_empty() => Strength::PasswordOnly,
        Some(_) if codes_left < FEW => Strength::FewRecoveryCodes(codes_left),
        // Of a kind that this version does not know: a login asks for a recovery code.
        None => Strength::FewRecoveryCodes(codes_left),
        Some(best) => {
            let strongest = KINDS.last().filter(|factor| factor.kind != best.factor.kind);
            Strength::With(best.factor, strongest.copied())
        }
    };
    let factors = KINDS
        .iter()
        .map(|factor| line_of(factor, owned.iter().find(|owned| owned.factor.kind == factor.kind)));
    let recovery = (!all.is_empty()).then(|| Line {
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
        kinds: KINDS,
        lines: [email, password]
            .into_iter()
            .chain(factors)
            .chain(recovery)
            .chain([devices, activity, data, deletion])
            .collect(),
    })
}

fn line_of(factor: &Factor, owned: Option<&Owned>) -> Line {
    Line {
        name: factor.title,
        value: match owned {
            None => "none".to_owned(),
            Some(Owned { count: 1, .. }) => "added".to_owned(),
            Some(Owned { count, .. }) => format!("{count}, the latest added"),
        },
        at: owned.map(|owned| human_time::moment(owned.latest)),
        href: factor.page,
        link: if owned.is_some() { "Manage" } else { factor.add },
    }
}
