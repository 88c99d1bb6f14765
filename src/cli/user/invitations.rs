//! Invitations: registrations that an operator begins, and whose person chooses the password.

use super::output::{Done, Output};
use crate::accounts::audit::{self, Actor, Kind};
use crate::accounts::registration::{self, invitation};
use crate::database::Connection;
use crate::email::Email;
use crate::mail::verification;
use crate::state::AppState;

/// Begins a registration that has no password, and sends its link. The person who opens the link
/// chooses one.
pub(super) async fn invite(app: &AppState, output: Output, email: &Email) -> anyhow::Result<()> {
    let mut tx = app.db.begin().await?;
    // Between this and the commit the person may create the account. Then the email says so.
    must_have_no_account(&mut tx, email).await?;
    let begun = registration::begin(&mut *tx, email, None).await?;
    audit::record(&mut tx, Kind::UserInvited, None, Actor::Operator).await?;
    verification::send(&mut tx, app, Some(begun.id), email).await?;
    tx.commit().await?;
    output.done(&Done::new("invite", email.as_str()), "invited by email")
}

pub(super) async fn list(app: &AppState, output: Output) -> anyhow::Result<()> {
    let mut tx = app.db.begin().await?;
    let invitations = invitation::list(&mut *tx).await?;
    audit::record(&mut tx, Kind::InvitationsListed, None, Actor::Operator).await?;
    tx.commit().await?;
    output.invitations(&invitations).map(drop)
}

/// Fails if the person has accepted the invitation already: the operator then has an account to
/// lock or to delete.
pub(super) async fn withdraw(app: &AppState, output: Output, email: &Email) -> anyhow::Result<()> {
    let mut tx = app.db.begin().await?;
    let done = Done::new("withdraw", email.as_str());
    if !invitation::withdraw(&mut tx, email).await? {
        must_have_no_account(&mut tx, email).await?;
        return output.done(&done.unchanged(), "no invitation, nothing changed");
    }
    audit::record(&mut tx, Kind::InvitationWithdrawn, None, Actor::Operator).await?;
    tx.commit().await?;
    output.done(&done, "invitation withdrawn")
}

async fn must_have_no_account(tx: &mut Connection, email: &Email) -> anyhow::Result<()> {
    let taken = registration::taken_by(tx, email).await?.is_some();
    anyhow::ensure!(!taken, "{}", super::has_account(email));
    Ok(())
}
