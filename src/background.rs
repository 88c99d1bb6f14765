//! Background tasks: prune expired rows, send emails, and report late emails in the log.
//!
//! Pruning runs every 15 minutes, as in Express's connect-pg-simple. Each pause is up to half
//! longer or shorter at random, so that instances that started together do not prune together.
//! `mail/delivery.rs` sends the emails.

use std::time::{Duration, Instant};

use crate::accounts::{audit, device, half_login, registration, session, token};
use crate::config::Config;
use crate::config::mail::Sender;
use crate::database::Database;
use crate::mail::delivery::Delivery;
use crate::mail::outbox;
use crate::mail::smtp::{CommandTimeouts, Mailer};
use crate::state::AppState;
use crate::supervise::supervise;
use crate::throttle;

const INTERVAL: Duration = Duration::from_secs(15 * 60);
/// How many rows one statement deletes at most: few, so that it does not lock rows for long.
const BATCH: i64 = 1_000;
/// The pause after a round of batches, as a multiple of its duration: the rest is for requests.
const PAUSE: u32 = 3;
/// The log warns of emails that have waited for longer than `LATE_AFTER`, once per `LATE_INTERVAL`.
const LATE_AFTER: Duration = Duration::from_secs(5 * 60);
const LATE_INTERVAL: Duration = Duration::from_secs(60);

/// Starts the pruning. It ends with the process; each statement is complete by itself.
pub fn start(db: Database, audit_retention: Duration) {
    actix_web::rt::spawn(async move {
        supervise("pruning", || prune_for_ever(&db, audit_retention)).await;
    });
}

async fn prune_for_ever(db: &Database, audit_retention: Duration) {
    loop {
        tokio::time::sleep(INTERVAL.mul_f64(rand::random_range(0.5..1.5))).await;
        match prune(db, audit_retention).await {
            Ok(pruned) => tracing::info!(pruned, "expired rows were pruned"),
            Err(error) => tracing::warn!(%error, "pruning failed; the next round tries again"),
        }
    }
}

/// Deletes expired sessions, counters, devices, tokens, registrations, half logins and challenges,
/// emails older than 30 days, and audit events past their retention, in batches. Returns how many
/// rows were deleted.
///
/// # Errors
/// When the database fails.
pub async fn prune(db: &Database, audit_retention: Duration) -> sqlx::Result<u64> {
    let mut total = 0;
    loop {
        let began = Instant::now();
        let pruned = [
            session::prune(db, BATCH).await?,
            throttle::prune(db, BATCH).await?,
            device::prune(db, BATCH).await?,
            token::prune(db, BATCH).await?,
            registration::prune(db, BATCH).await?,
            half_login::prune(db, BATCH).await?,
            crate::accounts::passkey::challenge::prune(db, BATCH).await?,
            outbox::prune(db, BATCH).await?,
            audit::prune(db, audit_retention, BATCH).await?,
        ];
        total += pruned.iter().sum::<u64>();
        if pruned.iter().all(|pruned| *pruned < BATCH as u64) {
            return Ok(total);
        }
        tokio::time::sleep(began.elapsed() * PAUSE).await;
    }
}

/// Starts to send emails. `None` without `SMTP_URL`: then emails stay in the outbox, which
/// development shows at `/dev/mailbox`.
///
/// # Errors
/// When the sender has no valid email address.
pub fn deliver_mail(state: &AppState) -> anyhow::Result<Option<Delivery>> {
    let Some(mailer) = mailer(&state.config, &state.origin.url, CommandTimeouts::RFC_5321)? else {
        return Ok(None);
    };
    let db = state.db.clone();
    actix_web::rt::spawn(async move { supervise("late mail", || report_late_mail(&db)).await });
    Ok(Some(Delivery::start(state.db.clone(), mailer)))
}

/// Warns of late emails in a separate task, because the delivery may hang. It warns in the log:
/// `/readyz` is public and would reveal whether a reset wrote an email (account enumeration).
async fn report_late_mail(db: &Database) {
    loop {
        match outbox::waiting(db).await {
            Ok(Some(waiting)) if waiting.oldest > LATE_AFTER => {
                let (mails, oldest) = (waiting.mails, waiting.oldest.as_secs());
                tracing::warn!(mails, oldest, "mail is late: seconds that the oldest has waited");
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the outbox cannot be reached"),
        }
        tokio::time::sleep(LATE_INTERVAL).await;
    }
}

/// Checks that the mail server would accept emails, and sends none. `false` without `SMTP_URL`.
///
/// # Errors
/// Names the stage that failed.
pub async fn check_mail(config: &Config) -> anyhow::Result<bool> {
    let origin = config.base_url.as_ref().map(|url| url.origin().ascii_serialization());
    let origin = origin.as_deref().unwrap_or("http://localhost");
    // Ten seconds for the greeting and for each command, because a person waits for the result.
    let timeouts = CommandTimeouts::RFC_5321.divided_by(30);
    let Some(mailer) = mailer(config, origin, timeouts)? else { return Ok(false) };
    let checked = mailer.check().await;
    checked.map_err(|failure| anyhow::anyhow!("SMTP_URL: {}", failure.problem()))?;
    Ok(true)
}

fn mailer(
    config: &Config,
    origin: &str,
    timeouts: CommandTimeouts,
) -> anyhow::Result<Option<Mailer>> {
    let Some(server) = config.mail.server.clone() else { return Ok(None) };
    let sender = config.mail.sender.clone();
    let sender = sender.unwrap_or_else(|| Sender::of_site(&config.app_name, origin));
    Mailer::new(server, &sender, timeouts, &[]).map(Some)
}
