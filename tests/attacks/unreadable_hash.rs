//! Unreadable hash: the attacker looks for accounts whose stored hash the server cannot verify.
//!
//! Why it matters: a hash from another system, or an operator's `!`, is not Argon2. If its user got
//! a 500, and an unknown email address a 422, the status would show who has an account. A hash with
//! m=4 GiB would also take the machine's memory at each attempt.
//! Stops in: `src/accounts/password/hasher.rs` (`verify` treats what `stored_hash.rs` cannot read
//! as a wrong password, after one run against the dummy hash).
//! Sources: ASVS 5.0 6.3.8, 16.5.1; CWE-204, CWE-208, CWE-770; ranisalt/node-argon2#133.

use app::accounts::password::PasswordHash;
use app::accounts::user;
use app::email::Email;

use super::enumeration::answer;
use crate::support::database::database;
use crate::support::labels::*;
use crate::support::people::{ADA, GRACE, Person};
use crate::support::process::Process;
use crate::support::site::Site;

const BCRYPT: &str = "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";
const SCRYPT: &str =
    "$scrypt$ln=17,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$8pWBHWYQ7gXW7QHoGzyzG3XuKJ2Q1BLEyjjcBYKWBxg";
const TOO_MUCH_MEMORY: &str = "$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$8pWBHWYQ7gXW7QHoGzyzG3XuKJ2Q1BLEyjjcBYKWBxg";

/// Stored hashes with which every login fails. `right` is the hash of Ada's password under the test
/// settings: `$argon2id$v=19$m=8,t=1,p=1$salt$hash`.
fn unreadable(right: &str) -> Vec<String> {
    let parts: Vec<&str> = right.split('$').collect();
    let [_, _, _, _, salt, hash] = parts[..] else { panic!("no PHC string") };
    let with_settings = |settings: &str| right.replace("m=8,t=1,p=1", settings);
    vec![
        BCRYPT.to_owned(),
        SCRYPT.to_owned(),
        "!".to_owned(),
        String::new(),
        "$".to_owned(),
        "$argon2id".to_owned(),
        "$argon2id$".to_owned(),
        // Truncated within the salt, and within the output.
        right[..40].to_owned(),
        right[..55].to_owned(),
        format!("{right}$more"),
        format!("imported:{right}"),
        right.replace("argon2id", "argon2x"),
        right.replace("argon2id", "ARGON2ID"),
        right.replace("v=19", "v=20"),
        right.replace("v=19", "v=-1"),
        TOO_MUCH_MEMORY.to_owned(),
        with_settings("m=4294967295,t=1,p=1"),
        with_settings("m=8,t=1000000000,p=1"),
        with_settings("m=134217720,t=1,p=16777215"),
        with_settings("m=8,t=1,p=0"),
        with_settings("m=8,t=0,p=1"),
        with_settings("m=0,t=1,p=1"),
        with_settings("m=8,t=1,p=2"),
        with_settings("m=8,t=1"),
        with_settings("t=1,p=1"),
        with_settings("m=99999999999,t=1,p=1"),
        with_settings("m=8,t=1,p=1,x=1"),
        // With a secret key or associated data, which only the other system has.
        with_settings("m=8,t=1,p=1,keyid=a2V5"),
        with_settings("m=8,t=1,p=1,data=ZGF0YQ"),
        right.replace(salt, ""),
        right.replace(salt, "c2FsdA"),
        right.replace(salt, "no base64!"),
        right.replace(hash, ""),
        format!("$argon2id$v=19$m=8,t=1,p=1${salt}"),
        "$argon2id$v=19$m=8,t=1,p=1".to_owned(),
        "$ключ$🔑=é,\u{fffd}$\u{202e}$\n".to_owned(),
        "$argon2id$v=1é$m=8,t=1,p=1$é$é".to_owned(),
        "$argon2id$".repeat(10_000),
    ]
}

