//! actix-web 4.18: the limit for a body depends on its extractor, from 16 KiB for a form to 2 MiB
//! for JSON. So an endpoint that changes from forms to JSON accepts 128 times as much. Both of our
//! extractors name their limit: `src/web/form.rs::MAX_BYTES` and `src/web/csrf/json.rs::MAX_BYTES`.

use std::collections::HashMap;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::test::{TestRequest, init_service};
use actix_web::web::Bytes;
use actix_web::{App, web};

use super::answer;

const KIB: usize = 1024;

#[expect(clippy::disallowed_types, reason = "this is what the ban is about")]
async fn form(_: web::Form<HashMap<String, String>>) -> &'static str {
    ""
}

#[expect(clippy::disallowed_types, reason = "this is what the ban is about")]
async fn json(_: web::Json<u8>) -> &'static str {
    ""
}

async fn bytes(_: Bytes) -> &'static str {
    ""
}

#[tokio::test]
async fn json_may_be_128_times_as_large_as_a_form() {
    let app = App::new()
        .route("/form", web::post().to(form))
        .route("/json", web::post().to(json))
        .route("/bytes", web::post().to(bytes));
    let service = init_service(app).await;
    for (path, content_type, limit) in [
        ("/form", "application/x-www-form-urlencoded", 16 * KIB),
        ("/json", "application/json", 2048 * KIB),
        ("/bytes", "application/octet-stream", 256 * KIB),
    ] {
        for (size, expected) in [(limit, 200), (limit + 1, 413)] {
            // A number for JSON, and a field without a value for a form.
            let body = format!("{}1", " ".repeat(size - 1));
            let request = TestRequest::post().uri(path).insert_header((CONTENT_TYPE, content_type));
            let request = request.set_payload(body).to_request();
            assert_eq!(answer(&service, request).await.status, expected, "{path} {size}");
        }
    }
}
