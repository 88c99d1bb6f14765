//! argon2 0.6 is not async: no other request of the worker runs during a hash. On blocking threads,
//! up to 512 run at once, with 19 MiB each. A permit that the handler holds does not limit them:
//! the job continues when the handler is dropped. So in `src/accounts/password/hasher.rs::run` the
//! job on the blocking thread holds the permit.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use actix_web::web::block;
use argon2::{Argon2, Params, PasswordHasher};
use futures_util::future::{FutureExt, join, join_all};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::unbounded_channel;

fn hash() {
    let params = Params::new(Params::MIN_M_COST, 1, 1, None).expect("settings");
    Argon2::from(params).hash_password(b"correct horse battery staple").expect("a hash");
}

/// The order of a login and of a page, which run on one thread.
async fn order(login: impl Future<Output = ()>) -> Vec<&'static str> {
    let order = Mutex::new(Vec::new());
    let note = |event| order.lock().expect("one thread").push(event);
    join(
        async {
            note("login begins");
            login.await;
            note("login ends");
        },
        async { note("page") },
    )
    .await;
    order.into_inner().expect("one thread")
}

#[tokio::test]
async fn the_page_waits_for_the_login() {
    assert_eq!(order(async { hash() }).await, ["login begins", "login ends", "page"]);
    let elsewhere = async { block(hash).await.expect("no panic") };
    assert_eq!(order(elsewhere).await, ["login begins", "page", "login ends"]);
}

#[tokio::test]
async fn nothing_limits_blocking_jobs_to_the_number_of_cores() {
    let (begins, mut begun) = unbounded_channel();
    let (end, ends) = channel::<()>();
    let ends = Arc::new(Mutex::new(ends));
    let job = |_| {
        let (begins, ends) = (begins.clone(), ends.clone());
        block(move || {
            begins.send(()).expect("a test that waits");
            ends.lock().expect("no panic").recv().expect_err("nothing is sent");
        })
    };
    let jobs: Vec<_> = (0..300).map(job).collect();
    for _ in 0..300 {
        begun.recv().await.expect("a job that begins before another one ends");
    }
    drop(end);
    join_all(jobs).await;
}

#[tokio::test]
async fn a_permit_of_the_handler_is_free_while_its_job_runs() {
    let permits = Arc::new(Semaphore::new(1));
    let (continues, may_continue) = channel::<()>();
    let (ends, ended) = channel();
    let mut handler = Box::pin(async {
        let _permit = permits.acquire().await.expect("an open semaphore");
        block(move || ends.send(may_continue.recv())).await
    });
    assert!(handler.as_mut().now_or_never().is_none(), "it waits for its job");
    assert_eq!(permits.available_permits(), 0);
    drop(handler);
    assert_eq!(permits.available_permits(), 1, "the next job may begin");
    continues.send(()).expect("a job that still runs");
    assert_eq!(ended.recv(), Ok(Ok(())));
}
