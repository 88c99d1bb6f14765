//! Pages for development only. They show secrets, such as the links in emails.
//!
//! Two checks protect them: this guard responds with 404 in production, and in development the app
//! listens on loopback only (`config/unsafe_settings.rs`). `bin/new --without mailbox` leaves these
//! pages out.

#![allow(clippy::missing_errors_doc, reason = "the error of a handler becomes a page")]

pub mod mailbox;
pub mod stored_mail;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web;

use crate::state::AppState;
use crate::web::guard;

/// Middleware of the scope `/dev`: in production every path in it is a 404.
pub async fn only_in_development(
    app: web::Data<AppState>,
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    guard::only_if(app.config.environment.is_development(), req, next).await
}
