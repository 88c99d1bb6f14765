//! The beginning of a change that a logged-in user makes.

use super::LoggedIn;
use crate::accounts::session;
use crate::database::Transaction;
use crate::web::error::Error;

impl LoggedIn {
    /// Begins the transaction of a change. It makes sure that the session still exists, which may
    /// have been ended on another device while the form arrived, and that it is not ended before
    /// the commit. It locks the row of the user, so the changes of a user happen one after another.
    ///
    /// # Errors
    /// `LogInFirst`, with the way back to `page`, if the session has ended.
    pub async fn begin(&self, page: &str) -> Result<Transaction, Error> {
        let mut tx = self.visitor.app.db.begin().await?;
        if session::hold(&mut tx, &self.session, &self.user).await? {
            return Ok(tx);
        }
        Err(Error::LogInFirst(page.to_owned()))
    }
}
