//! Many at the same moment, and how many that really was.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use futures_util::future::join_all;

/// Runs all of them at once, and prints how many were under way together: a limit somewhere, of
/// a pool or of a test runner, would make a race of fifty a race of five without a word.
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

/// Waits until the database says so. A question over the network each time, so no busy loop, and
/// no sleep either; a change that never comes ends the test.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !is_so().await {
        assert!(std::time::Instant::now() < patience, "in vain: {what}");
    }
}
