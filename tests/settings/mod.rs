//! The settings, as an operator uses them: mistakes are reported before the app starts.

mod database;
mod doctor;
mod env_file;
mod mail;
mod metrics;
mod mistakes;
mod production;
mod restore;
mod roles;
mod scripts;
mod stored_data;

use std::collections::HashMap;

use app::config::{Config, Mistakes};
use app::keys::Keys;

/// The configuration with these settings and the two that have no default.
fn config(settings: &[(&str, &str)]) -> Result<Config, Mistakes> {
    let keys = Keys::generate();
    let needed = [("DATABASE_URL", "postgres://app:secret@localhost/app"), ("SECRET_KEYS", &keys)];
    let values = needed.iter().chain(settings);
    Config::from_values(values.map(|(name, value)| (name.to_string(), value.to_string())).collect())
}

/// The mistakes in these settings, one line each; empty when the app would start.
fn mistakes(settings: &[(&str, &str)]) -> Vec<String> {
    config(settings).err().map(|mistakes| mistakes.0).unwrap_or_default()
}

/// The only mistake in these settings.
#[track_caller]
fn mistake(settings: &[(&str, &str)]) -> String {
    let found = mistakes(settings);
    assert_eq!(found.len(), 1, "{settings:?}: {found:?}");
    found.into_iter().next().unwrap_or_default()
}

#[test]
fn two_settings_are_needed_and_the_rest_have_defaults() {
    let development = ("ENVIRONMENT", "development");
    assert_eq!(mistakes(&[development]), [""; 0]);
    let values = HashMap::from([development].map(|(name, value)| (name.into(), value.into())));
    let missing = Config::from_values(values).err().expect("nothing to connect to").0;
    assert_eq!(missing.len(), 2, "{missing:?}");
    assert!(missing[0].starts_with("DATABASE_URL must be a PostgreSQL URL"));
    assert!(missing[1].starts_with("SECRET_KEYS is missing; `vestibule key generate` makes one"));
}

#[test]
fn an_empty_value_means_the_default() {
    let example = [("ENVIRONMENT", "development"), ("BASE_URL", ""), ("SESSION_IDLE_TIMEOUT", " ")];
    let config = config(&example).expect("as .env.example leaves them");
    assert_eq!(config.lifetimes.ordinary.idle.as_secs(), 3_600);
    assert!(config.base_url.is_none());
}
