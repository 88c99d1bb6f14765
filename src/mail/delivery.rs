//! Sends emails from the outbox to the mail server.
//!
//! PostgreSQL sends a notification when an email is committed (`LISTEN`), so the email is sent
//! within a second. Polling every ten seconds finds emails that are due again, or whose
//! notification was lost. When several instances share an outbox, one of them claims each email.
//!
//! Delivery is at-least-once. A claim lasts 5 minutes and is renewed during the attempt. It is
//! checked again right before DATA: another instance may have sent the email while this one was
//! suspended. An email is sent twice if the server accepted it and the row does not say so. Then
//! the server's reply was lost, the app ended before it, or the database was unavailable during
//! all `REPORT_PAUSES`. Both copies have the same Message-ID. Never trying again would lose emails.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};

use super::outbox::{self, Claimed, DeliveryOutcome, Renewal};
use super::smtp::{Failure, Mailer, Outgoing, SmtpConnection};
use crate::database::{Database, Listener};
use crate::supervise::supervise;

/// How many emails one instance sends concurrently, each on its own connection.
const CONCURRENT_MAILS: u32 = 4;
const POLL: Duration = Duration::from_secs(10);
/// The pause before `LISTEN` on a new connection.
const RECONNECT: Duration = Duration::from_secs(1);
/// How often a claim of 5 minutes is renewed. So it survives a database outage of 3 minutes.
const RENEW: Duration = Duration::from_secs(60);
/// How long `stop` waits in each of its two steps.
const STOP: Duration = Duration::from_secs(2);
/// The pauses, in seconds, before each try to write the outcome of an attempt to the outbox. If
/// all of them fail, the email is sent again.
const REPORT_PAUSES: [u64; 5] = [0, 1, 4, 15, 60];

/// Sends emails from `start` until `stop`.
pub struct Delivery {
    work: Arc<Work>,
}

/// The steps of `Delivery::stop`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Stop {
    No,
    /// No further email is claimed.
    NoMore,
    /// Attempts that have not reached DATA are abandoned.
    Abandon,
}

/// How an attempt ended without a failure.
enum Ended {
    Sent,
    Expired,
    /// The claim was lost: another instance has claimed or finished the email.
    Lost,
    /// Nothing was sent, because the app is stopping.
    Abandoned,
}

impl Delivery {
    pub fn start(db: Database, mailer: Mailer) -> Self {
        Self::renewing_every(RENEW, db, mailer)
    }

    /// Like `start`, with another interval for renewing claims; for tests.
    pub fn renewing_every(renew: Duration, db: Database, mailer: Mailer) -> Self {
        let permits = Arc::new(Semaphore::new(CONCURRENT_MAILS as usize));
        let work =
            Arc::new(Work { db, mailer, renew, permits, stop: watch::Sender::new(Stop::No) });
        let supervised = work.clone();
        tokio::spawn(async move {
            supervise("delivery", || supervised.clone().run()).await;
        });
        Self { work }
    }

    /// Claims no further email and waits 2 seconds for attempts in progress. Then it abandons those
    /// that have not reached DATA, releases their claims, and waits 2 more seconds. An email that
    /// is still in DATA after that is due again within 5 minutes, and may be delivered twice.
    pub async fn stop(&self) {
        for step in [Stop::NoMore, Stop::Abandon] {
            self.work.stop.send_replace(step);
            if let Ok(Ok(all)) =
                timeout(STOP, self.work.permits.acquire_many(CONCURRENT_MAILS)).await
            {
                return all.forget();
            }
        }
        tracing::warn!("stopped in the middle of a mail; it is due again within 5 minutes");
    }
}

/// The state that the tasks of one delivery share.
struct Work {
    db: Database,
    mailer: Mailer,
    renew: Duration,
    permits: Arc<Semaphore>,
    stop: watch::Sender<Stop>,
}

