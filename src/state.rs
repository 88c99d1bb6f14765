//! What handlers share: the settings and the parts made from them.

use uuid::Uuid;

use crate::accounts::password::strength::Rules;
use crate::accounts::password::{HashError, Hasher, NewHash, Password, PasswordHash, Verdict};
use crate::accounts::user::{Credentials, proof};
use crate::config::Config;
use crate::database::Database;
use crate::email::Email;
use crate::keys::Keys;
use crate::origin::Origin;
use crate::throttle::{Attempt, Throttle};
use secrecy::ExposeSecret;

/// What every handler can ask for, as `web::Data<AppState>`.
pub struct AppState {
    pub config: Config,
    pub origin: Origin,
    pub db: Database,
    pub hasher: Hasher,
    pub keys: Keys,
    /// What cookie names end in, in the browser. Empty in production.
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
    /// Puts the parts together. `port` is the port on which the site listens.
    ///
    /// # Errors
    /// When `SECRET_KEYS` cannot be parsed, which `Config` has already checked.
    pub fn new(config: Config, port: u16, db: Database, hasher: Hasher) -> anyhow::Result<Self> {
        let scheme = if config.https.certificate.is_some() { "https" } else { "http" };
        let origin = match &config.base_url {
            Some(url) => Origin::new(url),
            None => Origin::new(&format!("{scheme}://localhost:{port}").parse()?),
        };
        let keys = Keys::parse(config.secret_keys.expose_secret()).map_err(anyhow::Error::msg)?;
        let throttle = Throttle::new(db.clone(), keys.throttle());
        let cookie_suffix = config.cookie_suffix();
        Ok(Self { config, origin, db, hasher, keys, cookie_suffix, throttle })
    }

    /// Verifies a password for an attempt that was counted. A full queue verifies nothing, so the
    /// attempt is undone: a flood of logins must not lock out people who log in meanwhile.
    ///
    /// # Errors
    /// `HashError::Busy` when the queue is full; the database's.
    pub async fn verify(
        &self,
        attempt: &Attempt,
        password: &Password,
        stored: Option<(Uuid, &PasswordHash)>,
    ) -> Result<Verdict, VerifyError> {
        let verdict = self.hasher.verify(password, stored).await;
        if let Err(HashError::Busy) = verdict {
            self.throttle.undo(attempt).await?;
        }
        Ok(verdict?)
    }

    /// Hashes a new password, or says why it is too weak. Both are expensive, so callers count the
    /// attempt before. `email` is the account's own: a password that repeats it is weak.
    ///
    /// # Errors
    /// `HashError::Busy` when the queue is full.
    pub async fn hash_new(&self, password: &Password, email: &Email) -> Result<NewHash, HashError> {
        let known = vec![email.as_str().to_owned(), self.config.app_name.clone()];
        let rules = Rules { minimum: self.config.password_min_length, known };
        self.hasher.hash_new(password, rules).await
    }

    /// Hashes a right password again with today's settings. A failure is logged and does not fail
    /// the login.
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
