//! Hashing flood: a login costs the attacker one request, and us 19 MiB and 15 ms of a core.
//!
//! Why it matters: the pool of blocking threads runs 512 jobs at once, which is 9.5 GiB, so a
//! laptop could take the site down. A client that disconnects leaves its job running, so a permit
//! that the cancelled handler held would be free too early.
//! Stops in: `src/accounts/password/hasher.rs` (permits inside the job, a queue of fixed length).
//! Sources: ASVS 5.0 15.1.3, 15.2.2, 15.4.4, 2.4.1; OWASP Password Storage Cheat Sheet; CWE-770.

use std::pin::pin;

use app::accounts::password::{Hasher, Password};
use argon2::Params;
use futures_util::future::{Either, join_all, select};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{get, in_time};
use crate::support::database::database;
use crate::support::labels::*;
use crate::support::people::{ADA, EVE, GRACE, Person};
use crate::support::raw;
use crate::support::site::{Site, config};

/// In KiB: enough to observe hashes while they run, and not enough to slow other tests down.
const MEMORY: u32 = 4 * 1024;

/// A site whose hashes are slow enough to observe. The first run was for Ada's password.
async fn site(iterations: u32, concurrency: usize) -> Site {
    let db = database().await;
    let config = config(&db.url, &[]);
    let params = Params::new(MEMORY, iterations, 1, None).expect("settings");
    let hasher = Hasher::new(params, concurrency).expect("a hasher");
    let site = Site::with_hasher(db, config, hasher).await;
    // Opens every connection before the flood, so that only hashing takes time.
    join_all((0..16).map(|_| site.app.db.acquire())).await;
    ADA.create_account(&site).await;
    site
}

/// A login to Ada's account with a wrong password, as the bytes of a request.
async fn login(site: &Site) -> Vec<u8> {
    let mut browser = site.browser();
    browser.visit("/login").await;
    let form = browser.form(LOG_IN);
    let (_, token) = form.pairs().into_iter().find(|(name, _)| *name == "csrf").expect("a token");
    let visitor = browser.cookie("__Host-visitor").expect("the visitor's cookie");
    let body = format!("csrf={token}&email=ada%40example.com&password=wrong");
    format!(
        "POST /login HTTP/1.1\r\nHost: {}\r\nCookie: __Host-visitor={visitor}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        site.app.origin.host,
        body.len()
    )
    .into_bytes()
}

/// The most concurrent hashes that were seen before `event`.
async fn most_until<T>(site: &Site, event: impl Future<Output = T>) -> (u64, T) {
    let mut event = pin!(event);
    let mut most = 0;
    loop {
        most = most.max(site.app.hasher.running());
        match select(event, pin!(tokio::task::yield_now())).await {
            Either::Left((result, _)) => return (most, result),
            Either::Right(((), rest)) => event = rest,
        }
    }
}

async fn until_running(site: &Site) {
    in_time(async {
        while site.app.hasher.running() == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn sixty_four_concurrent_logins_are_hashed_two_at_a_time() {
    let site = site(3, 2).await;
    let request = login(&site).await;
    let logins = join_all((0..64).map(|_| raw::send(site.address, &request)));
    let meanwhile = async {
        until_running(&site).await;
        let alive = get(&site, "/healthz", b"").await;
        (alive.status, site.app.hasher.runs())
    };
    let (most, (answers, (alive, runs))) =
        most_until(&site, async { tokio::join!(logins, meanwhile) }).await;
    // 1: on a busy machine the test may never see two at the same time.
    assert!((1..=2).contains(&most), "{most} hashes at once");
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [422; 64], "all are answered");
    assert_eq!(alive, 200);
    assert!(runs < 1 + 64, "/healthz waited for the logins");
}

#[tokio::test]
async fn a_login_that_finds_the_hashing_queue_full_gets_503() {
    let site = site(400, 1).await;
    let request = login(&site).await;
    let password = Password::typed(ADA.password);
    let all = site.app.clone();
    // More jobs than the queue holds; the first one runs for a long time.
    let queue = pin!(join_all((0..100).map(|_| all.hasher.hash(&password))));
    let refused = pin!(async {
        until_running(&site).await;
        let refused = raw::send(site.address, &request).await;
        (refused, get(&site, "/login", b"").await.status)
    });
    let Either::Right(((refused, page), _)) = select(queue, refused).await else {
        panic!("the queue was empty before an answer came");
    };
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("5")));
    assert!(refused.text().contains(TOO_BUSY));
    assert_eq!(page, 200, "pages are still shown");
}

