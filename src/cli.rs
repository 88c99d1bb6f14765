//! The commands of the binary. Exit status: 0, 1 (failed), 2 (wrong use).

mod health;
mod user;

use std::time::Duration;

use actix_web::web;
use anyhow::Context;
use clap::{Parser, Subcommand};
use tracing_subscriber::Layer;

use crate::accounts::password::Hasher;
use crate::config::{Config, Waiver};
use crate::database::Database;
use crate::keys::Keys;
use crate::server::{self, Listeners, stop};
use crate::state::AppState;
use crate::web::rate_limit::RateLimit;
use crate::{background, database, lesson, metrics, telemetry};

/// A web app for logging in and staying logged in safely
#[derive(Parser)]
#[command(version)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the site (the default command)
    Serve,
    /// Check the settings, the database and the mail server without starting
    Doctor,
    /// Ask the app that runs on this machine whether it is ready
    Health,
    /// Bring the database's schema up to date
    Migrate,
    /// Delete expired rows now
    Prune,
    /// Create, find, lock, log out and delete accounts, and reset second factors
    User(user::UserArgs),
    /// Manage keys for SECRET_KEYS
    #[command(subcommand)]
    Key(KeyCommand),
}

#[derive(Subcommand)]
enum KeyCommand {
    /// Print a new key
    Generate,
    /// Encrypt stored secrets with the newest key, so that older ones can be removed
    Reseal,
}

/// Commands that a person types do not wait for the database; they fail at once.
const NO_WAIT: Duration = Duration::ZERO;

/// Runs the command.
///
/// # Errors
/// When the command fails, with a message for the person who runs it.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve(Config::load()?).await,
        Command::Doctor => doctor(&Config::load()?).await,
        Command::Health => {
            health::ask(&Config::load()?)?;
            println!("ready");
            Ok(())
        }
        Command::Migrate => {
            let config = Config::load()?;
            database::migrate(&connect(&config, config.database_wait).await?).await
        }
        Command::Prune => {
            let config = Config::load()?;
            let db = connect(&config, NO_WAIT).await?;
            let pruned = background::prune(&db, config.audit_retention).await?;
            println!("{pruned} expired rows deleted");
            Ok(())
        }
        Command::User(arguments) => user::run(Config::load()?, arguments).await,
        Command::Key(KeyCommand::Generate) => {
            println!("{}", Keys::generate());
            Ok(())
        }
        Command::Key(KeyCommand::Reseal) => {
            let config = Config::load()?;
            crate::totp::keys::reseal(&config, &connect(&config, NO_WAIT).await?).await
        }
    }
}

async fn doctor(config: &Config) -> anyhow::Result<()> {
    let database = async {
        let db = connect(config, NO_WAIT).await?;
        check_startup(config, &db).await?;
        crate::totp::keys::report(config, &db).await?;
        anyhow::Ok(())
    };
    let (database, mail) = (database.await, background::check_mail(config).await);
    if let Ok(false) = mail {
        println!("no SMTP_URL: emails stay in the outbox");
    }
    let problems = [database.err(), mail.err()].into_iter().flatten();
    let problems: Vec<String> = problems.map(|problem| format!("{problem:#}")).collect();
    anyhow::ensure!(problems.is_empty(), "{}", problems.join("\nvestibule: "));
    println!("all is well");
    Ok(())
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let layers = [
        metrics::logged_events(&config).map(Layer::boxed),
        lesson::statements::layer(&config).map(Layer::boxed),
    ];
    telemetry::start(&config, layers.into_iter().flatten().collect());
    let db = connect(&config, config.database_wait).await?;
    if config.environment.is_development() {
        database::migrate(&db).await?;
    }
    check_startup(&config, &db).await?;
    for waiver in &config.allow_unsafe {
        tracing::warn!(waiver = waiver.name(), "started with ALLOW_UNSAFE");
    }
    let listeners = Listeners::open(&config)?;
    let port = listeners.main.local_addr()?.port();
    let hasher = Hasher::new(config.argon2.clone(), config.argon2_concurrency)?;
    let state = web::Data::new(AppState::new(config, port, db, hasher)?);
    background::start(state.db.clone(), state.config.audit_retention);
    let delivery = background::deliver_mail(&state)?;
    let url = state.origin.url.clone();
    let metrics_url = metrics::serve(state.clone())?;
    let running = server::serve(state, RateLimit::default(), listeners, |_| {})?;
    let started = || {
        println!("listening on {url}");
        metrics_url.into_iter().for_each(|url| println!("metrics on {url}"));
    };
    stop::run(running, delivery, started).await?;
    tracing::info!("stopped");
    Ok(())
}

async fn connect(config: &Config, wait: Duration) -> anyhow::Result<Database> {
    database::connect(config, wait).await.with_context(|| {
        let database = &config.database;
        format!(
            "cannot reach PostgreSQL at {}:{} (DATABASE_URL). `bin/postgres start` starts the \
             private one",
            database.get_host(),
            database.get_port(),
        )
    })
}

/// Fails with all reasons not to start that only the database can tell.
async fn check_startup(config: &Config, db: &Database) -> anyhow::Result<()> {
    let mut reasons = Vec::new();
    if !database::is_current(db).await? {
        reasons.push("the database's schema is behind: run `vestibule migrate`");
    }
    let waived = config.allow_unsafe.contains(&Waiver::DatabaseSuperuser);
    let production = !config.environment.is_development();
    if production && !waived && database::is_superuser(db).await? {
        reasons.push(
            "DATABASE_URL logs in as a superuser: give the app a role of its own (waiver: \
             ALLOW_UNSAFE=database-superuser)",
        );
    }
    anyhow::ensure!(reasons.is_empty(), "not started:\n  - {}", reasons.join("\n  - "));
    Ok(())
}