impl Work {
    async fn run(self: Arc<Self>) {
        let mut notified = None;
        while *self.stop.borrow() == Stop::No {
            // Subscribe before polling, so that an email committed in between still wakes us.
            if notified.is_none() {
                notified =
                    Listener::start(&self.db, outbox::CHANNEL).await.inspect_err(log_database).ok();
            }
            loop {
                let Ok(place) = self.permits.clone().acquire_owned().await else { return };
                let Some(mail) = self.claim().await else { break };
                tokio::spawn(self.clone().send_due(mail, place));
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

    /// Sends this email and, on the same connection, all others that are due.
    async fn send_due(self: Arc<Self>, first: Claimed, place: OwnedSemaphorePermit) {
        let mut connection = None;
        let mut next = Some(first);
        while let Some(mail) = next {
            let attempt = AssertUnwindSafe(self.attempt(&mail, &mut connection)).catch_unwind();
            // The panic hook has printed the message. The email is sent again later, because it
            // may not have caused the panic. Other emails are not delayed.
            let ended = attempt.await.unwrap_or_else(|_| {
                tracing::error!(id = %mail.id, "the delivery of a mail panicked");
                Err(Failure::Failed("the app panicked; see its log".to_owned()))
            });
            self.report(&mail, ended).await;
            next = self.claim().await;
        }
        // Before QUIT, because the server may reply slowly.
        drop(place);
        if let Some(connection) = connection {
            connection.quit().await;
        }
    }

    async fn attempt(
        &self,
        mail: &Claimed,
        kept: &mut Option<SmtpConnection>,
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
            never = self.keep_renewing(mail) => match never {},
        }
        *kept = Some(connection);
        Ok(Ended::Sent)
    }

    /// Runs all stages before DATA. After a failure the connection is closed.
    async fn offer(
        &self,
        mail: &Claimed,
        kept: Option<SmtpConnection>,
    ) -> Result<(SmtpConnection, Outgoing), Failure> {
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

    /// After DATA, a lost claim does not end the attempt: the server may already have the email.
    async fn keep_renewing(&self, mail: &Claimed) -> Infallible {
        loop {
            if let Ended::Lost = self.renew_until_over(mail).await {
                std::future::pending::<()>().await;
            }
        }
    }

    async fn report(&self, mail: &Claimed, ended: Result<Ended, Failure>) {
        let (id, kind, attempt) = (mail.id, mail.kind.as_str(), mail.attempt);
        match &ended {
            Ok(Ended::Sent) => {
                tracing::info!(%id, kind, attempt, outcome = "sent", "a mail was sent");
            }
            Ok(Ended::Expired) => {
                tracing::warn!(%id, kind, attempt, outcome = "expired", "a mail expired");
            }
            Ok(Ended::Lost) => tracing::warn!(%id, kind, attempt, "the claim of a mail was lost"),
            Ok(Ended::Abandoned) => tracing::info!(%id, kind, attempt, "a mail was given back"),
            Err(failure) => {
                let problem = failure.problem();
                tracing::warn!(%id, kind, attempt, outcome = "failed", problem, "a mail was not taken");
            }
        }
        for pause in REPORT_PAUSES {
            sleep(Duration::from_secs(pause)).await;
            match self.record_outcome(mail, &ended).await {
                Ok(true) => return,
                Ok(false) => {
                    tracing::warn!(%id, kind, attempt, "a report came after the claim was lost");
                    return;
                }
                Err(error) => log_database(&error),
            }
        }
    }

    /// Writes the outcome to the outbox. `false` when the claim was lost.
    async fn record_outcome(
        &self,
        mail: &Claimed,
        ended: &Result<Ended, Failure>,
    ) -> sqlx::Result<bool> {
        match ended {
            Ok(Ended::Sent) => outbox::finish(&self.db, mail, DeliveryOutcome::Sent, None).await,
            Ok(Ended::Expired) => {
                outbox::finish(&self.db, mail, DeliveryOutcome::Expired, None).await
            }
            Ok(Ended::Lost) => Ok(true),
            Ok(Ended::Abandoned) => outbox::release(&self.db, mail).await,
            Err(Failure::Rejected(problem)) => {
                outbox::finish(&self.db, mail, DeliveryOutcome::Rejected, Some(problem)).await
            }
            Err(Failure::Failed(problem)) => outbox::postpone(&self.db, mail, problem).await,
        }
    }
}

fn log_database(error: &sqlx::Error) {
    tracing::warn!(%error, "the outbox cannot be reached; trying again");
}