/// Otherwise a flood of logins would lock out everybody who tries to log in meanwhile.
#[tokio::test]
async fn an_attempt_that_a_full_queue_rejects_is_not_counted() {
    // Slow hashes keep the queue full. This site counts attempts.
    let slow = Params::new(MEMORY, 400, 1, None).expect("settings");
    let site = Site::behind_a_proxy_with(slow).await;
    let mut browser = ADA.at(&site).await;
    let mut stranger = site.browser();
    Person { password: GRACE.password, ..ADA }.logs_in(&mut stranger).await;
    stranger.must_be_at("/login", 422);
    let before = counters(&site).await;
    assert!(before.contains("login account 1 1"), "{before}");

    let request = login(&site).await;
    let password = Password::typed(ADA.password);
    let all = site.app.clone();
    let queue = pin!(join_all((0..2_000).map(|_| all.hasher.hash(&password))));
    let rejected = pin!(async {
        until_running(&site).await;
        for _ in 0..12 {
            assert_eq!(raw::send(site.address, &request).await.status, 503);
        }
        // A login on a known device, and changes of the password.
        let mut known = browser.clone();
        known.restart();
        ADA.logs_in(&mut known).await;
        known.must_be_at("/login", 503);
        for _ in 0..6 {
            browser.visit("/account/password").await;
            let fields = [(CURRENT_PASSWORD, EVE.password), (NEW_PASSWORD, GRACE.password)];
            browser.submit(CHANGE_PASSWORD, &fields).await;
            browser.must_be_at("/account/password", 503);
        }
        counters(&site).await
    });
    let Either::Right((after, _)) = select(queue, rejected).await else {
        panic!("the queue was empty before the last answer came");
    };
    let counted = |counters: &str| -> Vec<String> {
        // The first attempt inserts rows for its keys. Rows without failures are ignored here.
        let lines = counters.lines().filter(|line| !line.ends_with(" 0 0 false"));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(counted(&after), counted(&before));
}

/// The counters: action, scope, failures, failures in a row, whether the key has to wait.
async fn counters(site: &Site) -> String {
    let lines = "select coalesce(string_agg(concat_ws(' ', action, scope, failures, in_a_row,
                     (wait_until > now())::text), e'\n' order by action, scope, key_hash), '')
                 from throttles";
    sqlx::query_scalar(lines).fetch_one(&site.db.pool).await.expect("the counters")
}

#[tokio::test]
async fn a_hashing_job_keeps_its_permit_after_the_client_disconnects() {
    let site = site(80, 1).await;
    let request = login(&site).await;
    let mut rude = TcpStream::connect(site.address).await.expect("a connection");
    rude.write_all(&request).await.expect("to write");
    until_running(&site).await;
    // A TCP reset cancels the handler immediately; an ordinary close does not.
    rude.set_zero_linger().expect("a reset");
    drop(rude);
    let (most, answer) = most_until(&site, raw::send(site.address, &request)).await;
    assert_eq!((most, answer.status), (1, 422));
    assert_eq!(site.app.hasher.runs(), 1 + 2);
}

/// The most memory that this process has had, in MB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the peak");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") / 1024
}

#[tokio::test]
#[ignore = "measures the memory of the whole process, so it must run alone, and on Linux"]
async fn sixty_four_concurrent_hashes_need_one_buffer_per_permit() {
    let before = peak();
    let hasher = Hasher::new(Params::default(), 2).expect("a hasher");
    let password = Password::typed(ADA.password);
    for _ in 0..4 {
        let hashes = join_all((0..64).map(|_| hasher.hash(&password))).await;
        assert!(hashes.iter().all(Result::is_ok));
    }
    let grown = peak() - before;
    println!("{before} MB before, {grown} MB more with 64 at once in 2 permits");
    assert!(grown <= 2 * 20 + 10, "{grown} MB");
}
