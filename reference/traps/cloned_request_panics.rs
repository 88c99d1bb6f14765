//! actix-web 4.18: the router panics if a middleware holds a clone of the `HttpRequest` while it
//! calls the next one. So `Visitor` does not hold the request: `src/web/visitor.rs`.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, Error, web};

use super::answer;

async fn keep_the_request(
    req: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let request = req.request().clone();
    let response = next.call(req).await;
    drop(request);
    response
}

#[tokio::test]
#[should_panic(expected = "called `Option::unwrap()` on a `None` value")]
async fn a_clone_that_outlives_the_call_panics() {
    let app = App::new()
        .service(web::resource("/").get(|| async { "a page" }))
        .wrap(from_fn(keep_the_request));
    answer(&init_service(app).await, TestRequest::default().to_request()).await;
}
