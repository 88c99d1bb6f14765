//! Sends mails from the outbox to the mail server.
//!
//! PostgreSQL notifies at the commit of a mail (`LISTEN`), so it is sent within a second; polling
//! every ten seconds finds mails that are due again, and those whose notification was lost. Several
//! instances share an outbox: each mail is claimed by one.
//!
//! Delivery is at-least-once. A claim lasts 5 minutes and is renewed while the attempt lasts. Right
//! before DATA it is checked once more, so an instance that was suspended does not send what
//! another one has sent meanwhile. A mail is sent twice when the server took it and the row does
//! not say so: the server's answer was lost, the app died or stopped before it, or the database
//! could not be reached for all of `REPORTS`. The Message-ID is the same. The other choice, never
//! to send such a mail again, would lose it when the server had not taken it.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};

use super::outbox::{self, Claimed, Outcome, Renewal};
use super::smtp::{Connection, Failure, Mailer, Outgoing};
use crate::database::{Database, Listener};
use crate::supervise::supervise;

/// How many mails one instance hands over at the same time, each on a connection of its own.
const AT_ONCE: u32 = 4;
const POLL: Duration = Duration::from_secs(10);
/// Before listening on a new connection.
const RECONNECT: Duration = Duration::from_secs(1);
/// A fifth of a claim, so that a database that is away for three minutes loses none.
const RENEW: Duration = Duration::from_secs(60);
/// `stop` waits this long for each of its two steps.
const STOP: Duration = Duration::from_secs(2);
/// The outcome of a mail must reach the outbox, or the mail is sent again. The pauses before each
/// try to write it, in seconds.
const REPORTS: [u64; 5] = [0, 1, 4, 15, 60];

/// Sends mails from `start` until `stop`.
pub struct Delivery {
    work: Arc<Work>,
}

/// How far `stop` has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Stop {
    No,
    /// No further mail is begun.
    NoMore,
    /// Attempts that have not come to DATA are abandoned.
    Abandon,
}

/// How an attempt ended without a failure.
enum Ended {
    Sent,
    Expired,
    /// Another instance has the mail now.
    Lost,
    /// Nothing was sent, because the app stops.
    Abandoned,
}

impl Delivery {
    pub fn start(db: Database, mailer: Mailer) -> Self {
        Self::renewing_every(RENEW, db, mailer)
    }

    /// Renews claims more often than production does; for tests.
    pub fn renewing_every(renew: Duration, db: Database, mailer: Mailer) -> Self {
        let places = Arc::new(Semaphore::new(AT_ONCE as usize));
        let work = Arc::new(Work { db, mailer, renew, places, stop: watch::Sender::new(Stop::No) });
        let supervised = work.clone();
        tokio::spawn(async move {
            supervise("delivery", || supervised.clone().run()).await;
        });
        Self { work }
    }

    /// Begins no mail and waits 2 seconds for those in progress. Then it abandons attempts before
    /// DATA and releases their claims, and waits 2 seconds for the rest. A mail that is still in
    /// DATA by then is due again within five minutes, and may arrive twice.
    pub async fn stop(&self) {
        for step in [Stop::NoMore, Stop::Abandon] {
            self.work.stop.send_replace(step);
            if let Ok(Ok(all)) = timeout(STOP, self.work.places.acquire_many(AT_ONCE)).await {
                return all.forget();
            }
        }
        tracing::warn!("stopped in the middle of a mail; it is due again within 5 minutes");
    }
}

/// What the tasks of one delivery share.
struct Work {
    db: Database,
    mailer: Mailer,
    renew: Duration,
    places: Arc<Semaphore>,
    stop: watch::Sender<Stop>,
}

impl Work {
    async fn run(self: Arc<Self>) {
        let mut notified = None;
        while *self.stop.borrow() == Stop::No {
            // Subscribe before looking, so that a mail committed in between still wakes us.
            if notified.is_none() {
                notified =
                    Listener::start(&self.db, outbox::CHANNEL).await.inspect_err(log_database).ok();
            }
            loop {
                let Ok(place) = self.places.clone().acquire_owned().await else { return };
                let Some(mail) = self.claim().await else { break };
                tokio::spawn(self.clone().carry(mail, place));
            }
            let Some(listener) = &mut notified else {
                sleep(POLL).await;
                continue;
            };
            if let Err(error) = listener.wait(POLL).await {
                log_database(&error);
                notified = None;
                sleep(RECONNECT).await;
            }
        }
    }

    async fn claim(&self) -> Option<Claimed> {
        if *self.stop.borrow() != Stop::No {
            return None;
        }
        outbox::claim(&self.db).await.inspect_err(log_database).ok().flatten()
    }

    /// Carries this mail, and on the same connection whatever else is due.
    async fn carry(self: Arc<Self>, first: Claimed, place: OwnedSemaphorePermit) {
        let mut connection = None;
        let mut next = Some(first);
        while let Some(mail) = next {
            let attempt = AssertUnwindSafe(self.attempt(&mail, &mut connection)).catch_unwind();
            // The panic hook has printed what happened. The mail is tried again later, since the
            // panic may not be its fault, and it does not hold up the others.
            let ended = attempt.await.unwrap_or_else(|_| {
                tracing::error!(id = %mail.id, "the delivery of a mail panicked");
                Err(Failure::Failed("the app panicked; see its log".to_owned()))
            });
            self.report(&mail, ended).await;
            next = self.claim().await;
        }
        // Before QUIT: the server may take its time.
        drop(place);
        if let Some(connection) = connection {
            connection.quit().await;
        }
    }

