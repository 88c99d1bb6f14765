//! What happened to your account.
//!
//! `GET /account/activity`            show  the latest events
//! `GET /account/activity?before=ID`  show  the events older than this one
//!
//! An owner sees what an attacker did, and what failed: from which IP address and browser, and
//! when. The statement asks for the user, so an ID of somebody else's event shows nothing of
//! theirs. An attacker with a stolen session reads it too, but cannot change or delete an event.

use actix_web::{HttpResponse, web};
use askama::Template;
use ipnet::IpNet;
use serde::Deserialize;

use crate::accounts::audit::{self, Event, Kind};
use crate::accounts::client;
use crate::web::error::Error;
use crate::web::factors;
use crate::web::human_time;
use crate::web::page::{self, Page};
use crate::web::visitor::LoggedIn;

/// How many events a page shows.
const PER_PAGE: usize = 50;

#[derive(Template)]
#[template(path = "account/activity.html")]
struct ActivityPage {
    page: Page,
    groups: Vec<Group>,
    /// The last event of this page, if there are older ones.
    older: Option<i64>,
    is_first: bool,
    /// For how many days events are kept.
    days: u64,
}

/// Events of one kind from one browser and IP address that followed each other, such as guesses.
struct Group {
    what: String,
    count: usize,
    latest: Event,
}

#[derive(Deserialize)]
pub struct ActivityQuery {
    #[serde(default)]
    before: String,
}

pub async fn show(
    logged_in: LoggedIn,
    query: web::Query<ActivityQuery>,
) -> Result<HttpResponse, Error> {
    let app = &logged_in.visitor.app;
    let before: Option<i64> = query.before.parse().ok();
    // One more than is shown, to know whether there are older ones.
    let limit = PER_PAGE as i64 + 1;
    let mut events = audit::list(&app.db, logged_in.user.id, before, limit).await?;
    let has_older = events.len() > PER_PAGE;
    events.truncate(PER_PAGE);
    let older = events.last().map(|event| event.id).filter(|_| has_older);
    page::show(ActivityPage {
        page: logged_in.visitor.page("Activity"),
        groups: grouped(events),
        older,
        is_first: before.is_none(),
        days: app.config.audit_retention.as_secs() / 86_400,
    })
}

fn grouped(events: Vec<Event>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for event in events {
        match groups.last_mut() {
            Some(group) if sender(&group.latest) == sender(&event) => group.count += 1,
            _ => groups.push(Group { what: what(&event), count: 1, latest: event }),
        }
    }
    groups
}

fn sender(event: &Event) -> (&str, Option<IpNet>, &str) {
    (&event.name, event.address, &event.user_agent)
}

fn what(event: &Event) -> String {
    let kind = event.kind.or_else(|| factors::event_named(&event.name).map(Kind::Feature));
    kind.map_or_else(|| event.name.clone(), |kind| words(kind).to_owned())
}

fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::RegistrationStarted => "Someone signed up with your email address",
        Kind::AccountCreated => "Account created",
        Kind::LoggedIn => "Logged in",
        Kind::LoggedInOnNewDevice => "Logged in on a new device",
        Kind::OldestSessionEnded => "Oldest session ended: too many devices were logged in",
        Kind::LoginFailed => "Login failed",
        Kind::SecondFactorFailed => "Login failed: the password was right, the code was wrong",
        Kind::RecoveryCodeUsed => "Recovery code used",
        Kind::RecoveryCodesMade => "New recovery codes",
        Kind::LoggedOut => "Logged out",
        Kind::Reauthenticated => "Confirmed it was you",
        Kind::ReauthenticationFailed => "Confirmation failed: the password or the code was wrong",
        Kind::Exported => "Data downloaded",
        Kind::AccountDeleted => "Account deleted",
        Kind::SessionEnded => "Ended the session of another device",
        Kind::OtherSessionsEnded => "Ended the sessions of all other devices",
        Kind::PasswordChanged => "Password changed",
        Kind::PasswordChangeFailed => "Password not changed: the current one was wrong",
        Kind::ResetAsked => "Link for a new password requested",
        Kind::PasswordReset => "Password changed with a link",
        Kind::EmailChangeAsked => "Change of email requested",
        Kind::EmailChanged => "Email changed, every other device logged out",
        Kind::EmailRestored => "Earlier email restored by “This wasn't me”",
        Kind::LockedByNotMe => "Account locked by “This wasn't me”",
        Kind::NotMe => "“This wasn't me” pressed, every device logged out",
        Kind::UserCreated => "Account created by an operator",
        Kind::UserInvited => "Invited by an operator",
        Kind::InvitationsListed => "Invitations listed by an operator",
        Kind::InvitationWithdrawn => "Invitation withdrawn by an operator",
        Kind::UsersListed => "Accounts listed by an operator",
        Kind::UserShown => "Account viewed by an operator",
        Kind::UserLocked => "Account locked by an operator, every device logged out",
        Kind::UserUnlocked => "Account unlocked by an operator",
        Kind::UserLoggedOut => "Every device logged out by an operator",
        Kind::UserFactorsReset => "Second step removed by an operator, every device logged out",
        Kind::UserDeleted => "Account deleted by an operator",
        Kind::Feature(kind) => kind.words,
    }
}
