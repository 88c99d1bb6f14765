//! The smallest app around our session store: actix-session 0.11 with its sessions in PostgreSQL.
//!
//! `cargo run --example smallest` after `bin/setup`. It reads `.env`, and makes the tables.
//!
//! **The login has no password.** Everybody who presses the button becomes the same made-up user.
//! This file shows the store alone, so it has no rate limit and no CSRF token either. The app has
//! all of that around the same store. `docs/make-it-yours.md` lists the files to copy.

use std::net::{IpAddr, Ipv4Addr, TcpListener};

use actix_identity::{Identity, IdentityMiddleware};
use actix_session::config::BrowserSession;
use actix_session::{Session, SessionMiddleware};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Server, ServiceRequest, ServiceResponse};
use actix_web::error::{ErrorServiceUnavailable, InternalError};
use actix_web::http::header::USER_AGENT;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{Data, resource};
use actix_web::{App, HttpMessage, HttpRequest, HttpResponse, HttpServer};
use app::accounts::client::Client;
use app::accounts::password::PasswordHash;
use app::accounts::user;
use app::config::Config;
use app::database::{self, Database};
use app::email::Email;
use app::keys::Keys;
use app::web::error::{Error, see_other};
use app::web::request_context::{Login, RequestContext, StoreFailure};
use app::web::session_loads::SessionLoads;
use app::web::session_store::{self, PostgresStore};
use secrecy::ExposeSecret;

#[actix_web::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt::init();
    let config = Config::load()?;
    // In development the settings allow only a loopback address, so no other machine can log in.
    anyhow::ensure!(config.environment.is_development(), "a login without a password");
    let db = database::connect(&config, config.database_wait).await?;
    database::migrate(&db).await?;
    let listener = TcpListener::bind(config.listen)?;
    println!("listening on http://localhost:{}", listener.local_addr()?.port());
    serve(config, db, listener)?.await?;
    Ok(())
}

pub(crate) fn serve(config: Config, db: Database, listener: TcpListener) -> anyhow::Result<Server> {
    let keys = Keys::parse(config.secret_keys.expose_secret()).map_err(anyhow::Error::msg)?;
    let key = keys.newest_cookies().clone();
    let server = HttpServer::new(move || {
        // The loader is made here, because each worker needs one of its own.
        let (loads, lifetimes) = (SessionLoads::new(db.clone()), config.lifetimes);
        let store = PostgresStore { loads, db: db.clone(), lifetimes };
        // The defaults are `Secure`, `HttpOnly`, `SameSite=Lax`, `Path=/` and an encrypted value.
        let sessions = SessionMiddleware::builder(store, key.clone())
            .cookie_name("__Host-smallest".to_owned())
            .session_lifecycle(BrowserSession::default())
            .build();
        App::new()
            .app_data(Data::new(db.clone()))
            .service(resource("/").get(home))
            .service(resource("/login").post(log_in))
            .service(resource("/logout").post(log_out))
            // Each of these needs those below it. The last one handles a request first.
            .wrap(IdentityMiddleware::default())
            .wrap(sessions)
            .wrap(from_fn(session_store::in_context))
            .wrap(from_fn(outermost))
    });
    Ok(server.workers(1).listen(listener)?.run())
}

/// Tells the store who sends the request. Turns its failures into responses: actix-session makes a
/// bare 500 of each. In the app, `src/web/outermost.rs` does this.
async fn outermost(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    // Behind a proxy, this would be the IP address of the proxy.
    let address = req.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    let user_agent = req.headers().get(USER_AGENT).and_then(|value| value.to_str().ok());
    let client = Client::new(address, user_agent.unwrap_or_default());
    let context = RequestContext::new(client, String::new());
    req.extensions_mut().insert(context.clone());
    let failure = match next.call(req).await {
        Ok(response) => return Ok(response.map_into_boxed_body()),
        Err(failure) => failure,
    };
    Err(match context.store_failure.get() {
        // The session ended while the request ran, so what it stored is lost: show the page again.
        Some(StoreFailure::SessionEnded) => {
            InternalError::from_response(failure, see_other("/")).into()
        }
        Some(StoreFailure::DatabaseUnavailable) => ErrorServiceUnavailable("Try again soon."),
        None => failure,
    })
}

async fn home(session: Session, user: Option<Identity>) -> Result<HttpResponse, Error> {
    // A visitor who is not logged in gets a session too, because this stores a value.
    let visits = session.get::<u64>("visits")?.unwrap_or(0) + 1;
    session.insert("visits", visits)?;
    let (who, path, button) = match user {
        Some(_) => ("You are logged in.", "/logout", "Log out"),
        None => ("You are not logged in.", "/login", "Log in without a password"),
    };
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(format!(
        "<!doctype html><title>Smallest</title><h1>The session store alone</h1>\
         <p>{who}</p><p>Visits in this session: {visits}</p>\
         <form method=post action={path}><button>{button}</button></form>"
    )))
}

/// Begins a session with a new ID, so that one that was planted in this browser is of no use
/// (session fixation). In the app, `src/flows/start_session.rs` does this.
async fn log_in(
    req: HttpRequest,
    session: Session,
    db: Data<Database>,
) -> Result<HttpResponse, Error> {
    let email = Email::parse("made-up@example.com")?;
    // No password has this hash, so nobody can log in to the app as this user.
    user::create(&**db, &email, &PasswordHash::stored("none".to_owned())).await?;
    let Some(found) = user::find(&**db, &email).await? else { return Ok(see_other("/")) };
    // Your app verifies the password here: found.password_hash.
    let user = found.user;
    let user_id = user.id.to_string();
    session.clear();
    let login = Login { user, remembered: false, second_factor: false };
    RequestContext::of(&req)?.begin_login(login);
    Identity::login(&req.extensions(), user_id)?;
    Ok(see_other("/"))
}

async fn log_out(session: Session) -> HttpResponse {
    session.purge();
    see_other("/")
}
