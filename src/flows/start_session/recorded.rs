//! Records a login: the audit event, the notice about a new device, and the known device.

use crate::accounts::audit;
use crate::accounts::user::{self, User};
use crate::email::Email;
use crate::mail::notice;
use crate::web::admission;
use crate::web::error::Error;
use crate::web::known_device;
use crate::web::visitor::Visitor;

pub(super) async fn record(visitor: &Visitor, user: &User) -> Result<(), Error> {
    let (app, client) = (&visitor.app, &visitor.client);
    let (kind, mailed) = admission::login_event(visitor, user).await?;
    let mut tx = app.db.begin().await?;
    // "This wasn't me" may have taken the email address away since `user` was read. No notice may
    // be sent there then, because its link would restore the address.
    let told = mailed && user::hold_unchanged(&mut tx, user).await?;
    audit::record(&mut tx, kind, Some(user.id), client).await?;
    if told {
        notice::new_device(&mut tx, app, user, client).await?;
    }
    tx.commit().await?;
    known_device::keep(visitor, user).await?;
    visitor.forget_registration(&Email::parse(&user.email)?);
    Ok(())
}
