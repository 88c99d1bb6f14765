//! The guard of pages that need a login. It protects `/app` and `/account` as whole scopes, so a
//! page added there needs a login even if its handler does not take `LoggedIn` (ASVS 8.2.1).

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;

use super::error::{Error, see_other};
use super::next_page;
use super::request_context::RequestContext;
use super::required_factor;

/// Middleware for a scope: redirects anonymous visitors to the login page, with the path to return
/// to.
pub async fn logged_in(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let context = RequestContext::of(&req).map_err(Error::from)?;
    let session = context.session().filter(|session| session.user.is_some());
    let Some(session) = session else {
        let log_in_first = next_page::log_in_first(req.request(), &context);
        return Ok(req.error_response(log_in_first));
    };
    if let Some(set_up) = required_factor::missing(&req, &session) {
        return Ok(req.into_response(see_other(set_up)));
    }
    Ok(next.call(req).await?.map_into_boxed_body())
}

/// Calls the rest of the app if the pages exist on this site. If not, every method gets a 404.
///
/// # Errors
/// Those of the rest of the app.
pub async fn only_if(
    exist: bool,
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    match exist {
        true => Ok(next.call(req).await?.map_into_boxed_body()),
        false => Ok(req.error_response(Error::NotFound)),
    }
}
