//! Limits must not stop legitimate users: many people behind one IP address, and an owner who is
//! locked out by an attacker's attempts.

use app::accounts::device::DeviceToken;
use app::throttle::limits::{Action, Key, LIMITS, Limit, Scope};
use app::throttle::{Rejection, Throttle};
use uuid::Uuid;

use crate::support::asking::*;
use crate::support::clock;
use crate::support::database::{Database, database};
use crate::support::guesses::*;
use crate::support::labels::*;
use crate::support::mailbox::newest;
use crate::support::people::{ADA, Person};
use crate::support::site::Site;

const ACCOUNT: &str = ADA.email;
const OFFICE: &str = "192.0.2.7";
const NEW: &str = "marble kangaroo umbrella";

#[tokio::test]
async fn thirty_people_behind_one_ip_address_all_get_their_mails() {
    let site = Site::behind_a_proxy().await;
    ADA.create_account(&site).await;
    for number in 0..30 {
        let email = format!("person{number}@example.com");
        registers(&site, OFFICE, &email).await.must_be_at("/email/verify", 200);
        assert_eq!(mails(&site, &email, "email.verify").await, 1, "{email}");
    }
    request_reset_from(&site, OFFICE, ADA.email).await.must_be_at("/password/reset/sent", 200);
    assert_eq!(mails(&site, ADA.email, "password.reset.asked").await, 1);
}

#[tokio::test]
async fn an_email_gets_three_reset_mails_and_then_one_an_hour() {
    let site = Site::behind_a_proxy().await;
    ADA.create_account(&site).await;
    for number in 0..6 {
        request_reset_from(&site, &address(number), ADA.email).await;
    }
    let mut sent = vec![mails(&site, ADA.email, "password.reset.asked").await];
    for number in 1..=6 * 10 {
        clock::later(&site.db, "10 minutes").await;
        request_reset_from(&site, &address(number), ADA.email).await;
        if number % 6 == 0 {
            sent.push(mails(&site, ADA.email, "password.reset.asked").await);
        }
    }
    assert_eq!(sent, [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13], "at 0 hours, at 1 hour …");
}

#[tokio::test]
async fn a_locked_out_owner_can_log_in_after_a_reset() {
    let site = Site::behind_a_proxy().await;
    ADA.create_account(&site).await;
    let nobody = Person { email: "nob@example.com", ..ADA };
    for person in [ADA, nobody] {
        exceed_account_limit(&site, person).await;
    }
    let closed =
        "update throttles set wait_until = 'infinity' where action = 'login' and scope = 'account'";
    site.db.run(closed).await;
    let mut texts = Vec::new();
    for person in [ADA, nobody] {
        let mut browser = stranger(&site, OFFICE).await;
        assert_eq!(try_password(&mut browser, person.email, person.password).await, 429);
        browser.must_see("where you've logged in before");
        browser.must_see("reset your password");
        texts.push(browser.text().replace(person.email, "…"));
    }
    assert_eq!(texts[0], texts[1]);

    let mut browser = request_reset_from(&site, OFFICE, ADA.email).await;
    browser.visit(&newest(&site.db, ADA.email).await.link("/password/reset/")).await;
    browser.submit(CHANGE_PASSWORD, &[(NEW_PASSWORD, NEW)]).await;
    assert_eq!(try_password(&mut browser, ADA.email, NEW).await, 303);
}

fn throttle(db: &Database) -> Throttle {
    Throttle::new(db.pool.clone(), [7; 32])
}

async fn admitted(throttle: &Throttle, action: Action, keys: &[Key<'_>]) -> bool {
    throttle.admit(action, keys).await.expect("the database").counted().is_ok()
}

fn key(scope: Scope) -> Key<'static> {
    let device = DeviceToken::parse(&"A".repeat(43)).expect("a value").hash();
    let ip = OFFICE.parse().expect("an IP address");
    match scope {
        Scope::Account => Key::Account(ACCOUNT),
        Scope::IpAddress => Key::IpAddress(ip),
        Scope::Pair => Key::Pair(ACCOUNT, ip),
        Scope::Device => Key::Device(device, ACCOUNT),
        Scope::AllDevices => Key::AllDevices(ACCOUNT),
        Scope::Registration => Key::Registration(Uuid::nil()),
    }
}

