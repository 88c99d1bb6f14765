//! Runs many futures concurrently, and waits for conditions.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use futures_util::future::join_all;

/// Runs all of them concurrently, and prints how many were active at the same time. Otherwise a
/// limit of a pool or a test runner could silently turn a race of fifty into one of five.
pub async fn race<F: Future>(runners: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let (under_way, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let outcomes = join_all(runners.into_iter().map(|runner| async {
        most.fetch_max(under_way.fetch_add(1, SeqCst) + 1, SeqCst);
        let outcome = runner.await;
        under_way.fetch_sub(1, SeqCst);
        outcome
    }))
    .await;
    println!("{} started, {} under way together", outcomes.len(), most.into_inner());
    outcomes
}

/// Waits until a condition is true, and panics after 20 seconds. Each check queries the database or
/// the network, so this is no busy loop and needs no sleep.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !is_so().await {
        assert!(std::time::Instant::now() < patience, "in vain: {what}");
    }
}
