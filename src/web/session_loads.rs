//! Loads the sessions of concurrent requests together, and extends their idle timeouts.
//!
//! Each worker has a loader: a task with a connection of its own. While PostgreSQL answers one
//! statement, arriving loads wait; the next statement is for all of them. No timer delays a load,
//! and the busier the site is, the more requests share a round trip. Why this is correct:
//!
//! - Nothing is cached. A statement begins after its loads have arrived, so each load sees what was
//!   committed before its request: a logout, a credential change, a lock.
//! - A load gets the row with its own hash. The number and the order of the rows mean nothing.
//! - An error is the result of the loads of that statement, and of no others. If a row is the
//!   reason, each of them is repeated alone, so one user's data cannot fail the others.
//! - Nothing waits for a request that was cancelled. The loader skips its load or drops the result.
//! - Touches use the pool, so no load waits for them, one statement per worker at a time. Sessions
//!   that become due meanwhile are in the next one. `session::touch` never waits for a locked row.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::mem::take;
use std::sync::Arc;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tracing::{Instrument, Span};

use crate::accounts::session::{self, Session};
use crate::accounts::session_id::SessionIdHash;
use crate::database::{Database, Dedicated, is_lost};

/// How many loads share a statement at most.
const MAX_LOADS: usize = 64;
/// PostgreSQL would plan `= any($1)` again for every batch, which costs more than the batch. The
/// one plan uses the indexes, even if it is made while the tables are small.
const SETTINGS: [(&str, &str); 2] =
    [("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off")];

/// `None`: there is no valid session. All loads of a statement share its error.
type Found = Result<Option<Session>, Arc<sqlx::Error>>;

struct Load {
    id_hash: SessionIdHash,
    /// The span of the request.
    span: Span,
    result: oneshot::Sender<Found>,
}

/// The loader of a worker. It ends when this is dropped.
pub struct SessionLoads {
    db: Database,
    queue: RefCell<Option<UnboundedSender<Load>>>,
}

impl SessionLoads {
    pub fn new(db: Database) -> Self {
        Self { db, queue: RefCell::default() }
    }

    pub async fn load(&self, id_hash: SessionIdHash) -> Found {
        let (result, found) = oneshot::channel();
        // If the loader has panicked, `found` returns an error.
        let _ = self.queue().send(Load { id_hash, span: Span::current(), result });
        found.await.unwrap_or_else(|_| Err(Arc::new(sqlx::Error::WorkerCrashed)))
    }

    /// The queue of the loader, which starts with the first load, and again after a panic.
    fn queue(&self) -> UnboundedSender<Load> {
        let mut queue = self.queue.borrow_mut();
        if let Some(running) = queue.as_ref().filter(|queue| !queue.is_closed()) {
            return running.clone();
        }
        let (sender, loads) = unbounded_channel();
        tokio::spawn(run(self.db.clone(), loads));
        queue.insert(sender).clone()
    }
}

async fn run(db: Database, mut loads: UnboundedReceiver<Load>) {
    let mut dedicated = db.dedicated(&SETTINGS);
    let (mut batch, mut due) = (Vec::new(), HashSet::new());
    let mut touching = tokio::spawn(async {});
    loop {
        tokio::select! {
            taken = loads.recv_many(&mut batch, MAX_LOADS) => if taken == 0 { return },
            _ = &mut touching, if !due.is_empty() => {}
        }
        batch.retain(|load: &Load| !load.result.is_closed());
        if !batch.is_empty() {
            run_batch(&mut dedicated, take(&mut batch), &mut due).await;
        }
        if !due.is_empty() && touching.is_finished() {
            touching = tokio::spawn(touch(db.clone(), take(&mut due)));
        }
    }
}

async fn run_batch(dedicated: &mut Dedicated, batch: Vec<Load>, due: &mut HashSet<SessionIdHash>) {
    let id_hashes: Vec<_> = batch.iter().map(|load| load.id_hash).collect();
    tracing::trace!(loads = id_hashes.len(), "a batch");
    // Tells the log for which requests the statement runs.
    let span = tracing::debug_span!("batch");
    for load in &batch {
        span.follows_from(&load.span);
    }
    let found = find(dedicated, &id_hashes).instrument(span).await.map_err(Arc::new);
    if batch.len() > 1 && found.as_ref().is_err_and(|error| is_about_a_row(error)) {
        for load in batch {
            Box::pin(run_batch(dedicated, vec![load], due)).await;
        }
        return;
    }
    for Load { id_hash, result, .. } in batch {
        let session = found.as_ref().map(|found| found.get(&id_hash).cloned());
        if let Ok(Some(Session { touch_due: true, .. })) = session {
            due.insert(id_hash);
        }
        // Fails if the request was cancelled meanwhile.
        let _ = result.send(session.map_err(Arc::clone));
    }
}

async fn find(
    dedicated: &mut Dedicated,
    id_hashes: &[SessionIdHash],
) -> sqlx::Result<HashMap<SessionIdHash, Session>> {
    let mut query = async || session::find(dedicated.ready().await?, id_hashes).await;
    let first = query().await;
    // Try again on a new connection. Never for a write, which may have succeeded already.
    if first.as_ref().is_err_and(is_lost) { query().await } else { first }
}

/// Whether a value in a row is the reason, so that the loads of the other rows succeed alone.
fn is_about_a_row(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::ColumnDecode { .. } => true,
        // Class 22, data exceptions: a timeout of 'infinity', for example.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("22")),
        _ => false,
    }
}

/// Records activity. Tries twice, because a lost touch could log out an active user; a touch that
/// has succeeded already changes nothing.
async fn touch(db: Database, due: HashSet<SessionIdHash>) {
    let id_hashes: Vec<_> = due.into_iter().collect();
    for _ in 0..2 {
        match session::touch(&db, &id_hashes).await {
            Ok(_) => return,
            Err(error) => tracing::warn!(%error, "sessions could not be touched"),
        }
    }
}
