//! actix-web 4.18: `web::Form` accepts a request that another site has sent. `web::Json` does too;
//! only its content type needs a preflight request. `src/web/csrf/checked.rs` and
//! `src/web/csrf/json.rs` are our only extractors of bodies, and both check a CSRF token.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, web};

use super::answer;

#[expect(clippy::disallowed_types, reason = "this is what the ban is about")]
async fn form(_: web::Form<()>) -> &'static str {
    "deleted"
}

#[expect(clippy::disallowed_types, reason = "this is what the ban is about")]
async fn json(_: web::Json<()>) -> &'static str {
    "deleted"
}

#[tokio::test]
async fn a_request_of_another_site_reaches_the_handler() {
    let app = App::new().route("/form", web::post().to(form)).route("/json", web::post().to(json));
    let service = init_service(app).await;
    for (path, content_type, body, expected) in [
        ("/form", "application/x-www-form-urlencoded", "", 200),
        ("/json", "application/json", "null", 200),
        ("/json", "text/plain", "null", 400),
    ] {
        let request = TestRequest::post()
            .uri(path)
            .insert_header(("Origin", "https://evil.example"))
            .insert_header(("Sec-Fetch-Site", "cross-site"))
            .insert_header((CONTENT_TYPE, content_type))
            .set_payload(body)
            .to_request();
        assert_eq!(answer(&service, request).await.status, expected, "{path} {content_type}");
    }
}
