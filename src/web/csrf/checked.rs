//! The fields of a form, and whether its token is valid. With `Checked` a handler can show the form
//! again with what was typed; `Form` answers 403 by itself.
//!
//! A token can be invalid without an attack: in a tab that was open before the login in another
//! one, in one of two tabs that were opened at once, on a phone that restores a page without its
//! cookies.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::DeserializeOwned;

use super::super::form;
use crate::app::App;
use crate::error::Error;

/// The fields of a form, and whether they may be acted on.
///
/// # Errors
/// What `form::read` refuses.
pub enum Checked<T> {
    Valid(T),
    /// The token is not valid. Do nothing but show the form again: `page::out_of_date`.
    OutOfDate(T, Refused),
}

/// Why a form's token is not valid.
#[derive(Debug, Clone, Copy)]
pub enum Refused {
    /// It belongs to an older session or cookie, or to nobody.
    OutOfDate,
    /// The browser did not send back the cookie that came with the form.
    NoCookies { https: bool },
}

impl Refused {
    /// For the person who sent it.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::OutOfDate => {
                "This page was out of date, so nothing was done. Please send the form again."
            }
            Self::NoCookies { https: true } => {
                "Your browser sent no cookie with this form, so nothing was done. Please send it \
                 again. If that does not help, allow cookies for this site."
            }
            // Only a developer at localhost is without https.
            Self::NoCookies { https: false } => {
                "Your browser sent no cookie with this form, so nothing was done. Please send it \
                 again. If that does not help, allow cookies for this site. Safari keeps them on \
                 https only, also on localhost: start the app with TLS_CERT=self-signed, or use \
                 another browser."
            }
        }
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::OutOfDate => Self::Forbidden,
            Refused::NoCookies { https } => Self::NoCookies { https },
        }
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Checked<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let app = req.app_data::<web::Data<App>>().cloned();
        let (req, payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let app = app.ok_or_else(|| anyhow::anyhow!("no App in app_data"))?;
            let mut fields = form::read(&req, payload).await?;
            let token = form::take(&mut fields, "csrf")?;
            let refused = super::check(&app, &req, token.as_deref())?;
            let form = form::deserialize(fields)?;
            Ok(match refused {
                None => Self::Valid(form),
                Some(refused) => Self::OutOfDate(form, refused),
            })
        })
    }
}

/// The fields of a form whose token is valid.
///
/// # Errors
/// 403 without a valid token; what `form::read` refuses.
pub struct Form<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let checked = Checked::from_request(req, payload);
        Box::pin(async move {
            match checked.await? {
                Checked::Valid(form) => Ok(Form(form)),
                Checked::OutOfDate(_, refused) => Err(refused.into()),
            }
        })
    }
}
