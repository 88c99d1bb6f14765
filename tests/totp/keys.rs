//! `vestibule key reseal`, and what `vestibule doctor` says about keys: the operator adds a new
//! key, encrypts stored secrets with it, and removes the old one.

use std::process::{Output, Stdio};

use app::keys::Keys;
use secrecy::ExposeSecret;

use crate::support::authenticator::{ada_half_way, ada_with_app};
use crate::support::database::Database;
use crate::support::labels::*;
use crate::support::process::command;
use crate::support::site::Site;

fn run(db: &Database, arguments: &[&str], keys: &str) -> Output {
    let mut command = command(db, arguments);
    command.env("SECRET_KEYS", keys).stderr(Stdio::piped()).output().expect("the binary")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

#[tokio::test]
async fn a_key_is_replaced_without_locking_anybody_out() {
    let site = Site::start().await;
    let (_, app, _) = ada_with_app(&site).await;
    let old = site.app.config.secret_keys.expose_secret().to_owned();
    let new = Keys::generate();
    let both = format!("{new},{old}");
    let db = site.stop().await;

    let doctor = said(&run(&db, &["doctor"], &both));
    assert!(doctor.contains("1 secrets are encrypted with an older key"), "{doctor}");
    // Too early: the old key is still needed.
    let early = run(&db, &["doctor"], &new);
    assert_eq!(early.status.code(), Some(1));
    assert!(said(&early).contains("1 secrets of authenticator apps"), "{}", said(&early));
    let early = run(&db, &["key", "reseal"], &new);
    assert_eq!(early.status.code(), Some(1), "{}", said(&early));

    assert_eq!(
        said(&run(&db, &["key", "reseal"], &both)),
        "1 secrets encrypted with the newest key\n"
    );
    assert_eq!(
        said(&run(&db, &["key", "reseal"], &both)),
        "0 secrets encrypted with the newest key\n"
    );
    let doctor = said(&run(&db, &["doctor"], &new));
    assert!(doctor.contains("1 secrets are encrypted with the newest key"), "{doctor}");
    assert!(doctor.contains("all is well"), "{doctor}");

    let site = Site::on(db, &[("SECRET_KEYS", &new)]).await;
    let mut browser = ada_half_way(&site).await;
    browser.submit(LOG_IN, &[(CODE, &app.code())]).await;
    browser.must_be_at("/app", 200);
}

#[tokio::test]
async fn without_its_key_a_secret_rejects_every_code_and_a_recovery_code_still_works() {
    let site = Site::start().await;
    let (_, app, codes) = ada_with_app(&site).await;
    let site = Site::on(site.stop().await, &[]).await;
    let mut browser = ada_half_way(&site).await;
    browser.submit(LOG_IN, &[(CODE, &app.code())]).await;
    browser.must_be_at("/login/totp", 422);
    browser.submit(LOG_IN, &[(CODE, &codes[0])]).await;
    browser.must_be_at("/app", 200);
}
