//! The extractor for JSON that a script of our own pages sends.
//!
//! A cross-site form cannot send `application/json`, nor the header with the token. So each of them
//! stops a forged request alone, like the two defences of a form.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::DeserializeOwned;

use super::token::check;
use crate::state::AppState;
use crate::web::error::Error;
use crate::web::form;
use crate::web::headers;
use crate::web::request_context::RequestContext;

/// The maximum size of a JSON body.
const MAX_BYTES: usize = 64 * 1024;

/// A JSON body whose token, in the header `X-CSRF-Token`, is valid.
///
/// # Errors
/// 415 another type, or compressed · 413 larger than 64 KiB · 408 slower than 10 s · 403 without a
/// valid token · 400 not the expected JSON. Each is sent as problem details (RFC 9457).
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let app = req.app_data::<web::Data<AppState>>().cloned();
        let (req, payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let app = app.ok_or_else(|| anyhow::anyhow!("no AppState in app_data"))?;
            let context = RequestContext::of(&req)?;
            if !headers::is_json(&req) {
                let text = "This address takes JSON only.";
                return Err(Error::Malformed(StatusCode::UNSUPPORTED_MEDIA_TYPE, text));
            }
            let body = form::read_body(&req, payload, MAX_BYTES).await?;
            let token = req.headers().get("x-csrf-token").and_then(|token| token.to_str().ok());
            if let Some(invalid) = check(&app, &req, &context, token) {
                return Err(invalid.into());
            }
            let text = "We couldn't read this request.";
            let body = serde_json::from_slice(&body);
            body.map(Self).map_err(|_| Error::Malformed(StatusCode::BAD_REQUEST, text))
        })
    }
}
