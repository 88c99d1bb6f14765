//! The guard of pages that need a login. It protects `/app` and `/account` as whole scopes, so a
//! page added there needs a login even if its handler does not take `LoggedIn` (ASVS 8.2.1).

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;

use super::error::Error;
use super::next_page;
use super::request_context::RequestContext;

/// Middleware for a scope: redirects anonymous visitors to the login page, with the path to return
/// to.
pub async fn logged_in(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let context = RequestContext::of(&req).map_err(Error::from)?;
    if context.session.borrow().as_ref().is_some_and(|session| session.user.is_some()) {
        return Ok(next.call(req).await?.map_into_boxed_body());
    }
    let log_in_first = next_page::log_in_first(req.request(), &context);
    Ok(req.error_response(log_in_first))
}
