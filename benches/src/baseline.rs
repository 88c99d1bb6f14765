//! The baselines: bare handlers that do the least that a page could do, in a process of the same
//! shape as the app (actix-web, a worker for each core, a pool of the same size).
//!
//! The pages are those that the app sent: the same bytes and headers, from memory.

use std::path::PathBuf;
use std::str::FromStr;

use actix_web::http::header::{HeaderName, HeaderValue, SET_COOKIE};
use actix_web::{App, HttpResponse, HttpServer, error, web};
use anyhow::Context;
use app::keys::Keys;
use app::web::{cookies, encrypted_cookie};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use clap::Args;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::database::USERS;
use crate::page::Page;
use crate::server::POOL;

#[derive(Args)]
pub(crate) struct Arguments {
    /// The folder of the captured pages
    captured: PathBuf,
}

struct Baseline {
    pool: PgPool,
    keys: Keys,
    dashboard: Captured,
    login: Captured,
    /// The page for GET /login, before and after its CSRF token.
    around_token: (String, String),
}

/// A captured page, ready to be sent.
struct Captured {
    headers: Vec<(HeaderName, HeaderValue)>,
    body: web::Bytes,
}

impl Captured {
    fn new(page: &Page) -> anyhow::Result<Self> {
        let headers = page.headers.iter();
        let headers = headers
            .map(|(name, value)| Ok((HeaderName::from_str(name)?, HeaderValue::from_str(value)?)))
            .collect::<anyhow::Result<_>>()?;
        Ok(Self { headers, body: page.body.clone().into() })
    }

    fn response(&self, body: web::Bytes) -> HttpResponse {
        let mut response = HttpResponse::Ok().body(body);
        for (name, value) in &self.headers {
            response.headers_mut().insert(name.clone(), value.clone());
        }
        response
    }
}

pub(crate) async fn serve(arguments: Arguments) -> anyhow::Result<()> {
    let setting = |name: &str| std::env::var(name).with_context(|| name.to_owned());
    let options = PgConnectOptions::from_str(&setting("DATABASE_URL")?)?;
    let pool = PgPoolOptions::new()
        .max_connections(POOL)
        .test_before_acquire(false)
        .connect_lazy_with(options);
    let (dashboard, login) =
        (Page::load(&arguments.captured, "dashboard")?, Page::load(&arguments.captured, "login")?);
    let (before, after) =
        login.body.split_once(&login.token).context("a page without its token")?;
    let baseline = web::Data::new(Baseline {
        pool,
        keys: Keys::parse(&setting("SECRET_KEYS")?).map_err(anyhow::Error::msg)?,
        dashboard: Captured::new(&dashboard)?,
        login: Captured::new(&login)?,
        around_token: (before.to_owned(), after.to_owned()),
    });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(baseline.clone())
            .route("/none", web::get().to(no_database))
            .route("/one", web::get().to(one_round_trip))
            .route("/page", web::get().to(one_round_trip_and_page))
            .route("/login", web::get().to(login_page))
    });
    let server = server.workers(crate::machine::cores()).tcp_nodelay(true);
    server.bind(setting("LISTEN")?)?.run().await?;
    Ok(())
}

/// Without a database.
async fn no_database(baseline: web::Data<Baseline>) -> HttpResponse {
    baseline.dashboard.response(baseline.dashboard.body.clone())
}

/// One row by its primary key, and a small response.
async fn one_round_trip(baseline: web::Data<Baseline>) -> actix_web::Result<HttpResponse> {
    Ok(HttpResponse::Ok().body(email(&baseline.pool).await?))
}

/// One row by its primary key, then the dashboard as the app sent it.
async fn one_round_trip_and_page(baseline: web::Data<Baseline>) -> actix_web::Result<HttpResponse> {
    email(&baseline.pool).await?;
    Ok(baseline.dashboard.response(baseline.dashboard.body.clone()))
}

/// The email address of a random user.
async fn email(pool: &PgPool) -> actix_web::Result<String> {
    let user: i32 = rand::random_range(1..=USERS.cast_signed());
    sqlx::query_scalar(EMAIL)
        .bind(sqlx::types::Uuid::from_u128(FIRST_USER + u128::from(user.unsigned_abs())))
        .fetch_one(pool)
        .await
        .map_err(error::ErrorInternalServerError)
}

const EMAIL: &str = "select email from users where id = $1";
/// The prefix of the IDs that `Database::seed_users` gives.
const FIRST_USER: u128 = 0x0000_0000_0000_7000_8000_0000_0000_0000;

/// GET /login without a framework around it: a new visitor's cookie, and a CSRF token bound to it.
async fn login_page(baseline: web::Data<Baseline>) -> HttpResponse {
    let visitor = BASE64.encode(rand::random::<[u8; 16]>());
    let nonce: [u8; 16] = rand::random();
    let mut mac = Hmac::<Sha256>::new_from_slice(baseline.keys.newest_csrf()).expect("any length");
    mac.update(&nonce);
    mac.update(visitor.as_bytes());
    let mut token = nonce.to_vec();
    token.extend(mac.finalize().into_bytes());
    let (before, after) = &baseline.around_token;
    let body = [before, BASE64.encode(token).as_str(), after].concat();
    let content = format!(r#"{{"id":"{visitor}"}}"#);
    let value =
        encrypted_cookie::encrypt(baseline.keys.newest_cookies(), cookies::VISITOR, content);
    let cookie = format!("{}={value}; Path=/; Secure; HttpOnly; SameSite=Lax", cookies::VISITOR);
    let mut response = baseline.login.response(body.into());
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}
