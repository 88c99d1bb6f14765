//! `AppState`: the settings, and the parts that are built from them, for all handlers.

use crate::accounts::password::strength::Rules;
use crate::accounts::password::{HashError, Hasher, NewHash, Password, PasswordHash, Verdict};
use crate::accounts::user::{Credentials, proof};
use crate::accounts::user_id::UserId;
use crate::config::Config;
use crate::database::Database;
use crate::email::Email;
use crate::keys::Keys;
use crate::origin::Origin;
use crate::throttle::{Attempt, Throttle};
use secrecy::ExposeSecret;

/// Shared by all handlers as `web::Data<AppState>`.
pub struct AppState {
    pub config: Config,
    pub origin: Origin,
    pub db: Database,
    pub hasher: Hasher,
    pub keys: Keys,
    /// Appended to the name of each cookie in the browser. Empty in production.
    pub cookie_suffix: String,
    pub throttle: Throttle,
}

/// Why a password was not verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Hash(#[from] HashError),
}

impl AppState {
    /// Builds the parts from the settings. `port` is the port on which the site listens.
    ///
    /// # Errors
    /// When `SECRET_KEYS` cannot be parsed, which `Config` has already checked.
    pub fn new(config: Config, port: u16, db: Database, hasher: Hasher) -> anyhow::Result<Self> {
        let scheme = if config.tls.certificate.is_some() { "https" } else { "http" };
        let origin = match &config.base_url {
            Some(url) => Origin::new(url),
            None => Origin::new(&format!("{scheme}://localhost:{port}").parse()?),
        };
        let keys = Keys::parse(config.secret_keys.expose_secret()).map_err(anyhow::Error::msg)?;
        let throttle = Throttle::new(db.clone(), keys.throttle());
        let cookie_suffix = config.cookie_suffix();
        Ok(Self { config, origin, db, hasher, keys, cookie_suffix, throttle })
    }

    /// Verifies a password for an attempt that was counted. If the hashing queue is full, the
    /// attempt is taken back, so a flood of logins cannot lock out other users.
    ///
    /// # Errors
    /// `HashError::Busy` when the queue is full, another `HashError`, or one of the database.
    pub async fn verify(
        &self,
        attempt: &Attempt,
        password: &Password,
        stored: Option<(UserId, &PasswordHash)>,
    ) -> Result<Verdict, VerifyError> {
        let verdict = self.hasher.verify(password, stored).await;
        if let Err(HashError::Busy) = verdict {
            self.throttle.undo(attempt).await?;
        }
        Ok(verdict?)
    }

    /// Hashes a new password, or returns why it is too weak. Both are expensive, so callers count
    /// the attempt first. `email` is that of the account: a password that repeats it is weak.
    ///
    /// # Errors
    /// `HashError::Busy` when the queue is full, or another `HashError`.
    pub async fn hash_new(&self, password: &Password, email: &Email) -> Result<NewHash, HashError> {
        let known = vec![email.as_str().to_owned(), self.config.app_name.clone()];
        let rules = Rules { minimum: self.config.password_min_length, known };
        self.hasher.hash_new(password, rules).await
    }

    /// Hashes a correct password again with the current Argon2 settings. A failure is logged and
    /// does not fail the login.
    pub async fn renew_hash(&self, known: &Credentials, password: &Password) {
        let user_id = known.user.id;
        let renewed = async {
            let stronger = self.hasher.hash(password).await?;
            proof::rehash(&self.db, user_id, &known.password_hash, &stronger).await?;
            anyhow::Ok(())
        };
        if let Err(error) = renewed.await {
            tracing::warn!(user = %user_id, "a weak password hash was not renewed: {error:#}");
        }
    }
}
