//! Carries mails from the outbox to the mail server.
//!
//! PostgreSQL rings at the commit of a mail (`LISTEN`), so it leaves within a second; a look every
//! ten seconds finds what is due again, and what a lost ring has missed. Several instances share
//! an outbox: each mail is claimed by one.
//!
//! Nothing is lost in a crash, and a mail goes out once, but for one moment: when the app dies
//! after the server took a mail and before the row says so, its claim runs out, and it is sent
//! once more for each such crash, under the same Message-ID. To send it never again would be to
//! lose it when the crash came a moment sooner.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

use super::outbox::{self, Claimed, Outcome};
use super::smtp::{Failure, Mailer};

/// How many mails one instance hands over at the same time, each on a connection of its own.
const AT_ONCE: u32 = 4;
const POLL: Duration = Duration::from_secs(10);
/// How long `stop` waits for mails in the middle of being handed over.
const STOP: Duration = Duration::from_secs(10);
/// What became of a mail must reach the outbox, or it is sent again: tried after these seconds.
const REPORTS: [u64; 5] = [0, 1, 4, 15, 60];

/// At work from `start` on.
pub struct Courier {
    places: Arc<Semaphore>,
}

impl Courier {
    pub fn start(db: PgPool, mailer: Mailer) -> Self {
        let places = Arc::new(Semaphore::new(AT_ONCE as usize));
        tokio::spawn(work(db, Arc::new(mailer), places.clone()));
        Self { places }
    }

    /// Begins nothing new, and waits for what is on its way: a mail that is cut off here would be
    /// due again in five minutes, and might arrive twice.
    pub async fn stop(&self) {
        match timeout(STOP, self.places.acquire_many(AT_ONCE)).await {
            Ok(Ok(all)) => all.forget(),
            _ => tracing::warn!("stopped in the middle of a mail; it is due again in 5 minutes"),
        }
    }
}

async fn work(db: PgPool, mailer: Arc<Mailer>, places: Arc<Semaphore>) {
    let mut bell = None;
    loop {
        // Listen first, look then: a mail that is committed in between has rung.
        if bell.is_none() {
            bell = listen(&db).await.inspect_err(log_database).ok();
        }
        loop {
            let Ok(place) = places.clone().acquire_owned().await else { return };
            match outbox::claim(&db).await {
                Ok(Some(mail)) => {
                    tokio::spawn(carry(db.clone(), mailer.clone(), mail, place));
                }
                Ok(None) => break,
                Err(error) => {
                    log_database(&error);
                    break;
                }
            }
        }
        let Some(listener) = &mut bell else {
            sleep(POLL).await;
            continue;
        };
        if let Ok(Err(error)) = timeout(POLL, listener.try_recv()).await {
            log_database(&error);
            bell = None;
            sleep(POLL).await;
        }
    }
}

async fn listen(db: &PgPool) -> sqlx::Result<PgListener> {
    let mut listener = PgListener::connect_with(db).await?;
    listener.listen(outbox::CHANNEL).await?;
    Ok(listener)
}

async fn carry(db: PgPool, mailer: Arc<Mailer>, mail: Claimed, _place: OwnedSemaphorePermit) {
    let answer = if mail.expired { Ok(Outcome::Expired) } else { hand_over(&mailer, &mail).await };
    for pause in REPORTS {
        sleep(Duration::from_secs(pause)).await;
        let told = match &answer {
            Ok(outcome) => outbox::finish(&db, &mail, *outcome, None).await,
            Err(Failure::Refused(problem)) => {
                outbox::finish(&db, &mail, Outcome::Refused, Some(problem)).await
            }
            Err(Failure::Failed(problem)) => outbox::postpone(&db, &mail, problem).await,
        };
        match told {
            Ok(true) => return,
            Ok(false) => {
                tracing::warn!(id = %mail.id, "a mail took longer than its claim lasts");
                return;
            }
            Err(error) => log_database(&error),
        }
    }
}

async fn hand_over(mailer: &Mailer, mail: &Claimed) -> Result<Outcome, Failure> {
    let (id, kind, attempt) = (mail.id, mail.kind.as_str(), mail.attempt);
    match mailer.send(mail).await {
        Ok(()) => {
            tracing::info!(%id, kind, attempt, "a mail was sent");
            Ok(Outcome::Sent)
        }
        Err(failure) => {
            let (Failure::Refused(problem) | Failure::Failed(problem)) = &failure;
            tracing::warn!(%id, kind, attempt, problem, "a mail was not taken");
            Err(failure)
        }
    }
}

fn log_database(error: &sqlx::Error) {
    tracing::warn!(%error, "the outbox cannot be reached; trying again");
}
