//! actix-web 4.18 decodes cookie names and trims Unicode spaces. So a cookie that a browser lets a
//! sibling subdomain set passes for a `__Host-` cookie. Also, one cookie that is not UTF-8 makes it
//! drop all cookies. `cookies_raw` does not decode, and trims all the same. So
//! `src/web/cookies.rs::filter` reads the raw bytes.

use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::Key;
use actix_web::http::header::{COOKIE, HeaderValue};
use actix_web::test::{TestRequest, call_and_read_body, init_service};
use actix_web::{App, web};

use super::{Memory, answer, get};

async fn begin(session: Session, whose: web::Path<String>) -> &'static str {
    session.insert("whose", whose.into_inner()).expect("to keep it");
    ""
}

async fn whose(session: Session) -> String {
    session.get("whose").expect("a name").unwrap_or_else(|| "nobody's".to_owned())
}

#[tokio::test]
async fn the_attackers_cookie_wins() {
    let sessions = SessionMiddleware::builder(Memory::default(), Key::generate());
    let app = App::new()
        .route("/begin/{whose}", web::get().to(begin))
        .route("/whose", web::get().to(whose))
        .wrap(sessions.cookie_name("__Host-id".to_owned()).build());
    let service = init_service(app).await;
    let victims = answer(&service, get("/begin/victim", "").to_request()).await.cookie;
    let attackers = answer(&service, get("/begin/attacker", "").to_request()).await.cookie;
    let attackers = attackers.strip_prefix("__Host-id=").expect("the name");

    for (header, expected) in [
        (victims.clone().into_bytes(), "victim"),
        (format!("%5F%5FHost-id={attackers}; {victims}").into_bytes(), "attacker"),
        (format!("\u{2000}__Host-id={attackers}; {victims}").into_bytes(), "attacker"),
        (format!("__Host-id={attackers}; {victims}").into_bytes(), "attacker"),
        ([b"a=\xff; ".as_slice(), victims.as_bytes()].concat(), "nobody's"),
        (format!("a=%ff; {victims}").into_bytes(), "victim"),
        (format!("=__Host-id={attackers}; {victims}").into_bytes(), "victim"),
    ] {
        let value = HeaderValue::from_bytes(&header).expect("a header");
        let request = TestRequest::get().uri("/whose").insert_header((COOKIE, value)).to_request();
        let body = call_and_read_body(&service, request).await;
        assert_eq!(body, expected, "{}", header.escape_ascii());
    }
}

#[test]
fn raw_cookies_are_trimmed_too() {
    for (header, found) in [("\u{2000}__Host-id=a", true), ("%5F%5FHost-id=a", false)] {
        let request = TestRequest::default().insert_header((COOKIE, header)).to_http_request();
        let cookies = request.cookies_raw().expect("UTF-8");
        assert_eq!(cookies.iter().any(|cookie| cookie.name() == "__Host-id"), found, "{header}");
    }
}
