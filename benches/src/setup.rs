//! What both benchmarks prepare and report alike.

use std::sync::LazyLock;
use std::time::Instant;

use crate::database::Database;
use crate::machine;

static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Tells on stderr what is happening now, and how long this process has been running.
pub(crate) fn say(text: &str) {
    eprintln!("bin/bench: {:3} s  {text}", BEGAN.elapsed().as_secs());
}

/// The version of PostgreSQL, and a word about what cannot be measured here.
pub(crate) async fn postgres(database: &Database) -> anyhow::Result<String> {
    if !machine::has_proc() {
        say("this system has no /proc: no check for a quiet machine, and no processor time");
    } else if database.postmaster().await?.is_none() {
        say("PostgreSQL does not run on this machine: its processor time is not measured");
    }
    Ok(sqlx::query_scalar("select split_part(current_setting('server_version'), ' ', 1)")
        .fetch_one(&database.pool)
        .await?)
}

/// `count` numbers from `first` on, `step` apart.
pub(crate) fn sample(first: u32, step: usize, count: usize) -> impl Iterator<Item = u32> {
    (first..).step_by(step).take(count)
}
