//! What only development has: pages that show what nobody else may see.
//!
//! They are closed twice: this guard answers 404 in production, and development listens on this
//! machine alone (`config/refusals.rs`). Delete the folder, its scope in `routes.rs`, and
//! `templates/dev/` to have none of it.

pub mod mailbox;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web;

use crate::state::AppState;
use crate::web::error::Error;

/// For the scope `/dev`: in production there is nothing at any of its addresses.
pub async fn only_in_development(
    app: web::Data<AppState>,
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if app.config.environment.is_development() {
        return Ok(next.call(req).await?.map_into_boxed_body());
    }
    Ok(req.error_response(Error::NotFound))
}
