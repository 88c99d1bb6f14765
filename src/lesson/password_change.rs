//! `POST /lesson/password`: what a password change does to sessions and to a login in flight.
//!
//! It takes a throw-away account, because the real one would log out the visitor's other devices
//! and need another password. It calls what `src/flows/account/password.rs::change` calls, in the
//! same order, in one transaction, but for the audit event, the notice and the known device. The
//! transaction is rolled back, so the account never existed for anybody else.

use actix_web::HttpResponse;
use askama::Template;
use uuid::Uuid;

use super::source::{Place, at};
use crate::accounts::client::Client;
use crate::accounts::credentials;
use crate::accounts::password::{Password, PasswordHash};
use crate::accounts::session::{self, NewSession, RotationReason, Session};
use crate::accounts::session_id::SessionId;
use crate::accounts::user::{self, User, proof};
use crate::config::Timeouts;
use crate::database::Connection;
use crate::email::Email;
use crate::throttle::limits::Action;
use crate::web::admission;
use crate::web::csrf::{Form, NoFields};
use crate::web::error::Error;
use crate::web::page::{self, Page};
use crate::web::visitor::LoggedIn;

#[derive(Template)]
#[template(path = "lesson/password.html")]
struct PasswordPage {
    page: Page,
    flow: Place,
    attempts: Vec<Attempt>,
}

/// Somebody who wants to use the account after the change.
struct Attempt {
    who: &'static str,
    was_valid: bool,
    is_valid: bool,
    why: &'static str,
    place: Place,
}

pub async fn submit(logged_in: LoggedIn, _: Form<NoFields>) -> Result<HttpResponse, Error> {
    let app = &logged_in.visitor.app;
    // As for every other new password, because hashing is slow.
    let _ = admission::by_ip(&logged_in.visitor, Action::NewPassword).await?.counted()?;
    let password = || Password::typed(&Uuid::new_v4().to_string());
    let (old, new) = (app.hasher.hash(&password()).await?, app.hasher.hash(&password()).await?);
    let mut tx = app.db.begin().await?;
    let timeouts = app.config.lifetimes.of(false);
    let attempts = change(&mut tx, (&old, &new), timeouts, &logged_in.visitor.client).await?;
    tx.rollback().await?;
    page::show(PasswordPage {
        page: logged_in.visitor.page("A password change"),
        flow: at("src/flows/account/password.rs", "change"),
        attempts,
    })
}

async fn change(
    tx: &mut Connection,
    (old, new): (&PasswordHash, &PasswordHash),
    timeouts: Timeouts,
    client: &Client,
) -> Result<Vec<Attempt>, Error> {
    let email = Email::parse(&format!("{}@example.com", Uuid::new_v4().simple()))?;
    let user = user::create(&mut *tx, &email, old).await?.ok_or_else(vanished)?;
    let here = begin(tx, &user, timeouts, client).await?.ok_or_else(vanished)?;
    let elsewhere = begin(tx, &user, timeouts, client).await?.ok_or_else(vanished)?;
    let (here_was, elsewhere_was) = (is_valid(tx, &here).await?, is_valid(tx, &elsewhere).await?);
    let own = found(tx, &here).await?.ok_or_else(vanished)?;

    if !session::hold(tx, &own, &user).await? {
        return Err(vanished().into());
    }
    let epoch = proof::change_password(tx, user.id, old, new).await?.ok_or_else(vanished)?;
    let by_epoch = is_valid(tx, &elsewhere).await?;
    credentials::end_access(tx, user.id, Some(own.id)).await?;
    let rotated =
        session::rotate_in_place(tx, own.id, epoch, RotationReason::Authenticated).await?;
    let rotated = rotated.ok_or_else(vanished)?;
    let in_flight = begin(tx, &user, timeouts, client).await?;

    Ok(vec![
        Attempt {
            who: "The other device, before its row is deleted",
            was_valid: elsewhere_was,
            is_valid: by_epoch,
            why: "The epoch of the account is higher than that in the row.",
            place: at("src/accounts/session.rs", "find"),
        },
        Attempt {
            who: "The other device, after its row is deleted",
            was_valid: elsewhere_was,
            is_valid: is_valid(tx, &elsewhere).await?,
            why: "Its row is deleted.",
            place: at("src/accounts/session/ended.rs", "end_all"),
        },
        Attempt {
            who: "A login that had verified the old password and not yet begun its session",
            was_valid: true,
            is_valid: in_flight.is_some(),
            why: "It needs the row of the account with the epoch that it had read. The change has \
                  raised the epoch, so no row matches.",
            place: at("src/accounts/user.rs", "hold_unchanged"),
        },
        Attempt {
            who: "A copy of this device's cookie of before the change",
            was_valid: here_was,
            is_valid: is_valid(tx, &here).await?,
            why: "The session has another ID now.",
            place: at("src/accounts/session/rotation.rs", "rotate_in_place"),
        },
        Attempt {
            who: "This device, with the cookie of the response",
            was_valid: here_was,
            is_valid: is_valid(tx, &rotated).await?,
            why: "It has the new ID, and its row has the new epoch.",
            place: at("src/accounts/session/rotation.rs", "rotate_in_place"),
        },
    ])
}

fn vanished() -> anyhow::Error {
    anyhow::anyhow!("a row of this transaction is not there")
}

/// `None`: the credentials have changed since `user` was read.
async fn begin(
    tx: &mut Connection,
    user: &User,
    timeouts: Timeouts,
    client: &Client,
) -> sqlx::Result<Option<SessionId>> {
    let new = NewSession {
        user: Some(user),
        timeouts,
        remembered: false,
        second_factor: false,
        client,
        state: &serde_json::json!({}),
    };
    session::start(tx, new, i64::MAX).await
}

async fn found(tx: &mut Connection, id: &SessionId) -> sqlx::Result<Option<Session>> {
    Ok(session::find(tx, &[id.hash()]).await?.remove(&id.hash()))
}

async fn is_valid(tx: &mut Connection, id: &SessionId) -> sqlx::Result<bool> {
    Ok(found(tx, id).await?.is_some())
}
