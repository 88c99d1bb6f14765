//! actix-web 4.18: the text of `ErrorInternalServerError` is the body of the response. So a cause
//! that is passed on with `map_err` shows the database to every visitor.
//! `src/web/error.rs::Internal` logs the cause, and the page does not have it.

use actix_web::error::ErrorInternalServerError;
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, Error, web};

use super::answer;

async fn fail() -> Result<&'static str, Error> {
    let failed: Result<(), _> = Err("relation \"users\" does not exist");
    failed.map_err(ErrorInternalServerError)?;
    Ok("a page")
}

#[tokio::test]
async fn the_body_is_the_cause() {
    let service = init_service(App::new().route("/", web::get().to(fail))).await;
    let response = answer(&service, TestRequest::default().to_request()).await;
    assert_eq!(response.status, 500);
    assert_eq!(response.body, "relation \"users\" does not exist");
}
