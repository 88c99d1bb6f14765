//! What `vestibule user …` prints: text for people, or JSON for programs.
//!
//! Times are in UTC. No structure here has a field for a secret.

use std::io::{BufWriter, ErrorKind, StdoutLock, Write, stdout};

use serde::Serialize;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

use crate::accounts::audit::Event;
use crate::accounts::client;
use crate::accounts::registration::invitation::Invitation;
use crate::accounts::user::overview::{ListedUser, UserOverview};

#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    pub json: bool,
}

/// The result of a command that changes an account.
#[derive(Debug, Serialize)]
pub(super) struct Done {
    command: &'static str,
    email: String,
    /// `false`: the account was in this state before.
    changed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    sessions_ended: Option<u64>,
}

impl Done {
    pub(super) fn new(command: &'static str, email: &str) -> Self {
        Self { command, email: email.to_owned(), changed: true, sessions_ended: None }
    }

    pub(super) fn unchanged(self) -> Self {
        Self { changed: false, ..self }
    }

    pub(super) fn ending(self, sessions: u64) -> Self {
        Self { sessions_ended: Some(sessions), ..self }
    }
}

#[derive(Serialize)]
struct ListedJson<'a> {
    id: String,
    email: &'a str,
    created_at: String,
    locked_at: Option<String>,
    last_login_at: Option<String>,
}

#[derive(Serialize)]
struct InvitationJson<'a> {
    email: &'a str,
    invited_at: String,
    expires_at: String,
}

#[derive(Serialize)]
struct OverviewJson<'a> {
    id: String,
    email: &'a str,
    created_at: String,
    password_changed_at: String,
    locked_at: Option<String>,
    reset_required_at: Option<String>,
    last_login_at: Option<String>,
    second_factors: &'a [String],
    recovery_codes: i64,
    sessions: i64,
    devices: i64,
    events: Vec<EventJson<'a>>,
}

#[derive(Serialize)]
struct EventJson<'a> {
    at: String,
    kind: &'a str,
    address: Option<String>,
    user_agent: &'a str,
}

impl Output {
    /// `text` says what was done: "locked".
    pub(super) fn done(self, done: &Done, text: &str) -> anyhow::Result<()> {
        if self.json {
            return print_json(done);
        }
        let sessions = match done.sessions_ended {
            Some(1) => ", 1 session ended".to_owned(),
            Some(count) => format!(", {count} sessions ended"),
            None => String::new(),
        };
        Ok(writeln!(stdout(), "{}: {text}{sessions}", done.email)?)
    }

    /// Prints a page of the list. `false` if nobody reads it any more, as in `… list | head`.
    pub(super) fn users(self, users: &[ListedUser]) -> anyhow::Result<bool> {
        print_each(users, |out, user| self.user(out, user))
    }

    pub(super) fn invitations(self, invitations: &[Invitation]) -> anyhow::Result<bool> {
        print_each(invitations, |out, invitation| self.invitation(out, invitation))
    }

    fn invitation(self, out: &mut impl Write, invitation: &Invitation) -> std::io::Result<()> {
        let Invitation { email, invited_at, expires_at } = invitation;
        if self.json {
            let (invited_at, expires_at) = (rfc3339(*invited_at), rfc3339(*expires_at));
            return print_line(out, &InvitationJson { email, invited_at, expires_at });
        }
        writeln!(
            out,
            "{email}: invited {}, valid until {}",
            minute(*invited_at),
            minute(*expires_at)
        )
    }

    fn user(self, out: &mut impl Write, user: &ListedUser) -> std::io::Result<()> {
        if self.json {
            let json = ListedJson {
                id: user.id.to_string(),
                email: &user.email,
                created_at: rfc3339(user.created_at),
                locked_at: user.locked_at.map(rfc3339),
                last_login_at: user.last_login_at.map(rfc3339),
            };
            return print_line(out, &json);
        }
        let login = user.last_login_at.map_or("never".to_owned(), minute);
        let lock = if user.locked_at.is_some() { ", locked" } else { "" };
        let created = minute(user.created_at);
        writeln!(out, "{}: created {created}, last login {login}{lock}", user.email)
    }

    pub(super) fn overview(self, user: &UserOverview, events: &[Event]) -> anyhow::Result<()> {
        if self.json {
            return print_json(&OverviewJson {
                id: user.id.to_string(),
                email: &user.email,
                created_at: rfc3339(user.created_at),
                password_changed_at: rfc3339(user.password_changed_at),
                locked_at: user.locked_at.map(rfc3339),
                reset_required_at: user.reset_required_at.map(rfc3339),
                last_login_at: user.last_login_at.map(rfc3339),
                second_factors: &user.second_factors,
                recovery_codes: user.recovery_codes,
                sessions: user.sessions,
                devices: user.devices,
                events: events.iter().map(event_json).collect(),
            });
        }
        let since = |at: Option<OffsetDateTime>| {
            at.map_or("no".to_owned(), |at| format!("since {}", minute(at)))
        };
        let second_factors = match user.second_factors.join(", ") {
            none if none.is_empty() => "none".to_owned(),
            kinds => kinds,
        };
        let mut out = BufWriter::new(stdout().lock());
        writeln!(out, "{}", user.email)?;
        for (name, value) in [
            ("ID", user.id.to_string()),
            ("created", minute(user.created_at)),
            ("password changed", minute(user.password_changed_at)),
            ("locked", since(user.locked_at)),
            ("reset required", since(user.reset_required_at)),
            ("last login", user.last_login_at.map_or("never".to_owned(), minute)),
            ("second factors", second_factors),
            ("recovery codes", user.recovery_codes.to_string()),
            ("sessions", user.sessions.to_string()),
            ("known devices", user.devices.to_string()),
        ] {
            writeln!(out, "  {name:<18}{value}")?;
        }
        writeln!(out, "last events")?;
        for event in events {
            let (at, kind) = (minute(event.created_at), event.name.as_str());
            let who = match event.address {
                Some(address) => {
                    format!("{}, {}", address.addr(), client::device_name(&event.user_agent))
                }
                None => event.user_agent.clone(),
            };
            writeln!(out, "  {at}  {kind:<18}{who}")?;
        }
        Ok(out.flush()?)
    }
}

fn event_json(event: &Event) -> EventJson<'_> {
    EventJson {
        at: rfc3339(event.created_at),
        kind: event.name.as_str(),
        address: event.address.map(|address| address.addr().to_string()),
        user_agent: &event.user_agent,
    }
}

/// Prints the entries of a list. `false` if nobody reads them any more.
fn print_each<T>(
    entries: &[T],
    mut print: impl FnMut(&mut BufWriter<StdoutLock<'_>>, &T) -> std::io::Result<()>,
) -> anyhow::Result<bool> {
    let mut out = BufWriter::new(stdout().lock());
    let printed = entries.iter().try_for_each(|entry| print(&mut out, entry));
    match printed.and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        printed => Ok(printed.map(|()| true)?),
    }
}

fn print_line(out: &mut impl Write, value: &impl Serialize) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    writeln!(out)
}

fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    Ok(writeln!(stdout(), "{}", serde_json::to_string(value)?)?)
}

fn rfc3339(at: OffsetDateTime) -> String {
    at.to_offset(UtcOffset::UTC).format(&Rfc3339).unwrap_or_default()
}

/// `2026-11-24 18:05 UTC`
fn minute(at: OffsetDateTime) -> String {
    let text = format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
    at.to_offset(UtcOffset::UTC).format(&text).unwrap_or_default()
}
