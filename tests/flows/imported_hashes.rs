//! Users whose password hash was imported from another system, or made with older settings.

use std::sync::atomic::{AtomicU64, Ordering};

use app::accounts::password::Hasher;
use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, Version};

use crate::support::database::database;
use crate::support::people::{ADA, GRACE, Person};
use crate::support::site::{Site, config};

/// Hashes of `password`, from the tests of the reference implementation (phc-winner-argon2,
/// `src/test.c`). A hash that names no version has version 0x10.
const REFERENCE: [&str; 5] = [
    "$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY",
    "$argon2i$v=16$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY",
    "$argon2i$m=256,t=2,p=2$c29tZXNhbHQ$tsEVYKap1h6scGt5ovl9aLRGOqOth+AMB+KwHpDFZPs",
    "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
];

/// The prefix of a hash made with the settings of `site_of_today`: m=64 KiB, t=2, p=1.
const TODAY: &str = "$argon2id$v=19$m=64,t=2,p=1$";

/// bcrypt's cost is the exponent of its number of rounds. A cost of 31 would take days.
const MOST_BCRYPT_COST: u32 = 12;
static BCRYPT_RUNS: AtomicU64 = AtomicU64::new(0);

/// A verifier for `Hasher::with_foreign`, as an app with bcrypt hashes would write it.
fn bcrypt(password: &[u8], stored: &str) -> Option<bool> {
    let parts: bcrypt::HashParts = stored.parse().ok()?;
    if parts.get_cost() > MOST_BCRYPT_COST {
        return None;
    }
    BCRYPT_RUNS.fetch_add(1, Ordering::Relaxed);
    bcrypt::verify(password, stored).ok()
}

async fn site_of_today() -> Site {
    let db = database().await;
    let settings = config(&db.url, &[]);
    let today = Params::new(64, 2, 1, None).expect("settings");
    Site::with_hasher(db, settings, Hasher::new(today, 1).expect("a hasher").with_foreign(bcrypt))
        .await
}

/// Gives Ada this hash in the database.
async fn import(site: &Site, hash: &str) {
    sqlx::query("update users set password_hash = $1 where email = $2")
        .bind(hash)
        .bind(ADA.email)
        .execute(&site.db.pool)
        .await
        .expect("the database");
}

async fn stored(site: &Site) -> String {
    let hash = sqlx::query_scalar("select password_hash from users where email = $1");
    hash.bind(ADA.email).fetch_one(&site.db.pool).await.expect("her hash")
}

/// Ada's password, hashed as another system might do it.
fn hashed(
    algorithm: Algorithm,
    version: Version,
    m: u32,
    t: u32,
    salt: &[u8],
    length: usize,
) -> String {
    let params = Params::new(m, t, 1, Some(length)).expect("settings");
    let mut output = vec![0; length];
    Argon2::new(algorithm, version, params.clone())
        .hash_password_into(ADA.password.as_bytes(), salt, &mut output)
        .expect("a hash");
    let hash = phc::PasswordHash {
        algorithm: algorithm.ident(),
        version: Some(version.into()),
        params: (&params).try_into().expect("settings"),
        salt: Some(phc::Salt::new(salt).expect("a salt")),
        hash: Some(phc::Output::new(&output).expect("a hash")),
    };
    hash.to_string()
}

async fn cannot_log_in(site: &Site, person: Person) {
    let mut browser = site.browser();
    person.logs_in(&mut browser).await;
    browser.must_be_at("/login", 422);
}

#[tokio::test]
async fn reference_hashes_log_in_and_are_rehashed() {
    let site = site_of_today().await;
    ADA.create_account(&site).await;
    let ada = Person { password: "password", ..ADA };
    for hash in REFERENCE {
        import(&site, hash).await;
        cannot_log_in(&site, Person { password: GRACE.password, ..ADA }).await;
        assert_eq!(stored(&site).await, hash, "a wrong password renews nothing");
        ada.log_in_on_new_device(&site).await;
        let renewed = stored(&site).await;
        assert!(renewed.starts_with(TODAY), "{hash} became {renewed}");
        ada.log_in_on_new_device(&site).await;
        assert_eq!(stored(&site).await, renewed, "renewed once");
    }
}

