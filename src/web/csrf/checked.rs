//! The form extractors. With `Checked` a handler can show the form again with the typed values when
//! the CSRF token is invalid; with `Form` the response is then a 403 page.
//!
//! A token can be invalid without an attack: in a tab that was open before a login in another tab,
//! in one of two tabs that were opened at once, or on a phone that restores a page without its
//! cookies.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::DeserializeOwned;

use super::token::check;
use crate::state::AppState;
use crate::web::error::{Error, InvalidToken};
use crate::web::form;
use crate::web::request_context::RequestContext;

/// The fields of a form, and whether its token is valid.
///
/// # Errors
/// Those of `form::read`, `form::take` and `form::deserialize`.
pub enum Checked<T> {
    Valid(T),
    /// The token is invalid. Only show the form again, with `page::out_of_date`.
    OutOfDate(T, InvalidToken),
}

impl<T: DeserializeOwned + 'static> FromRequest for Checked<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let app = req.app_data::<web::Data<AppState>>().cloned();
        let (req, payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let app = app.ok_or_else(|| anyhow::anyhow!("no AppState in app_data"))?;
            let context = RequestContext::of(&req)?;
            let mut fields = form::read(&req, payload).await?;
            let token = form::take(&mut fields, "csrf")?;
            let invalid = check(&app, &req, &context, token.as_deref());
            match (form::deserialize(fields), invalid) {
                (Ok(form), None) => Ok(Self::Valid(form)),
                (Ok(form), Some(invalid)) => Ok(Self::OutOfDate(form, invalid)),
                // A forged form may have any fields. It is rejected for its token.
                (Err(_), Some(invalid)) => Err(invalid.into()),
                (Err(malformed), None) => Err(malformed),
            }
        })
    }
}

/// The fields of a form that is only a button.
#[derive(serde::Deserialize)]
pub struct NoFields {}

/// The fields of a form whose token is valid.
///
/// # Errors
/// 403 without a valid token; otherwise those of `Checked`.
pub struct Form<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let checked = Checked::from_request(req, payload);
        Box::pin(async move {
            match checked.await? {
                Checked::Valid(form) => Ok(Form(form)),
                Checked::OutOfDate(_, invalid) => Err(invalid.into()),
            }
        })
    }
}
