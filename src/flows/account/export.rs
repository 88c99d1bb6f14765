//! Download what is stored about you (GDPR, article 20).
//!
//! `GET  /account/export`  show      the page with the button
//! `POST /account/export`  download  a JSON file, in sudo mode
//!
//! The file is everything at once, easily taken away, so it needs sudo mode and has a limit, and
//! the owner gets an email. It holds no hash and nothing that grants access. Its audit events are
//! read in portions while it is sent, so a long history needs no more memory than a short one.

use actix_web::{HttpResponse, web};
use askama::Template;
use futures_util::stream::{self, Stream, StreamExt};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::accounts::audit::{self, Event, Kind};
use crate::accounts::second_factor::{self, SecondFactor};
use crate::accounts::user_id::UserId;
use crate::accounts::{device, recovery_codes, session, token, user};
use crate::database::Database;
use crate::mail::notice::{self, Change, ChangedAccount};
use crate::throttle::Admission;
use crate::throttle::limits::{Action, Key};
use crate::web::csrf::{Checked, NoFields};
use crate::web::error::Error;
use crate::web::page::{self, Page};
use crate::web::rejection;
use crate::web::sudo::Sudo;

/// How many audit events are read at once.
const PORTION: i64 = 1_000;

#[derive(Template)]
#[template(path = "account/export.html")]
struct ExportPage {
    page: Page,
}

pub async fn show(sudo: Sudo) -> Result<HttpResponse, Error> {
    page::show(ExportPage { page: sudo.logged_in.visitor.page("Download your data") })
}

pub async fn download(sudo: Sudo, form: Checked<NoFields>) -> Result<HttpResponse, Error> {
    let logged_in = sudo.logged_in;
    if let Checked::OutOfDate(_, invalid) = form {
        let mut page = logged_in.visitor.page("Download your data");
        page.reject_form(invalid.sentence());
        return page::out_of_date(ExportPage { page });
    }
    let (app, user, client) = (&logged_in.visitor.app, &logged_in.user, &logged_in.visitor.client);
    let db = &app.db;
    let key = [Key::Account(&user.id.to_string())];
    let admitted = app.throttle.admit(Action::Export, &key).await?;
    if let Admission::Rejected(rejection) = admitted {
        let mut page = logged_in.visitor.page("Download your data");
        page.reject_form(rejection::sentence(rejection));
        return page::too_many(ExportPage { page }, rejection);
    }
    let mut tx = logged_in.begin("/account/export").await?;
    audit::record(&mut tx, Kind::Exported, Some(user.id), client).await?;
    let owner = ChangedAccount { user_id: user.id, email: &user.email, client };
    notice::send(&mut tx, app, owner, Change::Exported).await?;
    tx.commit().await?;
    let sessions = session::list(db, user, logged_in.session.id).await?;
    let pending = token::pending_change(db, user.id).await?;
    let dates = user::dates(db, user.id).await?.ok_or_else(Error::user_deleted)?;
    let head = json!({
        "email": user.email,
        "email_to_confirm": pending.map(|change| change.email),
        "created_at": moment(dates.created_at),
        "password_changed_at": moment(dates.password_changed_at),
        "second_factors": second_factor::of(db, user.id).await?.iter().map(factor_json)
            .collect::<Vec<_>>(),
        "passkeys": crate::web::factors::passkey::exported(db, user.id).await?,
        "projects": crate::projects::exported(db, user.id).await?,
        "recovery_codes_left": recovery_codes::left(db, user.id).await?,
        "known_devices": device::last_used(db, user.id).await?.into_iter().map(moment)
            .collect::<Vec<_>>(),
        "sessions": sessions.iter().map(session_json).collect::<Vec<_>>(),
    });
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header(("content-disposition", "attachment; filename=\"my-data.json\""))
        .streaming(body(db.clone(), user.id, &head)))
}

/// `{"email": …, "activity": [ … ]}`, a portion of the activity at a time.
fn body(
    db: Database,
    user_id: UserId,
    head: &Value,
) -> impl Stream<Item = Result<web::Bytes, actix_web::Error>> + use<> {
    let head = head.to_string();
    let start = format!("{},\"activity\":[", head.strip_suffix('}').unwrap_or_default());
    let start = stream::once(async move { Ok(web::Bytes::from(start)) });
    let events = stream::unfold(Some((db, None, "\n")), move |state| async move {
        let (db, before, separator) = state?;
        match audit::list(&db, user_id, before, PORTION).await {
            Err(error) => Some((Err(Error::from(error).into()), None)),
            Ok(events) => {
                let last = events.last()?.id;
                let lines: Vec<String> =
                    events.iter().map(|event| event_json(event).to_string()).collect();
                let portion = format!("{separator}{}", lines.join(",\n"));
                Some((Ok(web::Bytes::from(portion)), Some((db, Some(last), ",\n"))))
            }
        }
    });
    let end = stream::once(async { Ok(web::Bytes::from_static(b"]}\n")) });
    start.chain(events).chain(end)
}

fn session_json(session: &session::ListedSession) -> Value {
    json!({
        "started_at": moment(session.created_at),
        "last_used_at": moment(session.last_seen_at),
        "ends_at": moment(session.ends_at),
        "stays_logged_in": session.remembered,
        "ip_address": session.address.map(|address| address.addr().to_string()),
        "user_agent": session.user_agent,
    })
}

fn factor_json(factor: &SecondFactor) -> Value {
    json!({ "kind": factor.kind, "added_at": moment(factor.created_at) })
}

fn event_json(event: &Event) -> Value {
    json!({
        "what": event.name,
        "at": moment(event.created_at),
        "ip_address": event.address.map(|address| address.addr().to_string()),
        "user_agent": event.user_agent,
    })
}

fn moment(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}
