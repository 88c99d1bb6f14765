//! actix-web 4.18: `App::route` answers a method that it does not have with 404, and so HEAD too.
//! `web::resource` answers 405. A scope answers for all paths with its prefix, so an empty prefix
//! hides every route after it. `src/routes.rs` uses resources, and scopes with a prefix.
//! `src/web/outermost.rs` treats HEAD as GET.

use actix_web::http::Method;
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, web};

use super::answer;

async fn page() -> &'static str {
    "a page"
}

#[tokio::test]
async fn a_route_is_not_found_by_head() {
    let app = App::new()
        .route("/route", web::get().to(page))
        .service(web::resource("/resource").get(page));
    let service = init_service(app).await;
    for (method, path, expected) in [
        (Method::GET, "/route", 200),
        (Method::HEAD, "/route", 404),
        (Method::POST, "/route", 404),
        (Method::HEAD, "/resource", 405),
        (Method::POST, "/resource", 405),
    ] {
        let request = TestRequest::with_uri(path).method(method.clone()).to_request();
        assert_eq!(answer(&service, request).await.status, expected, "{method} {path}");
    }
}

#[tokio::test]
async fn an_empty_scope_hides_the_routes_after_it() {
    let app = App::new()
        .route("/before", web::get().to(page))
        .service(web::scope("").route("/inside", web::get().to(page)))
        .route("/after", web::get().to(page));
    let service = init_service(app).await;
    for (path, expected) in [("/before", 200), ("/inside", 200), ("/after", 404)] {
        let request = TestRequest::with_uri(path).to_request();
        assert_eq!(answer(&service, request).await.status, expected, "{path}");
    }
}
