//! Logins as browsers do them: GET /login, then POST with its token and cookie, in a closed loop.
//!
//! All limits stay on. Each login is of another user, and the app sees another IP address each time
//! (`X-Forwarded-For`, believed because `TRUSTED_PROXIES` names this machine).

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use ureq::Agent;

use crate::database::{self, USERS};
use crate::http::{self, Received};

/// The network 10.0.0.0/8, one address for each login.
static NEXT: AtomicU32 = AtomicU32::new(0);

pub(crate) struct Logins {
    pub(crate) per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// Logs in from this many clients at once.
///
/// # Errors
/// When a login fails: then the rate would not be one of logins.
pub(crate) fn run(port: u16, clients: u32, seconds: u64) -> anyhow::Result<Logins> {
    let times = Mutex::new(Vec::new());
    let began = Instant::now();
    let end = began + Duration::from_secs(seconds);
    thread::scope(|scope| {
        let client = || {
            let agent = http::agent();
            while Instant::now() < end {
                let began = Instant::now();
                log_in(&agent, port, NEXT.fetch_add(1, Ordering::Relaxed))?;
                let took = began.elapsed().as_secs_f64() * 1_000.0;
                times.lock().expect("no client panics").push(took);
            }
            anyhow::Ok(())
        };
        let clients: Vec<_> = (0..clients).map(|_| scope.spawn(client)).collect();
        clients.into_iter().try_for_each(|client| client.join().expect("no client panics"))
    })?;
    let seconds = began.elapsed().as_secs_f64();
    let mut times = times.into_inner().expect("no client panics");
    times.sort_by(f64::total_cmp);
    ensure!(!times.is_empty(), "no login ended in time");
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    Ok(Logins { per_second: times.len() as f64 / seconds, p50_ms: at(0.5), p99_ms: at(0.99) })
}

fn log_in(agent: &Agent, port: u16, number: u32) -> anyhow::Result<()> {
    let [_, high, middle, low] = number.to_be_bytes();
    let address = format!("10.{high}.{middle}.{low}");
    let url = format!("http://127.0.0.1:{port}/login");
    let shown = agent.get(&url).header("Host", http::host(port));
    let shown = Received::read(shown.header("X-Forwarded-For", &address).call()?)?;
    let email = database::email(number % USERS + 1);
    let form = [
        ("csrf", shown.token()?),
        ("next", ""),
        ("email", &email),
        ("password", database::PASSWORD),
    ];
    let submitted = agent
        .post(&url)
        .header("Host", http::host(port))
        .header("X-Forwarded-For", &address)
        .header("Cookie", shown.cookies().join("; "))
        .send_form(form)?;
    let submitted = Received::read(submitted).context("POST /login")?;
    let begun = submitted.cookies().iter().any(|cookie| cookie.starts_with("__Host-session"));
    ensure!(submitted.status == 303 && begun, "a login was answered with {}", submitted.status);
    Ok(())
}
