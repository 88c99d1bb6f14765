//! `Error`: why a request failed, with the status and the text of its page.
//!
//! Invalid input in a form is not an `Error`: the handler shows the same page again, with 422.
//! `error_page` renders an `Error` without session and database. The visitor never sees the cause
//! of a 5xx, only the request ID; `error_page::log_cause` logs the cause.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpResponse, ResponseError};

use super::rejection;
use crate::accounts::password::HashError;
use crate::database;
use crate::state::VerifyError;
use crate::throttle::Rejection;

/// `Retry-After` of `Busy`, in seconds.
const RETRY_AFTER: u64 = 5;

#[derive(Debug)]
pub enum Error {
    /// The page needs a login. Holds the path to return to afterwards.
    LogInFirst(String),
    /// The action needs a recent authentication. Holds the path to return to afterwards.
    SudoFirst(String),
    /// The action needs a recent proof of a second factor. Holds the path to return to afterwards.
    FactorFirst(String),
    /// A page of another origin sent the request (CSRF).
    CrossSite,
    /// The CSRF token is invalid, and the handler cannot show the form again.
    InvalidToken(InvalidToken),
    NotFound,
    /// The request is one that our pages never send.
    Malformed(StatusCode, &'static str),
    /// Too many attempts. If the form can be shown again, use `page::too_many` instead.
    TooMany(Rejection),
    /// The database is unavailable or not migrated, or the hashing queue is full.
    Busy,
    Internal(anyhow::Error),
}

/// Why the CSRF token of a form is invalid.
#[derive(Debug, Clone, Copy)]
pub enum InvalidToken {
    /// It belongs to another session or visitor cookie, or is missing or forged.
    OutOfDate,
    /// The browser did not send back the cookie that was set together with the form.
    NoCookies { https: bool },
}

impl InvalidToken {
    /// The message for the page.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::OutOfDate => {
                "This page was out of date, so nothing was done. Send the form again."
            }
            Self::NoCookies { https: true } => {
                "Your browser sent no cookie with this form, so nothing was done. Send it again. If \
                 that doesn't help, allow cookies for this site."
            }
            // Only in development: production requires https.
            Self::NoCookies { https: false } => {
                "Your browser sent no cookie with this form, so nothing was done. Send it again. If \
                 that doesn't help, allow cookies for this site. Safari keeps these cookies over \
                 https only, even on localhost: start the app with TLS_CERT=self-signed, or use \
                 another browser."
            }
        }
    }
}

/// `{:#}` and not `{:?}`: the `Debug` text of a database error contains values of the row.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Internal(cause) => write!(f, "{cause:#}"),
            other => f.write_str(&other.text().title),
        }
    }
}

/// Title and text of an error page, stored in the response's extensions for `error_page::complete`.
#[derive(Clone)]
pub struct ErrorText {
    pub title: String,
    pub text: String,
}

impl ErrorText {
    fn new(title: &str, text: &str) -> Self {
        Self { title: title.to_owned(), text: text.to_owned() }
    }

    /// For error responses that actix makes itself.
    pub(super) fn of(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => {
                Self::new("Page not found", "Check the web address, or start from the home page.")
            }
            StatusCode::METHOD_NOT_ALLOWED => {
                Self::new("That didn't work", "This page doesn't support that kind of request.")
            }
            status if status.is_server_error() => Self::new(
                "Something went wrong",
                "This is our fault, and it has been logged. Try again later.",
            ),
            _ => Self::new("That didn't work", "We couldn't understand the request."),
        }
    }
}

impl Error {
    /// A script of ours sent something that is not accepted; it shows this text. 422.
    pub const fn unacceptable(text: &'static str) -> Self {
        Self::Malformed(StatusCode::UNPROCESSABLE_ENTITY, text)
    }

    /// The user was deleted while the request ran.
    pub fn user_deleted() -> Self {
        Self::LogInFirst("/app".to_owned())
    }

