//! Why an email was not accepted: the stage that failed, and whether to try again.

use std::error::Error as StdError;
use std::fmt::{self, Display};
use std::io;
use std::time::Duration;

use lettre::transport::smtp::Error;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

/// The stage of an SMTP session that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Resolve,
    Connect,
    Tls,
    Certificate,
    Greeting,
    Ehlo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    EndOfData,
}

impl Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "name resolution",
            Self::Connect => "connect",
            Self::Tls => "TLS",
            Self::Certificate => "certificate",
            Self::Greeting => "greeting",
            Self::Ehlo => "EHLO",
            Self::StartTls => "STARTTLS",
            Self::Auth => "AUTH",
            Self::Mail => "MAIL",
            Self::Rcpt => "RCPT",
            Self::Data => "DATA",
            Self::EndOfData => "end of data",
        })
    }
}

/// Why an email was not accepted: the stage and the error, without email addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The server permanently rejects this recipient or email, or the email cannot be built.
    Rejected(String),
    /// Any other failure: the email is sent again later.
    Failed(String),
}

impl Failure {
    pub(super) fn at(stage: Stage, problem: &str) -> Self {
        Self::Failed(one_line(&format!("{stage}: {problem}")))
    }

    pub fn problem(&self) -> &str {
        let (Self::Rejected(problem) | Self::Failed(problem)) = self;
        problem
    }
}

/// Waits for a reply, no longer than `limit`.
pub(super) async fn answer<T>(
    stage: Stage,
    limit: Duration,
    answer: impl Future<Output = Result<T, Error>>,
) -> Result<T, Failure> {
    answered(stage, timeout(limit, answer).await)
}

pub(super) fn answered<T>(
    stage: Stage,
    answer: Result<Result<T, Error>, Elapsed>,
) -> Result<T, Failure> {
    match answer {
        Ok(answer) => answer.map_err(|error| failure(stage, &error)),
        Err(_) => Err(Failure::at(stage, "no answer in time")),
    }
}

/// Converts an error of lettre.
fn failure(stage: Stage, error: &Error) -> Failure {
    let words = error.source().map(ToString::to_string).unwrap_or_default();
    let Some(code) = error.status().map(|code| code.to_string()) else {
        return broken(stage, error);
    };
    // RFC 5321 §4.2.2: these codes are about the mailbox or the email. But `5.7.…` (RFC 3463 §3.8)
    // is about this client, as when a relay requires a password. An operator can correct that.
    let about_mailbox = matches!(code.as_str(), "550" | "551" | "552" | "553" | "554");
    let for_good = about_mailbox && !words.starts_with("5.7.");
    match stage {
        Stage::Rcpt | Stage::EndOfData if for_good => {
            Failure::Rejected(one_line(&format!("{stage}: {code} {words}")))
        }
        _ => Failure::at(stage, &format!("{code} {words}")),
    }
}

/// Converts an error that is not a reply of the server. Searches it for a TLS error, so that a
/// STARTTLS that fails because of the certificate reports that.
pub(super) fn broken(stage: Stage, error: &(dyn StdError + 'static)) -> Failure {
    let mut cause = Some(error);
    while let Some(error) = cause {
        // `io::Error::source` skips the error that it wraps.
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        match inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(error @ rustls::Error::InvalidCertificate(_)) => {
                return Failure::at(Stage::Certificate, &error.to_string());
            }
            Some(error) => return Failure::at(Stage::Tls, &error.to_string()),
            None => cause = error.source(),
        }
    }
    Failure::at(stage, &error.to_string())
}

/// The text of a server for log and pages: one line, at most 300 characters, no email address.
pub(super) fn one_line(words: &str) -> String {
    let words = words.split(|c: char| c.is_whitespace() || c.is_control());
    let words = words.filter(|word| !word.is_empty());
    let words: Vec<&str> =
        words.map(|word| if word.contains('@') { "(address)" } else { word }).collect();
    words.join(" ").chars().take(300).collect()
}
