//! What goes on beside the requests: what has expired is pruned, mails are carried, and mails that
//! are late are reported in the log.
//!
//! Express's connect-pg-simple does it every 15 minutes; so do we, with a jitter, so that instances
//! started together do not work together. `mail/courier.rs` tells how mails go.

use std::time::Duration;

use sqlx::PgPool;

use crate::accounts::{audit, device, registration, session, throttle, token};
use crate::app::App;
use crate::config::Config;
use crate::config::mail::Sender;
use crate::mail::courier::Courier;
use crate::mail::outbox;
use crate::mail::smtp::{Mailer, Timeouts};
use crate::supervise::supervise;

const INTERVAL: Duration = Duration::from_secs(15 * 60);
/// Small, so that no statement holds many rows, and requests get their turn in between.
const BATCH: i64 = 1_000;
/// How old a mail gets before the log says so, and how often it does.
const LATE: Duration = Duration::from_secs(5 * 60);
const LATE_INTERVAL: Duration = Duration::from_secs(60);

/// Starts the loops. They end with the process: what they do can be cut off anywhere.
pub fn start(db: PgPool, audit_retention: Duration) {
    actix_web::rt::spawn(async move {
        supervise("pruning", || prune_for_ever(&db, audit_retention)).await;
    });
}

async fn prune_for_ever(db: &PgPool, audit_retention: Duration) {
    loop {
        tokio::time::sleep(INTERVAL.mul_f64(rand::random_range(0.5..1.5))).await;
        match prune(db, audit_retention).await {
            Ok(pruned) => tracing::info!(pruned, "expired rows were pruned"),
            Err(error) => tracing::warn!(%error, "pruning failed; the next round tries again"),
        }
    }
}

/// Deletes every expired session, counter, device, token and registration, old mails, and audit
/// events beyond their retention, in batches. Returns how many there were.
pub async fn prune(db: &PgPool, audit_retention: Duration) -> sqlx::Result<u64> {
    let mut total = 0;
    loop {
        let pruned = [
            session::prune(db, BATCH).await?,
            throttle::prune(db, BATCH).await?,
            device::prune(db, BATCH).await?,
            token::prune(db, BATCH).await?,
            registration::prune(db, BATCH).await?,
            outbox::prune(db, BATCH).await?,
            audit::prune(db, audit_retention, BATCH).await?,
        ];
        total += pruned.iter().sum::<u64>();
        if pruned.iter().all(|pruned| *pruned < BATCH as u64) {
            return Ok(total);
        }
    }
}

/// Carries mails from now on. `None` when there is no server to hand them to: they stay where
/// `/dev/mailbox` shows them.
///
/// # Errors
/// When the sender is no address.
pub fn carry_mail(app: &App) -> anyhow::Result<Option<Courier>> {
    let Some(mailer) = mailer(&app.config, &app.origin.url, Timeouts::RFC_5321)? else {
        return Ok(None);
    };
    let db = app.db.clone();
    actix_web::rt::spawn(async move { supervise("late mail", || report_late_mail(&db)).await });
    Ok(Some(Courier::start(app.db.clone(), mailer)))
}

/// A task of its own, so that a courier that hangs cannot hide it. In the log and not in `/readyz`,
/// which anybody may ask: whether a reset for some address made a mail is nobody's business.
async fn report_late_mail(db: &PgPool) {
    loop {
        match outbox::waiting(db).await {
            Ok(Some(waiting)) if waiting.oldest > LATE => {
                let (mails, oldest) = (waiting.mails, waiting.oldest.as_secs());
                tracing::warn!(mails, oldest, "mail is late: seconds that the oldest has waited");
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the outbox cannot be reached"),
        }
        tokio::time::sleep(LATE_INTERVAL).await;
    }
}

/// Whether the mail server would take mails, without sending one. `false` when there is none.
///
/// # Errors
/// With the stage that failed.
pub async fn check_mail(config: &Config) -> anyhow::Result<bool> {
    let origin = config.base_url.as_ref().map(|url| url.origin().ascii_serialization());
    let origin = origin.as_deref().unwrap_or("http://localhost");
    // Ten seconds for each answer: somebody is waiting.
    let timeouts = Timeouts::RFC_5321.divided_by(30);
    let Some(mailer) = mailer(config, origin, timeouts)? else { return Ok(false) };
    let checked = mailer.check().await;
    checked.map_err(|failure| anyhow::anyhow!("SMTP_URL: {}", failure.problem()))?;
    Ok(true)
}

fn mailer(config: &Config, origin: &str, timeouts: Timeouts) -> anyhow::Result<Option<Mailer>> {
    let Some(server) = config.mail.server.clone() else { return Ok(None) };
    let sender = config.mail.sender.clone();
    let sender = sender.unwrap_or_else(|| Sender::of_site(&config.app_name, origin));
    Mailer::new(server, &sender, timeouts, &[]).map(Some)
}