    fn text(&self) -> ErrorText {
        match self {
            Self::Malformed(status, text) => ErrorText::new(malformed_title(*status), text),
            Self::TooMany(rejection) => {
                ErrorText::new("Too many attempts", &rejection::sentence(*rejection))
            }
            Self::CrossSite | Self::InvalidToken(InvalidToken::OutOfDate) => ErrorText::new(
                "This form is out of date",
                "It was opened before you logged in or out, or it came from another site. Nothing \
                 was changed. Open the form again and send it from there.",
            ),
            Self::InvalidToken(no_cookies) => {
                ErrorText::new("This site needs cookies", no_cookies.sentence())
            }
            Self::Busy => ErrorText::new(
                "Too busy right now",
                "We can't answer at the moment. Try again in a few seconds.",
            ),
            Self::LogInFirst(_) => {
                ErrorText::new("Log in first", "Your session has ended. Log in to continue.")
            }
            Self::SudoFirst(_) | Self::FactorFirst(_) => {
                ErrorText::new("Confirm it's you", "Reload this page and confirm it's you.")
            }
            Self::NotFound | Self::Internal(_) => ErrorText::of(self.status_code()),
        }
    }
}

fn malformed_title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::FORBIDDEN => "HTTPS required",
        StatusCode::MISDIRECTED_REQUEST => "Wrong site",
        StatusCode::PAYLOAD_TOO_LARGE => "Too large",
        StatusCode::REQUEST_TIMEOUT => "Took too long",
        _ => "That didn't work",
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::LogInFirst(_) | Self::SudoFirst(_) | Self::FactorFirst(_) => {
                StatusCode::SEE_OTHER
            }
            Self::CrossSite | Self::InvalidToken(_) => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Malformed(status, _) => *status,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let first = match self {
            Self::LogInFirst(back) => Some(("/login?", back)),
            Self::SudoFirst(back) => Some(("/sudo?", back)),
            Self::FactorFirst(back) => Some(("/sudo?factor=on&", back)),
            _ => None,
        };
        if let Some((page, back)) = first {
            let back: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
            let mut response = see_other(&format!("{page}next={back}"));
            response.extensions_mut().insert(self.text());
            response.extensions_mut().insert(AuthenticateFirst);
            return response;
        }
        let mut response = HttpResponse::new(self.status_code());
        response.extensions_mut().insert(self.text());
        let seconds = match self {
            Self::Busy => RETRY_AFTER,
            Self::TooMany(rejection) => rejection::seconds(*rejection),
            _ => return response,
        };
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        response
    }
}

/// In the extensions of a redirect to the login or to sudo mode.
pub(super) struct AuthenticateFirst;

/// A 303 redirect, which the browser follows with GET.
pub fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, path)).finish()
}

impl From<Rejection> for Error {
    fn from(rejection: Rejection) -> Self {
        Self::TooMany(rejection)
    }
}

impl From<InvalidToken> for Error {
    fn from(invalid: InvalidToken) -> Self {
        Self::InvalidToken(invalid)
    }
}

impl From<sqlx::Error> for Error {
    fn from(cause: sqlx::Error) -> Self {
        match &cause {
            cause if database::is_unavailable(cause) => Self::Busy,
            // The row refers to a user who was deleted while the request ran.
            sqlx::Error::Database(error) if error.is_foreign_key_violation() => {
                tracing::warn!(constraint = error.constraint(), "a row refers to a deleted one");
                Self::user_deleted()
            }
            _ => Self::Internal(cause.into()),
        }
    }
}

impl From<HashError> for Error {
    fn from(cause: HashError) -> Self {
        match cause {
            HashError::Busy => Self::Busy,
            other => Self::Internal(other.into()),
        }
    }
}

impl From<VerifyError> for Error {
    fn from(cause: VerifyError) -> Self {
        match cause {
            VerifyError::Database(cause) => cause.into(),
            VerifyError::Hash(cause) => cause.into(),
        }
    }
}

/// For `?` on errors that can only be faults of the app.
macro_rules! internal {
    ($($cause:ty),* $(,)?) => {
        $(impl From<$cause> for Error {
            fn from(cause: $cause) -> Self {
                Self::Internal(cause.into())
            }
        })*
    };
}

internal!(
    anyhow::Error,
    askama::Error,
    actix_identity::error::LoginError,
    actix_session::SessionGetError,
    actix_session::SessionInsertError,
    crate::email::EmailError,
);