async fn store(site: &Site, hash: &str) {
    let stored = sqlx::query("update users set password_hash = $1 where email = $2")
        .bind(hash)
        .bind(ADA.email)
        .execute(&site.db.pool)
        .await
        .expect("the database");
    assert_eq!(stored.rows_affected(), 1);
}

async fn stored(site: &Site) -> String {
    let hash = sqlx::query_scalar("select password_hash from users where email = $1");
    hash.bind(ADA.email).fetch_one(&site.db.pool).await.expect("her hash")
}

#[tokio::test]
async fn a_login_with_an_unreadable_hash_gets_the_response_to_a_wrong_password() {
    let site = Site::start().await;
    ADA.create_account(&site).await;
    let wrong = Person { password: GRACE.password, ..ADA };
    let expected = answer(&mut site.browser(), wrong).await;
    for hash in unreadable(&stored(&site).await) {
        let shown: String = hash.chars().take(120).collect();
        store(&site, &hash).await;
        let runs = site.app.hasher.runs();
        // Ada's password: it matched the hash before the hash was damaged.
        let answer = answer(&mut site.browser(), ADA).await;
        assert_eq!(answer, expected, "{shown}");
        assert_eq!(site.app.hasher.runs() - runs, 1, "runs of Argon2: {shown}");
        assert_eq!(stored(&site).await, hash, "it is kept for the operator");
    }
}

#[tokio::test]
async fn a_password_change_with_an_unreadable_hash_rejects_the_current_password() {
    let site = Site::start().await;
    let mut browser = ADA.at(&site).await;
    let right = stored(&site).await;
    for hash in unreadable(&right) {
        let shown: String = hash.chars().take(120).collect();
        store(&site, &hash).await;
        browser.visit("/account/password").await;
        let runs = site.app.hasher.runs();
        let fields = [(CURRENT_PASSWORD, ADA.password), (NEW_PASSWORD, GRACE.password)];
        browser.submit(CHANGE_PASSWORD, &fields).await;
        browser.must_be_at("/account/password", 422);
        browser.must_see(WRONG_CURRENT_PASSWORD);
        assert_eq!(site.app.hasher.runs() - runs, 1, "runs of Argon2: {shown}");
    }
}

/// Runs the real program, because a process has only one log.
#[tokio::test]
async fn each_login_with_an_unreadable_hash_logs_one_error_with_the_user_id_only() {
    let db = database().await;
    let site = Process::logging(&db, &[("RUST_LOG", "info")]);

    let mut users = Vec::new();
    for (email, hash) in [
        ("bcrypt@example.com", BCRYPT),
        ("scrypt@example.com", SCRYPT),
        ("nobody@example.com", "!"),
        ("memory@example.com", TOO_MUCH_MEMORY),
    ] {
        let email = Email::parse(email).expect("an address");
        let hash = PasswordHash::stored(hash.to_owned());
        let user = user::create(&db.pool, &email, &hash).await.expect("the database");
        users.push((user.expect("a new user"), hash));
    }
    for (user, _) in &users {
        let mut browser = site.browser();
        browser.visit("/login").await;
        let fields = [(EMAIL, user.email.as_str()), (PASSWORD, ADA.password)];
        browser.submit(LOG_IN, &fields).await;
        browser.must_be_at("/login", 422);
    }
    let mut browser = site.browser();
    Person { email: "unknown@example.com", ..ADA }.logs_in(&mut browser).await;
    browser.must_be_at("/login", 422);
    let log = site.log();

    let errors: Vec<&str> = log.lines().filter(|line| line.contains("ERROR")).collect();
    assert_eq!(errors.len(), users.len(), "{errors:#?}");
    for (user, hash) in &users {
        let id = user.id.to_string();
        let of_user = errors.iter().filter(|line| line.contains(&id)).count();
        assert_eq!(of_user, 1, "{errors:#?}");
        assert!(!log.contains(&user.email), "the log holds {}", user.email);
        assert!(hash.as_str() == "!" || !log.contains(hash.as_str()), "the log holds a hash");
    }
}
