//! `vestibule user …`: what an operator does to accounts.
//!
//! `create EMAIL`         an account with a password from standard input, or an invitation by email
//! `invitations`          every invitation that nobody has accepted yet
//! `withdraw EMAIL`       makes the invitations of an email address invalid
//! `list`                 every account
//! `show EMAIL`           one account, and what happened to it
//! `lock EMAIL`           rejects its logins and ends its sessions, until `unlock EMAIL`
//! `log-out EMAIL`        ends its sessions
//! `reset-factors EMAIL`  removes its second factors, for a user who has lost them all
//! `delete EMAIL`         deletes it, with everything that names the person
//!
//! Each command that changes or shows something writes an audit event, in the transaction of its
//! change. Access to the database is the only authorization: an operator is somebody who can read
//! the app's settings. No secret is an argument, because other users of the machine can list those.

mod invitations;
mod output;

use std::io::{BufRead, BufReader, IsTerminal, Read, Write, stderr, stdin};

use anyhow::{Context, anyhow};
use clap::error::ErrorKind;
use clap::{Args, Subcommand};
use sqlx::PgExecutor;

use crate::accounts::audit::{self, Actor, Kind};
use crate::accounts::password::{Hasher, NewHash, Password};
use crate::accounts::user::operated::{self, HeldUser};
use crate::accounts::user::{overview, proof};
use crate::accounts::{credentials, registration, second_factor, token};
use crate::config::Config;
use crate::database::{self, Transaction};
use crate::deletion;
use crate::email::{Email, EmailError};
use crate::mail::notice;
use crate::state::AppState;
use output::{Done, Output};

/// How many accounts `list` reads at once.
const PAGE: i64 = 1_000;
/// How many events `show` prints.
const EVENTS: i64 = 10;
/// The most that is read of a password. The longest one takes 1 KiB.
const PASSWORD_BYTES: u64 = 16 * 1_024;