/// The wait after the last attempt, in seconds: exact, because it is read from the row.
async fn wait(db: &Database, limit: &Limit) -> u64 {
    let wait = "select case when isfinite(wait_until)
                    then extract(epoch from wait_until - counted_at)::bigint else 0 end
                from throttles where action = $1 and scope = $2";
    let wait =
        sqlx::query_scalar::<_, i64>(wait).bind(limit.action.name()).bind(limit.scope.name());
    wait.fetch_one(&db.pool).await.expect("the counter").try_into().expect("a wait")
}

#[tokio::test]
async fn every_limit_behaves_as_its_row_in_the_table() {
    let db = database().await;
    let throttle = throttle(&db);
    for limit in LIMITS {
        let (name, key) = ((limit.action, limit.scope), [key(limit.scope)]);
        let (first, longest) = (limit.first_wait.as_secs(), limit.longest_wait.as_secs());
        // Enough attempts to reach the longest wait and stay there for two more.
        let enough = longest.div_ceil(first).next_power_of_two().ilog2() as i32 + 2;
        let attempts = limit.in_a_row.map_or(enough, |most| (most - limit.free - 1).min(enough));
        for number in 1..=limit.free + attempts {
            assert!(admitted(&throttle, limit.action, &key).await, "{name:?}, {number}");
            let doublings = number - limit.free;
            let promised = if doublings < 0 { 0 } else { longest.min(first << doublings) };
            assert_eq!(wait(&db, limit).await, promised, "{name:?} after attempt {number}");
            if promised > 0 {
                clock::later(&db, "-1 day").await;
                assert!(!admitted(&throttle, limit.action, &key).await, "{name:?}, {number}");
                clock::later(&db, &format!("1 day {promised} seconds")).await;
            }
        }
        if limit.in_a_row == Some(limit.free + attempts + 1) {
            assert!(admitted(&throttle, limit.action, &key).await, "{name:?}: the last one");
            clock::later(&db, "300 days").await;
            let closed =
                throttle.admit(limit.action, &key).await.expect("the database").counted().err();
            assert_eq!(closed, Some(Rejection::LockedOut), "{name:?}");
            continue;
        }
        // One attempt is forgotten per longest wait: two now, and one in the wait before.
        clock::later(&db, &format!("{} seconds", 2 * longest)).await;
        let before = failures(&db, limit).await;
        assert!(admitted(&throttle, limit.action, &key).await, "{name:?}");
        assert_eq!(failures(&db, limit).await, before - 3 + 1, "{name:?}");
    }
}

async fn failures(db: &Database, limit: &Limit) -> i32 {
    let failures = "select failures from throttles where action = $1 and scope = $2";
    let failures = sqlx::query_scalar(failures).bind(limit.action.name());
    failures.bind(limit.scope.name()).fetch_one(&db.pool).await.expect("the counter")
}

#[tokio::test]
async fn a_code_is_guessed_five_times_per_registration_and_thirty_times_per_email() {
    let db = database().await;
    let throttle = throttle(&db);
    let guess = async |registration: u128, ip: usize| {
        let ip = Key::IpAddress(address(ip).parse().expect("an IP address"));
        let keys = [Key::Registration(Uuid::from_u128(registration)), Key::Account(ACCOUNT), ip];
        admitted(&throttle, Action::EmailVerify, &keys).await
    };
    for registration in 0..6 {
        for number in 0..8 {
            assert_eq!(guess(registration, number).await, number < 5, "{registration}, {number}");
        }
    }
    assert!(!guess(6, 20).await, "a new registration at a new IP address");
    clock::later(&db, "1 minute").await;
    assert!(guess(6, 20).await);
}

#[tokio::test]
async fn resetting_one_mail_budget_leaves_the_others() {
    let db = database().await;
    let (throttle, account) = (throttle(&db), [Key::Account(ACCOUNT)]);
    let actions = [Action::PasswordResetMail, Action::EmailVerifyMail];
    for action in actions {
        for number in 0..5 {
            assert_eq!(admitted(&throttle, action, &account).await, number < 3);
        }
    }
    throttle.reset(Action::PasswordResetMail, &account).await.expect("the database");
    for (action, free) in actions.into_iter().zip([3, 0]) {
        for number in 0..5 {
            assert_eq!(admitted(&throttle, action, &account).await, number < free);
        }
    }
}
