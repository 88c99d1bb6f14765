//! `Facts`: what the app knows about a request and its visitor, read once for all evidence.
//!
//! The statement about the account is the only place of these pages that names the tables of
//! devices and recovery codes.

use actix_web::http::header::HeaderMap;
use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use sqlx::PgExecutor;
use time::OffsetDateTime;

use crate::accounts::session::Session;
use crate::accounts::user_id::UserId;
use crate::lesson::cookie::SessionCookie;
use crate::lesson::row::{self, Row};
use crate::state::AppState;
use crate::throttle::limits::network;
use crate::web::error::Error;
use crate::web::factors::{self, Owned};
use crate::web::visitor::{LoggedIn, Visitor};
use crate::web::{client_ip, headers};

pub struct Facts {
    pub app: web::Data<AppState>,
    pub cookie: SessionCookie,
    /// Whether the client reached the site by https.
    pub https: bool,
    /// `Sec-Fetch-Site` of this request.
    pub fetch_site: Option<String>,
    /// As the rate limit and the throttle count it.
    pub address: String,
    /// How many values `__Host-device` has in this browser.
    pub device_values: usize,
    /// Whether this browser has opened a reset link.
    pub reset_opened: bool,
    /// The headers that every page gets.
    pub headers: HeaderMap,
    /// `None`: nobody is logged in, or the user still has to set up a second factor.
    pub login: Option<Login>,
    pub lacks_required_factor: bool,
}

/// The session of a logged-in user, and their account.
pub struct Login {
    pub session: Session,
    pub row: Row,
    pub account: Account,
    pub factors: Vec<Owned>,
    /// The name of the session in the log.
    pub log_name: String,
}

/// An account, without its secrets.
pub struct Account {
    /// The settings of the password's hash, if it is one of Argon2: `$argon2id$v=19$m=…,t=…,p=…`.
    pub argon2: Option<String>,
    pub password_changed_at: OffsetDateTime,
    /// Valid ones.
    pub sessions: i64,
    pub devices: i64,
    pub events: i64,
    pub recovery_codes: i64,
}

impl Facts {
    pub async fn of(req: &HttpRequest, visitor: &Visitor) -> Result<Self, Error> {
        let app = visitor.app.clone();
        let https = client_ip::is_https(req, &app.config.trusted_proxies);
        let mut every_page = HeaderMap::new();
        headers::add(&mut every_page, https);
        let fetch_site = req.headers().get("sec-fetch-site").and_then(|site| site.to_str().ok());
        let login = login(req, visitor).await?;
        let required = app.config.require_second_factor;
        let session = visitor.cookie_facts().session.filter(|session| session.user.is_some());
        let lacks_factor = session.is_some_and(|session| session.second_factor_ago.is_none());
        Ok(Self {
            lacks_required_factor: required && lacks_factor,
            cookie: SessionCookie::of(&app, req),
            https,
            fetch_site: fetch_site.map(str::to_owned),
            address: network(visitor.client.address).to_string(),
            device_values: visitor.device_hashes().len(),
            reset_opened: visitor.reset_proof().is_some(),
            headers: every_page,
            login,
            app,
        })
    }

    /// The value of a header that every page gets.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

async fn login(req: &HttpRequest, visitor: &Visitor) -> sqlx::Result<Option<Login>> {
    // Extracted only for a user: for anybody else, `LoggedIn` leaves a message to log in.
    if visitor.user.is_none() {
        return Ok(None);
    }
    let logged_in = LoggedIn::from_request(req, &mut Payload::None).await;
    let Ok(LoggedIn { session, user, .. }) = logged_in else { return Ok(None) };
    let app = &visitor.app;
    // The pages of `/app` and `/account` are closed to such a user, too.
    if app.config.require_second_factor && session.second_factor_ago.is_none() {
        return Ok(None);
    }
    // Either may have ended while this request ran.
    let row = row::of(&app.db, session.id).await?;
    let account = account(&app.db, user.id).await?;
    let factors = factors::owned_by(&app.db, user.id).await?;
    let log_name = app.keys.log_name(session.id.as_bytes());
    Ok(row.zip(account).map(|(row, account)| Login { session, row, account, factors, log_name }))
}

async fn account(db: impl PgExecutor<'_>, id: UserId) -> sqlx::Result<Option<Account>> {
    sqlx::query_as!(
        Account,
        r#"select substring(password_hash from '^\$argon2[a-z]*\$v=[0-9]+\$[mtp=,0-9]+') as argon2,
                password_changed_at,
                (select count(*) from sessions s
                 where s.user_id = u.id and s.user_epoch = u.session_epoch
                   and s.ends_at > now() and s.last_seen_at + s.idle_timeout > now())
                    as "sessions!",
                (select count(*) from devices where user_id = u.id) as "devices!",
                (select count(*) from audit_events where user_id = u.id) as "events!",
                (select count(*) from recovery_codes where user_id = u.id) as "recovery_codes!"
           from users u where id = $1"#,
        id as _,
    )
    .fetch_optional(db)
    .await
}
