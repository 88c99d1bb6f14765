//! Emails, from the transaction that writes them to the mail server that accepts them. Tests with a
//! real server, and with a killed app, are in `tests/smtp`.

mod addresses;
mod claims;
mod connections;
mod expiry;
mod faults;
mod headers;
mod outbox;
mod stop;
mod supervision;

use std::time::Duration;

use app::config::mail::MailSettings;
use app::database::Database;
use app::mail::delivery::Delivery;
use app::mail::smtp::{CommandTimeouts, Mailer};
use app::mail::{self, Letterhead, Mail};

use crate::support::mail_server::MailServer;
use crate::support::people::ADA;
use crate::support::site;

/// The email that is the example in `src/mail.rs`.
#[derive(askama::Template)]
#[template(path = "mail/notice.txt")]
pub struct Notice<'a> {
    pub letterhead: Letterhead<'a>,
    pub happened: &'a str,
    pub restores: bool,
    pub link: &'a str,
}

pub fn notice() -> Mail {
    let letterhead = Letterhead { app_name: "Vestibule", origin: "https://id.example.com" };
    let happened = "The password of your account was changed – on 24 November 2026.";
    let link = "https://id.example.com/not-me/abc";
    let words = Notice { letterhead, happened, restores: false, link };
    Mail::new("account.password", "Your password was changed", &words).expect("a template")
}

/// Writes an email to Ada and commits it.
pub async fn write(db: &Database, mail: Mail) {
    write_to(db, ADA.email, mail).await;
}

pub async fn write_to(db: &Database, address: &str, mail: Mail) {
    let mut tx = db.begin().await.expect("a transaction");
    mail::send(&mut tx, address, mail).await.expect("a row in the outbox");
    tx.commit().await.expect("to commit");
}

/// A mailer for this server, with the sender `Login <hello@id.example.com>`.
pub fn mailer(server: &MailServer) -> Mailer {
    mailer_at(&format!("smtp://127.0.0.1:{}", server.port), CommandTimeouts::RFC_5321, &[])
}

pub fn mailer_at(url: &str, timeouts: CommandTimeouts, roots: &[&str]) -> Mailer {
    let settings = [("SMTP_URL", url), ("MAIL_FROM", "Login <hello@id.example.com>")];
    let MailSettings { server, sender } = site::config("postgres://localhost/none", &settings).mail;
    Mailer::new(server.expect("a server"), &sender.expect("a sender"), timeouts, roots)
        .expect("a mailer")
}

/// Gives up after 300 ms at a stage, or 450 ms for greeting and EHLO together.
pub fn impatient() -> CommandTimeouts {
    let wait = Duration::from_millis(300);
    let half = wait / 2;
    // `Mailer::greet` waits for the sum of `greeting` and `command`.
    CommandTimeouts {
        address: wait,
        setup: wait,
        greeting: half,
        command: wait,
        data: wait,
        content: wait,
    }
}

/// Sends emails to this server until the delivery is stopped.
pub fn carry(db: &Database, server: &MailServer) -> Delivery {
    Delivery::start(db.clone(), mailer(server))
}

/// The row of the only email in the outbox.
#[derive(Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Row {
    pub outcome: Option<String>,
    pub problem: Option<String>,
    pub body: Option<String>,
    pub attempts: i32,
}

pub async fn the_row(db: &Database) -> Row {
    let row = sqlx::query_as("select outcome, problem, body, attempts from outbox");
    row.fetch_one(db).await.expect("one mail")
}