#[tokio::test]
async fn every_weaker_argon2_hash_logs_in_and_is_rehashed() {
    use Algorithm::{Argon2d, Argon2i, Argon2id};
    use Version::{V0x10, V0x13};
    const SALT: &[u8] = b"a salt, 16 bytes";
    let site = site_of_today().await;
    ADA.create_account(&site).await;
    for hash in [
        hashed(Argon2i, V0x13, 64, 2, SALT, 32),
        hashed(Argon2d, V0x13, 64, 2, SALT, 32),
        hashed(Argon2d, V0x10, 64, 2, SALT, 32),
        hashed(Argon2id, V0x10, 64, 2, SALT, 32),
        hashed(Argon2id, V0x13, 63, 4, SALT, 32),
        hashed(Argon2id, V0x13, 64, 1, SALT, 32),
        hashed(Argon2id, V0x13, 64, 2, &SALT[..15], 32),
        hashed(Argon2id, V0x13, 64, 2, SALT, 31),
    ] {
        import(&site, &hash).await;
        ADA.log_in_on_new_device(&site).await;
        let renewed = stored(&site).await;
        assert!(renewed.starts_with(TODAY) && renewed != hash, "{hash} stayed {renewed}");
    }
    for hash in [
        hashed(Argon2id, V0x13, 64, 2, SALT, 32),
        hashed(Argon2id, V0x13, 65, 3, SALT, 33),
        // Fewer passes over more memory: RFC 9106 §4 recommends t=1 with 2 GiB.
        hashed(Argon2id, V0x13, 128, 1, SALT, 32),
    ] {
        import(&site, &hash).await;
        ADA.log_in_on_new_device(&site).await;
        assert_eq!(stored(&site).await, hash, "not weaker than today's");
    }
}

#[tokio::test]
async fn a_bcrypt_hash_logs_in_and_is_rehashed_with_argon2id() {
    let site = site_of_today().await;
    ADA.create_account(&site).await;
    let hash = bcrypt::hash(ADA.password, 4).expect("a hash");
    import(&site, &hash).await;
    cannot_log_in(&site, Person { password: GRACE.password, ..ADA }).await;
    assert_eq!((stored(&site).await, BCRYPT_RUNS.load(Ordering::Relaxed)), (hash, 1));

    ADA.log_in_on_new_device(&site).await;
    let renewed = stored(&site).await;
    assert!(renewed.starts_with(TODAY), "{renewed}");
    ADA.log_in_on_new_device(&site).await;
    cannot_log_in(&site, Person { password: GRACE.password, ..ADA }).await;
    assert_eq!(BCRYPT_RUNS.load(Ordering::Relaxed), 2, "not after the first login");
    assert_eq!(stored(&site).await, renewed);
}

#[tokio::test]
async fn a_bcrypt_hash_with_an_excessive_cost_is_rejected() {
    let site = site_of_today().await;
    ADA.create_account(&site).await;
    let hash = bcrypt::hash(ADA.password, 4).expect("a hash").replace("$04$", "$31$");
    import(&site, &hash).await;
    let runs = site.app.hasher.runs();
    cannot_log_in(&site, ADA).await;
    assert_eq!(site.app.hasher.runs() - runs, 1, "one run of Argon2, as for an unknown user");
}

#[tokio::test]
async fn a_failed_rehash_does_not_stop_the_login() {
    let site = site_of_today().await;
    ADA.create_account(&site).await;
    let weak = hashed(Algorithm::Argon2id, Version::V0x13, 8, 1, b"a salt, 16 bytes", 32);
    import(&site, &weak).await;
    site.db
        .run(
            "create function fail() returns trigger language plpgsql
                 as $$ begin raise exception 'no space left on device'; end $$;
             create trigger fail before update of password_hash on users
                 for each row execute function fail()",
        )
        .await;
    ADA.log_in_on_new_device(&site).await;
    assert_eq!(stored(&site).await, weak);
    site.db.run("drop trigger fail on users").await;
    ADA.log_in_on_new_device(&site).await;
    assert!(stored(&site).await.starts_with(TODAY), "the next login renews it");
}

/// Otherwise a second run of Argon2 would reveal, by its time, that the password was right.
#[tokio::test]
async fn a_weak_hash_is_not_rehashed_while_a_reset_is_required() {
    let site = site_of_today().await;
    ADA.create_account(&site).await;
    let weak = hashed(Algorithm::Argon2id, Version::V0x13, 8, 1, b"a salt, 16 bytes", 32);
    import(&site, &weak).await;
    site.db.run("update users set reset_required_at = now()").await;
    let runs = site.app.hasher.runs();
    cannot_log_in(&site, ADA).await;
    assert_eq!(site.app.hasher.runs() - runs, 1);
    assert_eq!(stored(&site).await, weak);
}