    async fn attempt(
        &self,
        mail: &Claimed,
        kept: &mut Option<Connection>,
    ) -> Result<Ended, Failure> {
        if mail.expired {
            return Ok(Ended::Expired);
        }
        let mut stop = self.stop.subscribe();
        let (mut connection, message) = tokio::select! {
            offered = self.offer(mail, kept.take()) => offered?,
            ended = self.renew_until_over(mail) => return Ok(ended),
            _ = stop.wait_for(|stop| *stop == Stop::Abandon) => return Ok(Ended::Abandoned),
        };
        // This process may have been suspended since the last renewal.
        let over = match outbox::renew(&self.db, mail).await {
            Ok(Renewal::Renewed) => None,
            Ok(Renewal::Expired) => Some(Ok(Ended::Expired)),
            Ok(Renewal::Lost) => Some(Ok(Ended::Lost)),
            Err(error) => {
                log_database(&error);
                Some(Err(Failure::Failed("the outbox could not be reached before DATA".to_owned())))
            }
        };
        if let Some(over) = over {
            connection.quit().await;
            return over;
        }
        tokio::select! {
            delivered = connection.deliver(&message) => delivered?,
            never = self.renew_for_ever(mail) => match never {},
        }
        *kept = Some(connection);
        Ok(Ended::Sent)
    }

    /// Everything before DATA. A connection that met a failure is not kept.
    async fn offer(
        &self,
        mail: &Claimed,
        kept: Option<Connection>,
    ) -> Result<(Connection, Outgoing), Failure> {
        let message = self.mailer.message(mail)?;
        let mut alive = None;
        if let Some(mut connection) = kept
            && connection.is_alive().await
        {
            alive = Some(connection);
        }
        let mut connection = match alive {
            Some(connection) => connection,
            None => self.mailer.connect().await?,
        };
        match connection.offer(&message).await {
            Ok(()) => Ok((connection, message)),
            Err(failure) => {
                connection.quit().await;
                Err(failure)
            }
        }
    }

    async fn renew_until_over(&self, mail: &Claimed) -> Ended {
        loop {
            sleep(self.renew).await;
            match outbox::renew(&self.db, mail).await {
                Ok(Renewal::Renewed) => {}
                Ok(Renewal::Expired) => return Ended::Expired,
                Ok(Renewal::Lost) => return Ended::Lost,
                Err(error) => log_database(&error),
            }
        }
    }

    /// Once DATA has begun, a lost claim does not stop the attempt: the server may have the mail.
    async fn renew_for_ever(&self, mail: &Claimed) -> Infallible {
        loop {
            if let Ended::Lost = self.renew_until_over(mail).await {
                std::future::pending().await
            }
        }
    }

    async fn report(&self, mail: &Claimed, ended: Result<Ended, Failure>) {
        let (id, kind, attempt) = (mail.id, mail.kind.as_str(), mail.attempt);
        match &ended {
            Ok(Ended::Sent) => tracing::info!(%id, kind, attempt, "a mail was sent"),
            Ok(Ended::Expired) => tracing::warn!(%id, kind, attempt, "a mail expired"),
            Ok(Ended::Lost) => tracing::warn!(%id, kind, attempt, "the claim of a mail was lost"),
            Ok(Ended::Abandoned) => tracing::info!(%id, kind, attempt, "a mail was given back"),
            Err(failure) => {
                let problem = failure.problem();
                tracing::warn!(%id, kind, attempt, problem, "a mail was not taken");
            }
        }
        for pause in REPORTS {
            sleep(Duration::from_secs(pause)).await;
            match self.write_down(mail, &ended).await {
                Ok(true) => return,
                Ok(false) => {
                    tracing::warn!(%id, kind, attempt, "a report came after the claim was lost");
                    return;
                }
                Err(error) => log_database(&error),
            }
        }
    }

    /// `false` when the claim was lost.
    async fn write_down(
        &self,
        mail: &Claimed,
        ended: &Result<Ended, Failure>,
    ) -> sqlx::Result<bool> {
        match ended {
            Ok(Ended::Sent) => outbox::finish(&self.db, mail, Outcome::Sent, None).await,
            Ok(Ended::Expired) => outbox::finish(&self.db, mail, Outcome::Expired, None).await,
            Ok(Ended::Lost) => Ok(true),
            Ok(Ended::Abandoned) => outbox::release(&self.db, mail).await,
            Err(Failure::Refused(problem)) => {
                outbox::finish(&self.db, mail, Outcome::Refused, Some(problem)).await
            }
            Err(Failure::Failed(problem)) => outbox::postpone(&self.db, mail, problem).await,
        }
    }
}

fn log_database(error: &sqlx::Error) {
    tracing::warn!(%error, "the outbox cannot be reached; trying again");
}
