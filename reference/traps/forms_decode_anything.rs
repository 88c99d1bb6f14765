//! actix-web 4.18: `web::Form` decodes any charset that the client names, replaces invalid UTF-8 by
//! U+FFFD, and accepts NUL. So a filter in front of the app sees other text, two passwords become
//! one, and PostgreSQL fails. Into a map, it takes the last of two fields with one name.
//! `src/web/form.rs::read` accepts UTF-8 without compression, and each field once.

use std::collections::HashMap;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, web};
use serde::Deserialize;

use super::answer;

#[derive(Deserialize)]
struct Login {
    password: String,
}

#[expect(clippy::disallowed_types, reason = "this is what the ban is about")]
async fn into_struct(form: web::Form<Login>) -> String {
    form.into_inner().password
}

#[expect(clippy::disallowed_types, reason = "this is what the ban is about")]
async fn into_map(form: web::Form<HashMap<String, String>>) -> String {
    form["password"].clone()
}

#[tokio::test]
async fn the_handler_sees_other_text_than_the_wire() {
    let app = App::new()
        .route("/struct", web::post().to(into_struct))
        .route("/map", web::post().to(into_map));
    let service = init_service(app).await;
    let utf_16: Vec<u8> = "password=secret".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (path, charset, body, expected) in [
        ("/struct", "utf-16le", utf_16.as_slice(), "secret"),
        ("/struct", "utf-8", b"password=%fe", "\u{fffd}"),
        ("/struct", "utf-8", b"password=%ff", "\u{fffd}"),
        ("/struct", "utf-8", b"password=a%00b", "a\0b"),
        ("/map", "utf-8", b"password=first&password=last", "last"),
    ] {
        let content_type = format!("application/x-www-form-urlencoded; charset={charset}");
        let request = TestRequest::post().uri(path).insert_header((CONTENT_TYPE, content_type));
        let request = request.set_payload(body.to_owned()).to_request();
        assert_eq!(answer(&service, request).await.body, expected);
    }
}
