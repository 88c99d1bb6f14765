//! Restarts background tasks after a panic.
//!
//! Tokio catches a panic in a spawned task and returns it from the `JoinHandle`. The app never
//! awaits the handle of a background task, so without this module the task would just end.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::{Instant, sleep};

/// Runs `task` until it returns. After a panic it starts again, after a pause of 1 s, 2 s … up to a
/// minute. A run of more than a minute resets the pause to 1 s.
pub async fn supervise<F: Future<Output = ()>>(name: &str, task: impl FnMut() -> F) {
    with_pauses(name, Duration::from_secs(1), Duration::from_secs(60), task).await;
}

async fn with_pauses<F: Future<Output = ()>>(
    name: &str,
    first: Duration,
    longest: Duration,
    mut task: impl FnMut() -> F,
) {
    let mut pause = first;
    loop {
        let started = Instant::now();
        // The panic hook has printed the message. It is not repeated here, because it may contain
        // input of a visitor.
        if AssertUnwindSafe(task()).catch_unwind().await.is_ok() {
            return;
        }
        if started.elapsed() > longest {
            pause = first;
        }
        tracing::error!(task = name, ?pause, "a background task panicked; it is started again");
        sleep(pause).await;
        pause = longest.min(pause * 2);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_is_started_again_after_growing_pauses() {
        let (started, runs) = (Instant::now(), Cell::new(0));
        let (first, longest) = (Duration::from_millis(10), Duration::from_millis(40));
        with_pauses("test", first, longest, || {
            runs.set(runs.get() + 1);
            let panics = runs.get() <= 4;
            async move { assert!(!panics, "as the test wants") }
        })
        .await;
        assert_eq!(runs.get(), 5);
        assert!(started.elapsed() >= Duration::from_millis(10 + 20 + 40 + 40));
    }
}