#[derive(Args)]
pub(super) struct UserArgs {
    #[command(subcommand)]
    command: UserCommand,
    /// Print JSON: one object, and for a list one on each line
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum UserCommand {
    /// Create an account; the password is the first line of standard input
    Create {
        #[arg(value_parser = email)]
        email: Email,
        /// Read the password from standard input even if that is a terminal, which will show it
        #[arg(long)]
        password_stdin: bool,
        /// Email a link instead, with which the person chooses the password
        #[arg(long, conflicts_with = "password_stdin")]
        invite: bool,
    },
    /// List every invitation that was not accepted and has not expired
    Invitations,
    /// Make the invitations of an email address invalid
    Withdraw {
        #[arg(value_parser = email)]
        email: Email,
    },
    /// List every account, oldest first
    List,
    /// Show one account, and the last events about it
    Show {
        #[arg(value_parser = email)]
        email: Email,
    },
    /// Reject every login to an account, and end its sessions
    Lock {
        #[arg(value_parser = email)]
        email: Email,
    },
    /// Allow logins to a locked account again
    Unlock {
        #[arg(value_parser = email)]
        email: Email,
    },
    /// End every session of an account
    LogOut {
        #[arg(value_parser = email)]
        email: Email,
    },
    /// Remove the second factors of an account whose owner has lost them, and end its sessions
    ResetFactors {
        #[arg(value_parser = email)]
        email: Email,
    },
    /// Delete an account, with everything that names the person
    Delete {
        #[arg(value_parser = email)]
        email: Email,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

fn email(typed: &str) -> Result<Email, EmailError> {
    Email::parse(typed)
}

/// # Errors
/// A `clap::Error` if the command is used in a wrong way; otherwise why it failed.
pub(super) async fn run(config: Config, arguments: UserArgs) -> anyhow::Result<()> {
    let output = Output { json: arguments.json };
    let command = arguments.command;
    check_use(&command)?;
    let db = super::connect(&config, super::NO_WAIT).await?;
    anyhow::ensure!(
        database::is_current(&db).await?,
        "the database's schema is behind: run `vestibule migrate`"
    );
    let hasher = Hasher::new(config.argon2.clone(), config.argon2_concurrency)?;
    let port = config.listen.port();
    let app = AppState::new(config, port, db, hasher)?;
    match command {
        UserCommand::Create { email, invite: true, .. } => {
            invitations::invite(&app, output, &email).await
        }
        UserCommand::Create { email, .. } => create(&app, output, &email).await,
        UserCommand::Invitations => invitations::list(&app, output).await,
        UserCommand::Withdraw { email } => invitations::withdraw(&app, output, &email).await,
        UserCommand::List => list(&app, output).await,
        UserCommand::Show { email } => show(&app, output, &email).await,
        UserCommand::Lock { email } => lock(&app, output, &email).await,
        UserCommand::Unlock { email } => unlock(&app, output, &email).await,
        UserCommand::LogOut { email } => log_out(&app, output, &email).await,
        UserCommand::ResetFactors { email } => reset_factors(&app, output, &email).await,
        UserCommand::Delete { email, yes } => delete(&app, output, &email, yes).await,
    }
}

/// Rejects what clap cannot check: a command that would ask a question without a terminal.
fn check_use(command: &UserCommand) -> Result<(), clap::Error> {
    let has_terminal = stdin().is_terminal();
    let missing = match command {
        UserCommand::Create { password_stdin: false, invite: false, .. } if has_terminal => {
            "pipe the password into this command, or use --password-stdin or --invite"
        }
        UserCommand::Delete { yes: false, .. } if !has_terminal => {
            "a deletion is confirmed on a terminal; without one, it needs --yes"
        }
        _ => return Ok(()),
    };
    Err(clap::Error::raw(ErrorKind::MissingRequiredArgument, format!("{missing}\n")))
}

async fn create(app: &AppState, output: Output, email: &Email) -> anyhow::Result<()> {
    let hash = match app.hash_new(&read_password()?, email).await? {
        NewHash::Hashed(hash) => hash,
        NewHash::TooWeak(weakness) => anyhow::bail!("{}", weakness.reason),
    };
    let mut tx = app.db.begin().await?;
    let created = registration::create_user(&mut tx, email, &hash).await?;
    let user = created.with_context(|| has_account(email))?;
    audit::record(&mut tx, Kind::UserCreated, Some(user.id), Actor::Operator).await?;
    tx.commit().await?;
    output.done(&Done::new("create", &user.email), "created")
}

fn read_password() -> anyhow::Result<Password> {
    let mut typed = String::new();
    let mut input = BufReader::new(stdin().take(PASSWORD_BYTES));
    input.read_line(&mut typed).context("the password on standard input")?;
    Ok(Password::typed(typed.trim_end_matches(['\r', '\n'])))
}

fn has_account(email: &Email) -> String {
    format!("{} already has an account", email.as_str())
}

async fn list(app: &AppState, output: Output) -> anyhow::Result<()> {
    let mut tx = app.db.begin().await?;
    audit::record(&mut tx, Kind::UsersListed, None, Actor::Operator).await?;
    tx.commit().await?;
    let mut after = None;
    loop {
        let users = overview::page(&app.db, after, PAGE).await?;
        if !output.users(&users)? || (users.len() as i64) < PAGE {
            return Ok(());
        }
        after = users.last().map(|user| user.id);
    }
}

async fn show(app: &AppState, output: Output, email: &Email) -> anyhow::Result<()> {
    let mut tx = app.db.begin().await?;
    let Some(user) = overview::of(&mut *tx, email).await? else {
        return Err(no_account(&mut *tx, email).await);
    };
    let events = audit::list(&mut *tx, user.id, None, EVENTS).await?;
    audit::record(&mut tx, Kind::UserShown, Some(user.id), Actor::Operator).await?;
    tx.commit().await?;
    output.overview(&user, &events)
}

/// A thief may have changed the email address. Then the command is given again with the new one.
async fn no_account(db: impl PgExecutor<'_>, email: &Email) -> anyhow::Error {
    let typed = email.as_str();
    match operated::moved_from(db, email).await {
        Ok(Some(new)) => anyhow!("{typed} has no account now; the account that had it has {new}"),
        Ok(None) => anyhow!("{typed} has no account"),
        Err(error) => error.into(),
    }
}

async fn lock(app: &AppState, output: Output, email: &Email) -> anyhow::Result<()> {
    let (mut tx, user) = hold(app, email).await?;
    let done = Done::new("lock", &user.email);
    if user.is_locked {
        return output.done(&done.unchanged(), "locked before, nothing changed");
    }
    operated::lock(&mut tx, user.id).await?;
    let sessions = credentials::end_access(&mut tx, user.id, None).await?;
    audit::record(&mut tx, Kind::UserLocked, Some(user.id), Actor::Operator).await?;
    tx.commit().await?;
    output.done(&done.ending(sessions), "locked")
}

async fn hold(app: &AppState, email: &Email) -> anyhow::Result<(Transaction, HeldUser)> {
    let mut tx = app.db.begin().await?;
    match operated::hold(&mut tx, email).await? {
        Some(user) => Ok((tx, user)),
        None => Err(no_account(&mut *tx, email).await),
    }
}

async fn unlock(app: &AppState, output: Output, email: &Email) -> anyhow::Result<()> {
    let (mut tx, user) = hold(app, email).await?;
    let done = Done::new("unlock", &user.email);
    if !user.is_locked {
        return output.done(&done.unchanged(), "not locked, nothing changed");
    }
    operated::unlock(&mut tx, user.id).await?;
    audit::record(&mut tx, Kind::UserUnlocked, Some(user.id), Actor::Operator).await?;
    tx.commit().await?;
    output.done(&done, "unlocked")
}

async fn log_out(app: &AppState, output: Output, email: &Email) -> anyhow::Result<()> {
    let (mut tx, user) = hold(app, email).await?;
    proof::raise_epoch(&mut tx, user.id).await?;
    let sessions = credentials::end_access(&mut tx, user.id, None).await?;
    audit::record(&mut tx, Kind::UserLoggedOut, Some(user.id), Actor::Operator).await?;
    tx.commit().await?;
    output.done(&Done::new("log-out", &user.email).ending(sessions), "logged out")
}

async fn reset_factors(app: &AppState, output: Output, email: &Email) -> anyhow::Result<()> {
    let (mut tx, user) = hold(app, email).await?;
    let done = Done::new("reset-factors", &user.email);
    if !second_factor::remove_all(&mut tx, user.id).await? {
        return output.done(&done.unchanged(), "no second factor, nothing changed");
    }
    proof::raise_epoch(&mut tx, user.id).await?;
    let sessions = credentials::end_access(&mut tx, user.id, None).await?;
    audit::record(&mut tx, Kind::UserFactorsReset, Some(user.id), Actor::Operator).await?;
    notice::factors_reset(&mut tx, app, (user.id, &user.email)).await?;
    tx.commit().await?;
    output.done(&done.ending(sessions), "second factors removed, owner told by email")
}

async fn delete(app: &AppState, output: Output, email: &Email, yes: bool) -> anyhow::Result<()> {
    // Asked before a row is locked: logins must not wait for the answer.
    if !yes {
        let Some(known) = overview::of(&app.db, email).await? else {
            return Err(no_account(&app.db, email).await);
        };
        anyhow::ensure!(confirmed(&known.email)?, "not deleted");
    }
    let (mut tx, user) = hold(app, email).await?;
    let addresses = token::addresses(&mut tx, user.id).await?;
    deletion::delete(&mut tx, &app.throttle, &user, Kind::UserDeleted, Actor::Operator).await?;
    notice::account_deleted(&mut tx, app, &addresses, None).await?;
    tx.commit().await?;
    output.done(&Done::new("delete", &user.email), "deleted, owner told by email")
}

/// Asks for the email address on the terminal, because a `y` is typed too easily.
fn confirmed(email: &str) -> anyhow::Result<bool> {
    write!(stderr(), "This deletes {email} for ever. Type the email address to confirm: ")?;
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    Ok(answer.trim().eq_ignore_ascii_case(email))
}
