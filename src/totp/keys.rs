//! `vestibule key reseal`, and what `vestibule doctor` says about the keys of stored secrets.

use anyhow::ensure;
use secrecy::ExposeSecret;

use crate::accounts::totp;
use crate::config::Config;
use crate::database::Database;
use crate::keys::Keys;

/// # Errors
/// When the database fails, or no key decrypts a secret. The others are encrypted all the same.
pub async fn reseal(config: &Config, db: &Database) -> anyhow::Result<()> {
    let (done, unreadable) = totp::reseal(db, &keys(config)?).await?;
    println!("{done} secrets encrypted with the newest key");
    ensure!(unreadable == 0, "{unreadable} secrets were encrypted with a key that is missing");
    Ok(())
}

/// Prints how many secrets each key encrypts.
///
/// # Errors
/// When the database fails, or a key is missing.
pub async fn report(config: &Config, db: &Database) -> anyhow::Result<()> {
    let keys = keys(config)?;
    let counted = totp::count_by_key(db).await?;
    let mut missing = 0;
    for key in counted {
        let (name, secrets) = (&key.name, key.secrets);
        match keys.names().position(|known| known == *name) {
            Some(0) => println!("{secrets} secrets are encrypted with the newest key ({name})"),
            Some(_) => println!(
                "{secrets} secrets are encrypted with an older key ({name}): `vestibule key reseal`"
            ),
            None => missing += secrets,
        }
    }
    ensure!(
        missing == 0,
        "{missing} secrets of authenticator apps are encrypted with a key that is no longer in \
         SECRET_KEYS: their codes are rejected"
    );
    Ok(())
}

fn keys(config: &Config) -> anyhow::Result<Keys> {
    Keys::parse(config.secret_keys.expose_secret()).map_err(anyhow::Error::msg)
}
